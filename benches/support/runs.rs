//! What workloads run: random data, and units per second of trainings and of forward passes.

use std::hint::black_box;

use crate::measure::{WINDOWS, calls_per_second, median};
use fnn::layers::{zeroed, zeroed_box};
use fnn::{
    DataSet, Layer, Network, Random, Trainer, layers::Sample, losses::Loss, optimizers::Optimizer, train::Progress,
};

/// Random samples.
pub(crate) fn samples<A: Sample<Element = f32>>(count: usize) -> Vec<A> {
    let mut random = Random::new(7);
    let mut samples: Vec<A> = vec![zeroed(); count];
    A::flat_mut(&mut samples).iter_mut().for_each(|x| *x = random.uniform() as f32);
    samples
}

/// Random samples with random classes.
pub(crate) fn classes<A: Sample<Element = f32>>(count: usize) -> DataSet<A, usize> {
    let mut random = Random::new(8);
    samples(count).into_iter().map(|x| (x, (random.next_u64() % 10) as usize)).collect()
}

/// Random samples that are their own targets.
pub(crate) fn echoes<A: Sample<Element = f32>>(count: usize) -> DataSet<A, A> {
    samples::<A>(count).into_iter().map(|x| (x, x)).collect()
}

/// Samples per second of training, shuffled every epoch. The [`Trainer`]'s work before its first step doesn't count: a window is an
/// epoch, or several short ones.
#[allow(clippy::boxed_local, reason = "a large network doesn't fit on the stack")]
pub(crate) fn train<N: Layer, T, F, O, const SLOTS: usize>(
    network: Box<N>,
    loss: F,
    optimizer: O,
    batch_size: usize,
    data: &DataSet<N::Input, T>,
    threads: usize,
) -> f64
where
    T: Copy + Sync + Send + std::fmt::Debug,
    F: Loss<N::Output, T> + Clone,
    O: Optimizer<SLOTS>,
{
    let epochs = |epochs| {
        let network = network.boxed_copy();
        let trainer = Trainer::new(network, loss.clone(), optimizer.clone()).batch_size(batch_size).epochs(epochs);
        let trained = trainer.threads(threads).progress(Progress::Silent).fit(data);
        let Ok(trained) = trained else { panic!("the workload doesn't train") };
        trained.history.epochs.iter().filter_map(|epoch| epoch.seconds).collect::<Vec<_>>()
    };
    let estimate = epochs(3).into_iter().fold(f64::MAX, f64::min);
    let window = (0.05 / estimate).ceil() as usize;
    let seconds = epochs(window * (WINDOWS + 1));
    let windows = seconds.chunks_exact(window).skip(1).map(|epochs| epochs.iter().sum());
    (data.len() * window) as f64 / median(windows.collect())
}

/// Forward passes of one sample per second.
pub(crate) fn one<N: Network<Input: Sample<Element = f32>>>(network: &N) -> f64 {
    let input = samples::<N::Input>(1);
    calls_per_second(|| {
        black_box(black_box(network).forward(black_box(&input[0])));
    })
}

/// [`one`], of a network that needs more memory than a stack has: it works in memory on the heap.
pub(crate) fn one_with_memory<N: Network<Input: Sample<Element = f32>>>(network: &N) -> f64 {
    let (input, mut output) = (samples::<N::Input>(1), vec![zeroed::<N::Output>()]);
    let mut workspace = zeroed_box::<N::Workspace<1>>();
    calls_per_second(|| black_box(network).forward_into::<1>(black_box(&input), &mut output, &mut workspace))
}

/// Samples per second of forward passes of 256.
pub(crate) fn batch<N: Network<Input: Sample<Element = f32>>>(network: &N, threads: usize) -> f64 {
    let inputs = samples::<N::Input>(256);
    let batch = || drop(black_box(network.forward_all(black_box(&inputs))));
    256.0 * on_threads(threads, || calls_per_second(batch))
}

/// Run with this many threads for inference.
pub(crate) fn on_threads<R: Send>(threads: usize, job: impl FnOnce() -> R + Send) -> R {
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(job),
        Err(error) => panic!("{threads} threads: {error}"),
    }
}
