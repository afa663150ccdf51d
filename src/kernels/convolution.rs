//! Convolution of one sample: filter by filter, or as a product of matrices.
//!
//! Where there are vectors, the windows of some outputs at a time are laid side by side, as the columns of a matrix, the
//! *patches*: `patches[t][p]` is what output p has under tap t of a channel. The filters times that matrix are the
//! outputs. Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing", 2006.

use super::elementwise::{add_assign, copy};
use super::matmul::{Start, input_gradient, matmul, weight_gradient};
use super::sums::sum;
use super::vector::{Simd, Vector};
use super::window::{Plane, correlate, correlate_gradient, spread};
use crate::scalar::Scalar;
use crate::shape::first_mut;

/// A convolution's sizes, all of them constants of the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolution {
    pub(crate) plane: Plane,
    /// Channels that a filter sees: those of a group.
    pub(crate) seen: usize,
    /// Filters of a group.
    pub(crate) filters: usize,
}

/// Scratch: patches and outputs of [`PIXELS`] positions, and as many numbers as there are weights. Or nothing.
#[derive(Debug)]
pub(crate) struct Scratch<'a, S> {
    pub(crate) patches: &'a mut [S],
    pub(crate) block: &'a mut [S],
    pub(crate) weights: &'a mut [S],
}

/// Outputs whose patches are laid out at a time: enough for a product, few enough for the cache.
pub(crate) const PIXELS: usize = 128;
/// Filters from which on the products are worth the copies.
const FEWEST: usize = 4;

/// A convolution's weights and their gradients.
pub(crate) struct Gradients<'a, S> {
    pub(crate) weight: &'a mut [S],
    pub(crate) bias: &'a mut [S],
    /// Overwritten.
    pub(crate) input: Option<&'a mut [S]>,
}

impl Convolution {
    /// Numbers of a filter.
    const fn filter(&self) -> usize {
        self.seen * self.plane.taps()
    }

    /// Whether the patches are the image itself.
    const fn is_pointwise(&self) -> bool {
        let (rows, columns) = (self.plane.rows.window, self.plane.columns.window);
        let still = rows.stride == 1 && columns.stride == 1 && rows.padding == 0 && columns.padding == 0;
        self.plane.taps() == 1 && still
    }

    /// How many outputs are computed at a time: whole rows, where there is room for one.
    const fn pixels(&self) -> usize {
        let row = self.plane.columns.output;
        if row > PIXELS { PIXELS } else { PIXELS / row * row }
    }

    /// Whether it is computed as a product.
    #[inline(always)]
    fn is_product<V: Simd, S: Scalar>(&self, scratch: &Scratch<'_, S>) -> bool {
        let room = scratch.patches.len() >= self.filter() * self.pixels()
            && scratch.block.len() >= self.filters * self.pixels()
            && scratch.weights.len() >= self.filters * self.filter();
        S::Vector::<V>::LANES > 1 && self.filters >= FEWEST && room
    }

    /// `y = b + w ∗ x`, for a sample; an empty bias is none.
    #[inline(always)]
    pub(crate) fn forward<V: Simd, S: Scalar>(
        &self,
        simd: V,
        (w, bias): (&[S], &[S]),
        x: &[S],
        y: &mut [S],
        mut scratch: Scratch<'_, S>,
    ) {
        y.fill(S::ZERO);
        for (y, &bias) in y.chunks_exact_mut(self.plane.outputs()).zip(bias) {
            y.fill(bias);
        }
        let x = x.chunks_exact(self.seen * self.plane.inputs());
        let y = y.chunks_exact_mut(self.filters * self.plane.outputs());
        for ((x, y), w) in x.zip(y).zip(w.chunks_exact(self.filters * self.filter())) {
            if self.is_product::<V, S>(&scratch) {
                self.add_product(simd, w, x, y, &mut scratch);
            } else {
                for (y, w) in y.chunks_exact_mut(self.plane.outputs()).zip(w.chunks_exact(self.filter())) {
                    for (x, w) in x.chunks_exact(self.plane.inputs()).zip(w.chunks_exact(self.plane.taps())) {
                        correlate(simd, &self.plane, w, x, y);
                    }
                }
            }
        }
    }

    /// `y += w ∗ x`, for a group.
    #[inline(always)]
    fn add_product<V: Simd, S: Scalar>(&self, simd: V, w: &[S], x: &[S], y: &mut [S], scratch: &mut Scratch<'_, S>) {
        let outputs = self.plane.outputs();
        if self.is_pointwise() {
            return matmul(simd, (self.filter(), outputs), w, x, y, Start::Sum);
        }
        for from in (0..outputs).step_by(self.pixels()) {
            let count = self.pixels().min(outputs - from);
            let patches = first_mut(scratch.patches, self.filter() * count);
            let block = first_mut(scratch.block, self.filters * count);
            self.gather(x, patches, from, count);
            matmul(simd, (self.filter(), count), w, patches, block, Start::Zero);
            for (y, block) in y.chunks_exact_mut(outputs).zip(block.chunks_exact(count)) {
                add_assign(simd, block, y.get_mut(from..from + count).unwrap_or_default());
            }
        }
    }

