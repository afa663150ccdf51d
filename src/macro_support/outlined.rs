//! Layers in separate functions: networks of many layers call these, while those of a few layers inline them.
//!
//! In a tiny network, inlining saves the calls. But compile time grows faster than a function's length, to a minute for
//! ten inlined layers. Layers of the same type share these functions.

use crate::channels_last::ChannelsLast;
use crate::descent::{self, Descend, Descent, Room};
use crate::kernels::{Simd, lanes, operation, outlined};
use crate::layer::{Deferral, Gradient, Layer, Onto, Pass, Recorded};
use crate::layers::{Activation, FromOutput};
use crate::optimizers::Optimizer;
use crate::rows::Rows;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::parameters::Parameters;

/// [`Layer::forward_batch`].
#[inline(always)]
pub fn forward_batch<L: Layer, V: Simd, const B: usize>(
    layer: &L,
    simd: V,
    inputs: &[L::Input],
    outputs: &mut [L::Output],
    workspace: &mut L::Workspace<B>,
) {
    outlined(simd, Forward { layer, inputs, outputs, workspace });
}

operation! {
    struct Forward<'a, L: Layer; B> {
        layer: &'a L,
        inputs: &'a [L::Input],
        outputs: &'a mut [L::Output],
        workspace: &'a mut L::Workspace<B>,
    }
    fn run(self, simd: V) {
        self.layer.forward_batch(simd, self.inputs, self.outputs, self.workspace);
    }
}

/// [`Layer::forward_formatted`].
#[inline(always)]
pub fn forward_formatted<L: Layer, V: Simd, const B: usize>(
    layer: &L,
    simd: V,
    inputs: &[L::Input],
    outputs: &mut [L::Output],
    format: ChannelsLast,
    workspace: &mut L::Workspace<B>,
) {
    // Only one of them is compiled.
    if const { L::FORMATS.are_first() || !has_vectors::<V, L::Scalar>() } {
        outlined(simd, Forward { layer, inputs, outputs, workspace });
    } else {
        outlined(simd, ForwardFormatted { layer, inputs, outputs, format, workspace });
    }
}

operation! {
    struct ForwardFormatted<'a, L: Layer; B> {
        layer: &'a L,
        inputs: &'a [L::Input],
        outputs: &'a mut [L::Output],
        format: ChannelsLast,
        workspace: &'a mut L::Workspace<B>,
    }
    fn run(self, simd: V) {
        self.layer.forward_formatted(simd, self.inputs, self.outputs, self.format, self.workspace);
    }
}

/// Whether batches may lie channels last: with vectors of several numbers, and fused multiply-adds, since norms are plain loops without.
#[must_use]
pub const fn has_vectors<V: Simd, S: Scalar>() -> bool {
    lanes::<V, S>() > 1 && V::FUSED
}

/// [`Layer::forward_train`].
#[inline(always)]
pub fn forward_train<L: Layer, V: Simd, const B: usize>(
    layer: &L,
    pass: Pass<'_, V>,
    inputs: &[L::Input],
    outputs: &mut [L::Output],
    tape: &mut L::Tape<B>,
    workspace: &mut L::TrainingWorkspace<B>,
) {
    outlined(pass.simd, ForwardTrain { layer, pass: pass.with(()), inputs, outputs, tape, workspace });
}

operation! {
    struct ForwardTrain<'a, L: Layer; B> {
        layer: &'a L,
        pass: Pass<'a, ()>,
        inputs: &'a [L::Input],
        outputs: &'a mut [L::Output],
        tape: &'a mut L::Tape<B>,
        workspace: &'a mut L::TrainingWorkspace<B>,
    }
    fn run(self, simd: V) {
        let Self { layer, pass, inputs, outputs, tape, workspace } = self;
        layer.forward_train(pass.with(simd), inputs, outputs, tape, workspace);
    }
}

/// [`Layer::forward_rows`].
#[inline(always)]
pub fn forward_rows<L: Layer, V: Simd, const B: usize>(
    layer: &L,
    pass: Pass<'_, V>,
    inputs: Rows<'_, L::Input>,
    outputs: &mut [L::Output],
    tape: &mut L::Tape<B>,
    workspace: &mut L::TrainingWorkspace<B>,
) {
    outlined(pass.simd, ForwardRows { layer, pass: pass.with(()), inputs, outputs, tape, workspace });
}

