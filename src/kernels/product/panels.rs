//! Products in panels, with 16 registers: some columns of B are copied to one place by the first rows' tiles, beside their products, and
//! all other rows' tiles read them there, while the next columns are requested.
//!
//! A panel has as many columns as fit, so that each row of C is written for a while before the next ones are. A pointwise convolution's
//! rows are planes: of a few channels, a tile takes less time than a cache line of each of its rows, and the processor sees neither coming.
//!
//! Rows of B that are a power of two long begin at few places of the first-level cache, which has room for few of their columns: every
//! tile would read them from the second-level cache again. Copies cost nothing beside six rows' products: the processor's stores are idle.
//! With 32 registers, and vectors twice as wide, it was measured to cost more than it saves.

use core::mem::MaybeUninit;
use core::ops::Range;

use super::tile::Block;
use super::{CACHED, Product};
use crate::kernels::request;
use crate::kernels::vector::{Operation, Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::window::quotient;

/// The vectors of columns of a tile, and the rows of the one that copies.
const VECTORS: usize = 2;
const ROWS: usize = 6;

/// Bytes of a panel: in a first-level cache of 32 KiB, they leave room for the rows of A that a tile reads.
const PANEL: usize = 20 * 1024;

/// The fewest rows of C: those of two tiles.
const FEWEST: usize = 2 * ROWS;

/// Memory for a panel, which begins with a cache line.
#[repr(align(64))]
struct Panel(#[expect(dead_code, reason = "it is memory")] [u8; PANEL]);

/// Whether an instruction set has fused vectors, and few registers for them.
pub(crate) const fn has_few_registers<V: Simd, S: Scalar>() -> bool {
    V::FUSED && lanes::<V, S>() > 1 && S::Vector::<V>::REGISTERS < 32
}

impl<S: Scalar> Product<'_, S> {
    /// Whether it is computed in panels, [with few registers](has_few_registers): if there are tiles to read them, and B doesn't stay in
    /// the first-level cache anyway.
    #[inline(always)]
    pub(super) fn takes_panels<V: Simd>(&self) -> bool {
        let (rows, inner, columns) = self.size;
        !self.is_chained
            && rows >= FEWEST
            && columns >= VECTORS * lanes::<V, S>()
            && inner.saturating_mul(columns) > CACHED / size_of::<S>()
    }
}

/// A product [in panels](Product::takes_panels).
pub(super) struct InPanels<'a, S>(pub(super) Product<'a, S>);

impl<S: Scalar> Operation for InPanels<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self(mut product) = self;
        if !product.fits() || !product.takes_panels::<V>() {
            return;
        }
        let (rows, inner, columns) = product.size;
        let width = const { VECTORS * lanes::<V, S>() };
        let mut panel = MaybeUninit::<Panel>::uninit();
        let panel = panel.as_mut_ptr().cast::<S>();
        let room = const { PANEL / size_of::<S>() } / width;
        let depth = product.even_depth(room);
        let whole = columns - columns % width;
        for first in (0..inner).step_by(depth) {
            let part = depth.min(inner - first);
            let block = product.block((first, part), (1, part));
            let most = quotient(room, part).max(1) * width;
            let next = |from: usize| whole.min(from + most);
            let mut from = 0;
            while from < whole {
                let to = next(from);
                let copied = block.copied(panel, (from, to));
                // SAFETY: `fits` has checked that the slices hold all rows and columns, of which there are enough for a tile; a panel
                // holds `part` rows of these columns.
                unsafe {
                    for column in (from..to).step_by(width) {
                        block.first_tile::<V, ROWS, VECTORS>(
                            simd,
                            0,
                            column,
                            (panel.wrapping_add(column - from), to - from),
                        );
                    }
                    let mut row = ROWS;
                    while row < rows {
                        block.request((row - ROWS..row, rows - ROWS), to..next(to));
                        row += copied.next_tiles(simd, (row, rows), (from, to));
                    }
                }
                from = to;
            }
            let mut row = 0;
            while whole < columns && row < rows {
                // SAFETY: `fits` has checked that the slices hold all rows and columns.
                row += unsafe { block.next_tiles(simd, (row, rows), (whole, columns)) };
            }
        }
    }
}

impl<'a, S: Scalar> Block<'a, S> {
    /// The same rows, with some columns of B in a panel.
    #[inline(always)]
    const fn copied(&self, panel: *const S, (from, to): (usize, usize)) -> Block<'a, S> {
        Block { b: panel.wrapping_sub(from), pitches: (to - from, self.pitches.1), ..*self }
    }

    /// Asks for a share of the rows of B, some of `of` equal parts, in some columns.
    #[inline(always)]
    fn request(&self, (share, of): (Range<usize>, usize), columns: Range<usize>) {
        let row = |part: usize| quotient(part * self.inner, of).min(self.inner);
        for row in row(share.start)..row(share.end) {
            request::run_for_reading(self.b.wrapping_add(row * self.pitches.0 + columns.start), columns.len());
        }
    }
}
