//! Sequences and blocks in a graph: where branches start and where they meet.

use std::collections::{HashMap, HashSet};

use super::kinds::kind;
use super::{Block, Content, Layer};
use crate::error::Refusal;
use crate::graph::{Graph, Node, Operator, ValueId};
use crate::integers;

/// How deep blocks nest at most in a declaration.
const MAX_DEPTH: usize = 15;
/// How many branches may compute again what others compute, too.
const MAX_COPIES: usize = 64;

/// The layers of a graph, or everything that can't be declared.
pub(super) fn layers(graph: &Graph) -> Result<Vec<Layer>, Vec<Refusal>> {
    let mut structure = Structure::new(graph);
    let layers = structure.chain(graph.input, graph.output, 0);
    let mut refusals = structure.refusals;
    match layers {
        Ok(layers) if refusals.is_empty() => Ok(match layers.is_empty() {
            true => vec![leaf("Identity".into(), Vec::new(), "", "", graph.shape(graph.output))],
            false => layers,
        }),
        Ok(_) => Err(refusals),
        Err(refusal) => {
            refusals.push(refusal);
            Err(refusals)
        }
    }
}

fn leaf(
    written: String,
    weights: Vec<(&'static str, super::Weight)>,
    name: &str,
    origin: &str,
    output: &[usize],
) -> Layer {
    let path = super::names::path(name);
    let content = Content::Kind { written, weights };
    let (origin, output) = (origin.into(), output.to_vec());
    Layer { name: None, field: String::new(), content, origin, output, integers: Vec::new(), path }
}

/// A graph with the value that everything on the way to a value passes.
struct Structure<'a> {
    graph: &'a Graph,
    makers: Vec<Option<usize>>,
    /// For each value, the last other one that every path from the input to it passes.
    dominators: Vec<ValueId>,
    /// The number of such values.
    depths: Vec<usize>,
    refusals: Vec<Refusal>,
    /// The nodes that are layers already.
    declared: HashSet<usize>,
    /// The number of branches that compute again what others compute.
    copies: usize,
}

