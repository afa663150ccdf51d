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

/// What is at 32 places.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a, V: Instructions> {
    quads: &'a [Quads],
    /// What sums of [`dot_row`](Instructions::dot_row) are too large by.
    excess: [V::Sums; 2],
}

impl<'a, V: Instructions> Inputs<'a, V> {
    inlined! {
        /// Those of these quads.
        pub(super) fn new(simd: V, quads: &'a [Quads]) -> Self {
            let mut excess = [[simd.sums(0); 2]];
            if V::COMPLEMENTS {
                for x in quads {
                    add::<V, 1, 0, 2>(simd, &mut excess, x, [0]);
                }
            }
            Self { quads, excess: excess[0] }
        }
    }
}

/// Rows of weights, one after the other: pieces of `taps` weights, each of which begins a quad. What a piece's last quad has
/// behind its taps is 0.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, R> {
    pub(super) weights: &'a [i8],
    /// Weights of a row.
    pub(super) length: usize,
    pub(super) taps: usize,
    /// Pieces of a row.
    pub(super) pieces: usize,
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
        /// For `count` rows from number `first` on, their integers at 32 places.
        pub(super) fn put<V: Instructions>(
            self,
            simd: V,
            (first, count): (usize, usize),
            inputs: Inputs<'_, V>,
            to: &mut impl Put<V>,
        ) {
            let mut row = 0;
            while row < count {
                row += match V::ROWS.min(count - row) {
                    8.. if V::ROWS >= 8 => self.tile::<V, 8>(simd, first, row, inputs, to),
                    4.. if V::ROWS >= 4 => self.tile::<V, 4>(simd, first, row, inputs, to),
                    2.. => self.tile::<V, 2>(simd, first, row, inputs, to),
                    _ => self.tile::<V, 1>(simd, first, row, inputs, to),
                };
            }
        }

        /// The same for N rows from number `first + row` on. Tells N.
        fn tile<V: Instructions, const N: usize>(
            self,
            simd: V,
            first: usize,
            row: usize,
            inputs: Inputs<'_, V>,
            to: &mut impl Put<V>,
        ) -> usize {
            let mut sums = [[simd.sums(0); 2]; N];
            if V::HALVES == 2 {
                sums = self.sums::<V, N, 0, 2>(simd, first + row, inputs);
            } else {
                let low = self.sums::<V, N, 0, 1>(simd, first + row, inputs);
                let high = self.sums::<V, N, 1, 1>(simd, first + row, inputs);
                for (to, ([low], [high])) in sums.iter_mut().zip(low.into_iter().zip(high)) {
                    *to = [low, high];
                }
            }
            for (number, &sums) in sums.iter().enumerate() {
                let integers = self.requantized(simd, sums, first + row + number);
                to.put(simd, row + number, integers);
            }
            N
        }

        /// For N rows from number `first` on, what their sums start from, and the products with the quads of a row, at H halves of the
        /// places from one on.
        fn sums<V: Instructions, const N: usize, const HALF: usize, const H: usize>(
            self,
            simd: V,
            first: usize,
            inputs: Inputs<'_, V>,
        ) -> [[V::Sums; H]; N] {
            let Inputs { quads, excess } = inputs;
            let nothing: [_; N] = [[simd.sums(0); H]; N];
            let mut sums = nothing;
            for (row, sums) in sums.iter_mut().enumerate() {
                let start = simd.sums(number_at(self.start, first + row));
                for (sums, &excess) in sums.iter_mut().zip(excess.iter().skip(HALF)) {
                    *sums = if V::COMPLEMENTS { simd.subtract(start, excess) } else { start };
                }
            }
            let Self { weights, length, taps, pieces, .. } = self;
            let of_piece = taps.div_ceil(4);
            let rest = weights.get(first * length..).unwrap_or_default();
            if of_piece == 0 || rest.len() < N * length || pieces * taps > length {
                return nothing;
            }
            // A piece's last four weights may reach into the next row, where they meet zeros, but not beyond the last row.
            let readable = rest.len() - (N - 1) * length;
            let mut within = pieces;
            while within > 0 && (within - 1) * taps + 4 * of_piece > readable {
                within -= 1;
            }
            // SAFETY: it is called where four weights can be read in the last row, and so in the others.
            let fours = |at: usize| unsafe { fours::<N>(rest.as_ptr().add(at), length) };
            let mut quads = quads;
            for piece in 0..pieces {
                let Some((of_this, behind)) = quads.split_at_checked(of_piece) else { return nothing };
                quads = behind;
                let start = piece * taps;
                if piece < within {
                    for (quad, x) in of_this.iter().enumerate() {
                        add::<V, N, HALF, H>(simd, &mut sums, x, fours(start + 4 * quad));
                    }
                    continue;
                }
                let Some((last, whole)) = of_this.split_last() else { return nothing };
                for (quad, x) in whole.iter().enumerate() {
                    add::<V, N, HALF, H>(simd, &mut sums, x, fours(start + 4 * quad));
                }
                let mut fours = [0; N];
                for (row, weights) in fours.iter_mut().enumerate() {
                    *weights = four(rest, row * length + start + 4 * (of_piece - 1));
                }
                add::<V, N, HALF, H>(simd, &mut sums, last, fours);
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

/// Four weights of each of N rows, which lie `length` apart.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn fours<const N: usize>(weights: *const i8, length: usize) -> [i32; N] {
    let mut fours = [0; N];
    for (row, four) in fours.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *four = unsafe { weights.add(row * length).cast::<i32>().read_unaligned() };
    }
    fours
}

inlined! {
    /// Adds the products of four integers of each place with four weights of each row, at H halves of the places from one on.
    fn add<V: Instructions, const N: usize, const HALF: usize, const H: usize>(
        simd: V,
        sums: &mut [[V::Sums; H]; N],
        Quads(x): &Quads,
        fours: [i32; N],
    ) {
        for (index, x) in x.iter().skip(HALF).take(H).enumerate() {
            let x = simd.load(x);
            for (sums, four) in sums.iter_mut().zip(fours) {
                sums[index] = simd.dot_row(sums[index], x, simd.four(four));
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
