//! Copies of images for each column of taps: of the numbers that its taps multiply, without those in between, and with zeros where it
//! lies beyond the ends of rows.
//!
//! A row of such a copy is as long as one of sums, so that what a tap reads for all sums is one piece of it: vectors run on over the
//! ends of rows, and no lane is left idle on a narrow plane. Where sums take every s-th row, every s-th row of a copy lies with it.

use super::{Block, Images, Places};
use crate::kernels::assert_in_tests;
use crate::kernels::vector::{Operation, Simd, Vector, lanes, splat};
use crate::scalar::Scalar;
use crate::window::{ceil_div, quotient};

/// The most rows or columns that sums move on by.
const STEPS: usize = 2;

impl Images {
    /// The same images, copied for each column of taps.
    #[inline(always)]
    pub(in super::super) const fn dense(mut self) -> Self {
        (self.is_copied, self.is_dense) = (true, true);
        self
    }

    /// Whether they can be.
    pub(in super::super) const fn can_be_dense(&self) -> bool {
        let is_sparse = self.columns.is_sparse || self.rows.is_sparse && self.rows.step > 1;
        self.columns.step <= STEPS && self.rows.step <= STEPS && !is_sparse
    }

    /// Numbers in each copy of a channel.
    #[inline(always)]
    pub(super) const fn dense_plane(&self, rows: usize, columns: usize) -> usize {
        self.rows.step * ceil_div(self.rows.seen(rows), self.rows.step) * columns
    }

    /// Where a row lies that sums read.
    #[inline(always)]
    pub(super) const fn row_place(&self, down: usize, places: Places) -> usize {
        let step = self.rows.step;
        if !self.is_dense || step == 1 {
            return down * places.row;
        }
        let index = quotient(down, step);
        (down - index * step) * quotient(places.channel, step) + index * places.row
    }

    /// What the copies cost of what some rows of sums read, in multiplications of vectors of `lanes`.
    pub(super) const fn dense_copies(&self, rows: usize, lanes: usize) -> usize {
        // Rows that are longer than a vector have zeros of their own.
        let (vectors, each) =
            if self.columns.count <= lanes { (1, 8) } else { (ceil_div(self.columns.count, lanes), 13) };
        self.channels * self.columns.len() * self.rows.seen(rows) * vectors * each * self.columns.step
    }
}

/// Lays the copies, of what a block of whole rows reads of some channels. Writes up to a vector more.
pub(super) struct Lay<'a, 'b, S> {
    pub(super) images: &'a Images,
    pub(super) x: &'a [S],
    pub(super) block: &'a Block,
    pub(super) channels: usize,
    pub(super) room: &'b mut [S],
}

impl<S: Scalar> Operation for Lay<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { images, x, block, channels, room } = self;
        let (places, width, samples) = (images.places(block, channels), images.columns.count, block.samples.len());
        let fits = images.columns.len() * places.part + lanes::<V, S>() <= room.len()
            && samples.saturating_sub(1) * images.sample + channels * images.plane() <= x.len()
            && block.columns == (0..width)
            && images.can_be_dense();
        assert_in_tests!(fits, "copies of {samples} samples don't fit");
        if !fits {
            return;
        }
        let (rows, columns, above) = (&images.rows, &images.columns, images.rows.read(&block.rows).start);
        let height = quotient(places.channel, rows.step * width);
        // Of each step, the first row of a copy that there is, the first that there isn't, and where the first begins.
        let of_step = |number: usize| {
            let below = |end: usize| ceil_div(end.saturating_sub(above + number), rows.step).min(height);
            let (first, end) = (below(rows.before), below(rows.before + rows.input));
            let row = (above + number + first * rows.step).saturating_sub(rows.before);
            (first, end.max(first), row * columns.input)
        };
        let of_steps: [_; STEPS] = core::array::from_fn(of_step);
        let apart = rows.step * columns.input;
        for (index, (right, _)) in columns.taps().enumerate() {
            // The first sum for which these taps lie on a row, and how many there are.
            let skip = ceil_div(columns.before.saturating_sub(right), columns.step).min(width);
            let from = (skip * columns.step + right).saturating_sub(columns.before);
            let count = ceil_div(columns.input.saturating_sub(from), columns.step).min(width - skip);
            let mut to = room.as_mut_ptr().wrapping_add(index * places.part);
            for sample in 0..samples {
                let mut from = x.as_ptr().wrapping_add(sample * images.sample + from);
                for _ in 0..channels {
                    for &(first, end, start) in of_steps.iter().take(rows.step) {
                        let rows = Rows { width, height, skip, count, first, end, step: columns.step };
                        // SAFETY: these rows and columns are in the image, and there is room for all rows and a vector. What is
                        // written behind a copy is overwritten by the next.
                        unsafe { rows.lay(simd, (from.wrapping_add(start), apart), to) };
                        to = to.wrapping_add(height * width);
                    }
                    from = from.wrapping_add(images.plane());
                }
            }
        }
    }
}

