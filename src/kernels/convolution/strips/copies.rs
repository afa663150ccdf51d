//! Copies into a strip and out of it.

use core::ops::Range;

use super::sums::Term;
use super::{NARROW, Strides, Strip};
use crate::chunks::Chunks;
use crate::kernels::assert_in_tests;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, read, splat};
use crate::kernels::window::Plane;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::{Axis, Sliding};

/// Which inputs some output sees under each column of taps, from any column of inputs on: 1 where one does, 0 elsewhere.
pub(super) struct Masks<S> {
    /// Row by row, a row for each column of taps.
    numbers: [S; NARROW],
    length: usize,
    width: usize,
    /// The column of taps that outputs see all inputs under.
    free: usize,
}

impl<S: Scalar> Masks<S> {
    #[inline(always)]
    pub(super) fn new(strip: &Strip, columns: &Sliding) -> Self {
        let (mut numbers, width) = ([S::ZERO; NARROW], columns.output.max(1));
        let length = width + LANES;
        let Axis { kernel, before, dilation, .. } = columns.window;
        if strip.is_dense {
            for (tap, row) in numbers.blocks_mut(length).enumerate().take(kernel) {
                let mut column = 0;
                for number in row {
                    let seen = (tap * dilation..tap * dilation + width).contains(&(column + before));
                    *number = if seen { S::ONE } else { S::ZERO };
                    column = if column + 1 == width { 0 } else { column + 1 };
                }
            }
        }
        let free = if before.is_multiple_of(dilation.max(1)) { before / dilation.max(1) } else { usize::MAX };
        Self { numbers, length, width, free }
    }

    /// The mask of a column of taps for inputs from a column on, if it has zeros.
    #[inline(always)]
    fn of<V: Simd>(&self, simd: V, tap: usize, column: usize) -> Option<S::Vector<V>> {
        let numbers = self.numbers.get(tap * self.length + column..)?.first_chunk::<LANES>()?;
        (tap != self.free).then(|| read(simd, numbers))
    }
}

impl Strip {
    /// The rows of inputs that some rows of outputs see, where the first is in a strip, and where the strip ends that those
    /// outputs see.
    #[inline(always)]
    fn inner(&self, plane: &Plane, (first, rows): (usize, usize)) -> (Range<usize>, usize, usize) {
        // Rows of the padded input, of which `above` come before the first row of the input.
        let above = plane.rows.window.before;
        let end = first + rows - 1 + plane.rows.window.span();
        let from = first.saturating_sub(above).min(plane.rows.input);
        let to = end.saturating_sub(above).clamp(from, plane.rows.input);
        (from..to, (from + above).saturating_sub(first) * self.pitch + self.margin, self.length - 2 * LANES)
    }

    /// Zeros around the inputs of some rows of outputs, in all copies.
    #[inline(always)]
    pub(super) fn lay_margins<V: Simd, S: Scalar>(
        &self,
        simd: V,
        plane: &Plane,
        rows: (usize, usize),
        copies: &mut [S],
    ) {
        let (seen, begin, end) = self.inner(plane, rows);
        let (begin, after) = (begin.min(end), begin + seen.len() * self.pitch);
        for copy in copies.blocks_mut(self.length).take(self.slots() * self.copies) {
            lay_zeros(simd, begin, copy);
            lay_zeros(simd, end.saturating_sub(after), copy.get_mut(after..).unwrap_or_default());
        }
    }

