//! Logarithms of probabilities.

use core::marker::PhantomData;

use super::softmax::{axes_of_row, rows, rows_mut};
use crate::graph::{Attribute, Node};
use crate::kernels::{Simd, copy, softmax_in_place, sum};
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::scalar::Scalar;
use crate::shape::Sample;

/// Scores as logarithms of probabilities: `yᵢ = xᵢ − ln Σⱼ e^(xⱼ)`, for `x, y: [N]`, or for each row of `N`
/// numbers of a sample `A`.
///
/// `dxᵢ = gᵢ − e^(yᵢ)·Σⱼ gⱼ`. Stable at any finite score: the largest one is subtracted first. No weights, no
/// multiply-accumulates. Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990;
/// formula as in PyTorch's `LogSoftmax`.
///
/// Declared as `LogSoftmax`, or, for any shape, as `LogSoftmax(axes = 1)`: see [`Softmax`](super::Softmax). Its outputs
/// are logits of the same probabilities, so a loss that takes logits, such as
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
pub struct LogSoftmax<const N: usize, S = f32, A = [S; N]>(PhantomData<(S, A)>);

without_weights!([const N: usize, S: Scalar, A: Sample<Element = S>] LogSoftmax<N, S, A>, S);

impl<const N: usize, S: Scalar, A: Sample<Element = S>> Layer for LogSoftmax<N, S, A> {
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "LogSoftmax";
    const MACS: u64 = 0;
    const GRAPH: Node = Node::layer::<Self>(const { &[Attribute::count("axes", axes_of_row::<A>(N))] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        for (y, x) in rows_mut::<A, N>(outputs).iter_mut().zip(rows::<A, N>(inputs)) {
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
        output_gradients: &mut [A],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        let (dx, g, y) = (rows_mut::<A, N>(dx), rows::<A, N>(output_gradients), rows::<A, N>(recorded.outputs));
        for ((dx, g), y) in dx.iter_mut().zip(g).zip(y) {
            let all = sum(g);
            for ((dx, &g), &y) in dx.iter_mut().zip(g.iter()).zip(y) {
                *dx = g - y.exp() * all;
            }
        }
    }
}
