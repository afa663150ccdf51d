//! The matrix product: a tile of C stays in registers while a row of B and a column of A at a time are multiplied into
//! it.
//!
//! Nothing is allocated: A's elements are addressed by two strides and broadcast, and B's rows are contiguous. Only with 16 registers,
//! columns of B are copied, in [`panels`].
//!
//! # Order of sums
//! Each sum is one chain of multiply-adds, from the first row of B to the last, whatever the tile and the number of lanes:
//! equal operands give equal bits. A dense layer of few outputs would leave a processor waiting for its only chain, so
//! there ([`is_chained`]) a sum is that of [`CHAINS`] chains, each over a quarter of the inputs, `(s₀ + s₁) + (s₂ + s₃)`.
//!
//! # Blocking
//! | constant | is | because |
//! |---|---|---|
//! | [`SMALL`] | 1024 weights | below, a call and loops over unknown sizes take longer than the products; above, inlined code fills the instruction cache |
//! | [`SMALL_VECTORS`] | 4 vectors of columns | a row of a small product is one tile, which needs no loop over columns |
//! | [`BLOCK`] | 1 MiB from a row of B to the last one | each block loads and stores all of C: so a matrix of 784 × 128 is one block. The tiles read it from the second-level cache while they multiply; rows that are further apart span more pages, probably more than the processor keeps addresses of |
//! | [`ROWS`] | 256 | of which a tile's part, 2 vectors wide, is 32 KiB with AVX-512 and 16 KiB with AVX2: a shorter block loads and stores its sums too often |
//! | [`CACHED`] | 24 KiB of B | half of that cache (or three quarters of an older one of 32 KiB), which A and C share |
//! | [`SECOND`] | 512 KiB of B | half of the second-level cache, where not even one tile's columns fit in the first: then a tile's rows meet all of these columns |
//! | [`ONCE`] | 8 rows | one row of tiles reads B only once, so nothing needs to stay in the cache |
//! | [`STREAMED`] | 512 KiB of B | with 16 registers, where the second-level cache doesn't hold it, two or more of those few rows read it in pieces, of which each tile requests numbers half a piece ahead: processors don't, of a few columns of long rows |
//! | [`PIECE`], [`SHORTEST`] | 32 KiB of B, 16 rows | the second tile's rows find it in the first-level cache, and sums aren't loaded and stored too often |
//!
//! With chains, a block is two of them, and the sum of the last two is added to that of the first two.

mod panels;
mod scattered;
mod tile;
mod tiles;

use self::panels::InPanels;
pub(crate) use self::panels::has_few_registers;
pub(super) use self::scattered::Scattered;
pub(crate) use self::scattered::{Fours, Place, Row, TOGETHER, Terms, work as scattered_work, work_in_fours};
use self::tile::Block;
pub(crate) use self::tiles::next_rows;
use super::assert_in_tests;
use super::size::Size;
use super::vector::{Operation, Simd, lanes};
use crate::scalar::Scalar;

/// What a sum starts from: the first write to a gradient overwrites it, and all others add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From zero: overwrites.
    Zero,
    /// From the existing value: adds.
    Sum,
}

/// What the elements of a product start from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin<'a, S> {
    Zero,
    /// The existing values.
    Sum,
    /// One number per column: the bias of a dense layer. Zero if empty.
    Row(&'a [S]),
    /// One number per row: the bias of a convolution. Zero if empty.
    Column(&'a [S]),
}

impl<S> Origin<'_, S> {
    /// Whether it has all rows and columns.
    #[inline(always)]
    pub(crate) const fn fits(&self, rows: usize, columns: usize) -> bool {
        match self {
            Self::Row(row) => row.is_empty() || columns <= row.len(),
            Self::Column(column) => column.is_empty() || rows <= column.len(),
            Self::Zero | Self::Sum => true,
        }
    }
}

impl<S> From<Start> for Origin<'_, S> {
    #[inline(always)]
    fn from(start: Start) -> Self {
        match start {
            Start::Zero => Self::Zero,
            Start::Sum => Self::Sum,
        }
    }
}

/// `C[m][n] = start + Σₖ A(m, k) · B[k][n]`, with contiguous rows of B and C.
#[derive(Debug)]
pub struct Product<'a, S> {
    /// The range of (m, k, n).
    pub(crate) size: (usize, usize, usize),
    pub(crate) a: &'a [S],
    /// The strides of A, from row to row and from column to column.
    pub(crate) strides: (usize, usize),
    /// The number of each row in A, unless they are in order: row m of the product is row `rows[m]` of A.
    pub(crate) rows: Option<&'a [usize]>,
    pub(crate) b: &'a [S],
    pub(crate) c: &'a mut [S],
    /// The row strides of B and C.
    pub(crate) pitches: (usize, usize),
    pub(crate) start: Origin<'a, S>,
    /// Whether each sum is that of [`CHAINS`] chains.
    pub(crate) is_chained: bool,
    /// Whether the larger of 0 and a sum is stored.
    pub(crate) is_rectified: bool,
}

