//! How far the functions of numbers and of vectors of `f32` are from `f64`'s, over all finite numbers.

use super::everywhere;
use crate::kernels::{Operation, Simd, lanes, read, write};
use crate::layers::activation::{Function, Gelu, GeluTanh, Silu};
use crate::real::Real;

/// A function of a number or of a vector, and of `f64`.
trait Known {
    /// Its name, how far vectors may be from it, and how far `libm` may, in units in the last place.
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

        #[derive(Clone)]
        struct All;
        impl Operation for All {
            type Output = ();

            #[inline(always)]
            fn run<V: Simd>(self, simd: V) {
                $(compare::<V, $name>(simd);)*
            }
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
    Softplus (3.5, 2.0) of VALUE; x: x.softplus(), x.max(0.0) + libm::log1p(libm::exp(-x.abs()));
    NormalDistribution (6.0, 200.0) of VALUE; x: x.normal_distribution(), normal_distribution(x);
    SiluOfWhole (2.0, 2.0) of WHOLE; x: Silu::value(x), x / (1.0 + libm::exp(-x));
    GeluOfWhole (2.0, 2.0) of WHOLE; x: Gelu::value(x), x * normal_distribution(x);
    GeluTanhOfWhole (2.0, 2.0) of WHOLE; x: GeluTanh::value(x), {
        let z = 0.797_884_560_802_865_4 * (x + 0.044_715 * x * x * x);
        x / (1.0 + libm::exp(-2.0 * z))
    };
}

fn normal_distribution(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
}

/// How far apart the numbers are that are tried, in their order as bits: a prime. All of them take minutes.
const STEP: usize = 99_991;

fn compare<V: Simd, K: Known>(simd: V) {
    let (name, vectors, libm) = K::BOUNDS;
    let bound = if lanes::<V, f32>() > 1 { vectors } else { libm };
    let finite = (0..=u32::MAX).step_by(STEP).map(f32::from_bits).filter(|x| x.is_finite());
    let x: Vec<f32> = [0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE].into_iter().chain(finite).collect();
    let mut y = vec![0.0; x.len()];
    for (x, y) in x.chunks(lanes::<V, f32>()).zip(y.chunks_mut(lanes::<V, f32>())) {
        write(simd, K::found(read(simd, x)), y);
    }
    for (&x, &y) in x.iter().zip(&y) {
        let exact = K::exact(f64::from(x));
        let error = error(y, exact, K::scale(f64::from(x), exact));
        assert!(error <= bound, "{simd:?}: {name} of {x:e} is {y:e}, {error} units in the last place off");
    }
    let nan = K::found(read(simd, &[f32::NAN; 16]));
    let mut y = [0.0f32; 16];
    write(simd, nan, &mut y[..lanes::<V, f32>()]);
    assert!(y[..lanes::<V, f32>()].iter().all(|y| y.is_nan()), "{simd:?}: {name} of NaN is {y:?}");
}

/// The distance from the exact value, in units of the last place of `scale`.
fn error(found: f32, exact: f64, scale: f64) -> f64 {
    if found == exact as f32 {
        return 0.0;
    }
    let power_of_two = f32::from_bits((scale as f32).max(f32::MIN_POSITIVE).to_bits() & 0xff80_0000);
    (f64::from(found) - exact).abs() / (f64::from(power_of_two) * f64::from(f32::EPSILON))
}

#[test]
fn functions_are_within_their_bounds() {
    everywhere(&All);
}
