//! Linear maps along an axis: elements that are taken, repeated, left out, or combined with fixed factors.

use crate::graph::{Operator, ValueId, Window};
use crate::onnx::lowering::{Lowered, Lowering};
use crate::tensor::Tensor;

/// Parts of an axis are put together as a concatenation, if they are no more than this many.
const MAX_PARTS: usize = 8;

impl Lowering<'_> {
    /// The products of a matrix `[outputs, inputs]` with an axis of a value, plus terms.
    pub(super) fn along(
        &mut self,
        value: ValueId,
        axis: usize,
        matrix: &[Vec<f64>],
        terms: Option<Vec<f32>>,
    ) -> Lowered<ValueId> {
        let mut shape = self.graph.shape(value).to_vec();
        let (inputs, outputs) = (shape[axis], matrix.len());
        self.room.take(&[inputs, outputs])?;
        let weight = matrix.iter().flatten().map(|&factor| factor as f32).collect();
        let bias = terms.map(|terms| Tensor::reals(&[outputs], terms));
        let (_, operator) = &self.nodes[self.current];
        let note = format!(
            "`{operator}` is a layer with the factors of a fixed map as its weights here: freeze it, if it is to stay that \
             in training."
        );
        if !self.graph.notes.contains(&note) {
            self.graph.notes.push(note);
        }
        let value = self.axis_first(value, axis)?;
        let value = if self.graph.shape(value)[1] == 1 {
            let row = self.reshape(value, &[inputs])?;
            self.push(Operator::Dense { weight: Tensor::reals(&[outputs, inputs], weight), bias }, &[row])?
        } else {
            // A matrix for all places is a convolution of one element.
            let weight = Tensor::reals(&[outputs, inputs, 1], weight);
            let windows = vec![Window::ELEMENT];
            self.push(Operator::Conv { weight, bias, windows, groups: 1 }, &[value])?
        };
        shape[axis] = outputs;
        self.axis_back(value, axis, &shape)
    }

    /// The elements of an axis at these indices, 0 where there is none.
    pub(super) fn select(&mut self, value: ValueId, axis: usize, indices: &[Option<usize>]) -> Lowered<ValueId> {
        let shape = self.graph.shape(value).to_vec();
        let size = shape[axis];
        let before = indices.iter().take_while(|index| index.is_none()).count();
        let after = indices[before..].iter().rev().take_while(|index| index.is_none()).count();
        let inside: Option<Vec<usize>> = indices[before..indices.len() - after].iter().copied().collect();
        let Some(inside) = inside.filter(|inside| !inside.is_empty()) else {
            return self.select_by_matrix(value, axis, indices);
        };
        let value = if let Some(step) = step_of(&inside) {
            self.stepped(value, axis, inside[0], step, inside.len())?
        } else if let Some(factor) = factor_of(&inside, size) {
            let (outer, inner) = around(&shape, axis);
            let value = self.reshape(value, &[outer, size, inner])?;
            let value = self.push(Operator::Upsample { factors: vec![factor, 1] }, &[value])?;
            self.reshape(value, &resized(&shape, axis, inside.len()))?
        } else {
            let runs = runs_of(&inside);
            if runs.len() > MAX_PARTS {
                return self.select_by_matrix(value, axis, indices);
            }
            let first = self.axis_first(value, axis)?;
            let mut parts = Vec::new();
            for (start, end) in runs {
                parts.push(self.part(first, 0, start..end)?);
            }
            let value = self.push(Operator::Concat, &parts)?;
            self.axis_back(value, axis, &resized(&shape, axis, inside.len()))?
        };
        self.zero_padded(value, axis, (before, after))
    }

    fn select_by_matrix(&mut self, value: ValueId, axis: usize, indices: &[Option<usize>]) -> Lowered<ValueId> {
        let size = self.graph.shape(value)[axis];
        self.room.take(&[size, indices.len()])?;
        let row = |&index: &Option<usize>| (0..size).map(|at| f64::from(index == Some(at))).collect();
        let matrix: Vec<Vec<f64>> = indices.iter().map(row).collect();
        self.along(value, axis, &matrix, None)
    }

    /// Zeros before and after the elements of any axis.
    pub(super) fn zero_padded(
        &mut self,
        value: ValueId,
        axis: usize,
        (before, after): (usize, usize),
    ) -> Lowered<ValueId> {
        if (before, after) == (0, 0) {
            return Ok(value);
        }
        let shape = self.graph.shape(value).to_vec();
        let (outer, inner) = around(&shape, axis);
        let value = self.reshape(value, &[outer, shape[axis], inner])?;
        let value = self.push(Operator::ZeroPad { padding: vec![(before, after), (0, 0)] }, &[value])?;
        let size = self.graph.shape(value)[1];
        self.reshape(value, &resized(&shape, axis, size))
    }

    /// Each element of an axis with `zeros` zeros behind it.
    pub(super) fn spread(&mut self, value: ValueId, axis: usize, zeros: usize) -> Lowered<ValueId> {
        if zeros == 0 {
            return Ok(value);
        }
        let shape = self.graph.shape(value).to_vec();
        let (outer, inner) = around(&shape, axis);
        let value = self.reshape(value, &[outer * shape[axis], 1, inner])?;
        let value = self.zero_padded(value, 1, (0, zeros))?;
        let size = self.graph.shape(value)[1].checked_mul(shape[axis]).ok_or("it is too large")?;
        self.reshape(value, &resized(&shape, axis, size))
    }

    /// `length` elements of an axis, each `step` behind the one before it.
    fn stepped(&mut self, value: ValueId, axis: usize, start: usize, step: usize, length: usize) -> Lowered<ValueId> {
        let size = self.graph.shape(value)[axis];
        if step == 1 {
            return self.part(value, axis, start..start + length);
        }
        // The first one of each group of `step`.
        let end = start.saturating_add(length.saturating_mul(step));
        let value = self.part(value, axis, start..end.min(size))?;
        let value = self.zero_padded(value, axis, (0, end.saturating_sub(size)))?;
        let shape = self.graph.shape(value).to_vec();
        let (outer, inner) = around(&shape, axis);
        let value = self.reshape(value, &[outer * length, step * inner])?;
        let value = self.part(value, 1, 0..inner)?;
        self.reshape(value, &resized(&shape, axis, length))
    }

    /// A value with an axis first, and all others as one behind it.
    fn axis_first(&mut self, value: ValueId, axis: usize) -> Lowered<ValueId> {
        let shape = self.graph.shape(value).to_vec();
        let ((outer, inner), size) = (around(&shape, axis), shape[axis]);
        if outer == 1 {
            return self.reshape(value, &[size, inner]);
        }
        let value = self.reshape(value, &[outer, size, inner])?;
        let value = self.transpose(value, &[1, 0, 2])?;
        self.reshape(value, &[size, outer * inner])
    }

    /// What was put first by [`axis_first`](Self::axis_first) back in its place in a value of this shape.
    fn axis_back(&mut self, value: ValueId, axis: usize, shape: &[usize]) -> Lowered<ValueId> {
        let (outer, inner) = around(shape, axis);
        if outer == 1 {
            return self.reshape(value, shape);
        }
        let value = self.reshape(value, &[shape[axis], outer, inner])?;
        let value = self.transpose(value, &[1, 0, 2])?;
        self.reshape(value, shape)
    }
}

