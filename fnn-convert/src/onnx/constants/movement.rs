//! Operators that move numbers, or make them.

use super::Room;
use crate::onnx::attributes::Attributes;
use crate::onnx::axes::{axis_of, new_shape, permutation};
use crate::tensor::indices::{broadcast, broadcast_indices, pick, strides, transpose};
use crate::tensor::{Numbers, Tensor};

type Tensors = Result<Vec<Tensor>, String>;

pub(super) fn evaluate(
    operator: &str,
    inputs: &[Option<&Tensor>],
    attributes: &Attributes<'_>,
    room: &mut Room,
) -> Option<Tensors> {
    let input = |index: usize| inputs.get(index).copied().flatten();
    let first = || input(0).ok_or_else(|| "its first input is left out".to_string());
    let result = match operator {
        "Constant" => return Some(constant(attributes)),
        "Identity" | "Dropout" => first().cloned(),
        "Cast" | "CastLike" => first().and_then(|tensor| cast(tensor, input(1), attributes)),
        "Shape" => first().and_then(|tensor| shape(&tensor.shape, attributes)),
        "Size" => first().map(|tensor| Tensor::integers(&[], vec![tensor.numbers.len() as i64])),
        "ConstantOfShape" => first().and_then(|tensor| constant_of_shape(tensor, attributes, room)),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => first().and_then(|tensor| {
            let given = input(1).map(|given| integers(Some(given), "second input")).transpose()?;
            Ok(Tensor { shape: new_shape(&tensor.shape, given, attributes)?, ..tensor.clone() })
        }),
        "Transpose" => first().and_then(|tensor| {
            let axes = permutation(attributes, tensor.shape.len())?;
            room.take(&tensor.shape)?;
            Ok(transpose(tensor, &axes))
        }),
        "Expand" => first().and_then(|tensor| {
            let shape = integers(input(1), "shape")?;
            let shape: Option<Vec<usize>> = shape.iter().map(|&size| size.try_into().ok()).collect();
            let shape = broadcast(&tensor.shape, &shape.ok_or("its shape has a negative size")?)?;
            room.take(&shape)?;
            let numbers = pick(&tensor.numbers, broadcast_indices(&tensor.shape, &shape));
            Ok(Tensor { shape, numbers, quantization: None })
        }),
        "Gather" => first().and_then(|tensor| gather(tensor, input(1), attributes, room)),
        "Slice" => first().and_then(|tensor| slice(tensor, inputs, attributes, room)),
        "Concat" => concat(inputs, attributes, room),
        "Range" => range(inputs, room),
        _ => return None,
    };
    Some(result.map(|tensor| vec![tensor]))
}

/// The integers of an input that must have some.
fn integers(tensor: Option<&Tensor>, what: &str) -> Result<Vec<i64>, String> {
    tensor.and_then(Tensor::to_integers).ok_or_else(|| format!("its {what} isn't a list of integers"))
}

fn constant(attributes: &Attributes<'_>) -> Tensors {
    let tensor = if let Some(tensor) = attributes.tensor("value") {
        crate::onnx::tensors::tensor(tensor, None)?
    } else if let Some(numbers) = attributes.ints("value_ints") {
        Tensor::integers(&[numbers.len()], numbers.to_vec())
    } else if let Some(numbers) = attributes.floats("value_floats") {
        Tensor::reals(&[numbers.len()], numbers.to_vec())
    } else if attributes.has("value_int") {
        Tensor::integers(&[], vec![attributes.int("value_int", 0)])
    } else if attributes.has("value_float") {
        Tensor::real(attributes.float("value_float", 0.0) as f32)
    } else {
        return Err("its value is neither numbers nor a tensor".into());
    };
    Ok(vec![tensor])
}

fn cast(tensor: &Tensor, like: Option<&Tensor>, attributes: &Attributes<'_>) -> Result<Tensor, String> {
    let real = match like {
        Some(like) => like.as_reals().is_some(),
        // `CastLike` a computed value: those are real.
        None if attributes.node.op_type == "CastLike" => true,
        None => match attributes.int("to", 0) as i32 {
            1 | 10 | 11 | 16 => true,
            2..=7 | 9 | 12 | 13 => false,
            other => return Err(format!("it casts to a type that isn't supported (data type {other})")),
        },
    };
    let numbers = match (&tensor.numbers, real) {
        (Numbers::F32(numbers), false) => Numbers::I64(numbers.iter().map(|&number| number as i64).collect()),
        (Numbers::F32(_), true) => tensor.numbers.clone(),
        (_, true) => {
            Numbers::F32(tensor.to_integers().unwrap_or_default().into_iter().map(|number| number as f32).collect())
        }
        (_, false) => Numbers::I64(tensor.to_integers().unwrap_or_default()),
    };
    Ok(Tensor { shape: tensor.shape.clone(), numbers, quantization: None })
}

/// The sizes from `start` to `end`.
pub(in crate::onnx) fn shape(shape: &[usize], attributes: &Attributes<'_>) -> Result<Tensor, String> {
    let rank = shape.len() as i64;
    let clamp = |axis: i64| (if axis < 0 { axis.saturating_add(rank) } else { axis }).clamp(0, rank) as usize;
    let (start, end) = (clamp(attributes.int("start", 0)), clamp(attributes.int("end", rank)));
    let sizes: Vec<i64> = shape.get(start..end).unwrap_or_default().iter().map(|&size| size as i64).collect();
    Ok(Tensor::integers(&[sizes.len()], sizes))
}

