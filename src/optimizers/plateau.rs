//! Learning-rate reduction when the loss stops improving.

use crate::setting::{BELOW_ONE, InvalidSetting, NOT_NEGATIVE};

/// Lowers the learning rate after several epochs in a row without improvement.
///
/// This is PyTorch's `ReduceLROnPlateau` in mode `min` with a relative threshold: an epoch is an improvement if its
/// loss is below the smallest one so far by more than `threshold` times the absolute value of that. (For negative
/// losses, PyTorch applies the threshold in the wrong direction, so that a constant loss always counts as an
/// improvement; here it does not.) After more than `patience` epochs without improvement, the learning rate is
/// multiplied by `factor`, but not lowered below `floor`; the next `cooldown` epochs are not counted. A change of at
/// most 10⁻⁸ is skipped.
///
/// It is both the settings and their state: a copy made before training starts over. Set it in the trainer with
/// `Trainer::reduce_on_plateau`. In a custom loop, call it with the loss after each epoch:
///
/// ```
/// use fnn::optimizers::{Adam, Optimizer, Plateau};
///
/// let (mut adam, mut plateau) = (Adam::new(1e-3), Plateau::new().factor(0.5).patience(1));
/// for loss in [1.0, 0.5, 0.6, 0.5] {
///     let learning_rate = plateau.see(loss, adam.learning_rate());
///     adam = adam.with_learning_rate(learning_rate);
/// }
/// assert_eq!(adam.learning_rate, 5e-4);
/// ```
///
/// It combines with a [`Schedule`](super::Schedule), which multiplies the reduced learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Plateau {
    factor: f64,
    patience: u64,
    threshold: f64,
    cooldown: u64,
    floor: f64,
    best: Option<f64>,
    waited: u64,
    cooling: u64,
}

impl Plateau {
    /// Multiply the learning rate by 0.1 after more than ten epochs without improvement: PyTorch's defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { factor: 0.1, patience: 10, threshold: 1e-4, cooldown: 0, floor: 0.0, best: None, waited: 0, cooling: 0 }
    }

    /// Set the factor for the learning rate, from 0 to below 1. The default is 0.1.
    #[must_use]
    pub const fn factor(self, factor: f64) -> Self {
        Self { factor, ..self }
    }

    /// Set how many epochs in a row without improvement are tolerated. The default is 10.
    #[must_use]
    pub const fn patience(self, patience: u64) -> Self {
        Self { patience, ..self }
    }

    /// Set the relative improvement that a loss needs to count as smaller. The default is 10⁻⁴.
    #[must_use]
    pub const fn threshold(self, threshold: f64) -> Self {
        Self { threshold, ..self }
    }

    /// Set how many epochs after a reduction are not counted. The default is 0.
    #[must_use]
    pub const fn cooldown(self, cooldown: u64) -> Self {
        Self { cooldown, ..self }
    }

    /// Set the smallest learning rate. The default is 0.
    #[must_use]
    pub const fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// Record the loss after an epoch that was trained with `learning_rate`. Returns the learning rate for the next
    /// epoch.
    ///
    /// A loss of NaN is never an improvement.
    #[must_use]
    pub fn see(&mut self, loss: f64, learning_rate: f64) -> f64 {
        let smaller = |best: f64| {
            let nearer_to_zero = if best < 0.0 { 1.0 + self.threshold } else { 1.0 - self.threshold };
            loss < best * nearer_to_zero
        };
        if self.best.map_or(loss < f64::INFINITY, smaller) {
            self.best = Some(loss);
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.waited = 0;
        }
        if self.waited <= self.patience {
            return learning_rate;
        }
        self.cooling = self.cooldown;
        self.waited = 0;
        let lower = (learning_rate * self.factor).max(self.floor);
        if learning_rate - lower > 1e-8 { lower } else { learning_rate }
    }

    /// Its state: the smallest loss, the epochs without improvement, and those left that are not counted.
    #[cfg(feature = "std")]
    pub(crate) const fn state(&self) -> (Option<f64>, u64, u64) {
        (self.best, self.waited, self.cooling)
    }

    /// The same settings with another [`state`](Self::state).
    #[cfg(feature = "std")]
    pub(crate) const fn with_state(self, (best, waited, cooling): (Option<f64>, u64, u64)) -> Self {
        Self { best, waited, cooling, ..self }
    }

    /// Validate the settings. They are used in `f64`, whatever the network's scalar type.
    ///
    /// # Errors
    /// The first invalid setting.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        BELOW_ONE.check::<f64>("factor of the plateau", self.factor)?;
        BELOW_ONE.check::<f64>("threshold of the plateau", self.threshold)?;
        NOT_NEGATIVE.check::<f64>("floor of the plateau", self.floor)
    }
}

impl Default for Plateau {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The learning rates after these losses, starting at 1.
    fn rates<const N: usize>(losses: [f64; N], mut plateau: Plateau) -> [f64; N] {
        let mut rate = 1.0;
        losses.map(|loss| {
            rate = plateau.see(loss, rate);
            rate
        })
    }

    #[test]
    fn a_negative_loss_that_stays_is_not_better() {
        let plateau = Plateau::new().factor(0.5).patience(1);
        assert_eq!(rates([-1.0; 6], plateau), [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
        assert_eq!(rates([1.0; 6], plateau), [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
        assert_eq!(rates([-1.0, -2.0, -3.0, -4.0, -5.0], plateau), [1.0; 5]);
        // From above 0 to below it.
        assert_eq!(rates([1.0, 0.0, -1.0, -1.0, -1.0], plateau), [1.0, 1.0, 1.0, 1.0, 0.5]);
    }

    #[test]
    fn the_threshold_is_a_share_of_the_size_of_the_smallest_loss() {
        let plateau = Plateau::new().factor(0.5).patience(0).threshold(0.25);
        assert_eq!(rates([-4.0, -4.9], plateau), [1.0, 0.5]);
        assert_eq!(rates([-4.0, -5.1], plateau), [1.0, 1.0]);
        assert_eq!(rates([4.0, 3.1], plateau), [1.0, 0.5]);
        assert_eq!(rates([4.0, 2.9], plateau), [1.0, 1.0]);
        assert_eq!(rates([0.0, 0.0], plateau), [1.0, 0.5]);
    }
}
