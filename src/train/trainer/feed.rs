//! The mini-batches of a training: rows of a set in memory, or samples that are read while the step before is taken.

use std::fmt::Debug;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use super::parallel::{Parallel, work};
use super::ranks::Division;
use crate::data::{AnySource, MiniBatch, Order, chance};
use crate::error::Error;
use crate::kernels::{Runner, Simd, Task};
use crate::layer::Layer;
use crate::pod::zeroed;
use crate::shape::Sample;

/// Checks a sample and its target: what is wrong with it.
pub(crate) type Check<'a, I, T> = dyn Fn(&I, &T) -> Result<(), String> + Sync + 'a;

/// What is done with a mini-batch, or with the error of one that cannot be read.
// Not a type parameter: what reads mini-batches is compiled once for samples of a type.
pub(crate) type Step<'a, I, T> =
    dyn FnMut(usize, Result<MiniBatch<'_, I, T>, Error>) -> Result<ControlFlow<()>, Error> + Send + 'a;

/// Samples that one task reads.
const PART: usize = 4;

/// The mini-batches of each epoch, in order.
pub(crate) struct Feed<'a, I, T> {
    reader: Reader<'a, I, T>,
    order: Order,
    batch_size: usize,
    /// Which samples of a mini-batch are read here.
    division: Division,
    /// The numbers of the samples of a mini-batch, where the order is not a table.
    numbers: Vec<usize>,
    /// The mini-batch of the current step, and the next one. Empty for a set in memory.
    batches: [Samples<I, T>; 2],
}

/// Reads samples from a source.
pub(crate) struct Reader<'a, I, T> {
    /// Which set: "training" or "validation".
    pub(crate) set: &'static str,
    pub(crate) source: &'a AnySource<'a, I, T>,
    pub(crate) check: &'a Check<'a, I, T>,
    /// The seed of the samples' randomness.
    pub(crate) seed: u64,
}

/// Samples that were read.
struct Samples<I, T> {
    numbers: Vec<usize>,
    inputs: Vec<I>,
    targets: Vec<T>,
}

impl<'a, I: Sample, T: Copy + Debug + Send + Sync> Feed<'a, I, T> {
    /// Mini-batches of up to `batch_size` samples. Reads a sample if the source is not in memory.
    pub(crate) fn new(
        reader: Reader<'a, I, T>,
        batch_size: usize,
        shuffle: bool,
        division: Division,
    ) -> Result<Self, Error> {
        let samples = reader.source.len();
        let numbers = if Order::is_table(samples) { Vec::new() } else { Vec::with_capacity(batch_size) };
        let batches = match reader.source.in_memory() {
            Some(_) => [Samples::none(), Samples::none()],
            None => [Samples::new(&reader, batch_size)?, Samples::new(&reader, batch_size)?],
        };
        Ok(Self { reader, order: Order::new(samples, shuffle), batch_size, division, numbers, batches })
    }

    /// The bytes that [`new`](Self::new) allocates.
    pub(crate) fn bytes(source: &AnySource<'_, I, T>, batch_size: usize) -> usize {
        let samples = source.len();
        let numbers = if Order::is_table(samples) { 0 } else { batch_size * size_of::<usize>() };
        let sample = size_of::<usize>() + size_of::<I>() + size_of::<T>();
        let read = if source.in_memory().is_some() { 0 } else { 2 * batch_size * sample };
        Order::bytes(samples) + numbers + read
    }

    /// Order the samples for the epoch with this seed.
    pub(crate) fn begin(&mut self, seed: u64) {
        self.order.arrange(seed);
        self.reader.seed = seed;
    }

    /// Whether samples are read ahead, which is work for other threads.
    pub(crate) fn reads(&self) -> bool {
        self.reader.source.in_memory().is_none()
    }

    /// The number of mini-batches in an epoch.
    pub(crate) fn batches(&self) -> usize {
        self.order.samples().div_ceil(self.batch_size)
    }

