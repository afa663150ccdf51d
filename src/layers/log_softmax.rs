//! Logarithms of probabilities.

use core::marker::PhantomData;

use crate::graph::Node;
use crate::kernels::softmax_in_place;
use crate::kernels::{Simd, copy, sum};
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::scalar::Scalar;

/// Scores as logarithms of probabilities: `yᵢ = xᵢ − ln Σⱼ e^(xⱼ)`, for `x, y: [N]`.
///
/// `dxᵢ = gᵢ − e^(yᵢ)·Σⱼ gⱼ`. Stable at any finite score: the largest one is subtracted first. No weights, no
/// multiply-accumulates. Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990;
/// formula as in PyTorch's `LogSoftmax`.
///
/// Declared as `LogSoftmax`. Its outputs are logits of the same probabilities, so a loss that takes logits, such as
/// [`CrossEntropy`](crate::losses::CrossEntropy), has the same value with and without it.
///
/// ```
/// use fnn::{Network, layers::LogSoftmax};
///
/// let logarithms = LogSoftmax::<2>::new().forward(&[0.0, f32::ln(3.0)]);
/// assert!((logarithms[1].exp() - 0.75).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LogSoftmax<const N: usize, S = f32>(PhantomData<S>);

without_weights!([const N: usize, S: Scalar] LogSoftmax<N, S>, S);

impl<const N: usize, S: Scalar> Layer for LogSoftmax<N, S> {
    type Input = [S; N];
    type Output = [S; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();

    const KIND: &'static str = "LogSoftmax";
    const MACS: u64 = 0;
    const GRAPH: Node = Node::layer::<Self>(&[]);

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
        for (y, x) in outputs.iter_mut().zip(inputs) {
            copy(x, y);
            let (largest, sum) = softmax_in_place(y);
            let logarithm = sum.ln();
            for (y, &x) in y.iter_mut().zip(x) {
                *y = x - largest - logarithm;
            }
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
            let all = sum(g);
            for ((dx, &g), &y) in dx.iter_mut().zip(g.iter()).zip(y) {
                *dx = g - y.exp() * all;
            }
        }
    }
}
