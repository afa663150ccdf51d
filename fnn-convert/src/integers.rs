//! The arrays of int8 layers, in the arithmetic of TensorFlow Lite's reference kernels or in that of ONNX.
//!
//! A layer of a declaration has the arrays of `fnn::quantized`'s structs, under their names.

mod affine;
mod sums;

use fnn::quantized::tflite::{Clipped, Factor, multiplier};

pub(crate) use self::sums::{sum, total};
use crate::exact;
use crate::graph::{Activation, Graph, Integers, Node, Operator, Rounding, ValueId};
use crate::tensor::{Numbers, Quantization, Tensor};
use crate::tflite::tables;

/// Named arrays.
pub(crate) type Arrays = Vec<(String, Tensor)>;

/// The quantization of a value, and what the activation fused into its layer clips to.
struct Output {
    scale: f32,
    clipped: Clipped,
}

/// The arrays of a layer with one input.
pub(crate) fn layer(graph: &Graph, node: &Node) -> Result<Arrays, String> {
    let input = graph.values[node.inputs[0].0].quantization.as_ref();
    match &node.operator {
        // Saturation of the layer before it.
        Operator::Activation(_) if input.is_none() => Ok(Vec::new()),
        Operator::Activation(activation) => {
            // A rectifier right after a layer of sums is that layer's saturation.
            let before = graph.maker(node.inputs[0]).map(|maker| &graph.nodes[maker].operator);
            let saturates = matches!(activation, Activation::Relu | Activation::Relu6 | Activation::Clip(..))
                && matches!(
                    before,
                    Some(
                        Operator::Conv { .. }
                            | Operator::Dense { .. }
                            | Operator::Sum
                            | Operator::Product
                            | Operator::Scale { .. }
                    )
                );
            if saturates && node.integers.table.is_none() {
                return Ok(Vec::new());
            }
            let table = match &node.integers.table {
                Some(table) => table.to_vec(),
                None => {
                    let to = graph.values[node.output.0].quantization.as_ref();
                    let (from, to) = input.zip(to).ok_or("its input or output isn't quantized")?;
                    tables::of_reals(*activation, from, to)
                        .ok_or("int8 models don't have such an activation yet")?
                        .to_vec()
                }
            };
            Ok(vec![("table".into(), array(&[256], Numbers::I8(table)))])
        }
        Operator::Dense { weight, bias } => filters(graph, node, weight, bias.as_ref(), true),
        Operator::Conv { weight, bias, .. } => {
            let mut arrays = filters(graph, node, weight, bias.as_ref(), false)?;
            arrays.push(("zero_point".into(), number(one(input)?.1)));
            Ok(arrays)
        }
        Operator::GlobalAveragePool => {
            let ((scale, zero_point), output) = (one(input)?, output(graph, node)?);
            let places: usize = graph.shape(node.inputs[0])[1..].iter().product();
            let (mantissa, shift) = exact::mean(scale, output.scale, places);
            let offset = i32::try_from(places).ok().and_then(|places| places.checked_mul(-zero_point));
            let mut arrays = vec![
                ("offset".into(), number(offset.ok_or("it has too many places")?)),
                ("mantissa".into(), number(mantissa)),
                ("shift".into(), number(shift.into())),
            ];
            clipped(&mut arrays, "output.", output.clipped);
            Ok(arrays)
        }
        Operator::AveragePool { .. } | Operator::ZeroPad { .. } => {
            same(graph, node)?;
            Ok(vec![("zero_point".into(), number(one(input)?.1))])
        }
        operator if operator.only_moves() || matches!(operator, Operator::Resize { .. }) => {
            same(graph, node)?;
            Ok(Vec::new())
        }
        Operator::PRelu { slopes } if graph.rounding == Rounding::Onnx => affine::prelu(graph, node, slopes),
        Operator::PRelu { slopes } => prelu(graph, node, slopes.shape[0]),
        Operator::Scale { weight, bias } => {
            if let Some(before) = graph.maker(node.inputs[0]).map(|maker| &graph.nodes[maker].operator)
                && matches!(before, Operator::Conv { .. } | Operator::Dense { .. })
            {
                return Err("it follows a layer that `network!` folds it into, so that its own rounding is lost".into());
            }
            match graph.rounding {
                Rounding::Onnx => affine::scale(graph, node, (weight, bias)),
                Rounding::TfliteReference => scale(graph, node, weight.shape[0]),
            }
        }
        Operator::LogSoftmax { .. } => {
            if of(graph, node.output)? != (1.0 / 16.0, 127) {
                return Err("its output doesn't have the scale 1/16 and the zero point 127".into());
            }
            let exact::LogSoftmax { powers, steps, reverse, smallest } = exact::log_softmax(one(input)?.0);
            let mut arrays = vec![("powers".into(), array(&[256], Numbers::I32(powers)))];
            push_factor(&mut arrays, "", steps);
            push_factor(&mut arrays, "reverse_", reverse);
            arrays.push(("smallest".into(), number(smallest)));
            Ok(arrays)
        }
        Operator::Softmax { .. } => {
            if of(graph, node.output)? != (1.0 / 256.0, -128) {
                return Err("its output doesn't have the scale 1/256 and the zero point -128".into());
            }
            let scale = one(input)?.0;
            let powers = (0..256).map(|distance| (f64::from(-scale * distance as f32)).exp() as f32).collect();
            Ok(vec![("powers".into(), array(&[256], Numbers::F32(powers)))])
        }
        _ => Err("int8 networks don't have such a layer yet".into()),
    }
}

