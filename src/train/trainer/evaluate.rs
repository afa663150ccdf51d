//! Evaluation of a network on a data set.

use super::IntoBox;
use super::parallel::{Parallel, Threads, share, work};
use crate::data::DataSet;
use crate::kernels::{Portable, Runner, Serial, Simd, Task};
use crate::layer::Layer;
use crate::losses::{Loss, Term};
use crate::network::Network;
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::train::gradient_buffers::{Tally, assert_logits};

/// The loss and the accuracy of a network on a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Evaluation {
    /// The mean loss, weighted if the loss weights its samples. NaN without samples, or if all weights are 0.
    pub loss: f64,
    /// The share of correct samples, as defined by [`Loss::correct`], from 0 to 1; `None` if the loss does not define
    /// it.
    pub accuracy: Option<f64>,
}

/// Evaluate `network`, by value or in a `Box`, on a whole data set. This runs inference, so dropout is off.
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
pub fn evaluate<N: Layer, T: Sync, F: Loss<N::Output, T>>(
    network: &impl IntoBox<N>,
    loss: &F,
    data: &DataSet<N::Input, T>,
) -> Evaluation {
    const { assert_logits::<N, T, F>() }
    let threads = Threads::current();
    Evaluator::new(data.len()).evaluate(network.as_network(), loss, data, &threads)
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

/// The memory of an evaluation, allocated once.
pub(crate) struct Evaluator<N: Layer> {
    shares: Vec<Share<N>>,
}

struct Share<N: Layer> {
    index: usize,
    totals: Totals,
    outputs: Box<[N::Output; BLOCK]>,
    workspace: Box<N::Workspace<BLOCK>>,
}

impl<N: Layer> Evaluator<N> {
    /// Memory for data sets of up to `samples` samples.
    pub(crate) fn new(samples: usize) -> Self {
        let shares = (0..samples.div_ceil(BLOCK).min(SHARES)).map(|index| Share {
            index,
            totals: Totals::default(),
            outputs: Pod::zeroed_box(),
            workspace: Pod::zeroed_box(),
        });
        Self { shares: shares.collect() }
    }

    /// The bytes that [`new`](Self::new) allocates.
    pub(crate) fn bytes(samples: usize) -> usize {
        let share = size_of::<Share<N>>() + size_of::<[N::Output; BLOCK]>() + size_of::<N::Workspace<BLOCK>>();
        samples.div_ceil(BLOCK).min(SHARES) * share
    }

    /// The mean loss and the accuracy of `network` on `data`.
    pub(crate) fn evaluate<T: Sync, F: Loss<N::Output, T>>(
        &mut self,
        network: &N,
        loss: &F,
        data: &DataSet<N::Input, T>,
        threads: &Threads,
    ) -> Evaluation {
        let shares = &mut *self.shares;
        let count = shares.len();
        threads.run(work::<N>(data.len()), |parallel| {
            let measure = Measure { network, loss, data, count };
            if parallel {
                Parallel.each(&mut *shares, 1, &measure)
            } else {
                Serial(Portable).each(&mut *shares, 1, &measure)
            }
        });
        let mut totals = Totals::default();
        shares.iter().for_each(|share| totals.add(share.totals));
        totals.mean()
    }
}

/// Evaluates a network on parts of a data set.
struct Measure<'a, N: Layer, T, F> {
    network: &'a N,
    loss: &'a F,
    data: &'a DataSet<N::Input, T>,
    count: usize,
}

impl<N: Layer, T: Sync, F: Loss<N::Output, T>> Task<&mut [Share<N>]> for Measure<'_, N, T, F> {
    fn run<V: Simd>(&self, _: V, shares: &mut [Share<N>]) {
        let Self { network, loss, data, count } = self;
        for Share { index, totals, outputs, workspace } in shares {
            *totals = Totals::default();
            let share = share(*index, *count, data.len(), BLOCK);
            let targets = data.targets()[share.clone()].chunks(BLOCK);
            for (inputs, targets) in data.inputs()[share].chunks(BLOCK).zip(targets) {
                network.forward_into::<BLOCK>(inputs, &mut **outputs, workspace);
                let mut tally = Tally::default();
                for (output, target) in outputs.iter().zip(targets) {
                    tally.count(loss.value(output, target), loss.correct(output, target));
                }
                totals.add(Totals::of(tally));
            }
        }
    }
}
