//! Batch normalization.

use crate::graph::{Attribute, Node};
use crate::image::Channels;
use crate::kernels::Simd;
use crate::kernels::channels::{Activate, Backward, Identity, Measure, Normalize, Scales, Sizes};
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::setting::epsilon;
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Role, Roles};

/// Normalizes each channel to mean 0 and variance 1, then scales and shifts it by learned weights.
///
/// `y[c] = w[c] · x̂[c] + b[c]` with `x̂ = (x − μ) / √(σ² + ε)`, for samples `A` of any shape whose outermost axis is
/// the channels: `[S; C]`, `[[S; length]; C]`, `[[[S; columns]; rows]; C]`.
///
/// - In training (`forward_train`), μ and σ² are a channel's mean and variance over the samples of the batch and over
///   the positions in them, `m` numbers in all. Backward, `dw[c] = Σ g·x̂`, `db[c] = Σ g`, and
///   `dx = w / √(σ² + ε) · (g − db/m − x̂·dw/m)`.
/// - In inference (`forward`), they are the running statistics, and a sample doesn't depend on the others. A linear
///   layer right before it can absorb this: see [`fold_batch_norm`](crate::network::FoldBatchNorm).
///
/// # Running statistics
/// They move by a fraction, the *momentum* (0.1), towards a mini-batch's mean and its variance (the unbiased one, with
/// m − 1 degrees of freedom; normalization uses m). They have no gradient. Instead, [`Layer::backward`] adds the
/// batch's statistics to the gradient's fields of the same name, so that accumulators sum them in a fixed order,
/// and [`Parameters::absorb`] updates the running statistics once per optimizer step.
///
/// # Mini-batches of more than one chunk
/// A batch is what passes through the layer at once: the trainer splits mini-batches of more than 32 samples into
/// chunks of at most 32 (in networks of more than 131,072 weights, those of more than 64 into chunks of at most 64) of
/// equal size, and each chunk is normalized by itself ("ghost batches"; Hoffer, Hubara and Soudry, "Train longer,
/// generalize better", NeurIPS 2017, found that this generalises better than larger batches). The running statistics
/// move once, towards the mean over all chunks. To normalize over more samples, pass a larger batch to a
/// [`GradientBuffers`](crate::train::GradientBuffers) that has room for it.
///
/// # Batches of one
/// A batch with a single number per channel has no variance: the output would be b for every input. So the trainer
/// rejects mini-batches of one sample of shape `[C]`, including the last one of an epoch, with an
/// [`Error::Setting`](crate::Error::Setting); memory for one such sample, as
/// [`InPlaceBuffers<_, 1>`](crate::train::InPlaceBuffers), is a compile error where it is used to train; and in your
/// own loop, a last batch of one outputs b, and leaves the running statistics alone.
///
/// # Frozen statistics
/// `BatchNorm(frozen)` is trained as inference runs it: the running statistics are constants, stored under the
/// same names, and gradients pass through them: `dw[c] = Σ g·x̂`, `db[c] = Σ g`, `dx = w / √(σ² + ε) · g`. Use it for
/// fine-tuning, and for training on a chip one sample at a time; load the weights from a file, or from a network in
/// whose declaration it isn't frozen. `#[split(…, statistics = frozen)]` freezes those of the trained part.
///
/// Declared as `BatchNorm`, `BatchNorm(frozen)` or `BatchNorm(epsilon = 1e-5, momentum = 0.1)`. `4·C + 1` numbers,
/// `2·C` of them trained; one multiply-accumulate per element of `A`. Ioffe and Szegedy, "Batch normalization:
/// accelerating deep network training by reducing internal covariate shift", ICML 2015.
///
/// ```
/// use fnn::{Network, layers::BatchNorm};
///
/// let mut norm = BatchNorm::<[f32; 2]>::seeded(1);
/// norm.running_mean = [5.0, 0.0];
/// norm.running_var = [4.0, 1.0];
/// let [first, second] = norm.forward(&[9.0, 3.0]);
/// assert!((first - 2.0).abs() < 1e-4 && (second - 3.0).abs() < 1e-4);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct BatchNorm<
    A: Channels,
    const EPSILON: u64 = { f64::to_bits(1e-5) },
    const MOMENTUM: u64 = { f64::to_bits(0.1) },
    const FROZEN: bool = false,
> {
    /// The scale of each normalized channel.
    pub weight: A::Each,
    /// The shift of each normalized channel.
    pub bias: A::Each,
    /// The mean of each channel that inference subtracts.
    pub running_mean: A::Each,
    /// The variance of each channel that inference normalizes by.
    pub running_var: A::Each,
    /// How many mini-batches the running statistics have seen.
    pub num_batches_tracked: A::Element,
}

