//! Sums over the numbers of each channel of a batch, over vectors.
//!
//! Each sum is [`LANES`] chains, of which term k of a sample's channel is added to number k mod [`LANES`], sample by sample; the
//! chains are added in the end, as in [`LaneSums`](crate::kernels::lane_sums::LaneSums). If a channel is one number, it is one chain.

use super::block::{Block, numbers, vectors};
use super::{CHANNELS, Each};
use crate::kernels::assert_in_tests;
use crate::kernels::elementwise::{load_each, pointers};
use crate::kernels::lane_sums::LANES;
use crate::kernels::request;
use crate::kernels::transpose::sum_each;
use crate::kernels::vector::{Simd, lanes, read, splat, write};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::quotient;

/// The vectors of sums that are added to in turn, since each addition takes some cycles: those of several channels.
const VECTORS: usize = 4;

/// The most channels at a time.
const fn most<V: Simd, S: Scalar>() -> usize {
    VECTORS * lanes::<V, S>() / LANES
}

impl Block {
    /// `Σ f(constants, numbers)` for each channel, over the numbers of `from` at each place of a batch. If the first number is the
    /// first constant, and the others are 0, f must be 0.
    #[inline(always)]
    pub(super) fn sums<V: Simd, S: Scalar, const M: usize, const N: usize, const K: usize>(
        &self,
        simd: V,
        constants: &[Each<S>; M],
        from: [&[S]; N],
        f: impl Fn([S::Vector<V>; M], [S::Vector<V>; N]) -> [S::Vector<V>; K],
    ) -> [Each<S>; K] {
        let (lanes, zero, length) = (lanes::<V, S>(), splat(simd, S::ZERO), self.sizes.length);
        let samples = from.iter().fold(usize::MAX, |least, from| least.min(quotient(from.len(), length)));
        let mut totals = [[S::ZERO; CHANNELS]; K];
        if self.sizes.space == 1 {
            for lane in (0..self.count).step_by(lanes) {
                let (place, width) = (self.first + lane, lanes.min(self.count - lane));
                let (constants, mut sums) = (vectors(simd, constants, lane..self.count), [zero; K]);
                for sample in 0..samples {
                    add(&mut sums, f(constants, numbers(simd, from, sample * length + place, width)));
                }
                for (total, sum) in totals.iter_mut().zip(sums) {
                    write(simd, sum, total.get_mut(lane..).unwrap_or_default());
                }
            }
            return totals;
        }
        let fits = self.count <= CHANNELS && (self.first + self.count).saturating_mul(self.sizes.space) <= length;
        assert_in_tests!(fits, "channels don't fit");
        if !fits {
            return totals;
        }
        let (mut all, mut channel) = ([[zero; K]; CHANNELS], 0);
        while channel < self.count {
            let left = self.count - channel;
            let (to, what) = (all.get_mut(channel..).unwrap_or_default(), (channel, samples));
            // SAFETY: as many samples are in all slices, and these channels in each sample.
            channel += unsafe {
                match left.min(most::<V, S>()) {
                    // Asked in a constant, so that vectors of which a channel fills more don't compile it.
                    4.. if const { most::<V, S>() >= 4 } => {
                        self.chains::<V, S, M, N, K, 4>(simd, what, constants, from, &f, to)
                    }
                    2.. => self.chains::<V, S, M, N, K, 2>(simd, what, constants, from, &f, to),
                    _ => self.chains::<V, S, M, N, K, 1>(simd, what, constants, from, &f, to),
                }
            };
        }
        for (index, total) in totals.iter_mut().enumerate() {
            for (sums, total) in all.chunks(lanes).zip(total.chunks_mut(lanes)) {
                let mut vectors = [zero; CHANNELS];
                vectors.iter_mut().zip(sums).for_each(|(vector, sums)| *vector = sums[index]);
                write(simd, sum_each::<V, S>(vectors), total);
            }
        }
        totals
    }

