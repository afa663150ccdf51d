//! ONNX files: read as a [`Graph`].
//!
//! Nothing in a file is believed: sizes are checked before memory is taken, names are made once and before they are used,
//! and what is computed while reading is bounded.

mod attributes;
mod axes;
pub(crate) mod constants;
mod expression;
mod inputs;
mod lowering;
mod moments;
mod names;
mod operators;
pub(crate) mod proto;
mod tensors;

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use prost::Message;

use self::attributes::Attributes;
use self::constants::Room;
use self::inputs::{InputType, declare_inputs, input_type};
use self::lowering::{Computed, Fault, Known, Lowering};
use self::names::{check_names, name_of, path_of};
use self::operators::Call;
use self::proto::{GraphProto, ModelProto, NodeProto};
use crate::error::Refusal;
use crate::graph::{Graph, MAX_RANK, Value, ValueId};
use crate::model::{Options, Problem};
use crate::tensor::Tensor;

/// The versions of ONNX's operators that are understood.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=28;
/// No network that can be declared has as many.
const MAX_NODES: usize = 5_000;

/// Read a file. `folder` is where it is, for weights in files beside it.
pub(crate) fn read(bytes: &[u8], folder: Option<&Path>, options: &Options) -> Result<Graph, Problem> {
    let model = ModelProto::decode(bytes).map_err(|error| {
        Problem::Format(format!("this isn't an ONNX file, or it is damaged or ends early: {error}"))
    })?;
    let graph = model.graph.as_ref().ok_or_else(|| Problem::Format("the file has no graph".into()))?;
    let opset = opset(&model)?;
    if graph.node.len() > MAX_NODES {
        return Err(Problem::Format(format!("the graph has {} nodes, more than {MAX_NODES}", graph.node.len())));
    }
    let constants = initializers(graph, folder)?;
    check_names(graph, &constants)?;
    let (from, version) = (&model.producer_name, &model.producer_version);
    let from = [" from ", from, " ", version];
    let origin = format!("ONNX, opset {opset}{}", if from[1].is_empty() { String::new() } else { from.concat() });
    lower(graph, constants, opset, origin.trim_end().to_string(), options)
}

/// The version of ONNX's own operators.
fn opset(model: &ModelProto) -> Result<i64, Problem> {
    let imports = &model.opset_import;
    let own = imports.iter().find(|import| is_own(&import.domain)).map(|import| import.version);
    match own {
        Some(version) if OPSETS.contains(&version) => Ok(version),
        Some(version) => Err(Problem::Format(format!(
            "the model uses opset {version}; {} to {} are understood",
            OPSETS.start(),
            OPSETS.end()
        ))),
        None => Err(Problem::Format("the model doesn't say which opset it uses".into())),
    }
}

/// Whether a domain is that of ONNX's own operators.
fn is_own(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// The constants of a graph by name.
fn initializers<'a>(graph: &'a GraphProto, folder: Option<&Path>) -> Result<HashMap<&'a str, Rc<Tensor>>, Problem> {
    if !graph.sparse_initializer.is_empty() {
        return Err(Problem::Format("the model has sparse weights, which aren't supported".into()));
    }
    let (mut constants, mut refusals) = (HashMap::new(), Vec::new());
    for proto in &graph.initializer {
        match tensors::tensor(proto, folder) {
            Ok(tensor) => {
                if constants.insert(proto.name.as_str(), Rc::new(tensor)).is_some() {
                    return Err(Problem::Format(format!("two weights have the name `{}`", proto.name)));
                }
            }
            Err(reason) => {
                refusals.push(Refusal { node: proto.name.clone(), operator: "the weight".into(), reason });
            }
        }
    }
    if refusals.is_empty() { Ok(constants) } else { Err(Problem::Refused(refusals)) }
}

