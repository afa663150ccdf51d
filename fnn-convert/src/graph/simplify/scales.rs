//! Products and sums with constants, folded into the weights beside them.

use crate::error::Refusal;
use crate::graph::{Graph, Node, Operator, ValueId};
use crate::tensor::indices::{broadcast, broadcast_indices, inverse, pick, to_front};
use crate::tensor::{Numbers, Tensor};

use super::Simplification;

/// All batch norms that scales become have at most this many factors. The model has as few as one for all channels: what is
/// declared can be far larger than the file.
const MAX_FACTORS: usize = 1 << 24;

impl Graph {
    /// Fold scales, and batch norms if that is asked for, into the layers before or behind them.
    pub(super) fn fold_scales(&mut self, options: Simplification) {
        for index in 0..self.nodes.len() {
            if options.fold_batch_norm {
                self.batch_norm_as_scale(index);
            }
            let (uses, makers) = (self.uses(), self.makers());
            let Some(&input) = self.nodes[index].inputs.first() else { continue };
            let foldable = uses[input.0] == 1 && self.values[input.0].quantization.is_none();
            let Some(before) = makers[input.0].filter(|_| foldable) else { continue };
            let merged = match (&self.nodes[before].operator, &self.nodes[index].operator) {
                (operator, Operator::Scale { weight, bias }) => scaled(operator, weight, bias),
                (Operator::Scale { weight, bias }, operator) => of_scaled(operator, weight, bias),
                // A bias of zeros before a batch norm is one that an exporter has made.
                (Operator::Conv { weight, bias: Some(bias), windows, groups }, Operator::BatchNorm { .. })
                    if bias.as_reals().is_some_and(|bias| bias.iter().all(|&bias| bias == 0.0)) =>
                {
                    let (weight, windows, groups) = (weight.clone(), windows.clone(), *groups);
                    self.nodes[before].operator = Operator::Conv { weight, bias: None, windows, groups };
                    continue;
                }
                (Operator::Reshape { .. }, Operator::Dense { .. }) => {
                    self.fold_through_flattening(index, before, &uses, &makers);
                    continue;
                }
                _ => continue,
            };
            let Some(operator) = merged else { continue };
            // Both are one node now, with the name of the one that had weights.
            let before = self.nodes[before].clone();
            let node = &mut self.nodes[index];
            if matches!(node.operator, Operator::Scale { .. }) {
                (node.name, node.path, node.origin) = (before.name, before.path, before.origin);
            }
            node.operator = operator;
            node.inputs = before.inputs;
        }
    }

    /// A batch norm right behind a layer that can take it in, as a scale.
    fn batch_norm_as_scale(&mut self, index: usize) {
        let node = &self.nodes[index];
        let Operator::BatchNorm { weight, bias, mean, variance, epsilon } = &node.operator else { return };
        let (uses, input) = (self.uses(), node.inputs[0]);
        let before = self.maker(input).map(|maker| &self.nodes[maker].operator);
        if uses[input.0] != 1 || !matches!(before, Some(Operator::Dense { .. } | Operator::Conv { .. })) {
            return;
        }
        let reals = |tensor: &Tensor| tensor.as_reals().map(<[f32]>::to_vec).unwrap_or_default();
        let (weight, bias, mean, variance) = (reals(weight), reals(bias), reals(mean), reals(variance));
        let factors: Vec<f64> =
            weight.iter().zip(&variance).map(|(&w, &v)| f64::from(w) / (f64::from(v) + epsilon).sqrt()).collect();
        let terms = bias.iter().zip(&mean).zip(&factors);
        let terms = terms.map(|((&b, &m), factor)| (f64::from(b) - f64::from(m) * factor) as f32).collect();
        let mut shape = vec![1; self.shape(input).len()];
        shape[0] = factors.len();
        let factors = factors.iter().map(|&factor| factor as f32).collect();
        self.nodes[index].operator =
            Operator::Scale { weight: Tensor::reals(&shape, factors), bias: Tensor::reals(&shape, terms) };
    }

    /// Fold a scale before a flattening into the dense layer behind it.
    fn fold_through_flattening(&mut self, dense: usize, flattening: usize, uses: &[usize], makers: &[Option<usize>]) {
        let input = self.nodes[flattening].inputs[0];
        let Some(scale) = makers[input.0].filter(|_| uses[input.0] == 1) else { return };
        let Operator::Scale { weight, bias } = &self.nodes[scale].operator else { return };
        let shape = self.shape(input).to_vec();
        let row = [shape.iter().product()];
        let whole = |tensor: &Tensor| Tensor {
            shape: row.to_vec(),
            numbers: pick(&tensor.numbers, broadcast_indices(&tensor.shape, &shape)),
            quantization: None,
        };
        if let Some(folded) = of_scaled(&self.nodes[dense].operator, &whole(weight), &whole(bias)) {
            self.nodes[dense].operator = folded;
            self.nodes[flattening].inputs = self.nodes[scale].inputs.clone();
        }
    }

