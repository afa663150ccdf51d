//! Losses that are not in `tests/reference.rs`, against PyTorch: `tests/fixtures/losses.py`.
//!
//! The absolute deviation of losses and gradients from PyTorch's results in `f64` is at most 1e-5 in `f32` and 1e-9 in `f64`.
//! `--nocapture` prints it.

#[path = "support/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;

use fixtures::{Tensors, compare};
use fnn::{
    Scalar,
    losses::{BinaryFocal, CosineSimilarity, Focal, Hinge, KullbackLeibler, Loss, Term},
};

/// Five outputs.
type Outputs<S> = [S; 5];

/// A loss, and the gradient of its mean with respect to the outputs.
struct Reference<S> {
    tensors: Tensors,
    outputs: Vec<Outputs<S>>,
    tolerance: f64,
}

impl<S: Scalar> Reference<S> {
    fn new(tolerance: f64) -> Self {
        let tensors = Tensors::read("losses");
        let outputs = tensors.samples("x");
        Self { tensors, outputs, tolerance }
    }

    fn samples(&self, name: &str) -> Vec<Outputs<S>> {
        self.tensors.samples(name)
    }

    #[track_caller]
    fn check<T>(&self, name: &str, loss: &impl Loss<Outputs<S>, T>, targets: &[T]) {
        assert_eq!(self.outputs.len(), targets.len());
        assert_eq!(loss.validate(), Ok(()));
        let share = S::from_f64(1.0 / targets.len() as f64);
        let (mut sum, mut gradients) = (Term::default(), Vec::new());
        for (output, target) in self.outputs.iter().zip(targets) {
            assert_eq!(loss.check(target), Ok(()));
            let mut gradient = [S::MAX; 5];
            let term = loss.gradient(output, target, &mut gradient);
            assert_eq!(loss.value(output, target), term);
            sum += term;
            gradients.extend(gradient.map(|g| g * share));
        }
        let value = compare(name, &[sum.mean()], self.tensors.get(&format!("{name}.loss")), self.tolerance);
        let gradient = compare(name, &gradients, self.tensors.get(&format!("{name}.grad")), self.tolerance);
        println!("{name:<24} {} {:.1e}", core::any::type_name::<S>(), value.max(gradient));
    }
}

fn check_all<S: Scalar>(tolerance: f64) {
    let mut reference = Reference::<S>::new(tolerance);
    let classes = reference.tensors.classes("classes");
    let (binary, soft, signs) = (reference.samples("binary"), reference.samples("soft"), reference.samples("signs"));
    for gamma in [0.0, 0.5, 1.0, 2.0, 5.0] {
        reference.check(&format!("focal.{gamma}"), &Focal::new(gamma), &classes);
        reference.check(&format!("binary_focal.{gamma}"), &BinaryFocal::new(gamma), &binary);
    }
    reference.check("focal.2", &Focal::default(), &classes);
    reference.check("binary_focal.default", &BinaryFocal::default(), &binary);
    reference.check("binary_focal.soft", &BinaryFocal::new(1.5).alpha(0.7), &soft);
    reference.check("cosine_similarity", &CosineSimilarity, &reference.samples("real"));
    for margin in [1.0, 0.5] {
        reference.check(&format!("hinge.{margin}"), &Hinge::new(margin), &signs);
        reference.check(&format!("hinge_squared.{margin}"), &Hinge::new(margin).squared(), &signs);
        reference.check(&format!("margin.{margin}"), &Hinge::new(margin), &classes);
        reference.check(&format!("margin_squared.{margin}"), &Hinge::new(margin).squared(), &classes);
    }
    let distributions = reference.samples("distributions");
    reference.check("kullback_leibler", &KullbackLeibler, &distributions);
    // Logarithms of probabilities are logits of the same probabilities.
    reference.outputs = reference.samples("log_x");
    reference.check("kullback_leibler", &KullbackLeibler, &distributions);
}

#[test]
fn losses_are_those_of_pytorch() {
    check_all::<f32>(1e-5);
    check_all::<f64>(1e-9);
}
