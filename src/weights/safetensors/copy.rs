//! Copies a file's tensors to a network's memory.

use super::check::{Comparison, Tensor, count};
use super::number::Number;
use crate::shape::Shape;
use crate::weights::layout::{InFile, Layout};

/// The block size of the transposition: both sides of a block fit the cache.
const BLOCK: usize = 16;

/// Copy the tensors of a checked file to `weights`, the memory of a network with numbers of type `to`. Returns the
/// largest rounding error.
pub(super) const fn copy(
    comparison: &Comparison<'_>,
    data: &[u8],
    weights: &mut [u8],
    layout: &Layout,
    to: Number,
) -> f64 {
    clear_counts(weights, layout, to);
    let mut largest = 0.0;
    let mut tensors = comparison.tensors(data);
    while let Some(Tensor { entry, location, values }) = tensors.next() {
        let Some(place) = place(weights, location.start * to.size(), location.shape.length() * to.size()) else {
            continue;
        };
        let Some(from) = Number::named(entry.dtype) else {
            write(place, 0, count(values) as f64, to);
            continue;
        };
        let transposed = matches!(location.stored, InFile::Transposed);
        if !from.is(to) || cfg!(target_endian = "big") {
            let rounding = convert(values, from, place, to, if transposed { Some(&location.shape) } else { None });
            largest = if rounding > largest { rounding } else { largest };
        } else if !transposed {
            copy_bytes(values, place);
        } else if to.is(Number::F32) {
            transpose::<4>(values, place, &location.shape);
        } else {
            transpose::<8>(values, place, &location.shape);
        }
    }
    largest
}

/// Set counts that are missing from the file to 0.
const fn clear_counts(weights: &mut [u8], layout: &Layout, to: Number) {
    let mut array = 0;
    while let Some(location) = layout.locate(array) {
        if matches!(location.stored, InFile::Count)
            && let Some(place) = place(weights, location.start * to.size(), to.size())
        {
            write(place, 0, 0.0, to);
        }
        array += 1;
    }
}

/// `length` bytes from `start`.
const fn place(weights: &mut [u8], start: usize, length: usize) -> Option<&mut [u8]> {
    let Some((_, rest)) = weights.split_at_mut_checked(start) else { return None };
    match rest.split_at_mut_checked(length) {
        Some((place, _)) => Some(place),
        None => None,
    }
}

/// Transpose `[out, in]` from the file to `[in][out]` in memory, with shape `shape`.
///
/// The loops contain no calls: the compiler interprets two million steps before its lint fires.
const fn transpose<const N: usize>(values: &[u8], place: &mut [u8], shape: &Shape) {
    let (from, _) = values.as_chunks::<N>();
    let (to, _) = place.as_chunks_mut::<N>();
    let (rows, columns) = (shape.size(0), shape.size(1));
    if from.len() != rows * columns || to.len() != rows * columns {
        return;
    }
    let mut first_row = 0;
    while first_row < rows {
        let end_row = smaller(first_row + BLOCK, rows);
        let mut first_column = 0;
        while first_column < columns {
            let end_column = smaller(first_column + BLOCK, columns);
            let mut row = first_row;
            while row < end_row {
                let (mut target, mut source) = (row * columns + first_column, first_column * rows + row);
                let end = row * columns + end_column;
                while target < end {
                    if target < to.len() && source < from.len() {
                        to[target] = from[source];
                    }
                    target += 1;
                    source += rows;
                }
                row += 1;
            }
            first_column = end_column;
        }
        first_row = end_row;
    }
}

const fn smaller(one: usize, other: usize) -> usize {
    if one < other { one } else { other }
}

/// Convert numbers of another type, transposed if the array is stored so. Returns the largest rounding error.
const fn convert(values: &[u8], from: Number, place: &mut [u8], to: Number, transposed: Option<&Shape>) -> f64 {
    let (Some(length), Some(found)) = (place.len().checked_div(to.size()), values.len().checked_div(from.size()))
    else {
        return 0.0;
    };
    let (mut largest, mut index) = (0.0, 0);
    if found != length {
        return 0.0;
    }
    while index < length {
        let source = match transposed {
            Some(shape) => match (index.checked_rem(shape.size(1)), index.checked_div(shape.size(1))) {
                (Some(column), Some(row)) => column * shape.size(0) + row,
                _ => return 0.0,
            },
            None => index,
        };
        let value = from.value(values, source);
        let rounding = (value - to.rounded(value)).abs();
        // Numbers that are not finite do not count.
        if rounding > largest && rounding < f64::INFINITY {
            largest = rounding;
        }
        write(place, index, value, to);
        index += 1;
    }
    largest
}

/// Write the number with index `index` in a network's memory.
const fn write(place: &mut [u8], index: usize, value: f64, to: Number) {
    match to {
        Number::F64 => write_bytes(place, index, value.to_ne_bytes()),
        _ => write_bytes(place, index, (value as f32).to_ne_bytes()),
    }
}

const fn write_bytes<const N: usize>(place: &mut [u8], index: usize, bytes: [u8; N]) {
    let (numbers, _) = place.as_chunks_mut::<N>();
    if index < numbers.len() {
        numbers[index] = bytes;
    }
}

/// `to.copy_from_slice(from)`, which doesn't panic where the lengths differ, but copies nothing.
pub(super) const fn copy_bytes(from: &[u8], to: &mut [u8]) {
    if from.len() == to.len() {
        // SAFETY: both are slices of this length, and an exclusive borrow overlaps no other.
        unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), to.as_mut_ptr(), from.len()) }
    }
}
