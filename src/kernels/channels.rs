//! Batch normalization: in plain loops, or, with fused multiply-adds, over vectors, even of one lane. With vectors, it takes some
//! channels of the whole batch at a time: their sums stay in registers, and their numbers are still in the second-level cache when
//! they are normalized. The gradient of what an activation was applied to is computed where it is used, and isn't stored.
//!
//! | a channel is | lanes are |
//! |---|---|
//! | a plane or a sequence | its positions |
//! | one number | channels, since one position would leave all lanes but one idle |

mod activate;
mod block;
mod chains;
mod loops;

pub(crate) use self::activate::{Activate, Floor, Identity};
use self::block::Block;
use super::vector::{Operation, Simd, Vector};
use crate::chunks::Chunks;
use crate::scalar::Scalar;
use crate::window::{cut, quotient};

/// Channels at a time: the largest number of lanes.
const CHANNELS: usize = 16;

/// Bytes of a batch at a time: several batches are read together.
const CACHED: usize = 256 * 1024;

/// Bytes of the samples that are normalized at a time with given statistics, unless there is one, or a channel is one number.
const AT_ONCE: usize = 64 * 1024;

/// The number of elements in a sample, and in one of its channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) length: usize,
    pub(crate) space: usize,
}

/// How each channel is normalized: `y = (x − mean) · w / √(variance + ε) + b`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scales<'a, S> {
    pub(crate) weight: &'a [S],
    pub(crate) bias: &'a [S],
    pub(crate) epsilon: S,
}

impl<S: Scalar> Scales<'_, S> {
    /// `w / √(variance + ε)`
    #[inline(always)]
    fn of(&self, block: &Block, variances: &Each<S>) -> Each<S> {
        product(&block.of(self.weight), &inverse_deviations(variances, self.epsilon))
    }
}

/// One number per channel, for some channels.
type Each<S> = [S; CHANNELS];

impl Sizes {
    /// As many channels at a time as stay in the second-level cache until they are read again.
    fn blocks<S>(self, batch: &[S]) -> impl Iterator<Item = Block> {
        let channels = quotient(self.length, self.space);
        let bytes = quotient(size_of_val(batch), channels);
        self.blocks_of(if self.space == 1 { CHANNELS } else { quotient(CACHED, bytes).clamp(1, CHANNELS) })
    }

    /// At most so many channels at a time.
    fn blocks_of(self, most: usize) -> impl Iterator<Item = Block> {
        let channels = cut(quotient(self.length, self.space), most);
        channels.map(move |some| Block { sizes: self, first: some.start, count: some.len() })
    }

    /// The weight of each number in the mean of its channel.
    #[inline(always)]
    fn part<S: Scalar>(self, batch: &[S]) -> S {
        S::ONE / S::from_f64((batch.len() / self.length.max(1) * self.space) as f64)
    }
}

/// `1 / √(variance + ε)`
#[inline(always)]
fn inverse_deviation<S: Scalar>(variance: S, epsilon: S) -> S {
    S::ONE / (variance + epsilon).sqrt()
}

/// `sums[c] += Σ x` for each channel c, over a batch.
#[derive(Debug)]
pub(crate) struct AddSums<'a, S> {
    pub(crate) sizes: Sizes,
    pub(crate) x: &'a [S],
    pub(crate) sums: &'a mut [S],
}

impl<S: Scalar> Operation for AddSums<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { sizes, x, sums } = self;
        for block in sizes.blocks(x) {
            let mut totals = block.sum(simd, x);
            totals.iter_mut().zip(block.of(sums)).for_each(|(total, before)| *total += before);
            block.put(&totals, sums);
        }
    }
}

/// Normalization with given statistics.
#[derive(Debug)]
pub struct Normalize<'a, S, A> {
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

