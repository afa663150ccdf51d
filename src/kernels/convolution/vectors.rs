//! Convolutions with vectors: each pass in its [form](super::forms), as a function that all layers share.

use super::blocks::Images;
use super::correlation::{Correlation, Strides, WeightGradient, Weights};
use super::forms::{GradientLanes, Lanes, lanes_of};
use super::over_channels;
use super::over_samples::OverSamples;
use super::spread::Spread;
use super::{Convolution, Gradients, Scratch, channels_last, rows, strips};
use crate::channels_last::ChannelsLast;
use crate::chunks::Chunks;
use crate::kernels::channels::{AddSums, Sizes};
use crate::kernels::elementwise::add_assign;
use crate::kernels::product::Start;
use crate::kernels::vector::{Operation, Simd, lanes};
use crate::scalar::Scalar;
use crate::window::quotient;

/// The most phases whose forms are chosen once for all samples, and the bytes of inputs and outputs of as many samples as all phases are
/// computed for at a time.
const PHASES: usize = 4;
const CACHED: usize = 512 * 1024;

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

impl<S: Scalar> Operation for Forward<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { convolution, w, bias, mut x, mut y, is_rectified, format, mut scratch } = self;
        let plane = &convolution.plane;
        let (of_inputs, of_outputs) = convolution.samples(w);
        // Asked in a constant, so that only one of these ways is compiled.
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
        let strides = Strides::first(of_outputs, plane);
        let whole = quotient(x.len(), of_inputs * lanes::<V, S>()) * lanes::<V, S>();
        let samples = quotient(x.len(), of_inputs);
        let is_over_channels = !format.output && convolution.is_over_channels::<V, S>(w, samples, &mut scratch);
        if !format.output
            && whole > 0
            && let Some(split) = convolution.depthwise_over_samples::<V, S>(w, samples, is_over_channels, &mut scratch)
        {
            let images = convolution.inputs(w).without_idle_taps();
            let Some((x_of_whole, rest)) = x.split_at_checked(whole * of_inputs) else { return };
            let Some((y_of_whole, rest_of_y)) = y.split_at_mut_checked(whole * of_outputs) else { return };
            let (filters, weights, scratch) = (convolution.filters, convolution.weights(w), &mut scratch);
            let sums = Correlation {
                images,
                filters,
                weights,
                bias,
                x: x_of_whole,
                y: y_of_whole,
                strides,
                is_rectified,
                start: Start::Zero,
                scratch,
            };
            simd.call(OverSamples { sums, split });
            (x, y) = (rest, rest_of_y);
            if x.is_empty() {
                return;
            }
        }
        if is_over_channels {
            let (channels, scratch) = (convolution.forth(w), &mut scratch);
            let strides = (plane.outputs(), plane.columns.output);
            return simd.call(over_channels::Correlate { channels, w, bias, x, y, strides, is_rectified, scratch });
        }
        let over_strips = convolution.is_over_strips::<V, S>(&mut scratch);
        if format.output || convolution.has_few_taps() && !over_strips && !convolution.is_matrix() {
            let samples = x.len() / of_inputs.max(1);
            let images = convolution.inputs(w).without_idle_taps();
            let (filters, weights) = (convolution.filters, convolution.weights(w));
            if format.output {
                let strides = Strides::last(of_outputs, plane);
                let images = super::filters::images(images, samples, filters, lanes::<V, S>());
                let (lanes, scratch, start) = (Lanes::Filters, &mut scratch, Start::Zero);
                let sums = Correlation { images, filters, weights, bias, x, y, strides, is_rectified, start, scratch };
                return sums.over(simd, lanes);
            }
            let form = lanes_of::<V, S>(&images, (samples, filters), convolution.window(), &scratch);
            if let Some((lanes, images)) = form {
                let (scratch, start) = (&mut scratch, Start::Zero);
                let sums = Correlation { images, filters, weights, bias, x, y, strides, is_rectified, start, scratch };
                return sums.over(simd, lanes);
            }
        }
        if over_strips {
            let (weights, scratch) = ((w, bias), scratch.parts());
            return simd.call(strips::Forward { convolution, weights, x, y, is_rectified, scratch });
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
        let Self { convolution, w, x, g, gradients, scratch } = self;
        let Gradients { weight, bias, mut input, mut sum } = gradients;
        let gradients = Gradients { weight, bias, input: input.as_deref_mut(), sum: sum.as_deref_mut() };
        let is_added = Backward { convolution, w, x, g, gradients, scratch }.differentiate(simd);
        if !is_added && let (Some(input), Some(sum)) = (input, sum) {
            add_assign(simd, input, sum);
        }
    }
}

