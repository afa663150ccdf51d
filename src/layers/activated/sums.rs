//! Blocks whose outputs are sums, and the activation right after them.

use core::marker::PhantomData;

use super::Activated;
use crate::kernels::Simd;
use crate::kernels::channels::Activate;
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::layers::{Activation, FromOutput};

/// A layer that adds the outputs of branches. Its passes compute an activation with the addition.
pub trait Adds: Layer {
    /// Inference.
    fn infer<V: Simd, const B: usize>(
        &self,
        simd: V,
        activation: impl Activate,
        both: (&[Self::Input], &mut [Self::Output]),
        workspace: &mut Self::Workspace<B>,
    );

    /// The forward pass of training.
    fn train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        activation: impl Activate,
        both: (&[Self::Input], &mut [Self::Output]),
        tape: &mut Self::Tape<B>,
        workspace: &mut Self::TrainingWorkspace<B>,
    );

    /// The backward pass, that of the activation first, with the gradients of outputs and inputs.
    fn differentiate<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        activation: impl Activate,
        recorded: Recorded<'_, Self, B>,
        both: (&mut [Self::Output], Option<&mut [Self::Input]>),
        gradient: Gradient<'_, Self>,
        workspace: &mut Self::TrainingWorkspace<B>,
    );
}

impl<L: Adds, A: FromOutput> Layer for Activated<L, Activation<A, L::Output>>
where
    Activation<A, L::Output>: Layer,
{
    type Input = L::Input;
    type Output = L::Output;
    type Tape<const B: usize> = L::Tape<B>;
    type Workspace<const B: usize> = L::Workspace<B>;
    type TrainingWorkspace<const B: usize> = L::TrainingWorkspace<B>;

    const KIND: &'static str = L::KIND;
    const MACS: u64 = L::MACS;

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        workspace: &mut Self::Workspace<B>,
    ) {
        self.layer.infer(simd, PhantomData::<A>, (inputs, outputs), workspace);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        tape: &mut Self::Tape<B>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        self.layer.train(pass, PhantomData::<A>, (inputs, outputs), tape, workspace);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [Self::Output],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [Self::Input]>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        let Recorded { inputs, outputs, tape } = recorded;
        let (recorded, both) = (Recorded { inputs, outputs, tape }, (output_gradients, input_gradients));
        let gradient = Gradient::new(&mut gradient.weights.layer, gradient.start);
        self.layer.differentiate(pass, PhantomData::<A>, recorded, both, gradient, workspace);
    }
}
