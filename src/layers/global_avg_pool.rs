//! Means of whole channels.

use core::marker::PhantomData;

use crate::channels_last::{ChannelsLast, Formats, Support};
use crate::chunks::Chunks;
use crate::graph::Node;
use crate::image::Channels;
use crate::kernels::{Simd, sum, sum_positions};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The mean of each channel: `[[[S; columns]; rows]; C]`, or any other shape with channels, becomes `[S; C]`.
///
/// `y[c] = Σ x[c, p] / P` over all P positions p; `dx[c, p] = g[c] / P`. No weights, no multiply-accumulates, no tape.
///
/// Declared as `GlobalAvgPool`. Lin, Chen and Yan, "Network in network", ICLR 2014.
///
/// ```
/// use fnn::{Network, layers::GlobalAvgPool};
///
/// let pool = GlobalAvgPool::<[[[f32; 2]; 1]; 3]>::new();
/// assert_eq!(pool.forward(&[[[1.0, 3.0]], [[0.0, -4.0]], [[7.0, 7.0]]]), [2.0, -2.0, 7.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct GlobalAvgPool<A>(PhantomData<A>);

without_weights!([A: Channels] GlobalAvgPool<A>, A::Element);

impl<S: Scalar, A: Channels<Element = S>> Layer for GlobalAvgPool<A> {
    type Input = A;
    type Output = A::Each;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "GlobalAvgPool";
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(&[]);

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A::Each], (): &mut ()) {
        let part = S::ONE / S::from_f64(A::SPACE as f64);
        for (x, y) in A::flat(inputs).blocks(A::SPACE).zip(A::Each::flat_mut(outputs)) {
            *y = sum(x) * part;
        }
    }

    const FORMATS: Formats = Formats { input: Support::Always, output: Support::Never };

    #[inline(always)]
    fn forward_formatted<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[A],
        outputs: &mut [A::Each],
        format: ChannelsLast,
        (): &mut (),
    ) {
        if !format.input {
            return self.forward_batch::<V, B>(simd, inputs, outputs, &mut ());
        }
        let part = S::ONE / S::from_f64(A::SPACE as f64);
        let samples = A::flat(inputs).blocks(A::LENGTH).zip(A::Each::flat_mut(outputs).blocks_mut(A::CHANNELS));
        for (x, y) in samples {
            sum_positions(simd, x, part, y);
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [A::Each],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        let part = S::ONE / S::from_f64(A::SPACE as f64);
        for (dx, &g) in A::flat_mut(dx).blocks_mut(A::SPACE).zip(A::Each::flat(output_gradients)) {
            dx.fill(g * part);
        }
    }
}
