//! Root mean square layer normalization.

use core::marker::PhantomData;

use super::layer_norm::row;
use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::kernels::{Moments, Simd};
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Role, Roles};

/// Divides each sample, or each of its innermost parts, by its root mean square, then scales its elements by learned
/// weights.
///
/// `y = w·x̂` with `x̂ = x / √(Σx²/n + ε)` over the n numbers of each `P` in a sample `A`, which is `A` itself or an
/// array inside it. A [`LayerNorm`](super::LayerNorm) without means, at half the cost. Backward, with `h = w·g`:
/// `dx = (h − x̂·Σ(h·x̂)/n) / √(Σx²/n + ε)` and `dw = Σ g·x̂`, summed over the batch and over all `P` of a sample.
///
/// Declared as `RmsNorm` or `RmsNorm(epsilon = 1e-5, axes = 1)`; by default, ε is the machine epsilon of the
/// scalar. One weight per element of `P`; one multiply-accumulate per element of `A`. Zhang and
/// Sennrich, "Root mean square layer normalization", NeurIPS 2019.
///
/// ```
/// use fnn::{Network, layers::RmsNorm};
///
/// let norm = RmsNorm::<[f32; 2]>::new([1.0, 2.0]);
/// // The mean of 1² and 7² is 5².
/// let [first, second] = norm.forward(&[1.0, 7.0]);
/// assert!((first - 0.2).abs() < 1e-6 && (second - 2.8).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct RmsNorm<A, P = A, const EPSILON: u64 = 0> {
    /// The scale of each normalized number.
    pub weight: P,
    sample: PhantomData<A>,
}

impl<A, P, const EPSILON: u64> RmsNorm<A, P, EPSILON> {
    /// A layer with these scales.
    #[must_use]
    pub const fn new(weight: P) -> Self {
        Self { weight, sample: PhantomData }
    }

    /// ε, for a scalar of this many bytes.
    const fn value(bytes: usize) -> f64 {
        match (EPSILON, bytes) {
            (0, 4) => f32::EPSILON as f64,
            (0, _) => f64::EPSILON,
            (bits, _) => f64::from_bits(bits),
        }
    }

    /// ε
    #[inline(always)]
    fn epsilon<S: Scalar>() -> S {
        const {
            let used = f64::from_bits(EPSILON) as f32;
            let sound = EPSILON == 0 || size_of::<S>() > size_of::<f32>() || used > 0.0 && used < f32::INFINITY;
            assert!(sound, "epsilon must be above 0 in the layer's scalar");
        }
        if EPSILON == 0 { S::EPSILON } else { S::from_f64(f64::from_bits(EPSILON)) }
    }
}

// SAFETY: `repr(C)`, and the field that is not zero-sized is an array of scalars.
unsafe impl<S, A, P, const EPSILON: u64> Parameters for RmsNorm<A, P, EPSILON>
where
    S: Scalar,
    A: Sample<Element = S>,
    P: Sample<Element = S> + Parameters<Scalar = S>,
{
    type Scalar = S;

    const LAYOUT: Layout = Layout::Fields(const { &[Field::new("weight", P::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        visitor(Role::Vector, start..start + Self::PARAMETERS);
    }
}

impl<S, A, P, const EPSILON: u64> Layer for RmsNorm<A, P, EPSILON>
where
    S: Scalar,
    A: Sample<Element = S>,
    P: Sample<Element = S> + Parameters<Scalar = S>,
{
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "RmsNorm";
    const MACS: u64 = A::LENGTH as u64;
    const GRAPH: Node = Node::layer::<Self>(
        const { &[Attribute::number("epsilon", Self::value(size_of::<S>())), Attribute::count("axes", P::SHAPE.rank())] },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        let row = const { row::<A, P>() };
        for (x, y) in A::flat(inputs).blocks(row).zip(A::flat_mut(outputs).blocks_mut(row)) {
            let moments = Moments::around_zero(x, Self::epsilon());
            for ((y, &x), &weight) in y.iter_mut().zip(x).zip(self.weight.parameters()) {
                *y = moments.normalize(x) * weight;
            }
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [A],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        let gradient = gradient.accumulator();
        let row = const { row::<A, P>() };
        let mut dx = input_gradients.map(|dx| A::flat_mut(dx).blocks_mut(row));
        let rows = A::flat(recorded.inputs).blocks(row);
        for (x, g) in rows.zip(A::flat_mut(output_gradients).blocks_mut(row)) {
            let moments = Moments::around_zero(x, Self::epsilon());
            let weights = gradient.weight.parameters_mut().iter_mut().zip(self.weight.parameters());
            for ((g, &x), (dw, &weight)) in g.iter_mut().zip(x).zip(weights) {
                *dw += *g * moments.normalize(x);
                *g *= weight;
            }
            if let Some(dx) = dx.as_mut().and_then(Iterator::next) {
                moments.gradient(x, g, dx, true);
            }
        }
    }

    /// Scales of 1: only normalizes at first.
    fn initialize(&mut self, _: Initializer, _: &mut Random) {
        self.weight.parameters_mut().fill(S::ONE);
    }
}
