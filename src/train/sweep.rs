//! Many trainings with different settings.

mod results;

use std::fmt::Debug;
use std::path::PathBuf;

use super::exchange::{self, Exchange};
use super::trainer::stopwatch::Stopwatch;
use crate::error::Error;
use crate::random::Random;
use results::{Outcome, Table};
pub use results::{SweepResults, TrialResult};

/// Trains with each of several settings, and compares the results: a grid, random settings, or successive halving.
///
/// One training runs per thread, because many small trainings use the cores better than one; set
/// [`Trainer::threads(1)`](crate::Trainer::threads) in each. Each gives the same bits as it would alone.
///
/// ```
/// use fnn::prelude::*;
/// use fnn::train::Sweep;
///
/// fnn::network! {
///     struct Sides: [1] -> [2] { hidden: Dense(4), Tanh, logits: Dense(2) }
/// }
///
/// let points: DataSet<[f32; 1], usize> = (0..60).map(|x| ([x as f32 / 30.0 - 1.0], usize::from(x > 29))).collect();
/// let results = Sweep::over([0.01, 0.1, 1.0]).and([4, 16]).run(|trial| {
///     let (rate, batch_size) = *trial.settings;
///     let trainer = Trainer::new(Sides::seeded(1), CrossEntropy, Sgd::new(rate)).batch_size(batch_size).epochs(5);
///     let trained = trainer.threads(1).progress(Progress::Silent).validate(&points).fit(&points)?;
///     Ok(trained.history.best().and_then(|epoch| epoch.validation).map_or(f64::NAN, |validation| validation.loss))
/// })?;
/// println!("{results}");
/// assert_eq!(results.best().map(|trial| trial.settings), Some((1.0, 4)));
/// # Ok::<(), fnn::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a sweep does nothing until `run` is called"]
pub struct Sweep<S> {
    settings: Vec<S>,
    folder: Option<PathBuf>,
    halving: Option<Halving>,
}

/// One training of a [`Sweep`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trial<'a, S> {
    /// The number of the settings, from 0.
    pub number: usize,
    /// The settings.
    pub settings: &'a S,
    /// How many epochs to train, in a sweep by [`halving`](Sweep::halving).
    pub epochs: Option<usize>,
    /// A folder of its own for checkpoints, if the sweep has a [`folder`](Sweep::folder). Pass it to
    /// [`Trainer::checkpoint`](crate::Trainer::checkpoint) and [`Trainer::resume`](crate::Trainer::resume), so that a
    /// trial that was interrupted, or that gets more epochs, continues.
    pub folder: Option<PathBuf>,
}

/// The epochs of successive halving.
#[derive(Clone, Copy, Debug)]
struct Halving {
    first: usize,
    factor: usize,
    last: usize,
}

impl Halving {
    fn is_valid(self) -> bool {
        self.first > 0 && self.factor > 1 && self.last >= self.first
    }
}

impl<S> Sweep<S> {
    /// Train with each of these settings.
    pub fn over(settings: impl IntoIterator<Item = S>) -> Self {
        Self { settings: settings.into_iter().collect(), folder: None, halving: None }
    }

    /// Combine each of the settings with each of these: a grid.
    pub fn and<T: Clone>(self, others: impl IntoIterator<Item = T>) -> Sweep<(S, T)>
    where
        S: Clone,
    {
        let others: Vec<_> = others.into_iter().collect();
        let pairs = self.settings.iter().flat_map(|one| others.iter().map(|other| (one.clone(), other.clone())));
        Sweep { settings: pairs.collect(), folder: self.folder, halving: self.halving }
    }

    /// Train with `count` random settings. Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012.
    ///
    /// ```
    /// use fnn::train::Sweep;
    ///
    /// // Learning rates from 1e-4 to 1, evenly distributed over powers of ten.
    /// let sweep = Sweep::random(20, 1, |random| 10f64.powf(-4.0 * random.uniform()));
    /// ```
    pub fn random(count: usize, seed: u64, mut draw: impl FnMut(&mut Random) -> S) -> Self {
        let mut random = Random::new(seed);
        Self::over((0..count).map(|_| draw(&mut random)))
    }