/// The graph of a model with these constants.
fn lower(
    graph: &GraphProto,
    constants: HashMap<&str, Rc<Tensor>>,
    opset: i64,
    origin: String,
    options: &Options,
) -> Result<Graph, Problem> {
    let numbers = constants.values().map(|tensor| tensor.numbers.len()).sum();
    let mut known: HashMap<&str, Known> =
        constants.into_iter().map(|(name, tensor)| (name, Known::Constant(tensor))).collect();
    let inputs: Vec<_> = graph.input.iter().filter(|input| !known.contains_key(input.name.as_str())).collect();
    let mut refusals = Vec::new();
    let mut shapes = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        match input_type(input.r#type.as_ref(), options, index) {
            Ok(input_type) => shapes.push(input_type),
            Err(reason) => refusals.push(Refusal { node: input.name.clone(), operator: "the input".into(), reason }),
        }
    }
    if inputs.is_empty() {
        return Err(Problem::Format("the graph has no input".into()));
    }
    if !refusals.is_empty() {
        return Err(Problem::Refused(refusals));
    }
    // Integers beside real numbers are no part of the sample.
    let any_real = shapes.iter().any(|input| !input.integers);
    let declared: Vec<_> = inputs.iter().zip(&shapes).filter(|(_, input)| !(any_real && input.integers)).collect();
    let batch = declared.first().and_then(|(_, input)| input.batch);
    let mut nodes: Vec<(String, String)> =
        graph.node.iter().map(|node| (name_of(node), node.op_type.clone())).collect();
    nodes.push((inputs[0].name.clone(), "the input".into()));
    let paths = graph.node.iter().map(|node| path_of(node, &known)).collect();
    let sample: Vec<usize> = match &declared[..] {
        [(_, only)] => lowering::in_graph(&only.sample),
        several => {
            let length = |input: &InputType| input.sample.iter().try_fold(1usize, |sum, &size| sum.checked_mul(size));
            let sum = several.iter().try_fold(0usize, |sum, (_, input)| sum.checked_add(length(input)?));
            vec![sum.ok_or_else(|| Problem::Format("the inputs are too large".into()))?]
        }
    };
    let name = inputs[0].name.clone();
    let sample = crate::graph::bounded(sample).map_err(|reason| {
        Problem::Refused(vec![Refusal { node: name.clone(), operator: "the input".into(), reason }])
    })?;
    let value = Value { name, shape: sample, tokens: declared[0].1.integers, quantization: None };
    let current = nodes.len() - 1;
    let mut lowering = Lowering {
        graph: Graph::new(origin, value),
        known: HashMap::new(),
        batch,
        room: Room::new(numbers),
        nodes,
        paths,
        current,
    };
    for (input, input_type) in inputs.iter().zip(&shapes) {
        if any_real && input_type.integers {
            known.insert(&input.name, Known::GivenAtRunTime(input.name.clone()));
        }
    }
    let parts =
        declare_inputs(&mut lowering, &declared).map_err(|fault| Problem::Refused(vec![lowering.refusal(fault)]))?;
    for ((input, _), part) in declared.iter().zip(parts) {
        known.insert(&input.name, part);
    }
    lowering.known = known;
    run(lowering, graph, opset)
}

/// Translate all nodes.
fn run<'a>(mut lowering: Lowering<'a>, graph: &'a GraphProto, opset: i64) -> Result<Graph, Problem> {
    let mut refusals: Vec<Refusal> = Vec::new();
    let needed = names::needed(graph);
    for (index, node) in graph.node.iter().enumerate().filter(|&(index, _)| needed[index]) {
        lowering.current = index;
        let outputs = match step(&mut lowering, node, opset) {
            Ok(outputs) => outputs,
            Err(fault) => {
                let refusal = lowering.refusal(fault);
                if !refusals.contains(&refusal) {
                    refusals.push(refusal);
                }
                vec![Known::Refused; node.output.len()]
            }
        };
        let names = node.output.iter().filter(|name| !name.is_empty());
        lowering.known.extend(names.map(String::as_str).zip(outputs));
    }
    lowering.current = lowering.nodes.len() - 1;
    let output = graph.output.first().ok_or_else(|| Problem::Format("the graph has no output".into()))?;
    lowering.nodes[graph.node.len()] = (output.name.clone(), "the output".into());
    if let [_, other, ..] = &graph.output[..] {
        let reason = "the model has several outputs; a network has one".into();
        refusals.push(Refusal { node: other.name.clone(), operator: "the output".into(), reason });
    }
    match result(&mut lowering, &output.name) {
        Ok(Some(output)) => lowering.graph.output = output,
        Ok(None) => {}
        Err(fault) => {
            let refusal = lowering.refusal(fault);
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
    }
    if refusals.is_empty() { Ok(lowering.graph) } else { Err(Problem::Refused(refusals)) }
}

