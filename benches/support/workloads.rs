//! The workloads W1 to W13 in fnn, through its public API.

#[path = "int8.rs"]
pub(crate) mod int8;
#[path = "runs.rs"]
mod runs;
#[path = "tiny.rs"]
mod tiny;

use std::hint::black_box;

use self::runs::{batch, echoes, on_threads, one, one_with_memory, samples};
pub(crate) use self::runs::{classes, train};
use self::tiny::{Autoencoder, DsCnn, Pictures, ResNet8};
use super::measure::calls_per_second;
use fnn::{
    DataSet, Folded,
    losses::{CrossEntropy, MeanSquaredError},
    network::FoldBatchNorm,
    optimizers::{Adam, Sgd},
};

fnn::network! {
    /// W1, W4a and W5.
    pub(crate) struct Digits: [784] -> [10] {
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    /// W2.
    pub(crate) struct Deep: [784] -> [10] {
        first: Dense(512),
        Relu,
        second: Dense(256),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    /// W3: XOR.
    pub(crate) struct Xor: [2] -> [1] {
        hidden: Dense(8),
        Tanh,
        output: Dense(1),
        Sigmoid,
    }
}

fnn::network! {
    /// W4b.
    pub(crate) struct Control: [4] -> [3] {
        first: Dense(16),
        Relu,
        second: Dense(16),
        Relu,
        output: Dense(3),
    }
}

fnn::network! {
    /// W4c.
    pub(crate) struct Curve: [2] -> [1] {
        hidden: Dense(8),
        Tanh,
        output: Dense(1),
    }
}

fnn::network! {
    /// W6.
    pub(crate) struct LeNet: [1, 28, 28] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(16, kernel = 5),
        Relu,
        MaxPool2d(2),
        Flatten,
        fc1: Dense(120),
        Relu,
        fc2: Dense(84),
        Relu,
        logits: Dense(10),
    }
}

/// Forward passes of one sample per second in int8, from numbers to numbers.
macro_rules! one_in_int8 {
    ($network:ty) => {{
        let (network, inputs) = int8::quantized::<$network>();
        calls_per_second(|| _ = black_box(black_box(&network).forward(black_box(&inputs[0]))))
    }};
}

/// Samples per second of forward passes of 256 in int8, from numbers to numbers.
macro_rules! batch_in_int8 {
    ($network:ty, $threads:ident) => {{
        let (network, inputs) = int8::quantized::<$network>();
        let batch = || drop(black_box(network.forward_all(black_box(&inputs))));
        256.0 * on_threads($threads, || calls_per_second(batch))
    }};
}

/// One workload.
#[derive(Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The unit counted per second. Calls are shown as nanoseconds per call.
    pub(crate) unit: &'static str,
    /// The minimum number of multiplications and additions per unit.
    pub(crate) flop: f64,
    /// Whether a second thread could help.
    pub(crate) parallel: bool,
    /// Measure units per second on this many threads.
    pub(crate) run: fn(usize) -> f64,
}

impl Workload {
    /// Whether `prefix` selects it: `W4` selects W4a, and `W1` doesn't select W10.
    pub(crate) fn is(&self, prefix: &str) -> bool {
        self.name.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    }
}

/// Inference on one sample, which takes `macs` multiply-accumulates.
const fn one_sample(name: &'static str, what: &'static str, macs: u64, run: fn(usize) -> f64) -> Workload {
    Workload { name, what, unit: "calls/s", flop: 2.0 * macs as f64, parallel: false, run }
}

/// Inference on batches of 256 samples, each of which takes `macs` multiply-accumulates.
const fn batches(name: &'static str, what: &'static str, macs: u64, run: fn(usize) -> f64) -> Workload {
    Workload { name, what, unit: "samples/s", flop: 2.0 * macs as f64, parallel: true, run }
}

