//! Convolutions, in one of several forms, chosen by the shape: with vectors, by an estimate of what products, copies and
//! transpositions cost.
//!
//! | form | lanes are | used for | because |
//! |---|---|---|---|
//! | rows ([`rows`]) | positions of a row, or of rows that lie one after the other | planes whose rows fill vectors, few filters, and few samples, for which it isn't worth it to lay weights in another order | what a tap reads for neighbouring positions is a piece of a row with its padding: nothing but that padding is copied, and a stride is one of the copy; narrow planes are copied once for each column of taps, without gaps between their rows; rows of taps on padding are left out where they are many |
//! | filters ([`filters`]) | filters; backward, channels | narrow planes of many filters; and the gradients of weights, if there are about as many filters as fill vectors | all lanes are in use, whatever the plane, stride or dilation, and taps on padding are left out where they are many; weights and sums are transposed, which is worth it for sums of many products. In gradients of weights, neighbouring taps share what is broadcast ([`lines`](filters::gradient)) |
//! | channels of few filters ([`over_channels::few_filters`]) | channels | gradients of the weights of few filters that see many channels | a number of a gradient is multiplied by all channels under a tap, and no lane is left for filters that don't exist; inputs are transposed |
//! | positions of few filters ([`rows::gradient`]) | positions | gradients of the weights of few filters that see few channels | the sums of six filters under four taps stay in registers, and gradients are read where they lie, and inputs are copied for each column of taps, without gaps between their rows; or, on wide planes, inputs are copied once, and gradients with zeros between their rows |
//! | channels ([`over_channels`]) | channels | most depthwise layers | all lanes are in use, each number that is read is a line of the cache, nothing is computed that isn't kept, two rows of outputs share what they read, and rows of taps on padding are left out; or, on small planes, eight samples share the reads of weights, and taps on padding are left out along both axes; inputs and outputs are transposed |
//! | tap by tap ([`spread`]) | channels | the gradients of the inputs of many filters, if channels fill vectors | a number of a gradient is multiplied by the weights of a tap and added where it lies on the inputs: by nothing else, whatever the padding and the stride |
//! | channels, last ([`channels_last`]) | channels, or filters | depthwise layers and 1 × 1 windows between layers that read and write batches channels last, in inference; other forms over filters write such batches | nothing is copied or transposed but the weights, and all lanes are in use |
//! | strips ([`strips`]) | positions of a channel with its padding as one long row | other depthwise layers: those of few channels, with fewer than four filters per channel | each number is multiplied only once per tap, so vectors read it in place, or in a copy for each column of taps; they run on over the ends of rows, which may be short |
//! | the image as it stands, a product ([`products`]) | positions | 1 × 1 windows with a stride of 1, without padding, of planes of at least two vectors | the channels are the rows of a matrix, and nothing is copied, neither forward nor backward |
//! | samples ([`over_samples`]) | samples of a batch | batches of narrow planes, few filters, strides and large windows, and depthwise layers whose channels don't fill vectors | all lanes are in use, whatever the shape, weights are read where they lie, and taps on padding are left out along both axes; inputs and outputs are transposed |
//! | patches, a product ([`products`]) | positions | windows of more than 256 taps, and what there is no room for otherwise | a number is copied once per tap, and multiplied once per filter |
//! | sums in parts ([`sums_in_parts`]) | the eight parts of a sum | gradients of weights without fused multiply-adds | these are the bits of plain loops; some filters and channels share what is read |
//! | tiles ([`tiles`]) | – | filters that see several channels, or four of one channel and more, without vectors | the sums of four filters at four places stay in registers |
//! | channel by channel ([`depthwise`]) | – | other filters that see one channel, without vectors | the sums of four places stay in registers; rows are copied with their padding |
//! | tap by tap, row by row ([`window`](super::window)) | – | what no scratch is large enough for; and fewer filters without vectors | it needs no scratch, and handles every shape |
//!
//! Over rows, filters, channels and samples, each sum is one chain, over channels and in each over taps. That of a weight's gradient
//! is one over the positions of a block, up to 256 of them where filters see several channels, or sixteen where lanes are positions;
//! the sums of blocks are added. So the bits of a sum don't depend on the width of vectors, and those of outputs not on the batch, as
//! long as weights are finite. Whether products with the zeros of the padding are left out does depend on the batch: with finite
//! weights, they change nothing but the sign of a sum that is 0.

mod blocks;
mod channels_last;
mod correlation;
mod depthwise;
mod filters;
mod forms;
mod over_channels;
mod over_samples;
mod padding;
mod products;
mod rows;
mod spread;
mod strips;
mod sums_in_parts;
mod tables;
mod tiles;
mod track;
mod vectors;

pub(super) use vectors::{Backward, Forward};

