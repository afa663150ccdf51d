//! Sums of outer products: the weight gradient of a dense layer over all samples of a mini-batch.
//!
//! Each number is summed in a register, from the first sample to the last, in one chain of fused multiply-adds. So its
//! bits depend on the order of the samples alone, and not on the tile, the block or the thread that computes it.
//! Samples are read where they lie, through a pointer to each.
//!
//! A tile is 8 rows of inputs × 3 vectors of outputs, or × 2 where those are left, or 6 × 2 or 5 × 2 with 16 registers, as in
//! [`product`](super::product), whose table says why; with one vector of outputs, 16 × 1. Its sums are never split into chains, which would change their order.
//!
//! Where an update is a plain step of gradient descent, the weights take it from the tile's registers ([`PlainStep`]): the processor takes
//! the step of one tile beside the products of the next.

mod panels;
mod tiles;

use core::cell::Cell;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Range;

use self::panels::InPanels;
use self::tiles::IN_PLACE;
use super::assert_in_tests;
use super::product::{Start, has_few_registers, next_rows};
use super::vector::{Operation, Simd, Vector, lanes, multiply_add};
use crate::chunks::Chunks;
use crate::scalar::Scalar;
use crate::shape::first_mut;

/// The most samples of one sum; more are added to it.
const SAMPLES: usize = 512;

/// `dW[i][o] = start + Σₙ x[n][i] · g[n][o]` and `db[o] = start + Σₙ g[n][o]`, for samples anywhere in memory.
#[derive(Debug)]
pub(crate) struct OuterProducts<'a, S> {
    inputs: usize,
    outputs: usize,
    samples: usize,
    /// Where the `inputs` numbers of each sample begin; initialized for `samples` of them, as are the next.
    x: [MaybeUninit<*const S>; SAMPLES],
    /// Where the `outputs` numbers of each sample begin.
    g: [MaybeUninit<*const S>; SAMPLES],
    slices: PhantomData<&'a [S]>,
}

// SAFETY: the pointers stand for shared slices of numbers.
unsafe impl<S: Scalar> Send for OuterProducts<'_, S> {}
// SAFETY: as above.
unsafe impl<S: Scalar> Sync for OuterProducts<'_, S> {}

#[cfg_attr(not(feature = "std"), allow(dead_code, reason = "only the trainer has a second phase"))]
impl<'a, S: Scalar> OuterProducts<'a, S> {
    /// Of no samples yet.
    pub(crate) const fn new(inputs: usize, outputs: usize) -> Self {
        let none = [const { MaybeUninit::uninit() }; SAMPLES];
        Self { inputs, outputs, samples: 0, x: none, g: none, slices: PhantomData }
    }

    /// Adds a sample, up to [`SAMPLES`]: its inputs, and the gradients of its outputs.
    pub(crate) fn add(&mut self, x: &'a [S], g: &'a [S]) {
        if let (Some(to_x), Some(to_g)) = (self.x.get_mut(self.samples), self.g.get_mut(self.samples))
            && x.len() >= self.inputs
            && g.len() >= self.outputs
        {
            to_x.write(x.as_ptr());
            to_g.write(g.as_ptr());
            self.samples += 1;
        }
    }

    /// Some rows and columns of dW, to rows of `to` that begin `pitch` numbers apart.
    #[inline(always)]
    pub(crate) fn weights<V: Simd>(
        &self,
        simd: V,
        (rows, columns): (Range<usize>, Range<usize>),
        to: &mut [S],
        pitch: usize,
        start: Start,
    ) {
        let (to, room) = (to.as_mut_ptr(), to.len());
        let weights = core::ptr::null();
        let block = Block { products: self, rows, columns, to, room, pitch, start, weights, step: None };
        S::Vector::<V>::outer_products(simd, block);
    }