/// Rows of a copy: those from `first` to `end` are of the image, from their `skip`-th number on `count` of its numbers.
struct Rows {
    width: usize,
    height: usize,
    skip: usize,
    count: usize,
    first: usize,
    end: usize,
    /// Which numbers of the image: every second, or all.
    step: usize,
}

impl Rows {
    /// Writes them, in ascending order: what reaches over the end of one is overwritten by the next.
    ///
    /// # Safety
    /// The rows can be read, from the first number of one on and `from.1` apart, and all rows and a vector more be written.
    #[inline(always)]
    unsafe fn lay<V: Simd, S: Scalar>(&self, simd: V, from: (*const S, usize), to: *mut S) {
        // SAFETY: the caller's promise.
        unsafe {
            if self.step == 1 {
                self.lay_every::<V, S, 1>(simd, from, to);
            } else {
                self.lay_every::<V, S, STEPS>(simd, from, to);
            }
        }
    }

    /// The same, for a step that is a constant.
    ///
    /// # Safety
    /// As for [`lay`](Self::lay).
    #[inline(always)]
    unsafe fn lay_every<V: Simd, S: Scalar, const STEP: usize>(
        &self,
        simd: V,
        (mut from, apart): (*const S, usize),
        to: *mut S,
    ) {
        let Self { width, height, skip, count, first, end, .. } = *self;
        let (lanes, zero) = (lanes::<V, S>(), splat::<V, S>(simd, S::ZERO));
        // SAFETY: the caller's promise.
        unsafe {
            let zeros = |range: core::ops::Range<usize>| {
                for at in range.step_by(lanes) {
                    zero.store(to.add(at));
                }
            };
            if count == 0 || first == end {
                return zeros(0..height * width);
            }
            zeros(0..first * width + skip);
            if width <= lanes {
                // Each vector ends in the zeros before the next row.
                let mut row = to.add(first * width + skip);
                for _ in first..end {
                    every::<V, S, STEP>(simd, from, count).store(row);
                    (from, row) = (from.wrapping_add(apart), row.wrapping_add(width));
                }
                return zeros(end * width..height * width);
            }
            let behind = width - skip - count;
            if STEP == 1 && (lanes..=2 * lanes).contains(&count) && skip <= lanes && behind <= lanes {
                // Two vectors, which overlap, on zeros at either end.
                let (mut row, last) = (to.add(first * width), count - lanes);
                for _ in first..end {
                    if skip > 0 {
                        zero.store(row);
                    }
                    if behind > 0 {
                        zero.store(row.add(width - lanes));
                    }
                    let (low, high) = (S::Vector::<V>::load(simd, from), S::Vector::<V>::load(simd, from.add(last)));
                    low.store(row.add(skip));
                    high.store(row.add(skip + last));
                    (from, row) = (from.wrapping_add(apart), row.wrapping_add(width));
                }
                return zeros(end * width..height * width);
            }
            let (whole, rest) = (count - count % lanes, count % lanes);
            let inner = count.next_multiple_of(lanes);
            let mut row = to.add(first * width);
            for number in first..end {
                let to = row.add(skip);
                for at in (0..whole).step_by(lanes) {
                    every::<V, S, STEP>(simd, from.add(at * STEP), lanes).store(to.add(at));
                }
                if rest > 0 {
                    every::<V, S, STEP>(simd, from.add(whole * STEP), rest).store(to.add(whole));
                }
                if skip + inner < width {
                    zeros(number * width + skip + inner..(number + 1) * width);
                }
                (from, row) = (from.wrapping_add(apart), row.wrapping_add(width));
                if skip > 0 && number + 1 < end {
                    zeros((number + 1) * width..(number + 1) * width + skip);
                }
            }
            zeros(end * width..height * width);
        }
    }
}

/// The first `count` numbers, at most as many as there are lanes, or of every second one, and zeros.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn every<V: Simd, S: Scalar, const STEP: usize>(simd: V, from: *const S, count: usize) -> S::Vector<V> {
    let lanes = lanes::<V, S>();
    // SAFETY: the caller's promise; no more is read than the last of them.
    unsafe {
        if STEP == 1 {
            return S::Vector::<V>::load_masked(simd, from, count);
        }
        let read = 2 * count - 1;
        let low = S::Vector::<V>::load_masked(simd, from, read.min(lanes));
        let high = S::Vector::<V>::load_masked(simd, from.wrapping_add(lanes), read.saturating_sub(lanes));
        low.separate(high).0
    }
}