/// The value of the graph's output; `None` if it depends on something that was refused.
fn result(lowering: &mut Lowering<'_>, name: &str) -> Result<Option<ValueId>, Fault> {
    match lowering.known.get(name).cloned() {
        None => Err(format!("nothing makes the output `{name}`").into()),
        Some(Known::Refused) => Ok(None),
        Some(Known::Constant(_)) => Err("it doesn't depend on the input".into()),
        Some(Known::GivenAtRunTime(_)) => Err("it is one of several inputs".into()),
        Some(Known::Further(reason)) => Err(reason.into()),
        Some(Known::Computed(computed)) => {
            let value = lowering.folded(&computed)?;
            if computed.shape.len() > MAX_RANK {
                let (shape, own) = (&computed.shape, lowering.graph.shape(value).to_vec());
                lowering.graph.notes.push(format!("The output of the model is {shape:?}; here, it is {own:?}."));
            }
            Ok(Some(value))
        }
        Some(Known::Padded(_)) => Err("it is padded with the smallest number, and no max pool follows".into()),
        Some(Known::Moment(moment)) => {
            let Computed { expression, .. } = lowering.moment_value(&moment)?;
            Ok(expression.made.get())
        }
    }
}

/// The outputs of a node.
fn step(lowering: &mut Lowering<'_>, node: &NodeProto, opset: i64) -> Result<Vec<Known>, Fault> {
    // What ONNX Runtime's quantizer adds.
    let quantized = node.domain == "com.microsoft"
        && matches!(node.op_type.as_str(), "QuantizeLinear" | "DequantizeLinear" | "QGemm");
    if !is_own(&node.domain) && !quantized {
        return Err(format!("the operator's domain `{}` is unknown", node.domain).into());
    }
    let known = |name: &String| match name.is_empty() {
        true => None,
        false => lowering.known.get(name.as_str()).cloned(),
    };
    let mut inputs: Vec<Option<Known>> = node.input.iter().map(known).collect();
    // Only a max pool has such padding itself.
    for input in inputs.iter_mut().flatten().filter(|_| node.op_type != "MaxPool") {
        if matches!(input, Known::Padded(_)) {
            *input = lowering.as_computed(input)?.into();
        }
    }
    if inputs.iter().any(|input| matches!(input, Some(Known::Refused))) {
        return Ok(vec![Known::Refused; node.output.len()]);
    }
    let attributes = Attributes { node, opset };
    let constants: Option<Vec<Option<&Tensor>>> = inputs
        .iter()
        .map(|input| match input {
            None => Some(None),
            Some(Known::Constant(tensor)) => Some(Some(&**tensor)),
            // Only the type of what it is cast to matters, and computed values are real.
            Some(_) if node.op_type == "CastLike" && matches!(inputs[0], Some(Known::Constant(_))) => Some(None),
            Some(_) => None,
        })
        .collect();
    if let Some(constants) = constants {
        if node.op_type == "DequantizeLinear" {
            let tensor = operators::quantized::dequantized_constant(&constants, attributes.int("axis", 1))?;
            return Ok(vec![Known::Constant(Rc::new(tensor))]);
        }
        let made = constants::evaluate(&node.op_type, &constants, &attributes, &mut lowering.room);
        let made = made.ok_or_else(|| format!("the operator {} isn't supported for constants", node.op_type))??;
        return Ok(made.into_iter().map(|tensor| Known::Constant(Rc::new(tensor))).collect());
    }
    lowering.lower(&Call { attributes, inputs, outputs: node.output.len() })
}
