//! Quantized products of branches.

#[cfg(feature = "alloc")]
use super::quantization::LARGEST_FACTOR;
#[cfg(feature = "alloc")]
use super::residual::assert_network;
use super::{Arithmetic, QuantizationAware, Quantize, QuantizedLayer, Requantize, Trace};
#[cfg(feature = "alloc")]
use super::{Multiplier, Native, Observer, Once, Quantization, Ranges, Signal};
use crate::chunks::Chunks;
use crate::image::Channels;
#[cfg(feature = "alloc")]
use crate::kernels::{Portable, multiply_assign};
use crate::layer::largest;
use crate::layers;
#[cfg(feature = "alloc")]
use crate::layers::product::places;
use crate::memory::{Larger, workspace};
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// How two samples of integers a and b are multiplied: `factor · (a − zero point of a) · (b − zero point of b)`, rounded as the sums
/// of convolutions are.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Products<R> {
    /// The integer that represents 0 in the first branch's output.
    pub first_zero_point: i32,
    /// The integer that represents 0 in the second branch's output.
    pub second_zero_point: i32,
    /// The mantissa of the factor.
    pub mantissa: i32,
    /// The shift of the factor.
    pub shift: i32,
    /// How products are rounded, with the outputs' zero point.
    pub requantization: R,
}

/// A quantized [`Product`](crate::layers::Product), fused with a clipping activation right after it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct MultipliedBranches<F, G, R> {
    /// How both outputs are multiplied.
    pub products: Products<R>,
    /// The first branch.
    pub first: F,
    /// The second branch.
    pub second: G,
}

// SAFETY: all fields are `Pod`.
unsafe impl<R: Pod> Pod for Products<R> {}
// SAFETY: all fields are `Pod`.
unsafe impl<F: Pod, G: Pod, R: Pod> Pod for MultipliedBranches<F, G, R> {}

crate::stored!([R: Requantize] Products<R> {
    "first_zero_point": first_zero_point: i32;
    "second_zero_point": second_zero_point: i32;
    "mantissa": mantissa: i32;
    "shift": shift: i32;
    "": requantization: R;
});
crate::stored!([F: QuantizedLayer, G: QuantizedLayer, R: Requantize] MultipliedBranches<F, G, R> {
    "product": products: Products<R>;
    "first": first: F;
    "second": second: G;
});

impl<R: Requantize> Products<R> {
    /// `first *= second`, where each number of `second` is the factor of `places` numbers of `first`.
    #[inline(always)]
    pub(crate) fn multiply(&self, second: &[i8], places: usize, first: &mut [i8]) {
        for (first, &second) in first.blocks_mut(places).zip(second) {
            let factor = i32::from(second).wrapping_sub(self.second_zero_point);
            for first in first {
                let product = i32::from(*first).wrapping_sub(self.first_zero_point).wrapping_mul(factor);
                *first = self.requantization.requantize(product, self.mantissa, self.shift as u8);
            }
        }
    }
}

impl<F, G, R> QuantizedLayer for MultipliedBranches<F, G, R>
where
    F: QuantizedLayer,
    G: QuantizedLayer<Input = F::Input>,
    R: Requantize,
{
    type Input = F::Input;
    type Output = F::Output;
    /// The second branch's output, and scratch shared by both.
    type Workspace = (G::Output, Larger<F::Workspace, G::Workspace>);

    const STACK: usize = largest(&[F::STACK, G::STACK]);

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &F::Input, y: &mut F::Output, memory: &mut Self::Workspace, trace: &mut T) {
        let (z, memory) = memory;
        self.first.forward(x, y, workspace(memory), trace);
        self.second.forward(x, z, workspace(memory), trace);
        let places = const { F::Output::LENGTH / G::Output::LENGTH };
        self.products.multiply(z.elements(), places, y.elements_mut());
    }
}

impl<F, G> Quantize for layers::Product<F, G>
where
    F: Quantize<Output: Channels<Element = f32>>,
    G: Quantize<Input = F::Input, Output: Channels<Element = f32>>,
{
    type Quantized<A: Arithmetic> = MultipliedBranches<F::Quantized<A>, G::Quantized<A>, A::Convolution>;

    #[cfg(feature = "alloc")]
    fn observe(&self, inputs: &[F::Input], observer: &mut Observer) -> alloc::vec::Vec<F::Output> {
        const { assert_network::<F>() }
        const { assert_network::<G>() }
        let mut outputs = observer.inside("first", |observer| self.first.observe(inputs, observer));
        let factors = observer.inside("second", |observer| self.second.observe(inputs, observer));
        let places = const { places::<F::Output, G::Output>() };
        multiply_assign(Portable, Sample::flat(&factors), places, Sample::flat_mut(&mut outputs));
        outputs
    }

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let first = self.first.quantize_into(&mut quantized.first, input, ranges);
        let second = self.second.quantize_into(&mut quantized.second, input, ranges);
        let range = ranges.take();
        let scale = f64::from(first.quantization.scale) * f64::from(second.quantization.scale);
        let output = Quantization::of_range(range.low, range.high).at_least((scale / LARGEST_FACTOR) as f32);
        let Multiplier { mantissa, shift } = Multiplier::nearest(scale / f64::from(output.scale));
        quantized.products = Products {
            first_zero_point: first.quantization.zero_point,
            second_zero_point: second.quantization.zero_point,
            mantissa,
            shift: shift.into(),
            requantization: Once::at(output.zero_point),
        };
        // Of a product of integers, neither factor is further from its number than its error.
        let furthest = |signal: &Signal| f64::from(signal.quantization.furthest());
        let error = first.error * furthest(&second) + second.error * (furthest(&first) + first.error);
        Signal::rounded(output, range, error)
    }
}

impl<S, F, G> QuantizationAware for layers::Product<F, G>
where
    S: Scalar,
    F: QuantizationAware<Scalar = S, Input: Sample<Element = S>, Output: Channels<Element = S>>,
    G: QuantizationAware<Scalar = S, Input = F::Input, Output: Channels<Element = S>>,
{
    type Aware = layers::Product<F::Aware, G::Aware>;

    fn write_aware(&self, aware: &mut Self::Aware, ranges: &mut dyn FnMut() -> [S; 2]) {
        self.first.write_aware(&mut aware.first, ranges);
        self.second.write_aware(&mut aware.second, ranges);
    }

    fn read_aware(&mut self, aware: &Self::Aware, ranges: &mut dyn FnMut([S; 2])) {
        self.first.read_aware(&aware.first, ranges);
        self.second.read_aware(&aware.second, ranges);
    }
}