/// The slopes of a rectifier.
fn prelu(graph: &Graph, node: &Node, slopes: usize) -> Result<Arrays, String> {
    let (scale, zero_point) = of(graph, node.inputs[0])?;
    let output = output(graph, node)?;
    let (slope, (slope_scale, slope_zero_point)) = integers_of(node.integers.factors.as_ref(), slopes)?;
    let mut arrays =
        vec![("zero_point".into(), number(zero_point)), ("slope_zero_point".into(), number(slope_zero_point))];
    push_factor(&mut arrays, "positive.", exact::factor(f64::from(scale / output.scale)));
    push_factor(&mut arrays, "negative.", exact::factor(exact::product_factor(scale, slope_scale, output.scale)));
    clipped(&mut arrays, "output.", output.clipped);
    arrays.push(("slope".into(), slope));
    Ok(arrays)
}

/// A product and a sum; where the model has but one of them, the other one changes nothing.
fn scale(graph: &Graph, node: &Node, channels: usize) -> Result<Arrays, String> {
    let input = of(graph, node.inputs[0])?;
    let output = output(graph, node)?;
    let Integers { factors, terms, between, .. } = &node.integers;
    let whole = (output.scale, output.clipped.zero_point);
    let between = match (factors, terms, between) {
        (Some(_), Some(_), between) => one(between.as_ref())?,
        (Some(_), None, _) => whole,
        (None, ..) => input,
    };
    let ones = array(&[channels], Numbers::I8(vec![1; channels]));
    let (factor_integers, (factor_scale, factor_zero_point)) = match factors {
        Some(factors) => integers_of(Some(factors), channels)?,
        None => (ones, (1.0, 0)),
    };
    // A term of zero, in the scale of the products, leaves them as they are.
    let zeros = array(&[channels], Numbers::I8(vec![0; channels]));
    let (term_integers, term) = match terms {
        Some(terms) => integers_of(Some(terms), channels)?,
        None => (zeros, (between.0, 0)),
    };
    let Clipped { low, high, .. } = output.clipped;
    let all = Clipped { zero_point: between.1, low: -128, high: 127 };
    let product = if terms.is_some() { all } else { output.clipped };
    let mut arrays =
        vec![("zero_point".into(), number(input.1)), ("factor_zero_point".into(), number(factor_zero_point))];
    push_factor(&mut arrays, "scale.", exact::factor(exact::product_factor(input.0, factor_scale, between.0)));
    clipped(&mut arrays, "product.", product);
    sums::push(&mut arrays, "sum.", &exact::sum(term, between, whole, (low, high)));
    arrays.push(("factor".into(), factor_integers));
    arrays.push(("term".into(), term_integers));
    Ok(arrays)
}