operation! {
    struct ForwardRows<'a, L: Layer; B> {
        layer: &'a L,
        pass: Pass<'a, ()>,
        inputs: Rows<'a, L::Input>,
        outputs: &'a mut [L::Output],
        tape: &'a mut L::Tape<B>,
        workspace: &'a mut L::TrainingWorkspace<B>,
    }
    fn run(self, simd: V) {
        let Self { layer, pass, inputs, outputs, tape, workspace } = self;
        layer.forward_rows(pass.with(simd), inputs, outputs, tape, workspace);
    }
}

/// [`Layer::backward`].
#[inline(always)]
pub fn backward<L: Layer, V: Simd, const B: usize>(
    layer: &L,
    pass: Pass<'_, V>,
    recorded: Recorded<'_, L, B>,
    output_gradients: &mut [L::Output],
    gradient: Gradient<'_, L>,
    input_gradients: Option<&mut [L::Input]>,
    workspace: &mut L::TrainingWorkspace<B>,
) {
    let simd = pass.simd;
    let pass = pass.with(());
    outlined(simd, Backward { layer, pass, recorded, output_gradients, gradient, input_gradients, workspace });
}

operation! {
    struct Backward<'a, L: Layer; B> {
        layer: &'a L,
        pass: Pass<'a, ()>,
        recorded: Recorded<'a, L, B>,
        output_gradients: &'a mut [L::Output],
        gradient: Gradient<'a, L>,
        input_gradients: Option<&'a mut [L::Input]>,
        workspace: &'a mut L::TrainingWorkspace<B>,
    }
    fn run(self, simd: V) {
        let Self { layer, pass, recorded, output_gradients, gradient, input_gradients, workspace } = self;
        layer.backward(pass.with(simd), recorded, output_gradients, gradient, input_gradients, workspace);
    }
}

/// [`Layer::backward_onto`].
#[inline(always)]
pub fn backward_onto<L: Layer<Input: Sample<Element = <L as Parameters>::Scalar>>, V: Simd, const B: usize>(
    layer: &L,
    pass: Pass<'_, V>,
    recorded: Recorded<'_, L, B>,
    output_gradients: &mut [L::Output],
    gradient: Gradient<'_, L>,
    input_gradients: Option<Onto<'_, L::Input>>,
    workspace: &mut L::TrainingWorkspace<B>,
) {
    let simd = pass.simd;
    let pass = pass.with(());
    outlined(simd, BackwardOnto { layer, pass, recorded, output_gradients, gradient, input_gradients, workspace });
}

operation! {
    struct BackwardOnto<'a, L: Layer; B>
    where [L::Input: Sample<Element = L::Scalar>]
    {
        layer: &'a L,
        pass: Pass<'a, ()>,
        recorded: Recorded<'a, L, B>,
        output_gradients: &'a mut [L::Output],
        gradient: Gradient<'a, L>,
        input_gradients: Option<Onto<'a, L::Input>>,
        workspace: &'a mut L::TrainingWorkspace<B>,
    }
    fn run(self, simd: V) {
        let Self { layer, pass, recorded, output_gradients, gradient, input_gradients, workspace } = self;
        layer.backward_onto(pass.with(simd), recorded, output_gradients, gradient, input_gradients, workspace);
    }
}

/// [`Layer::backward_deferring`].
#[inline(always)]
pub fn backward_deferring<L: Layer, V: Simd, const B: usize>(
    layer: &L,
    pass: Pass<'_, V>,
    recorded: Recorded<'_, L, B>,
    output_gradients: &mut [L::Output],
    deferral: Deferral<'_, L::Scalar>,
    input_gradients: Option<&mut [L::Input]>,
    workspace: &mut L::TrainingWorkspace<B>,
) {
    let simd = pass.simd;
    let pass = pass.with(());
    outlined(simd, BackwardDeferring { layer, pass, recorded, output_gradients, deferral, input_gradients, workspace });
}

operation! {
    struct BackwardDeferring<'a, L: Layer; B> {
        layer: &'a L,
        pass: Pass<'a, ()>,
        recorded: Recorded<'a, L, B>,
        output_gradients: &'a mut [L::Output],
        deferral: Deferral<'a, L::Scalar>,
        input_gradients: Option<&'a mut [L::Input]>,
        workspace: &'a mut L::TrainingWorkspace<B>,
    }
    fn run(self, simd: V) {
        let Self { layer, pass, recorded, output_gradients, deferral, input_gradients, workspace } = self;
        layer.backward_deferring(pass.with(simd), recorded, output_gradients, deferral, input_gradients, workspace);
    }
}

