//! Convolutions with vectors: the form of each pass, chosen by the shape, as a function that all layers share.
//!
//! Forms whose sums have another order are chosen by the lanes of the widest vector alone, so that bits don't depend on the
//! width of vectors.

use super::blocks::{DEPTH, Images};
use super::correlation::{Correlation, Strides, WeightGradient, Weights};
use super::over_channels::{self, Channels};
use super::over_samples;
use super::spread::{self, Spread};
use super::track::Track;
use super::{Convolution, Gradients, Scratch, channels_last, strips};
use crate::channels_last::ChannelsLast;
use crate::chunks::Chunks;
use crate::kernels::portable::Portable;
use crate::kernels::vector::{LANES, Operation, Simd, lanes};
use crate::scalar::Scalar;
use crate::window::ceil_div;

/// `y = b + w ∗ x`, for a batch; an empty bias counts as none.
#[derive(Debug)]
pub struct Forward<'a, 'b, S> {
    pub(super) convolution: Convolution,
    pub(super) w: &'a [S],
    pub(super) bias: &'a [S],
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
    /// Whether the larger of 0 and a sum is stored.
    pub(super) is_rectified: bool,
    pub(super) format: ChannelsLast,
    pub(super) scratch: Scratch<'b, S>,
}

/// The gradients of a batch: those of the weights are added to, that of the input is overwritten.
#[derive(Debug)]
pub struct Backward<'a, 'b, S> {
    pub(super) convolution: Convolution,
    pub(super) w: &'a [S],
    pub(super) x: &'a [S],
    pub(super) g: &'a [S],
    pub(super) gradients: Gradients<'a, S>,
    pub(super) scratch: Scratch<'b, S>,
}

/// What vectors are over: sums have the same order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lanes {
    Filters,
    Positions,
    Samples(over_samples::Split),
}

/// What vectors are over in a gradient of weights: sums have orders of their own.
#[derive(Clone, Copy)]
enum GradientLanes {
    Filters,
    Channels,
    Positions,
}

/// What vectors are over, if sums over channels and taps are computed by products of numbers where they lie: whatever
/// is estimated to cost less. And the images, of which taps on zeros may be left out.
#[inline(always)]
fn lanes_of<V: Simd, S: Scalar>(
    images: &Images,
    (samples, filters): (usize, usize),
    window: (usize, usize),
    scratch: &Scratch<'_, S>,
) -> Option<(Lanes, Images)> {
    let (taps, lanes) = (images.taps(), lanes::<V, S>());
    if taps == 0 || taps > DEPTH || scratch.sums.is_empty() {
        return None;
    }
    let (by_filters, over_filters) = super::filters::cheapest(images, samples, filters, lanes);
    let by_filters = super::filters::split(&over_filters, 1, filters, window, scratch).map(|_| by_filters);
    let over_positions = super::rows::cheapest::<V, S>(images, filters, scratch);
    let form = match (by_filters, over_positions) {
        (Some(by_filters), Some((by_positions, images))) if by_positions <= by_filters => {
            Some((by_positions, Lanes::Positions, images))
        }
        (Some(by_filters), _) => Some((by_filters, Lanes::Filters, over_filters)),
        (None, positions) => positions.map(|(by_positions, images)| (by_positions, Lanes::Positions, images)),
    };
    // Samples that don't fill a vector are computed in another form.
    let by_samples = if samples < lanes || form.is_none() && !samples.is_multiple_of(lanes) {
        None
    } else {
        over_samples::Split::cheapest::<V, S>(images, filters, scratch)
    };
    match (by_samples, form) {
        // Costs are estimates: what a whole vector of samples is worth is more than they are wrong by.
        (Some((by_samples, split)), form) if form.is_none_or(|(least, ..)| by_samples + by_samples / 12 < least) => {
            Some((Lanes::Samples(split), *images))
        }
        (_, form) => form.map(|(_, lanes, images)| (lanes, images)),
    }
}

