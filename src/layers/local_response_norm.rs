//! Local response normalization.

use core::marker::PhantomData;
use core::ops::Range;

use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::image::Channels;
use crate::kernels::Simd;
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::real::Real;
use crate::scalar::Scalar;

/// Divides each number by a power of the mean square of its neighbours: the numbers at the same place in the channels around
/// its own.
///
/// `y[c] = x[c] / s[c]^β` with `s[c] = k + α/SIZE · Σ x[j]²`, over `SIZE` channels j from `c − SIZE/2` on, those that exist;
/// for samples `A` of any shape whose outermost axis is the channels. Backward, with `t = g·x / s^(β + 1)`:
/// `dx[j] = g[j] / s[j]^β − 2·α/SIZE·β·x[j]·Σ t[c]` over all c that j is a neighbour of. No weights; SIZE
/// multiply-accumulates per element of `A`; no tape.
///
/// Declared as `LocalResponseNorm(5)` or `LocalResponseNorm(5, alpha = 1e-4, beta = 0.75, k = 1.0)`. The same as PyTorch's
/// layer of this name. Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks",
/// NIPS 2012, without the division of α by `SIZE`.
///
/// ```
/// use fnn::{Network, layers::LocalResponseNorm};
///
/// // α = 3, β = 1 and k = 1: the sums of squares of three channels, plus 1.
/// let norm = LocalResponseNorm::<[f32; 3], 3, { f64::to_bits(3.0) }, { f64::to_bits(1.0) }, { f64::to_bits(1.0) }>::new();
/// let [first, second, third] = norm.forward(&[1.0, 2.0, 3.0]);
/// assert!((first - 1.0 / 6.0).abs() < 1e-6);
/// assert!((second - 2.0 / 15.0).abs() < 1e-6);
/// assert!((third - 3.0 / 14.0).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LocalResponseNorm<
    A,
    const SIZE: usize,
    const ALPHA: u64 = { f64::to_bits(1e-4) },
    const BETA: u64 = { f64::to_bits(0.75) },
    const K: u64 = { f64::to_bits(1.0) },
>(PhantomData<A>);

without_weights!(
    [A: Channels, const SIZE: usize, const ALPHA: u64, const BETA: u64, const K: u64] LocalResponseNorm<A, SIZE, ALPHA, BETA, K>,
    A::Element
);

impl<A: Channels, const SIZE: usize, const ALPHA: u64, const BETA: u64, const K: u64>
    LocalResponseNorm<A, SIZE, ALPHA, BETA, K>
{
    /// Numbers in a channel.
    const SPACE: usize = {
        assert!(SIZE > 0, "there is at least one neighbour, the channel itself");
        let constants = [f64::from_bits(ALPHA), f64::from_bits(BETA), f64::from_bits(K)];
        let mut index = 0;
        while index < constants.len() {
            let used = if size_of::<A::Element>() == size_of::<f32>() {
                constants[index] as f32 as f64
            } else {
                constants[index]
            };
            assert!(used > 0.0 && used < f64::INFINITY, "alpha, beta and k must be above 0 in the layer's scalar");
            index += 1;
        }
        A::SPACE
    };

    /// The channels around one, from `before` it to `after` it.
    #[inline(always)]
    fn around(channel: usize, before: usize, after: usize) -> Range<usize> {
        channel.saturating_sub(before)..channel.saturating_add(after).saturating_add(1).min(A::CHANNELS)
    }

    /// α/SIZE
    #[inline(always)]
    fn share() -> A::Element {
        A::Element::from_f64(f64::from_bits(ALPHA) / SIZE as f64)
    }

    /// `s` of a channel.
    #[inline(always)]
    fn bases(x: &[A::Element], channel: usize, s: &mut [A::Element]) {
        s.fill(A::Element::from_f64(f64::from_bits(K)));
        let share = Self::share();
        let neighbours = Self::around(channel, const { SIZE / 2 }, const { (SIZE - 1) / 2 });
        let first = neighbours.start;
        for x in x.blocks(Self::SPACE).skip(first).take(neighbours.len()) {
            for (s, &x) in s.iter_mut().zip(x) {
                *s += x * x * share;
            }
        }
    }

    /// `1 / s^β`
    #[inline(always)]
    fn power(s: A::Element) -> A::Element {
        Real::exp(s.ln() * A::Element::from_f64(-f64::from_bits(BETA)))
    }
}

impl<S, A, const SIZE: usize, const ALPHA: u64, const BETA: u64, const K: u64> Layer
    for LocalResponseNorm<A, SIZE, ALPHA, BETA, K>
where
    S: Scalar,
    A: Channels<Element = S>,
{
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "LocalResponseNorm";
    const MACS: u64 = (SIZE * A::LENGTH) as u64;
    const GRAPH: Node = Node::layer::<Self>(
        const {
            &[
                Attribute::count("size", SIZE),
                Attribute::bits("alpha", ALPHA),
                Attribute::bits("beta", BETA),
                Attribute::bits("k", K),
            ]
        },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        for (x, y) in A::flat(inputs).blocks(A::LENGTH).zip(A::flat_mut(outputs).blocks_mut(A::LENGTH)) {
            let channels = x.blocks(Self::SPACE).zip(y.blocks_mut(Self::SPACE));
            for (channel, (own, y)) in channels.enumerate() {
                Self::bases(x, channel, y);
                for (y, &x) in y.iter_mut().zip(own) {
                    *y = x * Self::power(*y);
                }
            }
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [A],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        let factor = S::from_f64(-2.0 * f64::from_bits(BETA)) * Self::share();
        let samples = A::flat(recorded.inputs).blocks(A::LENGTH).zip(A::flat_mut(dx).blocks_mut(A::LENGTH));
        for ((x, dx), g) in samples.zip(A::flat_mut(output_gradients).blocks_mut(A::LENGTH)) {
            let channels = x.blocks(Self::SPACE).zip(dx.blocks_mut(Self::SPACE)).zip(g.blocks_mut(Self::SPACE));
            for (channel, ((own, dx), g)) in channels.enumerate() {
                Self::bases(x, channel, dx);
                for ((dx, g), &x) in dx.iter_mut().zip(g).zip(own) {
                    let s = *dx;
                    *dx = *g * Self::power(s);
                    // g becomes t.
                    *g = *dx * x / s;
                }
            }
            let channels = x.blocks(Self::SPACE).zip(dx.blocks_mut(Self::SPACE));
            for (channel, (x, dx)) in channels.enumerate() {
                // Those whose neighbour this channel is.
                let others = Self::around(channel, const { (SIZE - 1) / 2 }, const { SIZE / 2 });
                let first = others.start;
                for t in g.blocks(Self::SPACE).skip(first).take(others.len()) {
                    for ((dx, &x), &t) in dx.iter_mut().zip(x).zip(t) {
                        *dx += factor * x * t;
                    }
                }
            }
        }
    }
}
