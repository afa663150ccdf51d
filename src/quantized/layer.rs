//! The trait of quantized layers.

use core::fmt::Debug;
use core::slice;

use super::residual::from_place;
use super::{Addition, Arithmetic, Quantize};
use crate::graph::Node;
use crate::memory;
use crate::pod::Pod;
use crate::shape::{Sample, reshape, reshape_mut};
use crate::weights::stored::Stored;

/// A quantized layer, from integers to integers.
///
/// As for a [`Layer`](crate::Layer), all memory is passed in, its size is known from the type, and no method panics or
/// allocates.
pub trait QuantizedLayer: Stored + Debug + PartialEq {
    /// One input sample.
    type Input: Sample<Element = i8>;
    /// One output sample.
    type Output: Sample<Element = i8>;
    /// Scratch.
    type Workspace: Pod;

    /// Bytes of the stack that hold a layer's inputs in another form, in addition to the workspace. They are counted on every
    /// processor, though only those with Arm's DSP extension need them.
    const STACK: usize = 0;

    /// Of a network, the [graph](crate::graph) of the network in `f32` that it is converted from, after its batch norms are
    /// folded: the arrays of a layer have its name. A layer by itself has none.
    const GRAPH: Option<&'static Node> = None;

    /// Inference: `output` from `input`. `trace` sees the outputs of inner layers.
    fn forward<T: Trace>(
        &self,
        input: &Self::Input,
        output: &mut Self::Output,
        workspace: &mut Self::Workspace,
        trace: &mut T,
    );

    /// Whether it is a sum of branches. As the second branch of another sum, it leaves its terms to that one, which rounds once.
    #[doc(hidden)]
    const IS_SUM: bool = false;

    /// [`forward`](Self::forward), but for the addition of the branches of a sum.
    #[doc(hidden)]
    #[inline(always)]
    fn forward_terms<T: Trace>(
        &self,
        input: &Self::Input,
        output: &mut Self::Output,
        workspace: &mut Self::Workspace,
        trace: &mut T,
    ) {
        self.forward(input, output, workspace, trace);
    }

    /// Adds what [`forward_terms`](Self::forward_terms) has left, from a place of the output on, to `sums`: the terms of the
    /// shortcut of `sum`, or, if it is a sum itself, the terms of its branches.
    #[doc(hidden)]
    #[inline(always)]
    fn add_terms<A: Addition>(
        &self,
        sum: &A,
        output: &Self::Output,
        _workspace: &mut Self::Workspace,
        from: usize,
        sums: &mut [i32],
    ) {
        sum.add_around(from_place(output, from), sums);
    }

    /// Whether [`forward_batch`](Self::forward_batch) is faster than one sample after the other.
    const BATCHED: bool = false;

    /// [`forward`](Self::forward) of a batch of samples, with a workspace for each. By default, one after the other.
    #[inline]
    fn forward_batch(&self, inputs: &[Self::Input], outputs: &mut [Self::Output], workspaces: &mut [Self::Workspace]) {
        forward_each(self, inputs, outputs, workspaces);
    }
}

/// The outputs of samples, one after the other.
#[inline(always)]
pub fn forward_each<L: QuantizedLayer>(
    layer: &L,
    inputs: &[L::Input],
    outputs: &mut [L::Output],
    workspaces: &mut [L::Workspace],
) {
    let Some(workspace) = workspaces.first_mut() else { return };
    for (input, output) in inputs.iter().zip(outputs) {
        layer.forward(input, output, workspace, &mut ());
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
            trace.see(output.elements());
        }
    }
}

/// [`forward_layer`] of a batch, with memory for each sample.
#[inline(always)]
pub fn forward_layer_batch<L: Quantize, A: Arithmetic, I, O, W: Pod>(
    layer: &L::Quantized<A>,
    inputs: &[I],
    outputs: &mut [O],
    workspaces: &mut [W],
) where
    I: Sample<Element = i8>,
    O: Sample<Element = i8>,
{
    layer.forward_batch(reshape(inputs), reshape_mut(outputs), memory::each(workspaces));
}

/// The forward pass of a network whose layers compute nothing.
#[inline(always)]
pub fn forward_nothing<I: Sample<Element = i8>, O: Sample<Element = i8>>(input: &I, output: &mut O) {
    let inputs = input.elements().iter();
    for (to, &from) in output.elements_mut().iter_mut().zip(inputs) {
        *to = from;
    }
}
