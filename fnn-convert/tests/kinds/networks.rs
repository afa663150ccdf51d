//! Whole int8 networks: quantized here, and imported, in each arithmetic.

use std::path::Path;

use fnn::layers::Sample;
use fnn::quantized::{Calibration, Native, Onnx, Quantize, QuantizedLayer, TfliteReference};
use fnn::{Network, Quantized, Random};
use fnn_convert::{Model, Options, ToOnnx};

use super::{check_int8, drawn, write_integers};

fnn::network! {
    #[quantizable]
    struct LeNet: [1, 28, 28] -> [10] {
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
        Softmax,
    }
}

fnn::network! {
    #[quantizable]
    struct Separable: [1, 25, 5] -> [12] {
        Conv2d(16, kernel = (10, 4), stride = (2, 2), padding = (4, 1)),
        BatchNorm,
        Relu6,
        DepthwiseConv2d(kernel = 3, padding = same),
        BatchNorm,
        HardSwish,
        Residual { Conv2d(16, kernel = 1), BatchNorm, Relu, Conv2d(16, kernel = 3, padding = same), norm: BatchNorm },
        Relu,
        GlobalMaxPool,
        logits: Dense(12),
        LogSoftmax,
    }
}

fnn::network! {
    #[quantizable]
    struct Branches: [3, 6, 6] -> [4, 4] {
        Normalize,
        Concat {
            { Conv2d(3, kernel = 1), Relu },
            { Sum { { Conv2d(2, kernel = 3, padding = 1) }, { Slice(0, 2) }, { Slice(1, 3), Tanh } } },
            {},
        },
        PRelu(slopes = each),
        BatchNorm,
        Upsample2d((1, 2)),
        ZeroPad2d(1),
        Conv2d(4, kernel = (4, 7)),
        Permute(1, 2, 0),
        Softmax(axes = 1),
        Slice(0, 2),
        AvgPool2d((4, 1)),
        Reshape(4, 4),
    }
}

