//! A network in 8 bits as a whole: real numbers in and out.

use super::{Quantization, QuantizedLayer};
use crate::plain::Plain;
use crate::shape::Sample;

/// A network in 8 bits: its layers, and what the integers that go in and that come out stand for.
///
/// It is plain data of known size, which can lie in a `static` in flash. Its inference needs no heap and no `std`, has no
/// panic path, and gives the same bits everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct QuantizedNetwork<L> {
    /// What the integers stand for that go in.
    pub input: Quantization,
    /// What the integers stand for that come out.
    pub output: Quantization,
    /// The layers, under the names that they have in the declaration.
    pub layers: L,
}

// SAFETY: all fields are numbers or plain.
unsafe impl<L: Plain> Plain for QuantizedNetwork<L> {}

/// A sample of the shape of `A`, in real numbers.
type Real<A> = <A as Sample>::Of<f32>;

impl<L: QuantizedLayer> QuantizedNetwork<L> {
    /// Bytes of weights, biases and factors: what the network takes in flash.
    pub const WEIGHT_BYTES: usize = size_of::<Self>();
    /// Bytes that inference needs beside what goes in and comes out.
    pub const WORKSPACE_BYTES: usize = size_of::<L::Workspace>();

    /// Inference of one sample. Allocates nothing.
    #[inline]
    #[must_use]
    pub fn forward(&self, input: &Real<L::Input>) -> Real<L::Output> {
        self.dequantize(&self.forward_integers(&self.quantize(input)))
    }

    /// Inference of one sample, from integers to integers. Allocates nothing.
    #[inline]
    #[must_use]
    pub fn forward_integers(&self, input: &L::Input) -> L::Output {
        let mut output = Plain::zeroed();
        let mut workspace = Plain::zeroed();
        self.forward_into(input, &mut output, &mut workspace);
        output
    }

    /// [`forward_integers`](Self::forward_integers) in memory that the caller keeps.
    #[inline]
    pub fn forward_into(&self, input: &L::Input, output: &mut L::Output, workspace: &mut L::Workspace) {
        self.layers.forward(input, output, workspace, &mut ());
    }

    /// Inference of a batch of any size.
    ///
    /// Runs on `rayon`'s threads. The result doesn't depend on their number.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn forward_all(&self, inputs: &[Real<L::Input>]) -> alloc::vec::Vec<Real<L::Output>> {
        #[cfg(feature = "rayon")]
        {
            use rayon::prelude::*;
            inputs.par_iter().with_min_len(16).map(|input| self.forward(input)).collect()
        }
        #[cfg(not(feature = "rayon"))]
        inputs.iter().map(|input| self.forward(input)).collect()
    }

    /// The integers that stand for a sample.
    #[inline]
    #[must_use]
    pub fn quantize(&self, input: &Real<L::Input>) -> L::Input {
        let mut integers = L::Input::zeroed();
        let flat = L::Input::flat_mut(core::slice::from_mut(&mut integers));
        for (integer, &value) in flat.iter_mut().zip(Real::<L::Input>::flat(core::slice::from_ref(input))) {
            *integer = self.input.quantize(value);
        }
        integers
    }

    /// The numbers that what comes out stands for.
    #[inline]
    #[must_use]
    pub fn dequantize(&self, output: &L::Output) -> Real<L::Output> {
        let mut values = Real::<L::Output>::zeroed();
        let flat = Real::<L::Output>::flat_mut(core::slice::from_mut(&mut values));
        for (value, &integer) in flat.iter_mut().zip(L::Output::flat(core::slice::from_ref(output))) {
            *value = self.output.dequantize(integer);
        }
        values
    }
}
