//! Losses: how far outputs are from targets, and in which direction to correct them. One kind a file.

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

use crate::kernels::{dispatch, operation, scale};
use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, SEVERAL};
use crate::shape::Sample;

/// A loss: a number for each sample that training makes smaller, and its gradient by the sample's outputs.
///
/// The loss of a batch is the weighted mean `Σ wₙ·lₙ / Σ wₙ`. Every weight is 1, but where classes are weighted.
/// Which targets go with which outputs is known at compile time: `Loss<[f32; 10], usize>` compares ten scores with
/// the number of a class.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot compare outputs `{Output}` with targets `{Target}`",
    label = "this loss doesn't take these outputs with these targets",
    note = "`CrossEntropy`, `Focal` and `Hinge` compare scores `[f32; N]` with a class `usize`; all losses but `Focal` \
            compare outputs with targets of the same type: `CrossEntropy` scores with probabilities `[f32; N]`, say",
    note = "`WeightedCrossEntropy<N>` has N class weights, and takes N outputs"
)]
pub trait Loss<Output: Sample<Element: Scalar>, Target>: Send + Sync {
    /// Whether it takes logits. Such a loss of a network whose outputs are probabilities
    /// ([`OutputKind`](crate::layers::OutputKind)) is a compile error, which `cargo build` and `cargo test` show, and
    /// `cargo check` doesn't: only a build knows which loss goes with which network.
    const TAKES_LOGITS: bool = false;

    /// The loss of one sample.
    fn value(&self, output: &Output, target: &Target) -> Term<Output::Element>;

    /// The loss of one sample, and into `gradient` the gradient of `weight · loss` by its outputs.
    fn gradient(&self, output: &Output, target: &Target, gradient: &mut Output) -> Term<Output::Element>;

    /// Whether the output is right, where the question has an answer: whether the highest score is the target's
    /// class, say.
    fn correct(&self, _output: &Output, _target: &Target) -> Option<bool> {
        None
    }

    /// What is wrong with a target: what was expected, where something else was found. Checked before training.
    ///
    /// # Errors
    /// A sentence of what was expected of such a target, as "a class below 10".
    fn check(&self, _target: &Target) -> Result<(), &'static str> {
        Ok(())
    }

    /// That the settings are valid for outputs of this scalar, in which they are used. Checked before training.
    ///
    /// # Errors
    /// The first setting that is invalid.
    fn validate(&self) -> Result<(), InvalidSetting> {
        Ok(())
    }
}

/// That there are outputs to choose between: one that answers yes or no takes [`BinaryCrossEntropy`].
fn check_classes(number: usize) -> Result<(), InvalidSetting> {
    SEVERAL.check::<f64>("number of classes, which is that of the outputs", number as f64)
}

/// One sample's part of a mean loss, or a sum of such parts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Term<S> {
    /// weight · loss
    pub loss: S,
    /// The weight that the sample counts with.
    pub weight: S,
}

impl<S: Scalar> Term<S> {
    /// The loss of a sample that counts as 1.
    #[inline(always)]
    pub const fn of(loss: S) -> Self {
        Self { loss, weight: S::ONE }
    }

    /// Σ weight·loss / Σ weight, and 0 of nothing.
    #[inline(always)]
    #[must_use]
    pub fn mean(self) -> S {
        if self.weight > S::ZERO { self.loss / self.weight } else { self.loss }
    }

    /// Whether a gradient of the sum is that of the mean already. A batch of one is its own mean.
    #[inline(always)]
    pub(crate) fn is_mean(self) -> bool {
        self.weight <= S::ZERO || self.weight == S::ONE
    }

    /// Divide the sum's gradient by the weight of the sum: the gradient of the mean.
    #[inline(always)]
    pub(crate) fn average(self, gradient: &mut [S]) {
        if !self.is_mean() {
            dispatch(Scale { factor: S::ONE / self.weight, values: gradient });
        }
    }
}

operation! {
    /// Numbers times a factor, to run with the best instruction set.
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
