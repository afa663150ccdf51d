//! Operators that change the shape, or nothing.

use std::rc::Rc;

use super::Call;
use crate::onnx::axes::{axis_of, reshaped, unique_axes};
use crate::onnx::constants::{shape, squeezed, unsqueezed};
use crate::onnx::lowering::{Known, Lowered, Lowering};
use crate::tensor::Tensor;
use crate::tensor::indices::broadcast;

impl Lowering<'_> {
    pub(super) fn reshaped(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let whole = self.whole_shape(&input.shape);
        let axes = || match call.integers(1, "axes")? {
            Some(axes) => Ok::<_, super::super::lowering::Fault>(Some(axes)),
            None => Ok(call.attributes.ints("axes").map(<[i64]>::to_vec)),
        };
        let whole = match call.operator() {
            "Reshape" => {
                let to = call.integers(1, "shape")?;
                let to =
                    to.or_else(|| call.attributes.ints("shape").map(<[i64]>::to_vec)).ok_or("its shape is left out")?;
                reshaped(&whole, &to, call.attributes.flag("allowzero", false))?
            }
            "Flatten" => {
                let axis = call.attributes.int("axis", 1);
                let axis = if axis == whole.len() as i64 { whole.len() } else { axis_of(axis, whole.len())? };
                let (before, after) = whole.split_at(axis);
                vec![before.iter().product(), after.iter().product()]
            }
            "Squeeze" => squeezed(&whole, axes()?.as_deref())?,
            _ => unsqueezed(&whole, &axes()?.ok_or("its axes are left out")?)?,
        };
        let sample = self.sample_shape(&whole)?;
        let value = self.value(&input)?;
        let value = self.reshape(value, &sample)?;
        Ok(self.computed(value, &sample))
    }

    pub(super) fn transposed(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let whole = self.whole_shape(&input.shape).len();
        let default: Vec<i64> = (0..whole as i64).rev().collect();
        let order = unique_axes(call.attributes.ints("perm").unwrap_or(&default), whole)?;
        if order.len() != whole {
            return Err("its `perm` doesn't have all axes".into());
        }
        let order: Vec<usize> = match (self.batch, order.split_first()) {
            (None, _) => order,
            (Some(_), Some((0, sample))) => sample.iter().map(|axis| axis - 1).collect(),
            _ => return Err("it moves the batch axis".into()),
        };
        let value = self.value(&input)?;
        let value = self.transpose(value, &order)?;
        let shape: Vec<usize> = order.iter().map(|&axis| input.shape[axis]).collect();
        Ok(self.computed(value, &shape))
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