impl<S: Scalar> Backward<'_, '_, S> {
    /// The gradients. Returns whether those of the inputs were added to the sum, for which there are forms; if not, they are by themselves.
    #[inline(always)]
    fn differentiate<V: Simd>(self, simd: V) -> bool {
        let Self { convolution, w, x, g, gradients, mut scratch } = self;
        let Gradients { weight: dw, bias, input: mut dx, sum } = gradients;
        let plane = &convolution.plane;
        let (of_inputs, of_outputs) = convolution.samples(w);
        if const { lanes::<V, S>() == 1 || !V::FUSED } {
            convolution.add_bias_gradient(w, g, bias);
        }
        if const { lanes::<V, S>() == 1 } {
            let mut dx = dx.map(|dx| dx.blocks_mut(of_inputs));
            for (x, g) in x.blocks(of_inputs).zip(g.blocks(of_outputs)) {
                let dx = dx.as_mut().and_then(Iterator::next);
                convolution.backward_sample(simd, w, (x, g), (Some(&mut *dw), dx), scratch.parts());
            }
            return false;
        }
        let mut needs_weights = true;
        if const { !V::FUSED } {
            for (x, g) in x.blocks(of_inputs).zip(g.blocks(of_outputs)) {
                convolution.add_sums_in_parts(simd, x, g, dw);
            }
            needs_weights = false;
        } else if convolution.has_gradient_over_channels(w, &scratch) {
            let (channels, scratch) = (convolution.forth(w), &mut scratch);
            convolution.add_bias_sums(simd, w, g, bias);
            over_channels::WeightGradient { channels, x, g, dw: &mut *dw, scratch }.run(simd);
            needs_weights = false;
        }
        if !needs_weights && convolution.is_over_channels::<V, S>(w, quotient(x.len(), of_inputs), &mut scratch) {
            let (Some(dx), scratch) = (dx, &mut scratch) else { return false };
            let phases = || convolution.phases().map(|phase| convolution.back(w, phase));
            if phases().any(|channels| channels.images.taps() == 0) {
                dx.fill(S::ZERO);
            }
            for channels in phases().filter(|channels| channels.images.taps() * channels.images.sums() > 0) {
                let strides = (convolution.plane.inputs(), convolution.plane.columns.input);
                let (bias, x, y, scratch) = (&[][..], g, &mut *dx, &mut *scratch);
                let sums = over_channels::Correlate { channels, w, bias, x, y, strides, is_rectified: false, scratch };
                simd.call(sums);
            }
            return false;
        }
        let over_strips = convolution.is_over_strips::<V, S>(&mut scratch);
        let few = convolution.has_few_taps() && !over_strips && !convolution.is_matrix();
        let mut needs_inputs = dx.is_some();
        let images = convolution.inputs(w).without_idle_taps();
        if let (true, Some((lanes, images))) = (few && needs_weights, convolution.gradient_over(&images, &scratch)) {
            let (filters, scratch) = (convolution.filters, &mut scratch);
            let (window, outputs) = (convolution.window(), (plane.outputs(), plane.columns.output));
            // Over filters and positions, gradients of a bias are added where tiles read them.
            let mut bias = bias;
            if matches!(lanes, GradientLanes::Channels) {
                convolution.add_bias_sums(simd, w, g, core::mem::take(&mut bias));
            }
            WeightGradient { images, filters, window, outputs, x, g, dw: &mut *dw, bias, scratch }.add(simd, lanes);
            needs_weights = false;
        } else if needs_weights {
            convolution.add_bias_sums(simd, w, g, bias);
        }
        let mut is_added = None;
        if let (true, Some(dx)) = (few, dx.as_deref_mut()) {
            let (filters, scratch) = (convolution.filters, &mut scratch);
            is_added = if const { V::FUSED } && convolution.spreads(&images, scratch) {
                let (window, outputs) = (convolution.window(), (plane.outputs(), plane.columns.output));
                let (dx, start) = sum.map_or((dx, Start::Zero), |sum| (sum, Start::Sum));
                Spread { images, filters, window, outputs, w, g, dx, start, scratch }.run(simd);
                Some(start == Start::Sum)
            } else {
                convolution.input_gradients(simd, w, g, (dx, sum), scratch)
            };
            needs_inputs = is_added.is_none();
        }
        let is_added = is_added.unwrap_or(false);
        if !needs_weights && !needs_inputs {
            return is_added;
        }
        let mut dx = dx.filter(|_| needs_inputs).map(|dx| dx.blocks_mut(of_inputs));
        for (x, g) in x.blocks(of_inputs).zip(g.blocks(of_outputs)) {
            let dx = dx.as_mut().and_then(Iterator::next);
            let dw = if needs_weights { Some(&mut *dw) } else { None };
            convolution.backward_sample(simd, w, (x, g), (dw, dx), scratch.parts());
        }
        is_added
    }
}

