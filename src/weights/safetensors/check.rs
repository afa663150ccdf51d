//! A file of weights compared with the network that loads it.

use super::error::{Reason, Wrong};
use super::header::{Entry, PYTORCH, Reader, WEIGHTS, attempt, same};
use super::number::Number;
use super::options::LoadOptions;
use crate::weights::layout::{ArrayLocation, InFile, Layout};

/// The number of arrays that one pass over the header looks for.
const PASS: usize = 64 * BITS;
const BITS: usize = u64::BITS as usize;
/// The size of a count in bytes.
const COUNT: u64 = 8;

/// Numbers below [`PASS`].
struct Set([u64; PASS / BITS]);

impl Set {
    const EMPTY: Self = Self([0; PASS / BITS]);

    const fn contains(&self, number: usize) -> bool {
        self.0[number / BITS] >> (number % BITS) & 1 == 1
    }

    const fn insert(&mut self, number: usize) {
        self.0[number / BITS] |= 1 << (number % BITS);
    }
}

/// A file's header, and the weights that it should describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Comparison<'a> {
    header: &'a str,
    layout: &'static Layout,
    number: Number,
    options: LoadOptions<'a>,
}

impl<'a> Comparison<'a> {
    pub(super) const fn new(
        header: &'a str,
        layout: &'static Layout,
        number: Number,
        options: LoadOptions<'a>,
    ) -> Self {
        Self { header, layout, number, options }
    }

    /// Check that the header describes exactly the network's arrays, each once, with its shape and type. Returns their
    /// total size in bytes.
    pub(super) const fn check(&self) -> Result<u64, Reason<'a>> {
        if let Err(wrong) = self.check_header() {
            return Err(Reason::File(wrong));
        }
        if self.mismatches().next().is_some() {
            return Err(Reason::Tensors(*self));
        }
        let (mut reader, mut length) = (Reader::new(self.header), 0);
        while let Ok(Some(entry)) = reader.next() {
            length += entry.end - entry.begin;
        }
        Ok(length)
    }

    const fn check_header(&self) -> Result<(), Wrong<'a>> {
        let end = attempt!(Reader::end_of(self.header));
        if let Some(found) = end.content
            && !same(found, WEIGHTS)
        {
            return Err(Wrong::Content { expected: WEIGHTS, found });
        }
        if let Some(found) = end.convention
            && !same(found, PYTORCH)
        {
            return Err(Wrong::Convention { found });
        }
        if self.options.by_order { self.options.check_order(self.header, self.layout) } else { Ok(()) }
    }

    /// Check that the data described by the header is complete and contiguous, in any order.
    pub(super) const fn check_data(&self, expected: u64, found: u64) -> Result<(), Wrong<'a>> {
        if expected != found {
            return Err(Wrong::Data { expected, found });
        }
        let (mut reader, mut end, mut in_order) = (Reader::new(self.header), 0, true);
        while let Ok(Some(entry)) = reader.next() {
            // An empty tensor may be anywhere within the data.
            if entry.end > expected {
                return Err(Wrong::Outside { name: entry.name, length: expected, end: entry.end });
            }
            in_order = in_order && entry.begin == end;
            end = entry.end;
        }
        end = if in_order { expected } else { 0 };
        while end < expected {
            let mut reader = Reader::new(self.header);
            end = loop {
                match reader.next() {
                    Ok(Some(entry)) if entry.begin == end && entry.end > end => break entry.end,
                    Ok(Some(_)) => {}
                    _ => return Err(Wrong::Gap { at: end }),
                }
            };
        }
        Ok(())
    }

    /// Check that no weight is NaN or infinite, unless that is accepted, and that no count is negative.
    pub(super) const fn check_values(&self, data: &'a [u8]) -> Result<(), Wrong<'a>> {
        let mut tensors = self.tensors(data);
        while let Some(Tensor { entry, location, values }) = tensors.next() {
            let Some(from) = Number::named(entry.dtype) else {
                let count = count(values);
                if count < 0 {
                    return Err(Wrong::Count { name: entry.name, found: count });
                }
                continue;
            };
            if !self.options.accept_non_finite
                && let Some((index, found)) = from.first_non_finite(values, self.number)
            {
                let (name, shape) = (entry.name, location.shape_in_file());
                return Err(Wrong::Value { name, shape, index, found, number: self.number });
            }
        }
        Ok(())
    }

    /// The tensors with their bytes.
    pub(super) const fn tensors(&self, data: &'a [u8]) -> Tensors<'a> {
        Tensors { comparison: *self, entries: Reader::new(self.header), data }
    }

    pub(super) const fn mismatches(&self) -> Mismatches<'a> {
        Mismatches { comparison: *self, entries: Reader::new(self.header), seen: Set::EMPTY, first: 0, next: 0 }
    }

    const fn locate(&self, name: &str) -> Option<ArrayLocation> {
        self.options.locate(name, self.header, self.layout)
    }

    /// Check that a tensor has the type, the shape and the data size of an array.
    const fn check_entry(&self, entry: &Entry<'a>, location: &ArrayLocation) -> Result<(), Wrong<'a>> {
        let name = entry.name;
        let size = match (location.stored, Number::named(entry.dtype)) {
            (InFile::Count, _) if same(entry.dtype, "I64") => COUNT,
            (InFile::Count, _) => {
                return Err(Wrong::Type { name, expected: "I64", found: entry.dtype, convertible: false });
            }
            (_, Some(found)) if found.is(self.number) || self.options.convert => found.size() as u64,
            (_, found) => {
                let (expected, convertible) = (self.number.name(), found.is_some());
                return Err(Wrong::Type { name, expected, found: entry.dtype, convertible });
            }
        };
        let expected = location.shape_in_file();
        if !entry.has_shape(&expected) {
            let transposed = expected.rank() == 2 && entry.has_shape(&expected.transposed());
            return Err(Wrong::Shape { name, expected, found: entry.shape, transposed });
        }
        let length = expected.length() as u64 * size;
        if !matches!(entry.end.checked_sub(entry.begin), Some(found) if found == length) {
            return Err(Wrong::Offsets { name, expected: length, found: (entry.begin, entry.end) });
        }
        Ok(())
    }
}

/// The count in these bytes.
pub(super) const fn count(values: &[u8]) -> i64 {
    match values.first_chunk() {
        Some(bytes) => i64::from_le_bytes(*bytes),
        None => 0,
    }
}

/// A tensor of a checked file: its header entry, its array, its bytes.
pub(super) struct Tensor<'a> {
    pub(super) entry: Entry<'a>,
    pub(super) location: ArrayLocation,
    pub(super) values: &'a [u8],
}

