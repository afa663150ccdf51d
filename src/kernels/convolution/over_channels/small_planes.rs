//! The sums of depthwise convolutions of small planes, over vectors of channels, of several samples at a time.
//!
//! The numbers of the samples lie side by side: `[position][sample][channel]`. The sums of a position read the same taps in all samples, so
//! a weight is loaded once for all of them, and taps on zeros are left out along both axes, whatever the stride: no zeros are laid around
//! images, and rows of two sums keep a processor as busy as rows of eight. What is prepared for a position is, too, prepared once for all.
//!
//! Each sum is one chain over taps.

use core::ops::Range;

use super::{Channels, Correlate};
use crate::kernels::assert_in_tests;
use crate::kernels::convolution::Rooms;
use crate::kernels::convolution::blocks::{Block, Images, Runs};
use crate::kernels::convolution::track::Track;
use crate::kernels::product::Start;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, read, splat};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::{cut, quotient};

/// Samples at a time: as many chains keep a processor busy.
pub(super) const SAMPLES: usize = 8;
/// The most columns of sums.
const COLUMNS: usize = 128;

/// How many rows of sums at a time there is room for, if the inputs of as many samples fit; of the widest vectors, as for the other
/// [splits](Channels::split).
pub(super) fn rows(images: &Images, inputs: usize, sums: usize) -> Option<usize> {
    let Images { rows, columns, .. } = images;
    let fit = |room: usize| quotient(room, SAMPLES * LANES);
    let together = quotient(fit(sums), columns.count).min(rows.count);
    (images.plane() <= fit(inputs) && together > 0 && columns.count <= COLUMNS).then_some(together)
}

/// What the sums of a sample cost, for a vector of channels of an input and an output, in multiplications of vectors: measured, with the
/// loads of a product and the end of a chain. Transpositions of inputs are left out for the most part, as in the cost of the sums of one
/// sample at a time, for which they are the same.
pub(super) fn work(images: &Images) -> usize {
    quotient(8 * images.products(), 5) + 15 * images.sums() + 4 * images.plane() + 400
}

/// The sums of samples of which there is a multiple of [`SAMPLES`].
pub(super) struct SmallPlanes<'a, 'b, S> {
    pub(super) sums: Correlate<'a, 'b, S>,
    /// Rows of sums at a time.
    pub(super) rows: usize,
    /// Whether inputs have the room of sums, and the reverse.
    pub(super) is_swapped: bool,
}

impl<S: Scalar> Operation for SmallPlanes<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let of_outputs = self.sums.of_outputs();
        let Correlate { channels, w, bias, x, y, strides: (plane, width), is_rectified, scratch } = self.sums;
        let Rooms { inputs: room, sums, weights: laid } = scratch.rooms();
        let (room, sums) = if self.is_swapped { (sums, room) } else { (room, sums) };
        let (lanes, Channels { inputs, outputs, .. }) = (lanes::<V, S>(), channels);
        let images = channels.images.sparse();
        let (pitch, samples) = (SAMPLES * lanes, x.len() / images.sample.max(1));
        let mut columns = [Taps::default(); COLUMNS];
        let columns = columns.get_mut(..images.columns.count).unwrap_or_default();
        for (column, to) in columns.iter_mut().enumerate() {
            *to = Taps::of(&images.columns, column);
        }
        for (first, count) in Channels::vectors(channels.count(), lanes) {
            channels.lay_weights(w, (first, count), lanes, laid);
            for (together, rows) in blocks(samples, images.rows.count, self.rows) {
                for output in 0..outputs {
                    let mut starts = [S::ZERO; LANES];
                    for (channel, start) in starts.iter_mut().enumerate().take(count) {
                        *start = bias.get((first + channel) * outputs + output).copied().unwrap_or(S::ZERO);
                    }
                    for input in 0..inputs {
                        if rows.start == 0 && output == 0 || inputs > 1 {
                            for (number, sample) in together.clone().enumerate() {
                                let at = sample * images.sample + (first * inputs + input) * images.plane();
                                let from = (x.get(at..).unwrap_or_default(), inputs * images.plane());
                                let to = (room.get_mut(number * lanes..).unwrap_or_default(), pitch);
                                transpose(simd, from, (count, images.plane()), to);
                            }
                        }
                        let weights = laid.get((input * outputs + output) * images.taps() * lanes..);
                        let weights = weights.unwrap_or_default();
                        let start = if input == 0 { Some(&starts) } else { None };
                        let is_rectified = is_rectified && input + 1 == inputs;
                        let positions = Positions { images: &images, columns, weights, x: room };
                        positions.correlate(simd, rows.clone(), (start, is_rectified), sums);
                    }
                    let block = Block { samples: together.clone(), rows: rows.clone(), columns: 0..columns.len() };
                    let runs = Runs::new(&images, &block, width);
                    for (number, sample) in together.clone().enumerate() {
                        let at = sample * of_outputs + (first * outputs + output) * plane;
                        let sums = sums.get(number * lanes..).unwrap_or_default();
                        runs.store(
                            simd,
                            (sums, pitch),
                            count,
                            (y.get_mut(at..).unwrap_or_default(), outputs * plane),
                            Start::Zero,
                        );
                    }
                }
            }
        }
    }
}

