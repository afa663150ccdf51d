//! A training on several ranks: which samples and weights belong to this one, and what it exchanges with the others.
//!
//! In the first phase of a step, each rank takes whole chunks of the mini-batch. In the second, each rank computes the
//! gradient of its slice of the weights over all samples, and updates it. Between the two phases, ranks exchange
//! what the second is computed from: for deferred gradients the samples' inputs and output gradients, for others
//! the sums of each chunk. No sum is split, so the bits are those of a single rank.

use core::ops::Range;

use super::chunk::{Accumulator, Chunk};
use super::chunk_size::{ACCUMULATORS, LARGE_CHUNK, accumulators, even_chunk};
use super::history::Metric;
use super::parallel::share;
use super::parts::{common, for_each_part, parts_for};
use crate::data::MiniBatch;
use crate::error::Error;
use crate::layer::deferral::defers;
use crate::layer::{Deferred, Factors, Layer, Part};
use crate::losses::Term;
use crate::pod::{as_bytes, as_bytes_mut};
use crate::scalar::Scalar;
use crate::train::exchange::{Exchange, gather_texts};
use crate::train::gradient_buffers::Tally;
use crate::weights::parameters::Parameters;

/// This rank among the others, and the buffers for what they exchange, which are allocated once.
pub(crate) struct Ranks<S, X> {
    pub(super) exchange: X,
    /// Where the slice of weights of each rank begins, and the end of the last one.
    cuts: Vec<usize>,
    /// The same in a gradient of accumulated weights.
    accumulated_cuts: Vec<usize>,
    /// The bytes of each slice of weights.
    slices: Vec<usize>,
    /// The numbers of a sample that deferred gradients are computed from.
    factors: usize,
    /// The chunks of a round: the tally of each, and what deferred gradients are computed from.
    round: Vec<S>,
    /// The sums of chunks, for and from each rank.
    sums: [Vec<S>; 2],
    lengths: [Vec<usize>; 2],
    flags: Vec<u8>,
}

/// The numbers of a tally: the loss, its weight, and the numbers of samples that are correct, and that are scored.
const TALLY: usize = 4;

impl<S: Scalar, X: Exchange> Ranks<S, X> {
    /// Buffers for mini-batches of up to `batch` samples; none for a single rank.
    pub(crate) fn new<N: Layer<Scalar = S>>(exchange: X, batch: usize) -> Self {
        let ranks = exchange.ranks();
        let mut this = Self {
            exchange,
            cuts: Vec::new(),
            accumulated_cuts: Vec::new(),
            slices: Vec::new(),
            factors: 0,
            round: Vec::new(),
            sums: [Vec::new(), Vec::new()],
            lengths: [Vec::new(), Vec::new()],
            flags: Vec::new(),
        };
        if ranks > 1 {
            this.allocate(&Structure::of::<N>(), accumulators::<N>(batch), batch.min(ACCUMULATORS * LARGE_CHUNK));
        }
        this
    }

    /// Allocate the buffers, for rounds of up to this many chunks and samples.
    fn allocate(&mut self, network: &Structure, chunks: usize, samples: usize) {
        let ranks = self.exchange.ranks();
        self.cuts = (0..=ranks).map(|rank| network.cut(share(rank, ranks, network.weights, 1).start)).collect();
        self.accumulated_cuts = self.cuts.iter().map(|&cut| network.accumulated_before(cut)).collect();
        self.slices = self.cuts.windows(2).map(|cuts| (cuts[1] - cuts[0]) * size_of::<S>()).collect();
        self.factors = network.parts.iter().map(width).sum();
        self.round.reserve_exact(chunks * TALLY + samples * self.factors);
        let accumulated = network.accumulated_before(network.weights);
        self.sums.iter_mut().for_each(|sums| sums.reserve_exact(chunks * accumulated));
        self.lengths.iter_mut().for_each(|lengths| lengths.reserve_exact(ranks));
        self.flags.resize(ranks, 0);
    }

    /// Whether there are no others.
    #[inline(always)]
    pub(crate) fn is_alone(&self) -> bool {
        self.exchange.ranks() == 1
    }

    /// Whether this is rank 0, which writes files and messages.
    pub(crate) fn is_first(&self) -> bool {
        self.exchange.rank() == 0
    }

