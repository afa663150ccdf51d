//! Parallel work: on one thread, or split recursively across `rayon`'s threads.
//!
//! Parts never share a sum, so results depend neither on the split nor on the number of threads. Nothing here allocates
//! once the pool is running.

use core::ops::Range;

use crate::error::Error;
use crate::kernels::{Divisible, RunPart, Runner, Task, dispatch};
use crate::layer::Layer;
#[cfg(feature = "rayon")]
use crate::threads;

/// Below this many multiply-accumulates, a second thread costs more than it saves.
const WORTHWHILE: u64 = 1 << 19;

/// An estimate of the multiply-accumulates of a forward pass over `samples` samples. A layer that does not count its
/// own is assumed to use each weight once.
pub(crate) fn work<N: Layer>(samples: usize) -> u64 {
    const { if N::MACS > N::PARAMETERS as u64 { N::MACS } else { N::PARAMETERS as u64 } }.saturating_mul(samples as u64)
}

/// The items of share number `index`, out of `of` equal shares of `length`, split at multiples of `unit`.
pub(crate) fn share(index: usize, of: usize, length: usize, unit: usize) -> Range<usize> {
    let units = length.div_ceil(unit);
    let cut = |index: usize| (units * index / of * unit).min(length);
    cut(index)..cut(index + 1)
}

/// What is shared out among threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sharing {
    /// The work of a step.
    pub(crate) step: bool,
    /// Reading the next mini-batch, at the same time as the step.
    pub(crate) read: bool,
}

impl Sharing {
    /// What pays for several threads, if there are any: a step of this much work, and any reading.
    pub(crate) const fn new(several: bool, work: u64, reads: bool) -> Self {
        Self { step: several && work >= WORTHWHILE, read: several && reads }
    }
}

/// The threads of a training.
#[derive(Debug)]
pub(crate) struct Threads {
    /// A pool with the number of threads that the user chose; without it, the caller's pool.
    #[cfg(feature = "rayon")]
    pool: Option<rayon::ThreadPool>,
    #[cfg(feature = "rayon")]
    one: bool,
}

impl Threads {
    /// The threads of the caller's pool, or of `rayon`'s global one.
    pub(crate) fn current() -> Self {
        Self {
            #[cfg(feature = "rayon")]
            pool: None,
            #[cfg(feature = "rayon")]
            one: false,
        }
    }
}

#[cfg(feature = "rayon")]
impl Threads {
    /// `count` threads, or `rayon`'s default number, for work of at most `most`.
    pub(crate) fn new(count: Option<usize>, most: u64) -> Result<Self, Error> {
        let pool = match count {
            None | Some(1) => None,
            Some(_) if most < WORTHWHILE => None,
            Some(count) => Some(rayon::ThreadPoolBuilder::new().num_threads(count).build().map_err(|error| {
                let expected = "a number of threads that the system can start";
                Error::Setting { name: "threads", expected, found: format!("{count} ({error})") }
            })?),
        };
        Ok(Self { pool, one: count == Some(1) })
    }

    /// The same, but never the threads of a pool that others use too.
    pub(crate) fn apart(count: Option<usize>, most: u64) -> Result<Self, Error> {
        Self::new(count.or_else(|| Some(threads::available())), most)
    }

    /// How many of `count` threads, or of `rayon`'s default number, share a step of this much work.
    pub(crate) fn of_step(count: Option<usize>, work: u64) -> usize {
        if work < WORTHWHILE { 1 } else { count.unwrap_or_else(threads::available) }
    }

    /// Run `job` in the pool, and tell it whether there is enough work for several threads.
    pub(crate) fn run<R: Send>(&self, work: u64, job: impl FnOnce(bool) -> R + Send) -> R {
        // For little work, do not even wake another thread.
        if self.one || work < WORTHWHILE || self.pool.is_none() && threads::available() == 1 {
            return job(false);
        }
        let mut job = Job::new(|| job(true));
        enter(self.pool.as_ref(), &mut || job.run());
        job.result()
    }
}

/// A job that is run once, by a function that is compiled once for jobs of all types.
#[cfg(feature = "rayon")]
struct Job<F, R> {
    work: Option<F>,
    result: Option<R>,
}

#[cfg(feature = "rayon")]
impl<R, F: FnOnce() -> R> Job<F, R> {
    fn new(work: F) -> Self {
        Self { work: Some(work), result: None }
    }

    fn run(&mut self) {
        self.result = self.work.take().map(|work| work());
    }

