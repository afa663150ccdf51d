//! A convolution in either direction, as sums over channels and taps, which three forms compute; and the gradient of its weights.

use super::Scratch;
use super::blocks::Images;
use super::filters::Laid;
use crate::chunks::Chunks;
use crate::kernels::product::Start;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::Simd;
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::quotient;

/// `y = bias + w ∗ x`, for all samples of a batch and all groups; an empty bias counts as none. Backward, channels take the
/// place of filters, and gradients that of inputs.
pub(super) struct Correlation<'a, 'b, S> {
    pub(super) images: Images,
    /// Sums at each position, in a group.
    pub(super) filters: usize,
    pub(super) weights: Weights<'a, S>,
    pub(super) bias: &'a [S],
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
    /// Of y.
    pub(super) strides: Strides,
    /// Whether the larger of 0 and a sum is stored.
    pub(super) is_rectified: bool,
    /// Whether sums overwrite y or are added to it, which is possible if those of a block are stored by themselves first.
    pub(super) start: Start,
    pub(super) scratch: &'a mut Scratch<'b, S>,
}

/// How far samples of a batch lie apart, channels, rows of a channel, and neighbours in a row.
#[derive(Clone, Copy)]
pub(super) struct Strides {
    pub(super) sample: usize,
    pub(super) channel: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Strides {
    /// Of outputs that lie channels first, of some numbers in a sample.
    pub(super) const fn first(sample: usize, plane: &Plane) -> Self {
        Self { sample, channel: plane.outputs(), row: plane.columns.output, column: 1 }
    }

    /// Of outputs that lie channels last.
    pub(super) const fn last(sample: usize, plane: &Plane) -> Self {
        let column = quotient(sample, plane.outputs());
        Self { sample, channel: 1, row: plane.columns.output * column, column }
    }
}

/// Weights, and how far those of neighbouring filters and channels lie apart.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a, S> {
    pub(super) all: &'a [S],
    pub(super) group: usize,
    pub(super) filter: usize,
    pub(super) channel: usize,
    /// Taps in a row of the window, and in all of it.
    pub(super) row: usize,
    pub(super) window: usize,
}

/// `dw += g ∗ x`, over all samples of a batch, for all groups, which three forms compute.
pub(super) struct WeightGradient<'a, 'b, S> {
    pub(super) images: Images,
    /// Filters in a group.
    pub(super) filters: usize,
    /// Taps in a row of the window, and in all of it.
    pub(super) window: (usize, usize),
    /// Outputs of a filter, and in a row of them.
    pub(super) outputs: (usize, usize),
    pub(super) x: &'a [S],
    pub(super) g: &'a [S],
    pub(super) dw: &'a mut [S],
    /// Of each filter, the gradient of its bias, which is added to, but not over channels; it may be empty.
    pub(super) bias: &'a mut [S],
    pub(super) scratch: &'a mut Scratch<'b, S>,
}

impl<S: Scalar> Weights<'_, S> {
    /// Lays the weights of some filters and channels of a group as the rows of a matrix, `[channel, tap][filter]`.
    #[inline(always)]
    pub(super) fn lay<V: Simd>(
        &self,
        simd: V,
        (images, laid): (&Images, &Laid),
        (group, filter, filters): (usize, usize, usize),
        (first, channels): (usize, usize),
        pitch: usize,
        to: &mut [S],
    ) {
        let (taps, start) = (self.window, group * self.group + filter * self.filter + first * self.channel);
        let from = self.all.get(start..).unwrap_or_default();
        if laid.is_gathered {
            let mut rows = to.blocks_mut(pitch);
            for channel in 0..channels {
                for (tap, to) in laid.gathered(images).zip(&mut rows) {
                    let from = from.get(channel * self.channel + tap..).unwrap_or_default();
                    if filters.saturating_sub(1).saturating_mul(self.filter) >= from.len() {
                        return;
                    }
                    for (filter, to) in to.iter_mut().enumerate().take(filters) {
                        // SAFETY: the last filter's number is in the slice, as was checked, and the others lie before it.
                        *to = unsafe { *from.get_unchecked(filter * self.filter) };
                    }
                }
            }
            return;
        }
        if self.channel == taps {
            // The taps of neighbouring channels lie one after the other.
            return transpose(simd, (from, self.filter), (filters, channels * taps), (to, pitch));
        }
        for (channel, to) in to.blocks_mut(taps * pitch).enumerate().take(channels) {
            let from = from.get(channel * self.channel..).unwrap_or_default();
            transpose(simd, (from, self.filter), (filters, taps), (to, pitch));
        }
    }
}
