//! The moving average of a network's weights.

use crate::kernels::{Operation, Simd, dispatch};
use crate::scalar::Scalar;
use crate::shape::within;
use crate::weights::parameters::Parameters;

/// The exponential moving average of the weights that a network had after each step: one more network of the same type.
///
/// It is smoother than the path of the weights, and often better than its end. `a ← d·a + (1 − d)·w` after each step
/// with decay d, starting with the weights after the first step; it covers some 1/(1 − d) steps. Running statistics are
/// the network's own. This is PyTorch's `AveragedModel` with `get_ema_multi_avg_fn(d)`. Polyak and Juditsky,
/// "Acceleration of stochastic approximation by averaging", 1992.
///
/// The trainer keeps one by `Trainer::moving_average`. In a loop of your own, update it after the optimizer's step:
///
/// ```
/// use fnn::{Network, layers::Dense, optimizers::{MovingAverage, Optimizer, Sgd, State}};
///
/// let mut network = Dense::<1, 1> { weight: [[1.0]], bias: [0.0] };
/// let gradient = Dense { weight: [[0.0]], bias: [-1.0] };
/// let (mut state, mut average) = (State::new(), MovingAverage::new());
/// for _ in 0..3 {
///     Sgd::new(1.0).step(&mut network, &gradient, &mut state);
///     average.update(&network, 0.5);
/// }
/// // Biases 1, 2 and 3.
/// assert_eq!(average.network.forward(&[0.0]), [0.25 * 1.0 + 0.25 * 2.0 + 0.5 * 3.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MovingAverage<P> {
    /// How many steps it has seen.
    pub steps: u64,
    /// The average: a network to evaluate and to keep. Zeros before the first step.
    pub network: P,
}

impl<P: Parameters> MovingAverage<P> {
    /// Before the first step.
    #[must_use]
    pub fn new() -> Self {
        Self { steps: 0, network: P::zeroed() }
    }

    /// [`new`](Self::new), built in place on the heap.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn boxed() -> alloc::boxed::Box<Self> {
        // SAFETY: zero bytes are 0 steps, and `Parameters` promises that they are zero weights.
        unsafe { crate::pod::zeroed_box() }
    }

    /// See the weights after a step. `decay` is how much of the average is kept, from 0 to below 1: 0.999, say.
    pub fn update(&mut self, network: &P, decay: f64) {
        let new = self.share_of_new(decay);
        P::trained(&mut |range| {
            let weights = network.parameters().get(range.clone()).unwrap_or_default();
            let average = within(self.network.parameters_mut(), &range);
            dispatch(Approach { new, average, weights });
        });
        self.copy_measured(network);
    }

    /// What share new weights have in the average: in the first step all of it.
    pub(crate) fn share_of_new(&mut self, decay: f64) -> P::Scalar {
        self.steps += 1;
        if self.steps == 1 { P::Scalar::ONE } else { P::Scalar::from_f64(1.0 - decay) }
    }

    pub(crate) fn copy_measured(&mut self, network: &P) {
        P::measured(&mut |range| {
            let measured = network.parameters().get(range.clone()).unwrap_or_default();
            let average = within(self.network.parameters_mut(), &range);
            average.iter_mut().zip(measured).for_each(|(average, &measured)| *average = measured);
        });
    }
}

impl<P: Parameters> Default for MovingAverage<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// `a ← a + new · (w − a)`
#[inline(always)]
pub(crate) fn approach<S: Scalar>(new: S, average: &mut [S], weights: &[S]) {
    for (a, &w) in average.iter_mut().zip(weights) {
        *a += new * (w - *a);
    }
}

struct Approach<'a, S> {
    new: S,
    average: &'a mut [S],
    weights: &'a [S],
}

impl<S: Scalar> Operation for Approach<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, _: V) {
        approach(self.new, self.average, self.weights);
    }
}
