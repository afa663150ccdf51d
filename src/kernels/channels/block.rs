//! Some channels of the whole batch at a time, over vectors.

use super::{Activate, CHANNELS, Each, Scales, Sizes, inverse_deviations, product};
use crate::chunks::Chunks;
use crate::kernels::elementwise::map;
use crate::kernels::lane_sums::LANES;
use crate::kernels::transpose::sum_each;
use crate::kernels::vector::{Simd, lanes, read, read_or, splat, write};
use crate::scalar::Scalar;
use crate::shape::{first, first_mut};

/// Some channels of a batch.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) sizes: Sizes,
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Block {
    /// The channels' numbers of `all`.
    #[inline(always)]
    pub(super) fn of<S: Scalar>(&self, all: &[S]) -> Each<S> {
        let mut each = [S::ZERO; CHANNELS];
        let all = all.get(self.first..self.first + self.count).unwrap_or_default();
        each.iter_mut().zip(all).for_each(|(to, &from)| *to = from);
        each
    }

    /// The reverse.
    #[inline(always)]
    pub(super) fn put<S: Scalar>(&self, each: &Each<S>, all: &mut [S]) {
        let all = all.get_mut(self.first..self.first + self.count).unwrap_or_default();
        all.iter_mut().zip(each).for_each(|(to, &from)| *to = from);
    }

    /// The channel at index `channel` of these, in a sample.
    #[inline(always)]
    fn channel<'a, S>(&self, channel: usize, sample: &'a [S]) -> &'a [S] {
        let from = (self.first + channel) * self.sizes.space;
        sample.get(from..from + self.sizes.space).unwrap_or_default()
    }

    /// These channels of a sample.
    #[inline(always)]
    fn places(&self) -> core::ops::Range<usize> {
        let space = self.sizes.space;
        self.first * space..(self.first + self.count) * space
    }

    /// `f′·g` for an activation of outputs y, overwriting g.
    #[inline(always)]
    pub(super) fn differentiate<V: Simd, S: Scalar, A: Activate>(&self, simd: V, activation: A, y: &[S], g: &mut [S]) {
        let (lanes, places) = (lanes::<V, S>(), self.places());
        for (y, g) in y.blocks(self.sizes.length).zip(g.blocks_mut(self.sizes.length)) {
            let (y, g) = (y.get(places.clone()).unwrap_or_default(), g.get_mut(places.clone()).unwrap_or_default());
            for (y, g) in y.parts(lanes).zip(g.parts_mut(lanes)) {
                write(simd, activation.gradient(read(simd, y), read(simd, g)), g);
            }
        }
    }

    /// `f((x − mean) · w / √(variance + ε) + b)`
    #[inline(always)]
    pub(super) fn normalise<V: Simd, S: Scalar, A: Activate>(
        &self,
        simd: V,
        (scales, activation): (Scales<'_, S>, A),
        mean: &Each<S>,
        variance: &Each<S>,
        x: &[S],
        y: &mut [S],
    ) {
        let scale = product(&self.of(scales.weight), &inverse_deviations(variance, scales.epsilon));
        let constants = [*mean, scale, self.of(scales.bias)];
        self.map(simd, &constants, (x, x), y, |[mean, scale, bias], x, _| activation.value((x - mean) * scale + bias));
    }

    // In functions of their own, these closures are compiled once for all activations.

    /// `Σ x` for each channel, over a batch.
    #[inline(always)]
    pub(super) fn sum<V: Simd, S: Scalar>(&self, simd: V, x: &[S]) -> Each<S> {
        let [sums] = self.sums(simd, &[S::ZERO; CHANNELS], x, x, |_, x, _| [x]);
        sums
    }

    /// `Σ (x − mean)²` for each channel, over a batch.
    #[inline(always)]
    pub(super) fn squares<V: Simd, S: Scalar>(&self, simd: V, means: &Each<S>, x: &[S]) -> Each<S> {
        let [squares] = self.sums(simd, means, x, x, |mean, x, _| [(x - mean) * (x - mean)]);
        squares
    }

    /// `Σ (x − mean)·g` and `Σ g` for each channel, over a batch.
    #[inline(always)]
    pub(super) fn products<V: Simd, S: Scalar>(&self, simd: V, means: &Each<S>, x: &[S], g: &[S]) -> [Each<S>; 2] {
        self.sums(simd, means, x, g, |mean, x, g| [(x - mean) * g, g])
    }

    /// `to = scale·g` for each number of the channels, over a batch.
    #[inline(always)]
    pub(super) fn multiply<V: Simd, S: Scalar>(&self, simd: V, scale: &Each<S>, g: &[S], to: &mut [S]) {
        self.map(simd, &[*scale], (g, g), to, |[scale], _, g| scale * g);
    }

    /// `dx = scale·(g − offset − slope·(x − mean))` for each number of the channels, over a batch.
    #[inline(always)]
    pub(super) fn input_gradients<V: Simd, S: Scalar>(
        &self,
        simd: V,
        constants: &[Each<S>; 4],
        (x, g): (&[S], &[S]),
        dx: &mut [S],
    ) {
        self.map(simd, constants, (x, g), dx, |[mean, scale, slope, offset], x, g| {
            scale * (g - offset - slope * (x - mean))
        });
    }

    /// `Σ f(centre, x, g)` for each channel, over a batch. If x is the centre and g is 0, f must be 0.
    #[inline(always)]
    fn sums<V: Simd, S: Scalar, const K: usize>(
        &self,
        simd: V,
        centres: &Each<S>,
        x: &[S],
        g: &[S],
        f: impl Fn(S::Vector<V>, S::Vector<V>, S::Vector<V>) -> [S::Vector<V>; K],
    ) -> [Each<S>; K] {
        let (lanes, zero) = (lanes::<V, S>(), splat(simd, S::ZERO));
        let Sizes { length, space } = self.sizes;
        let samples = || x.chunks_exact(length.max(1)).zip(g.chunks_exact(length.max(1)));
        let add = |sums: &mut [S::Vector<V>; K], terms: [S::Vector<V>; K]| {
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum = *sum + term);
        };
        let mut totals = [[S::ZERO; CHANNELS]; K];
        if space == 1 {
            for lane in (0..self.count).step_by(lanes) {
                let (place, width) = (self.first + lane, lanes.min(self.count - lane));
                let (mut sums, centre) = ([zero; K], read(simd, centres.get(lane..self.count).unwrap_or_default()));
                let (x, g) = (x.get(place..).unwrap_or_default(), g.get(place..).unwrap_or_default());
                for (x, g) in x.parts(length).zip(g.parts(length)) {
                    add(&mut sums, f(centre, read(simd, first(x, width)), read(simd, first(g, width))));
                }
                for (total, sum) in totals.iter_mut().zip(sums) {
                    write(simd, sum, total.get_mut(lane..).unwrap_or_default());
                }
            }
            return totals;
        }
        // As in `LaneSums`, in this many vectors, of as many channels at a time as have room.
        let vectors = LANES / lanes;
        let width = vectors * lanes;
        let mut all = [[zero; K]; CHANNELS];
        for first in (0..self.count).step_by(CHANNELS / vectors) {
            let channels = first..self.count.min(first + CHANNELS / vectors);
            let mut sums = [[zero; K]; CHANNELS];
            for (x, g) in samples() {
                for (channel, sums) in channels.clone().zip(sums.chunks_mut(vectors)) {
                    let Some(&number) = centres.get(channel) else { continue };
                    let (x, g) =
                        (self.channel(channel, x).chunks_exact(width), self.channel(channel, g).chunks_exact(width));
                    let (rest, centre) = ((x.remainder(), g.remainder()), splat(simd, number));
                    // In registers: a sum in memory would stall each step.
                    let mut local = [[zero; K]; LANES];
                    for (local, sum) in local.iter_mut().take(vectors).zip(&*sums) {
                        *local = *sum;
                    }
                    for (x, g) in x.zip(g) {
                        for (local, (x, g)) in local.iter_mut().zip(x.chunks_exact(lanes).zip(g.chunks_exact(lanes))) {
                            add(local, f(centre, read(simd, x), read(simd, g)));
                        }
                    }
                    if !rest.0.is_empty() {
                        for (index, local) in local.iter_mut().take(vectors).enumerate() {
                            let part = |of: &'_ [S]| of.len().min(index * lanes);
                            let (x, g) = (rest.0.get(part(rest.0)..), rest.1.get(part(rest.1)..));
                            let (x, g) = (x.unwrap_or_default(), g.unwrap_or_default());
                            add(local, f(centre, read_or(simd, x, number), read(simd, g)));
                        }
                    }
                    for (sum, local) in sums.iter_mut().zip(local) {
                        *sum = local;
                    }
                }
            }
            for (channel, sums) in channels.zip(sums.chunks_mut(vectors)) {
                let mut half = vectors / 2;
                while half > 0 {
                    let (lower, upper) = sums.split_at_mut(half);
                    for (lower, upper) in lower.iter_mut().zip(upper) {
                        add(lower, *upper);
                    }
                    half /= 2;
                }
                if let (Some(to), Some(sum)) = (all.get_mut(channel), sums.first()) {
                    *to = *sum;
                }
            }
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

    /// `to = f(constants, x, g)` for each number of the channels, over a batch.
    #[inline(always)]
    fn map<V: Simd, S: Scalar, const K: usize>(
        &self,
        simd: V,
        constants: &[Each<S>; K],
        (x, g): (&[S], &[S]),
        to: &mut [S],
        f: impl Fn([S::Vector<V>; K], S::Vector<V>, S::Vector<V>) -> S::Vector<V>,
    ) {
        let (lanes, Sizes { length, space }) = (lanes::<V, S>(), self.sizes);
        if space == 1 {
            for lane in (0..self.count).step_by(lanes) {
                let (place, width) = (self.first + lane, lanes.min(self.count - lane));
                let mut vectors = [splat(simd, S::ZERO); K];
                for (vector, each) in vectors.iter_mut().zip(constants) {
                    *vector = read(simd, each.get(lane..).unwrap_or_default());
                }
                let samples = x
                    .get(place..)
                    .unwrap_or_default()
                    .parts(length)
                    .zip(g.get(place..).unwrap_or_default().parts(length));
                for ((x, g), to) in samples.zip(to.get_mut(place..).unwrap_or_default().parts_mut(length)) {
                    let (x, g) = (read(simd, first(x, width)), read(simd, first(g, width)));
                    write(simd, f(vectors, x, g), first_mut(to, width));
                }
            }
            return;
        }
        let places = self.places();
        let samples = x.blocks(length).zip(g.blocks(length));
        for ((x, g), to) in samples.zip(to.blocks_mut(length)) {
            let (x, g) = (x.get(places.clone()).unwrap_or_default(), g.get(places.clone()).unwrap_or_default());
            let to = to.get_mut(places.clone()).unwrap_or_default();
            let channels = x.blocks(space).zip(g.blocks(space)).zip(to.blocks_mut(space));
            for (channel, ((x, g), to)) in channels.enumerate().take(CHANNELS) {
                let mut vectors = [splat(simd, S::ZERO); K];
                for (vector, each) in vectors.iter_mut().zip(constants) {
                    *vector = splat(simd, each[channel]);
                }
                map(simd, (x, g), to, |x, g| f(vectors, x, g));
            }
        }
    }
}
