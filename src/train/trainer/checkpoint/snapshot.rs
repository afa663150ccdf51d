//! The contents of a checkpoint, and its file.

use std::fmt::Debug;
use std::path::Path;

use super::resume::Restored;
use super::{CONTENT, FORMAT, FORMAT_KEY, Identity, Position};
use crate::error::Error;
use crate::layer::Layer;
use crate::optimizers::{MovingAverage, Plateau, State};
use crate::train::exchange::Exchange;
use crate::train::trainer::evaluate::Totals;
use crate::train::trainer::history::{Epoch, Stopped};
use crate::train::trainer::ranks::Ranks;
use crate::train::trainer::step::Memory;
use crate::train::trainer::stopping::Best;
use crate::weights::parameters::Parameters;
use crate::weights::safetensors::save_networks;

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
}

/// The contents of a checkpoint.
pub(crate) struct Snapshot<'a, N, const SLOTS: usize> {
    pub(crate) network: &'a N,
    pub(crate) state: &'a State<N, SLOTS>,
    pub(crate) average: Option<&'a MovingAverage<N>>,
    pub(crate) best: Option<&'a Best<N>>,
    pub(crate) position: Position,
}

/// The prefixes of the networks in a file, in order: weights, slots, average, best weights.
pub(super) fn prefixes<const SLOTS: usize>(average: bool, best: bool) -> impl Iterator<Item = String> {
    let slots = (0..SLOTS).map(|slot| format!("optimizer/{slot}/"));
    // Dotted names have no slash, so the names of the network's tensors cannot collide with these.
    let rest = [(average, "average/"), (best, "best/")];
    let rest = rest.into_iter().filter(|(exists, _)| *exists).map(|(_, prefix)| prefix.to_string());
    std::iter::once(String::new()).chain(slots).chain(rest)
}

impl<N: Parameters, const SLOTS: usize> Snapshot<'_, N, SLOTS> {
    /// Write the file `path`.
    pub(super) fn save(&self, path: &Path, identity: &Identity) -> Result<(), Error> {
        let networks = std::iter::once(self.network)
            .chain(&self.state.slots)
            .chain(self.average.map(|average| &average.network))
            .chain(self.best.map(|best| &*best.network));
        let prefixes = prefixes::<SLOTS>(self.average.is_some(), self.best.is_some());
        let networks: Vec<_> = prefixes.zip(networks).collect();
        let format = (FORMAT_KEY.to_string(), FORMAT.to_string());
        let metadata: Vec<_> =
            std::iter::once(format).chain(identity.metadata()).chain(self.position.metadata()).collect();
        save_networks(path, CONTENT, &metadata, &networks)
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
    ) -> Result<Snapshot<'a, N, SLOTS>, Error> {
        self.state.slots.iter_mut().try_for_each(|slot| self.ranks.complete(slot))?;
        let Moment { totals, seconds, learning_rate, plateau, stopped } = moment;
        let average = self.average.as_ref().map(|(average, _)| &**average);
        let position = Position {
            steps: self.steps(),
            average_steps: average.map_or(0, |average| average.steps),
            totals,
            seconds,
            learning_rate,
            plateau: plateau.map(|plateau| plateau.state()),
            best: best.map(|best| (best.epoch, best.waited)),
            stopped,
            epochs: epochs.to_vec(),
        };
        Ok(Snapshot { network, state: &self.state, average, best, position })
    }

    /// What a checkpoint is loaded into, and the other ranks.
    pub(crate) fn restored<'a>(
        &'a mut self,
        network: &'a mut N,
        best: Option<&'a mut Best<N>>,
    ) -> (Restored<'a, N, SLOTS>, &'a mut Ranks<N::Scalar, X>) {
        let average = self.average.as_mut().map(|(average, _)| &mut **average);
        (Restored { network, state: &mut self.state, average, best }, &mut self.ranks)
    }
}
