//! Convolution without vectors, of filters that see one channel: the sums of four places stay in registers over all taps.
//!
//! Where windows leave the input, rows of a channel are copied with their padding, as many at a time as there is room for.
//! Sums are computed in the order of their definition.

use core::ops::Range;

use super::Convolution;
use crate::chunks::Chunks;
use crate::kernels::taps::Taps;
use crate::kernels::vector::{Simd, multiply_add};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::quotient;

/// Neighbouring places that are computed together.
const PLACES: usize = 4;

/// Room for padded rows.
const ROOM: usize = 512;

impl Convolution {
    /// Whether it is computed channel by channel, where there are no vectors: few filters see one, and there is room for the
    /// padded rows under a window.
    #[inline(always)]
    pub(super) const fn is_depthwise(&self) -> bool {
        let rows = self.plane.rows.window.span();
        self.seen == 1
            && !self.is_tiled()
            && (self.plane.is_whole() || rows * self.plane.padded().columns.input <= ROOM)
    }

    /// `y = b + w ∗ x`; an empty bias counts as none.
    #[inline(never)]
    pub(super) fn depthwise<V: Simd, S: Scalar>(&self, simd: V, (w, bias): (&[S], &[S]), x: &[S], y: &mut [S]) {
        let (plane, mut bias) = (&self.plane, bias.iter());
        let mut filters = y.blocks_mut(plane.outputs()).zip(w.blocks(plane.taps()));
        let mut room = [S::ZERO; ROOM];
        for x in x.blocks(plane.inputs()) {
            for (y, w) in filters.by_ref().take(self.filters) {
                let start = bias.next().copied().unwrap_or(S::ZERO);
                if plane.is_whole() {
                    rows(simd, plane, (w, start), x, y);
                } else {
                    padded(simd, plane, (w, start), x, y, &mut room);
                }
            }
        }
    }
}

/// A channel of outputs, as many rows at a time as there is room for the padded inputs of.
#[inline(always)]
fn padded<V: Simd, S: Scalar>(simd: V, plane: &Plane, filter: (&[S], S), x: &[S], y: &mut [S], room: &mut [S; ROOM]) {
    let (padded, down) = (plane.padded(), plane.rows.window);
    let pitch = padded.columns.input;
    let more = quotient(ROOM, pitch).saturating_sub(down.span());
    let lines = quotient(more, down.stride) + 1;
    let mut first = 0;
    for y in y.parts_mut(lines * plane.columns.output) {
        let seen = plane.rows_seen((first, y.len()));
        first += y.len();
        let Some(room) = room.get_mut(..seen.end.saturating_sub(seen.start) * pitch) else { return };
        pad(plane, pitch, x, seen, room);
        rows(simd, &padded, filter, room, y);
    }
}

/// Copies some rows of a channel with its padding, each `pitch` long. The first row is that of the padding.
#[inline(always)]
fn pad<S: Scalar>(plane: &Plane, pitch: usize, x: &[S], rows: Range<usize>, to: &mut [S]) {
    let (above, before, width) = (plane.rows.window.before, plane.columns.window.before, plane.columns.input);
    to.fill(S::ZERO);
    for (row, to) in rows.zip(to.blocks_mut(pitch)) {
        let row = row.wrapping_sub(above);
        if row < plane.rows.input {
            let x = x.get(row * width..(row + 1) * width).unwrap_or_default();
            for (to, &x) in to.get_mut(before..).unwrap_or_default().iter_mut().zip(x) {
                *to = x;
            }
        }
    }
}

/// Rows of outputs of windows that stay on the input, of which the first row sees the first one of `x`.
#[inline(always)]
fn rows<V: Simd, S: Scalar>(simd: V, plane: &Plane, (w, start): (&[S], S), x: &[S], y: &mut [S]) {
    let (down, along, pitch) = (plane.rows.window, plane.columns.window, plane.columns.input);
    let still = along.stride == 1 && down.dilation == 1 && along.dilation == 1;
    let simple = still && (down.kernel, along.kernel) == (3, 3) && plane.columns.output >= PLACES;
    let mut x = x;
    for y in y.blocks_mut(plane.columns.output) {
        match w.first_chunk() {
            Some(w) if simple => three_by_three(simd, w, start, (x, pitch), y),
            _ => any_window(simd, plane, w, start, x, y),
        }
        x = x.get(down.stride * pitch..).unwrap_or_default();
    }
}

