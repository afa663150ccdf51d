//! Processors without instructions for 8-bit integers: one product at a time.

use super::{Finish, Multiply, PLACES, Requantize};
use crate::quantized::products::{plain_products, tail};

/// One product at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

impl Multiply for Plain {
    const NUMBERS: usize = 1;
    const TAPS: usize = 1;

    #[inline(always)]
    fn arrange(_: &mut [u32], _: usize) {}

    #[inline(always)]
    fn filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; PLACES]]) {
        let mut filters = filters;
        for (&bias, sums) in bias.iter().zip(sums) {
            let Some((filter, others)) = filters.split_at_checked(taps) else { return };
            *sums = [bias; PLACES];
            add_products(filter, inputs, sums);
            filters = others;
        }
    }

    #[inline(always)]
    fn three_by_three(x: &[i8], pitch: usize, stride: usize, filter: &[i8; 9], bias: i32, sums: &mut [i32]) {
        let &[a, b, c, d, e, f, g, h, i] = filter;
        let [one, two, three] = [[a, b, c], [d, e, f], [g, h, i]];
        let mut column = 0;
        for to in sums {
            let row = |at: usize| x.get(at..).and_then(|row| row.first_chunk()).copied().unwrap_or_default();
            let sum = dot3(row(column), one, bias);
            let sum = dot3(row(column + pitch), two, sum);
            let sum = dot3(row(column + 2 * pitch), three, sum);
            *to = sum;
            column += stride;
        }
    }

    #[inline(always)]
    fn rows<R: Requantize>(x: &[i8], weights: &[i8], finish: Finish<'_, R>, y: &mut [i8], _: &mut [u32]) {
        plain_products(x, weights, finish, y);
    }

    #[inline(always)]
    fn dot(x: &[i8], weights: &[i8], sum: i32) -> i32 {
        tail(x, weights, sum)
    }

    #[inline(always)]
    fn row(x: &[i8], stride: usize, filter: &[i8], bias: i32, sums: &mut [i32]) {
        let mut at = 0;
        for to in sums {
            *to = tail(x.get(at..).unwrap_or_default(), filter, bias);
            at += stride;
        }
    }
}

/// Adds three products, without a loop at any optimization level.
#[inline(always)]
fn dot3([x, y, z]: [i8; 3], [a, b, c]: [i8; 3], sum: i32) -> i32 {
    let product = |x: i8, weight: i8| i32::from(x) * i32::from(weight);
    sum.wrapping_add(product(x, a)).wrapping_add(product(y, b)).wrapping_add(product(z, c))
}

/// Adds the products of weights with the inputs of four places.
#[cfg(not(fnn_thumb1))]
#[inline(always)]
fn add_products(filter: &[i8], inputs: &[u32], sums: &mut [i32; PLACES]) {
    let inputs: &[[i8; PLACES]] = crate::memory::bytes(inputs);
    let [mut one, mut two, mut three, mut four] = *sums;
    // Without loops and closures, which stay what they are at `opt-level = "s"` and "z".
    macro_rules! add {
        ($weight:expr, $inputs:expr) => {{
            let weight = i32::from($weight);
            let [x, y, z, w] = $inputs;
            one = one.wrapping_add(weight * i32::from(x));
            two = two.wrapping_add(weight * i32::from(y));
            three = three.wrapping_add(weight * i32::from(z));
            four = four.wrapping_add(weight * i32::from(w));
        }};
    }
    // Several a turn, or every seventh instruction would be one of the loop.
    let ((fours, rest), (inputs, rest_of_inputs)) = (filter.as_chunks::<4>(), inputs.as_chunks::<4>());
    for (weights, inputs) in fours.iter().zip(inputs) {
        add!(weights[0], inputs[0]);
        add!(weights[1], inputs[1]);
        add!(weights[2], inputs[2]);
        add!(weights[3], inputs[3]);
    }
    let rest_of_inputs = inputs.get(fours.len()).map_or(rest_of_inputs, |inputs| inputs);
    for (&weight, &inputs) in rest.iter().zip(rest_of_inputs) {
        add!(weight, inputs);
    }
    *sums = [one, two, three, four];
}

/// The same for a Cortex-M0, whose instructions take only eight of its registers, all but `add`: the sums are in the others.
/// 18 instructions for four products.
#[cfg(fnn_thumb1)]
#[inline(always)]
fn add_products(filter: &[i8], inputs: &[u32], sums: &mut [i32; PLACES]) {
    if filter.is_empty() || inputs.len() < filter.len() {
        return;
    }
    // SAFETY: as many inputs as weights are read, of which there is at least one, and the four sums. What is pushed is popped, and
    // registers that can't be operands are restored.
    unsafe {
        core::arch::asm!(
            "push {{r3, r6, r7}}
             mov r4, r8
             mov r5, r9
             mov r6, r10
             mov r7, r11
             push {{r4, r5, r6, r7}}
             ldm r3!, {{r4, r5, r6, r7}}
             mov r8, r4
             mov r9, r5
             mov r10, r6
             mov r11, r7
             2:
             ldm r0!, {{r3}}
             ldrsb r6, [r1, r2]
             asrs r5, r3, #24
             muls r5, r6, r5
             add r11, r5
             lsls r5, r3, #8
             asrs r5, r5, #24
             muls r5, r6, r5
             add r10, r5
             lsls r5, r3, #16
             asrs r5, r5, #24
             muls r5, r6, r5
             add r9, r5
             sxtb r3, r3
             muls r3, r6, r3
             add r8, r3
             adds r2, r2, #1
             bne 2b
             mov r0, r8
             mov r1, r9
             mov r2, r10
             mov r3, r11
             pop {{r4, r5, r6, r7}}
             mov r8, r4
             mov r9, r5
             mov r10, r6
             mov r11, r7
             pop {{r4, r6, r7}}
             stm r4!, {{r0, r1, r2, r3}}",
            inout("r0") inputs.as_ptr() => _,
            inout("r1") filter.as_ptr().add(filter.len()) => _,
            inout("r2") filter.len().wrapping_neg() => _,
            inout("r3") sums => _,
            out("r4") _, out("r5") _,
        );
    }
}