    /// Keep the results in the file `trials.csv` in a folder, and give each trial a folder of its own in it. If the sweep is run
    /// again, for example after an interruption, it continues: trials that are in the file are not repeated.
    pub fn folder(self, folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// Train all with few epochs, then the best of them with more: `first` epochs at first, and `factor` times as many for the
    /// best `1 / factor` of the trials, until `last`. Jamieson and Talwalkar, "Non-stochastic best arm identification and
    /// hyperparameter optimization", AISTATS 2016.
    ///
    /// A trial trains for [`Trial::epochs`]. It continues where it was if it checkpoints to and resumes from
    /// [`Trial::folder`]; otherwise it starts over.
    pub fn halving(self, first: usize, factor: usize, last: usize) -> Self {
        Self { halving: Some(Halving { first, factor, last }), ..self }
    }

    /// Run all trainings. `train` returns the number to compare, such as the validation loss: smaller is better.
    ///
    /// A trial whose training fails, or whose number is NaN, is in the results with its error, and comes last.
    ///
    /// # Errors
    /// [`Error::Setting`] for invalid settings of the sweep itself, [`Error::File`] or [`Error::Format`] for its folder.
    pub fn run(self, train: impl Fn(&Trial<'_, S>) -> Result<f64, Error> + Sync) -> Result<SweepResults<S>, Error>
    where
        S: Debug + Send + Sync,
    {
        self.run_on(&(), train)
    }

    /// [`run`](Self::run) on several *ranks*, for example computers: each takes some of the trainings, and all return all
    /// results. Networks that are too small to be trained together are trained one by one.
    ///
    /// Give all ranks the same sweep. A [`folder`](Self::folder) should be one that they share, so that any rank can continue
    /// a trial.
    ///
    /// ```
    /// use fnn::train::{InProcess, Sweep};
    ///
    /// let all = |rank: InProcess| Sweep::over(1..=7).run_on(&rank, |trial| Ok(1.0 / f64::from(*trial.settings)));
    /// let ranks: Vec<_> = InProcess::ranks(2).into_iter().map(|rank| std::thread::spawn(move || all(rank))).collect();
    /// for rank in ranks {
    ///     assert_eq!(rank.join().unwrap()?.best().map(|trial| trial.settings), Some(7));
    /// }
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`run`](Self::run) on any rank, [`Error::Ranks`] if ranks have different sweeps, and [`Error::Rank`] if
    /// another rank cannot go on.
    pub fn run_on(
        self,
        exchange: &impl Exchange,
        train: impl Fn(&Trial<'_, S>) -> Result<f64, Error> + Sync,
    ) -> Result<SweepResults<S>, Error>
    where
        S: Debug + Send + Sync,
    {
        let Self { settings, folder, halving } = self;
        let rungs = exchange.agree(rungs(settings.len(), halving))?;
        let texts: Vec<_> = settings.iter().map(|settings| format!("{settings:?}")).collect();
        let of_all = [
            ("number of trials", texts.len().to_string()),
            ("halving", format!("{halving:?}")),
            ("folder", folder.is_some().to_string()),
        ];
        let of_each =
            texts.iter().enumerate().map(|(number, text)| (format!("settings of trial {number}"), text.clone()));
        let fields: Vec<_> = of_all.map(|(name, value)| (name.into(), value)).into_iter().chain(of_each).collect();
        exchange::compare(exchange, &fields)?;
        let table = Table::open(&texts, folder.as_deref(), exchange)?;
        let mut running: Vec<usize> = (0..settings.len()).collect();
        for (epochs, count) in rungs {
            table.keep_best(&mut running, count);
            let left: Vec<_> = running.iter().copied().filter(|&number| !table.is_done(number, epochs)).collect();
            let mine: Vec<_> = left.into_iter().skip(exchange.rank()).step_by(exchange.ranks()).collect();
            let outcomes = each(&mine, |_, &number| {
                let stopwatch = Stopwatch::start();
                let folder = folder.as_deref().map(|folder| folder.join(format!("trial-{number:04}")));
                let value = train(&Trial { number, settings: &settings[number], epochs, folder });
                table.record(number, Outcome::new(epochs, value, stopwatch.seconds()))
            });
            table.share(exchange, outcomes.into_iter().collect())?;
        }
        Ok(SweepResults::new(settings, table.into_outcomes()))
    }
}

/// The epochs of each rung and how many trials take part; without halving, one of all trials.
fn rungs(trials: usize, halving: Option<Halving>) -> Result<Vec<(Option<usize>, usize)>, Error> {
    let invalid = |expected, found: String| Err(Error::Setting { name: "sweep", expected, found });
    match halving {
        _ if trials == 0 => invalid("settings to train with", "none".into()),
        None => Ok(vec![(None, trials)]),
        Some(halving) if halving.is_valid() => Ok(halving_rungs(trials, halving)),
        Some(Halving { first, factor, last }) => {
            let expected = "halving with at least 1 epoch, a factor of at least 2, and no fewer epochs at the end";
            invalid(expected, format!("{first}, {factor} and {last}"))
        }
    }
}

/// The rungs of successive halving: the epochs of each, and how many trials take part.
fn halving_rungs(trials: usize, Halving { first, factor, last }: Halving) -> Vec<(Option<usize>, usize)> {
    let (mut epochs, mut count, mut rungs) = (first, trials, Vec::new());
    loop {
        rungs.push((Some(epochs), count));
        if epochs >= last || count == 1 {
            return rungs;
        }
        epochs = epochs.saturating_mul(factor).min(last);
        count = (count / factor).max(1);
    }
}

/// Call `work` with the number and the value of each item, one per thread. Returns the results in order.
pub(super) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    #[cfg(feature = "rayon")]
    if crate::threads::available() > 1 {
        use rayon::prelude::*;
        // One at a time: trainings take different times.
        return items.par_iter().enumerate().with_max_len(1).map(|(number, item)| work(number, item)).collect();
    }
    items.iter().enumerate().map(|(number, item)| work(number, item)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_trains_fewer_and_fewer_longer_and_longer() {
        let rungs = |trials, first, factor, last| halving_rungs(trials, Halving { first, factor, last });
        assert_eq!(rungs(9, 1, 3, 9), [(Some(1), 9), (Some(3), 3), (Some(9), 1)]);
        assert_eq!(rungs(8, 2, 2, 10), [(Some(2), 8), (Some(4), 4), (Some(8), 2), (Some(10), 1)]);
        assert_eq!(rungs(2, 5, 4, 100), [(Some(5), 2), (Some(20), 1)]);
        assert_eq!(rungs(1, 3, 2, 3), [(Some(3), 1)]);
    }

    #[test]
    fn items_keep_their_order() {
        assert_eq!(each(&[5, 6, 7], |number, item| number * 10 + item), [5, 16, 27]);
    }
}
