//! Sums of outer products: against the oracle, and with the same bits in every block.

use core::ops::Range;

use super::{UNTOUCHED, assert_close, everywhere, numbers};
use crate::kernels::outer_products::OuterProducts;
use crate::kernels::{Operation, Simd, Start, naive};
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
