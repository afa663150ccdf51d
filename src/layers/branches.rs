//! What blocks of two branches have in common: their weights, and how both are trained.

use crate::kernels::Simd;
use crate::layer::{Gradient, InvalidInput, Layer, Onto, Pass, Recorded};
use crate::memory::{Larger, workspace};
use crate::scalar::Scalar;
use crate::shape::{self, Sample};

/// The weights of a block: those of its fields `first` and `second`. Other fields have none, and a type of their own.
macro_rules! weights_of_branches {
    ($block:ident<F, G $(, $shape:ident)?>) => {
        // SAFETY: `repr(C)`, and both fields that are not zero-sized have the layout of arrays of the same scalar.
        unsafe impl<F: Parameters, G: Parameters<Scalar = F::Scalar> $(, $shape: Sample)?> Parameters
            for $block<F, G $(, $shape)?>
        {
            type Scalar = F::Scalar;

            const LAYOUT: Layout =
                Layout::Fields(const { &[Field::new("first", F::LAYOUT), Field::new("second", G::LAYOUT)] });

            fn roles(start: usize, visitor: &mut impl Roles) {
                F::roles(start, visitor);
                G::roles(start + F::PARAMETERS, visitor);
            }

            fn absorb(&mut self, gradient: &Self) {
                self.first.absorb(&gradient.first);
                self.second.absorb(&gradient.second);
            }
        }
    };
}
pub(super) use weights_of_branches;

/// Checks a sample, which both branches take.
pub(super) fn check_input<F: Layer, G: Layer<Input = F::Input>>(input: &F::Input) -> Result<(), InvalidInput> {
    F::check_input(input)?;
    G::check_input(input)
}

/// What both branches save, with their outputs.
pub(super) type Tapes<F, G, const B: usize> =
    ((<F as Layer>::Tape<B>, [<F as Layer>::Output; B]), (<G as Layer>::Tape<B>, [<G as Layer>::Output; B]));

/// The scratch of one branch at a time.
pub(super) type Scratch<F, G, const B: usize> =
    Larger<<F as Layer>::TrainingWorkspace<B>, <G as Layer>::TrainingWorkspace<B>>;

/// The forward pass of training, of both branches. Returns their outputs.
#[inline(always)]
pub(super) fn forward_train<'t, V: Simd, F: Layer, G: Layer<Input = F::Input>, const B: usize>(
    (first, second): (&F, &G),
    pass: Pass<'_, V>,
    inputs: &[F::Input],
    ((first_tape, ys), (second_tape, zs)): &'t mut Tapes<F, G, B>,
    scratch: &mut Scratch<F, G, B>,
) -> (&'t [F::Output], &'t [G::Output]) {
    let (ys, zs) = (shape::first_mut(ys, inputs.len()), shape::first_mut(zs, inputs.len()));
    forward_train_to((first, second), pass, inputs, (&mut *ys, &mut *zs), (first_tape, second_tape), scratch);
    (ys, zs)
}

/// [`forward_train`], with outputs anywhere.
#[inline(always)]
pub(super) fn forward_train_to<V: Simd, F: Layer, G: Layer<Input = F::Input>, const B: usize>(
    (first, second): (&F, &G),
    pass: Pass<'_, V>,
    inputs: &[F::Input],
    (ys, zs): (&mut [F::Output], &mut [G::Output]),
    (first_tape, second_tape): (&mut F::Tape<B>, &mut G::Tape<B>),
    scratch: &mut Scratch<F, G, B>,
) {
    first.forward_train(pass.inside(0), inputs, ys, first_tape, workspace(scratch));
    second.forward_train(pass.inside(1), inputs, zs, second_tape, workspace(scratch));
}

/// The backward pass of both branches, from the gradients of their outputs. The sum of both gives the gradients of the inputs;
/// that of the second branch is in memory of its own.
#[inline(always)]
pub(super) fn backward<S, V, F, G, const B: usize>(
    (first, second): (&F, &G),
    pass: Pass<'_, V>,
    (inputs, ((first_tape, ys), (second_tape, zs))): (&[F::Input], &Tapes<F, G, B>),
    (dys, dzs): (&mut [F::Output], &mut [G::Output]),
    (first_gradient, second_gradient): (Gradient<'_, F>, Gradient<'_, G>),
    (mut input_gradients, second_dx): (Option<&mut [F::Input]>, &mut [F::Input; B]),
    scratch: &mut Scratch<F, G, B>,
) where
    S: Scalar,
    V: Simd,
    F: Layer<Scalar = S, Input: Sample<Element = S>>,
    G: Layer<Scalar = S, Input = F::Input>,
{
    let samples = inputs.len();
    let second_dx = shape::first_mut(second_dx, samples);
    let first_recorded = Recorded { inputs, outputs: shape::first(ys, samples), tape: first_tape };
    let second_recorded = Recorded { inputs, outputs: shape::first(zs, samples), tape: second_tape };
    let (first_pass, second_pass) = (pass.inside(0), pass.inside(1));
    // One call of each, not one for each case: both would be inlined, and double the code with every block around.
    let by_inputs = input_gradients.as_deref_mut();
    first.backward(first_pass, first_recorded, dys, first_gradient, by_inputs, workspace(scratch));
    let by_inputs = input_gradients.map(|sum| Onto { sum, spare: second_dx });
    second.backward_onto(second_pass, second_recorded, dzs, second_gradient, by_inputs, workspace(scratch));
}
