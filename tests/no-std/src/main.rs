//! Declares, trains and checks a network without a heap and without the standard library.
//!
//! There is no allocator: anything that uses `alloc` or `std` doesn't compile or link. Exits with 0 on success, and aborts on a
//! panic.
#![no_std]
#![no_main]

use core::fmt::Write;
use core::panic::PanicInfo;

use fnn::{
    Folded, Network, gradient_check,
    losses::{BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError},
    optimizers::{Adam, AdamW, Clip, MovingAverage, Optimizer, Penalty, Plateau, Schedule, Sgd, State},
    train::GradientBuffers,
};

fnn::network! {
    /// Takes two numbers and returns whether exactly one of them is large.
    #[derive(Clone, Debug, PartialEq)]
    struct Xor: [2] -> [1] {
        hidden: Dense(8),
        Tanh,
        logit: Dense(1),
    }
}

fnn::network! {
    struct Inner: [6] -> [6] {
        Dense(6, bias = false),
        Silu,
    }
}

fnn::network! {
    struct Deep: [2, 3] -> [4] {
        Flatten,
        inner: Inner,
        Residual { Dense(3), Gelu, Dense(6) },
        Softplus,
        logits: Dense(4),
    }
}

fnn::network! {
    struct Normalised: [2, 5] -> [3] {
        Conv1d(4, kernel = 3, bias = false),
        BatchNorm,
        Relu,
        Flatten,
        Dense(3),
        BatchNorm,
    }
}

const INPUTS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
const TARGETS: [[f32; 1]; 4] = [[0.0], [1.0], [1.0], [0.0]];

/// Whether XOR is learned by minimizing `loss`.
fn learns<const SLOTS: usize>(loss: &impl Loss<[f32; 1], [f32; 1]>, optimizer: &impl Optimizer<SLOTS>) -> bool {
    let (mut network, mut gradient) = (Xor::seeded(1), Xor::zeroed());
    let mut memory = GradientBuffers::<Xor, 4>::new();
    let mut state = State::new();
    let first = memory.gradient(&network, loss, &INPUTS, &TARGETS, &mut gradient);
    let mut last = first;
    for _ in 0..2000 {
        optimizer.step(&mut network, &gradient, &mut state);
        last = memory.gradient(&network, loss, &INPUTS, &TARGETS, &mut gradient);
    }
    let outputs = INPUTS.map(|input| network.forward(&input)[0]);
    last < 0.01 * first && outputs[1].min(outputs[2]) > outputs[0].max(outputs[3])
}

/// Whether XOR is learned with clipping, penalties and a schedule, also by the moving average of the weights.
fn learns_with_everything() -> bool {
    let (mut network, mut gradient) = (Xor::seeded(1), Xor::zeroed());
    let mut memory = GradientBuffers::<Xor, 4>::new();
    let (mut state, mut average) = (State::new(), MovingAverage::new());
    let mut optimizer = AdamW::new(0.05).scheduled(Schedule::constant().warm_up(10)).decay_weights_only();
    let mut plateau = Plateau::new().patience(20);
    for _ in 0..500 {
        let loss = memory.gradient(&network, &BinaryCrossEntropy, &INPUTS, &TARGETS, &mut gradient);
        Penalty::elastic(1e-5, 1e-5).weights_only().add_gradient(&network, &mut gradient);
        Clip::Norm(1.0).apply(&mut gradient);
        optimizer.step(&mut network, &gradient, &mut state);
        average.update(&network, 0.9);
        optimizer = optimizer.with_learning_rate(plateau.see(loss.into(), optimizer.learning_rate()));
    }
    let outputs = INPUTS.map(|input| average.network.forward(&input)[0]);
    outputs[1].min(outputs[2]) > 0.0 && outputs[0].max(outputs[3]) < 0.0
}

/// Whether backpropagation agrees with numerical differentiation.
fn checks() -> bool {
    let network = Deep::<f64>::seeded(3);
    let inputs = [[[0.1, -0.4, 0.7], [1.2, -0.3, 0.5]], [[-0.9, 0.2, 0.3], [0.8, 0.6, -1.1]]];
    gradient_check(&network, &CrossEntropy, &inputs, &[2, 0]).assert(1e-6);
    true
}

/// Whether a network's summary can be formatted without a heap.
fn prints() -> bool {
    struct Length(usize);
    impl Write for Length {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }
    let mut length = Length(0);
    write!(length, "{}", Deep::<f32>::summary()).is_ok() && length.0 > 100
}

/// Whether a network with folded batch norms has the same outputs.
fn folds() -> bool {
    let mut network = Normalised::seeded(5);
    network.batch_norm_1.running_mean = [0.5, -0.25, 1.0, 0.0];
    network.batch_norm_2.running_var = [0.5, 2.0, 4.0];
    let folded: Folded<Normalised> = network.fold_batch_norm();
    let sample = [[0.1, -0.4, 0.7, 1.1, -0.2], [1.2, -0.3, 0.5, 0.0, 0.9]];
    let (outputs, others) = (network.forward(&sample), folded.forward(&sample));
    outputs.iter().zip(others).all(|(one, other)| (one - other).abs() < 1e-5)
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let all = learns(&MeanSquaredError, &Sgd::new(0.2).momentum(0.9))
        & learns(&BinaryCrossEntropy, &Adam::new(0.05))
        & learns_with_everything()
        & checks()
        & folds()
        & prints();
    i32::from(!all)
}

// The C library is used only to start the program, to copy memory and to exit.
#[link(name = "c")]
unsafe extern "C" {
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

// The precompiled `core` refers to it in its unwind tables, which are never used.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