    /// The gradients of a sample, given `g`, that by its outputs.
    #[inline(always)]
    pub(crate) fn backward<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        (x, g): (&[S], &[S]),
        gradients: Gradients<'_, S>,
        mut scratch: Scratch<'_, S>,
    ) {
        for (g, db) in g.chunks_exact(self.plane.outputs()).zip(gradients.bias) {
            *db += sum(g);
        }
        let group = self.seen * self.plane.inputs();
        let mut input = gradients.input.map(|dx| {
            dx.fill(S::ZERO);
            dx.chunks_exact_mut(group)
        });
        let images = x.chunks_exact(group).zip(g.chunks_exact(self.filters * self.plane.outputs()));
        let filters = self.filters * self.filter();
        let weights = w.chunks_exact(filters).zip(gradients.weight.chunks_exact_mut(filters));
        for ((x, g), (w, dw)) in images.zip(weights) {
            let dx = input.as_mut().and_then(Iterator::next);
            if self.is_product::<V, S>(&scratch) {
                self.products_back(simd, w, (x, g), dw, dx, &mut scratch);
            } else {
                self.filters_back(simd, w, (x, g), dw, dx);
            }
        }
    }

    /// The gradients of a group, filter by filter.
    #[inline(always)]
    fn filters_back<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        (x, g): (&[S], &[S]),
        dw: &mut [S],
        dx: Option<&mut [S]>,
    ) {
        let plane = &self.plane;
        for (g, dw) in g.chunks_exact(plane.outputs()).zip(dw.chunks_exact_mut(self.filter())) {
            for (x, dw) in x.chunks_exact(plane.inputs()).zip(dw.chunks_exact_mut(plane.taps())) {
                correlate_gradient(simd, plane, x, g, dw);
            }
        }
        let Some(dx) = dx else { return };
        for (g, w) in g.chunks_exact(plane.outputs()).zip(w.chunks_exact(self.filter())) {
            for (dx, w) in dx.chunks_exact_mut(plane.inputs()).zip(w.chunks_exact(plane.taps())) {
                spread(simd, plane, w, g, dx);
            }
        }
    }

    /// The gradients of a group, by products.
    #[inline(always)]
    fn products_back<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        (x, g): (&[S], &[S]),
        dw: &mut [S],
        mut dx: Option<&mut [S]>,
        scratch: &mut Scratch<'_, S>,
    ) {
        let outputs = self.plane.outputs();
        let sums = first_mut(scratch.weights, dw.len());
        if self.is_pointwise() {
            input_gradient(simd, (self.filter(), outputs), g, x, sums);
            add_assign(simd, sums, dw);
            if let Some(dx) = dx {
                weight_gradient(simd, (self.filter(), outputs), w, g, dx);
            }
            return;
        }
        for from in (0..outputs).step_by(self.pixels()) {
            let count = self.pixels().min(outputs - from);
            let patches = first_mut(scratch.patches, self.filter() * count);
            let block = first_mut(scratch.block, self.filters * count);
            for (g, block) in g.chunks_exact(outputs).zip(block.chunks_exact_mut(count)) {
                copy(g.get(from..from + count).unwrap_or_default(), block);
            }
            self.gather(x, patches, from, count);
            // dw[f][t] = Σₚ g[f][p] · patches[t][p]
            input_gradient(simd, (self.filter(), count), block, patches, sums);
            add_assign(simd, sums, dw);
            if let Some(dx) = dx.as_deref_mut() {
                // The patches' gradient: Σ_f w[f][t] · g[f][p].
                patches.fill(S::ZERO);
                weight_gradient(simd, (self.filter(), count), w, block, patches);
                self.scatter(patches, dx, from, count);
            }
        }
    }

    /// The patches of the outputs `from..from + count` of a group's channels `x`.
    #[inline(always)]
    fn gather<S: Scalar>(&self, x: &[S], patches: &mut [S], from: usize, count: usize) {
        let taps = patches.chunks_exact_mut(self.plane.taps() * count);
        for (x, patches) in x.chunks_exact(self.plane.inputs()).zip(taps) {
            for (tap, patch) in patches.chunks_exact_mut(count).enumerate() {
                self.plane.gather(tap, x, patch, from);
            }
        }
    }

    /// To the gradient of a group's channels, that of patches.
    #[inline(always)]
    fn scatter<S: Scalar>(&self, patches: &[S], dx: &mut [S], from: usize, count: usize) {
        let taps = patches.chunks_exact(self.plane.taps() * count);
        for (dx, patches) in dx.chunks_exact_mut(self.plane.inputs()).zip(taps) {
            for (tap, patch) in patches.chunks_exact(count).enumerate() {
                self.plane.scatter(tap, patch, dx, from);
            }
        }
    }
}
