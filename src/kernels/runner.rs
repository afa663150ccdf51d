//! Runs a task on each part of some work: on the calling thread, or on the trainer's threads.
//!
//! Parts never add to each other, so results depend neither on the split nor on the number of threads.

use super::operation;
use super::vector::Simd;

/// Weights in one part of an update: enough to amortise the cost of passing it to a thread.
pub(crate) const RANGE: usize = 8192;

/// Work that can be split in two.
pub(crate) trait Divisible: Send + Sized {
    /// Its length.
    fn length(&self) -> usize;

    /// Splits off the first `at` elements.
    fn divide(self, at: usize) -> (Self, Self);

    /// Two halves of whole parts of length `part`, the last one possibly shorter.
    #[cfg(feature = "std")]
    fn halves(self, part: usize) -> (Self, Self) {
        let at = self.length().div_ceil(part).div_ceil(2) * part;
        self.divide(at)
    }
}

impl<T: Send> Divisible for &mut [T] {
    fn length(&self) -> usize {
        self.len()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let at = at.min(self.len());
        self.split_at_mut(at)
    }
}

impl<T: Sync> Divisible for &[T] {
    fn length(&self) -> usize {
        self.len()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        self.split_at(at.min(self.len()))
    }
}

/// Slices of the same length, split at the same index. Empty ones stay empty.
impl<T: Send, const K: usize> Divisible for [&mut [T]; K] {
    fn length(&self) -> usize {
        self.first().map_or(0, |first| first.len())
    }

    fn divide(mut self, at: usize) -> (Self, Self) {
        let mut rest = core::array::from_fn(|_| <&mut [T]>::default());
        for (left, right) in self.iter_mut().zip(&mut rest) {
            (*left, *right) = core::mem::take(left).divide(at);
        }
        (self, rest)
    }
}

/// Two of the same length; `length` is that of the first.
impl<A: Divisible, B: Divisible> Divisible for (A, B) {
    fn length(&self) -> usize {
        self.0.length()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let (left, right) = (self.0.divide(at), self.1.divide(at));
        ((left.0, right.0), (left.1, right.1))
    }
}

/// A task for each part of some work.
pub(crate) trait Task<W>: Sync {
    /// Runs the task with the given instruction set.
    fn run<V: Simd>(&self, simd: V, part: W);
}

/// Runs tasks on the parts of some work.
pub(crate) trait Runner: Copy + Send + Sync {
    /// Runs both jobs, sequentially or in parallel, and returns their results.
    #[cfg(feature = "std")]
    fn both<A: Send, B: Send>(self, left: impl FnOnce() -> A + Send, right: impl FnOnce() -> B + Send) -> (A, B);

    /// How many threads there are.
    #[cfg(feature = "std")]
    fn threads(self) -> usize;

    /// Runs `task` on parts of length `part`, the last one possibly shorter, in any order.
    fn each<W: Divisible>(self, work: W, part: usize, task: &impl Task<W>);
}

/// The calling thread, part by part: the instruction set is chosen once for the whole step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Serial<V>(pub(crate) V);

impl<V: Simd> Runner for Serial<V> {
    #[cfg(feature = "std")]
    fn both<A: Send, B: Send>(self, left: impl FnOnce() -> A + Send, right: impl FnOnce() -> B + Send) -> (A, B) {
        (left(), right())
    }

    #[cfg(feature = "std")]
    fn threads(self) -> usize {
        1
    }

    #[inline(always)]
    fn each<W: Divisible>(self, mut work: W, part: usize, task: &impl Task<W>) {
        while work.length() > part {
            let (left, rest) = work.divide(part);
            self.0.run(RunPart { task, part: left });
            work = rest;
        }
        // A closure isn't compiled for the instruction set of its enclosing function, so each part enters it again with
        // a call.
        self.0.run(RunPart { task, part: work });
    }
}

operation! {
    /// A task on one part, to run with the best instruction set.
    pub(crate) struct RunPart<'a, T: Task<W>, W;> {
        task: &'a T,
        part: W,
    }
    fn run(self, simd: V) {
        self.task.run(simd, self.part);
    }
}