    /// Some rows and columns of dW, from zero, to memory that isn't initialized, one row after the other. Returns them,
    /// or nothing if there are no such rows and columns, or no room for them.
    ///
    /// `weights` begins with the first weight that they will update. Other processors have read these, and give them up while
    /// this one multiplies.
    #[inline(always)]
    pub(crate) fn weights_in<'m, V: Simd>(
        &self,
        simd: V,
        (rows, columns): (Range<usize>, Range<usize>),
        memory: &'m mut [MaybeUninit<S>],
        weights: &[S],
    ) -> &'m mut [S] {
        let (to, room, pitch) = (memory.as_mut_ptr().cast::<S>(), memory.len(), columns.len());
        let count = rows.len().saturating_mul(pitch);
        let (start, weights) = (Start::Zero, weights.as_ptr());
        let block = Block { products: self, rows, columns, to, room, pitch, start, weights, step: None };
        if !block.fits() {
            return &mut [];
        }
        S::Vector::<V>::outer_products(simd, block);
        // SAFETY: a block that fits has been written: all of its rows and columns, which are these numbers.
        unsafe { core::slice::from_raw_parts_mut(to, count) }
    }

    /// Moves the weights of some rows along dW, which isn't stored. Returns whether all of it, times the factor, was finite; if
    /// not, some weights aren't, either. For vectors only: plain loops need memory
    /// for a sum, and move nothing.
    #[inline(always)]
    pub(crate) fn update<V: Simd>(&self, simd: V, rows: Range<usize>, to: &mut [S], step: PlainStep<S>) -> bool {
        if const { lanes::<V, S>() == 1 } {
            return false;
        }
        let (columns, pitch, finite, room) = (0..self.outputs, self.outputs, Cell::new(true), to.len());
        let (to, start, step) = (to.as_mut_ptr(), Start::Zero, Some((step, &finite)));
        let block = Block { products: self, rows, columns, to, room, pitch, start, weights: to, step };
        S::Vector::<V>::outer_products(simd, block);
        finite.get()
    }

    /// The columns from `first` on of db, as many as `to` holds.
    #[inline(always)]
    pub(crate) fn biases<V: Simd>(&self, simd: V, first: usize, to: &mut [S], start: Start) {
        let lanes = lanes::<V, S>();
        let to = first_mut(to, self.outputs.saturating_sub(first));
        for (index, to) in to.parts_mut(lanes).enumerate() {
            let (column, count) = (first + index * lanes, to.len());
            // SAFETY: `to` has that many numbers, and every sample, of which there are pointers, those columns.
            unsafe {
                let mut sum = match start {
                    Start::Zero => S::Vector::<V>::splat(simd, S::ZERO),
                    Start::Sum => S::Vector::<V>::load_masked(simd, to.as_ptr(), count),
                };
                for g in self.g.iter().take(self.samples) {
                    sum = sum + S::Vector::<V>::load_masked(simd, g.assume_init().add(column), count);
                }
                sum.store_masked(to.as_mut_ptr(), count);
            }
        }
    }
}

/// A step of gradient descent along a sum: `w ← w − rate·(factor·sum)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainStep<S> {
    pub(crate) factor: S,
    pub(crate) rate: S,
}

/// Some rows and columns of dW. Private to this file: `to` stands for an exclusive borrow of `room` numbers, which may be
/// uninitialized only if the sum starts from zero.
#[derive(Debug)]
pub struct Block<'a, S> {
    products: &'a OuterProducts<'a, S>,
    rows: Range<usize>,
    columns: Range<usize>,
    /// Where the rows go, `pitch` numbers apart.
    to: *mut S,
    room: usize,
    pitch: usize,
    start: Start,
    /// The first weight that these will update, in rows of all outputs, or null: an address that is never read.
    weights: *const S,
    /// The step that the numbers in `to` take along dW, unless they become dW; and whether all of it was finite.
    step: Option<(PlainStep<S>, &'a Cell<bool>)>,
}

impl<S: Scalar> Block<'_, S> {
    /// Whether there is something to compute, the samples have it, and the memory has room for it.
    #[inline(always)]
    fn fits(&self) -> bool {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        if rows == 0 || columns == 0 {
            return false;
        }
        let end = (rows - 1).saturating_mul(self.pitch).saturating_add(columns);
        let fits = self.rows.end <= self.products.inputs
            && self.columns.end <= self.products.outputs
            && columns <= self.pitch
            && end <= self.room;
        assert_in_tests!(fits, "{:?} × {:?} of outer products don't fit", self.rows, self.columns);
        fits
    }
}

