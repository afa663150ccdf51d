//! Operators that change the shape, or nothing.

use std::rc::Rc;

use super::Call;
use crate::graph::MAX_RANK;
use crate::onnx::axes::{new_shape, permutation};
use crate::onnx::constants::shape;
use crate::onnx::lowering::{Computed, Known, Lowered, Lowering};
use crate::onnx::moments::{Moment, Step};
use crate::tensor::Tensor;
use crate::tensor::indices::broadcast;

impl Lowering<'_> {
    pub(super) fn reshaped(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let given = call.integers(1, if call.operator() == "Reshape" { "shape" } else { "axes" })?;
        let whole = new_shape(&self.whole_shape(&input.shape), given, &call.attributes)?;
        let sample = self.sample_shape(&whole)?;
        let value = self.folded(&input)?;
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
        self.reordered(&input, &order).map(Known::from)
    }

    /// A value with its axes in another order, however many there are.
    fn reordered(&mut self, input: &Computed, order: &[usize]) -> Lowered<Computed> {
        let shape: Vec<usize> = order.iter().map(|&axis| input.shape[axis]).collect();
        let mut value = self.folded(input)?;
        if shape.len() <= MAX_RANK {
            let value = self.transpose(value, order)?;
            return Ok(self.computed(value, &shape));
        }
        // Blocks of axes that come next to each other, one after the other, are exchanged with what is in their place.
        let mut axes: Vec<usize> = (0..order.len()).collect();
        let mut done = 0;
        while done < order.len() {
            let start = axes.iter().position(|&axis| axis == order[done]).unwrap_or(done);
            let length = axes[start..].iter().zip(&order[done..]).take_while(|(axis, wanted)| axis == wanted).count();
            if start > done {
                let product = |axes: &[usize]| axes.iter().map(|&axis| input.shape[axis]).product::<usize>();
                let blocks = [
                    product(&axes[..done]),
                    product(&axes[done..start]),
                    product(&axes[start..start + length]),
                    product(&axes[start + length..]),
                ];
                value = self.reshape(value, &blocks)?;
                value = self.transpose(value, &[0, 2, 1, 3])?;
                axes[done..start + length].rotate_left(start - done);
            }
            done += length.max(1);
        }
        let value = self.reshape(value, &shape)?;
        Ok(self.computed(value, &shape))
    }

    /// Blocks of places as channels, or back.
    pub(super) fn depth_and_space(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let block = usize::try_from(call.attributes.int("blocksize", 0)).ok().filter(|&block| block > 0);
        let block = block.ok_or("its block has no size")?;
        let &[channels, rows, columns] = &input.shape[..] else {
            return Err(format!("its input is {:?}, not an image", self.whole_shape(&input.shape)).into());
        };
        // Blocks are the channels' outer axes, or with `CRD` their inner ones.
        let inner = call.attributes.word("mode", "DCR")? == "CRD";
        let value = self.value(&input)?;
        let wrong = || format!("blocks of {block} don't fit [{channels}, {rows}, {columns}]");
        let whole =
            |size: usize, by: usize| if by > 0 && size.is_multiple_of(by) { Ok(size / by) } else { Err(wrong()) };
        let (split, order, shape) = if call.operator() == "DepthToSpace" {
            let area = block.checked_mul(block).ok_or_else(wrong)?;
            let depth = whole(channels, area)?;
            let (split, order) = match inner {
                true => ([depth, block, block, rows, columns], [0, 3, 1, 4, 2]),
                false => ([block, block, depth, rows, columns], [2, 3, 0, 4, 1]),
            };
            (split, order, [depth, rows * block, columns * block])
        } else {
            let (rows, columns) = (whole(rows, block)?, whole(columns, block)?);
            let order = if inner { [0, 2, 4, 1, 3] } else { [2, 4, 0, 1, 3] };
            ([channels, rows, block, columns, block], order, [channels * block * block, rows, columns])
        };
        let value = self.reshape(value, &split)?;
        let split = self.computed(value, &split);
        let moved = self.reordered(&split, &order)?;
        let value = self.folded(&moved)?;
        let value = self.reshape(value, &shape)?;
        Ok(self.computed(value, &shape).into())
    }

    /// Operators that have no effect, or are refused.
    pub(super) fn unchanged(&mut self, call: &Call<'_>) -> Lowered<Known> {
        if let Some(known @ Known::Moment(moment)) = call.input(0) {
            let kept = match call.operator() {
                "Identity" | "Cast" | "CastLike" => true,
                "Expand" => self.only_repeats(moment, call)?,
                _ => false,
            };
            if kept {
                return Ok(known.clone());
            }
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
                return self.expanded(&input, &to).map(Known::from);
            }
            _ => {}
        }
        Ok(Known::Computed(input))
    }

    /// Whether `Expand` repeats a norm for the division that it is for.
    fn only_repeats(&self, moment: &Moment, call: &Call<'_>) -> Lowered<bool> {
        let to = call.integers(1, "shape")?.ok_or("its shape is left out")?;
        let whole = self.whole_shape(&moment.of.shape);
        let same = to.len() <= whole.len()
            && to.iter().rev().zip(whole.iter().rev()).all(|(&to, &size)| to == 1 || usize::try_from(to) == Ok(size));
        Ok(same && matches!(moment.step, Step::Norm(_)))
    }

    /// A value repeated along axes of size 1.
    fn expanded(&mut self, input: &Computed, to: &[i64]) -> Lowered<Computed> {
        let to: Option<Vec<usize>> = to.iter().map(|&size| size.try_into().ok()).collect();
        let whole = self.whole_shape(&input.shape);
        let whole = broadcast(&whole, &to.ok_or("its shape has a negative size")?)?;
        let shape = self.sample_shape(&whole)?;
        self.expanded_to(input, &shape)
    }

    /// A value repeated to this shape of a sample.
    pub(super) fn expanded_to(&mut self, input: &Computed, shape: &[usize]) -> Lowered<Computed> {
        if shape == input.shape {
            return Ok(input.clone());
        }
        let mut own = vec![1; shape.len().saturating_sub(input.shape.len())];
        own.extend(&input.shape);
        let value = self.value(input)?;
        let mut value = self.reshape(value, &own)?;
        for (axis, (&size, &own)) in shape.iter().zip(&own).enumerate() {
            if size != own {
                value = self.repeated(value, axis, size as i64)?;
            }
        }
        Ok(self.computed(value, shape))
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
