//! Branches side by side.

use core::marker::PhantomData;

use crate::image::Channels;
use crate::kernels::{Simd, add_assign, copy};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded, Row, largest};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::{Sample, first, first_mut};
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Roles};

/// Two branches that see the same, and the channels of the first followed by those of the second: `y = [f(x), g(x)]`.
///
/// Both outputs are alike but for the number of their channels, which is their outermost size; `O` has the channels of
/// both. Weights and multiply-accumulates are those of the branches. Backward, each branch gets its part of the gradient, and what comes out of them is added.
///
/// Declared as `Concat { { … }, { … } }`, with two or more branches, the later ones being a `Concat` themselves; the
/// weights of the first are named `first.…`, those of the next `second.first.…`, and so on. Szegedy and others, "Going
/// deeper with convolutions", CVPR 2015; Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional
/// networks", CVPR 2017.
///
/// ```
/// use fnn::{Network, layers::{Concat, Dense}};
///
/// let (first, second) = (Dense { weight: [[2.0]], bias: [0.0] }, Dense { weight: [[0.0, -1.0]], bias: [7.0, 0.0] });
/// let concat: Concat<Dense<1, 1>, Dense<1, 2>, [f32; 3]> = Concat::new(first, second);
/// assert_eq!(concat.forward(&[5.0]), [10.0, 7.0, -5.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Concat<F, G, O> {
    /// The branch whose channels come first.
    pub first: F,
    /// The branch whose channels come second.
    pub second: G,
    output: PhantomData<O>,
}

impl<F, G, O> Concat<F, G, O> {
    /// These two branches.
    #[must_use]
    pub const fn new(first: F, second: G) -> Self {
        Self { first, second, output: PhantomData }
    }
}

// SAFETY: `repr(C)`, and both fields that are not of size 0 are arrays of the same scalar in all but name.
unsafe impl<F: Parameters, G: Parameters<Scalar = F::Scalar>, O: Sample> Parameters for Concat<F, G, O> {
    type Scalar = F::Scalar;

