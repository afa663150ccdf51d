//! Quantized skip connections.

use core::fmt::Debug;
use core::slice;

use super::arithmetic::saturate;
use super::{Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Native, Observer, Quantization, Ranges, Signal};
use crate::layer::{Layer, largest};
use crate::layers;
use crate::memory::{Larger, workspace};
use crate::pod::Pod;
use crate::shape::Sample;
use crate::weights::stored::Stored;

/// How two tensors with different quantizations are added.
pub trait Addition: Stored + Debug + PartialEq {
    /// `inside += around`
    fn add<A: Sample<Element = i8>, B: Sample<Element = i8>>(&self, around: &A, inside: &mut B);
}

/// The sum of two integers with different quantizations: each is multiplied by its factor, and the sum is rounded once,
/// halves up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Sum {
    /// A step of the shortcut in steps of the sum, times 2^shift.
    pub around: i32,
    /// A step of the inner output in steps of the sum, times 2^shift.
    pub inside: i32,
    /// All zero points, plus a half, times 2^shift.
    pub offset: i32,
    /// The number of fractional bits: from 1 to 22.
    pub shift: u32,
}

// SAFETY: all fields are integers.
unsafe impl Pod for Sum {}

crate::stored!([] Sum { "around": around: i32; "inside": inside: i32; "offset": offset: i32; "shift": shift: u32 });

impl Addition for Sum {
    #[inline(always)]
    fn add<A: Sample<Element = i8>, B: Sample<Element = i8>>(&self, around: &A, inside: &mut B) {
        let around = A::flat(slice::from_ref(around)).iter();
        for (inside, &around) in B::flat_mut(slice::from_mut(inside)).iter_mut().zip(around) {
            let around = i32::from(around).wrapping_mul(self.around);
            let products = i32::from(*inside).wrapping_mul(self.inside).wrapping_add(around);
            *inside = saturate(products.wrapping_add(self.offset) >> (self.shift & 31));
        }
    }
}

impl Sum {
    /// Writes the factors.
    #[cfg(feature = "alloc")]
    fn fill(&mut self, around: Signal, inside: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let range = ranges.take();
        let largest = around.quantization.scale.max(inside.quantization.scale);
        // Neither factor is above 2¹⁸, so there is at least one fractional bit.
        let output = Quantization::of_range(range.low, range.high).at_least(largest / (1 << 18) as f32);
        let factor = |signal: Signal| f64::from(signal.quantization.scale) / f64::from(output.scale);
        // 255 steps of both plus the zero point stay below 2³¹.
        let room = f64::from(1 << 30) / (256.0 * (factor(around) + factor(inside)));
        self.shift = (1..=22).rev().find(|&shift| f64::from(1 << shift) <= room).unwrap_or(1);
        let point = f64::from(1 << self.shift);
        self.around = libm::round(factor(around) * point) as i32;
        self.inside = libm::round(factor(inside) * point) as i32;
        let zero_points = (output.zero_point << self.shift)
            - self.around * around.quantization.zero_point
            - self.inside * inside.quantization.zero_point;
        self.offset = zero_points + (1 << (self.shift - 1));
        let factors = 256.0 / point * f64::from(output.scale);
        Signal::rounded(output, range, around.error + inside.error + factors)
    }
}

/// A quantized [`Residual`](crate::layers::Residual) block, fused with a clipping activation right after it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Residual<L, S = Sum> {
    /// How the input is added to the output of the layers.
    pub sum: S,
    /// The layers that the shortcut skips.
    pub inside: L,
}

/// A quantized [`Sum`](crate::layers::Sum) of two branches, fused with a clipping activation right after it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct AddedBranches<F, G, S = Sum> {
    /// How both outputs are added.
    pub sum: S,
    /// The first branch.
    pub first: F,
    /// The second branch.
    pub second: G,
}

// SAFETY: all fields are `Pod`.
unsafe impl<L: Pod, S: Pod> Pod for Residual<L, S> {}
// SAFETY: all fields are `Pod`.
unsafe impl<F: Pod, G: Pod, S: Pod> Pod for AddedBranches<F, G, S> {}

crate::stored!([L: QuantizedLayer, S: Addition] Residual<L, S> { "sum": sum: S; "": inside: L });
crate::stored!([F: QuantizedLayer, G: QuantizedLayer, S: Addition] AddedBranches<F, G, S> {
    "sum": sum: S;
    "first": first: F;
    "second": second: G;
});

impl<L: QuantizedLayer, S: Addition> QuantizedLayer for Residual<L, S> {
    type Input = L::Input;
    type Output = L::Output;
    type Workspace = L::Workspace;

    const STACK: usize = L::STACK;

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &L::Input, y: &mut L::Output, workspace: &mut L::Workspace, trace: &mut T) {
        self.inside.forward(x, y, workspace, trace);
        self.sum.add(x, y);
    }
}

impl<F, G, S> QuantizedLayer for AddedBranches<F, G, S>
where
    F: QuantizedLayer,
    G: QuantizedLayer<Input = F::Input>,
    S: Addition,
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
        self.sum.add(z, y);
    }
}

impl<L> Quantize for layers::Residual<L>
where
    L: Quantize<Output = <L as Layer>::Input>,
{
    type Quantized<A: Arithmetic> = Residual<L::Quantized<A>, A::Sum>;

    #[cfg(feature = "alloc")]
    fn observe(&self, inputs: &[L::Input], observer: &mut Observer) -> alloc::vec::Vec<L::Output> {
        const { assert_network::<L>() }
        let mut outputs = self.inside.observe(inputs, observer);
        add(inputs, &mut outputs);
        outputs
    }

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let inside = self.inside.quantize_into(&mut quantized.inside, input, ranges);
        quantized.sum.fill(input, inside, ranges)
    }
}

impl<F, G> Quantize for layers::Sum<F, G>
where
    F: Quantize,
    G: Quantize<Input = F::Input, Output = F::Output>,
{
    type Quantized<A: Arithmetic> = AddedBranches<F::Quantized<A>, G::Quantized<A>, A::Sum>;

    #[cfg(feature = "alloc")]
    fn observe(&self, inputs: &[F::Input], observer: &mut Observer) -> alloc::vec::Vec<F::Output> {
        const { assert_network::<F>() }
        const { assert_network::<G>() }
        let mut outputs = observer.inside("first", |observer| self.first.observe(inputs, observer));
        let others = observer.inside("second", |observer| self.second.observe(inputs, observer));
        add(&others, &mut outputs);
        outputs
    }

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let first = self.first.quantize_into(&mut quantized.first, input, ranges);
        let second = self.second.quantize_into(&mut quantized.second, input, ranges);
        quantized.sum.fill(second, first, ranges)
    }
}

/// Checks that the inside of a block has ranges for its own outputs, as networks do.
#[cfg(feature = "alloc")]
#[track_caller]
pub(super) const fn assert_network<L: Quantize>() {
    assert!(!L::RANGED, "the inside of a quantized block must be a network");
}

/// `to += from`
#[cfg(feature = "alloc")]
fn add<A: Sample<Element = f32>, B: Sample<Element = f32>>(from: &[A], to: &mut [B]) {
    for (to, from) in B::flat_mut(to).iter_mut().zip(A::flat(from)) {
        *to += from;
    }
}
