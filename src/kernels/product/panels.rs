//! Products in panels, with 16 registers: the columns of B of one tile are copied to one place by the first rows' tile, beside its
//! products, and all other rows' tiles read them there.
//!
//! Rows of B that are a power of two long begin at few places of the first-level cache, which has room for few of their columns: every
//! tile would read them from the second-level cache again. Copies cost nothing beside six rows' products: the processor's stores are idle.
//! With 32 registers, and vectors twice as wide, it was measured to cost more than it saves.

use core::mem::MaybeUninit;
use core::ops::Range;

use super::tile::Block;
use super::{CACHED, Product};
use crate::kernels::vector::{Operation, Simd, Vector, lanes};
use crate::scalar::Scalar;

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
        let depth = product.even_depth(PANEL / size_of::<S>() / width);
        for first in (0..inner).step_by(depth) {
            let part = depth.min(inner - first);
            let block = product.block((first, part), (1, part));
            for from in (0..columns).step_by(width) {
                let to = columns.min(from + width);
                // SAFETY: `fits` has checked that the slices hold all rows and columns, of which there are enough for a tile; a panel
                // holds `depth` rows of its columns.
                unsafe {
                    if to - from < width {
                        block.rows(simd, 0..rows, (from, to));
                    } else {
                        block.first_tile::<V, ROWS, VECTORS>(simd, 0, from, panel);
                        block.copied(panel, from, width).rows(simd, ROWS..rows, (from, to));
                    }
                }
            }
        }
    }
}

impl<'a, S: Scalar> Block<'a, S> {
    /// The same rows and columns, with B in a panel that begins with column `column`.
    #[inline(always)]
    const fn copied(&self, panel: *const S, column: usize, width: usize) -> Block<'a, S> {
        Block { b: panel.wrapping_sub(column), pitches: (width, self.pitches.1), ..*self }
    }

    /// Some rows, the columns `from..to`.
    ///
    /// # Safety
    /// A and C have the rows, B and C the columns.
    #[inline(always)]
    unsafe fn rows<V: Simd>(&self, simd: V, rows: Range<usize>, columns: (usize, usize)) {
        let mut row = rows.start;
        while row < rows.end {
            // SAFETY: the caller's promise.
            row += unsafe { self.next_tiles(simd, (row, rows.end), columns) };
        }
    }
}
