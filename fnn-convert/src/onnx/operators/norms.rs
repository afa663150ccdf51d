//! Normalizations, softmax and PReLU: whatever has weights for channels, or works on whole axes.

use std::rc::Rc;

use super::Call;
use crate::graph::Operator;
use crate::onnx::expression::{Binary, Form};
use crate::onnx::lowering::{Computed, Known, Lowered, Lowering};
use crate::tensor::Tensor;
use crate::tensor::indices::{broadcast, broadcast_indices, pick, to_front};

impl Lowering<'_> {
    pub(super) fn batch_norm(&mut self, call: &Call<'_>) -> Lowered<Known> {
        if call.attributes.flag("training_mode", false) {
            return self.norm_of_batch(call);
        }
        let input = self.image(call)?;
        let of = |index, what| Ok::<_, super::super::lowering::Fault>(call.reals(index, what)?.as_ref().clone());
        let (weight, bias) = (of(1, "scale")?, of(2, "bias")?);
        let (mean, variance) = (of(3, "mean")?, of(4, "variance")?);
        let epsilon = call.attributes.float("epsilon", 1e-5);
        let value = self.value(&input)?;
        let value = self.push(Operator::BatchNorm { weight, bias, mean, variance, epsilon }, &[value])?;
        Ok(self.computed_as_is(value).into())
    }

    /// A batch norm in training mode, which normalizes each channel by the mean and the variance in the batch: if the batch is a
    /// part of the sample, or a single one, by those in the sample.
    fn norm_of_batch(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        if self.batch.is_some_and(|batch| batch != 1) {
            return Err("it is in training mode: its output depends on the other samples of the batch".into());
        }
        let channels = usize::from(self.batch.is_none());
        let Some(&groups) = input.shape.get(channels) else {
            return Err(format!("its input is {:?}, without channels", self.whole_shape(&input.shape)).into());
        };
        let (weight, bias) = (call.reals(1, "scale")?.as_ref().clone(), call.reals(2, "bias")?.as_ref().clone());
        let epsilon = call.attributes.float("epsilon", 1e-5);
        let value = self.value(&input)?;
        let norm = Operator::GroupNorm { groups, weight, bias, epsilon };
        let value = self.push_ordered(norm, value, &to_front(channels, input.shape.len()))?;
        Ok(self.computed_as_is(value).into())
    }

    pub(super) fn instance_norm(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let (weight, bias) = (call.reals(1, "scale")?, call.reals(2, "bias")?);
        let epsilon = call.attributes.float("epsilon", 1e-5);
        let groups = input.shape[0];
        let (weight, bias) = (weight.as_ref().clone(), bias.as_ref().clone());
        let value = self.value(&input)?;
        let value = self.push(Operator::GroupNorm { groups, weight, bias, epsilon }, &[value])?;
        Ok(self.computed_as_is(value).into())
    }

    pub(super) fn group_norm(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let epsilon = call.attributes.float("epsilon", 1e-5);
        let groups = usize::try_from(call.attributes.int("num_groups", 0)).unwrap_or(0);
        let channels = input.shape[0];
        // Before opset 21, there is one number for each group.
        let each = |tensor: Rc<Tensor>| match tensor.as_reals() {
            Some(reals)
                if tensor.shape == [groups] && groups > 0 && channels % groups == 0 && call.attributes.opset < 21 =>
            {
                let repeated = |&real: &f32| std::iter::repeat_n(real, channels / groups);
                Tensor::reals(&[channels], reals.iter().flat_map(repeated).collect())
            }
            _ => tensor.as_ref().clone(),
        };
        let (weight, bias) = (each(call.reals(1, "scale")?), each(call.reals(2, "bias")?));
        let value = self.value(&input)?;
        let value = self.push(Operator::GroupNorm { groups, weight, bias, epsilon }, &[value])?;
        Ok(self.computed_as_is(value).into())
    }

    pub(super) fn layer_norm(&mut self, call: &Call<'_>) -> Lowered<Known> {
        self.norm_of_last_axes(call, true)
    }

    pub(super) fn rms_norm(&mut self, call: &Call<'_>) -> Lowered<Known> {
        self.norm_of_last_axes(call, false)
    }

    /// A norm over the axes from `axis` on.
    fn norm_of_last_axes(&mut self, call: &Call<'_>, centered: bool) -> Lowered<Known> {
        let input = self.first(call)?;
        let rank = input.shape.len();
        let axis = self.sample_axis(call.attributes.int("axis", -1), rank)?;
        let shape = &input.shape[axis..];
        let length = shape.iter().product();
        let whole = |tensor: Option<Rc<Tensor>>, default: f32| match tensor {
            None => Ok(Tensor::reals(shape, vec![default; length])),
            Some(tensor) if broadcast(&tensor.shape, shape).as_deref() == Ok(shape) => {
                let numbers = pick(&tensor.numbers, broadcast_indices(&tensor.shape, shape));
                Ok(Tensor { shape: shape.to_vec(), numbers, quantization: None })
            }
            Some(tensor) => Err(format!("its weights are {:?} for the axes {shape:?}", tensor.shape)),
        };
        let weight = whole(call.reals_if_given(1, "scale")?, 1.0)?;
        let bias = whole(call.reals_if_given(2, "bias")?, 0.0)?;
        let epsilon = call.attributes.float("epsilon", 1e-5);
        let norm = match centered {
            true => Operator::LayerNorm { weight, bias, epsilon },
            false => Operator::RmsNorm { weight, epsilon },
        };
        let value = self.value(&input)?;
        let value = self.push(norm, &[value])?;
        Ok(self.computed(value, &input.shape).into())
    }

    pub(super) fn softmax(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let rank = input.shape.len();
        // Before opset 13, all axes from the given one on are one.
        let joined = call.attributes.opset < 13;
        let axis = call.attributes.int("axis", if joined { 1 } else { -1 });
        let axis = self.sample_axis(axis, rank)?;
        let axes: Vec<usize> = (axis..if joined { rank } else { axis + 1 }).collect();
        self.softmax_over(&input, &axes, call.operator() == "LogSoftmax")
    }

    pub(super) fn mean_variance_norm(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let rank = input.shape.len();
        let axes = self.sample_axes(call.attributes.ints("axes").unwrap_or(&[0, 2, 3]), rank)?;
        // 1e-9 is added to the standard deviation.
        self.normalize(&input, &axes, 1e-18, true).map(Known::from)
    }

    pub(super) fn local_response_norm(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let size = usize::try_from(call.attributes.int("size", 0)).unwrap_or(0);
        if size % 2 == 0 {
            return Err(format!("its size is {size}; only odd ones are supported").into());
        }
        let constant = |name, default| {
            let number = call.attributes.float(name, default);
            match number > 0.0 && number < f64::from(f32::MAX) {
                true => Ok(number),
                false => Err(format!("its {name} is {number}; only numbers above 0 are supported")),
            }
        };
        let (alpha, beta, k) = (constant("alpha", 1e-4)?, constant("beta", 0.75)?, constant("bias", 1.0)?);
        let value = self.value(&input)?;
        let value = self.push(Operator::LocalResponseNorm { size, alpha, beta, k }, &[value])?;
        Ok(self.computed_as_is(value).into())
    }

    pub(super) fn lp_norm(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let axis = self.sample_axis(call.attributes.int("axis", -1), input.shape.len())?;
        match call.attributes.int("p", 2) {
            2 => self.divided_by_norm(&input, &[axis], 0.0),
            p => Err(format!("it divides by the norm of order {p}; only that of order 2 can be declared").into()),
        }
    }

    pub(super) fn prelu(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let slopes = call.reals(1, "slope")?;
        self.rectified(&input, &slopes)
    }

    /// A choice that is a PReLU: of `slopes · x` where x is below 0, otherwise of x.
    pub(super) fn parametric_rectifier(&mut self, choice: &[Known]) -> Lowered<Option<Known>> {
        let [Known::Computed(condition), Known::Computed(below), Known::Computed(above)] = choice else {
            return Ok(None);
        };
        let (Form::Binary(Binary::Less, compared, zero), Some(value)) =
            (&condition.expression.form, above.expression.made.get())
        else {
            return Ok(None);
        };
        let maker = self.graph.nodes.iter().find(|node| Some(node.output) == below.expression.made.get());
        match maker.map(|node| (&node.operator, &node.inputs[..])) {
            Some((Operator::Scale { weight, bias }, &[scaled]))
                if scaled == value
                    && compared.made.get() == Some(value)
                    && matches!(zero.form, Form::Number(0.0))
                    && bias.as_reals().is_some_and(|terms| terms.iter().all(|&term| term == 0.0)) =>
            {
                let mut slopes = weight.clone();
                if self.batch.is_some() {
                    slopes.shape.insert(0, 1);
                }
                self.rectified(above, &slopes).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn rectified(&mut self, input: &Computed, slopes: &Tensor) -> Lowered<Known> {
        let whole = self.whole_shape(&input.shape);
        if broadcast(&whole, &slopes.shape)? != whole {
            return Err(format!("its slopes of {:?} repeat its input {whole:?}", slopes.shape).into());
        }
        let mut own = vec![1; whole.len() - slopes.shape.len()];
        own.extend(&slopes.shape);
        let sample = if self.batch.is_some() { &own[1..] } else { &own[..] };
        if self.batch.is_some() && own[0] != 1 {
            return Err("its slopes differ between the samples of a batch".into());
        }
        let value = self.value(input)?;
        let differing: Vec<usize> = (0..sample.len()).filter(|&axis| sample[axis] > 1).collect();
        let length = slopes.numbers.len();
        let flat = Tensor { shape: vec![length], ..slopes.clone() };
        let value = match differing[..] {
            // One slope, or one for each channel.
            [] | [0] => self.push(Operator::PRelu { slopes: flat }, &[value])?,
            [axis] => self.push_ordered(Operator::PRelu { slopes: flat }, value, &to_front(axis, sample.len()))?,
            _ => {
                let numbers = pick(&slopes.numbers, broadcast_indices(sample, &input.shape));
                let slopes = Tensor { shape: vec![numbers.len()], numbers, quantization: None };
                let flat = self.reshape(value, &slopes.shape)?;
                let value = self.push(Operator::PRelu { slopes }, &[flat])?;
                self.reshape(value, &input.shape)?
            }
        };
        Ok(self.computed(value, &input.shape).into())
    }
}
