//! Every kind of layer in the macro's table is written as ONNX and read again as itself. A new kind is tested automatically.

mod support;

use std::path::Path;

use fnn::layers::Sample;
use fnn::{Initializer, Layer, Network, Random};
use fnn_convert::{Model, Options};
use support::{Given, in_onnx_runtime, run, write_export};

/// Check the network of one layer that is written as `layer`.
fn check<N: Layer<Scalar = f32, Input: Sample<Element: Given>, Output: Sample<Element = f32>>>(
    kind: &str,
    layer: &str,
) {
    let mut network = N::boxed(1);
    Initializer::HeUniform.fill(network.parameters_mut(), 6, 1, &mut Random::new(3));
    // Variances are positive, as all else may be.
    network.parameters_mut().iter_mut().for_each(|weight| *weight = weight.abs() + 0.1);
    let weights = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{kind}.safetensors"));
    network.save(&weights).unwrap();
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
            in_onnx_runtime();
        }
    };
}

fnn::macro_support::kinds!(export_kinds);