/// [`SAMPLES`] samples and some rows of sums at a time, in order.
#[inline(always)]
fn blocks(samples: usize, rows: usize, at_a_time: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    cut(samples, SAMPLES).flat_map(move |together| cut(rows, at_a_time).map(move |rows| (together.clone(), rows)))
}

/// The taps of a sum that lie on elements, along an axis: the first, how many there are, and the element under the first.
#[derive(Clone, Copy, Default)]
struct Taps {
    first: usize,
    count: usize,
    element: usize,
}

impl Taps {
    /// Those of a sparse axis.
    #[inline(always)]
    fn of(track: &Track, sum: usize) -> Self {
        let taps = track.taps_read(sum);
        Self { first: taps.start, count: taps.len(), element: track.element(sum, taps.start) }
    }

    /// Whether all of them are taps of the axis, and lie on elements.
    #[inline(always)]
    fn fit(&self, track: &Track) -> bool {
        let Self { first, count, element } = *self;
        count == 0 || first + count <= track.len() && element + (count - 1) * track.spread() < track.input
    }
}

/// Of all samples, what sums read, and the weights of all taps.
struct Positions<'a, S> {
    images: &'a Images,
    columns: &'a [Taps],
    weights: &'a [S],
    x: &'a [S],
}

impl<S: Scalar> Positions<'_, S> {
    /// `y[p] = start + Σₜ w[t] · x[p's tap t]` for some rows of sums, one after the other; without a start, it is added to the
    /// existing values.
    #[inline(always)]
    fn correlate<V: Simd>(
        &self,
        simd: V,
        sums: Range<usize>,
        (start, is_rectified): (Option<&[S; LANES]>, bool),
        y: &mut [S],
    ) {
        let (Images { rows, columns, .. }, lanes) = (self.images, lanes::<V, S>());
        let (pitch, across) = (SAMPLES * lanes, columns.len());
        let start = start.map(|start| read(simd, start.get(..lanes).unwrap_or_default()));
        let fits = rows.len() * across * lanes <= self.weights.len()
            && self.images.plane() * pitch <= self.x.len()
            && sums.len() * self.columns.len() * pitch <= y.len()
            && self.columns.iter().all(|taps| taps.fit(columns));
        assert_in_tests!(fits, "small planes don't fit");
        if !fits {
            return;
        }
        let (mut y, apart) = (y.as_mut_ptr(), columns.spread() * pitch);
        let below = (across * lanes, rows.spread() * columns.input * pitch);
        for row in sums {
            let down = Taps::of(rows, row);
            if !down.fit(rows) {
                return;
            }
            for right in self.columns {
                let w = self.weights.as_ptr().wrapping_add((down.first * across + right.first) * lanes);
                let x = self.x.as_ptr().wrapping_add((down.element * columns.input + right.element) * pitch);
                let taps = Window { w, x, taps: (down.count, right.count), below, apart };
                // SAFETY: as was checked, all taps are there and lie on elements, and there is room for all sums.
                unsafe {
                    taps.correlate(simd, (start, is_rectified), y);
                    y = y.wrapping_add(pitch);
                }
            }
        }
    }
}

/// What the sums of a position read: the first weight and the first number, rows and columns of taps, and how far both lie apart from
/// one row of taps to the next; and numbers from one column to the next.
struct Window<S> {
    w: *const S,
    x: *const S,
    taps: (usize, usize),
    below: (usize, usize),
    apart: usize,
}

impl<S: Scalar> Window<S> {
    /// The sums of a position, of all samples.
    ///
    /// # Safety
    /// There is a vector of weights for each tap, of numbers for each tap and sample, and room for one of sums for each sample.
    #[inline(always)]
    unsafe fn correlate<V: Simd>(&self, simd: V, (start, is_rectified): (Option<S::Vector<V>>, bool), y: *mut S) {
        let lanes = lanes::<V, S>();
        let mut sums = [start.unwrap_or(splat(simd, S::ZERO)); SAMPLES];
        // SAFETY: the caller's promise.
        unsafe {
            if start.is_none() {
                for (sample, sum) in sums.iter_mut().enumerate() {
                    *sum = S::Vector::<V>::load(simd, y.add(sample * lanes));
                }
            }
            for down in 0..self.taps.0 {
                let (mut w, mut x) =
                    (self.w.wrapping_add(down * self.below.0), self.x.wrapping_add(down * self.below.1));
                for _ in 0..self.taps.1 {
                    let weight = S::Vector::<V>::load(simd, w);
                    for (sample, sum) in sums.iter_mut().enumerate() {
                        *sum = S::Vector::<V>::load(simd, x.add(sample * lanes)).mul_add(weight, *sum);
                    }
                    (w, x) = (w.wrapping_add(lanes), x.wrapping_add(self.apart));
                }
            }
            for (sample, mut sum) in sums.into_iter().enumerate() {
                if is_rectified {
                    sum = sum.max(splat(simd, S::ZERO));
                }
                sum.store(y.add(sample * lanes));
            }
        }
    }
}