/// The chains of a sum of a dense layer with few outputs.
pub(super) const CHAINS: usize = 4;

/// Whether the outputs of a dense layer are sums of [`CHAINS`] chains: with enough inputs, and so few outputs that a single
/// sample doesn't fill a processor's multipliers. Depends on nothing but the shape of the layer, as do the bits of its
/// outputs. Without fused multiply-adds, sums are in order, as in plain loops.
pub(super) const fn is_chained<V: Simd>(inputs: usize, outputs: usize) -> bool {
    V::FUSED && inputs >= CHAINS && outputs <= 32
}

/// The most weights of a small product.
pub(crate) const SMALL: usize = 1024;
/// The most vectors of columns of a small product.
const SMALL_VECTORS: usize = 4;
/// Bytes of B in whose rows a tile multiplies before it moves on to the next columns. Tests have several blocks of small
/// matrices.
const BLOCK: usize = if cfg!(test) { 1 << 16 } else { 1 << 20 };
/// The fewest rows of B in a block of a larger matrix.
const ROWS: usize = 256;
/// Bytes of B that should stay in the first-level cache for the next tile.
const CACHED: usize = 24 * 1024;
/// Bytes of B that should stay in the second-level cache for the next rows.
const SECOND: usize = 512 * 1024;
/// Up to this many rows of C, B isn't blocked.
const ONCE: usize = 8;
/// Bytes of B from which on few rows read it in pieces. Tests have some of small matrices.
const STREAMED: usize = if cfg!(test) { 1 << 14 } else { SECOND };
/// Bytes of B in a piece, and the fewest rows.
const PIECE: usize = 1 << 15;
const SHORTEST: usize = 16;

impl<'a, S> Product<'a, S> {
    /// `C = start + A·B`, with the rows of A in order and each sum in one chain.
    #[inline(always)]
    pub(crate) const fn new(
        size: (usize, usize, usize),
        (a, strides): (&'a [S], (usize, usize)),
        b: &'a [S],
        c: &'a mut [S],
        pitches: (usize, usize),
        start: Origin<'a, S>,
    ) -> Self {
        Self { size, a, strides, rows: None, b, c, pitches, start, is_chained: false, is_rectified: false }
    }
}

impl<S: Scalar> Product<'_, S> {
    /// Whether it is small enough to be inlined into the caller, where its sizes are constants. `weights` counts those
    /// of the layer, regardless of the batch.
    #[inline(always)]
    pub(crate) const fn is_small<V: Simd>(weights: usize, columns: usize) -> bool {
        weights <= SMALL && columns <= SMALL_VECTORS * lanes::<V, S>()
    }

    /// Whether a product of a layer of k inputs and n columns may be small.
    pub(crate) const fn may_be_small<V: Simd, K: Size, N: Size>() -> bool {
        match (K::CONSTANT, N::CONSTANT) {
            (Some(k), Some(n)) => Self::is_small::<V>(k.saturating_mul(n), n),
            _ => true,
        }
    }

    /// Whether there is something to compute, and the slices are long enough.
    #[inline(always)]
    fn fits(&self) -> bool {
        let (rows, inner, columns) = self.size;
        if rows == 0 || columns == 0 {
            return false;
        }
        // The end of some rows. One that overflows is larger than any slice.
        let end = |rows: usize, pitch: usize, last: usize| (rows - 1).saturating_mul(pitch).saturating_add(last);
        let (numbers, last_row) = match self.rows {
            Some(numbers) => (numbers.len(), numbers.iter().fold(0, |last, &number| number.max(last))),
            None => (rows, rows - 1),
        };
        let a = |inner: usize| last_row.saturating_mul(self.strides.0).saturating_add(end(inner, self.strides.1, 1));
        let fits = rows <= numbers
            && (inner == 0 || a(inner) <= self.a.len() && end(inner, self.pitches.0, columns) <= self.b.len())
            && columns <= self.pitches.0.min(self.pitches.1)
            && end(rows, self.pitches.1, columns) <= self.c.len()
            && self.start.fits(rows, columns);
        assert_in_tests!(fits, "a product of {:?} doesn't fit its slices", self.size);
        fits
    }

