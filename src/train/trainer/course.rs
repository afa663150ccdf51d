//! What all steps of an epoch have in common.

use crate::optimizers::{Clip, Penalty};

/// The constants of all steps in an epoch.
pub(crate) struct Course<'a, F, O> {
    pub(crate) loss: &'a F,
    pub(crate) optimizer: &'a O,
    /// How a gradient is modified before the optimizer uses it.
    pub(crate) adjust: (Option<Penalty>, Option<Clip>),
    /// The seed of the randomness in this epoch.
    pub(crate) seed: u64,
}
