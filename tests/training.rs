//! The trainer: learning, stopping, and errors before anything is lost.

#![cfg(feature = "std")]

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

#[test]
fn invalid_settings_are_errors() {
    let setting = |trainer: Trainer<'_, Line, MeanSquaredError, Sgd, 0>| {
        let error = trainer.fit(&points()).expect_err("training was to fail");
        assert_eq!(*error.network, START);
        assert!(error.history.epochs.is_empty());
        match error.reason {
            Error::Setting { name, .. } => name,
            other => panic!("{other}"),
        }
    };
    assert_eq!(setting(trainer(0.1).batch_size(0)), "batch size");
    assert_eq!(setting(trainer(0.1).epochs(0)), "epochs");
    assert_eq!(setting(trainer(0.1).threads(0)), "threads");
    assert_eq!(setting(trainer(0.1).early_stopping(0)), "patience");
    assert_eq!(setting(trainer(0.1).moving_average(1.0)), "decay of the moving average");
    assert_eq!(setting(trainer(0.1).penalty(Penalty::l1(-1.0))), "L1 penalty");
    assert_eq!(setting(trainer(0.1).clip(Clip::Norm(0.0))), "clip");
    assert_eq!(setting(trainer(0.1).reduce_on_plateau(Plateau::new().factor(1.0))), "factor of the plateau");
    assert_eq!(setting(trainer(-0.1)), "learning rate");

    let huber = Huber::new(-1.0);
    assert!(matches!(reason(Trainer::new(START, huber, Sgd::new(0.1)).fit(&points())), Error::Setting { .. }));

    let network = Line { weight: [[1.0]], bias: [f32::NAN] };
    let error = reason(Trainer::new(network, MeanSquaredError, Sgd::new(0.1)).fit(&points()));
    assert!(error.to_string().contains("`bias`"), "{error}");
}

#[test]
fn empty_sets_are_errors() {
    let empty = Points::from([]);
    assert!(matches!(reason(trainer(0.1).fit(&empty)), Error::Empty { set: "training" }));
    assert!(matches!(reason(trainer(0.1).validate(&empty).fit(&points())), Error::Empty { set: "validation" }));
}

#[test]
fn invalid_samples_are_errors() {
    let bad = DataSet::from([([1.0], [1.0]), ([f32::INFINITY], [1.0])]);
    assert!(matches!(reason(trainer(0.1).fit(&bad)), Error::Sample { set: "training", sample: 1, .. }));
    let bad = DataSet::from([([1.0], [f32::NAN])]);
    let error = reason(trainer(0.1).validate(&bad).fit(&points()));
    assert_eq!(error.to_string(), "the validation set, sample 0: the target: expected finite numbers, found [NaN]");

    let data = DataSet::from([([1.0, 2.0], 1), ([0.0, 1.0], 2)]);
    let error = reason(Trainer::new(Dense::<2, 2>::seeded(1), CrossEntropy, Sgd::new(0.1)).fit(&data));
    assert!(matches!(error, Error::Sample { set: "training", sample: 1, .. }));
    assert!(error.to_string().ends_with("found 2"), "{error}");
}

#[test]
fn a_sample_of_a_part_is_named_by_its_row_too() {
    let data: Points = (0..10).map(|x| x as f32).map(|x| ([x], [if x == 7.0 { f32::NAN } else { x }])).collect();
    let Split { train, test } = data.hold_out(0.5, 1).unwrap();
    let Err(TrainingError { reason, .. }) = trainer(0.1).validate(&test).fit(&train) else {
        panic!("training was to fail");
    };
    let Error::Sample { set, sample, row: 7, .. } = reason else { panic!("{reason}") };
    assert_eq!(if set == "training" { &train } else { &test }.inputs()[sample], [7.0]);
    assert!(reason.to_string().contains(" (row 7 of the original data): the target: "), "{reason}");

    let bad = DataSet::from([([1.0, 2.0], 0), ([0.0, f32::NAN], 1)]);
    let error = reason_of_fit(&bad, CrossEntropy);
    assert_eq!(error, "the training set, sample 1: the input: expected finite numbers, found NaN at element 1");
}

fn reason_of_fit(data: &DataSet<[f32; 2], usize>, loss: impl Loss<[f32; 2], usize>) -> String {
    let network = Dense::<2, 2>::seeded(1);
    reason(Trainer::new(network, loss, Sgd::new(0.1)).progress(Progress::Silent).fit(data)).to_string()
}

#[test]
fn samples_that_weigh_nothing_are_no_training() {
    let data = DataSet::from([([1.0, 2.0], 0), ([0.0, 1.0], 0)]);
    let error = reason_of_fit(&data, CrossEntropy.class_weights([0.0, 1.0]));
    assert_eq!(error, "sample weights: expected a weight above 0 in the training set, found only 0");
    let error = reason_of_fit(&data, CrossEntropy.class_weights([0.0, 0.0]));
    assert_eq!(error, "largest class weight: expected a finite number above 0, found 0");
}

