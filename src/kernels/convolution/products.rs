//! Convolution as a matrix product.
//!
//! The windows of some outputs at a time are laid side by side, as the columns of a matrix, the *patches*:
//! `patches[t][p]` is the input of output p under tap t of a channel. The filters times that matrix are the outputs.
//! Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing", 2006.

use super::blocks::DEPTH;
use super::{Convolution, Parts};
use crate::chunks::Chunks;
use crate::kernels::dot_products::{DotProducts, Order};
use crate::kernels::elementwise::add_assign;
use crate::kernels::product::{Origin, Product};
use crate::kernels::vector::{Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::quotient;

/// Numbers in each part of the scratch: what stays in the second-level cache.
pub(crate) const PATCHES: usize = 16384;
pub(crate) const WEIGHTS: usize = 8192;

/// The most outputs that are multiplied at a time: what a product needs to be fast.
const PIXELS: usize = 128;
/// The fewest filters for which products are worth the copies.
const FEWEST: usize = 4;

/// How a product is split into parts that fit into the scratch.
#[derive(Clone, Copy)]
struct Division {
    /// Channels that are seen at a time,
    channels: usize,
    /// and how many numbers of a filter belong to them.
    depth: usize,
    /// Outputs at a time.
    pixels: usize,
    /// Filters at a time.
    filters: usize,
}

/// `size` rounded down to a multiple of `unit`, if it is at least one.
const fn whole(size: usize, unit: usize) -> usize {
    if size < unit || unit == 0 { size } else { quotient(size, unit) * unit }
}

const fn smaller(one: usize, other: usize) -> usize {
    if one < other { one } else { other }
}

impl Convolution {
    /// Whether the patches are the image itself.
    #[inline(always)]
    pub(super) const fn is_pointwise(&self) -> bool {
        self.plane.is_pointwise() && self.seen <= WEIGHTS
    }

    /// The parts, none of which is empty unless a single window is too large for the scratch.
    #[inline(always)]
    const fn parts(&self) -> Division {
        let taps = self.plane.taps();
        let channels = if self.is_pointwise() {
            self.seen
        } else if taps > DEPTH {
            1
        } else {
            smaller(quotient(DEPTH, taps), self.seen)
        };
        let depth = channels * taps;
        let row = self.plane.columns.output;
        let pixels = smaller(whole(smaller(PIXELS, quotient(PATCHES, depth)), row), self.plane.outputs());
        Division { channels, depth, pixels, filters: smaller(quotient(WEIGHTS, depth), self.filters) }
    }

    /// Whether it is computed as products.
    #[inline(always)]
    pub(super) fn is_product<V: Simd, S: Scalar>(&self, scratch: &Parts<'_, S>) -> bool {
        if lanes::<V, S>() == 1 {
            return false;
        }
        let Division { pixels, filters, .. } = self.parts();
        let room = scratch.patches.len() >= PATCHES && scratch.weights.len() >= WEIGHTS && pixels * filters > 0;
        self.filters >= FEWEST && room
    }

    /// `y = b + w ∗ x`, for a group; an empty bias counts as none.
    #[inline(always)]
    pub(super) fn product<V: Simd, S: Scalar>(
        &self,
        simd: V,
        (w, bias): (&[S], &[S]),
        x: &[S],
        (y, is_rectified): (&mut [S], bool),
        scratch: &mut Parts<'_, S>,
    ) {
        let (outputs, strides) = (self.plane.outputs(), (self.filter(), 1));
        if self.is_pointwise() {
            let (size, pitches) = ((self.filters, self.seen, outputs), (outputs, outputs));
            let product = Product::new(size, (w, strides), x, y, pitches, Origin::Column(bias));
            return S::Vector::<V>::product(simd, Product { is_rectified, ..product });
        }
        for (from, count) in self.pixels() {
            for (channel, depth) in self.channels() {
                let patches = first_mut(&mut *scratch.patches, depth * count);
                self.gather(simd, x, patches, &mut *scratch.channel, channel, (from, count));
                let (size, pitches) = ((self.filters, depth, count), (count, outputs));
                let a = w.get(channel * self.plane.taps()..).unwrap_or_default();
                let c = y.get_mut(from..).unwrap_or_default();
                let start = if channel == 0 { Origin::Column(bias) } else { Origin::Sum };
                let is_rectified = is_rectified && channel * self.plane.taps() + depth == self.filter();
                let product = Product::new(size, (a, strides), &*patches, c, pitches, start);
                S::Vector::<V>::product(simd, Product { is_rectified, ..product });
            }
        }
    }

    /// The first channel of each part of a group's channels, and how many numbers of a filter belong to the part.
    #[inline(always)]
    fn channels(&self) -> impl Iterator<Item = (usize, usize)> {
        let (Division { channels, depth, .. }, seen, taps) = (self.parts(), self.seen, self.plane.taps());
        (0..seen).step_by(channels.max(1)).map(move |channel| (channel, depth.min((seen - channel) * taps)))
    }

    /// The first of each part of the outputs, and how many they are.
    #[inline(always)]
    fn pixels(&self) -> impl Iterator<Item = (usize, usize)> {
        let (Division { pixels, .. }, outputs) = (self.parts(), self.plane.outputs());
        (0..outputs).step_by(pixels.max(1)).map(move |from| (from, pixels.min(outputs - from)))
    }

    /// The gradients of a group, by products; that of its channels is overwritten.
    #[inline(always)]
    pub(super) fn products_back<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        (x, g): (&[S], &[S]),
        (mut dw, mut dx): (Option<&mut [S]>, Option<&mut [S]>),
        scratch: &mut Parts<'_, S>,
    ) {
        let (outputs, taps) = (self.plane.outputs(), self.plane.taps());
        if self.is_pointwise() {
            if let Some(dw) = dw {
                self.add_products(simd, (g, outputs), x, (dw, self.seen), scratch.weights);
            }
            if let Some(dx) = dx {
                self.spread_products(simd, w, g, dx, (self.seen, outputs));
            }
            return;
        }
        if let Some(dx) = &mut dx {
            dx.fill(S::ZERO);
        }
        for (from, count) in self.pixels() {
            for (channel, depth) in self.channels() {
                let patches = first_mut(&mut *scratch.patches, depth * count);
                let g = g.get(from..).unwrap_or_default();
                if let Some(dw) = &mut dw {
                    self.gather(simd, x, patches, &mut *scratch.channel, channel, (from, count));
                    let dw = dw.get_mut(channel * taps..).unwrap_or_default();
                    self.add_products(simd, (g, count), patches, (dw, depth), scratch.weights);
                }
                let Some(dx) = dx.as_deref_mut() else { continue };
                let w = w.get(channel * taps..).unwrap_or_default();
                self.spread_products(simd, w, g, patches, (depth, count));
                self.scatter(simd, patches, dx, scratch.channel, channel, (from, count));
            }
        }
    }

    /// `dw[f][t] += Σₚ g[f][p] · patches[t][p]`, over `count` outputs, for `depth` numbers of each filter.
    #[inline(always)]
    fn add_products<V: Simd, S: Scalar>(
        &self,
        simd: V,
        (g, count): (&[S], usize),
        patches: &[S],
        (dw, depth): (&mut [S], usize),
        sums: &mut [S],
    ) {
        let (outputs, filter, rows) = (self.plane.outputs(), self.filter(), self.parts().filters.max(1));
        for first in (0..self.filters).step_by(rows) {
            let rows = rows.min(self.filters - first);
            let sums = first_mut(&mut *sums, rows * depth);
            let a = g.get(first * outputs..).unwrap_or_default();
            let size = (rows, count, depth);
            // Few filters leave most lanes idle, if these are filters.
            let order = if self.filters > 10 { Order::InOrder } else { Order::InLanes };
            let products = DotProducts { size, a, pitch: outputs, b: patches, c: &mut *sums, start: S::ZERO, order };
            S::Vector::<V>::dot_products(simd, products);
            for (dw, sums) in dw.parts_mut(filter).skip(first).zip(sums.blocks(depth)) {
                add_assign(simd, sums, dw);
            }
        }
    }

    /// The gradient of patches: `patches[t][p] = Σ_f w[f][t] · g[f][p]`, for `depth` numbers of each filter and `count`
    /// outputs.
    #[inline(always)]
    fn spread_products<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        g: &[S],
        patches: &mut [S],
        (depth, count): (usize, usize),
    ) {
        let (size, strides) = ((depth, self.filters, count), (1, self.filter()));
        let pitches = (self.plane.outputs(), count);
        S::Vector::<V>::product(simd, Product::new(size, (w, strides), g, patches, pitches, Origin::Zero));
    }

    /// The patches of outputs from `from` on in channels from `first` on, as many as fit.
    #[inline(always)]
    fn gather<V: Simd, S: Scalar>(
        &self,
        simd: V,
        x: &[S],
        patches: &mut [S],
        room: &mut [S],
        first: usize,
        (from, count): (usize, usize),
    ) {
        let is_padded = self.is_padded::<V, S>(room);
        let taps = patches.blocks_mut(self.plane.taps() * count);
        for (x, patches) in x.blocks(self.plane.inputs()).skip(first).zip(taps) {
            let (plane, x) = if is_padded {
                self.plane.pad(simd, x, room, self.plane.rows_seen((from, count)));
                (self.plane.padded(), &room[..])
            } else {
                (self.plane, x)
            };
            for (tap, patch) in patches.blocks_mut(count).enumerate() {
                plane.gather(simd, tap, x, patch, from);
            }
        }
    }

    /// Adds the gradient of patches to that of channels from `first` on.
    #[inline(always)]
    fn scatter<V: Simd, S: Scalar>(
        &self,
        simd: V,
        patches: &[S],
        dx: &mut [S],
        room: &mut [S],
        first: usize,
        (from, count): (usize, usize),
    ) {
        let is_padded = self.is_padded::<V, S>(room);
        let taps = patches.blocks(self.plane.taps() * count);
        for (dx, patches) in dx.blocks_mut(self.plane.inputs()).skip(first).zip(taps) {
            let patches = patches.blocks(count).enumerate();
            if is_padded {
                let (padded, rows) = (self.plane.padded(), self.plane.rows_seen((from, count)));
                let room = first_mut(room, padded.inputs());
                let seen = rows.start * padded.columns.input..rows.end * padded.columns.input;
                room.get_mut(seen).unwrap_or_default().fill(S::ZERO);
                for (tap, patch) in patches {
                    padded.scatter(simd, tap, patch, room, from);
                }
                self.plane.add_unpadded(simd, room, dx, rows);
            } else {
                for (tap, patch) in patches {
                    self.plane.scatter(simd, tap, patch, dx, from);
                }
            }
        }
    }
}
