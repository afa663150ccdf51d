//! The trainer: learning, stopping, and errors before anything is lost.

#![cfg(feature = "std")]

#[path = "training/errors.rs"]
mod errors;
mod support;

use std::ops::ControlFlow;

use approx::assert_relative_eq;
use fnn::data::Split;
use fnn::layers::{Concat, Dense, InvalidInput, Product, Residual, Sum};
use fnn::optimizers::{Sgd, State};
use fnn::quantized::AwareNetwork;
use fnn::{
    DataSet, Error, Layer, Parameters, Scalar,
    layers::{Gradient, Pass, Recorded},
    losses::{Loss, Term},
    simd::Simd,
    train::{EpochEnd, Evaluation, Progress, Stopped},
};
use fnn::{
    Network, Trainer,
    train::{Trained, TrainingError},
};
use fnn::{
    losses::{CrossEntropy, Huber, MeanSquaredError},
    optimizers::{Adam, Clip, Optimizer, Penalty, Plateau, Schedule},
    train::GradientBuffers,
};
use support::{bits, classes};

type Line = Dense<1, 1>;
type Points = DataSet<[f32; 1], [f32; 1]>;

const START: Line = Line { weight: [[0.5]], bias: [0.25] };

fn points() -> Points {
    DataSet::from([([-1.0], [0.3]), ([0.0], [1.1]), ([0.5], [1.4]), ([1.0], [2.9]), ([2.0], [4.6])])
}

fn trainer<'a>(rate: f64) -> Trainer<'a, Line, MeanSquaredError, Sgd, 0> {
    Trainer::new(START, MeanSquaredError, Sgd::new(rate)).progress(Progress::Silent)
}

fn reason<N, O>(result: Result<O, TrainingError<N>>) -> Error {
    result.err().map(|error| error.reason).expect("training was to fail")
}

// Learning.

fnn::network! {
    #[derive(Clone)]
    struct Normalised: [3] -> [2] {
        Dense(4),
        BatchNorm,
        Tanh,
        Dense(2),
    }
}

/// 33 samples are two chunks of 17 and 16, not one of 32 and one of a single sample, which has no variance.
#[test]
fn batch_norms_see_chunks_of_one_size() {
    let data = classes::<3, 2>(33, 1);
    let mut expected = Normalised::seeded(1);
    let trained = Trainer::new(expected.clone(), CrossEntropy, Sgd::new(0.5))
        .full_batch()
        .shuffle(false)
        .progress(Progress::Silent)
        .fit(&data)
        .unwrap();

    let mut gradient = Normalised::zeroed();
    let mut memory = GradientBuffers::<Normalised, 17>::new();
    for (inputs, targets) in data.inputs().chunks(17).zip(data.targets().chunks(17)) {
        let mut part = Normalised::zeroed();
        memory.gradient(&expected, &CrossEntropy, inputs, targets, &mut part);
        let share = inputs.len() as f32 / 33.0;
        gradient.parameters_mut().iter_mut().zip(part.parameters()).for_each(|(sum, part)| *sum += share * part);
    }
    Sgd::new(0.5).step(&mut expected, &gradient, &mut State::new());
    for (weight, expected) in trained.network.parameters().iter().zip(expected.parameters()) {
        assert_relative_eq!(weight, expected, epsilon = 1e-6);
    }
}

#[test]
fn exclusive_or_is_learnt() {
    fnn::network! {
        struct Xor: [2] -> [1] {
            hidden: Dense(8),
            Tanh,
            out: Dense(1),
        }
    }

    let xor = DataSet::from([([0.0, 0.0], [0.0]), ([0.0, 1.0], [1.0]), ([1.0, 0.0], [1.0]), ([1.0, 1.0], [0.0])]);
    for seed in 0..5 {
        let trained = Trainer::new(Xor::seeded(seed), MeanSquaredError, Adam::new(0.02))
            .batch_size(4)
            .epochs(500)
            .seed(seed)
            .progress(Progress::Silent)
            .fit(&xor)
            .unwrap();
        let loss = fnn::train::evaluate(&*trained.network, &MeanSquaredError, &xor).loss;
        assert!(loss < 0.01, "seed {seed}: {loss}");
    }
}

/// Slope and intercept from the normal equations.
fn least_squares(points: &Points) -> (f64, f64) {
    let n = points.len() as f64;
    let x = || points.inputs().iter().map(|[x]| f64::from(*x));
    let y = || points.targets().iter().map(|[y]| f64::from(*y));
    let (mean_x, mean_y) = (x().sum::<f64>() / n, y().sum::<f64>() / n);
    let covariance: f64 = x().zip(y()).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = x().map(|x| (x - mean_x) * (x - mean_x)).sum();
    let slope = covariance / variance;
    (slope, mean_y - slope * mean_x)
}

