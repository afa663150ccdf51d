//! Functions of 8-bit integers, as TensorFlow Lite's reference kernels compute them: a result for each of 256 integers.
//!
//! Tables begin with the result for 0, go on to 127, and from −128 to −1.

use fnn::quantized::Requantize;
use fnn::quantized::tflite::{Clipped, Sum, Twice};

use super::operators;
use crate::exact::{self, divided};
use crate::graph::Activation;
use crate::tensor::{Quantization, Tensor};

/// Results for all integers.
pub(crate) type Table = [i8; 256];

/// The integers that a table is about, in its order.
fn all() -> Table {
    std::array::from_fn(|index| index as u8 as i8)
}

/// Each integer itself.
pub(super) fn identity() -> Table {
    all()
}

/// One scale and zero point.
pub(super) fn of(quantization: &Quantization) -> (f32, i32) {
    let scale = quantization.scales.first().copied().unwrap_or(1.0);
    (scale, quantization.zero_points.first().copied().unwrap_or(0))
}

/// The nearest integers, halves away from zero.
pub(super) fn quantized(reals: &[f32; 256], to: &Quantization) -> Table {
    let (scale, zero_point) = of(to);
    reals.map(|real| saturated((real / scale).round(), zero_point))
}

/// The real numbers.
pub(super) fn dequantized(table: &Table, from: &Quantization) -> [f32; 256] {
    let (scale, zero_point) = of(from);
    table.map(|integer| scale * (i32::from(integer) - zero_point) as f32)
}

/// In another scale: `QUANTIZE` of integers.
pub(super) fn rescaled(table: &Table, from: &Quantization, to: &Quantization) -> Table {
    if of(from) == of(to) {
        return *table;
    }
    let factor = f64::from(of(from).0) / f64::from(of(to).0);
    linear(table, from, to, |_| factor, (-128, 127))
}

/// The function of real numbers.
pub(super) fn reals(code: i32, activation: Activation, x: &[f32; 256]) -> [f32; 256] {
    x.map(|x| value(code, activation, x))
}

/// The function of the results of a table.
pub(super) fn integers(
    code: i32,
    activation: Activation,
    table: &Table,
    from: &Quantization,
    to: &Quantization,
) -> Result<Table, String> {
    let ((in_scale, _), (out_scale, zero_point)) = (of(from), of(to));
    let factor = f64::from(in_scale / out_scale);
    let bound = |number: f32| zero_point.saturating_add((number / out_scale).round() as i32).clamp(-128, 127);
    Ok(match (code, activation) {
        (operators::RELU, _) => linear(table, from, to, |_| factor, (bound(0.0), 127)),
        (operators::RELU6, _) => linear(table, from, to, |_| factor, (bound(0.0), bound(6.0))),
        (operators::RELU_N1_TO_1, _) => linear(table, from, to, |_| factor, (bound(-1.0), bound(1.0))),
        (operators::LEAKY_RELU, Activation::LeakyRelu(slope)) => {
            let below = f64::from(in_scale * slope as f32 / out_scale);
            linear(table, from, to, |steps| if steps >= 0 { factor } else { below }, (-128, 127))
        }
        (operators::HARD_SWISH, _) => hard_swish(table, from, to)?,
        (operators::LOGISTIC, _) if of(to) != (1.0 / 256.0, -128) => {
            return Err("its output doesn't have the scale 1/256 and the zero point -128".into());
        }
        // The rest are tables in TensorFlow Lite, too.
        _ => {
            let inverse = 1.0 / out_scale;
            dequantized(table, from).map(|x| saturated((value(code, activation, x) * inverse).round(), zero_point))
        }
    })
}

/// The nearest integers to a function of real numbers; `None` if it isn't known here.
pub(crate) fn of_reals(activation: Activation, from: &Quantization, to: &Quantization) -> Option<Table> {
    use Activation as A;
    let known = matches!(
        activation,
        A::Relu | A::Relu6 | A::Sigmoid | A::Tanh | A::LeakyRelu(_) | A::Elu(_) | A::Gelu | A::GeluTanh | A::HardSwish
    );
    let reals = dequantized(&all(), from).map(|x| value(-1, activation, x));
    known.then(|| quantized(&reals, to))
}

/// The nearest 8-bit integer.
fn saturated(rounded: f32, zero_point: i32) -> i8 {
    (rounded as i32).saturating_add(zero_point).clamp(-128, 127) as i8
}

/// A factor for each integer, in steps from the zero point.
fn linear(
    table: &Table,
    from: &Quantization,
    to: &Quantization,
    factor: impl Fn(i32) -> f64,
    (low, high): (i32, i32),
) -> Table {
    let output = Twice(Clipped { zero_point: of(to).1, low, high });
    table.map(|integer| {
        let steps = i32::from(integer) - of(from).1;
        let (mantissa, shift) = fnn::quantized::tflite::multiplier(factor(steps));
        output.requantize(steps, mantissa, shift)
    })
}

