//! How a network's layers are quantized.

use std::rc::Rc;

use super::Plan;
use crate::kinds::Int8;
use crate::report::Errors;
use crate::shapes::{Layer, Network};

/// A layer of an int8 network.
pub(crate) enum Int8Layer {
    /// An integer layer, and the activation right after it that is plain saturation.
    Computes { layer: Rc<Layer>, activation: Option<Rc<Layer>> },
    /// Left out: it only changes the shape, or does nothing in inference.
    Nothing(Rc<Layer>),
}

/// The layers of an int8 network.
pub(super) fn layers(network: &Network) -> Vec<Int8Layer> {
    let mut layers: Vec<Int8Layer> = Vec::new();
    for layer in &network.layers {
        let layer = Rc::clone(layer);
        match (layer.int8, layers.last_mut()) {
            (Int8::Saturation, Some(Int8Layer::Computes { layer: before, activation: activation @ None }))
                if before.int8.is_sum() =>
            {
                *activation = Some(layer);
            }
            (Int8::Nothing, _) => layers.push(Int8Layer::Nothing(layer)),
            _ => layers.push(Int8Layer::Computes { layer, activation: None }),
        }
    }
    layers
}

/// Reports the layers that cannot be quantized.
pub(super) fn check(plan: &Plan, errors: &mut Errors) {
    if plan.quantized.is_none() {
        return;
    }
    for layer in plan.inference().layers.iter().filter(|layer| layer.int8 == Int8::Unsupported) {
        let (name, kind) = (&layer.name, &layer.kind);
        let advice = "so neither can this network: remove the layer or `#[quantizable]`";
        let message = format!("layer `{name}`: `{kind}` cannot be quantized to int8, {advice}");
        errors.at(&layer.written, message);
    }
    for block in plan.blocks.iter().flatten() {
        check(block, errors);
    }
}
