//! What is put around a value, cut from it, or put beside itself.

use super::Call;
use crate::graph::{Operator, ValueId};
use crate::onnx::axes::axes_or_all;
use crate::onnx::lowering::{Computed, Known, Lowered, Lowering, Padded};
use crate::tensor::Tensor;
use crate::tensor::indices::strides;

/// Up to this number, a value that it is subtracted from and added to again keeps its digits: the rounding is 1e-5 of a value
/// around 1 or more.
pub(super) const MAX_SHIFT: f32 = 256.0;

impl Lowering<'_> {
    pub(super) fn pad(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let mode = call.attributes.word("mode", "constant")?;
        // Attributes before opset 11, inputs from then on.
        let number = match call.reals_if_given(2, "constant")? {
            Some(tensor) => tensor.as_real().map(f64::from),
            None => Some(call.attributes.float("value", 0.0)),
        };
        let rank = self.whole_shape(&input.shape).len();
        let pads = call.integers_or_attribute(1, "pads")?.ok_or("its pads are left out")?;
        let axes = axes_or_all(call.integers(3, "axes")?.as_deref(), rank)?;
        if pads.len() != 2 * axes.len() {
            return Err(format!("its pads are {pads:?} for {} axes", axes.len()).into());
        }
        let mut ends = vec![(0, 0); input.shape.len()];
        for (index, &axis) in axes.iter().enumerate() {
            let pads = (pads[index], pads[axes.len() + index]);
            if pads != (0, 0) {
                ends[self.sample_axis(axis as i64, input.shape.len())?] = pads;
            }
        }
        if mode == "constant" {
            let number = number.ok_or("it doesn't pad with a single number")?;
            if number <= f64::from(f32::MIN) {
                return Ok(Known::Padded(Padded { input, number, ends }));
            }
            return self.padded_with(&input, number, &ends).map(Known::from);
        }
        let mut value = self.value(&input)?;
        for (axis, &(before, after)) in ends.iter().enumerate() {
            let size = self.graph.shape(value)[axis] as i64;
            let end = size.checked_add(after).ok_or("it is too large")?;
            let first = before.checked_neg().filter(|&first| first < end).ok_or("it cuts its whole input")?;
            self.room.take(&[usize::try_from(end.saturating_sub(first)).unwrap_or(usize::MAX)])?;
            let indices: Option<Vec<usize>> = (first..end).map(|place| source(mode, place, size)).collect();
            let indices = indices.ok_or_else(|| format!("it pads {size} elements by mode `{mode}`"))?;
            value = self.select(value, axis, &indices.into_iter().map(Some).collect::<Vec<_>>())?;
        }
        Ok(self.computed_as_is(value).into())
    }

    /// A number before and after each axis; a negative size cuts.
    pub(super) fn padded_with(&mut self, input: &Computed, number: f64, ends: &[(i64, i64)]) -> Lowered<Computed> {
        let positive = |end: i64| usize::try_from(end).unwrap_or(0);
        let padding: Vec<(usize, usize)> =
            ends.iter().map(|&(before, after)| (positive(before), positive(after))).collect();
        let pads = padding.iter().any(|&ends| ends != (0, 0));
        let number = if pads { number as f32 } else { 0.0 };
        if !number.is_finite() {
            return Err(format!("it pads with {number}, which only a max pool right behind it can do").into());
        }
        // Padded with another number: zeros around what is smaller by it, or, if that rounds, zeros and a term for each place.
        let (shift, term) = if number.abs() <= MAX_SHIFT { (number, 0.0) } else { (0.0, number) };
        let one = Tensor::real(1.0);
        let shifted = if shift == 0.0 { input.clone() } else { self.scaled(input, &one, &Tensor::real(-shift))? };
        let mut value = self.value(&shifted)?;
        for (axis, &(before, after)) in ends.iter().enumerate() {
            value = self.cut(value, axis, (before, after))?;
        }
        // Around all places at once, which a convolution can do itself, or axis by axis.
        if padding.first() == Some(&(0, 0)) && (2..=3).contains(&padding.len()) {
            if pads {
                value = self.push(Operator::ZeroPad { padding: padding[1..].to_vec() }, &[value])?;
            }
        } else {
            for (axis, &ends) in padding.iter().enumerate() {
                value = self.zero_padded(value, axis, ends)?;
            }
        }
        let padded = self.computed_as_is(value);
        if number == 0.0 {
            return Ok(padded);
        }
        let terms = if term == 0.0 { Tensor::real(shift) } else { self.outside(&padded.shape, &padding, term)? };
        self.scaled(&padded, &one, &terms)
    }

    /// `number` where a value of this shape is padding, and 0 elsewhere; of a single element along axes without padding.
    fn outside(&mut self, shape: &[usize], padding: &[(usize, usize)], number: f32) -> Lowered<Tensor> {
        let shape: Vec<usize> =
            shape.iter().zip(padding).map(|(&size, &ends)| if ends == (0, 0) { 1 } else { size }).collect();
        let length = self.room.take(&shape)?;
        let strides = strides(&shape);
        let outside = |index: usize| {
            shape.iter().zip(&strides).zip(padding).any(|((&size, stride), &(before, after))| {
                let place = index / stride % size;
                place < before || place >= size - after
            })
        };
        let numbers = (0..length).map(|index| if outside(index) { number } else { 0.0 }).collect();
        Ok(Tensor::reals(&shape, numbers))
    }

    /// An axis without as many elements at each end as its padding is negative.
    pub(super) fn cut(&mut self, value: ValueId, axis: usize, (before, after): (i64, i64)) -> Lowered<ValueId> {
        let size = self.graph.shape(value)[axis];
        let negative = |end: i64| usize::try_from(end.min(0).unsigned_abs()).unwrap_or(usize::MAX);
        let (start, end) = (negative(before), size.saturating_sub(negative(after)));
        match start < end {
            true => self.part(value, axis, start..end),
            false => Err(format!("it cuts {before} and {after} of {size} elements").into()),
        }
    }

    pub(super) fn center_crop_pad(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let whole = self.whole_shape(&input.shape);
        let sizes = call.integers(1, "shape")?.ok_or("its shape is left out")?;
        let axes = axes_or_all(call.attributes.ints("axes"), whole.len())?;
        if sizes.len() != axes.len() {
            return Err(format!("its shape is {sizes:?} for {} axes", axes.len()).into());
        }
        let mut ends = vec![(0, 0); input.shape.len()];
        for (&axis, &size) in axes.iter().zip(&sizes) {
            let own = i64::try_from(whole[axis]).map_err(|_| "it is too large")?;
            let more = size.checked_sub(own).filter(|_| size > 0).ok_or("its shape has a size below 1")?;
            if more != 0 {
                // The odd one is at the end.
                let before = more / 2;
                ends[self.sample_axis(axis as i64, input.shape.len())?] = (before, more - before);
            }
        }
        self.padded_with(&input, 0.0, &ends).map(Known::from)
    }

    pub(super) fn tile(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let repeats = call.integers(1, "repeats")?.ok_or("its repeats are left out")?;
        let whole = self.whole_shape(&input.shape);
        if repeats.len() != whole.len() {
            return Err(format!("it repeats {} axes {repeats:?} times", whole.len()).into());
        }
        let mut value = self.value(&input)?;
        for (axis, &count) in repeats.iter().enumerate().filter(|&(_, &count)| count != 1) {
            let axis = self.sample_axis(axis as i64, input.shape.len())?;
            value = self.repeated(value, axis, count)?;
        }
        Ok(self.computed_as_is(value).into())
    }

    /// An axis put behind itself so often.
    pub(super) fn repeated(&mut self, value: ValueId, axis: usize, count: i64) -> Lowered<ValueId> {
        let size = self.graph.shape(value)[axis];
        let count = usize::try_from(count).ok().filter(|&count| count > 0).ok_or("it repeats an axis 0 times")?;
        self.room.take(&[size, count])?;
        let indices: Vec<Option<usize>> = (0..count).flat_map(|_| (0..size).map(Some)).collect();
        self.select(value, axis, &indices)
    }
}

/// Which of `size` elements is at a place outside, by the mode of `Pad`.
fn source(mode: &str, place: i64, size: i64) -> Option<usize> {
    let source = match mode {
        "edge" => place.clamp(0, size - 1),
        "wrap" => place.rem_euclid(size),
        // Back and forth, each end once.
        "reflect" => {
            let there = place.rem_euclid((2 * size - 2).max(1));
            there.min(2 * size - 2 - there)
        }
        _ => return None,
    };
    usize::try_from(source).ok()
}