impl<S: Scalar> Correlation<'_, '_, S> {
    /// Computes it in a form.
    #[inline(always)]
    fn over<V: Simd>(mut self, simd: V, lanes: Lanes) {
        let mut form = Some((lanes, self.images));
        if let Lanes::Samples(split) = lanes {
            let (samples, lanes) = (self.x.len() / self.images.sample.max(1), super::lanes::<V, S>());
            let whole = samples - samples % lanes;
            let ends = (whole * self.images.sample, whole * self.strides.sample);
            let Some((x, rest)) = self.x.split_at_checked(ends.0) else { return };
            let Some((y, rest_of_y)) = core::mem::take(&mut self.y).split_at_mut_checked(ends.1) else { return };
            (self.x, self.y) = (rest, rest_of_y);
            Correlation { x, y, scratch: &mut *self.scratch, ..self }.over_samples(simd, split);
            form = if whole < samples {
                lanes_of::<V, S>(
                    &self.images,
                    (samples - whole, self.filters),
                    (self.weights.row, self.weights.window),
                    self.scratch,
                )
            } else {
                None
            };
        }
        let Some((lanes, images)) = form else { return };
        self.images = images;
        match lanes {
            Lanes::Filters => self.over_filters(simd),
            Lanes::Positions => self.over_positions(simd),
            Lanes::Samples(_) => {}
        }
    }
}

impl<S: Scalar> WeightGradient<'_, '_, S> {
    #[inline(always)]
    fn add<V: Simd>(self, simd: V, lanes: GradientLanes) {
        match lanes {
            GradientLanes::Filters => self.over_filters(simd),
            GradientLanes::Channels => self.over_channels(simd),
            GradientLanes::Positions => self.over_positions(simd),
        }
    }
}

impl Convolution {
    /// Whether windows are [those](Track::fits) whose taps are found by tables.
    pub(super) const fn has_few_taps(&self) -> bool {
        Track::fits(&self.plane.rows) && Track::fits(&self.plane.columns)
    }

    /// Taps in a row of the window, and in all of it.
    #[inline(always)]
    const fn window(&self) -> (usize, usize) {
        (self.plane.columns.window.kernel, self.plane.taps())
    }

    /// Whether it is computed channel by channel, as depthwise layers are.
    #[inline(always)]
    fn is_over_strips<V: Simd, S: Scalar>(&self, scratch: &mut Scratch<'_, S>) -> bool {
        self.seen == 1 && self.filters < 4 && self.is_strips::<V, S>(&scratch.parts())
    }

    /// Whether images are the matrices of a product as they stand, with rows that fill vectors.
    #[inline(always)]
    fn is_matrix(&self) -> bool {
        self.is_pointwise() && self.filters >= 4 && self.plane.outputs() >= 2 * LANES
    }

    /// Whether a depthwise layer is computed over vectors of channels, and not over strips: if that takes fewer
    /// multiplications, including what transpositions cost, and the copies for each strip, one for each column of taps.
    #[inline(always)]
    fn is_over_channels<V: Simd, S: Scalar>(&self, w: &[S], scratch: &mut Scratch<'_, S>) -> bool {
        if self.seen != 1 || self.filters >= 4 || !self.has_few_taps() {
            return false;
        }
        let (plane, lanes) = (&self.plane, LANES);
        let (taps, inputs, outputs) = (plane.taps(), plane.inputs(), plane.outputs());
        let channels = self.samples(w).0 / inputs.max(1);
        let over_channels = ceil_div(channels, lanes) * (self.filters * (taps * outputs + 4 * outputs) + 4 * inputs);
        let dense = outputs * plane.rows.window.stride * plane.columns.window.stride;
        // Most vectors that are read where they lie cross the end of a cache line, and are two accesses.
        let over_strips =
            channels * self.filters * (2 * (taps + self.window().0) * ceil_div(dense, lanes) + 20 + plane.rows.input);
        let fits = self.forth(w).split(scratch).is_some()
            && self.phases().all(|phase| {
                let channels = self.back(w, phase);
                channels.images.taps() == 0 || channels.images.sums() == 0 || channels.split(scratch).is_some()
            });
        fits && (over_channels < over_strips || !self.is_strips::<V, S>(&scratch.parts()))
    }

