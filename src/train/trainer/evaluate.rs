//! Evaluation of a network on a data set.

use std::fmt::Debug;
use std::ops::Range;

use super::IntoBox;
use super::check;
use super::feed::Reader;
use super::parallel::{Parallel, Threads, share};
use crate::data::{DataSet, Source};
use crate::error::Error;
use crate::kernels::{Runner, Simd, Task};
use crate::layer::Layer;
use crate::losses::{Loss, Term};
use crate::network::Network;
use crate::network::block::with_block;
use crate::pod::{zeroed, zeroed_box};
use crate::scalar::Scalar;
use crate::train::exchange::Exchange;
use crate::train::gradient_buffers::{Tally, assert_logits};

/// The loss and the accuracy of a network on a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Evaluation {
    /// The mean loss, weighted if the loss weights its samples. NaN without samples, or if all weights are 0.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_number"))]
    pub loss: f64,
    /// The share of correct samples, as defined by [`Loss::correct`], from 0 to 1; `None` if the loss does not define
    /// it.
    pub accuracy: Option<f64>,
}

/// Evaluate `network`, by value or in a `Box`, on a whole data set. This runs inference, so dropout is off. For other
/// sources, see [`try_evaluate`].
///
/// Uses `rayon`'s threads if there is enough work. The result does not depend on their number.
///
/// ```
/// use fnn::{DataSet, layers::Dense, losses::MeanSquaredError, train::evaluate};
///
/// let network = Dense::<1, 1> { weight: [[2.0]], bias: [0.0] };
/// let data = DataSet::from([([1.0], [2.0]), ([2.0], [5.0])]);
/// assert_eq!(evaluate(&network, &MeanSquaredError, &data).loss, 0.5);
/// ```
pub fn evaluate<N: Layer, T: Copy + Debug + Send + Sync, F: Loss<N::Output, T>>(
    network: &impl IntoBox<N>,
    loss: &F,
    data: &DataSet<N::Input, T>,
) -> Evaluation {
    const { assert_logits::<N, T, F>() }
    let unchecked = |_: &_, _: &_| Ok(());
    let reader = Reader { set: "validation", source: data, check: &unchecked, seed: 0 };
    let evaluation = with_block!(N, B => {
        Evaluator::<N, T, B>::new(&reader).evaluate(network.as_network(), loss, &reader, &Threads::current(), &())
    });
    // Samples in memory can be read, and that none is invalid was just decided.
    evaluation.unwrap_or(Totals::default().mean())
}

/// [`evaluate`] on any [`Source`], each of whose samples is read once, with the same randomness each time.
///
/// ```
/// use fnn::{data::from_fn, layers::Dense, losses::MeanSquaredError, train::try_evaluate};
///
/// let network = Dense::<1, 1> { weight: [[2.0]], bias: [0.0] };
/// let doubles = from_fn(1000, |index, _, input: &mut [f32; 1]| {
///     *input = [index as f32];
///     Ok([2.0 * index as f32 + 1.0])
/// });
/// assert_eq!(try_evaluate(&network, &MeanSquaredError, &doubles)?.loss, 1.0);
/// # Ok::<(), fnn::Error>(())
/// ```
///
/// # Errors
/// [`Error::Read`] for the first sample that cannot be read, and [`Error::Sample`] for the first one that is invalid.
pub fn try_evaluate<N: Layer, D: Source<Input = N::Input>, F: Loss<N::Output, D::Target>>(
    network: &impl IntoBox<N>,
    loss: &F,
    data: &D,
) -> Result<Evaluation, Error> {
    const { assert_logits::<N, D::Target, F>() }
    check::samples::<N, D::Target, F>("validation", data, loss)?;
    let check = check::sample::<N, D::Target, F>(loss);
    let reader = Reader { set: "validation", source: data, check: &check, seed: 0 };
    with_block!(N, B => {
        Evaluator::<N, _, B>::new(&reader).evaluate(network.as_network(), loss, &reader, &Threads::current(), &())
    })
}

/// Sums over samples; [`Evaluation`] is their mean.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals(pub(super) Tally<f64>);