impl<'a> Structure<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut dominators = vec![graph.input; graph.values.len()];
        let mut depths = vec![0; graph.values.len()];
        for node in &graph.nodes {
            let common = node.inputs.iter().copied().reduce(|one, other| common(&dominators, &depths, one, other));
            if let Some(common) = common {
                dominators[node.output.0] = common;
                depths[node.output.0] = depths[common.0] + 1;
            }
        }
        let makers = graph.makers();
        Self { graph, makers, dominators, depths, refusals: Vec::new(), declared: HashSet::new(), copies: 0 }
    }

    /// The layers from one value to another, which every path to it passes.
    fn chain(&mut self, from: ValueId, to: ValueId, depth: usize) -> Result<Vec<Layer>, Refusal> {
        let graph = self.graph;
        let (mut layers, mut at) = (Vec::new(), to);
        while at != from {
            let Some(maker) = self.makers[at.0] else { break };
            let node = &graph.nodes[maker];
            if let [input] = node.inputs[..] {
                layers.extend(self.layer(maker, node, input));
                at = input;
            } else {
                let start = self.dominators[at.0];
                layers.push(self.join(node, &node.inputs, start, depth)?);
                at = start;
            }
        }
        layers.reverse();
        Ok(layers)
    }

    /// The layer of a node with one input.
    fn layer(&mut self, maker: usize, node: &Node, input: ValueId) -> Option<Layer> {
        let refuse = |reason| Refusal { node: node.name.clone(), operator: node.origin.clone(), reason };
        match kind(&node.operator, self.graph.shape(input)) {
            Ok((written, weights)) => {
                // A layer without weights may be computed twice.
                if !self.declared.insert(maker) && !weights.is_empty() {
                    self.refusals.push(refuse(
                        "its output is used in several branches that don't nest, so that it would be two layers with \
                         the same weights"
                            .into(),
                    ));
                }
                let identity = written == "Identity";
                let mut layer = leaf(written, weights, &node.path, &node.origin, self.graph.shape(node.output));
                if self.graph.is_quantized() {
                    match integers::layer(self.graph, node) {
                        Ok(integers) => layer.integers = integers,
                        Err(reason) => self.refusals.push(refuse(reason)),
                    }
                }
                (!identity).then_some(layer)
            }
            Err(reason) => {
                self.refusals.push(refuse(reason));
                None
            }
        }
    }

    /// The block of a sum or a concatenation of `inputs`, whose branches all start from `start`.
    fn join(&mut self, node: &Node, inputs: &[ValueId], start: ValueId, depth: usize) -> Result<Layer, Refusal> {
        let graph = self.graph;
        let refuse = |reason: &str| Refusal {
            node: node.name.clone(),
            operator: node.origin.clone(),
            reason: reason.to_string(),
        };
        if depth >= MAX_DEPTH {
            return Err(refuse("its branches nest too deep to be declared"));
        }
        let sum = node.operator == Operator::Sum;
        let mut branches = Vec::new();
        for group in self.groups(inputs, start) {
            let members: Vec<ValueId> = group.iter().map(|&index| inputs[index]).collect();
            if let [only] = members[..] {
                branches.push((vec![only], self.chain(start, only, depth + 1)?));
                continue;
            }
            if members.len() == inputs.len() {
                // Branches that share layers without nesting: each has its own, which is refused if they have weights.
                self.copies += members.len();
                if self.copies > MAX_COPIES {
                    return Err(refuse("its branches share layers without nesting, which blocks can't express"));
                }
                for &member in &members {
                    branches.push((vec![member], self.chain(start, member, depth + 1)?));
                }
                continue;
            }
            if node.operator == Operator::Concat && group.windows(2).any(|pair| pair[0] + 1 != pair[1]) {
                return Err(refuse("branches that share layers aren't next to each other, which blocks can't express"));
            }
            // Branches that share layers form a block of their own, behind those.
            let inner = members
                .iter()
                .copied()
                .reduce(|one, other| common(&self.dominators, &self.depths, one, other))
                .unwrap_or(start);
            let mut branch = self.chain(start, inner, depth + 1)?;
            branch.push(self.join(node, &members, inner, depth + 1)?);
            branches.push((members, branch));
        }
        let weight = |layers: &Vec<Layer>| layers.iter().map(Layer::size).sum::<usize>();
        // Of a sum, the values that are added in each branch.
        let mut ends = Vec::new();
        let block = if sum {
            // The order of a sum doesn't matter: what has more layers comes first, the shortcut last.
            branches.sort_by_key(|(_, branch)| (branch.is_empty(), std::cmp::Reverse(weight(branch))));
            ends = branches.iter().map(|(end, _)| end.clone()).collect();
            match &branches[..] {
                [_, (_, shortcut)] if shortcut.is_empty() => {
                    branches.truncate(1);
                    Block::Residual
                }
                _ => Block::Sum,
            }
        } else if node.operator == Operator::Product {
            Block::Product
        } else {
            Block::Concat
        };
        let branches: Vec<Vec<Layer>> = branches.into_iter().map(|(_, branch)| branch).collect();
        let mut output = graph.shape(inputs[0]).to_vec();
        if block == Block::Concat {
            output[0] = inputs.iter().map(|&input| graph.shape(input)[0]).sum();
        }
        if branches.iter().any(Vec::is_empty) && block == Block::Residual {
            return Err(refuse("it adds a value to itself"));
        }
        let integers = match graph.is_quantized() {
            false => Ok(Vec::new()),
            true if sum => {
                let total = |values: &Vec<ValueId>| -> Result<_, String> {
                    let each: Vec<_> =
                        values.iter().map(|&value| integers::of(graph, value)).collect::<Result<_, _>>()?;
                    Ok(integers::total(&each))
                };
                let part = inputs.len() < node.inputs.len();
                let ends = ends.iter().map(total).collect::<Result<Vec<_>, _>>();
                ends.and_then(|ends| integers::sum(graph, node, &ends, part))
            }
            true if block == Block::Product => integers::product(graph, node),
            true => integers::concatenation(graph, node),
        };
        let integers = integers.map_err(|reason| refuse(&reason))?;
        let content = Content::Block { block, branches };
        let origin = node.origin.clone();
        Ok(Layer { name: None, field: String::new(), content, origin, output, integers, path: Vec::new() })
    }

    /// Inputs that share layers behind `start`, by their indices.
    fn groups(&self, inputs: &[ValueId], start: ValueId) -> Vec<Vec<usize>> {
        let mut owner: HashMap<ValueId, usize> = HashMap::new();
        // The group of each input: that of the first one that it shares a value with.
        let mut group: Vec<usize> = (0..inputs.len()).collect();
        for (index, &input) in inputs.iter().enumerate() {
            let (mut seen, mut open) = (HashSet::new(), vec![input]);
            while let Some(value) = open.pop() {
                if value == start || !seen.insert(value) {
                    continue;
                }
                if let Some(&other) = owner.get(&value) {
                    let (one, other) = (group[index], group[other]);
                    let joined = one.min(other);
                    group
                        .iter_mut()
                        .filter(|group| **group == one || **group == other)
                        .for_each(|group| *group = joined);
                }
                owner.insert(value, index);
                if let Some(maker) = self.makers[value.0] {
                    open.extend(&self.graph.nodes[maker].inputs);
                }
            }
        }
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for index in 0..inputs.len() {
            match groups.iter_mut().find(|members| group[members[0]] == group[index]) {
                Some(members) => members.push(index),
                None => groups.push(vec![index]),
            }
        }
        groups
    }
}

impl Layer {
    /// How many layers it is.
    fn size(&self) -> usize {
        match &self.content {
            Content::Kind { .. } => 1,
            Content::Block { branches, .. } => 1 + branches.iter().flatten().map(Self::size).sum::<usize>(),
        }
    }
}

/// The last value that every path to both passes.
fn common(dominators: &[ValueId], depths: &[usize], mut one: ValueId, mut other: ValueId) -> ValueId {
    while one != other {
        let deeper = if depths[one.0] >= depths[other.0] { &mut one } else { &mut other };
        if depths[deeper.0] == 0 {
            return *deeper;
        }
        *deeper = dominators[deeper.0];
    }
    one
}
