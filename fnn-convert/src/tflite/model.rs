//! What a file says: its tensors and its operators, with indices, types and sizes checked.

use super::flatbuffer::{Buffer, Reason, Table};
use crate::tensor::bytes::{half, numbers};
use crate::tensor::{Numbers, Quantization, Tensor};

/// The most operators that are read.
const MOST_OPERATORS: usize = 10_000;
/// The most tensors that are read.
const MOST_TENSORS: usize = 40_000;
/// Bytes of constants for each byte of the file: an honest file has each once, and a hostile one may share one buffer
/// among all tensors.
const MOST_SHARED: usize = 16;

/// A model's first graph.
pub(super) struct Model<'a> {
    /// What it was made by.
    pub(super) description: String,
    pub(super) tensors: Vec<Entry<'a>>,
    pub(super) operators: Vec<Operator<'a>>,
    pub(super) inputs: Vec<usize>,
    pub(super) outputs: Vec<usize>,
}

/// The types of numbers that a model may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    F32,
    F16,
    I8,
    U8,
    I16,
    I32,
    I64,
    Bool,
    Other(u8),
}

/// A tensor: a constant, or what is computed.
pub(super) struct Entry<'a> {
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) shape: Vec<usize>,
    /// Axes whose size isn't known before the model runs.
    pub(super) unknown: Vec<usize>,
    pub(super) quantization: Option<Quantization>,
    data: Option<&'a [u8]>,
}

/// An operator and its tensors.
pub(super) struct Operator<'a> {
    /// The number of a built-in operator.
    pub(super) code: i32,
    /// The name of another one.
    pub(super) custom: String,
    /// `None` where an optional one is left out.
    pub(super) inputs: Vec<Option<usize>>,
    pub(super) outputs: Vec<usize>,
    pub(super) options: Option<Table<'a>>,
}

impl<'a> Model<'a> {
    /// Read a file.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, Reason> {
        if file.get(4..8) != Some(b"TFL3") {
            return Err("it isn't a TensorFlow Lite model: its identifier isn't \"TFL3\"".into());
        }
        let root = Buffer(file).root()?;
        let codes = root.tables(1, MOST_OPERATORS)?;
        let buffers = root.tables(4, MOST_TENSORS)?;
        let graphs = root.tables(2, MOST_OPERATORS)?;
        let graph = graphs.first().ok_or("it has no graph")?;
        let mut budget = file.len().saturating_mul(MOST_SHARED);
        let tensors = graph.tables(0, MOST_TENSORS)?;
        let tensors: Vec<Entry<'_>> = tensors
            .iter()
            .enumerate()
            .map(|(number, table)| entry(table, number, &buffers, &mut budget))
            .collect::<Result<_, _>>()?;
        let operators = graph.tables(3, MOST_OPERATORS)?;
        let operators = operators.iter().map(|table| operator(table, &codes, tensors.len()));
        let operators = operators.collect::<Result<_, _>>()?;
        let known = |numbers: Vec<i32>| indices(&numbers, tensors.len());
        let (inputs, outputs) = (known(graph.integers(1)?)?, known(graph.integers(2)?)?);
        Ok(Self { description: root.string(3)?, tensors, operators, inputs, outputs })
    }

    /// The value of a constant.
    pub(super) fn constant(&self, tensor: usize) -> Option<Tensor> {
        let entry = self.tensors.get(tensor)?;
        let data = entry.data?;
        let numbers = match entry.kind {
            Type::F32 => Numbers::F32(numbers(data, f32::from_le_bytes)),
            Type::F16 => Numbers::F32(numbers(data, |bytes| half(u16::from_le_bytes(bytes)))),
            Type::I8 => Numbers::I8(numbers(data, i8::from_le_bytes)),
            Type::U8 => Numbers::U8(data.to_vec()),
            Type::I32 if entry.quantization.is_some() => Numbers::I32(numbers(data, i32::from_le_bytes)),
            Type::I32 => Numbers::I64(numbers(data, |bytes| i64::from(i32::from_le_bytes(bytes)))),
            Type::I64 => Numbers::I64(numbers(data, i64::from_le_bytes)),
            _ => return None,
        };
        Some(Tensor { shape: entry.shape.clone(), numbers, quantization: entry.quantization.clone() })
    }

    /// Whether a tensor is a constant.
    pub(super) fn is_constant(&self, tensor: usize) -> bool {
        self.tensors.get(tensor).is_some_and(|entry| entry.data.is_some())
    }
}

