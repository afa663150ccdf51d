//! Every kind of layer: inference, backward, training in place, folding, and inference in int8.

use core::hint::black_box;

use fnn::layers::Sample;
use fnn::losses::{Loss, MeanSquaredError};
use fnn::optimizers::Sgd;
use fnn::quantized::{Arithmetic, Native, Onnx, Quantize, TfliteReference};
use fnn::train::TrainInPlace;
use fnn::{Folded, Network, Quantized};

use crate::memory::{Training, any, file, sample, training};

/// Inference and training with a network whose input has no gradient.
#[inline(never)]
pub(crate) fn train<N>()
where
    N: Network<Scalar = f32> + TrainInPlace,
    MeanSquaredError: Loss<N::Output, N::Output>,
{
    let Training { network, gradient, buffers, in_place, workspace, inputs, outputs, targets, .. } = training::<N, 2>();
    network.reseed(black_box(1));
    network.forward_into::<2>(inputs, outputs, workspace);
    black_box(buffers.gradient(network, &MeanSquaredError, inputs, targets, gradient));
    black_box(in_place.train(network, &MeanSquaredError, &Sgd::new(0.1), inputs, targets));
}

/// Training in place with momentum.
#[inline(never)]
pub(crate) fn train_with_momentum<N>()
where
    N: Network<Scalar = f32> + TrainInPlace,
    MeanSquaredError: Loss<N::Output, N::Output>,
{
    let Training { network, with_momentum, inputs, targets, .. } = training::<N, 2>();
    let momentum = Sgd::new(0.1).momentum(0.9);
    black_box(with_momentum.train(network, &MeanSquaredError, &momentum, inputs, targets));
}

/// The gradient with respect to the inputs.
#[inline(never)]
pub(crate) fn back_to_inputs<N>()
where
    N: Network<Scalar = f32, Input: Sample<Element = f32>> + TrainInPlace,
{
    let Training { network, gradient, buffers, inputs, input_gradients, outputs, .. } = training::<N, 2>();
    buffers.forward(network, inputs).backward_to_inputs(outputs, gradient, input_gradients);
}

/// Folding, and inference with the folded network.
#[inline(never)]
pub(crate) fn fold<N: fnn::network::FoldBatchNorm>()
where
    Folded<N>: Network + TrainInPlace,
    N: TrainInPlace,
{
    let network = &training::<N, 1>().network;
    let Training { network: folded, workspace, inputs, outputs, .. } = training::<Folded<N>, 1>();
    network.fold_into(folded);
    folded.forward_into::<1>(inputs, outputs, workspace);
}

/// Reading and running a quantized network.
#[inline(never)]
pub(crate) fn quantized<N: Quantize, A: Arithmetic>() {
    if let Ok(network) = Quantized::<N, A>::read(file()) {
        let input = sample();
        black_box(network.forward(input));
        black_box(network.forward_integers(&network.quantize(input)));
    }
}

/// Running a quantized network in another arithmetic, which its file doesn't depend on.
#[inline(never)]
pub(crate) fn in_arithmetic<N: Quantize, A: Arithmetic>() {
    let network: &Quantized<N, A> = any();
    black_box(network.forward_integers(sample()));
}

macro_rules! only {
    (numbers, $network:ty) => {
        crate::layers::back_to_inputs::<$network>();
    };
    (tokens, $network:ty) => {};
    (yes, $input:tt { $($layer:tt)* }) => {
        fnn::network! {
            #[quantizable]
            struct InIntegers: $input { $($layer)* }
        }

        pub(super) fn integers() {
            crate::layers::quantized::<InIntegers, super::Native>();
            crate::layers::quantized::<InIntegers, super::TfliteReference>();
            crate::layers::in_arithmetic::<InIntegers, super::Onnx>();
        }
    };
    (no, $input:tt { $($layer:tt)* }) => {
        pub(super) fn integers() {}
    };
}

macro_rules! kinds {
    (
        documentation: [$($row:literal)*]
        kinds: [$($name:ident {
            layer: $layer:tt input: $input:tt takes: $takes:ident weights: $weights:literal macs: $macs:literal
            int8: $int8:ident arguments: [$($argument:ident)*]
        })*]
    ) => {
        $(
            #[allow(non_snake_case)]
            mod $name {
                fnn::network! {
                    pub(super) struct One: $input $layer
                }

                pub(super) fn floats() {
                    crate::layers::train::<One>();
                    crate::layers::fold::<One>();
                    only!($takes, One);
                }

                only!($int8, $input $layer);
            }
        )*

        pub(crate) fn all() {
            $(
                $name::floats();
                $name::integers();
            )*
        }
    };
}
fnn::macro_support::kinds!(kinds);
