//! Layers of a factor and an offset for each channel, as ONNX Runtime computes them: in real numbers, which are rounded once.

use fnn::quantized::{Affine, Quantization};

use super::{Arrays, array, number, one, output};
use crate::graph::{Graph, Node};
use crate::tensor::{Numbers, Tensor};

/// The slopes of a rectifier.
pub(super) fn prelu(graph: &Graph, node: &Node, slopes: &Tensor) -> Result<Arrays, String> {
    let (input, output) = ends(graph, node)?;
    let slopes = slopes.as_reals().ok_or("its slopes aren't real numbers")?;
    let positive = between(1.0, 0.0, input, output)?;
    let mut arrays = vec![
        ("zero_point".into(), number(input.zero_point)),
        ("positive.factor".into(), number(positive.factor)),
        ("positive.offset".into(), number(positive.offset)),
        ("positive.shift".into(), array(&[], Numbers::U32(vec![positive.shift]))),
    ];
    push(&mut arrays, slopes.iter().map(|&slope| between(slope.into(), 0.0, input, output)))?;
    Ok(arrays)
}

/// Factors and terms.
pub(super) fn scale(graph: &Graph, node: &Node, (weight, bias): (&Tensor, &Tensor)) -> Result<Arrays, String> {
    let (input, output) = ends(graph, node)?;
    let numbers = weight.as_reals().zip(bias.as_reals());
    let (factors, terms) = numbers.ok_or("its factors and terms aren't real numbers")?;
    let mut arrays = Vec::new();
    let lines = factors.iter().zip(terms).map(|(&factor, &term)| between(factor.into(), term.into(), input, output));
    push(&mut arrays, lines)?;
    Ok(arrays)
}

/// What the integers of the input and of the output stand for.
fn ends(graph: &Graph, node: &Node) -> Result<(Quantization, Quantization), String> {
    let (scale, zero_point) = one(graph.values[node.inputs[0].0].quantization.as_ref())?;
    let output = output(graph, node)?;
    if output.clipped.low > -128 || output.clipped.high < 127 {
        return Err("the activation behind it clips integers to a part of their range".into());
    }
    let after = Quantization { scale: output.scale, zero_point: output.clipped.zero_point };
    Ok((Quantization { scale, zero_point }, after))
}

/// The line between integers.
fn between(factor: f64, offset: f64, input: Quantization, output: Quantization) -> Result<Affine, String> {
    Affine::between(factor, offset, input, output).ok_or_else(|| "its factors are too large for its output".into())
}

fn push(arrays: &mut Arrays, lines: impl Iterator<Item = Result<Affine, String>>) -> Result<(), String> {
    let lines: Vec<Affine> = lines.collect::<Result<_, _>>()?;
    let count = [lines.len()];
    arrays.push(("factor".into(), array(&count, Numbers::I32(lines.iter().map(|line| line.factor).collect()))));
    arrays.push(("offset".into(), array(&count, Numbers::I32(lines.iter().map(|line| line.offset).collect()))));
    arrays.push(("shift".into(), array(&count, Numbers::U8(lines.iter().map(|line| line.shift as u8).collect()))));
    Ok(())
}
