//! Every kernel against the oracle, with every instruction set that this processor has.

mod accuracy;
mod agreement;
#[cfg(feature = "simd")]
mod channels;
#[cfg(feature = "simd")]
mod convolution;
#[cfg(feature = "simd")]
mod groups;
mod order;
#[cfg(feature = "std")]
mod outer_products;
mod pool;
mod transpose;
mod unfused;

use super::*;
use crate::random::Random;
use crate::scalar::Scalar;

/// Runs `operation` with every instruction set that this processor has; returns each one's name and result.
pub(super) fn everywhere<O: Operation + Clone>(operation: &O) -> Vec<(&'static str, O::Output)> {
    let mut outputs =
        vec![("plain", operation.clone().run(Portable)), ("fused", operation.clone().run(fused::FusedLoops))];
    #[cfg(all(feature = "simd", feature = "std", target_arch = "x86_64"))]
    {
        outputs.extend(x86::Avx2::detect().map(|simd| ("AVX2", simd.run(operation.clone()))));
        outputs.extend(x86::Avx512::detect().map(|simd| ("AVX-512", simd.run(operation.clone()))));
    }
    #[cfg(all(feature = "simd", feature = "std", target_arch = "aarch64"))]
    outputs.extend(neon::Neon::detect().map(|simd| ("NEON", simd.run(operation.clone()))));
    outputs
}

/// Numbers in ±1, and the error bound of a sum of `count` products of them.
fn numbers<S: Scalar>(count: usize, random: &mut Random) -> Vec<S> {
    (0..count).map(|_| S::from_f64(2.0 * random.uniform() - 1.0)).collect()
}

/// A sentinel that no kernel may touch.
const UNTOUCHED: f64 = 1234.5;

fn assert_close<S: Scalar>(found: &[S], expected: &[f64], inner: usize, what: &str) {
    let epsilon = if size_of::<S>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    for (index, (found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (found.to_f64() - expected).abs();
        assert!(error <= epsilon * (inner as f64 + 2.0), "{what}: [{index}] is {found}, not {expected}");
    }
}

/// Forward, weight gradient and input gradient of one size, in slices at any alignment.
#[derive(Clone)]
struct Products<S> {
    size: (usize, usize, usize),
    offset: usize,
    scalar: core::marker::PhantomData<S>,
}

impl<S: Scalar> Operation for Products<S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { size: (m, k, n), offset, .. } = self;
        let mut random = Random::new((m * 10_000 + k * 100 + n) as u64);
        let a = numbers::<S>(offset + m * k, &mut random);
        let b = numbers::<S>(offset + k * n, &mut random);
        let g = numbers::<S>(offset + m * n, &mut random);
        let bias = numbers::<S>(offset + n, &mut random);
        let (a, b, g, bias) = (&a[offset..], &b[offset..], &g[offset..], &bias[offset..]);
        let at = |values: &[S], columns: usize, row: usize, column: usize| values[row * columns + column].to_f64();
        let what = format!("{simd:?} {} {:?} + {offset}", size_of::<S>(), self.size);

        for bias in [&[], bias] {
            let mut c = vec![S::from_f64(UNTOUCHED); offset + m * n + 1];
            matmul(simd, (k, n), a, b, &mut c[offset..offset + m * n], bias);
            let mut expected = vec![0.0; m * n];
            for row in expected.chunks_exact_mut(n) {
                row.iter_mut().zip(bias).for_each(|(e, b)| *e = b.to_f64());
            }
            naive::product((m, k, n), |m, i| at(a, k, m, i), |i, o| at(b, n, i, o), &mut expected);
            assert_close(&c[offset..], &expected, k, &format!("{what}, forward"));
            assert!(c[..offset].iter().chain(&c[offset + m * n..]).all(|c| c.to_f64() == UNTOUCHED), "{what}");
        }

        for (start, from) in [(Start::Sum, 1.0), (Start::Zero, 0.0)] {
            let mut dw = vec![S::ONE; offset + k * n + 1];
            weight_gradient(simd, (k, n), a, g, &mut dw[offset..offset + k * n], start);
            let mut expected = vec![from; k * n];
            naive::product((k, m, n), |i, m| at(a, k, m, i), |m, o| at(g, n, m, o), &mut expected);
            assert_close(&dw[offset..], &expected, m, &format!("{what}, weight gradient"));
            assert!(dw[..offset].iter().chain(&dw[offset + k * n..]).all(|&c| c == S::ONE), "{what}");
        }

        let mut dx = vec![S::from_f64(UNTOUCHED); offset + m * k + 1];
        input_gradient(simd, (k, n), g, b, &mut dx[offset..offset + m * k]);
        let mut expected = vec![0.0; m * k];
        naive::product((m, n, k), |m, o| at(g, n, m, o), |o, i| at(b, n, i, o), &mut expected);
        assert_close(&dx[offset..], &expected, n, &format!("{what}, input gradient"));
        assert!(dx[..offset].iter().chain(&dx[offset + m * k..]).all(|c| c.to_f64() == UNTOUCHED), "{what}");
    }
}

fn products(size: (usize, usize, usize), offset: usize) {
    everywhere(&Products::<f32> { size, offset, scalar: core::marker::PhantomData });
    everywhere(&Products::<f64> { size, offset, scalar: core::marker::PhantomData });
}

#[test]
fn products_are_those_of_triple_loops_for_all_sizes() {
    // Each of the three sizes takes every value with many of the others, but not every triple comes up.
    for m in 0..=40 {
        for k in (m % 3 + 1..=40).step_by(3) {
            products((m, k, (m * 7 + k * 3) % 40 + 1), (m + k) % 4);
        }
    }
}

#[test]
fn products_are_those_of_triple_loops_for_sizes_of_several_blocks() {
    for size in [(3, 600, 40), (8, 300, 50), (33, 257, 130), (18, 300, 300), (1, 784, 128), (9, 1, 1), (40, 520, 10)] {
        products(size, 1);
    }
    // Several columns of tiles in a panel, and several panels.
    for size in [(13, 24, 361), (14, 100, 65), (12, 7, 900), (25, 161, 48)] {
        products(size, 1);
    }
}
