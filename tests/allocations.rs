//! Training allocates before its first step and after its epochs, never in a step, and no more than it reports.

#![allow(unsafe_code)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use fnn::{
    Network, Trainer,
    data::{Source, augment},
    losses::CrossEntropy,
    optimizers::{Adam, Clip, Penalty, Plateau},
    train::{Checkpoints, Epoch, Progress, TrainingMemory, Validation},
};
use support::classes;

/// The system allocator, which counts.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
/// Bytes allocated and not yet freed.
static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is forwarded unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        HELD.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fnn::network! {
    struct Net: [20] -> [4] {
        hidden: Dense(64),
        Relu,
        Dropout(0.3),
        wide: Dense(128),
        Relu,
        out: Dense(4),
    }
}

fnn::network! {
    /// Nothing is computed from its chunks later, so that those of a thread share memory.
    struct Small: [20] -> [4] {
        hidden: Dense(16),
        BatchNorm,
        Relu,
        out: Dense(4),
    }
}

fnn::network! {
    /// With chunks of 64 samples.
    struct Wide: [20] -> [4] {
        Dense(512),
        Relu,
        Dense(256),
        Relu,
        Dense(4),
    }
}

/// The number of allocations between the end of the second epoch and the end of the last, of a set in memory or of one
/// that is read.
fn allocations(threads: usize, samples: usize, read: bool) -> usize {
    let (train, test) = (classes::<20, 4>(samples, 1), classes::<20, 4>(300, 2));
    if read {
        let noisy = |set| Source::augment(set, |input, _, random| augment::noise(input, 0.1, random));
        return allocations_on(threads, &noisy(&train).balanced().unwrap(), &noisy(&test));
    }
    allocations_on(threads, &train, &test)
}

fn allocations_on<D: Source<Input = [f32; 20], Target = usize>, E: Source<Input = [f32; 20], Target = usize>>(
    threads: usize,
    train: &D,
    test: &E,
) -> usize {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("allocations");
    let _ = std::fs::remove_dir_all(&folder);
    let stop = AtomicBool::new(false);
    let mut counts = Vec::with_capacity(10);
    Trainer::new(Net::boxed(3), CrossEntropy, Adam::new(1e-3))
        .batch_size(64)
        .epochs(6)
        .threads(threads)
        .validate(test)
        .early_stopping(10)
        .clip(Clip::Norm(1.0))
        .penalty(Penalty::l1(1e-4).weights_only())
        .moving_average(0.99)
        .reduce_on_plateau(Plateau::new())
        .progress(Progress::Silent)
        // Due after the last step only.
        .checkpoint(Checkpoints::new(&folder).every_minutes(1e9))
        .stop_flag(&stop)
        .on_epoch(|_| {
            counts.push(ALLOCATIONS.load(Relaxed));
            ControlFlow::Continue(())
        })
        .fit(train)
        .unwrap();
    counts[5] - counts[1]
}

/// The bytes allocated before a training run, and its own estimate.
fn train_on<N: Network<Input = [f32; 20], Output = [f32; 4], Scalar = f32>, V: Validation<[f32; 20], usize>>(
    trainer: Trainer<'_, N, CrossEntropy, Adam, 2, V>,
    data: &impl Source<Input = [f32; 20], Target = usize>,
) -> (usize, TrainingMemory) {
    let (said, before) = (trainer.memory(data), HELD.load(Relaxed));
    trainer.fit(data).unwrap();
    (before, said)
}

/// The bytes of the weights and of everything else at the end of an epoch, and the trainer's report of both.
fn memory<N: Network<Input = [f32; 20], Output = [f32; 4], Scalar = f32>>(
    (samples, batch_size, threads): (usize, usize, usize),
    measured: bool,
    read: bool,
) -> ((usize, usize), (usize, usize)) {
    let (train, test) = (classes::<20, 4>(samples, 1), classes::<20, 4>(300, 2));
    let before = HELD.load(Relaxed);
    let network = N::boxed(3);
    let weights = HELD.load(Relaxed) - before;
    let held = AtomicUsize::new(0);
    let trainer = Trainer::new(network, CrossEntropy, Adam::new(1e-3))
        .batch_size(batch_size)
        .threads(threads)
        .progress(Progress::Silent)
        .on_epoch(|end| {
            let history = end.history.epochs.capacity() * size_of::<Epoch>();
            held.store(HELD.load(Relaxed) - history, Relaxed);
            ControlFlow::Continue(())
        });
    let (train_read, test_read) = ((&train).take(samples), (&test).take(300));
    let (before, said) = if measured && read {
        train_on(trainer.validate(&test_read).early_stopping(3).moving_average(0.99), &train_read)
    } else if measured {
        train_on(trainer.validate(&test).early_stopping(3).moving_average(0.99), &train)
    } else if read {
        train_on(trainer, &train_read)
    } else {
        train_on(trainer, &train)
    };
    ((weights, held.into_inner() - before), (said.weights, said.total() - said.weights))
}

/// One test, without a test harness, because the count is global to the process: a harness allocates, too, as when it says after a minute that a
/// test takes long.
fn main() {
    // First of all, because the threads of a pool free memory at any time.
    // And the first run doesn't count, because it may set up what the process has once.
    memory::<Net>((100, 10, 1), false, false);
    for (samples, batch_size, measured) in [(100, 10, false), (100, 64, false), (1000, 1000, false), (500, 100, true)] {
        for read in [false, true] {
            let sizes = (samples, batch_size, 1);
            let kinds = [memory::<Net>, memory::<Small>, memory::<Wide>].map(|memory| memory(sizes, measured, read));
            for (kind, (held, said)) in ["Net", "Small", "Wide"].into_iter().zip(kinds) {
                assert_eq!(held, said, "{kind}: {samples} samples in mini-batches of {batch_size}, {measured} {read}");
            }
        }
    }
    // The history grows, and each epoch submits work to the pool: a few allocations per epoch of 4 or 16 steps.
    for read in [false, true] {
        assert!(allocations(1, 128, read) <= 2);
        assert!(allocations(1, 1024, read) <= 2);
        for threads in [2, 8] {
            let (few, many) = (allocations(threads, 128, read), allocations(threads, 1024, read));
            println!("{threads} threads: {few} allocations in 8 steps, {many} in 64");
            assert!(many <= few + 16, "{many} allocations in 64 steps on {threads} threads, read: {read}");
        }
    }
}
