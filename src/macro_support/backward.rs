//! The chain rule of a network. Generated code writes it once, and a type says what becomes of the layers' gradients.

use super::outlined;
use crate::descent::{self, Descend, Descent};
use crate::kernels::Simd;
use crate::layer::{Deferral, Gradient, Layer, Onto, Pass, Recorded};
use crate::memory::{batch, workspace};
use crate::optimizers::Optimizer;
use crate::pod::Pod;
use crate::shape::Sample;
use crate::train::TrainInPlace;
use crate::weights::parameters::Place;

/// A network as its layers, one after the other.
pub trait Sequence: Layer {
    /// Whether layers are inlined into its functions, and not called.
    const INLINED: bool;

    /// The backward passes of its layers, from the last one to the first.
    fn chain_rule<P: Backward<Self>, V: Simd, const B: usize>(
        backward: P,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [Self::Output],
        input_gradients: Option<&mut [Self::Input]>,
        workspace: &mut Self::TrainingWorkspace<B>,
    );
}

/// What a backward pass does with the gradients of the layers of the network `N`.
pub trait Backward<N: Sequence> {
    /// The network.
    fn network(&self) -> &N;

    /// Memory for the gradients of the outputs of `L`.
    #[inline(always)]
    fn outputs<'m, L: Layer<Scalar = N::Scalar>, A: Sample<Element = N::Scalar>, const B: usize, M: Pod>(
        &mut self,
        memory: &'m mut M,
        samples: usize,
    ) -> &'m mut [A]
    where
        Self: 'm,
    {
        batch::<A, B, M>(memory, samples)
    }

    /// The backward pass of the layer at a place in the network.
    fn layer<L: Layer<Scalar = N::Scalar>, V: Simd, W: Pod, const B: usize>(
        &mut self,
        place: Place<N, L>,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, L, B>,
        output_gradients: &mut [L::Output],
        input_gradients: Option<&mut [L::Input]>,
        scratch: &mut W,
    );

    /// That of a linear layer, which may be updated with less memory than its gradient takes.
    #[inline(always)]
    fn linear<L: Descend<Scalar = N::Scalar>, V: Simd, W: Pod, const B: usize>(
        &mut self,
        place: Place<N, L>,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, L, B>,
        output_gradients: &mut [L::Output],
        input_gradients: Option<&mut [L::Input]>,
        scratch: &mut W,
    ) {
        self.layer(place, pass, recorded, output_gradients, input_gradients, scratch);
    }

    /// That of a convolution of the network's inputs, which may add their gradients to others.
    #[inline(always)]
    fn first_convolution<L: Descend<Scalar = N::Scalar, Input = N::Input>, V: Simd, W: Pod, const B: usize>(
        &mut self,
        place: Place<N, L>,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, L, B>,
        output_gradients: &mut [L::Output],
        input_gradients: Option<&mut [L::Input]>,
        scratch: &mut W,
    ) {
        self.linear(place, pass, recorded, output_gradients, input_gradients, scratch);
    }
}

/// They are stored in the network's gradient.
#[derive(Debug)]
pub struct Store<'a, N> {
    /// The network.
    pub network: &'a N,
    /// Its gradient.
    pub gradient: Gradient<'a, N>,
}

impl<N: Sequence> Backward<N> for Store<'_, N> {
    #[inline(always)]
    fn network(&self) -> &N {
        self.network
    }

    #[inline(always)]
    fn layer<L: Layer<Scalar = N::Scalar>, V: Simd, W: Pod, const B: usize>(
        &mut self,
        place: Place<N, L>,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, L, B>,
        output_gradients: &mut [L::Output],
        input_gradients: Option<&mut [L::Input]>,
        scratch: &mut W,
    ) {
        let layer = place.of(self.network);
        let gradient = Gradient::new(place.of_mut(self.gradient.weights), self.gradient.start);
        let workspace = workspace(scratch);
        // Only one of them is compiled.
        if const { N::INLINED } {
            layer.backward(pass, recorded, output_gradients, gradient, input_gradients, workspace);
        } else {
            outlined::backward(layer, pass, recorded, output_gradients, gradient, input_gradients, workspace);
        }
    }
}

/// The same; and those of the network's inputs are added to others.
#[derive(Debug)]
pub struct Add<'a, N: Layer> {
    /// Where the gradient is stored.
    pub store: Store<'a, N>,
    /// What the gradients of the inputs are added to.
    pub inputs: Option<Onto<'a, N::Input>>,
}

