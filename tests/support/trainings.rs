//! Trainings whose weights are the same on every machine of a family: of processors with fused multiply-adds, and of those without.
//! WebAssembly, which can't be tested like other targets, runs them, too.

#![allow(unreachable_pub)]

use std::array::from_fn;

use fnn::layers::{Sample, zeroed};
use fnn::losses::CrossEntropy;
use fnn::optimizers::{Adam, Clip, Optimizer, State};
use fnn::train::{GradientBuffers, Progress};
use fnn::{DataSet, Random, Scalar, Trainer};

fnn::network! {
    pub struct Mixed: [20] -> [4] {
        Dense(70), Tanh,
        LayerNorm, Gelu,
        Dense(33), Silu,
        Residual { Dense(33), Softplus },
        RmsNorm, PRelu,
        Dense(180), Sigmoid,
        Dense(16), Elu,
        Dense(1), Gelu(tanh),
        Dense(7), Mish, Softmax,
        Dense(4), Selu,
        GroupNorm(2),
    }
}

/// [`Mixed`], with fused multiply-adds and without.
pub const MIXED: [u64; 2] = [0x014a_5a9b_3a47_b758, 0x587f_135e_1d96_f807];

pub fn mixed(threads: usize) -> u64 {
    let mut random = Random::new(1);
    let sample = |_| {
        let input: [f32; 20] = from_fn(|_| random.normal() as f32);
        let largest = (0..4).max_by(|&a, &b| input[a].total_cmp(&input[b]));
        (input, largest.unwrap_or(0))
    };
    let data: DataSet<_, usize> = (0..300).map(sample).collect();
    let trainer = Trainer::new(Mixed::boxed(3), CrossEntropy, Adam::new(1e-2)).batch_size(100).threads(threads);
    let trained = trainer.clip(Clip::Norm(0.5)).epochs(3).progress(Progress::Silent).fit(&data);
    trained.map_or(0, |trained| fingerprint(trained.network.parameters()))
}

fnn::network! {
    /// Convolutions, pools and norms of each form: of images and sequences, strided, dilated, grouped, depthwise, pointwise, on rows
    /// of less than a vector, and in a single place.
    pub struct Planes: [3, 14, 11] -> [4] {
        BatchNorm, Conv2d(8, kernel = 3, padding = 1, bias = false), BatchNorm, Relu,
        Residual { Conv2d(8, kernel = (1, 3), padding = same, groups = 2), Tanh },
        DepthwiseConv2d(kernel = 3, padding = 2, dilation = 2), Silu,
        MaxPool2d(3, stride = 2, padding = 1),
        Conv2d(20, kernel = 1), BatchNorm, Relu6,
        Conv2d(12, kernel = 5, stride = 2, padding = 2), LeakyRelu(0.1),
        AvgPool2d(2, stride = 1), GroupNorm(3),
        Upsample2d(2), Resize2d((5, 4)),
        Conv2d(24, kernel = 3, padding = same), PRelu(slopes = each),
        Concat { { GlobalAvgPool, Reshape(24, 1) }, { GlobalMaxPool, Reshape(24, 1) } },
        Reshape(4, 12), Conv1d(6, kernel = 3, padding = causal), HardSwish, DepthwiseConv1d(kernel = 5, padding = same),
        Flatten, Dense(4),
    }
}

/// [`Planes`], with fused multiply-adds and without.
pub const PLANES: [u64; 2] = [0xc660_4560_2325_4c6d, 0xb8f3_d3c4_3ad0_b910];

pub fn planes() -> u64 {
    let inputs = numbers::<f32, [[[f32; 11]; 14]; 3]>(50, 5);
    let data: DataSet<_, usize> = inputs.into_iter().enumerate().map(|(index, input)| (input, index % 4)).collect();
    let trainer = Trainer::new(Planes::boxed(3), CrossEntropy, Adam::new(1e-2)).batch_size(40);
    let trained = trainer.epochs(2).progress(Progress::Silent).fit(&data);
    trained.map_or(0, |trained| fingerprint(trained.network.parameters()))
}

fnn::network! {
    /// A pool and a norm as most networks have them, and noise.
    pub struct Usual: [1, 8, 8] -> [3] {
        Conv2d(4, kernel = 3), Relu, MaxPool2d(2), Flatten,
        Dense(256), Tanh, Dropout(0.2),
        Dense(64), BatchNorm, Gelu,
        Dense(3),
    }
}

/// [`Usual`], with fused multiply-adds and without.
pub const USUAL: [u64; 2] = [0xa5ca_17b7_435c_9fb5, 0x80d0_e80e_fb8a_e31b];

/// Some steps of a loop of one's own, then some of a trainer, what the network answers in the end, and the losses.
pub fn usual() -> u64 {
    let inputs = numbers::<f32, [[[f32; 8]; 8]; 1]>(192, 3);
    let (mut network, mut gradient) = (Usual::boxed(7), Usual::zeroed_box());
    let (mut memory, mut state) = (GradientBuffers::<Usual, 32>::boxed(), State::boxed());
    for inputs in inputs.chunks(32) {
        let targets: [usize; 32] = from_fn(|index| index % 3);
        memory.gradient(&*network, &CrossEntropy, inputs, &targets, &mut *gradient);
        Adam::new(0.01).step(&mut *network, &gradient, &mut state);
    }
    let data: DataSet<_, usize> = inputs.iter().enumerate().map(|(index, &input)| (input, index % 3)).collect();
    let trainer = Trainer::new(network, CrossEntropy, Adam::new(0.01)).batch_size(64).epochs(3);
    let trainer = trainer.validate(&data).early_stopping(2).progress(Progress::Silent);
    let Ok(trained) = trainer.fit(&data) else { return 0 };
    let outputs = trained.network.forward_all(&inputs);
    let losses: Vec<f32> = trained.history.epochs.iter().map(|epoch| epoch.training.loss as f32).collect();
    fingerprint(&[trained.network.parameters(), outputs.as_flattened(), &losses].concat())
}

/// Numbers in ±1.
pub fn numbers<S: Scalar, A: Sample<Element = S>>(count: usize, seed: u64) -> Vec<A> {
    let (mut random, mut samples) = (Random::new(seed), vec![zeroed::<A>(); count]);
    A::flat_mut(&mut samples).fill_with(|| S::from_f64(2.0 * random.uniform() - 1.0));
    samples
}

/// A number that any other numbers would change.
fn fingerprint(numbers: &[f32]) -> u64 {
    let add = |hash: u64, number: &f32| (hash ^ u64::from(number.to_bits())).wrapping_mul(0x0100_0000_01b3);
    numbers.iter().fold(0xcbf2_9ce4_8422_2325, add)
}
