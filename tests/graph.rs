//! The graph of a network: kinds, attributes, shapes, wiring, and the positions of its weights.

use fnn::graph::{Node, Value, Wiring};
use fnn::layers::{Activation, Gradient, Pass, Recorded, activation::Function};
use fnn::{Folded, Layer, Network, Parameters, Scalar, simd};

fnn::network! {
    struct Encoder: [2, 9, 8] -> [6, 4, 7] {
        conv: Conv2d(4, kernel = (3, 2), stride = (2, 1), padding = (1, 0), bias = false),
        norm: BatchNorm(epsilon = 1e-3),
        LeakyRelu(0.25),
        Concat { { DepthwiseConv2d(kernel = 1) }, { MaxPool2d(1), squeeze: Conv2d(2, kernel = 1, groups = 2) } },
        MaxPool2d((2, 1)),
        Upsample2d((2, 1)),
        Residual { Conv2d(6, kernel = 4, padding = same), Gelu(tanh) },
        AvgPool2d((3, 1), stride = 1, padding = (1, 0)),
    }
}

/// A layer of its own: twice its input, times a gain.
#[derive(Parameters)]
#[repr(C)]
struct Doubled<S: Scalar = f32> {
    gain: [S; 1],
}

impl<S: Scalar> Layer for Doubled<S> {
    type Input = [S; 5];
    type Output = [S; 5];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Doubled";
    const MACS: u64 = 5;

    fn forward_batch<V: simd::Simd, const B: usize>(&self, _: V, _: &[[S; 5]], _: &mut [[S; 5]], (): &mut ()) {}

    fn backward<V: simd::Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        _: &mut [[S; 5]],
        _: Gradient<'_, Self>,
        _: Option<&mut [[S; 5]]>,
        (): &mut (),
    ) {
    }
}

fnn::network! {
    struct Net: [2, 9, 8] -> [5] {
        encoder: Encoder,
        Flatten,
        Residual { { hidden: Dense(5), Dropout(0.5) }, { Dense(5, bias = false), LayerNorm } },
        own: Doubled,
        Identity,
        PRelu,
    }
}

fn sizes(node: &Node, name: &str) -> Vec<usize> {
    node.sizes(name).unwrap_or_else(|| panic!("{name}")).sizes().to_vec()
}

fn ends(node: &Node, name: &str) -> (Vec<usize>, Vec<usize>) {
    let (before, after) = node.ends(name).unwrap();
    (before.sizes().to_vec(), after.sizes().to_vec())
}

#[test]
fn attributes_are_those_of_the_declaration() {
    let graph = Net::graph();
    let conv = graph.find("encoder.conv").unwrap();
    assert_eq!((conv.kind, conv.input.sizes(), conv.output.sizes()), ("Conv2d", &[2, 9, 8][..], &[4, 5, 7][..]));
    assert_eq!((conv.count("filters"), conv.count("groups"), conv.switch("bias")), (Some(4), Some(1), Some(false)));
    assert_eq!(
        (sizes(conv, "kernel"), sizes(conv, "stride"), sizes(conv, "dilation")),
        (vec![3, 2], vec![2, 1], vec![1, 1])
    );
    assert_eq!(ends(conv, "padding"), (vec![1, 0], vec![1, 0]));
    assert_eq!(conv.macs, 4 * 5 * 7 * 2 * 3 * 2);

    let norm = graph.find("encoder.norm").unwrap();
    assert_eq!((norm.number("epsilon"), norm.number("momentum")), (Some(1e-3), Some(0.1)));
    assert_eq!(norm.word("statistics"), Some("batch"));
    assert_eq!(graph.find("encoder.leaky_relu_1").unwrap().number("slope"), Some(0.25));
    assert_eq!(graph.find("encoder.concat_1.second.squeeze").unwrap().count("groups"), Some(2));
    // The two rows and columns more that an even kernel leaves out are added after the last one.
    assert_eq!(ends(graph.find("encoder.residual_1.conv2d_1").unwrap(), "padding"), (vec![1, 1], vec![2, 2]));
    assert_eq!(graph.find("encoder.residual_1.gelu_1").unwrap().word("form"), Some("tanh"));
    let pool = graph.find("encoder.avg_pool2d_1").unwrap();
    assert_eq!(
        (sizes(pool, "window"), sizes(pool, "stride"), ends(pool, "padding").0),
        (vec![3, 1], vec![1, 1], vec![1, 0])
    );
    assert_eq!(sizes(graph.find("encoder.upsample2d_1").unwrap(), "factor"), [2, 1]);
    assert_eq!(graph.find("residual_1.first.dropout_1").unwrap().number("probability"), Some(0.5));
    assert_eq!(graph.find("residual_1.second.layer_norm_1").unwrap().count("axes"), Some(1));
    assert_eq!(graph.find("p_relu_1").unwrap().word("slopes"), Some("one"));
    // Of another type, or of no attribute, there is none.
    assert_eq!((conv.number("filters"), conv.attribute("units")), (None, None));
    assert_eq!(graph.find("encoder.conv.weight"), None);
    assert_eq!(graph.find("encoder.con"), None);
    assert_eq!(conv.attributes()[0].value, Value::Sizes(conv.sizes("kernel").unwrap()));
}

