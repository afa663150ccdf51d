//! Sums of outer products: against the oracle, and with the same bits in every block.

use core::ops::Range;

use super::{UNTOUCHED, assert_close, everywhere, numbers};
use crate::kernels::outer_products::{OuterProducts, PlainStep};
use crate::kernels::{Operation, Simd, Start, lanes, naive};
use crate::random::Random;
use crate::scalar::Scalar;

/// The whole gradient of a layer, computed in blocks of some rows and columns.
#[derive(Clone)]
struct InBlocks<'a, S> {
    samples: &'a [(Vec<S>, Vec<S>)],
    size: (usize, usize),
    block: (usize, usize),
    start: Option<S>,
}

impl<S: Scalar> Operation for InBlocks<'_, S> {
    type Output = (Vec<S>, Vec<S>);

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Self::Output {
        let Self { samples, size: (inputs, outputs), block: (rows, columns), start } = self;
        let mut products = OuterProducts::new(inputs, outputs);
        samples.iter().for_each(|(x, g)| products.add(x, g));
        let untouched = S::from_f64(UNTOUCHED);
        let mut weights = vec![start.unwrap_or(untouched); inputs * outputs];
        let mut biases = vec![start.unwrap_or(untouched); outputs];
        let start = if start.is_some() { Start::Sum } else { Start::Zero };
        let parts = |length: usize, part: usize| (0..length).step_by(part).map(move |at| at..length.min(at + part));
        for rows in parts(inputs, rows) {
            for columns in parts(outputs, columns) {
                let place = |Range { start, end }: &Range<usize>| start * outputs..end * outputs;
                let to = &mut weights[place(&rows)][columns.start..];
                let end = (rows.len() - 1) * outputs + columns.len();
                products.weights(simd, (rows.clone(), columns), &mut to[..end], outputs, start);
            }
        }
        for columns in parts(outputs, columns) {
            products.biases(simd, columns.start, &mut biases[columns], start);
        }
        (weights, biases)
    }
}

fn assert_sums<S: Scalar>((inputs, outputs): (usize, usize), samples: usize) {
    let mut random = Random::new((inputs * 1000 + outputs) as u64);
    let samples: Vec<_> =
        (0..samples).map(|_| (numbers::<S>(inputs, &mut random), numbers::<S>(outputs, &mut random))).collect();
    for start in [None, Some(S::from_f64(0.5))] {
        let first = start.map_or(0.0, Scalar::to_f64);
        let mut expected = vec![first; inputs * outputs];
        let (x, g) = (|k: usize, i: usize| samples[k].0[i].to_f64(), |k: usize, o: usize| samples[k].1[o].to_f64());
        naive::product((inputs, samples.len(), outputs), |i, k| x(k, i), g, &mut expected);
        let bias: Vec<_> = (0..outputs).map(|o| (0..samples.len()).map(|k| g(k, o)).sum::<f64>() + first).collect();
        let size = (inputs, outputs);
        let whole = everywhere(&InBlocks { samples: &samples, size, block: size, start });
        for block in [(1, 1), (3, 5), (8, 32), (17, outputs)] {
            let blocks = everywhere(&InBlocks { samples: &samples, size, block, start });
            for ((name, (weights, biases)), (_, (of_blocks, biases_of_blocks))) in whole.iter().zip(&blocks) {
                let what = format!("{name}, {size:?}, {} samples", samples.len());
                assert_close(weights, &expected, samples.len(), &what);
                assert_close(biases, &bias, samples.len(), &what);
                assert!(weights == of_blocks && biases == biases_of_blocks, "{what}, in blocks of {block:?}");
            }
        }
    }
}

#[test]
fn sums_of_outer_products_are_those_of_the_oracle_and_the_same_in_every_block() {
    for size in [(1, 1), (8, 32), (16, 10), (33, 17), (5, 40), (19, 16), (2, 100), (40, 3)] {
        for samples in [0, 1, 2, 7, 64] {
            assert_sums::<f32>(size, samples);
            assert_sums::<f64>(size, samples);
        }
    }
}

#[test]
fn instruction_sets_with_fused_multiply_adds_agree_bit_for_bit() {
    let mut random = Random::new(1);
    let samples: Vec<_> = (0..50).map(|_| (numbers::<f32>(21, &mut random), numbers::<f32>(37, &mut random))).collect();
    let results = everywhere(&InBlocks { samples: &samples, size: (21, 37), block: (21, 37), start: None });
    let fused: Vec<_> = results.iter().filter(|(name, _)| *name != "plain").collect();
    assert!(fused.windows(2).all(|pair| pair[0].1 == pair[1].1));
}

/// Weights, some rows at a time, after a step along the sums of outer products, and whether these were finite.
#[derive(Clone)]
struct Descends<'a, S> {
    samples: &'a [(Vec<S>, Vec<S>)],
    size: (usize, usize),
    rows: usize,
    /// In the tile's registers, or from sums in memory.
    at_once: bool,
}

impl<S: Scalar> Operation for Descends<'_, S> {
    type Output = (Vec<S>, bool);

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Self::Output {
        let Self { samples, size: (inputs, outputs), rows, at_once } = self;
        let mut products = OuterProducts::new(inputs, outputs);
        samples.iter().for_each(|(x, g)| products.add(x, g));
        let (factor, rate) = (S::from_f64(0.3), S::from_f64(0.7));
        let mut weights: Vec<_> = (0..inputs * outputs).map(|index| S::from_f64((index as f64).sin())).collect();
        let mut all_finite = true;
        for first in (0..inputs).step_by(rows) {
            let rows = first..inputs.min(first + rows);
            let to = &mut weights[first * outputs..rows.end * outputs];
            if at_once && lanes::<V, S>() > 1 {
                all_finite &= products.update(simd, rows, to, PlainStep { factor, rate });
                continue;
            }
            let mut sums = vec![S::ZERO; to.len()];
            products.weights(simd, (rows, 0..outputs), &mut sums, outputs, Start::Zero);
            for (weight, sum) in to.iter_mut().zip(sums) {
                let mean = sum * factor;
                all_finite &= mean.is_finite();
                *weight -= rate * mean;
            }
        }
        (weights, all_finite)
    }
}

#[test]
fn a_step_from_registers_has_the_bits_of_one_along_stored_sums() {
    let mut random = Random::new(2);
    for size in [(1, 1), (8, 32), (16, 10), (33, 17), (5, 40), (19, 16), (2, 100), (40, 3), (24, 70)] {
        for count in [0, 1, 7, 64] {
            let mut samples: Vec<_> = (0..count)
                .map(|_| (numbers::<f32>(size.0, &mut random), numbers::<f32>(size.1, &mut random)))
                .collect();
            for rows in [3, 8, 17, size.0] {
                let all = |at_once| everywhere(&Descends { samples: &samples, size, rows, at_once });
                assert_eq!(all(true), all(false), "{size:?}, {count} samples, {rows} rows at a time");
            }
            let Some((x, _)) = samples.last_mut() else { continue };
            x[size.0 - 1] = f32::INFINITY;
            for (name, (_, is_finite)) in everywhere(&Descends { samples: &samples, size, rows: 8, at_once: true }) {
                assert!(!is_finite, "{name}, {size:?}, {count} samples");
            }
        }
    }
}