    /// Which of the accumulators of a round are computed here, in a mini-batch of this many chunks.
    #[inline(always)]
    pub(super) fn mine(&self, round: usize, chunks: usize) -> Range<usize> {
        if self.is_alone() {
            0..round
        } else {
            accumulators_of((self.exchange.rank(), self.exchange.ranks()), round, chunks)
        }
    }

    /// The part of a range of weights that belongs to this rank.
    #[inline(always)]
    pub(super) fn own(&self, range: Range<usize>) -> Range<usize> {
        if self.is_alone() { range } else { common(&range, &self.slice(self.exchange.rank())) }
    }

    /// The weights of a rank.
    fn slice(&self, rank: usize) -> Range<usize> {
        self.cuts[rank]..self.cuts[rank + 1]
    }

    /// Complete a round: the tallies of all accumulators, and what deferred gradients are computed from.
    #[inline(always)]
    pub(super) fn complete_round<N: Layer<Scalar = S>, T: Copy + Send + Sync, const B: usize>(
        &mut self,
        used: &mut [Accumulator<S>],
        memory: &[Chunk<N, T, B>],
        (samples, chunk, chunks): (MiniBatch<'_, N::Input, T>, usize, usize),
        network: &N,
    ) -> Result<(), Error> {
        if self.is_alone() {
            return Ok(());
        }
        self.exchange_round(used, (samples.len(), chunk, chunks), &mut |index, to| {
            if const { defers::<N>() }
                && let Some((memory, samples)) = memory.get(index).zip(samples.chunks(chunk).nth(index))
            {
                copy_factors::<N>(to, &mut |part| memory.factors(samples, network, part.start));
            }
        })
    }

    /// Exchange the tallies of a round of chunks, and what `copy` writes for those of this rank: what deferred gradients are computed
    /// from.
    fn exchange_round(
        &mut self,
        used: &mut [Accumulator<S>],
        (samples, chunk, chunks): (usize, usize, usize),
        copy: &mut dyn FnMut(usize, &mut [S]),
    ) -> Result<(), Error> {
        let (count, stride, ranks) = (used.len(), TALLY + chunk * self.factors, self.exchange.ranks());
        let end = |chunks: usize| chunks * TALLY + samples.min(chunks * chunk) * self.factors;
        self.round.resize(end(count), S::ZERO);
        let mine = self.mine(count, chunks);
        for (index, accumulator) in used.iter().enumerate() {
            if !mine.contains(&index) {
                continue;
            }
            let Some((tally, rest)) = self.round[index * stride..].split_at_mut_checked(TALLY) else { continue };
            tally.copy_from_slice(&to_numbers(accumulator.tally));
            copy(index, rest);
        }
        let lengths = (0..ranks).map(|rank| {
            let mine = accumulators_of((rank, ranks), count, chunks);
            (end(mine.end) - end(mine.start)) * size_of::<S>()
        });
        self.lengths[0].clear();
        self.lengths[0].extend(lengths);
        self.exchange.all_gather(as_bytes_mut(&mut self.round), &self.lengths[0])?;
        for (accumulator, chunk) in used.iter_mut().zip(self.round.chunks(stride)) {
            accumulator.tally = chunk.first_chunk().map(from_numbers).unwrap_or_default();
        }
        Ok(())
    }

    /// What the gradient of `part` is computed from, for the samples of one chunk of the round.
    pub(super) fn factors<N: Layer<Scalar = S>>(
        &self,
        (index, chunk, samples): (usize, usize, usize),
        part: &Deferred,
    ) -> Factors<'_, S> {
        let mut before = 0;
        parts_for::<N>(&mut |other| {
            if let Part::Deferred(other) = other
                && other.start < part.start
            {
                before += other.inputs + other.outputs;
            }
        });
        let start = index * (TALLY + chunk * self.factors) + TALLY + before * samples;
        let numbers = self.round.get(start..).unwrap_or_default();
        let (inputs, numbers) = numbers.split_at((samples * part.inputs).min(numbers.len()));
        let output_gradients = &numbers[..(samples * part.outputs).min(numbers.len())];
        Factors { inputs, numbers: None, output_gradients }
    }