#[test]
fn what_weighs_nothing_has_no_loss() {
    let network = Dense::<2, 2>::seeded(1);
    let loss = |data: &DataSet<_, _>| fnn::train::evaluate(&network, &CrossEntropy.class_weights([0.0, 1.0]), data);
    assert!(loss(&DataSet::from([])).loss.is_nan());
    let Evaluation { loss: nothing, accuracy, .. } = loss(&DataSet::from([([1.0, 2.0], 0)]));
    assert!(nothing.is_nan() && accuracy.is_some());

    // Only one of the two samples has a weight, and only its steps are points on the curve.
    let data = DataSet::from([([1.0, 2.0], 0), ([0.0, 1.0], 1)]);
    let trainer = Trainer::new(network, CrossEntropy.class_weights([0.0, 1.0]), Sgd::new(0.1)).batch_size(1);
    let curve = trainer.find_learning_rate(&data, 1e-9..=1e-8, 10).unwrap();
    let alone = network_loss(&data.inputs()[1]);
    assert_eq!(curve.points.len(), 5);
    assert!(curve.points.iter().all(|(_, smoothed)| (smoothed - alone).abs() < 1e-5), "{curve:?} and {alone}");
}

/// The loss of class 1.
fn network_loss(input: &[f32; 2]) -> f64 {
    let output = Dense::<2, 2>::seeded(1).forward(input);
    f64::from(CrossEntropy.value(&output, &1).loss)
}

#[test]
fn one_output_is_no_choice_between_classes() {
    let data = DataSet::from([([1.0], 0), ([2.0], 0)]);
    let error = reason(Trainer::new(START, CrossEntropy, Sgd::new(0.1)).fit(&data));
    assert_eq!(error.to_string(), "number of classes (outputs): expected at least 2, found 1");
}

/// `y = gain·x`, with a NaN gradient of the gain for an input of 13.
#[derive(Clone, Debug, PartialEq, fnn::Parameters)]
#[repr(C)]
struct Unlucky<S: Scalar = f32> {
    gain: [S; 1],
}

impl<S: Scalar> Layer for Unlucky<S> {
    type Input = [S; 1];
    type Output = [S; 1];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;
    const KIND: &'static str = "Unlucky";
    const MACS: u64 = 1;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; 1]], outputs: &mut [[S; 1]], (): &mut ()) {
        for ([y], [x]) in outputs.iter_mut().zip(inputs) {
            *y = self.gain[0] * *x;
        }
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; 1]],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [[S; 1]]>,
        (): &mut (),
    ) {
        let gradient = gradient.accumulator();
        for (&[g], &[x]) in output_gradients.iter().zip(recorded.inputs) {
            gradient.gain[0] += if x == S::from_f64(13.0) { S::from_f64(f64::NAN) } else { g * x };
        }
        for ([dx], &[g]) in input_gradients.into_iter().flatten().zip(output_gradients.iter()) {
            *dx = self.gain[0] * g;
        }
    }

    fn check_input([x]: &[S; 1]) -> Result<(), InvalidInput> {
        if *x < S::from_f64(100.0) { Ok(()) } else { Err(InvalidInput::new(0, "a number below 100")) }
    }
}

fnn::network! {
    #[derive(Clone, Debug)]
    struct Fragile: [1] -> [1] {
        scale: Unlucky,
        out: Dense(1),
    }
}

#[test]
fn a_nan_gradient_is_named_and_the_weights_before_it_are_kept() {
    let data: Points = (0..20).map(|x| x as f32).map(|x| ([x], [x])).collect();
    let train = |data: &Points, clip: Option<Clip>| {
        let network = Fragile { scale: Unlucky { gain: [0.1] }, out: Dense { weight: [[0.2]], bias: [0.3] } };
        let trainer = Trainer::new(network, MeanSquaredError, Sgd::new(1e-3)).batch_size(4);
        let trainer = trainer.shuffle(false).progress(Progress::Silent);
        let trainer = match clip {
            Some(clip) => trainer.clip(clip),
            None => trainer,
        };
        trainer.fit(data)
    };
    for clip in [None, Some(Clip::Norm(0.5)), Some(Clip::Value(0.5))] {
        let error = train(&data, clip).unwrap_err();
        let Error::NonFinite { epoch: 1, batch: 4, what } = &error.reason else { panic!("{error}") };
        assert_eq!(what, "the gradient of `scale.gain`");

        // The three mini-batches before it.
        let before = data.inputs().iter().copied().zip(data.targets().iter().copied()).take(12).collect();
        assert_eq!(bits(&*error.network), bits(&*train(&before, clip).unwrap().network));
    }
}

#[test]
fn an_infinite_loss_keeps_the_weights_before_it() {
    let data = DataSet::from([([1.0], [1.0]), ([2.0], [3e38])]);
    let error = trainer(0.1).batch_size(1).shuffle(false).fit(&data).unwrap_err();
    let Error::NonFinite { epoch: 1, batch: 2, what } = &error.reason else { panic!("{error}") };
    assert!(what.starts_with("the loss"), "{what}");
    let before = trainer(0.1).fit(&DataSet::from([([1.0], [1.0])])).unwrap();
    assert_eq!(bits(&*error.network), bits(&*before.network));
}