#[test]
fn a_linear_regression_reaches_the_closed_form() {
    let network = trainer(0.3).full_batch().epochs(300).fit(&points()).unwrap().network;
    let (slope, intercept) = least_squares(&points());
    assert_relative_eq!(f64::from(network.weight[0][0]), slope, epsilon = 1e-5);
    assert_relative_eq!(f64::from(network.bias[0]), intercept, epsilon = 1e-5);
}

#[test]
fn in_f64_it_reaches_the_closed_form_to_eleven_digits() {
    let wide = |[x]: &[f32; 1]| [f64::from(*x)];
    let data: DataSet<[f64; 1], [f64; 1]> =
        points().inputs().iter().map(wide).zip(points().targets().iter().map(wide)).collect();
    let network = Trainer::new(Dense::<1, 1, f64>::zeroed(), MeanSquaredError, Sgd::new(0.3))
        .full_batch()
        .epochs(300)
        .progress(Progress::Silent)
        .fit(&data)
        .unwrap()
        .network;
    let (slope, intercept) = least_squares(&points());
    assert_relative_eq!(network.parameters(), &[slope, intercept][..], epsilon = 1e-11);
}

#[test]
fn one_step_is_the_mean_gradient_times_the_learning_rate() {
    // For the first two points, y − t is −0.55 and −0.85; for the third, alone in the second batch, it follows.
    let data = DataSet::from([([-1.0], [0.3]), ([0.0], [1.1]), ([0.5], [1.4])]);
    let network = trainer(0.1).batch_size(2).shuffle(false).fit(&data).unwrap().network;
    let (w, b) = (0.5 - 0.1 * 0.55, 0.25 + 0.1 * 1.4);
    let error = 0.5 * w + b - 1.4;
    assert_relative_eq!(network.weight[0][0], w - 0.1 * 2.0 * error * 0.5, epsilon = 1e-6);
    assert_relative_eq!(network.bias[0], b - 0.1 * 2.0 * error, epsilon = 1e-6);
}

#[test]
fn a_full_batch_is_a_mini_batch_of_all_samples() {
    let data = classes::<4, 3>(150, 1);
    let train = |batch_size| {
        Trainer::new(Dense::<4, 3>::seeded(1), CrossEntropy, Sgd::new(0.1))
            .batch_size(batch_size)
            .epochs(3)
            .progress(Progress::Silent)
            .fit(&data)
            .unwrap()
            .network
    };
    assert_eq!(bits(&*train(150)), bits(&*train(usize::MAX)));
    assert_ne!(bits(&*train(150)), bits(&*train(149)));
}

#[test]
fn each_epoch_has_its_own_order_unless_told_otherwise() {
    let train = |shuffle| {
        let mut weights = Vec::new();
        let trained = trainer(0.1).batch_size(1).shuffle(shuffle).seed(5).fit(&points()).unwrap();
        weights.push(bits(&*trained.network));
        weights
    };
    assert_ne!(train(true), train(false));
    // By hand, in the order of the set.
    let mut line = START;
    for ([x], [t]) in points().inputs().iter().zip(points().targets()) {
        let error = line.forward(&[*x])[0] - t;
        line.weight[0][0] -= 0.1 * 2.0 * error * x;
        line.bias[0] -= 0.1 * 2.0 * error;
    }
    let network = trainer(0.1).batch_size(1).shuffle(false).fit(&points()).unwrap().network;
    assert_relative_eq!(network.parameters(), line.parameters(), epsilon = 1e-6);
}

#[test]
fn the_history_is_the_running_loss_and_the_validation_after_it() {
    let data = points();
    let trained = trainer(0.1).full_batch().epochs(3).validate(&data).fit(&data).unwrap();
    let epochs = &trained.history.epochs;
    assert_eq!(epochs.iter().map(|epoch| epoch.number).collect::<Vec<_>>(), [1, 2, 3]);
    // With one step per epoch, the running loss is the loss before the step, which is that after the previous epoch.
    let at_first = fnn::train::evaluate(&START, &MeanSquaredError, &data);
    assert_relative_eq!(epochs[0].training.loss, at_first.loss, epsilon = 1e-6);
    for pair in epochs.windows(2) {
        assert_relative_eq!(pair[1].training.loss, pair[0].validation.unwrap().loss, epsilon = 1e-6);
    }
    assert!(epochs.iter().all(|epoch| epoch.training.accuracy.is_none() && epoch.monitored.is_none()));
}

