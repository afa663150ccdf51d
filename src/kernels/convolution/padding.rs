//! Channels with their padding: windows never leave the input, so under every tap, all rows of outputs have the same length.

use core::ops::Range;

use super::Convolution;
use crate::chunks::Chunks;
use crate::kernels::elementwise::{add_few, copy_few};
use crate::kernels::vector::{Simd, lanes};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::{Axis, Sliding, quotient};

/// The most numbers in a padded channel: what stays in the first-level cache.
pub(crate) const CHANNEL: usize = 4096;

impl Plane {
    /// The same outputs, from a padded input.
    #[inline(always)]
    pub(super) const fn padded(&self) -> Self {
        Self { rows: self.rows.padded(), columns: self.columns.padded() }
    }

    /// The plane of the gradients, from outputs to inputs: the same window with reversed taps, if its stride is 1.
    #[inline(always)]
    pub(super) const fn reversed(&self) -> Option<Self> {
        match (self.rows.reversed(), self.columns.reversed()) {
            (Some(rows), Some(columns)) => Some(Self { rows, columns }),
            _ => None,
        }
    }

    /// Of the rows of an input, how many columns there are where that has its padding, and from which on.
    #[inline(always)]
    const fn inner(&self) -> (usize, usize) {
        let (before, size) = (self.columns.window.before, self.columns.padded().input);
        let room = size.saturating_sub(before);
        (if room < self.columns.input { room } else { self.columns.input }, before)
    }

    /// The rows of a padded channel that `count` outputs from `from` on see.
    #[inline(always)]
    pub(super) fn rows_seen(&self, (from, count): (usize, usize)) -> Range<usize> {
        let (window, width) = (self.rows.window, self.columns.output);
        let last = quotient((from + count).saturating_sub(1), width);
        quotient(from, width) * window.stride..last * window.stride + window.span()
    }

    /// Copies some rows of the channel `x`, with padding, into `to`.
    #[inline(always)]
    pub(super) fn pad<V: Simd, S: Scalar>(&self, simd: V, x: &[S], to: &mut [S], rows: Range<usize>) {
        let ((count, first), width) = (self.inner(), self.columns.padded().input.max(1));
        let above = self.rows.window.before;
        let x = x.blocks(self.columns.input).skip(rows.start.saturating_sub(above));
        let Some(to) = to.get_mut(rows.start * width..rows.end * width) else { return };
        to.fill(S::ZERO);
        for (x, to) in x.zip(to.blocks_mut(width).skip(above.saturating_sub(rows.start))) {
            let (Some(x), Some(to)) = (x.get(..count), to.get_mut(first..first + count)) else { return };
            copy_few(simd, x, to);
        }
    }

    /// Adds some rows of a padded channel to the channel `dx`.
    #[inline(always)]
    pub(super) fn add_unpadded<V: Simd, S: Scalar>(&self, simd: V, from: &[S], dx: &mut [S], rows: Range<usize>) {
        let ((count, first), width) = (self.inner(), self.columns.padded().input.max(1));
        let above = self.rows.window.before;
        let dx = dx.blocks_mut(self.columns.input).skip(rows.start.saturating_sub(above));
        let from = from.get(rows.start * width..rows.end * width).unwrap_or_default().blocks(width);
        for (dx, from) in dx.zip(from.skip(above.saturating_sub(rows.start))) {
            let (Some(dx), Some(from)) = (dx.get_mut(..count), from.get(first..first + count)) else { return };
            add_few(simd, from, dx);
        }
    }
}

impl Sliding {
    /// The same outputs, from a padded input.
    #[inline(always)]
    const fn padded(&self) -> Self {
        let Self { output, window, .. } = *self;
        let input = (output - 1) * window.stride + window.span();
        Self { input, output, window: Axis { before: 0, ..window } }
    }

    /// From the outputs to the inputs, with reversed taps.
    #[inline(always)]
    const fn reversed(&self) -> Option<Self> {
        let Self { input, output, window } = *self;
        match (window.stride, (window.span() - 1).checked_sub(window.before)) {
            (1, Some(before)) => Some(Self { input: output, output: input, window: Axis { before, ..window } }),
            _ => None,
        }
    }
}

impl Convolution {
    /// Whether channels are padded: if windows leave the input, and the scratch is large enough.
    #[inline(always)]
    pub(super) fn is_padded<V: Simd, S: Scalar>(&self, room: &[S]) -> bool {
        lanes::<V, S>() > 1 && !self.plane.is_whole() && room.len() >= self.plane.padded().inputs()
    }
}
