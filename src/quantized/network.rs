//! A whole quantized network: real numbers in and out.

use core::marker::PhantomData;

use super::quantization::{nearest, saturate};
use super::{Arithmetic, Native, Quantization, QuantizedLayer};
use crate::kernels::{dispatch, operation};
use crate::layer::OutputKind;
use crate::pod::{Pod, with_memory, zeroed};
use crate::shape::Sample;
#[cfg(feature = "alloc")]
use crate::shape::first_mut;
use crate::train::fine_tune::Frozen;

/// A quantized network: its layers, and the quantization of its inputs and outputs.
///
/// It is plain data of known size, which can lie in a `static` in flash. Inference needs neither a heap nor `std`, has
/// no panic path, and returns the same bits everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct QuantizedNetwork<L, A = Native> {
    /// The quantization of the inputs.
    pub input: Quantization,
    /// The quantization of the outputs.
    pub output: Quantization,
    /// The layers, under their names in the declaration.
    pub layers: L,
    arithmetic: PhantomData<A>,
}

// SAFETY: all fields are numbers or `Pod`.
unsafe impl<L: Pod, A: Arithmetic> Pod for QuantizedNetwork<L, A> {}

/// A sample with the shape of `A`, in real numbers.
type Real<A> = <A as Sample>::Of<f32>;

operation! {
    /// The integers that stand for numbers: the compiler makes vectors of it.
    struct QuantizeAll<'a,;> { quantization: Quantization, values: &'a [f32], integers: &'a mut [i8] }
    fn run(self, _simd: V) {
        let Quantization { scale, zero_point } = self.quantization;
        // `nearest` ends at 512, which is enough.
        if self.quantization.has_8_bits() {
            for (integer, &value) in self.integers.iter_mut().zip(self.values) {
                *integer = saturate(nearest(value / scale) + zero_point);
            }
            return;
        }
        for (integer, &value) in self.integers.iter_mut().zip(self.values) {
            *integer = self.quantization.quantize(value);
        }
    }
}

crate::stored!([L: QuantizedLayer, A: Arithmetic] QuantizedNetwork<L, A> {
    // No layer can have these names.
    "network-input": input: Quantization;
    "network-output": output: Quantization;
    "": layers: L;
});

impl<L: QuantizedLayer, A: Arithmetic> QuantizedNetwork<L, A> {
    /// Bytes of weights, biases and factors: the network's size in flash.
    pub const FLASH: usize = size_of::<Self>();
    /// Bytes that inference needs in addition to its input and output: the integers between layers, scratch, and inputs on the
    /// stack in another form ([`QuantizedLayer::STACK`]).
    pub const RAM_INFERENCE: usize = size_of::<L::Workspace>() + L::STACK;

    /// Runs inference on one sample. Allocates nothing.
    #[inline]
    #[must_use]
    pub fn forward(&self, input: &Real<L::Input>) -> Real<L::Output> {
        self.dequantize(&self.forward_integers(&self.quantize(input)))
    }

    /// Runs inference on one sample, from integers to integers. Allocates nothing.
    ///
    /// It works on the stack. If that takes more than 512 KiB, this and [`forward`](Self::forward) are compile errors:
    /// use [`forward_integers_into`](Self::forward_integers_into) instead.
    #[inline]
    #[must_use]
    pub fn forward_integers(&self, input: &L::Input) -> L::Output {
        const {
            assert!(
                size_of::<L::Workspace>() + 5 * (size_of::<L::Input>() + size_of::<L::Output>()) <= 512 * 1024,
                "`forward` needs more than 512 KiB of stack for this network: use \
                 `forward_integers_into` with memory on the heap or in a `static`"
            );
        }
        let mut output = zeroed();
        with_memory(|workspace| self.forward_integers_into(input, &mut output, workspace));
        output
    }

    /// [`forward_integers`](Self::forward_integers) in the caller's memory.
    #[inline]
    pub fn forward_integers_into(&self, input: &L::Input, output: &mut L::Output, workspace: &mut L::Workspace) {
        self.layers.forward(input, output, workspace, &mut ());
    }

