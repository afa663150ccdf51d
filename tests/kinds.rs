//! Tests every kind of layer in the macro's table: outputs, gradients, the costs in its entry, quantization, and its row in the
//! documentation. A new kind in the table is tested automatically.

#![cfg(feature = "alloc")]

use fnn::{
    Initializer, Layer, Network, Quantized, Random, gradient_check,
    graph::Wiring,
    layers::{Sample, zeroed, zeroed_box},
    losses::MeanSquaredError,
    quantized::{Arithmetic, Native, Quantize, TfliteReference},
    train::GradientBuffers,
};

#[cfg(feature = "std")]
#[path = "support/instruction_sets.rs"]
mod instruction_sets;

/// The elements of a random sample.
trait Drawn: Sized {
    fn drawn(random: &mut Random) -> Self;
}

impl Drawn for f32 {
    fn drawn(random: &mut Random) -> Self {
        f64::drawn(random) as f32
    }
}

impl Drawn for f64 {
    fn drawn(random: &mut Random) -> Self {
        4.0 * random.uniform() - 2.0
    }
}

/// Tokens of a small vocabulary.
impl Drawn for u16 {
    fn drawn(random: &mut Random) -> Self {
        (7.0 * random.uniform()) as u16
    }
}

fn samples<A: Sample<Element: Drawn>>(count: usize, seed: u64) -> Vec<A> {
    let mut random = Random::new(seed);
    let mut samples = vec![zeroed::<A>(); count];
    A::flat_mut(&mut samples).fill_with(|| Drawn::drawn(&mut random));
    samples
}

/// A network with all weights, biases included, in [−1, 1).
fn drawn<N: Layer>() -> Box<N> {
    let mut network = N::boxed(1);
    Initializer::HeUniform.fill(network.parameters_mut(), 6, 1, &mut Random::new(3));
    network
}

/// The outputs are the same for single samples and for a batch, in `f32` and in `f64`, up to rounding.
fn check_outputs<N, M>(single: &N, double: &mut M)
where
    N: Layer<Scalar = f32, Input: Sample<Element: Drawn>>,
    M: Layer<Scalar = f64, Input: Sample<Element: Drawn>>,
{
    for (double, &single) in double.parameters_mut().iter_mut().zip(single.parameters()) {
        *double = single.into();
    }
    let (inputs, precise) = (samples::<N::Input>(5, 1), double.forward_all(&samples(5, 1)));
    let (all, precise) = (single.forward_all(&inputs), M::Output::flat(&precise));
    let one_by_one: Vec<_> = inputs.iter().map(|input| single.forward(input)).collect();
    for outputs in [all, one_by_one] {
        let outputs = N::Output::flat(&outputs);
        assert_eq!(outputs.len(), precise.len());
        for (&output, &precise) in outputs.iter().zip(precise) {
            assert!((f64::from(output) - precise).abs() <= 1e-5 * (1.0 + precise.abs()), "{output}, {precise}");
        }
    }
}

/// A sample has the same outputs in a batch of any size, and all instruction sets of a family compute the same outputs and
/// gradients: bit for bit.
#[cfg(feature = "std")]
fn check_bits<N: Layer<Scalar: Drawn, Input: Sample<Element: Drawn>>>(network: &N) {
    let (inputs, targets) = (samples::<N::Input>(40, 1), samples::<N::Output>(40, 2));
    let results = instruction_sets::on_each(|set| {
        let outputs: Vec<_> = inputs.iter().map(|input| network.forward(input)).collect();
        for batch in 1..=inputs.len() {
            let found = network.forward_all(&inputs[..batch]);
            assert!(found == outputs[..batch], "a batch of {batch} on {set:?}");
        }
        let mut gradient = N::boxed(0);
        GradientBuffers::<N, 40>::boxed().gradient(network, &MeanSquaredError, &inputs, &targets, &mut gradient);
        (outputs, gradient.parameters().to_vec())
    });
    instruction_sets::assert_families(&results, N::KIND);
}

/// For inputs without a gradient: the gradients of the weights against central differences.
fn check_weights<N: Layer<Scalar = f64, Input: Sample<Element: Drawn>>>(mut network: Box<N>) {
    let (inputs, targets) = (samples(5, 1), samples::<N::Output>(5, 2));
    let (mut buffers, mut gradient) = (GradientBuffers::<N, 5>::boxed(), N::boxed(0));
    let mut unused = N::boxed(0);
    buffers.gradient(&network, &MeanSquaredError, &inputs, &targets, &mut gradient);
    let mut differs = 0;
    for index in 0..N::PARAMETERS {
        let weight = network.parameters()[index];
        let [more, less] = [1e-4, -1e-4].map(|step| {
            network.parameters_mut()[index] = weight + step;
            buffers.gradient(&network, &MeanSquaredError, &inputs, &targets, &mut unused)
        });
        network.parameters_mut()[index] = weight;
        let (derivative, found) = ((more - less) / 2e-4, gradient.parameters()[index]);
        assert!((derivative - found).abs() < 1e-7, "weight {index}: {found} instead of {derivative}");
        differs += usize::from(derivative != 0.0);
    }
    assert!(differs > 0);
}

