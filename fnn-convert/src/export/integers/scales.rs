//! Which scale and zero point the layers behind a value fix.

use fnn::graph::{Node, Wiring};

use super::super::inside;
use super::{Exporter, added};

/// What the layers behind a value fix of its quantization.
#[derive(Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) scale: Option<f64>,
    pub(super) zero_point: Option<i32>,
}

impl Exporter<'_> {
    /// What is wanted of the output of each of these layers, if `last` is of the last one's.
    pub(super) fn wanted_between(&self, nodes: &'static [Node], path: &str, last: Wanted) -> Vec<Wanted> {
        let mut wanted = vec![last];
        for node in nodes.iter().skip(1).rev() {
            let behind = wanted.last().copied().unwrap_or_default();
            wanted.push(self.wanted_before(node, &inside(path, node), behind));
        }
        wanted.reverse();
        wanted
    }

    /// What is wanted of a layer's input.
    fn wanted_before(&self, node: &'static Node, path: &str, after: Wanted) -> Wanted {
        if let Wiring::Sequence(nodes) = node.wiring {
            let first = nodes.first().zip(self.wanted_between(nodes, path, after).first().copied());
            return first.map_or(after, |(first, behind)| self.wanted_before(first, &inside(path, first), behind));
        }
        let scale = match self.ratio(node, path) {
            Some(ratio) => after.scale.map(|scale| scale / ratio),
            None if matches!(node.kind, "Softmax" | "LogSoftmax") => self.arrays.scale_of_scores(path),
            None => None,
        };
        let own = self.arrays.integer(path, "zero_point");
        let zero_point = if own.is_none() && self.keeps_integers(node, path) { after.zero_point } else { own };
        Wanted { scale, zero_point }
    }

    /// Whether the output's integers are the input's, or means of them.
    fn keeps_integers(&self, node: &Node, path: &str) -> bool {
        let own = ["mantissa", "factor", "slope", "table", "powers"];
        matches!(node.wiring, Wiring::Layer(_)) && own.iter().all(|name| self.arrays.array(path, name).is_none())
    }

    /// The scale of the output over that of the input, where the integers fix it.
    pub(super) fn ratio(&self, node: &'static Node, path: &str) -> Option<f64> {
        match node.wiring {
            Wiring::Sequence(nodes) => nodes.iter().map(|node| self.ratio(node, &inside(path, node))).product(),
            Wiring::Sum(_) => {
                let branches = added(node, path);
                self.joined_scale(&branches, &self.arrays.sum(path, branches.len()).factors)
            }
            Wiring::Concat([first, second]) => {
                let branches = [first, second].map(|branch| (branch, inside(path, branch)));
                self.joined_scale(&branches, &self.arrays.branches(path).map(|line| line.factor))
            }
            Wiring::Layer(_) if self.keeps_integers(node, path) => Some(1.0),
            Wiring::Layer(_) => match node.kind {
                "PRelu" => Some(1.0 / self.positive(path).factor),
                "GlobalAvgPool" => Some(1.0 / (self.arrays.factor(path, "") * places(node))),
                _ => None,
            },
            _ => None,
        }
    }

    /// [`ratio`](Self::ratio) for branches that are joined, each after it is multiplied by its factor.
    pub(super) fn joined_scale(&self, branches: &[(&'static Node, String)], factors: &[f64]) -> Option<f64> {
        // The input itself first, if it is the last branch.
        let mut ratios = branches
            .iter()
            .zip(factors)
            .rev()
            .map(|((branch, path), factor)| self.ratio(branch, path).map(|ratio| ratio / factor));
        ratios.find_map(|ratio| ratio)
    }
}

/// The number of places of each channel.
pub(super) fn places(node: &Node) -> f64 {
    node.input.sizes().iter().skip(1).product::<usize>() as f64
}
