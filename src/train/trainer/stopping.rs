//! Early stopping: stop when what is monitored no longer improves, and restore the best weights.

use crate::weights::parameters::Parameters;

/// The best weights so far, and the number of epochs since.
///
/// Prechelt, "Early stopping – but when?", in *Neural Networks: Tricks of the Trade*, 1998.
pub(crate) struct Best<N> {
    pub(super) network: Box<N>,
    pub(super) wait: Wait,
    patience: usize,
}

/// When the best weights were found, and how long ago.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wait {
    /// The number of the epoch, and its cost: the monitored loss, or the negative of what is better if it is larger.
    pub(super) best: Option<(usize, f64)>,
    /// The number of epochs since.
    pub(super) epochs: usize,
}

impl<N: Parameters> Best<N> {
    /// Early stopping after `patience` epochs in a row without a smaller cost.
    pub(crate) fn new(patience: usize) -> Self {
        Self { network: N::zeroed_box(), wait: Wait::default(), patience }
    }

    /// Record the weights and the cost after epoch number `epoch`. Returns whether to continue.
    pub(crate) fn see(&mut self, network: &N, epoch: usize, cost: f64) -> bool {
        if self.wait.best.is_none_or(|(_, best)| cost < best) {
            self.network.parameters_mut().copy_from_slice(network.parameters());
            self.wait = Wait { best: Some((epoch, cost)), epochs: 0 };
        } else {
            self.wait.epochs += 1;
        }
        self.wait.epochs < self.patience
    }

    /// Restore the best weights to `network`, if there are any. Returns the number of their epoch.
    pub(crate) fn restore(&self, network: &mut N) -> Option<usize> {
        let (epoch, _) = self.wait.best?;
        network.parameters_mut().copy_from_slice(self.network.parameters());
        Some(epoch)
    }
}
