//! Quantized convolutions.

use core::marker::PhantomData;

#[cfg(fnn_integer_dot)]
use super::integer_dot::{IntegerDot, Strip, Tables};
#[cfg(fnn_without_vectors)]
use super::tile::{Layer, Way, convolve, in_one_row};
use super::{Arithmetic, Filters, Once, Quantize, QuantizedLayer, Requantize, Trace, attributes};
#[cfg(feature = "alloc")]
use super::{Native, Ranges, Signal};
#[cfg(not(fnn_without_vectors))]
use super::{gather::gather, products::products};
#[cfg(not(fnn_without_vectors))]
use crate::chunks::Chunks;
use crate::kernels::Convolution;
#[cfg(not(fnn_without_vectors))]
use crate::kernels::{Operation, Simd, dispatch};
use crate::layers::{self, Bias, Channels, Image, Windows};
use crate::pod::Pod;
use crate::shape::Sample;
use crate::weights::parameters::Parameters;

/// A quantized [`Conv`](crate::layers::Conv), fused with a clipping activation (`Relu`, `Relu6`) right after it.
///
/// `I`, `O` and `K` are those of the float layer; `A` is one of its F filters. At each position, the elements under the
/// window are copied into a patch, with the zero point for padding, and multiplied with each filter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Conv<I: Sample, O: Sample, A: Sample, K, const F: usize, R = Once> {
    /// The filters.
    pub filters: Filters<A::Of<i8>, F, R>,
    /// The zero point of the inputs.
    pub zero_point: i32,
    shape: PhantomData<(I, O, K)>,
}

// SAFETY: the fields that aren't empty are integers or `Pod`.
unsafe impl<I: Sample, O: Sample, A: Sample, K: Windows, const F: usize, R: Pod> Pod for Conv<I, O, A, K, F, R> {}

crate::stored!(
    [I: Sample, O: Sample, A: Sample<Element = f32>, K: Windows, const F: usize, R: Requantize] Conv<I, O, A, K, F, R> {
        "": filters: Filters<A::Of<i8>, F, R>;
        "zero_point": zero_point: i32;
    },
    &attributes::<I, O, K>()
);

/// Scratch on the stack for strips: bytes of padded channels, and quads. What a convolution needs of both decides which.
#[cfg(fnn_integer_dot)]
const SMALL: (usize, usize) = (4096, 40);
#[cfg(fnn_integer_dot)]
const MEDIUM: (usize, usize) = (8192, 80);
#[cfg(fnn_integer_dot)]
const LARGE: (usize, usize) = (48 * 1024, 384);

/// The layer in `f32`.
type Float<I, O, A, K, const F: usize> = layers::Conv<I, O, [A; F], K>;

impl<I, O, A, K, const F: usize, R> Conv<I, O, A, K, F, R>
where
    I: Image<Element = f32>,
    O: Image<Element = f32>,
    A: Sample<Element = f32>,
    [A; F]: Parameters<Scalar = f32>,
    K: Windows,
{
    const CONVOLUTION: Convolution = Float::<I, O, A, K, F>::CONVOLUTION;
    #[cfg(fnn_integer_dot)]
    const STRIP: Strip = Strip::new(Self::CONVOLUTION);
}

impl<I, O, A, K, const F: usize, R> QuantizedLayer for Conv<I, O, A, K, F, R>
where
    I: Image<Element = f32>,
    O: Image<Element = f32>,
    A: Sample<Element = f32>,
    [A; F]: Parameters<Scalar = f32>,
    K: Windows,
    R: Requantize,
{
    type Input = I::Of<i8>;
    type Output = O::Of<i8>;
    /// The elements under the window, of four places in 16 bits, and room to align them.
    type Workspace = ([A::Of<i8>; 8], [i8; 27]);

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &I::Of<i8>, y: &mut O::Of<i8>, workspace: &mut Self::Workspace, _: &mut T) {
        #[cfg(fnn_without_vectors)]
        {
            let (x, y) = (x.elements(), y.elements_mut());
            let (weights, finish) = self.filters.part(0, F);
            let convolution = const { &in_one_row(Self::CONVOLUTION) };
            let layer = Layer { convolution, weights, finish, outside: self.zero_point as i8 };
            convolve(const { Way::of(&Self::CONVOLUTION) }, layer, x, y, crate::memory::aligned(workspace));
        }
        #[cfg(not(fnn_without_vectors))]
        self.with_vectors(x, y, workspace);
    }
}

