//! Softmax as a layer.

use core::marker::PhantomData;

use crate::kernels::Simd;
use crate::layer::{Layer, Pass, Recorded};
use crate::parameters::{Name, Parameters, Visitor};
use crate::scalar::Scalar;

/// Scores as probabilities: `yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ)`, for `x, y: [N]`.
///
/// `dxᵢ = yᵢ·(gᵢ − Σⱼ gⱼyⱼ)`. Stable at any finite score: the largest one is subtracted first. No weights.
///
/// Declared as `Softmax`. A network that is trained with [`CrossEntropy`](crate::CrossEntropy) doesn't end in one:
/// that loss takes logits, and applies the softmax itself, so the compiler refuses a softmax in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Softmax<const N: usize, S = f32>(PhantomData<S>);

// SAFETY: there is nothing.
unsafe impl<const N: usize, S: Scalar> Parameters for Softmax<N, S> {
    type Scalar = S;

    fn visit(&self, _: Name<'_>, _: &mut Visitor<'_, S>) {}
}

/// The softmax of `scores`, in their place, and what was left of it: (largest score, sum of e^(x − largest)).
#[inline(always)]
pub(crate) fn softmax_in_place<S: Scalar>(scores: &mut [S]) -> (S, S) {
    let largest = scores.iter().fold(-S::MAX, |largest, &score| largest.max(score));
    let mut sum = S::ZERO;
    for score in scores.iter_mut() {
        *score = (*score - largest).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
    (largest, sum)
}

impl<const N: usize, S: Scalar> Layer for Softmax<N, S> {
    type Input = [S; N];
    type Output = [S; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();

    const KIND: &'static str = "Softmax";
    const MACS: usize = 0;
    const PROBABILITIES: bool = true;

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
        for (y, x) in outputs.iter_mut().zip(inputs) {
            *y = *x;
            softmax_in_place(y);
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; N]],
        _: &mut Self,
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
