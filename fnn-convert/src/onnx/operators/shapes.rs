//! Operators that change the shape, or nothing.

use std::rc::Rc;

use super::Call;
use crate::onnx::axes::{new_shape, permutation};
use crate::onnx::constants::shape;
use crate::onnx::lowering::{Known, Lowered, Lowering};
use crate::tensor::Tensor;
use crate::tensor::indices::broadcast;

impl Lowering<'_> {
    pub(super) fn reshaped(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let given = call.integers(1, if call.operator() == "Reshape" { "shape" } else { "axes" })?;
        let whole = new_shape(&self.whole_shape(&input.shape), given, &call.attributes)?;
        let sample = self.sample_shape(&whole)?;
        let value = self.value(&input)?;
        let value = self.reshape(value, &sample)?;
        Ok(self.computed(value, &sample).into())
    }

    pub(super) fn transposed(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let order = permutation(&call.attributes, self.whole_shape(&input.shape).len())?;
        let order: Vec<usize> = match (self.batch, order.split_first()) {
            (None, _) => order,
            (Some(_), Some((0, sample))) => sample.iter().map(|axis| axis - 1).collect(),
            _ => return Err("it moves the batch axis".into()),
        };
        let value = self.value(&input)?;
        let value = self.transpose(value, &order)?;
        let shape: Vec<usize> = order.iter().map(|&axis| input.shape[axis]).collect();
        Ok(self.computed(value, &shape).into())
    }

    /// Operators that have no effect, or are refused.
    pub(super) fn unchanged(&mut self, call: &Call<'_>) -> Lowered<Known> {
        if let (Some(known @ Known::Moment(_)), true) = (call.input(0), matches!(call.operator(), "Identity" | "Cast"))
        {
            return Ok(known.clone());
        }
        let input = self.first(call)?;
        match call.operator() {
            "Dropout" => {
                let training = call.integers(2, "training mode")?.is_some_and(|mode| mode.contains(&1));
                if training {
                    return Err("it is in training mode: its output is random".into());
                }
            }
            "Cast" => {
                let tokens = self.graph.values[input.base.0].tokens;
                match call.attributes.int("to", 0) {
                    1 | 10 | 11 | 16 if !tokens => {}
                    6 | 7 if tokens => {}
                    other => {
                        return Err(format!("it casts a value that depends on the input to data type {other}").into());
                    }
                }
            }
            "Expand" => {
                let to = call.integers(1, "shape")?.ok_or("its shape is left out")?;
                let to: Option<Vec<usize>> = to.iter().map(|&size| size.try_into().ok()).collect();
                let whole = self.whole_shape(&input.shape);
                if broadcast(&whole, &to.ok_or("its shape has a negative size")?)? != whole {
                    return Err("it repeats a value that depends on the input".into());
                }
            }
            _ => {}
        }
        Ok(Known::Computed(input))
    }

    pub(super) fn shape_of(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let whole = self.whole_shape(&input.shape);
        let sizes = match call.operator() {
            "Shape" => shape(&whole, &call.attributes)?,
            _ => Tensor::integers(&[], vec![whole.iter().product::<usize>() as i64]),
        };
        Ok(Known::Constant(Rc::new(sizes)))
    }
}
