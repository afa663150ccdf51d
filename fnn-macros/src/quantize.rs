//! Which layers of a network have a form in 8 bits, and which are one there.

use crate::kinds::{self, CONCAT, Role};
use crate::report::Errors;
use crate::shapes::{Layer, Network};

/// What a layer of a network is in 8 bits.
pub(crate) enum Step<'a> {
    /// One that computes, and the activation right after it that needs nothing but saturation.
    Layer { layer: &'a Layer, activation: Option<&'a Layer> },
    /// Nothing: it only changes the shape, or does nothing in inference.
    Nothing(&'a Layer),
}

/// Kinds that compute, beside activations.
static KINDS: &[&str] = &[
    "Dense",
    "Conv1d",
    "Conv2d",
    "DepthwiseConv2d",
    "MaxPool1d",
    "MaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "GlobalAvgPool",
    "Softmax",
];

/// Activations that are saturation at one end or at both.
static SATURATING: &[&str] = &["Relu", "Relu6"];

/// A network's layers in 8 bits.
pub(crate) fn steps(network: &Network) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for layer in &network.layers {
        let saturates = SATURATING.contains(&layer.kind.as_str());
        match steps.last_mut() {
            Some(Step::Layer { layer: before, activation: activation @ None }) if saturates && is_exact(before) => {
                *activation = Some(layer);
            }
            _ if layer.role == Role::View || layer.kind == "Dropout" => steps.push(Step::Nothing(layer)),
            _ => steps.push(Step::Layer { layer, activation: None }),
        }
    }
    steps
}

/// Whether a layer's outputs have a range of their own and sums of more bits behind them.
fn is_exact(layer: &Layer) -> bool {
    layer.role == Role::Linear || is_block(layer)
}

fn is_block(layer: &Layer) -> bool {
    layer.blocks > 0
}

/// Report the layers that have no form in 8 bits.
pub(crate) fn check(network: &Network, errors: &mut Errors) {
    if !network.header.quantizable {
        return;
    }
    for layer in &network.layers {
        let built_in = kinds::find(&layer.kind).is_some();
        let known = KINDS.contains(&layer.kind.as_str())
            || matches!(layer.role, Role::View | Role::Activation { .. }) && layer.kind != "PRelu"
            || layer.kind == "Dropout";
        if built_in && !known || layer.kind == CONCAT {
            let (name, kind) = (&layer.name, &layer.kind);
            let message = format!(
                "layer `{name}`: `{kind}` has no form in 8 bits: leave `#[quantizable]` out, or use other layers"
            );
            errors.at(&layer.written, message);
        }
    }
    for block in &network.blocks {
        check(block, errors);
    }
}
