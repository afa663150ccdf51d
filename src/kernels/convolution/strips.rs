//! Convolutions of few filters, channel by channel, over *strips*: a channel with its padding as one long row.
//!
//! Rows lie one behind the other. What a tap sees of all outputs is then the same strip from another place on, and vectors
//! run on over the ends of rows: rows of five numbers leave no lanes idle. Sizes are those of the run, so that all layers
//! share one function.
//!
//! Windows that move by more are windows that move by 1, of whose outputs some are kept; going back, the gradients of the
//! others are 0. Four times the products, at a stride of 2, take less than one number at a time.
//!
//! | rows of outputs | between rows of a strip | because |
//! |---|---|---|
//! | as long as those of inputs, and short ([`NARROW`]) | nothing: the strip is the channel itself, and what a column of taps sees beyond the ends of rows is left out by a mask | a copy of each row, and lanes for its padding, would take longer than the products |
//! | any other | the padding of both ends, which neighbours share; rows are copied | masks would take room for each column |
//!
//! A channel that is larger than the scratch is cut into bands of rows.

use core::ops::Range;

use super::{Convolution, Scratch};
use crate::kernels::dot_products::sum_each;
use crate::kernels::vector::{Operation, Simd, Vector, lanes, splat, write};
use crate::kernels::window::Plane;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::{Axis, Sliding};

/// Numbers of a strip at most: what stays in the first-level cache.
const STRIP: usize = 4096;
/// Numbers of the scratch for outputs.
#[cfg(feature = "simd")]
pub(crate) const OUTPUTS: usize = STRIP;
/// The most lanes there are.
const LANES: usize = 16;
/// The most taps there may be.
const TAPS: usize = 128;
/// Vectors of a strip that are computed at a time, for each of which a tap is a load and a multiplication.
const VECTORS: usize = 4;
/// Numbers of masks at most. Of windows of 3, rows of up to 69 have room.
const NARROW: usize = 256;

/// Where things lie in a strip.
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
        let before = columns.window.padding;
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
        // Whole vectors are read and written, the last of which may reach over the end, as may the last row's copy.
        let band = STRIP.saturating_sub(reach + 2 * LANES) / pitch;
        if band == 0 {
            return None;
        }
        let band = if band < rows.output { band } else { rows.output };
        let steps = (rows.window.dilation * pitch, columns.window.dilation);
        Some(Self { pitch, margin: before, band, reach, steps, is_masked })
    }

    /// From the first output of `rows` rows to behind the last one.
    const fn outputs(&self, plane: &Plane, rows: usize) -> usize {
        (rows - 1) * self.pitch + plane.columns.output
    }
}

/// How far windows reach behind the last input.
const fn behind(axis: &Sliding) -> usize {
    (axis.output - 1 + axis.window.span()).saturating_sub(axis.window.padding + axis.input)
}

impl Convolution {
    /// Whether it is computed over strips.
    #[inline(always)]
    pub(super) fn is_strips<V: Simd, S: Scalar>(&self, scratch: &Scratch<'_, S>) -> bool {
        let room = scratch.channel.len() >= STRIP && scratch.outputs.len() >= STRIP;
        let (dense, strides) = self.plane.dense();
        let back = match dense.reversed() {
            Some(reversed) => Strip::new(&reversed, strides).is_some(),
            None => false,
        };
        lanes::<V, S>() > 1 && room && Strip::new(&dense, strides).is_some() && back
    }
}

/// Which outputs see an input under each column of taps, from any column of outputs on: 1 where they do, or else 0.
struct Masks<S> {
    /// Row by row, a row for each column of taps, of which none is zero where nothing is masked.
    numbers: [S; NARROW],
    length: usize,
    width: usize,
    /// How many columns an output is behind the one that a vector before it begins with: less than a row.
    step: usize,
    /// The column of taps that all outputs see, if there are masks for any.
    free: usize,
    is_masked: bool,
}

