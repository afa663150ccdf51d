//! Normalization of inputs by constants.

use crate::chunks::Chunks;
use crate::graph::Node;
use crate::image::Channels;
use crate::kernels::Simd;
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Role, Roles};

/// Scales each channel by constants, so that it has mean 0 and standard deviation 1: `y[c] = (x[c] − mean[c]) / deviation[c]`.
///
/// As the first layer of a network, it makes the normalization of the training part of the network: it is saved with
/// the weights, and a microcontroller takes raw inputs. Samples `A` have any shape whose outermost axis is the channels:
/// the columns of a table `[S; C]`, sequences `[[S; length]; C]`, images `[[[S; columns]; rows]; C]`.
///
/// `Normalizer::fit` (in `fnn::data`, where this type is called `Normalizer`) computes the constants from samples. They
/// are running statistics: saved and loaded, but neither trained nor decayed. Until they are set, the layer is the
/// identity. `dx = g / deviation`.
///
/// In 8 bits, all channels of an input have the same scale. If the ranges of your columns differ by more than a few
/// powers of two, normalize before the network is quantized, with [`transform`](Self::transform).
///
/// Declared as `Normalize`. `2·C` numbers, none of them trained; one multiply-accumulate per element of `A`.
///
/// ```
/// use fnn::Network;
///
/// fnn::network! {
///     struct Net: [2] -> [1] { normalize: Normalize, out: Dense(1) }
/// }
///
/// let mut network = Net::seeded(1);
/// network.normalize.mean = [2.0, 700.0];
/// network.normalize.deviation = [1.0, 200.0];
/// let normalized = [(3.0 - 2.0) / 1.0, (500.0 - 700.0) / 200.0];
/// assert_eq!(network.forward(&[3.0, 500.0]), network.out.forward(&normalized));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Normalize<A: Channels> {
    /// The mean of each channel.
    pub mean: A::Each,
    /// The standard deviation of each channel; 1 for a constant channel, which becomes 0.
    pub deviation: A::Each,
}

// SAFETY: `repr(C)`, and both fields are arrays of scalars.
unsafe impl<S: Scalar, A: Channels<Element = S>> Parameters for Normalize<A> {
    type Scalar = S;

    const LAYOUT: Layout =
        Layout::Fields(const { &[Field::new("mean", A::Each::LAYOUT), Field::new("deviation", A::Each::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        visitor(Role::RunningStatistics, start..start + Self::PARAMETERS);
    }
}

impl<S: Scalar, A: Channels<Element = S>> Normalize<A> {
    /// `(x − mean) / deviation` for a sample.
    #[must_use]
    pub fn transform(&self, sample: &A) -> A {
        let mut transformed = *sample;
        self.each(transformed.elements_mut(), |x, mean, deviation| (x - mean) / deviation);
        transformed
    }

    /// Undo [`transform`](Self::transform): `x·deviation + mean`.
    #[must_use]
    pub fn inverse(&self, sample: &A) -> A {
        let mut original = *sample;
        self.each(original.elements_mut(), |x, mean, deviation| x * deviation + mean);
        original
    }

    /// Change each number of samples, with the mean and the deviation of its channel.
    #[inline(always)]
    fn each(&self, numbers: &mut [S], change: impl Fn(S, S, S) -> S) {
        for sample in numbers.parts_mut(A::LENGTH.max(1)) {
            let constants = self.mean.parameters().iter().zip(self.deviation.parameters());
            for (channel, (&mean, &deviation)) in sample.parts_mut(A::SPACE.max(1)).zip(constants) {
                channel.iter_mut().for_each(|x| *x = change(*x, mean, deviation));
            }
        }
    }
}

impl<S: Scalar, A: Channels<Element = S>> Layer for Normalize<A> {
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Normalize";
    const MACS: u64 = A::LENGTH as u64;
    const GRAPH: Node = Node::layer::<Self>(&[]);

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        for (output, input) in outputs.iter_mut().zip(inputs) {
            *output = *input;
            self.each(output.elements_mut(), |x, mean, deviation| (x - mean) / deviation);
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [A],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        gradient.accumulator();
        for (dx, g) in input_gradients.into_iter().flatten().zip(output_gradients.iter()) {
            *dx = *g;
            self.each(dx.elements_mut(), |g, _, deviation| g / deviation);
        }
    }

    /// The identity.
    fn initialize(&mut self, _: Initializer, _: &mut Random) {
        self.mean.parameters_mut().fill(S::ZERO);
        self.deviation.parameters_mut().fill(S::ONE);
    }
}
