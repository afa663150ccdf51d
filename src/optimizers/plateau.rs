//! A learning rate that falls when the loss no longer does.

use crate::setting::{BELOW_ONE, InvalidSetting, NOT_NEGATIVE};

/// Lowers the learning rate after some epochs in a row without a smaller loss.
///
/// PyTorch's `ReduceLROnPlateau`, mode `min` with a relative threshold: an epoch is better if its loss is below the
/// smallest one so far by more than `threshold` times the size of that. (A loss may be negative; there, PyTorch has the
/// threshold on the wrong side, so that a loss that stays the same is better every time.) After more than `patience` epochs that aren't, the learning rate is
/// multiplied by `factor`, though not below `floor`; then `cooldown` epochs aren't counted. A change of at most 10⁻⁸
/// isn't made.
///
/// It is a constant of a training, and remembers what it saw: a copy made before starts anew. The trainer takes one by
/// `Trainer::reduce_on_plateau`. In a loop of your own, tell it the loss after each epoch:
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
/// It composes with a [`Schedule`](super::Schedule), which multiplies whatever learning rate is left.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    /// A tenth of the learning rate after more than ten epochs: PyTorch's constants.
    #[must_use]
    pub const fn new() -> Self {
        Self { factor: 0.1, patience: 10, threshold: 1e-4, cooldown: 0, floor: 0.0, best: None, waited: 0, cooling: 0 }
    }

    /// By what the learning rate is multiplied, from 0 to below 1; 0.1 if not told.
    #[must_use]
    pub const fn factor(self, factor: f64) -> Self {
        Self { factor, ..self }
    }

    /// How many epochs in a row without a smaller loss are borne; 10 if not told.
    #[must_use]
    pub const fn patience(self, patience: u64) -> Self {
        Self { patience, ..self }
    }

    /// By what share a loss has to be below the smallest one to count as smaller; 10⁻⁴ if not told.
    #[must_use]
    pub const fn threshold(self, threshold: f64) -> Self {
        Self { threshold, ..self }
    }

    /// How many epochs after a change are not counted; 0 if not told.
    #[must_use]
    pub const fn cooldown(self, cooldown: u64) -> Self {
        Self { cooldown, ..self }
    }

    /// What the learning rate is not brought below, itself a learning rate; 0 if not told.
    #[must_use]
    pub const fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// See the loss after an epoch that was trained with `learning_rate`: the learning rate for the next one.
    ///
    /// A loss that is not a number is none that is smaller.
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

    /// That the settings are valid. They are used in `f64`, whatever the network's scalar.
    ///
    /// # Errors
    /// The first setting that is invalid.
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

    /// The learning rates after these losses, from 1.
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