impl Totals {
    /// The sums of one block, possibly in lower precision.
    pub(crate) fn of<S: Scalar>(tally: Tally<S>) -> Self {
        let Tally { term: Term { loss, weight }, correct, scored } = tally;
        Self(Tally { term: Term { loss: loss.to_f64(), weight: weight.to_f64() }, correct, scored })
    }

    /// Add the sums of other samples.
    pub(crate) fn add(&mut self, Self(other): Self) {
        self.0 += other;
    }

    /// The sums as bytes, for other ranks.
    fn to_bytes(self) -> [u8; 32] {
        let Self(Tally { term, correct, scored }) = self;
        let words = [term.loss.to_bits(), term.weight.to_bits(), correct as u64, scored as u64];
        let mut bytes = [0; 32];
        bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let word = |index: usize| bytes.as_chunks().0.get(index).map_or(0, |&word| u64::from_le_bytes(word));
        let term = Term { loss: f64::from_bits(word(0)), weight: f64::from_bits(word(1)) };
        Self(Tally { term, correct: word(2) as usize, scored: word(3) as usize })
    }

    /// The means.
    pub(crate) fn mean(self) -> Evaluation {
        let Self(Tally { term, correct, scored }) = self;
        let loss = if term.weight > 0.0 { term.mean() } else { f64::NAN };
        Evaluation { loss, accuracy: (scored > 0).then(|| correct as f64 / scored as f64) }
    }
}

/// Samples in one block of inference.
const BLOCK: usize = 32;

/// The number of parts of a data set that are summed separately: the most threads that an evaluation uses.
const SHARES: usize = 16;

/// The memory of an evaluation, allocated once. `B` samples of a block go forward at a time.
pub(crate) struct Evaluator<N: Layer, T, const B: usize> {
    /// The number of samples, which stays what it was at first.
    samples: usize,
    shares: Vec<Share<N, T, B>>,
}

struct Share<N: Layer, T, const B: usize> {
    index: usize,
    totals: Totals,
    failure: Option<Error>,
    /// The samples of a block that are read; empty for a set in memory.
    inputs: Vec<N::Input>,
    targets: Vec<T>,
    outputs: Box<[N::Output; BLOCK]>,
    workspace: Box<N::Workspace<B>>,
}

impl<N: Layer, T: Copy + Debug + Send + Sync, const B: usize> Evaluator<N, T, B> {
    /// Memory for the samples of `reader`.
    pub(crate) fn new(reader: &Reader<'_, N::Input, T>) -> Self {
        let read = if reader.source.in_memory().is_some() { 0 } else { BLOCK };
        let samples = reader.source.len();
        let shares = (0..shares(samples)).map(|index| Share {
            index,
            totals: Totals::default(),
            failure: None,
            inputs: vec![zeroed(); read],
            targets: Vec::with_capacity(read),
            outputs: zeroed_box(),
            workspace: zeroed_box(),
        });
        Self { samples, shares: shares.collect() }
    }

    /// No memory: for no samples.
    pub(crate) const fn none() -> Self {
        Self { samples: 0, shares: Vec::new() }
    }

    /// The bytes that [`new`](Self::new) allocates.
    pub(crate) fn bytes(samples: usize, in_memory: bool) -> usize {
        let share = size_of::<Share<N, T, B>>() + size_of::<[N::Output; BLOCK]>() + size_of::<N::Workspace<B>>();
        let read = if in_memory { 0 } else { BLOCK * (size_of::<N::Input>() + size_of::<T>()) };
        shares(samples) * (share + read)
    }