    /// Runs inference on a batch of any size.
    ///
    /// Runs on `rayon`'s threads. The result doesn't depend on their number.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn forward_all(&self, inputs: &[Real<L::Input>]) -> alloc::vec::Vec<Real<L::Output>> {
        if const { L::BATCHED && SAMPLES * size_of::<(L::Workspace, (L::Input, L::Output))>() <= CACHE } {
            return self.forward_pieces(inputs);
        }
        #[cfg(feature = "rayon")]
        if crate::threads::available() > 1 {
            use rayon::prelude::*;
            return inputs.par_iter().with_min_len(16).map(|input| self.forward(input)).collect();
        }
        inputs.iter().map(|input| self.forward(input)).collect()
    }

    /// Runs inference on a batch, [`SAMPLES`] at a time.
    #[cfg(feature = "alloc")]
    fn forward_pieces(&self, inputs: &[Real<L::Input>]) -> alloc::vec::Vec<Real<L::Output>> {
        let mut outputs = alloc::vec![zeroed(); inputs.len()];
        #[cfg(feature = "rayon")]
        if crate::threads::available() > 1 {
            use rayon::prelude::*;
            let pieces = inputs.par_chunks(SAMPLES).zip(outputs.par_chunks_mut(SAMPLES));
            pieces.for_each_init(
                || Memory::new(inputs.len()),
                |memory, (inputs, outputs)| self.forward_piece(inputs, outputs, memory),
            );
            return outputs;
        }
        let mut memory = Memory::new(inputs.len());
        for (inputs, outputs) in inputs.chunks(SAMPLES).zip(outputs.chunks_mut(SAMPLES)) {
            self.forward_piece(inputs, outputs, &mut memory);
        }
        outputs
    }

    #[cfg(feature = "alloc")]
    fn forward_piece(&self, inputs: &[Real<L::Input>], outputs: &mut [Real<L::Output>], memory: &mut Memory<L>) {
        let Memory { inputs: integers, outputs: results, workspaces } = memory;
        let (integers, results) = (first_mut(integers, inputs.len()), first_mut(results, inputs.len()));
        for (to, input) in integers.iter_mut().zip(inputs) {
            self.input.quantize_into::<L::Input>(input, to);
        }
        self.layers.forward_batch(integers, results, first_mut(workspaces, inputs.len()));
        for (output, integers) in outputs.iter_mut().zip(&*results) {
            *output = self.dequantize(integers);
        }
    }

    /// Quantizes an input sample.
    #[inline]
    #[must_use]
    pub fn quantize(&self, input: &Real<L::Input>) -> L::Input {
        self.input.quantize_all(input)
    }

    /// Dequantizes an output sample.
    #[inline]
    #[must_use]
    pub fn dequantize(&self, output: &L::Output) -> Real<L::Output> {
        self.output.dequantize_all(output)
    }
}

/// Samples that are computed together.
#[cfg(feature = "alloc")]
const SAMPLES: usize = 128;

/// Bytes that stay in a second-level cache.
#[cfg(feature = "alloc")]
const CACHE: usize = 512 * 1024;

/// Integers and scratch of samples that are computed together.
#[cfg(feature = "alloc")]
struct Memory<L: QuantizedLayer> {
    inputs: alloc::vec::Vec<L::Input>,
    outputs: alloc::vec::Vec<L::Output>,
    workspaces: alloc::vec::Vec<L::Workspace>,
}

#[cfg(feature = "alloc")]
impl<L: QuantizedLayer> Memory<L> {
    /// For one piece of a batch.
    fn new(batch: usize) -> Self {
        let samples = batch.min(SAMPLES);
        Self {
            inputs: alloc::vec![zeroed(); samples],
            outputs: alloc::vec![zeroed(); samples],
            workspaces: alloc::vec![zeroed(); samples],
        }
    }
}

/// Features in int8 for a head in `f32`.
impl<L: QuantizedLayer, A: Arithmetic> Frozen for QuantizedNetwork<L, A> {
    type Scalar = f32;
    type Input = Real<L::Input>;
    type Output = Real<L::Output>;
    /// Integers of one sample, which is computed at a time, and scratch.
    type Workspace<const B: usize> = (L::Input, (L::Output, L::Workspace));

    const FROZEN_FLASH: usize = size_of::<Self>();
    const FROZEN_RAM: usize = size_of::<(L::Input, (L::Output, L::Workspace))>();
    const FEATURES: OutputKind = OutputKind::AsInput;

    fn features<const B: usize>(
        &self,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        (input, (integers, workspace)): &mut Self::Workspace<B>,
    ) {
        for (x, y) in inputs.iter().zip(outputs) {
            self.input.quantize_into::<L::Input>(x, input);
            self.forward_integers_into(input, integers, workspace);
            *y = self.dequantize(integers);
        }
    }
}

impl Quantization {
    /// The integers that stand for the numbers of a sample.
    #[inline]
    pub(crate) fn quantize_all<I: Sample<Element = i8>>(&self, sample: &Real<I>) -> I {
        let mut integers = zeroed::<I>();
        self.quantize_into(sample, &mut integers);
        integers
    }

    /// [`quantize_all`](Self::quantize_all) in the caller's memory.
    #[inline]
    fn quantize_into<I: Sample<Element = i8>>(&self, sample: &Real<I>, integers: &mut I) {
        let values = sample.elements();
        self.quantize_slice(values, integers.elements_mut());
    }

    /// The integers that stand for numbers.
    #[inline]
    fn quantize_slice(&self, values: &[f32], integers: &mut [i8]) {
        #[cfg(all(feature = "simd", target_arch = "x86_64"))]
        if self.has_8_bits() {
            use super::integer_dot::IntegerDot;

            match IntegerDot::detect() {
                Some(IntegerDot::Avx512(simd)) => return simd.quantize(*self, values, integers),
                Some(IntegerDot::Avx2(simd)) => return simd.quantize(*self, values, integers),
                _ => {}
            }
        }
        dispatch(QuantizeAll { quantization: *self, values, integers });
    }

    /// Whether the zero point has 8 bits. Other bytes may contain any.
    #[inline(always)]
    fn has_8_bits(&self) -> bool {
        self.zero_point == i32::from(self.zero_point as i8)
    }

    /// The numbers that a sample of integers stands for.
    #[inline]
    pub(crate) fn dequantize_all<I: Sample<Element = i8>>(&self, sample: &I) -> Real<I> {
        let mut values = zeroed::<Real<I>>();
        let flat = values.elements_mut();
        for (value, &integer) in flat.iter_mut().zip(sample.elements()) {
            *value = self.dequantize(integer);
        }
        values
    }
}