impl Convolution {
    /// Over all samples, the sum of each channel's gradients.
    #[inline(always)]
    fn add_bias_sums<V: Simd, S: Scalar>(&self, simd: V, w: &[S], g: &[S], bias: &mut [S]) {
        if !bias.is_empty() {
            let sizes = Sizes { length: self.samples(w).1, space: self.plane.outputs() };
            simd.call(AddSums { sizes, x: g, sums: bias });
        }
    }

    /// Weights of filters that see channels.
    #[inline(always)]
    fn weights<'a, S>(&self, w: &'a [S]) -> Weights<'a, S> {
        Weights {
            all: w,
            group: self.filters * self.filter(),
            filter: self.filter(),
            channel: self.plane.taps(),
            row: self.plane.columns.window.kernel,
            window: self.plane.taps(),
        }
    }

    /// Whether sums in a form can be added to what is there: those of a block are stored by themselves first, and then where they belong.
    #[inline(always)]
    fn can_add<V: Simd, S: Scalar>(&self, (lanes, images): &(Lanes, Images)) -> bool {
        match lanes {
            Lanes::Filters => self.plane.inputs() > 1,
            Lanes::Positions => rows::are_stored_apart::<V, S>(images),
            Lanes::Samples(_) => false,
        }
    }

    /// The gradients of the inputs of a batch, phase by phase: added to a sum, if there is one and the forms of all phases can do that.
    /// Returns whether they were, if all phases have a form. If not, some gradients may be those of a phase, and others of nothing.
    #[inline(always)]
    fn input_gradients<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        g: &[S],
        (dx, sum): (&mut [S], Option<&mut [S]>),
        scratch: &mut Scratch<'_, S>,
    ) -> Option<bool> {
        let (plane, (of_inputs, of_outputs)) = (&self.plane, self.samples(w));
        let samples = quotient(g.len(), of_outputs);
        let phases = || {
            let images = self.phases().map(|phase| self.outputs(w, phase).without_idle_taps());
            images.filter(|images| images.sums() > 0)
        };
        let has_idle = phases().any(|images| images.taps() == 0);
        let phases = || phases().filter(|images| images.taps() > 0);
        let weights = Weights {
            all: w,
            group: self.filters * self.filter(),
            filter: plane.taps(),
            channel: self.filter(),
            row: plane.columns.window.kernel,
            window: plane.taps(),
        };
        let strides = Strides { sample: of_inputs, channel: plane.inputs(), row: plane.columns.input, column: 1 };
        let filters = self.seen;
        let mut forms = [None; PHASES];
        let (mut count, mut is_whole, mut is_added) = (0, false, sum.is_some());
        for images in phases() {
            let form = lanes_of::<V, S>(&images, (samples, filters), self.window(), scratch);
            is_whole |= matches!(form, Some((Lanes::Samples(_), _)));
            is_added &= form.as_ref().is_some_and(|form| self.can_add::<V, S>(form));
            match (form, forms.get_mut(count)) {
                (Some(_), Some(to)) => (*to, count) = (form, count + 1),
                (Some(_), None) => is_whole = true,
                (None, _) => return None,
            }
        }
        let (dx, start) = sum.filter(|_| is_added).map_or((dx, Start::Zero), |sum| (sum, Start::Sum));
        // Phases read the same gradients, and write the same lines, while these are in the second-level cache.
        is_whole |= count == 1;
        let bytes = (of_inputs + of_outputs) * size_of::<S>();
        let some = if is_whole { samples } else { quotient(CACHED, bytes) }.max(1);
        for (g, dx) in g.parts(some * of_outputs).zip(dx.parts_mut(some * of_inputs)) {
            if has_idle && !is_added {
                dx.fill(S::ZERO);
            }
            for (index, images) in phases().enumerate() {
                let chosen = forms.get(index).copied().flatten();
                let form = chosen.or_else(|| lanes_of::<V, S>(&images, (samples, filters), self.window(), scratch));
                let (lanes, images) = form?;
                let (bias, x, y, scratch, is_rectified) = (&[][..], g, &mut *dx, &mut *scratch, false);
                Correlation { images, filters, weights, bias, x, y, strides, is_rectified, start, scratch }
                    .over(simd, lanes);
            }
        }
        Some(is_added)
    }
}
