//! Batch norm folding: batch norms merged into the layers before them, as a type of its own.

use crate::chunks::Chunks;
use crate::image::Channels;
use crate::layer::Layer;
use crate::layers::{BatchNorm, Bias, Concat, Conv, Dense, Image, Product, Residual, Sum, Windows};
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::parameters::Parameters;

/// A network that can be converted for inference: the same outputs, without the batch norms that can be merged into
/// the layers before them.
///
/// In inference, a batch norm scales and shifts each channel by constants, which can be merged into the weights of a
/// linear layer before it: `norm(x·W + b) = x·(W·f) + (b − μ)·f + β` with `f = γ / √(σ² + ε)`, per channel. The
/// outputs are equal up to rounding. Jacob et al., "Quantization and training of neural networks for efficient
/// integer-arithmetic-only inference", CVPR 2018, section 3.2.
///
/// Every network declared with `network!` implements it. In [`Folded`],
/// - a `BatchNorm` right after a `Dense` or a convolution is removed, and that layer has a bias;
/// - the same applies inside `Residual`, `Sum`, `Product` and `Concat`, and inside nested networks (except those that take a const
///   parameter of the outer network, which are unchanged);
/// - any other `BatchNorm` is unchanged, for example one after an activation or at the input;
/// - a custom layer is unchanged, unless it implements this trait;
/// - layers keep their names, such as `folded.conv1.weight`.
///
/// The result is an ordinary network: its size is known at compile time, it can be placed in flash, it is `no_std`,
/// and it can even be trained. It derives the same traits as the original.
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
    /// The folded network.
    type Folded: Layer<Scalar = Self::Scalar, Input = Self::Input, Output = Self::Output>;

    /// Write all weights of the folded network.
    fn fold_into(&self, folded: &mut Self::Folded);

    /// Fold the network and return it by value: a compile error above 256 KiB of weights.
    #[must_use]
    fn fold_batch_norm(&self) -> Self::Folded {
        const { assert_small::<Self::Folded>() }
        let mut folded = Self::Folded::zeroed();
        self.fold_into(&mut folded);
        folded
    }

    /// Fold the network into a box, built in place on the heap, for networks of any size.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn fold_batch_norm_boxed(&self) -> alloc::boxed::Box<Self::Folded> {
        let mut folded = Self::Folded::zeroed_box();
        self.fold_into(&mut folded);
        folded
    }
}

/// The folded form of a network: see [`FoldBatchNorm`].
pub type Folded<N> = <N as FoldBatchNorm>::Folded;

/// Check at compile time that a network fits on the stack.
#[track_caller]
const fn assert_small<L>() {
    assert!(
        size_of::<L>() <= 256 * 1024,
        "the folded network is too large for the stack: build it on the heap with `fold_batch_norm_boxed()`"
    );
}

/// A linear layer into which `N`, the layer right after it, can be merged.
pub trait FoldWith<N>: Layer {
    /// The merged layer.
    type Folded: Layer<Scalar = Self::Scalar, Input = Self::Input, Output = Self::Output>;

    /// Write the weights of the merged layer.
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
        let filters = self.weight.parameters().blocks(filter);
        for ((folded, weights), channel) in
            folded.weight.parameters_mut().blocks_mut(filter).zip(filters).zip(norm.channels())
        {
            for (folded, &weight) in folded.iter_mut().zip(weights) {
                *folded = weight * channel.factor;
            }
        }
        fold_bias(self.bias.parameters(), norm, folded.bias.parameters_mut());
    }
}

/// `(b − μ)·f + β`, with b = 0 for a layer without a bias.
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

impl<S, F, G> FoldBatchNorm for Sum<F, G>
where
    S: Scalar,
    F: FoldBatchNorm<Scalar = S, Input: Sample<Element = S>>,
    G: FoldBatchNorm<Scalar = S, Input = F::Input, Output = F::Output>,
{
    type Folded = Sum<F::Folded, G::Folded>;

    fn fold_into(&self, folded: &mut Self::Folded) {
        self.first.fold_into(&mut folded.first);
        self.second.fold_into(&mut folded.second);
    }
}

impl<S, F, G> FoldBatchNorm for Product<F, G>
where
    S: Scalar,
    F: FoldBatchNorm<Scalar = S, Output: Channels<Element = S>, Input: Sample<Element = S>>,
    G: FoldBatchNorm<Scalar = S, Output: Channels<Element = S>, Input = F::Input>,
{
    type Folded = Product<F::Folded, G::Folded>;

    fn fold_into(&self, folded: &mut Self::Folded) {
        self.first.fold_into(&mut folded.first);
        self.second.fold_into(&mut folded.second);
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

/// Whether a layer is known to have a folded form (`true`) or treated as having none (`false`).
pub trait FoldIf<const FOLDS: bool>: Layer {
    /// The folded form, or the layer unchanged.
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

/// The weights of an unchanged layer.
pub fn copy_weights<P: Parameters>(layer: &P, copy: &mut P) {
    crate::kernels::copy(layer.parameters(), copy.parameters_mut());
}
