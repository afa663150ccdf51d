//! One axis of a convolution, forward or from outputs to inputs: where the numbers lie that a sum reads.
//!
//! Both directions are `y[first + apart·j] = Σₜ w[t] · x[step·j + offset(t)]`, over an x with zeros around it. Backward, with a
//! stride s, every s-th element of the inputs reads the same taps: those elements are a *phase*, and each phase is a
//! convolution with a step of 1, so that no zeros between gradients are multiplied.

use core::ops::Range;

use crate::window::{Sliding, ceil_div, quotient};

/// The most taps along an axis.
const TAPS: usize = 128;

/// An axis.
#[derive(Clone, Copy)]
pub(super) struct Track {
    /// Sums, and how far what they read lies apart.
    pub(super) count: usize,
    pub(super) step: usize,
    /// Elements that there are, and zeros before them.
    pub(super) input: usize,
    pub(super) before: usize,
    /// Whether taps that lie on the zeros are left out of a sum, so that no zeros are copied.
    pub(super) is_sparse: bool,
    /// Where the first sum is stored, and how far they lie apart.
    pub(super) first: usize,
    pub(super) apart: usize,
    /// From the first element that a sum reads to the end of the last.
    pub(super) span: usize,
    taps: usize,
    /// From the first element that a sum reads to the one under the first tap, and from one tap's to that of the next.
    offset: usize,
    spread: usize,
    /// Which tap comes first, and how many further on the next is. Backward, taps are in descending order.
    tap: usize,
    next_tap: isize,
}

impl Track {
    /// Whether an axis has few enough taps, and is short enough for their offsets. In other forms, an axis may be of any length.
    pub(super) const fn fits(axis: &Sliding) -> bool {
        let window = &axis.window;
        window.kernel <= TAPS && window.before + window.span() <= u16::MAX as usize
    }

    /// From inputs to outputs, of an axis that [fits](Self::fits).
    pub(super) const fn forward(axis: &Sliding) -> Self {
        let Sliding { input, output, window } = *axis;
        Self {
            count: output,
            step: window.stride,
            input,
            before: window.before,
            is_sparse: false,
            first: 0,
            apart: 1,
            span: window.span(),
            taps: if window.kernel < TAPS { window.kernel } else { TAPS },
            offset: 0,
            spread: window.dilation,
            tap: 0,
            next_tap: 1,
        }
    }

