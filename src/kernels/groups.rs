//! Group normalization over vectors, whose lanes are the positions of a channel.
//!
//! The sums of up to sixteen groups, or channels, are added up at once, so that their lanes are, and square roots and divisions take
//! as long as one.

use super::elementwise::map;
use super::lane_sums::{LANES, total_each};
use super::vector::{Operation, Simd, lanes, read, read_or, splat, write};
use crate::chunks::Chunks;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::quotient;

/// The number of positions of a channel, of channels of a group, and of groups of a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) space: usize,
    pub(crate) channels: usize,
    pub(crate) groups: usize,
}

/// One number for each of some groups or channels.
type Each<S> = [S; LANES];

/// The fewest positions of a channel; with fewer, most lanes would be idle.
const SPACE: usize = 8;

impl Sizes {
    /// Whether channels have enough positions.
    #[inline(always)]
    pub(crate) const fn fill_vectors(&self) -> bool {
        self.space >= SPACE
    }

    /// The numbers of a group.
    #[inline(always)]
    const fn group(&self) -> usize {
        self.space * self.channels
    }

    /// The group and the channel of each of the channels of some groups, the first of which is number `first` of a batch.
    #[inline(always)]
    fn each(self, first: usize) -> impl Iterator<Item = (usize, usize)> {
        let mut channel = (first - quotient(first, self.groups) * self.groups) * self.channels;
        let (mut group, mut inside) = (0, 0);
        core::iter::from_fn(move || {
            let each = (group, channel);
            (channel, inside) = (channel + 1, inside + 1);
            if inside == self.channels {
                (group, inside) = (group + 1, 0);
            }
            if channel == self.channels * self.groups {
                channel = 0;
            }
            Some(each)
        })
    }
}

/// The mean, and `1 / √(variance + ε)`, of some groups.
struct Moments<S> {
    means: Each<S>,
    inverses: Each<S>,
}

impl<S: Scalar> Moments<S> {
    /// Of groups of `size` numbers.
    #[inline(always)]
    fn of<V: Simd>(simd: V, x: &[S], size: usize, epsilon: S) -> Self {
        let part = splat(simd, S::ONE / S::from_usize(size));
        let (mut sums, mut means, mut inverses) = ([S::ZERO; LANES * LANES], [S::ZERO; LANES], [S::ZERO; LANES]);
        for (x, sums) in x.blocks(size).zip(sums.blocks_mut(LANES)) {
            let [total] = sums_of(simd, (x, x), S::ZERO, |x, _| [x]);
            put(simd, &total, sums);
        }
        total_each(simd, &sums, &mut means);
        each::<V, S>(simd, &mut means, |sum| sum * part);
        for ((x, sums), &mean) in x.blocks(size).zip(sums.blocks_mut(LANES)).zip(&means) {
            let [total] = sums_of(simd, (x, x), mean, |x, _| [x * x]);
            put(simd, &total, sums);
        }
        total_each(simd, &sums, &mut inverses);
        let (one, epsilon) = (splat(simd, S::ONE), splat(simd, epsilon));
        each::<V, S>(simd, &mut inverses, |squares| one / (squares * part + epsilon).sqrt());
        Self { means, inverses }
    }
}

/// `f` of each number.
#[inline(always)]
fn each<V: Simd, S: Scalar>(simd: V, numbers: &mut Each<S>, f: impl Fn(S::Vector<V>) -> S::Vector<V>) {
    for numbers in numbers.parts_mut(lanes::<V, S>()) {
        write(simd, f(read(simd, numbers)), numbers);
    }
}

/// `Σ f(x − centre, g)`, in [`LANES`] lanes: of as many vectors.
#[inline(always)]
fn sums_of<V: Simd, S: Scalar, const K: usize>(
    simd: V,
    (x, g): (&[S], &[S]),
    centre: S,
    f: impl Fn(S::Vector<V>, S::Vector<V>) -> [S::Vector<V>; K],
) -> [[S::Vector<V>; LANES]; K] {
    let (lanes, of_centre) = (lanes::<V, S>(), splat(simd, centre));
    let mut sums = [[splat(simd, S::ZERO); LANES]; K];
    for (x, g) in x.blocks(LANES).zip(g.blocks(LANES)) {
        for (index, (x, g)) in x.blocks(lanes).zip(g.blocks(lanes)).enumerate().take(LANES / lanes) {
            for (sums, term) in sums.iter_mut().zip(f(read(simd, x) - of_centre, read(simd, g))) {
                sums[index % LANES] = sums[index % LANES] + term;
            }
        }
    }
    let rest = x.len() - x.len() % LANES;
    if rest < x.len() {
        let (x, g) = (x.get(rest..).unwrap_or_default(), g.get(rest..).unwrap_or_default());
        for (index, (x, g)) in x.parts(lanes).zip(g.parts(lanes)).enumerate().take(LANES / lanes) {
            for (sums, term) in sums.iter_mut().zip(f(read_or(simd, x, centre) - of_centre, read(simd, g))) {
                sums[index % LANES] = sums[index % LANES] + term;
            }
        }
    }
    sums
}

/// Stores the lanes of sums.
#[inline(always)]
fn put<V: Simd, S: Scalar>(simd: V, sums: &[S::Vector<V>; LANES], to: &mut [S]) {
    for (&sum, to) in sums.iter().zip(to.blocks_mut(lanes::<V, S>())) {
        write(simd, sum, to);
    }
}

