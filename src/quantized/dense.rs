//! Quantized dense layers.

use super::{Filters, Quantize, QuantizedLayer, Trace, Visitor};
#[cfg(feature = "alloc")]
use super::{Ranges, Signal};
use crate::layers::{self, Bias};
use crate::pod::Pod;
use crate::weights::name::Name;

/// A quantized [`Dense`](crate::layers::Dense) layer of I inputs and O outputs, fused with a clipping activation
/// (`Relu`, `Relu6`) right after it.
///
/// I·O multiply-accumulates, I·O + 9·O + 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct Dense<const I: usize, const O: usize> {
    /// A row of weights for each output.
    pub filters: Filters<[i8; I], O>,
}

// SAFETY: the only field is `Pod`.
unsafe impl<const I: usize, const O: usize> Pod for Dense<I, O> {}

impl<const I: usize, const O: usize> QuantizedLayer for Dense<I, O> {
    type Input = [i8; I];
    type Output = [i8; O];
    type Workspace = ();

    fn visit(&self, name: Name<'_>, visitor: &mut Visitor<'_>) {
        self.filters.visit(name, visitor);
    }

    #[inline(always)]
    fn forward<T: Trace>(&self, input: &[i8; I], output: &mut [i8; O], (): &mut (), _: &mut T) {
        self.filters.apply(input, output);
    }
}

impl<const I: usize, const O: usize, B: Bias<[f32; O]>> Quantize for layers::Dense<I, O, f32, B> {
    type Quantized = Dense<I, O>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Dense<I, O>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let weight = |output: usize, input: usize| {
            self.weight.get(input).and_then(|row| row.get(output)).copied().unwrap_or_default()
        };
        quantized.filters.fill(weight, self.bias.parameters(), &input, ranges.take())
    }
}
