//! Who does what is to be done to each part of some work: the calling thread, or the trainer's threads.
//!
//! How work is cut depends on its length alone, and parts never add to each other, so that results don't depend on
//! the number of threads.

use super::operation;
use super::vector::Simd;

/// Weights of one part of an update: enough that handing it to a thread costs little.
pub(crate) const RANGE: usize = 8192;

/// Something that can be cut in two.
pub(crate) trait Divisible: Send + Sized {
    /// How long it is.
    fn length(&self) -> usize;

    /// The first `at`, and the rest.
    fn divide(self, at: usize) -> (Self, Self);
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

/// Slices of one length, cut at the same place. Empty ones stay empty.
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

/// Two of one length. The first one's counts.
impl<A: Divisible, B: Divisible> Divisible for (A, B) {
    fn length(&self) -> usize {
        self.0.length()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let (left, right) = (self.0.divide(at), self.1.divide(at));
        ((left.0, right.0), (left.1, right.1))
    }
}

/// What is done to each part of some work.
pub(crate) trait Task<W>: Sync {
    /// Do it, with an instruction set that was found to be there.
    fn run<V: Simd>(&self, simd: V, part: W);
}

/// Who runs a task on the parts of some work.
pub(crate) trait Runner: Copy + Send + Sync {
    /// What both jobs give, the one after the other or at once.
    #[cfg(feature = "std")]
    fn both<A: Send, B: Send>(self, left: impl FnOnce() -> A + Send, right: impl FnOnce() -> B + Send) -> (A, B);

    /// Run `task` on each part of `part` of the work, the last one shorter; in any order.
    fn each<W: Divisible>(self, work: W, part: usize, task: &impl Task<W>);
}

/// The thread that calls, one part after the other: an instruction set is chosen once for everything that a step does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Serial<V>(pub(crate) V);

impl<V: Simd> Runner for Serial<V> {
    #[cfg(feature = "std")]
    fn both<A: Send, B: Send>(self, left: impl FnOnce() -> A + Send, right: impl FnOnce() -> B + Send) -> (A, B) {
        (left(), right())
    }

    #[inline(always)]
    fn each<W: Divisible>(self, mut work: W, part: usize, task: &impl Task<W>) {
        while work.length() > part {
            let (left, rest) = work.divide(part);
            self.0.run(Part { task, part: left });
            work = rest;
        }
        // A closure is compiled without the instruction set of the function that it is written in, so that each part
        // enters it again: a call.
        self.0.run(Part { task, part: work });
    }
}

operation! {
    /// A task on one part, to run with the best instruction set.
    pub(crate) struct Part<'a, T: Task<W>, W;> {
        task: &'a T,
        part: W,
    }
    fn run(self, simd: V) {
        self.task.run(simd, self.part);
    }
}
