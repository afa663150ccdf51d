//! Quantized weights, with the factors that requantize their sums.

#[cfg(fnn_integer_dot)]
use super::integer_dot::{IntegerDot, Narrow, Quads, Strip};
use super::products::{Finish, all_products, assert_no_overflow};
use super::requantization::{Once, Requantize};
use crate::pod::Pod;
use crate::shape::Sample;

/// F filters, each for one output or output channel.
///
/// `y[f] = factor[f] · (Σ weight[f]·x + bias[f]) + zero point`, rounded and saturated to 8 bits as `R` says. If the
/// activation clips at one end, as ReLU does, the zero point lies there, so that saturation does the activation's work.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Filters<A, const F: usize, R = Once> {
    /// Added to each sum, in its scale: the float layer's bias, minus the contribution of the inputs' zero point.
    pub bias: [i32; F],
    /// The mantissa of each factor.
    pub mantissa: [i32; F],
    /// How the sums are rounded, with the outputs' zero point.
    pub requantization: R,
    /// The shift of each factor.
    pub shift: [u8; F],
    /// The weights, from −127 to 127, filter after filter.
    pub weight: [A; F],
}

// SAFETY: all fields are arrays of integers or `Pod`.
unsafe impl<A: Pod, const F: usize, R: Pod> Pod for Filters<A, F, R> {}

crate::stored!([A: Sample<Element = i8>, const F: usize, R: Requantize] Filters<A, F, R> {
    "bias": bias: [i32; F];
    "mantissa": mantissa: [i32; F];
    "": requantization: R;
    "shift": shift: [u8; F];
    "weight": weight: [A; F];
});

impl<A: Sample<Element = i8>, const F: usize, R: Requantize> Filters<A, F, R> {
    /// Applies all filters to one input.
    #[inline(always)]
    pub(super) fn apply(&self, x: &[i8], y: &mut [i8; F]) {
        let (weights, finish) = self.part(0, F);
        all_products(x, weights, finish, y);
    }

    /// All filters on all places of an image, with scratch of these sizes, which it fits.
    #[cfg(fnn_integer_dot)]
    #[inline(always)]
    pub(super) fn convolve<const IMAGE: usize, const QUADS: usize>(
        &self,
        simd: IntegerDot,
        strip: &Strip,
        x: (&[i8], i8),
        y: &mut [i8],
    ) {
        let (weights, finish) = self.part(0, F);
        let (mut image, mut quads): ([_; IMAGE], [Quads; QUADS]) = ([0; IMAGE], [Quads::ZERO; QUADS]);
        simd.convolution(strip, x, (weights, finish.of_any_layer(), &mut [0; F]), y, (&mut image, &mut quads));
    }

    /// All filters on all places of an image, by their table.
    #[cfg(fnn_integer_dot)]
    #[inline(always)]
    pub(super) fn convolve_narrow(&self, simd: IntegerDot, narrow: &Narrow, x: (&[i8], i8), y: &mut [i8]) {
        let (weights, finish) = self.part(0, F);
        simd.narrow(narrow, x, (weights, finish.of_any_layer(), &mut [0; F]), y);
    }

    /// All filters on a batch of inputs, each of at most four times `QUADS` numbers.
    #[cfg(fnn_integer_dot)]
    #[inline(always)]
    pub(super) fn batch<const QUADS: usize>(&self, simd: IntegerDot, x: &[i8], y: &mut [i8]) {
        let (weights, finish) = self.part(0, F);
        let mut quads: [Quads; QUADS] = [Quads::ZERO; QUADS];
        simd.batch(x, (weights, finish.of_any_layer(), &mut [0; F]), y, &mut quads);
    }

    /// The weights of `count` filters from `first` on, and how their sums are requantized.
    #[inline(always)]
    pub(super) fn part(&self, first: usize, count: usize) -> (&[i8], Finish<'_, R>) {
        const { assert_no_overflow(A::LENGTH) }
        let range = if count == F { 0..F } else { first..first + count };
        let finish = Finish {
            bias: self.bias.get(range.clone()).unwrap_or_default(),
            mantissa: self.mantissa.get(range.clone()).unwrap_or_default(),
            shift: self.shift.get(range.clone()).unwrap_or_default(),
            requantization: self.requantization,
        };
        (A::flat(self.weight.get(range).unwrap_or_default()), finish)
    }
}

#[cfg(feature = "alloc")]
mod quantize {
    use alloc::vec::Vec;

    use super::super::products::LARGEST_BIAS;
    use super::super::quantization::LARGEST_FACTOR;
    use super::super::{Multiplier, Quantization, Range, Signal};
    use super::*;

    /// The smallest step of a weight, used for filters that are all 0.
    const SMALLEST_SCALE: f64 = 1e-30;

    impl<A: Sample<Element = i8>, const F: usize> Filters<A, F> {
        /// Writes the integers for the weights `weight(filter, index)` and the biases, given the input and the range of
        /// the output.
        ///
        /// Weights: `scale[f] = max |w[f]| / 127`, zero point 0; biases: `scale = input scale · scale[f]`.
        pub(in crate::quantized) fn fill(
            &mut self,
            weight: impl Fn(usize, usize) -> f32,
            bias: &[f32],
            input: &Signal,
            range: Range,
        ) -> Signal {
            let input_scale = f64::from(input.quantization.scale);
            let bias = |filter: usize| f64::from(bias.get(filter).copied().unwrap_or(0.0));
            let scale = |filter: usize| {
                let largest = (0..A::LENGTH).map(|index| weight(filter, index).abs()).fold(0.0, f32::max);
                // A scale at which the bias fits too.
                let for_bias = bias(filter).abs() / (input_scale * f64::from(LARGEST_BIAS));
                (f64::from(largest) / 127.0).max(for_bias).max(SMALLEST_SCALE)
            };
            let scales: Vec<f64> = (0..F).map(scale).collect();
            let coarsest = input_scale * scales.iter().copied().fold(0.0, f64::max) / LARGEST_FACTOR;
            let output = Quantization::of_range(range.low, range.high).at_least(coarsest as f32);
            self.requantization = Once::at(output.zero_point);
            let furthest = f64::from(input.quantization.furthest());
            let mut worst = 0.0f64;
            let numbers = self.bias.iter_mut().zip(self.mantissa.iter_mut().zip(&mut self.shift));
            let weights = A::flat_mut(&mut self.weight).chunks_exact_mut(A::LENGTH.max(1));
            for (filter, ((numbers, row), scale)) in numbers.zip(weights).zip(scales).enumerate() {
                let (mut sum, mut error) = (0, 0.0);
                for (index, integer) in row.iter_mut().enumerate() {
                    let weight = f64::from(weight(filter, index));
                    let nearest = libm::round(weight / scale).clamp(-127.0, 127.0);
                    *integer = nearest as i8;
                    sum += nearest as i32;
                    error += weight.abs() * input.error + (weight - nearest * scale).abs() * furthest;
                }
                let sum_scale = input_scale * scale;
                let largest = f64::from(LARGEST_BIAS);
                let nearest = libm::round(bias(filter) / sum_scale).clamp(-largest, largest);
                error += (bias(filter) - nearest * sum_scale).abs();
                let (integer, (mantissa, shift)) = numbers;
                *integer = nearest as i32 - input.quantization.zero_point * sum;
                let multiplier = Multiplier::nearest(sum_scale / f64::from(output.scale));
                (*mantissa, *shift) = (multiplier.mantissa, multiplier.shift);
                worst = worst.max(error);
            }
            Signal::rounded(output, range, worst)
        }
    }
}
