//! The intermediate form: a graph of the library's operators on one sample, channels first.
//!
//! Readers (`onnx`, `tflite`) write it, and declarations are made of it. It has neither a batch axis nor
//! constants: those are the operators' weights. A reader may insert a [`Operator::Transpose`] wherever layouts differ;
//! `simplify` moves them to where they vanish.

mod narrow;
mod operator;
mod shapes;
mod simplify;

pub use operator::{Activation, Operator, Window};
pub(crate) use shapes::{MAX_RANK, bounded};
pub(crate) use simplify::Simplification;

use crate::error::Refusal;
use crate::tensor::{Quantization, Tensor};

/// A model, as the library can compute it.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// What the model was made by and in, such as `ONNX, opset 17 from pytorch 2.15.0`.
    pub origin: String,
    /// Everything that is computed, including the inputs.
    pub values: Vec<Value>,
    /// Each after those that it takes its inputs from.
    pub nodes: Vec<Node>,
    /// What the caller passes.
    pub input: ValueId,
    /// What the caller gets.
    pub output: ValueId,
    /// The axes of the model's input in the order of [`input`](Self::input)'s, if that differs: `[2, 0, 1]` if the model is
    /// channels last.
    pub input_axes: Option<Vec<usize>>,
    /// The axes of the model's output in the order of [`output`](Self::output)'s, if that differs.
    pub output_axes: Option<Vec<usize>>,
    /// What a user of the declaration should know.
    pub notes: Vec<String>,
    /// How a quantized model rounds.
    pub rounding: Rounding,
}

/// How a quantized model rounds: the arithmetic that its int8 network has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// As TensorFlow Lite's reference kernels: the same integers.
    #[default]
    TfliteReference,
    /// Once, as nearly as ONNX Runtime does.
    Onnx,
}

/// The index of a value in [`Graph::values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub usize);

/// The input or a node's output, for one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Its name in the model.
    pub name: String,
    /// Its sizes, outermost first.
    pub shape: Vec<usize>,
    /// Whether it consists of tokens, the indices of an [`Operator::Embedding`].
    pub tokens: bool,
    /// What its integers stand for, in a quantized model.
    pub quantization: Option<Quantization>,
}

/// An operator applied to values.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name in the model, for messages.
    pub name: String,
    /// The path of the module that it comes from, such as `encoder.blocks.0.conv1`, of which the layer's name is made. Empty, if
    /// that isn't known.
    pub path: String,
    /// What the model calls the operator, for messages.
    pub origin: String,
    /// What it computes.
    pub operator: Operator,
    /// What it takes: one value, or two and more for [`Operator::Sum`] and [`Operator::Concat`].
    pub inputs: Vec<ValueId>,
    /// What it gives.
    pub output: ValueId,
    /// What an int8 model computes that doesn't follow from its operator and quantizations.
    pub integers: Integers,
}

/// The integers of a node of an int8 model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Integers {
    /// Of an activation: the result for 0, 1, … 127, −128, … −1.
    pub table: Option<Box<[i8; 256]>>,
    /// The factors of a [`Operator::Scale`], or the slopes of a [`Operator::PRelu`].
    pub factors: Option<Tensor>,
    /// The terms of a [`Operator::Scale`].
    pub terms: Option<Tensor>,
    /// What a [`Operator::Scale`] quantizes its products to, before terms are added.
    pub between: Option<Quantization>,
}

impl Graph {
    /// A graph without nodes, whose output is its input.
    #[must_use]
    pub fn new(origin: String, input: Value) -> Self {
        let values = vec![input];
        Self {
            origin,
            values,
            nodes: Vec::new(),
            input: ValueId(0),
            output: ValueId(0),
            input_axes: None,
            output_axes: None,
            notes: Vec::new(),
            rounding: Rounding::default(),
        }
    }

    /// Append a node whose path is its name. Returns its output, whose shape follows from the operator.
    ///
    /// # Errors
    /// If the operator doesn't fit the shapes of its inputs.
    pub fn push(
        &mut self,
        name: &str,
        origin: &str,
        operator: Operator,
        inputs: &[ValueId],
    ) -> Result<ValueId, Refusal> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|&input| self.shape(input)).collect();
        let shape = operator.output(&shapes).map_err(|reason| Refusal {
            node: name.to_string(),
            operator: origin.to_string(),
            reason,
        })?;
        let output = ValueId(self.values.len());
        self.values.push(Value { name: name.to_string(), shape, tokens: false, quantization: None });
        let (path, name, origin) = (name.to_string(), name.to_string(), origin.to_string());
        self.nodes.push(Node {
            name,
            path,
            origin,
            operator,
            inputs: inputs.to_vec(),
            output,
            integers: Integers::default(),
        });
        Ok(output)
    }

    /// Append a node that comes from the same place as another one.
    pub(crate) fn push_like(
        &mut self,
        node: &Node,
        operator: Operator,
        inputs: &[ValueId],
    ) -> Result<ValueId, Refusal> {
        let output = self.push(&node.name, &node.origin, operator, inputs)?;
        if let Some(last) = self.nodes.last_mut() {
            last.path.clone_from(&node.path);
        }
        Ok(output)
    }

    /// The sizes of a value.
    #[must_use]
    pub fn shape(&self, value: ValueId) -> &[usize] {
        &self.values[value.0].shape
    }

    /// What only moves integers keeps their quantization.
    pub(crate) fn inherit_quantizations(&mut self) {
        for node in &self.nodes {
            if node.operator.only_moves() && self.values[node.output.0].quantization.is_none() {
                self.values[node.output.0].quantization = self.values[node.inputs[0].0].quantization.clone();
            }
        }
    }

    /// Whether it is an int8 model.
    #[must_use]
    pub fn is_quantized(&self) -> bool {
        self.values[self.input.0].quantization.is_some()
    }

    /// The index of the node that makes a value; `None` for the input.
    #[must_use]
    pub fn maker(&self, value: ValueId) -> Option<usize> {
        self.nodes.iter().position(|node| node.output == value)
    }
}
