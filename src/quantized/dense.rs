//! Quantized dense layers.

use super::layer::forward_each;
use super::{Arithmetic, Filters, Once, Quantize, QuantizedLayer, Requantize, Trace};
#[cfg(feature = "alloc")]
use super::{Ranges, Signal};
use crate::layers::{self, Bias};
use crate::pod::Pod;

/// The fewest outputs for which inputs are turned into pairs of 16-bit integers once, where instructions multiply pairs. It takes
/// memory, and saves two of 23 instructions for four inputs and four rows.
const PAIRED: usize = 64;

/// Room for inputs as pairs, and to align them.
pub(super) type Paired<const I: usize> = ([[i8; I]; 2], [i8; 9]);

/// The fewest weights for which vectors of samples are faster than vectors of inputs.
const MANY: usize = 1024;

/// The most inputs for vectors of samples: 32 samples of them stay in the first-level cache.
const LONGEST: usize = 1024;

/// A quantized [`Dense`](crate::layers::Dense) layer of I inputs and O outputs, fused with a clipping activation
/// (`Relu`, `Relu6`) right after it.
///
/// I·O multiply-accumulates, I·O + 9·O + 4 bytes. On processors with Arm's DSP extension, layers with 64 outputs or more take
/// 2·I + 9 bytes of the stack, in which the inputs are copied as 16-bit integers; `RAM_INFERENCE` counts them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct Dense<const I: usize, const O: usize, R = Once> {
    /// A row of weights for each output.
    pub filters: Filters<[i8; I], O, R>,
}

// SAFETY: the only field is `Pod`.
unsafe impl<const I: usize, const O: usize, R: Pod> Pod for Dense<I, O, R> {}

crate::stored!([const I: usize, const O: usize, R: Requantize] Dense<I, O, R> { "": filters: Filters<[i8; I], O, R> });

impl<const I: usize, const O: usize, R: Requantize> QuantizedLayer for Dense<I, O, R> {
    type Input = [i8; I];
    type Output = [i8; O];
    type Workspace = ();

    const STACK: usize = if O >= PAIRED { size_of::<Paired<I>>() } else { 0 };

    #[inline(always)]
    fn forward<T: Trace>(&self, input: &[i8; I], output: &mut [i8; O], (): &mut (), _: &mut T) {
        #[cfg(fnn_dsp)]
        if const { O >= PAIRED } {
            let (weights, finish) = self.filters.part(0, O);
            return super::dsp::dense_with_room(input, weights, finish, output);
        }
        self.filters.apply(input, output);
    }

    const BATCHED: bool = cfg!(fnn_integer_dot) && I * O >= MANY && I <= LONGEST;

    /// Lanes are samples, where the processor has instructions for it.
    #[inline(always)]
    fn forward_batch(&self, inputs: &[[i8; I]], outputs: &mut [[i8; O]], workspaces: &mut [()]) {
        #[cfg(fnn_integer_dot)]
        if let (true, Some(simd)) = (Self::BATCHED, super::integer_dot::IntegerDot::detect()) {
            return self.filters.batch::<{ LONGEST / 4 }>(simd, inputs.as_flattened(), outputs.as_flattened_mut());
        }
        forward_each(self, inputs, outputs, workspaces);
    }
}

impl<const I: usize, const O: usize, B: Bias<[f32; O]>> Quantize for layers::Dense<I, O, f32, B> {
    type Quantized<A: Arithmetic> = Dense<I, O, A::Dense>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Dense<I, O>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let weight = |output: usize, input: usize| {
            self.weight.get(input).and_then(|row| row.get(output)).copied().unwrap_or_default()
        };
        quantized.filters.fill(weight, self.bias.parameters(), &input, ranges.take())
    }
}
