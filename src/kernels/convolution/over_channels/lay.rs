//! What a block reads of some channels, transposed, with zeros around it.

use super::Channels;
use crate::kernels::convolution::blocks::{Block, Images};
use crate::kernels::transpose::turn;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, splat, write};
use crate::scalar::Scalar;
use crate::shape::first_mut;

/// Transposes what a block reads of some channels, with all registers to itself.
pub(super) struct Lay<'a, 'b, S> {
    pub(super) channels: &'a Channels,
    pub(super) x: &'a [S],
    /// Numbers from one channel to the next, and how many channels there are.
    pub(super) apart: usize,
    pub(super) count: usize,
    pub(super) block: &'a Block,
    pub(super) to: Laid<'b, S>,
}

impl<S: Scalar> Operation for Lay<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        self.channels.lay(simd, (self.x, self.apart, self.count), self.block, self.to);
    }
}

impl Channels {
    /// Transposes what a block reads of some channels, `apart` numbers from one to the next, with zeros around it.
    #[inline(always)]
    pub(super) fn lay<V: Simd, S: Scalar>(
        &self,
        simd: V,
        (x, apart, channels): (&[S], usize, usize),
        block: &Block,
        to: Laid<'_, S>,
    ) {
        let (lanes, Images { rows, columns, .. }) = (lanes::<V, S>(), &self.images);
        let (reads, width, channels) = (rows.read(&block.rows), columns.seen(columns.count), channels.min(lanes));
        let (above, height) = (reads.start, reads.len());
        // Rows that there are, and columns that are read.
        let seen = above.saturating_sub(rows.before)..(above + height).saturating_sub(rows.before).min(rows.input);
        let read = width.saturating_sub(columns.before).min(columns.input);
        let Laid { numbers: to, pitch } = to;
        let all = (width * height).saturating_sub(1) * pitch + lanes;
        let Some(to) = to.get_mut(..all) else { return };
        let first = seen.start + rows.before - above;
        let inner = (columns.before.min(width), (columns.before + read).min(width));
        for row in 0..height {
            let (left, right) = if (first..first + seen.len()).contains(&row) { inner } else { (width, width) };
            for column in (0..left).chain(right..width) {
                let to = to.get_mut((row * width + column) * pitch..).unwrap_or_default();
                write(simd, splat(simd, S::ZERO), first_mut(to, lanes));
            }
        }
        let from = x.get(seen.start * columns.input..).unwrap_or_default();
        let slots = Slots { row: width, columns: columns.input, read, at: first * width + columns.before, pitch };
        let count = seen.len() * columns.input;
        if (channels - 1) * apart + count <= from.len() && slots.end(count) <= width * height {
            // SAFETY: the channels have that many numbers, and all of the slots fit.
            unsafe { lay_positions(simd, (from, apart, channels), count, slots, to) };
        }
    }
}

/// Where channels are laid: the first position's numbers, and how far those of neighbouring positions lie apart.
pub(super) struct Laid<'a, S> {
    pub(super) numbers: &'a mut [S],
    pub(super) pitch: usize,
}

/// Where positions go: rows of `columns`, of which the first `read` are kept, `row` apart; `pitch` numbers for each position.
#[derive(Clone, Copy)]
struct Slots {
    row: usize,
    columns: usize,
    read: usize,
    at: usize,
    pitch: usize,
}

impl Slots {
    /// The end of the slots of `count` positions.
    #[inline(always)]
    fn end(&self, count: usize) -> usize {
        let rows = count.div_ceil(self.columns.max(1));
        if rows == 0 { 0 } else { self.at + (rows - 1) * self.row + self.read }
    }
}

/// Transposes `count` positions of some channels into their slots.
///
/// # Safety
/// Each channel has the positions, and the slots fit.
#[inline(always)]
unsafe fn lay_positions<V: Simd, S: Scalar>(
    simd: V,
    (x, apart, channels): (&[S], usize, usize),
    count: usize,
    slots: Slots,
    to: &mut [S],
) {
    let lanes = lanes::<V, S>();
    let (mut column, mut slot) = (0, slots.at);
    for first in (0..count).step_by(lanes) {
        let width = lanes.min(count - first);
        let mut square = [splat::<V, S>(simd, S::ZERO); LANES];
        // SAFETY: the caller's promise.
        unsafe {
            // All indices are constants, so that the square stays in registers.
            for (channel, vector) in square.iter_mut().enumerate().take(lanes) {
                if channel >= channels {
                    break;
                }
                let from = x.as_ptr().add(channel * apart + first);
                *vector = if width == lanes {
                    S::Vector::<V>::load(simd, from)
                } else {
                    S::Vector::<V>::load_masked(simd, from, width)
                };
            }
            turn::<V, S>(&mut square);
            for (index, vector) in square.into_iter().enumerate().take(lanes) {
                if index >= width {
                    break;
                }
                if column < slots.read {
                    vector.store(to.as_mut_ptr().add((slot + column) * slots.pitch));
                }
                column += 1;
                if column == slots.columns {
                    column = 0;
                    slot += slots.row;
                }
            }
        }
    }
}