/// `y = w·x̂ + b`, for all groups of a batch.
#[derive(Debug)]
pub(crate) struct Normalize<'a, S> {
    pub(crate) sizes: Sizes,
    pub(crate) epsilon: S,
    pub(crate) weight: &'a [S],
    pub(crate) bias: &'a [S],
    pub(crate) x: &'a [S],
    pub(crate) y: &'a mut [S],
}

impl<S: Scalar> Operation for Normalize<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { sizes, epsilon, weight, bias, x, y } = self;
        let some = LANES * sizes.group();
        for (index, (x, y)) in x.parts(some).zip(y.parts_mut(some)).enumerate() {
            let Moments { means, inverses } = Moments::of(simd, x, sizes.group(), epsilon);
            let channels = x.blocks(sizes.space).zip(y.blocks_mut(sizes.space));
            for ((x, y), (group, channel)) in channels.zip(sizes.each(index * LANES)) {
                let (Some(&weight), Some(&bias)) = (weight.get(channel), bias.get(channel)) else { return };
                let (Some(&mean), Some(&inverse)) = (means.get(group), inverses.get(group)) else { return };
                let [mean, scale, bias] = [mean, inverse * weight, bias].map(|number| splat::<V, S>(simd, number));
                map(simd, (x, x), y, |x, _| (x - mean).mul_add(scale, bias));
            }
        }
    }
}

/// `dx = (h − Σh/n − x̂·Σ(h·x̂)/n) / √(σ² + ε)` with `h = w·g`, for all groups of a batch; adds `Σ g·x̂` to `by_weight`, and `Σ g` to
/// `by_bias`.
#[derive(Debug)]
pub(crate) struct Gradients<'a, S> {
    pub(crate) sizes: Sizes,
    pub(crate) epsilon: S,
    pub(crate) weight: &'a [S],
    pub(crate) x: &'a [S],
    pub(crate) g: &'a [S],
    pub(crate) dx: Option<&'a mut [S]>,
    pub(crate) by_weight: &'a mut [S],
    pub(crate) by_bias: &'a mut [S],
}

impl<S: Scalar> Operation for Gradients<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { sizes, epsilon, weight, x, g, dx, by_weight, by_bias } = self;
        let some = LANES * sizes.group();
        let part = S::ONE / S::from_usize(sizes.group());
        let mut dx = dx.map(|dx| dx.parts_mut(some));
        // Of channels that aren't there, they are left over, and nothing reads what they add up to.
        let [mut products, mut sums] = [[S::ZERO; LANES * LANES]; 2];
        for (index, (x, g)) in x.parts(some).zip(g.parts(some)).enumerate() {
            let Moments { means, inverses } = Moments::of(simd, x, sizes.group(), epsilon);
            let (mut slopes, mut offsets) = ([S::ZERO; LANES], [S::ZERO; LANES]);
            let (mut last, mut slope, mut offset) = (0, S::ZERO, S::ZERO);
            let mut places = sizes.each(index * LANES);
            for (x, g) in x.parts(LANES * sizes.space).zip(g.parts(LANES * sizes.space)) {
                let mut these = [(0, 0); LANES];
                these.iter_mut().zip(&mut places).for_each(|(these, place)| *these = place);
                let to = products.blocks_mut(LANES).zip(sums.blocks_mut(LANES));
                for (((x, g), to), &(group, _)) in x.blocks(sizes.space).zip(g.blocks(sizes.space)).zip(to).zip(&these)
                {
                    let Some(&mean) = means.get(group) else { return };
                    let totals = sums_of(simd, (x, g), mean, |x, g| [x * g, g]);
                    put(simd, &totals[0], to.0);
                    put(simd, &totals[1], to.1);
                }
                let (mut by_slope, mut by_offset) = ([S::ZERO; LANES], [S::ZERO; LANES]);
                total_each(simd, &products, &mut by_slope);
                total_each(simd, &sums, &mut by_offset);
                let totals = by_slope.iter().zip(&by_offset).zip(x.blocks(sizes.space));
                for (((&product, &sum), _), &(group, channel)) in totals.zip(&these) {
                    let (Some(&weight), Some(&inverse)) = (weight.get(channel), inverses.get(group)) else { return };
                    let (Some(dw), Some(db)) = (by_weight.get_mut(channel), by_bias.get_mut(channel)) else { return };
                    let product = product * inverse;
                    (*dw, *db) = (*dw + product, *db + sum);
                    // In memory, each sum would wait for the one before.
                    if group != last {
                        (last, slope, offset) = (group, S::ZERO, S::ZERO);
                    }
                    (slope, offset) = (slope + weight * product, offset + weight * sum);
                    let (Some(slopes), Some(offsets)) = (slopes.get_mut(group), offsets.get_mut(group)) else { return };
                    (*slopes, *offsets) = (slope, offset);
                }
            }
            let Some(dx) = dx.as_mut().and_then(Iterator::next) else { continue };
            let channels = x.blocks(sizes.space).zip(g.blocks(sizes.space)).zip(dx.blocks_mut(sizes.space));
            for (((x, g), dx), (group, channel)) in channels.zip(sizes.each(index * LANES)) {
                let (Some(weight), Some(&inverse)) = (weight.get(channel), inverses.get(group)) else { return };
                let of_group = (means.get(group), slopes.get(group), offsets.get(group));
                let (Some(&mean), Some(slope), Some(offset)) = of_group else { return };
                let factor = inverse * part;
                let constants = [mean, inverse * *weight, -(*slope * inverse * factor), -(*offset * factor)];
                let [mean, scale, slope, offset] = constants.map(|number| splat::<V, S>(simd, number));
                map(simd, (x, g), dx, |x, g| g.mul_add(scale, (x - mean).mul_add(slope, offset)));
            }
        }
    }
}
