//! The contents of a checkpoint, and its file.

use std::fmt::Debug;
use std::path::Path;

use super::resume::Restored;
use super::{CONTENT, FORMAT, FORMAT_KEY, Identity, Position};
use crate::error::Error;
use crate::kernels::Divisible;
use crate::layer::Layer;
use crate::optimizers::{Plateau, State};
use crate::pod::{as_bytes, as_bytes_mut};
use crate::train::exchange::Exchange;
use crate::train::trainer::evaluate::Totals;
use crate::train::trainer::history::{Epoch, Stopped};
use crate::train::trainer::ranks::Ranks;
use crate::train::trainer::step::Memory;
use crate::train::trainer::stopping::{Best, Wait};
use crate::weights::parameters::{all_numbers, all_numbers_mut};
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

/// The bytes of everything that has a number for each weight.
struct Arrays<B> {
    network: Numbers<B>,
    /// All slots, one after the other.
    slots: B,
    average: Option<B>,
    best: Option<B>,
}

impl<B: Divisible> Arrays<B> {
    /// One after the other, each with its prefix.
    fn networks(self) -> Networks<B> {
        let Self { network, mut slots, average, best } = self;
        let size = network.bytes.length();
        let mut others = Vec::new();
        while slots.length() > 0 {
            let (slot, rest) = slots.divide(size);
            others.push((format!("optimizer/{}/", others.len()), network.other(slot)));
            slots = rest;
        }
        // Dotted names have no slash, so the names of the network's tensors cannot collide with these.
        let rest = [("average/", average), ("best/", best)];
        let rest = rest.into_iter().filter_map(|(prefix, bytes)| Some((prefix.into(), network.other(bytes?))));
        others.extend(rest);
        others.insert(0, (String::new(), network));
        others
    }
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
        let arrays = Arrays {
            network: Numbers::of::<N>(as_bytes(network.parameters())),
            slots: as_bytes(all_numbers(&self.state.slots)),
            average: average.map(|average| as_bytes(average.network.parameters())),
            best: best.map(|best| as_bytes(best.network.parameters())),
        };
        let steps = (self.steps(), average.map_or(0, |average| average.steps));
        let position = moment.position(steps, best.map(|best| best.wait), epochs);
        Ok(Snapshot { networks: arrays.networks(), position })
    }

    /// What a checkpoint is loaded into, and the other ranks.
    pub(crate) fn restored<'a>(
        &'a mut self,
        network: &'a mut N,
        best: Option<&'a mut Best<N>>,
    ) -> (Restored<'a>, &'a mut Ranks<N::Scalar, X>) {
        let State { steps, slots } = &mut *self.state;
        let (average, average_steps) = match &mut self.average {
            Some((average, _)) => (Some(as_bytes_mut(average.network.parameters_mut())), Some(&mut average.steps)),
            None => (None, None),
        };
        let (best, wait) = match best {
            Some(best) => (Some(as_bytes_mut(best.network.parameters_mut())), Some(&mut best.wait)),
            None => (None, None),
        };
        let network = Numbers::of::<N>(as_bytes_mut(network.parameters_mut()));
        let arrays = Arrays { network, slots: as_bytes_mut(all_numbers_mut(slots)), average, best };
        (Restored { networks: arrays.networks(), steps, average_steps, wait }, &mut self.ranks)
    }
}