/// The products of the sizes before and behind an axis.
fn around(shape: &[usize], axis: usize) -> (usize, usize) {
    (shape[..axis].iter().product(), shape[axis + 1..].iter().product())
}

/// A shape with another size along an axis.
fn resized(shape: &[usize], axis: usize, size: usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    shape[axis] = size;
    shape
}

/// The distance of neighbours, if it is the same for all, and positive.
fn step_of(indices: &[usize]) -> Option<usize> {
    let step = match indices {
        [first, second, ..] => second.checked_sub(*first).filter(|&step| step > 0)?,
        _ => 1,
    };
    indices.windows(2).all(|pair| pair[1].checked_sub(pair[0]) == Some(step)).then_some(step)
}

/// How often each of `size` elements is repeated, if all are, in order.
fn factor_of(indices: &[usize], size: usize) -> Option<usize> {
    let factor = indices.len() / size;
    let repeated =
        indices.len() == factor * size && indices.iter().enumerate().all(|(at, &index)| index == at / factor);
    (factor > 1 && repeated).then_some(factor)
}

/// Ranges of neighbours.
fn runs_of(indices: &[usize]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &index in indices {
        match runs.last_mut() {
            Some((_, end)) if *end == index => *end += 1,
            _ => runs.push((index, index + 1)),
        }
    }
    runs
}