fn constant_of_shape(tensor: &Tensor, attributes: &Attributes<'_>, room: &mut Room) -> Result<Tensor, String> {
    let shape: Option<Vec<usize>> = integers(Some(tensor), "shape")?.iter().map(|&size| size.try_into().ok()).collect();
    let shape = shape.ok_or("its shape has a negative size")?;
    let length = room.take(&shape)?;
    let numbers = match attributes.tensor("value") {
        None => Numbers::F32(vec![0.0; length]),
        Some(value) => {
            let value = crate::onnx::tensors::tensor(value, None)?;
            if value.numbers.len() != 1 {
                return Err("its value isn't a single number".into());
            }
            pick(&value.numbers, std::iter::repeat_n(0, length))
        }
    };
    Ok(Tensor { shape, numbers, quantization: None })
}

fn gather(
    tensor: &Tensor,
    at: Option<&Tensor>,
    attributes: &Attributes<'_>,
    room: &mut Room,
) -> Result<Tensor, String> {
    let axis = axis_of(attributes.int("axis", 0), tensor.shape.len())?;
    let (outer, inner) = (&tensor.shape[..axis], &tensor.shape[axis + 1..]);
    let size = tensor.shape[axis] as i64;
    let at = at.ok_or("its indices are left out")?;
    let wanted = integers(Some(at), "list of indices")?;
    let wanted: Vec<usize> = wanted
        .iter()
        .map(|&index| if index < 0 { index.saturating_add(size) } else { index })
        .map(|index| if (0..size).contains(&index) { Ok(index as usize) } else { Err("an index is out of range") })
        .collect::<Result<_, _>>()?;
    let shape: Vec<usize> = [outer, &at.shape, inner].concat();
    room.take(&shape)?;
    let (outer, inner): (usize, usize) = (outer.iter().product(), inner.iter().product());
    let indices = (0..outer).flat_map(|row| {
        wanted.iter().flat_map(move |&index| (0..inner).map(move |place| (row * size as usize + index) * inner + place))
    });
    Ok(Tensor { numbers: pick(&tensor.numbers, indices), shape, quantization: None })
}

fn slice(
    tensor: &Tensor,
    inputs: &[Option<&Tensor>],
    attributes: &Attributes<'_>,
    room: &mut Room,
) -> Result<Tensor, String> {
    let slices = crate::onnx::axes::slices(&tensor.shape, inputs, attributes)?;
    let shape: Vec<usize> = slices.iter().map(|slice| slice.length).collect();
    room.take(&shape)?;
    let strides = strides(&tensor.shape);
    let mut positions: Vec<usize> = vec![0];
    for (slice, stride) in slices.iter().zip(&strides) {
        let along = |position: usize| {
            let at = move |index: usize| position + slice.at(index) * stride;
            (0..slice.length).map(at)
        };
        positions = positions.into_iter().flat_map(along).collect();
    }
    Ok(Tensor { numbers: pick(&tensor.numbers, positions.into_iter()), shape, quantization: None })
}

fn concat(inputs: &[Option<&Tensor>], attributes: &Attributes<'_>, room: &mut Room) -> Result<Tensor, String> {
    let inputs: Vec<&Tensor> = inputs.iter().copied().flatten().collect();
    let first = inputs.first().ok_or("it has no inputs")?;
    let axis = axis_of(attributes.int("axis", 1), first.shape.len())?;
    let mut shape = first.shape.clone();
    for other in &inputs[1..] {
        let fits = other.shape.len() == shape.len()
            && (0..shape.len()).all(|each| each == axis || other.shape[each] == shape[each]);
        if !fits {
            return Err(format!("its inputs {:?} and {:?} don't fit", first.shape, other.shape));
        }
        shape[axis] = shape[axis].checked_add(other.shape[axis]).ok_or("it is too large")?;
    }
    room.take(&shape)?;
    let outer: usize = shape[..axis].iter().product();
    let rows = |tensor: &Tensor| tensor.shape[axis..].iter().product::<usize>();
    let reals = inputs.iter().any(|tensor| tensor.as_reals().is_some());
    let numbers = if reals {
        let parts: Option<Vec<&[f32]>> = inputs.iter().map(|tensor| tensor.as_reals()).collect();
        let parts = parts.ok_or("its inputs are of different types")?;
        let row = |row: usize| {
            let each = move |(part, tensor): (&&[f32], &&Tensor)| part[row * rows(tensor)..][..rows(tensor)].to_vec();
            parts.iter().zip(&inputs).flat_map(each).collect::<Vec<_>>()
        };
        Numbers::F32((0..outer).flat_map(row).collect())
    } else {
        let parts: Option<Vec<Vec<i64>>> = inputs.iter().map(|tensor| tensor.to_integers()).collect();
        let parts = parts.ok_or("its inputs are of different types")?;
        let row = |row: usize| {
            let each = move |(part, tensor): (&Vec<i64>, &&Tensor)| part[row * rows(tensor)..][..rows(tensor)].to_vec();
            parts.iter().zip(&inputs).flat_map(each).collect::<Vec<_>>()
        };
        Numbers::I64((0..outer).flat_map(row).collect())
    };
    Ok(Tensor { shape, numbers, quantization: None })
}

fn range(inputs: &[Option<&Tensor>], room: &mut Room) -> Result<Tensor, String> {
    let number = |index: usize| {
        let integers = inputs.get(index).copied().flatten().and_then(Tensor::to_integers);
        integers
            .filter(|integers| integers.len() == 1)
            .map(|integers| i128::from(integers[0]))
            .ok_or("its limits and its step aren't integers")
    };
    let (start, limit, step) = (number(0)?, number(1)?, number(2)?);
    if step == 0 {
        return Err("its step is 0".into());
    }
    let length = ((limit - start + step - step.signum()) / step).max(0);
    let length = room.take(&[usize::try_from(length).map_err(|_| "it is too large")?])?;
    Ok(Tensor::integers(&[length], (0..length as i128).map(|index| (start + index * step) as i64).collect()))
}
