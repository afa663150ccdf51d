//! Batch normalization over vectors, against its formulas in `f64`.

use core::marker::PhantomData;

use super::*;
use crate::kernels::channels::{Activate, Backward, Identity, Measure, Normalize, Scales, Sizes};
use crate::layers::activation::Elu;

/// A batch of samples with some channels.
#[derive(Clone)]
struct Batch<S> {
    samples: usize,
    channels: usize,
    space: usize,
    scalar: core::marker::PhantomData<S>,
}

const EPSILON: f64 = 1e-3;

/// A norm with given statistics.
struct Norm<'a, S> {
    sizes: Sizes,
    scales: Scales<'a, S>,
    mean: &'a [S],
    variance: &'a [S],
}

impl<S: Scalar> Norm<'_, S> {
    fn forward<V: Simd>(&self, simd: V, activation: impl Activate, x: &[S]) -> Vec<S> {
        let &Self { sizes, scales, mean, variance } = self;
        let (mut y, scale) = (vec![S::ONE; x.len()], &mut mean.to_vec()[..]);
        Normalize { sizes, scales, activation, mean, variance, x, y: &mut y, scale }.run(simd);
        y
    }

    /// The gradients by input, weight and bias.
    fn backward<V: Simd>(
        &self,
        simd: V,
        activation: impl Activate,
        is_frozen: bool,
        (x, y, g): (&[S], &[S], &[S]),
    ) -> [Vec<S>; 3] {
        let &Self { sizes, scales, mean, variance } = self;
        let backward = |g: &mut [S], dx: Option<&mut [S]>| {
            let (mut dw, mut db) = (mean.to_vec(), mean.to_vec());
            let (by_weight, by_bias) = (&mut dw[..], &mut db[..]);
            Backward { sizes, scales, activation, mean, variance, is_frozen, x, y, g, dx, by_weight, by_bias }
                .run(simd);
            [dw, db]
        };
        let mut dx = vec![S::ONE; x.len()];
        let [dw, db] = backward(&mut g.to_vec(), Some(&mut dx));
        let mut in_place = g.to_vec();
        assert!(backward(&mut in_place, None) == [dw.clone(), db.clone()] && in_place == dx, "in place");
        [dx, dw, db]
    }
}

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
        Measure { sizes, scales, activation: Identity, mean: m, variance: v, x: &x, y: &mut y, scale }.run(simd);
        let norm = Norm { sizes, scales, mean: &mean, variance: &variance };
        let again = norm.forward(simd, Identity, &x);
        assert!(again == y, "{what}: given statistics and those of the batch disagree");
        let [frozen, ..] = norm.backward(simd, Identity, true, (&x, &y, &g));
        let [dx, dw, db] = norm.backward(simd, Identity, false, (&x, &y, &g));

        // An activation in the same pass gives the bits of one that has its own.
        let elu = PhantomData::<Elu<{ f64::to_bits(0.5) }>>;
        let each = |f: &dyn Fn([S::Vector<V>; 2]) -> S::Vector<V>, x: &[S], y: &[S]| -> Vec<S> {
            x.iter().zip(y).map(|(&x, &y)| first_lane(simd, f([splat(simd, x), splat(simd, y)]))).collect()
        };
        let activated = each(&|[y, _]| elu.value(y), &y, &y);
        assert!(norm.forward(simd, elu, &x) == activated, "{what}: an activation");
        let (m, v, scale) = (&mut mean.clone()[..], &mut variance.clone()[..], &mut variance.clone()[..]);
        let mut measured = vec![S::ONE; x.len()];
        Measure { sizes, scales, activation: elu, mean: m, variance: v, x: &x, y: &mut measured, scale }.run(simd);
        assert!(measured == activated, "{what}: an activation, of the batch's statistics");
        let before = each(&|[y, g]| elu.gradient(y, g), &activated, &g);
        for is_frozen in [true, false] {
            let expected = norm.backward(simd, Identity, is_frozen, (&x, &y, &before));
            let found = norm.backward(simd, elu, is_frozen, (&x, &activated, &g));
            assert!(found == expected, "{what}: the gradients through an activation, frozen: {is_frozen}");
        }

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
fn channels_are_normalized_as_the_formulas_say() {
    for channels in (1..=18).chain([33]) {
        for space in (1..=20).step_by(channels % 3 + 1).chain([1, 16, 32, 37, 125]) {
            let (samples, scalar) = (1 + (channels + space) % 4, core::marker::PhantomData);
            everywhere(&Batch::<f32> { samples, channels, space, scalar });
            everywhere(&Batch::<f64> { samples, channels, space, scalar: core::marker::PhantomData });
        }
    }
}

/// Channels of which few at a time stay in the second-level cache, and some samples at a time with given statistics.
#[test]
fn large_channels_are_normalized_as_the_formulas_say() {
    for (samples, channels, space) in [(2, 7, 11_000), (3, 3, 30_001), (5, 19, 401)] {
        everywhere(&Batch::<f32> { samples, channels, space, scalar: core::marker::PhantomData });
    }
    everywhere(&Batch::<f64> { samples: 2, channels: 5, space: 8_005, scalar: core::marker::PhantomData });
}
