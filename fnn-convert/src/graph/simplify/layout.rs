//! Transposes, moved towards the output until they meet their inverse or a layer whose weights can take them in.

use crate::error::Refusal;
use crate::graph::{Graph, Integers, Node, Operator, ValueId};
use crate::tensor::indices::{inverse, of_transposed, pick, to_front, transpose};
use crate::tensor::{Quantization, Tensor};

impl Graph {
    /// The graph rebuilt, node by node, with each node in front of the transposes that it can pass.
    pub(super) fn with_transposes_moved(mut self) -> Result<Self, Refusal> {
        let (nodes, old) = (std::mem::take(&mut self.nodes), std::mem::take(&mut self.values));
        self.values.push(old[self.input.0].clone());
        self.input = ValueId(0);
        let mut values = vec![ValueId(0); old.len()];
        for node in nodes {
            let (operator, output) = (node.operator.clone(), node.output);
            let inputs: Vec<ValueId> = node.inputs.iter().map(|input| values[input.0]).collect();
            let quantization = old[output.0].quantization.clone();
            values[output.0] = Mover { graph: &mut self, node, quantization }.push(operator, &inputs)?;
        }
        self.output = values[self.output.0];
        Ok(self)
    }

    /// If the input is channels last, as in models of TensorFlow, declare it channels first.
    pub(super) fn input_to_channels_first(&mut self) -> Result<(), Refusal> {
        let shape = self.shape(self.input).to_vec();
        let Some(axes) = to_first(shape.len()).filter(|_| self.has_places()) else { return Ok(()) };
        let moves = |node: &Node| {
            node.inputs == [self.input] && matches!(&node.operator, Operator::Transpose { axes: own } if *own == axes)
        };
        if !self.nodes.iter().any(moves) {
            return Ok(());
        }
        let mut value = self.values[self.input.0].clone();
        value.shape = axes.iter().map(|&axis| shape[axis]).collect();
        let first = ValueId(self.values.len());
        self.values.push(value);
        let back = Node {
            name: String::new(),
            path: String::new(),
            origin: "the input".into(),
            operator: Operator::Transpose { axes: inverse(&axes) },
            inputs: vec![first],
            output: self.input,
            integers: Integers::default(),
        };
        self.nodes.insert(0, back);
        self.input = first;
        self.input_axes = Some(axes);
        Ok(())
    }

    /// If the output is channels last, declare it channels first.
    pub(super) fn output_to_channels_first(&mut self) {
        let rank = self.shape(self.output).len();
        let Some(axes) = to_first(rank).filter(|_| self.has_places() && self.output_axes.is_none()) else { return };
        let Some(maker) = self.maker(self.output) else { return };
        let node = &self.nodes[maker];
        if matches!(&node.operator, Operator::Transpose { axes: own } if *own == inverse(&axes)) {
            self.output = node.inputs[0];
            self.output_axes = Some(axes);
        }
    }
}

/// The order that puts the last axis first; `None` if there is but one.
fn to_first(rank: usize) -> Option<Vec<usize>> {
    (2..=3).contains(&rank).then(|| to_front(rank - 1, rank))
}

/// A graph that gets a node.
struct Mover<'a> {
    graph: &'a mut Graph,
    node: Node,
    /// What its output's integers stand for.
    quantization: Option<Quantization>,
}