fn entry<'a>(table: &Table<'a>, number: usize, buffers: &[Table<'a>], budget: &mut usize) -> Result<Entry<'a>, Reason> {
    let name = table.string(3)?;
    let called = if name.is_empty() { format!("tensor {number}") } else { format!("tensor `{name}`") };
    let size = |size: i32| usize::try_from(size).map_err(|_| format!("{called} has the size {size}"));
    let shape: Vec<usize> = table.integers(0)?.into_iter().map(size).collect::<Result<_, _>>()?;
    let signature = table.integers(7)?;
    let unknown = signature.iter().enumerate().filter(|(_, size)| **size < 0).map(|(axis, _)| axis).collect();
    let (kind, bytes) = match table.byte(1)? {
        0 => (Type::F32, 4),
        1 => (Type::F16, 2),
        2 => (Type::I32, 4),
        3 => (Type::U8, 1),
        4 => (Type::I64, 8),
        6 => (Type::Bool, 1),
        7 => (Type::I16, 2),
        9 => (Type::I8, 1),
        other => (Type::Other(other), 0),
    };
    let buffer = usize::try_from(table.integer(2, 0)?).ok().and_then(|index| buffers.get(index));
    let buffer = buffer.ok_or_else(|| format!("{called} names a buffer that the file doesn't have"))?;
    if buffer.long(1)? > 1 {
        return Err(format!("{called} lies behind the model's end, as in files of more than 2 GB"));
    }
    let data = buffer.bytes(0)?;
    let data = (!data.is_empty()).then_some(data);
    if let (Some(data), 1..) = (data, bytes) {
        let expected = shape.iter().try_fold(bytes, |product: usize, &size| product.checked_mul(size));
        if expected != Some(data.len()) {
            return Err(format!("{called} is {shape:?} of {bytes} bytes each, but the file has {} bytes", data.len()));
        }
        *budget = budget.checked_sub(data.len()).ok_or("its tensors share their buffers too often")?;
    }
    let quantization = match table.table(4)? {
        Some(table) => quantization(&table, &shape).map_err(|reason| format!("{called} {reason}"))?,
        None => None,
    };
    Ok(Entry { name, kind, shape, unknown, quantization, data })
}

fn quantization(table: &Table<'_>, shape: &[usize]) -> Result<Option<Quantization>, Reason> {
    let (scales, zero_points) = (table.reals(2)?, table.longs(3)?);
    if scales.is_empty() {
        return Ok(None);
    }
    if let Some(scale) = scales.iter().find(|scale| !(scale.is_finite() && **scale > 0.0)) {
        return Err(format!("has the scale {scale}: scales are finite and above 0"));
    }
    let axis = usize::try_from(table.integer(6, 0)?).map_err(|_| "has scales along an axis below 0")?;
    let channels = if scales.len() == 1 { Some(1) } else { shape.get(axis).copied() };
    if channels != Some(scales.len()) {
        return Err(format!("is {shape:?}, but has {} scales along axis {axis}", scales.len()));
    }
    let zero_point = |zero_point: &i64| i32::try_from(*zero_point).map_err(|_| "has a zero point beyond 32 bits");
    let mut zero_points = zero_points.iter().map(zero_point).collect::<Result<Vec<_>, _>>()?;
    match zero_points.len() {
        0 => zero_points = vec![0; scales.len()],
        1 => zero_points = vec![zero_points[0]; scales.len()],
        count if count == scales.len() => {}
        count => return Err(format!("has {} scales, but {count} zero points", scales.len())),
    }
    Ok(Some(Quantization { scales, zero_points, axis }))
}

fn operator<'a>(table: &Table<'a>, codes: &[Table<'a>], tensors: usize) -> Result<Operator<'a>, Reason> {
    let code = usize::try_from(table.integer(0, 0)?).ok().and_then(|index| codes.get(index));
    let code = code.ok_or("an operator has a code that the file doesn't have")?;
    // Codes up to 127 were bytes once.
    let builtin = code.integer(3, 0)?.max(i32::from(code.byte(0)? as i8));
    let inputs = table.integers(1)?.into_iter().map(|index| match index {
        -1 => Ok(None),
        _ => indices(&[index], tensors).map(|indices| indices.first().copied()),
    });
    Ok(Operator {
        code: builtin,
        custom: code.string(1)?,
        inputs: inputs.collect::<Result<_, _>>()?,
        outputs: indices(&table.integers(2)?, tensors)?,
        options: table.table(4)?,
    })
}

/// Checked indices of tensors.
fn indices(numbers: &[i32], tensors: usize) -> Result<Vec<usize>, Reason> {
    let index = |&number: &i32| match usize::try_from(number) {
        Ok(index) if index < tensors => Ok(index),
        _ => Err(format!("an operator or the graph names tensor {number}, but there are {tensors}")),
    };
    numbers.iter().map(index).collect()
}
