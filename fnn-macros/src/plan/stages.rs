//! Stages: which of a network's layers share memory.

use std::rc::Rc;

use proc_macro2::TokenStream;
use quote::quote;

use crate::kinds::Role;
use crate::shapes::{Layer, Network};

/// Layers that bring a batch from one buffer to the next: a layer that computes, the views of its
/// input, and an activation that overwrites its outputs.
pub(crate) struct Stage {
    /// The layers that only change the type of the input.
    pub(crate) views: Vec<Rc<Layer>>,
    /// The layer that computes.
    pub(crate) layer: Rc<Layer>,
    /// Its index in the network.
    pub(crate) index: usize,
    /// The activation right after it.
    pub(crate) activation: Option<Rc<Layer>>,
    /// Whether the layer is two of the network's: the one of its name, and an activation that it applies to each number
    /// before it writes it.
    pub(crate) is_activated: bool,
    /// Whether the gradients of its inputs overwrite those of its outputs.
    pub(crate) is_back_in_place: bool,
}

/// Divides a network into stages.
pub(super) fn stages(network: &Network) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut views = Vec::new();
    let count = network.layers.len();
    for (index, layer) in network.layers.iter().enumerate() {
        let layer = Rc::clone(layer);
        match (layer.role, stages.last_mut()) {
            // The last layer writes the output, so it has to compute.
            (Role::View, _) if index + 1 < count => views.push(layer),
            (Role::Activation { in_place: true, .. }, Some(stage)) if views.is_empty() && stage.is_linear() => {
                stage.activate(layer, &network.header.fnn);
            }
            _ => {
                let views = std::mem::take(&mut views);
                let before = stages.last().map(|stage| stage.layer.role);
                // Other linear layers may need the gradients of their outputs later, in memory of their own.
                let is_back_in_place = layer.role == Role::Affine
                    && before == Some(Role::Linear { activated: true })
                    && views.is_empty()
                    && layer.exact_input;
                stages.push(Stage { views, layer, index, activation: None, is_activated: false, is_back_in_place });
            }
        }
    }
    stages
}

impl Stage {
    /// Whether an activation can overwrite its outputs, and none does.
    fn is_linear(&self) -> bool {
        let is_linear = matches!(self.layer.role, Role::Linear { .. } | Role::Weightless | Role::Affine | Role::Sum);
        is_linear && self.activation.is_none() && !self.is_activated
    }

    /// Whether it is a convolution of the network's inputs themselves, which may add their gradients to others.
    pub(crate) fn adds_input_gradients(&self) -> bool {
        let is_convolution = self.layer.role == Role::Linear { activated: true } && !self.is_activated;
        is_convolution && self.views.is_empty() && self.layer.exact_input
    }

    fn activate(&mut self, activation: Rc<Layer>, fnn: &TokenStream) {
        if matches!(self.layer.role, Role::Affine | Role::Sum | Role::Linear { activated: true }) {
            let (layer, function) = (&self.layer.layer, &activation.layer);
            let layer = quote!(#fnn::macro_support::Activated<#layer, #function>);
            self.layer = Rc::new(Layer { layer, output: activation.output.clone(), ..Layer::clone(&self.layer) });
            self.is_activated = true;
        } else {
            self.activation = Some(activation);
        }
    }

    /// The layer whose outputs are those of the stage.
    pub(crate) fn last(&self) -> &Layer {
        self.activation.as_ref().unwrap_or(&self.layer)
    }

    /// A reference to the network's layer of that name as one to the layer that computes.
    pub(crate) fn shared(&self, layer: TokenStream) -> TokenStream {
        self.seen_as(layer, &quote!(of))
    }

    /// [`shared`](Self::shared), mutable.
    pub(crate) fn exclusive(&self, layer: TokenStream) -> TokenStream {
        self.seen_as(layer, &quote!(of_mut))
    }

    fn seen_as(&self, layer: TokenStream, function: &TokenStream) -> TokenStream {
        let own = &self.layer.layer;
        if self.is_activated { quote!(<#own>::#function(#layer)) } else { layer }
    }
}
