//! Numbers from −1 to 1 as 32-bit integers, and functions of them: the arithmetic of gemmlowp's `fixedpoint.h`, which
//! TensorFlow Lite's kernels use.

use super::rounding::divide;

/// The product of two numbers from −1 to 1, rounded, halves up.
#[inline(always)]
const fn multiply(one: i32, other: i32) -> i32 {
    let product = (one as i64 * other as i64 + (1 << 30)) >> 31;
    if product > i32::MAX as i64 { i32::MAX } else { product as i32 }
}

/// `x · 2^exponent`, saturated.
#[inline(always)]
fn shifted(x: i32, exponent: u32) -> i32 {
    (i64::from(x) << (exponent & 31)).clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// `(one + other) / 2`, rounded, halves away from zero.
#[inline(always)]
fn half_sum(one: i32, other: i32) -> i32 {
    let sum = i64::from(one) + i64::from(other);
    ((sum + if sum >= 0 { 1 } else { -1 }) / 2) as i32
}

/// `1 / (1 + x)` for x from 0 to 1, by three steps of Newton's method.
#[inline(always)]
fn reciprocal(x: i32) -> i32 {
    let half_denominator = half_sum(x, i32::MAX);
    // 48/17 − 32/17 · d, with two bits before the point.
    let mut y = 1_515_870_810i32.wrapping_add(multiply(half_denominator, -1_010_580_540));
    for _ in 0..3 {
        let error = (1i32 << 29).wrapping_sub(multiply(half_denominator, y));
        y = y.wrapping_add(shifted(multiply(y, error), 2));
    }
    shifted(y, 1)
}

/// Bits before the point of [`logarithm`]'s argument.
const ARGUMENT_BITS: i32 = 12;
/// Bits before the point of a sum inside it, one more than the result has.
const SUM_BITS: u32 = 6;

/// `ln x` for x ≥ 1, which has 12 bits before the point; the result has 5.
#[inline(always)]
pub(super) fn logarithm(x: i32) -> i32 {
    // ln 2, √½, √√½, and coefficients of the approximation.
    const LN_2: i32 = 1_488_522_236;
    const HALF_ROOT: i32 = 1_518_500_250;
    const QUARTER_ROOT: i32 = 1_805_811_301;
    const N: i32 = 117_049_297;
    const D: i32 = 127_690_142;
    const I: i32 = 1_057_819_769;
    const F: i32 = 638_450_708;
    let quarter = divide(1 << 29, SUM_BITS);
    let power = |headroom: i32| shifted(ARGUMENT_BITS - headroom, 31 - SUM_BITS);
    let zeros = x.leading_zeros();
    let one = shifted(multiply(shifted(x, zeros.wrapping_sub(1)), HALF_ROOT), 1);
    let one_power = power(zeros as i32).saturating_add(quarter);
    let headroom = multiply(x, HALF_ROOT).leading_zeros().wrapping_sub(1);
    let other = shifted(x, headroom);
    let other_power = power(headroom as i32).saturating_sub(quarter);
    let (r, power) = (one.min(other), one_power.max(other_power));
    let p = half_sum(r, QUARTER_ROOT);
    let q = r.wrapping_sub(QUARTER_ROOT);
    let q = q.wrapping_add(q);
    let square = multiply(q, q);
    let numerator = multiply(q, r).wrapping_add(multiply(multiply(q, square), N));
    let denominator = multiply(p, I.wrapping_add(q).wrapping_add(multiply(D, square))).wrapping_add(multiply(F, q));
    let quotient = multiply(divide(numerator, SUM_BITS), reciprocal(denominator));
    shifted(multiply(power, LN_2).wrapping_add(quotient), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_accurate_to_a_few_bits() {
        for step in 0..20_000 {
            let x = (1 << 19) + step * 107_000;
            let exact = libm::log(f64::from(x) / f64::from(1 << 19));
            let given = f64::from(logarithm(x)) / f64::from(1 << 26);
            assert!((given - exact).abs() < 1e-6, "ln {x}: {given}, not {exact}");
        }
    }

    #[test]
    fn reciprocals_are_accurate_to_a_few_bits() {
        for step in 0..2000 {
            let x = step * 1_073_741;
            let exact = 1.0 / (1.0 + f64::from(x) / f64::from(1u32 << 31));
            let given = f64::from(reciprocal(x)) / f64::from(1u32 << 31);
            assert!((given - exact).abs() < 1e-7, "{given}, not {exact}");
        }
    }

    #[test]
    fn no_number_makes_it_panic() {
        for x in [i32::MIN, -1, 0, 1, i32::MAX] {
            let _ = (logarithm(x), reciprocal(x));
        }
    }
}