    /// The inputs of some rows of outputs, of some channels: strips, one after the other, that have their
    /// [margins](Self::lay_margins).
    #[inline(always)]
    pub(super) fn pack<V: Simd, S: Scalar>(
        &self,
        simd: V,
        plane: &Plane,
        masks: &Masks<S>,
        (terms, strides): (&[Term<'_, S>], Strides),
        rows: (usize, usize),
        copies: &mut [S],
    ) {
        let (columns, (seen, begin, _)) = (plane.columns.input, self.inner(plane, rows));
        if !self.is_dense || terms.is_empty() {
            for (&Term { x, .. }, copy) in terms.iter().zip(copies.blocks_mut(self.length)) {
                let room = copy.get_mut(begin..).unwrap_or_default();
                lay_rows(simd, (x, columns.div_ceil(strides.1)), strides, seen.clone(), self.pitch, room);
            }
            return;
        }
        let (from, count) = (seen.start * columns, seen.len() * columns);
        let end = (self.copies - 1) * self.length + begin + count.next_multiple_of(LANES);
        let fits = terms.iter().all(|term| from + count <= term.x.len())
            && (terms.len() - 1) * self.size() + end <= copies.len();
        assert_in_tests!(fits, "strips don't fit");
        if fits {
            let to = copies.as_mut_ptr().wrapping_add(begin);
            // With all registers to itself.
            simd.call(Copies { strip: self, masks, terms, from, count, to });
        }
    }

    /// The outputs of some rows, from a strip to a channel. The rows after them may be overwritten.
    #[inline(always)]
    pub(super) fn unpack<V: Simd, S: Scalar>(
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
                // SAFETY: the largest number of lanes can be read, and no more is written than fits.
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

/// `count` numbers of each term's x, `from` one on, as copies for each column of taps. Private to this file: only
/// [`Strip::pack`] constructs it, if the numbers are there, and room for them in whole vectors.
struct Copies<'a, 't, S> {
    strip: &'a Strip,
    masks: &'a Masks<S>,
    terms: &'a [Term<'t, S>],
    from: usize,
    count: usize,
    /// Where the first number of the first copy goes.
    to: *mut S,
}

impl<S: Scalar> Operation for Copies<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { strip, masks, terms, from, count, to } = self;
        let (lanes, size) = (lanes::<V, S>(), strip.size());
        let (mut column, step, zero) = (0, lanes % masks.width, splat::<V, S>(simd, S::ZERO));
        for place in (0..count).step_by(lanes) {
            let width = lanes.min(count - place);
            for tap in 0..strip.copies {
                let mask = masks.of(simd, tap, column);
                let mut to = to.wrapping_add(tap * strip.length + place);
                for term in terms {
                    // SAFETY: the numbers are there, and room for whole vectors.
                    unsafe {
                        let x = term.x.as_ptr().add(from + place);
                        let x = if width == lanes {
                            S::Vector::<V>::load(simd, x)
                        } else {
                            S::Vector::<V>::load_masked(simd, x, width)
                        };
                        mask.map_or(x, |mask| mask.if_positive(x, zero)).store(to);
                    }
                    to = to.wrapping_add(size);
                }
            }
            column += step;
            if column >= masks.width {
                column -= masks.width;
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
        // SAFETY: the largest number of lanes fits.
        unsafe { splat::<V, S>(simd, S::ZERO).store(to.as_mut_ptr()) };
    }
}

/// Some rows of a dense channel, `pitch` apart, and zeros between and after them, of a channel whose rows of `width`
/// numbers lie apart by the strides.
#[inline(always)]
pub(super) fn lay_rows<V: Simd, S: Scalar>(
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

/// Rows of `width` numbers, `pitch` apart, and zeros between and after them.
#[inline(always)]
fn lay<V: Simd, S: Scalar>(simd: V, rows: &[S], width: usize, pitch: usize, strip: &mut [S]) {
    for (row, numbers) in rows.blocks(width).enumerate() {
        for column in (0..pitch).step_by(lanes::<V, S>()) {
            let from = numbers.get(column..).unwrap_or_default();
            let to = strip.get_mut(row * pitch + column..).unwrap_or_default();
            let Some(to) = to.first_chunk_mut::<LANES>() else { return };
            // SAFETY: no more is read than the row has, and the largest number of lanes fits. The next row overwrites
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
