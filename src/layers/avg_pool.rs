//! Means of windows.

use core::marker::PhantomData;

use super::Windows;
use super::max_pool::pool_plane;
use super::windowed::Windowed;
use crate::graph::{Attribute, Node};
use crate::image::Image;
use crate::kernels::{Simd, average, average_gradient};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;

/// The mean of each window, channel by channel.
///
/// `I` is the input, an image `[[[S; columns]; rows]; C]` or a sequence `[[S; length]; C]`; `O` is the output;
/// `K` says how the window slides, `(rows, columns)`, each a [`Window`](super::Window). On each axis,
/// the output has `⌊(size + a + b − kernel) / stride⌋ + 1` elements, where a is the padding before the image and b that
/// after it, both smaller than the window.
///
/// `y[c, p] = Σ x[c, s·p + t − a] / T` over the positions t in the window; x is 0 outside the image. If `COUNT_PADDING`,
/// T is the number of positions in the window; otherwise, of those on the image alone. Backward,
/// `dx[c, q] = Σ g[c, p] / T` over all p that read it. No weights, no multiply-accumulates, no tape.
///
/// Declared as `AvgPool2d(2)` or `AvgPool2d((rows, columns), stride = the window, padding = 0, count_padding = true)`, for
/// sequences as `AvgPool1d(2)`. The padding is written as that of a [`Conv`](super::Conv). With `padding = same`, it isn't
/// counted by default, as in TensorFlow; otherwise it is, as in PyTorch, whose `count_include_pad` is `count_padding`.
/// PyTorch's `ceil_mode` is more padding after the image that isn't counted. LeCun and others, "Gradient-based learning
/// applied to document recognition", 1998.
///
/// ```
/// use fnn::{Network, layers::{AvgPool, Window}};
///
/// type Halves = Window<2, 2>;
/// let pool = AvgPool::<[[f32; 4]; 1], [[f32; 2]; 1], Halves>::new();
/// assert_eq!(pool.forward(&[[1.0, 3.0, -2.0, -5.0]]), [[2.0, -3.5]]);
///
/// let alone = AvgPool::<[[f32; 4]; 1], [[f32; 3]; 1], Window<2, 2, 1>, false>::new();
/// assert_eq!(alone.forward(&[[1.0, 3.0, -2.0, -5.0]]), [[1.0, 0.5, -5.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct AvgPool<I, O, K, const COUNT_PADDING: bool = true>(PhantomData<(I, O, K)>);

without_weights!(
    [I: Image, O: Image<Element = I::Element>, K: Windows, const COUNT_PADDING: bool] AvgPool<I, O, K, COUNT_PADDING>,
    I::Element
);

impl<S: Scalar, I: Image<Element = S>, O: Image<Element = S>, K: Windows, const COUNT_PADDING: bool> Layer
    for AvgPool<I, O, K, COUNT_PADDING>
{
    type Input = I;
    type Output = O;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = if I::SHAPE.rank() == 2 { "AvgPool1d" } else { "AvgPool2d" };
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(
        const {
            &[
                Attribute::sizes("window", Windowed::<I, K>::KERNEL),
                Attribute::sizes("stride", Windowed::<I, K>::STRIDE),
                Attribute::ends("padding", Windowed::<I, K>::BEFORE, Windowed::<I, K>::AFTER),
                Attribute::sizes("dilation", Windowed::<I, K>::DILATION),
                Attribute::switch("count_padding", COUNT_PADDING),
            ]
        },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[I], outputs: &mut [O], (): &mut ()) {
        let plane = const { pool_plane::<I, O, K>() };
        average(simd, &plane, COUNT_PADDING, I::flat(inputs), O::flat_mut(outputs));
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
        average_gradient(pass.simd, &plane, COUNT_PADDING, O::flat_mut(output_gradients), I::flat_mut(dx));
    }
}
