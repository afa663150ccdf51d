//! The moving average of a network's weights.

use crate::kernels::{RANGE, Runner, Serial, Simd, Task, dispatch, operation};
use crate::scalar::Scalar;
use crate::setting::{BELOW_ONE, InvalidSetting};
use crate::shape::within;
use crate::weights::parameters::Parameters;
use crate::weights::parameters::assert_weights;

/// The exponential moving average of the weights after each step: one more network of the same type.
///
/// It is smoother than the trajectory of the weights, and often better than its end point. `a ← d·a + (1 − d)·w` after
/// each step with decay d, starting with the weights after the first step; it averages over about 1/(1 − d) steps.
/// Running statistics are copied from the network. This is PyTorch's `AveragedModel` with `get_ema_multi_avg_fn(d)`.
/// Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
///
/// Set it in the trainer with `Trainer::moving_average`. In a custom loop, update it after the optimizer's step:
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
    /// The number of updates.
    pub steps: u64,
    /// The average: a network to evaluate and to keep. All zeros before the first update.
    pub network: P,
}

impl<P: Parameters> MovingAverage<P> {
    /// An average without any updates.
    #[must_use]
    pub const fn new() -> Self {
        const { assert_weights::<P>() }
        // SAFETY: zero bytes are 0 steps, and `Parameters` promises that they are zero weights.
        unsafe { core::mem::zeroed() }
    }

    /// [`new`](Self::new), built in place on the heap.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn boxed() -> alloc::boxed::Box<Self> {
        const { assert_weights::<P>() }
        // SAFETY: as in `new`.
        unsafe { crate::pod::zero_bytes_box() }
    }

    /// Add the weights after a step. `decay` is the share of the average that is kept, from 0 to below 1, such as
    /// 0.999.
    pub fn update(&mut self, network: &P, decay: impl Into<Decay>) {
        dispatch(Update { average: self, network, decay: decay.into() });
    }

    /// [`update`](Self::update), on `runner`.
    #[inline(always)]
    pub(crate) fn update_by<R: Runner>(&mut self, runner: R, network: &P, decay: Decay) {
        let new = P::Scalar::from_f64(1.0 - decay.after(self.steps));
        self.steps += 1;
        P::trained(&mut |range| {
            let weights = network.parameters().get(range.clone()).unwrap_or_default();
            let average = within(self.network.parameters_mut(), &range);
            runner.each((average, weights), RANGE, &Approach { new });
        });
        P::running_statistics(&mut |range| {
            let statistics = network.parameters().get(range.clone()).unwrap_or_default();
            let average = within(self.network.parameters_mut(), &range);
            average.iter_mut().zip(statistics).for_each(|(average, &statistic)| *average = statistic);
        });
    }
}

impl<P: Parameters> Default for MovingAverage<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// The decay of a moving average: a number d, from 0 to below 1, optionally smaller in the first steps.
///
/// ```
/// use fnn::optimizers::{Decay, MovingAverage};
///
/// let (mut early, mut warmed_up) = (MovingAverage::<f32>::new(), MovingAverage::<f32>::new());
/// for weight in [0.0, 1.0, 1.0, 1.0] {
///     early.update(&weight, 0.999);
///     warmed_up.update(&weight, Decay::new(0.999).warm_up());
/// }
/// // After four steps, most of the one is still the weight that training began with.
/// assert!(early.network < 0.01 && warmed_up.network > 0.98);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Decay {
    kept: f64,
    warm_up: bool,
}

impl Decay {
    /// Keep a share of `kept` of the average in each step.
    #[must_use]
    pub const fn new(kept: f64) -> Self {
        Self { kept, warm_up: false }
    }

    /// Use a smaller decay in the first steps: `min(d, (1 + t) / (10 + t))` after t steps, so that the initial weights
    /// do not dominate an average over few steps.
    ///
    /// This is the warm-up of TensorFlow's `tf.train.ExponentialMovingAverage` (`num_updates`) and of `EMAModel` in
    /// Hugging Face's diffusers.
    #[must_use]
    pub const fn warm_up(self) -> Self {
        Self { warm_up: true, ..self }
    }

    /// The decay in the step after `steps` others. The first step starts the average.
    fn after(self, steps: u64) -> f64 {
        match steps {
            0 => 0.0,
            _ if self.warm_up => self.kept.min((1.0 + steps as f64) / (10.0 + steps as f64)),
            _ => self.kept,
        }
    }

    /// Check that the decay is from 0 to below 1 in `S`.
    ///
    /// # Errors
    /// The decay, if it is invalid.
    pub fn validate<S: Scalar>(self) -> Result<(), InvalidSetting> {
        BELOW_ONE.check::<S>("decay of the moving average", self.kept)
    }
}

impl From<f64> for Decay {
    fn from(kept: f64) -> Self {
        Self::new(kept)
    }
}

operation! {
    /// An update on one thread, dispatched to the best instruction set.
    struct Update<'a, P: Parameters;> {
        average: &'a mut MovingAverage<P>,
        network: &'a P,
        decay: Decay,
    }
    fn run(self, simd: V) {
        self.average.update_by(Serial(simd), self.network, self.decay);
    }
}

/// `a ← a + new · (w − a)`
struct Approach<S> {
    new: S,
}

impl<S: Scalar> Task<(&mut [S], &[S])> for Approach<S> {
    #[inline(always)]
    fn run<V: Simd>(&self, _: V, (average, weights): (&mut [S], &[S])) {
        for (a, &w) in average.iter_mut().zip(weights) {
            *a += self.new * (w - *a);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `diffusers.training_utils.EMAModel(use_ema_warmup=False).get_decay(step)` for steps 1, 2, 3, … : 0, 2/11, 3/12, …
    #[test]
    fn a_warm_up_keeps_less_in_the_first_steps() {
        let decay = Decay::new(0.5).warm_up();
        let kept = [0, 1, 2, 3, 7, 8, 9, 1000].map(|steps| decay.after(steps));
        assert_eq!(kept, [0.0, 2.0 / 11.0, 3.0 / 12.0, 4.0 / 13.0, 8.0 / 17.0, 0.5, 0.5, 0.5]);
        assert_eq!([0, 1, 2].map(|steps| Decay::new(0.5).after(steps)), [0.0, 0.5, 0.5]);
    }

    #[test]
    fn a_decay_is_checked_in_the_scalar_of_the_weights() {
        assert_eq!(Decay::new(0.999).validate::<f32>(), Ok(()));
        assert_eq!(Decay::new(1.0 - 1e-9).validate::<f64>(), Ok(()));
        assert_eq!(Decay::new(1.0 - 1e-9).validate::<f32>().unwrap_err().rounded, Some(1.0));
        assert!(Decay::new(1.0).validate::<f64>().is_err());
    }
}
