//! The second phase of a step: weight gradients that the backward pass has left out, over all samples at once.
//!
//! The sums of a few rows of a weight matrix, which are in the first-level cache, become its update: no gradient of the
//! whole network goes through memory. Threads share the rows.

use core::mem::MaybeUninit;
use core::ops::Range;
use core::sync::atomic::Ordering::Relaxed;

use super::update::{Mean, Update, no_others};
use crate::kernels::{Divisible, OuterProducts, Simd, Start, Task, lanes, operation, outlined};
use crate::optimizers::Optimizer;
use crate::pod::Aligned;
use crate::scalar::Scalar;
use crate::shape::{first_mut, within};

/// The most numbers of a gradient that are computed at a time: in `f32`, as large as a first-level cache of 32 KiB.
const ROOM: usize = 8192;

/// How many numbers are computed at a time if rows are short enough for a choice: half of that, which leaves room for what they are
/// computed from.
const ENOUGH: usize = 4096;

/// The most numbers of the gradient of a bias at a time.
const BIASES: usize = 256;

/// The fewest rows at a time: those of a tile of the kernel.
const ROWS: usize = 8;

/// The rows whose inputs fill a cache line: fewer would read each line of the inputs twice.
const LINE: usize = 16;

/// The most rows of `outputs` weights that there is room for; one tile, if parts of rows have to do.
const fn most_rows(outputs: usize) -> usize {
    let rows = ROOM / if outputs > 0 { outputs } else { 1 } / ROWS * ROWS;
    if rows > ROWS { rows } else { ROWS }
}

/// How many of `rows` rows of `outputs` weights to compute at a time. Where there is room, their parts are of an even number, so
/// that two threads have the same work.
pub(super) fn rows_at_once(rows: usize, outputs: usize) -> usize {
    let most = most_rows(outputs);
    let enough = (ENOUGH / outputs.max(1) / ROWS * ROWS).max(LINE).min(most);
    let parts = (rows.div_ceil(enough) / 2 * 2).max(1);
    let even = rows.div_ceil(parts).next_multiple_of(ROWS);
    if even <= most { even } else { enough }
}

/// Some rows of a weight matrix, or some numbers of a bias, and what belongs to them.
pub(super) struct Rows<'a, S, const SLOTS: usize> {
    /// The index of the first one.
    pub(super) first: usize,
    /// The weights in a row.
    pub(super) width: usize,
    pub(super) weights: &'a mut [S],
    pub(super) slots: [&'a mut [S]; SLOTS],
    /// Memory for their gradient, or none.
    pub(super) gradient: &'a mut [S],
}

impl<S: Send, const SLOTS: usize> Divisible for Rows<'_, S, SLOTS> {
    fn length(&self) -> usize {
        self.weights.len() / self.width.max(1)
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let Self { first, width, weights, slots, gradient } = self;
        let (weights, more_weights) = weights.divide(at * width);
        let (slots, more_slots) = slots.divide(at * width);
        let (gradient, more_gradient) = gradient.divide(at * width);
        (
            Self { first, width, weights, slots, gradient },
            Self { first: first + at, width, weights: more_weights, slots: more_slots, gradient: more_gradient },
        )
    }
}

/// A gradient, computed row by row.
pub(super) struct Sums<'a, O, S> {
    pub(super) products: &'a OuterProducts<'a, S>,
    /// Whether it is that of the bias, with rows of one number.
    pub(super) is_bias: bool,
    /// Whether earlier samples have left their sum in the memory for the gradient.
    pub(super) start: Start,
    pub(super) then: Then<'a, O, S>,
}

