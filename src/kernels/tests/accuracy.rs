//! The errors of the functions of scalars and of vectors of `f32` against `f64`, over all finite numbers.

use core::marker::PhantomData;

use super::everywhere;
use crate::kernels::SoftmaxInPlace;
use crate::kernels::{Operation, Simd, lanes, read, write};
use crate::layers::activation::{Function, Gelu, GeluTanh, Silu};
use crate::random::Random;
use crate::real::Real;

/// A function of a number or of a vector, and of `f64`.
trait Known {
    /// Its name, and the error bounds of vectors and of `libm`, in units in the last place.
    const BOUNDS: (&'static str, f64, f64);

    fn found<R: Real>(x: R) -> R;
    fn exact(x: f64) -> f64;
    /// The number whose last place is meant.
    fn scale(x: f64, exact: f64) -> f64;
}

macro_rules! known {
    ($($name:ident ($vectors:literal, $libm:literal) of $scale:expr; $x:ident: $found:expr, $exact:expr;)*) => {
        $(
            struct $name;
            impl Known for $name {
                const BOUNDS: (&'static str, f64, f64) = (stringify!($name), $vectors, $libm);

                #[inline(always)]
                fn found<R: Real>($x: R) -> R {
                    $found
                }

                fn exact($x: f64) -> f64 {
                    $exact
                }

                fn scale(x: f64, exact: f64) -> f64 {
                    let scale: fn(f64, f64) -> f64 = $scale;
                    scale(x, exact)
                }
            }
        )*

        /// The largest errors of all functions, at some numbers.
        fn errors(x: &[f32]) -> Vec<Error> {
            let mut errors = Vec::new();
            $(errors.extend(errors_of::<$name>(x));)*
            errors
        }
    };
}

/// The value's own last place.
const VALUE: fn(f64, f64) -> f64 = |_, exact| exact.abs();
/// The last place of x, which the value is a share of.
const WHOLE: fn(f64, f64) -> f64 = |x, _| x.abs();

// The bounds that `Real` and the activation functions state.
known! {
    Exponential (1.1, 1.0) of VALUE; x: x.exp(), libm::exp(x);
    ExponentialLessOne (1.6, 1.0) of VALUE; x: x.exp_m1(), libm::expm1(x);
    HyperbolicTangent (5.0, 2.5) of VALUE; x: x.tanh(), libm::tanh(x);
    Sigmoid (2.5, 2.5) of VALUE; x: x.sigmoid(), 1.0 / (1.0 + libm::exp(-x));
    Softplus (4.0, 2.0) of VALUE; x: x.softplus(), x.max(0.0) + libm::log1p(libm::exp(-x.abs()));
    NormalDistribution (7.0, 200.0) of VALUE; x: x.normal_distribution(), normal_distribution(x);
    SiluOfWhole (2.5, 2.5) of WHOLE; x: Silu::value(x), x / (1.0 + libm::exp(-x));
    GeluOfWhole (2.5, 2.5) of WHOLE; x: Gelu::value(x), x * normal_distribution(x);
    GeluTanhOfWhole (2.5, 2.5) of WHOLE; x: GeluTanh::value(x), {
        let z = 0.797_884_560_802_865_4 * (x + 0.044_715 * x * x * x);
        x / (1.0 + libm::exp(-2.0 * z))
    };
}

fn normal_distribution(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
}

/// All values of a function, with an instruction set.
struct Values<'a, K>(&'a [f32], PhantomData<K>);

impl<K> Clone for Values<'_, K> {
    fn clone(&self) -> Self {
        Self(self.0, PhantomData)
    }
}

impl<K: Known> Operation for Values<'_, K> {
    /// Whether vectors computed them, and the values.
    type Output = (bool, Vec<f32>);

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Self::Output {
        let lanes = lanes::<V, f32>();
        let mut values = vec![0.0; self.0.len()];
        for (x, y) in self.0.chunks(lanes).zip(values.chunks_mut(lanes)) {
            write(simd, K::found(read(simd, x)), y);
        }
        (V::FUSED, values)
    }
}

/// The largest error of a function, with an instruction set.
struct Error {
    function: &'static str,
    simd: &'static str,
    largest: f64,
    bound: f64,
    at: f32,
}