#[test]
fn accuracy_is_the_share_of_right_samples() {
    let data = DataSet::from([([1.0, 0.0], 0), ([0.0, 1.0], 1), ([3.0, 2.0], 0), ([1.0, 2.0], 0)]);
    let identity = Dense::<2, 2> { weight: [[1.0, 0.0], [0.0, 1.0]], bias: [0.0; 2] };
    let Evaluation { accuracy, .. } = fnn::train::evaluate(&identity, &CrossEntropy, &data);
    assert_eq!(accuracy, Some(0.75));
    let trained = Trainer::new(identity, CrossEntropy, Sgd::new(1e-9)).progress(Progress::Silent).fit(&data).unwrap();
    assert_eq!(trained.history.epochs[0].training.accuracy, Some(0.75));
    // The trained network is in a box, and passed as it is.
    assert_eq!(fnn::train::evaluate(&trained.network, &CrossEntropy, &data).accuracy, Some(0.75));
    assert!(trained.history.to_string().contains("75.00 %"));
}

// Stopping.

#[test]
fn early_stopping_restores_the_weights_of_the_smallest_loss() {
    // The training set pulls the line away from the validation set, which it fits on the way.
    let (train, test) = (DataSet::from([([1.0], [10.0])]), DataSet::from([([1.0], [3.0])]));
    let trained = trainer(0.01).epochs(50).validate(&test).early_stopping(3).fit(&train).unwrap();
    let losses: Vec<f64> = trained.history.epochs.iter().map(|epoch| epoch.monitored.unwrap()).collect();
    let best = trained.history.best().unwrap().number;
    assert!((2..40).contains(&best), "{best}");
    assert_eq!(losses.len(), best + 3);
    assert_eq!((trained.history.stopped, trained.history.kept), (Some(Stopped::EarlyStopping), Some(best)));
    assert_eq!(fnn::train::evaluate(&*trained.network, &MeanSquaredError, &test).loss, losses[best - 1]);
}

#[test]
fn early_stopping_restores_the_best_when_epochs_run_out_or_a_callback_stops() {
    let (train, test) = (DataSet::from([([1.0], [10.0])]), DataSet::from([([1.0], [3.0])]));
    let stop_at = |last: usize, epochs: usize| {
        let stop = move |end: &EpochEnd<'_, Line>| {
            if end.epoch.number == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        trainer(0.01).epochs(epochs).validate(&test).early_stopping(100).on_epoch(stop).fit(&train).unwrap()
    };
    for Trained { network, history, .. } in [stop_at(0, 20), stop_at(20, 100)] {
        assert_eq!(history.epochs.len(), 20);
        let best = history.best().unwrap();
        assert!(best.number < 20);
        assert_eq!(history.kept, Some(best.number));
        assert_eq!(fnn::train::evaluate(&*network, &MeanSquaredError, &test).loss, best.monitored.unwrap());
    }
}

#[test]
fn without_a_validation_set_early_stopping_measures_the_training_set_after_the_epoch() {
    // The step is too large: every epoch is worse than the one before.
    let trained = trainer(0.8).full_batch().epochs(50).early_stopping(2).fit(&points()).unwrap();
    assert_eq!(trained.history.epochs.len(), 3);
    let after = fnn::train::evaluate(&*trained.network, &MeanSquaredError, &points()).loss;
    assert_eq!(trained.history.epochs[0].monitored, Some(after));
    assert!(trained.history.epochs[0].validation.is_none());
}

#[test]
fn on_a_plateau_the_learning_rate_falls_and_a_schedule_multiplies_it() {
    // No loss is ten times smaller than the previous one.
    let plateau = Plateau::new().factor(0.5).patience(0).threshold(0.9);
    let sgd = Sgd::new(0.25).scheduled(Schedule::exponential(0.5));
    let trainer = Trainer::new(START, MeanSquaredError, sgd).progress(Progress::Silent);
    let trained = trainer.full_batch().epochs(4).reduce_on_plateau(plateau).fit(&points()).unwrap();
    let rates: Vec<f64> = trained.history.epochs.iter().map(|epoch| epoch.learning_rate).collect();
    assert_eq!(rates, [0.25, 0.125, 0.031_25, 0.007_812_5]);
    let mut by_hand = Box::new(START);
    for rate in rates {
        let trainer = Trainer::new(by_hand, MeanSquaredError, Sgd::new(rate)).progress(Progress::Silent);
        by_hand = trainer.full_batch().fit(&points()).unwrap().network;
    }
    assert_eq!(bits(&*trained.network), bits(&*by_hand));
}

#[test]
fn a_plateau_goes_by_the_validation_set_if_there_is_one() {
    let (train, test) = (points(), DataSet::from([([0.5], [0.0])]));
    let trainer = trainer(0.05).validate(&test).reduce_on_plateau(Plateau::new().patience(1)).epochs(20);
    let epochs = trainer.fit(&train).unwrap().history.epochs;
    let (mut plateau, mut rate) = (Plateau::new().patience(1), 0.05);
    for epoch in epochs {
        assert_eq!((epoch.learning_rate, epoch.monitored), (rate, epoch.validation.map(|after| after.loss)));
        rate = plateau.see(epoch.validation.unwrap().loss, rate);
    }
    assert!(rate < 0.05);
}