use self::padding::CHANNEL;
use self::products::{PATCHES, WEIGHTS};
use self::strips::OUTPUTS;
use super::elementwise::rectify;
use super::sums::sum;
use super::vector::{LANES, Operation, Simd, Vector, lanes};
use super::window::{Plane, correlate, correlate_gradient, spread};
use crate::channels_last::ChannelsLast;
use crate::chunks::Chunks;
use crate::scalar::Scalar;
use crate::window::quotient;

/// Numbers in the scratch for inputs with their padding.
const INPUTS: usize = CHANNEL + OUTPUTS;
/// Numbers in all of it.
pub(crate) const SCRATCH: usize = INPUTS + PATCHES + WEIGHTS;

const _: () = assert!(
    INPUTS.is_multiple_of(LANES) && PATCHES.is_multiple_of(LANES) && WEIGHTS.is_multiple_of(LANES),
    "each room begins with a vector"
);

/// A convolution's sizes. They are constants where a convolution is compiled for its layer: those in `f32` with vectors aren't.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolution {
    pub(crate) plane: Plane,
    /// Channels that a filter sees: those of its group.
    pub(crate) seen: usize,
    /// Filters in a group.
    pub(crate) filters: usize,
}

/// Scratch of [`SCRATCH`] numbers, or of none.
#[derive(Debug)]
pub(crate) struct Scratch<'a, S> {
    numbers: &'a mut [S],
}

/// The same scratch, for inputs with their padding, for sums or patches, and for weights or their gradients.
struct Rooms<'a, S> {
    inputs: &'a mut [S],
    sums: &'a mut [S],
    weights: &'a mut [S],
}

/// The same scratch, for the forms that take one sample at a time: for a channel with its padding, for patches, for
/// outputs of a strip, and for gradients of weights.
struct Parts<'a, S> {
    channel: &'a mut [S],
    patches: &'a mut [S],
    outputs: &'a mut [S],
    weights: &'a mut [S],
}

impl<'a, S> Scratch<'a, S> {
    /// The first of some numbers, or none of too few.
    #[inline(always)]
    pub(crate) fn new(numbers: &'a mut [S]) -> Self {
        Self { numbers: numbers.get_mut(..SCRATCH).unwrap_or_default() }
    }

    /// The sizes of its [rooms](Rooms).
    #[inline(always)]
    const fn sizes(&self) -> (usize, usize, usize) {
        if self.numbers.is_empty() { (0, 0, 0) } else { (INPUTS, PATCHES, WEIGHTS) }
    }

    #[inline(always)]
    fn rooms(&mut self) -> Rooms<'_, S> {
        let (inputs, sums, _) = self.sizes();
        let (inputs, rest) = self.numbers.split_at_mut_checked(inputs).unwrap_or_default();
        let (sums, weights) = rest.split_at_mut_checked(sums).unwrap_or_default();
        Rooms { inputs, sums, weights }
    }

    #[inline(always)]
    fn parts(&mut self) -> Parts<'_, S> {
        let Rooms { inputs, sums: patches, weights } = self.rooms();
        let (channel, outputs) = inputs.split_at_mut(inputs.len() / 2);
        Parts { channel, patches, outputs, weights }
    }
}

/// A convolution's weights and their gradients.
#[derive(Debug)]
pub(crate) struct Gradients<'a, S> {
    pub(crate) weight: &'a mut [S],
    pub(crate) bias: &'a mut [S],
    /// Overwritten.
    pub(crate) input: Option<&'a mut [S]>,
    /// What the gradients of the inputs are added to, if they are; `input` is spare memory then.
    pub(crate) sum: Option<&'a mut [S]>,
}

impl Convolution {
    /// Weights in a filter.
    #[inline(always)]
    const fn filter(&self) -> usize {
        self.seen * self.plane.taps()
    }

    /// Numbers in a sample of the inputs and of the outputs.
    #[inline(always)]
    fn samples<S>(&self, w: &[S]) -> (usize, usize) {
        let groups = quotient(w.len(), self.filters * self.filter());
        (groups * self.seen * self.plane.inputs(), groups * self.filters * self.plane.outputs())
    }

    /// `y = b + w ∗ x`, for a batch, or the larger of 0 and that; an empty bias counts as none. Batches lie as the format
    /// says, which is one of the [`formats`](Self::formats).
    #[inline(always)]
    pub(crate) fn forward<V: Simd, S: Scalar>(
        &self,
        simd: V,
        (w, bias): (&[S], &[S]),
        x: &[S],
        (y, is_rectified): (&mut [S], bool),
        format: ChannelsLast,
        scratch: Scratch<'_, S>,
    ) {
        let convolution = *self;
        S::Vector::<V>::convolution(simd, Forward { convolution, w, bias, x, y, is_rectified, format, scratch });
    }

