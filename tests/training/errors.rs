//! What is refused before a training, and what ends one with an error.

use super::*;

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
