//! The graph of a model, node by node, as the library's operators.

use std::collections::HashMap;
use std::rc::Rc;

use super::constants::Room;
use super::expression::{Binary, Expression, Form, Term, Unary};
use super::moments::Moment;
use crate::error::Refusal;
use crate::graph::{Activation, Graph, MAX_RANK, Operator, ValueId};
use crate::tensor::Tensor;
use crate::tensor::indices::inverse;

/// What is known of a value of the model.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// It doesn't depend on the input.
    Constant(Rc<Tensor>),
    Computed(Computed),
    /// A part of a normalization.
    Moment(Moment),
    /// A value with numbers around it next to which no number is larger: what a max pool pads with.
    Padded(Padded),
    /// A further input, of integers, with this name.
    GivenAtRunTime(String),
    /// A further output of a node, which can't be declared: why.
    Further(String),
    /// It depends on a node that can't be declared.
    Refused,
}

/// A value that depends on the input: a function of each number of a value of the graph.
#[derive(Clone, Debug)]
pub(super) struct Computed {
    pub(super) base: ValueId,
    pub(super) expression: Expression,
    /// Its sizes for one sample; none for a single number, which the graph has as `[1]`.
    pub(super) shape: Vec<usize>,
}

/// A value with `number` before and after each of its axes.
#[derive(Clone, Debug)]
pub(super) struct Padded {
    pub(super) input: Computed,
    pub(super) number: f64,
    /// For each axis of a sample; where it is negative, elements are cut.
    pub(super) ends: Vec<(i64, i64)>,
}

impl From<Computed> for Known {
    fn from(computed: Computed) -> Self {
        Self::Computed(computed)
    }
}

/// Why a node can't be declared; the node, if it isn't the current one.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) node: Option<usize>,
    pub(super) reason: String,
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self { node: None, reason }
    }
}

impl From<&str> for Fault {
    fn from(reason: &str) -> Self {
        Self::from(reason.to_string())
    }
}

pub(super) type Lowered<T> = Result<T, Fault>;

/// The stand-in for a batch of any size: a prime, so that a size computed from it shows.
pub(super) const ANY_BATCH: usize = 999_983;

/// The state of the translation.
pub(super) struct Lowering<'a> {
    pub(super) graph: Graph,
    pub(super) known: HashMap<&'a str, Known>,
    /// The size of the first axis, if that is the batch.
    pub(super) batch: Option<usize>,
    pub(super) room: Room,
    /// The name and the operator of each node.
    pub(super) nodes: Vec<(String, String)>,
    /// The path of the module that each node comes from.
    pub(super) paths: Vec<String>,
    /// The index of the current node.
    pub(super) current: usize,
}

