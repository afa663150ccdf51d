//! Blocks whose outputs are sums, and the activation right after them.

use core::marker::PhantomData;

use super::Activated;
use crate::kernels::Simd;
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::layers::{Activation, FromOutput, Residual, Sum};
use crate::scalar::Scalar;
use crate::shape::Sample;

impl<L, A> Layer for Activated<Residual<L>, Activation<A, <Residual<L> as Layer>::Output>>
where
    L: Layer<Input: Sample<Element = L::Scalar>, Output = <L as Layer>::Input>,
    A: FromOutput,
{
    type Input = <Residual<L> as Layer>::Input;
    type Output = <Residual<L> as Layer>::Output;
    type Tape<const B: usize> = <Residual<L> as Layer>::Tape<B>;
    type Workspace<const B: usize> = <Residual<L> as Layer>::Workspace<B>;
    type TrainingWorkspace<const B: usize> = <Residual<L> as Layer>::TrainingWorkspace<B>;

    const KIND: &'static str = <Residual<L> as Layer>::KIND;
    const MACS: u64 = <Residual<L> as Layer>::MACS;

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
        let (layer, start) = (&mut gradient.weights.layer, gradient.start);
        let (recorded, both) = (Recorded { inputs, outputs, tape }, (output_gradients, input_gradients));
        let gradients = Gradient::new(&mut layer.inside, start);
        self.layer.differentiate(pass, PhantomData::<A>, recorded, both, gradients, workspace);
    }
}

impl<S, F, G, A> Layer for Activated<Sum<F, G>, Activation<A, <Sum<F, G> as Layer>::Output>>
where
    S: Scalar,
    F: Layer<Scalar = S, Input: Sample<Element = S>>,
    G: Layer<Scalar = S, Input = F::Input, Output = F::Output>,
    A: FromOutput,
{
    type Input = <Sum<F, G> as Layer>::Input;
    type Output = <Sum<F, G> as Layer>::Output;
    type Tape<const B: usize> = <Sum<F, G> as Layer>::Tape<B>;
    type Workspace<const B: usize> = <Sum<F, G> as Layer>::Workspace<B>;
    type TrainingWorkspace<const B: usize> = <Sum<F, G> as Layer>::TrainingWorkspace<B>;

    const KIND: &'static str = <Sum<F, G> as Layer>::KIND;
    const MACS: u64 = <Sum<F, G> as Layer>::MACS;

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
        let (layer, start) = (&mut gradient.weights.layer, gradient.start);
        let (recorded, both) = (Recorded { inputs, outputs, tape }, (output_gradients, input_gradients));
        let gradients = (Gradient::new(&mut layer.first, start), Gradient::new(&mut layer.second, start));
        self.layer.differentiate(pass, PhantomData::<A>, recorded, both, gradients, workspace);
    }
}
