//! Batch normalisation: in plain loops, or over vectors. With vectors, it takes some channels of the whole batch at a
//! time: their sums stay in registers, and their numbers are still in the second-level cache when they are normalised.
//!
//! | a channel is | lanes are |
//! |---|---|
//! | a plane or a sequence | its positions |
//! | one number | channels, since one position would leave all lanes but one idle |

mod activate;
mod loops;

pub(crate) use self::activate::{Activate, Identity};
use super::lane_sums::LANES;
use super::transpose::sum_each;
use super::vector::{Operation, Simd, lanes, read, read_or, splat, write};
use crate::chunks::Chunks;
use crate::scalar::Scalar;
use crate::shape::{first, first_mut};

/// Channels at a time: the largest number of lanes.
const CHANNELS: usize = 16;

/// The number of elements in a sample, and in one of its channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) length: usize,
    pub(crate) space: usize,
}

/// How each channel is normalised: `y = (x − mean) · w / √(variance + ε) + b`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scales<'a, S> {
    pub(crate) weight: &'a [S],
    pub(crate) bias: &'a [S],
    pub(crate) epsilon: S,
}

/// One number per channel, for some channels.
type Each<S> = [S; CHANNELS];

/// Some channels of a batch.
#[derive(Clone, Copy)]
struct Block {
    sizes: Sizes,
    first: usize,
    count: usize,
}

impl Sizes {
    fn blocks(self) -> impl Iterator<Item = Block> {
        let channels = self.length / self.space.max(1);
        (0..channels).step_by(CHANNELS).map(move |first| Block {
            sizes: self,
            first,
            count: CHANNELS.min(channels - first),
        })
    }
}

/// `1 / √(variance + ε)`
#[inline(always)]
fn inverse_deviation<S: Scalar>(variance: S, epsilon: S) -> S {
    S::ONE / (variance + epsilon).sqrt()
}

/// Whether plain loops add one number after the other. With fused multiply-adds, they have the sums of vectors.
#[inline(always)]
fn in_order<V: Simd, S: Scalar>() -> bool {
    lanes::<V, S>() == 1 && !V::FUSED
}

/// Normalisation with given statistics.
pub(crate) struct Normalise<'a, S, A> {
    pub(crate) sizes: Sizes,
    pub(crate) scales: Scales<'a, S>,
    pub(crate) activation: A,
    pub(crate) mean: &'a [S],
    pub(crate) variance: &'a [S],
    pub(crate) x: &'a [S],
    pub(crate) y: &'a mut [S],
    /// Scratch: one number per channel.
    pub(crate) scale: &'a mut [S],
}

impl<S: Scalar, A: Activate> Operation for Normalise<'_, S, A> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { sizes, scales, activation, mean, variance, x, y, scale } = self;
        if in_order::<V, S>() {
            return loops::normalise(sizes, (scales, activation), (mean, variance), (x, y), scale);
        }
        for block in sizes.blocks() {
            block.normalise(simd, (scales, activation), &block.of(mean), &block.of(variance), x, y);
        }
    }
}

/// Normalisation with the statistics of the batch, which it computes.
pub(crate) struct Measure<'a, S, A> {
    pub(crate) sizes: Sizes,
    pub(crate) scales: Scales<'a, S>,
    pub(crate) activation: A,
    pub(crate) mean: &'a mut [S],
    pub(crate) variance: &'a mut [S],
    pub(crate) x: &'a [S],
    pub(crate) y: &'a mut [S],
    /// Scratch: one number per channel.
    pub(crate) scale: &'a mut [S],
}

impl<S: Scalar, A: Activate> Operation for Measure<'_, S, A> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { sizes, scales, activation, mean, variance, x, y, scale } = self;
        if in_order::<V, S>() {
            loops::measure(sizes, x, mean, variance);
            return loops::normalise(sizes, (scales, activation), (mean, variance), (x, y), scale);
        }
        let part = sizes.part(x);
        for block in sizes.blocks() {
            let [sums] = block.sums(simd, &[S::ZERO; CHANNELS], x, x, |_, x, _| [x]);
            let means = sums.map(|sum| sum * part);
            // The mean first: the squares of numbers far from 0 would cancel.
            let [squares] = block.sums(simd, &means, x, x, |mean, x, _| [(x - mean) * (x - mean)]);
            let variances = squares.map(|square| square * part);
            block.put(&means, mean);
            block.put(&variances, variance);
            block.normalise(simd, (scales, activation), &means, &variances, x, y);
        }
    }
}

/// The gradients of a batch: of the weight, `Σ g·x̂`, of the bias, `Σ g`, and of the input, where g is the gradient of what
/// the activation was applied to. Frozen statistics are constants; others are those of the batch.
pub(crate) struct Backward<'a, S, A> {
    pub(crate) sizes: Sizes,
    pub(crate) scales: Scales<'a, S>,
    pub(crate) activation: A,
    pub(crate) mean: &'a [S],
    pub(crate) variance: &'a [S],
    pub(crate) is_frozen: bool,
    pub(crate) x: &'a [S],
    pub(crate) y: &'a [S],
    /// The gradient of y, which becomes that of what the activation was applied to.
    pub(crate) g: &'a mut [S],
    pub(crate) dx: Option<&'a mut [S]>,
    pub(crate) by_weight: &'a mut [S],
    pub(crate) by_bias: &'a mut [S],
}

