//! What a trainer does to gradients and weights besides the optimizer's steps.

use super::Trainer;
use crate::layer::Layer;
use crate::optimizer::Clip;

impl<N: Layer, T, F, O, const SLOTS: usize> Trainer<'_, N, T, F, O, SLOTS> {
    /// Limit the gradient of each mini-batch, before the optimizer sees it.
    ///
    /// A gradient that is not finite is still an error. Limits by value cost nothing that can be measured; a limit by
    /// norm costs a second pass over the gradient. The weights stay the same, bit for bit, at any number of threads.
    ///
    /// ```
    /// use fnn::{Clip, CrossEntropy, DataSet, Progress, Sgd, Trainer};
    ///
    /// fnn::network! {
    ///     struct Net: [4] -> [2] { hidden: Dense(8), Tanh, logits: Dense(2) }
    /// }
    ///
    /// let data: DataSet<[f32; 4], u8> = (0..64).map(|index| ([(index % 2) as f32; 4], index % 2)).collect();
    /// let trainer = Trainer::new(Net::seeded(1), CrossEntropy, Sgd::new(0.5)).clip(Clip::Norm(1.0));
    /// trainer.progress(Progress::Silent).fit(&data)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn clip(self, clip: Clip) -> Self {
        Self { clip: Some(clip), ..self }
    }
}