    /// Complete the sums of the weights that belong to this rank, in all accumulators.
    #[inline(always)]
    pub(super) fn complete_sums(&mut self, used: &mut [Accumulator<S>]) -> Result<(), Error> {
        if self.is_alone() || used.iter().all(|sums| sums.gradient.is_empty()) {
            Ok(())
        } else {
            self.exchange_sums(used)
        }
    }

    fn exchange_sums(&mut self, used: &mut [Accumulator<S>]) -> Result<(), Error> {
        let (count, rank, ranks) = (used.len(), self.exchange.rank(), self.exchange.ranks());
        let (mine, cuts) = (self.mine(count, count), &self.accumulated_cuts);
        let slice = |rank: usize| cuts[rank]..cuts[rank + 1];
        let (own, [sent, received], [sent_lengths, received_lengths]) =
            (slice(rank), &mut self.sums, &mut self.lengths);
        sent.clear();
        sent_lengths.clear();
        received_lengths.clear();
        for other in 0..ranks {
            let before = sent.len();
            used[mine.clone()].iter().for_each(|sums| sent.extend_from_slice(&sums.gradient[slice(other)]));
            sent_lengths.push((sent.len() - before) * size_of::<S>());
            received_lengths.push(accumulators_of((other, ranks), count, count).len() * own.len() * size_of::<S>());
        }
        received.resize(count * own.len(), S::ZERO);
        self.exchange.all_to_all(as_bytes(sent), sent_lengths, as_bytes_mut(received), received_lengths)?;
        for (accumulator, sums) in used.iter_mut().zip(received.chunks(own.len().max(1))) {
            accumulator.gradient[own.clone()].copy_from_slice(sums);
        }
        Ok(())
    }

    /// Complete weights, or something of the same type, of which this rank has its own slice.
    #[inline(always)]
    pub(super) fn complete<N: Parameters<Scalar = S>>(&self, weights: &mut N) -> Result<(), Error> {
        if self.is_alone() {
            return Ok(());
        }
        self.exchange.all_gather(as_bytes_mut(weights.parameters_mut()), &self.slices)
    }

    /// Give all ranks the bytes that rank 0 has.
    pub(crate) fn spread(&self, bytes: &mut [u8]) -> Result<(), Error> {
        if self.is_alone() {
            return Ok(());
        }
        let mut lengths = vec![0; self.exchange.ranks()];
        lengths[0] = bytes.len();
        self.exchange.all_gather(bytes, &lengths)
    }

    /// Give all ranks the metrics that rank 0 has measured.
    pub(crate) fn spread_metrics(&self, metrics: &mut [Metric]) -> Result<(), Error> {
        let mut values: Vec<f64> = metrics.iter().map(|metric| metric.value).collect();
        self.spread(as_bytes_mut(&mut values))?;
        metrics.iter_mut().zip(values).for_each(|(metric, value)| metric.value = value);
        Ok(())
    }

    /// The text that rank 0 has, on all ranks.
    pub(crate) fn spread_text(&self, text: String) -> Result<String, Error> {
        if self.is_alone() {
            return Ok(text);
        }
        let texts = gather_texts(&self.exchange, if self.is_first() { &text } else { "" })?;
        Ok(texts.into_iter().next().unwrap_or_default())
    }

    /// The first text that is not empty, on all ranks.
    pub(crate) fn first_text(&self, text: Option<String>) -> Result<Option<String>, Error> {
        if self.is_alone() {
            return Ok(text);
        }
        let texts = gather_texts(&self.exchange, text.as_deref().unwrap_or_default())?;
        Ok(texts.into_iter().find(|text| !text.is_empty()))
    }

    /// Whether something is true on any rank.
    #[inline(always)]
    pub(crate) fn any(&mut self, here: bool) -> Result<bool, Error> {
        if self.is_alone() {
            return Ok(here);
        }
        self.flags[self.exchange.rank()] = u8::from(here);
        self.lengths[0].clear();
        self.lengths[0].resize(self.flags.len(), 1);
        self.exchange.all_gather(&mut self.flags, &self.lengths[0])?;
        Ok(self.flags.iter().any(|&flag| flag != 0))
    }

    /// The result of this rank, or an error if that of another rank is one: all ranks go on, or none.
    pub(crate) fn agree<A>(&mut self, result: Result<A, Error>) -> Result<A, Error> {
        if self.any(result.is_err())? { self.exchange.agree(result) } else { result }
    }
}

