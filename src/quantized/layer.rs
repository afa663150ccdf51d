//! The trait of quantized layers.

use core::fmt::Debug;
use core::slice;

use super::{Arithmetic, Quantize};
use crate::memory;
use crate::pod::Pod;
use crate::shape::{Sample, reshape, reshape_mut};
use crate::weights::name::Name;

/// A quantized layer, from integers to integers.
///
/// As for a [`Layer`](crate::Layer), all memory is passed in, its size is known from the type, and no method panics or
/// allocates. It computes one sample at a time.
pub trait QuantizedLayer: Pod + Debug + PartialEq {
    /// One input sample.
    type Input: Sample<Element = i8>;
    /// One output sample.
    type Output: Sample<Element = i8>;
    /// Scratch.
    type Workspace: Pod;

    /// Visits each array of integers with its dotted name below `name`, in memory order.
    fn visit(&self, name: Name<'_>, visitor: &mut Visitor<'_>);

    /// Inference: `output` from `input`. `trace` sees the outputs of inner layers.
    fn forward<T: Trace>(
        &self,
        input: &Self::Input,
        output: &mut Self::Output,
        workspace: &mut Self::Workspace,
        trace: &mut T,
    );
}

/// A visitor of a network's arrays of integers and their names.
pub type Visitor<'a> = dyn FnMut(Name<'_>, Integers<'_>) + 'a;

/// An array of integers of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Integers<'a> {
    /// Weights, and tables of activations.
    I8(&'a [i8]),
    /// Shifts.
    U8(&'a [u8]),
    /// Biases, mantissas, zero points.
    I32(&'a [i32]),
    /// Tables of exponentials.
    U32(&'a [u32]),
    /// Tables of exponentials in floating point.
    F32(&'a [f32]),
}

#[cfg(feature = "alloc")]
impl Integers<'_> {
    /// The array's address.
    pub(super) fn address(&self) -> usize {
        match self {
            Self::I8(values) => values.as_ptr().addr(),
            Self::U8(values) => values.as_ptr().addr(),
            Self::I32(values) => values.as_ptr().addr(),
            Self::U32(values) => values.as_ptr().addr(),
            Self::F32(values) => values.as_ptr().addr(),
        }
    }

    /// The array's little-endian bytes.
    pub(super) fn to_le_bytes(self) -> alloc::vec::Vec<u8> {
        match self {
            Self::I8(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::U8(values) => values.to_vec(),
            Self::I32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::U32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }
}

/// Observes the integers between layers: each array with a [`Quantization`](super::Quantization) of its own, in the
/// order in which they are computed.
pub trait Trace {
    /// Observes a layer's outputs.
    fn see(&mut self, integers: &[i8]);
}

/// Observes nothing.
impl Trace for () {
    #[inline(always)]
    fn see(&mut self, _: &[i8]) {}
}

impl<F: FnMut(&[i8])> Trace for F {
    fn see(&mut self, integers: &[i8]) {
        self(integers);
    }
}

/// One layer of a network, `L` quantized, from one piece of memory to another; their shapes may differ, their lengths
/// not.
#[inline(always)]
pub fn forward_layer<L: Quantize, A: Arithmetic, I, O, W: Pod, T: Trace>(
    layer: &L::Quantized<A>,
    input: &I,
    output: &mut O,
    workspace: &mut W,
    trace: &mut T,
) where
    I: Sample<Element = i8>,
    O: Sample<Element = i8>,
{
    let inputs = reshape(slice::from_ref(input)).first();
    let outputs = reshape_mut(slice::from_mut(output)).first_mut();
    if let (Some(input), Some(output)) = (inputs, outputs) {
        layer.forward(input, output, memory::workspace(workspace), trace);
        if L::RANGED {
            trace.see(Sample::flat(slice::from_ref(output)));
        }
    }
}

/// The forward pass of a network whose layers compute nothing.
#[inline(always)]
pub fn forward_nothing<I: Sample<Element = i8>, O: Sample<Element = i8>>(input: &I, output: &mut O) {
    let inputs = I::flat(slice::from_ref(input)).iter();
    for (to, &from) in O::flat_mut(slice::from_mut(output)).iter_mut().zip(inputs) {
        *to = from;
    }
}
