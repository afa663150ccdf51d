//! Maxima of windows.

use core::marker::PhantomData;

use super::windowed::Windowed;
use super::{Axis, Windows};
use crate::graph::{Attribute, Node};
use crate::image::Image;
use crate::kernels::{Plane, Simd, maximum, maximum_gradient, maximum_with_places};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::pod::Pod;
use crate::scalar::Scalar;
#[cfg(all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64")))]
use crate::shape::Sample;
use crate::window::Sliding;

/// The largest element of each window, channel by channel.
///
/// `I` is the input, an image `[[[S; columns]; rows]; C]` or a sequence `[[S; length]; C]`; `O` is the output;
/// `K` says how the window slides, `(rows, columns)`, each a [`Window`](super::Window). On each axis,
/// the output has `⌊(size + a + b − kernel) / stride⌋ + 1` elements, where a is the padding before the image and b that
/// after it, both smaller than the window.
///
/// `y[c, p] = max x[c, s·p + t − a]` over the positions t in the window that lie on the image; padding is never the
/// largest. Backward, `g[c, p]` goes to that largest element, the first one if several are equal. NaN in, NaN out. No
/// weights, no multiply-accumulates; with vectors, a tape of one byte for each output.
///
/// Declared as `MaxPool2d(2)` or `MaxPool2d((rows, columns), stride = the window, padding = 0)`, for sequences as
/// `MaxPool1d(2)`. Padding and `dilation` are written as those of a [`Conv`](super::Conv); the padding may be `same`.
/// Riesenhuber and Poggio, "Hierarchical models of object recognition in cortex", 1999; sizes and padding as PyTorch's
/// `MaxPool2d`, whose `ceil_mode` is more padding after the image.
///
/// ```
/// use fnn::{Network, layers::{MaxPool, Window}};
///
/// type Halves = Window<2, 2>;
/// let pool = MaxPool::<[[f32; 4]; 1], [[f32; 2]; 1], Halves>::new();
/// assert_eq!(pool.forward(&[[1.0, 3.0, -2.0, -5.0]]), [[3.0, -2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct MaxPool<I, O, K>(PhantomData<(I, O, K)>);

/// With vectors, the tap that each output of a batch was found at: one byte for each.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(4))]
pub struct Places<O: Image, const B: usize> {
    #[cfg(all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64")))]
    taps: [O::Of<u8>; B],
    outputs: PhantomData<O>,
}

// SAFETY: bytes, and what fills the last four of them up.
unsafe impl<O: Image, const B: usize> Pod for Places<O, B> {
    const VECTOR_SCRATCH: usize = size_of::<Self>();
}

#[cfg(all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64")))]
impl<O: Image, const B: usize> Places<O, B> {
    #[inline(always)]
    fn all(&self) -> &[u8] {
        <O::Of<u8>>::flat(&self.taps)
    }

    #[inline(always)]
    fn all_mut(&mut self) -> &mut [u8] {
        <O::Of<u8>>::flat_mut(&mut self.taps)
    }
}

#[cfg(not(all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64"))))]
impl<O: Image, const B: usize> Places<O, B> {
    #[inline(always)]
    const fn all(&self) -> &[u8] {
        &[]
    }

    #[inline(always)]
    const fn all_mut(&mut self) -> &mut [u8] {
        &mut []
    }
}

without_weights!([I: Image, O: Image<Element = I::Element>, K: Windows] MaxPool<I, O, K>, I::Element);

/// A pool's window from a channel of `I` to a channel of `O`.
pub(crate) const fn pool_plane<I: Image, O: Image, K: Windows>() -> Plane {
    assert!(I::SHAPE.rank() == O::SHAPE.rank(), "the input and the output are both images or both sequences");
    assert!(I::CHANNELS == O::CHANNELS, "a pool keeps the channels");
    let (rows, columns) = (K::ROWS, K::COLUMNS);
    assert!(leaves_input(rows) && leaves_input(columns), "the padding at either end is smaller than the window");
    Plane { rows: Sliding::new(I::ROWS, O::ROWS, rows), columns: Sliding::new(I::COLUMNS, O::COLUMNS, columns) }
}

/// Whether part of the input is in every window.
const fn leaves_input(Axis { kernel, before, after, .. }: Axis) -> bool {
    before < kernel && after < kernel
}

impl<S: Scalar, I: Image<Element = S>, O: Image<Element = S>, K: Windows> Layer for MaxPool<I, O, K> {
    type Input = I;
    type Output = O;
    type Tape<const B: usize> = Places<O, B>;
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = if I::SHAPE.rank() == 2 { "MaxPool1d" } else { "MaxPool2d" };
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(
        const {
            &[
                Attribute::sizes("window", Windowed::<I, K>::KERNEL),
                Attribute::sizes("stride", Windowed::<I, K>::STRIDE),
                Attribute::ends("padding", Windowed::<I, K>::BEFORE, Windowed::<I, K>::AFTER),
                Attribute::sizes("dilation", Windowed::<I, K>::DILATION),
            ]
        },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[I], outputs: &mut [O], (): &mut ()) {
        let plane = const { pool_plane::<I, O, K>() };
        maximum(simd, &plane, I::flat(inputs), O::flat_mut(outputs));
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[I],
        outputs: &mut [O],
        places: &mut Places<O, B>,
        (): &mut (),
    ) {
        let plane = const { pool_plane::<I, O, K>() };
        maximum_with_places(pass.simd, &plane, I::flat(inputs), O::flat_mut(outputs), places.all_mut());
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [O],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [I]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        let plane = const { pool_plane::<I, O, K>() };
        let recorded = (I::flat(recorded.inputs), O::flat(recorded.outputs), recorded.tape.all());
        maximum_gradient(pass.simd, &plane, recorded, O::flat_mut(output_gradients), I::flat_mut(dx));
    }
}