/// The 8-bit integers of a constant, one for each of `count`, and what they stand for.
fn integers_of(constant: Option<&Tensor>, count: usize) -> Result<(Tensor, (f32, i32)), String> {
    let constant = constant.ok_or("its constant is missing")?;
    let Numbers::I8(integers) = &constant.numbers else { return Err("its constant isn't of 8-bit integers".into()) };
    let integers = match integers[..] {
        [only] => vec![only; count],
        _ if integers.len() == count => integers.clone(),
        _ => return Err("its constant isn't one number for each channel".into()),
    };
    Ok((array(&[count], Numbers::I8(integers)), one(constant.quantization.as_ref())?))
}

fn push_factor(arrays: &mut Arrays, prefix: &str, Factor { mantissa, shift }: Factor) {
    arrays.push((format!("{prefix}mantissa"), number(mantissa)));
    arrays.push((format!("{prefix}shift"), number(shift)));
}

/// The arrays of a product of two values.
pub(crate) fn product(graph: &Graph, node: &Node) -> Result<Arrays, String> {
    let [first, second] = [of(graph, node.inputs[0])?, of(graph, node.inputs[1])?];
    let output = output(graph, node)?;
    let mut arrays = vec![
        ("product.first_zero_point".into(), number(first.1)),
        ("product.second_zero_point".into(), number(second.1)),
    ];
    push_factor(&mut arrays, "product.", exact::factor(exact::product_factor(first.0, second.0, output.scale)));
    clipped(&mut arrays, "product.output.", output.clipped);
    Ok(arrays)
}

/// The arrays of a concatenation, whose inputs have the quantization of its output: branches aren't rescaled.
pub(crate) fn concatenation(graph: &Graph, node: &Node) -> Result<Arrays, String> {
    let output = of(graph, node.output)?;
    for &input in &node.inputs {
        if of(graph, input)? != output {
            return Err("its inputs have other quantizations than its output".into());
        }
    }
    Ok(Vec::new())
}

fn array(shape: &[usize], numbers: Numbers) -> Tensor {
    Tensor { shape: shape.to_vec(), numbers, quantization: None }
}

fn number(value: i32) -> Tensor {
    array(&[], Numbers::I32(vec![value]))
}

fn clipped(arrays: &mut Arrays, prefix: &str, Clipped { zero_point, low, high }: Clipped) {
    for (name, value) in [("zero_point", zero_point), ("low", low), ("high", high)] {
        arrays.push((format!("{prefix}{name}"), number(value)));
    }
}

/// A quantization with one scale.
fn one(quantization: Option<&Quantization>) -> Result<(f32, i32), String> {
    match quantization {
        Some(Quantization { scales, zero_points, .. }) => match (&scales[..], &zero_points[..]) {
            (&[scale], &[zero_point]) => Ok((scale, zero_point)),
            _ => Err("its input or output has several scales".into()),
        },
        None => Err("its input or output isn't quantized".into()),
    }
}

/// The quantization of a value.
pub(crate) fn of(graph: &Graph, value: ValueId) -> Result<(f32, i32), String> {
    one(graph.values[value.0].quantization.as_ref())
}

/// Checks that a layer that only moves integers keeps their quantization.
fn same(graph: &Graph, node: &Node) -> Result<(), String> {
    match of(graph, node.inputs[0])? == of(graph, node.output)? {
        true => Ok(()),
        false => Err("its output has another quantization than its input".into()),
    }
}

/// What the output of a layer is quantized to, after the activation that is fused into it.
fn output(graph: &Graph, node: &Node) -> Result<Output, String> {
    let whole = |(scale, zero_point)| Output { scale, clipped: Clipped { zero_point, low: -128, high: 127 } };
    let own = graph.values[node.output.0].quantization.as_ref();
    let mut next = graph.nodes.iter().filter(|other| other.inputs.contains(&node.output));
    let fused = match (next.next(), next.next()) {
        (Some(next), None) => match next.operator {
            Operator::Activation(activation @ (Activation::Relu | Activation::Relu6 | Activation::Clip(..))) => {
                Some((next, activation))
            }
            _ => None,
        },
        _ => None,
    };
    let Some((next, activation)) = fused else { return Ok(whole(one(own)?)) };
    let after = of(graph, next.output)?;
    // ONNX Runtime rounds twice there, and so nearly the same once.
    if own.is_some() && one(own)? != after && graph.rounding == Rounding::TfliteReference {
        return Err("the activation behind it has another quantization, so that both round".into());
    }
    let (scale, zero_point) = after;
    let bound = |number: f64| zero_point.saturating_add((number as f32 / scale).round() as i32).clamp(-128, 127);
    let (low, high) = match activation {
        Activation::Relu => (bound(0.0), 127),
        Activation::Relu6 => (bound(0.0), bound(6.0)),
        Activation::Clip(low, high) => (bound(low), bound(high)),
        _ => (-128, 127),
    };
    Ok(Output { scale, clipped: Clipped { zero_point, low, high } })
}

