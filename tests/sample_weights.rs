//! Losses and trainings with sample weights, against PyTorch and scikit-learn: `tests/fixtures/sample_weights.py`.

#![cfg(feature = "std")]

#[path = "support/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;

use fixtures::{Tensors, compare};
use fnn::layers::Dense;
use fnn::losses::{
    BinaryCrossEntropy, CrossEntropy, Huber, Loss, MeanAbsoluteError, MeanSquaredError, SampleWeights, Term, Weighted,
};
use fnn::optimizers::Sgd;
use fnn::train::{GradientBuffers, Progress, evaluate};
use fnn::{DataSet, Parameters, Trainer};

type Outputs = [f64; 5];

fn weighted<T: Clone>(tensors: &Tensors, targets: &[T]) -> Vec<Weighted<T>> {
    let weights = tensors.get("weights").iter().map(|&weight| weight as f32);
    targets.iter().cloned().zip(weights).map(|(target, weight)| Weighted { target, weight }).collect()
}

fn check<T: Clone>(tensors: &Tensors, name: &str, loss: impl Loss<Outputs, T>, targets: &[T]) {
    let loss = SampleWeights(loss);
    let (mut sum, mut gradients) = (Term::default(), Vec::new());
    for (output, target) in tensors.samples::<f64, 5>("x").iter().zip(weighted(tensors, targets)) {
        assert_eq!(loss.check(&target), Ok(()));
        let mut gradient = [f64::NAN; 5];
        let term = loss.gradient(output, &target, &mut gradient);
        assert_eq!(loss.value(output, &target), term);
        sum += term;
        gradients.extend(gradient);
    }
    gradients.iter_mut().for_each(|g| *g /= sum.weight);
    compare(name, &[sum.mean()], tensors.get(&format!("{name}.loss")), 1e-14);
    compare(name, &gradients, tensors.get(&format!("{name}.grad")), 1e-14);
    if let Some(value) = tensors.find(&format!("{name}.scikit_learn")) {
        compare(name, &[sum.mean()], value, 1e-14);
    }
}

#[test]
fn weighted_losses_are_those_of_pytorch_and_scikit_learn() {
    let tensors = Tensors::read("sample_weights");
    let (classes, real, binary) = (tensors.classes("classes"), tensors.samples("real"), tensors.samples("binary"));
    check(&tensors, "cross_entropy", CrossEntropy, &classes);
    let class_weights = std::array::from_fn(|class| tensors.get("class_weights")[class]);
    check(&tensors, "weighted_cross_entropy", CrossEntropy.class_weights::<5>(class_weights), &classes);
    check(&tensors, "mean_squared_error", MeanSquaredError, &real);
    check(&tensors, "mean_absolute_error", MeanAbsoluteError, &real);
    check(&tensors, "huber", Huber::new(1.0), &real);
    check(&tensors, "binary_cross_entropy", BinaryCrossEntropy, &binary);
}

#[test]
fn balanced_weights_are_those_of_scikit_learn() {
    let tensors = Tensors::read("sample_weights");
    let samples = tensors.samples::<f64, 5>("x").into_iter().zip(tensors.classes("classes"));
    let data: DataSet<Outputs, usize> = samples.collect();
    let weights = data.class_weights::<5>();
    compare("classes", &weights, tensors.get("balanced.classes"), 1e-15);
    let of_samples: Vec<f64> = data.targets().iter().map(|&class| weights[class]).collect();
    compare("samples", &of_samples, tensors.get("balanced.samples"), 1e-15);
    assert_eq!(DataSet::from([([0.0f32], 1usize), ([0.0], 7)]).class_weights::<3>(), [0.0, 2.0 / 3.0, 0.0]);
}

