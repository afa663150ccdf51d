//! Losses: how far outputs are from their targets, and the gradient that training follows. One loss per file.
//!
//! | loss | outputs | targets | for |
//! |---|---|---|---|
//! | [`CrossEntropy`] | scores `[S; N]` | a class `usize`, or probabilities `[S; N]` | one of several classes |
//! | [`WeightedCrossEntropy`] | the same | the same | rare classes, label smoothing |
//! | [`Focal`] | scores `[S; N]` | a class `usize` | classes of which most samples are easy |
//! | [`KullbackLeibler`] | scores `[S; N]` | probabilities `[S; N]` | distillation |
//! | [`BinaryCrossEntropy`] | scores of any shape | 0 or 1, or probabilities, of the same shape | independent yes-or-no outputs |
//! | [`BinaryFocal`] | the same | the same | yes-or-no outputs of which most are easy |
//! | [`Hinge`] | scores of any shape, or `[S; N]` | −1 or 1 of the same shape, or a class `usize` | answers that need a margin |
//! | [`MeanSquaredError`] | any shape | the same shape | regression |
//! | [`MeanAbsoluteError`] | any shape | the same shape | regression with outliers; the median |
//! | [`Huber`] | any shape | the same shape | regression with a few outliers |
//! | [`CosineSimilarity`] | any shape | the same shape | directions, such as embeddings |
//! | [`SampleWeights`] | those of another loss | its targets as [`Weighted`] | samples of different importance |
//!
//! Scores are logits: a network that ends in `Softmax` or `Sigmoid` is a compile error with these losses.

mod binary_cross_entropy;
mod cosine_similarity;
mod cross_entropy;
mod elements;
mod focal;
mod hinge;
mod huber;
mod kullback_leibler;
mod mean_absolute_error;
mod mean_squared_error;
mod weighted;

use core::ops::AddAssign;

pub use binary_cross_entropy::BinaryCrossEntropy;
pub use cosine_similarity::CosineSimilarity;
pub use cross_entropy::{CrossEntropy, WeightedCrossEntropy};
pub use focal::{BinaryFocal, Focal};
pub use hinge::Hinge;
pub use huber::Huber;
pub use kullback_leibler::KullbackLeibler;
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_squared_error::MeanSquaredError;
pub use weighted::{SampleWeights, Weighted};

use crate::kernels::{dispatch, operation, scale};
use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, SEVERAL};
use crate::shape::Sample;

/// A loss: a number per sample that training minimizes, and its gradient with respect to the outputs.
///
/// The loss of a batch is the weighted mean `Σ wₙ·lₙ / Σ wₙ`. All weights are 1 unless classes are weighted, or
/// samples ([`SampleWeights`]). The pairing of outputs and targets is checked at compile time: `Loss<[f32; 10], usize>` compares
/// ten scores with a class index.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot compare outputs `{Output}` with targets `{Target}`",
    label = "this loss doesn't take these outputs with these targets",
    note = "`CrossEntropy`, `Focal` and `Hinge` compare scores `[f32; N]` with a class `usize`; all losses but `Focal` \
            compare outputs with targets of the same type, such as scores with probabilities `[f32; N]`",
    note = "`WeightedCrossEntropy<N>` has N class weights, and takes N outputs"
)]
pub trait Loss<Output: Sample<Element: Scalar>, Target>: Send + Sync {
    /// Whether the loss expects logits. It is then a compile error to train a network whose outputs are probabilities
    /// ([`OutputKind`](crate::layers::OutputKind)). The error shows in `cargo build` and `cargo test`, not in
    /// `cargo check`: the pair of loss and network is only known when code is generated.
    const TAKES_LOGITS: bool = false;

    /// The loss of one sample.
    fn value(&self, output: &Output, target: &Target) -> Term<Output::Element>;

    /// The loss of one sample. Writes the gradient of `weight · loss` with respect to the outputs to `gradient`.
    fn gradient(&self, output: &Output, target: &Target, gradient: &mut Output) -> Term<Output::Element>;

    /// [`gradient`](Self::gradient) and [`correct`](Self::correct) of each sample, in order, with the same bits.
    #[doc(hidden)]
    #[inline(always)]
    fn gradients(
        &self,
        outputs: &[Output],
        targets: &[Target],
        gradients: &mut [Output],
        mut each: impl FnMut(Term<Output::Element>, Option<bool>),
    ) where
        Self: Sized,
    {
        for ((output, target), gradient) in outputs.iter().zip(targets).zip(gradients) {
            each(self.gradient(output, target, gradient), self.correct(output, target));
        }
    }

    /// Whether the output is correct, where that is defined: for example, whether the highest score is that of the
    /// target class.
    fn correct(&self, _output: &Output, _target: &Target) -> Option<bool> {
        None
    }

    /// Validate a target. The trainer calls this before training.
    ///
    /// # Errors
    /// A description of a valid target, such as "a class below 10".
    fn check(&self, _target: &Target) -> Result<(), &'static str> {
        Ok(())
    }

    /// Validate the settings for outputs of this scalar type. The trainer calls this before training.
    ///
    /// # Errors
    /// The first invalid setting.
    fn validate(&self) -> Result<(), InvalidSetting> {
        Ok(())
    }
}

/// Check that there are at least two classes; a single yes-or-no output takes [`BinaryCrossEntropy`].
fn check_classes(number: usize) -> Result<(), InvalidSetting> {
    SEVERAL.check::<f64>("number of classes (outputs)", number as f64)
}

/// The contribution of one sample to a mean loss, or a sum of contributions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Term<S> {
    /// weight · loss
    pub loss: S,
    /// The weight of the sample.
    pub weight: S,
}

impl<S: Scalar> Term<S> {
    /// The loss of a sample with weight 1.
    #[inline(always)]
    pub const fn of(loss: S) -> Self {
        Self { loss, weight: S::ONE }
    }

    /// Σ weight·loss / Σ weight, or 0 without samples.
    #[inline(always)]
    #[must_use]
    pub fn mean(self) -> S {
        if self.weight > S::ZERO { self.loss / self.weight } else { self.loss }
    }

    /// Whether the gradient of the sum equals that of the mean, as in a batch of one.
    #[inline(always)]
    pub(crate) fn is_mean(self) -> bool {
        self.weight <= S::ZERO || self.weight == S::ONE
    }

    /// Turn the gradient of the sum into that of the mean: divide it by the total weight.
    #[inline(always)]
    pub(crate) fn average(self, gradient: &mut [S]) {
        if !self.is_mean() {
            dispatch(Scale { factor: S::ONE / self.weight, values: gradient });
        }
    }
}

operation! {
    /// Scale numbers by a factor, dispatched to the best instruction set.
    struct Scale<'a, S: Scalar;> {
        factor: S,
        values: &'a mut [S],
    }
    fn run(self, simd: V) {
        scale(simd, self.factor, self.values);
    }
}

impl<S: Scalar> AddAssign for Term<S> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        self.loss += other.loss;
        self.weight += other.weight;
    }
}
