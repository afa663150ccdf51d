//! The results of a sweep, and their file.

use std::fmt;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::atomic_file::{FolderLock, create_folder, write_atomically};
use crate::error::Error;
use crate::train::exchange::{Exchange, gather_texts};
use crate::train::trainer::csv_quoted;

/// The results of a [`Sweep`](super::Sweep), in the order of its settings. Printed, it is a table, the best first.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SweepResults<S> {
    /// The trials.
    pub trials: Vec<TrialResult<S>>,
}

/// The result of one training of a [`Sweep`](super::Sweep).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TrialResult<S> {
    /// The settings.
    pub settings: S,
    /// The epochs of its last training, in a sweep by halving.
    pub epochs: Option<usize>,
    /// The number that the training returned. `None` if it failed or the number is NaN.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_number::option"))]
    pub value: Option<f64>,
    /// Why there is no number.
    pub failure: Option<String>,
    /// How long its trainings took, in seconds; `None` without a clock.
    pub seconds: Option<f64>,
}

/// What is known of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    epochs: Option<usize>,
    value: Option<f64>,
    failure: Option<String>,
    seconds: Option<f64>,
    done: bool,
}

impl Outcome {
    pub(super) fn new(epochs: Option<usize>, value: Result<f64, Error>, seconds: Option<f64>) -> Self {
        let (value, failure) = match value {
            Ok(value) if value.is_nan() => (None, Some("the result is NaN".into())),
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self { epochs, value, failure, seconds, done: true }
    }
}

/// The outcomes so far, and the file that has them: that of all ranks, or while other ranks train, one of this rank's own.
pub(super) struct Table<'a> {
    texts: &'a [String],
    file: Option<PathBuf>,
    /// Two sweeps in the same folder would replace each other's file.
    _lock: Option<FolderLock>,
    is_first: bool,
    outcomes: Mutex<Vec<Outcome>>,
    /// The trials whose outcomes other ranks don't know.
    own: Mutex<Vec<usize>>,
}

/// The file of all ranks.
const FILE: &str = "trials.csv";

const HEADER: [&str; 6] = ["trial", "settings", "epochs", "value", "seconds", "failure"];

impl<'a> Table<'a> {
    /// Read what an earlier run has left in the folder.
    pub(super) fn open(texts: &'a [String], folder: Option<&Path>, exchange: &impl Exchange) -> Result<Self, Error> {
        let rank = exchange.rank();
        let name = if rank == 0 { FILE.into() } else { rank_file(rank) };
        let (file, is_first) = (folder.map(|folder| folder.join(name)), rank == 0);
        let outcomes = Mutex::new(vec![Outcome::default(); texts.len()]);
        let mut table = Self { texts, file, _lock: None, is_first, outcomes, own: Mutex::new(Vec::new()) };
        let read = folder.map_or(Ok(()), |folder| {
            if is_first {
                table._lock = Some(FolderLock::create("folder", folder)?);
            } else {
                create_folder(folder)?;
            }
            table.read_folder(folder)
        });
        let done =
            table.lock().iter().enumerate().filter(|(_, outcome)| outcome.done).map(|(number, _)| number).collect();
        *table.own() = done;
        table.share(exchange, read)?;
        Ok(table)
    }