impl<S: Scalar> Operation for Block<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        if !self.fits() {
            return;
        }
        let lanes = lanes::<V, S>();
        if lanes == 1 {
            // SAFETY: it fits.
            return unsafe { self.plain(simd) };
        }
        let many = S::Vector::<V>::REGISTERS >= 32;
        let mut from = self.columns.start;
        if const { has_few_registers::<V, S>() } && self.takes_panels::<V>() {
            // A function of its own, which alone has memory for a panel.
            from += simd.call(InPanels(&self));
        }
        while from < self.columns.end {
            let vectors = match (self.columns.end - from).div_ceil(lanes) {
                // Four are better two and two.
                3 | 5.. if many && self.rows.len().is_multiple_of(8) => 3,
                2.. => 2,
                few => few,
            };
            let to = self.columns.end.min(from + vectors * lanes);
            let (columns, no_panel) = (from..to, core::ptr::null_mut());
            let mut row = self.rows.start;
            while row < self.rows.end {
                // All samples' columns stay in the first-level cache from tile to tile.
                // SAFETY: `fits` has checked that the samples have all rows and columns, and the memory room for them.
                row += unsafe {
                    let columns = columns.clone();
                    match (vectors, self.rows.end - row) {
                        (3, _) => self.tiles::<V, 8, 3, IN_PLACE>(simd, row, columns, no_panel),
                        (2, _) => self.next_pair::<V, IN_PLACE>(simd, row, columns, no_panel),
                        (_, 16..) if many => self.tiles::<V, 16, 1, IN_PLACE>(simd, row, columns, no_panel),
                        (_, 8..) => self.tiles::<V, 8, 1, IN_PLACE>(simd, row, columns, no_panel),
                        (_, 4..) => self.tiles::<V, 4, 1, IN_PLACE>(simd, row, columns, no_panel),
                        _ => self.tiles::<V, 1, 1, IN_PLACE>(simd, row, columns, no_panel),
                    }
                };
            }
            from = to;
        }
    }
}

impl<S: Scalar> Block<'_, S> {
    /// Some rows from `row` on, and two vectors of columns. Returns the number of rows.
    ///
    /// # Safety
    /// As for [`tiles`](Self::tiles).
    #[inline(always)]
    unsafe fn next_pair<V: Simd, const FROM: usize>(
        &self,
        simd: V,
        row: usize,
        columns: Range<usize>,
        panel: *mut S,
    ) -> usize {
        let (many, left) = (S::Vector::<V>::REGISTERS >= 32, self.rows.end - row);
        // SAFETY: the caller's promise.
        unsafe {
            match left {
                8.. if many => self.tiles::<V, 8, 2, FROM>(simd, row, columns, panel),
                _ if !many && next_rows(left) == 6 => self.tiles::<V, 6, 2, FROM>(simd, row, columns, panel),
                _ if !many && next_rows(left) == 5 => self.tiles::<V, 5, 2, FROM>(simd, row, columns, panel),
                4.. => self.tiles::<V, 4, 2, FROM>(simd, row, columns, panel),
                _ => self.tiles::<V, 1, 2, FROM>(simd, row, columns, panel),
            }
        }
    }

    /// Plain loops, which the compiler vectorizes, in the same order.
    ///
    /// # Safety
    /// The block fits.
    #[inline(always)]
    unsafe fn plain<V: Simd>(self, simd: V) {
        let Self { products, rows, columns, to, pitch, start, .. } = self;
        let row = |row: usize| to.wrapping_add(row * pitch);
        // SAFETY: the samples have all rows and columns, and the memory room for them, which is borrowed exclusively;
        // it is written before it is read.
        unsafe {
            if start == Start::Zero {
                (0..rows.len()).for_each(|index| row(index).write_bytes(0, columns.len()));
            }
            for (x, g) in products.x.iter().zip(&products.g).take(products.samples) {
                let (x, g) = (x.assume_init(), g.assume_init());
                let g = core::slice::from_raw_parts(g.add(columns.start), columns.len());
                for index in 0..rows.len() {
                    let x = *x.add(rows.start + index);
                    let to = core::slice::from_raw_parts_mut(row(index), columns.len());
                    to.iter_mut().zip(g).for_each(|(to, &g)| *to = multiply_add(simd, x, g, *to));
                }
            }
        }
    }
}
