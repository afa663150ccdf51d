//! The declarations of the networks in `tests/interchange/*.safetensors`, which PyTorch has written.

use fnn::layers::{Gradient, Pass, Recorded};
use fnn::simd::Simd;
use fnn::{Layer, Parameters, Scalar};

fnn::network! {
    pub(crate) struct Square: [4] -> [4] {
        fc1: Dense(4),
        Relu,
        fc2: Dense(4),
    }
}

fnn::network! {
    /// `nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))`
    pub(crate) struct Mlp: [784] -> [10] {
        hidden: Dense(32),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    pub(crate) struct Cnn: [1, 16, 12] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        bn1: BatchNorm,
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(8, kernel = 3, padding = 1, groups = 2),
        Relu,
        Flatten,
        fc: Dense(10),
    }
}

fnn::network! {
    pub(crate) struct Mobile: [3, 12, 10] -> [5] {
        stem: Conv2d(8, kernel = 3, padding = 1, bias = false),
        stem_bn: BatchNorm,
        Relu6,
        dw: DepthwiseConv2d(kernel = 3, stride = 2, padding = 1, bias = false),
        dw_bn: BatchNorm,
        Relu6,
        pw: Conv2d(16, kernel = 1, bias = false),
        pw_bn: BatchNorm,
        Relu6,
        GlobalAvgPool,
        fc: Dense(5),
    }
}

fnn::network! {
    pub(crate) struct Encoder: [2, 8, 6] -> [4, 8, 6] {
        conv1: Conv2d(4, kernel = 3, padding = 1),
        bn1: BatchNorm,
        Relu,
        block0: Residual {
            conv1: Conv2d(4, kernel = 3, padding = 1, bias = false),
            bn1: BatchNorm,
            Relu,
            conv2: Conv2d(4, kernel = 3, padding = 1, bias = false),
            bn2: BatchNorm,
        },
        Relu,
        block1: Residual {
            conv1: Conv2d(4, kernel = 3, padding = 1, bias = false),
            bn1: BatchNorm,
            Relu,
            conv2: Conv2d(4, kernel = 3, padding = 1, bias = false),
            bn2: BatchNorm,
        },
        Relu,
    }
}

fnn::network! {
    pub(crate) struct ResNet: [2, 8, 6] -> [3] {
        encoder: Encoder,
        Flatten,
        head: Dense(3),
    }
}

fnn::network! {
    /// `nn.Sequential`, with a layer norm.
    pub(crate) struct LayerNormed: [10] -> [4] {
        first: Dense(12),
        norm: LayerNorm,
        Gelu,
        second: Dense(4),
    }
}

fnn::network! {
    pub(crate) struct GroupNormed: [2, 8, 10] -> [4] {
        conv1: Conv2d(6, kernel = 3, padding = 1),
        gn1: GroupNorm(3),
        LeakyRelu(0.1),
        conv2: Conv2d(8, kernel = 3, stride = 2),
        gn2: GroupNorm(1),
        LeakyRelu(0.1),
        GlobalAvgPool,
        fc: Dense(4),
    }
}

fnn::network! {
    pub(crate) struct Tokens: [4] -> [3] {
        emb: Embedding(11, 5),
        Flatten,
        hidden: Dense(8),
        Tanh,
        scores: Dense(3),
    }
}

fnn::network! {
    pub(crate) struct Slopes: [1, 6, 7] -> [2] {
        conv: Conv2d(3, kernel = 3),
        prelu1: PRelu(slopes = each),
        Flatten,
        fc1: Dense(6),
        prelu2: PRelu,
        fc2: Dense(6),
        prelu3: PRelu(slopes = each),
        fc3: Dense(2),
    }
}

fnn::network! {
    pub(crate) struct Sequence: [2, 24] -> [4] {
        conv1: Conv1d(6, kernel = 5, stride = 2, padding = 2, bias = false),
        bn1: BatchNorm,
        Relu,
        conv2: Conv1d(8, kernel = 3, dilation = 2),
        Elu(1.0),
        MaxPool1d(2),
        Flatten,
        fc: Dense(4),
    }
}

fnn::network! {
    pub(crate) struct Everything: [10] -> [4] {
        embed: Embedding(9, 6),
        transpose: Transpose<10, 6>,
        encoder: Residual {
            conv1: Conv1d(6, kernel = 3, padding = 1),
            norm: GroupNorm(2),
            act: PRelu(slopes = each),
        },
        ln: LayerNorm,
        Flatten,
        head: Dense(4),
    }
}

/// `[R, C]` to `[C, R]`: `transpose(1, 2)` of a batch in PyTorch. It has no weights.
#[derive(Clone, Debug, Parameters)]
#[repr(C)]
pub(crate) struct Transpose<const R: usize, const C: usize, S: Scalar = f32> {
    nothing: [S; 0],
}

impl<const R: usize, const C: usize, S: Scalar> Layer for Transpose<R, C, S> {
    type Input = [[S; C]; R];
    type Output = [[S; R]; C];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Transpose";
    const MACS: u64 = 0;

    fn forward_batch<V: Simd, const B: usize>(
        &self,
        _: V,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        (): &mut (),
    ) {
        for (x, y) in inputs.iter().zip(outputs) {
            *y = std::array::from_fn(|column| std::array::from_fn(|row| x[row][column]));
        }
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [Self::Output],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [Self::Input]>,
        (): &mut (),
    ) {
        for (dy, dx) in output_gradients.iter().zip(input_gradients.into_iter().flatten()) {
            *dx = std::array::from_fn(|row| std::array::from_fn(|column| dy[column][row]));
        }
    }
}

fnn::network! {
    pub(crate) struct Norms: [10] -> [4] {
        first: Dense(12),
        norm: LayerNorm,
        Gelu,
        rms: RmsNorm,
        second: Dense(4),
    }
}
