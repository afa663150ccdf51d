//! Every loss and every optimizer.

use core::hint::black_box;

use fnn::losses::*;
use fnn::optimizers::*;
use fnn::train::GradientBuffers;

use crate::memory::{Training, training};

fnn::network! {
    #[derive(Clone)]
    struct Small: [4] -> [3] {
        hidden: Dense(8),
        Relu,
        scores: Dense(3),
    }
}

/// A loss with targets of this type.
#[inline(never)]
fn loss<T: 'static>(loss: &impl Loss<[f32; 3], T>, target: T) {
    let Training { network, gradient, inputs, .. } = training::<Small, 1>();
    let mut buffers = GradientBuffers::<Small, 1>::new();
    black_box(buffers.gradient(network, black_box(loss), inputs, &[black_box(target)], gradient));
    black_box(loss.correct(&[0.5; 3], &target_of(inputs)).is_some());
}

/// A target from anywhere.
fn target_of<T>(_: &[[f32; 4]; 1]) -> T {
    // SAFETY: never run.
    unsafe { core::mem::zeroed() }
}

/// A step of an optimizer.
#[inline(never)]
fn optimizer<O: Optimizer<SLOTS>, const SLOTS: usize>(optimizer: O) {
    let Training { network, gradient, .. } = training::<Small, 1>();
    let mut state = State::new();
    black_box(&optimizer).step(network, gradient, black_box(&mut state));
    let scheduled = optimizer.clone().scheduled(black_box(Schedule::cosine(9).warm_up(3)));
    black_box(&scheduled).step(network, gradient, black_box(&mut state));
    black_box(&optimizer.decay_weights_only()).step(network, gradient, black_box(&mut state));
}

pub(crate) fn all() {
    let scores = [0.1, 0.2, 0.7];
    loss(&CrossEntropy, 2);
    loss(&CrossEntropy, scores);
    loss(&CrossEntropy.label_smoothing::<3>(0.1), 1);
    loss(&CrossEntropy.class_weights([1.0, 2.0, 3.0]), scores);
    loss(&Focal::new(2.0), 1);
    loss(&BinaryFocal::new(2.0).alpha(0.3), scores);
    loss(&BinaryCrossEntropy, scores);
    loss(&Hinge::new(1.0), 1);
    loss(&Hinge::new(1.0).squared(), scores);
    loss(&Huber::new(1.0), scores);
    loss(&KullbackLeibler, scores);
    loss(&CosineSimilarity, scores);
    loss(&MeanAbsoluteError, scores);
    loss(&MeanSquaredError, scores);
    optimizer(Sgd::new(0.1));
    optimizer(Sgd::new(0.1).momentum(0.9));
    optimizer(Adam::new(0.1));
    optimizer(AdamW::new(0.1));
    optimizer(AmsGrad::new(0.1));
    optimizer(Adagrad::new(0.1));
    optimizer(RmsProp::new(0.1));
    optimizer(RmsProp::new(0.1).momentum(0.9));
    optimizer(Lion::new(0.1));
    around();
}

/// What a training loop calls between gradient and step.
#[inline(never)]
fn around() {
    let Training { network, gradient, .. } = training::<Small, 1>();
    Penalty::elastic(1e-4, 1e-4).weights_only().add_gradient(network, gradient);
    Clip::Norm(1.0).apply(gradient);
    Clip::Value(1.0).apply(gradient);
    let mut average = MovingAverage::new();
    average.update(network, Decay::new(0.9).warm_up());
    black_box(average.network.forward(&[0.5; 4]));
    let mut plateau = Plateau::new().patience(2);
    black_box(plateau.see(black_box(1.0), 0.1));
}