/// Iterates over the tensors of a checked file.
pub(super) struct Tensors<'a> {
    comparison: Comparison<'a>,
    entries: Reader<'a>,
    data: &'a [u8],
}

impl<'a> Tensors<'a> {
    pub(super) const fn next(&mut self) -> Option<Tensor<'a>> {
        let Ok(Some(entry)) = self.entries.next() else { return None };
        let Some(location) = self.comparison.locate(entry.name) else { return None };
        let Some((data, _)) = self.data.split_at_checked(entry.end as usize) else { return None };
        let Some((_, values)) = data.split_at_checked(entry.begin as usize) else { return None };
        Some(Tensor { entry, location, values })
    }
}

/// All differences between a header and a network, one after the other, without a heap: arrays are looked for in
/// passes of [`PASS`].
pub(super) struct Mismatches<'a> {
    comparison: Comparison<'a>,
    /// The entries that this pass has yet to read.
    entries: Reader<'a>,
    /// Which arrays this pass has found, counted from `first`.
    seen: Set,
    first: usize,
    /// The next array to report as missing if it was not found, after all entries have been read.
    next: usize,
}

impl<'a> Mismatches<'a> {
    pub(super) const fn next(&mut self) -> Option<Wrong<'a>> {
        loop {
            while let Ok(Some(entry)) = self.entries.next() {
                if let Err(wrong) = self.entry(&entry) {
                    return Some(wrong);
                }
            }
            let layout = self.comparison.layout;
            let arrays = layout.arrays();
            while self.next < arrays && self.next - self.first < PASS {
                let array = self.next;
                self.next += 1;
                if !self.seen.contains(array - self.first)
                    && matches!(layout.locate(array), Some(location) if location.is_required())
                {
                    return Some(Wrong::Missing { layout, array });
                }
            }
            if self.next == arrays {
                return None;
            }
            self.first = self.next;
            self.seen = Set::EMPTY;
            self.entries = Reader::new(self.comparison.header);
        }
    }

    const fn entry(&mut self, entry: &Entry<'a>) -> Result<(), Wrong<'a>> {
        let name = entry.name;
        let Some(location) = self.comparison.locate(name) else {
            // Only once, and not in each pass.
            return if self.first == 0 { Err(Wrong::Unexpected { name, shape: entry.shape }) } else { Ok(()) };
        };
        if location.array < self.first || location.array - self.first >= PASS {
            return Ok(());
        }
        let array = location.array - self.first;
        if self.seen.contains(array) {
            return Err(Wrong::Twice { name });
        }
        self.seen.insert(array);
        self.comparison.check_entry(entry, &location)
    }
}
