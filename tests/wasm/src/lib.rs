//! Inference, a custom training loop and the trainer, with the bits of outputs and weights as the result.

use std::cell::RefCell;

use fnn::losses::CrossEntropy;
use fnn::optimizers::{Adam, Optimizer, State};
use fnn::train::GradientBuffers;
use fnn::{DataSet, Random, Trainer};

fnn::network! {
    struct Net: [1, 8, 8] -> [3] {
        Conv2d(4, kernel = 3),
        Relu,
        MaxPool2d(2),
        Flatten,
        Dense(256),
        Tanh,
        Dropout(0.2),
        Dense(64),
        BatchNorm,
        Gelu,
        Dense(3),
    }
}

/// Waves in three directions, with noise.
fn data() -> DataSet<[[[f32; 8]; 8]; 1], usize> {
    let mut random = Random::new(1);
    let mut image = |class: usize| {
        let (phase, weight) = (random.uniform() as f32, class as f32 / 2.0);
        let mut pixel = |row: usize, column: usize| {
            let along = weight * row as f32 + (1.0 - weight) * column as f32;
            0.5 + 0.4 * wave(along / 4.0 + phase) + 0.2 * random.uniform() as f32
        };
        [std::array::from_fn(|row| std::array::from_fn(|column| pixel(row, column)))]
    };
    (0..192).map(|index| index % 3).map(|class| (image(class), class)).collect()
}

/// A wave of parabolas, because the host's sine differs from that of WebAssembly.
fn wave(turns: f32) -> f32 {
    let x = turns - turns.floor() - 0.5;
    16.0 * x * (0.5 - x.abs())
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// The bits of a network's outputs.
fn inference() -> Vec<u32> {
    let outputs = Net::boxed(7).forward_all(data().inputs());
    bits(outputs.as_flattened())
}

/// The bits of the weights after some steps of a custom loop.
fn own_loop() -> Vec<u32> {
    let data = data();
    let (mut network, mut gradient) = (Net::boxed(7), Net::zeroed_box());
    let (mut memory, mut state) = (GradientBuffers::<Net, 32>::boxed(), State::boxed());
    for (inputs, targets) in data.inputs().chunks(32).zip(data.targets().chunks(32)) {
        memory.gradient(&*network, &CrossEntropy, inputs, targets, &mut *gradient);
        Adam::new(0.01).step(&mut *network, &gradient, &mut state);
    }
    bits(network.parameters())
}

/// The bits of the weights that the trainer returns, and of the losses that it reports.
fn fit() -> Vec<u32> {
    let data = data();
    let trainer = Trainer::new(Net::boxed(7), CrossEntropy, Adam::new(0.01)).batch_size(64).epochs(3);
    let trained = match trainer.validate(&data).early_stopping(2).fit(&data) {
        Ok(trained) => trained,
        Err(error) => panic!("{error}"),
    };
    let losses = trained.history.epochs.iter().map(|epoch| epoch.training.loss as f32);
    [bits(trained.network.parameters()), bits(&losses.collect::<Vec<_>>())].concat()
}

/// The computations: name and function.
pub const PARTS: [(&str, fn() -> Vec<u32>); 3] = [("inference", inference), ("own loop", own_loop), ("fit", fit)];

thread_local! {
    static NUMBERS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Compute one of the [`PARTS`], and return the number of results, which [`value`] then returns.
#[unsafe(no_mangle)]
pub extern "C" fn compute(part: usize) -> usize {
    let numbers = PARTS.get(part).map_or(Vec::new(), |(_, part)| part());
    let length = numbers.len();
    NUMBERS.set(numbers);
    length
}

/// One of the results of [`compute`].
#[unsafe(no_mangle)]
pub extern "C" fn value(index: usize) -> u32 {
    NUMBERS.with_borrow(|numbers| numbers.get(index).copied().unwrap_or_default())
}
