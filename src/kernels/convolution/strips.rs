//! Convolutions of few filters, channel by channel, over *strips*: a channel with its padding as one long row.
//!
//! Rows lie one after the other. A tap's inputs for all outputs are then the same strip at another offset, and vectors
//! run on over the ends of rows: rows of five numbers leave no lanes idle. Sizes are known at run time only, so that
//! all layers share one function.
//!
//! Windows with a larger stride are computed at a stride of 1, and some of the outputs are kept; backward, the
//! gradients of the others are 0. Four times the products, at a stride of 2, take less time than one number at a time.
//!
//! | rows of outputs | between rows of a strip | because |
//! |---|---|---|
//! | as long as those of inputs, and short ([`NARROW`]) | nothing: the strip is the channel itself, copied once for each column of taps, with zeros where that column lies beyond the ends of rows | a copy of each row, and lanes for its padding, would take longer than the products |
//! | any other | the padding of both ends, which neighbours share; rows are copied | each column would need a copy of its own |
//!
//! A channel larger than the scratch is split into bands of rows. Several smaller ones are copied before the first is read:
//! a processor waits for numbers that it has just written, if they are read across vectors.
//!
//! Each sum is one chain over the taps, row by row.

mod copies;
mod reads;
mod sums;

use self::copies::{Masks, lay_rows};
use self::reads::Reads;
use self::sums::{Layout, Sums, Term};
use super::{Convolution, Parts};
use crate::chunks::Chunks;
use crate::kernels::assert_in_tests;
use crate::kernels::vector::{LANES, Operation, Simd, lanes};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::shape::first;
use crate::window::{Axis, Sliding, quotient};

/// The most numbers in a strip: what stays in the first-level cache.
const STRIP: usize = 4096;
/// Numbers in the scratch for outputs.
pub(crate) const OUTPUTS: usize = STRIP;
/// The most taps.
const TAPS: usize = 128;
/// The most numbers of masks. For windows of 3, rows of up to 69 fit.
const NARROW: usize = 256;

/// The most strips at a time.
const SLOTS: usize = 8;

/// The layout of a strip.
#[derive(Clone, Copy)]
struct Strip {
    /// From one row to the next, of inputs as of outputs.
    pitch: usize,
    /// From the strip's beginning to the first input that isn't padding.
    margin: usize,
    /// Rows of outputs in a band.
    band: usize,
    /// From an output to the input under the last tap.
    reach: usize,
    /// From one row of taps to the next, and from one column to the next.
    steps: (usize, usize),
    /// Whether rows lie one after the other, so that outputs are those of the channel. There is a copy for each column of
    /// taps.
    is_dense: bool,
    /// How many copies there are, and from one to the next.
    copies: usize,
    length: usize,
}

/// How far windows move, along the columns and along the rows.
type Strides = (usize, usize);

impl Plane {
    /// The plane with all outputs between those that there are, and which of them those are.
    const fn dense(&self) -> (Self, Strides) {
        let strides = (self.rows.window.stride, self.columns.window.stride);
        (Self { rows: self.rows.dense(), columns: self.columns.dense() }, strides)
    }
}

impl Sliding {
    /// The axis with all outputs between those that there are.
    const fn dense(&self) -> Self {
        let Self { input, output, window } = *self;
        Self { input, output: (output - 1) * window.stride + 1, window: Axis { stride: 1, ..window } }
    }
}

impl Strip {
    /// The strips of a plane with all outputs, if they fit.
    const fn new(plane: &Plane, strides: Strides) -> Option<Self> {
        let columns = plane.columns;
        if plane.taps() > TAPS {
            return None;
        }
        let masks = columns.window.kernel * (columns.output + LANES);
        let is_dense = columns.input == columns.output && masks <= NARROW && strides.0 == 1 && strides.1 == 1;
        match Self::laid(plane, is_dense) {
            None if is_dense => Self::laid(plane, false),
            strip => strip,
        }
    }