fn errors_of<K: Known>(x: &[f32]) -> Vec<Error> {
    let (function, vectors, libm) = K::BOUNDS;
    let exact: Vec<f64> = x.iter().map(|&x| K::exact(f64::from(x))).collect();
    let of = |(simd, (is_fused, values)): (&'static str, (bool, Vec<f32>))| {
        let bound = if is_fused { vectors } else { libm };
        let mut row = Error { function, simd, largest: 0.0, bound, at: 0.0 };
        for ((&x, &y), &exact) in x.iter().zip(&values).zip(&exact) {
            assert!(x.is_nan() == y.is_nan(), "{simd}: {function} of {x:e} is {y:e}");
            let error = if x.is_nan() { 0.0 } else { error(y, exact, K::scale(f64::from(x), exact)) };
            if error > row.largest {
                (row.largest, row.at) = (error, x);
            }
        }
        row
    };
    let values = everywhere(&Values::<K>(x, PhantomData));
    // Vectors of any width compute the same bits. NaN has several.
    let bits = |values: &[f32]| values.iter().map(|y| if y.is_nan() { 0 } else { y.to_bits() }).collect::<Vec<_>>();
    let mut fused =
        values.iter().filter(|(_, (is_fused, _))| *is_fused).map(|(simd, (_, values))| (simd, bits(values)));
    let first = fused.next();
    for (simd, bits) in fused {
        assert!(first.as_ref().is_some_and(|(_, first)| *first == bits), "{simd}: other bits of {function}");
    }
    values.into_iter().map(of).collect()
}

/// The distance from the exact value, in units of the last place of `scale`.
fn error(found: f32, exact: f64, scale: f64) -> f64 {
    if found == exact as f32 {
        return 0.0;
    }
    let power_of_two = f32::from_bits((scale as f32).max(f32::MIN_POSITIVE).to_bits() & 0xff80_0000);
    (f64::from(found) - exact).abs() / (f64::from(power_of_two) * f64::from(f32::EPSILON))
}

fn assert_within_bounds(errors: &[Error]) {
    for Error { function, simd, largest, bound, at } in errors {
        assert!(largest <= bound, "{simd}: {function} of {at:e} is {largest} units in the last place off");
    }
}

#[test]
fn functions_are_within_their_bounds() {
    /// How far apart the numbers are, in their order as bits: a prime.
    const STEP: usize = 99_991;
    let finite = (0..=u32::MAX).step_by(STEP).map(f32::from_bits).filter(|x| x.is_finite());
    let ends = [0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::NAN];
    assert_within_bounds(&errors(&ends.into_iter().chain(finite).collect::<Vec<_>>()));
}

/// Prints the largest errors. Ten minutes on two cores, in release.
#[test]
#[ignore = "goes through all numbers"]
fn functions_are_within_their_bounds_everywhere() {
    const BLOCK: u32 = 1 << 16;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let largest = |thread: usize| {
        let mut largest: Vec<Error> = errors(&[0.0]);
        for block in (0..=u32::MAX / BLOCK).skip(thread).step_by(threads) {
            let numbers = (0..BLOCK).map(|number| f32::from_bits(block * BLOCK + number));
            let errors = errors(&numbers.filter(|x| x.is_finite()).collect::<Vec<_>>());
            for (largest, error) in largest.iter_mut().zip(errors) {
                if error.largest > largest.largest {
                    *largest = error;
                }
            }
        }
        largest
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || largest(thread))).collect();
        let all: Vec<Error> = threads.into_iter().flat_map(|thread| thread.join().expect("no thread panics")).collect();
        for Error { function, simd, largest, at, .. } in &all {
            println!("{function:<22} {simd:<10} {largest:.3} at {at:e}");
        }
        assert_within_bounds(&all);
    });
}

/// The softmax of some scores, with an instruction set.
#[derive(Clone)]
struct SoftmaxOf<'a>(&'a [f32]);

impl Operation for SoftmaxOf<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Vec<f32> {
        let mut scores = self.0.to_vec();
        SoftmaxInPlace { scores: &mut scores }.run(simd);
        scores
    }
}

/// The bound that `Softmax` states.
#[test]
fn softmax_is_within_its_bound() {
    let mut random = Random::new(6);
    for count in 1..=70usize {
        for range in [0.01, 1.0, 10.0, 80.0, 1e4, 1e30] {
            let scores: Vec<f32> = (0..count).map(|_| (range * (2.0 * random.uniform() - 1.0)) as f32).collect();
            let largest = scores.iter().copied().fold(f32::MIN, f32::max);
            let below = |score: f32| f64::from(score) - f64::from(largest);
            let sum: f64 = scores.iter().map(|&score| libm::exp(below(score))).sum();
            for (simd, values) in everywhere(&SoftmaxOf(&scores)) {
                for (&score, &value) in scores.iter().zip(&values) {
                    let exact = libm::exp(below(score)) / sum;
                    let units = below(score).abs() / 2.0 + count as f64 + 3.0;
                    let bound = units * f64::from(f32::EPSILON) * exact + f64::from(f32::MIN_POSITIVE);
                    let error = (f64::from(value) - exact).abs();
                    assert!(error <= bound, "{simd}: {value} of {scores:?} is {error:e} off, more than {bound:e}");
                }
            }
        }
    }
}
