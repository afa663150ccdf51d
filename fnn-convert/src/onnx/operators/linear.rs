//! Convolutions and dense layers.

use super::Call;
use crate::graph::{MAX_RANK, Operator, Window};
use crate::onnx::lowering::{Computed, Known, Lowered, Lowering, in_graph};
use crate::tensor::Tensor;
use crate::tensor::indices::{broadcast, broadcast_indices, pick, transpose};

impl Lowering<'_> {
    pub(super) fn conv(&mut self, call: &Call<'_>) -> Lowered<Computed> {
        let input = self.image(call)?;
        let (weight, bias) = (call.reals(1, "weight")?, call.reals_if_given(2, "bias")?);
        if weight.shape.len() < 3 {
            return Err(format!("its weight is {:?}", weight.shape).into());
        }
        let kernel = &weight.shape[2..];
        if input.shape.len() != kernel.len() + 1 {
            return Err(format!("its weight is {:?}, but its input {:?}", weight.shape, input.shape).into());
        }
        let given = call.attributes.sizes("kernel_shape", kernel.len(), 0)?;
        if call.attributes.has("kernel_shape") && given != kernel {
            return Err(format!("its weight is {:?}, but its kernel {given:?}", weight.shape).into());
        }
        let windows = windows(call, &input.shape[1..], kernel)?;
        let groups =
            usize::try_from(call.attributes.int("group", 1)).map_err(|_| "its number of groups is negative")?;
        let (weight, bias) = (weight.as_ref().clone(), bias.map(|bias| bias.as_ref().clone()));
        let value = self.value(&input)?;
        let value = match windows.len() {
            3 => self.conv_of_volume(value, (&weight, bias.as_ref()), &windows, groups)?,
            _ => self.push(Operator::Conv { weight, bias, windows, groups }, &[value])?,
        };
        Ok(self.computed_as_is(value))
    }

    pub(super) fn gemm(&mut self, call: &Call<'_>) -> Lowered<Computed> {
        let mut input = self.first(call)?;
        if self.whole_shape(&input.shape).len() != 2 {
            return Err(format!("its first input is {:?}, not a matrix", self.whole_shape(&input.shape)).into());
        }
        if call.attributes.flag("transA", false) {
            if self.batch.is_some() {
                return Err("it transposes its input, whose first axis is the batch".into());
            }
            let value = self.value(&input)?;
            let value = self.transpose(value, &[1, 0])?;
            input = self.computed_as_is(value);
        }
        let weight = call.reals(1, "second input")?;
        if weight.shape.len() != 2 {
            return Err(format!("its weight is {:?}, not a matrix", weight.shape).into());
        }
        // As [in, out].
        let weight =
            if call.attributes.flag("transB", false) { transpose(&weight, &[1, 0]) } else { weight.as_ref().clone() };
        let weight = times(weight, call.attributes.float("alpha", 1.0));
        let output = self.product(&input, &weight)?;
        let bias = call
            .reals_if_given(2, "bias")?
            .map(|bias| times(bias.as_ref().clone(), call.attributes.float("beta", 1.0)));
        match bias {
            Some(bias) => self.scaled(&output, &Tensor::real(1.0), &bias),
            None => Ok(output),
        }
    }

    pub(super) fn matmul(&mut self, call: &Call<'_>) -> Lowered<Known> {
        match (call.input(0), call.input(1)) {
            (Some(Known::Constant(_)), Some(right)) => {
                let right = self.as_computed(right)?;
                let left = call.reals(0, "first input")?;
                // W·x = (xᵀ·Wᵀ)ᵀ
                let (rank, axes) = (right.shape.len(), left.shape.len());
                if rank < 2 {
                    return Err("a constant times the batch mixes its samples".into());
                }
                if axes < 2 {
                    return Err(format!("its first input is {:?}, not a matrix", left.shape).into());
                }
                let transposed = self.with_last_axes_swapped(&right)?;
                let mut order: Vec<usize> = (0..axes).collect();
                order.swap(axes - 2, axes - 1);
                let product = self.products(&transposed, &transpose(&left, &order))?;
                self.with_last_axes_swapped(&product).map(Known::Computed)
            }
            (Some(_), Some(Known::Constant(_))) => {
                let input = self.first(call)?;
                let weight = call.reals(1, "second input")?.as_ref().clone();
                let &[length] = &weight.shape[..] else {
                    let row = self.batch.is_none() && input.shape.len() == 1;
                    let product =
                        if row { self.row_product(&input, &weight)? } else { self.products(&input, &weight)? };
                    return Ok(product.into());
                };
                // A vector is a matrix of one column, which the output lacks.
                let product = self.product(&input, &Tensor { shape: vec![length, 1], ..weight })?;
                let shape = product.shape[..product.shape.len() - 1].to_vec();
                let value = self.value(&product)?;
                let value = self.reshape(value, &shape)?;
                Ok(self.computed(value, &shape).into())
            }
            _ => Err("it multiplies two values that depend on the input".into()),
        }
    }

    /// A vector times matrices: the output lacks the axis of its one row.
    fn row_product(&mut self, input: &Computed, weight: &Tensor) -> Lowered<Computed> {
        let value = self.value(input)?;
        let row = [1, input.shape[0]];
        let value = self.reshape(value, &row)?;
        let row = self.computed(value, &row);
        let product = self.products(&row, weight)?;
        let mut shape = product.shape.clone();
        shape.remove(shape.len() - 2);
        let value = self.value(&product)?;
        let value = self.reshape(value, &shape)?;
        Ok(self.computed(value, &shape))
    }

    fn with_last_axes_swapped(&mut self, value: &Computed) -> Lowered<Computed> {
        let rank = value.shape.len();
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        let value = self.value(value)?;
        let value = self.transpose(value, &order)?;
        Ok(self.computed_as_is(value))
    }

    /// A value times matrices `[…, in, out]`, one for each index of the axes before the last two.
    fn products(&mut self, input: &Computed, weight: &Tensor) -> Lowered<Computed> {
        let [leading @ .., inputs, outputs] = &weight.shape[..] else { return Err("its weight isn't a matrix".into()) };
        if leading.iter().all(|&size| size == 1) && leading.len() < self.whole_shape(&input.shape).len() {
            return self.product(input, &Tensor { shape: vec![*inputs, *outputs], ..weight.clone() });
        }
        let refused = || format!("its weight is {:?}, a matrix for each sample", weight.shape);
        let skipped = (weight.shape.len() + 1).saturating_sub(self.whole_shape(&input.shape).len());
        let leading = match self.batch {
            Some(_) if skipped > 1 || skipped == 1 && leading[0] != 1 => return Err(refused().into()),
            Some(_) => &leading[skipped..],
            None => leading,
        };
        let [own @ .., rows, last] = &input.shape[..] else { return Err(refused().into()) };
        let (rows, all) = (*rows, broadcast(own, leading)?);
        if last != inputs {
            return Err(format!("its weights have {inputs} inputs, but its input is {:?}", input.shape).into());
        }
        let groups: usize = all.iter().product();
        self.room.take(&[groups, *inputs, *outputs])?;
        // As [group, out, in].
        let matrices: Vec<usize> = all.iter().copied().chain([*inputs, *outputs]).collect();
        let from: Vec<usize> = leading.iter().copied().chain([*inputs, *outputs]).collect();
        let numbers = pick(&weight.numbers, broadcast_indices(&from, &matrices));
        let weights = Tensor { shape: vec![groups, *inputs, *outputs], numbers, quantization: None };
        let weights = transpose(&weights, &[0, 2, 1]);
        let weights = Tensor { shape: vec![groups * outputs, *inputs, 1], ..weights };
        // One matrix for all groups of channels, each by its own filters; or the same channels by all filters.
        let whole: Vec<usize> = all.iter().copied().chain([rows, *inputs]).collect();
        let (value, groups_of_input) = if own.iter().all(|&size| size == 1) {
            (self.value(input)?, 1)
        } else {
            let input = self.expanded_to(input, &whole)?;
            (self.value(&input)?, groups)
        };
        let value = self.reshape(value, &[groups_of_input, rows, *inputs])?;
        let value = self.transpose(value, &[0, 2, 1])?;
        let value = self.reshape(value, &[groups_of_input * inputs, rows])?;
        let windows = vec![Window::ELEMENT];
        let value =
            self.push(Operator::Conv { weight: weights, bias: None, windows, groups: groups_of_input }, &[value])?;
        let value = self.reshape(value, &[groups, *outputs, rows])?;
        let value = self.transpose(value, &[0, 2, 1])?;
        let shape: Vec<usize> = all.iter().copied().chain([rows, *outputs]).collect();
        let value = self.reshape(value, &shape)?;
        Ok(self.computed(value, &shape))
    }

    /// A value times a matrix `[in, out]`, along its last axis.
    fn product(&mut self, input: &Computed, weight: &Tensor) -> Lowered<Computed> {
        let &[inputs, outputs] = &weight.shape[..] else { return Err("its weight isn't a matrix".into()) };
        let Some((&last, leading)) = input.shape.split_last() else {
            return Err("it mixes the samples of a batch".into());
        };
        if last != inputs {
            let input = self.whole_shape(&input.shape);
            return Err(
                format!("its weight has {inputs} inputs and {outputs} outputs, but its input is {input:?}").into()
            );
        }
        let rows: usize = leading.iter().product();
        let value = self.value(input)?;
        let transposed = transpose(weight, &[1, 0]);
        let value = if rows == 1 {
            let row = self.reshape(value, &[inputs])?;
            self.push(Operator::Dense { weight: transposed, bias: None }, &[row])?
        } else {
            // A matrix for all rows is a convolution of one element along them.
            let value = self.reshape(value, &[rows, inputs])?;
            let value = self.transpose(value, &[1, 0])?;
            let weight = Tensor { shape: vec![outputs, inputs, 1], ..transposed };
            let windows = vec![Window::ELEMENT];
            let value = self.push(Operator::Conv { weight, bias: None, windows, groups: 1 }, &[value])?;
            self.transpose(value, &[1, 0])?
        };
        let shape: Vec<usize> = leading.iter().copied().chain([outputs]).collect();
        let value = self.reshape(value, &shape)?;
        Ok(self.computed(value, &shape))
    }

    /// `weight · value + bias`, both broadcast to the value.
    pub(in crate::onnx) fn scaled(&mut self, value: &Computed, weight: &Tensor, bias: &Tensor) -> Lowered<Computed> {
        let whole = self.whole_shape(&value.shape);
        let shape = broadcast(&weight.shape, &bias.shape)?;
        if broadcast(&whole, &shape)? != whole {
            return Err(format!("a constant of {shape:?} repeats its input {whole:?}").into());
        }
        // The constants' own shape, aligned with the sample's.
        let mut own = vec![1; whole.len() - shape.len()];
        own.extend(&shape);
        if self.batch.is_some() && own.first().is_some_and(|&batch| batch != 1) {
            return Err(format!("its constant of {shape:?} differs between the samples of a batch").into());
        }
        let sample = if self.batch.is_some() { own.get(1..).unwrap_or_default() } else { &own[..] };
        // Of a value with too many axes, one number for each element.
        let each = sample.len() > MAX_RANK;
        let sample = in_graph(if each { &value.shape } else { sample });
        let shape = if each { value.shape.clone() } else { shape };
        self.room.take(&sample)?;
        let whole = |tensor: &Tensor| {
            let first = tensor.shape.len().saturating_sub(shape.len());
            let numbers = pick(&tensor.numbers, broadcast_indices(&tensor.shape[first..], &shape));
            Tensor { shape: sample.clone(), numbers, quantization: None }
        };
        let scale = Operator::Scale { weight: whole(weight), bias: whole(bias) };
        let graph = self.folded(value)?;
        let graph = self.push(scale, &[graph])?;
        Ok(self.computed(graph, &value.shape))
    }
}