    const fn laid(plane: &Plane, is_dense: bool) -> Option<Self> {
        let (rows, columns) = (plane.rows, plane.columns);
        let (before, behind) = (columns.window.before, behind(&columns));
        let between = match (is_dense, before > behind) {
            (true, _) => 0,
            (false, true) => before,
            (false, false) => behind,
        };
        let pitch = columns.input + between;
        let pitch = if pitch < columns.output { columns.output } else { pitch };
        let copies = if is_dense { columns.window.kernel } else { 1 };
        // Whole vectors are read and written; the last one may run past the end, as may the last row's copy.
        let ends = (rows.window.span() - 1) * pitch + columns.window.span() - 1 + 2 * LANES;
        let band = match quotient(STRIP, copies).saturating_sub(ends).checked_div(pitch) {
            None | Some(0) => return None,
            Some(band) => band,
        };
        let band = if band < rows.output { band } else { rows.output };
        let length = band * pitch + ends;
        let apart = if is_dense { length } else { 0 };
        let steps = (rows.window.dilation * pitch, columns.window.dilation + apart);
        let reach = (rows.window.kernel - 1) * steps.0 + (columns.window.kernel - 1) * steps.1;
        Some(Self { pitch, margin: before, band, reach, steps, is_dense, copies, length })
    }

    /// Numbers of all copies of a strip.
    #[inline(always)]
    const fn size(&self) -> usize {
        self.copies * self.length
    }

    /// How many strips there is room for.
    #[inline(always)]
    const fn slots(&self) -> usize {
        let slots = quotient(STRIP, self.size());
        if slots < SLOTS { slots } else { SLOTS }
    }

    /// From the first output of `rows` rows to the end of the last.
    #[inline(always)]
    const fn outputs(&self, plane: &Plane, rows: usize) -> usize {
        (rows - 1) * self.pitch + plane.columns.output
    }
}

/// Which group of a size an index is in.
#[inline(always)]
const fn group(index: usize, size: usize) -> usize {
    // A division takes as long as several products.
    if size == 1 { index } else { quotient(index, size) }
}

/// How far windows reach past the last input.
const fn behind(axis: &Sliding) -> usize {
    (axis.output - 1 + axis.window.span()).saturating_sub(axis.window.before + axis.input)
}

impl Convolution {
    /// Whether it is computed over strips.
    #[inline(always)]
    pub(super) fn is_strips<V: Simd, S: Scalar>(&self, scratch: &Parts<'_, S>) -> bool {
        let room = scratch.channel.len() >= STRIP && scratch.outputs.len() >= STRIP;
        let (dense, strides) = self.plane.dense();
        let back = match dense.reversed() {
            Some(reversed) => Strip::new(&reversed, strides).is_some(),
            None => false,
        };
        lanes::<V, S>() > 1 && room && Strip::new(&dense, strides).is_some() && back
    }
}

/// `y = b + w ∗ x`, for all groups of a batch; an empty bias counts as none.
pub(super) struct Forward<'a, 'b, S> {
    pub(super) convolution: Convolution,
    pub(super) weights: (&'a [S], &'a [S]),
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
    /// Whether the larger of 0 and a sum is stored.
    pub(super) is_rectified: bool,
    pub(super) scratch: Parts<'b, S>,
}

impl<S: Scalar> Operation for Forward<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { convolution, weights: (w, bias), x, y, is_rectified, mut scratch } = self;
        let Convolution { plane, seen, filters } = convolution;
        let (dense, strides) = plane.dense();
        let (inputs, taps) = (plane.inputs(), plane.taps());
        let Some(strip) = Strip::new(&dense, strides) else { return };
        let layout = Layout { strip, masks: Masks::new(&strip, &dense.columns), plane: &dense };
        let (of_inputs, of_outputs) = convolution.samples(w);
        for (x, y) in x.blocks(of_inputs).zip(y.blocks_mut(of_outputs)) {
            let sums = Sums {
                layout: &layout,
                terms: seen,
                strides: ((1, 1), strides),
                is_reversed: false,
                is_rectified,
                channels: y,
                length: plane.outputs(),
            };
            sums.compute(simd, &mut scratch, |filter, channel| {
                let x = x.get((group(filter, filters) * seen + channel) * inputs..).unwrap_or_default();
                let w = w.get((filter * seen + channel) * taps..).unwrap_or_default();
                (first(x, inputs), first(w, taps), bias.get(filter).copied().unwrap_or(S::ZERO))
            });
        }
    }
}

