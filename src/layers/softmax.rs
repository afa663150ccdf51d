//! Softmax as a layer.

use core::marker::PhantomData;

use crate::kernels::{
    Operation, Simd, dispatch, first_lane, lanes, largest_of_lanes, read, read_or, splat, sum_of_lanes, write,
};
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::weights::layout::Layout;
use crate::weights::parameters::Parameters;

/// Scores as probabilities: `yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ)`, for `x, y: [N]`.
///
/// `dxᵢ = yᵢ·(gᵢ − Σⱼ gⱼyⱼ)`. Stable at any finite score, as the largest one is subtracted first: a value is off by at
/// most (|xᵢ − largest|/2 + N + 3)·ε of itself, or by the smallest normal number. No weights, no multiply-accumulates.
///
/// Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990.
///
/// ```
/// use fnn::{Network, Parameters, layers::Softmax};
///
/// let [a, b] = Softmax::<2>::zeroed().forward(&[0.0, f32::ln(3.0)]);
/// assert!((a - 0.25).abs() < 1e-6 && (b - 0.75).abs() < 1e-6);
/// ```
///
/// Declared as `Softmax`. A network that is trained with [`CrossEntropy`](crate::losses::CrossEntropy) doesn't end in one:
/// that loss takes logits, and applies the softmax itself, so the compiler refuses a softmax in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Softmax<const N: usize, S = f32>(PhantomData<S>);

// SAFETY: there is nothing.
unsafe impl<const N: usize, S: Scalar> Parameters for Softmax<N, S> {
    type Scalar = S;

    const LAYOUT: Layout = Layout::NOTHING;
}

/// The softmax of `scores`, in their place, and what was left of it: (largest score, sum of e^(x − largest)).
#[inline(always)]
pub(crate) fn softmax_in_place<S: Scalar>(scores: &mut [S]) -> (S, S) {
    dispatch(InPlaceBuffers(scores))
}

/// What [`softmax_in_place`] returns, without the softmax.
#[inline(always)]
pub(crate) fn softmax_normalizer<S: Scalar>(scores: &[S]) -> (S, S) {
    dispatch(Normalizer(scores))
}

/// [`softmax_in_place`], to run with the best instruction set.
pub(crate) struct InPlaceBuffers<'a, S>(pub(crate) &'a mut [S]);

impl<S: Scalar> Operation for InPlaceBuffers<'_, S> {
    type Output = (S, S);

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> (S, S) {
        let lanes = lanes::<V, S>();
        let largest = largest(simd, self.0);
        let mut sum = splat(simd, S::ZERO);
        for scores in self.0.chunks_mut(lanes) {
            let power = power(simd, scores, largest);
            sum = sum + power;
            write(simd, power, scores);
        }
        let sum = sum_of_lanes::<V, S>(sum);
        for powers in self.0.chunks_mut(lanes) {
            write(simd, read(simd, powers) / sum, powers);
        }
        (first_lane(simd, largest), first_lane(simd, sum))
    }
}

struct Normalizer<'a, S>(&'a [S]);

impl<S: Scalar> Operation for Normalizer<'_, S> {
    type Output = (S, S);

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> (S, S) {
        let largest = largest(simd, self.0);
        let mut sum = splat(simd, S::ZERO);
        for scores in self.0.chunks(lanes::<V, S>()) {
            sum = sum + power(simd, scores, largest);
        }
        (first_lane(simd, largest), first_lane(simd, sum_of_lanes::<V, S>(sum)))
    }
}

/// The largest score, in every lane.
#[inline(always)]
fn largest<V: Simd, S: Scalar>(simd: V, scores: &[S]) -> S::Vector<V> {
    let mut largest = splat(simd, S::from_f64(f64::NEG_INFINITY));
    for scores in scores.chunks(lanes::<V, S>()) {
        largest = largest.max(read_or(simd, scores, S::from_f64(f64::NEG_INFINITY)));
    }
    largest_of_lanes::<V, S>(largest)
}

/// `e^(x − largest)` of a vector of scores, 0 behind the last one.
#[inline(always)]
fn power<V: Simd, S: Scalar>(simd: V, scores: &[S], largest: S::Vector<V>) -> S::Vector<V> {
    (read_or(simd, scores, S::from_f64(f64::NEG_INFINITY)) - largest).exp()
}

impl<const N: usize, S: Scalar> Layer for Softmax<N, S> {
    type Input = [S; N];
    type Output = [S; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();

    const KIND: &'static str = "Softmax";
    const MACS: u64 = 0;
    const PROBABILITIES: bool = true;

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
        for (y, x) in outputs.iter_mut().zip(inputs) {
            *y = *x;
            InPlaceBuffers(y).run(simd);
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; N]],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [[S; N]]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        for ((dx, g), y) in dx.iter_mut().zip(output_gradients).zip(recorded.outputs) {
            let mean: S = g.iter().zip(y).map(|(&g, &y)| g * y).sum();
            for ((dx, &g), &y) in dx.iter_mut().zip(g.iter()).zip(y) {
                *dx = y * (g - mean);
            }
        }
    }
}
