//! Dense layers: four rows of weights at a time, so that an input is read once for four. Where there are many, inputs are
//! turned into pairs once for all of them.

#[cfg(fnn_dsp)]
use core::arch::asm;

#[cfg(fnn_dsp)]
use super::super::dense::Paired;
use super::super::products::{Finish, tail};
use super::super::requantization::Requantize;
use super::instructions::{extend, multiply_add, pairs, word};
use crate::chunks::Chunks;

/// Rows of weights that are multiplied together.
const ROWS: usize = 4;

/// The inputs 0 and 2, and the inputs 1 and 3 of four.
type Pairs = [u32; 2];

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
    for (to, &four) in inputs.iter_mut().zip(fours) {
        *to = pairs(four).into();
    }
    if let (false, Some(last)) = (rest.is_empty(), inputs.last_mut()) {
        *last = extend(word(rest)).into();
    }
    let Finish { bias, mantissa, shift, requantization } = finish;
    let (y, y_rest) = y.as_chunks_mut::<ROWS>();
    let ((bias, bias_rest), (mantissa, mantissa_rest)) = (bias.as_chunks::<ROWS>(), mantissa.as_chunks::<ROWS>());
    let (shift, shift_rest) = shift.as_chunks::<ROWS>();
    let mut weights = weights;
    for (((y, bias), mantissa), shift) in y.iter_mut().zip(bias).zip(mantissa).zip(shift) {
        let Some((rows, others)) = weights.split_at_checked(ROWS * x.len()) else { return };
        let mut sums = *bias;
        four_rows(rows, x.len(), inputs, &mut sums);
        for (((y, sum), &mantissa), &shift) in y.iter_mut().zip(sums).zip(mantissa).zip(shift) {
            *y = requantization.requantize(sum, mantissa, shift);
        }
        weights = others;
    }
    for (((y, &bias), &mantissa), &shift) in y_rest.iter_mut().zip(bias_rest).zip(mantissa_rest).zip(shift_rest) {
        let Some((row, others)) = weights.split_at_checked(x.len()) else { return };
        *y = requantization.requantize(one_row(row, inputs, bias), mantissa, shift);
        weights = others;
    }
}

/// Adds the products with a row.
#[inline(always)]
fn one_row(row: &[i8], pairs: &[Pairs], sum: i32) -> i32 {
    let products = row.parts(4).zip(pairs).map(|(weights, &[even, odd])| (extend(word(weights)), even, odd));
    products.fold(sum, |sum, (weights, even, odd)| multiply_add(weights.1, odd, multiply_add(weights.0, even, sum)))
}

/// Adds the products with four rows of `length` weights.
#[cfg(fnn_dsp)]
#[inline(always)]
fn four_rows(rows: &[i8], length: usize, pairs: &[Pairs], sums: &mut [i32; ROWS]) {
    let groups = length / 4;
    if rows.len() < 4 * length || pairs.len() < length.div_ceil(4) {
        return;
    }
    if groups > 0 {
        /// Four inputs: 21 instructions for 16 products.
        macro_rules! group {
            () => {
                "ldrd r5, r6, [r4], #8
                 ldr r12, [r0], #4
                 sxtb16 lr, r12
                 sxtb16 r12, r12, ror #8
                 smlad r8, lr, r5, r8
                 smlad r8, r12, r6, r8
                 ldr r12, [r1], #4
                 sxtb16 lr, r12
                 sxtb16 r12, r12, ror #8
                 smlad r9, lr, r5, r9
                 smlad r9, r12, r6, r9
                 ldr r12, [r2], #4
                 sxtb16 lr, r12
                 sxtb16 r12, r12, ror #8
                 smlad r10, lr, r5, r10
                 smlad r10, r12, r6, r10
                 ldr r12, [r3], #4
                 sxtb16 lr, r12
                 sxtb16 r12, r12, ror #8
                 smlad r11, lr, r5, r11
                 smlad r11, r12, r6, r11"
            };
        }
        let [one, two, three, four] = sums;
        let start = rows.as_ptr();
        // SAFETY: the target has the extension. `groups`, at least one, of each row are read, and as many pairs: first one a
        // turn until a multiple of four is left, and then four a turn. Pairs are words, so aligned for `ldrd`; weights needn't be
        // for `ldr`. `r6` and `r7`, which can't be operands, are restored. Nothing reads the flag (Q) that a sum sets on
        // overflow.
        unsafe {
            asm!(
                "push {{r6, r7}}
                 add r7, r4, r12, lsl #3
                 tst r12, #3
                 beq 3f",
                "2:",
                group!(),
                "sub r12, r7, r4
                 tst r12, #31
                 bne 2b
                 cmp r12, #0
                 beq 4f",
                "3:",
                group!(),
                group!(),
                group!(),
                group!(),
                "cmp r4, r7
                 bne 3b
                 4:
                 pop {{r6, r7}}",
                inout("r0") start => _, inout("r1") start.add(length) => _,
                inout("r2") start.add(2 * length) => _, inout("r3") start.add(3 * length) => _,
                inout("r4") pairs.as_ptr() => _, inout("r12") groups => _,
                out("r5") _, out("lr") _,
                inout("r8") *one, inout("r9") *two, inout("r10") *three, inout("r11") *four,
            );
        }
    }
    if length.is_multiple_of(4) {
        return;
    }
    for (number, sum) in sums.iter_mut().enumerate() {
        let rest = rows.get(number * length + 4 * groups..(number + 1) * length).unwrap_or_default();
        *sum = one_row(rest, pairs.get(groups..).unwrap_or_default(), *sum);
    }
}

#[cfg(not(fnn_dsp))]
fn four_rows(rows: &[i8], length: usize, pairs: &[Pairs], sums: &mut [i32; ROWS]) {
    for (sum, row) in sums.iter_mut().zip(rows.blocks(length)) {
        *sum = one_row(row, pairs, *sum);
    }
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
