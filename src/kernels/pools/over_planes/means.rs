//! Means of windows over planes.

use core::ops::Range;

use super::{Band, Bands, STACK, under};
use crate::kernels::vector::{Operation, Simd, splat};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::Sliding;

/// `y[p] = Σₜ x[p's tap t] / T`, for all channels of a batch.
pub(in super::super) struct Average<'a, S> {
    pub(in super::super) bands: Bands,
    pub(in super::super) counts_padding: bool,
    pub(in super::super) x: &'a [S],
    pub(in super::super) y: &'a mut [S],
}

impl<S: Scalar> Operation for Average<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { bands, counts_padding, x, y } = self;
        let plane = bands.plane;
        let mut part = Part::<S>::new(&plane, counts_padding);
        let [stacks, rest] = bands.in_stacks::<V, S>(x, y);
        bands.pool::<V, S, STACK>(simd, stacks, |band, x, y| {
            for row in band.outputs.clone() {
                if means(simd, &plane, (band, row, 1), x, y, &mut part).is_none() {
                    return;
                }
            }
        });
        bands.pool::<V, S, 1>(simd, rest, |band, x, y| {
            let mut row = band.outputs.start;
            while row < band.outputs.end {
                let some = row..row + TILE;
                let rows = if some.end <= band.outputs.end && are_alike(&plane.rows, some) { TILE } else { 1 };
                if means(simd, &plane, (band, row, rows), x, y, &mut part).is_none() {
                    return;
                }
                row += rows;
            }
        });
    }
}

/// Means of a vector of planes at a time, for the reasons of [`STACK`].
const TILE: usize = 4;

/// Whether windows along an axis have as many taps on the image, and move by the stride.
#[inline(always)]
fn are_alike(axis: &Sliding, outputs: Range<usize>) -> bool {
    let (first, last) = (under(axis, outputs.start), under(axis, outputs.end - 1));
    last == (first.0 + (outputs.len() - 1) * axis.window.stride, first.1)
}

/// The means of [`TILE`] rows of outputs that are alike, or of one row: of as many columns at a time as are alike, if there is one
/// vector of planes.
#[inline(always)]
fn means<V: Simd, S: Scalar, const N: usize>(
    simd: V,
    plane: &Plane,
    (band, row, together): (&Band, usize, usize),
    x: &[[S::Vector<V>; N]],
    y: &mut [[S::Vector<V>; N]],
    part: &mut Part<S>,
) -> Option<()> {
    let Plane { rows, columns } = *plane;
    let (width, (top, tall)) = (columns.output, under(&rows, row));
    let (top, at) = (top.saturating_sub(band.inputs.start) * columns.input, (row - band.outputs.start) * width);
    let step = (rows.window.dilation * columns.input, columns.window.dilation);
    let mut column = 0;
    while column < width {
        let (left, wide) = under(&columns, column);
        let mut windows =
            Windows { start: top + left, apart: rows.window.stride * columns.input, count: (tall, wide), step };
        let factor = splat::<V, S>(simd, part.of(tall * wide));
        let y = y.get_mut(at + column..)?;
        if const { N == 1 } && together == TILE {
            for (sum, y) in windows.sums::<V, S, N, TILE>(simd, x)?.into_iter().zip(y.iter_mut().step_by(width.max(1)))
            {
                *y = sum.map(|sum| sum * factor);
            }
            column += 1;
        } else if const { N == 1 } && column + TILE <= width && are_alike(&columns, column..column + TILE) {
            windows.apart = columns.window.stride;
            for (sum, y) in windows.sums::<V, S, N, TILE>(simd, x)?.into_iter().zip(y) {
                *y = sum.map(|sum| sum * factor);
            }
            column += TILE;
        } else {
            let [sums] = windows.sums::<V, S, N, 1>(simd, x)?;
            *y.first_mut()? = sums.map(|sum| sum * factor);
            column += 1;
        }
    }
    Some(())
}

/// Windows on planes of vectors: where the first begins and how far the next lies from it, how many taps they have in both
/// directions, and how far these lie apart.
struct Windows {
    start: usize,
    apart: usize,
    count: (usize, usize),
    step: (usize, usize),
}

impl Windows {
    /// The sums of some windows, if `x` has all of their taps.
    #[inline(always)]
    fn sums<V: Simd, S: Scalar, const N: usize, const COUNT: usize>(
        &self,
        simd: V,
        x: &[[S::Vector<V>; N]],
    ) -> Option<[[S::Vector<V>; N]; COUNT]> {
        let Self { start, apart, count: (tall, wide), step } = *self;
        let mut sums = [[splat::<V, S>(simd, S::ZERO); N]; COUNT];
        if tall * wide == 0 {
            return Some(sums);
        }
        if start + (tall - 1) * step.0 + (wide - 1) * step.1 + (COUNT - 1) * apart >= x.len() {
            return None;
        }
        for down in 0..tall {
            for right in 0..wide {
                let tap = start + down * step.0 + right * step.1;
                for (index, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: no tap is behind the last one of the last window.
                    let x = unsafe { &*x.as_ptr().add(tap + index * apart) };
                    for (sum, &x) in sums.iter_mut().zip(x) {
                        *sum = *sum + x;
                    }
                }
            }
        }
        Some(sums)
    }
}

/// The factor that makes a sum a mean.
pub(super) struct Part<S> {
    counts_padding: bool,
    taps: usize,
    part: S,
}

impl<S: Scalar> Part<S> {
    #[inline(always)]
    pub(super) fn new(plane: &Plane, counts_padding: bool) -> Self {
        Self { counts_padding, taps: plane.taps(), part: S::ONE / S::from_usize(plane.taps()) }
    }

    /// Of a window with this many taps on the input.
    #[inline(always)]
    pub(super) fn of(&mut self, taps: usize) -> S {
        if !self.counts_padding && taps != self.taps {
            (self.taps, self.part) = (taps, S::ONE / S::from_usize(taps));
        }
        self.part
    }
}
