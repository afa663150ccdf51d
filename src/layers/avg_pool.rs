//! Means of windows.

use core::marker::PhantomData;

use super::Windows;
use super::max_pool::pool_plane;
use super::windowed::Windowed;
use crate::graph::{Attribute, Node};
use crate::image::Image;
use crate::kernels::{Simd, collect, scale, spread_evenly};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;

/// The mean of each window, channel by channel.
///
/// `I` is the input, an image `[[[S; columns]; rows]; C]` or a sequence `[[S; length]; C]`; `O` is the output;
/// `K` says how the window slides, `(rows, columns)`, each a [`Window`](super::Window). On each axis,
/// the output has `⌊(size + 2a − kernel) / stride⌋ + 1` elements, where a is the padding.
///
/// `y[c, p] = Σ x[c, s·p + t − a] / T` over the T positions t in the window; x is 0 outside the image, and is counted.
/// Backward, `dx[c, q] = Σ g[c, p] / T` over all p that read it. No weights, no multiply-accumulates, no tape.
///
/// Declared as `AvgPool2d(2)` or `AvgPool2d((rows, columns), stride = the window, padding = 0)`, for sequences as
/// `AvgPool1d(2)`. LeCun and others, "Gradient-based learning applied to document recognition", 1998; padding counts as
/// in PyTorch's `AvgPool2d`.
///
/// ```
/// use fnn::{Network, layers::{AvgPool, Window}};
///
/// type Halves = Window<2, 2>;
/// let pool = AvgPool::<[[f32; 4]; 1], [[f32; 2]; 1], Halves>::new();
/// assert_eq!(pool.forward(&[[1.0, 3.0, -2.0, -5.0]]), [[2.0, -3.5]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct AvgPool<I, O, K>(PhantomData<(I, O, K)>);

without_weights!([I: Image, O: Image<Element = I::Element>, K: Windows] AvgPool<I, O, K>, I::Element);

impl<S: Scalar, I: Image<Element = S>, O: Image<Element = S>, K: Windows> Layer for AvgPool<I, O, K> {
    type Input = I;
    type Output = O;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();

    const KIND: &'static str = if I::SHAPE.rank() == 2 { "AvgPool1d" } else { "AvgPool2d" };
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(
        const {
            &[
                Attribute::sizes("window", Windowed::<I, K>::KERNEL),
                Attribute::sizes("stride", Windowed::<I, K>::STRIDE),
                Attribute::ends("padding", Windowed::<I, K>::BEFORE, Windowed::<I, K>::AFTER),
            ]
        },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[I], outputs: &mut [O], (): &mut ()) {
        let plane = const { pool_plane::<I, O, K>() };
        let part = S::ONE / S::from_f64(plane.taps() as f64);
        let outputs = O::flat_mut(outputs).chunks_exact_mut(plane.outputs());
        for (x, y) in I::flat(inputs).chunks_exact(plane.inputs()).zip(outputs) {
            y.fill(S::ZERO);
            collect(simd, &plane, x, y);
            scale(simd, part, y);
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [O],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [I]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        let plane = const { pool_plane::<I, O, K>() };
        let part = S::ONE / S::from_f64(plane.taps() as f64);
        let g = O::flat_mut(output_gradients).chunks_exact_mut(plane.outputs());
        for (dx, g) in I::flat_mut(dx).chunks_exact_mut(plane.inputs()).zip(g) {
            dx.fill(S::ZERO);
            scale(pass.simd, part, g);
            spread_evenly(pass.simd, &plane, g, dx);
        }
    }
}
