//! Tiles in panels, with 16 registers: the columns of the output gradients of one tile are copied to one place by the first rows' tile,
//! beside its products, and all other rows' tiles read them there, for the reason that
//! [products](super::super::product) do.

use core::mem::MaybeUninit;

use super::Block;
use super::tiles::{COPIED, COPYING};
use crate::kernels::vector::{Operation, Simd, lanes};
use crate::scalar::Scalar;

/// The vectors of columns of a tile, and the rows of the one that copies.
const VECTORS: usize = 2;
const ROWS: usize = 6;

/// Bytes of a panel, half of a first-level cache: of 256 samples with AVX2.
const PANEL: usize = 16 * 1024;

/// The fewest rows: those of two tiles.
const FEWEST: usize = 2 * ROWS;

/// Memory for a panel, which begins with a cache line.
#[repr(align(64))]
struct Panel(#[expect(dead_code, reason = "it is memory")] [u8; PANEL]);

impl<S: Scalar> Block<'_, S> {
    /// Whether it is computed in panels, if there are few registers: if tiles would read them, and there is room for all samples.
    #[inline(always)]
    pub(super) fn takes_panels<V: Simd>(&self) -> bool {
        let width = const { VECTORS * lanes::<V, S>() };
        self.rows.len() >= FEWEST
            && self.columns.len() >= width
            && self.products.samples.saturating_mul(width) <= PANEL / size_of::<S>()
    }
}

/// Those columns of a block that fill whole tiles. Returns their number.
pub(super) struct InPanels<'a, 'b, S>(pub(super) &'a Block<'b, S>);

impl<S: Scalar> Operation for InPanels<'_, '_, S> {
    type Output = usize;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> usize {
        let Self(block) = self;
        if !block.fits() || !block.takes_panels::<V>() {
            return 0;
        }
        let width = const { VECTORS * lanes::<V, S>() };
        let mut panel = MaybeUninit::<Panel>::uninit();
        let panel = panel.as_mut_ptr().cast::<S>();
        let whole = block.columns.len() / width * width;
        for from in (block.columns.start..block.columns.start + whole).step_by(width) {
            let columns = from..from + width;
            let mut row = block.rows.start;
            // SAFETY: `fits` has checked that the samples have all rows and columns, and the memory room for them; the panel holds
            // these columns of all samples, which the first tile copies.
            unsafe {
                row += block.tiles::<V, ROWS, VECTORS, COPYING>(simd, row, columns.clone(), panel);
                while row < block.rows.end {
                    row += block.next_pair::<V, COPIED>(simd, row, columns.clone(), panel);
                }
            }
        }
        whole
    }
}
