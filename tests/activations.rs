//! Every activation at the smallest and largest numbers: values and slopes are finite, and equal the limits.

#[path = "support/pass.rs"]
mod pass;

use fnn::Scalar;
use fnn::layers::Activation;
use fnn::layers::Sample;
use fnn::layers::activation::{
    Elu, Function, Gelu, GeluTanh, HardShrink, HardSigmoid, HardSwish, LeakyRelu, Mish, Relu, Relu6, Selu, Sigmoid,
    Silu, SoftShrink, Softplus, Softsign, Tanh, Threshold,
};
use pass::{Passes, passes, portable_passes};

/// The limits of an activation near 0 and far from it, for positive and for negative x: (value, slope).
struct Limits {
    near: [fn(f64) -> (f64, f64); 2],
    far: [fn(f64) -> (f64, f64); 2],
}

/// The points: enough for whole vectors and a tail.
const POINTS: usize = 20;

/// ±1e-30, and ±1e4 up to the largest number.
fn points<S: Scalar>() -> [S; POINTS] {
    let sizes = [1e-30, 1e-20, 1e4, 1e10, 1e18, 1e20, 1e25, 1e30, 1e38, S::MAX.to_f64()];
    core::array::from_fn(|index| S::from_f64(if index % 2 == 0 { sizes[index / 2] } else { -sizes[index / 2] }))
}

fn check<F: Function, S: Scalar>(limits: &Limits)
where
    [S; POINTS]: Sample<Element = S>,
{
    let layer = Activation::<F, [S; POINTS]>::new();
    let x = points::<S>();
    for run in [passes, portable_passes] {
        let Passes { outputs, input_gradients, .. } = run(&layer, &[x], &[[S::ONE; POINTS]]);
        for ((x, y), slope) in x.into_iter().zip(outputs[0]).zip(input_gradients[0]) {
            let ends = if x.to_f64().abs() < 1.0 { limits.near } else { limits.far };
            let (value, derivative) = ends[usize::from(x < S::ZERO)](x.to_f64());
            let name = F::KIND;
            // SELU at the largest number overflows in any arithmetic.
            let value = S::from_f64(value).to_f64();
            let bound = 8.0 * S::EPSILON.to_f64() * value.abs();
            let off = if y.to_f64() == value { 0.0 } else { (y.to_f64() - value).abs() };
            assert!(off <= bound, "{name}({x}) is {y}, and not {value}");
            let off = (slope.to_f64() - derivative).abs();
            assert!(off <= 4.0 * S::EPSILON.to_f64(), "the slope of {name} at {x} is {slope}, and not {derivative}");
        }
    }
}

macro_rules! limits {
    ($($name:ident: $function:ty, [$x:ident] near $above_near:expr, $below_near:expr; far $above:expr, $below:expr;)*) => {$(
        #[test]
        #[allow(unused_variables)]
        fn $name() {
            let limits = Limits {
                near: [|$x| $above_near, |$x| $below_near],
                far: [|$x| $above, |$x| $below],
            };
            check::<$function, f32>(&limits);
            check::<$function, f64>(&limits);
        }
    )*};
}

const SCALE: f64 = 1.050_700_987_355_480_5;
const ALPHA: f64 = 1.673_263_242_354_377_3;

limits! {
    relu: Relu, [x] near (x, 1.0), (0.0, 0.0); far (x, 1.0), (0.0, 0.0);
    leaky_relu: LeakyRelu<{ f64::to_bits(0.25) }>, [x]
        near (x, 1.0), (x / 4.0, 0.25);
        far (x, 1.0), (x / 4.0, 0.25);
    elu: Elu<{ f64::to_bits(0.5) }>, [x] near (x, 1.0), (x / 2.0, 0.5); far (x, 1.0), (-0.5, 0.0);
    selu: Selu, [x]
        near (SCALE * x, SCALE), (SCALE * ALPHA * x, SCALE * ALPHA);
        far (SCALE * x, SCALE), (-SCALE * ALPHA, 0.0);
    gelu: Gelu, [x] near (x / 2.0, 0.5), (x / 2.0, 0.5); far (x, 1.0), (0.0, 0.0);
    gelu_tanh: GeluTanh, [x] near (x / 2.0, 0.5), (x / 2.0, 0.5); far (x, 1.0), (0.0, 0.0);
    silu: Silu, [x] near (x / 2.0, 0.5), (x / 2.0, 0.5); far (x, 1.0), (0.0, 0.0);
    sigmoid: Sigmoid, [x] near (0.5, 0.25), (0.5, 0.25); far (1.0, 0.0), (0.0, 0.0);
    tanh: Tanh, [x] near (x, 1.0), (x, 1.0); far (1.0, 0.0), (-1.0, 0.0);
    softsign: Softsign, [x]
        near (x, 1.0), (x, 1.0);
        far (x / (1.0 + x), (1.0 / (1.0 + x)).powi(2)), (x / (1.0 - x), (1.0 / (1.0 - x)).powi(2));
    softplus: Softplus, [x]
        near (core::f64::consts::LN_2, 0.5), (core::f64::consts::LN_2, 0.5);
        far (x, 1.0), (0.0, 0.0);
    softplus_of_a_large_beta: Softplus<{ f64::to_bits(8.0) }>, [x]
        near (core::f64::consts::LN_2 / 8.0, 0.5), (core::f64::consts::LN_2 / 8.0, 0.5);
        far (x, 1.0), (0.0, 0.0);
    relu6: Relu6, [x] near (x, 1.0), (0.0, 0.0); far (6.0, 0.0), (0.0, 0.0);
    hard_sigmoid: HardSigmoid, [x]
        near (0.5, 1.0 / 6.0), (0.5, 1.0 / 6.0);
        far (1.0, 0.0), (0.0, 0.0);
    hard_swish: HardSwish, [x] near (x / 2.0, 0.5), (x / 2.0, 0.5); far (x, 1.0), (0.0, 0.0);
    // tanh(ln 2) = 3/5
    mish: Mish, [x] near (0.6 * x, 0.6), (0.6 * x, 0.6); far (x, 1.0), (0.0, 0.0);
    threshold: Threshold<{ f64::to_bits(1.0) }, { f64::to_bits(2.0) }>, [x]
        near (2.0, 0.0), (2.0, 0.0);
        far (x, 1.0), (2.0, 0.0);
    hard_shrink: HardShrink, [x] near (0.0, 0.0), (0.0, 0.0); far (x, 1.0), (x, 1.0);
    soft_shrink: SoftShrink, [x] near (0.0, 0.0), (0.0, 0.0); far (x - 0.5, 1.0), (x + 0.5, 1.0);
}
