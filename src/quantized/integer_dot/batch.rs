//! Dense layers on many samples: each row of weights is read once for 32 of them.
//!
//! Lanes are samples. Four neighbouring inputs of each sample are a quad, and four weights of a row, as they lie in memory, are
//! what they are multiplied with. So nothing is added up across lanes, and weights need no other order.

use super::instructions::{Instructions, SUMS, Work};
use super::rounding::{self, Round};
use super::sums::{Inputs, PLACES, Put, Quads, ROWS, Rows, starts};
use super::{IntegerDot, Layer};
use crate::kernels::inlined;

impl IntegerDot {
    /// For each sample of `x` and each row of weights, the finished sum of their products, into `y`: samples and their outputs
    /// lie one after the other. `quads` has room for those of a sample.
    pub(in crate::quantized) fn batch(self, x: &[i8], layer: Layer<'_>, y: &mut [i8], quads: &mut [Quads]) {
        let (weights, finish, start) = layer;
        rounding::run!(self, finish => Batch { x, layer: (weights, finish, start), y, quads });
    }
}

struct Batch<'a, R> {
    x: &'a [i8],
    layer: Layer<'a, R>,
    y: &'a mut [i8],
    quads: &'a mut [Quads],
}

impl<R: Round> Work for Batch<'_, R> {
    inlined! {
        fn run<V: Instructions>(self, simd: V) {
            let Self { x, layer: (weights, finish, start), y, quads } = self;
            let outputs = finish.bias.len();
            let inputs = weights.len().checked_div(outputs).unwrap_or_default();
            let Some(quads) = quads.get_mut(..inputs.div_ceil(4)) else { return };
            if inputs == 0 {
                return;
            }
            starts(simd, weights, inputs, finish.bias, start);
            let rows = Rows { weights, length: inputs, taps: inputs, pieces: 1, start, finish };
            for (x, y) in x.chunks(PLACES * inputs).zip(y.chunks_mut(PLACES * outputs)) {
                simd.samples(x, inputs, quads);
                let x = Inputs::new(simd, quads);
                for first in (0..outputs).step_by(ROWS) {
                    let count = ROWS.min(outputs - first);
                    let mut integers = Gathered([[simd.load_integers(&[0; SUMS]); 2]; ROWS]);
                    rows.put(simd, (first, count), x, &mut integers);
                    write(simd, integers.0, (first, outputs, count), y);
                }
            }
        }
    }
}

/// The integers of up to eight outputs.
struct Gathered<I>([[I; 2]; ROWS]);

impl<V: Instructions> Put<V> for Gathered<V::Integers> {
    inlined! {
        fn put(&mut self, _: V, row: usize, integers: [V::Integers; 2]) {
            if let Some(to) = self.0.get_mut(row) {
                *to = integers;
            }
        }
    }
}

/// The quads of up to 32 samples, changed by `offset`, with zeros behind the last input. Samples that there aren't have anything.
#[inline(always)]
pub(super) fn samples(x: &[i8], inputs: usize, offset: u8, quads: &mut [Quads]) {
    for (sample, x) in x.chunks_exact(inputs).enumerate().take(PLACES) {
        let (half, lane) = (sample / SUMS, sample % SUMS);
        let (fours, rest) = x.as_chunks::<4>();
        let mut quads = quads.iter_mut();
        for (four, Quads(quad)) in fours.iter().zip(quads.by_ref()) {
            quad[half].as_chunks_mut::<4>().0[lane] = four.map(|integer| integer.cast_unsigned() ^ offset);
        }
        if let (Some(Quads(quad)), false) = (quads.next(), rest.is_empty()) {
            let mut last = [0; 4];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = from.cast_unsigned() ^ offset;
            }
            quad[half].as_chunks_mut::<4>().0[lane] = last;
        }
    }
}

inlined! {
    /// The integers of up to eight outputs of 32 samples, to where they belong: from number `first` on, of `outputs`.
    fn write<V: Instructions>(
        simd: V,
        rows: [[V::Integers; 2]; ROWS],
        (first, outputs, count): (usize, usize, usize),
        y: &mut [i8],
    ) {
        for half in 0..2 {
            // Each step puts integers of rows beside each other that were four rows apart; in the end, a vector has those of two
            // samples.
            let mut vectors = [rows[0][half]; ROWS];
            for (to, from) in vectors.iter_mut().zip(&rows) {
                *to = from[half];
            }
            for _ in 0..3 {
                let [a, b, c, d, e, f, g, h] = vectors;
                let [[a, b], [c, d], [e, f], [g, h]] = [simd.zip(a, e), simd.zip(b, f), simd.zip(c, g), simd.zip(d, h)];
                vectors = [a, b, c, d, e, f, g, h];
            }
            for (pair, &vector) in vectors.iter().enumerate() {
                let mut both = [0; SUMS];
                simd.store_first(vector, &mut both);
                for (sample, integers) in both.as_chunks::<ROWS>().0.iter().enumerate() {
                    let sample = half * SUMS + 2 * pair + sample;
                    let to = y.get_mut(sample * outputs + first..).unwrap_or_default();
                    if let (ROWS, Some(to)) = (count, to.first_chunk_mut::<ROWS>()) {
                        *to = *integers;
                    } else if count < ROWS {
                        let room = to.len().min(count);
                        super::copy_up_to(integers, to.get_mut(..room).unwrap_or_default());
                    }
                }
            }
        }
    }
}
