//! Axes and shapes as ONNX writes them: negative axes, sizes of 0 and −1, slices.

use super::attributes::Attributes;
use crate::tensor::Tensor;

/// An axis, counted from the end if it is negative.
pub(super) fn axis_of(axis: i64, rank: usize) -> Result<usize, String> {
    let counted = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    counted
        .and_then(|axis| usize::try_from(axis).ok())
        .filter(|&axis| axis < rank)
        .ok_or_else(|| format!("there is no axis {axis} of {rank}"))
}

/// Axes, each once.
pub(super) fn unique_axes(axes: &[i64], rank: usize) -> Result<Vec<usize>, String> {
    let mut unique = Vec::new();
    for &axis in axes {
        let axis = axis_of(axis, rank)?;
        if unique.contains(&axis) {
            return Err(format!("axis {axis} is given twice"));
        }
        unique.push(axis);
    }
    Ok(unique)
}

/// Axes, each once; all of them, if none are given.
pub(super) fn axes_or_all(axes: Option<&[i64]>, rank: usize) -> Result<Vec<usize>, String> {
    axes.map_or_else(|| Ok((0..rank).collect()), |axes| unique_axes(axes, rank))
}

/// The shape that `Reshape` makes: 0 keeps a size unless `allow_zero`, −1 is what remains.
fn reshaped(from: &[usize], to: &[i64], allow_zero: bool) -> Result<Vec<usize>, String> {
    let wrong = || format!("{from:?} can't be reshaped to {to:?}");
    let product = |sizes: &[usize]| sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    let length = product(from).ok_or_else(wrong)?;
    let mut shape = Vec::new();
    let mut rest = None;
    for (axis, &size) in to.iter().enumerate() {
        shape.push(match size {
            -1 if rest.is_none() => {
                rest = Some(axis);
                1
            }
            0 if !allow_zero => *from.get(axis).ok_or_else(wrong)?,
            size => usize::try_from(size).map_err(|_| wrong())?,
        });
    }
    let given = product(&shape).ok_or_else(wrong)?;
    if let Some(axis) = rest {
        shape[axis] = length.checked_div(given).ok_or_else(wrong)?;
    }
    if product(&shape) == Some(length) { Ok(shape) } else { Err(wrong()) }
}

/// The shape that `Reshape`, `Flatten`, `Squeeze` or `Unsqueeze` makes. `given` is the second input; before it was one, an
/// attribute.
pub(super) fn new_shape(
    from: &[usize],
    given: Option<Vec<i64>>,
    attributes: &Attributes<'_>,
) -> Result<Vec<usize>, String> {
    let list = |name| given.clone().or_else(|| attributes.ints(name).map(<[i64]>::to_vec));
    match &*attributes.node.op_type {
        "Reshape" => {
            let to = list("shape").ok_or("its shape is left out")?;
            reshaped(from, &to, attributes.flag("allowzero", false))
        }
        "Flatten" => {
            let axis = attributes.int("axis", 1);
            let axis = if axis == from.len() as i64 { from.len() } else { axis_of(axis, from.len())? };
            let (before, after) = from.split_at(axis);
            Ok(vec![before.iter().product(), after.iter().product()])
        }
        "Squeeze" => squeezed(from, list("axes").as_deref()),
        _ => unsqueezed(from, &list("axes").ok_or("its axes are left out")?),
    }
}

/// A shape without its sizes of 1, or without those at `axes`.
fn squeezed(shape: &[usize], axes: Option<&[i64]>) -> Result<Vec<usize>, String> {
    let axes = match axes {
        Some(axes) => unique_axes(axes, shape.len())?,
        None => (0..shape.len()).filter(|&axis| shape[axis] == 1).collect(),
    };
    if let Some(&axis) = axes.iter().find(|&&axis| shape[axis] != 1) {
        return Err(format!("axis {axis} of {shape:?} is not 1"));
    }
    Ok((0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect())
}

/// A shape with sizes of 1 put at `axes` of the result.
fn unsqueezed(shape: &[usize], axes: &[i64]) -> Result<Vec<usize>, String> {
    let rank = shape.len() + axes.len();
    let axes = unique_axes(axes, rank)?;
    let mut sizes = shape.iter();
    Ok((0..rank).filter_map(|axis| if axes.contains(&axis) { Some(1) } else { sizes.next().copied() }).collect())
}

/// The order of axes that `Transpose` makes.
pub(super) fn permutation(attributes: &Attributes<'_>, rank: usize) -> Result<Vec<usize>, String> {
    let reversed: Vec<i64> = (0..rank as i64).rev().collect();
    let order = unique_axes(attributes.ints("perm").unwrap_or(&reversed), rank)?;
    if order.len() == rank { Ok(order) } else { Err("its `perm` doesn't have all axes".into()) }
}

/// A slice of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AxisSlice {
    start: i64,
    step: i64,
    pub(super) length: usize,
}

impl AxisSlice {
    /// The index of its element `index`.
    pub(super) fn at(&self, index: usize) -> usize {
        (self.start + index as i64 * self.step) as usize
    }

    /// The range, if it takes each element of it.
    pub(super) fn range(&self) -> Option<std::ops::Range<usize>> {
        (self.step == 1 || self.length == 1).then(|| self.at(0)..self.at(0) + self.length)
    }
}

/// What `Slice` takes of each axis. Inputs from the second on, or attributes before opset 10: starts, ends, axes, steps.
pub(super) fn slices(
    shape: &[usize],
    inputs: &[Option<&Tensor>],
    attributes: &Attributes<'_>,
) -> Result<Vec<AxisSlice>, String> {
    let list = |index: usize, name: &str| match inputs.get(index).copied().flatten() {
        Some(tensor) => tensor.to_integers().map(Some).ok_or_else(|| format!("its {name} aren't integers")),
        None => Ok(attributes.ints(name).map(<[i64]>::to_vec)),
    };
    let starts = list(1, "starts")?.ok_or("its starts are left out")?;
    let ends = list(2, "ends")?.ok_or("its ends are left out")?;
    let axes = list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = list(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err("its starts, ends, axes and steps are of different lengths".into());
    }
    let mut slices: Vec<AxisSlice> = shape.iter().map(|&size| AxisSlice { start: 0, step: 1, length: size }).collect();
    for (index, axis) in unique_axes(&axes, shape.len())?.into_iter().enumerate() {
        let (size, step) = (i64::try_from(shape[axis]).map_err(|_| "it is too large")?, steps[index]);
        let counted = |position: i64| if position < 0 { position.saturating_add(size) } else { position };
        let (start, end) = match step {
            0 => return Err("its step is 0".into()),
            _ if size == 0 => (0, 0),
            1.. => (counted(starts[index]).clamp(0, size), counted(ends[index]).clamp(0, size)),
            // Backwards, −1 is before the first element.
            _ => (counted(starts[index]).clamp(0, size - 1), counted(ends[index]).clamp(-1, size - 1)),
        };
        let length =
            (i128::from(end) - i128::from(start) + i128::from(step) - i128::from(step.signum())) / i128::from(step);
        slices[axis] = AxisSlice { start, step, length: length.max(0) as usize };
    }
    Ok(slices)
}