/// A layer whose statistics can be frozen, with the same weights in the same layout.
pub trait FreezeStatistics: Parameters {
    /// The layer with its running statistics as constants.
    type Frozen: Parameters<Scalar = Self::Scalar>;
}

impl<S: Scalar, A: Channels<Element = S>, const EPSILON: u64, const MOMENTUM: u64, const FROZEN: bool> FreezeStatistics
    for BatchNorm<A, EPSILON, MOMENTUM, FROZEN>
{
    type Frozen = BatchNorm<A, EPSILON, MOMENTUM, true>;
}

/// How inference transforms a channel: `y = (x − mean) · factor + bias`.
pub(crate) struct Channel<S> {
    pub(crate) factor: S,
    pub(crate) mean: S,
    pub(crate) bias: S,
}

/// A finished forward pass of training: the inputs, what the activation after it gave, and the batch's statistics.
pub(super) struct Finished<'a, A: Channels> {
    pub(super) inputs: &'a [A],
    pub(super) outputs: &'a [A],
    pub(super) statistics: &'a (A::Each, A::Each),
}

/// How many per-channel arrays precede the running statistics, and how many running statistics there are.
const TRAINED: usize = 2;
const RUNNING: usize = 2;

// SAFETY: `repr(C)`, and all fields are scalars or arrays of scalars.
unsafe impl<S: Scalar, A: Channels<Element = S>, const EPSILON: u64, const MOMENTUM: u64, const FROZEN: bool> Parameters
    for BatchNorm<A, EPSILON, MOMENTUM, FROZEN>
{
    type Scalar = S;

    const LAYOUT: Layout = Layout::Fields(
        const {
            &[
                Field::new("weight", A::Each::LAYOUT),
                Field::new("bias", A::Each::LAYOUT),
                Field::new("running_mean", A::Each::LAYOUT),
                Field::new("running_var", A::Each::LAYOUT),
                Field::new("num_batches_tracked", Layout::Count),
            ]
        },
    );

    fn roles(start: usize, visitor: &mut impl Roles) {
        let end = start + TRAINED * A::CHANNELS;
        visitor(Role::Vector, start..end);
        visitor(Role::RunningStatistics, end..end + RUNNING * A::CHANNELS + 1);
    }

    fn absorb(&mut self, gradient: &Self) {
        let samples = gradient.num_batches_tracked;
        if samples > S::ZERO {
            let momentum = S::from_f64(f64::from_bits(MOMENTUM));
            let follow = |running: &mut A::Each, sums: &A::Each| {
                for (running, &sum) in running.parameters_mut().iter_mut().zip(sums.parameters()) {
                    *running += momentum * (sum / samples - *running);
                }
            };
            follow(&mut self.running_mean, &gradient.running_mean);
            follow(&mut self.running_var, &gradient.running_var);
            self.num_batches_tracked += S::ONE;
        }
    }
}

