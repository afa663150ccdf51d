//! An operator as a kind of layer, with its arguments as a person writes them.

use super::Weight;
use crate::graph::{Activation, Operator, Window};
use crate::tensor::Tensor;

/// A kind with its arguments, and its weights.
pub(super) type Kind = (String, Vec<(&'static str, Weight)>);

/// The layer of an operator on an input of this shape, or why there is none.
pub(super) fn kind(operator: &Operator, input: &[usize]) -> Result<Kind, String> {
    let free = |written: &str| Ok((written.to_string(), Vec::new()));
    match operator {
        Operator::Dense { weight, bias } => {
            let mut arguments = vec![weight.shape[0].to_string()];
            if bias.is_none() {
                arguments.push("bias = false".into());
            }
            Ok((call("Dense", &arguments), weight_and_bias(weight, bias.as_ref())))
        }
        Operator::Conv { weight, bias, windows, groups } => {
            Ok((conv(weight, bias.is_some(), windows, *groups, input), weight_and_bias(weight, bias.as_ref())))
        }
        Operator::MaxPool { windows } => Ok((pool("MaxPool", windows, &input[1..], true)?, Vec::new())),
        Operator::AveragePool { windows, count_padding } => {
            Ok((pool("AvgPool", windows, &input[1..], *count_padding)?, Vec::new()))
        }
        Operator::GlobalAveragePool => free("GlobalAvgPool"),
        Operator::GlobalMaxPool => free("GlobalMaxPool"),
        Operator::BatchNorm { weight, bias, mean, variance, epsilon } => {
            Ok((norm("BatchNorm", &[], *epsilon)?, running(weight, bias, mean, variance)))
        }
        Operator::Scale { weight, bias } => {
            // A batch norm whose statistics do nothing: √(0.99999 + 0.00001) is 1.
            let channels = weight.shape[0];
            let row = |tensor: &Tensor| Tensor { shape: vec![channels], ..tensor.clone() };
            let mean = Tensor::reals(&[channels], vec![0.0; channels]);
            let variance = Tensor::reals(&[channels], vec![1.0 - 1e-5; channels]);
            Ok(("BatchNorm(frozen)".into(), running(&row(weight), &row(bias), &mean, &variance)))
        }
        Operator::LayerNorm { weight, bias, epsilon } => {
            let axes: Vec<String> = axes_of_norm(weight, input).into_iter().collect();
            Ok((norm("LayerNorm", &axes, *epsilon)?, weight_and_bias(weight, Some(bias))))
        }
        Operator::RmsNorm { weight, epsilon } => {
            let epsilon = format!("epsilon = {:?}", self::epsilon(*epsilon)?);
            let arguments: Vec<String> = std::iter::once(epsilon).chain(axes_of_norm(weight, input)).collect();
            Ok((call("RmsNorm", &arguments), weight_and_bias(weight, None)))
        }
        Operator::GroupNorm { groups, weight, bias, epsilon } => {
            Ok((norm("GroupNorm", &[groups.to_string()], *epsilon)?, weight_and_bias(weight, Some(bias))))
        }
        Operator::LocalResponseNorm { size, alpha, beta, k } => {
            let constants = [("alpha", *alpha, 1e-4), ("beta", *beta, 0.75), ("k", *k, 1.0)];
            let given = constants.iter().filter(|(_, number, default)| number != default);
            let arguments: Vec<String> = std::iter::once(size.to_string())
                .chain(given.map(|(name, number, _)| format!("{name} = {number:?}")))
                .collect();
            free(&call("LocalResponseNorm", &arguments))
        }
        Operator::Activation(activation) => Ok((self::activation(*activation)?, Vec::new())),
        Operator::PRelu { slopes } => {
            let each = slopes.shape != [1];
            let written = if each { "PRelu(slopes = each)" } else { "PRelu" };
            Ok((written.into(), weight_and_bias(slopes, None)))
        }
        Operator::Softmax { axes } => Ok((of_rows("Softmax", *axes, input), Vec::new())),
        Operator::LogSoftmax { axes } => Ok((of_rows("LogSoftmax", *axes, input), Vec::new())),
        Operator::Slice { start, end } => free(&format!("Slice({start}, {end})")),
        Operator::Reshape { shape } if shape.len() == 1 => free("Flatten"),
        Operator::Reshape { shape } => free(&format!("Reshape({})", list(shape))),
        Operator::Transpose { axes } => free(&format!("Permute({})", list(axes))),
        Operator::Upsample { factors } => {
            let dimensions = factors.len();
            free(&format!("Upsample{dimensions}d({})", pair(factors)))
        }
        Operator::Resize { sizes, align_corners } => {
            let dimensions = sizes.len();
            let aligned = if *align_corners { ", align_corners = true" } else { "" };
            free(&format!("Resize{dimensions}d({}{aligned})", pair(sizes)))
        }
        Operator::ZeroPad { padding } => {
            let dimensions = padding.len();
            free(&format!("ZeroPad{dimensions}d({})", ends(padding)))
        }
        Operator::Embedding { weight } => {
            let written = format!("Embedding({})", list(&weight.shape));
            Ok((written, weight_and_bias(weight, None)))
        }
        Operator::Sum | Operator::Product | Operator::Concat => Err("it is a block".into()),
    }
}

fn weight_and_bias(weight: &Tensor, bias: Option<&Tensor>) -> Vec<(&'static str, Weight)> {
    let weight = ("weight", Weight::Array(weight.clone()));
    std::iter::once(weight).chain(bias.map(|bias| ("bias", Weight::Array(bias.clone())))).collect()
}

fn running(weight: &Tensor, bias: &Tensor, mean: &Tensor, variance: &Tensor) -> Vec<(&'static str, Weight)> {
    let mut weights = weight_and_bias(weight, Some(bias));
    weights.push(("running_mean", Weight::Array(mean.clone())));
    weights.push(("running_var", Weight::Array(variance.clone())));
    weights.push(("num_batches_tracked", Weight::Count));
    weights
}

/// A kind with arguments, in parentheses if there are any.
fn call(kind: &str, arguments: &[String]) -> String {
    if arguments.is_empty() { kind.to_string() } else { format!("{kind}({})", arguments.join(", ")) }
}

fn list(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// One size for all axes, or one for each.
fn pair(sizes: &[usize]) -> String {
    match sizes {
        [only] => only.to_string(),
        [rows, columns] if rows == columns => rows.to_string(),
        sizes => format!("({})", list(sizes)),
    }
}

/// The padding of all axes.
fn ends(padding: &[(usize, usize)]) -> String {
    let each: Vec<String> = padding
        .iter()
        .map(|&(before, after)| if before == after { before.to_string() } else { format!("({before}, {after})") })
        .collect();
    match &each[..] {
        [only] => only.clone(),
        [rows, columns] if rows == columns && padding[0].0 == padding[0].1 => rows.clone(),
        each => format!("({})", each.join(", ")),
    }
}

fn norm(kind: &str, arguments: &[String], epsilon: f64) -> Result<String, String> {
    let (epsilon, mut arguments) = (self::epsilon(epsilon)?, arguments.to_vec());
    if epsilon != 1e-5 {
        arguments.push(format!("epsilon = {epsilon:?}"));
    }
    Ok(call(kind, &arguments))
}

/// The epsilon of a norm, which is above 0 in a declaration. One of 0 becomes so small that it changes the variance of constants alone,
/// by which the model divides 0.
fn epsilon(epsilon: f64) -> Result<f64, String> {
    const SMALLEST: f64 = 1e-30;
    match epsilon {
        0.0..SMALLEST => Ok(SMALLEST),
        epsilon if epsilon > 0.0 && (epsilon as f32).is_finite() => Ok(epsilon),
        _ => Err(format!("its epsilon is {epsilon}, which isn't a number of at least 0")),
    }
}

/// `axes = 1` for a norm over the last axis of several.
fn axes_of_norm(weight: &Tensor, input: &[usize]) -> Option<String> {
    let axes = weight.shape.len();
    (axes < input.len()).then(|| format!("axes = {axes}"))
}

/// Softmax over the last axes.
fn of_rows(kind: &str, axes: usize, input: &[usize]) -> String {
    if input.len() == 1 { kind.to_string() } else { format!("{kind}(axes = {axes})") }
}

fn conv(weight: &Tensor, bias: bool, windows: &[Window], groups: usize, input: &[usize]) -> String {
    let (filters, channels, dimensions) = (weight.shape[0], input[0], windows.len());
    let depthwise = groups == channels && groups > 1;
    let kernel = format!("kernel = {}", pair(&kernels(windows)));
    let mut arguments = match depthwise {
        true if filters == channels => vec![kernel],
        true => vec![kernel, format!("multiplier = {}", filters / channels)],
        false => vec![filters.to_string(), kernel],
    };
    let strides: Vec<usize> = windows.iter().map(|window| window.stride).collect();
    if strides.iter().any(|&stride| stride != 1) {
        arguments.push(format!("stride = {}", pair(&strides)));
    }
    arguments.extend(padding(windows, &input[1..]));
    arguments.extend(dilation(windows));
    if groups > 1 && !depthwise {
        arguments.push(format!("groups = {groups}"));
    }
    if !bias {
        arguments.push("bias = false".into());
    }
    call(&format!("{}Conv{dimensions}d", if depthwise { "Depthwise" } else { "" }), &arguments)
}

/// The argument for the dilation, if there is one.
fn dilation(windows: &[Window]) -> Option<String> {
    let dilations: Vec<usize> = windows.iter().map(|window| window.dilation).collect();
    dilations.iter().any(|&dilation| dilation != 1).then(|| format!("dilation = {}", pair(&dilations)))
}

fn kernels(windows: &[Window]) -> Vec<usize> {
    windows.iter().map(|window| window.kernel).collect()
}

/// The argument for the padding, if there is one.
fn padding(windows: &[Window], sizes: &[usize]) -> Option<String> {
    let padding: Vec<(usize, usize)> = windows.iter().map(|window| window.padding).collect();
    if padding.iter().all(|&ends| ends == (0, 0)) {
        return None;
    }
    let symmetric = padding.iter().all(|(before, after)| before == after);
    let same = windows.iter().zip(sizes).all(|(window, &size)| window.same(size) == Some(window.padding));
    Some(if same && !symmetric { "padding = same".into() } else { format!("padding = {}", ends(&padding)) })
}

fn pool(kind: &str, windows: &[Window], sizes: &[usize], count_padding: bool) -> Result<String, String> {
    if windows.iter().any(|window| window.padding.0 >= window.kernel || window.padding.1 >= window.kernel) {
        return Err("its padding is as large as its window, so that some windows see padding alone".into());
    }
    let kernels = kernels(windows);
    let mut arguments = vec![pair(&kernels)];
    let strides: Vec<usize> = windows.iter().map(|window| window.stride).collect();
    if strides != kernels {
        arguments.push(format!("stride = {}", pair(&strides)));
    }
    let padding = padding(windows, sizes);
    if let Some(padding) = padding {
        // By default, an average pool counts its padding, but not that of `same`.
        let default = padding != "padding = same";
        arguments.push(padding);
        if kind == "AvgPool" && default != count_padding {
            arguments.push(format!("count_padding = {count_padding}"));
        }
    }
    arguments.extend(dilation(windows));
    Ok(call(&format!("{kind}{}d", windows.len()), &arguments))
}

fn activation(activation: Activation) -> Result<String, String> {
    use Activation as A;
    let written = |number: f64| match number {
        finite if (finite as f32).is_finite() => Ok(format!("{finite:?}")),
        other => Err(format!("its constant is {other}, which isn't a finite number")),
    };
    let with = |kind: &str, number: f64, default: f64| match number {
        number if number == default => Ok(kind.to_string()),
        number => Ok::<_, String>(format!("{kind}({})", written(number)?)),
    };
    Ok(match activation {
        A::Relu => "Relu".into(),
        A::Relu6 => "Relu6".into(),
        A::Sigmoid => "Sigmoid".into(),
        A::Tanh => "Tanh".into(),
        A::Silu => "Silu".into(),
        A::HardSigmoid => "HardSigmoid".into(),
        A::HardSwish => "HardSwish".into(),
        A::Mish => "Mish".into(),
        A::Selu => "Selu".into(),
        A::Softsign => "Softsign".into(),
        A::LeakyRelu(slope) => with("LeakyRelu", slope, 0.01)?,
        A::Elu(alpha) => with("Elu", alpha, 1.0)?,
        A::Softplus(beta) => with("Softplus", beta, 1.0)?,
        A::Gelu => "Gelu".into(),
        A::GeluTanh => "Gelu(tanh)".into(),
        A::Threshold(threshold, 0.0) => format!("Threshold({})", written(threshold)?),
        A::Threshold(threshold, value) => format!("Threshold({}, value = {})", written(threshold)?, written(value)?),
        A::HardShrink(lambda) => with("HardShrink", lambda, 0.5)?,
        A::SoftShrink(lambda) => with("SoftShrink", lambda, 0.5)?,
        A::Clip(0.0, f64::INFINITY) => "Relu".into(),
        A::Clip(0.0, 6.0) => "Relu6".into(),
        A::Clip(f64::NEG_INFINITY, f64::INFINITY) => "Identity".into(),
        A::Clip(low, f64::INFINITY) => format!("Clip(min = {low:?})"),
        A::Clip(f64::NEG_INFINITY, high) => format!("Clip(max = {high:?})"),
        A::Clip(low, high) if low.is_finite() && high.is_finite() && low < high => format!("Clip({low:?}, {high:?})"),
        A::Clip(low, high) => return Err(format!("it clips to {low} and {high}, which isn't a range")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written compiles.
    #[test]
    fn constants_that_no_layer_has_are_refused() {
        assert_eq!([0.0, 1e-40, 1e-12].map(epsilon), [Ok(1e-30), Ok(1e-30), Ok(1e-12)]);
        for wrong in [-1e-3, f64::NAN, f64::INFINITY, 1e39] {
            assert_eq!(epsilon(wrong), Err(format!("its epsilon is {wrong}, which isn't a number of at least 0")));
        }
        let message = "its constant is inf, which isn't a finite number";
        assert_eq!(activation(Activation::LeakyRelu(f64::INFINITY)), Err(message.into()));
        assert_eq!(activation(Activation::Threshold(0.5, 2.0)), Ok("Threshold(0.5, value = 2.0)".into()));
    }
}