    /// Scales that are left, as factors and terms of channels.
    pub(super) fn with_scales_per_channel(mut self) -> Result<Self, Refusal> {
        let nodes = std::mem::take(&mut self.nodes);
        let mut renamed: Vec<ValueId> = (0..self.values.len()).map(ValueId).collect();
        let mut room = MAX_FACTORS;
        for mut node in nodes {
            node.inputs.iter_mut().for_each(|input| *input = renamed[input.0]);
            let Operator::Scale { weight, bias } = &node.operator else {
                self.nodes.push(node);
                continue;
            };
            if is_identity(weight, bias) {
                renamed[node.output.0] = node.inputs[0];
                continue;
            }
            let first = self.values.len();
            let shape = self.shape(node.inputs[0]);
            let factors = factors_of(weight, shape);
            room = room.checked_sub(factors).ok_or_else(|| Refusal {
                node: node.name.clone(),
                operator: node.origin.clone(),
                reason: format!("it becomes a batch norm with {factors} factors, for {shape:?}, which is too large"),
            })?;
            let output = self.push_scale(&node, weight, bias)?;
            self.quantize_like(&node, first);
            renamed[node.output.0] = output;
        }
        self.output = renamed[self.output.0];
        Ok(self)
    }

    /// What the values from `first` on stand for, which a node has become: those before the scale, what its input stands
    /// for, and the others, what its output does.
    fn quantize_like(&mut self, node: &Node, first: usize) {
        let [mut quantization, after] =
            [node.inputs[0], node.output].map(|value| self.values[value.0].quantization.clone());
        let made = self.nodes.len() - (self.values.len() - first);
        for index in made..self.nodes.len() {
            if matches!(self.nodes[index].operator, Operator::Scale { .. }) {
                quantization.clone_from(&after);
            }
            let output = self.nodes[index].output;
            self.values[output.0].quantization.clone_from(&quantization);
        }
    }

    fn push_scale(&mut self, node: &Node, weight: &Tensor, bias: &Tensor) -> Result<ValueId, Refusal> {
        let shape = self.shape(node.inputs[0]).to_vec();
        let varying: Vec<usize> = (0..shape.len()).filter(|&axis| weight.shape[axis] > 1).collect();
        let mut push = |operator, input| self.push_like(node, operator, &[input]);
        let scale = |shape: Vec<usize>, size: usize| {
            let each = |tensor: &Tensor| {
                let indices = (0..size).map(|index| if tensor.numbers.len() == 1 { 0 } else { index });
                Tensor { shape: shape.clone(), numbers: pick(&tensor.numbers, indices), quantization: None }
            };
            Operator::Scale { weight: each(weight), bias: each(bias) }
        };
        let of_channels = |channels: usize, rank: usize| {
            let mut shape = vec![1; rank];
            shape[0] = channels;
            shape
        };
        match varying[..] {
            [] | [0] => push(scale(of_channels(shape[0], shape.len()), shape[0]), node.inputs[0]),
            [axis] => {
                let order = to_front(axis, shape.len());
                let back = inverse(&order);
                let value = push(Operator::Transpose { axes: order }, node.inputs[0])?;
                let value = push(scale(of_channels(shape[axis], shape.len()), shape[axis]), value)?;
                push(Operator::Transpose { axes: back }, value)
            }
            _ => {
                let length = shape.iter().product();
                let value = push(Operator::Reshape { shape: vec![length] }, node.inputs[0])?;
                let whole = |tensor: &Tensor| Tensor {
                    shape: vec![length],
                    numbers: pick(&tensor.numbers, broadcast_indices(&tensor.shape, &shape)),
                    quantization: None,
                };
                let value = push(Operator::Scale { weight: whole(weight), bias: whole(bias) }, value)?;
                push(Operator::Reshape { shape }, value)
            }
        }
    }
}

/// How many factors the batch norm has that a scale on a value of this shape becomes: one for each channel, for each element along
/// the axis where they differ, or for each number.
fn factors_of(weight: &Tensor, shape: &[usize]) -> usize {
    let mut varying = weight.shape.iter().zip(shape).filter(|&(&size, _)| size > 1).map(|(_, &size)| size);
    match (varying.next(), varying.next()) {
        (None, _) => shape[0],
        (Some(size), None) => size,
        _ => shape.iter().product(),
    }
}