    /// From outputs to the inputs of a phase, below the stride, of an axis that [fits](Self::fits).
    pub(super) const fn backward(axis: &Sliding, phase: usize) -> Self {
        let Sliding { input, output, window } = *axis;
        let mut track = Self {
            count: ceil_div(input.saturating_sub(phase), window.stride),
            step: 1,
            input: output,
            before: 0,
            is_sparse: false,
            first: phase,
            apart: window.stride,
            span: 1,
            taps: 0,
            offset: 0,
            spread: 1,
            tap: 0,
            next_tap: -1,
        };
        // The input at `phase` is under tap t of the output `(phase + before − dilation·t) / stride`, which may be before the
        // first. Descending taps have ascending outputs, and those that there are lie equally far apart.
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
            match track.taps {
                0 => (track.offset, track.tap) = (offset, tap),
                1 => (track.spread, track.next_tap) = (offset - track.offset, tap as isize - track.tap as isize),
                _ => {}
            }
            track.span = offset + 1;
            track.taps += 1;
        }
        track
    }

    /// Each tap's offset and number.
    #[inline(always)]
    pub(super) fn taps(&self) -> impl ExactSizeIterator<Item = (usize, usize)> + Clone + use<> {
        self.numbered(0..self.taps)
    }

    /// The offsets and numbers of the taps at some indices.
    #[inline(always)]
    pub(super) fn numbered(&self, taps: Range<usize>) -> impl ExactSizeIterator<Item = (usize, usize)> + Clone + use<> {
        let Self { offset, spread, tap, next_tap, .. } = *self;
        taps.map(move |index| (offset + index * spread, tap.wrapping_add_signed(index as isize * next_tap)))
    }

    /// How many taps there are.
    #[inline(always)]
    pub(super) const fn len(&self) -> usize {
        self.taps
    }

    /// The same axis, whose sums leave out the taps that lie on zeros.
    pub(super) const fn sparse(mut self) -> Self {
        self.is_sparse = true;
        self
    }

    /// How many elements with the zeros around them `count` sums reach over.
    #[inline(always)]
    const fn reach(&self, count: usize) -> usize {
        count.saturating_sub(1) * self.step + self.span
    }

    /// The most elements and zeros that `count` sums read.
    #[inline(always)]
    pub(super) const fn seen(&self, count: usize) -> usize {
        let reach = self.reach(count);
        if self.is_sparse && reach > self.input { self.input } else { reach }
    }

    /// The elements and zeros that some sums read, counted from the first zero.
    #[inline(always)]
    pub(super) fn read(&self, sums: &Range<usize>) -> Range<usize> {
        let start = sums.start * self.step;
        let end = start + self.reach(sums.len());
        if !self.is_sparse {
            return start..end;
        }
        let within = |at: usize| at.clamp(self.before, self.before + self.input);
        within(start)..within(end)
    }

    /// Whether one of some sums reads an element, counted from the first zero.
    fn reads(&self, sums: &Range<usize>, at: usize) -> bool {
        self.taps.max(1) == self.span
            || sums.clone().any(|sum| {
                let offset = at.checked_sub(self.step * sum);
                offset.is_some_and(|offset| self.taps().any(|(tap, _)| tap == offset))
            })
    }

    /// Of what some sums read, what those `before` them don't read, if there are any: runs of elements, in order.
    pub(super) fn missing(&self, sums: &Range<usize>, before: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let (track, sums, before) = (*self, sums.clone(), before.clone());
        let (kept, mut rest) = (self.kept(&sums, &before), self.read(&sums));
        let is_missing = move |at: usize| track.reads(&sums, at) && !(kept.contains(&at) && track.reads(&before, at));
        core::iter::from_fn(move || {
            let start = rest.find(|at| is_missing(*at))?;
            let end = rest.find(|at| !is_missing(*at)).unwrap_or(rest.end);
            Some(start..end)
        })
    }

    /// The elements between the first and the last that some sums read that are also between those of the sums `before` them.
    pub(super) fn kept(&self, sums: &Range<usize>, before: &Range<usize>) -> Range<usize> {
        let (read, end) = (self.read(sums), self.read(before).end);
        if before.is_empty() || end < read.start { read.start..read.start } else { read.start..end.min(read.end) }
    }

    /// Whether no sum reads zeros around the elements.
    #[inline(always)]
    pub(super) const fn is_whole(&self) -> bool {
        self.before == 0 && self.reach(self.count) <= self.input
    }

    /// Whether no zeros are read, be it that they are left out.
    #[inline(always)]
    pub(super) const fn is_in_place(&self) -> bool {
        self.is_sparse || self.is_whole()
    }

    /// Whether neighbouring taps read neighbouring numbers.
    pub(super) const fn are_taps_together(&self) -> bool {
        self.spread == 1
    }

    /// From one tap's offset to that of the next.
    pub(super) const fn spread(&self) -> usize {
        self.spread
    }

    /// A tap's offset.
    #[inline(always)]
    pub(super) const fn offset(&self, tap: usize) -> usize {
        self.offset + tap * self.spread
    }

    /// The taps of a sum that lie on elements.
    #[inline(always)]
    pub(super) fn taps_of(&self, sum: usize) -> Range<usize> {
        let at = self.step * sum;
        let below = |end: usize| ceil_div(end.saturating_sub(at + self.offset), self.spread).min(self.taps);
        below(self.before)..below(self.before + self.input)
    }

    /// The taps that a sum reads.
    #[inline(always)]
    pub(super) fn taps_read(&self, sum: usize) -> Range<usize> {
        if self.is_sparse { self.taps_of(sum) } else { 0..self.taps }
    }

    /// How many taps further on a sum reads what the next one does, if there are such taps.
    #[inline(always)]
    pub(super) const fn lead(&self) -> Option<usize> {
        let lead = quotient(self.step, self.spread);
        if lead * self.spread == self.step && lead < self.taps { Some(lead) } else { None }
    }

    /// How many sums further on one reads with a tap what a sum reads with the next tap, or 0 if there are no such sums.
    pub(super) const fn sums_between_taps(&self) -> usize {
        let sums = quotient(self.spread, self.step);
        if sums * self.step == self.spread { sums } else { 0 }
    }

    /// The first sum that leaves out another tap than those that read some taps: it moves the last one before the elements onto
    /// them, or the last one on them behind.
    fn next_with_other_taps(&self, taps: &Range<usize>) -> usize {
        let moved = |tap: usize, end: usize| match tap.checked_sub(1) {
            Some(last) => ceil_div(end.saturating_sub(self.offset(last)), self.step),
            None => usize::MAX,
        };
        moved(taps.start, self.before).min(moved(taps.end, self.before + self.input))
    }

    /// The sums for which a tap lies on elements.
    fn sums_of(&self, tap: usize) -> Range<usize> {
        self.sums_on(tap, &(0..self.input))
    }

    /// The sums for which a tap lies on some elements.
    pub(super) fn sums_on(&self, tap: usize, elements: &Range<usize>) -> Range<usize> {
        let below = |end: usize| ceil_div(end.saturating_sub(self.offset(tap)), self.step).min(self.count);
        below(self.before + elements.start)..below(self.before + elements.end)
    }

    /// The element that a tap of a sum lies on.
    pub(super) fn element(&self, sum: usize, tap: usize) -> usize {
        (self.step * sum + self.offset(tap)).saturating_sub(self.before)
    }

    /// The taps that lie on elements for some sum.
    pub(super) fn taps_of_all(&self) -> Range<usize> {
        // Later sums read further on, with taps that come no later.
        self.taps_of(self.count.saturating_sub(1)).start..self.taps_of(0).end
    }

    /// How many taps of sums lie on elements, in all.
    pub(super) fn products(&self) -> usize {
        (0..self.taps).map(|tap| self.sums_of(tap).len()).sum()
    }

    /// Some sums, cut where the taps that they read change.
    pub(super) fn stretches(&self, sums: Range<usize>) -> impl Iterator<Item = Stretch> {
        let (mut next, origin) = (sums.start, self.read(&sums).start);
        core::iter::from_fn(move || {
            if !self.is_sparse {
                let all = (next < sums.end).then(|| self.whole(next..sums.end));
                next = sums.end;
                return all;
            }
            let (first, taps) = (next, self.taps_of(next));
            next = self.next_with_other_taps(&taps).min(sums.end).max(next + 1);
            let from = self.offset(taps.start);
            let start = (self.step * first + from).saturating_sub(origin);
            (first < sums.end).then_some(Stretch { sums: first..next, taps, start, from })
        })
    }

    /// Which taps those at some indices are.
    #[inline(always)]
    pub(super) fn numbers(&self, taps: Range<usize>) -> impl Iterator<Item = usize> + Clone {
        self.numbered(taps).map(|(_, tap)| tap)
    }

    /// The taps of a stretch: the offset from the first, the index, and which tap it is.
    #[inline(always)]
    pub(super) fn under(&self, stretch: &Stretch) -> impl ExactSizeIterator<Item = (usize, usize, usize)> + use<> {
        let (taps, from) = (stretch.taps.clone(), stretch.from);
        taps.clone().zip(self.numbered(taps)).map(move |(index, (offset, tap))| (offset - from, index, tap))
    }

    /// All sums of a range as a stretch of all taps, from a copy's first number on.
    #[inline(always)]
    pub(super) fn whole(&self, sums: Range<usize>) -> Stretch {
        Stretch { sums, taps: 0..self.taps, start: 0, from: 0 }
    }

    /// Taps that lie on elements for the same ones of some sums, in order, and those sums; all of both if none are left out.
    pub(super) fn shared(&self, sums: Range<usize>) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let mut next = 0;
        core::iter::from_fn(move || {
            if !self.is_sparse {
                let all = (next < self.taps).then(|| (0..self.taps, sums.clone()));
                next = self.taps;
                return all;
            }
            let on_elements = |tap: usize| {
                let all = self.sums_of(tap);
                all.start.max(sums.start)..all.end.min(sums.end)
            };
            while next < self.taps && on_elements(next).is_empty() {
                next += 1;
            }
            let (first, shared) = (next, on_elements(next));
            while next < self.taps && on_elements(next) == shared {
                next += 1;
            }
            (first < next).then_some((first..next, shared))
        })
    }

    /// Some taps of some sums of a block, all of which lie on elements, or in a copy with the zeros around them.
    pub(super) fn stretch(&self, (taps, sums): (Range<usize>, Range<usize>), block: &Range<usize>) -> Stretch {
        let from = self.offset(taps.start);
        let start = (self.step * sums.start + from).saturating_sub(self.read(block).start);
        Stretch { sums, taps, start, from }
    }

    /// The axis without the taps that lie on no element for any sum.
    pub(super) fn without_idle_taps(&self) -> Self {
        let taps = self.taps_of_all();
        let from = self.offset(taps.start);
        if taps.len() == self.taps || taps.is_empty() || from > self.before {
            return *self;
        }
        let tap = self.tap.wrapping_add_signed(taps.start as isize * self.next_tap);
        let span = self.offset(taps.end - 1) - from + 1;
        Self { before: self.before - from, span, taps: taps.len(), offset: 0, tap, ..*self }
    }
}

/// Neighbouring sums of an axis, and the taps that they read.
#[derive(Clone)]
pub(super) struct Stretch {
    pub(super) sums: Range<usize>,
    pub(super) taps: Range<usize>,
    /// From the first number that a block reads to the one under the first tap of the first sum.
    pub(super) start: usize,
    /// The offset of the first tap.
    pub(super) from: usize,
}
