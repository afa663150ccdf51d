//! From a model's operators, channels last, to the graph, channels first.

mod elementwise;
mod layout;
mod pools;
mod weights;

use self::elementwise::Column;
use super::model::{Entry, Model, Operator as Source, Type};
use super::operators::{self, name_of};
use crate::error::Refusal;
use crate::graph::{Activation, Graph, Operator, Value, ValueId};
use crate::tensor::{Quantization, Tensor};

/// Why an operator isn't lowered.
pub(super) enum Stop {
    /// It can't be declared.
    Refused(String),
    /// What it takes wasn't lowered, which has been reported.
    Missing,
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Refused(reason)
    }
}

impl From<&str> for Stop {
    fn from(reason: &str) -> Self {
        Self::Refused(reason.into())
    }
}

/// A tensor that is computed.
#[derive(Clone)]
struct Held {
    value: ValueId,
    /// For each axis of a sample in the model, that of the value; `None` for one of size 1 that the value doesn't have.
    axes: Vec<Option<usize>>,
    /// The shape of which the value is a row, channels first, where the model has it channels last.
    flattened: Option<Vec<usize>>,
    /// What is still to be computed of each number of the value.
    column: Option<Column>,
}

/// A graph in the making.
struct Lowering<'a> {
    model: &'a Model<'a>,
    graph: Graph,
    held: Vec<Option<Held>>,
    /// How many operators take each tensor.
    takers: Vec<usize>,
}