#[cfg(not(fnn_without_vectors))]
impl<I, O, A, K, const F: usize, R> Conv<I, O, A, K, F, R>
where
    I: Image<Element = f32>,
    O: Image<Element = f32>,
    A: Sample<Element = f32>,
    [A; F]: Parameters<Scalar = f32>,
    K: Windows,
    R: Requantize,
{
    /// Many places at once where the processor has instructions for it, or else place by place.
    #[inline(always)]
    fn with_vectors(&self, x: &I::Of<i8>, y: &mut O::Of<i8>, workspace: &mut <Self as QuantizedLayer>::Workspace) {
        let (x, y) = (x.elements(), y.elements_mut());
        #[cfg(fnn_integer_dot)]
        if let Some(simd) = IntegerDot::detect() {
            let (input, filters) = ((x, self.zero_point as i8), &self.filters);
            if let Some(narrow) = simd.table(const { &Tables::new(Self::CONVOLUTION) }) {
                return filters.convolve_narrow(simd, narrow, input, y);
            }
            if const { Self::STRIP.fits(SMALL.0, SMALL.1) } {
                return filters.convolve::<{ SMALL.0 }, { SMALL.1 }>(simd, const { &Self::STRIP }, input, y);
            }
            if const { Self::STRIP.fits(MEDIUM.0, MEDIUM.1) } {
                return filters.convolve::<{ MEDIUM.0 }, { MEDIUM.1 }>(simd, const { &Self::STRIP }, input, y);
            }
            if const { Self::STRIP.fits(LARGE.0, LARGE.1) } {
                return filters.convolve::<{ LARGE.0 }, { LARGE.1 }>(simd, const { &Self::STRIP }, input, y);
            }
        }
        let patch = A::Of::<i8>::flat_mut(&mut workspace.0[..1]);
        dispatch(PatchByPatch { layer: self, x, y, patch });
    }
}

/// A convolution, place by place: the compiler makes vectors of the sums.
#[cfg(not(fnn_without_vectors))]
struct PatchByPatch<'a, I: Sample, O: Sample, A: Sample, K, const F: usize, R> {
    layer: &'a Conv<I, O, A, K, F, R>,
    x: &'a [i8],
    y: &'a mut [i8],
    /// The elements under the window.
    patch: &'a mut [i8],
}

#[cfg(not(fnn_without_vectors))]
impl<I, O, A, K, const F: usize, R> Operation for PatchByPatch<'_, I, O, A, K, F, R>
where
    I: Image<Element = f32>,
    O: Image<Element = f32>,
    A: Sample<Element = f32>,
    [A; F]: Parameters<Scalar = f32>,
    K: Windows,
    R: Requantize,
{
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, _: V) {
        let Self { layer, x, y, patch } = self;
        let Convolution { plane, seen, filters } = const { Conv::<I, O, A, K, F, R>::CONVOLUTION };
        let (places, outside) = (plane.outputs(), layer.zero_point as i8);
        for (group, x) in x.blocks(seen * plane.inputs()).enumerate() {
            let (weights, finish) = layer.filters.part(group * filters, filters);
            let mut place = 0;
            for row in 0..plane.rows.output {
                for column in 0..plane.columns.output {
                    for (channel, patch) in x.blocks(plane.inputs()).zip(patch.blocks_mut(plane.taps())) {
                        gather(&plane, channel, (row, column), outside, patch);
                    }
                    products(patch, weights, finish, |filter, integer| {
                        if let Some(y) = y.get_mut((group * filters + filter) * places + place) {
                            *y = integer;
                        }
                    });
                    place += 1;
                }
            }
        }
    }
}

impl<I, O, A, K, B, const F: usize> Quantize for layers::Conv<I, O, [A; F], K, B>
where
    I: Image<Element = f32>,
    O: Image<Element = f32>,
    O: Channels<Element = f32>,
    A: Sample<Element = f32>,
    [A; F]: Parameters<Scalar = f32> + Sample<Element = f32>,
    K: Windows,
    B: Bias<O::Each>,
{
    type Quantized<M: Arithmetic> = Conv<I, O, A, K, F, M::Convolution>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let weights = self.weight.parameters();
        let weight = |filter: usize, index: usize| weights.get(filter * A::LENGTH + index).copied().unwrap_or_default();
        quantized.zero_point = input.quantization.zero_point;
        quantized.filters.fill(weight, self.bias.parameters(), &input, ranges.take())
    }
}