/// A row of at least four outputs of a window of 3 × 3, which moves by 1, on rows so far apart.
#[inline(always)]
fn three_by_three<V: Simd, S: Scalar>(simd: V, w: &[S; 9], start: S, (x, pitch): (&[S], usize), y: &mut [S]) {
    let [a, b, c, d, e, f, g, h, i] = *w;
    let mut column = 0;
    while column < y.len() {
        // The last four overlap with the ones before.
        let first = column.min(y.len().saturating_sub(PLACES));
        let under = |row: usize| x.get(row * pitch + first..).and_then(|x| x.first_chunk::<{ PLACES + 2 }>());
        let (Some(above), Some(at), Some(below)) = (under(0), under(1), under(2)) else { return };
        let Some(y) = y.get_mut(first..).and_then(|y| y.first_chunk_mut::<PLACES>()) else { return };
        let sums = three_taps(simd, [a, b, c], above, [start; PLACES]);
        let sums = three_taps(simd, [d, e, f], at, sums);
        let sums = three_taps(simd, [g, h, i], below, sums);
        *y = sums;
        column += PLACES;
    }
}

/// Adds the products with a row of the window to four places' sums: written out, because loops stay loops where code is to be small.
#[inline(always)]
fn three_taps<V: Simd, S: Scalar>(
    simd: V,
    w: [S; 3],
    &[a, b, c, d, e, f]: &[S; PLACES + 2],
    [one, two, three, four]: [S; PLACES],
) -> [S; PLACES] {
    [
        three_products(simd, w, [a, b, c], one),
        three_products(simd, w, [b, c, d], two),
        three_products(simd, w, [c, d, e], three),
        three_products(simd, w, [d, e, f], four),
    ]
}

/// `sum` and three products.
#[inline(always)]
fn three_products<V: Simd, S: Scalar>(simd: V, [a, b, c]: [S; 3], [x, y, z]: [S; 3], sum: S) -> S {
    multiply_add(simd, c, z, multiply_add(simd, b, y, multiply_add(simd, a, x, sum)))
}

/// A row of outputs of any window.
#[inline(always)]
fn any_window<V: Simd, S: Scalar>(simd: V, plane: &Plane, w: &[S], start: S, x: &[S], y: &mut [S]) {
    let (taps, stride) = (Taps::new(plane, 1), plane.columns.window.stride);
    if w.len() < taps.count {
        return;
    }
    let mut column = 0;
    while column < y.len() {
        let first = column.min(y.len().saturating_sub(PLACES));
        let (corner, mut w) = (first * stride, w.iter());
        let [mut one, mut two, mut three, mut four] = [start; PLACES];
        let all = x.len() > corner + taps.reach + (PLACES - 1) * stride;
        taps.each(corner, |at| {
            let Some(&w) = w.next() else { return };
            let input = |at: usize| {
                // SAFETY: where all four places are in the row, so is the input under the last tap of the last one.
                if all { unsafe { *x.get_unchecked(at) } } else { x.get(at).copied().unwrap_or(S::ZERO) }
            };
            // Written out, because loops stay loops where code is to be small.
            one = multiply_add(simd, w, input(at), one);
            two = multiply_add(simd, w, input(at + stride), two);
            three = multiply_add(simd, w, input(at + 2 * stride), three);
            four = multiply_add(simd, w, input(at + 3 * stride), four);
        });
        for (y, sum) in y.get_mut(first..).unwrap_or_default().iter_mut().zip([one, two, three, four]) {
            *y = sum;
        }
        column += PLACES;
    }
}