impl<S: Scalar, A: Activate> Operation for Backward<'_, S, A> {
    type Output = ();

    /// `dx = w / √(σ² + ε) · (g − db/m − x̂·dw/m)`, frozen `dx = w / √(σ² + ε) · g`.
    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        if in_order::<V, S>() {
            return loops::differentiate(self);
        }
        let Self { sizes, scales, activation, mean, variance, is_frozen, x, y, g, mut dx, by_weight, by_bias } = self;
        let part = sizes.part(x);
        for block in sizes.blocks() {
            if !A::IS_IDENTITY {
                block.differentiate(simd, activation, y, g);
            }
            let g = &*g;
            let (means, weights) = (block.of(mean), block.of(scales.weight));
            let inverses = block.of(variance).map(|variance| inverse_deviation(variance, scales.epsilon));
            let [products, sums] = block.sums(simd, &means, x, g, |mean, x, g| [(x - mean) * g, g]);
            let slopes = pairs(&products, &inverses, |product, inverse| product * inverse);
            block.put(&slopes, by_weight);
            block.put(&sums, by_bias);
            if let Some(dx) = dx.as_deref_mut() {
                let scale = pairs(&weights, &inverses, |weight, inverse| weight * inverse);
                if is_frozen {
                    block.map(simd, &[scale], (x, g), dx, |[scale], _, g| scale * g);
                    continue;
                }
                let slope = pairs(&slopes, &inverses, |slope, inverse| slope * part * inverse);
                let constants = [means, scale, slope, sums.map(|sum| sum * part)];
                block.map(simd, &constants, (x, g), dx, |[mean, scale, slope, offset], x, g| {
                    scale * (g - offset - slope * (x - mean))
                });
            }
        }
    }
}

/// Applies `f` elementwise.
#[inline(always)]
fn pairs<S: Scalar>(one: &Each<S>, other: &Each<S>, f: impl Fn(S, S) -> S) -> Each<S> {
    core::array::from_fn(|index| f(one[index], other[index]))
}

impl Sizes {
    /// The weight of each number in the mean of its channel.
    #[inline(always)]
    fn part<S: Scalar>(self, batch: &[S]) -> S {
        S::ONE / S::from_f64((batch.len() / self.length.max(1) * self.space) as f64)
    }
}

impl Block {
    /// The channels' numbers of `all`.
    #[inline(always)]
    fn of<S: Scalar>(&self, all: &[S]) -> Each<S> {
        let mut each = [S::ZERO; CHANNELS];
        let all = all.get(self.first..self.first + self.count).unwrap_or_default();
        each.iter_mut().zip(all).for_each(|(to, &from)| *to = from);
        each
    }

    /// The reverse.
    #[inline(always)]
    fn put<S: Scalar>(&self, each: &Each<S>, all: &mut [S]) {
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
    fn differentiate<V: Simd, S: Scalar, A: Activate>(&self, simd: V, activation: A, y: &[S], g: &mut [S]) {
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
    fn normalise<V: Simd, S: Scalar, A: Activate>(
        &self,
        simd: V,
        (scales, activation): (Scales<'_, S>, A),
        mean: &Each<S>,
        variance: &Each<S>,
        x: &[S],
        y: &mut [S],
    ) {
        let inverse = variance.map(|variance| inverse_deviation(variance, scales.epsilon));
        let scale = pairs(&self.of(scales.weight), &inverse, |weight, inverse| weight * inverse);
        let constants = [*mean, scale, self.of(scales.bias)];
        self.map(simd, &constants, (x, x), y, |[mean, scale, bias], x, _| activation.value((x - mean) * scale + bias));
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
        let vectors = if V::FUSED { LANES / lanes } else { 1 };
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
                let constants = constants.each_ref().map(|each| read(simd, each.get(lane..).unwrap_or_default()));
                let samples = x
                    .get(place..)
                    .unwrap_or_default()
                    .parts(length)
                    .zip(g.get(place..).unwrap_or_default().parts(length));
                for ((x, g), to) in samples.zip(to.get_mut(place..).unwrap_or_default().parts_mut(length)) {
                    let (x, g) = (read(simd, first(x, width)), read(simd, first(g, width)));
                    write(simd, f(constants, x, g), first_mut(to, width));
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
                let constants = constants.each_ref().map(|each| splat(simd, each[channel]));
                for ((x, g), to) in x.parts(lanes).zip(g.parts(lanes)).zip(to.parts_mut(lanes)) {
                    write(simd, f(constants, read(simd, x), read(simd, g)), to);
                }
            }
        }
    }
}