    /// Whether the gradients of a depthwise layer's weights are computed over vectors of channels. Over strips, lanes would run
    /// over the terms of a sum.
    fn has_gradient_over_channels<S>(&self, w: &[S], scratch: &Scratch<'_, S>) -> bool {
        let is_depthwise = self.seen == 1 && self.filters < 4 && self.has_few_taps();
        is_depthwise && self.forth(w).split(scratch).is_some()
    }

    /// Of a depthwise layer, for sums at the outputs.
    fn forth<S>(&self, w: &[S]) -> Channels {
        Channels { images: self.inputs(w), inputs: 1, outputs: self.filters, taps: self.window() }
    }

    /// Of a depthwise layer, for sums at the inputs of a phase.
    fn back<S>(&self, w: &[S], phase: (usize, usize)) -> Channels {
        let images = Images { channels: 1, ..self.outputs(w, phase) };
        Channels { images, inputs: self.filters, outputs: 1, taps: self.window() }
    }

    /// What vectors are over in the gradient of its weights: whatever takes the fewest multiplications of vectors.
    fn gradient_over<S>(&self, images: &Images, scratch: &Scratch<'_, S>) -> Option<GradientLanes> {
        let (filters, channels, sums) = (self.filters, images.channels, images.sums());
        if images.taps() > DEPTH {
            return None;
        }
        let (by_filters, _) = super::filters::gradient::cheapest(images, filters);
        // Inputs are transposed for each few filters, with what several blocks read.
        let by_channels = sums * images.taps() * ceil_div(channels, LANES) * filters;
        let transposed = over_channels::few_filters::transposed(images, filters, scratch);
        let by_channels = by_channels + by_channels / 8 + 14 * transposed.unwrap_or_default();
        // Pieces of rows may cross the ends of cache lines, and images are copied for each few filters.
        let by_positions = super::rows::gradient::vectors(images) * images.taps() * filters * channels;
        let copies = super::rows::gradient::copies(images, filters);
        let by_positions = by_positions + by_positions / 2 + copies;
        let forms = [
            (by_filters, GradientLanes::Filters, super::filters::gradient::fits(images, filters, scratch)),
            (by_channels, GradientLanes::Channels, transposed.is_some()),
            (by_positions, GradientLanes::Positions, super::rows::gradient::fits(images, filters, scratch)),
        ];
        forms.into_iter().filter(|&(.., fits)| fits).min_by_key(|&(cost, ..)| cost).map(|(_, form, _)| form)
    }

    /// Whether the gradients of inputs are computed tap by tap: if channels fill vectors, and filters are so many that adding their
    /// chains takes little time. Other forms multiply zeros, too, or cut planes where taps reach zeros and then read all weights for a
    /// few positions: measured, they take one and a half times as long as the products that count, and twice as long without padding.
    fn spreads<S>(&self, images: &Images, scratch: &Scratch<'_, S>) -> bool {
        let products = images.products() * self.filters * self.seen / LANES;
        let is_worth_it = 5 * spread::work(images, self.filters) < 7 * products;
        self.filters > 2 * LANES && is_worth_it && spread::fits(images, scratch)
    }

    /// The images of the inputs, for sums at the outputs.
    pub(super) fn inputs<S>(&self, w: &[S]) -> Images {
        let (rows, columns) = (Track::forward(&self.plane.rows), Track::forward(&self.plane.columns));
        Images::new(rows, columns, self.seen, self.samples(w).0)
    }

    /// The images of the outputs, for sums at the inputs of a phase.
    fn outputs<S>(&self, w: &[S], (row, column): (usize, usize)) -> Images {
        let rows = Track::backward(&self.plane.rows, row);
        let columns = Track::backward(&self.plane.columns, column);
        Images::new(rows, columns, self.filters, self.samples(w).1)
    }