impl<S: Scalar, A: Activate> Operation for Normalize<'_, S, A> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { sizes, scales, activation, mean, variance, x, y, scale } = self;
        if const { !V::FUSED } {
            return loops::normalize(sizes, (scales, activation), (mean, variance), (x, y), scale);
        }
        // In the order of memory.
        let samples = if sizes.space == 1 { x.len() } else { quotient(AT_ONCE, sizes.length * size_of::<S>()).max(1) };
        let some = samples.saturating_mul(sizes.length).min(x.len());
        let is_whole = some == x.len();
        let of_block = |block: &Block| scales.of(block, &block.of(variance));
        if !is_whole {
            sizes.blocks_of(CHANNELS).for_each(|block| block.put(&of_block(&block), scale));
        }
        for (x, y) in x.parts(some).zip(y.parts_mut(some)) {
            for block in sizes.blocks_of(CHANNELS) {
                let scale = if is_whole { of_block(&block) } else { block.of(scale) };
                block.normalize(simd, activation, &[block.of(mean), scale, block.of(scales.bias)], x, y);
            }
        }
    }
}

/// Normalization with the statistics of the batch, which it computes.
#[derive(Debug)]
pub struct Measure<'a, S, A> {
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
        if const { !V::FUSED } {
            loops::measure(sizes, x, mean, variance);
            return loops::normalize(sizes, (scales, activation), (mean, variance), (x, y), scale);
        }
        let part = sizes.part(x);
        for block in sizes.blocks(x) {
            // The mean first: the squares of numbers far from 0 would cancel.
            let means = scaled(&block.sum(simd, x), part);
            let variances = scaled(&block.squares(simd, &means, x), part);
            block.put(&means, mean);
            block.put(&variances, variance);
            let constants = [means, scales.of(&block, &variances), block.of(scales.bias)];
            block.normalize(simd, activation, &constants, x, y);
        }
    }
}

/// The gradients of a batch: of the weight, `Σ g·x̂`, of the bias, `Σ g`, and of the input, where g is the gradient of what
/// the activation was applied to. Frozen statistics are constants; others are those of the batch.
#[derive(Debug)]
pub struct Backward<'a, S, A> {
    pub(crate) sizes: Sizes,
    pub(crate) scales: Scales<'a, S>,
    pub(crate) activation: A,
    pub(crate) mean: &'a [S],
    pub(crate) variance: &'a [S],
    pub(crate) is_frozen: bool,
    pub(crate) x: &'a [S],
    pub(crate) y: &'a [S],
    /// The gradient of y. That of what the activation was applied to may overwrite it, and without another place, that of x does.
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
        if const { !V::FUSED } {
            return loops::differentiate(self);
        }
        let (activation, x, y) = (self.activation, self.x, self.y);
        let to = Gradients {
            sizes: self.sizes,
            scales: self.scales,
            statistics: (self.mean, self.variance),
            is_frozen: self.is_frozen,
            g: self.g,
            dx: self.dx,
            by_weight: self.by_weight,
            by_bias: self.by_bias,
        };
        if activation.is_identity() {
            to.compute(simd, [Some(x), None], |_, [_, g]| g);
        } else if const { A::ASKS_FOR_SIGN } {
            // An argument is computed faster than y is read.
            to.compute(simd, [Some(x), None], |[mean, scale, bias], [x, g]| {
                activation.gradient((x - mean) * scale + bias, g)
            });
        } else {
            to.compute(simd, [Some(x), None, Some(y)], |_, [_, g, y]| activation.gradient(y, g));
        }
    }
}

/// What gradients are computed with, and where they are stored.
struct Gradients<'a, S> {
    sizes: Sizes,
    scales: Scales<'a, S>,
    /// The mean and the variance.
    statistics: (&'a [S], &'a [S]),
    is_frozen: bool,
    g: &'a mut [S],
    dx: Option<&'a mut [S]>,
    by_weight: &'a mut [S],
    by_bias: &'a mut [S],
}

