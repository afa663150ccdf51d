//! Convolution of one sample, in one of six forms, chosen by the shape at compile time.
//!
//! | form | used for | because |
//! |---|---|---|
//! | the image as it stands, a product ([`products`]) | 1 × 1 windows with a stride of 1, without padding, of at least [`FEWEST`](products::FEWEST) filters | the channels are the rows of a matrix, and nothing is copied, neither forward nor backward |
//! | patches, a product ([`products`]) | any other window, of at least [`FEWEST`](products::FEWEST) filters per group | a number is copied once per tap, and multiplied once per filter: with fewer filters, copies take longer than products |
//! | strips ([`strips`]) | fewer filters per group, as in depthwise layers | each number is multiplied only once per tap, so vectors read it in place; they run on over the ends of rows, which may be short |
//! | tiles ([`tiles`]) | filters that see several channels, or four of one channel and more, without vectors | the sums of four filters at four places stay in registers |
//! | channel by channel ([`depthwise`]) | other filters that see one channel, without vectors | the sums of four places stay in registers; rows are copied with their padding |
//! | tap by tap, row by row ([`window`](super::window)) | more padding than a window spans, rows of thousands, windows of more than 128 taps; and fewer filters without vectors | it needs no scratch, and handles every shape |
//!
//! On one core of a Zen 5 (275 GFLOP/s), a depthwise layer of 3 × 3 on 64 × 25 × 5 takes 3.9 µs over strips, and took
//! 182 µs row by row, where eleven of sixteen lanes are idle and each tap of each row is a call.

mod depthwise;
mod padding;
mod products;
mod strips;
mod tiles;

#[cfg(feature = "simd")]
pub(crate) use padding::CHANNEL;
#[cfg(feature = "simd")]
pub(crate) use products::{PATCHES, WEIGHTS};
#[cfg(feature = "simd")]
pub(crate) use strips::OUTPUTS;

use super::sums::sum;
use super::vector::{Simd, lanes};
use super::window::{Plane, correlate, correlate_gradient, spread};
use crate::chunks::Chunks;
use crate::scalar::Scalar;

/// A convolution's sizes, all of them constants of the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolution {
    pub(crate) plane: Plane,
    /// Channels that a filter sees: those of its group.
    pub(crate) seen: usize,
    /// Filters in a group.
    pub(crate) filters: usize,
}

/// Scratch of a fixed size: for a channel with its padding, for patches, for outputs of a strip, and for
/// gradients of weights. Or nothing.
#[derive(Debug)]
pub(crate) struct Scratch<'a, S> {
    pub(crate) channel: &'a mut [S],
    pub(crate) patches: &'a mut [S],
    pub(crate) outputs: &'a mut [S],
    pub(crate) weights: &'a mut [S],
}

/// A convolution's weights and their gradients.
pub(crate) struct Gradients<'a, S> {
    pub(crate) weight: &'a mut [S],
    pub(crate) bias: &'a mut [S],
    /// Overwritten.
    pub(crate) input: Option<&'a mut [S]>,
}

impl Convolution {
    /// Weights in a filter.
    #[inline(always)]
    const fn filter(&self) -> usize {
        self.seen * self.plane.taps()
    }

    /// `y = b + w ∗ x`, for a sample; an empty bias counts as none.
    // A separate function in debug builds, which reserve stack for everything inlined.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn forward<V: Simd, S: Scalar>(
        &self,
        simd: V,
        (w, bias): (&[S], &[S]),
        x: &[S],
        y: &mut [S],
        mut scratch: Scratch<'_, S>,
    ) {
        let outputs = self.plane.outputs();
        let is_product = self.is_product::<V, S>(&scratch);
        if !is_product && self.is_strips::<V, S>(&scratch) {
            return simd.call(strips::Forward { convolution: *self, weights: (w, bias), x, y, scratch });
        }
        let without_vectors = lanes::<V, S>() == 1;
        if without_vectors && self.is_depthwise() {
            return self.depthwise(simd, (w, bias), x, y);
        }
        let is_tiled = without_vectors && self.is_tiled();
        if !is_product && !is_tiled {
            y.fill(S::ZERO);
            for (y, &bias) in y.blocks_mut(outputs).zip(bias) {
                y.fill(bias);
            }
        }
        let x = x.blocks(self.seen * self.plane.inputs());
        let y = y.blocks_mut(self.filters * outputs);
        let weights = w.blocks(self.filters * self.filter());
        for (group, ((x, y), w)) in x.zip(y).zip(weights).enumerate() {
            if is_product {
                let bias = bias.get(group * self.filters..).unwrap_or_default();
                self.product(simd, (w, bias), x, y, &mut scratch);
            } else if is_tiled {
                self.tiled(simd, (w, bias.get(group * self.filters..).unwrap_or_default()), x, y);
            } else {
                for (y, w) in y.blocks_mut(outputs).zip(w.blocks(self.filter())) {
                    for (x, w) in x.blocks(self.plane.inputs()).zip(w.blocks(self.plane.taps())) {
                        correlate(simd, &self.plane, w, x, y);
                    }
                }
            }
        }
    }

    /// The gradients of a sample, given `g`, the gradient of its outputs.
    // A separate function in debug builds, which reserve stack for everything inlined.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn backward<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        (x, g): (&[S], &[S]),
        gradients: Gradients<'_, S>,
        mut scratch: Scratch<'_, S>,
    ) {
        for (g, db) in g.blocks(self.plane.outputs()).zip(gradients.bias) {
            *db += sum(g);
        }
        let group = self.seen * self.plane.inputs();
        let is_product = self.is_product::<V, S>(&scratch);
        if !is_product && self.is_strips::<V, S>(&scratch) {
            let (convolution, dw, dx) = (*self, gradients.weight, gradients.input);
            return simd.call(strips::Backward { convolution, w, x, g, dw, dx, scratch });
        }
        let mut input = gradients.input.map(|dx| {
            if !is_product {
                dx.fill(S::ZERO);
            }
            dx.blocks_mut(group)
        });
        let images = x.blocks(group).zip(g.blocks(self.filters * self.plane.outputs()));
        let filters = self.filters * self.filter();
        let weights = w.blocks(filters).zip(gradients.weight.blocks_mut(filters));
        for ((x, g), (w, dw)) in images.zip(weights) {
            let dx = input.as_mut().and_then(Iterator::next);
            if is_product {
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
        for (g, dw) in g.blocks(plane.outputs()).zip(dw.blocks_mut(self.filter())) {
            for (x, dw) in x.blocks(plane.inputs()).zip(dw.blocks_mut(plane.taps())) {
                correlate_gradient(simd, plane, x, g, dw);
            }
        }
        if let Some(dx) = dx {
            self.spread(simd, w, g, dx);
        }
    }

    /// The gradient of a group's channels, filter by filter.
    #[inline(always)]
    fn spread<V: Simd, S: Scalar>(&self, simd: V, w: &[S], g: &[S], dx: &mut [S]) {
        let plane = &self.plane;
        for (g, w) in g.blocks(plane.outputs()).zip(w.blocks(self.filter())) {
            for (dx, w) in dx.blocks_mut(plane.inputs()).zip(w.blocks(plane.taps())) {
                spread(simd, plane, w, g, dx);
            }
        }
    }
}