/// The graph of a model, or everything in it that can't be declared.
pub(super) fn lower(model: &Model<'_>) -> Result<Graph, Vec<Refusal>> {
    let (input, output) = match (&model.inputs[..], &model.outputs[..]) {
        (&[input], &[output]) => (input, output),
        (inputs, outputs) => {
            let reason = format!("it has {} inputs and {} outputs, not one of each", inputs.len(), outputs.len());
            return Err(vec![Refusal { node: "graph".into(), operator: "graph".into(), reason }]);
        }
    };
    let needed = needed(model, output);
    let unsupported: Vec<_> = needed.iter().filter_map(|&source| unsupported(model, source)).collect();
    if !unsupported.is_empty() {
        return Err(unsupported);
    }
    let refusal = |reason| vec![Refusal { node: model.tensors[input].name.clone(), operator: "input".into(), reason }];
    let mut lowering = Lowering::new(model, input, &needed).map_err(refusal)?;
    let mut refusals = Vec::new();
    for source in needed {
        if let Err(Stop::Refused(reason)) = lowering.operator(source) {
            refusals.push(Refusal { node: node_name(model, source), operator: name_of(source.code), reason });
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let end = Refusal { node: model.tensors[output].name.clone(), operator: "output".into(), reason: String::new() };
    match lowering.materialized(output) {
        Ok(held) => {
            lowering.graph.output = held.value;
            lowering.graph.output_axes = layout::channels_first(lowering.graph.shape(held.value).len());
        }
        Err(Stop::Refused(reason)) => return Err(vec![Refusal { reason, ..end }]),
        Err(Stop::Missing) => return Err(vec![Refusal { reason: "nothing computes it".into(), ..end }]),
    }
    Ok(lowering.graph)
}

/// The operators that the output depends on, in order. The sizes that a model computes for a reshape aren't followed: the
/// result's shape is known.
fn needed<'a, 'b>(model: &'b Model<'a>, output: usize) -> Vec<&'b Source<'a>> {
    let mut wanted = vec![false; model.tensors.len()];
    wanted[output] = true;
    let mut needed = Vec::new();
    for source in model.operators.iter().rev() {
        if !source.outputs.iter().any(|&output| wanted[output]) {
            continue;
        }
        let data = if operators::takes_shape(source.code) { 1 } else { source.inputs.len() };
        for &input in source.inputs.iter().take(data).flatten() {
            wanted[input] = true;
        }
        needed.push(source);
    }
    needed.reverse();
    needed
}

fn unsupported(model: &Model<'_>, source: &Source<'_>) -> Option<Refusal> {
    let refusal = |operator: String, reason: &str| {
        Some(Refusal { node: node_name(model, source), operator, reason: reason.to_string() })
    };
    if source.code == operators::CUSTOM {
        return refusal(format!("CUSTOM `{}`", source.custom), "it is a custom operator, whose formula isn't known");
    }
    if !operators::is_known(source.code) {
        return refusal(name_of(source.code), "there is no such layer");
    }
    None
}

/// The name of an operator: that of its output.
fn node_name(model: &Model<'_>, source: &Source<'_>) -> String {
    source.outputs.first().map_or_else(String::new, |&output| model.tensors[output].name.clone())
}

impl<'a> Lowering<'a> {
    fn new(model: &'a Model<'a>, input: usize, needed: &[&Source<'_>]) -> Result<Self, String> {
        let mut takers = vec![0; model.tensors.len()];
        for &taken in needed.iter().flat_map(|source| source.inputs.iter().flatten()) {
            takers[taken] += 1;
        }
        let entry = &model.tensors[input];
        let sample = sample(entry)?;
        let axes = layout::canonical(sample.len());
        let shape = layout::of_value(&sample, &axes);
        let shape = crate::graph::bounded(shape)?;
        let quantization = activations(entry)?;
        let value = Value { name: entry.name.clone(), shape, tokens: false, quantization };
        let description = model.description.trim_end_matches('.');
        let made = if description.is_empty() { String::new() } else { format!(", {description}") };
        let mut graph = Graph::new(format!("TensorFlow Lite{made}"), value);
        graph.input_axes = layout::channels_first(sample.len());
        let mut held = vec![None; model.tensors.len()];
        held[input] = Some(Held { value: graph.input, axes, flattened: None, column: None });
        Ok(Self { model, graph, held, takers })
    }

    fn operator(&mut self, source: &Source<'_>) -> Result<(), Stop> {
        let &[output] = &source.outputs[..] else {
            return Err(format!("it has {} outputs; only the first is supported", source.outputs.len()).into());
        };
        if self.model.tensors[output].kind == Type::I16 {
            return Err("its numbers have 16 bits; networks have 8 or 32".into());
        }
        // What is computed of constants: weights in 16 bits are converted where they are read.
        if source.inputs.iter().flatten().all(|&input| self.constant(input).is_some()) {
            return match source.code {
                operators::DEQUANTIZE => Ok(()),
                _ => Err("all that it takes are constants".into()),
            };
        }
        let held = match source.code {
            operators::CONV_2D | operators::DEPTHWISE_CONV_2D => self.convolution(source)?,
            operators::FULLY_CONNECTED => self.dense(source)?,
            operators::AVERAGE_POOL_2D | operators::MAX_POOL_2D => self.pool(source)?,
            operators::MEAN | operators::REDUCE_MAX => self.global_pool(source)?,
            operators::PAD => self.pad(source)?,
            operators::RESIZE_NEAREST_NEIGHBOR | operators::RESIZE_BILINEAR => self.resize(source)?,
            operators::TILE => self.tile(source)?,
            operators::RESHAPE | operators::SQUEEZE | operators::EXPAND_DIMS => self.reshape(source)?,
            operators::TRANSPOSE => self.transpose(source)?,
            operators::CONCATENATION => self.concatenation(source)?,
            operators::SOFTMAX | operators::LOG_SOFTMAX => self.softmax(source)?,
            operators::PRELU => self.prelu(source)?,
            operators::ADD | operators::MUL => self.binary(source)?,
            _ => self.elementwise(source)?,
        };
        self.held[output] = Some(held);
        Ok(())
    }

    /// The constant that an operator takes, if it is one.
    fn constant(&self, tensor: usize) -> Option<Tensor> {
        if let Some(constant) = self.model.constant(tensor) {
            return Some(constant);
        }
        // A weight of 16 or 8 bits behind an operator that converts it.
        let source = self.model.operators.iter().find(|source| source.outputs.contains(&tensor))?;
        match (source.code, &source.inputs[..]) {
            (operators::DEQUANTIZE, &[Some(input)]) if self.model.is_constant(input) => {
                let constant = self.model.constant(input)?;
                Some(Tensor::reals(&constant.shape, constant.dequantized()?))
            }
            _ => None,
        }
    }

    /// The constant reals of an operator's input; those of 8 bits are dequantized.
    fn reals(&self, source: &Source<'_>, number: usize) -> Result<Tensor, Stop> {
        let constant = self.input_constant(source, number)?;
        let numbers = constant.dequantized().ok_or("the type of a constant isn't supported")?;
        Ok(Tensor::reals(&constant.shape, numbers))
    }

    /// The constant integers of an operator's input.
    fn integers(&self, source: &Source<'_>, number: usize) -> Result<Vec<i64>, Stop> {
        let constant = self.input_constant(source, number)?;
        constant.to_integers().ok_or_else(|| "a constant isn't of integers".into())
    }

    fn input_constant(&self, source: &Source<'_>, number: usize) -> Result<Tensor, Stop> {
        let tensor =
            source.inputs.get(number).copied().flatten().ok_or_else(|| format!("its input {number} is missing"))?;
        self.constant(tensor).ok_or_else(|| format!("its input {number} isn't a constant").into())
    }

    /// An operator's computed input.
    fn input(&mut self, source: &Source<'_>, number: usize) -> Result<Held, Stop> {
        let tensor =
            source.inputs.get(number).copied().flatten().ok_or_else(|| format!("its input {number} is missing"))?;
        self.materialized(tensor)
    }

    /// A computed tensor, with nothing left to be computed of it.
    fn materialized(&mut self, tensor: usize) -> Result<Held, Stop> {
        let held = self.in_any_order(tensor)?;
        let held = self.straight(held)?;
        self.held[tensor] = Some(held.clone());
        Ok(held)
    }

    /// [`materialized`](Self::materialized), maybe as a row of another order.
    fn in_any_order(&mut self, tensor: usize) -> Result<Held, Stop> {
        let held = self.held[tensor].clone().ok_or(Stop::Missing)?;
        let Some(column) = &held.column else { return Ok(held) };
        let value = self.apply(held.value, column, tensor)?;
        let held = Held { value, column: None, ..held };
        self.held[tensor] = Some(held.clone());
        Ok(held)
    }

    /// Append a node whose output is `output`, in the layout of `axes`, and the activation that is fused into it.
    fn finish(
        &mut self,
        source: &Source<'_>,
        operator: Operator,
        inputs: &[ValueId],
        axes: Vec<Option<usize>>,
        fused: u8,
    ) -> Result<Held, Stop> {
        let entry = &self.model.tensors[source.outputs[0]];
        let quantization = activations(entry)?;
        let mut value = self.push(source, operator, inputs)?;
        if let Some(activation) = fused_activation(fused)? {
            value = self.push(source, Operator::Activation(activation), &[value])?;
        }
        self.graph.values[value.0].quantization = quantization;
        let held = Held { value, axes, flattened: None, column: None };
        let expected = sample(entry)?;
        let shape = layout::of_value(&expected, &held.axes);
        if shape != self.graph.shape(value) {
            let computed = self.graph.shape(value);
            return Err(format!("its output is {expected:?} in the file, but {computed:?}, channels first").into());
        }
        Ok(held)
    }

    fn push(&mut self, source: &Source<'_>, operator: Operator, inputs: &[ValueId]) -> Result<ValueId, Stop> {
        let name = node_name(self.model, source);
        let path = match operator {
            Operator::Activation(_) => String::new(),
            _ => operators::path(&name),
        };
        self.push_named(&name, path, &name_of(source.code), operator, inputs)
    }

    fn push_named(
        &mut self,
        name: &str,
        path: String,
        origin: &str,
        operator: Operator,
        inputs: &[ValueId],
    ) -> Result<ValueId, Stop> {
        let value = self.graph.push(name, origin, operator, inputs);
        let value = value.map_err(|refusal| Stop::Refused(refusal.reason))?;
        if let Some(node) = self.graph.nodes.last_mut() {
            node.path = path;
        }
        Ok(value)
    }
}

/// The sizes of one sample of a tensor.
fn sample(entry: &Entry<'_>) -> Result<Vec<usize>, String> {
    if let Some(axis) = entry.unknown.iter().find(|&&axis| axis > 0) {
        return Err(format!("the size of axis {axis} isn't known: its shape signature has -1 there"));
    }
    match &entry.shape[..] {
        [1, sample @ ..] if !sample.is_empty() => Ok(sample.to_vec()),
        // A reshape has dropped the batch.
        [size] => Ok(vec![*size]),
        shape => Err(format!("its shape is {shape:?}; a batch of 1 is supported")),
    }
}

/// The quantization of a tensor that is computed, if it has 8 bits. Bytes from 0 to 255 are counted from −128.
fn activations(entry: &Entry<'_>) -> Result<Option<Quantization>, String> {
    let offset = match entry.kind {
        Type::F32 => return Ok(None),
        Type::I8 => 0,
        Type::U8 => 128,
        kind => return Err(format!("tensor `{}` is of the type {kind:?}; I8 and F32 are supported", entry.name)),
    };
    match &entry.quantization {
        Some(Quantization { scales, zero_points, .. }) if scales.len() == 1 => {
            let zero_point = i64::from(zero_points[0]) - offset;
            let zero_point = i32::try_from(zero_point).ok().filter(|zero_point| (-128..=127).contains(zero_point));
            let zero_point =
                zero_point.ok_or_else(|| format!("tensor `{}` has an impossible zero point", entry.name))?;
            Ok(Some(Quantization { scales: scales.clone(), zero_points: vec![zero_point], axis: 0 }))
        }
        _ => Err(format!("tensor `{}` has 8 bits, but not one scale", entry.name)),
    }
}

fn fused_activation(number: u8) -> Result<Option<Activation>, Stop> {
    Ok(match number {
        0 => None,
        1 => Some(Activation::Relu),
        2 => Some(Activation::Clip(-1.0, 1.0)),
        3 => Some(Activation::Relu6),
        4 => Some(Activation::Tanh),
        _ => return Err("its fused activation is the sign bit".into()),
    })
}