impl<S: Scalar> Gradients<'_, S> {
    /// Those of a batch of which x is the first slice, with the gradient of what the activation was applied to: a function of the
    /// mean, the scale and the bias, and of the numbers at a place of the slices, of which `None` is g.
    #[inline(always)]
    fn compute<V: Simd, const N: usize>(
        mut self,
        simd: V,
        from: [Option<&[S]>; N],
        gradient: impl Fn([S::Vector<V>; 3], [S::Vector<V>; N]) -> S::Vector<V>,
    ) {
        let x = from.first().copied().flatten().unwrap_or_default();
        let part = self.sizes.part(x);
        for block in self.sizes.blocks(x) {
            let (means, weights) = (block.of(self.statistics.0), block.of(self.scales.weight));
            let inverses = inverse_deviations(&block.of(self.statistics.1), self.scales.epsilon);
            let (scale, bias) = (product(&weights, &inverses), block.of(self.scales.bias));
            let constants = [means, scale, bias];
            let mut slices = [&*self.g; N];
            for (slice, from) in slices.iter_mut().zip(from) {
                *slice = from.unwrap_or(slice);
            }
            let [products, sums] = block.sums(simd, &constants, slices, |constants, numbers| {
                let g = gradient(constants, numbers);
                [(numbers[0] - constants[0]) * g, g]
            });
            let slopes = product(&products, &inverses);
            block.put(&slopes, self.by_weight);
            block.put(&sums, self.by_bias);
            let mut from = from;
            let dx = match self.dx.as_deref_mut() {
                Some(dx) => {
                    for from in &mut from {
                        *from = from.or(Some(&*self.g));
                    }
                    dx
                }
                None => &mut *self.g,
            };
            if self.is_frozen {
                let f = |constants: [S::Vector<V>; 3], numbers| constants[1] * gradient(constants, numbers);
                block.map(simd, &constants, from, (dx, false), f);
                continue;
            }
            let slope = product(&scaled(&slopes, part), &inverses);
            let constants = [means, scale, bias, slope, scaled(&sums, part)];
            block.map(simd, &constants, from, (dx, false), |[mean, scale, bias, slope, offset], numbers| {
                scale * (gradient([mean, scale, bias], numbers) - offset - slope * (numbers[0] - mean))
            });
        }
    }
}

/// A function that runs an operation: one that all layers share or, if the activation is a floor, all crates.
macro_rules! called {
    ($($operation:ident by $kernel:ident { $($field:ident),* }),*) => {$(
        impl<S: Scalar, A: Activate> $operation<'_, S, A> {
            #[inline(always)]
            pub(crate) fn call<V: Simd>(self, simd: V) {
                if const { S::Vector::<V>::SHARED && A::FLOOR.is_some() } {
                    let Self { activation: _, $($field),* } = self;
                    let activation = Floor(A::FLOOR.unwrap_or_default());
                    S::Vector::<V>::$kernel(simd, $operation { activation, $($field),* });
                } else {
                    simd.call(self);
                }
            }
        }
    )*};
}
called! {
    Normalize by normalize { sizes, scales, mean, variance, x, y, scale },
    Measure by normalize_batch { sizes, scales, mean, variance, x, y, scale },
    Backward by normalization_gradients { sizes, scales, mean, variance, is_frozen, x, y, g, dx, by_weight, by_bias }
}

/// Multiplies elementwise.
#[inline(always)]
fn product<S: Scalar>(one: &Each<S>, other: &Each<S>) -> Each<S> {
    let mut product = *one;
    for (product, &other) in product.iter_mut().zip(other) {
        *product *= other;
    }
    product
}

/// Each number, times `factor`.
#[inline(always)]
fn scaled<S: Scalar>(each: &Each<S>, factor: S) -> Each<S> {
    product(each, &[factor; CHANNELS])
}

/// `1 / √(variance + ε)` for each variance.
#[inline(always)]
fn inverse_deviations<S: Scalar>(variances: &Each<S>, epsilon: S) -> Each<S> {
    let mut inverses = *variances;
    for inverse in &mut inverses {
        *inverse = inverse_deviation(*inverse, epsilon);
    }
    inverses
}