impl<S: Scalar> Masks<S> {
    #[inline(always)]
    fn new<V: Simd>(_: V, strip: &Strip, columns: &Sliding) -> Self {
        let (mut numbers, width) = ([S::ZERO; NARROW], columns.output.max(1));
        let (length, step) = (width + LANES, lanes::<V, S>() % width);
        let (padding, dilation) = (columns.window.padding, columns.window.dilation.max(1));
        let free = if padding.is_multiple_of(dilation) { padding / dilation } else { usize::MAX };
        if strip.is_masked {
            for (tap, row) in numbers.chunks_exact_mut(length).enumerate().take(columns.window.kernel) {
                for (place, number) in row.iter_mut().enumerate() {
                    let seen = place % width + tap * columns.window.dilation;
                    let inside = (columns.window.padding..columns.window.padding + columns.input).contains(&seen);
                    *number = if inside { S::ONE } else { S::ZERO };
                }
            }
        }
        Self { numbers, length, width, step, free, is_masked: strip.is_masked }
    }

    /// The column of outputs that a vector after the one from `column` on begins with.
    #[inline(always)]
    fn next(&self, column: usize) -> usize {
        let next = column + self.step;
        if next >= self.width { next - self.width } else { next }
    }

    /// Whether a column of taps is masked.
    #[inline(always)]
    fn apply_to(&self, tap: usize) -> bool {
        self.is_masked && tap != self.free
    }

    /// `vector`, or 0 where the outputs from column `from` on see no input under column `tap` of the taps.
    #[inline(always)]
    fn apply<V: Simd>(&self, simd: V, tap: usize, from: usize, vector: S::Vector<V>) -> S::Vector<V> {
        let numbers = self.numbers.get(tap * self.length + from..).unwrap_or_default();
        match numbers.first_chunk::<LANES>() {
            Some(mask) => {
                // SAFETY: there are the most lanes to read.
                unsafe { S::Vector::<V>::load(simd, mask.as_ptr()) }.if_positive(vector, splat(simd, S::ZERO))
            }
            None => vector,
        }
    }
}

/// `y = b + w ∗ x`, for all groups of a sample; an empty bias is none.
pub(super) struct Forward<'a, 'b, S> {
    pub(super) convolution: Convolution,
    pub(super) weights: (&'a [S], &'a [S]),
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
    pub(super) scratch: Scratch<'b, S>,
}

