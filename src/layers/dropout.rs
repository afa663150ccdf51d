//! Dropout.

use core::marker::PhantomData;

use crate::graph::{Attribute, Node};
use crate::kernels::{Simd, copy};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::layout::Layout;
use crate::weights::parameters::Parameters;

/// Drops each element with a probability while training, and does nothing in inference.
///
/// `y = x·m / (1 − p)`, where m is 0 with probability p and 1 otherwise ("inverted" dropout: the expectation of y is
/// x); `dx = g·m / (1 − p)`. m is a function of the seed, the epoch (or the step, in your own loop), the sample and the
/// layer. No weights, no tape: backward draws m again.
///
/// Declared as `Dropout(p)`, 0 ≤ p < 1. Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a
/// simple way to prevent neural networks from overfitting", JMLR 15, 2014. `x, y` have any shape; no
/// multiply-accumulates.
///
/// ```
/// use fnn::{Network, Parameters, layers::Dropout};
///
/// // Inference passes its input on unchanged.
/// let dropout = Dropout::<[f32; 2], { f64::to_bits(0.5) }>::zeroed();
/// assert_eq!(dropout.forward(&[1.0, 2.0]), [1.0, 2.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Dropout<A, const PROBABILITY: u64>(PhantomData<A>);

// SAFETY: the type is empty.
unsafe impl<A: Sample<Element: Scalar>, const PROBABILITY: u64> Parameters for Dropout<A, PROBABILITY> {
    type Scalar = A::Element;

    const LAYOUT: Layout = Layout::NOTHING;
}

impl<S: Scalar, A: Sample<Element = S>, const PROBABILITY: u64> Dropout<A, PROBABILITY> {
    /// `to = from·m / (1 − p)`
    #[inline(always)]
    fn mask<V: Simd>(pass: Pass<'_, V>, from: &[A], to: &mut [A]) {
        let probability = f64::from_bits(PROBABILITY);
        let kept = S::from_f64(1.0 / (1.0 - probability));
        for (sample, (from, to)) in from.iter().zip(to).enumerate() {
            let mut random = pass.random(sample);
            let elements = from.elements().iter();
            for (&from, to) in elements.zip(to.elements_mut()) {
                *to = if random.uniform() < probability { S::ZERO } else { from * kept };
            }
        }
    }
}

impl<S: Scalar, A: Sample<Element = S>, const PROBABILITY: u64> Layer for Dropout<A, PROBABILITY> {
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Dropout";
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(const { &[Attribute::bits("probability", PROBABILITY)] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        copy(inputs, outputs);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[A],
        outputs: &mut [A],
        (): &mut (),
        (): &mut (),
    ) {
        Self::mask(pass, inputs, outputs);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [A],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        if let Some(dx) = input_gradients {
            Self::mask(pass, output_gradients, dx);
        }
    }
}