    /// Read the file of this rank. Rank 0 also reads what other ranks could not share.
    fn read_folder(&self, folder: &Path) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        self.read_file(file)?;
        let entries = fs::read_dir(folder).map_err(|source| Error::File { path: folder.into(), source })?;
        let is_left = |name: &str| name.strip_prefix("trials-").is_some_and(|name| name.ends_with(".csv"));
        let left = entries.flatten().filter(|entry| self.is_first && entry.file_name().to_str().is_some_and(is_left));
        left.map(|entry| entry.path()).try_for_each(|file| {
            self.read_file(&file)?;
            // With its rows, so that the file is superfluous.
            self.write_file(&folder.join(FILE), &self.lock())?;
            fs::remove_file(&file).map_err(|source| Error::File { path: file.clone(), source })
        })
    }

    fn read_file(&self, file: &Path) -> Result<(), Error> {
        match fs::read_to_string(file) {
            Ok(text) => read(file, &text, self.texts, &mut self.lock()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(Error::File { path: file.into(), source }),
        }
    }

    /// Give all ranks the outcomes of each, if all have succeeded. Rank 0 writes them.
    pub(super) fn share(&self, exchange: &impl Exchange, result: Result<(), Error>) -> Result<(), Error> {
        exchange.agree(result)?;
        if exchange.ranks() == 1 {
            return Ok(());
        }
        let mut own = vec![Outcome::default(); self.texts.len()];
        let mut outcomes = self.lock();
        self.own().drain(..).for_each(|number| own[number] = outcomes[number].clone());
        let text = write(self.texts, &own);
        for text in gather_texts(exchange, &text)? {
            read(Path::new(FILE), &text, self.texts, &mut outcomes)?;
        }
        let Some(file) = &self.file else { return Ok(()) };
        let written = if self.is_first { self.write_file(file, &outcomes) } else { Ok(()) };
        exchange.agree(written)?;
        if !self.is_first {
            // Its rows are in the file of rank 0, if the folder is shared; if it isn't, they are kept here.
            let shared = file.with_file_name(FILE).exists();
            let _ = if shared { fs::remove_file(file) } else { Ok(()) };
        }
        Ok(())
    }

    fn write_file(&self, file: &Path, outcomes: &[Outcome]) -> Result<(), Error> {
        let text = write(self.texts, outcomes);
        write_atomically(file, &mut |file| io::Write::write_all(file, text.as_bytes()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Outcome>> {
        // An outcome is replaced as a whole, so that a panic elsewhere leaves none half-written.
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own(&self) -> MutexGuard<'_, Vec<usize>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a trial was trained for this many epochs.
    pub(super) fn is_done(&self, number: usize, epochs: Option<usize>) -> bool {
        self.lock().get(number).is_some_and(|outcome| {
            // Without halving, what an earlier sweep by halving has trained may be too short.
            outcome.done && (outcome.epochs == epochs || epochs.is_some() && outcome.epochs > epochs)
        })
    }

    /// Keep the best trials, in the order of their numbers. Where a sweep continues, some have been trained for more epochs
    /// than others: they were among the best before.
    pub(super) fn keep_best(&self, numbers: &mut Vec<usize>, count: usize) {
        let outcomes = self.lock();
        let outcome = |number: &usize| outcomes.get(*number);
        let cost = |number: &usize| outcome(number).and_then(|outcome| outcome.value).unwrap_or(f64::INFINITY);
        let epochs = |number: &usize| outcome(number).and_then(|outcome| outcome.epochs);
        let order = |one: &usize, other: &usize| {
            epochs(other).cmp(&epochs(one)).then(cost(one).total_cmp(&cost(other))).then(one.cmp(other))
        };
        numbers.sort_by(order);
        numbers.truncate(count);
        numbers.sort_unstable();
    }

    /// Record an outcome, also in the file.
    pub(super) fn record(&self, number: usize, outcome: Outcome) -> Result<(), Error> {
        let mut outcomes = self.lock();
        if let Some(place) = outcomes.get_mut(number) {
            let seconds = place.seconds.zip(outcome.seconds).map(|(before, now)| before + now).or(outcome.seconds);
            *place = Outcome { seconds, ..outcome };
            self.own().push(number);
        }
        let Some(file) = &self.file else { return Ok(()) };
        self.write_file(file, &outcomes)
    }

    pub(super) fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file of a rank other than 0, until its rows are in that of rank 0.
fn rank_file(rank: usize) -> String {
    format!("trials-{rank}.csv")
}

/// The file: a row per trial that was trained.
fn write(texts: &[String], outcomes: &[Outcome]) -> String {
    let mut text = HEADER.join(",") + "\n";
    for (number, (settings, outcome)) in texts.iter().zip(outcomes).enumerate().filter(|(_, (_, outcome))| outcome.done)
    {
        let Outcome { epochs, value, failure, seconds, .. } = outcome;
        let cell = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:?}"));
        let epochs = epochs.map_or(String::new(), |epochs| epochs.to_string());
        let failure = quoted(failure.as_deref().unwrap_or_default());
        let (value, seconds) = (cell(*value), cell(*seconds));
        text += &format!("{number},{},{epochs},{value},{seconds},{failure}\n", quoted(settings));
    }
    text
}

/// A quoted field; line breaks become spaces, so that a row is a line.
fn quoted(text: &str) -> String {
    csv_quoted(&text.replace(['\n', '\r'], " "))
}

/// Read what [`write`] has written. Trials with other settings are an error.
fn read(path: &Path, text: &str, texts: &[String], outcomes: &mut [Outcome]) -> Result<(), Error> {
    let invalid = |line: usize, expected: String, found: &str| {
        Error::format(path, format!("line {}", line + 1), expected, format_args!("`{found}`"))
    };
    let header = HEADER.join(",");
    let mut lines = text.lines().enumerate();
    if let Some((line, row)) = lines.next().filter(|(_, row)| *row != header) {
        return Err(invalid(line, format!("the columns {header}"), row));
    }
    for (line, row) in lines {
        let fields = fields(row).filter(|fields| fields.len() == HEADER.len());
        let expected = || format!("a trial: {header}");
        let Some([number, settings, epochs, value, seconds, failure]) = fields.as_deref() else {
            return Err(invalid(line, expected(), row));
        };
        let number = number.parse::<usize>().ok().filter(|&number| number < texts.len());
        let (Some(number), Some(epochs), Some(value), Some(seconds)) =
            (number, optional(epochs), optional(value), optional(seconds))
        else {
            return Err(invalid(line, expected(), row));
        };
        if quoted(&texts[number]) != quoted(settings) {
            return Err(invalid(line, format!("trial {number} with the settings `{}`", texts[number]), settings));
        }
        let failure = (!failure.is_empty()).then(|| failure.clone());
        outcomes[number] = Outcome { epochs, value, failure, seconds, done: true };
    }
    Ok(())
}

/// A number, or nothing if the text is empty. `None` if it is neither.
fn optional<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

/// The fields of a row.
fn fields(row: &str) -> Option<Vec<String>> {
    let (mut fields, mut rest) = (Vec::new(), row);
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            None => rest.split_once(',').map_or((rest.to_string(), None), |(field, after)| (field.into(), Some(after))),
            Some(inner) => {
                let mut field = String::new();
                let mut inner = inner;
                loop {
                    let (part, after) = inner.split_once('"')?;
                    field += part;
                    match after.strip_prefix('"') {
                        Some(more) => {
                            field.push('"');
                            inner = more;
                        }
                        None if after.is_empty() => break (field, None),
                        None => break (field, Some(after.strip_prefix(',')?)),
                    }
                }
            }
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Some(fields),
        }
    }
}

impl<S> SweepResults<S> {
    pub(super) fn new(settings: Vec<S>, outcomes: Vec<Outcome>) -> Self {
        let result = |(settings, Outcome { epochs, value, failure, seconds, .. })| TrialResult {
            settings,
            epochs,
            value,
            failure,
            seconds,
        };
        Self { trials: settings.into_iter().zip(outcomes).map(result).collect() }
    }

    /// The trial with the smallest number, among those that were trained longest. `None` if all failed.
    #[must_use]
    pub fn best(&self) -> Option<&TrialResult<S>> {
        self.ranked().into_iter().find(|trial| trial.value.is_some())
    }

    /// The trials, the best first: those with more epochs before those with fewer, and failures last.
    #[must_use]
    pub fn ranked(&self) -> Vec<&TrialResult<S>> {
        let mut ranked: Vec<_> = self.trials.iter().collect();
        ranked.sort_by(|one, other| {
            let value = |trial: &TrialResult<S>| trial.value.unwrap_or(f64::INFINITY);
            (one.value.is_none().cmp(&other.value.is_none()))
                .then(other.epochs.cmp(&one.epochs))
                .then(value(one).total_cmp(&value(other)))
        });
        ranked
    }
}

impl<S: Debug> fmt::Display for SweepResults<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let halving = self.trials.iter().any(|trial| trial.epochs.is_some());
        let epochs = |text: &str| if halving { format!("{text:>7}") } else { String::new() };
        writeln!(f, "{:>12}{}  {:>8}  settings", "value", epochs("epochs"), "s")?;
        for trial in self.ranked() {
            let TrialResult { settings, value, failure, seconds, .. } = trial;
            let value = value.map_or("–".into(), |value| format!("{value:.5}"));
            let count = epochs(&trial.epochs.map_or(String::new(), |epochs| epochs.to_string()));
            let seconds = seconds.map_or(String::new(), |seconds| format!("{seconds:.2}"));
            let failure = failure.as_ref().map_or(String::new(), |failure| format!(": {failure}"));
            writeln!(f, "{value:>12}{count}  {seconds:>8}  {settings:?}{failure}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_it_was_written() {
        let texts = ["(0.1, \"a, b\")".to_string(), "two\nlines".into(), "never trained".into()];
        let done = |epochs, value, failure: Option<&str>| Outcome {
            epochs,
            value,
            failure: failure.map(Into::into),
            seconds: Some(0.5),
            done: true,
        };
        let outcomes = [done(Some(3), Some(0.125), None), done(None, None, Some("no \"loss\"")), Outcome::default()];
        let text = write(&texts, &outcomes);
        let mut found = vec![Outcome::default(); 3];
        read(Path::new("trials.csv"), &text, &texts, &mut found).unwrap();
        assert_eq!(found, outcomes);
    }

    #[test]
    fn other_files_are_errors() {
        let read = |text: &str| {
            let mut outcomes = vec![Outcome::default(); 1];
            read(Path::new("trials.csv"), text, &["0.1".into()], &mut outcomes).unwrap_err().to_string()
        };
        let header = HEADER.join(",");
        let error = read(&format!("{header}\n0,\"0.2\",,1.0,,\"\"\n"));
        assert_eq!(error, "trials.csv: line 2: expected trial 0 with the settings `0.1`, found `0.2`");
        let error = read("name,price\n");
        assert_eq!(error, format!("trials.csv: line 1: expected the columns {header}, found `name,price`"));
        for row in ["1,\"0.1\",,1.0,,\"\"", "0,\"0.1\",,x,,\"\"", "0,\"0.1", "0,0.1"] {
            assert!(read(&format!("{header}\n{row}\n")).contains("line 2: expected a trial: trial,settings"), "{row}");
        }
    }
}
