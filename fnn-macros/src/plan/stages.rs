//! Stages: which of a network's layers share memory.

use std::rc::Rc;

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
}

/// Divides a network into stages.
pub(super) fn stages(network: &Network) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut views = Vec::new();
    let count = network.layers.len();
    for (index, layer) in network.layers.iter().enumerate() {
        let layer = Rc::clone(layer);
        match layer.role {
            // The last layer writes the output, so it has to compute.
            Role::View if index + 1 < count => views.push(layer),
            Role::Activation { in_place: true, .. } if views.is_empty() => match stages.last_mut() {
                Some(stage)
                    if stage.activation.is_none()
                        && matches!(stage.layer.role, Role::Linear | Role::Weightless | Role::Affine) =>
                {
                    stage.activation = Some(layer);
                }
                _ => stages.push(Stage { views: Vec::new(), layer, index, activation: None }),
            },
            _ => stages.push(Stage { views: std::mem::take(&mut views), layer, index, activation: None }),
        }
    }
    stages
}

impl Stage {
    /// The layer whose outputs are those of the stage.
    pub(crate) fn last(&self) -> &Layer {
        self.activation.as_ref().unwrap_or(&self.layer)
    }
}
