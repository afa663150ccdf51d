//! The contents of a checkpoint, and its file.

use std::fmt::Debug;
use std::path::Path;

use super::resume::Restored;
use super::{CONTENT, FORMAT, FORMAT_KEY, Identity, Position};
use crate::error::Error;
use crate::layer::Layer;
use crate::optimizers::Plateau;
use crate::train::exchange::Exchange;
use crate::train::trainer::evaluate::Totals;
use crate::train::trainer::history::{Epoch, Stopped};
use crate::train::trainer::ranks::Ranks;
use crate::train::trainer::step::Memory;
use crate::train::trainer::stopping::{Best, Wait};
use crate::weights::safetensors::{Numbers, save_networks};

/// What changes during training, except weights and the history.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// The totals of the current epoch.
    pub(crate) totals: Totals,
    pub(crate) seconds: Option<f64>,
    /// Without a schedule.
    pub(crate) learning_rate: f64,
    pub(crate) plateau: Option<Plateau>,
    /// Why no further epoch follows.
    pub(crate) stopped: Option<Stopped>,
}

impl Moment {
    /// The start of an epoch.
    pub(crate) fn new(learning_rate: f64, plateau: Option<Plateau>) -> Self {
        Self { totals: Totals::default(), seconds: Some(0.0), learning_rate, plateau, stopped: None }
    }

    /// The moment of a checkpoint.
    pub(crate) fn of(position: &Position, plateau: Option<Plateau>) -> Self {
        let Position { totals, seconds, learning_rate, stopped, .. } = *position;
        let plateau = plateau.map(|plateau| position.plateau.map_or(plateau, |state| plateau.with_state(state)));
        Self { totals, seconds, learning_rate, plateau, stopped }
    }

    /// The position of a checkpoint: after that many steps of the training and of its average.
    fn position(self, (steps, average_steps): (u64, u64), wait: Option<Wait>, epochs: &[Epoch]) -> Position {
        let Self { totals, seconds, learning_rate, plateau, stopped } = self;
        let plateau = plateau.map(|plateau| plateau.state());
        let best = wait.map(|wait| (wait.best, wait.epochs));
        let epochs = epochs.to_vec();
        Position { steps, average_steps, totals, seconds, learning_rate, plateau, best, stopped, epochs }
    }
}

/// The contents of a checkpoint.
pub(crate) struct Snapshot<'a> {
    pub(super) networks: Networks<&'a [u8]>,
    pub(super) position: Position,
}

/// Everything that has a number for each weight, with its prefix in a file: weights, slots, average, best weights.
pub(super) type Networks<B> = Vec<(String, Numbers<B>)>;

// Dotted names have no slash, so the names of the network's tensors cannot collide with these.
const AVERAGE: &str = "average/";
const BEST: &str = "best/";

/// The prefix of one of the optimizer's slots.
fn prefix_of_slot(slot: usize) -> String {
    format!("optimizer/{slot}/")
}

impl Snapshot<'_> {
    /// Write the file `path`.
    pub(super) fn save(&self, path: &Path, identity: &Identity) -> Result<(), Error> {
        let format = (FORMAT_KEY.to_string(), FORMAT.to_string());
        let metadata: Vec<_> =
            std::iter::once(format).chain(identity.metadata()).chain(self.position.metadata()).collect();
        save_networks(path, CONTENT, &metadata, &self.networks)
    }
}

impl<N: Layer, T: Copy + Debug + Send + Sync, const SLOTS: usize, const B: usize, X: Exchange>
    Memory<N, T, SLOTS, B, X>
{
    /// The contents of a checkpoint of `network` at `moment`, on rank 0. All ranks call it.
    ///
    /// # Errors
    /// Another rank is gone.
    pub(crate) fn snapshot<'a>(
        &'a mut self,
        network: &'a N,
        best: Option<&'a Best<N>>,
        moment: Moment,
        epochs: &[Epoch],
    ) -> Result<Snapshot<'a>, Error> {
        self.state.slots.iter_mut().try_for_each(|slot| self.ranks.complete(slot))?;
        let average = self.average.as_ref().map(|(average, _)| &**average);
        let mut networks = vec![(String::new(), Numbers::of(network))];
        for (slot, numbers) in self.state.slots.iter().enumerate() {
            networks.push((prefix_of_slot(slot), Numbers::of(numbers)));
        }
        if let Some(average) = average {
            networks.push((AVERAGE.into(), Numbers::of(&average.network)));
        }
        if let Some(best) = best {
            networks.push((BEST.into(), Numbers::of(&*best.network)));
        }
        let steps = (self.steps(), average.map_or(0, |average| average.steps));
        let position = moment.position(steps, best.map(|best| best.wait), epochs);
        Ok(Snapshot { networks, position })
    }

    /// What a checkpoint is loaded into, and the other ranks.
    pub(crate) fn restored<'a>(
        &'a mut self,
        network: &'a mut N,
        best: Option<&'a mut Best<N>>,
    ) -> (Restored<'a>, &'a mut Ranks<N::Scalar, X>) {
        let state = &mut *self.state;
        let mut networks = vec![(String::new(), Numbers::of_mut(network))];
        for (slot, numbers) in state.slots.iter_mut().enumerate() {
            networks.push((prefix_of_slot(slot), Numbers::of_mut(numbers)));
        }
        let mut average_steps = None;
        if let Some((average, _)) = &mut self.average {
            networks.push((AVERAGE.into(), Numbers::of_mut(&mut average.network)));
            average_steps = Some(&mut average.steps);
        }
        let mut wait = None;
        if let Some(best) = best {
            networks.push((BEST.into(), Numbers::of_mut(&mut *best.network)));
            wait = Some(&mut best.wait);
        }
        (Restored { networks, steps: &mut state.steps, average_steps, wait }, &mut self.ranks)
    }
}
