//! Targets with weights.

use super::{Loss, Term};
use crate::scalar::Scalar;
use crate::setting::InvalidSetting;
use crate::shape::Sample;

/// A target whose sample counts as `weight` samples in the loss [`SampleWeights`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weighted<T> {
    /// The target.
    pub target: T,
    /// The weight: finite and not negative.
    pub weight: f32,
}

/// Any loss, with a weight for each sample: its targets are [`Weighted`].
///
/// The loss of a batch is `Σ wₙ·lₙ / Σ wₙ`, like the mean of PyTorch's and scikit-learn's weighted losses. Where classes
/// are weighted too, the two weights are multiplied. A sample with weight 0 is ignored, even if its loss is infinite.
/// The accuracy counts samples, whatever their weights.
///
/// ```
/// use fnn::losses::{Loss, MeanSquaredError, SampleWeights, Term, Weighted};
///
/// let term = SampleWeights(MeanSquaredError).value(&[3.0], &Weighted { target: [1.0], weight: 0.5 });
/// assert_eq!(term, Term { loss: 2.0, weight: 0.5 });
/// ```
///
/// `DataSet::weighted` weights the targets of a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SampleWeights<L>(
    /// The loss of an unweighted target.
    pub L,
);

impl<O: Sample<Element: Scalar>, T, L: Loss<O, T>> Loss<O, Weighted<T>> for SampleWeights<L> {
    const TAKES_LOGITS: bool = L::TAKES_LOGITS;

    #[inline(always)]
    fn value(&self, output: &O, &Weighted { ref target, weight }: &Weighted<T>) -> Term<O::Element> {
        weigh(weight, || self.0.value(output, target))
    }

    #[inline(always)]
    fn gradient(
        &self,
        output: &O,
        &Weighted { ref target, weight }: &Weighted<T>,
        gradient: &mut O,
    ) -> Term<O::Element> {
        let term = weigh(weight, || self.0.gradient(output, target, gradient));
        let factor = O::Element::from_f64(weight.into());
        for g in gradient.elements_mut() {
            *g = if weight == 0.0 { O::Element::ZERO } else { *g * factor };
        }
        term
    }

    fn correct(&self, output: &O, target: &Weighted<T>) -> Option<bool> {
        self.0.correct(output, &target.target)
    }

    fn check(&self, target: &Weighted<T>) -> Result<(), &'static str> {
        if !(target.weight >= 0.0 && target.weight.is_finite()) {
            return Err("a finite weight of at least 0");
        }
        self.0.check(&target.target)
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        self.0.validate()
    }
}

/// The term of a sample with this weight.
#[inline(always)]
fn weigh<S: Scalar>(weight: f32, term: impl FnOnce() -> Term<S>) -> Term<S> {
    let Term { loss, weight: own } = term();
    if weight == 0.0 {
        return Term::default();
    }
    let weight = S::from_f64(weight.into());
    Term { loss: weight * loss, weight: weight * own }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::losses::{CrossEntropy, MeanSquaredError};

    #[test]
    fn a_sample_without_weight_counts_for_nothing_even_where_its_loss_is_infinite() {
        let (output, mut gradient) = ([f32::MAX, -f32::MAX], [f32::NAN; 2]);
        let target = Weighted { target: [-f32::MAX, f32::MAX], weight: 0.0 };
        assert_eq!(SampleWeights(MeanSquaredError).gradient(&output, &target, &mut gradient), Term::default());
        assert_eq!(gradient, [0.0; 2]);
        assert_eq!(SampleWeights(MeanSquaredError).value(&output, &target), Term::default());
    }

    #[test]
    fn weights_of_samples_and_of_classes_are_multiplied() {
        let loss = CrossEntropy.class_weights([1.0, 3.0]);
        let mut gradients = [[0.0f64; 2]; 2];
        let [plain, weighted] = &mut gradients;
        let once = loss.gradient(&[0.5, -0.5], &1, plain);
        let twice = SampleWeights(loss).gradient(&[0.5, -0.5], &Weighted { target: 1, weight: 2.0 }, weighted);
        assert_eq!(twice, Term { loss: 2.0 * once.loss, weight: 6.0 });
        assert_eq!(*weighted, plain.map(|g| 2.0 * g));
        assert_eq!(SampleWeights(loss).correct(&[0.5, -0.5], &Weighted { target: 0, weight: 7.0 }), Some(true));
    }

    #[test]
    fn a_weight_is_finite_and_not_negative() {
        let check =
            |target, weight| Loss::<[f32; 3], _>::check(&SampleWeights(CrossEntropy), &Weighted { target, weight });
        assert_eq!([check(2, 0.0), check(2, 7.5)], [Ok(()); 2]);
        for weight in [-1.0, f32::NAN, f32::INFINITY, -0.1] {
            assert_eq!(check(2, weight), Err("a finite weight of at least 0"));
        }
        assert_eq!(check(3, 1.0), Err("a class below the number of outputs"));
    }
}
