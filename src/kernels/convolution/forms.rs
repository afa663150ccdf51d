//! Which form a convolution with vectors takes, by its shape: whatever is estimated to cost the least.
//!
//! Forms whose sums have another order are chosen by the lanes of the widest vector alone, so that bits don't depend on the
//! width of vectors.

use super::blocks::{DEPTH, Images};
use super::correlation::{Correlation, WeightGradient};
use super::over_channels::{self, Channels};
use super::over_samples::{OverSamples, Split};
use super::track::Track;
use super::{Convolution, Scratch, filters, rows, spread};
use crate::kernels::vector::{LANES, Operation, Simd, lanes};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::{Sliding, ceil_div, quotient};

/// What vectors are over: sums have the same order.
#[derive(Clone, Copy)]
pub(super) enum Lanes {
    Filters,
    Positions,
    Samples(Split),
}

/// What vectors are over in a gradient of weights: sums have orders of their own.
#[derive(Clone, Copy)]
pub(super) enum GradientLanes {
    Filters,
    Channels,
    Positions,
}

/// What vectors are over, if sums over channels and taps are computed by products of numbers where they lie: whatever
/// is estimated to cost less. And the images, of which taps on zeros may be left out.
#[inline(always)]
pub(super) fn lanes_of<V: Simd, S: Scalar>(
    images: &Images,
    (samples, filters): (usize, usize),
    window: (usize, usize),
    scratch: &Scratch<'_, S>,
) -> Option<(Lanes, Images)> {
    let (taps, lanes) = (images.taps(), lanes::<V, S>());
    if taps == 0 || taps > DEPTH || scratch.sizes() == (0, 0, 0) {
        return None;
    }
    let by_samples = if samples < lanes { None } else { Split::cheapest::<V, S>(images, filters, scratch) };
    // Where filters cost more, whatever is left out, there is no need to know how much.
    let least = by_samples.map_or(usize::MAX, |(by_samples, _)| by_samples);
    let by_filters = if samples.is_multiple_of(lanes) && filters::least_work(images, filters, lanes) > least {
        None
    } else {
        let (by_filters, over_filters) = filters::cheapest(images, samples, filters, lanes);
        filters::split(&over_filters, 1, filters, window, scratch).map(|_| (by_filters, over_filters))
    };
    let over_positions = rows::cheapest::<V, S>(images, (samples, filters), scratch);
    let form = match (by_filters, over_positions) {
        (Some((by_filters, _)), Some((by_positions, images))) if by_positions <= by_filters => {
            Some((by_positions, Lanes::Positions, images))
        }
        (Some((by_filters, over_filters)), _) => Some((by_filters, Lanes::Filters, over_filters)),
        (None, positions) => positions.map(|(by_positions, images)| (by_positions, Lanes::Positions, images)),
    };
    // Samples that don't fill a vector are computed in another form.
    let by_samples = by_samples.filter(|_| form.is_some() || samples.is_multiple_of(lanes));
    match (by_samples, form) {
        (Some((by_samples, split)), form) if form.is_none_or(|(least, ..)| by_samples < least) => {
            Some((Lanes::Samples(split), *images))
        }
        (_, form) => form.map(|(_, lanes, images)| (lanes, images)),
    }
}

/// Each form is a function of its own: its loops need the registers.
struct OverFilters<'a, 'b, S>(Correlation<'a, 'b, S>);
struct OverPositions<'a, 'b, S>(Correlation<'a, 'b, S>);

impl<S: Scalar> Operation for OverFilters<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        self.0.over_filters(simd);
    }
}

impl<S: Scalar> Operation for OverPositions<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        self.0.over_positions(simd);
    }
}

