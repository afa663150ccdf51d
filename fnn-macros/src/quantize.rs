//! Which layers of a network have a form in 8 bits, and which are one there.

use proc_macro2::{Ident, Span};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use crate::fold::fold;
use crate::kinds::{Int8, Outputs, Role};
use crate::report::Errors;
use crate::shapes::{Layer, Network};

/// What a layer of a network is in 8 bits.
pub(crate) enum Step<'a> {
    /// One that computes, and the activation right after it that needs nothing but saturation.
    Layer { layer: &'a Layer, activation: Option<&'a Layer> },
    /// Nothing: it only changes the shape, or does nothing in inference.
    Nothing(&'a Layer),
}

/// A network's layers in 8 bits.
pub(crate) fn steps(network: &Network) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for layer in &network.layers {
        let saturates = layer.int8 == Int8::Saturation;
        match steps.last_mut() {
            Some(Step::Layer { layer: before, activation: activation @ None }) if saturates && before.int8.is_sum() => {
                *activation = Some(layer);
            }
            _ if layer.int8 == Int8::Nothing => steps.push(Step::Nothing(layer)),
            _ => steps.push(Step::Layer { layer, activation: None }),
        }
    }
    steps
}

/// A network as if it were in 8 bits.
pub(crate) struct Aware {
    pub(crate) network: Network,
    /// How each of its layers comes of the network's layer of the same name.
    pub(crate) origins: Vec<Origin>,
}

/// How a layer of the aware network comes to be.
pub(crate) enum Origin {
    /// It is the same, without weights.
    Same,
    /// It is what a layer that computes becomes.
    Becomes,
    /// What comes out of a layer is rounded.
    Range,
}

/// The network with its weights rounded, and the outputs of each layer.
pub(crate) fn aware(network: &Network) -> Aware {
    let fnn = &network.header.fnn;
    let mut layers: Vec<(Layer, Origin)> = Vec::new();
    for step in steps(network) {
        let (layer, activation) = match step {
            Step::Nothing(layer) => {
                layers.push((layer.clone(), Origin::Same));
                continue;
            }
            Step::Layer { layer, activation } => (layer, activation),
        };
        let kind = &layer.layer;
        let becomes = quote!(<#kind as #fnn::macro_support::QuantizationAware>::Aware);
        layers.push((
            Layer { layer: becomes.clone(), field: becomes, blocks: Vec::new(), ..layer.clone() },
            Origin::Becomes,
        ));
        layers.extend(activation.map(|activation| (activation.clone(), Origin::Same)));
        if layer.int8.is_calibrated() {
            layers.push((range(network, layer), Origin::Range));
        }
    }
    let (layers, origins) = layers.into_iter().unzip();
    let mut header = network.header.clone();
    header.name = format_ident!("__Aware{}", header.name.unraw(), span = Span::call_site());
    let network = Network {
        header,
        layers,
        constants: Vec::new(),
        aliases: Vec::new(),
        checks: Vec::new(),
        hidden: true,
        ..network.clone()
    };
    Aware { network, origins }
}

/// The layer that rounds what another one gives.
fn range(network: &Network, layer: &Layer) -> Layer {
    let site = network.site();
    let (fnn, sample) = (site.fnn, layer.output.sample(&site, site.scalar));
    let kind = quote!(#fnn::quantized::FakeQuantize<#sample>);
    Layer {
        attributes: Vec::new(),
        name: range_name(network, layer),
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

/// The name of the layer that rounds what another one gives: one that no layer has.
fn range_name(network: &Network, layer: &Layer) -> Ident {
    let mut name = format!("{}_range", layer.name.unraw());
    while network.layers.iter().any(|other| other.name.unraw() == name) {
        name.push('_');
    }
    format_ident!("{name}", span = Span::call_site())
}

/// Report the layers that have no form in 8 bits.
pub(crate) fn check(network: &Network, errors: &mut Errors) {
    if !network.header.quantizable {
        return;
    }
    let folded = fold(network).map(|folded| folded.network);
    for layer in &folded.as_ref().unwrap_or(network).layers {
        if layer.int8 == Int8::Unsupported {
            let (name, kind) = (&layer.name, &layer.kind);
            let advice = match layer.role {
                Role::Affine => "unless it comes right after a `Dense` or a convolution, into which it is folded",
                _ => "and so has no network with it: leave out `#[quantizable]`, or the layer",
            };
            let message = format!("layer `{name}`: `{kind}` has no form in 8 bits, {advice}");
            errors.at(&layer.written, message);
        }
    }
    for block in network.blocks() {
        check(block, errors);
    }
}
