//! Filters of a single row, which see one channel.

use super::super::products::Finish;
use super::super::requantization::Requantize;
use super::{extend, multiply_add, pairs, word};
use crate::chunks::Chunks;

/// [`Multiply::row`](super::Multiply::row) for filters of at most `TAPS` weights, which are `GROUPS` groups of four.
#[inline(always)]
pub(super) fn row<const TAPS: usize, const GROUPS: usize>(
    x: &[i8],
    stride: usize,
    filter: &[i8],
    bias: i32,
    sums: &mut [i32],
) {
    let mut weights = [(0, 0); GROUPS];
    for (weights, four) in weights.iter_mut().zip(filter.parts(4)) {
        *weights = extend(word(four));
    }
    let Some(last) = sums.len().checked_sub(1) else { return };
    if x.len() < last * stride + TAPS {
        return;
    }
    let mut x = x.as_ptr();
    for to in sums {
        // SAFETY: the window of the last sum is in the slice, and so are those before it.
        *to = unsafe { dot(x, &weights, bias) };
        x = x.wrapping_add(stride);
    }
}

/// `sum` and the products of inputs with groups of four weights.
///
/// # Safety
/// As many groups of inputs can be read there.
#[inline(always)]
unsafe fn dot<const GROUPS: usize>(x: *const i8, weights: &[(u32, u32); GROUPS], sum: i32) -> i32 {
    weights.iter().enumerate().fold(sum, |sum, (group, &(even, odd))| {
        // SAFETY: the caller's promise.
        let (x_even, x_odd) = pairs(unsafe { *x.add(4 * group).cast() });
        multiply_add(odd, x_odd, multiply_add(even, x_even, sum))
    })
}

/// [`Multiply::channels`](super::Multiply::channels) for rows of `taps` weights, which are `GROUPS` groups of four, as far as whole
/// groups can be read. Returns how many rows it computed.
#[inline(always)]
pub(super) fn channels<const GROUPS: usize, R: Requantize>(
    x: &[i8],
    weights: &[i8],
    taps: usize,
    finish: Finish<'_, R>,
    y: &mut [i8],
) -> usize {
    let Finish { bias, mantissa, shift, requantization } = finish;
    // What lies behind a row belongs to the next one: its weights count as zeros.
    let mask = u32::MAX >> (8 * (taps.wrapping_neg() % 4));
    let room = x.len().min(weights.len()).checked_sub(4 * GROUPS);
    let rows = room.and_then(|room| room.checked_div(taps)).map_or(0, |rows| rows + 1);
    let (mut x, mut weights, mut computed) = (x.as_ptr(), weights.as_ptr(), 0);
    for (y, ((&bias, &mantissa), &shift)) in y.iter_mut().zip(bias.iter().zip(mantissa).zip(shift)).take(rows) {
        let mut row = [(0, 0); GROUPS];
        for (group, row) in row.iter_mut().enumerate() {
            // SAFETY: from the start of each of these rows on, `GROUPS` groups are in the slice.
            let four = u32::from_le_bytes(unsafe { *weights.add(4 * group).cast() });
            *row = extend(if group + 1 == GROUPS { four & mask } else { four });
        }
        // SAFETY: as for the weights.
        *y = requantization.requantize(unsafe { dot(x, &row, bias) }, mantissa, shift);
        (x, weights) = (x.wrapping_add(taps), weights.wrapping_add(taps));
        computed += 1;
    }
    computed
}
