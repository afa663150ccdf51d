//! Batch normalisation: in plain loops, or, with fused multiply-adds, over vectors, even of one lane. With vectors, it takes some
//! channels of the whole batch at a time: their sums stay in registers, and their numbers are still in the second-level cache when
//! they are normalised.
//!
//! | a channel is | lanes are |
//! |---|---|
//! | a plane or a sequence | its positions |
//! | one number | channels, since one position would leave all lanes but one idle |

mod activate;
mod block;
mod loops;

pub(crate) use self::activate::{Activate, Floor, Identity};
use self::block::Block;
use super::vector::{Operation, Simd, Vector};
use crate::scalar::Scalar;

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

impl Sizes {
    fn blocks(self) -> impl Iterator<Item = Block> {
        let channels = self.length / self.space.max(1);
        (0..channels).step_by(CHANNELS).map(move |first| Block {
            sizes: self,
            first,
            count: CHANNELS.min(channels - first),
        })
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

/// Normalisation with given statistics.
#[derive(Debug)]
pub struct Normalise<'a, S, A> {
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
        if const { !V::FUSED } {
            return loops::normalise(sizes, (scales, activation), (mean, variance), (x, y), scale);
        }
        for block in sizes.blocks() {
            block.normalise(simd, (scales, activation), &block.of(mean), &block.of(variance), x, y);
        }
    }
}

/// Normalisation with the statistics of the batch, which it computes.
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
            return loops::normalise(sizes, (scales, activation), (mean, variance), (x, y), scale);
        }
        let part = sizes.part(x);
        for block in sizes.blocks() {
            // The mean first: the squares of numbers far from 0 would cancel.
            let means = scaled(&block.sum(simd, x), part);
            let variances = scaled(&block.squares(simd, &means, x), part);
            block.put(&means, mean);
            block.put(&variances, variance);
            block.normalise(simd, (scales, activation), &means, &variances, x, y);
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
        if const { !V::FUSED } {
            return loops::differentiate(self);
        }
        let Self { sizes, scales, activation, mean, variance, is_frozen, x, y, g, mut dx, by_weight, by_bias } = self;
        let part = sizes.part(x);
        for block in sizes.blocks() {
            if !activation.is_identity() {
                block.differentiate(simd, activation, y, g);
            }
            let g = &*g;
            let (means, weights) = (block.of(mean), block.of(scales.weight));
            let inverses = inverse_deviations(&block.of(variance), scales.epsilon);
            let [products, sums] = block.products(simd, &means, x, g);
            let slopes = product(&products, &inverses);
            block.put(&slopes, by_weight);
            block.put(&sums, by_bias);
            if let Some(dx) = dx.as_deref_mut() {
                let scale = product(&weights, &inverses);
                if is_frozen {
                    block.multiply(simd, &scale, g, dx);
                } else {
                    let slope = product(&scaled(&slopes, part), &inverses);
                    block.input_gradients(simd, &[means, scale, slope, scaled(&sums, part)], (x, g), dx);
                }
            }
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
    Normalise by normalise { sizes, scales, mean, variance, x, y, scale },
    Measure by normalise_batch { sizes, scales, mean, variance, x, y, scale },
    Backward by normalisation_gradients { sizes, scales, mean, variance, is_frozen, x, y, g, dx, by_weight, by_bias }
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
