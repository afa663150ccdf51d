//! Convolutions of few filters, channel by channel, over *strips*: a channel with its padding as one long row.
//!
//! Rows lie one behind the other, with room between them for the padding of both their ends, which two neighbours share.
//! What a tap sees of all outputs is then the same strip from another place on, and vectors run on over the ends of rows.
//! So rows of five numbers leave no lanes idle but those of the padding between them, where outputs come to something
//! that nobody reads. Windows move by 1; sizes are those of the run, so that all layers share one function.
//!
//! A channel that is larger than the scratch is cut into bands of rows.

use super::{Convolution, Scratch};
use crate::kernels::dot_products::sum_each;
use crate::kernels::vector::{Operation, Simd, Vector, lanes, splat, write};
use crate::kernels::window::Plane;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::Sliding;

/// Numbers of a strip at most: what stays in the first-level cache.
const STRIP: usize = 4096;
/// The most lanes there are.
const LANES: usize = 16;
/// The most taps there may be.
const TAPS: usize = 128;
/// Vectors of a strip that are computed at a time, each of which a load and a multiplication per tap.
const VECTORS: usize = 4;

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
}

impl Strip {
    /// The strips of a plane whose windows move by 1, if they fit.
    const fn new(plane: &Plane) -> Option<Self> {
        let (rows, columns) = (plane.rows, plane.columns);
        if rows.window.stride != 1 || columns.window.stride != 1 || plane.taps() > TAPS {
            return None;
        }
        let before = columns.window.padding;
        let behind = behind(&columns);
        let between = if before > behind { before } else { behind };
        let pitch = columns.input + between;
        let pitch = if pitch < columns.output { columns.output } else { pitch };
        let reach = (rows.window.span() - 1) * pitch + columns.window.span() - 1;
        // Whole vectors are read and written, the last of which may reach over the end, as may the last row's copy.
        let room = STRIP.saturating_sub(reach + 2 * LANES);
        let band = room / pitch;
        if band == 0 {
            return None;
        }
        let band = if band < rows.output { band } else { rows.output };
        Some(Self { pitch, margin: before, band, reach })
    }

    /// From the first output of `rows` rows to behind the last one.
    const fn outputs(&self, plane: &Plane, rows: usize) -> usize {
        (rows - 1) * self.pitch + plane.columns.output
    }