    /// The sums of `C` channels, in the lanes of a vector of each. Returns C.
    ///
    /// # Safety
    /// There are these channels, and all slices have as many samples.
    #[inline(always)]
    unsafe fn chains<V: Simd, S: Scalar, const M: usize, const N: usize, const K: usize, const C: usize>(
        &self,
        simd: V,
        (channel, samples): (usize, usize),
        constants: &[Each<S>; M],
        from: [&[S]; N],
        f: &impl Fn([S::Vector<V>; M], [S::Vector<V>; N]) -> [S::Vector<V>; K],
        to: &mut [[S::Vector<V>; K]],
    ) -> usize {
        let (lanes, zero, space) = (lanes::<V, S>(), splat(simd, S::ZERO), self.sizes.space);
        let (vectors, whole) = (LANES / lanes, space - space % LANES);
        let mut of_channels = [[zero; M]; C];
        for (index, of_channel) in of_channels.iter_mut().enumerate() {
            for (constant, each) in of_channel.iter_mut().zip(constants) {
                *constant = splat(simd, each.get(channel + index).copied().unwrap_or_default());
            }
        }
        let mut sums = [[[zero; K]; LANES]; C];
        let is_large = self.is_far_apart(from.first().copied().unwrap_or_default());
        for sample in 0..samples {
            let start = sample * self.sizes.length + (self.first + channel) * space;
            let from = pointers(&from, start);
            for at in (0..whole).step_by(LANES) {
                for (index, (sums, &constants)) in sums.iter_mut().zip(&of_channels).enumerate() {
                    for (vector, sums) in sums.iter_mut().enumerate().take(vectors) {
                        let place = index * space + at + vector * lanes;
                        if is_large && request::begins_line::<S>(vector * lanes) {
                            for from in from {
                                request::for_reading(from.wrapping_add(self.sizes.length + place));
                            }
                        }
                        // SAFETY: the caller's promise: the vector is one of the channel's.
                        let numbers = unsafe { load_each::<V, S, N>(simd, &from, place, lanes) };
                        add(sums, f(constants, numbers));
                    }
                }
            }
            if whole == space {
                continue;
            }
            for (index, (sums, &constants)) in sums.iter_mut().zip(&of_channels).enumerate() {
                for (vector, sums) in sums.iter_mut().enumerate().take(vectors) {
                    let place = whole + vector * lanes;
                    let Some(count) = space.checked_sub(place).filter(|&count| count > 0) else { break };
                    // SAFETY: the caller's promise: as many numbers are there.
                    let mut numbers = unsafe { load_each::<V, S, N>(simd, &from, index * space + place, count) };
                    if let (Some(number), Some(&centre)) = (numbers.first_mut(), constants.first()) {
                        *number = or_else::<V, S>(simd, *number, count, centre);
                    }
                    add(sums, f(constants, numbers));
                }
            }
        }
        for (sums, to) in sums.iter_mut().zip(to) {
            let mut half = vectors / 2;
            while half > 0 {
                let (lower, upper) = sums.split_at_mut(half);
                lower.iter_mut().zip(upper).for_each(|(lower, upper)| add(lower, *upper));
                half /= 2;
            }
            *to = sums[0];
        }
        C
    }
}

/// The first `count` lanes of a vector, and `fill` behind them.
#[inline(always)]
fn or_else<V: Simd, S: Scalar>(simd: V, vector: S::Vector<V>, count: usize, fill: S::Vector<V>) -> S::Vector<V> {
    let missing = read(simd, &S::COUNT) - splat(simd, S::from_f64(count as f64 - 0.5));
    missing.if_positive(fill, vector)
}

/// Adds a term to each sum.
#[inline(always)]
fn add<T: Copy + core::ops::Add<Output = T>, const K: usize>(sums: &mut [T; K], terms: [T; K]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum = *sum + term;
    }
}