    /// The phases of the inputs.
    fn phases(&self) -> impl Iterator<Item = (usize, usize)> {
        let (rows, columns) = (self.plane.rows.window.stride, self.plane.columns.window.stride);
        (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
    }
}

impl<S: Scalar> Operation for Forward<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        // Asked in a constant, so that only one of these ways is compiled. Without fused multiply-adds, sums are those of plain loops.
        if const { lanes::<V, S>() > 1 && !V::FUSED } {
            return self.run(Portable);
        }
        let Self { convolution, w, bias, x, y, is_rectified, format, mut scratch } = self;
        let plane = &convolution.plane;
        let (of_inputs, of_outputs) = convolution.samples(w);
        if const { lanes::<V, S>() == 1 } {
            for (x, y) in x.blocks(of_inputs).zip(y.blocks_mut(of_outputs)) {
                convolution.forward_sample(simd, (w, bias), x, (y, is_rectified), scratch.parts());
            }
            return;
        }
        if format.input || format.output && convolution.is_pointwise() {
            let (weights, scratch) = ((w, bias), &mut scratch);
            return channels_last::Forward { convolution, weights, x, y, is_rectified, format, scratch }.run(simd);
        }
        if !format.output && convolution.is_over_channels::<V, S>(w, &mut scratch) {
            let (channels, scratch) = (convolution.forth(w), &mut scratch);
            let strides = (plane.outputs(), plane.columns.output);
            return over_channels::Correlate { channels, w, bias, x, y, strides, is_rectified, scratch }.run(simd);
        }
        let over_strips = convolution.is_over_strips::<V, S>(&mut scratch);
        if format.output || convolution.has_few_taps() && !over_strips && !convolution.is_matrix() {
            let samples = x.len() / of_inputs.max(1);
            let images = convolution.inputs(w).without_idle_taps();
            let weights = Weights {
                all: w,
                group: convolution.filters * convolution.filter(),
                filter: convolution.filter(),
                channel: plane.taps(),
                row: plane.columns.window.kernel,
                window: plane.taps(),
            };
            let filters = convolution.filters;
            if format.output {
                let strides = Strides::last(of_outputs, plane);
                let images = super::filters::images(images, samples, filters, lanes::<V, S>());
                let (lanes, scratch) = (Lanes::Filters, &mut scratch);
                let sums = Correlation { images, filters, weights, bias, x, y, strides, is_rectified, scratch };
                return sums.over(simd, lanes);
            }
            let strides = Strides::first(of_outputs, plane);
            let form = lanes_of::<V, S>(&images, (samples, filters), convolution.window(), &scratch);
            if let Some((lanes, images)) = form {
                let scratch = &mut scratch;
                let sums = Correlation { images, filters, weights, bias, x, y, strides, is_rectified, scratch };
                return sums.over(simd, lanes);
            }
        }
        if over_strips {
            let (weights, scratch) = ((w, bias), scratch.parts());
            return strips::Forward { convolution, weights, x, y, is_rectified, scratch }.run(simd);
        }
        for (x, y) in x.blocks(of_inputs).zip(y.blocks_mut(of_outputs)) {
            convolution.forward_sample(simd, (w, bias), x, (y, is_rectified), scratch.parts());
        }
    }
}