impl<S: Scalar, A: Channels<Element = S>, const EPSILON: u64, const MOMENTUM: u64, const FROZEN: bool>
    BatchNorm<A, EPSILON, MOMENTUM, FROZEN>
{
    /// `1 / √(σ² + ε)`
    #[inline(always)]
    fn inverse_deviation(variance: S) -> S {
        S::ONE / (variance + epsilon::<S, EPSILON>()).sqrt()
    }

    /// How inference transforms each channel.
    pub(crate) fn channels(&self) -> impl Iterator<Item = Channel<S>> {
        let scales = self.weight.parameters().iter().zip(self.running_var.parameters());
        let centres = self.running_mean.parameters().iter().zip(self.bias.parameters());
        scales.zip(centres).map(|((&weight, &variance), (&mean, &bias))| Channel {
            factor: weight * Self::inverse_deviation(variance),
            mean,
            bias,
        })
    }

    const SIZES: Sizes = Sizes { length: A::LENGTH, space: A::SPACE };

    #[inline(always)]
    fn scales(&self) -> Scales<'_, S> {
        let epsilon = epsilon::<S, EPSILON>();
        Scales { weight: self.weight.parameters(), bias: self.bias.parameters(), epsilon }
    }

    /// Inference, and an activation; `scale` is scratch.
    #[inline(always)]
    pub(super) fn normalize<V: Simd>(
        &self,
        simd: V,
        activation: impl Activate,
        (inputs, outputs): (&[A], &mut [A]),
        scale: &mut A::Each,
    ) {
        Normalize {
            sizes: Self::SIZES,
            scales: self.scales(),
            activation,
            mean: self.running_mean.parameters(),
            variance: self.running_var.parameters(),
            x: A::flat(inputs),
            y: A::flat_mut(outputs),
            scale: scale.parameters_mut(),
        }
        .call(simd);
    }

    /// The forward pass of training, and an activation; `scale` is scratch.
    #[inline(always)]
    pub(super) fn measure<V: Simd>(
        &self,
        simd: V,
        activation: impl Activate,
        (inputs, outputs): (&[A], &mut [A]),
        (mean, variance): &mut (A::Each, A::Each),
        scale: &mut A::Each,
    ) {
        if FROZEN {
            return self.normalize(simd, activation, (inputs, outputs), scale);
        }
        Measure {
            sizes: Self::SIZES,
            scales: self.scales(),
            activation,
            mean: mean.parameters_mut(),
            variance: variance.parameters_mut(),
            x: A::flat(inputs),
            y: A::flat_mut(outputs),
            scale: scale.parameters_mut(),
        }
        .call(simd);
    }

    /// The backward pass, that of an activation first: from the gradients of its outputs to those of the inputs. Without memory for
    /// these, they overwrite the others.
    #[inline(always)]
    pub(super) fn differentiate<V: Simd>(
        &self,
        simd: V,
        activation: impl Activate,
        finished: Finished<'_, A>,
        (output_gradients, input_gradients): (&mut [A], Option<&mut [A]>),
        gradient: &mut Self,
        (by_weight, by_bias): &mut (A::Each, A::Each),
    ) {
        let Finished { inputs, outputs, statistics } = finished;
        let (mean, variance) =
            if FROZEN { (&self.running_mean, &self.running_var) } else { (&statistics.0, &statistics.1) };
        let (mean, variance) = (mean.parameters(), variance.parameters());
        let (by_weight, by_bias) = (by_weight.parameters_mut(), by_bias.parameters_mut());
        Backward {
            sizes: Self::SIZES,
            scales: self.scales(),
            activation,
            mean,
            variance,
            is_frozen: FROZEN,
            x: A::flat(inputs),
            y: A::flat(outputs),
            g: A::flat_mut(output_gradients),
            dx: input_gradients.map(A::flat_mut),
            by_weight: &mut *by_weight,
            by_bias: &mut *by_bias,
        }
        .call(simd);
        add(gradient.weight.parameters_mut(), S::ONE, by_weight);
        add(gradient.bias.parameters_mut(), S::ONE, by_bias);
        let numbers = inputs.len() * A::SPACE;
        if !FROZEN && numbers > 1 {
            let samples = S::from_f64(inputs.len() as f64);
            let unbiased = S::from_f64(numbers as f64 / (numbers - 1) as f64);
            add(gradient.running_mean.parameters_mut(), samples, mean);
            add(gradient.running_var.parameters_mut(), samples * unbiased, variance);
            gradient.num_batches_tracked += samples;
        }
    }
}

impl<S: Scalar, A: Channels<Element = S>, const EPSILON: u64, const MOMENTUM: u64, const FROZEN: bool> Layer
    for BatchNorm<A, EPSILON, MOMENTUM, FROZEN>
{
    type Input = A;
    type Output = A;
    /// The batch's mean and variance of each channel.
    type Tape<const B: usize> = (A::Each, A::Each);
    /// Two numbers for each channel.
    type Workspace<const B: usize> = (A::Each, A::Each);
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "BatchNorm";
    const MACS: u64 = A::LENGTH as u64;
    const READS_OUTPUTS: bool = false;
    const SMALLEST_BATCH: usize = if FROZEN || A::SPACE > 1 { 1 } else { 2 };
    const GRAPH: Node = Node::layer::<Self>(
        const {
            &[
                Attribute::word("statistics", if FROZEN { "frozen" } else { "batch" }),
                Attribute::bits("epsilon", EPSILON),
                Attribute::bits("momentum", MOMENTUM),
            ]
        },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[A],
        outputs: &mut [A],
        (scale, _): &mut (A::Each, A::Each),
    ) {
        self.normalize(simd, Identity, (inputs, outputs), scale);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[A],
        outputs: &mut [A],
        statistics: &mut (A::Each, A::Each),
        (scale, _): &mut (A::Each, A::Each),
    ) {
        self.measure(pass.simd, Identity, (inputs, outputs), statistics, scale);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [A],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        sums: &mut (A::Each, A::Each),
    ) {
        let finished = Finished { inputs: recorded.inputs, outputs: recorded.outputs, statistics: recorded.tape };
        let gradients = (output_gradients, input_gradients);
        self.differentiate(pass.simd, Identity, finished, gradients, gradient.accumulator(), sums);
    }

    /// The identity, with running statistics of mean 0 and variance 1.
    fn initialize(&mut self, _: Initializer, _: &mut Random) {
        self.weight.parameters_mut().fill(S::ONE);
        self.running_var.parameters_mut().fill(S::ONE);
    }
}

/// `y += factor · x`
#[inline(always)]
fn add<S: Scalar>(y: &mut [S], factor: S, x: &[S]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}