    const LAYOUT: Layout = Layout::Fields(const { &[Field::new("first", F::LAYOUT), Field::new("second", G::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        F::roles(start, visitor);
        G::roles(start + F::PARAMETERS, visitor);
    }

    fn absorb(&mut self, gradient: &Self) {
        self.first.absorb(&gradient.first);
        self.second.absorb(&gradient.second);
    }
}

impl<S, F, G, O> Concat<F, G, O>
where
    S: Scalar,
    F: Layer<Scalar = S, Output: Channels<Element = S>>,
    G: Layer<Scalar = S, Output: Channels<Element = S>>,
    O: Channels<Element = S>,
{
    const FITS: () = {
        let (first, second, both) = (F::Output::SHAPE, G::Output::SHAPE, O::SHAPE);
        assert!(first.rank() == second.rank() && first.rank() == both.rank(), "branches are alike");
        assert!(first.size(0) + second.size(0) == both.size(0), "the channels of both branches come out");
        let mut axis = 1;
        while axis < both.rank() {
            assert!(first.size(axis) == both.size(axis) && second.size(axis) == both.size(axis), "branches are alike");
            axis += 1;
        }
    };

    /// Both branches' outputs into one.
    #[inline(always)]
    fn join(first: &[F::Output], second: &[G::Output], outputs: &mut [O]) {
        const { Self::FITS }
        for ((y, first), second) in outputs.iter_mut().zip(first).zip(second) {
            let (to_first, to_second) = Self::parts(y);
            copy(Sample::flat(core::slice::from_ref(first)), to_first);
            copy(Sample::flat(core::slice::from_ref(second)), to_second);
        }
    }

    /// The part of an output that is the first branch's, and the second's.
    #[inline(always)]
    fn parts(output: &mut O) -> (&mut [S], &mut [S]) {
        let all = O::flat_mut(core::slice::from_mut(output));
        let (first, second) = all.split_at_mut(F::Output::LENGTH.min(O::LENGTH));
        (first, second)
    }
}

impl<S, F, G, O> Layer for Concat<F, G, O>
where
    S: Scalar,
    F: Layer<Scalar = S, Output: Channels<Element = S>, Input: Sample<Element = S>>,
    G: Layer<Scalar = S, Output: Channels<Element = S>, Input = F::Input>,
    O: Channels<Element = S>,
{
    type Input = F::Input;
    type Output = O;
    /// What the branches remember, and their outputs.
    type Tape<const B: usize> = ((F::Tape<B>, [F::Output; B]), (G::Tape<B>, [G::Output; B]));
    /// The branches' scratch; their outputs, and then their gradients; and the second's gradient by what goes in.
    type Workspace<const B: usize> =
        ((F::Workspace<B>, [F::Output; B]), ((G::Workspace<B>, [G::Output; B]), [F::Input; B]));

    const KIND: &'static str = "Concat";
    const MACS: u64 = F::MACS + G::MACS;
    const SMALLEST_BATCH: usize = largest(&[F::SMALLEST_BATCH, G::SMALLEST_BATCH]);
    const OUTPUTS: OutputKind = F::OUTPUTS.beside(G::OUTPUTS);

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[F::Input],
        outputs: &mut [O],
        ((first_workspace, first), ((second_workspace, second), _)): &mut Self::Workspace<B>,
    ) {
        let (first, second) = (first_mut(first, inputs.len()), first_mut(second, inputs.len()));
        self.first.forward_batch(simd, inputs, first, first_workspace);
        self.second.forward_batch(simd, inputs, second, second_workspace);
        Self::join(first, second, outputs);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[F::Input],
        outputs: &mut [O],
        ((first_tape, first), (second_tape, second)): &mut Self::Tape<B>,
        ((first_workspace, _), ((second_workspace, _), _)): &mut Self::Workspace<B>,
    ) {
        let (first, second) = (first_mut(first, inputs.len()), first_mut(second, inputs.len()));
        self.first.forward_train(pass.inside(0), inputs, first, first_tape, first_workspace);
        self.second.forward_train(pass.inside(1), inputs, second, second_tape, second_workspace);
        Self::join(first, second, outputs);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [O],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [F::Input]>,
        ((first_workspace, by_first), ((second_workspace, by_second), other)): &mut Self::Workspace<B>,
    ) {
        let (inputs, ((first_tape, first_outputs), (second_tape, second_outputs))) = (recorded.inputs, recorded.tape);
        let samples = inputs.len();
        let (by_first, by_second) = (first_mut(by_first, samples), first_mut(by_second, samples));
        for ((g, first), second) in output_gradients.iter_mut().zip(by_first.iter_mut()).zip(by_second.iter_mut()) {
            let (of_first, of_second) = Self::parts(g);
            copy(of_first, Sample::flat_mut(core::slice::from_mut(first)));
            copy(of_second, Sample::flat_mut(core::slice::from_mut(second)));
        }
        let first_recorded = Recorded { inputs, outputs: first(first_outputs, samples), tape: first_tape };
        let second_recorded = Recorded { inputs, outputs: first(second_outputs, samples), tape: second_tape };
        let (first_pass, second_pass) = (pass.inside(0), pass.inside(1));
        let Gradient { weights, start } = gradient;
        let first_gradient = Gradient::new(&mut weights.first, start);
        let second_gradient = Gradient::new(&mut weights.second, start);
        match input_gradients {
            None => {
                self.first.backward(first_pass, first_recorded, by_first, first_gradient, None, first_workspace);
                self.second.backward(second_pass, second_recorded, by_second, second_gradient, None, second_workspace);
            }
            Some(dx) => {
                let other = first_mut(other, samples);
                let (one, two) = (Some(&mut *dx), Some(&mut *other));
                self.first.backward(first_pass, first_recorded, by_first, first_gradient, one, first_workspace);
                self.second.backward(second_pass, second_recorded, by_second, second_gradient, two, second_workspace);
                add_assign(pass.simd, Sample::flat(other), Sample::flat_mut(dx));
            }
        }
    }

    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        self.first.initialize(initializer, random);
        self.second.initialize(initializer, random);
    }

    fn describe(name: &'static str, depth: usize, visitor: &mut dyn FnMut(Row)) {
        visitor(Row::of::<Self>(name, depth));
        F::describe("first", depth + 1, visitor);
        G::describe("second", depth + 1, visitor);
    }
}
