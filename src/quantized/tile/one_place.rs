//! Convolutions of inputs as large as their window, as layers on a stream compute them: the inputs lie as the weights do.

use super::{Layer, Multiply};
use crate::chunks::Chunks;
use crate::kernels::Convolution;
use crate::quantized::products::{Finish, skip};
use crate::quantized::requantization::Requantize;

impl<R: Requantize> Layer<'_, R> {
    /// All outputs of [`Way::OnePlace`](super::Way::OnePlace).
    #[inline(always)]
    pub(super) fn one_place<M: Multiply>(&self, x: &[i8], y: &mut [i8], room: &mut [u32]) {
        let Convolution { plane, seen, filters } = *self.convolution;
        let taps = seen * plane.taps();
        let Finish { bias, mantissa, shift, requantization } = self.finish;
        if bias.len() == filters {
            return M::rows(x, self.weights, self.finish, y, room);
        }
        if filters == 1 {
            return M::channels(x, self.weights, taps, self.finish, y);
        }
        let factors = bias.iter().zip(mantissa).zip(shift);
        let (mut x, mut computed) = (x, 0);
        for ((y, ((&bias, &mantissa), &shift)), weights) in y.iter_mut().zip(factors).zip(self.weights.blocks(taps)) {
            if computed == filters {
                // The next group.
                (x, computed) = (x.get(taps..).unwrap_or_default(), 0);
            }
            computed += 1;
            *y = requantization.requantize(M::dot(x, weights, bias), mantissa, shift);
        }
    }
}

/// [`Multiply::channels`], one after the other, from one on.
#[inline(always)]
pub(in crate::quantized) fn channels<M: Multiply, R: Requantize>(
    x: &[i8],
    weights: &[i8],
    taps: usize,
    finish: Finish<'_, R>,
    y: &mut [i8],
    first: usize,
) {
    let Finish { bias, mantissa, shift, requantization } = finish.skip(first);
    let (x, weights) = (skip(x, first * taps), skip(weights, first * taps));
    let factors = bias.iter().zip(mantissa).zip(shift);
    let rows = x.blocks(taps).zip(weights.blocks(taps));
    let y = y.get_mut(first..).unwrap_or_default();
    for ((y, ((&bias, &mantissa), &shift)), (x, weights)) in y.iter_mut().zip(factors).zip(rows) {
        *y = requantization.requantize(M::dot(x, weights, bias), mantissa, shift);
    }
}