/// Filters, for each output or output channel.
fn filters(graph: &Graph, node: &Node, weight: &Tensor, bias: Option<&Tensor>, dense: bool) -> Result<Arrays, String> {
    let (scale, zero_point) = of(graph, node.inputs[0])?;
    let output = output(graph, node)?;
    let quantization = weight.quantization.as_ref().ok_or("its weight isn't quantized")?;
    let integers = &quantized_weight(weight, quantization)?;
    let count = weight.shape[0];
    let length = integers.len() / count.max(1);
    if quantization.scales.len() > 1 && (quantization.axis != 0 || quantization.scales.len() != count) {
        return Err("its scales aren't those of its outputs".into());
    }
    let weight_scale = |filter: usize| quantization.scales[if quantization.scales.len() == 1 { 0 } else { filter }];
    let biases = match bias.map(|bias| &bias.numbers) {
        None => vec![0; count],
        Some(Numbers::I32(biases)) if biases.len() == count => biases.clone(),
        // In the scale of the sums.
        Some(Numbers::F32(reals)) if reals.len() == count => {
            let integer = |(filter, &real): (usize, &f32)| {
                (f64::from(real) / (f64::from(scale) * f64::from(weight_scale(filter)))).round() as i32
            };
            reals.iter().enumerate().map(integer).collect()
        }
        Some(_) => return Err("the type of its bias isn't supported".into()),
    };
    let (mut bias, mut mantissas, mut shifts) = (Vec::new(), Vec::new(), Vec::new());
    for (filter, row) in integers.chunks_exact(length.max(1)).enumerate() {
        let own = weight_scale(filter);
        let of_tensor = dense && quantization.scales.len() == 1 && graph.rounding == Rounding::TfliteReference;
        let factor = match of_tensor {
            true => exact::dense_factor(scale, own, output.scale),
            false => exact::filter_factor(scale, own, output.scale),
        };
        let (mantissa, shift) = multiplier(factor);
        mantissas.push(mantissa);
        shifts.push(shift);
        // What the inputs' zero point adds to each sum.
        let sum = row.iter().fold(0i32, |sum, &weight| sum.wrapping_add(weight.into()));
        bias.push(biases[filter].wrapping_sub(zero_point.wrapping_mul(sum)));
    }
    let mut arrays = vec![
        ("bias".into(), array(&[count], Numbers::I32(bias))),
        ("mantissa".into(), array(&[count], Numbers::I32(mantissas))),
    ];
    clipped(&mut arrays, "output.", output.clipped);
    arrays.push(("shift".into(), array(&[count], Numbers::U8(shifts))));
    arrays.push(("weight".into(), array(&weight.shape, Numbers::I8(integers.clone()))));
    Ok(arrays)
}

/// The integers of a weight, which are symmetric around 0.
fn quantized_weight(weight: &Tensor, quantization: &Quantization) -> Result<Vec<i8>, String> {
    if quantization.zero_points.iter().any(|&zero_point| zero_point != 0) {
        return Err("its weight has a zero point other than 0".into());
    }
    match &weight.numbers {
        Numbers::I8(integers) => Ok(integers.clone()),
        Numbers::F32(reals) => {
            let channel = quantization.channels(&weight.shape).ok_or("its scales have no axis")?;
            let integer = |(index, &real): (usize, &f32)| (real / quantization.scales[channel(index)]).round();
            Ok(reals.iter().enumerate().map(integer).map(|integer| integer.clamp(-128.0, 127.0) as i8).collect())
        }
        _ => Err("its weight isn't of 8-bit integers".into()),
    }
}
