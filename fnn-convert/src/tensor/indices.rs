//! Positions in tensors: broadcasting, transposing.

use super::{Numbers, Quantization, Tensor};

/// The shape that two shapes are broadcast to: sizes from the right are equal, or one of them is 1.
pub(crate) fn broadcast(left: &[usize], right: &[usize]) -> Result<Vec<usize>, String> {
    let rank = left.len().max(right.len());
    let size = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    (0..rank)
        .map(|axis| match (size(left, axis), size(right, axis)) {
            (left, right) if left == right => Ok(left),
            (1, other) | (other, 1) => Ok(other),
            _ => Err(format!("{left:?} and {right:?} don't fit")),
        })
        .collect()
}

/// For each element of a tensor of shape `to`, in order, the index of that of a tensor of shape `from` that is broadcast
/// to it.
pub(crate) fn broadcast_indices(from: &[usize], to: &[usize]) -> impl Iterator<Item = usize> + use<> {
    let strides: Vec<usize> = strides(from);
    let first = to.len() - from.len();
    let steps: Vec<usize> = (0..to.len())
        .map(|axis| match axis.checked_sub(first) {
            Some(own) if from[own] != 1 => strides[own],
            _ => 0,
        })
        .collect();
    indices(to, &steps)
}

/// Distances of neighbours along each axis, in row-major order.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The sum of `steps` times the position, for all positions in `shape`, the last axis fastest.
pub(crate) fn indices(shape: &[usize], steps: &[usize]) -> impl Iterator<Item = usize> + use<> {
    let (shape, steps) = (shape.to_vec(), steps.to_vec());
    let count = shape.iter().product();
    let mut position = vec![0; shape.len()];
    let mut index = 0;
    (0..count).map(move |_| {
        let this = index;
        for axis in (0..shape.len()).rev() {
            position[axis] += 1;
            index += steps[axis];
            if position[axis] < shape[axis] {
                break;
            }
            index -= steps[axis] * shape[axis];
            position[axis] = 0;
        }
        this
    })
}

/// The numbers at these indices.
pub(crate) fn pick(numbers: &Numbers, indices: impl Iterator<Item = usize>) -> Numbers {
    match numbers {
        Numbers::F32(numbers) => Numbers::F32(indices.map(|index| numbers[index]).collect()),
        Numbers::I64(numbers) => Numbers::I64(indices.map(|index| numbers[index]).collect()),
        Numbers::I32(numbers) => Numbers::I32(indices.map(|index| numbers[index]).collect()),
        Numbers::U32(numbers) => Numbers::U32(indices.map(|index| numbers[index]).collect()),
        Numbers::I8(numbers) => Numbers::I8(indices.map(|index| numbers[index]).collect()),
        Numbers::U8(numbers) => Numbers::U8(indices.map(|index| numbers[index]).collect()),
    }
}

/// A tensor with its axes in another order.
pub(crate) fn transpose(tensor: &Tensor, axes: &[usize]) -> Tensor {
    let from = strides(&tensor.shape);
    let shape: Vec<usize> = axes.iter().map(|&axis| tensor.shape[axis]).collect();
    let steps: Vec<usize> = axes.iter().map(|&axis| from[axis]).collect();
    let numbers = pick(&tensor.numbers, indices(&shape, &steps));
    // Scales keep to their axis.
    let quantization = tensor.quantization.clone().map(|quantization| Quantization {
        axis: axes.iter().position(|&axis| axis == quantization.axis).unwrap_or(quantization.axis),
        ..quantization
    });
    Tensor { shape, numbers, quantization }
}

/// The order that undoes an order of axes.
pub(crate) fn inverse(order: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; order.len()];
    for (to, &from) in order.iter().enumerate() {
        inverse[from] = to;
    }
    inverse
}

/// The order that puts an axis first.
pub(crate) fn to_front(axis: usize, rank: usize) -> Vec<usize> {
    std::iter::once(axis).chain((0..rank).filter(|&other| other != axis)).collect()
}

/// The order that puts these axes last.
pub(crate) fn to_back(axes: &[usize], rank: usize) -> Vec<usize> {
    (0..rank).filter(|axis| !axes.contains(axis)).chain(axes.iter().copied()).collect()
}

/// The columns of a matrix for a sample of this shape, if those of `weight` are for the sample with its axes in another order.
pub(crate) fn of_transposed(weight: &Tensor, shape: &[usize], axes: &[usize]) -> Tensor {
    let transposed = axes.iter().map(|&axis| shape[axis]);
    let rows = Tensor { shape: std::iter::once(weight.shape[0]).chain(transposed).collect(), ..weight.clone() };
    let back: Vec<usize> = std::iter::once(0).chain(inverse(axes).iter().map(|axis| axis + 1)).collect();
    Tensor { shape: weight.shape.clone(), ..transpose(&rows, &back) }
}
