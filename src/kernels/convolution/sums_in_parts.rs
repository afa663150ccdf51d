//! The gradients of a convolution's weights in vectors without fused multiply-adds: the bits of plain loops.
//!
//! Plain loops add the products of a row of outputs to the eight parts of [`Sums`](crate::kernels::sums::Sums), so that here, lanes are
//! these parts. Each number that is read is multiplied by several: those under a tap in a channel by the gradients of some filters.

use super::Convolution;
use crate::chunks::Chunks;
use crate::kernels::sums::PARTS;
use crate::kernels::transpose::turn;
use crate::kernels::vector::{LANES, Simd, Vector, lanes, splat, write};
use crate::kernels::window::{Line, Plane};
use crate::real::Real;
use crate::scalar::Scalar;

/// The sums of a tile, which stay in registers: those of some filters and channels.
const TILE: usize = 4;

impl Convolution {
    /// `dw += g ∗ x`, for a sample.
    #[inline(always)]
    pub(super) fn add_sums_in_parts<V: Simd, S: Scalar>(&self, simd: V, x: &[S], g: &[S], dw: &mut [S]) {
        let (plane, seen) = (self.plane.in_one_row(), self.seen);
        let groups = x.blocks(seen * plane.inputs()).zip(g.blocks(self.filters * plane.outputs()));
        for ((x, g), dw) in groups.zip(dw.blocks_mut(self.filters * self.filter())) {
            if plane.stride() != 1 {
                self.filters_back(simd, &[], (x, g), (Some(dw), None));
            } else if (seen, self.filters) == (1, 1) {
                self.tiles_of_sums::<V, S, 1, 1>(simd, &plane, x, g, dw);
            } else if seen == 1 {
                self.tiles_of_sums::<V, S, TILE, 1>(simd, &plane, x, g, dw);
            } else {
                self.tiles_of_sums::<V, S, { TILE / 2 }, 2>(simd, &plane, x, g, dw);
            }
        }
    }

    /// Those of a group, in tiles of `F` filters and `C` channels.
    #[inline(never)]
    fn tiles_of_sums<V: Simd, S: Scalar, const F: usize, const C: usize>(
        &self,
        simd: V,
        plane: &Plane,
        x: &[S],
        g: &[S],
        dw: &mut [S],
    ) {
        let (filters, seen, taps) = (self.filters, self.seen, plane.taps());
        for filter in (0..filters).step_by(F) {
            for channel in (0..seen).step_by(C) {
                let x = planes(x, (channel, seen, plane.inputs()));
                let g = planes(g, (filter, filters, plane.outputs()));
                let (Some(x), Some(g)) = (x, g) else { return };
                let tile = Tile::<S, F, C> { plane, x, g };
                for tap in 0..taps {
                    let totals = tile.totals(simd, tap);
                    for (filter, totals) in (filter..filters).zip(&totals) {
                        for (channel, &total) in (channel..seen).zip(totals) {
                            let Some(dw) = dw.get_mut((filter * seen + channel) * taps + tap) else { return };
                            *dw += total;
                        }
                    }
                }
            }
        }
    }
}

/// Neighbouring channels of numbers, from one of `count` on, each of some size. Those that there aren't are the last one again.
#[inline(always)]
fn planes<S, const N: usize>(of: &[S], (first, count, size): (usize, usize, usize)) -> Option<[&[S]; N]> {
    let mut planes: [&[S]; N] = [&[]; N];
    for (index, plane) in planes.iter_mut().enumerate() {
        let at = (first + index).min(count.saturating_sub(1)) * size;
        *plane = of.get(at..at + size)?;
    }
    Some(planes)
}

/// Some channels of inputs, and of gradients, each as large as the plane. Private to this file: [`planes`] makes them.
struct Tile<'a, S, const F: usize, const C: usize> {
    plane: &'a Plane,
    x: [&'a [S]; C],
    g: [&'a [S]; F],
}

impl<S: Scalar, const F: usize, const C: usize> Tile<'_, S, F, C> {
    /// The sums under a tap.
    #[inline(always)]
    fn totals<V: Simd>(&self, simd: V, tap: usize) -> [[S; C]; F] {
        let (lanes, plane) = (lanes::<V, S>(), self.plane);
        // A vector has at least two lanes.
        let mut sums = [[[splat::<V, S>(simd, S::ZERO); PARTS / 2]; C]; F];
        for Line { input, output } in plane.lines(tap) {
            let count = output.len();
            if input.start + count > plane.inputs() || output.start + count > plane.outputs() {
                continue;
            }
            let x = self.x.map(|x| x.as_ptr().wrapping_add(input.start));
            let g = self.g.map(|g| g.as_ptr().wrapping_add(output.start));
            let whole = count - count % PARTS;
            // All indices are constants, so that the sums stay in registers.
            for at in (0..whole).step_by(PARTS) {
                for vector in 0..PARTS / lanes {
                    // SAFETY: channels have as many numbers as the plane, on which the line ends.
                    let load = |from: *const S| unsafe { S::Vector::<V>::load(simd, from.add(at + vector * lanes)) };
                    multiply::<V, S, F, C>(&mut sums, vector, x.map(load), g.map(load));
                }
            }
            for vector in 0..PARTS / lanes {
                let at = whole + vector * lanes;
                if at < count {
                    // SAFETY: as above.
                    let load = |from: *const S| unsafe { S::Vector::<V>::load_masked(simd, from.add(at), count - at) };
                    multiply::<V, S, F, C>(&mut sums, vector, x.map(load), g.map(load));
                }
            }
        }
        totals(simd, sums)
    }
}

/// Adds the products of a vector of parts.
#[inline(always)]
fn multiply<V: Simd, S: Scalar, const F: usize, const C: usize>(
    sums: &mut [[[S::Vector<V>; PARTS / 2]; C]; F],
    vector: usize,
    x: [S::Vector<V>; C],
    g: [S::Vector<V>; F],
) {
    for (sums, g) in sums.iter_mut().zip(g) {
        for (sums, x) in sums.iter_mut().zip(x) {
            sums[vector % sums.len()] = x.mul_add(g, sums[vector % sums.len()]);
        }
    }
}

/// Each sum, part by part: for as many at a time as a vector has lanes.
#[inline(always)]
fn totals<V: Simd, S: Scalar, const F: usize, const C: usize>(
    simd: V,
    sums: [[[S::Vector<V>; PARTS / 2]; C]; F],
) -> [[S; C]; F] {
    let lanes = lanes::<V, S>();
    let mut totals = [[S::ZERO; C]; F];
    for (sums, totals) in sums.as_flattened().chunks(lanes).zip(totals.as_flattened_mut().chunks_mut(lanes)) {
        let mut total = splat::<V, S>(simd, S::ZERO);
        for vector in 0..PARTS / lanes {
            let mut square = [splat::<V, S>(simd, S::ZERO); LANES];
            for (to, parts) in square.iter_mut().zip(sums) {
                *to = parts[vector % parts.len()];
            }
            turn::<V, S>(&mut square);
            for &parts in square.iter().take(lanes) {
                total = total + parts;
            }
        }
        write(simd, total, totals);
    }
    totals
}
