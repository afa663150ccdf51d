//! The network for quantization-aware training: it rounds its weights and the outputs of each layer.

use std::rc::Rc;

use quote::quote;
use syn::ext::IdentExt;

use super::{Form, Int8Layer};
use crate::generated;
use crate::kinds::{Int8, Outputs, Role};
use crate::shapes::{Layer, Network};

/// A network with simulated rounding.
pub(crate) struct Aware {
    pub(crate) form: Form,
    /// What each of its layers rounds.
    pub(crate) roundings: Vec<Rounding>,
}

/// What a layer of the aware network rounds.
pub(crate) enum Rounding {
    /// Nothing: it is the network's layer of the same name, without weights.
    Nothing,
    /// The weights of the network's layer of the same name.
    Weights,
    /// The outputs of the layer before it.
    Outputs,
}

/// The aware network, from a network and its quantized layers.
pub(super) fn aware(network: &Network, quantized: &[Int8Layer]) -> Aware {
    let fnn = &network.header.fnn;
    let mut layers: Vec<(Rc<Layer>, Rounding)> = Vec::new();
    for layer in quantized {
        let (layer, activation) = match layer {
            Int8Layer::Nothing(layer) => {
                layers.push((Rc::clone(layer), Rounding::Nothing));
                continue;
            }
            Int8Layer::Computes { layer, activation } => (layer, activation),
        };
        let kind = &layer.layer;
        let rounded = quote!(<#kind as #fnn::macro_support::QuantizationAware>::Aware);
        let role = match layer.role {
            Role::Linear { .. } => Role::Linear { activated: false },
            role => role,
        };
        let rounded = Layer { layer: rounded.clone(), field: rounded, blocks: Vec::new(), role, ..Layer::clone(layer) };
        layers.push((Rc::new(rounded), Rounding::Weights));
        layers.extend(activation.iter().map(|activation| (Rc::clone(activation), Rounding::Nothing)));
        if layer.int8.is_calibrated() {
            layers.push((Rc::new(rounding(network, layer)), Rounding::Outputs));
        }
    }
    let (layers, roundings) = layers.into_iter().unzip();
    let name = generated::form("Aware", &network.header.name);
    Aware { form: Form::derived(network, name, layers), roundings }
}

/// The layer that rounds another layer's outputs.
fn rounding(network: &Network, layer: &Layer) -> Layer {
    let site = network.site();
    let (fnn, sample) = (site.fnn, layer.output.sample(&site, site.scalar));
    let kind = quote!(#fnn::quantized::FakeQuantize<#sample>);
    Layer {
        attributes: Vec::new(),
        name: network.unused_name(&format!("{}_range", layer.name.unraw())),
        kind: "FakeQuantize".into(),
        field: kind.clone(),
        layer: kind,
        input: layer.output.clone(),
        exact_input: true,
        role: Role::Other,
        int8: Int8::Layer(Outputs::OfInputs),
        initializer: None,
        weights: None,
        blocks: Vec::new(),
        own: None,
        ..layer.clone()
    }
}
