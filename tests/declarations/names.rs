//! Names of layers, explicit or not, and of their weights.

use fnn::{Network, Parameters, layers::Shape};

/// The names and shapes of a network's weights, in order.
fn weights<P: Parameters>(network: &P) -> Vec<(String, Shape)> {
    let mut weights = Vec::new();
    network.for_each(&mut |name, shape, values| {
        assert_eq!(shape.length(), values.len());
        weights.push((name.to_string(), shape));
    });
    weights
}

fn names<P: Parameters>(network: &P) -> Vec<String> {
    weights(network).into_iter().map(|(name, _)| name).collect()
}

fnn::network! {
    struct Unnamed: [4] {
        Dense(3),
        Relu,
        dense_2: Dense(3),
        LeakyRelu,
        Dense(3),
        Relu,
        r#relu_3: Relu,
        Relu,
        Residual { Dense(3), Relu, Dense(3) },
        Gelu(tanh),
    }
}

/// A layer without a name gets the name of its kind, with the first number that makes it unique.
#[test]
fn layers_without_a_name_get_one() {
    let Unnamed { dense_1, relu_1: _, dense_2, leaky_relu_1: _, dense_3, relu_2: _, relu_3: _, relu_4: _, .. } =
        Unnamed::<f32>::zeroed();
    assert_eq!((dense_1.weight.len(), dense_2.weight.len(), dense_3.weight.len()), (4, 3, 3));
    let Unnamed { residual_1, gelu_1: _, .. } = Unnamed::<f32>::zeroed();
    assert_eq!(residual_1.inside.dense_2.bias, [0.0; 3]);
}

fnn::network! { struct Inner: [3] { fc: Dense(2, bias = false), Sigmoid } }

fnn::network! {
    struct Outer: [4] -> [2] {
        fc: Dense(3),
        Relu,
        skip: Residual { a: Dense(3), deep: Residual { b: Dense(3) } },
        inner: Inner,
        Concat { { c: Dense(1) }, {} },
        out: Dense(2),
    }
}

#[test]
fn weights_have_dotted_names_and_shapes() {
    let weights = weights(&Outer::<f32>::zeroed());
    let text: Vec<_> = weights.iter().map(|(name, shape)| format!("{name} {shape}")).collect();
    assert_eq!(
        text[..10],
        [
            "fc.weight [4, 3]",
            "fc.bias [3]",
            "skip.a.weight [3, 3]",
            "skip.a.bias [3]",
            "skip.deep.b.weight [3, 3]",
            "skip.deep.b.bias [3]",
            "inner.fc.weight [3, 2]",
            "concat_1.first.c.weight [2, 1]",
            "concat_1.first.c.bias [1]",
            "out.weight [3, 2]",
        ]
    );
    assert_eq!(text[10..], ["out.bias [2]"]);
}

/// The flat slice has the weights in the order of the names.
#[test]
fn the_names_are_in_the_order_of_the_weights() {
    let network = Outer::<f64>::seeded(5);
    let mut flat = Vec::new();
    network.for_each(&mut |_, _, values| flat.extend_from_slice(values));
    assert_eq!(flat, network.parameters());
    assert_eq!(flat.len(), Outer::PARAMETERS);
}

#[test]
fn a_name_is_known_by_its_text() {
    Outer::<f32>::zeroed().for_each(&mut |name, _, _| {
        assert!(name.is(&name.to_string()));
        assert_eq!(name.is("skip.deep.b.weight"), name.to_string() == "skip.deep.b.weight");
        assert!(!name.is("weight") && !name.is(""));
    });
    assert_eq!(names(&Inner::<f32>::zeroed()), ["fc.weight"]);
}

mod one {
    fnn::network! { pub(crate) struct Net: [1] { same: Dense(1) } }
}
mod two {
    fnn::network! { pub(crate) struct Net: [2] { same: Dense(2) } }
}
fnn::network! { struct Net: [3] { same: Dense(2 + 1), Residual { same: Dense(3) } } }
fnn::network! { struct Net2: [3] { same: Dense(2 + 2), Residual { same: Dense(4) } } }

#[test]
fn networks_beside_each_other_have_nothing_in_common() {
    assert_eq!((one::Net::PARAMETERS, two::Net::PARAMETERS), (2, 6));
    assert_eq!((Net::PARAMETERS, Net2::PARAMETERS), (2 * (9 + 3), (12 + 4) + (16 + 4)));
}

mod named_like_its_scalar {
    fnn::network! {
        #[cfg_attr(all(), derive(Clone))]
        #[split(S1, S2, at = logits)]
        pub struct S: [2] -> [1] { hidden: Dense(3), Residual { Dense(3) }, Relu, logits: Dense(1) }
    }
}

fnn::network! { struct __Hidden: [2] -> [1] { hidden: Dense(3), Relu, Dense(1) } }

/// A network has all of its methods, whatever its name.
#[test]
fn networks_may_be_called_like_what_the_macro_generates() {
    use named_like_its_scalar::S;

    let network = S::seeded(1);
    let (first, second) = network.split();
    assert_eq!(network.clone().forward(&[1.0, 2.0]), second.forward(&first.forward(&[1.0, 2.0])));
    assert_eq!(__Hidden::PARAMETERS, 2 * 3 + 3 + 3 + 1);
    assert_eq!(__Hidden::zeroed().forward(&[1.0, 2.0]), [0.0]);
}

/// Generated names join those of a network and of its parts, which may have any letters in common.
mod underscores {
    #![allow(non_camel_case_types, non_snake_case)]

    fnn::network! { struct A: [2] -> [3] { b_c: Dense(3) } }
    fnn::network! { struct A_b: [4] -> [5] { c: Dense(5), c_0: Residual { Dense(5) } } }
    fnn::network! { struct A_: [1] -> [1] { b_c: Dense(1), _b: Dense(1) } }
    fnn::network! { struct A_b_c: [2] -> [2] { skip: Residual { Dense(2), BatchNorm }, skip_folded: Residual { Dense(2), BatchNorm } } }
    fnn::network! { struct FoldedA_b: [1] -> [1] { c: Residual { Dense(1), BatchNorm }, c__0: Dense(1) } }
    fnn::network! { struct FoldedA: [1] -> [1] { b_c: Dense(1), BatchNorm } }

    #[test]
    fn networks_and_layers_are_not_taken_for_each_other() {
        assert_eq!((A::<f32>::PARAMETERS, A_b::<f32>::PARAMETERS, A_::<f32>::PARAMETERS), (9, 25 + 30, 4));
        assert_eq!(A_b_c::seeded(1).fold_batch_norm().forward(&[0.0; 2]), [0.0; 2]);
        assert_eq!(FoldedA_b::seeded(1).fold_batch_norm().forward(&[0.0]), [0.0]);
        assert_eq!(FoldedA::seeded(1).fold_batch_norm().forward(&[0.0]), [0.0]);
    }
}