#[test]
fn the_moving_average_is_validated_and_returned() {
    let data = points();
    let run = |epochs| {
        let trainer = trainer(0.05).batch_size(2).epochs(epochs).validate(&data);
        trainer.moving_average(0.9).fit(&data).unwrap()
    };
    let Trained { network, history, .. } = run(5);
    let measured = |network: &Line| Some(fnn::train::evaluate(network, &MeanSquaredError, &data));
    assert_eq!(history.epochs[4].validation, measured(&network));
    assert_eq!(history.epochs[2].validation, measured(&run(3).network));
    // The steps are the same as without it.
    let plain = trainer(0.05).batch_size(2).epochs(5).fit(&data).unwrap();
    let losses =
        |history: &fnn::train::History| history.epochs.iter().map(|epoch| epoch.training.loss).collect::<Vec<_>>();
    assert_eq!(losses(&plain.history), losses(&history));
    assert_ne!(plain.network, network);
}

#[test]
fn with_early_stopping_the_best_average_is_given_back() {
    let data = points();
    let trainer = trainer(0.3).batch_size(1).epochs(60).moving_average(0.5).early_stopping(2);
    let Trained { network, history, .. } = trainer.fit(&data).unwrap();
    let best = history.best().unwrap();
    assert!(best.number < history.epochs.len());
    assert_eq!(Some(fnn::train::evaluate(&*network, &MeanSquaredError, &data).loss), best.monitored);
}

/// Full-batch gradient descent on a parabola converges for learning rates up to 2 over its largest curvature.
#[test]
fn the_learning_rate_finder_finds_what_a_parabola_bears() {
    let data = points();
    let full = || trainer(0.1).full_batch();
    let curve = full().find_learning_rate(&data, 1e-4..=100.0, 120).unwrap();
    let ratio = 1e6f64.powf(1.0 / 119.0);
    for (step, &(rate, _)) in curve.points.iter().enumerate() {
        assert_relative_eq!(rate, 1e-4 * ratio.powi(step as i32), max_relative = 1e-12);
    }
    let loss = fnn::train::evaluate(&START, &MeanSquaredError, &data).loss;
    assert_relative_eq!(curve.points[0].1, loss, max_relative = 1e-6);
    // The mean over x of 2·[x, 1]ᵀ[x, 1], whose larger eigenvalue is:
    let (xx, x, one) = (2.0 * 6.25 / 5.0, 2.0 * 2.5 / 5.0, 2.0f64);
    let largest = (xx + one) / 2.0 + (((xx - one) / 2.0f64).powi(2) + x * x).sqrt();
    let bearable = 2.0 / largest;
    let suggestion = curve.suggestion().unwrap();
    assert!(suggestion < bearable && suggestion > bearable / 30.0, "{suggestion} of {bearable}");
    let &(last, _) = curve.points.last().unwrap();
    assert!(last > bearable && curve.points.len() < 120, "it ends at {last}");
    // The network is unchanged.
    let trainer = full();
    trainer.find_learning_rate(&data, 1e-4..=100.0, 120).unwrap();
    assert_eq!(bits(&*trainer.fit(&data).unwrap().network), bits(&*full().fit(&data).unwrap().network));
}

#[test]
fn the_learning_rate_finder_goes_on_through_epochs_and_refuses_nonsense() {
    let data = points();
    let curve = trainer(0.1).batch_size(2).find_learning_rate(&data, 1e-9..=1e-8, 20).unwrap();
    assert_eq!(curve.points.len(), 20);
    for (rates, steps) in [(0.0..=1.0, 9), (1.0..=0.5, 9), (0.1..=f64::INFINITY, 9), (0.1..=1.0, 2)] {
        assert!(matches!(trainer(0.1).find_learning_rate(&data, rates, steps), Err(Error::Setting { .. })));
    }
    assert!(matches!(trainer(0.1).find_learning_rate(&DataSet::from([]), 0.1..=1.0, 9), Err(Error::Empty { .. })));
}

#[test]
fn callbacks_see_each_epoch_and_one_of_them_can_stop() {
    let (mut seen, mut weights) = (Vec::new(), Vec::new());
    let trained = trainer(0.1)
        .epochs(10)
        .on_epoch(|end| {
            seen.push(end.epoch.clone());
            assert_eq!(end.history.epochs, seen);
            weights.push(end.network.clone());
            ControlFlow::Continue(())
        })
        .on_epoch(|end| if end.epoch.number < 4 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        .fit(&points())
        .unwrap();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen, trained.history.epochs);
    assert_eq!(trained.history.stopped, Some(Stopped::Callback));
    assert_eq!(weights.last(), Some(&*trained.network));
    assert_eq!(weights.first(), Some(&*trainer(0.1).fit(&points()).unwrap().network));
}

// Errors.
