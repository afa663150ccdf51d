//! Skip connections that change the shape.

use crate::graph::Node;
use crate::kernels::{Simd, add_assign, copy};
use crate::layer::{Gradient, Layer, Pass, Recorded, largest};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::{Sample, first, first_mut};
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Roles};

/// A block of layers whose shortcut has layers too: `y = p(x) + f(x)`.
///
/// A [`Residual`](super::Residual) for blocks that change the shape, or whose shortcut is learned.
/// Both must end in the same shape, or it is a compile error. `dx = f′ᵀ·g + p′ᵀ·g`. Weights and
/// multiply-accumulates are those of both.
///
/// Declared as `Residual { { f … }, { p … } }`; the weights of f are named `inside.…`, those of p
/// `projection.…`. He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016.
///
/// ```
/// use fnn::{Network, layers::{Dense, ProjectedResidual}};
///
/// let inside = Dense { weight: [[1.0, 2.0]], bias: [0.0, 0.0] };
/// let projection = Dense { weight: [[10.0, -10.0]], bias: [0.0, 0.0] };
/// let block: ProjectedResidual<Dense<1, 2>, Dense<1, 2>> = ProjectedResidual { inside, projection };
/// assert_eq!(block.forward(&[3.0]), [33.0, -24.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct ProjectedResidual<L, P> {
    /// The layers that the shortcut skips.
    pub inside: L,
    /// The layers of the shortcut.
    pub projection: P,
}

// SAFETY: `repr(C)`, and both fields have the layout of arrays of the same scalar.
unsafe impl<L: Parameters, P: Parameters<Scalar = L::Scalar>> Parameters for ProjectedResidual<L, P> {
    type Scalar = L::Scalar;

    const LAYOUT: Layout =
        Layout::Fields(const { &[Field::new("inside", L::LAYOUT), Field::new("projection", P::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        L::roles(start, visitor);
        P::roles(start + L::PARAMETERS, visitor);
    }

    fn absorb(&mut self, gradient: &Self) {
        self.inside.absorb(&gradient.inside);
        self.projection.absorb(&gradient.projection);
    }
}

impl<S, L, P> Layer for ProjectedResidual<L, P>
where
    S: Scalar,
    L: Layer<Scalar = S, Input: Sample<Element = S>>,
    P: Layer<Scalar = S, Input = L::Input, Output = L::Output>,
{
    type Input = L::Input;
    type Output = L::Output;
    /// The tapes of both, and their outputs, which the sum doesn't keep.
    type Tape<const B: usize> = ((L::Tape<B>, [L::Output; B]), (P::Tape<B>, [L::Output; B]));
    /// The scratch of both; the projection's output, later its output gradient; and its input gradient.
    type Workspace<const B: usize> = ((L::Workspace<B>, P::Workspace<B>), ([L::Output; B], [L::Input; B]));

    const KIND: &'static str = "Residual";
    const MACS: u64 = L::MACS + P::MACS;
    const SMALLEST_BATCH: usize = largest(&[L::SMALLEST_BATCH, P::SMALLEST_BATCH]);
    const GRAPH: Node = Node::sum::<Self>(const { &[L::GRAPH.named("inside"), P::GRAPH.named("projection")] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[L::Input],
        outputs: &mut [L::Output],
        ((inside, projection), (around, _)): &mut Self::Workspace<B>,
    ) {
        let around = first_mut(around, inputs.len());
        self.inside.forward_batch(simd, inputs, outputs, inside);
        self.projection.forward_batch(simd, inputs, around, projection);
        add_assign(simd, Sample::flat(around), Sample::flat_mut(outputs));
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[L::Input],
        outputs: &mut [L::Output],
        ((inside_tape, through), (projection_tape, around)): &mut Self::Tape<B>,
        ((inside, projection), _): &mut Self::Workspace<B>,
    ) {
        let (through, around) = (first_mut(through, inputs.len()), first_mut(around, inputs.len()));
        self.inside.forward_train(pass.inside(0), inputs, through, inside_tape, inside);
        self.projection.forward_train(pass.inside(1), inputs, around, projection_tape, projection);
        copy(around, outputs);
        add_assign(pass.simd, Sample::flat(through), Sample::flat_mut(outputs));
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [L::Output],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [L::Input]>,
        ((inside, projection), (by_around, other)): &mut Self::Workspace<B>,
    ) {
        let (inputs, ((inside_tape, through), (projection_tape, around))) = (recorded.inputs, recorded.tape);
        let by_around = first_mut(by_around, inputs.len());
        copy(output_gradients, by_around);
        let of_inside = Recorded { inputs, outputs: first(through, inputs.len()), tape: inside_tape };
        let of_projection = Recorded { inputs, outputs: first(around, inputs.len()), tape: projection_tape };
        let (mut dx, other) = (input_gradients, first_mut(other, inputs.len()));
        let wanted = dx.is_some().then_some(&mut *other);
        let by_inside = dx.as_deref_mut();
        let Gradient { weights, start } = gradient;
        let gradient = Gradient::new(&mut weights.inside, start);
        self.inside.backward(pass.inside(0), of_inside, output_gradients, gradient, by_inside, inside);
        let gradient = Gradient::new(&mut weights.projection, start);
        self.projection.backward(pass.inside(1), of_projection, by_around, gradient, wanted, projection);
        if let Some(dx) = dx {
            add_assign(pass.simd, Sample::flat(other), Sample::flat_mut(dx));
        }
    }

    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        self.inside.initialize(initializer, random);
        self.projection.initialize(initializer, random);
    }
}