impl Mover<'_> {
    /// Append an operator in front of the transposes that it can pass.
    fn push(&mut self, operator: Operator, inputs: &[ValueId]) -> Result<ValueId, Refusal> {
        match (&operator, inputs) {
            (Operator::Transpose { axes }, &[input]) => self.transpose(axes, input),
            (Operator::Reshape { shape }, &[input]) => self.reshape(shape, input),
            (Operator::Sum | Operator::Concat, inputs) => self.join(operator.clone(), inputs),
            (Operator::Product, &[whole, factors]) => self.multiply(whole, factors),
            (Operator::Dense { weight, bias }, &[input]) => match self.flattened_transpose(input) {
                Some((axes, from)) => {
                    let columns = of_transposed(weight, self.graph.shape(from), &axes);
                    let flattening = self.graph.nodes[input.0 - 1].clone();
                    let dense = std::mem::replace(&mut self.node, flattening);
                    let row = self.reshape(&[weight.shape[1]], from)?;
                    self.node = dense;
                    self.append(Operator::Dense { weight: columns, bias: bias.clone() }, &[row])
                }
                None => self.append(operator, inputs),
            },
            (Operator::GlobalAveragePool | Operator::GlobalMaxPool, &[input]) => {
                match self.maker(input) {
                    Some((Operator::Transpose { axes }, from)) if axes[0] == 0 => self.push(operator, &[from]),
                    // The places in a row are the same places.
                    Some((Operator::Reshape { shape }, from))
                        if self.graph.shape(from).len() > 1 && self.graph.shape(from)[0] == shape[0] =>
                    {
                        self.push(operator, &[from])
                    }
                    _ => self.append(operator, inputs),
                }
            }
            (_, &[input]) => match self.maker(input) {
                Some((Operator::Transpose { axes }, from)) => match before(&operator, &axes) {
                    Some(operator) => {
                        let value = self.push(operator, &[from])?;
                        self.transpose(&axes, value)
                    }
                    None => self.append(operator, inputs),
                },
                // A function of each number passes a reshape of a transpose, too.
                Some((Operator::Reshape { shape }, _)) if matches!(operator, Operator::Activation(_)) => {
                    match self.flattened_transpose(input) {
                        Some((axes, from)) => {
                            let value = self.push(operator, &[from])?;
                            let value = self.transpose(&axes, value)?;
                            self.reshape(&shape, value)
                        }
                        None => self.append(operator, inputs),
                    }
                }
                _ => self.append(operator, inputs),
            },
            _ => self.append(operator, inputs),
        }
    }

    fn append(&mut self, operator: Operator, inputs: &[ValueId]) -> Result<ValueId, Refusal> {
        let quantization = match (&operator, inputs) {
            (Operator::Transpose { .. } | Operator::Reshape { .. }, &[input]) => {
                self.graph.values[input.0].quantization.clone()
            }
            _ => self.quantization.clone(),
        };
        let output = self.graph.push_like(&self.node, operator, inputs)?;
        self.graph.values[output.0].quantization = quantization;
        Ok(output)
    }

    /// The operator that makes a value from a single other one.
    fn maker(&self, value: ValueId) -> Option<(Operator, ValueId)> {
        // Each value but the input is made by the node before it.
        let node = value.0.checked_sub(1).map(|index| &self.graph.nodes[index])?;
        match (&node.operator, &node.inputs[..]) {
            (
                operator @ (Operator::Transpose { .. }
                | Operator::Reshape { .. }
                | Operator::GroupNorm { .. }
                | Operator::Softmax { .. }
                | Operator::LogSoftmax { .. }),
                &[from],
            ) => Some((operator.clone(), from)),
            _ => None,
        }
    }

    /// The transpose before a flattening, and its input.
    fn flattened_transpose(&self, value: ValueId) -> Option<(Vec<usize>, ValueId)> {
        let (Operator::Reshape { .. }, between) = self.maker(value)? else { return None };
        let (Operator::Transpose { axes }, from) = self.maker(between)? else { return None };
        (self.graph.shape(value).len() == 1).then_some((axes, from))
    }

    fn transpose(&mut self, axes: &[usize], input: ValueId) -> Result<ValueId, Refusal> {
        let shape = self.graph.shape(input);
        if axes.iter().copied().eq(0..axes.len()) {
            return Ok(input);
        }
        if axes.iter().filter(|&&axis| shape[axis] > 1).is_sorted() {
            let shape: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
            return self.reshape(&shape, input);
        }
        match self.maker(input) {
            Some((Operator::Transpose { axes: first }, from)) => {
                let both: Vec<usize> = axes.iter().map(|&axis| first[axis]).collect();
                self.transpose(&both, from)
            }
            _ => self.append(Operator::Transpose { axes: axes.to_vec() }, &[input]),
        }
    }

    fn reshape(&mut self, shape: &[usize], input: ValueId) -> Result<ValueId, Refusal> {
        if self.graph.shape(input) == shape {
            return Ok(input);
        }
        match self.maker(input) {
            Some((Operator::Reshape { .. }, from)) => self.reshape(shape, from),
            Some((softmax @ (Operator::Softmax { .. } | Operator::LogSoftmax { .. }), from)) => {
                match self.softmax_of(shape, from, &softmax) {
                    Some((from, softmax)) => {
                        self.node = self.graph.nodes[input.0 - 1].clone();
                        self.push(softmax, &[from])
                    }
                    None => self.append(Operator::Reshape { shape: shape.to_vec() }, &[input]),
                }
            }
            Some((Operator::GroupNorm { groups, weight, bias, epsilon }, from)) => {
                match self.regrouped(shape, from, groups, &[weight, bias]) {
                    Some((from, [weight, bias])) => {
                        self.node = self.graph.nodes[input.0 - 1].clone();
                        self.push(Operator::GroupNorm { groups, weight, bias, epsilon }, &[from])
                    }
                    None => self.append(Operator::Reshape { shape: shape.to_vec() }, &[input]),
                }
            }
            _ => self.append(Operator::Reshape { shape: shape.to_vec() }, &[input]),
        }
    }

    /// For a softmax between a reshape of `shape` and one back to it: the value of that shape, and the softmax of the same rows.
    fn softmax_of(&self, shape: &[usize], input: ValueId, softmax: &Operator) -> Option<(ValueId, Operator)> {
        let (Operator::Reshape { .. }, from) = self.maker(input)? else { return None };
        let (Operator::Softmax { axes } | Operator::LogSoftmax { axes }) = softmax else { return None };
        let joined = self.graph.shape(input);
        let row: usize = joined[joined.len() - axes..].iter().product();
        let axes = (1..=shape.len()).find(|axes| shape[shape.len() - axes..].iter().product::<usize>() == row)?;
        let softmax = match softmax {
            Operator::Softmax { .. } => Operator::Softmax { axes },
            _ => Operator::LogSoftmax { axes },
        };
        (self.graph.shape(from) == shape).then_some((from, softmax))
    }

    /// For a norm of groups that were made channels by a reshape of `shape`: the value of that shape, and the weights of its
    /// channels.
    fn regrouped(
        &self,
        shape: &[usize],
        input: ValueId,
        groups: usize,
        weights: &[Tensor; 2],
    ) -> Option<(ValueId, [Tensor; 2])> {
        let (Operator::Reshape { .. }, from) = self.maker(input)? else { return None };
        let channels = shape.first()?;
        let fits = self.graph.shape(from) == shape && self.graph.shape(input)[0] == groups && channels % groups == 0;
        let each = |tensor: &Tensor| {
            let repeated = (0..groups).flat_map(|group| std::iter::repeat_n(group, channels / groups));
            Tensor { shape: vec![*channels], numbers: pick(&tensor.numbers, repeated), quantization: None }
        };
        fits.then(|| (from, weights.each_ref().map(each)))
    }

    /// A product passes a transpose that both of its inputs have, or that keeps the channels which the second one has a number
    /// for.
    fn multiply(&mut self, whole: ValueId, factors: ValueId) -> Result<ValueId, Refusal> {
        let same = self.graph.shape(whole) == self.graph.shape(factors);
        if same {
            return self.join(Operator::Product, &[whole, factors]);
        }
        match self.maker(whole) {
            Some((Operator::Transpose { axes }, from)) if axes[0] == 0 => {
                let value = self.multiply(from, factors)?;
                self.transpose(&axes, value)
            }
            _ => self.append(Operator::Product, &[whole, factors]),
        }
    }

    /// Sums and concatenations pass transposes that all their inputs have, and vectors written as images.
    fn join(&mut self, operator: Operator, inputs: &[ValueId]) -> Result<ValueId, Refusal> {
        let makers: Option<Vec<_>> = inputs.iter().map(|&input| self.maker(input)).collect();
        let Some(makers) = makers else { return self.append(operator, inputs) };
        let from: Vec<ValueId> = makers.iter().map(|(_, from)| *from).collect();
        match &makers[0].0 {
            Operator::Transpose { axes }
                if (operator != Operator::Concat || axes[0] == 0)
                    && makers.iter().all(|(maker, _)| *maker == makers[0].0) =>
            {
                let value = self.push(operator, &from)?;
                self.transpose(axes, value)
            }
            Operator::Reshape { shape } => {
                let mut shape = shape.clone();
                let vectors = makers.iter().zip(&from).all(|((maker, _), &from)| {
                    let own = self.graph.shape(from);
                    matches!(maker, Operator::Reshape { shape } if own == [shape[0]])
                });
                let same = makers.iter().all(|(maker, _)| *maker == makers[0].0)
                    && from.iter().all(|&from| self.graph.shape(from) == self.graph.shape(makers[0].1));
                if !(vectors || same && operator != Operator::Concat) {
                    return self.append(operator, inputs);
                }
                let value = self.push(operator, &from)?;
                if vectors {
                    shape[0] = self.graph.shape(value)[0];
                }
                self.reshape(&shape, value)
            }
            _ => self.append(operator, inputs),
        }
    }
}

