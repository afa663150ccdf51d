//! Simulated rounding of activations.

use crate::chunks::Chunks;
use crate::graph::Node;
use crate::kernels::{Simd, lanes, read, splat, write};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Role, Roles};

/// Rounds every number to one that an 8-bit integer represents: *fake quantization*.
///
/// `y = scale · (clamp(round(x / scale) + z, −128, 127) − z)`, where scale and zero point z are those of the range (see
/// [`Quantization`](super::super::Quantization)), which isn't trained. Backward, `dx = g` within the range and 0
/// outside it: the straight-through estimator, as if rounding did nothing. Bengio, Léonard and Courville, "Estimating
/// or propagating gradients through stochastic neurons for conditional computation", 2013; Jacob and others, CVPR 2018,
/// section 3.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct FakeQuantize<A: Sample> {
    /// The ends of the range.
    pub range: [A::Element; 2],
}

// SAFETY: `repr(transparent)` over an array of scalars.
unsafe impl<S: Scalar, A: Sample<Element = S>> Parameters for FakeQuantize<A> {
    type Scalar = S;

    const LAYOUT: Layout = Layout::Fields(const { &[Field::new("range", <[S; 2]>::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        visitor(Role::RunningStatistics, start..start + 2);
    }
}

/// The steps of a range: how large they are, and how many there are to its ends.
pub(super) struct Steps<S> {
    pub(super) scale: S,
    pub(super) first: S,
    pub(super) last: S,
}

impl<S: Scalar> Steps<S> {
    /// The same as [`Quantization::of_range`](super::super::Quantization::of_range).
    fn of_range([low, high]: [S; 2]) -> Self {
        let (low, high) = (-Real::max(-low, S::ZERO), Real::max(high, S::ZERO));
        let scale = Real::max((high - low) / S::from_f64(255.0), S::from_f64(1e-30));
        let zero_point = if -low < high {
            round(S::from_f64(-128.0) - low / scale, large())
        } else {
            round(S::from_f64(127.0) - high / scale, large())
        };
        Self { scale, first: S::from_f64(-128.0) - zero_point, last: S::from_f64(127.0) - zero_point }
    }

    /// The first and the last number of the range.
    fn round_all<V: Simd>(&self, simd: V, from: &[S], to: &mut [S]) {
        let lanes = lanes::<V, S>();
        let [scale, inverse] = [self.scale, S::ONE / self.scale].map(|value| splat::<V, S>(simd, value));
        let [first, last] = [self.first, -self.last].map(|value| splat::<V, S>(simd, value));
        let large = splat::<V, S>(simd, large());
        for (y, x) in to.parts_mut(lanes).zip(from.parts(lanes)) {
            let steps = (read::<V, S>(simd, x) * inverse).max(first);
            write(simd, round(-(-steps).max(last), large) * scale, y);
        }
    }
}

/// The nearest whole number, if x is below 2²²; halves go to even ones. `large` is `1.5 / ε`: adding it
/// leaves no bits for a fraction.
#[inline(always)]
pub(super) fn round<R: Real>(x: R, large: R) -> R {
    (x + large) - large
}

/// `1.5 / ε`.
#[inline(always)]
pub(super) fn large<S: Scalar>() -> S {
    S::from_f64(1.5) / S::EPSILON
}

impl<S: Scalar, A: Sample<Element = S>> Layer for FakeQuantize<A> {
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "FakeQuantize";
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(&[]);

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        Steps::of_range(self.range).round_all(simd, A::flat(inputs), A::flat_mut(outputs));
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
        // The range isn't trained.
        gradient.accumulator();
        let Some(dx) = input_gradients else { return };
        let Steps { scale, first, last } = Steps::of_range(self.range);
        let (low, high) = (scale * first, scale * last);
        let recorded = A::flat(recorded.inputs).iter().zip(A::flat(output_gradients));
        for (dx, (&x, &g)) in A::flat_mut(dx).iter_mut().zip(recorded) {
            *dx = if x >= low && x <= high { g } else { S::ZERO };
        }
    }
}