    /// Where the inputs lie that each tap sees, from those of an output on.
    fn offsets(&self, plane: &Plane) -> [usize; TAPS] {
        let (rows, columns) = (plane.rows.window, plane.columns.window);
        let mut offsets = [0; TAPS];
        for (tap, offset) in offsets.iter_mut().enumerate().take(plane.taps()) {
            let (down, right) = (tap / columns.kernel, tap % columns.kernel);
            *offset = down * rows.dilation * self.pitch + right * columns.dilation;
        }
        offsets
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
        let back = match self.plane.reversed() {
            Some(reversed) => Strip::new(&reversed).is_some(),
            None => false,
        };
        lanes::<V, S>() > 1 && room && Strip::new(&self.plane).is_some() && back
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
        let Self { convolution: Convolution { plane, seen, filters }, weights: (w, bias), x, y, scratch } = self;
        let Some(strip) = Strip::new(&plane) else { return };
        let (offsets, taps) = (strip.offsets(&plane), plane.taps());
        let offsets = offsets.get(..taps).unwrap_or_default();
        for (number, (y, w)) in y.chunks_exact_mut(plane.outputs()).zip(w.chunks_exact(seen * taps)).enumerate() {
            let group = x.chunks_exact(plane.inputs()).skip(number / filters * seen);
            let bias = bias.get(number).copied().unwrap_or(S::ZERO);
            for first in (0..plane.rows.output).step_by(strip.band) {
                let rows = strip.band.min(plane.rows.output - first);
                let outputs = strip.outputs(&plane, rows);
                for (channel, (x, w)) in group.clone().zip(w.chunks_exact(taps)).enumerate() {
                    strip.pack(simd, &plane, x, (first, rows), scratch.channel);
                    let start = if channel == 0 { Some(bias) } else { None };
                    correlate(simd, (w, offsets), start, scratch.channel, scratch.outputs, outputs);
                }
                strip.unpack(simd, &plane, scratch.outputs, (first, rows), y);
            }
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
        let Some(strip) = Strip::new(&plane) else { return };
        let (offsets, taps) = (strip.offsets(&plane), plane.taps());
        let offsets = offsets.get(..taps).unwrap_or_default();
        let columns = plane.columns.output;
        let dw = self.dw.chunks_exact_mut(seen * taps);
        for (number, (g, dw)) in self.g.chunks_exact(plane.outputs()).zip(dw).enumerate() {
            let group = self.x.chunks_exact(plane.inputs()).skip(number / filters * seen);
            for first in (0..plane.rows.output).step_by(strip.band) {
                let rows = strip.band.min(plane.rows.output - first);
                let g = g.get(first * columns..(first + rows) * columns).unwrap_or_default();
                lay(simd, g, columns, strip.pitch, self.scratch.outputs);
                for (x, dw) in group.clone().zip(dw.chunks_exact_mut(taps)) {
                    strip.pack(simd, &plane, x, (first, rows), self.scratch.channel);
                    let outputs = strip.outputs(&plane, rows);
                    add_gradient(simd, offsets, self.scratch.channel, self.scratch.outputs, outputs, dw);
                }
            }
        }
    }

    /// A convolution of the gradients with the taps in reverse.
    #[inline(always)]
    fn input_gradients<V: Simd>(&mut self, simd: V) {
        let Convolution { plane, seen, filters } = self.convolution;
        let (Some(dx), Some(reversed)) = (self.dx.as_deref_mut(), plane.reversed()) else { return };
        let Some(strip) = Strip::new(&reversed) else { return };
        let (mut offsets, taps) = (strip.offsets(&reversed), plane.taps());
        let offsets = offsets.get_mut(..taps).unwrap_or_default();
        offsets.reverse();
        for (channel, dx) in dx.chunks_exact_mut(plane.inputs()).enumerate() {
            let (group, channel) = (channel / seen * filters, channel % seen);
            let pairs = self.g.chunks_exact(plane.outputs()).zip(self.w.chunks_exact(seen * taps)).skip(group);
            for first in (0..reversed.rows.output).step_by(strip.band) {
                let rows = strip.band.min(reversed.rows.output - first);
                for (filter, (g, w)) in pairs.clone().take(filters).enumerate() {
                    strip.pack(simd, &reversed, g, (first, rows), self.scratch.channel);
                    let w = w.get(channel * taps..(channel + 1) * taps).unwrap_or_default();
                    let start = if filter == 0 { Some(S::ZERO) } else { None };
                    let outputs = strip.outputs(&reversed, rows);
                    correlate(simd, (w, offsets), start, self.scratch.channel, self.scratch.outputs, outputs);
                }
                strip.unpack(simd, &reversed, self.scratch.outputs, (first, rows), dx);
            }
        }
    }
}

impl Strip {
    /// What the outputs of some rows of a channel see, as a strip.
    #[inline(always)]
    fn pack<V: Simd, S: Scalar>(
        &self,
        simd: V,
        plane: &Plane,
        x: &[S],
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
        let (Some(before), Some(x)) = (strip.get_mut(..begin), x.get(from * columns..to * columns)) else { return };
        before.fill(S::ZERO);
        lay(simd, x, columns, self.pitch, strip.get_mut(begin..).unwrap_or_default());
        if let Some(behind) = strip.get_mut(inner..length) {
            behind.fill(S::ZERO);
        }
    }

    /// The outputs of some rows, from a strip to a channel. The rows behind them may be overwritten.
    #[inline(always)]
    fn unpack<V: Simd, S: Scalar>(
        &self,
        simd: V,
        plane: &Plane,
        strip: &[S],
        (first, rows): (usize, usize),
        y: &mut [S],
    ) {
        let (lanes, columns) = (lanes::<V, S>(), plane.columns.output);
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
            unsafe { S::Vector::<V>::load_masked(simd, from.as_ptr(), from.len()).store(to.as_mut_ptr()) };
        }
    }
}

/// `to[q] = start + Σₜ w[t] · from[q + offset of t]` for as many outputs; without a start, it is added to what is there.
#[inline(always)]
fn correlate<V: Simd, S: Scalar>(
    simd: V,
    (w, offsets): (&[S], &[usize]),
    start: Option<S>,
    from: &[S],
    to: &mut [S],
    outputs: usize,
) {
    let (lanes, vectors) = (lanes::<V, S>(), outputs.div_ceil(lanes::<V, S>()));
    let last = offsets.iter().copied().max().unwrap_or(0);
    debug_assert!(vectors * lanes + last <= from.len() && vectors * lanes <= to.len(), "a strip doesn't fit");
    if vectors * lanes + last > from.len() || vectors * lanes > to.len() {
        return;
    }
    let taps = || w.iter().zip(offsets);
    let mut vector = 0;
    // SAFETY: as many vectors can be read from each offset on, and written.
    unsafe {
        while vector + VECTORS <= vectors {
            let (from, to) = (from.as_ptr().add(vector * lanes), to.as_mut_ptr().add(vector * lanes));
            correlate_vectors::<V, S, VECTORS>(simd, taps(), start, from, to);
            vector += VECTORS;
        }
        while vector < vectors {
            let (from, to) = (from.as_ptr().add(vector * lanes), to.as_mut_ptr().add(vector * lanes));
            correlate_vectors::<V, S, 1>(simd, taps(), start, from, to);
            vector += 1;
        }
    }
}