macro_rules! imported {
    ($($file:literal, $arithmetic:ty: $input:tt { $($layers:tt)* })*) => {$({
        fnn::network! {
            #[quantizable]
            struct Net: $input { $($layers)* }
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join($file);
        let model = Model::read(&path, &Options::default()).unwrap_or_else(|error| panic!("{error}"));
        let file = model.declare("Net").unwrap().int8().unwrap();
        let network = Quantized::<Net, $arithmetic>::load_from_bytes(&file);
        let network = network.unwrap_or_else(|error| panic!("{}: {error}", $file));
        write_integers(path.file_stem().unwrap().to_str().unwrap(), &network);
    })*};
}

fnn::network! {
    #[quantizable]
    struct Rescaled: [3, 4, 4] -> [5] {
        mul_1: BatchNorm(frozen),
        prelu_1: PRelu(slopes = each),
        permute_1: Permute(2, 0, 1),
        conv: Conv2d(6, kernel = 1),
        Softmax(axes = 1),
        Flatten,
        dense: Dense(5),
    }
}

/// An int8 network is read again as itself, in the arithmetic of ONNX: the same integers.
fn survives<N, I>(name: &str, samples: &[N::Input])
where
    N: Network<Scalar = f32> + Quantize<Input = I, Quantized<Native>: QuantizedLayer<Input = I::Of<i8>>>,
    I: Sample<Element = f32>,
{
    let quantized = drawn::<N>().quantize_boxed(samples, Calibration::MinMax).unwrap();
    let model = Model::from_bytes(&quantized.to_onnx().unwrap(), "network.onnx", &Options::default());
    let declaration = model.and_then(|model| model.declare(name)).unwrap_or_else(|error| panic!("{error}"));
    let file = declaration.int8().unwrap();
    let again = Quantized::<N, Onnx>::load_from_bytes(&file);
    let again = again.unwrap_or_else(|error| panic!("{error}\n{}", declaration.source()));
    assert_eq!((again.input, again.output), (quantized.input, quantized.output));
    let mut random = Random::new(9);
    for _ in samples {
        let mut x = [fnn::layers::zeroed::<I::Of<i8>>()];
        Sample::flat_mut(&mut x).iter_mut().for_each(|integer| *integer = random.below(256) as u8 as i8);
        let (one, other) = (again.forward_integers(&x[0]), quantized.forward_integers(&x[0]));
        assert_eq!(one, other, "{name}");
    }
}

#[test]
fn integers_survive_the_file() {
    let mut random = Random::new(4);
    let mut draw = |_| std::array::from_fn(|_| std::array::from_fn(|_| 2.0 * random.uniform() as f32 - 1.0));
    let samples: Vec<[[[f32; 28]; 28]; 1]> = (0..20).map(|sample| [draw(sample)]).collect();
    survives::<LeNet, _>("LeNet", &samples);
    let mut draw = |_| std::array::from_fn(|_| std::array::from_fn(|_| 2.0 * random.uniform() as f32 - 1.0));
    let samples: Vec<[[[f32; 4]; 4]; 3]> = (0..20).map(|_| std::array::from_fn(&mut draw)).collect();
    survives::<Rescaled, _>("Rescaled", &samples);
}

pub(super) fn check() {
    check_int8::<LeNet>("LeNet");
    check_int8::<Separable>("Separable");
    check_int8::<Branches>("Branches");
    imported! {
        "quantized/onnx_q_dsconv_qdq.onnx", Onnx: [3, 12, 10] {
            stem: Conv2d(8, kernel = 3, padding = 1),
            Relu6,
            dw: DepthwiseConv2d(kernel = 3, stride = 2, padding = 1),
            Relu6,
            pw: Conv2d(16, kernel = 1),
            Relu,
            GlobalAvgPool,
            fc: Dense(5),
        }
        "quantized/onnx_q_cnn_qdq.onnx", Onnx: [1, 16, 12] {
            conv1: Conv2d(6, kernel = 5),
            Relu,
            MaxPool2d(2),
            conv2: Conv2d(8, kernel = 3, padding = 1, groups = 2),
            Relu,
            Flatten,
            fc: Dense(10),
        }
        "tflite/tfl_resnet_int8.tflite", TfliteReference: [3, 16, 16] {
            Conv2d(8, kernel = 3, padding = 1),
            Relu,
            Residual {
                conv2d_1_2: Conv2d(8, kernel = 3, padding = 1),
                Relu,
                conv2d_2_1: Conv2d(8, kernel = 3, padding = 1),
            },
            Relu,
            Sum {
                {
                    conv2d_3_1: Conv2d(16, kernel = 3, stride = 2, padding = same),
                    Relu,
                    conv2d_4_1: Conv2d(16, kernel = 3, padding = 1),
                },
                { conv2d_5_1: Conv2d(16, kernel = 1, stride = 2) },
            },
            Relu,
            AvgPool2d(8),
            Flatten,
            Dense(5),
            Softmax,
        }
        "tflite/tfl_bn_between_int8.tflite", TfliteReference: [4, 6, 8] {
            mul_1: BatchNorm(frozen),
            Conv2d(5, kernel = 3, padding = 1),
            Relu,
            mul_1_2: BatchNorm(frozen),
            GlobalAvgPool,
            Dense(3),
        }
        "tflite/tfl_act_prelu_int8.tflite", TfliteReference: [8] {
            Dense(16),
            p_re_lu_1: PRelu(slopes = each),
            Dense(5),
        }
        "tflite/tfl_last_log_softmax_int8.tflite", TfliteReference: [8] { Dense(5), LogSoftmax }
        "tflite/tfl_concat_int8.tflite", TfliteReference: [4, 6, 8] {
            Concat {
                { Conv2d(5, kernel = 3, padding = 1), Relu },
                { conv2d_1_2: Conv2d(6, kernel = 1), Relu },
            },
            Flatten,
            Dense(3),
        }
    }
}
