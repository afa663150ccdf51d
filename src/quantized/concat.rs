//! Quantized concatenations.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::marker::PhantomData;
#[cfg(feature = "alloc")]
use core::slice;

use super::QuantizationAware;
#[cfg(feature = "alloc")]
use super::affine::Line;
use super::{Affine, Arithmetic, Quantize, QuantizedLayer, Rescale, Trace};
#[cfg(feature = "alloc")]
use super::{Native, Observer, Quantization, Ranges, Signal};
use crate::image::Channels;
use crate::layer::largest;
use crate::layers;
use crate::memory::{Larger, workspace};
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::{Sample, sample_mut};

/// A quantized [`Concat`](crate::layers::Concat), fused with a clipping activation right after it. The outputs of each
/// branch are rescaled to the quantization of the whole, once, however many branches there are.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Concat<F, G, O, S = Affine> {
    /// How the outputs of the first branch are rescaled.
    pub first_scale: S,
    /// How the outputs of the second branch are rescaled. If that is a concatenation itself, they are not.
    pub second_scale: S,
    /// The branch whose channels come first.
    pub first: F,
    /// The branch whose channels come second.
    pub second: G,
    output: PhantomData<O>,
}

// SAFETY: all fields are `Pod` or empty.
unsafe impl<F: Pod, G: Pod, O: Sample, S: Pod> Pod for Concat<F, G, O, S> {}

crate::stored!([F: QuantizedLayer, G: QuantizedLayer, O: Sample, S: Rescale] Concat<F, G, O, S> {
    "first_scale": first_scale: S;
    "second_scale": second_scale: S;
    "first": first: F;
    "second": second: G;
});

impl<F, G, O, S> QuantizedLayer for Concat<F, G, O, S>
where
    S: Rescale,
    F: QuantizedLayer,
    G: QuantizedLayer<Input = F::Input>,
    O: Sample<Element = i8>,
{
    type Input = F::Input;
    type Output = O;
    /// Scratch shared by both branches, which write into their parts of the output.
    type Workspace = Larger<F::Workspace, G::Workspace>;

    const STACK: usize = largest(&[F::STACK, G::STACK]);

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &F::Input, y: &mut O, memory: &mut Self::Workspace, trace: &mut T) {
        let all = y.elements_mut();
        let (first, second) = all.split_at_mut(F::Output::LENGTH.min(O::LENGTH));
        if let Some(first) = sample_mut(first) {
            self.first.forward(x, first, workspace(memory), trace);
            self.first_scale.rescale(first.elements_mut());
        }
        if let Some(second) = sample_mut(second) {
            self.second.forward(x, second, workspace(memory), trace);
            self.second_scale.rescale(second.elements_mut());
        }
    }
}

impl<F, G, O> Quantize for layers::Concat<F, G, O>
where
    F: Quantize<Output: Channels<Element = f32>>,
    G: Quantize<Input = F::Input, Output: Channels<Element = f32>>,
    O: Channels<Element = f32>,
{
    type Quantized<R: Arithmetic> = Concat<F::Quantized<R>, G::Quantized<R>, O::Of<i8>, R::Branch>;
    const JOINED: bool = true;

    #[cfg(feature = "alloc")]
    fn observe(&self, inputs: &[F::Input], observer: &mut Observer) -> Vec<O> {
        const { assert_branch::<F>() }
        const { assert_branch::<G>() }
        let ys = observer.inside("first", |observer| self.first.observe(inputs, observer));
        let zs = observer.inside("second", |observer| self.second.observe(inputs, observer));
        let mut outputs = alloc::vec![crate::pod::zeroed::<O>(); inputs.len()];
        Self::join(&ys, &zs, &mut outputs);
        outputs
    }

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let mut branches = Vec::new();
        self.quantize_branches(quantized, input, ranges, &mut branches);
        let range = ranges.take();
        let scales = branches.iter().map(|branch| Line::IDENTITY.smallest_scale(branch.quantization));
        let output = Quantization::of_range(range.low, range.high).at_least(scales.fold(0.0, f32::max));
        let error = |branch: &Signal| {
            Line::IDENTITY.error(branch.error, Line::IDENTITY.between(branch.quantization, output), output)
        };
        let error = branches.iter().map(error).fold(0.0, f64::max);
        self.join_branches(quantized, &mut branches.iter(), output);
        Signal::rounded(output, range, error)
    }

    #[cfg(feature = "alloc")]
    fn quantize_branches(
        &self,
        quantized: &mut Self::Quantized<Native>,
        input: Signal,
        ranges: &mut Ranges<'_>,
        branches: &mut Vec<Signal>,
    ) {
        self.first.quantize_branches(&mut quantized.first, input, ranges, branches);
        self.second.quantize_branches(&mut quantized.second, input, ranges, branches);
    }

    #[cfg(feature = "alloc")]
    fn join_branches(
        &self,
        quantized: &mut Self::Quantized<Native>,
        branches: &mut slice::Iter<'_, Signal>,
        output: Quantization,
    ) -> Affine {
        quantized.first_scale = self.first.join_branches(&mut quantized.first, branches, output);
        quantized.second_scale = self.second.join_branches(&mut quantized.second, branches, output);
        Line::IDENTITY.between(output, output)
    }
}

/// Checks that a branch has ranges for its own outputs, as networks do, or is a concatenation.
#[cfg(feature = "alloc")]
#[track_caller]
const fn assert_branch<L: Quantize>() {
    assert!(!L::RANGED || L::JOINED, "a branch of a quantized block must be a network");
}

impl<S, F, G, O> QuantizationAware for layers::Concat<F, G, O>
where
    S: Scalar,
    F: QuantizationAware<Scalar = S, Output: Channels<Element = S>, Input: Sample<Element = S>>,
    G: QuantizationAware<Scalar = S, Output: Channels<Element = S>, Input = F::Input>,
    O: Channels<Element = S>,
{
    type Aware = layers::Concat<F::Aware, G::Aware, O>;

    fn write_aware(&self, aware: &mut Self::Aware, ranges: &mut dyn FnMut() -> [S; 2]) {
        self.first.write_aware(&mut aware.first, ranges);
        self.second.write_aware(&mut aware.second, ranges);
    }

    fn read_aware(&mut self, aware: &Self::Aware, ranges: &mut dyn FnMut([S; 2])) {
        self.first.read_aware(&aware.first, ranges);
        self.second.read_aware(&aware.second, ranges);
    }
}