/// A constant times a number.
fn times(tensor: Tensor, factor: f64) -> Tensor {
    match tensor.as_reals() {
        Some(reals) if factor != 1.0 => {
            let reals = reals.iter().map(|&real| (f64::from(real) * factor) as f32).collect();
            Tensor::reals(&tensor.shape, reals)
        }
        _ => tensor,
    }
}

/// The windows of a convolution or a pool over axes of these sizes.
pub(super) fn windows(call: &Call<'_>, sizes: &[usize], kernel: &[usize]) -> Lowered<Vec<Window>> {
    let attributes = &call.attributes;
    let axes = kernel.len();
    let strides = attributes.sizes("strides", axes, 1)?;
    let dilations = attributes.sizes("dilations", axes, 1)?;
    let pads = attributes.sizes("pads", 2 * axes, 0)?;
    let auto = attributes.word("auto_pad", "NOTSET")?;
    if strides.contains(&0) || dilations.contains(&0) || kernel.contains(&0) {
        return Err("a kernel, stride or dilation is 0".into());
    }
    let window = |axis: usize| {
        let mut window =
            Window { kernel: kernel[axis], stride: strides[axis], dilation: dilations[axis], padding: (0, 0) };
        let same = || window.same(sizes[axis]).ok_or_else(|| "its window is too large".to_string());
        window.padding = match auto {
            "NOTSET" | "" => (pads[axis], pads[axes + axis]),
            "VALID" => (0, 0),
            "SAME_UPPER" => same()?,
            "SAME_LOWER" => same().map(|(less, more)| (more, less))?,
            other => return Err(format!("its `auto_pad` is {other}")),
        };
        Ok(window)
    };
    Ok((0..axes).map(window).collect::<Result<_, String>>()?)
}