    /// Its result, of a job that ran: the pool either runs it or unwinds.
    fn result(self) -> R {
        self.result.expect("a job that ran has a result")
    }
}

/// Runs a job in a pool.
#[cfg(feature = "rayon")]
#[inline(never)]
fn enter(pool: Option<&rayon::ThreadPool>, job: &mut (dyn FnMut() + Send)) {
    match pool {
        Some(pool) => pool.install(job),
        None => rayon::scope(|_| job()),
    }
}

#[cfg(not(feature = "rayon"))]
impl Threads {
    /// One thread.
    pub(crate) fn new(_count: Option<usize>, _most: u64) -> Result<Self, Error> {
        Ok(Self {})
    }

    /// One thread.
    pub(crate) fn apart(count: Option<usize>, most: u64) -> Result<Self, Error> {
        Self::new(count, most)
    }

    /// One thread.
    pub(crate) fn of_step(_count: Option<usize>, _work: u64) -> usize {
        1
    }

    /// Run `job`.
    pub(crate) fn run<R: Send>(&self, _work: u64, job: impl FnOnce(bool) -> R + Send) -> R {
        job(false)
    }
}

/// A runner on the threads of the caller's pool, or without the feature `rayon` on the caller's thread. It chooses the
/// instruction set part by part, so that all but the parts is compiled once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parallel {
    /// Whether there is enough work for more than the calling thread.
    #[cfg_attr(not(feature = "rayon"), expect(dead_code, reason = "there is only the calling thread"))]
    pub(crate) several: bool,
}

impl Runner for Parallel {
    fn both<A: Send, B: Send>(self, left: impl FnOnce() -> A + Send, right: impl FnOnce() -> B + Send) -> (A, B) {
        #[cfg(feature = "rayon")]
        if self.several {
            let (mut left, mut right) = (Job::new(left), Job::new(right));
            threads::join(&mut || left.run(), &mut || right.run());
            return (left.result(), right.result());
        }
        (left(), right())
    }

    fn threads(self) -> usize {
        #[cfg(feature = "rayon")]
        if self.several {
            return threads::available();
        }
        1
    }

    fn each<W: Divisible>(self, work: W, part: usize, task: &impl Task<W>) {
        if work.length() <= part {
            return run(task, work);
        }
        let (left, right) = work.halves(part);
        self.both(
            || self.each(left, part, task), //
            || self.each(right, part, task),
        );
    }
}

/// A task on one part.
// A function of its own: halves of halves would each reserve its stack.
#[inline(never)]
fn run<W>(task: &impl Task<W>, part: W) {
    dispatch(RunPart { task, part });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Portable, Serial, Simd};

    #[test]
    fn shares_cover_everything_once_and_are_cut_at_units() {
        for (of, length, unit) in [(8, 0, 32), (2, 64, 32), (3, 1000, 32), (8, 40, 32), (5, 7, 1)] {
            let shares: Vec<_> = (0..of).map(|index| share(index, of, length, unit)).collect();
            let covered: Vec<_> = shares.iter().cloned().flatten().collect();
            assert_eq!(covered, (0..length).collect::<Vec<_>>());
            assert!(shares.iter().all(|share| share.start % unit == 0 || share.start == length));
        }
    }

    /// Adds 1 to each number, and says how long its part is.
    struct Count;

    impl<'a> Task<(&'a mut [usize], [&'a mut [usize]; 2])> for Count {
        fn run<V: Simd>(&self, _: V, (numbers, [lengths, none]): (&'a mut [usize], [&'a mut [usize]; 2])) {
            assert!(numbers.len() == lengths.len() && none.is_empty());
            assert!(numbers.first().is_none_or(|first| first % 10 == 0));
            lengths.fill(numbers.len());
            numbers.iter_mut().for_each(|number| *number += 1);
        }
    }

    #[test]
    fn parts_cover_everything_once_and_tell_where_they_are() {
        for parallel in [false, true] {
            for length in [0, 1, 9, 10, 11, 100, 1234] {
                let mut numbers: Vec<usize> = (0..length).collect();
                let mut lengths = vec![0; length];
                let work = (&mut *numbers, [&mut *lengths, &mut []]);
                if parallel {
                    Parallel { several: true }.each(work, 10, &Count)
                } else {
                    Serial(Portable).each(work, 10, &Count)
                }
                assert_eq!(numbers, (1..=length).collect::<Vec<_>>());
                let whole = length / 10 * 10;
                let expected = |at| if at >= whole { length - whole } else { 10 };
                assert!(lengths.iter().enumerate().all(|(at, &part)| part == expected(at)));
            }
        }
    }
}
