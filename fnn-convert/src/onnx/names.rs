//! Names of values and nodes, and which nodes are needed.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::lowering::Known;
use super::proto::{GraphProto, NodeProto};
use crate::error::Refusal;
use crate::model::Problem;
use crate::tensor::Tensor;

/// Check that each name is made once, and before it is used.
pub(super) fn check_names(graph: &GraphProto, constants: &HashMap<&str, Rc<Tensor>>) -> Result<(), Problem> {
    let mut made: HashSet<&str> = constants.keys().copied().collect();
    made.extend(graph.input.iter().map(|input| input.name.as_str()));
    let all: HashSet<&str> = graph.node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
    for node in &graph.node {
        let problem = |what: String| {
            Problem::Refused(vec![Refusal { node: name_of(node), operator: node.op_type.clone(), reason: what }])
        };
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            if made.contains(input.as_str()) {
                continue;
            }
            return Err(problem(match all.contains(input.as_str()) {
                true => format!(
                    "it takes `{input}`, which only a later node makes: the nodes are out of order, or form a cycle"
                ),
                false => format!("it takes `{input}`, which nothing makes"),
            }));
        }
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            if !made.insert(output) {
                return Err(problem(format!("it makes `{output}`, which is made before already")));
            }
        }
    }
    Ok(())
}

/// The name of a node, or of its first output.
pub(super) fn name_of(node: &NodeProto) -> String {
    if node.name.is_empty() { node.output.first().cloned().unwrap_or_default() } else { node.name.clone() }
}

/// The path of the module that a node comes from: that of its weights, or of its own name; empty, if both are made up.
pub(super) fn path_of(node: &NodeProto, known: &HashMap<&str, Known>) -> String {
    let weights = node.input.iter().filter(|name| known.contains_key(name.as_str()) && !name.contains("::"));
    if let Some((module, _)) = weights.filter_map(|name| name.rsplit_once('.')).next() {
        return module.to_string();
    }
    let stem =
        |name: &str| name.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches('_').to_lowercase();
    // What exporters append to a module for the operator itself.
    const OPERATORS: &[&str] = &[
        "biasadd",
        "conv2d",
        "conv1d",
        "depthwise",
        "depthwiseconv2dnative",
        "matmul",
        "fusedbatchnormv",
        "batchnorm",
    ];
    let is_operator = |name: &str| {
        let stem = stem(name);
        stem == node.op_type.to_lowercase() || OPERATORS.contains(&stem.as_str())
    };
    match node.name.rsplit_once('/') {
        Some((module, last)) if is_operator(last) => module.to_string(),
        Some((module, _)) if node.name.starts_with('/') => module.to_string(),
        Some(_) => node.name.clone(),
        None if node.name.starts_with("node_") || is_operator(&node.name) => String::new(),
        None => node.name.clone(),
    }
}

/// For each node, whether the model's output depends on it: its first one, if there are several.
pub(super) fn needed(graph: &GraphProto) -> Vec<bool> {
    let mut names: HashSet<&str> = graph.output.first().map(|output| output.name.as_str()).into_iter().collect();
    let mut needed = vec![false; graph.node.len()];
    for (node, needed) in graph.node.iter().zip(&mut needed).rev() {
        *needed = node.output.iter().any(|output| names.contains(output.as_str()));
        if *needed {
            names.extend(node.input.iter().map(String::as_str));
        }
    }
    needed
}
