//! Convolutions of inputs as large as their window, as layers on a stream compute them: the inputs lie as the weights do.

use super::{Layer, Multiply};
use crate::chunks::Chunks;
use crate::kernels::Convolution;
use crate::quantized::products::Finish;
use crate::quantized::requantization::Requantize;

impl<R: Requantize> Layer<'_, R> {
    /// All outputs, if this is such a convolution.
    #[inline(always)]
    pub(super) fn one_place<M: Multiply>(&self, x: &[i8], y: &mut [i8], room: &mut [u32]) -> bool {
        let Convolution { plane, seen, filters } = *self.convolution;
        let whole = plane.rows.is_whole() && plane.columns.is_whole();
        if !whole || plane.outputs() != 1 || plane.inputs() != plane.taps() {
            return false;
        }
        let taps = seen * plane.taps();
        let Finish { bias, mantissa, shift, requantization } = self.finish;
        if bias.len() == filters {
            M::rows(x, self.weights, self.finish, y, room);
            return true;
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
        true
    }
}
