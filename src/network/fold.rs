//! Batch norms folded into the layers before them: the network for inference, as a type of its own.

use crate::image::Channels;
use crate::layer::Layer;
use crate::layers::{BatchNorm, Bias, Concat, Conv, Dense, Image, ProjectedResidual, Residual, Windows};
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::parameters::Parameters;

/// A network that becomes another one for inference: with the same answers, and without the batch norms that the layers
/// before them can take over.
///
/// In inference, a batch norm multiplies each channel with a number and adds another one, which a linear layer before it
/// can do by its own weights: `norm(x·W + b) = x·(W·f) + (b − μ)·f + β` with `f = γ / √(σ² + ε)`, channel by channel.
/// The outputs differ by what rounding does. Jacob and others, "Quantization and training of neural networks for
/// efficient integer-arithmetic-only inference", CVPR 2018, section 3.2.
///
/// Every network that `network!` declares implements it. In [`Folded`],
/// - a `BatchNorm` right after a `Dense`, `Conv2d`, `DepthwiseConv2d` or `Conv1d` is gone, and that layer has a bias;
/// - the same inside of `Residual` and `Concat`, and inside of networks that are layers of the network (but for those to
///   which it passes on a const parameter, which stay as they are);
/// - any other `BatchNorm` stays as it is, as the one after an activation or in front of all layers;
/// - a layer of your own stays as it is, unless it implements this trait;
/// - layers keep their names, so that `folded.conv1.weight` is what it looks like.
///
/// It is a network like any other: of known size, in flash, `no_std`; it can even be trained. What it derives is what the
/// network derives.
///
/// ```
/// use fnn::Folded;
///
/// fnn::network! {
///     struct Filter: [1, 8] -> [4, 6] {
///         conv: Conv1d(4, kernel = 3, bias = false),
///         norm: BatchNorm,
///         Relu,
///     }
/// }
///
/// let network = Filter::seeded(1);
/// let folded: Folded<Filter> = network.fold_batch_norm();
/// let (one, other) = (network.forward(&[[0.5; 8]])[2][3], folded.forward(&[[0.5; 8]])[2][3]);
/// assert!((one - other).abs() < 1e-6);
/// assert_eq!(Filter::PARAMETERS, 4 * 3 + (4 * 4 + 1));
/// assert_eq!(Folded::<Filter>::FLASH, 4 * (4 * 3 + 4));
/// ```
#[diagnostic::on_unimplemented(
    message = "the batch norms of `{Self}` cannot be folded",
    label = "this type does not implement `FoldBatchNorm`",
    note = "`network!` implements it for every network; implement it yourself for a layer of your own"
)]
pub trait FoldBatchNorm: Layer {
    /// The network for inference.
    type Folded: Layer<Scalar = Self::Scalar, Input = Self::Input, Output = Self::Output>;

    /// Write the weights of the network for inference: all of them.
    fn fold_into(&self, folded: &mut Self::Folded);

    /// The network for inference, on the stack, which is why this is a compile error above 256 KiB of weights.
    #[must_use]
    fn fold_batch_norm(&self) -> Self::Folded {
        const { assert_small::<Self::Folded>() }
        let mut folded = Self::Folded::zeroed();
        self.fold_into(&mut folded);
        folded
    }

    /// The network for inference, built in place on the heap, whatever its size.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn fold_batch_norm_boxed(&self) -> alloc::boxed::Box<Self::Folded> {
        let mut folded = Self::Folded::zeroed_box();
        self.fold_into(&mut folded);
        folded
    }
}

/// The network that a network becomes for inference: see [`FoldBatchNorm`].
pub type Folded<N> = <N as FoldBatchNorm>::Folded;

/// Judge, at compile time, that a network may pass through the stack.
#[track_caller]
const fn assert_small<L>() {
    assert!(
        size_of::<L>() <= 256 * 1024,
        "the folded network is too large for the stack: build it on the heap with `fold_batch_norm_boxed()`"
    );
}

/// A linear layer that can do what `N`, right after it, does.
pub trait FoldWith<N>: Layer {
    /// What does both.
    type Folded: Layer<Scalar = Self::Scalar, Input = Self::Input, Output = Self::Output>;

    /// Write the weights of what does both.
    fn fold_with(&self, norm: &N, folded: &mut Self::Folded);
}

impl<
    const I: usize,
    const O: usize,
    S: Scalar,
    B: Bias<[S; O]>,
    const EPSILON: u64,
    const MOMENTUM: u64,
    const FROZEN: bool,
