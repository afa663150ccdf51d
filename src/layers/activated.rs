//! A layer and the activation right after it as one layer, which passes over memory once.

use core::marker::PhantomData;

use crate::image::Channels;
use crate::kernels::Simd;
use crate::kernels::channels::Activate;
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::layers::batch_norm::Finished;
use crate::layers::{Activation, BatchNorm, FromOutput};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::weights::layout::Layout;
use crate::weights::parameters::{Parameters, Roles, same_weights, same_weights_mut};

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

    /// [`of`](Self::of), mutable.
    #[inline(always)]
    pub fn of_mut(layer: &mut L) -> &mut Self {
        same_weights_mut(layer)
    }
}

// Not the layer: its shape would make each one a kernel of its own.
impl<F: FromOutput> Activate for PhantomData<F> {
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
        self.layer.normalise(simd, PhantomData::<F>, (inputs, outputs), scale);
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
