//! Sums of products at 32 places at once, of which vectors have 16 each.
//!
//! A quad is four neighbouring integers of each of the 32 places. It is multiplied with four weights, as they lie in memory,
//! for all places. Places are those of a plane in [`convolution`](super::convolution), and samples in [`batch`](super::batch).

use super::super::products::Finish;
use super::instructions::{BYTES, Instructions, SUMS};
use super::rounding::Round;
use crate::kernels::inlined;

/// Places that are computed at once: two vectors of sums.
pub(in crate::quantized) const PLACES: usize = 2 * SUMS;

/// Rows of weights that are finished together.
pub(super) const ROWS: usize = 8;

/// Four integers, changed by [`OFFSET`](Instructions::OFFSET), of 32 places. Aligned, as a vector across the end of a cache
/// line is two accesses.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(in crate::quantized) struct Quads(pub(super) [[u8; BYTES]; 2]);

impl Quads {
    pub(in crate::quantized) const ZERO: Self = Self([[0; BYTES]; 2]);
}

/// Rows of weights, one after the other: pieces of `taps` weights, each of which begins a quad. What a piece's last quad has
/// behind its taps is 0.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, R> {
    pub(super) weights: &'a [i8],
    /// Weights of a row.
    pub(super) length: usize,
    pub(super) taps: usize,
    /// What the sums of each row start from.
    pub(super) start: &'a [i32],
    pub(super) finish: Finish<'a, R>,
}

/// Where the integers of rows go.
pub(super) trait Put<V: Instructions> {
    /// Those of one row at 32 places; its number is counted from the first one's.
    fn put(&mut self, simd: V, row: usize, integers: [V::Integers; 2]);
}

impl<R: Round> Rows<'_, R> {
    inlined! {
        /// For `count` rows from number `first` on, their integers at 32 places, whose quads these are.
        pub(super) fn put<V: Instructions>(
            self,
            simd: V,
            (first, count): (usize, usize),
            quads: &[Quads],
            to: &mut impl Put<V>,
        ) {
            let mut row = 0;
            while row < count {
                row += match V::ROWS.min(count - row) {
                    8.. if V::ROWS >= 8 => self.tile::<V, 8>(simd, first, row, quads, to),
                    4.. if V::ROWS >= 4 => self.tile::<V, 4>(simd, first, row, quads, to),
                    2.. => self.tile::<V, 2>(simd, first, row, quads, to),
                    _ => self.tile::<V, 1>(simd, first, row, quads, to),
                };
            }
        }

        /// The same for N rows from number `first + row` on. Tells N.
        fn tile<V: Instructions, const N: usize>(
            self,
            simd: V,
            first: usize,
            row: usize,
            quads: &[Quads],
            to: &mut impl Put<V>,
        ) -> usize {
            let sums = self.sums::<V, N>(simd, first + row, quads);
            for (number, &sums) in sums.iter().enumerate() {
                let integers = self.requantized(simd, sums, first + row + number);
                to.put(simd, row + number, integers);
            }
            N
        }

        /// For N rows from number `first` on, what their sums start from, and the products with the quads of a row.
        fn sums<V: Instructions, const N: usize>(self, simd: V, first: usize, quads: &[Quads]) -> [[V::Sums; 2]; N] {
            let nothing: [_; N] = [[simd.sums(0); 2]; N];
            let mut sums = nothing;
            for (row, sums) in sums.iter_mut().enumerate() {
                *sums = [simd.sums(number_at(self.start, first + row)); 2];
            }
            let Self { weights, length, taps, .. } = self;
            let of_piece = taps.div_ceil(4);
            let rest = weights.get(first * length..).unwrap_or_default();
            if of_piece == 0 || rest.len() < N * length || quads.len() / of_piece * taps > length {
                return nothing;
            }
            for (piece, quads) in quads.chunks_exact(of_piece).enumerate() {
                let start = piece * taps;
                // A piece's last four weights may reach into the next row, where they meet zeros, but not beyond the last row.
                let within = (N - 1) * length + start + 4 * of_piece <= rest.len();
                let (whole, last) = quads.split_at(if within { of_piece } else { of_piece - 1 });
                for (quad, x) in whole.iter().enumerate() {
                    let mut fours = [0; N];
                    for (row, four) in fours.iter_mut().enumerate() {
                        // SAFETY: the slice has N rows. Four weights are in the row, but for the last four of a piece, which
                        // were checked for the last row, and so are in the slice for the others.
                        *four =
                            unsafe { rest.as_ptr().add(row * length + start + 4 * quad).cast::<i32>().read_unaligned() };
                    }
                    add(simd, &mut sums, x, fours);
                }
                for x in last {
                    let mut fours = [0; N];
                    for (row, weights) in fours.iter_mut().enumerate() {
                        *weights = four(rest, row * length + start + 4 * (of_piece - 1));
                    }
                    add(simd, &mut sums, x, fours);
                }
            }
            sums
        }

        /// The integers for the sums of row number `row`.
        fn requantized<V: Instructions>(self, simd: V, [low, high]: [V::Sums; 2], row: usize) -> [V::Integers; 2] {
            let mantissa = simd.sums(number_at(self.finish.mantissa, row));
            let shift = simd.sums(i32::from(self.finish.shift.get(row).copied().unwrap_or_default()));
            let rounding = self.finish.requantization;
            [rounding.integers(simd, low, mantissa, shift), rounding.integers(simd, high, mantissa, shift)]
        }
    }
}

inlined! {
    /// Adds the products of four integers of each place with four weights of each row.
    fn add<V: Instructions, const N: usize>(simd: V, sums: &mut [[V::Sums; 2]; N], Quads(x): &Quads, fours: [i32; N]) {
        for (half, x) in x.iter().enumerate() {
            let x = simd.load(x);
            for (sums, four) in sums.iter_mut().zip(fours) {
                sums[half] = simd.dot(sums[half], x, simd.four(four));
            }
        }
    }

    /// What the sums of each row of weights start from: its bias, less their excess.
    pub(super) fn starts<V: Instructions>(simd: V, weights: &[i8], length: usize, bias: &[i32], starts: &mut [i32]) {
        for ((start, bias), row) in starts.iter_mut().zip(bias).zip(weights.chunks_exact(length.max(1))) {
            *start = bias.wrapping_sub(excess(simd, row));
        }
    }

    /// What sums of products with these integers are too large by, as 128 is added to the others: 128 times their sum.
    pub(super) fn excess<V: Instructions>(simd: V, integers: &[i8]) -> i32 {
        if V::OFFSET == 0 {
            return 0;
        }
        let (mut sum, added) = (simd.sums(0), simd.with_offset(simd.four(0)));
        for part in integers.chunks(BYTES) {
            sum = simd.dot(sum, added, simd.load_first(part));
        }
        simd.total(sum)
    }
}

/// The number of a row.
#[inline(always)]
pub(super) fn number_at(numbers: &[i32], row: usize) -> i32 {
    match numbers.get(row) {
        Some(&number) => number,
        None => 0,
    }
}

/// Four weights; zeros behind the last one.
#[inline(always)]
pub(super) fn four(weights: &[i8], at: usize) -> i32 {
    let weights = weights.get(at..).unwrap_or_default();
    let four = weights.first_chunk().copied().unwrap_or_else(|| {
        let mut rest = weights.iter();
        [(); 4].map(|()| rest.next().copied().unwrap_or_default())
    });
    i32::from_le_bytes(four.map(i8::cast_unsigned))
}