/// `MUL` of two tables.
pub(super) fn product(
    (x, from): (&Table, &Quantization),
    (y, by): (&Table, &Quantization),
    to: &Quantization,
) -> Table {
    let (mantissa, shift) = fnn::quantized::tflite::multiplier(exact::product_factor(of(from).0, of(by).0, of(to).0));
    let output = Twice(Clipped { zero_point: of(to).1, low: -128, high: 127 });
    std::array::from_fn(|index| {
        let (x, y) = (i32::from(x[index]) - of(from).1, i32::from(y[index]) - of(by).1);
        output.requantize(x * y, mantissa, shift)
    })
}

/// `ADD` of a table and a constant of one number.
pub(super) fn sum((x, from): (&Table, &Quantization), constant: &Tensor, to: &Quantization) -> Result<Table, String> {
    use fnn::quantized::Addition;

    let number = constant.to_integers().filter(|numbers| numbers.len() == 1);
    let number = number.and_then(|numbers| i8::try_from(numbers[0]).ok());
    let (number, quantization) =
        number.zip(constant.quantization.as_ref()).ok_or("its constant isn't an 8-bit integer with a scale")?;
    let sum: Sum = exact::sum(of(quantization), of(from), of(to), (-128, 127));
    let mut table = *x;
    sum.add(&[number; 256], &mut table);
    Ok(table)
}

/// The function of a real number.
fn value(code: i32, activation: Activation, x: f32) -> f32 {
    let wide = f64::from(x);
    match activation {
        _ if code == operators::EXP => wide.exp() as f32,
        _ if code == operators::LOG => wide.ln() as f32,
        Activation::Tanh => wide.tanh() as f32,
        Activation::Sigmoid => 1.0 / (1.0 + (-wide).exp() as f32),
        Activation::Elu(_) => {
            if x < 0.0 {
                wide.exp_m1() as f32
            } else {
                x
            }
        }
        Activation::Gelu => (0.5 * wide * libm::erfc(wide * -std::f64::consts::FRAC_1_SQRT_2)) as f32,
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (wide + 0.044_715 * wide * wide * wide);
            (0.5 * wide * (1.0 + inner.tanh())) as f32
        }
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::LeakyRelu(slope) => {
            if x > 0.0 {
                x
            } else {
                x * slope as f32
            }
        }
        Activation::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        _ => x,
    }
}

/// `x · (x + 3) / 6` between −3 and 3, in 16-bit integers.
fn hard_swish(table: &Table, from: &Quantization, to: &Quantization) -> Result<Table, String> {
    let ((in_scale, in_zero), (out_scale, out_zero)) = (of(from), of(to));
    let fine = (1.0f32 / 128.0) * in_scale;
    let (outer, outer_exponent) = short_multiplier(fine / out_scale);
    let (inner, exponent) = short_multiplier(fine / (3.0f32 / 32768.0));
    if outer_exponent > 0 {
        return Err("its output's scale is too small for it".into());
    }
    Ok(table.map(|integer| {
        let x = short((i32::from(integer) - in_zero) * 128);
        let scaled = high(x, outer);
        let mut gate = x;
        if exponent > 0 {
            gate = short(gate << (exponent - 1).min(15));
        }
        gate = high(gate, inner);
        if exponent > 0 {
            gate = short(gate << 1);
        }
        if exponent < 0 {
            gate = divided(gate, (-exponent).min(15) as u32);
        }
        let gate = (gate + (1 << 15)) >> 1;
        // Without rounding, towards zero.
        let product = gate * scaled / (1 << 15);
        (divided(product, (-outer_exponent).min(15) as u32) + out_zero).clamp(-128, 127) as i8
    }))
}

/// A factor as a 16-bit mantissa and an exponent.
fn short_multiplier(factor: f32) -> (i32, i32) {
    let (mantissa, shift) = fnn::quantized::tflite::multiplier(f64::from(factor));
    let mantissa = if mantissa >= i32::MAX - (1 << 15) { i16::MAX.into() } else { (mantissa + (1 << 15)) >> 16 };
    (mantissa, 31 - i32::from(shift))
}

/// Saturated to 16 bits.
fn short(number: i32) -> i32 {
    number.clamp(i16::MIN.into(), i16::MAX.into())
}

/// The upper half of twice a product of 16-bit integers, rounded, halves up.
fn high(one: i32, other: i32) -> i32 {
    short((one * other + (1 << 14)) >> 15)
}
