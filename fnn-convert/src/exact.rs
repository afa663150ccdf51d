//! The factors of TensorFlow Lite's reference kernels.
//!
//! Some are computed in 32 bits and some in 64, and a mantissa of 31 bits shows which: these are the kernels' own steps.

use fnn::quantized::tflite::{Clipped, Factor, Operand, Sum, multiplier};

/// For each filter of a convolution, or of a dense layer with several scales.
pub(crate) fn filter_factor(input: f32, weight: f32, output: f32) -> f64 {
    f64::from(input) * f64::from(weight) / f64::from(output)
}

/// For a dense layer with one scale.
pub(crate) fn dense_factor(input: f32, weight: f32, output: f32) -> f64 {
    f64::from(input * weight) / f64::from(output)
}

/// For a product of two values, or of slopes and a value.
pub(crate) fn product_factor(one: f32, other: f32, output: f32) -> f64 {
    f64::from(one * other / output)
}

/// For the sum of two values: each a scale and a zero point, and those of the output.
pub(crate) fn sum(around: (f32, i32), inside: (f32, i32), output: (f32, i32), bounds: (i32, i32)) -> Sum {
    sums(&[inside, around], output, bounds).remove(0)
}

/// For the sum of two values or more, rounded once: each but the last one, and the sum of those behind it.
pub(crate) fn sums(values: &[(f32, i32)], output: (f32, i32), (low, high): (i32, i32)) -> Vec<Sum> {
    let largest = values.iter().map(|(scale, _)| *scale).fold(0.0, f32::max);
    // Twice the larger one of two.
    let common = f64::from(values.len().next_power_of_two() as f32 * largest);
    let operand = |&(scale, zero_point): &(f32, i32)| {
        let (mantissa, shift) = multiplier(f64::from(scale) / common);
        Operand { zero_point, mantissa, shift: shift.into() }
    };
    let nothing = Operand { zero_point: 0, mantissa: 0, shift: 0 };
    let (mantissa, shift) = multiplier(common / f64::from((1 << 20) as f32 * output.0));
    let clipped = Clipped { zero_point: output.1, low, high };
    let count = values.len().saturating_sub(1);
    let sum = |index: usize| Sum {
        around: if index + 1 == count { operand(&values[count]) } else { nothing },
        inside: operand(&values[index]),
        mantissa,
        shift: shift.into(),
        output: clipped,
    };
    (0..count).map(sum).collect()
}

/// For the mean of each channel of `places` numbers.
pub(crate) fn mean(input: f32, output: f32, places: usize) -> (i32, u8) {
    let (mantissa, shift) = multiplier(f64::from(input) / f64::from(output));
    let places = places.max(1) as u64;
    // The largest power of two in the number of places, as far as the shift has room for it.
    let more = places.ilog2().min(32).min(62 - u32::from(shift));
    let mantissa = (i64::from(mantissa) << more) / places as i64;
    (mantissa as i32, shift + more as u8)
}

/// The numbers of a layer of logarithms of softmax.
pub(crate) struct LogSoftmax {
    /// The exponential of each difference from the largest score, with 19 bits after the point.
    pub(crate) powers: Vec<i32>,
    /// A step of the scores, with 26 bits after the point.
    pub(crate) steps: Factor,
    /// Back to steps of the scores.
    pub(crate) reverse: Factor,
    /// The largest difference whose exponential is computed, with a minus sign.
    pub(crate) smallest: i32,
}

/// For the logarithms of the softmax of scores with this scale.
pub(crate) fn log_softmax(scale: f32) -> LogSoftmax {
    let limit = f64::from(i32::MAX);
    let steps = factor((f64::from(scale) * f64::from(1 << 26)).min(limit));
    let left = 31 - steps.shift;
    let reverse = factor(f64::from(left).exp2().recip() * f64::from(1u32 << 31) / f64::from(steps.mantissa.max(1)));
    let smallest = -((31.0 * f64::from(1 << 26) / f64::from(left).exp2()).floor().min(limit) as i32);
    let power = |distance: i32| match -distance >= smallest {
        true => divided(exponential(steps.apply(-distance)), 12),
        false => 0,
    };
    LogSoftmax { powers: (0..256).map(power).collect(), steps, reverse, smallest }
}

/// A factor as its mantissa and shift.
pub(crate) fn factor(factor: f64) -> Factor {
    let (mantissa, shift) = multiplier(factor);
    Factor { mantissa, shift: shift.into() }
}

/// The product of two numbers from −1 to 1, rounded, halves up.
fn product(one: i32, other: i32) -> i32 {
    ((i64::from(one) * i64::from(other) + (1 << 30)) >> 31) as i32
}

/// `x · 2^−exponent`, rounded, halves away from zero.
pub(crate) fn divided(x: i32, exponent: u32) -> i32 {
    let mask = (1i64 << exponent) - 1;
    (x >> exponent) + i32::from((i64::from(x) & mask) > (mask >> 1) + i64::from(x < 0))
}

/// `eˣ` for x ≤ 0 with 26 bits after the point, in 31 bits: gemmlowp's `exp_on_negative_values`.
fn exponential(x: i32) -> i32 {
    const QUARTER: i32 = 1 << 24;
    // e^(−1/4), e^(−1/2), e^(−1), … e^(−16).
    const POWERS: [i32; 7] = [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];
    if x == 0 {
        return i32::MAX;
    }
    // A polynomial between −1/4 and 0, around −1/8, and the powers for the bits of the rest.
    let part = (x & (QUARTER - 1)) - QUARTER;
    let near = (i64::from(part) << 5).clamp(i32::MIN.into(), i32::MAX.into()) as i32 + (1 << 28);
    let square = product(near, near);
    let (cube, fourth) = (product(square, near), product(square, square));
    let higher = divided(product(divided(fourth, 2) + cube, 715_827_883) + square, 1);
    let mut result = 1_895_147_668 + product(1_895_147_668, near + higher);
    let rest = part.wrapping_sub(x);
    for (bit, power) in POWERS.iter().enumerate() {
        if rest & (QUARTER << bit) != 0 {
            result = product(result, *power);
        }
    }
    result
}