/// In the graph of a network of one layer, that layer has an attribute for each argument, but for the initializer, which
/// is gone after initialization, and it is the library's, as are those inside.
fn check_graph<N: Network>(arguments: &[&str]) {
    let node = &N::graph().nodes()[0];
    // The sizes of a `Reshape` are its output.
    let kept = arguments.iter().filter(|argument| **argument != "init" && node.kind != "Reshape");
    for argument in kept {
        assert!(node.attribute(argument).is_some(), "{}: {argument}", node.kind);
    }
    N::graph().for_each(&mut |visit| assert_ne!(visit.node.wiring, Wiring::Opaque, "{}", visit.node.kind));
    let (mut names, mut found) = (Vec::new(), Vec::new());
    N::boxed(1).for_each(&mut |name, shape, _| names.push((name.to_string(), shape)));
    N::graph().for_each_weight(&mut |weight| found.push((weight.name.to_string(), weight.layout.shape())));
    assert_eq!(names, found);
}

macro_rules! check_gradients {
    (numbers, $network:ty) => {
        let (inputs, targets) = (samples(5, 1), samples::<<$network as Layer>::Output>(5, 2));
        gradient_check(&*drawn::<$network>(), &MeanSquaredError, &inputs, &targets).assert(1e-6);
    };
    (tokens, $network:ty) => {
        check_weights(drawn::<$network>());
    };
}

/// Any bytes are a network in int8, those of a damaged file too: nothing overflows in builds that would report it.
fn check_any_bytes<N: Quantize, A: Arithmetic>(seed: u64) {
    let (mut network, mut random) = (zeroed_box::<Quantized<N, A>>(), Random::new(seed));
    let mut input = [zeroed()];
    for round in 0..8 {
        let size = size_of_val(&*network);
        // SAFETY: a quantized network is `Pod`: any bytes are a value.
        let bytes = unsafe { core::slice::from_raw_parts_mut((&raw mut *network).cast::<u8>(), size) };
        bytes.fill_with(|| match round {
            0 => 0xff,
            1 => 0x7f,
            2 => 0x80,
            _ => random.next_u64() as u8,
        });
        Sample::flat_mut(&mut input).fill_with(|| random.next_u64() as i8);
        core::hint::black_box(network.dequantize(&network.forward_integers(&input[0])));
    }
}

/// A network of one layer, quantized to int8, equals the float network up to rounding.
macro_rules! quantized {
    (no, $input:tt { $($layer:tt)* }) => {};
    (yes, $input:tt { $($layer:tt)* }) => {
        fnn::network! {
            #[quantizable]
            struct InIntegers: $input { $($layer)* }
        }

        #[test]
        fn any_bytes_compute() {
            check_any_bytes::<InIntegers, Native>(3);
            check_any_bytes::<InIntegers, TfliteReference>(4);
        }

        #[test]
        fn is_quantized() {
            let network = drawn::<InIntegers>();
            let inputs = samples(50, 1);
            let (quantized, floats) = (network.quantize(&inputs).unwrap(), network.forward_all(&inputs));
            let all = <<InIntegers as Layer>::Output as Sample>::flat(&floats);
            let largest = all.iter().fold(0.0, |largest: f32, number| largest.max(number.abs()));
            for (input, float) in inputs.iter().zip(&floats) {
                let integers = [quantized.forward(input)];
                for (&found, &float) in Sample::flat(&integers).iter().zip(float.elements()) {
                    let found: f32 = found;
                    assert!((found - float).abs() <= 0.03 * largest, "{found} instead of {float}, of up to {largest}");
                }
            }
        }
    };
}

macro_rules! test_kinds {
    (
        documentation: [$($row:literal)*]
        kinds: [$($kind:ident {
            layer: { $($layer:tt)* } input: $input:tt takes: $takes:ident weights: $weights:literal macs: $macs:literal
            int8: $int8:ident arguments: [$($argument:ident)*]
        })*]
    ) => {
        const DOCUMENTATION: &[&str] = &[$($row),*];

        $(
            #[allow(non_snake_case)]
            mod $kind {
                use super::*;

                fnn::network! {
                    struct Net: $input { $($layer)* }
                }

                #[test]
                fn computes() {
                    check_outputs(&*drawn::<Net>(), &mut *drawn::<Net<f64>>());
                }

                #[test]
                #[cfg(feature = "std")]
                fn bits() {
                    check_bits(&*drawn::<Net>());
                    check_bits(&*drawn::<Net<f64>>());
                }

                #[test]
                fn gradients() {
                    check_gradients!($takes, Net<f64>);
                }

                #[test]
                fn costs() {
                    assert_eq!((Net::PARAMETERS, Net::MACS), ($weights, $macs));
                    let summary = Net::summary().to_string();
                    assert!(summary.contains(&format!("{} bytes of weights", 4 * $weights)), "{summary}");
                }

                #[test]
                fn is_in_the_graph() {
                    check_graph::<Net>(&[$(stringify!($argument)),*]);
                }

                quantized!($int8, $input { $($layer)* });
            }
        )*
    };
}

fnn::macro_support::kinds!(test_kinds);

/// The documentation of `network!` contains the table of kinds. `SNAPSHOTS=overwrite` in the environment updates it.
#[test]
fn documentation_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/network.md");
    let text = std::fs::read_to_string(path).unwrap();
    let is_row = |line: &&str| line.starts_with('|');
    let before: Vec<_> = text.lines().take_while(|line| !line.starts_with("| kind |")).collect();
    let after = text.lines().skip(before.len()).skip_while(is_row);
    let lines: Vec<_> = before.iter().copied().chain(DOCUMENTATION.iter().copied()).chain(after).collect();
    let expected = lines.join("\n") + "\n";
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap();
    for (line, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "src/network.md:{}: SNAPSHOTS=overwrite writes the table", line + 1);
    }
    assert_eq!(found, expected, "SNAPSHOTS=overwrite writes the table");
}
