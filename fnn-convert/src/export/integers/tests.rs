//! The structure of exported int8 networks, without ONNX Runtime.

use std::collections::{HashMap, HashSet};

use fnn::quantized::Quantize;
use prost::Message;

use crate::ToOnnx;
use crate::onnx::proto::{GraphProto, ModelProto, TensorProto, data_type};

fnn::network! {
    #[quantizable]
    struct Digits: [1, 8, 8] -> [3] {
        conv: Conv2d(4, kernel = 3),
        Relu,
        MaxPool2d(2),
        Flatten,
        logits: Dense(3),
        Softmax,
    }
}

fnn::network! {
    #[quantizable]
    struct Branches: [2, 4, 4] -> [2, 3, 4] {
        Conv2d(4, kernel = 1, bias = false),
        Residual { Conv2d(4, kernel = 3, padding = same), PRelu, Conv2d(4, kernel = 1) },
        Relu,
        Concat { { Conv2d(2, kernel = 1) }, { AvgPool2d(3, stride = 1, padding = 1), Conv2d(1, kernel = 1) }, {} },
        Slice(0, 2),
        ZeroPad2d((1, 0)),
        Conv2d(2, kernel = (4, 1)),
    }
}

/// The graph of a file in which each value is made before it is used, once.
fn graph(file: &[u8]) -> GraphProto {
    let graph = ModelProto::decode(file).unwrap().graph.unwrap();
    let mut made: HashSet<&str> = graph.initializer.iter().map(|constant| &*constant.name).collect();
    assert_eq!(made.len(), graph.initializer.len());
    made.insert("input");
    for node in &graph.node {
        assert!(node.input.iter().all(|name| name.is_empty() || made.contains(&**name)), "{node:?}");
        assert!(node.output.iter().all(|name| made.insert(name)), "{node:?}");
    }
    assert!(made.contains("output"));
    graph
}

fn real(constant: &TensorProto) -> f32 {
    assert_eq!((constant.data_type, constant.dims.len()), (data_type::FLOAT, 0));
    f32::from_le_bytes(constant.raw_data[..].try_into().unwrap())
}

#[test]
fn operators_are_between_integers() {
    let mut network = Digits::seeded(1);
    network.logits.bias = [0.5, -0.25, 0.125];
    let graph = graph(&network.quantize(&[[[[0.5; 8]; 8]], [[[-1.0; 8]; 8]]]).unwrap().to_onnx().unwrap());
    let operators: Vec<&str> =
        graph.node.iter().map(|node| &*node.op_type).filter(|operator| *operator != "DequantizeLinear").collect();
    let rounded = |operator| [operator, "QuantizeLinear"];
    let layers = ["Conv", "MaxPool", "Flatten", "Gemm", "Softmax"].map(rounded).concat();
    assert_eq!(operators, [&["QuantizeLinear"][..], &layers].concat());
    // The weights are those of the int8 network, with a scale for each output.
    let constant = |name: &str| graph.initializer.iter().find(|constant| constant.name == name).unwrap();
    let (weight, scale) = (constant("conv.weight.integers"), constant("conv.weight.scale"));
    assert_eq!((weight.data_type, &weight.dims[..], &scale.dims[..]), (data_type::INT8, &[4, 1, 3, 3][..], &[4][..]));
    assert_eq!(constant("logits.bias.integers").data_type, data_type::INT32);
}

/// What rounds a value and what reads it agree on its scale and zero point.
#[test]
fn values_have_one_quantization() {
    let mut random = fnn::Random::new(3);
    let mut drawn = || std::array::from_fn(|_| std::array::from_fn(|_| random.uniform() as f32 - 0.3));
    let samples: Vec<[[[f32; 4]; 4]; 2]> = (0..9).map(|_| [drawn(), drawn()]).collect();
    let digits = Digits::seeded(1).quantize(&[[[[0.5; 8]; 8]], [[[-1.0; 8]; 8]]]).unwrap().to_onnx().unwrap();
    for file in [digits, Branches::seeded(1).quantize(&samples).unwrap().to_onnx().unwrap()] {
        let graph = graph(&file);
        let constants: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|constant| (&*constant.name, constant)).collect();
        let of = |operator: &'static str| graph.node.iter().filter(move |node| node.op_type == operator);
        let rounds: HashMap<&str, _> = of("QuantizeLinear").map(|node| (&*node.output[0], node)).collect();
        let mut read = 0;
        for reader in of("DequantizeLinear") {
            let Some(maker) = rounds.get(&*reader.input[0]) else { continue };
            let [one, other] = [maker, &reader].map(|node| real(constants[&*node.input[1]]));
            assert!((one / other - 1.0).abs() < 1e-6, "{one}, {other}: {reader:?}");
            let [one, other] = [maker, &reader].map(|node| &constants[&*node.input[2]].raw_data);
            assert_eq!(one, other, "{reader:?}");
            read += 1;
        }
        assert!(read > 5);
    }
}

#[test]
fn a_layer_by_itself_is_refused() {
    let dense = fnn::layers::Dense::<2, 1> { weight: [[0.5], [-0.25]], bias: [0.125] };
    let error = dense.quantize(&[[1.0, 1.0]]).unwrap().to_onnx().unwrap_err();
    assert_eq!(error.refusals()[0].reason, "it is a layer by itself: declare a network of it");
}
