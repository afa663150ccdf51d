//! Sums that become integers where they are computed, if they are rounded once, or else afterwards.

use super::super::products::Finish;
use super::super::requantization::{Once, Requantize};
use crate::chunks::Chunks;

/// Sums that are kept until they are requantized. An even number.
const SUMS: usize = 16;

/// What becomes of the sums of rows.
pub(super) enum To<'a> {
    /// They are kept.
    Sums(&'a mut [i32]),
    /// They are requantized.
    Integers(Finish<'a, Once>, &'a mut [i8]),
}

/// Writes the integers of rows that are multiplied by a function of the first row, the biases of some rows, and what becomes of
/// their sums. It returns how many of these rows it has computed. Returns how many there are in all.
#[inline(always)]
pub(super) fn finished<R: Requantize>(
    finish: Finish<'_, R>,
    y: &mut [i8],
    multiply: impl Fn(usize, &[i32], To<'_>) -> usize,
) -> usize {
    let Finish { bias, mantissa, shift, requantization } = finish;
    if let Some(&requantization) = requantization.once() {
        return multiply(0, bias, To::Integers(Finish { bias, mantissa, shift, requantization }, y));
    }
    let (mut sums, mut done) = ([0; SUMS], 0);
    let factors = bias.parts(SUMS).zip(mantissa.parts(SUMS)).zip(shift.parts(SUMS));
    for (y, ((bias, mantissa), shift)) in y.parts_mut(SUMS).zip(factors) {
        let rows = multiply(done, bias, To::Sums(&mut sums));
        for (((y, &sum), &mantissa), &shift) in y.iter_mut().zip(&sums).zip(mantissa).zip(shift).take(rows) {
            *y = requantization.requantize(sum, mantissa, shift);
        }
        done += rows;
        if rows < SUMS {
            break;
        }
    }
    done
}

/// What code for rows writes: their number, at most that of the biases; where to; the mantissas and shifts, or null for sums; and
/// the rounding.
#[cfg(fnn_dsp)]
pub(super) struct Raw {
    pub(super) count: usize,
    pub(super) to: *mut u8,
    pub(super) mantissa: *const i32,
    pub(super) shift: *const u8,
    pub(super) rounding: i32,
}

#[cfg(fnn_dsp)]
impl To<'_> {
    #[inline(always)]
    pub(super) fn raw(self, bias: &[i32]) -> Raw {
        let rows = bias.len();
        match self {
            To::Sums(sums) => {
                let (mantissa, shift) = (core::ptr::null(), core::ptr::null());
                Raw { count: rows.min(sums.len()), to: sums.as_mut_ptr().cast(), mantissa, shift, rounding: 0 }
            }
            To::Integers(Finish { mantissa, shift, requantization, .. }, y) => Raw {
                count: rows.min(y.len()).min(mantissa.len()).min(shift.len()),
                to: y.as_mut_ptr().cast(),
                mantissa: mantissa.as_ptr(),
                shift: shift.as_ptr(),
                rounding: requantization.rounding,
            },
        }
    }
}

#[cfg(not(fnn_dsp))]
impl To<'_> {
    /// Writes sums, as many as there are and as there is room for. Returns how many.
    pub(super) fn write(self, sums: impl Iterator<Item = i32>) -> usize {
        match self {
            To::Sums(to) => to.iter_mut().zip(sums).map(|(to, sum)| *to = sum).count(),
            To::Integers(Finish { mantissa, shift, requantization, .. }, y) => {
                let rows = y.iter_mut().zip(sums).zip(mantissa.iter().zip(shift));
                let write = |((y, sum), (&mantissa, &shift)): ((&mut i8, i32), (&i32, &u8))| {
                    *y = requantization.requantize(sum, mantissa, shift);
                };
                rows.map(write).count()
            }
        }
    }
}