impl<S: Scalar> Operation for Backward<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        if const { lanes::<V, S>() > 1 && !V::FUSED } {
            return self.run(Portable);
        }
        let Self { convolution, w, x, g, gradients, mut scratch } = self;
        let Gradients { weight: dw, bias, input: mut dx } = gradients;
        let plane = &convolution.plane;
        convolution.add_bias_gradient(w, g, bias);
        let (of_inputs, of_outputs) = convolution.samples(w);
        if const { lanes::<V, S>() == 1 } {
            let mut dx = dx.map(|dx| dx.blocks_mut(of_inputs));
            for (x, g) in x.blocks(of_inputs).zip(g.blocks(of_outputs)) {
                let dx = dx.as_mut().and_then(Iterator::next);
                convolution.backward_sample(simd, w, (x, g), (Some(&mut *dw), dx), scratch.parts());
            }
            return;
        }
        let mut needs_weights = true;
        if convolution.has_gradient_over_channels(w, &scratch) {
            let (channels, scratch) = (convolution.forth(w), &mut scratch);
            over_channels::WeightGradient { channels, x, g, dw: &mut *dw, scratch }.run(simd);
            needs_weights = false;
        }
        if !needs_weights && convolution.is_over_channels::<V, S>(w, &mut scratch) {
            let (Some(dx), scratch) = (dx, &mut scratch) else { return };
            let phases = || convolution.phases().map(|phase| convolution.back(w, phase));
            if phases().any(|channels| channels.images.taps() == 0) {
                dx.fill(S::ZERO);
            }
            for channels in phases().filter(|channels| channels.images.taps() * channels.images.sums() > 0) {
                let strides = (convolution.plane.inputs(), convolution.plane.columns.input);
                let (bias, x, y, scratch) = (&[][..], g, &mut *dx, &mut *scratch);
                over_channels::Correlate { channels, w, bias, x, y, strides, is_rectified: false, scratch }.run(simd);
            }
            return;
        }
        let over_strips = convolution.is_over_strips::<V, S>(&mut scratch);
        let few = convolution.has_few_taps() && !over_strips && !convolution.is_matrix();
        let mut needs_inputs = dx.is_some();
        let images = convolution.inputs(w).without_idle_taps();
        if let (true, Some(lanes)) = (few, convolution.gradient_over(&images, &scratch)) {
            let (filters, scratch) = (convolution.filters, &mut scratch);
            let (window, outputs) = (convolution.window(), (plane.outputs(), plane.columns.output));
            WeightGradient { images, filters, window, outputs, x, g, dw: &mut *dw, scratch }.add(simd, lanes);
            needs_weights = false;
        }
        if let (true, Some(dx)) = (few, dx.as_deref_mut()) {
            let (filters, scratch) = (convolution.filters, &mut scratch);
            if convolution.spreads(&images, scratch) {
                let (window, outputs) = (convolution.window(), (plane.outputs(), plane.columns.output));
                Spread { images, filters, window, outputs, w, g, dx, scratch }.run(simd);
                needs_inputs = false;
            } else {
                needs_inputs = !convolution.input_gradients(simd, w, g, dx, scratch);
            }
        }
        if !needs_weights && !needs_inputs {
            return;
        }
        let mut dx = dx.filter(|_| needs_inputs).map(|dx| dx.blocks_mut(of_inputs));
        for (x, g) in x.blocks(of_inputs).zip(g.blocks(of_outputs)) {
            let dx = dx.as_mut().and_then(Iterator::next);
            let dw = if needs_weights { Some(&mut *dw) } else { None };
            convolution.backward_sample(simd, w, (x, g), (dw, dx), scratch.parts());
        }
    }
}

impl Convolution {
    /// The gradients of the inputs of a batch, phase by phase. Returns whether all phases are computed like this.
    #[inline(always)]
    fn input_gradients<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        g: &[S],
        dx: &mut [S],
        scratch: &mut Scratch<'_, S>,
    ) -> bool {
        let plane = &self.plane;
        let samples = g.len() / self.samples(w).1.max(1);
        let phases = || {
            let images = self.phases().map(|phase| self.outputs(w, phase).without_idle_taps());
            images.filter(|images| images.sums() > 0)
        };
        let fits = |images: &Images| {
            images.taps() == 0 || lanes_of::<V, S>(images, (samples, self.seen), self.window(), scratch).is_some()
        };
        if !phases().all(|images| fits(&images)) {
            return false;
        }
        if phases().any(|images| images.taps() == 0) {
            dx.fill(S::ZERO);
        }
        let weights = Weights {
            all: w,
            group: self.filters * self.filter(),
            filter: plane.taps(),
            channel: self.filter(),
            row: plane.columns.window.kernel,
            window: plane.taps(),
        };
        let strides =
            Strides { sample: self.samples(w).0, channel: plane.inputs(), row: plane.columns.input, column: 1 };
        for images in phases() {
            let (filters, bias, x, y) = (self.seen, &[][..], g, &mut *dx);
            let form = lanes_of::<V, S>(&images, (samples, filters), self.window(), scratch);
            if let Some((lanes, images)) = form {
                let scratch = &mut *scratch;
                let is_rectified = false;
                Correlation { images, filters, weights, bias, x, y, strides, is_rectified, scratch }.over(simd, lanes);
            }
        }
        true
    }
}