/// The gradients of a sample: those of the weights are added to, that of the input is overwritten.
pub(super) struct Backward<'a, 'b, S> {
    pub(super) convolution: Convolution,
    pub(super) w: &'a [S],
    pub(super) x: &'a [S],
    pub(super) g: &'a [S],
    pub(super) dw: Option<&'a mut [S]>,
    pub(super) dx: Option<&'a mut [S]>,
    pub(super) scratch: Parts<'b, S>,
}

impl<S: Scalar> Operation for Backward<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        self.add_weight_gradients(simd);
        self.input_gradients(simd);
    }
}

impl<S: Scalar> Backward<'_, '_, S> {
    #[inline(always)]
    fn add_weight_gradients<V: Simd>(&mut self, simd: V) {
        let Convolution { plane, seen, filters } = self.convolution;
        let (compact, (plane, strides)) = (plane, plane.dense());
        let Some(strip) = Strip::new(&plane, strides) else { return };
        let (masks, taps, columns) = (Masks::new(&strip, &plane.columns), plane.taps(), plane.columns.output);
        let kernel = (plane.rows.window.kernel, plane.columns.window.kernel);
        let Some(dw) = self.dw.as_deref_mut() else { return };
        let dw = dw.blocks_mut(seen * taps);
        for (number, (g, dw)) in self.g.blocks(compact.outputs()).zip(dw).enumerate() {
            let group = self.x.get(number / filters * seen * plane.inputs()..).unwrap_or_default();
            let group = group.blocks(plane.inputs());
            for from in (0..plane.rows.output).step_by(strip.band.max(1)) {
                let rows = strip.band.min(plane.rows.output - from);
                let laid = from..from + rows;
                strip.lay_margins(simd, &plane, (from, rows), self.scratch.channel);
                let g = if strip.is_dense {
                    g.get(from * columns..(from + rows) * columns).unwrap_or_default()
                } else {
                    lay_rows(simd, (g, compact.columns.output), strides, laid, strip.pitch, self.scratch.outputs);
                    &*self.scratch.outputs
                };
                for (x, dw) in group.zip(dw.blocks_mut(taps)) {
                    let term = Term { channel: 0, number: 0, x, w: &[], start: S::ZERO };
                    strip.pack(simd, &plane, &masks, (&[term], (1, 1)), (from, rows), self.scratch.channel);
                    let x = &*self.scratch.channel;
                    let outputs = strip.outputs(&plane, rows);
                    let reads = Reads { x, g, outputs, steps: strip.steps, is_reversed: false };
                    assert_in_tests!(reads.fit(strip.reach), "a strip doesn't fit");
                    if reads.fit(strip.reach) {
                        // SAFETY: `fit` has checked that all outputs and their inputs can be read.
                        unsafe { reads.add_gradient(simd, kernel, dw) };
                    }
                }
            }
        }
    }

    /// A convolution of the gradients with the taps in reverse.
    #[inline(always)]
    fn input_gradients<V: Simd>(mut self, simd: V) {
        let Convolution { plane, seen, filters } = self.convolution;
        let (dense, strides) = plane.dense();
        let (Some(dx), Some(reversed)) = (self.dx, dense.reversed()) else { return };
        let (outputs, taps) = (plane.outputs(), plane.taps());
        let Some(strip) = Strip::new(&reversed, strides) else { return };
        let layout = Layout { strip, masks: Masks::new(&strip, &reversed.columns), plane: &reversed };
        let sums = Sums {
            layout: &layout,
            terms: filters,
            strides: (strides, (1, 1)),
            is_reversed: true,
            is_rectified: false,
            channels: dx,
            length: plane.inputs(),
        };
        sums.compute(simd, &mut self.scratch, |channel, filter| {
            let group = group(channel, seen);
            let (number, channel) = (group * filters + filter, channel - group * seen);
            let g = self.g.get(number * outputs..).unwrap_or_default();
            let w = self.w.get((number * seen + channel) * taps..).unwrap_or_default();
            (first(g, outputs), first(w, taps), S::ZERO)
        });
    }
}
