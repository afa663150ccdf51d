//! Softmax as a layer.

use core::marker::PhantomData;

use crate::graph::{Attribute, Node};
use crate::kernels::{Operation, Simd, SoftmaxInPlace};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::layout::Layout;
use crate::weights::parameters::Parameters;

/// Scores as probabilities: `yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ)`, for `x, y: [N]`, or for each row of `N` numbers of a sample `A`.
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
/// Declared as `Softmax`, which takes a vector; `Softmax(axes = 1)` takes any shape, and its rows are the last axis, or as
/// many of the last axes; it can't be quantized. A network that is trained with [`CrossEntropy`](crate::losses::CrossEntropy) doesn't end in
/// one: that loss takes logits and applies the softmax itself, so a softmax in front of it is a compile error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Softmax<const N: usize, S = f32, A = [S; N]>(PhantomData<(S, A)>);

// SAFETY: the type is empty.
unsafe impl<const N: usize, S: Scalar, A: Sample<Element = S>> Parameters for Softmax<N, S, A> {
    type Scalar = S;

    const LAYOUT: Layout = Layout::NOTHING;
}

impl<const N: usize, S: Scalar, A: Sample<Element = S>> Layer for Softmax<N, S, A> {
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Softmax";
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::Probabilities;
    const GRAPH: Node = Node::layer::<Self>(const { &[Attribute::count("axes", axes_of_row::<A>(N))] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        for (y, x) in rows_mut::<A, N>(outputs).iter_mut().zip(rows::<A, N>(inputs)) {
            *y = *x;
            SoftmaxInPlace { scores: y }.run(simd);
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
            let mean: S = g.iter().zip(y).map(|(&g, &y)| g * y).sum();
            for ((dx, &g), &y) in dx.iter_mut().zip(g.iter()).zip(y) {
                *dx = y * (g - mean);
            }
        }
    }
}

/// The rows of `N` numbers of a batch.
#[inline(always)]
pub(super) fn rows<A: Sample, const N: usize>(batch: &[A]) -> &[[A::Element; N]] {
    A::flat(batch).as_chunks().0
}

/// [`rows`], mutable.
#[inline(always)]
pub(super) fn rows_mut<A: Sample, const N: usize>(batch: &mut [A]) -> &mut [[A::Element; N]] {
    A::flat_mut(batch).as_chunks_mut().0
}

/// How many of the last axes of a sample are a row of `length` numbers.
pub(super) const fn axes_of_row<A: Sample>(length: usize) -> usize {
    let shape = A::SHAPE;
    let (mut axes, mut product) = (1, shape.size(shape.rank() - 1));
    while product < length && axes < shape.rank() {
        axes += 1;
        product *= shape.size(shape.rank() - axes);
    }
    assert!(length > 0 && product == length, "a row has the length of the last axes");
    axes
}