/// [`descent::descend`].
#[inline(always)]
pub fn descend<L: Layer, V: Simd, O: Optimizer<SLOTS>, M: Room, const SLOTS: usize, const B: usize>(
    layer: &mut L,
    pass: Pass<'_, V>,
    recorded: Recorded<'_, L, B>,
    output_gradients: &mut [L::Output],
    descent: (Descent<'_, O, L::Scalar, M>, [&mut L; SLOTS]),
    input_gradients: Option<&mut [L::Input]>,
    workspace: &mut L::TrainingWorkspace<B>,
) {
    let simd = pass.simd;
    let pass = pass.with(());
    outlined(simd, DescendByGradient { layer, pass, recorded, output_gradients, descent, input_gradients, workspace });
}

operation! {
    struct DescendByGradient<'a, L: Layer, O: Optimizer<SLOTS>, M: Room; SLOTS, B> {
        layer: &'a mut L,
        pass: Pass<'a, ()>,
        recorded: Recorded<'a, L, B>,
        output_gradients: &'a mut [L::Output],
        descent: (Descent<'a, O, L::Scalar, M>, [&'a mut L; SLOTS]),
        input_gradients: Option<&'a mut [L::Input]>,
        workspace: &'a mut L::TrainingWorkspace<B>,
    }
    fn run(self, simd: V) {
        let Self { layer, pass, recorded, output_gradients, descent, input_gradients, workspace } = self;
        let pass = pass.with(simd);
        descent::descend(layer, pass, recorded, output_gradients, descent, input_gradients, workspace);
    }
}

/// [`Descend::descend`].
#[inline(always)]
pub fn descend_linear<L: Descend, V: Simd, O: Optimizer<SLOTS>, M: Room, const SLOTS: usize, const B: usize>(
    layer: &mut L,
    pass: Pass<'_, V>,
    recorded: Recorded<'_, L, B>,
    output_gradients: &mut [L::Output],
    descent: (Descent<'_, O, L::Scalar, M>, [&mut L; SLOTS]),
    input_gradients: Option<&mut [L::Input]>,
    workspace: &mut L::TrainingWorkspace<B>,
) {
    let simd = pass.simd;
    let pass = pass.with(());
    outlined(simd, DescendLinear { layer, pass, recorded, output_gradients, descent, input_gradients, workspace });
}

operation! {
    struct DescendLinear<'a, L: Descend, O: Optimizer<SLOTS>, M: Room; SLOTS, B> {
        layer: &'a mut L,
        pass: Pass<'a, ()>,
        recorded: Recorded<'a, L, B>,
        output_gradients: &'a mut [L::Output],
        descent: (Descent<'a, O, L::Scalar, M>, [&'a mut L; SLOTS]),
        input_gradients: Option<&'a mut [L::Input]>,
        workspace: &'a mut L::TrainingWorkspace<B>,
    }
    fn run(self, simd: V) {
        let Self { layer, pass, recorded, output_gradients, descent, input_gradients, workspace } = self;
        layer.descend(pass.with(simd), recorded, output_gradients, descent, input_gradients, workspace);
    }
}

/// [`Activation::forward_in_place`].
#[inline(always)]
pub fn forward_in_place<V: Simd, S: Scalar, F: FromOutput, A: Sample<Element = S>>(
    activation: &Activation<F, A>,
    simd: V,
    values: &mut [A],
) {
    outlined(simd, ActivationInPlace { activation, outputs: None, values });
}

/// [`Activation::backward_in_place`].
#[inline(always)]
pub fn backward_in_place<V: Simd, S: Scalar, F: FromOutput, A: Sample<Element = S>, B: Sample<Element = S>>(
    _: &Activation<F, A>,
    simd: V,
    outputs: &[B],
    gradients: &mut [B],
) {
    let activation = &Activation::<F, B>::new();
    outlined(simd, ActivationInPlace { activation, outputs: Some(outputs), values: gradients });
}

operation! {
    /// An activation: forward if there are no outputs yet, backward otherwise.
    struct ActivationInPlace<'a, S: Scalar, F: FromOutput, A: Sample<Element = S>;> {
        activation: &'a Activation<F, A>,
        outputs: Option<&'a [A]>,
        values: &'a mut [A],
    }
    fn run(self, simd: V) {
        match self.outputs {
            None => self.activation.forward_in_place(simd, self.values),
            Some(outputs) => self.activation.backward_in_place(simd, outputs, self.values),
        }
    }
}