impl Lowering<'_> {
    /// The refusal for a fault of the current node.
    pub(super) fn refusal(&self, fault: Fault) -> Refusal {
        let (node, operator) = self.nodes[fault.node.unwrap_or(self.current)].clone();
        Refusal { node, operator, reason: fault.reason.replace(&ANY_BATCH.to_string(), "N") }
    }

    /// Append a node to the graph.
    pub(super) fn push(&mut self, operator: Operator, inputs: &[ValueId]) -> Lowered<ValueId> {
        self.push_for(self.current, operator, inputs)
    }

    fn push_for(&mut self, node: usize, operator: Operator, inputs: &[ValueId]) -> Lowered<ValueId> {
        let tokens = inputs.iter().any(|input| self.graph.values[input.0].tokens);
        if tokens && !matches!(operator, Operator::Embedding { .. }) {
            let reason = "it takes integers; those can only be tokens of an embedding".to_string();
            return Err(Fault { node: Some(node), reason });
        }
        let (name, origin) = &self.nodes[node];
        let pushed = self.graph.push(name, origin, operator, inputs);
        if let (Some(last), Some(path)) = (self.graph.nodes.last_mut(), self.paths.get(node)) {
            last.path.clone_from(path);
        }
        pushed.map_err(|refusal| Fault { node: Some(node), reason: refusal.reason })
    }

    /// A value of the graph, as a value of the model of this shape.
    pub(super) fn computed(&self, base: ValueId, shape: &[usize]) -> Computed {
        debug_assert_eq!(self.graph.shape(base), in_graph(shape));
        Computed { base, expression: Term::variable(base), shape: shape.to_vec() }
    }

    /// A value of the graph, with the shape that it has there.
    pub(super) fn computed_as_is(&self, base: ValueId) -> Computed {
        self.computed(base, self.graph.shape(base))
    }

    /// Push a reshape, unless the value has this shape. Returns it as a value of the model.
    pub(super) fn reshape(&mut self, value: ValueId, shape: &[usize]) -> Lowered<ValueId> {
        if self.graph.shape(value) == in_graph(shape) {
            return Ok(value);
        }
        self.push(Operator::Reshape { shape: in_graph(shape) }, &[value])
    }

    /// Push a transpose, unless it changes nothing.
    pub(super) fn transpose(&mut self, value: ValueId, axes: &[usize]) -> Lowered<ValueId> {
        if axes.iter().copied().eq(0..axes.len()) {
            return Ok(value);
        }
        self.push(Operator::Transpose { axes: axes.to_vec() }, &[value])
    }

    /// Push an operator on a value with its axes in another order. Returns the output in the order of the value.
    pub(super) fn push_ordered(&mut self, operator: Operator, value: ValueId, order: &[usize]) -> Lowered<ValueId> {
        let value = self.transpose(value, order)?;
        let value = self.push(operator, &[value])?;
        self.transpose(value, &inverse(order))
    }

    /// The product with `weight` and the sum with `bias`, for all numbers.
    pub(super) fn scale(&mut self, node: usize, value: ValueId, weight: f64, bias: f64) -> Lowered<ValueId> {
        let shape = vec![1; self.graph.shape(value).len()];
        let (weight, bias) = (vec![weight as f32], vec![bias as f32]);
        let scale = Operator::Scale { weight: Tensor::reals(&shape, weight), bias: Tensor::reals(&shape, bias) };
        self.push_for(node, scale, &[value])
    }

    /// The value of the graph that a computed value is, with the axes that it has in the model.
    pub(super) fn value(&mut self, computed: &Computed) -> Lowered<ValueId> {
        match computed.shape.len() {
            0..=MAX_RANK => self.make(&computed.expression),
            _ => {
                let shape = &computed.shape;
                Err(format!("its shape is {shape:?} for each sample; a sample has at most {MAX_RANK} axes").into())
            }
        }
    }

    /// The value of the graph that a computed value is; if it has more axes than a sample may have, the last ones are one.
    pub(super) fn folded(&mut self, computed: &Computed) -> Lowered<ValueId> {
        self.make(&computed.expression)
    }

    /// The value of the graph that an expression is.
    fn make(&mut self, term: &Expression) -> Lowered<ValueId> {
        if let Some(value) = term.made.get() {
            return Ok(value);
        }
        let value = match &term.form {
            Form::Unary(Unary::Declared(activation), argument) => {
                let argument = self.make(argument)?;
                self.activate(term.node, argument, *activation)?
            }
            _ => match term.recognize() {
                Some((activation, part)) => {
                    let part = self.make(part)?;
                    self.activate(term.node, part, activation)?
                }
                None => self.make_by_parts(term)?,
            },
        };
        term.made.set(Some(value));
        Ok(value)
    }

    /// An activation; one that gives the same number everywhere is that number.
    fn activate(&mut self, node: usize, value: ValueId, activation: Activation) -> Lowered<ValueId> {
        match activation {
            Activation::Clip(low, high) if low == high && low.is_finite() => self.scale(node, value, 0.0, low),
            activation => self.push_for(node, Operator::Activation(activation), &[value]),
        }
    }

    /// The larger or the smaller one of two values: `x + max(y − x, 0)`, or `x − max(x − y, 0)`.
    pub(super) fn extreme(&mut self, node: usize, [x, y]: [ValueId; 2], largest: bool) -> Lowered<ValueId> {
        let (less, more) = if largest { (x, y) } else { (y, x) };
        let minus = self.scale(node, less, -1.0, 0.0)?;
        let difference = self.push_for(node, Operator::Sum, &[more, minus])?;
        let excess = self.push_for(node, Operator::Activation(Activation::Relu), &[difference])?;
        let excess = if largest { excess } else { self.scale(node, excess, -1.0, 0.0)? };
        self.push_for(node, Operator::Sum, &[x, excess])
    }

    /// An expression that is no activation: its last operator, after the rest.
    fn make_by_parts(&mut self, term: &Expression) -> Lowered<ValueId> {
        let node = term.node;
        let fault = |reason: &str| Fault { node: Some(node), reason: reason.to_string() };
        match &term.form {
            Form::Variable | Form::Number(_) => Err(fault("it is a constant for each number")),
            Form::Choice(..) => match term.recognize_scaled() {
                Some((activation, factor, part)) => {
                    let value = self.make(part)?;
                    let value = self.activate(node, value, activation)?;
                    self.scale(node, value, factor, 0.0)
                }
                None => Err(fault("it chooses between values by a comparison, and isn't a known activation")),
            },
            Form::Unary(function, argument) => {
                let value = self.make(argument)?;
                match *function {
                    Unary::Negative => self.scale(node, value, -1.0, 0.0),
                    Unary::HardSigmoid(alpha, beta) => {
                        let scaled = self.scale(node, value, alpha, beta)?;
                        self.push_for(node, Operator::Activation(Activation::Clip(0.0, 1.0)), &[scaled])
                    }
                    Unary::Celu(alpha) if alpha > 0.0 => {
                        let scaled = self.scale(node, value, 1.0 / alpha, 0.0)?;
                        let elu = self.push_for(node, Operator::Activation(Activation::Elu(1.0)), &[scaled])?;
                        self.scale(node, elu, alpha, 0.0)
                    }
                    Unary::Abs => {
                        let negative = self.scale(node, value, -1.0, 0.0)?;
                        let relu = Operator::Activation(Activation::Relu);
                        let above = self.push_for(node, relu.clone(), &[value])?;
                        let below = self.push_for(node, relu, &[negative])?;
                        self.push_for(node, Operator::Sum, &[above, below])
                    }
                    _ => Err(fault("there is no such activation, and it isn't part of a known one")),
                }
            }
            Form::Binary(function, left, right) => match (function, &left.form, &right.form) {
                (Binary::Add, Form::Number(number), _) => self.make_scaled(node, right, 1.0, *number),
                (Binary::Add, _, Form::Number(number)) => self.make_scaled(node, left, 1.0, *number),
                (Binary::Subtract, Form::Number(number), _) => self.make_scaled(node, right, -1.0, *number),
                (Binary::Subtract, _, Form::Number(number)) => self.make_scaled(node, left, 1.0, -number),
                (Binary::Multiply, Form::Number(number), _) => self.make_scaled(node, right, *number, 0.0),
                (Binary::Multiply, _, Form::Number(number)) => self.make_scaled(node, left, *number, 0.0),
                (Binary::Divide, _, Form::Number(number)) => self.make_scaled(node, left, 1.0 / number, 0.0),
                (Binary::Max, Form::Number(low), _) => self.make_clipped(node, right, *low, f64::INFINITY),
                (Binary::Max, _, Form::Number(low)) => self.make_clipped(node, left, *low, f64::INFINITY),
                (Binary::Min, Form::Number(high), _) => self.make_clipped(node, right, f64::NEG_INFINITY, *high),
                (Binary::Min, _, Form::Number(high)) => self.make_clipped(node, left, f64::NEG_INFINITY, *high),
                (Binary::Add, ..) if Rc::ptr_eq(left, right) => self.make_scaled(node, left, 2.0, 0.0),
                (Binary::Add, ..) => {
                    let values = [self.make(left)?, self.make(right)?];
                    self.push_for(node, Operator::Sum, &values)
                }
                (Binary::Subtract, ..) => {
                    let (left, right) = (self.make(left)?, self.make(right)?);
                    let negative = self.scale(node, right, -1.0, 0.0)?;
                    self.push_for(node, Operator::Sum, &[left, negative])
                }
                (Binary::Max | Binary::Min, ..) => {
                    let values = [self.make(left)?, self.make(right)?];
                    self.extreme(node, values, *function == Binary::Max)
                }
                (Binary::Multiply, ..) => {
                    let values = [self.make(left)?, self.make(right)?];
                    self.push_for(node, Operator::Product, &values)
                }
                (Binary::Power, _, Form::Number(power)) if (1.0..=8.0).contains(power) && power.fract() == 0.0 => {
                    let value = self.make(left)?;
                    (1..*power as u32)
                        .try_fold(value, |product, _| self.push_for(node, Operator::Product, &[product, value]))
                }
                (function, ..) if function.is_truth() => {
                    Err(fault("it is true or false, and isn't part of a known activation"))
                }
                _ => Err(fault(
                    "it combines values that depend on the input, other than by a sum or a product, and isn't part of a known activation",
                )),
            },
        }
    }

    fn make_scaled(&mut self, node: usize, argument: &Expression, weight: f64, bias: f64) -> Lowered<ValueId> {
        let value = self.make(argument)?;
        self.scale(node, value, weight, bias)
    }

    fn make_clipped(&mut self, node: usize, argument: &Expression, low: f64, high: f64) -> Lowered<ValueId> {
        let value = self.make(argument)?;
        self.push_for(node, Operator::Activation(Activation::Clip(low, high)), &[value])
    }

    /// The sizes of a value, with the batch.
    pub(super) fn whole_shape(&self, sample: &[usize]) -> Vec<usize> {
        self.batch.iter().chain(sample).copied().collect()
    }

    /// The sizes of one sample of a value with these sizes.
    pub(super) fn sample_shape(&self, whole: &[usize]) -> Lowered<Vec<usize>> {
        match (self.batch, whole) {
            (None, whole) => Ok(whole.to_vec()),
            (Some(batch), [first, sample @ ..]) if *first == batch => Ok(sample.to_vec()),
            _ => Err("it mixes the samples of a batch: the first axis is no longer the batch".into()),
        }
    }

    /// The axis of a sample.
    pub(super) fn sample_axis(&self, axis: i64, rank: usize) -> Lowered<usize> {
        let axis = super::axes::axis_of(axis, rank + usize::from(self.batch.is_some()))?;
        match self.batch {
            None => Ok(axis),
            Some(_) => axis
                .checked_sub(1)
                .ok_or_else(|| "it is along the batch axis, so that samples depend on each other".into()),
        }
    }

    /// Axes of a sample in ascending order, each once.
    pub(super) fn sample_axes(&self, axes: &[i64], rank: usize) -> Lowered<Vec<usize>> {
        let mut axes = axes.iter().map(|&axis| self.sample_axis(axis, rank)).collect::<Lowered<Vec<_>>>()?;
        axes.sort_unstable();
        axes.dedup();
        Ok(axes)
    }
}

/// The shape in the graph, where a single number is an array of one, and the last of too many axes are one.
pub(super) fn in_graph(shape: &[usize]) -> Vec<usize> {
    match shape.split_at_checked(MAX_RANK - 1) {
        _ if shape.is_empty() => vec![1],
        Some((first, last)) if last.len() > 1 => {
            let joined = last.iter().fold(1usize, |product, &size| product.saturating_mul(size));
            first.iter().copied().chain([joined]).collect()
        }
        _ => shape.to_vec(),
    }
}