    /// The mean loss and the accuracy of `network` on the samples of `reader`, of which each rank computes a part.
    ///
    /// # Errors
    /// The first sample that cannot be read or is invalid; another rank is gone.
    pub(crate) fn evaluate<F: Loss<N::Output, T>>(
        &mut self,
        network: &N,
        loss: &F,
        reader: &Reader<'_, N::Input, T>,
        threads: &Threads,
        exchange: &impl Exchange,
    ) -> Result<Evaluation, Error> {
        let (count, samples) = (self.shares.len(), self.samples);
        let shares = &mut self.shares[share(exchange.rank(), exchange.ranks(), count, 1)];
        threads.run(reader.work::<N>(), |parallel| {
            let measure = Measure { network, loss, reader, samples, count };
            Parallel { several: parallel }.each(&mut *shares, 1, &measure);
        });
        let failure = shares.iter_mut().find_map(|share| share.failure.take());
        exchange.agree(failure.map_or(Ok(()), Err))?;
        if exchange.ranks() > 1 {
            let mut all: Vec<_> = self.shares.iter().map(|share| share.totals).collect();
            complete(&mut all, exchange)?;
            self.shares.iter_mut().zip(all).for_each(|(share, totals)| share.totals = totals);
        }
        let mut totals = Totals::default();
        self.shares.iter().for_each(|share| totals.add(share.totals));
        Ok(totals.mean())
    }
}

/// Complete the totals of the shares of all ranks.
fn complete(totals: &mut [Totals], exchange: &dyn Exchange) -> Result<(), Error> {
    let (count, ranks) = (totals.len(), exchange.ranks());
    let mut bytes: Vec<u8> = totals.iter().flat_map(|totals| totals.to_bytes()).collect();
    let size = Totals::default().to_bytes().len();
    let lengths: Vec<_> = (0..ranks).map(|rank| size * share(rank, ranks, count, 1).len()).collect();
    exchange.all_gather(&mut bytes, &lengths)?;
    for (totals, bytes) in totals.iter_mut().zip(bytes.as_chunks().0) {
        *totals = Totals::from_bytes(*bytes);
    }
    Ok(())
}

/// The number of parts of `samples` samples.
fn shares(samples: usize) -> usize {
    samples.div_ceil(BLOCK).min(SHARES)
}

/// Evaluates a network on parts of the samples.
struct Measure<'a, N: Layer, T, F> {
    network: &'a N,
    loss: &'a F,
    reader: &'a Reader<'a, N::Input, T>,
    samples: usize,
    count: usize,
}

impl<N: Layer, T: Copy + Debug + Send + Sync, F: Loss<N::Output, T>, const B: usize> Task<&mut [Share<N, T, B>]>
    for Measure<'_, N, T, F>
{
    fn run<V: Simd>(&self, _: V, shares: &mut [Share<N, T, B>]) {
        self.shares(shares);
    }
}

impl<N: Layer, T: Copy + Debug + Send + Sync, F: Loss<N::Output, T>> Measure<'_, N, T, F> {
    /// Compute the totals of some shares. Inference chooses the instruction set.
    #[inline(never)]
    fn shares<const B: usize>(&self, shares: &mut [Share<N, T, B>]) {
        for one in shares {
            one.totals = Totals::default();
            let mut rest = share(one.index, self.count, self.samples, BLOCK);
            while !rest.is_empty() && one.failure.is_none() {
                let block = rest.start..rest.end.min(rest.start + BLOCK);
                rest.start = block.end;
                if let Err(failure) = self.block(block, one) {
                    one.failure = Some(failure);
                }
            }
        }
    }

    /// Add the totals of a block of samples.
    fn block<const B: usize>(&self, block: Range<usize>, share: &mut Share<N, T, B>) -> Result<(), Error> {
        let Self { network, loss, reader, .. } = self;
        let Share { totals, inputs, targets, outputs, workspace, .. } = share;
        let (inputs, targets) = match reader.source.in_memory() {
            Some(set) => (&set.inputs()[block.clone()], &set.targets()[block]),
            None => {
                targets.clear();
                for (number, input) in block.zip(&mut *inputs) {
                    targets.push(reader.read(number, input)?);
                }
                (&inputs[..targets.len()], &targets[..])
            }
        };
        network.forward_into::<B>(inputs, &mut **outputs, workspace);
        let mut tally = Tally::default();
        for (output, target) in outputs.iter().zip(targets) {
            tally.count(loss.value(output, target), loss.correct(output, target));
        }
        totals.add(Totals::of(tally));
        Ok(())
    }
}