fn is_identity(weight: &Tensor, bias: &Tensor) -> bool {
    let all = |tensor: &Tensor, number| tensor.as_reals().is_some_and(|reals| reals.iter().all(|&real| real == number));
    all(weight, 1.0) && all(bias, 0.0)
}

/// The numbers for each of `channels`, if they are the same for all places.
fn of_channels(tensor: &Tensor, channels: usize) -> Option<Vec<f64>> {
    let reals = tensor.as_reals()?;
    match reals {
        [real] => Some(vec![f64::from(*real); channels]),
        reals if tensor.shape[0] == channels && reals.len() == channels => {
            Some(reals.iter().map(|&real| real.into()).collect())
        }
        _ => None,
    }
}

/// The operator with its output multiplied by `weight` and `bias` added.
fn scaled(operator: &Operator, weight: &Tensor, bias: &Tensor) -> Option<Operator> {
    let rows = |own: &Tensor, channels: usize| {
        let factors = of_channels(weight, channels)?;
        // Weights keep their quantization where they keep their values.
        if factors.iter().all(|&factor| factor == 1.0) && own.as_reals().is_some() {
            return Some(own.clone());
        }
        let length = own.numbers.len() / channels;
        let reals = own.as_reals()?.iter().enumerate();
        let reals = reals.map(|(index, &real)| (f64::from(real) * factors[index / length]) as f32).collect();
        Some(Tensor::reals(&own.shape, reals))
    };
    let terms = |own: Option<&Tensor>, channels: usize| {
        let (factors, terms) = (of_channels(weight, channels)?, of_channels(bias, channels)?);
        let own: Vec<f64> = match own {
            Some(own) => own.as_reals()?.iter().map(|&real| real.into()).collect(),
            None => vec![0.0; channels],
        };
        let sums = own.iter().zip(&factors).zip(&terms).map(|((own, factor), term)| (own * factor + term) as f32);
        let sums: Vec<f32> = sums.collect();
        Some((sums.iter().any(|&sum| sum != 0.0)).then(|| Tensor::reals(&[channels], sums)))
    };
    let channels_of = |tensor: &Tensor| tensor.shape.first().copied();
    Some(match operator {
        Operator::Dense { weight: own, bias } => {
            let channels = channels_of(own)?;
            Operator::Dense { weight: rows(own, channels)?, bias: terms(bias.as_ref(), channels)? }
        }
        Operator::Conv { weight: own, bias, windows, groups } => {
            let channels = channels_of(own)?;
            let (windows, groups) = (windows.clone(), *groups);
            Operator::Conv { weight: rows(own, channels)?, bias: terms(bias.as_ref(), channels)?, windows, groups }
        }
        Operator::BatchNorm { weight: own, bias, mean, variance, epsilon } => {
            let channels = channels_of(own)?;
            let bias = terms(Some(bias), channels)?.unwrap_or_else(|| Tensor::reals(&[channels], vec![0.0; channels]));
            let (mean, variance) = (mean.clone(), variance.clone());
            Operator::BatchNorm { weight: rows(own, channels)?, bias, mean, variance, epsilon: *epsilon }
        }
        Operator::GroupNorm { groups, weight: own, bias, epsilon } => {
            let channels = channels_of(own)?;
            let bias = terms(Some(bias), channels)?.unwrap_or_else(|| Tensor::reals(&[channels], vec![0.0; channels]));
            Operator::GroupNorm { groups: *groups, weight: rows(own, channels)?, bias, epsilon: *epsilon }
        }
        Operator::LayerNorm { weight: own, bias: own_bias, epsilon } => {
            let (factors, terms) = (of_last_axes(weight, &own.shape)?, of_last_axes(bias, &own.shape)?);
            let reals = |tensor: &Tensor| Some(tensor.as_reals()?.to_vec());
            let (own, own_bias) = (reals(own)?, (reals(own_bias)?, &own.shape));
            let (own_bias, shape) = own_bias;
            let product = own.iter().zip(&factors).map(|(own, factor)| own * factor).collect();
            let sums = own_bias.iter().zip(&factors).zip(&terms).map(|((own, factor), term)| own * factor + term);
            Operator::LayerNorm {
                weight: Tensor::reals(shape, product),
                bias: Tensor::reals(shape, sums.collect()),
                epsilon: *epsilon,
            }
        }
        Operator::RmsNorm { weight: own, epsilon } if bias.as_reals()?.iter().all(|&term| term == 0.0) => {
            let factors = of_last_axes(weight, &own.shape)?;
            let product = own.as_reals()?.iter().zip(&factors).map(|(own, factor)| own * factor).collect();
            Operator::RmsNorm { weight: Tensor::reals(&own.shape, product), epsilon: *epsilon }
        }
        Operator::Scale { weight: own, bias: own_bias } => {
            let shape = broadcast(&own.shape, &weight.shape).ok()?;
            let whole = |tensor: &Tensor| match pick(&tensor.numbers, broadcast_indices(&tensor.shape, &shape)) {
                Numbers::F32(reals) => Some(reals),
                _ => None,
            };
            let (own, own_bias, weight, bias) = (whole(own)?, whole(own_bias)?, whole(weight)?, whole(bias)?);
            let product = own.iter().zip(&weight).map(|(own, factor)| own * factor).collect();
            let sums =
                own_bias.iter().zip(&weight).zip(&bias).map(|((own, factor), term)| own * factor + term).collect();
            Operator::Scale { weight: Tensor::reals(&shape, product), bias: Tensor::reals(&shape, sums) }
        }
        _ => return None,
    })
}

