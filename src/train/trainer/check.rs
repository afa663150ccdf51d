//! Validation before training.

use std::fmt::{Debug, Display};

use super::chunk_size::smallest_chunk;
use super::parts::parts_for;
use crate::data::AnySource;
use crate::error::Error;
use crate::layer::deferral::defers;
use crate::layer::{InvalidInput, Layer, Part};
use crate::losses::Loss;
use crate::pod::zeroed;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::parameters::{Parameters, first_non_finite};

/// Check that a count is not 0.
pub(crate) fn positive(name: &'static str, value: Option<usize>) -> Result<(), Error> {
    match value {
        Some(0) => Err(Error::Setting { name, expected: "at least 1", found: "0".into() }),
        _ => Ok(()),
    }
}

/// Check that every chunk of every mini-batch, including the last one of an epoch, is large enough for all layers.
pub(crate) fn batches<N: Layer>(samples: usize, batch_size: usize) -> Result<(), Error> {
    let batch_size = batch_size.min(samples).max(1);
    let last = samples % batch_size;
    let smallest = smallest_chunk::<N>(if last == 0 { batch_size } else { last });
    if smallest >= N::SMALLEST_BATCH {
        Ok(())
    } else {
        Err(too_few((batch_size, last), (N::KIND, N::SMALLEST_BATCH), smallest))
    }
}

// What needn't be generic isn't: so it is compiled once, in this crate.

/// The error about chunks with fewer samples than a network needs.
fn too_few((batch_size, last): (usize, usize), (network, needed): (&str, usize), smallest: usize) -> Error {
    let expected = "mini-batches with enough samples for every layer in each chunk, of 32 samples or 64 (`BatchNorm` computes \
                    statistics over them; `BatchNorm(frozen)` doesn't)";
    let rest = if last == 0 { String::new() } else { format!(", and a last mini-batch of {last}") };
    let found = format!("{batch_size}{rest}: `{network}` needs {needed}, and a chunk has {smallest}");
    Error::Setting { name: "batch size", expected, found }
}

/// Check that the initial weights are finite.
pub(crate) fn network<N: Parameters>(network: &N) -> Result<(), Error> {
    first_non_finite(network).map_or(Ok(()), |(name, _)| Err(infinite(&name)))
}

/// The error about weights that aren't finite.
fn infinite(name: &str) -> Error {
    let found = format!("NaN or infinity in `{name}`");
    Error::Setting { name: "network", expected: "finite weights", found }
}

/// Check that the parts of a network's weights are all of its weights, in order: those that are left out would never be trained.
pub(crate) fn parts<N: Layer>() -> Result<(), Error> {
    if const { !defers::<N>() } {
        return Ok(());
    }
    let mut parts = Vec::new();
    parts_for::<N>(&mut |part| parts.push(part));
    all_parts(&parts, (N::PARAMETERS, N::ACCUMULATED))
}

/// Check that these are the parts of `weights` weights, `of_them` of which are accumulated.
fn all_parts(parts: &[Part], (weights, of_them): (usize, usize)) -> Result<(), Error> {
    let (mut visited, mut accumulated) = (0usize, 0usize);
    let mut in_order = true;
    for part in parts {
        let (start, length) = match part {
            Part::Accumulated(range) => (range.start, range.len()),
            Part::Deferred(part) => {
                let biases = if part.bias { part.outputs } else { 0 };
                (part.start, part.inputs.saturating_mul(part.outputs).saturating_add(biases))
            }
        };
        in_order &= start == visited;
        visited = visited.saturating_add(length);
        accumulated = accumulated.saturating_add(if matches!(part, Part::Accumulated(_)) { length } else { 0 });
    }
    if in_order && (visited, accumulated) == (weights, of_them) {
        return Ok(());
    }
    let expected =
        "layers whose `parts` are all of their weights in order, and whose `ACCUMULATED` weights are accumulated";
    let order = if in_order { "" } else { " in another order" };
    let found =
        format!("parts of {visited} of {weights} weights{order}, of which {accumulated} of {of_them} are accumulated");
    Err(Error::Setting { name: "network", expected, found })
}

/// Check that the set has samples, and if they are in memory, that all are finite, with targets that are valid for the
/// loss. Others are checked when they are read.
pub(crate) fn data<N: Layer, T: Copy + Debug + Send + Sync, F: Loss<N::Output, T>>(
    set: &'static str,
    source: &AnySource<'_, N::Input, T>,
    loss: &F,
) -> Result<(), Error> {
    if source.is_empty() {
        return Err(Error::Empty { set });
    }
    let Some(data) = source.in_memory() else { return Ok(()) };
    samples::<N, T, F>(set, source, loss)?;
    let weighs = |target| loss.value(&zeroed::<N::Output>(), target).weight.to_f64() > 0.0;
    if data.targets().iter().any(weighs) { Ok(()) } else { Err(only_zeros(set)) }
}

/// Check the samples of a set in memory. Others are checked when they are read.
pub(crate) fn samples<N: Layer, T: Copy + Debug + Send + Sync, F: Loss<N::Output, T>>(
    set: &'static str,
    source: &AnySource<'_, N::Input, T>,
    loss: &F,
) -> Result<(), Error> {
    let Some(data) = source.in_memory() else { return Ok(()) };
    let check = sample::<N, T, F>(loss);
    for (sample, (input, target)) in data.inputs().iter().zip(data.targets()).enumerate() {
        if let Err(problem) = check(input, target) {
            return Err(Error::Sample { set, sample, row: source.row(sample), problem });
        }
    }
    Ok(())
}

/// The error about a set without a weight above 0, whose mean loss would be NaN.
pub(crate) fn only_zeros(set: &'static str) -> Error {
    let expected = if set == "training" {
        "a weight above 0 in the training set"
    } else {
        "a weight above 0 in the validation set"
    };
    Error::Setting { name: "sample weights", expected, found: "only 0".into() }
}

/// Checks that an input is finite and valid for the network, and that its target is valid for the loss.
pub(crate) fn sample<N: Layer, T: Debug, F: Loss<N::Output, T>>(
    loss: &F,
) -> impl Fn(&N::Input, &T) -> Result<(), String> {
    move |input, target| {
        if !input.all_finite() {
            return Err(non_finite(input));
        }
        if let Err(InvalidInput { element, expected }) = N::check_input(input) {
            return Err(invalid_input(&expected, input.elements().get(element).map(|found| (found as _, element))));
        }
        loss.check(target).map_err(|expected| invalid_target(&expected, target))
    }
}

/// The error about an input that is not finite.
#[cold]
fn non_finite<I: Sample>(input: &I) -> String {
    let found = input.elements().iter().enumerate().find(|(_, element)| !element.all_finite());
    invalid_input(&"finite numbers", found.map(|(at, element)| (element as _, at)))
}

/// The error about an element of an input.
fn invalid_input(expected: &dyn Display, found: Option<(&dyn Debug, usize)>) -> String {
    let found = found.map(|(found, element)| format!("{found:?} at element {element}")).unwrap_or_default();
    format!("the input: expected {expected}, found {found}")
}

/// The error about a target.
fn invalid_target(expected: &dyn Display, target: &dyn Debug) -> String {
    let mut found = format!("{target:?}");
    if found.chars().count() > 60 {
        found = format!("{found:.60}…");
    }
    format!("the target: expected {expected}, found {found}")
}
