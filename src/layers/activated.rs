//! A layer and the activation right after it as one layer, which passes over memory once.

mod sums;

pub(super) use self::sums::Adds;

use core::marker::PhantomData;

use crate::channels_last::{ChannelsLast, Formats};
use crate::descent::Descend;
use crate::image::{Channels, Image};
use crate::kernels::Simd;
use crate::kernels::channels::Activate;
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::layers::batch_norm::Finished;
use crate::layers::{Activation, BatchNorm, Bias, Conv, FromOutput, Windows};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::layout::Layout;
use crate::weights::parameters::{Parameters, Roles, same_weights};

/// `L`, then the activation `F`. It has the weights of `L` and no others, so a layer is [seen as](Self::of) one.
///
/// Generated code computes with it; a network has two fields.
#[doc(hidden)]
#[derive(Debug)]
#[repr(transparent)]
pub struct Activated<L, F> {
    layer: L,
    activation: PhantomData<F>,
}

// SAFETY: `repr(transparent)`, and the other field is zero-sized.
unsafe impl<L: Parameters, F: Parameters> Parameters for Activated<L, F> {
    type Scalar = L::Scalar;

    const LAYOUT: Layout = L::LAYOUT;

    #[inline]
    fn roles(start: usize, visitor: &mut impl Roles) {
        L::roles(start, visitor);
    }

    #[inline]
    fn absorb(&mut self, gradient: &Self) {
        self.layer.absorb(&gradient.layer);
    }
}

impl<L: Parameters, F: Parameters> Activated<L, F> {
    /// A layer with its activation.
    #[inline(always)]
    pub fn of(layer: &L) -> &Self {
        same_weights(layer)
    }
}

// Not the layer: its shape would make each one a kernel of its own.
impl<F: FromOutput> Activate for PhantomData<F> {
    const FLOOR: Option<f64> = if F::IS_RELU { Some(0.0) } else { None };

    #[inline(always)]
    fn value<R: Real>(self, x: R) -> R {
        F::value(x)
    }

    #[inline(always)]
    fn gradient<R: Real>(self, y: R, g: R) -> R {
        F::derivative_from_output(y) * g
    }
}

impl<S, F, A, const EPSILON: u64, const MOMENTUM: u64, const FROZEN: bool> Layer
    for Activated<BatchNorm<A, EPSILON, MOMENTUM, FROZEN>, Activation<F, A>>
where
    S: Scalar,
    F: FromOutput,
    A: Channels<Element = S>,
{
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = (A::Each, A::Each);
    type Workspace<const B: usize> = (A::Each, A::Each);
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = <BatchNorm<A, EPSILON, MOMENTUM, FROZEN> as Layer>::KIND;
    const MACS: u64 = <BatchNorm<A, EPSILON, MOMENTUM, FROZEN> as Layer>::MACS;

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[A],
        outputs: &mut [A],
        (scale, _): &mut (A::Each, A::Each),
    ) {
        self.layer.normalize(simd, PhantomData::<F>, (inputs, outputs), scale);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[A],
        outputs: &mut [A],
        statistics: &mut (A::Each, A::Each),
        (scale, _): &mut (A::Each, A::Each),
    ) {
        self.layer.measure(pass.simd, PhantomData::<F>, (inputs, outputs), statistics, scale);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [A],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        sums: &mut (A::Each, A::Each),
    ) {
        let finished = Finished { inputs: recorded.inputs, outputs: recorded.outputs, statistics: recorded.tape };
        let (activation, gradients) = (PhantomData::<F>, (output_gradients, input_gradients));
        let gradient = &mut gradient.accumulator().layer;
        self.layer.differentiate(pass.simd, activation, finished, gradients, gradient, sums);
    }
}

impl<S, I, O, W, K, B, F> Layer for Activated<Conv<I, O, W, K, B>, Activation<F, O>>
where
    S: Scalar,
    I: Image<Element = S>,
    O: Image<Element = S>,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    K: Windows,
    B: Bias<O::Each>,
    F: FromOutput,
{
    type Input = I;
    type Output = O;
    type Tape<const N: usize> = ();
    type Workspace<const N: usize> = <Conv<I, O, W, K, B> as Layer>::Workspace<N>;
    type TrainingWorkspace<const N: usize> = Self::Workspace<N>;

    const KIND: &'static str = <Conv<I, O, W, K, B> as Layer>::KIND;
    const MACS: u64 = <Conv<I, O, W, K, B> as Layer>::MACS;

    /// Kernels rectify sums in registers. Any other function takes longer than a pass over memory, and would have to be
    /// compiled once more for each of the kernels.
    #[inline(always)]
    fn forward_batch<V: Simd, const N: usize>(
        &self,
        simd: V,
        inputs: &[I],
        outputs: &mut [O],
        workspace: &mut Self::Workspace<N>,
    ) {
        self.forward_formatted::<V, N>(simd, inputs, outputs, ChannelsLast::NONE, workspace);
    }

    const FORMATS: Formats = <Conv<I, O, W, K, B> as Layer>::FORMATS;

    #[inline(always)]
    fn forward_formatted<V: Simd, const N: usize>(
        &self,
        simd: V,
        inputs: &[I],
        outputs: &mut [O],
        format: ChannelsLast,
        workspace: &mut Self::Workspace<N>,
    ) {
        self.layer.convolve(simd, inputs, (&mut *outputs, F::IS_RELU), format, workspace);
        if !F::IS_RELU {
            Activation::<F, O>::new().forward_in_place(simd, outputs);
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const N: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, N>,
        output_gradients: &mut [O],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [I]>,
        workspace: &mut Self::Workspace<N>,
    ) {
        let Recorded { inputs, outputs, tape } = recorded;
        Activation::<F, O>::new().backward_in_place(pass.simd, outputs, output_gradients);
        let (recorded, start) = (Recorded::<Conv<I, O, W, K, B>, N> { inputs, outputs, tape }, gradient.start);
        let gradient = Gradient::new(&mut gradient.weights.layer, start);
        self.layer.backward(pass, recorded, output_gradients, gradient, input_gradients, workspace);
    }
}

impl<L, F> Descend for Activated<L, F> where Self: Layer {}
