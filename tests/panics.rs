//! A panic in code that the trainer calls is an error, which has the network and the history.

#![cfg(feature = "std")]

mod support;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use fnn::data::{Source, from_fn};
use fnn::layers::{Gradient, Pass, Recorded};
use fnn::losses::{CrossEntropy, Loss, Term};
use fnn::optimizers::{Optimizer, Sgd};
use fnn::simd::Simd;
use fnn::train::{Progress, TrainingError};
use fnn::{Error, InvalidSetting, Layer, Parameters, Scalar, Trainer};
use support::{bits, classes};

/// Passes its inputs on, and panics on an input that is 1234.
#[derive(Clone, Debug, Parameters)]
#[repr(C)]
pub struct Fragile<const N: usize, S: Scalar = f32> {
    factor: [S; N],
}

impl<const N: usize, S: Scalar> Layer for Fragile<N, S> {
    type Input = [S; N];
    type Output = [S; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;
    const KIND: &'static str = "Fragile";
    const MACS: u64 = 0;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
        for (x, y) in inputs.iter().zip(outputs) {
            assert!(x[0] != S::from_f64(1234.0), "the layer is fragile");
            *y = *x;
        }
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; N]],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [[S; N]]>,
        (): &mut (),
    ) {
        gradient.accumulator();
        for (dy, dx) in output_gradients.iter().zip(input_gradients.into_iter().flatten()) {
            *dx = *dy;
        }
    }

    fn initialize(&mut self, _: fnn::Initializer, _: &mut fnn::Random) {
        self.factor = [S::ONE; N];
    }
}

fnn::network! {
    struct Net: [20] -> [4] { own: Fragile<20>, hidden: Dense(300), Relu, out: Dense(4) }
}

/// Cross-entropy that panics in its n-th gradient.
struct Fails<'a>(&'a AtomicUsize, usize);

impl Loss<[f32; 4], usize> for Fails<'_> {
    fn value(&self, output: &[f32; 4], target: &usize) -> Term<f32> {
        CrossEntropy.value(output, target)
    }

    fn gradient(&self, output: &[f32; 4], target: &usize, gradient: &mut [f32; 4]) -> Term<f32> {
        assert!(self.0.fetch_add(1, Relaxed) + 1 != self.1, "no gradient {}", self.1);
        CrossEntropy.gradient(output, target, gradient)
    }
}

/// Gradient descent that panics in the middle of its n-th update.
#[derive(Clone)]
struct HalfWay<'a>(&'a AtomicUsize, usize);

impl Optimizer<0> for HalfWay<'_> {
    fn update<V: Simd, S: Scalar>(&self, simd: V, step: u64, weights: &mut [S], gradient: &[S], _: [&mut [S]; 0]) {
        if self.0.fetch_add(1, Relaxed) + 1 == self.1 {
            weights.fill(S::from_f64(7.0));
            panic!("half way");
        }
        Sgd::new(0.1).update(simd, step, weights, gradient, []);
    }

    fn learning_rate(&self) -> f64 {
        0.1
    }

    fn with_learning_rate(&self, _: f64) -> Self {
        self.clone()
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        Ok(())
    }
}

fn trainer<'a, L, O: Optimizer<0>>(loss: L, optimizer: O, threads: usize) -> Trainer<'a, Net, L, O, 0> {
    let trainer = Trainer::new(Net::boxed(3), loss, optimizer).batch_size(100).epochs(4).threads(threads);
    trainer.progress(Progress::Silent)
}

/// The weights after that many epochs without a panic.
fn after_epochs(epochs: usize) -> Vec<u32> {
    if epochs == 0 {
        return bits(&*Net::boxed(3));
    }
    let trainer = trainer(CrossEntropy, Sgd::new(0.1), 1).epochs(epochs);
    bits(&*trainer.fit(&classes::<20, 4>(500, 1)).unwrap().network)
}

