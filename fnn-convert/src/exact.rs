//! The factors of TensorFlow Lite's reference kernels.
//!
//! Some are computed in 32 bits and some in 64, and a mantissa of 31 bits shows which: these are the kernels' own steps.

use fnn::quantized::tflite::{Clipped, Operand, Sum, multiplier};

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
pub(crate) fn sum(around: (f32, i32), inside: (f32, i32), output: (f32, i32), (low, high): (i32, i32)) -> Sum {
    let twice_larger = f64::from(2.0 * around.0.max(inside.0));
    let operand = |(scale, zero_point): (f32, i32)| {
        let (mantissa, shift) = multiplier(f64::from(scale) / twice_larger);
        Operand { zero_point, mantissa, shift: shift.into() }
    };
    let (mantissa, shift) = multiplier(twice_larger / f64::from((1 << 20) as f32 * output.0));
    let clipped = Clipped { zero_point: output.1, low, high };
    Sum { around: operand(around), inside: operand(inside), mantissa, shift: shift.into(), output: clipped }
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
