//! Layer normalization.

use core::marker::PhantomData;

use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::kernels::{Moments, Simd};
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::setting::epsilon;
use crate::shape::Sample;
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Role, Roles};

/// Normalizes each sample, or each of its innermost parts, to mean 0 and variance 1, then scales and shifts its
/// elements by learned weights.
///
/// `y = w·x̂ + b` with `x̂ = (x − μ) / √(σ² + ε)`, where μ and σ² are the mean and the variance of the n numbers that
/// are normalized together: those of each `P` in a sample `A`, where `P` is `A` itself or an array inside it. Samples
/// don't depend on one another. Backward, with `h = w·g`: `dx = (h − Σh/n − x̂·Σ(h·x̂)/n) / √(σ² + ε)`, `dw = Σ g·x̂`
/// and `db = Σ g`, both summed over the batch and over all `P` of a sample.
///
/// Declared as `LayerNorm` or `LayerNorm(epsilon = 1e-5, axes = 1)`: `axes` is how many of the shape's sizes, from the
/// last one, are normalized together; all by default. Two weights per element of `P`; one multiply-accumulate per
/// element of `A`. Ba, Kiros and Hinton, "Layer normalization", 2016.
///
/// ```
/// use fnn::{Network, layers::LayerNorm};
///
/// let norm = LayerNorm::<[f32; 2]>::new([1.0, 1.0], [0.0, 10.0]);
/// let [first, second] = norm.forward(&[3.0, 7.0]);
/// assert!((first + 1.0).abs() < 1e-5 && (second - 11.0).abs() < 1e-5);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct LayerNorm<A, P = A, const EPSILON: u64 = { f64::to_bits(1e-5) }> {
    /// The scale of each normalized number.
    pub weight: P,
    /// The shift of each normalized number.
    pub bias: P,
    sample: PhantomData<A>,
}

impl<A, P, const EPSILON: u64> LayerNorm<A, P, EPSILON> {
    /// A layer with these scales and shifts.
    #[must_use]
    pub const fn new(weight: P, bias: P) -> Self {
        Self { weight, bias, sample: PhantomData }
    }
}

// SAFETY: `repr(C)`, and both fields that are not zero-sized are arrays of scalars.
unsafe impl<S, A, P, const EPSILON: u64> Parameters for LayerNorm<A, P, EPSILON>
where
    S: Scalar,
    A: Sample<Element = S>,
    P: Sample<Element = S> + Parameters<Scalar = S>,
{
    type Scalar = S;

    const LAYOUT: Layout = Layout::Fields(const { &[Field::new("weight", P::LAYOUT), Field::new("bias", P::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        visitor(Role::Vector, start..start + Self::PARAMETERS);
    }
}

/// How many numbers are normalized together: those of the innermost part `P` of a sample `A`.
pub(super) const fn row<A: Sample, P: Sample>() -> usize {
    let (whole, part) = (A::SHAPE, P::SHAPE);
    assert!(P::LENGTH > 0 && part.rank() <= whole.rank(), "the normalized part is no larger than the sample");
    let mut axis = 0;
    while axis < part.rank() {
        let same = part.size(axis) == whole.size(axis + whole.rank() - part.rank());
        assert!(same, "the normalized part has the innermost sizes of the sample");
        axis += 1;
    }
    P::LENGTH
}

impl<S, A, P, const EPSILON: u64> Layer for LayerNorm<A, P, EPSILON>
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

    const KIND: &'static str = "LayerNorm";
    const MACS: u64 = A::LENGTH as u64;
    const GRAPH: Node = Node::layer::<Self>(
        const { &[Attribute::bits("epsilon", EPSILON), Attribute::count("axes", P::SHAPE.rank())] },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        let row = const { row::<A, P>() };
        let epsilon = epsilon::<S, EPSILON>();
        for (x, y) in A::flat(inputs).blocks(row).zip(A::flat_mut(outputs).blocks_mut(row)) {
            let moments = Moments::of(x, epsilon);
            let affine = self.weight.parameters().iter().zip(self.bias.parameters());
            for ((y, &x), (&weight, &bias)) in y.iter_mut().zip(x).zip(affine) {
                *y = moments.normalize(x) * weight + bias;
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
        let epsilon = epsilon::<S, EPSILON>();
        let mut dx = input_gradients.map(|dx| A::flat_mut(dx).blocks_mut(row));
        let rows = A::flat(recorded.inputs).blocks(row);
        for (x, g) in rows.zip(A::flat_mut(output_gradients).blocks_mut(row)) {
            let moments = Moments::of(x, epsilon);
            let sums = gradient.weight.parameters_mut().iter_mut().zip(gradient.bias.parameters_mut());
            for (((g, &x), (dw, db)), &weight) in g.iter_mut().zip(x).zip(sums).zip(self.weight.parameters()) {
                *dw += *g * moments.normalize(x);
                *db += *g;
                *g *= weight;
            }
            if let Some(dx) = dx.as_mut().and_then(Iterator::next) {
                moments.gradient(x, g, dx, false);
            }
        }
    }

    /// Scales of 1 and shifts of 0: only normalizes at first.
    fn initialize(&mut self, _: Initializer, _: &mut Random) {
        self.weight.parameters_mut().fill(S::ONE);
    }
}
