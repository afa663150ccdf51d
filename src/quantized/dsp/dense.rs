//! Dense layers. Where there are many outputs, inputs are turned into pairs once for all of them, and two rows of weights are
//! multiplied at a time.

#[cfg(fnn_dsp)]
use super::super::dense::Paired;
use super::super::products::{Finish, skip, tail};
use super::super::requantization::Requantize;
use super::finished::finished;
use super::instructions::{extend, multiply_add, pairs, word};
use super::two_rows::multiply_rows;
use crate::chunks::Chunks;

/// The inputs 0 and 2, and the inputs 1 and 3 of four.
pub(super) type Pairs = [u32; 2];

/// Adds the products of `x` and a row to each number of `start`, four at a time.
#[inline(always)]
pub(in crate::quantized) fn by_fours<const N: usize>(x: &[i8], rows: [&[i8]; N], start: [i32; N]) -> [i32; N] {
    let mut sums = start;
    let (fours, rest) = x.as_chunks::<4>();
    let rows = rows.map(|row| row.as_chunks::<4>());
    for (index, &x) in fours.iter().enumerate() {
        let (even, odd) = pairs(x);
        for (sum, (row, _)) in sums.iter_mut().zip(&rows) {
            if let Some(&weights) = row.get(index) {
                let weights = pairs(weights);
                *sum = multiply_add(weights.1, odd, multiply_add(weights.0, even, *sum));
            }
        }
    }
    for (sum, (_, row)) in sums.iter_mut().zip(&rows) {
        *sum = tail(rest, row, *sum);
    }
    sums
}

/// [`dense`], with room on the stack, which layers with as many inputs share.
#[cfg(fnn_dsp)]
#[inline(never)]
pub(in crate::quantized) fn dense_with_room<const I: usize, R: Requantize>(
    x: &[i8; I],
    weights: &[i8],
    finish: Finish<'_, R>,
    y: &mut [i8],
) {
    let mut room: Paired<I> = ([[0; I]; 2], [0; 9]);
    dense(x, weights, finish, y, crate::memory::aligned(&mut room));
}

/// For each row of weights, the requantized sum of its products with `x`, with room for the inputs as pairs.
#[inline(never)]
pub(in crate::quantized) fn dense<R: Requantize>(
    x: &[i8],
    weights: &[i8],
    finish: Finish<'_, R>,
    y: &mut [i8],
    room: &mut [Pairs],
) {
    let Some(inputs) = room.get_mut(..x.len().div_ceil(4)) else { return };
    let (fours, rest) = x.as_chunks::<4>();
    turn(fours, inputs);
    if let (false, Some(last)) = (rest.is_empty(), inputs.last_mut()) {
        *last = extend(word(rest)).into();
    }
    let length = x.len();
    let computed =
        finished(finish, y, |first, bias, to| multiply_rows(skip(weights, first * length), length, bias, inputs, to));
    // The last row of an odd number, or all of them if they are short.
    let Finish { bias, mantissa, shift, requantization } = finish.skip(computed);
    let rows = skip(weights, computed * length).blocks(length);
    let y = y.get_mut(computed..).unwrap_or_default();
    for ((((row, &bias), &mantissa), &shift), y) in rows.zip(bias).zip(mantissa).zip(shift).zip(y) {
        *y = requantization.requantize(one_row(row, inputs, bias), mantissa, shift);
    }
}

/// Turns inputs into pairs, four at a time.
#[cfg(fnn_dsp)]
#[inline(always)]
fn turn(fours: &[[i8; 4]], to: &mut [Pairs]) {
    let count = fours.len().min(to.len());
    if count == 0 {
        return;
    }
    // SAFETY: the target has the extension. `count` fours are read, at least one, and as many pairs are written, which are words, so
    // aligned for `strd`; inputs needn't be for `ldr`.
    unsafe {
        core::arch::asm!(
            "2: ldr {odd}, [{from}], #4
             sxtb16 {even}, {odd}
             sxtb16 {odd}, {odd}, ror #8
             strd {even}, {odd}, [{to}], #8
             subs {count}, {count}, #1
             bne 2b",
            from = inout(reg) fours.as_ptr() => _, to = inout(reg) to.as_mut_ptr() => _, count = inout(reg) count => _,
            even = out(reg) _, odd = out(reg) _,
            options(nostack),
        );
    }
}

#[cfg(not(fnn_dsp))]
fn turn(fours: &[[i8; 4]], to: &mut [Pairs]) {
    for (to, &four) in to.iter_mut().zip(fours) {
        *to = pairs(four).into();
    }
}

/// Adds the products with a row.
#[inline(always)]
pub(super) fn one_row(row: &[i8], pairs: &[Pairs], sum: i32) -> i32 {
    let products = row.parts(4).zip(pairs).map(|(weights, &[even, odd])| (extend(word(weights)), even, odd));
    products.fold(sum, |sum, (weights, even, odd)| multiply_add(weights.1, odd, multiply_add(weights.0, even, sum)))
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::super::super::requantization::Once;
    use super::*;
    use crate::random::Random;

    /// Rows of any number and length, with the largest integers among them.
    #[test]
    fn sums_are_the_formula() {
        let mut random = Random::new(5);
        for length in (1..=33).chain([150, 256]) {
            for rows in 1..=9 {
                let mut integers = |count: usize| -> Vec<i8> {
                    let all = (0..count).map(|_| (random.uniform() * 300.0 - 150.0).clamp(-128.0, 127.0) as i8);
                    all.collect()
                };
                let (x, weights) = (integers(length), integers(rows * length));
                let bias: Vec<i32> = integers(rows).into_iter().map(|bias| i32::from(bias) * 1000).collect();
                let mantissa: Vec<i32> = bias.iter().map(|bias| (1 << 30) + (bias << 10)).collect();
                let shift: Vec<u8> = integers(rows).into_iter().map(|shift| shift.unsigned_abs() % 16).collect();
                let (bias, mantissa, shift) = (&*bias, &*mantissa, &*shift);
                let finish = Finish { bias, mantissa, shift, requantization: Once::at(5) };
                let mut y = vec![99; rows + 1];
                dense(&x, &weights, finish, &mut y[..rows], &mut vec![[u32::MAX; 2]; length.div_ceil(4)]);
                let expected = weights.chunks(length).enumerate().map(|(row, weights)| {
                    let products = x.iter().zip(weights).map(|(&x, &weight)| i64::from(x) * i64::from(weight));
                    let sum = (products.sum::<i64>() + i64::from(bias[row])) as i32;
                    Once::at(5).requantize(sum, mantissa[row], shift[row])
                });
                assert!(y.iter().copied().eq(expected.chain([99])), "{rows} rows of {length}");
            }
        }
    }
}
