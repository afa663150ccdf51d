//! Maxima of whole channels.

use core::marker::PhantomData;

use crate::chunks::Chunks;
use crate::graph::Node;
use crate::image::Channels;
use crate::kernels::Simd;
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The largest element of each channel: `[[[S; columns]; rows]; C]`, or any other shape with channels, becomes `[S;
/// C]`.
///
/// `y[c] = max x[c, p]` over all positions p. Backward, `g[c]` goes to that largest element, the first one if several
/// are equal. NaN in, NaN out. No weights, no multiply-accumulates, no tape.
///
/// Declared as `GlobalMaxPool`. Oquab and others, "Is object localization for free?", CVPR 2015; as PyTorch's
/// `AdaptiveMaxPool2d(1)`.
///
/// ```
/// use fnn::{Network, layers::GlobalMaxPool};
///
/// let pool = GlobalMaxPool::<[[[f32; 2]; 1]; 3]>::new();
/// assert_eq!(pool.forward(&[[[1.0, 3.0]], [[0.0, -4.0]], [[-7.0, -7.0]]]), [3.0, 0.0, -7.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct GlobalMaxPool<A>(PhantomData<A>);

without_weights!([A: Channels] GlobalMaxPool<A>, A::Element);

/// Numbers that are compared at a time.
const LANES: usize = 8;

/// The largest number, or NaN if there is one.
#[inline(always)]
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
fn largest<S: Scalar>(x: &[S]) -> S {
    // NaN is not greater than anything, and nothing is greater than it.
    let larger = |largest: S, x: S| if x > largest || x != x { x } else { largest };
    let mut lanes = [S::from_f64(f64::NEG_INFINITY); LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for x in chunks {
        for (largest, &x) in lanes.iter_mut().zip(x) {
            *largest = larger(*largest, x);
        }
    }
    rest.iter().chain(&lanes).fold(S::from_f64(f64::NEG_INFINITY), |largest, &x| larger(largest, x))
}

impl<S: Scalar, A: Channels<Element = S>> Layer for GlobalMaxPool<A> {
    type Input = A;
    type Output = A::Each;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "GlobalMaxPool";
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(&[]);

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A::Each], (): &mut ()) {
        for (x, y) in A::flat(inputs).blocks(A::SPACE).zip(A::Each::flat_mut(outputs)) {
            *y = largest(x);
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [A::Each],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        let channels = A::flat(recorded.inputs).blocks(A::SPACE).zip(A::flat_mut(dx).blocks_mut(A::SPACE));
        let outputs = A::Each::flat(recorded.outputs).iter().zip(A::Each::flat(output_gradients));
        for ((x, dx), (y, &g)) in channels.zip(outputs) {
            dx.fill(S::ZERO);
            if let Some((_, dx)) = x.iter().zip(dx).find(|(x, _)| *x == y) {
                *dx = g;
            }
        }
    }
}