/// Multiplications and additions of a training step per sample, with `first` multiply-accumulates in the first layer: forward
/// pass, weight gradient, and the input gradient of all layers but the first.
const fn training(macs: u64, first: u64) -> f64 {
    (2 * (3 * macs - first)) as f64
}

pub(crate) const WORKLOADS: [Workload; 33] = [
    Workload {
        name: "W1",
        what: "train 784-128-10, SGD, batch 64",
        unit: "samples/s",
        flop: training(Digits::MACS, 784 * 128),
        parallel: true,
        run: |threads| train(Digits::boxed(1), CrossEntropy, Sgd::new(0.1), 64, &classes(16_384), threads),
    },
    Workload {
        name: "W2",
        what: "train 784-512-256-10, Adam, batch 128",
        unit: "samples/s",
        flop: training(Deep::MACS, 784 * 512),
        parallel: true,
        run: |threads| train(Deep::boxed(1), CrossEntropy, Adam::new(1e-3), 128, &classes(8192), threads),
    },
    Workload {
        name: "W3",
        what: "train 2-8-1, SGD, batch 4",
        unit: "steps/s",
        flop: 4.0 * training(Xor::MACS, 2 * 8),
        parallel: false,
        run: |threads| {
            let set: DataSet<_, _> = samples::<[f32; 2]>(16_384).into_iter().map(|x| (x, [x[0] * x[1]])).collect();
            train(Xor::boxed(1), MeanSquaredError, Sgd::new(0.1), 4, &set, threads) / 4.0
        },
    },
    one_sample("W4a", "inference, one sample, 784-128-10", Digits::MACS, |_| one(&*Digits::boxed(1))),
    one_sample("W4b", "inference, one sample, 4-16-16-3", Control::MACS, |_| one(&*Control::boxed(1))),
    one_sample("W4c", "inference, one sample, 2-8-1", Curve::MACS, |_| one(&*Curve::boxed(1))),
    batches("W5", "inference, 784-128-10, batch 256", Digits::MACS, |threads| batch(&*Digits::boxed(1), threads)),
    Workload {
        name: "W6",
        what: "train LeNet, SGD, batch 64",
        unit: "samples/s",
        flop: training(LeNet::MACS, 24 * 24 * 25 * 6),
        parallel: true,
        run: |threads| train(LeNet::boxed(1), CrossEntropy, Sgd::new(0.1), 64, &classes(2048), threads),
    },
    one_sample("W6i", "inference, one sample, LeNet", LeNet::MACS, |_| one(&*LeNet::boxed(1))),
    Workload {
        name: "W7",
        what: "train DS-CNN, SGD, batch 64",
        unit: "samples/s",
        flop: training(DsCnn::MACS, 25 * 5 * 40 * 64),
        parallel: true,
        run: |threads| train(DsCnn::boxed(1), CrossEntropy, Sgd::new(0.01), 64, &classes(1024), threads),
    },
    one_sample("W7i", "inference, one sample, DS-CNN, norms folded", Folded::<DsCnn>::MACS, |_| {
        one_with_memory(&*DsCnn::boxed(1).fold_batch_norm_boxed())
    }),
    one_sample("W7id", "inference, one sample, DS-CNN, as declared", DsCnn::MACS, |_| {
        one_with_memory(&*DsCnn::boxed(1))
    }),
    batches("W7b", "inference, DS-CNN, batch 256, norms folded", Folded::<DsCnn>::MACS, |threads| {
        batch(&*DsCnn::boxed(1).fold_batch_norm_boxed(), threads)
    }),
    batches("W7bd", "inference, DS-CNN, batch 256, as declared", DsCnn::MACS, |threads| {
        batch(&*DsCnn::boxed(1), threads)
    }),
    Workload {
        name: "W8",
        what: "train ResNet-8, SGD, batch 64",
        unit: "samples/s",
        flop: training(ResNet8::MACS, 32 * 32 * 27 * 16),
        parallel: true,
        run: |threads| train(ResNet8::boxed(1), CrossEntropy, Sgd::new(0.01), 64, &classes(1024), threads),
    },
    one_sample("W8i", "inference, one sample, ResNet-8, norms folded", Folded::<ResNet8>::MACS, |_| {
        one_with_memory(&*ResNet8::boxed(1).fold_batch_norm_boxed())
    }),
    one_sample("W8id", "inference, one sample, ResNet-8, as declared", ResNet8::MACS, |_| {
        one_with_memory(&*ResNet8::boxed(1))
    }),
    batches("W8b", "inference, ResNet-8, batch 256, norms folded", Folded::<ResNet8>::MACS, |threads| {
        batch(&*ResNet8::boxed(1).fold_batch_norm_boxed(), threads)
    }),
    batches("W8bd", "inference, ResNet-8, batch 256, as declared", ResNet8::MACS, |threads| {
        batch(&*ResNet8::boxed(1), threads)
    }),
    Workload {
        name: "W9",
        what: "train conv 32-32-64-64 on 32×32, SGD, batch 64",
        unit: "samples/s",
        flop: training(Pictures::MACS, 32 * 32 * 27 * 32),
        parallel: true,
        run: |threads| train(Pictures::boxed(1), CrossEntropy, Sgd::new(0.01), 64, &classes(1024), threads),
    },
    one_sample("W9i", "inference, one sample, conv 32-32-64-64 on 32×32", Pictures::MACS, |_| {
        one_with_memory(&*Pictures::boxed(1))
    }),
    batches("W9b", "inference, conv 32-32-64-64 on 32×32, batch 256", Pictures::MACS, |threads| {
        batch(&*Pictures::boxed(1), threads)
    }),
    Workload {
        name: "W10",
        what: "train autoencoder 640-128-8-128-640, SGD, batch 64",
        unit: "samples/s",
        flop: training(Autoencoder::MACS, 640 * 128),
        parallel: true,
        run: |threads| train(Autoencoder::boxed(1), MeanSquaredError, Sgd::new(0.01), 64, &echoes(4096), threads),
    },
    one_sample(
        "W10i",
        "inference, one sample, autoencoder 640-128-8-128-640, norms folded",
        Folded::<Autoencoder>::MACS,
        |_| one_with_memory(&*Autoencoder::boxed(1).fold_batch_norm_boxed()),
    ),
    one_sample("W10id", "inference, one sample, autoencoder 640-128-8-128-640, as declared", Autoencoder::MACS, |_| {
        one_with_memory(&*Autoencoder::boxed(1))
    }),
    batches(
        "W10b",
        "inference, autoencoder 640-128-8-128-640, batch 256, norms folded",
        Folded::<Autoencoder>::MACS,
        |threads| batch(&*Autoencoder::boxed(1).fold_batch_norm_boxed(), threads),
    ),
    batches(
        "W10bd",
        "inference, autoencoder 640-128-8-128-640, batch 256, as declared",
        Autoencoder::MACS,
        |threads| batch(&*Autoencoder::boxed(1), threads),
    ),
    one_sample("W11i", "inference in int8, one sample, 784-128-10", Digits::MACS, |_| one_in_int8!(int8::Digits)),
    batches("W11b", "inference in int8, 784-128-10, batch 256", Digits::MACS, |threads| {
        batch_in_int8!(int8::Digits, threads)
    }),
    one_sample("W12i", "inference in int8, one sample, LeNet", LeNet::MACS, |_| one_in_int8!(int8::LeNet)),
    batches("W12b", "inference in int8, LeNet, batch 256", LeNet::MACS, |threads| batch_in_int8!(int8::LeNet, threads)),
    one_sample("W13i", "inference in int8, one sample, DS-CNN", DsCnn::MACS, |_| one_in_int8!(int8::Keywords)),
    batches("W13b", "inference in int8, DS-CNN, batch 256", DsCnn::MACS, |threads| {
        batch_in_int8!(int8::Keywords, threads)
    }),
];