#[test]
fn weights_that_a_step_made_infinite_are_not_given_back() {
    // The first step is fine; the second, in the next epoch, overflows.
    let data = DataSet::from([([1.0], [1.0])]);
    let error = trainer(1e25).epochs(3).fit(&data).unwrap_err();
    assert!(matches!(error.reason, Error::NonFinite { epoch: 2, .. }), "{error}");
    assert!(error.network.parameters().iter().all(|weight| weight.is_finite()));
    assert_eq!(bits(&*error.network), bits(&*trainer(1e25).fit(&data).unwrap().network));
}

#[test]
fn with_early_stopping_an_error_gives_the_best_weights() {
    // The loss grows from the first epoch on, until it overflows.
    let error = trainer(3.0).full_batch().epochs(1000).early_stopping(1000).fit(&points()).unwrap_err();
    assert!(matches!(error.reason, Error::NonFinite { .. }));
    let first = trainer(3.0).full_batch().fit(&points()).unwrap();
    assert_eq!(bits(&*error.network), bits(&*first.network));
}

#[test]
fn an_error_is_an_error_and_does_not_print_the_weights() {
    fn fails() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        trainer(0.1).batch_size(0).fit(&points())?;
        Ok(())
    }
    fn fails_too() -> Result<(), Error> {
        trainer(0.1).batch_size(0).fit(&points())?;
        Ok(())
    }
    let text = "batch size: expected at least 1, found 0";
    assert_eq!(fails().unwrap_err().to_string(), text);
    assert_eq!(fails_too().unwrap_err().to_string(), text);
    // What `main` prints for an error that it returns.
    assert_eq!(format!("{:?}", fails().unwrap_err()), text);
    assert_eq!(format!("{:?}", fails_too().unwrap_err()), text);
}

/// A mean weighted by the target.
struct Weighted;

impl Loss<[f32; 1], f32> for Weighted {
    fn value(&self, [y]: &[f32; 1], weight: &f32) -> Term<f32> {
        Term { loss: weight * y, weight: *weight }
    }

    fn gradient(&self, y: &[f32; 1], weight: &f32, [gradient]: &mut [f32; 1]) -> Term<f32> {
        *gradient = *weight;
        self.value(y, weight)
    }
}

#[test]
fn a_weighted_loss_is_a_weighted_mean() {
    let data = DataSet::from([([1.0], 1.0), ([2.0], 3.0)]);
    let network = Residual { inside: Dense::<1, 1> { weight: [[0.0]], bias: [0.0] } };
    let trainer = Trainer::new(network, Weighted, Sgd::new(1.0)).progress(Progress::Silent);
    let trained = trainer.fit(&data).unwrap();
    // (1·1 + 3·2) / 4 for the weight, and (1 + 3) / 4 for the bias.
    assert_eq!(trained.network.inside, Dense { weight: [[-1.75]], bias: [-1.0] });
    assert_eq!(trained.history.epochs[0].training.loss, 1.75);
}

// Not a token.

fnn::network! { struct Words: [4] -> [2] { Embedding(10, 3), Flatten, Dense(2) } }

#[test]
fn a_token_outside_the_vocabulary_is_refused_with_its_place() {
    let data = DataSet::from([([0, 1, 2, 9], 0), ([3, 3, 10, 11], 1)]);
    let message = "the training set, sample 1: the input: expected a token below 10, found 10 at element 2";
    let train = |data: &DataSet<[u16; 4], usize>| {
        let trainer = Trainer::new(Words::seeded(1), CrossEntropy, Sgd::new(0.1)).progress(Progress::Silent);
        trainer.fit(data)
    };
    assert_eq!(reason(train(&data)).to_string(), message);
    // In the validation set, too.
    let good = DataSet::from([([0, 1, 2, 9], 0)]);
    let trainer = Trainer::new(Words::seeded(1), CrossEntropy, Sgd::new(0.1)).progress(Progress::Silent);
    let error = reason(trainer.validate(&data).fit(&good)).to_string();
    assert_eq!(error, message.replace("training", "validation"));
    assert!(train(&good).is_ok());
}

fnn::network! { struct Shaped: [1] -> [1] { Reshape(1, 1), Flatten, scale: Unlucky } }
fnn::network! { struct Nested: [1] -> [1] { inside: Shaped, skip: Residual { scale: Unlucky } } }

#[test]
fn what_a_layer_in_a_block_refuses_is_refused() {
    fn check<L: Layer<Input = [f32; 1]>>() {
        assert_eq!(L::check_input(&[99.0]), Ok(()), "{}", L::KIND);
        assert_eq!(L::check_input(&[100.0]), Err(InvalidInput::new(0, "a number below 100")), "{}", L::KIND);
    }
    check::<Fragile>();
    check::<Shaped>();
    check::<Nested>();
    check::<Residual<Unlucky>>();
    check::<Sum<Unlucky, Line>>();
    check::<Sum<Line, Unlucky>>();
    check::<Product<Line, Unlucky>>();
    check::<Concat<Line, Unlucky, [f32; 2]>>();
    check::<AwareNetwork<Unlucky>>();
}