impl<S: Scalar> Operation for Forward<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { convolution: Convolution { plane, seen, filters }, weights: (w, bias), x, y, mut scratch } = self;
        let (outputs, (plane, strides)) = (plane.outputs(), plane.dense());
        let Some(strip) = Strip::new(&plane, strides) else { return };
        let (masks, taps) = (Masks::new(simd, &strip, &plane.columns), plane.taps());
        for (number, (y, w)) in y.chunks_exact_mut(outputs).zip(w.chunks_exact(seen * taps)).enumerate() {
            let group =
                x.get(number / filters * seen * plane.inputs()..).unwrap_or_default().chunks_exact(plane.inputs());
            let bias = bias.get(number).copied().unwrap_or(S::ZERO);
            let pairs = group.zip(w.chunks_exact(taps));
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
    pub(super) dw: &'a mut [S],
    pub(super) dx: Option<&'a mut [S]>,
    pub(super) scratch: Scratch<'b, S>,
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
        let dw = self.dw.chunks_exact_mut(seen * taps);
        for (number, (g, dw)) in self.g.chunks_exact(compact.outputs()).zip(dw).enumerate() {
            let group = self.x.get(number / filters * seen * plane.inputs()..).unwrap_or_default();
            let group = group.chunks_exact(plane.inputs());
            for first in (0..plane.rows.output).step_by(strip.band.max(1)) {
                let rows = strip.band.min(plane.rows.output - first);
                let laid = first..first + rows;
                let g = if strip.is_masked {
                    g.get(first * columns..(first + rows) * columns).unwrap_or_default()
                } else {
                    lay_rows(simd, (g, compact.columns.output), strides, laid, strip.pitch, self.scratch.outputs);
                    &*self.scratch.outputs
                };
                for (x, dw) in group.clone().zip(dw.chunks_exact_mut(taps)) {
                    strip.pack(simd, &plane, (x, (1, 1)), (first, rows), self.scratch.channel);
                    let x = &*self.scratch.channel;
                    let outputs = strip.outputs(&plane, rows);
                    let reads = Reads { x, g, outputs, masks: &masks, steps: strip.steps, is_reversed: false };
                    debug_assert!(reads.fit(strip.reach), "a strip doesn't fit");
                    if reads.fit(strip.reach) {
                        // SAFETY: `fit` has found that all outputs can be read, and what they see.
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
        for (channel, dx) in dx.chunks_exact_mut(plane.inputs()).enumerate() {
            let (group, channel) = (channel / seen * filters, channel % seen);
            let g = self.g.get(group * plane.outputs()..).unwrap_or_default().chunks_exact(plane.outputs());
            let w = self.w.get(group * seen * taps..).unwrap_or_default().chunks_exact(seen * taps).take(filters);
            let pairs = g.zip(w.map(|w| w.get(channel * taps..(channel + 1) * taps).unwrap_or_default()));
            strip.correlate_all(simd, &reversed, &masks, pairs, (S::ZERO, true), (strides, dx), &mut self.scratch);
        }
    }
}

impl Strip {
    /// `y = start + Σ w ∗ x`, over pairs of a channel x and weights w. In reverse, weights are, and it is x that lies apart
    /// by the strides, or else y.
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
        scratch: &mut Scratch<'_, S>,
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
                    // SAFETY: what all outputs see can be read in whole vectors, `y` has all outputs, and `w` all taps.
                    unsafe { reads.correlate(simd, kernel, w, start, y) };
                }
                is_first = false;
            }
            if !self.is_masked {
                self.unpack(simd, plane, scratch.outputs, (first, rows), (y, y_strides));
            }
        }
    }

    /// What the outputs of some rows of a channel see, as a strip.
    #[inline(always)]
    fn pack<V: Simd, S: Scalar>(
        &self,
        simd: V,
        plane: &Plane,
        (x, strides): (&[S], Strides),
        (first, rows): (usize, usize),
        strip: &mut [S],
    ) {
        let (above, columns) = (plane.rows.window.padding, plane.columns.input);
        // Rows of the padded input, of which `above` come before the first row of the input.
        let end = first + rows - 1 + plane.rows.window.span();
        let from = first.saturating_sub(above).min(plane.rows.input);
        let to = end.saturating_sub(above).min(plane.rows.input);
        let begin = (from + above - first) * self.pitch + self.margin;
        let inner = begin + to.saturating_sub(from) * self.pitch;
        let length = self.outputs(plane, rows) + self.reach;
        let begin = begin.min(length);
        lay_zeros(simd, begin, strip);
        let room = strip.get_mut(begin..).unwrap_or_default();
        if !self.is_masked {
            lay_rows(simd, (x, columns.div_ceil(strides.1)), strides, from..to, self.pitch, room);
        } else if from < to {
            let x = x.get(from * columns..to * columns).unwrap_or_default();
            lay(simd, x, x.len(), x.len(), room);
        }
        lay_zeros(simd, length.saturating_sub(inner), strip.get_mut(inner..).unwrap_or_default());
    }

    /// The outputs of some rows, from a strip to a channel. The rows behind them may be overwritten.
    #[inline(always)]
    fn unpack<V: Simd, S: Scalar>(
        &self,
        simd: V,
        plane: &Plane,
        strip: &[S],
        (first, rows): (usize, usize),
        (y, strides): (&mut [S], Strides),
    ) {
        let (lanes, columns) = (lanes::<V, S>(), plane.columns.output);
        if strides != (1, 1) {
            let width = columns.div_ceil(strides.1);
            for row in (first..first + rows).filter(|row| row.is_multiple_of(strides.0)) {
                let y = y.get_mut(row / strides.0 * width..).unwrap_or_default().iter_mut().take(width);
                let from = strip.get((row - first) * self.pitch..).unwrap_or_default();
                y.zip(from.iter().step_by(strides.1)).for_each(|(y, &from)| *y = from);
            }
            return;
        }
        for row in 0..rows {
            for column in (0..columns).step_by(lanes) {
                let to = y.get_mut((first + row) * columns + column..).unwrap_or_default();
                let from = strip.get(row * self.pitch + column..).unwrap_or_default();
                let Some(from) = from.first_chunk::<LANES>() else { return };
                // SAFETY: there are as many numbers to read as the most lanes, and no more are written than there is
                // room for.
                unsafe {
                    let outputs = S::Vector::<V>::load(simd, from.as_ptr());
                    if to.len() < lanes {
                        outputs.store_masked(to.as_mut_ptr(), to.len().min(columns - column));
                    } else {
                        outputs.store(to.as_mut_ptr());
                    }
                }
            }
        }
    }
}

