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
//! | as long as those of inputs, and short ([`NARROW`]) | nothing: the strip is the channel itself, and inputs of a column of taps beyond the ends of rows are masked | a copy of each row, and lanes for its padding, would take longer than the products |
//! | any other | the padding of both ends, which neighbours share; rows are copied | each column would need a mask |
//!
//! A channel larger than the scratch is split into bands of rows.

mod copies;
mod reads;

use self::copies::lay_rows;
use self::reads::{Masks, Reads};
use super::{Convolution, Parts};
use crate::chunks::Chunks;
use crate::kernels::vector::{LANES, Operation, Simd, lanes};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::{Axis, Sliding};

/// The most numbers in a strip: what stays in the first-level cache.
const STRIP: usize = 4096;
/// Numbers in the scratch for outputs.
#[cfg(feature = "simd")]
pub(crate) const OUTPUTS: usize = STRIP;
/// The most taps.
const TAPS: usize = 128;
/// The most numbers of masks. For windows of 3, rows of up to 69 fit.
const NARROW: usize = 256;

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
    /// Whether ends of rows are masked.
    is_masked: bool,
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
    /// The strips of a dense plane, if they fit.
    const fn new(plane: &Plane, strides: Strides) -> Option<Self> {
        let (rows, columns) = (plane.rows, plane.columns);
        if plane.taps() > TAPS {
            return None;
        }
        let before = columns.window.before;
        let behind = behind(&columns);
        let masks = columns.window.kernel * (columns.output + LANES);
        let is_masked = columns.input == columns.output && masks <= NARROW && strides.0 == 1 && strides.1 == 1;
        let between = if is_masked {
            0
        } else if before > behind {
            before
        } else {
            behind
        };
        let pitch = columns.input + between;
        let pitch = if pitch < columns.output { columns.output } else { pitch };
        let reach = (rows.window.span() - 1) * pitch + columns.window.span() - 1;
        // Whole vectors are read and written; the last one may run past the end, as may the last row's copy.
        let band = match STRIP.saturating_sub(reach + 2 * LANES).checked_div(pitch) {
            None | Some(0) => return None,
            Some(band) => band,
        };
        let band = if band < rows.output { band } else { rows.output };
        let steps = (rows.window.dilation * pitch, columns.window.dilation);
        Some(Self { pitch, margin: before, band, reach, steps, is_masked })
    }

    /// From the first output of `rows` rows to the end of the last.
    const fn outputs(&self, plane: &Plane, rows: usize) -> usize {
        (rows - 1) * self.pitch + plane.columns.output
    }
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

/// `y = b + w ∗ x`, for all groups of a sample; an empty bias counts as none.
pub(super) struct Forward<'a, 'b, S> {
    pub(super) convolution: Convolution,
    pub(super) weights: (&'a [S], &'a [S]),
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
    pub(super) scratch: Parts<'b, S>,
}