/// The numbers of a scale that are the same on all but the last axes, which have this shape.
fn of_last_axes(tensor: &Tensor, shape: &[usize]) -> Option<Vec<f32>> {
    let (leading, own) = tensor.shape.split_at(tensor.shape.len() - shape.len());
    if leading.iter().any(|&size| size != 1) {
        return None;
    }
    match pick(&tensor.numbers, broadcast_indices(own, shape)) {
        Numbers::F32(reals) => Some(reals),
        _ => None,
    }
}

/// The operator with its input multiplied by `weight` and `bias` added.
fn of_scaled(operator: &Operator, weight: &Tensor, bias: &Tensor) -> Option<Operator> {
    match operator {
        Operator::Dense { weight: own, bias: own_bias } => {
            let &[outputs, inputs] = &own.shape[..] else { return None };
            let (factors, terms) = (of_channels(weight, inputs)?, of_channels(bias, inputs)?);
            let reals = own.as_reals()?;
            let columns =
                reals.iter().enumerate().map(|(index, &real)| (f64::from(real) * factors[index % inputs]) as f32);
            let sums = (0..outputs).map(|row| {
                let row = &reals[row * inputs..][..inputs];
                row.iter().zip(&terms).map(|(&real, term)| f64::from(real) * term).sum::<f64>()
            });
            let bias = with_terms(own_bias.as_ref(), outputs, sums)?;
            Some(Operator::Dense { weight: Tensor::reals(&own.shape, columns.collect()), bias })
        }
        Operator::Conv { weight: own, bias: own_bias, windows, groups } => {
            let (outputs, each) = (own.shape[0], own.shape[1]);
            let places: usize = own.shape[2..].iter().product();
            let (factors, terms) = (of_channels(weight, each * groups)?, of_channels(bias, each * groups)?);
            let padded = windows.iter().any(|window| window.padding != (0, 0));
            if padded && terms.iter().any(|&term| term != 0.0) {
                return None;
            }
            let reals = own.as_reals()?;
            let channel = |index: usize| {
                let (output, input) = (index / (each * places), index / places % each);
                output / (outputs / groups) * each + input
            };
            let scaled =
                reals.iter().enumerate().map(|(index, &real)| (f64::from(real) * factors[channel(index)]) as f32);
            let sums = (0..outputs).map(|output| {
                let start = output * each * places;
                let row = reals[start..][..each * places].iter().enumerate();
                row.map(|(index, &real)| f64::from(real) * terms[channel(start + index)]).sum::<f64>()
            });
            let bias = with_terms(own_bias.as_ref(), outputs, sums)?;
            let weight = Tensor::reals(&own.shape, scaled.collect());
            Some(Operator::Conv { weight, bias, windows: windows.clone(), groups: *groups })
        }
        _ => None,
    }
}

/// A bias with terms added; none if all are zero and there is none.
fn with_terms(bias: Option<&Tensor>, outputs: usize, terms: impl Iterator<Item = f64>) -> Option<Option<Tensor>> {
    let terms: Vec<f64> = terms.collect();
    if bias.is_none() && terms.iter().all(|&term| term == 0.0) {
        return Some(None);
    }
    let own: Vec<f32> = match bias {
        Some(bias) => bias.as_reals()?.to_vec(),
        None => vec![0.0; outputs],
    };
    let sums = own.iter().zip(&terms).map(|(&own, term)| (f64::from(own) + term) as f32).collect();
    Some(Some(Tensor::reals(&[outputs], sums)))
}
