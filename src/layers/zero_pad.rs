//! Padding with zeros.

use core::marker::PhantomData;

use super::windowed::Windowed;
use super::{Axis, Windows};
use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::image::Image;
use crate::kernels::{Plane, Simd};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;
use crate::window::Sliding;

/// Zeros around an image or a sequence: `y[c, p] = x[c, p − a]`, 0 where that is outside the input.
///
/// `I` is the input, an image `[[[S; columns]; rows]; C]` or a sequence `[[S; length]; C]`; `O` is the output, longer by
/// the padding; `K` is the padding, `(rows, columns)`, each a `Window<1, 1, BEFORE, 1, AFTER>`. Backward,
/// `dx[c, q] = g[c, q + a]`. No weights, no multiply-accumulates, no tape.
///
/// Declared as `ZeroPad2d(1)`, `ZeroPad2d((rows, columns))` or `ZeroPad2d(((above, below), (left, right)))`, for
/// sequences as `ZeroPad1d(1)` or `ZeroPad1d((before, after))`. Before a layer that has an argument `padding`, that is the
/// cheaper way. The same as PyTorch's `ZeroPad2d`, which takes `(left, right, above, below)`, and Keras's
/// `ZeroPadding2D`.
///
/// ```
/// use fnn::{Network, layers::{Window, ZeroPad}};
///
/// let pad = ZeroPad::<[[f32; 2]; 1], [[f32; 5]; 1], Window<1, 1, 2, 1, 1>>::new();
/// assert_eq!(pad.forward(&[[3.0, 4.0]]), [[0.0, 0.0, 3.0, 4.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ZeroPad<I, O, K>(PhantomData<(I, O, K)>);

without_weights!([I: Image, O: Image<Element = I::Element>, K: Windows] ZeroPad<I, O, K>, I::Element);

/// Windows of one element, of which those on the padding see 0.
pub(crate) const fn padding_plane<I: Image, O: Image, K: Windows>() -> Plane {
    assert!(I::SHAPE.rank() == O::SHAPE.rank(), "the input and the output are both images or both sequences");
    assert!(I::CHANNELS == O::CHANNELS, "padding keeps the channels");
    assert!(is_padding_alone(K::ROWS) && is_padding_alone(K::COLUMNS), "padding has windows of 1 and strides of 1");
    Plane { rows: Sliding::new(I::ROWS, O::ROWS, K::ROWS), columns: Sliding::new(I::COLUMNS, O::COLUMNS, K::COLUMNS) }
}

const fn is_padding_alone(Axis { kernel, stride, .. }: Axis) -> bool {
    kernel == 1 && stride == 1
}

impl<S: Scalar, I: Image<Element = S>, O: Image<Element = S>, K: Windows> Layer for ZeroPad<I, O, K> {
    type Input = I;
    type Output = O;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = if I::SHAPE.rank() == 2 { "ZeroPad1d" } else { "ZeroPad2d" };
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node =
        Node::layer::<Self>(const { &[Attribute::ends("padding", Windowed::<I, K>::BEFORE, Windowed::<I, K>::AFTER)] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[I], outputs: &mut [O], (): &mut ()) {
        let plane = const { padding_plane::<I, O, K>() };
        let outputs = O::flat_mut(outputs).blocks_mut(plane.outputs());
        for (x, y) in I::flat(inputs).blocks(plane.inputs()).zip(outputs) {
            plane.gather(simd, 0, x, y, 0);
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
        let plane = const { padding_plane::<I, O, K>() };
        let g = O::flat(output_gradients).blocks(plane.outputs());
        for (dx, g) in I::flat_mut(dx).blocks_mut(plane.inputs()).zip(g) {
            dx.fill(S::ZERO);
            plane.scatter(pass.simd, 0, g, dx, 0);
        }
    }
}
