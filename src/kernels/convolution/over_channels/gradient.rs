//! The gradient of a depthwise convolution's weights, over vectors of channels.

use super::lay::Laid;
use super::{Channels, Tiles};
use crate::chunks::Chunks;
use crate::kernels::assert_in_tests;
use crate::kernels::convolution::blocks::DEPTH;
use crate::kernels::convolution::{Rooms, Scratch};
use crate::kernels::elementwise::add_few;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{Operation, Simd, Vector, lanes, splat};
use crate::real::Real;
use crate::scalar::Scalar;

/// `dw += g ∗ x`, over all samples of a batch.
pub(in crate::kernels::convolution) struct WeightGradient<'a, 'b, S> {
    pub(in crate::kernels::convolution) channels: Channels,
    pub(in crate::kernels::convolution) x: &'a [S],
    pub(in crate::kernels::convolution) g: &'a [S],
    pub(in crate::kernels::convolution) dw: &'a mut [S],
    pub(in crate::kernels::convolution) scratch: &'a mut Scratch<'b, S>,
}

impl<S: Scalar> Operation for WeightGradient<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { channels, x, g, dw, scratch } = self;
        let Channels { images, outputs, .. } = channels;
        let (lanes, depth) = (lanes::<V, S>(), images.taps());
        let Some(split) = channels.split(scratch) else { return };
        let Rooms { inputs: room, sums: gradients, weights } = scratch.rooms();
        let (samples, positions) = (x.len() / images.sample.max(1), images.sums());
        let of_outputs = channels.count() * outputs * positions;
        let mut offsets = [0; DEPTH];
        for (first, count) in Channels::vectors(channels.count(), lanes) {
            for output in 0..outputs {
                let (totals, sums) = weights.split_at_mut(weights.len() / 2);
                let (Some(totals), Some(sums)) = (totals.get_mut(..depth * lanes), sums.get_mut(..depth * lanes))
                else {
                    return;
                };
                totals.fill(S::ZERO);
                for block in images.blocks(samples, split) {
                    channels.offsets(lanes, &mut offsets);
                    let offsets = offsets.get(..depth).unwrap_or_default();
                    let at = block.samples.start * images.sample + first * images.plane();
                    let from = x.get(at..).unwrap_or_default();
                    let to = Laid { numbers: &mut *room, pitch: lanes };
                    channels.lay(simd, (from, images.plane(), count), &block, to);
                    let at = block.samples.start * of_outputs
                        + (first * outputs + output) * positions
                        + block.rows.start * images.columns.count;
                    let g = g.get(at..).unwrap_or_default();
                    let run = block.rows.len() * images.columns.count;
                    transpose(simd, (g, outputs * positions), (count, run), (&mut *gradients, lanes));
                    sums.fill(S::ZERO);
                    let tiles = Tiles::of::<V>(&images, &block, (&*room, offsets));
                    tiles.add_gradient(simd, &*gradients, sums);
                    add_few(simd, sums, totals);
                }
                for (tap, totals) in totals.blocks(lanes).enumerate() {
                    for (channel, &total) in totals.iter().enumerate().take(count) {
                        if let Some(dw) = dw.get_mut(((first + channel) * outputs + output) * depth + tap) {
                            *dw += total;
                        }
                    }
                }
            }
        }
    }
}

impl<S: Scalar> Tiles<'_, S> {
    /// `dw[t] += Σₚ g[p] · x[p's tap t]`.
    #[inline(always)]
    fn add_gradient<V: Simd>(&self, simd: V, g: &[S], dw: &mut [S]) {
        let (lanes, (rows, columns)) = (lanes::<V, S>(), self.sums);
        let fits = self.fits(lanes) && rows * columns * lanes <= g.len() && self.offsets.len() * lanes <= dw.len();
        assert_in_tests!(fits, "channels don't fit");
        if !fits {
            return;
        }
        let mut tap = 0;
        while tap < self.offsets.len() {
            // SAFETY: all sums can be read, and there is a number for each tap.
            unsafe {
                let dw = dw.as_mut_ptr().add(tap * lanes);
                tap += match self.offsets.len() - tap {
                    9.. if S::Vector::<V>::REGISTERS >= 32 => self.add_taps::<V, 9>(simd, g, tap, dw),
                    4.. => self.add_taps::<V, 4>(simd, g, tap, dw),
                    _ => self.add_taps::<V, 1>(simd, g, tap, dw),
                };
            }
        }
    }

    /// The sums of `N` taps from `first` on. Returns N.
    ///
    /// # Safety
    /// There are as many taps, all positions can be read, and `dw` has a number for each tap and lane.
    #[inline(always)]
    unsafe fn add_taps<V: Simd, const N: usize>(&self, simd: V, g: &[S], first: usize, dw: *mut S) -> usize {
        let (lanes, (rows, columns)) = (lanes::<V, S>(), self.sums);
        let mut sums = [splat(simd, S::ZERO); N];
        // SAFETY: the caller's promise.
        unsafe {
            let mut offsets = [0; N];
            for (index, (offset, sum)) in offsets.iter_mut().zip(&mut sums).enumerate() {
                *offset = *self.offsets.get_unchecked(first + index) as usize;
                *sum = S::Vector::<V>::load(simd, dw.add(index * lanes));
            }
            let mut g = g.as_ptr();
            for row in 0..rows {
                let mut x = self.x.as_ptr().add(row * self.steps.0);
                for _ in 0..columns {
                    let gradient = S::Vector::<V>::load(simd, g);
                    for (sum, &offset) in sums.iter_mut().zip(&offsets) {
                        *sum = S::Vector::<V>::load(simd, x.add(offset)).mul_add(gradient, *sum);
                    }
                    (x, g) = (x.wrapping_add(self.steps.1), g.add(lanes));
                }
            }
            for (index, sum) in sums.into_iter().enumerate() {
                sum.store(dw.add(index * lanes));
            }
        }
        N
    }
}
