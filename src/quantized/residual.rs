//! Quantized skip connections.

use core::fmt::Debug;
#[cfg(feature = "alloc")]
use core::slice;

use super::quantization::saturate;
use super::{Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Native, Observer, Quantization, Ranges, Signal};
use crate::chunks::Chunks;
use crate::layer::{Layer, largest};
use crate::layers;
use crate::memory::{Larger, workspace};
use crate::pod::Pod;
use crate::shape::Sample;
use crate::weights::stored::Stored;

/// How two samples with different quantizations are added. More than two are a sum whose second operand is a sum itself: all
/// terms are added before the result is rounded.
pub trait Addition: Stored + Debug + PartialEq {
    /// `inside += around`
    fn add<A: Sample<Element = i8>, B: Sample<Element = i8>>(&self, around: &A, inside: &mut B);

    /// Adds the terms of the inner output to `sums`.
    fn add_inside(&self, inside: &[i8], sums: &mut [i32]);

    /// Adds the terms of the shortcut to `sums`.
    fn add_around(&self, around: &[i8], sums: &mut [i32]);

    /// The outputs for sums of all terms.
    fn round(&self, sums: &[i32], outputs: &mut [i8]);
}

/// How many sums of more than two terms are computed together.
const TOGETHER: usize = 16;

/// The sum of two integers with different quantizations: each is multiplied by its factor, and the sum is rounded once,
/// halves up. Where the shortcut is a sum itself, that has the factors of its own operands, and its offset isn't used.
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
        let around = around.elements().iter();
        for (inside, &around) in inside.elements_mut().iter_mut().zip(around) {
            let around = i32::from(around).wrapping_mul(self.around);
            let products = i32::from(*inside).wrapping_mul(self.inside).wrapping_add(around);
            *inside = saturate(products.wrapping_add(self.offset) >> (self.shift & 31));
        }
    }

    #[inline(always)]
    fn add_inside(&self, inside: &[i8], sums: &mut [i32]) {
        add_products(self.inside, inside, sums);
    }

    #[inline(always)]
    fn add_around(&self, around: &[i8], sums: &mut [i32]) {
        add_products(self.around, around, sums);
    }

    #[inline(always)]
    fn round(&self, sums: &[i32], outputs: &mut [i8]) {
        for (output, &sum) in outputs.iter_mut().zip(sums) {
            *output = saturate(sum.wrapping_add(self.offset) >> (self.shift & 31));
        }
    }
}

/// `sums += factor · integers`
#[inline(always)]
fn add_products(factor: i32, integers: &[i8], sums: &mut [i32]) {
    for (sum, &integer) in sums.iter_mut().zip(integers) {
        *sum = sum.wrapping_add(i32::from(integer).wrapping_mul(factor));
    }
}

/// The quantization of a sum of branches while its factors are written.
#[cfg(feature = "alloc")]
#[derive(Debug)]
pub struct Total<'a> {
    /// The branches that are left.
    branches: slice::Iter<'a, Signal>,
    output: Quantization,
    /// The number of fractional bits of all factors.
    shift: u32,
    /// All zero points, plus a half, times 2^shift.
    offset: i32,
}

#[cfg(feature = "alloc")]
impl<'a> Total<'a> {
    /// The sum of these branches, calibrated to the next range.
    fn new(branches: &'a [Signal], ranges: &mut Ranges<'_>) -> (Self, Signal) {
        let range = ranges.take();
        let scales = branches.iter().map(|branch| branch.quantization.scale);
        let largest = scales.clone().fold(0.0, f32::max);
        // The factors' sum isn't above 2¹⁹, so there is at least one fractional bit.
        let smallest = largest * branches.len() as f32 / (1 << 19) as f32;
        let output = Quantization::of_range(range.low, range.high).at_least(smallest);
        let factors: f64 = scales.map(|scale| f64::from(scale) / f64::from(output.scale)).sum();
        // 255 steps of all plus the zero point stay below 2³¹.
        let room = f64::from(1 << 30) / (256.0 * factors);
        let shift = (1..=22).rev().find(|&shift| f64::from(1 << shift) <= room).unwrap_or(1);
        let offset = (output.zero_point << shift) + (1 << (shift - 1));
        let error = branches.iter().map(|branch| branch.error).sum::<f64>()
            + 128.0 * branches.len() as f64 / f64::from(1 << shift) * f64::from(output.scale);
        (Self { branches: branches.iter(), output, shift, offset }, Signal::rounded(output, range, error))
    }