/// What is done with the sums.
pub(super) enum Then<'a, O, S> {
    /// They stay in the memory for the gradient; more samples follow.
    More,
    /// The mean stays in the memory for the gradient.
    Mean(Mean<'a, S>),
    /// The weights are updated.
    Update(Update<'a, O, S>),
}

impl<O: Optimizer<SLOTS>, S: Scalar, const SLOTS: usize> Task<Rows<'_, S, SLOTS>> for Sums<'_, O, S> {
    #[inline(always)]
    fn run<V: Simd>(&self, simd: V, rows: Rows<'_, S, SLOTS>) {
        let (width, count) = (rows.width, rows.length());
        if rows.gradient.len() == rows.weights.len() {
            let Rows { first, weights, slots, gradient, .. } = rows;
            self.sum(simd, (first..first + count, 0..width), gradient);
            return self.finish(simd, gradient, weights, slots);
        }
        if self.is_bias {
            return self.update_bias(simd, rows.first, rows.weights, rows.slots);
        }
        if const { lanes::<V, S>() > 1 }
            && let Then::Update(update) = &self.then
            && let Some(step) = update.plain_step()
        {
            if !self.products.update(simd, rows.first..rows.first + count, rows.weights, step) {
                update.mean.finite.store(false, Relaxed);
            }
            return;
        }
        // A function of its own: without optimization, each inlined copy would keep its own memory for the sums.
        outlined(simd, InBlocks { sums: self, rows });
    }
}

operation! {
    /// A few rows or columns of a weight matrix at a time, whose sums stay in the first-level cache.
    struct InBlocks<'a, O: Optimizer<SLOTS>, S: Scalar; SLOTS> {
        sums: &'a Sums<'a, O, S>,
        rows: Rows<'a, S, SLOTS>,
    }
    fn run(self, simd: V) {
        let Self { sums: all, rows } = self;
        let count = rows.length();
        let Rows { first, width, weights, mut slots, .. } = rows;
        let mut memory = Aligned([const { MaybeUninit::<S>::uninit() }; ROOM]);
        let columns = if width * ROWS <= ROOM { width } else { ROOM / ROWS };
        let at_once = most_rows(width);
        for row in (0..count).step_by(at_once) {
            let rows = row..count.min(row + at_once);
            for column in (0..width).step_by(columns) {
                let columns = column..width.min(column + columns);
                let block = (first + rows.start..first + rows.end, columns.clone());
                let updated = weights.get(rows.start * width + columns.start..).unwrap_or_default();
                let sums = all.products.weights_in(simd, block, &mut memory.0, updated);
                // Whole rows are one range of weights, and parts of rows one each.
                let length = if columns.len() == width { sums.len() } else { columns.len() };
                for (index, sums) in sums.chunks_mut(length.max(1)).enumerate() {
                    let start = (rows.start + index) * width + columns.start;
                    let range = start..start + length;
                    let slots = slots.each_mut().map(|slot| within(slot, &range));
                    all.finish(simd, sums, within(weights, &range), slots);
                }
            }
        }
    }
}

impl<O, S: Scalar> Sums<'_, O, S> {
    /// The sums of some rows and columns.
    #[inline(always)]
    fn sum<V: Simd>(&self, simd: V, (rows, columns): (Range<usize>, Range<usize>), to: &mut [S]) {
        if self.is_bias {
            self.products.biases(simd, rows.start, to, self.start);
        } else {
            let pitch = columns.len();
            self.products.weights(simd, (rows, columns), to, pitch, self.start);
        }
    }

    /// Update a range of the bias.
    #[inline(always)]
    fn update_bias<V: Simd, const SLOTS: usize>(
        &self,
        simd: V,
        first: usize,
        weights: &mut [S],
        mut slots: [&mut [S]; SLOTS],
    ) where
        O: Optimizer<SLOTS>,
    {
        let mut memory = [S::ZERO; BIASES];
        for start in (0..weights.len()).step_by(BIASES) {
            let range = start..weights.len().min(start + BIASES);
            let sums = first_mut(&mut memory, range.len());
            self.products.biases(simd, first + start, sums, Start::Zero);
            let slots = slots.each_mut().map(|slot| within(slot, &range));
            self.finish(simd, sums, within(weights, &range), slots);
        }
    }

    #[inline(always)]
    fn finish<V: Simd, const SLOTS: usize>(&self, simd: V, sums: &mut [S], weights: &mut [S], slots: [&mut [S]; SLOTS])
    where
        O: Optimizer<SLOTS>,
    {
        match &self.then {
            Then::More => {}
            Then::Mean(mean) => {
                mean.of(simd, sums, no_others(), weights);
            }
            Then::Update(update) => update.of(simd, sums, no_others(), weights, slots),
        }
    }
}