#[test]
fn wiring_is_that_of_the_blocks() {
    let graph = Net::graph();
    let Wiring::Sequence(layers) = graph.wiring else { panic!("{graph:?}") };
    let kinds: Vec<_> = layers.iter().map(|node| node.kind).collect();
    assert_eq!(kinds, ["Encoder", "Flatten", "Sum", "Doubled", "Identity", "PRelu"]);
    assert_eq!((graph.name, layers[0].name, layers[3].wiring), ("", "encoder", Wiring::Opaque));

    let Wiring::Concat([first, second]) = graph.find("encoder.concat_1").unwrap().wiring else { panic!() };
    assert_eq!((first.name, second.name), ("first", "second"));
    assert_eq!((first.nodes()[0].kind, second.nodes()[0].kind), ("DepthwiseConv2d", "MaxPool2d"));
    assert_eq!((first.output.sizes(), second.output.sizes()), (&[4, 5, 7][..], &[2, 5, 7][..]));

    let Wiring::Sum([inside, around]) = graph.find("encoder.residual_1").unwrap().wiring else { panic!() };
    assert_eq!((inside.name, inside.nodes().len()), ("", 2));
    assert_eq!((around.wiring, around.output), (Wiring::Sequence(&[]), around.input));
    let Wiring::Sum([first, second]) = graph.find("residual_1").unwrap().wiring else { panic!() };
    assert_eq!((first.name, second.name), ("first", "second"));

    // Each layer takes what the one before it gives, and the first and the last those of the whole.
    graph.for_each(&mut |visit| {
        let Wiring::Sequence(nodes @ [first, .., last]) = visit.node.wiring else { return };
        assert_eq!((first.input, last.output), (visit.node.input, visit.node.output));
        assert!(nodes.windows(2).all(|pair| pair[0].output == pair[1].input));
    });
}

/// The arrays of the graph, node by node, are those of the network: their names, shapes and numbers.
#[test]
fn weights_are_found_by_position() {
    fn check<N: Network<Scalar = f32>>() -> usize {
        let network = N::boxed(3);
        let mut expected = Vec::new();
        network.for_each(&mut |name, shape, values| expected.push((name.to_string(), shape, values.to_vec())));
        let mut found = Vec::new();
        N::graph().for_each(&mut |visit| {
            if visit.node.nodes().is_empty() {
                visit.for_each_weight(&mut |weight| {
                    let shape = weight.layout.shape();
                    let values = &network.parameters()[weight.start..weight.start + shape.length()];
                    found.push((weight.name.to_string(), shape, values.to_vec()));
                });
            }
        });
        assert_eq!(found, expected);
        found.len()
    }
    assert_eq!(check::<Net>(), 12 + 5 + 2);
    // The norm has five arrays, of which the bias of the convolution remains.
    assert_eq!(check::<Folded<Net>>(), 12 + 5 + 2 - 4);
}

#[test]
fn folding_is_seen() {
    let graph = Folded::<Net>::graph();
    assert_eq!(graph.find("encoder.norm"), None);
    assert_eq!(graph.find("encoder.conv").unwrap().switch("bias"), Some(true));
}

/// A constant, without a heap.
const DEPTH: usize = Net::<f32>::GRAPH.nodes().len();

#[test]
fn it_is_a_constant() {
    assert_eq!(DEPTH, 6);
}

#[test]
fn functions_of_ones_own_are_opaque() {
    #[derive(Clone, Copy)]
    struct Square;

    impl Function for Square {
        const KIND: &'static str = "Relu";

        fn value<R: simd::Real>(x: R) -> R {
            x * x
        }

        fn derivative<R: simd::Real>(x: R, _: R) -> R {
            x + x
        }
    }
    assert_eq!(Activation::<Square, [f32; 2]>::graph().wiring, Wiring::Opaque);
}
