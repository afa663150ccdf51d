//! Which layers share memory: a network's layers, cut into stages.

use crate::kinds::Role;
use crate::shapes::{Layer, Network};

/// Layers that bring a batch from one piece of memory to the next: a layer that computes, the views through which it
/// sees what comes, and an activation that works in the place of its outputs.
pub(crate) struct Stage<'a> {
    /// The layers that only change the type of what comes in.
    pub(crate) views: Vec<&'a Layer>,
    /// The layer that computes.
    pub(crate) layer: &'a Layer,
    /// The activation right after it.
    pub(crate) activation: Option<&'a Layer>,
}

/// Cut a network into stages.
pub(crate) fn stages(network: &Network) -> Vec<Stage<'_>> {
    let mut stages: Vec<Stage<'_>> = Vec::new();
    let mut views = Vec::new();
    let count = network.layers.len();
    for (index, layer) in network.layers.iter().enumerate() {
        match layer.role {
            // The last layer writes what comes out, so it has to compute.
            Role::View if index + 1 < count => views.push(layer),
            Role::Activation { in_place: true, .. } if views.is_empty() => match stages.last_mut() {
                Some(stage)
                    if stage.activation.is_none()
                        && matches!(stage.layer.role, Role::Linear | Role::Weightless | Role::Affine) =>
                {
                    stage.activation = Some(layer);
                }
                _ => stages.push(Stage { views: Vec::new(), layer, activation: None }),
            },
            _ => stages.push(Stage { views: std::mem::take(&mut views), layer, activation: None }),
        }
    }
    stages
}

impl Stage<'_> {
    /// The layer whose outputs are the stage's.
    pub(crate) fn last(&self) -> &Layer {
        self.activation.unwrap_or(self.layer)
    }
}
