//! A file of weights against the network that it should be of.

use super::Wrong;
use super::header::{Entry, Reader, attempt, same, split};
use crate::weights::layout::{ArrayLocation, Layout};

/// The most arrays that a network in a file may have.
const MAX_ARRAYS: usize = 64 * BITS;
const BITS: usize = u64::BITS as usize;

/// Numbers of arrays.
struct Set([u64; MAX_ARRAYS / BITS]);

impl Set {
    const fn contains(&self, array: usize) -> bool {
        array < MAX_ARRAYS && self.0[array / BITS] >> (array % BITS) & 1 == 1
    }

    const fn insert(&mut self, array: usize) {
        if array < MAX_ARRAYS {
            self.0[array / BITS] |= 1 << (array % BITS);
        }
    }
}

/// A file that holds exactly the arrays of a layout: its entries, and its data.
///
/// Each array is there once, of this shape and type, and their data lies side by side, without gaps, in any order.
pub(super) const fn check<'a>(
    file: &'a [u8],
    layout: &Layout,
    dtype: &'static str,
    size: usize,
) -> Result<(Reader<'a>, &'a [u8]), Wrong<'a>> {
    assert!(layout.arrays() <= MAX_ARRAYS, "a network in a file has at most 4,096 arrays of weights");
    let (header, data) = attempt!(split(file));
    let mut reader = header;
    let mut seen = Set([0; MAX_ARRAYS / BITS]);
    let (mut end, mut in_order) = (0, true);
    while let Some(entry) = attempt!(reader.next()) {
        let Some(place) = layout.find(entry.name.as_bytes()) else {
            return Err(Wrong::Extra { name: entry.name });
        };
        if seen.contains(place.array) {
            return Err(Wrong::Twice { name: entry.name });
        }
        seen.insert(place.array);
        attempt!(check_entry(&entry, place, dtype, size));
        in_order = in_order && entry.begin == end;
        end = entry.end;
    }
    let mut array = 0;
    while array < layout.arrays() {
        if !seen.contains(array) {
            return Err(Wrong::Missing { array });
        }
        array += 1;
    }
    let length = layout.length() as u64 * size as u64;
    if data.len() as u64 != length {
        return Err(Wrong::Data { expected: length, found: data.len() as u64 });
    }
    if !in_order {
        attempt!(check_order(header, length));
    }
    Ok((header, data))
}

/// A tensor is of the type and the shape of an array, and has as much data.
const fn check_entry<'a>(
    entry: &Entry<'a>,
    place: ArrayLocation,
    dtype: &'static str,
    size: usize,
) -> Result<(), Wrong<'a>> {
    let name = entry.name;
    if !same(entry.dtype, dtype) {
        return Err(Wrong::Type { name, expected: dtype, found: entry.dtype });
    }
    if !entry.has_shape(&place.shape) {
        return Err(Wrong::Shape { name, expected: place.shape, found: entry.shape });
    }
    let length = place.shape.length() as u64 * size as u64;
    let fits = matches!(entry.end.checked_sub(entry.begin), Some(found) if found == length);
    if !fits {
        return Err(Wrong::Offsets { name, expected: length, found: (entry.begin, entry.end) });
    }
    Ok(())
}

/// The data of tensors that aren't listed in the order of their data lies side by side, up to `length`.
const fn check_order(header: Reader<'_>, length: u64) -> Result<(), Wrong<'_>> {
    let mut end = 0;
    while end < length {
        let mut reader = header;
        let next = loop {
            match attempt!(reader.next()) {
                Some(entry) if entry.begin == end && entry.end > end => break entry.end,
                Some(_) => {}
                None => return Err(Wrong::Gap { at: end }),
            }
        };
        end = next;
    }
    Ok(())
}