    /// The gradients of a batch, given `g`, the gradient of its outputs.
    #[inline(always)]
    pub(crate) fn backward<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        (x, g): (&[S], &[S]),
        gradients: Gradients<'_, S>,
        scratch: Scratch<'_, S>,
    ) {
        S::Vector::<V>::convolution_gradients(simd, Backward { convolution: *self, w, x, g, gradients, scratch });
    }

    /// Sample by sample, the sum of each channel's gradients.
    #[inline(always)]
    fn add_bias_gradient<S: Scalar>(&self, w: &[S], g: &[S], bias: &mut [S]) {
        for g in g.blocks(self.samples(w).1) {
            for (g, db) in g.blocks(self.plane.outputs()).zip(bias.iter_mut()) {
                *db += sum(g);
            }
        }
    }

    /// [`forward`](Self::forward), for a sample.
    #[inline(always)]
    fn forward_sample<V: Simd, S: Scalar>(
        &self,
        simd: V,
        (w, bias): (&[S], &[S]),
        x: &[S],
        (y, is_rectified): (&mut [S], bool),
        mut scratch: Parts<'_, S>,
    ) {
        let outputs = self.plane.outputs();
        let is_product = self.is_product::<V, S>(&scratch);
        if !is_product && self.is_strips::<V, S>(&scratch) {
            return strips::Forward { convolution: *self, weights: (w, bias), x, y, is_rectified, scratch }.run(simd);
        }
        if const { lanes::<V, S>() == 1 } && self.is_depthwise() {
            self.depthwise(simd, (w, bias), x, y);
            if is_rectified {
                rectify(simd, y);
            }
            return;
        }
        let is_tiled = lanes::<V, S>() == 1 && self.is_tiled();
        if !is_product && !is_tiled {
            y.fill(S::ZERO);
            for (y, &bias) in y.blocks_mut(outputs).zip(bias) {
                y.fill(bias);
            }
        }
        let x = x.blocks(self.seen * self.plane.inputs());
        let weights = w.blocks(self.filters * self.filter());
        for (group, ((x, y), w)) in x.zip(y.blocks_mut(self.filters * outputs)).zip(weights).enumerate() {
            if is_product {
                let bias = bias.get(group * self.filters..).unwrap_or_default();
                self.product(simd, (w, bias), x, (y, is_rectified), &mut scratch);
            } else if const { lanes::<V, S>() == 1 } && is_tiled {
                self.tiled(simd, (w, bias.get(group * self.filters..).unwrap_or_default()), x, y);
            } else {
                for (y, w) in y.blocks_mut(outputs).zip(w.blocks(self.filter())) {
                    for (x, w) in x.blocks(self.plane.inputs()).zip(w.blocks(self.plane.taps())) {
                        correlate(simd, &self.plane, w, x, y);
                    }
                }
            }
        }
        if is_rectified && !is_product {
            rectify(simd, y);
        }
    }

    /// The gradients of a sample: those of the weights are added to, that of the inputs is overwritten.
    #[inline(always)]
    fn backward_sample<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        (x, g): (&[S], &[S]),
        (mut dw, dx): (Option<&mut [S]>, Option<&mut [S]>),
        mut scratch: Parts<'_, S>,
    ) {
        let group = self.seen * self.plane.inputs();
        // Gradients of patches are added in another order than in plain loops.
        let is_product = self.is_product::<V, S>(&scratch) && (V::FUSED || self.is_pointwise());
        if !is_product && self.is_strips::<V, S>(&scratch) {
            return strips::Backward { convolution: *self, w, x, g, dw, dx, scratch }.run(simd);
        }
        let mut input = dx.map(|dx| {
            if !is_product {
                dx.fill(S::ZERO);
            }
            dx.blocks_mut(group)
        });
        let filters = self.filters * self.filter();
        let mut weights = dw.as_mut().map(|dw| dw.blocks_mut(filters));
        let images = x.blocks(group).zip(g.blocks(self.filters * self.plane.outputs()));
        for ((x, g), w) in images.zip(w.blocks(filters)) {
            let dx = input.as_mut().and_then(Iterator::next);
            let dw = weights.as_mut().and_then(Iterator::next);
            if is_product {
                self.products_back(simd, w, (x, g), (dw, dx), &mut scratch);
            } else {
                self.filters_back(simd, w, (x, g), (dw, dx));
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
        (dw, dx): (Option<&mut [S]>, Option<&mut [S]>),
    ) {
        let plane = &self.plane.in_one_row();
        for (g, dw) in g.blocks(plane.outputs()).zip(dw.unwrap_or_default().blocks_mut(self.filter())) {
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
        let plane = &self.plane.in_one_row();
        for (g, w) in g.blocks(plane.outputs()).zip(w.blocks(self.filter())) {
            for (dx, w) in dx.blocks_mut(plane.inputs()).zip(w.blocks(plane.taps())) {
                spread(simd, plane, w, g, dx);
            }
        }
    }
}
