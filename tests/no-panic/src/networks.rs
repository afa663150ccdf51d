//! Whole networks of the common shapes, with sizes at which kernels take their fast paths.

use core::hint::black_box;

use fnn::losses::CrossEntropy;
use fnn::optimizers::Sgd;
use fnn::quantized::{Native, Onnx, TfliteReference};
use fnn::streaming::OnStream;
use fnn::train::{FineTune, FineTuneBuffers};
use fnn::weights::LoadOptions;
use fnn::{Folded, Quantized, Streaming};

use crate::layers::{back_to_inputs, fold, in_arithmetic, quantized, train, train_with_momentum};
use crate::memory::{Training, any, file, sample, training};

fnn::network! {
    #[quantizable]
    struct Convolutional: [1, 28, 28] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(16, kernel = 5),
        Relu,
        MaxPool2d(2),
        Flatten,
        fc1: Dense(60),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    #[quantizable]
    #[split(Features, Head, at = pool)]
    struct Separable: [1, 25, 5] -> [12] {
        Conv2d(16, kernel = (10, 4), stride = (2, 2), padding = (4, 1)),
        BatchNorm,
        Relu,
        DepthwiseConv2d(kernel = 3, padding = same),
        BatchNorm,
        Relu,
        Conv2d(16, kernel = 1),
        BatchNorm,
        Relu,
        pool: GlobalAvgPool,
        logits: Dense(12),
    }
}

fnn::network! {
    #[quantizable]
    struct Skipping: [3, 8, 8] -> [4] {
        Conv2d(8, kernel = 3, padding = same, bias = false),
        BatchNorm,
        Relu,
        Residual { Conv2d(8, kernel = 3, padding = same), BatchNorm, Relu, Conv2d(8, kernel = 3, padding = same) },
        Relu,
        Residual { { Conv2d(16, kernel = 3, stride = 2, padding = 1) }, { Conv2d(16, kernel = 1, stride = 2) } },
        AvgPool2d(2),
        Flatten,
        Dense(4),
    }
}

fnn::network! {
    #[quantizable]
    struct Sequential: [8, 32] -> [2] {
        Conv1d(12, kernel = 3, dilation = 2),
        BatchNorm,
        Relu,
        MaxPool1d(2),
        Conv1d(12, kernel = 3, groups = 2),
        Tanh,
        Flatten,
        Dropout(0.2),
        Dense(2),
        Softmax,
    }
}

fnn::network! {
    #[quantizable]
    struct Padded: [2, 9, 8] -> [6] {
        Conv2d(5, kernel = 3, stride = 2, padding = ((0, 1), (2, 0))),
        BatchNorm,
        Relu,
        DepthwiseConv2d(kernel = 3, stride = 2, padding = same),
        ZeroPad2d(((1, 0), (0, 2))),
        AvgPool2d(3, stride = 1, padding = 1, count_padding = false),
        MaxPool2d(2, stride = 1, padding = ((1, 0), (0, 1))),
        Reshape(5, 12),
        Conv1d(4, kernel = 3, dilation = 2, padding = causal),
        DepthwiseConv1d(kernel = 4, stride = 3, padding = same),
        AvgPool1d(2, padding = same),
        Flatten,
        Dense(6),
    }
}

fnn::network! {
    #[quantizable]
    struct Deep: [64] -> [10] {
        hidden: Dense(48),
        Gelu,
        Dense(33),
        BatchNorm,
        Silu,
        logits: Dense(10),
    }
}

fnn::network! {
    #[quantizable]
    #[streaming]
    struct Ears: [9, 5] -> [9, 5] { Conv1d(9, kernel = 2, padding = causal), Tanh }
}

fnn::network! {
    #[quantizable]
    #[streaming]
    struct Listening: [10, 31] -> [3] {
        Conv1d(8, kernel = 3, dilation = 2, padding = causal),
        BatchNorm,
        Relu,
        PRelu,
        DepthwiseConv1d(kernel = 5, stride = 2),
        Normalize,
        Gelu,
        Slice(1, 7),
        Dropout(0.5),
        Identity,
        MaxPool1d(2, stride = 1),
        AvgPool1d(3, stride = 2),
        Conv1d(9, kernel = 2, groups = 3),
        ears: Ears,
        Residual { Conv1d(5, kernel = 2, padding = causal), Relu, Conv1d(9, kernel = 1) },
        Sum { { Conv1d(4, kernel = 2, stride = 2, padding = causal) }, { Conv1d(4, kernel = 1, stride = 2) } },
        Concat { { Conv1d(3, kernel = 1) }, {}, { Relu } },
        Flatten,
        Dense(3),
    }
}

/// A new frame of a stream.
#[inline(never)]
fn stream<N: OnStream + 'static>() {
    let (stream, network, frame): (&mut Streaming<N>, &mut N, &mut N::Frame) = (any(), any(), sample());
    black_box(stream.push(network, frame));
    stream.reset();
}

pub(crate) fn all() {
    macro_rules! whole {
        ($($network:ty),*) => {$(
            train::<$network>();
            train_with_momentum::<$network>();
            back_to_inputs::<$network>();
            fold::<$network>();
            quantized::<$network, Native>();
            quantized::<$network, TfliteReference>();
            in_arithmetic::<$network, Onnx>();
        )*};
    }
    whole!(Convolutional, Separable, Skipping, Sequential, Padded, Deep);
    stream::<Listening>();
    stream::<Folded<Listening>>();
    stream::<Quantized<Listening>>();
    stream::<Quantized<Listening, TfliteReference>>();
    read();
    tune();
}

/// Weights over the air.
#[inline(never)]
fn read() {
    let network = &mut training::<Convolutional, 1>().network;
    black_box(network.read_weights(file()).is_ok());
    let options = LoadOptions::new().prefix("module.").by_order(true).convert(true);
    black_box(options.read(network, file()).is_ok());
}

/// Fine-tuning of the last layers.
#[inline(never)]
fn tune() {
    let frozen = &training::<Features, 1>().network;
    let Training { network: head, .. } = training::<Head, 1>();
    let (mut network, mut memory) =
        (FineTune { frozen, head: head.clone() }, FineTuneBuffers::<Features, Head, 2>::new());
    let inputs @ [first, _] = &training::<Separable, 2>().inputs;
    black_box(memory.train(&mut network, &CrossEntropy, &Sgd::new(0.1), inputs, &[1, 2]));
    let mut memory = FineTuneBuffers::<Features, Head, 2, 1>::new();
    black_box(memory.train(&mut network, &CrossEntropy, &Sgd::new(0.1).momentum(0.9), inputs, &[1, 2]));
    let (frozen, head) = training::<Folded<Separable>, 1>().network.split();
    black_box(FineTune { frozen, head: head.clone() }.forward(first));
    black_box(network.forward(first));
    if let Ok(frozen) = Quantized::<Features>::read(file()) {
        let mut network = FineTune { frozen, head: head.clone() };
        let mut memory = FineTuneBuffers::<Quantized<Features>, Head, 2>::new();
        black_box(memory.train(&mut network, &CrossEntropy, &Sgd::new(0.1), inputs, &[1, 2]));
        black_box(network.forward(first));
    }
}
