//! Group normalization over vectors, against its formulas in `f64`; and with the same bits for all instruction sets.

use super::*;
use crate::kernels::groups::{Gradients, Normalize, Sizes};

/// A batch of samples with some channels in groups.
#[derive(Clone)]
struct Batch<S> {
    samples: usize,
    sizes: Sizes,
    scalar: core::marker::PhantomData<S>,
}

const EPSILON: f64 = 1e-3;

impl<S: Scalar> Operation for Batch<S> {
    /// The bits of all results.
    type Output = Vec<u64>;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Vec<u64> {
        let Self { samples, sizes, .. } = self;
        let Sizes { space, channels, groups } = sizes;
        let (all, group) = (groups * channels, channels * space);
        let what = format!("{simd:?} {samples} × {sizes:?}");
        let mut random = Random::new((samples * 10_000 + all * 100 + space) as u64);
        let [x, g] = [0, 1].map(|_| numbers::<S>(samples * all * space, &mut random));
        let [weight, bias, before] = [0, 1, 2].map(|_| numbers::<S>(all, &mut random));
        let epsilon = S::from_f64(EPSILON);

        let (mut y, mut dx, mut dw, mut db) = (x.clone(), x.clone(), before.clone(), before.clone());
        Normalize { sizes, epsilon, weight: &weight, bias: &bias, x: &x, y: &mut y }.run(simd);
        let gradients = |dx, by_weight, by_bias| {
            Gradients { sizes, epsilon, weight: &weight, x: &x, g: &g, dx, by_weight, by_bias }.run(simd);
        };
        let (mut without, mut rest) = (before.clone(), before.clone());
        gradients(None, &mut without, &mut rest);
        gradients(Some(&mut dx[..]), &mut dw, &mut db);
        assert!(without == dw && rest == db, "{what}: without gradients of inputs");

        let tolerance = if size_of::<S>() == 4 { 3e-4 } else { 1e-12 };
        let close = |found: S, expected: f64, which: &str| {
            let error = (found.to_f64() - expected).abs();
            assert!(error <= tolerance * expected.abs().max(1.0), "{what}: {which} is {found}, not {expected}");
        };
        let [mut by_weight, mut by_bias] = [0, 1].map(|_| before.iter().map(|sum| sum.to_f64()).collect::<Vec<_>>());
        for first in (0..x.len()).step_by(group) {
            let places = first..first + group;
            let mean = |f: &dyn Fn(usize) -> f64| places.clone().map(f).sum::<f64>() / group as f64;
            let channel = |at: usize| at / space % all;
            let mu = mean(&|at| x[at].to_f64());
            let root = (mean(&|at| (x[at].to_f64() - mu).powi(2)) + EPSILON).sqrt();
            let normal = |at: usize| (x[at].to_f64() - mu) / root;
            let scaled = |at: usize| weight[channel(at)].to_f64() * g[at].to_f64();
            let (offset, slope) = (mean(&scaled), mean(&|at| scaled(at) * normal(at)));
            for at in places.clone() {
                by_weight[channel(at)] += g[at].to_f64() * normal(at);
                by_bias[channel(at)] += g[at].to_f64();
                close(y[at], weight[channel(at)].to_f64() * normal(at) + bias[channel(at)].to_f64(), "an output");
                close(dx[at], (scaled(at) - offset - normal(at) * slope) / root, "a gradient by input");
            }
        }
        for channel in 0..all {
            close(dw[channel], by_weight[channel], "a gradient by weight");
            close(db[channel], by_bias[channel], "a gradient by bias");
        }
        [y, dx, dw, db].concat().iter().map(|number| number.to_f64().to_bits()).collect()
    }
}

#[test]
fn groups_are_normalized_as_the_formulas_say() {
    fn check<S: Scalar>(samples: usize, sizes: Sizes) {
        let found = everywhere(&Batch::<S> { samples, sizes, scalar: core::marker::PhantomData });
        // Plain loops aren't fused, and have another form.
        let mut fused = found.iter().filter(|(name, _)| *name != "plain");
        let first = fused.next();
        for (name, bits) in fused {
            assert!(first.is_some_and(|(_, first)| first == bits), "{name}: {samples} × {sizes:?}");
        }
    }
    for (channels, groups) in [(1, 1), (1, 16), (1, 17), (2, 3), (2, 20), (3, 7), (16, 2), (17, 1), (35, 2)] {
        for space in (1..=18).chain([24, 32, 37, 50]).skip(channels % 3).step_by(2) {
            let samples = 1 + (channels + groups + space) % 18;
            check::<f32>(samples, Sizes { space, channels, groups });
            check::<f64>(samples, Sizes { space, channels, groups });
        }
    }
}