    /// The length of a chain.
    #[inline(always)]
    const fn length(&self) -> usize {
        if self.is_chained { self.size.1.div_ceil(CHAINS) } else { self.size.1 }
    }

    /// The rows of B in a block, up to `most`: of the same number in each, since a short block loads and stores its sums too
    /// often.
    #[inline(always)]
    fn even_depth(&self, most: usize) -> usize {
        self.size.1.div_ceil(self.size.1.div_ceil(most).max(1)).max(1)
    }

    /// The products with `inner` rows of B from `first` on, in `chains` of a length.
    #[inline(always)]
    fn block(&mut self, (first, inner): (usize, usize), (chains, length): (usize, usize)) -> Block<'_, S> {
        let before = first * self.pitches.0;
        let is_first = first == 0;
        let start = match (is_first, chains) {
            (true, _) => self.start,
            (false, 1) => Origin::Sum,
            (false, _) => Origin::Zero,
        };
        Block {
            a: self.a.as_ptr().wrapping_add(first * self.strides.1),
            strides: self.strides,
            rows: self.rows,
            b: self.b.as_ptr().wrapping_add(before),
            available: self.b.len().saturating_sub(before),
            ahead: 0,
            c: self.c.as_mut_ptr(),
            inner,
            pitches: self.pitches,
            columns: self.size.2,
            start,
            chains,
            length,
            is_added: !is_first && chains > 1,
            is_rectified: self.is_rectified && first + inner == self.size.1,
        }
    }
}

/// A [small](Product::is_small) product, and the number of its columns.
pub(super) struct Small<'a, S, N>(pub(super) Product<'a, S>, pub(super) N);

impl<S: Scalar, N: Size> Operation for Small<'_, S, N> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self(mut product, _) = self;
        if !product.fits() {
            return;
        }
        let (rows, inner, _) = product.size;
        let chains = if product.is_chained { CHAINS } else { 1 };
        let length = product.length();
        let block = product.block((0, inner), (chains, length));
        let mut row = 0;
        // SAFETY: `fits` has checked that the slices hold all rows and columns.
        unsafe {
            while row + 4 <= rows {
                block.small_tile::<V, N, 4>(simd, row);
                row += 4;
            }
            while row < rows {
                if block.chains == CHAINS {
                    block.chained_row(simd, row, (0, block.columns), true);
                } else {
                    block.small_tile::<V, N, 1>(simd, row);
                }
                row += 1;
            }
        }
    }
}

impl<S: Scalar> Operation for Product<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        if !self.fits() {
            return;
        }
        if const { has_few_registers::<V, S>() } && self.takes_panels::<V>() {
            // A function of its own, which alone has memory for a panel.
            return simd.call(InPanels(self));
        }
        let (rows, inner, columns) = self.size;
        let length = self.length();
        let most = (BLOCK / size_of::<S>() / self.pitches.0.max(1)).max(ROWS);
        let is_streamed = const { has_few_registers::<V, S>() }
            && (2..=ONCE).contains(&rows)
            && !self.is_chained
            && inner.saturating_mul(columns) > const { STREAMED / size_of::<S>() };
        let (depth, chains, cached) = match (rows <= ONCE, self.is_chained) {
            (true, false) if is_streamed => {
                (self.even_depth((PIECE / size_of::<S>() / columns.max(1)).max(SHORTEST)), 1, usize::MAX)
            }
            (true, is_chained) => (inner, if is_chained { CHAINS } else { 1 }, usize::MAX),
            (false, true) => (2 * length, 2, usize::MAX),
            (false, false) => (self.even_depth(most), 1, CACHED),
        };
        let ahead = if is_streamed { depth / 2 * self.pitches.0 } else { 0 };
        let pair = 2 * lanes::<V, S>();
        let mut first = 0;
        loop {
            let part = depth.min(inner - first);
            let chain = if chains > 1 { length } else { part };
            let block = Block { ahead, ..self.block((first, part), (chains, chain)) };
            let cached = if pair * block.inner * size_of::<S>() > cached { SECOND } else { cached };
            let group = (cached / size_of::<S>() / block.inner.max(1) / pair).max(1) * pair;
            let mut from = 0;
            while from < columns {
                let to = columns.min(from.saturating_add(group));
                let mut row = 0;
                while row < rows {
                    // SAFETY: `fits` has checked that the slices hold what the block's tiles touch: rows below `rows`,
                    // columns below `columns`.
                    row += unsafe { block.next_tiles(simd, (row, rows), (from, to)) };
                }
                from = to;
            }
            first += block.inner;
            if first >= inner {
                break;
            }
        }
    }
}
