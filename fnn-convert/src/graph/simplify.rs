//! A graph without detours: transposes moved to where they vanish, factors and terms folded into weights.

mod layout;
mod pads;
mod scales;

use std::collections::HashSet;

use super::{Graph, Node, Operator, ValueId};
use crate::error::Refusal;

/// Passes until nothing changes, at most this often.
const MAX_ROUNDS: usize = 32;

/// How a graph is simplified.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Simplification {
    /// Fold batch norms into the layers before them.
    pub(crate) fold_batch_norm: bool,
}

impl Graph {
    /// The same graph without detours.
    ///
    /// # Errors
    /// If an operator doesn't fit; a reader has checked that.
    pub(crate) fn simplified(mut self, options: Simplification) -> Result<Self, Refusal> {
        self.input_to_channels_first()?;
        for _ in 0..MAX_ROUNDS {
            let before = self.clone();
            self = self.with_transposes_moved()?;
            self.output_to_channels_first();
            self.without_dead_nodes();
            self.fold_scales(options);
            self.fold_pads();
            self.join_sums();
            self.without_dead_nodes();
            if self == before {
                break;
            }
        }
        let mut declared = self.with_scales_per_channel()?;
        declared.without_dead_nodes();
        Ok(declared)
    }

    /// Drop nodes on which the output doesn't depend.
    fn without_dead_nodes(&mut self) {
        let mut needed: HashSet<ValueId> = HashSet::from([self.output]);
        for node in self.nodes.iter().rev() {
            if needed.contains(&node.output) {
                needed.extend(&node.inputs);
            }
        }
        self.nodes.retain(|node| needed.contains(&node.output));
    }

    /// How often each value is used, the output counted.
    pub(crate) fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.values.len()];
        for input in self.nodes.iter().flat_map(|node| &node.inputs) {
            uses[input.0] += 1;
        }
        uses[self.output.0] += 1;
        uses
    }

    /// For each value, the index of the node that makes it.
    pub(crate) fn makers(&self) -> Vec<Option<usize>> {
        let mut makers = vec![None; self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            makers[node.output.0] = Some(index);
        }
        makers
    }

    /// Whether there are operators for which axes have a meaning.
    fn has_places(&self) -> bool {
        let of_places = |node: &Node| {
            matches!(
                node.operator,
                Operator::Conv { .. }
                    | Operator::MaxPool { .. }
                    | Operator::AveragePool { .. }
                    | Operator::Upsample { .. }
                    | Operator::Resize { .. }
                    | Operator::ZeroPad { .. }
                    | Operator::GroupNorm { .. }
                    | Operator::LocalResponseNorm { .. }
            )
        };
        self.nodes.iter().any(of_places)
    }

    /// Sums of sums, and concatenations of concatenations, as one, unless the inner ones are rounded to a quantization of their own.
    fn join_sums(&mut self) {
        let (uses, makers) = (self.uses(), self.makers());
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            if !matches!(node.operator, Operator::Sum | Operator::Concat) {
                continue;
            }
            let mut inputs = Vec::new();
            for &input in &node.inputs {
                let rounded = self.values[input.0].quantization.as_ref();
                let moves =
                    node.operator == Operator::Concat && rounded == self.values[node.output.0].quantization.as_ref();
                match makers[input.0].map(|maker| &self.nodes[maker]) {
                    Some(inner)
                        if uses[input.0] == 1 && inner.operator == node.operator && (rounded.is_none() || moves) =>
                    {
                        inputs.extend(&inner.inputs)
                    }
                    _ => inputs.push(input),
                }
            }
            self.nodes[index].inputs = inputs;
        }
    }
}
