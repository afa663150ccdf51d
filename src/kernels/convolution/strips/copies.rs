//! Copies into a strip and out of it.

use core::ops::Range;

use super::{Strides, Strip};
use crate::chunks::Chunks;
use crate::kernels::vector::{LANES, Simd, Vector, lanes, splat};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;

impl Strip {
    /// The inputs of some rows of outputs of a channel, as a strip.
    #[inline(always)]
    pub(super) fn pack<V: Simd, S: Scalar>(
        &self,
        simd: V,
        plane: &Plane,
        (x, strides): (&[S], Strides),
        (first, rows): (usize, usize),
        strip: &mut [S],
    ) {
        let (above, columns) = (plane.rows.window.before, plane.columns.input);
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
