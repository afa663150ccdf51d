//! One axis of a convolution, forward or from outputs to inputs: where the numbers lie that a sum reads.
//!
//! Both directions are `y[first + apart·j] = Σₜ w[t] · x[step·j + offset(t)]`, over an x with zeros around it. Backward, with a
//! stride s, every s-th element of the inputs reads the same taps: those elements are a *phase*, and each phase is a
//! convolution with a step of 1, so that no zeros between gradients are multiplied.

use crate::window::{Sliding, ceil_div, quotient};

/// The most taps along an axis.
pub(super) const TAPS: usize = 128;

/// An axis.
#[derive(Clone, Copy)]
pub(super) struct Track {
    /// Sums, and how far what they read lies apart.
    pub(super) count: usize,
    pub(super) step: usize,
    /// Elements that there are, and zeros before them.
    pub(super) input: usize,
    pub(super) before: usize,
    /// Where the first sum is stored, and how far they lie apart.
    pub(super) first: usize,
    pub(super) apart: usize,
    /// From the first element that a sum reads to the end of the last.
    pub(super) span: usize,
    taps: usize,
    /// By ascending offset: from the first element that a sum reads, and which tap it is.
    offsets: [(u16, u16); TAPS],
}

impl Track {
    /// From inputs to outputs; the axis must have at most [`TAPS`] taps.
    pub(super) const fn forward(axis: &Sliding) -> Self {
        let Sliding { input, output, window } = *axis;
        let mut track = Self {
            count: output,
            step: window.stride,
            input,
            before: window.before,
            first: 0,
            apart: 1,
            span: window.span(),
            taps: if window.kernel < TAPS { window.kernel } else { TAPS },
            offsets: [(0, 0); TAPS],
        };
        let mut tap = 0;
        while tap < track.taps {
            track.offsets[tap] = ((tap * window.dilation) as u16, tap as u16);
            tap += 1;
        }
        track
    }

    /// From outputs to the inputs of a phase, below the stride.
    pub(super) const fn backward(axis: &Sliding, phase: usize) -> Self {
        let Sliding { input, output, window } = *axis;
        let mut track = Self {
            count: ceil_div(input.saturating_sub(phase), window.stride),
            step: 1,
            input: output,
            before: 0,
            first: phase,
            apart: window.stride,
            span: 1,
            taps: 0,
            offsets: [(0, 0); TAPS],
        };
        // The input at `phase` is under tap t of the output `(phase + before − dilation·t) / stride`, which may be before the
        // first. Descending taps have ascending outputs.
        let mut tap = if window.kernel < TAPS { window.kernel } else { TAPS };
        while tap > 0 {
            tap -= 1;
            let (from, back) = (phase + window.before, window.dilation * tap);
            let distance = from.abs_diff(back);
            let outputs = quotient(distance, window.stride);
            if outputs * window.stride != distance {
                continue;
            }
            if track.taps == 0 && back > from {
                track.before = outputs;
            }
            let offset = if back > from { track.before - outputs } else { track.before + outputs };
            track.offsets[track.taps] = (offset as u16, tap as u16);
            track.span = offset + 1;
            track.taps += 1;
        }
        track
    }

    /// Each tap's offset and number.
    #[inline(always)]
    pub(super) fn taps(&self) -> &[(u16, u16)] {
        self.offsets.get(..self.taps).unwrap_or_default()
    }

    /// How many elements with the zeros around them `count` sums read.
    #[inline(always)]
    pub(super) const fn seen(&self, count: usize) -> usize {
        count.saturating_sub(1) * self.step + self.span
    }

    /// Whether no sum reads zeros around the elements.
    #[inline(always)]
    pub(super) const fn is_whole(&self) -> bool {
        self.before == 0 && self.seen(self.count) <= self.input
    }
}