> FoldWith<BatchNorm<[S; O], EPSILON, MOMENTUM, FROZEN>> for Dense<I, O, S, B>
{
    type Folded = Dense<I, O, S>;

    fn fold_with(&self, norm: &BatchNorm<[S; O], EPSILON, MOMENTUM, FROZEN>, folded: &mut Dense<I, O, S>) {
        for (folded, weights) in folded.weight.iter_mut().zip(&self.weight) {
            for ((folded, &weight), channel) in folded.iter_mut().zip(weights).zip(norm.channels()) {
                *folded = weight * channel.factor;
            }
        }
        fold_bias(self.bias.parameters(), norm, &mut folded.bias);
    }
}

impl<S, I, O, W, K, B, const EPSILON: u64, const MOMENTUM: u64, const FROZEN: bool>
    FoldWith<BatchNorm<O, EPSILON, MOMENTUM, FROZEN>> for Conv<I, O, W, K, B>
where
    S: Scalar,
    I: Image<Element = S>,
    O: Image<Element = S>,
    O::Each: Bias<O::Each>,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    K: Windows,
    B: Bias<O::Each>,
{
    type Folded = Conv<I, O, W, K>;

    fn fold_with(&self, norm: &BatchNorm<O, EPSILON, MOMENTUM, FROZEN>, folded: &mut Conv<I, O, W, K>) {
        let filter = const { if W::LENGTH < O::CHANNELS { 1 } else { W::LENGTH / O::CHANNELS } };
        let filters = self.weight.parameters().chunks_exact(filter);
        for ((folded, weights), channel) in
            folded.weight.parameters_mut().chunks_exact_mut(filter).zip(filters).zip(norm.channels())
        {
            for (folded, &weight) in folded.iter_mut().zip(weights) {
                *folded = weight * channel.factor;
            }
        }
        fold_bias(self.bias.parameters(), norm, folded.bias.parameters_mut());
    }
}

/// `(b − μ)·f + β`, where b is 0 if there is none.
fn fold_bias<S: Scalar, A: Channels<Element = S>, const EPSILON: u64, const MOMENTUM: u64, const FROZEN: bool>(
    bias: &[S],
    norm: &BatchNorm<A, EPSILON, MOMENTUM, FROZEN>,
    folded: &mut [S],
) {
    let bias = bias.iter().copied().chain(core::iter::repeat(S::ZERO));
    for ((folded, bias), channel) in folded.iter_mut().zip(bias).zip(norm.channels()) {
        *folded = (bias - channel.mean) * channel.factor + channel.bias;
    }
}

impl<L> FoldBatchNorm for Residual<L>
where
    L: FoldBatchNorm<Input: Sample<Element = L::Scalar>, Output = <L as Layer>::Input>,
{
    type Folded = Residual<L::Folded>;

    fn fold_into(&self, folded: &mut Self::Folded) {
        self.inside.fold_into(&mut folded.inside);
    }
}

impl<S, L, P> FoldBatchNorm for ProjectedResidual<L, P>
where
    S: Scalar,
    L: FoldBatchNorm<Scalar = S, Input: Sample<Element = S>>,
    P: FoldBatchNorm<Scalar = S, Input = L::Input, Output = L::Output>,
{
    type Folded = ProjectedResidual<L::Folded, P::Folded>;

    fn fold_into(&self, folded: &mut Self::Folded) {
        self.inside.fold_into(&mut folded.inside);
        self.projection.fold_into(&mut folded.projection);
    }
}

impl<S, F, G, O> FoldBatchNorm for Concat<F, G, O>
where
    S: Scalar,
    F: FoldBatchNorm<Scalar = S, Output: Channels<Element = S>, Input: Sample<Element = S>>,
    G: FoldBatchNorm<Scalar = S, Output: Channels<Element = S>, Input = F::Input>,
    O: Channels<Element = S>,
{
    type Folded = Concat<F::Folded, G::Folded, O>;

    fn fold_into(&self, folded: &mut Self::Folded) {
        self.first.fold_into(&mut folded.first);
        self.second.fold_into(&mut folded.second);
    }
}

/// What is known to have a folded form (`true`), or taken not to have one (`false`).
pub trait FoldIf<const FOLDS: bool>: Layer {
    /// The folded form, or the layer as it is.
    type Folded: Layer<Scalar = Self::Scalar, Input = Self::Input, Output = Self::Output>;

    /// Write its weights.
    fn fold_if(&self, folded: &mut Self::Folded);
}

impl<L: FoldBatchNorm> FoldIf<true> for L {
    type Folded = L::Folded;

    fn fold_if(&self, folded: &mut L::Folded) {
        self.fold_into(folded);
    }
}

impl<L: Layer> FoldIf<false> for L {
    type Folded = Self;

    fn fold_if(&self, folded: &mut Self) {
        copy_weights(self, folded);
    }
}

/// The weights of a layer that stays as it is.
pub fn copy_weights<P: Parameters>(layer: &P, copy: &mut P) {
    crate::kernels::copy(layer.parameters(), copy.parameters_mut());
}