/// The trainer, and the buffers for loops of one's own.
#[test]
fn a_training_with_sample_weights_takes_the_steps_of_pytorch() {
    let tensors = Tensors::read("sample_weights");
    let (inputs, targets) = (tensors.samples::<f64, 5>("x"), weighted(&tensors, &tensors.classes("classes")));
    let start = |name: &str| {
        let (mut network, weight) = (Dense::<5, 5, f64>::zeroed(), tensors.get(&format!("{name}weight")));
        network.weight = std::array::from_fn(|input| std::array::from_fn(|output| weight[5 * output + input]));
        network.bias = std::array::from_fn(|output| tensors.get(&format!("{name}bias"))[output]);
        network
    };
    let expected = start("fit.trained_");
    let loss = SampleWeights(CrossEntropy);

    let data = DataSet::new(inputs.clone(), targets.clone()).unwrap();
    let trainer = Trainer::new(start("fit."), loss, Sgd::new(0.3)).full_batch().epochs(20);
    let trained = trainer.validate(&data).progress(Progress::Silent).fit(&data).unwrap();
    compare("trainer", trained.network.parameters(), expected.parameters(), 1e-13);
    let last = trained.history.epochs[19].validation.unwrap();
    assert_eq!(evaluate(&trained.network, &loss, &data), last);

    let (mut network, mut gradient, mut buffers) = (start("fit."), Dense::zeroed(), GradientBuffers::<_, 4>::new());
    for _ in 0..20 {
        buffers.gradient(&network, &loss, &inputs, &targets, &mut gradient);
        for (weight, g) in network.parameters_mut().iter_mut().zip(gradient.parameters()) {
            *weight -= 0.3 * g;
        }
    }
    compare("own loop", network.parameters(), expected.parameters(), 1e-13);
}

/// A sample of weight 3 counts as three samples of weight 1.
#[test]
fn weights_count_samples() {
    let points: [([f32; 2], usize, f32); 3] = [([0.5, 1.0], 0, 3.0), ([-1.0, 0.25], 1, 1.0), ([2.0, -0.5], 1, 0.0)];
    let once: DataSet<_, _> = points.iter().map(|&(x, class, _)| (x, class)).collect();
    let once = once.weighted(|x, _| points.iter().find(|point| point.0 == *x).unwrap().2);
    let several = points.iter().flat_map(|&(x, class, weight)| std::iter::repeat_n((x, class), weight as usize));
    let several: DataSet<_, _> = several.collect();
    let network = Dense::<2, 2> { weight: [[0.5, -0.25], [0.125, 1.0]], bias: [0.0, 0.5] };
    let trainer = |data_weights: bool| {
        let trained = if data_weights {
            let trainer = Trainer::new(network.clone(), SampleWeights(CrossEntropy), Sgd::new(0.5)).full_batch();
            trainer.epochs(9).progress(Progress::Silent).fit(&once)
        } else {
            let trainer = Trainer::new(network.clone(), CrossEntropy, Sgd::new(0.5)).full_batch();
            trainer.epochs(9).progress(Progress::Silent).fit(&several)
        };
        trained.unwrap()
    };
    let (one, other) = (trainer(true), trainer(false));
    let expected: Vec<f64> = other.network.parameters().iter().map(|&weight| weight.into()).collect();
    compare("weights", one.network.parameters(), &expected, 1e-6);
    let loss = |trained: &fnn::train::Trained<_>| trained.history.epochs[8].training.loss;
    assert!((loss(&one) - loss(&other)).abs() < 1e-6);
}

#[test]
fn an_invalid_weight_is_an_error_about_its_sample() {
    let data = DataSet::from([([0.5f32, 1.0], 0usize), ([1.0, 2.0], 1)]);
    let fit = |weight: f32| {
        let weighted = data.clone().weighted(|_, &class| if class == 1 { weight } else { 0.0 });
        let trainer = Trainer::new(Dense::<2, 2>::zeroed(), SampleWeights(CrossEntropy), Sgd::new(0.5));
        trainer.progress(Progress::Silent).fit(&weighted).unwrap_err().to_string()
    };
    for weight in [-1.0, f32::NAN] {
        let expected = "the training set, sample 1: the target: expected a finite weight of at least 0, found Weighted";
        assert_eq!(fit(weight), format!("{expected} {{ target: 1, weight: {weight:?} }}"));
    }
    let expected = "sample weights: expected a weight above 0 in the training set, found only 0";
    assert_eq!(fit(0.0), expected);

    // Of a source that is not in memory, this is known after an epoch.
    let read = fnn::data::Source::map(data.weighted(|_, _| 0.0), |&x, target, _| (x, target));
    let trainer = Trainer::new(Dense::<2, 2>::zeroed(), SampleWeights(CrossEntropy), Sgd::new(0.5));
    let error = trainer.progress(Progress::Silent).fit(&read).unwrap_err();
    assert_eq!((error.to_string(), *error.network), (expected.into(), Dense::zeroed()));
}