fn check(error: &TrainingError<Net>, message: &str, epochs: usize) {
    assert_eq!(error.to_string(), format!("the training panicked: {message}"));
    assert!(matches!(error.reason, Error::Panic { .. }));
    assert_eq!(error.history.epochs.len(), epochs);
    assert!(bits(&*error.network) == after_epochs(epochs), "{message}: the network is that after {epochs} epochs");
}

#[test]
fn a_panic_gives_the_network_back_whoever_panics() {
    let data = classes::<20, 4>(500, 1);
    for threads in [1, 3] {
        // In the second epoch's callback.
        let trainer = || trainer(CrossEntropy, Sgd::new(0.1), threads);
        let error = trainer().on_epoch(|end| {
            assert!(end.epoch.number < 2, "the callback, in epoch {}", end.epoch.number);
            ControlFlow::Continue(())
        });
        check(&error.fit(&data).unwrap_err(), "the callback, in epoch 2", 2);

        // In the third step of the third epoch: in the loss, a layer and the optimizer.
        let counter = AtomicUsize::new(0);
        let error = self::trainer(Fails(&counter, 1250), Sgd::new(0.1), threads).fit(&data).unwrap_err();
        check(&error, "no gradient 1250", 2);
        let reads = AtomicUsize::new(0);
        let broken = (&data).augment(|input, _, _| {
            if reads.fetch_add(1, Relaxed) == 1250 {
                input[0] = 1234.0;
            }
        });
        check(&trainer().fit(&broken).unwrap_err(), "the layer is fragile", 2);
        let updates = AtomicUsize::new(0);
        trainer().fit(&data).unwrap();
        self::trainer(CrossEntropy, HalfWay(&updates, usize::MAX), threads).fit(&data).unwrap();
        let (each, updates) = (updates.into_inner() / 20, AtomicUsize::new(0));
        let half_way = HalfWay(&updates, each * 12 + each / 2 + 1);
        let error = self::trainer(CrossEntropy, half_way, threads).fit(&data).unwrap_err();
        check(&error, "half way", 2);
    }
}

/// A source panics while the step before it is taken, so the steps before are complete.
#[test]
fn a_panic_in_a_source_leaves_a_network_without_a_half_step() {
    let data = classes::<20, 4>(500, 1);
    for threads in [1, 3] {
        let panics = from_fn(500, |index, random, input: &mut [f32; 20]| {
            assert!(index != 77, "no sample {index}");
            data.read(index, random, input)
        });
        let error = trainer(CrossEntropy, Sgd::new(0.1), threads).shuffle(false).fit(&panics).unwrap_err();
        assert_eq!(error.to_string(), "the training panicked: no sample 77");
        assert!(bits(&*error.network) == after_epochs(0));
        let late = from_fn(500, |index, random, input: &mut [f32; 20]| {
            assert!(index != 377, "no sample {index}");
            data.read(index, random, input)
        });
        let error = trainer(CrossEntropy, Sgd::new(0.1), threads).shuffle(false).fit(&late).unwrap_err();
        assert_eq!(error.to_string(), "the training panicked: no sample 377");
        let three_steps = trainer(CrossEntropy, Sgd::new(0.1), 1).shuffle(false).epochs(1);
        let three_steps = three_steps.fit(&(&data).take(300)).unwrap();
        assert!(bits(&*error.network) == bits(&*three_steps.network));
    }
}

/// With early stopping, the network has the best weights, however training ends.
#[test]
fn the_best_weights_survive_a_panic() {
    let data = classes::<20, 4>(500, 1);
    let trainer = trainer(CrossEntropy, Sgd::new(0.1), 1).early_stopping(3).on_epoch(|end| {
        assert!(end.epoch.number < 3, "enough");
        ControlFlow::Continue(())
    });
    let error = trainer.fit(&data).unwrap_err();
    assert_eq!(error.to_string(), "the training panicked: enough");
    // The callback of the third epoch comes before its weights are compared.
    assert_eq!((error.history.epochs.len(), error.history.kept), (3, Some(2)));
    assert!(bits(&*error.network) == after_epochs(2));
}