impl<N: Sequence<Input: Sample<Element = N::Scalar>>> Backward<N> for Add<'_, N> {
    #[inline(always)]
    fn network(&self) -> &N {
        self.store.network
    }

    #[inline(always)]
    fn layer<L: Layer<Scalar = N::Scalar>, V: Simd, W: Pod, const B: usize>(
        &mut self,
        place: Place<N, L>,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, L, B>,
        output_gradients: &mut [L::Output],
        input_gradients: Option<&mut [L::Input]>,
        scratch: &mut W,
    ) {
        self.store.layer(place, pass, recorded, output_gradients, input_gradients, scratch);
    }

    #[inline(always)]
    fn first_convolution<L: Descend<Scalar = N::Scalar, Input = N::Input>, V: Simd, W: Pod, const B: usize>(
        &mut self,
        place: Place<N, L>,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, L, B>,
        output_gradients: &mut [L::Output],
        _: Option<&mut [L::Input]>,
        scratch: &mut W,
    ) {
        let Store { network, gradient: Gradient { weights, start } } = &mut self.store;
        let (layer, gradient) = (place.of(network), Gradient::new(place.of_mut(weights), *start));
        let inputs = self.inputs.take();
        let workspace = workspace(scratch);
        // Only one of them is compiled.
        if const { N::INLINED } {
            layer.backward_onto(pass, recorded, output_gradients, gradient, inputs, workspace);
        } else {
            outlined::backward_onto(layer, pass, recorded, output_gradients, gradient, inputs, workspace);
        }
    }
}

/// Those of some layers are computed later.
#[derive(Debug)]
pub struct Defer<'a, N: Layer> {
    /// The network.
    pub network: &'a N,
    /// Where gradients are stored, and what the others are computed from.
    pub deferral: Deferral<'a, N::Scalar>,
    /// The number of samples.
    pub samples: usize,
}

impl<N: Sequence> Backward<N> for Defer<'_, N> {
    #[inline(always)]
    fn network(&self) -> &N {
        self.network
    }

    #[inline(always)]
    fn outputs<'m, L: Layer<Scalar = N::Scalar>, A: Sample<Element = N::Scalar>, const B: usize, M: Pod>(
        &mut self,
        memory: &'m mut M,
        samples: usize,
    ) -> &'m mut [A]
    where
        Self: 'm,
    {
        self.deferral.outputs::<L, A, B, M>(memory, samples)
    }

    #[inline(always)]
    fn layer<L: Layer<Scalar = N::Scalar>, V: Simd, W: Pod, const B: usize>(
        &mut self,
        place: Place<N, L>,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, L, B>,
        output_gradients: &mut [L::Output],
        input_gradients: Option<&mut [L::Input]>,
        scratch: &mut W,
    ) {
        let (layer, deferral) = (place.of(self.network), self.deferral.of::<L>(self.samples));
        let workspace = workspace(scratch);
        // Only one of them is compiled.
        if const { N::INLINED } {
            layer.backward_deferring(pass, recorded, output_gradients, deferral, input_gradients, workspace);
        } else {
            outlined::backward_deferring(layer, pass, recorded, output_gradients, deferral, input_gradients, workspace);
        }
    }
}

/// Each layer is updated right away.
#[derive(Debug)]
pub struct Update<'a, N: TrainInPlace, O, const SLOTS: usize> {
    /// The network.
    pub network: &'a mut N,
    /// How a layer is updated.
    pub descent: Descent<'a, O, N::Scalar, N::LayerGradient>,
    /// The optimizer's slots.
    pub slots: [&'a mut N; SLOTS],
}

impl<N: Sequence + TrainInPlace, O: Optimizer<SLOTS>, const SLOTS: usize> Backward<N> for Update<'_, N, O, SLOTS> {
    #[inline(always)]
    fn network(&self) -> &N {
        self.network
    }

    #[inline(always)]
    fn layer<L: Layer<Scalar = N::Scalar>, V: Simd, W: Pod, const B: usize>(
        &mut self,
        place: Place<N, L>,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, L, B>,
        output_gradients: &mut [L::Output],
        input_gradients: Option<&mut [L::Input]>,
        scratch: &mut W,
    ) {
        let slots = self.slots.each_mut().map(|slot| place.of_mut(slot));
        let (layer, descent) = (place.of_mut(self.network), (self.descent.one(), slots));
        let workspace = workspace(scratch);
        // Only one of them is compiled.
        if const { N::INLINED } {
            descent::descend(layer, pass, recorded, output_gradients, descent, input_gradients, workspace);
        } else {
            outlined::descend(layer, pass, recorded, output_gradients, descent, input_gradients, workspace);
        }
    }

    #[inline(always)]
    fn linear<L: Descend<Scalar = N::Scalar>, V: Simd, W: Pod, const B: usize>(
        &mut self,
        place: Place<N, L>,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, L, B>,
        output_gradients: &mut [L::Output],
        input_gradients: Option<&mut [L::Input]>,
        scratch: &mut W,
    ) {
        let slots = self.slots.each_mut().map(|slot| place.of_mut(slot));
        let (layer, descent) = (place.of_mut(self.network), (self.descent.one(), slots));
        let workspace = workspace(scratch);
        // Only one of them is compiled.
        if const { N::INLINED } {
            layer.descend(pass, recorded, output_gradients, descent, input_gradients, workspace);
        } else {
            outlined::descend_linear(layer, pass, recorded, output_gradients, descent, input_gradients, workspace);
        }
    }
}
