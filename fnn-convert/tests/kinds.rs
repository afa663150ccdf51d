//! Every kind of layer in the macro's table is written as ONNX and read again as itself, and in int8 as operators between
//! `DequantizeLinear` and `QuantizeLinear`; ONNX Runtime computes the same. A new kind is tested automatically.

#[path = "kinds/networks.rs"]
mod networks;
mod support;

use std::path::Path;

use fnn::layers::{Sample, zeroed, zeroed_box};
use fnn::quantized::{Arithmetic, Quantize, QuantizedLayer, QuantizedNetwork};
use fnn::{Initializer, Layer, Network, Random};
use fnn_convert::{Model, Options, ToOnnx};
use support::{Given, Ran, in_onnx_runtime, run, write_export};

/// A network whose weights are all above 0, as variances have to be.
fn drawn<N: Network<Scalar = f32>>() -> Box<N> {
    let mut network = N::boxed(1);
    Initializer::HeUniform.fill(network.parameters_mut(), 6, 1, &mut Random::new(3));
    network.parameters_mut().iter_mut().for_each(|weight| *weight = weight.abs() + 0.1);
    network
}

/// Check the network of one layer that is written as `layer`.
fn check<N: Layer<Scalar = f32, Input: Sample<Element: Given>, Output: Sample<Element = f32>>>(
    kind: &str,
    layer: &str,
) {
    let weights = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{kind}.safetensors"));
    drawn::<N>().save(&weights).unwrap();
    let weights = std::fs::read(weights).unwrap();
    let mut random = Random::new(1);
    // Tokens are below 7, and whole.
    let tokens = layer.starts_with("Embedding");
    let draw = |_| if tokens { random.below(7) as f64 } else { f64::from(random.uniform() as f32) * 4.0 - 2.0 };
    let inputs: Vec<f64> = (0..3 * N::Input::LENGTH).map(draw).collect();
    let ran = run::<N>(&weights, &inputs);
    let read = Model::from_bytes(&ran.onnx, kind, &Options::default()).and_then(|model| model.declare("Net"));
    let again = read.unwrap_or_else(|error| panic!("{kind}: {error}"));
    assert_eq!((&again.input[..], &again.output[..]), (N::Input::SHAPE.sizes(), N::Output::SHAPE.sizes()), "{kind}");
    // Factors and terms are read as a frozen batch norm.
    if kind != "Normalize" {
        let parameters = again.weights().iter().map(|(_, weight)| weight.numbers()).sum::<usize>();
        assert_eq!(parameters, N::PARAMETERS, "{kind}: {}", again.source());
    }
    write_export(kind, &ran, &inputs);
}

/// Check the int8 form of a network.
fn check_int8<N: Network<Scalar = f32> + Quantize>(name: &str) {
    let (network, mut random) = (drawn::<N>(), Random::new(2));
    let mut samples = vec![zeroed::<N::Input>(); 50];
    Sample::flat_mut(&mut samples).iter_mut().for_each(|number| *number = 4.0 * random.uniform() as f32 - 2.0);
    write_integers(name, &network.quantize(&samples).unwrap());
}

/// Write an int8 network, 20 inputs of any integers, and its outputs.
fn write_integers<L: QuantizedLayer, A: Arithmetic>(name: &str, network: &QuantizedNetwork<L, A>) {
    let mut random = Random::new(5);
    let (mut x, mut y, mut workspace) = (Vec::new(), Vec::new(), zeroed_box::<L::Workspace>());
    for _ in 0..20 {
        let (mut input, mut output) = ([zeroed::<L::Input>()], [zeroed::<L::Output>()]);
        Sample::flat_mut(&mut input).iter_mut().for_each(|integer| *integer = random.below(256) as u8 as i8);
        network.forward_integers_into(&input[0], &mut output[0], &mut workspace);
        x.extend(Sample::flat(&input).iter().map(|&integer| f64::from(network.input.dequantize(integer))));
        y.extend(Sample::flat(&output).iter().map(|&integer| network.output.dequantize(integer)));
    }
    let onnx = network.to_onnx().unwrap_or_else(|error| panic!("{name}: {error}"));
    write_export(name, &Ran { outputs: y, onnx }, &x);
}

macro_rules! int8 {
    (no, $name:expr, $input:tt { $($layer:tt)* }) => {};
    (yes, $name:expr, $input:tt { $($layer:tt)* }) => {{
        fnn::network! {
            #[quantizable]
            struct InIntegers: $input { $($layer)* }
        }
        check_int8::<InIntegers>($name);
    }};
}

macro_rules! export_kinds {
    (
        documentation: [$($row:literal)*]
        kinds: [$($kind:ident {
            layer: { $($layer:tt)* } input: $input:tt takes: $takes:ident weights: $weights:literal macs: $macs:literal
            int8: $int8:ident arguments: [$($argument:ident)*]
        })*]
    ) => {
        $(
            #[allow(non_snake_case)]
            mod $kind {
                fnn::network! {
                    pub(crate) struct Net: $input { $($layer)* }
                }
            }
        )*

        #[test]
        fn every_kind_is_written_and_read_again() {
            $(check::<$kind::Net>(stringify!($kind), stringify!($($layer)*));)*
            $(int8!($int8, concat!(stringify!($kind), "_int8"), $input { $($layer)* });)*
            networks::check();
            in_onnx_runtime();
        }
    };
}

fnn::macro_support::kinds!(export_kinds);
