//! Rectifiers whose slope is learned.

use core::marker::PhantomData;

use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::image::Channels;
use crate::kernels::{Simd, sum_of};
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Role, Roles};

/// `x` above 0, `a·x` elsewhere, where the slope a is learned: one for all channels of a sample `A` (`P` is `[S; 1]`)
/// or one per channel (`P` is `[S; C]`).
///
/// Backward, `dx` is g where x is above 0 and `a·g` elsewhere; `da = Σ g·x` over all x that aren't above 0. Slopes
/// start at 0.25. 1 or `C` weights; one multiply-accumulate per element of `A`.
///
/// Declared as `PRelu` or `PRelu(slopes = each)`. He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015.
///
/// ```
/// use fnn::{Network, layers::PRelu};
///
/// let prelu = PRelu::<[f32; 2], [f32; 2]>::new([0.5, 0.1]);
/// assert_eq!(prelu.forward(&[-1.0, 3.0]), [-0.5, 3.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct PRelu<A, P> {
    /// The slopes below 0.
    pub weight: P,
    sample: PhantomData<A>,
}

impl<A, P> PRelu<A, P> {
    /// A layer with these slopes.
    #[must_use]
    pub const fn new(weight: P) -> Self {
        Self { weight, sample: PhantomData }
    }
}

// SAFETY: `repr(C)`, and the field that is not zero-sized is an array of scalars.
unsafe impl<S, A, P> Parameters for PRelu<A, P>
where
    S: Scalar,
    A: Channels<Element = S>,
    P: Sample<Element = S> + Parameters<Scalar = S>,
{
    type Scalar = S;

    const LAYOUT: Layout = Layout::Fields(const { &[Field::new("weight", P::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        visitor(Role::Vector, start..start + Self::PARAMETERS);
    }
}

/// How many numbers share a slope, for samples `A` and slopes `P`.
pub(crate) const fn slope_of<A: Channels, P: Sample>() -> usize {
    assert!(P::LENGTH == 1 || P::LENGTH == A::CHANNELS, "there is one slope, or one for each channel");
    A::LENGTH / P::LENGTH
}

impl<S, A, P> Layer for PRelu<A, P>
where
    S: Scalar,
    A: Channels<Element = S>,
    P: Sample<Element = S> + Parameters<Scalar = S>,
{
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "PRelu";
    const MACS: u64 = A::LENGTH as u64;
    const GRAPH: Node =
        Node::layer::<Self>(const { &[Attribute::word("slopes", if P::LENGTH == 1 { "one" } else { "each" })] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        let part = const { slope_of::<A, P>() };
        let samples = A::flat(inputs).blocks(A::LENGTH).zip(A::flat_mut(outputs).blocks_mut(A::LENGTH));
        for (x, y) in samples {
            let parts = x.blocks(part).zip(y.blocks_mut(part));
            for ((x, y), &slope) in parts.zip(self.weight.parameters()) {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = if x > S::ZERO { x } else { slope * x };
                }
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
        let part = const { slope_of::<A, P>() };
        let samples = || A::flat(recorded.inputs).blocks(A::LENGTH);
        for (x, g) in samples().zip(A::flat(output_gradients).blocks(A::LENGTH)) {
            let parts = x.blocks(part).zip(g.blocks(part));
            for ((x, g), da) in parts.zip(gradient.weight.parameters_mut()) {
                *da += sum_of(x, g, |x, g| if x > S::ZERO { S::ZERO } else { x * g });
            }
        }
        let Some(dx) = input_gradients else { return };
        let gradients = A::flat(output_gradients).blocks(A::LENGTH);
        for ((x, g), dx) in samples().zip(gradients).zip(A::flat_mut(dx).blocks_mut(A::LENGTH)) {
            let parts = x.blocks(part).zip(g.blocks(part)).zip(dx.blocks_mut(part));
            for (((x, g), dx), &slope) in parts.zip(self.weight.parameters()) {
                for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(g) {
                    *dx = if x > S::ZERO { g } else { slope * g };
                }
            }
        }
    }

    fn initialize(&mut self, _: Initializer, _: &mut Random) {
        self.weight.parameters_mut().fill(S::from_f64(0.25));
    }
}
