//! Stages: which of a network's layers share memory.

use std::rc::Rc;

use proc_macro2::TokenStream;
use quote::quote;

use crate::kinds::Role;
use crate::shapes::{Layer, Network};

/// Layers that bring a batch from one buffer to the next: a layer that computes, the views of its
/// input, and an activation that overwrites its outputs.
#[derive(Clone)]
pub(crate) struct Stage {
    /// The layers that only change the type of the input.
    pub(crate) views: Vec<Rc<Layer>>,
    /// The layer that computes.
    pub(crate) layer: Rc<Layer>,
    /// Its index in the network.
    pub(crate) index: usize,
    /// The activation right after it.
    pub(crate) activation: Option<Rc<Layer>>,
    /// If the layer is two of the network's: the one of its name, and an activation that it applies to each number before it
    /// writes it.
    activated: Option<[Rc<Layer>; 2]>,
    /// The activation of the stage before, if its derivative is computed here.
    derivative: Option<Rc<Layer>>,
    /// Whether that of its own is computed in the stage behind.
    is_derived_behind: bool,
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
                let convolution = stages.last_mut().filter(|stage| {
                    stage.layer.role == Role::Linear { activated: true } && views.is_empty() && layer.exact_input
                });
                // Other linear layers may need the gradients of their outputs later, in memory of their own.
                let is_back_in_place = layer.role == Role::Affine && convolution.is_some();
                let derivative = convolution.filter(|_| layer.role == Role::Maximum).and_then(Stage::derive_behind);
                stages.push(Stage {
                    views,
                    layer,
                    index,
                    activation: None,
                    activated: None,
                    derivative,
                    is_derived_behind: false,
                    is_back_in_place,
                });
            }
        }
    }
    stages
}

impl Stage {
    /// Whether an activation can overwrite its outputs, and none does.
    fn is_linear(&self) -> bool {
        let is_linear = matches!(self.layer.role, Role::Linear { .. } | Role::Weightless | Role::Affine | Role::Sum);
        is_linear && self.activation.is_none() && self.activated.is_none()
    }

    /// Whether it is a convolution of the network's inputs themselves, which may add their gradients to others.
    pub(crate) fn adds_input_gradients(&self) -> bool {
        let is_convolution = self.layer.role == Role::Linear { activated: true } && self.activated.is_none();
        is_convolution && self.views.is_empty() && self.layer.exact_input
    }

    fn activate(&mut self, activation: Rc<Layer>, fnn: &TokenStream) {
        if matches!(self.layer.role, Role::Affine | Role::Sum | Role::Linear { activated: true }) {
            let (layer, function) = (&self.layer.layer, &activation.layer);
            let layer = quote!(#fnn::macro_support::Activated<#layer, #function>);
            let both = Layer { layer, output: activation.output.clone(), ..Layer::clone(&self.layer) };
            self.activated = Some([std::mem::replace(&mut self.layer, Rc::new(both)), activation]);
        } else {
            self.activation = Some(activation);
        }
    }

    /// Leaves the derivative of the activation to the stage behind, whose outputs are some of this stage's: there are fewer of them.
    fn derive_behind(&mut self) -> Option<Rc<Layer>> {
        let [_, activation] = self.activated.as_ref()?;
        self.is_derived_behind = true;
        Some(Rc::clone(activation))
    }

    /// The stage as a backward pass sees it, with the activation whose derivative it computes, which may be that of the stage before.
    pub(crate) fn back(&self) -> Self {
        let mut back = self.clone();
        if let (true, Some([layer, _])) = (self.is_derived_behind, &self.activated) {
            (back.layer, back.activated) = (Rc::clone(layer), None);
        }
        back.activation = back.activation.or(back.derivative.take());
        back
    }

    /// The layer whose outputs are those of the stage.
    pub(crate) fn last(&self) -> &Layer {
        self.activation.as_ref().unwrap_or(&self.layer)
    }

    /// A reference to the network's layer of that name as one to the layer that computes.
    pub(crate) fn shared(&self, layer: TokenStream) -> TokenStream {
        let own = &self.layer.layer;
        if self.activated.is_some() { quote!(<#own>::of(#layer)) } else { layer }
    }
}
