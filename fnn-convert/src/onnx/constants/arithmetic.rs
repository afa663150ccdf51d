//! Operators that compute with numbers, element by element.

use super::Room;
use crate::tensor::indices::{broadcast, broadcast_indices};
use crate::tensor::{Numbers, Tensor};

pub(super) fn evaluate(
    operator: &str,
    inputs: &[Option<&Tensor>],
    room: &mut Room,
) -> Option<Result<Vec<Tensor>, String>> {
    let tensors: Vec<&Tensor> = inputs.iter().copied().flatten().collect();
    if let (Some(function), [tensor]) = (unary(operator), &tensors[..]) {
        return Some(room.take(&tensor.shape).map(|_| vec![of_each(tensor, function)]));
    }
    let (reals, integers) = binary(operator)?;
    let [left, right] = tensors[..] else { return None };
    Some(of_pairs(left, right, reals, integers, room).map(|tensor| vec![tensor]))
}

fn unary(operator: &str) -> Option<fn(f64) -> f64> {
    Some(match operator {
        "Neg" => |x| -x,
        "Abs" => f64::abs,
        "Sqrt" => f64::sqrt,
        "Exp" => f64::exp,
        "Log" => f64::ln,
        "Reciprocal" => |x| 1.0 / x,
        "Floor" => f64::floor,
        "Ceil" => f64::ceil,
        _ => return None,
    })
}

type Pair = (fn(f64, f64) -> f64, fn(i64, i64) -> Option<i64>);

fn binary(operator: &str) -> Option<Pair> {
    Some(match operator {
        "Add" => (|x, y| x + y, i64::checked_add),
        "Sub" => (|x, y| x - y, i64::checked_sub),
        "Mul" => (|x, y| x * y, i64::checked_mul),
        "Div" => (|x, y| x / y, i64::checked_div),
        "Mod" => (|x, y| x % y, i64::checked_rem),
        "Pow" => (f64::powf, |x, y| x.checked_pow(y.try_into().ok()?)),
        "Max" => (f64::max, |x, y| Some(x.max(y))),
        "Min" => (f64::min, |x, y| Some(x.min(y))),
        "Equal" => (|x, y| f64::from(x == y), |x, y| Some(i64::from(x == y))),
        _ => return None,
    })
}

/// A function of each number; integers stay integers.
fn of_each(tensor: &Tensor, function: fn(f64) -> f64) -> Tensor {
    let numbers = match tensor.as_reals() {
        Some(reals) => Numbers::F32(reals.iter().map(|&real| function(real.into()) as f32).collect()),
        None => Numbers::I64(
            tensor
                .to_integers()
                .unwrap_or_default()
                .into_iter()
                .map(|integer| function(integer as f64) as i64)
                .collect(),
        ),
    };
    Tensor { shape: tensor.shape.clone(), numbers, quantization: None }
}

fn of_pairs(
    left: &Tensor,
    right: &Tensor,
    reals: fn(f64, f64) -> f64,
    integers: fn(i64, i64) -> Option<i64>,
    room: &mut Room,
) -> Result<Tensor, String> {
    let shape = broadcast(&left.shape, &right.shape)?;
    room.take(&shape)?;
    let pairs = broadcast_indices(&left.shape, &shape).zip(broadcast_indices(&right.shape, &shape));
    let numbers = match (left.as_reals(), right.as_reals()) {
        (Some(left), Some(right)) => {
            Numbers::F32(pairs.map(|(x, y)| reals(left[x].into(), right[y].into()) as f32).collect())
        }
        (None, None) => {
            let (left, right) = (left.to_integers().unwrap_or_default(), right.to_integers().unwrap_or_default());
            let numbers: Option<Vec<i64>> = pairs.map(|(x, y)| integers(left[x], right[y])).collect();
            Numbers::I64(numbers.ok_or("its result isn't an integer of 64 bits")?)
        }
        _ => return Err("its inputs are of different types".into()),
    };
    Ok(Tensor { shape, numbers, quantization: None })
}