impl<S: Scalar> Operation for Forward<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { convolution: Convolution { plane, seen, filters }, weights: (w, bias), x, y, mut scratch } = self;
        let (outputs, (plane, strides)) = (plane.outputs(), plane.dense());
        let Some(strip) = Strip::new(&plane, strides) else { return };
        let (masks, taps) = (Masks::new(simd, &strip, &plane.columns), plane.taps());
        for (number, (y, w)) in y.blocks_mut(outputs).zip(w.blocks(seen * taps)).enumerate() {
            let group = x.get(number / filters * seen * plane.inputs()..).unwrap_or_default().blocks(plane.inputs());
            let bias = bias.get(number).copied().unwrap_or(S::ZERO);
            let pairs = group.zip(w.blocks(taps));
            strip.correlate_all(simd, &plane, &masks, pairs, (bias, false), (strides, y), &mut scratch);
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
        let (masks, taps, columns) = (Masks::new(simd, &strip, &plane.columns), plane.taps(), plane.columns.output);
        let kernel = (plane.rows.window.kernel, plane.columns.window.kernel);
        let Some(dw) = self.dw.as_deref_mut() else { return };
        let dw = dw.blocks_mut(seen * taps);
        for (number, (g, dw)) in self.g.blocks(compact.outputs()).zip(dw).enumerate() {
            let group = self.x.get(number / filters * seen * plane.inputs()..).unwrap_or_default();
            let group = group.blocks(plane.inputs());
            for first in (0..plane.rows.output).step_by(strip.band.max(1)) {
                let rows = strip.band.min(plane.rows.output - first);
                let laid = first..first + rows;
                let g = if strip.is_masked {
                    g.get(first * columns..(first + rows) * columns).unwrap_or_default()
                } else {
                    lay_rows(simd, (g, compact.columns.output), strides, laid, strip.pitch, self.scratch.outputs);
                    &*self.scratch.outputs
                };
                for (x, dw) in group.zip(dw.blocks_mut(taps)) {
                    strip.pack(simd, &plane, (x, (1, 1)), (first, rows), self.scratch.channel);
                    let x = &*self.scratch.channel;
                    let outputs = strip.outputs(&plane, rows);
                    let reads = Reads { x, g, outputs, masks: &masks, steps: strip.steps, is_reversed: false };
                    debug_assert!(reads.fit(strip.reach), "a strip doesn't fit");
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
    fn input_gradients<V: Simd>(&mut self, simd: V) {
        let Convolution { plane, seen, filters } = self.convolution;
        let (dense, strides) = plane.dense();
        let (Some(dx), Some(reversed)) = (self.dx.as_deref_mut(), dense.reversed()) else { return };
        let Some(strip) = Strip::new(&reversed, strides) else { return };
        let (masks, taps) = (Masks::new(simd, &strip, &reversed.columns), plane.taps());
        for (channel, dx) in dx.blocks_mut(plane.inputs()).enumerate() {
            let (group, channel) = (channel / seen * filters, channel % seen);
            let g = self.g.get(group * plane.outputs()..).unwrap_or_default().blocks(plane.outputs());
            let w = self.w.get(group * seen * taps..).unwrap_or_default().blocks(seen * taps).take(filters);
            let pairs = g.zip(w.map(|w| w.get(channel * taps..(channel + 1) * taps).unwrap_or_default()));
            strip.correlate_all(simd, &reversed, &masks, pairs, (S::ZERO, true), (strides, dx), &mut self.scratch);
        }
    }
}

impl Strip {
    /// `y = start + Σ w ∗ x`, over pairs of a channel x and weights w. In reverse, weights are, and it is x that lies
    /// apart by the strides, or else y.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "forward and back differ in all of them")]
    fn correlate_all<'a, V: Simd, S: Scalar>(
        &self,
        simd: V,
        plane: &Plane,
        masks: &Masks<S>,
        pairs: impl Iterator<Item = (&'a [S], &'a [S])> + Clone,
        (start, is_reversed): (S, bool),
        (strides, y): (Strides, &mut [S]),
        scratch: &mut Parts<'_, S>,
    ) {
        let (x_strides, y_strides) = if is_reversed { (strides, (1, 1)) } else { ((1, 1), strides) };
        let (taps, kernel) = (plane.taps(), (plane.rows.window.kernel, plane.columns.window.kernel));
        let columns = plane.columns.output;
        for first in (0..plane.rows.output).step_by(self.band.max(1)) {
            let rows = self.band.min(plane.rows.output - first);
            let outputs = self.outputs(plane, rows);
            let mut is_first = true;
            for (x, w) in pairs.clone() {
                self.pack(simd, plane, (x, x_strides), (first, rows), scratch.channel);
                let x = &*scratch.channel;
                let y = if self.is_masked {
                    y.get_mut(first * columns..(first + rows) * columns).unwrap_or_default()
                } else {
                    scratch.outputs.get_mut(..outputs).unwrap_or_default()
                };
                let reads = Reads { x, g: &[], outputs, masks, steps: self.steps, is_reversed };
                let fits = reads.fit_whole::<V>(self.reach) && y.len() == outputs && w.len() == taps;
                debug_assert!(fits, "a strip doesn't fit");
                if fits {
                    let start = if is_first { Some(start) } else { None };
                    // SAFETY: the inputs of all outputs can be read in whole vectors, `y` has all outputs, and `w` all
                    // taps.
                    unsafe { reads.correlate(simd, kernel, w, start, y) };
                }
                is_first = false;
            }
            if !self.is_masked {
                self.unpack(simd, plane, scratch.outputs, (first, rows), (y, y_strides));
            }
        }
    }
}
