//! What an instruction set supplies, in vectors of 64 bytes: one register with AVX-512, two with AVX2, four with NEON.

use super::{Quads, copied};
use crate::kernels::inlined;

/// Bytes of a vector.
pub(super) const BYTES: usize = 64;

/// Sums of a vector.
pub(super) const SUMS: usize = 16;

/// The proof that the processor has an instruction set, and what is done with its vectors.
///
/// Everything that is made of these operations is inlined into [`run`](Self::run), which is compiled for the instruction set.
pub(super) trait Instructions: Copy {
    /// 64 integers.
    type Bytes: Copy;
    /// 16 sums.
    type Sums: Copy;
    /// 16 integers.
    type Integers: Copy;
    /// How bytes side by side become quads.
    type Order: Copy;
    /// Which of 32 integers are taken.
    type Selection: Copy;
    /// A channel from which quads are taken.
    type Channel<'a>: Copy;

    /// What the bytes of one factor are changed by, so that instructions which multiply unsigned integers with signed ones can
    /// take it: 128 is added, or nothing.
    const OFFSET: u8;
    /// Rows of weights whose sums stay in registers, at as many places as halves of 32.
    const ROWS: usize;
    /// Halves of 32 places that are computed at once.
    const HALVES: usize = 2;
    /// Whether [`dot_row`](Self::dot_row) adds negative inputs to the sums, too.
    const COMPLEMENTS: bool = false;
    /// The most bytes of a channel that stays in registers.
    const CHANNEL: usize;

    /// Runs `work`, compiled for this instruction set.
    fn run<W: Work>(self, work: W);

    /// A sum in all lanes.
    fn sums(self, sum: i32) -> Self::Sums;
    /// Sums in memory.
    fn load_sums(self, from: &[i32; SUMS]) -> Self::Sums;
    /// Sums to memory.
    fn store_sums(self, sums: Self::Sums, to: &mut [i32; SUMS]);
    /// All sums together.
    fn total(self, sums: Self::Sums) -> i32;

    /// Four integers, over and over.
    fn four(self, four: i32) -> Self::Bytes;
    /// 64 bytes.
    fn load(self, from: &[u8; BYTES]) -> Self::Bytes;
    /// 64 bytes to memory.
    fn store(self, bytes: Self::Bytes, to: &mut [u8; BYTES]);
    inlined! {
        /// As many integers as there are, up to 64, and zeros behind them.
        fn load_first(self, from: &[i8]) -> Self::Bytes {
            // SAFETY: as many integers can be read.
            unsafe { self.load_at_least(from.as_ptr(), from.len().min(BYTES), from.len()) }
        }

        /// 64 integers, of which those behind `count` are zeros if no more than `count` can be read, and else may be any.
        ///
        /// # Safety
        /// `readable` integers can be read there, which are at least `count`.
        unsafe fn load_at_least(self, from: *const i8, count: usize, readable: usize) -> Self::Bytes {
            // SAFETY: the caller's promise. An integer is a byte.
            unsafe {
                if readable >= BYTES {
                    self.load(&*from.cast())
                } else {
                    self.load(&copied::<BYTES>(core::slice::from_raw_parts(from, count)).map(i8::cast_unsigned))
                }
            }
        }
    }
    /// The same integers, changed by [`OFFSET`](Self::OFFSET).
    fn with_offset(self, bytes: Self::Bytes) -> Self::Bytes;

    /// To each sum, the products of four integers, changed by [`OFFSET`](Self::OFFSET), with four others. Sums wrap around.
    fn dot(self, sums: Self::Sums, with_offset: Self::Bytes, others: Self::Bytes) -> Self::Sums;

    /// [`dot`](Self::dot) of inputs, changed by [`OFFSET`](Self::OFFSET), which are multiplied with many rows of weights; where
    /// [`COMPLEMENTS`](Self::COMPLEMENTS), each negative input is added to its sum, too.
    #[inline(always)]
    fn dot_row(self, sums: Self::Sums, inputs: Self::Bytes, weights: Self::Bytes) -> Self::Sums {
        self.dot(sums, inputs, weights)
    }
    /// Sums, less others. Used only where [`COMPLEMENTS`](Self::COMPLEMENTS).
    #[inline(always)]
    fn subtract(self, sums: Self::Sums, _others: Self::Sums) -> Self::Sums {
        sums
    }

    /// Requantizes sums by the formula of [`Once`](super::super::Once).
    fn once(self, sums: Self::Sums, mantissa: Self::Sums, shift: Self::Sums, rounding: Self::Sums) -> Self::Integers;
    /// 16 integers in memory.
    fn load_integers(self, from: &[i8; SUMS]) -> Self::Integers;
    /// The first 16 integers or fewer, or as many as there is room for.
    fn store_first(self, integers: Self::Integers, to: &mut [i8]);
    /// The first `count` integers, at most 16, with `behind` after them.
    fn first_integers(self, from: &[i8], count: usize, behind: i8) -> Self::Integers;
    /// 16 integers, changed by [`OFFSET`](Self::OFFSET), to memory.
    fn store_with_offset(self, integers: Self::Integers, to: &mut [u8; SUMS]);
    /// `a₀ b₀ a₁ b₁ …`: the first half, and the second.
    fn zip(self, one: Self::Integers, other: Self::Integers) -> [Self::Integers; 2];

    /// For windows that move by `stride`, quads whose first `taps` integers are taps, with zeros behind them.
    fn order(self, stride: usize, taps: usize) -> Self::Order;
    /// The quads of 16 windows that lie within 64 bytes.
    fn windows(self, order: Self::Order, from: &[u8; BYTES]) -> Self::Bytes;
    /// The quads of four channels at 32 places, changed by [`OFFSET`](Self::OFFSET), with zeros for a channel that isn't there. What
    /// lies behind a channel's end may be any.
    fn channels(self, from: [Option<&[i8]>; 4]) -> [Self::Bytes; 2];
    /// The quads of up to 32 samples, changed by [`OFFSET`](Self::OFFSET).
    #[inline(always)]
    fn samples(self, x: &[i8], inputs: usize, quads: &mut [Quads]) {
        super::batch::samples(x, inputs, Self::OFFSET, quads);
    }

    /// Those of 32 integers whose bits are set.
    fn select(self, within: u32) -> Self::Selection;
    /// The selected integers, side by side, and anything behind them; no more than there is room for.
    fn store_selected(self, integers: [Self::Integers; 2], selection: Self::Selection, to: &mut [i8]);

    /// A channel from which quads are taken, which stays in registers where `IN_REGISTERS`: it has at most
    /// [`CHANNEL`](Self::CHANNEL) bytes then.
    fn channel<const IN_REGISTERS: bool>(self, x: &[i8], outside: i8) -> Self::Channel<'_>;
    /// The quads made of bytes with these numbers, changed by [`OFFSET`](Self::OFFSET); number 255 is padding. A register's bytes are
    /// numbered from its part of `starts` on, or from the channel's first byte on where `IN_REGISTERS`.
    ///
    /// # Safety
    /// The channel has 64 bytes from each start on.
    unsafe fn take<const IN_REGISTERS: bool>(
        self,
        channel: Self::Channel<'_>,
        numbers: &[u8; BYTES],
        starts: [u16; 4],
    ) -> Self::Bytes;
}

/// What is compiled for each instruction set.
pub(super) trait Work {
    /// Does it.
    fn run<V: Instructions>(self, simd: V);
}
