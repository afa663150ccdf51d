//! Batch normalisation over vectors, against its formulas in `f64`.

use super::*;
use crate::kernels::channels::{Backward, Measure, Normalise, Scales, Sizes};

/// A batch of samples with some channels.
#[derive(Clone)]
struct Batch<S> {
    samples: usize,
    channels: usize,
    space: usize,
    scalar: core::marker::PhantomData<S>,
}

const EPSILON: f64 = 1e-3;

impl<S: Scalar> Operation for Batch<S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { samples, channels, space, .. } = self;
        let (length, what) = (channels * space, format!("{simd:?} {samples} × {channels} × {space}"));
        let mut random = Random::new((samples * 10_000 + channels * 100 + space) as u64);
        let [x, g] = [0, 1].map(|_| numbers::<S>(samples * length, &mut random));
        let [weight, bias] = [0, 1].map(|_| numbers::<S>(channels, &mut random));
        let sizes = Sizes { length, space };
        let scales = Scales { weight: &weight, bias: &bias, epsilon: S::from_f64(EPSILON) };

        let (mut mean, mut variance) = (vec![S::ONE; channels], vec![S::ONE; channels]);
        let mut y = vec![S::ONE; x.len()];
        let (m, v, scale) = (&mut mean, &mut variance, &mut vec![S::ONE; channels][..]);
        Measure { sizes, scales, mean: m, variance: v, x: &x, y: &mut y, scale }.run(simd);
        let mut again = vec![S::ONE; x.len()];
        let (m, v, scale) = (&mean, &variance, &mut vec![S::ONE; channels][..]);
        Normalise { sizes, scales, mean: m, variance: v, x: &x, y: &mut again, scale }.run(simd);
        assert!(again == y, "{what}: given statistics and those of the batch disagree");

        let (m, v) = (&mean[..], &variance[..]);
        let mut frozen = vec![S::ONE; x.len()];
        let (by_weight, by_bias) = (&mut vec![S::ONE; channels][..], &mut vec![S::ONE; channels][..]);
        let (is_frozen, gradients, gradient) = (true, &g[..], Some(&mut frozen[..]));
        Backward {
            sizes,
            scales,
            mean: m,
            variance: v,
            is_frozen,
            x: &x,
            g: gradients,
            dx: gradient,
            by_weight,
            by_bias,
        }
        .run(simd);
        let (mut dw, mut db, mut dx) = (vec![S::ONE; channels], vec![S::ONE; channels], vec![S::ONE; x.len()]);
        let (by_weight, by_bias, gradient) = (&mut dw[..], &mut db[..], Some(&mut dx[..]));
        let (is_frozen, gradients) = (false, &g[..]);
        Backward {
            sizes,
            scales,
            mean: m,
            variance: v,
            is_frozen,
            x: &x,
            g: gradients,
            dx: gradient,
            by_weight,
            by_bias,
        }
        .run(simd);

        let numbers = (samples * space) as f64;
        let tolerance = if size_of::<S>() == 4 { 3e-4 } else { 1e-12 };
        let close = |found: S, expected: f64, which: &str| {
            let error = (found.to_f64() - expected).abs();
            assert!(error <= tolerance * expected.abs().max(1.0), "{what}: {which} is {found}, not {expected}");
        };
        for channel in 0..channels {
            let places = (0..samples).flat_map(|n| (0..space).map(move |p| n * length + channel * space + p));
            let sum = |f: &dyn Fn(usize) -> f64| places.clone().map(f).sum::<f64>();
            let mu = sum(&|at| x[at].to_f64()) / numbers;
            let sigma = sum(&|at| (x[at].to_f64() - mu).powi(2)) / numbers;
            let root = (sigma + EPSILON).sqrt();
            let normal = |at: usize| (x[at].to_f64() - mu) / root;
            let by_weight = sum(&|at| g[at].to_f64() * normal(at));
            let by_bias = sum(&|at| g[at].to_f64());
            let (w, b) = (weight[channel].to_f64(), bias[channel].to_f64());
            close(mean[channel], mu, "a mean");
            close(variance[channel], sigma, "a variance");
            close(dw[channel], by_weight, "a gradient by weight");
            close(db[channel], by_bias, "a gradient by bias");
            for at in places.clone() {
                close(y[at], w * normal(at) + b, "an output");
                let slope = (by_bias + normal(at) * by_weight) / numbers;
                close(frozen[at], w / root * g[at].to_f64(), "a gradient by input, of frozen statistics");
                close(dx[at], w / root * (g[at].to_f64() - slope), "a gradient by input");
            }
        }
    }
}

#[test]
fn channels_are_normalised_as_the_formulas_say() {
    for channels in (1..=18).chain([33]) {
        for space in (1..=20).step_by(channels % 3 + 1).chain([1, 16, 32, 37, 125]) {
            let (samples, scalar) = (1 + (channels + space) % 4, core::marker::PhantomData);
            everywhere(&Batch::<f32> { samples, channels, space, scalar });
            everywhere(&Batch::<f64> { samples, channels, space, scalar: core::marker::PhantomData });
        }
    }
}
