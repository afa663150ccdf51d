//! The DSP extension of a Cortex-M4, M7 or M33, which multiplies two pairs of 16-bit integers at once. Elsewhere, tests
//! emulate its instructions.
//!
//! One instruction makes the bytes 0 and 2 of a word 16-bit integers side by side, another one the bytes 1 and 3. So
//! four weights become two pairs wherever they lie, and inputs are laid out to match them.

mod dense;
mod filters;
mod finished;
mod instructions;
mod rows;
mod square;
mod two_rows;

pub(super) use dense::by_fours;
#[cfg(fnn_dsp)]
pub(super) use dense::dense_with_room;

use self::filters::{To, arrange, few_taps, multiply_filters};
use self::instructions::{extend, multiply_add, pairs, word};
use self::rows::{channels, row};
use self::square::Places;
use super::products::{Finish, tail};
use super::requantization::{Once, Requantize};
use super::tile::{self, Multiply};

/// The instructions of the DSP extension.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dsp;

impl Multiply for Dsp {
    /// Of four taps: for each place the inputs under taps 0 and 2, and then for each place those under taps 1 and 3.
    const NUMBERS: usize = 2;
    const TAPS: usize = 4;

    #[inline(always)]
    fn arrange(inputs: &mut [u32], taps: usize) {
        arrange(inputs, taps);
    }

    #[inline(always)]
    fn filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; 4]]) {
        if taps < 4 {
            return few_taps(filters, taps, bias, inputs, sums);
        }
        multiply_filters(filters, taps, bias, inputs, To::Sums(sums));
    }

    fn accumulates<R: Requantize>(finish: &Finish<'_, R>, taps: usize) -> bool {
        taps >= 4 && finish.accumulates()
    }

    #[inline(always)]
    fn images(
        filters: &[i8],
        taps: usize,
        finish: Finish<'_, Once>,
        inputs: &[u32],
        images: &mut [i8],
        outputs: usize,
    ) {
        multiply_filters(filters, taps, finish.bias, inputs, To::Images(finish, images, outputs));
    }

    #[inline(always)]
    fn three_by_three(x: &[i8], pitch: usize, stride: usize, filter: &[i8; 9], bias: i32, sums: &mut [i32]) {
        Places::new(x, pitch, filter, bias).one_by_one(stride, sums);
    }

    const STRIPS: bool = true;

    #[inline(always)]
    fn strips(x: &[i8], pitch: usize, filter: &[i8; 9], bias: i32, rows: usize, sums: &mut [[i32; 2]]) {
        Places::new(x, pitch, filter, bias).in_strips(rows, sums);
    }

    #[inline(always)]
    fn rows<R: Requantize>(x: &[i8], weights: &[i8], finish: Finish<'_, R>, y: &mut [i8], room: &mut [u32]) {
        dense::dense(x, weights, finish, y, room.as_chunks_mut::<2>().0);
    }

    #[inline(always)]
    fn dot(x: &[i8], weights: &[i8], sum: i32) -> i32 {
        let (fours, rest) = weights.as_chunks::<4>();
        let (inputs, _) = x.as_chunks::<4>();
        let sum = fours.iter().zip(inputs).fold(sum, |sum, (&weights, &x)| {
            let (weights, x) = (pairs(weights), pairs(x));
            multiply_add(weights.1, x.1, multiply_add(weights.0, x.0, sum))
        });
        tail(x.get(4 * fours.len()..).unwrap_or_default(), rest, sum)
    }

    #[inline(always)]
    fn row(x: &[i8], stride: usize, filter: &[i8], bias: i32, sums: &mut [i32]) {
        match filter.len() {
            0..=4 => row::<4, 1>(x, stride, filter, bias, sums),
            5..=8 => row::<8, 2>(x, stride, filter, bias, sums),
            9..=12 => row::<12, 3>(x, stride, filter, bias, sums),
            _ => row::<16, 4>(x, stride, filter, bias, sums),
        }
    }

    #[inline(always)]
    fn channels<R: Requantize>(x: &[i8], weights: &[i8], taps: usize, finish: Finish<'_, R>, y: &mut [i8]) {
        let computed = channels(x, weights, taps, finish, y);
        tile::channels::<Self, R>(x, weights, taps, finish, y, computed);
    }
}