/// The operator that, before a transpose, does what this one does behind it.
fn before(operator: &Operator, axes: &[usize]) -> Option<Operator> {
    let channels_stay = axes[0] == 0;
    let places = || axes[1..].iter().map(|axis| axis - 1);
    Some(match operator {
        Operator::Activation(_) => operator.clone(),
        Operator::PRelu { slopes } if slopes.shape == [1] || channels_stay => operator.clone(),
        Operator::BatchNorm { .. }
        | Operator::GroupNorm { .. }
        | Operator::LocalResponseNorm { .. }
        | Operator::Slice { .. }
            if channels_stay =>
        {
            operator.clone()
        }
        Operator::Scale { weight, bias } => {
            let back = inverse(axes);
            Operator::Scale { weight: transpose(weight, &back), bias: transpose(bias, &back) }
        }
        Operator::LayerNorm { weight, bias, epsilon } if weight.shape.len() == axes.len() => {
            let back = inverse(axes);
            let (weight, bias) = (transpose(weight, &back), transpose(bias, &back));
            Operator::LayerNorm { weight, bias, epsilon: *epsilon }
        }
        Operator::RmsNorm { weight, epsilon } if weight.shape.len() == axes.len() => {
            Operator::RmsNorm { weight: transpose(weight, &inverse(axes)), epsilon: *epsilon }
        }
        Operator::Softmax { axes: last } | Operator::LogSoftmax { axes: last } => {
            let first = axes.len() - last;
            if axes[..first].iter().any(|&axis| axis >= first) {
                return None;
            }
            operator.clone()
        }
        Operator::Upsample { factors } if channels_stay => {
            let mut before = vec![1; factors.len()];
            places().zip(factors).for_each(|(place, &factor)| before[place] = factor);
            Operator::Upsample { factors: before }
        }
        Operator::Resize { sizes, align_corners } if channels_stay => {
            let mut before = vec![1; sizes.len()];
            places().zip(sizes).for_each(|(place, &size)| before[place] = size);
            Operator::Resize { sizes: before, align_corners: *align_corners }
        }
        Operator::ZeroPad { padding } if channels_stay => {
            let mut before = vec![(0, 0); padding.len()];
            places().zip(padding).for_each(|(place, &pad)| before[place] = pad);
            Operator::ZeroPad { padding: before }
        }
        _ => return None,
    })
}