/// The samples that a rank reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Division {
    rank: usize,
    ranks: usize,
    /// The chunk size of a mini-batch.
    chunk: fn(usize) -> usize,
}

impl Division {
    pub(crate) fn of<N: Parameters>(exchange: &impl Exchange) -> Self {
        Self { rank: exchange.rank(), ranks: exchange.ranks(), chunk: even_chunk::<N> }
    }

    /// The samples of a mini-batch that this rank computes with.
    pub(crate) fn samples(self, batch: usize) -> impl Iterator<Item = Range<usize>> {
        let Self { rank, ranks, chunk } = self;
        let (chunk, chunks) = if ranks == 1 { (batch.max(1), 1) } else { (chunk(batch), batch.div_ceil(chunk(batch))) };
        let round = (ACCUMULATORS * chunk).min(batch.max(1));
        (0..batch).step_by(round).map(move |start| {
            let length = round.min(batch - start);
            let mine = accumulators_of((rank, ranks), length.div_ceil(chunk), chunks);
            let end = |chunks: usize| start + length.min(chunks * chunk);
            end(mine.start)..end(mine.end)
        })
    }
}

/// Which of the accumulators of a round a rank computes, in a mini-batch of this many chunks: the same ones in each round,
/// because they add chunk after chunk.
fn accumulators_of((rank, ranks): (usize, usize), round: usize, chunks: usize) -> Range<usize> {
    let all = share(rank, ranks, chunks.min(ACCUMULATORS), 1);
    all.start.min(round)..all.end.min(round)
}

/// Copy what each deferred gradient is computed from.
fn copy_factors<'a, N: Layer>(
    mut to: &mut [N::Scalar],
    factors: &mut dyn FnMut(&Deferred) -> Option<Factors<'a, N::Scalar>>,
) {
    parts_for::<N>(&mut |part| {
        let Part::Deferred(part) = part else { return };
        let Some(factors) = factors(&part) else { return };
        let inputs = factors.samples(&part).map(|(inputs, _)| inputs);
        for from in inputs.chain([factors.output_gradients]) {
            let (here, after) = std::mem::take(&mut to).split_at_mut(from.len());
            here.copy_from_slice(from);
            to = after;
        }
    });
}

/// The parts of a network, without its type.
struct Structure {
    weights: usize,
    parts: Vec<Part>,
    statistics: Vec<Range<usize>>,
}

impl Structure {
    fn of<N: Layer>() -> Self {
        let mut this = Self { weights: N::PARAMETERS, parts: Vec::new(), statistics: Vec::new() };
        for_each_part::<N>(|part, _| this.parts.push(part));
        N::running_statistics(&mut |range| this.statistics.push(range));
        this
    }

    /// Where to cut the weights near index `at`: not within a row of a deferred matrix, nor within the running statistics
    /// of a layer, which are absorbed together.
    fn cut(&self, at: usize) -> usize {
        let mut cut = at;
        for part in &self.parts {
            if let &Part::Deferred(Deferred { start, inputs, outputs, .. }) = part
                && (start..start + inputs * outputs).contains(&at)
            {
                cut = start + (at - start) / outputs.max(1) * outputs;
            }
        }
        self.statistics.iter().find(|range| range.contains(&at)).map_or(cut, |range| range.start)
    }

    /// How many accumulated weights there are before index `at`.
    fn accumulated_before(&self, at: usize) -> usize {
        let mut count = 0;
        for part in &self.parts {
            if let Part::Accumulated(range) = part {
                count += common(range, &(0..at)).len();
            }
        }
        count
    }
}

/// The numbers of a sample that the gradient of a part is computed from.
fn width(part: &Part) -> usize {
    match part {
        Part::Accumulated(_) => 0,
        Part::Deferred(part) => part.inputs + part.outputs,
    }
}

/// A tally as numbers. Counts are at most those of a chunk, and exact.
fn to_numbers<S: Scalar>(Tally { term: Term { loss, weight }, correct, scored }: Tally<S>) -> [S; TALLY] {
    [loss, weight, S::from_f64(correct as f64), S::from_f64(scored as f64)]
}

fn from_numbers<S: Scalar>(&[loss, weight, correct, scored]: &[S; TALLY]) -> Tally<S> {
    Tally { term: Term { loss, weight }, correct: correct.to_f64() as usize, scored: scored.to_f64() as usize }
}
