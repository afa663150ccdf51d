//! Operators on constants: shapes that a model computes, and weights that it casts or reshapes.

mod arithmetic;
mod movement;

pub(super) use movement::shape;

use super::attributes::Attributes;
use crate::tensor::Tensor;

/// The result of an operator whose inputs are all constants; `None` if this operator isn't computed here. An input that is
/// left out is `None`.
pub(super) fn evaluate(
    operator: &str,
    inputs: &[Option<&Tensor>],
    attributes: &Attributes<'_>,
    room: &mut Room,
) -> Option<Result<Vec<Tensor>, String>> {
    let result = movement::evaluate(operator, inputs, attributes, room)
        .or_else(|| arithmetic::evaluate(operator, inputs, room))?;
    Some(result)
}

/// How many more numbers may be computed.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Room {
    /// For a model that has this many numbers itself.
    pub(super) fn new(numbers: usize) -> Self {
        Self(numbers.saturating_mul(16).saturating_add(1 << 21))
    }

    /// Take room for a tensor of this shape. Returns how many numbers it has.
    pub(super) fn take(&mut self, shape: &[usize]) -> Result<usize, String> {
        let length = shape.iter().try_fold(1usize, |length, &size| length.checked_mul(size));
        match length.and_then(|length| Some((length, self.0.checked_sub(length)?))) {
            Some((length, left)) => {
                self.0 = left;
                Ok(length)
            }
            None => Err(format!("it makes a constant of shape {shape:?}, which is too large")),
        }
    }
}
