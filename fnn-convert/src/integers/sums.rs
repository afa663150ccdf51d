//! Sums of two values, and of more.

use fnn::quantized::Quantization;
use fnn::quantized::tflite::{Operand, Sum};

use super::{Arrays, clipped, number, output};
use crate::exact;
use crate::graph::{Graph, Node};

/// A scale and a zero point.
type Steps = (f32, i32);

/// The arrays of a sum of branches whose outputs have these quantizations. It is what `node` gives, or, if `part`, the sum of
/// some of its inputs.
///
/// Of more than two, all but the first one are a sum in the second branch, which isn't rounded.
pub(crate) fn sum(graph: &Graph, node: &Node, ends: &[Steps], part: bool) -> Result<Arrays, String> {
    let (to, bounds) = match part {
        true => (total(ends), (-128, 127)),
        false => {
            let output = output(graph, node)?;
            ((output.scale, output.clipped.zero_point), (output.clipped.low, output.clipped.high))
        }
    };
    let (mut arrays, mut prefix) = (Arrays::new(), String::from("sum."));
    for sum in exact::sums(ends, to, bounds) {
        push(&mut arrays, &prefix, &sum);
        prefix.insert_str(0, "second.");
    }
    Ok(arrays)
}

/// The quantization of the sum of values with these ones, which holds all of them. That of one is its own.
pub(crate) fn total(ends: &[Steps]) -> Steps {
    if let [only] = ends {
        return *only;
    }
    let sum = |integer: i32| ends.iter().map(|(scale, zero_point)| scale * (integer - zero_point) as f32).sum();
    let Quantization { scale, zero_point } = Quantization::of_range(sum(-128), sum(127));
    (scale, zero_point)
}

/// The arrays of a sum of two, with this before their names.
pub(super) fn push(arrays: &mut Arrays, prefix: &str, sum: &Sum) {
    for (name, operand) in [("around", sum.around), ("inside", sum.inside)] {
        let Operand { zero_point, mantissa, shift } = operand;
        for (field, value) in [("zero_point", zero_point), ("mantissa", mantissa), ("shift", shift)] {
            arrays.push((format!("{prefix}{name}.{field}"), number(value)));
        }
    }
    arrays.push((format!("{prefix}mantissa"), number(sum.mantissa)));
    arrays.push((format!("{prefix}shift"), number(sum.shift)));
    clipped(arrays, &format!("{prefix}output."), sum.output);
}
