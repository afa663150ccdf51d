//! The inputs of a model as the one input of a network.

use super::lowering::{ANY_BATCH, Fault, Known, Lowering};
use super::proto::{DimensionProto, TypeProto, ValueInfoProto, data_type};
use crate::model::Options;

/// The inputs as values: the one declared input, or parts of it.
pub(super) fn declare_inputs(
    lowering: &mut Lowering<'_>,
    declared: &[(&&ValueInfoProto, &InputType)],
) -> Result<Vec<Known>, Fault> {
    let whole = lowering.graph.input;
    if let [(_, only)] = declared {
        return Ok(vec![lowering.computed(whole, &only.sample).into()]);
    }
    let names: Vec<String> = declared.iter().map(|(input, _)| format!("`{}`", input.name)).collect();
    lowering
        .graph
        .notes
        .push(format!("The inputs of the model, {}, are one here, one after the other.", names.join(", ")));
    let (mut start, mut parts) = (0, Vec::new());
    for (_, input) in declared {
        if input.integers {
            return Err("there are several inputs of integers".into());
        }
        let length: usize = input.sample.iter().product();
        let part = lowering.part(whole, 0, start..start + length)?;
        let part = lowering.reshape(part, &input.sample)?;
        parts.push(lowering.computed(part, &input.sample).into());
        start += length;
    }
    Ok(parts)
}

/// The type of an input.
pub(super) struct InputType {
    /// Whether it is of integers: tokens.
    pub(super) integers: bool,
    /// The size of the batch, or its stand-in.
    pub(super) batch: Option<usize>,
    /// The shape without the batch.
    pub(super) sample: Vec<usize>,
}

pub(super) fn input_type(proto: Option<&TypeProto>, options: &Options, index: usize) -> Result<InputType, String> {
    let tensor = proto.and_then(|proto| proto.tensor_type.as_ref()).ok_or("it isn't a tensor")?;
    let integers = match tensor.elem_type {
        data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE => false,
        data_type::INT64 | data_type::INT32 => true,
        other => return Err(format!("it isn't of real numbers or tokens (data type {other})")),
    };
    let shape = tensor.shape.as_ref().ok_or("its shape isn't known")?;
    let size = |dimension: &DimensionProto| match dimension.dim_value {
        Some(size) if size > 0 => usize::try_from(size).ok(),
        _ => None,
    };
    let (batch, sizes) = match (options.batch, shape.dim.split_first()) {
        (false, _) => (None, &shape.dim[..]),
        (true, Some((batch, sizes))) => (Some(size(batch).unwrap_or(ANY_BATCH)), sizes),
        (true, None) => return Err("it is a single number, without a batch".into()),
    };
    if let (Some(given), 0) = (&options.input_shape, index) {
        let fits = given.len() == sizes.len()
            && sizes.iter().zip(given).all(|(known, given)| size(known).is_none_or(|known| known == *given));
        if !fits {
            return Err(format!("its shape can't be {given:?}, which was given"));
        }
        return Ok(InputType { integers, batch, sample: given.clone() });
    }
    let unknown = |dimension: &DimensionProto| match &dimension.dim_param {
        Some(name) if !name.is_empty() => format!("`{name}`"),
        _ => "one size".into(),
    };
    let known = |dimension| size(dimension).ok_or_else(|| unknown(dimension));
    let sample = sizes.iter().map(known).collect::<Result<_, _>>().map_err(|name| {
        format!("its size isn't known: {name} differs from run to run; give the shape of one sample as an option")
    })?;
    Ok(InputType { integers, batch, sample })
}