/// Zeros, `count` of them or some more.
#[inline(always)]
fn lay_zeros<V: Simd, S: Scalar>(simd: V, count: usize, strip: &mut [S]) {
    for place in (0..count).step_by(lanes::<V, S>()) {
        let to = strip.get_mut(place..).unwrap_or_default();
        let Some(to) = to.first_chunk_mut::<LANES>() else { return };
        // SAFETY: there is room for the most lanes.
        unsafe { splat::<V, S>(simd, S::ZERO).store(to.as_mut_ptr()) };
    }
}

/// Some rows of a dense channel, `pitch` apart, and zeros between and behind them, of a channel whose rows of `width`
/// numbers lie apart by the strides.
#[inline(always)]
fn lay_rows<V: Simd, S: Scalar>(
    simd: V,
    (channel, width): (&[S], usize),
    strides: Strides,
    rows: Range<usize>,
    pitch: usize,
    strip: &mut [S],
) {
    if strides == (1, 1) {
        return lay(simd, channel.get(rows.start * width..rows.end * width).unwrap_or_default(), width, pitch, strip);
    }
    lay_zeros(simd, rows.len() * pitch, strip);
    for row in rows.clone().filter(|row| row.is_multiple_of(strides.0)) {
        let from = channel.get(row / strides.0 * width..).unwrap_or_default().iter().take(width);
        let to = strip.get_mut((row - rows.start) * pitch..).unwrap_or_default().iter_mut().step_by(strides.1);
        from.zip(to).for_each(|(&from, to)| *to = from);
    }
}

/// Rows of `width` numbers, `pitch` apart, and zeros between and behind them.
#[inline(always)]
fn lay<V: Simd, S: Scalar>(simd: V, rows: &[S], width: usize, pitch: usize, strip: &mut [S]) {
    for (row, numbers) in rows.chunks_exact(width).enumerate() {
        for column in (0..pitch).step_by(lanes::<V, S>()) {
            let from = numbers.get(column..).unwrap_or_default();
            let to = strip.get_mut(row * pitch + column..).unwrap_or_default();
            let Some(to) = to.first_chunk_mut::<LANES>() else { return };
            // SAFETY: no more is read than the row has, and there is room for the most lanes. The next row overwrites
            // zeros that reach into it.
            unsafe {
                let numbers = if from.len() >= lanes::<V, S>() {
                    S::Vector::<V>::load(simd, from.as_ptr())
                } else {
                    S::Vector::<V>::load_masked(simd, from.as_ptr(), from.len())
                };
                numbers.store(to.as_mut_ptr());
            }
        }
    }
}

/// A strip, what is read of it for each output, and the outputs' gradients, if it is about them.
struct Reads<'a, S> {
    x: &'a [S],
    g: &'a [S],
    outputs: usize,
    masks: &'a Masks<S>,
    steps: (usize, usize),
    /// Whether the taps are in reverse order.
    is_reversed: bool,
}

