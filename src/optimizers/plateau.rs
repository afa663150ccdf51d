//! A learning rate that falls when the loss no longer does.

use super::{BELOW_ONE, NOT_NEGATIVE, misuse_of};

/// Lowers the learning rate after some epochs in a row without a smaller loss.
///
/// PyTorch's `ReduceLROnPlateau`, mode `min` with a relative threshold: an epoch is better if its loss is below
/// `(1 − threshold) ·` the smallest one so far. After more than `patience` epochs that aren't, the learning rate is
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
        let smaller = |best: f64| loss < best * (1.0 - self.threshold);
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

    /// The constant that makes no sense, if there is one: (its name, what is expected, what it is).
    #[must_use]
    pub fn misuse(&self) -> Option<(&'static str, &'static str, f64)> {
        misuse_of("factor of the plateau", self.factor, &BELOW_ONE)
            .or(misuse_of("threshold of the plateau", self.threshold, &BELOW_ONE))
            .or(misuse_of("floor of the plateau", self.floor, &NOT_NEGATIVE))
    }
}

impl Default for Plateau {
    fn default() -> Self {
        Self::new()
    }
}