    /// The factor of the next branch.
    pub(super) fn factor(&mut self) -> i32 {
        let Some(Signal { quantization, .. }) = self.branches.next() else { return 0 };
        let factor = f64::from(quantization.scale) / f64::from(self.output.scale);
        let factor = libm::round(factor * f64::from(1 << self.shift)) as i32;
        self.offset -= factor * quantization.zero_point;
        factor
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
    const IS_SUM: bool = true;

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &F::Input, y: &mut F::Output, memory: &mut Self::Workspace, trace: &mut T) {
        self.forward_terms(x, y, memory, trace);
        let (z, memory) = memory;
        match G::IS_SUM {
            false => self.sum.add(z, y),
            true => {
                let of_second = |from: usize, sums: &mut [i32]| {
                    self.second.add_terms(&self.sum, z, workspace(memory), from, sums);
                };
                add_all(&self.sum, y.elements_mut(), of_second);
            }
        }
    }

    #[inline(always)]
    fn forward_terms<T: Trace>(&self, x: &F::Input, y: &mut F::Output, memory: &mut Self::Workspace, trace: &mut T) {
        let (z, memory) = memory;
        self.first.forward(x, y, workspace(memory), trace);
        self.second.forward_terms(x, z, workspace(memory), trace);
    }

    #[inline(always)]
    fn add_terms<A: Addition>(
        &self,
        _: &A,
        y: &F::Output,
        (z, memory): &mut Self::Workspace,
        from: usize,
        sums: &mut [i32],
    ) {
        self.sum.add_inside(from_place(y, from), sums);
        self.second.add_terms(&self.sum, z, workspace(memory), from, sums);
    }
}

/// Adds the terms of all other branches, which `others` adds to sums from a place on, to those of the first branch.
#[inline(always)]
pub(crate) fn add_all<A: Addition>(sum: &A, first: &mut [i8], mut others: impl FnMut(usize, &mut [i32])) {
    let mut from = 0;
    for first in first.parts_mut(TOGETHER) {
        let mut sums = [0; TOGETHER];
        let Some(sums) = sums.get_mut(..first.len()) else { return };
        sum.add_inside(first, sums);
        others(from, sums);
        sum.round(sums, first);
        from = from.wrapping_add(TOGETHER);
    }
}

/// The integers of a sample from a place on.
#[inline(always)]
pub(crate) fn from_place<A: Sample<Element = i8>>(sample: &A, from: usize) -> &[i8] {
    sample.elements().get(from..).unwrap_or_default()
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
        let branches = [inside, input];
        let (mut total, output) = Total::new(&branches, ranges);
        let (inside, around) = (total.factor(), total.factor());
        quantized.sum = Sum { around, inside, offset: total.offset, shift: total.shift };
        output
    }
}

impl<F, G> Quantize for layers::Sum<F, G>
where
    F: Quantize,
    G: Quantize<Input = F::Input, Output = F::Output>,
{
    type Quantized<A: Arithmetic> = AddedBranches<F::Quantized<A>, G::Quantized<A>, A::Sum>;
    const ADDED: bool = true;

    #[cfg(feature = "alloc")]
    fn observe(&self, inputs: &[F::Input], observer: &mut Observer) -> alloc::vec::Vec<F::Output> {
        const { assert_network::<F>() }
        const { assert!(!G::RANGED || G::ADDED, "a branch of a quantized block must be a network") }
        let mut outputs = observer.inside("first", |observer| self.first.observe(inputs, observer));
        let others = observer.inside("second", |observer| self.second.observe(inputs, observer));
        add(&others, &mut outputs);
        outputs
    }

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let mut branches = alloc::vec::Vec::new();
        self.quantize_branches(quantized, input, ranges, &mut branches);
        let (mut total, output) = Total::new(&branches, ranges);
        self.add_branches(quantized, &mut total);
        quantized.sum.offset = total.offset;
        output
    }

    #[cfg(feature = "alloc")]
    fn quantize_branches(
        &self,
        quantized: &mut Self::Quantized<Native>,
        input: Signal,
        ranges: &mut Ranges<'_>,
        branches: &mut alloc::vec::Vec<Signal>,
    ) {
        self.first.quantize_branches(&mut quantized.first, input, ranges, branches);
        self.second.quantize_branches(&mut quantized.second, input, ranges, branches);
    }

    #[cfg(feature = "alloc")]
    fn add_branches(&self, quantized: &mut Self::Quantized<Native>, total: &mut Total<'_>) -> i32 {
        let inside = self.first.add_branches(&mut quantized.first, total);
        let around = self.second.add_branches(&mut quantized.second, total);
        quantized.sum = Sum { around, inside, offset: 0, shift: total.shift };
        0
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