    /// Call `step` with each mini-batch of the epoch and its number, counted from 0, from number `first` on, until it
    /// breaks or returns an error. With `parallel`, the next mini-batch is read at the same time, on the threads of the
    /// pool.
    ///
    /// `step` gets an error in place of a mini-batch with a sample that cannot be read or is invalid, and returns one.
    ///
    /// # Errors
    /// That of `step`.
    pub(crate) fn each(&mut self, first: usize, parallel: bool, step: &mut Step<'_, I, T>) -> Result<(), Error> {
        let (batches, samples, batch_size) = (self.batches(), self.order.samples(), self.batch_size);
        let places = |number: usize| number * batch_size..samples.min((number + 1) * batch_size);
        let Self { reader, order, division, numbers, batches: [current, next], .. } = self;
        if let Some(set) = reader.source.in_memory() {
            for number in first..batches {
                let numbers = order.numbers(places(number), numbers);
                if step(number, Ok(MiniBatch::rows(set, numbers)))?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let mut fill =
            |batch: &mut Samples<I, T>, places| reader.fill(batch, order.numbers(places, numbers), *division, parallel);
        let mut read = if first < batches { fill(current, places(first)) } else { Ok(()) };
        for number in first..batches {
            let is_last = number + 1 == batches || read.is_err();
            let batch = read.map(|()| current.mini_batch());
            let (flow, read_next) = if is_last {
                (step(number, batch), Ok(()))
            } else if parallel {
                Parallel { several: true }.both(|| step(number, batch), || fill(next, places(number + 1)))
            } else {
                let flow = step(number, batch);
                let more = flow.as_ref().is_ok_and(|flow| flow.is_continue());
                (flow, if more { fill(next, places(number + 1)) } else { Ok(()) })
            };
            if flow?.is_break() || is_last {
                break;
            }
            read = read_next;
            std::mem::swap(current, next);
        }
        Ok(())
    }

    /// The mini-batch with this number, read now.
    ///
    /// # Errors
    /// The first sample that cannot be read or is invalid.
    pub(crate) fn batch(&mut self, number: usize, parallel: bool) -> Result<MiniBatch<'_, I, T>, Error> {
        let end = self.order.samples().min((number + 1) * self.batch_size);
        let numbers = self.order.numbers(number * self.batch_size..end, &mut self.numbers);
        if let Some(set) = self.reader.source.in_memory() {
            return Ok(MiniBatch::rows(set, numbers));
        }
        let [batch, _] = &mut self.batches;
        self.reader.fill(batch, numbers, self.division, parallel)?;
        Ok(batch.mini_batch())
    }
}

impl<I: Sample, T: Copy + Debug + Send + Sync> Reader<'_, I, T> {
    /// The work of an evaluation of all samples. Reading them is always worth a thread.
    pub(crate) fn work<N: Layer>(&self) -> u64 {
        if self.source.in_memory().is_some() { work::<N>(self.source.len()) } else { u64::MAX }
    }

    /// Read sample `number` into `input`, and check it.
    pub(crate) fn read(&self, number: usize, input: &mut I) -> Result<T, Error> {
        let Self { set, source, check, seed } = self;
        let target = source.read(number, &mut chance(*seed, number), input).map_err(|error| Error::Read {
            set,
            sample: number,
            source: Box::new(error),
        })?;
        match check(input, &target) {
            Ok(()) => Ok(target),
            Err(problem) => Err(Error::Sample { set, sample: number, row: source.row(number), problem }),
        }
    }

    /// Read this rank's samples of a mini-batch, which have these numbers.
    fn fill(&self, batch: &mut Samples<I, T>, of: &[usize], division: Division, parallel: bool) -> Result<(), Error> {
        let Samples { numbers, inputs, targets } = batch;
        numbers.clear();
        numbers.extend_from_slice(of);
        let task = Fill { reader: self, failure: Mutex::new(None) };
        for range in division.samples(numbers.len()) {
            let (inputs, targets) = (&mut inputs[range.clone()], &mut targets[range.clone()]);
            let work = (&numbers[range], (inputs, targets));
            Parallel { several: parallel }.each(work, PART, &task);
        }
        task.failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// Reads samples. The parts are the same at any number of threads, and of their failures the one of the smallest
/// number is kept.
struct Fill<'a, I, T> {
    reader: &'a Reader<'a, I, T>,
    failure: Mutex<Option<(usize, Error)>>,
}

impl<I: Sample, T: Copy + Debug + Send + Sync> Task<(&[usize], (&mut [I], &mut [T]))> for Fill<'_, I, T> {
    fn run<V: Simd>(&self, _: V, (numbers, (inputs, targets)): (&[usize], (&mut [I], &mut [T]))) {
        for ((&number, input), target) in numbers.iter().zip(inputs).zip(targets) {
            match self.reader.read(number, input) {
                Ok(read) => *target = read,
                Err(error) => {
                    let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                    if failure.as_ref().is_none_or(|(other, _)| number < *other) {
                        *failure = Some((number, error));
                    }
                    return;
                }
            }
        }
    }
}

impl<I: Sample, T: Copy + Debug + Send + Sync> Samples<I, T> {
    /// No memory.
    const fn none() -> Self {
        Self { numbers: Vec::new(), inputs: Vec::new(), targets: Vec::new() }
    }

    /// Memory for `count` samples, filled with the first one of the source.
    fn new(reader: &Reader<'_, I, T>, count: usize) -> Result<Self, Error> {
        let mut inputs = vec![zeroed::<I>(); count];
        let (Some(input), true) = (inputs.first_mut(), !reader.source.is_empty()) else { return Ok(Self::none()) };
        let target = reader.read(0, input)?;
        Ok(Self { numbers: Vec::with_capacity(count), inputs, targets: vec![target; count] })
    }

    /// The samples.
    fn mini_batch(&self) -> MiniBatch<'_, I, T> {
        let Self { numbers, inputs, targets } = self;
        MiniBatch::read(numbers, &inputs[..numbers.len()], &targets[..numbers.len()])
    }
}
