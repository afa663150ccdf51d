//! Softmax as a layer.

use core::marker::PhantomData;

use crate::graph::Node;
use crate::kernels::{Operation, Simd, SoftmaxInPlace};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
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
/// Declared as `Softmax`. A network that is trained with [`CrossEntropy`](crate::losses::CrossEntropy) doesn't end in
/// one: that loss takes logits and applies the softmax itself, so a softmax in front of it is a compile error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Softmax<const N: usize, S = f32>(PhantomData<S>);

// SAFETY: the type is empty.
unsafe impl<const N: usize, S: Scalar> Parameters for Softmax<N, S> {
    type Scalar = S;

    const LAYOUT: Layout = Layout::NOTHING;
}

impl<const N: usize, S: Scalar> Layer for Softmax<N, S> {
    type Input = [S; N];
    type Output = [S; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();

    const KIND: &'static str = "Softmax";
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::Probabilities;
    const GRAPH: Node = Node::layer::<Self>(&[]);

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
        for (y, x) in outputs.iter_mut().zip(inputs) {
            *y = *x;
            SoftmaxInPlace { scores: y }.run(simd);
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