/// [`correlate`], of `N` vectors.
///
/// # Safety
/// They can be read from each offset on, and written.
#[inline(always)]
unsafe fn correlate_vectors<'a, V: Simd, S: Scalar, const N: usize>(
    simd: V,
    taps: impl Iterator<Item = (&'a S, &'a usize)>,
    start: Option<S>,
    from: *const S,
    to: *mut S,
) {
    let lanes = lanes::<V, S>();
    let mut sums = [splat(simd, start.unwrap_or(S::ZERO)); N];
    // SAFETY: the caller's promise.
    unsafe {
        if start.is_none() {
            for (vector, sum) in sums.iter_mut().enumerate() {
                *sum = S::Vector::<V>::load(simd, to.add(vector * lanes));
            }
        }
        for (&w, &offset) in taps {
            let w = splat(simd, w);
            for (vector, sum) in sums.iter_mut().enumerate() {
                *sum = S::Vector::<V>::load(simd, from.add(offset + vector * lanes)).mul_add(w, *sum);
            }
        }
        for (vector, sum) in sums.into_iter().enumerate() {
            sum.store(to.add(vector * lanes));
        }
    }
}

/// `dw[t] += Σ g[q] · x[q + offset of t]`, over as many outputs.
#[inline(always)]
fn add_gradient<V: Simd, S: Scalar>(simd: V, offsets: &[usize], x: &[S], g: &[S], outputs: usize, dw: &mut [S]) {
    let last = offsets.iter().copied().max().unwrap_or(0);
    debug_assert!(outputs + last <= x.len() && outputs <= g.len(), "a strip doesn't fit");
    if outputs + last > x.len() || outputs > g.len() {
        return;
    }
    // The taps of windows of 3 × 3 at once, which share what is read of `g`, those of one row, and single ones.
    let (nines, rest) = offsets.as_chunks::<9>();
    let (threes, ones) = rest.as_chunks::<3>();
    let (dw, dw_of_rest) = dw.split_at_mut((9 * nines.len()).min(dw.len()));
    let (dw_of_threes, dw_of_ones) = dw_of_rest.split_at_mut((3 * threes.len()).min(dw_of_rest.len()));
    // SAFETY: as many outputs can be read of `g`, and of `x` from each offset on.
    unsafe {
        for (offsets, dw) in nines.iter().zip(dw.chunks_exact_mut(9)) {
            add_gradient_of_taps(simd, offsets, x, g, outputs, dw);
        }
        for (offsets, dw) in threes.iter().zip(dw_of_threes.chunks_exact_mut(3)) {
            add_gradient_of_taps(simd, offsets, x, g, outputs, dw);
        }
        for (offset, dw) in ones.iter().zip(dw_of_ones.chunks_exact_mut(1)) {
            add_gradient_of_taps(simd, &[*offset], x, g, outputs, dw);
        }
    }
}

/// [`add_gradient`], of `N` taps.
///
/// # Safety
/// As many outputs can be read of `g`, and of `x` from each offset on.
#[inline(always)]
unsafe fn add_gradient_of_taps<V: Simd, S: Scalar, const N: usize>(
    simd: V,
    offsets: &[usize; N],
    x: &[S],
    g: &[S],
    outputs: usize,
    dw: &mut [S],
) {
    let lanes = lanes::<V, S>();
    let mut sums = [splat(simd, S::ZERO); N];
    let mut place = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while place + lanes <= outputs {
            let g = S::Vector::<V>::load(simd, g.as_ptr().add(place));
            for (sum, offset) in sums.iter_mut().zip(offsets) {
                *sum = S::Vector::<V>::load(simd, x.as_ptr().add(place + offset)).mul_add(g, *sum);
            }
            place += lanes;
        }
        if place < outputs {
            let count = outputs - place;
            let g = S::Vector::<V>::load_masked(simd, g.as_ptr().add(place), count);
            for (sum, offset) in sums.iter_mut().zip(offsets) {
                *sum = S::Vector::<V>::load_masked(simd, x.as_ptr().add(place + offset), count).mul_add(g, *sum);
            }
        }
    }
    for (sums, dw) in sums.chunks(lanes).zip(dw.chunks_mut(lanes)) {
        let mut vectors = [splat(simd, S::ZERO); LANES];
        vectors.iter_mut().zip(sums).for_each(|(vector, &sum)| *vector = sum);
        let mut totals = [S::ZERO; LANES];
        write(simd, sum_each::<V, S>(vectors), &mut totals);
        dw.iter_mut().zip(totals).for_each(|(dw, total)| *dw += total);
    }
}