impl<S: Scalar> Correlation<'_, '_, S> {
    /// Computes it in a form.
    #[inline(always)]
    pub(super) fn over<V: Simd>(mut self, simd: V, lanes: Lanes) {
        let mut form = Some((lanes, self.images));
        if let Lanes::Samples(split) = lanes {
            let samples = self.x.len() / self.images.sample.max(1);
            let whole = samples - samples % super::lanes::<V, S>();
            let ends = (whole * self.images.sample, whole * self.strides.sample);
            let Some((x, rest)) = self.x.split_at_checked(ends.0) else { return };
            let Some((y, rest_of_y)) = core::mem::take(&mut self.y).split_at_mut_checked(ends.1) else { return };
            (self.x, self.y) = (rest, rest_of_y);
            let sums = Correlation { x, y, scratch: &mut *self.scratch, ..self };
            simd.call(OverSamples { sums, split });
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
            Lanes::Filters => simd.call(OverFilters(self)),
            Lanes::Positions => simd.call(OverPositions(self)),
            Lanes::Samples(_) => {}
        }
    }
}

impl<S: Scalar> WeightGradient<'_, '_, S> {
    #[inline(always)]
    pub(super) fn add<V: Simd>(self, simd: V, lanes: GradientLanes) {
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
    pub(super) const fn window(&self) -> (usize, usize) {
        (self.plane.columns.window.kernel, self.plane.taps())
    }

    /// Whether it is computed channel by channel, as depthwise layers are.
    #[inline(always)]
    pub(super) fn is_over_strips<V: Simd, S: Scalar>(&self, scratch: &mut Scratch<'_, S>) -> bool {
        self.seen == 1 && self.filters < 4 && self.is_strips::<V, S>(&scratch.parts())
    }

    /// Whether images are the matrices of a product as they stand, with rows that fill vectors.
    #[inline(always)]
    pub(super) fn is_matrix(&self) -> bool {
        self.is_pointwise() && self.filters >= 4 && self.plane.outputs() >= 2 * LANES
    }

    /// Whether some samples of a depthwise layer are computed over vectors of channels, and not over strips, if that takes less time.
    #[inline(always)]
    pub(super) fn is_over_channels<V: Simd, S: Scalar>(
        &self,
        w: &[S],
        samples: usize,
        scratch: &mut Scratch<'_, S>,
    ) -> bool {
        if self.seen != 1 || self.filters >= 4 || !self.has_few_taps() {
            return false;
        }
        let (over_channels, over_strips) =
            (self.forth(w).work(samples, LANES, scratch), self.work_over_strips(w, LANES));
        let fits = self.forth(w).split(scratch).is_some()
            && self.phases().all(|phase| {
                let channels = self.back(w, phase);
                channels.images.taps() == 0 || channels.images.sums() == 0 || channels.split(scratch).is_some()
            });
        fits && (over_channels < over_strips || !self.is_strips::<V, S>(&scratch.parts()))
    }

    /// How a depthwise layer is computed over vectors of samples, if that takes less time than over channels, or over strips.
    #[inline(always)]
    pub(super) fn depthwise_over_samples<V: Simd, S: Scalar>(
        &self,
        w: &[S],
        samples: usize,
        is_over_channels: bool,
        scratch: &mut Scratch<'_, S>,
    ) -> Option<Split> {
        if self.seen != 1 || self.filters >= 4 || !self.has_few_taps() {
            return None;
        }
        let lanes = lanes::<V, S>();
        let others = if is_over_channels {
            self.forth(w).work(samples, lanes, scratch)
        } else if self.is_strips::<V, S>(&scratch.parts()) {
            self.work_over_strips(w, lanes)
        } else {
            return None;
        };
        let images = self.inputs(w).without_idle_taps();
        let (work, split) = Split::cheapest::<V, S>(&images, self.filters, scratch)?;
        (images.groups() * work < others).then_some(split)
    }

    /// What the sums of a sample cost over strips, in multiplications of vectors of `lanes`: all outputs with a stride of 1, of which most
    /// vectors are read across the end of a cache line, and copies for each column of taps.
    fn work_over_strips<S>(&self, w: &[S], lanes: usize) -> usize {
        let Plane { rows, columns } = &self.plane;
        let vectors = ceil_div(self.plane.outputs() * rows.window.stride * columns.window.stride, lanes);
        let (row, taps) = self.window();
        let channels = quotient(self.samples(w).0, self.plane.inputs());
        channels * self.filters * ((5 * taps / 2 + 5 * row) * vectors + 145 + 8 * rows.input)
    }

    /// Whether the gradients of a depthwise layer's weights are computed over vectors of channels. Over strips, lanes would run
    /// over the terms of a sum.
    pub(super) fn has_gradient_over_channels<S>(&self, w: &[S], scratch: &Scratch<'_, S>) -> bool {
        let is_depthwise = self.seen == 1 && self.filters < 4 && self.has_few_taps();
        is_depthwise && self.forth(w).split(scratch).is_some()
    }

    /// Of a depthwise layer, for sums at the outputs.
    pub(super) fn forth<S>(&self, w: &[S]) -> Channels {
        Channels { images: self.inputs(w), inputs: 1, outputs: self.filters, taps: self.window() }
    }

    /// Of a depthwise layer, for sums at the inputs of a phase.
    pub(super) fn back<S>(&self, w: &[S], phase: (usize, usize)) -> Channels {
        let images = Images { channels: 1, ..self.outputs(w, phase) };
        Channels { images, inputs: self.filters, outputs: 1, taps: self.window() }
    }

    /// What vectors are over in the gradient of its weights: whatever takes the fewest multiplications of vectors. And the images, of
    /// which taps on zeros may be left out.
    pub(super) fn gradient_over<S>(
        &self,
        images: &Images,
        scratch: &Scratch<'_, S>,
    ) -> Option<(GradientLanes, Images)> {
        let (filters, channels, sums) = (self.filters, images.channels, images.sums());
        if images.taps() > DEPTH {
            return None;
        }
        let (by_filters, over_filters) = filters::gradient::cheapest(images, filters);
        // Inputs are transposed for each few filters, with what several blocks read.
        let by_channels = sums * images.taps() * ceil_div(channels, LANES) * filters;
        let transposed = over_channels::few_filters::transposed(images, filters, scratch);
        let by_channels = by_channels + by_channels / 8 + 14 * transposed.unwrap_or_default();
        let by_positions = rows::gradient::work(images, filters, scratch);
        let forms = [
            (
                by_filters,
                GradientLanes::Filters,
                over_filters,
                filters::gradient::fits(&over_filters, filters, scratch),
            ),
            (by_channels, GradientLanes::Channels, *images, transposed.is_some()),
            (by_positions.unwrap_or_default(), GradientLanes::Positions, *images, by_positions.is_some()),
        ];
        let fit = forms.into_iter().filter(|&(.., fits)| fits);
        fit.min_by_key(|&(cost, ..)| cost).map(|(_, form, images, _)| (form, images))
    }

    /// Whether the gradients of inputs are computed tap by tap: if channels fill vectors, and there are enough filters for adding
    /// their chains to take little time. Other forms multiply zeros, too, or cut planes where taps reach zeros and then read all weights for a
    /// few positions: measured, they take one and a half times as long as the products that count, and twice as long without padding.
    pub(super) fn spreads<S>(&self, images: &Images, scratch: &Scratch<'_, S>) -> bool {
        let products = images.products() * self.filters * self.seen / LANES;
        let is_worth_it = 5 * spread::work(images, self.filters) < 7 * products;
        self.filters > 2 * LANES && is_worth_it && spread::fits(images, scratch)
    }
}

impl Convolution {
    /// The images of the inputs, for sums at the outputs.
    pub(super) fn inputs<S>(&self, w: &[S]) -> Images {
        let (rows, columns) = (Track::forward(&self.plane.rows), Track::forward(&self.plane.columns));
        Images::new(rows, columns, self.seen, self.samples(w).0)
    }

    /// The images of the outputs, for sums at the inputs of a phase.
    pub(super) fn outputs<S>(&self, w: &[S], (row, column): (usize, usize)) -> Images {
        let rows = Track::backward(&self.plane.rows, row);
        let columns = Track::backward(&self.plane.columns, column);
        Images::new(rows, columns, self.filters, self.samples(w).1)
    }

    /// The phases of the inputs.
    pub(super) fn phases(&self) -> impl Iterator<Item = (usize, usize)> {
        // A stride may be longer than the inputs.
        let phases = |axis: Sliding| axis.window.stride.min(axis.input);
        let (rows, columns) = (phases(self.plane.rows), phases(self.plane.columns));
        (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
    }
}
