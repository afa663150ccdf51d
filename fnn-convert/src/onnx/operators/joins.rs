//! Values put together, and parts of values.

use super::Call;
use crate::graph::{Operator, ValueId};
use crate::onnx::axes::slices;
use crate::onnx::lowering::{Computed, Known, Lowered, Lowering};
use crate::tensor::Tensor;
use crate::tensor::indices::{inverse, to_front};

impl Lowering<'_> {
    pub(super) fn concat(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let mut inputs = Vec::new();
        for input in call.inputs.iter().flatten() {
            inputs.push(self.as_computed(input)?);
        }
        let rank = inputs.first().ok_or("it has no inputs")?.shape.len();
        if inputs.iter().any(|input| input.shape.len() != rank) {
            return Err("its inputs have different numbers of axes".into());
        }
        let axis = self.sample_axis(call.attributes.int("axis", 1), rank)?;
        if let [input] = &inputs[..] {
            return Ok(Known::Computed(input.clone()));
        }
        let order = to_front(axis, rank);
        let mut values = Vec::new();
        for input in &inputs {
            let value = self.value(input)?;
            values.push(self.transpose(value, &order)?);
        }
        let value = self.push(Operator::Concat, &values)?;
        let value = self.transpose(value, &inverse(&order))?;
        Ok(self.computed_as_is(value).into())
    }

    pub(super) fn slice(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let mut constants = vec![None];
        for (index, what) in ["starts", "ends", "axes", "steps"].into_iter().enumerate() {
            constants.push(call.constant(index + 1, what)?);
        }
        let constants: Vec<Option<&Tensor>> = constants.iter().map(Option::as_deref).collect();
        let whole = self.whole_shape(&input.shape);
        let mut slices = slices(&whole, &constants, &call.attributes)?;
        if self.batch.is_some() {
            let batch = slices.remove(0);
            if batch.range() != Some(0..whole[0]) {
                return Err("it takes a part of the batch".into());
            }
        }
        let mut value = self.value(&input)?;
        for (axis, slice) in slices.iter().enumerate() {
            value = match slice.range() {
                Some(range) => self.part(value, axis, range)?,
                None => {
                    self.room.take(&[slice.length])?;
                    let indices: Vec<_> = (0..slice.length).map(|index| Some(slice.at(index))).collect();
                    self.select(value, axis, &indices)?
                }
            };
        }
        Ok(self.computed_as_is(value).into())
    }

    pub(super) fn split(&mut self, call: &Call<'_>) -> Lowered<Vec<Known>> {
        let input = self.first(call)?;
        let axis = self.sample_axis(call.attributes.int("axis", 0), input.shape.len())?;
        let size = input.shape[axis];
        let sizes: Vec<usize> = match call.integers_or_attribute(1, "split")? {
            Some(sizes) => sizes.iter().map(|&size| size.try_into().unwrap_or(usize::MAX)).collect(),
            None => {
                let each = size.div_ceil(call.outputs.max(1));
                (0..call.outputs).map(|index| each.min(size.saturating_sub(index * each))).collect()
            }
        };
        if sizes.len() != call.outputs
            || sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size)) != Some(size)
        {
            return Err(format!("it splits {size} into {sizes:?}").into());
        }
        let value = self.value(&input)?;
        let mut start = 0;
        let mut parts = Vec::new();
        for size in sizes {
            let part = self.part(value, axis, start..start + size)?;
            parts.push(self.computed_as_is(part).into());
            start += size;
        }
        Ok(parts)
    }

    /// A range of an axis.
    pub(in crate::onnx) fn part(
        &mut self,
        value: ValueId,
        axis: usize,
        range: std::ops::Range<usize>,
    ) -> Lowered<ValueId> {
        let shape = self.graph.shape(value);
        if range == (0..shape[axis]) {
            return Ok(value);
        }
        let order = to_front(axis, shape.len());
        self.push_ordered(Operator::Slice { start: range.start, end: range.end }, value, &order)
    }

    pub(super) fn gather(&mut self, call: &Call<'_>) -> Lowered<Known> {
        match (call.input(0), call.input(1)) {
            (Some(Known::Constant(_)), Some(tokens)) => {
                let weight = call.reals(0, "table")?;
                let tokens = self.as_computed(tokens)?;
                self.embedding(&weight, &tokens, call)
            }
            _ => {
                let input = self.first(call)?;
                let at = call.required(1, "indices")?;
                let axis = self.sample_axis(call.attributes.int("axis", 0), input.shape.len())?;
                let size = input.shape[axis] as i64;
                let indices = at.to_integers().ok_or("its indices aren't integers")?;
                let indices: Vec<i64> =
                    indices.iter().map(|&at| if at < 0 { at.saturating_add(size) } else { at }).collect();
                let element = |&at: &i64| match (0..size).contains(&at) {
                    true => Ok(Some(at as usize)),
                    false => Err(format!("it takes the element {at} of {size}")),
                };
                let indices: Vec<Option<usize>> = indices.iter().map(element).collect::<Result<_, _>>()?;
                let value = self.value(&input)?;
                let value = self.select(value, axis, &indices)?;
                let shape: Vec<usize> = [&input.shape[..axis], &at.shape[..], &input.shape[axis + 1..]].concat();
                let value = self.reshape(value, &shape)?;
                Ok(self.computed(value, &shape).into())
            }
        }
    }

    fn embedding(&mut self, weight: &Tensor, tokens: &Computed, call: &Call<'_>) -> Lowered<Known> {
        if !self.graph.values[tokens.base.0].tokens {
            return Err("its indices depend on computed values".into());
        }
        let [_, _] = weight.shape[..] else {
            return Err(format!("its table is {:?}, not a matrix", weight.shape).into());
        };
        if !matches!(call.attributes.int("axis", 0), 0 | -2) {
            return Err("it takes columns of its table, not rows".into());
        }
        let shape: Vec<usize> = tokens.shape.iter().copied().chain([weight.shape[1]]).collect();
        let value = self.value(tokens)?;
        let value = self.push(Operator::Embedding { weight: weight.clone() }, &[value])?;
        let value = self.reshape(value, &shape)?;
        Ok(self.computed(value, &shape).into())
    }
}