impl<S: Scalar> Reads<'_, S> {
    /// Whether all outputs can be read, and what they see.
    #[inline(always)]
    fn fit(&self, reach: usize) -> bool {
        self.outputs + reach <= self.x.len() && self.outputs <= self.g.len()
    }

    /// Whether whole vectors can be read of what all outputs see.
    #[inline(always)]
    fn fit_whole<V: Simd>(&self, reach: usize) -> bool {
        self.outputs.next_multiple_of(lanes::<V, S>()) + reach <= self.x.len()
    }

    /// `y[q] = start + Σₜ w[t] · x[q + place of t]`; without a start, it is added to what is there.
    ///
    /// # Safety
    /// [`fit_whole`](Self::fit_whole) holds for a reach of `kernel`, `y` has all outputs, and `w` a number for each tap.
    #[inline(always)]
    unsafe fn correlate<V: Simd>(&self, simd: V, kernel: (usize, usize), w: &[S], start: Option<S>, y: &mut [S]) {
        // SAFETY: the caller's promise.
        unsafe {
            if kernel == (3, 3) {
                // The same, with sizes that the compiler knows.
                self.correlate_kernel(simd, (3, 3), w, start, y);
            } else {
                self.correlate_kernel(simd, kernel, w, start, y);
            }
        }
    }

    /// [`correlate`](Self::correlate).
    ///
    /// # Safety
    /// The same.
    #[inline(always)]
    unsafe fn correlate_kernel<V: Simd>(
        &self,
        simd: V,
        kernel: (usize, usize),
        w: &[S],
        start: Option<S>,
        y: &mut [S],
    ) {
        let lanes = lanes::<V, S>();
        let (mut place, mut column) = (0, 0);
        // SAFETY: the caller's promise.
        unsafe {
            while place + VECTORS * lanes <= self.outputs {
                column = self.correlate_vectors::<V, VECTORS>(simd, kernel, w, start, (place, column), y);
                place += VECTORS * lanes;
            }
            while place + 2 * lanes <= self.outputs {
                column = self.correlate_vectors::<V, 2>(simd, kernel, w, start, (place, column), y);
                place += 2 * lanes;
            }
            while place < self.outputs {
                column = self.correlate_vectors::<V, 1>(simd, kernel, w, start, (place, column), y);
                place += lanes;
            }
        }
    }

    /// [`correlate`](Self::correlate), of `N` vectors from a place in a column on. The last may reach over the end if it
    /// is the only one. The column that the next one begins with.
    ///
    /// # Safety
    /// The same.
    #[inline(always)]
    unsafe fn correlate_vectors<V: Simd, const N: usize>(
        &self,
        simd: V,
        (rows, columns): (usize, usize),
        w: &[S],
        start: Option<S>,
        (place, mut column): (usize, usize),
        y: &mut [S],
    ) -> usize {
        let lanes = lanes::<V, S>();
        let (x, y) = (self.x.as_ptr().wrapping_add(place), y.as_mut_ptr().wrapping_add(place));
        let count = if N == 1 { lanes.min(self.outputs - place) } else { lanes };
        let mut columns_of = [0; N];
        for of in &mut columns_of {
            *of = column;
            column = self.masks.next(column);
        }
        let mut sums = [splat(simd, start.unwrap_or(S::ZERO)); N];
        // SAFETY: the caller's promise.
        unsafe {
            if start.is_none() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = S::Vector::<V>::load_masked(simd, y.add(vector * lanes), count);
                }
            }
            for right in 0..columns {
                let is_masked = self.masks.apply_to(right);
                let mut parts = if is_masked { [splat(simd, S::ZERO); N] } else { sums };
                for down in 0..rows {
                    let tap = down * columns + right;
                    let w =
                        splat(simd, *w.get_unchecked(if self.is_reversed { rows * columns - 1 - tap } else { tap }));
                    let x = x.add(down * self.steps.0 + right * self.steps.1);
                    for (vector, part) in parts.iter_mut().enumerate() {
                        *part = S::Vector::<V>::load(simd, x.add(vector * lanes)).mul_add(w, *part);
                    }
                }
                if is_masked {
                    for ((sum, part), column) in sums.iter_mut().zip(parts).zip(columns_of) {
                        *sum = *sum + self.masks.apply(simd, right, column, part);
                    }
                } else {
                    sums = parts;
                }
            }
            for (vector, sum) in sums.into_iter().enumerate() {
                if count < lanes {
                    sum.store_masked(y.add(vector * lanes), count);
                } else {
                    sum.store(y.add(vector * lanes));
                }
            }
        }
        column
    }

    /// `dw[t] += Σ g[q] · x[q + place of t]`, over all outputs.
    ///
    /// # Safety
    /// [`fit`](Self::fit) holds for a reach of `kernel`.
    #[inline(always)]
    unsafe fn add_gradient<V: Simd>(&self, simd: V, (rows, columns): (usize, usize), dw: &mut [S]) {
        // Three rows and three columns of taps at once share what is read of the gradients.
        let mut down = 0;
        while down < rows {
            let mut right = 0;
            while right < columns {
                let (threes, three) = (down + 3 <= rows, right + 3 <= columns);
                // SAFETY: the caller's promise.
                unsafe {
                    match (threes, three) {
                        (true, true) => self.add_gradient_of_taps::<V, 3, 3>(simd, (down, right), columns, dw),
                        (true, false) => self.add_gradient_of_taps::<V, 3, 1>(simd, (down, right), columns, dw),
                        (false, true) => self.add_gradient_of_taps::<V, 1, 3>(simd, (down, right), columns, dw),
                        (false, false) => self.add_gradient_of_taps::<V, 1, 1>(simd, (down, right), columns, dw),
                    }
                }
                right += if three { 3 } else { 1 };
            }
            down += if down + 3 <= rows { 3 } else { 1 };
        }
    }

    /// [`add_gradient`](Self::add_gradient), of `R` rows and `C` columns of taps.
    ///
    /// # Safety
    /// The same.
    #[inline(always)]
    unsafe fn add_gradient_of_taps<V: Simd, const R: usize, const C: usize>(
        &self,
        simd: V,
        (down, right): (usize, usize),
        columns: usize,
        dw: &mut [S],
    ) {
        let lanes = lanes::<V, S>();
        let mut sums = [[splat(simd, S::ZERO); C]; R];
        let (mut place, mut column) = (0, 0);
        while place < self.outputs {
            let count = lanes.min(self.outputs - place);
            // SAFETY: the caller's promise.
            unsafe {
                let g = S::Vector::<V>::load_masked(simd, self.g.as_ptr().add(place), count);
                for c in 0..C {
                    let is_masked = self.masks.apply_to(right + c);
                    let g = if is_masked { self.masks.apply(simd, right + c, column, g) } else { g };
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let offset = (down + r) * self.steps.0 + (right + c) * self.steps.1;
                        let x = S::Vector::<V>::load_masked(simd, self.x.as_ptr().add(place + offset), count);
                        sums[c] = x.mul_add(g, sums[c]);
                    }
                }
            }
            place += lanes;
            column = self.masks.next(column);
        }
        let sums = sums.as_flattened();
        let mut totals = [S::ZERO; LANES];
        for (sums, totals) in sums.chunks(lanes).zip(totals.chunks_mut(lanes)) {
            let mut vectors = [splat(simd, S::ZERO); LANES];
            vectors.iter_mut().zip(sums).for_each(|(vector, &sum)| *vector = sum);
            write(simd, sum_each::<V, S>(vectors), totals);
        }
        for (r, totals) in totals.chunks_exact(C).take(R).enumerate() {
            let dw = dw.get_mut((down + r) * columns + right..).unwrap_or_default();
            dw.iter_mut().zip(totals).for_each(|(dw, &total)| *dw += total);
        }
    }
}
