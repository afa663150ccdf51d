//! Early stopping: give up when the loss no longer falls, and go back to where it was lowest.

use crate::weights::parameters::Parameters;

/// The best weights so far, and how long ago they were found.
///
/// Prechelt, "Early stopping – but when?", in *Neural Networks: Tricks of the Trade*, 1998.
pub(crate) struct Best<N> {
    network: Box<N>,
    /// The number of the epoch, and its loss.
    epoch: Option<(usize, f64)>,
    waited: usize,
    patience: usize,
}

impl<N: Parameters> Best<N> {
    /// Wait for `patience` epochs in a row for a smaller loss.
    pub(crate) fn new(patience: usize) -> Self {
        Self { network: N::zeroed_box(), epoch: None, waited: 0, patience }
    }

    /// See the weights and the loss after epoch number `epoch`. Whether to wait on.
    pub(crate) fn see(&mut self, network: &N, epoch: usize, loss: f64) -> bool {
        if self.epoch.is_none_or(|(_, best)| loss < best) {
            self.network.parameters_mut().copy_from_slice(network.parameters());
            self.epoch = Some((epoch, loss));
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        self.waited < self.patience
    }

    /// Put the best weights into `network`, if there were any: the number of the epoch that they are of.
    pub(crate) fn restore(&self, network: &mut N) -> Option<usize> {
        let (epoch, _) = self.epoch?;
        network.parameters_mut().copy_from_slice(self.network.parameters());
        Some(epoch)
    }
}
