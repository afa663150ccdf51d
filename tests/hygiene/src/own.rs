//! A custom layer, with the crate renamed.

use ::core::clone::Clone;
use ::core::fmt::Debug;
use ::core::iter::{IntoIterator, Iterator};
use ::core::option::Option;
use ::network::layers::{Gradient, Pass, Recorded};
use ::network::simd::Simd;
use ::network::{Layer, Parameters, Scalar};

/// Two gains.
#[derive(Clone, Debug, Parameters)]
#[parameters(crate = ::network)]
#[repr(C)]
pub(crate) struct Doubled<const N: usize, S: Scalar = f32> {
    /// The factor of each input.
    pub(crate) gain: [S; N],
}

impl<const N: usize, S: Scalar> Layer for Doubled<N, S> {
    type Input = [S; N];
    type Output = [S; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Doubled";
    const MACS: u64 = N as u64;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
        for (y, x) in outputs.iter_mut().zip(inputs) {
            for ((y, &x), &gain) in y.iter_mut().zip(x).zip(&self.gain) {
                *y = x * gain;
            }
        }
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; N]],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [[S; N]]>,
        (): &mut (),
    ) {
        let gradient = gradient.accumulator();
        for (g, x) in output_gradients.iter().zip(recorded.inputs) {
            for ((&g, &x), gain) in g.iter().zip(x).zip(&mut gradient.gain) {
                *gain += g * x;
            }
        }
        for (dx, g) in input_gradients.into_iter().flatten().zip(output_gradients) {
            for ((dx, &g), &gain) in dx.iter_mut().zip(g.iter()).zip(&self.gain) {
                *dx = g * gain;
            }
        }
    }
}

::network::network! {
    #[derive(Clone, Debug)]
    pub(crate) struct Own: [2] -> [2] { Doubled<2> }
}
