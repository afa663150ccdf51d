//! The number of threads, or of ranks, changes the time, and never the result.

#![cfg(feature = "std")]

#[path = "determinism/ranks.rs"]
mod ranks;
mod support;

use fnn::{
    Trainer,
    losses::CrossEntropy,
    optimizers::{Adam, Clip, Penalty},
    train::{Progress, Trained, evaluate},
};
use support::{bits, classes};

fnn::network! {
    #[derive(Clone)]
    struct Net: [20] -> [4] {
        hidden: Dense(64),
        Relu,
        Dropout(0.3),
        wide: Dense(64),
        Relu,
        out: Dense(4),
    }
}

fnn::network! {
    /// Enough weights that the sums over them are split.
    struct Wide: [20] -> [4] { hidden: Dense(300), Tanh, wide: Dense(100), Tanh, out: Dense(4) }
}

/// Three epochs of mini-batches of 200, spread over seven accumulators, and a last one of 100.
fn train(threads: usize, batch_size: usize, seed: u64) -> Trained<Net> {
    let (train, test) = (classes::<20, 4>(500, 1), classes::<20, 4>(300, 2));
    Trainer::new(Net::boxed(3), CrossEntropy, Adam::new(1e-3))
        .batch_size(batch_size)
        .epochs(3)
        .seed(seed)
        .threads(threads)
        .validate(&test)
        .progress(Progress::Silent)
        .fit(&train)
        .unwrap()
}

#[test]
fn weights_and_history_are_the_same_bit_for_bit_at_any_number_of_threads() {
    let one = train(1, 200, 1);
    assert_ne!(bits(&*one.network), bits(&*Net::boxed(3)));
    for threads in [2, 3, 8] {
        let many = train(threads, 200, 1);
        assert!(bits(&*one.network) == bits(&*many.network), "{threads} threads");
        for (one, many) in one.history.epochs.iter().zip(&many.history.epochs) {
            assert_eq!((one.training, one.validation), (many.training, many.validation));
        }
        assert_eq!(one.history.epochs.len(), many.history.epochs.len());
    }
}

#[test]
fn so_are_those_of_a_training_with_all_that_goes_around_it() {
    let data = classes::<20, 4>(200, 1);
    let train = |threads| {
        let trainer = Trainer::new(Wide::boxed(3), CrossEntropy, Adam::new(1e-3)).batch_size(100).threads(threads);
        let trainer = trainer.penalty(Penalty::elastic(1e-4, 1e-2).weights_only());
        trainer.clip(Clip::Norm(0.1)).moving_average(0.9).progress(Progress::Silent).fit(&data).unwrap().network
    };
    let one = train(1);
    for threads in [2, 3] {
        assert!(bits(&*one) == bits(&*train(threads)), "{threads} threads");
    }
}

#[test]
fn batches_that_end_within_a_chunk_are_the_same_too() {
    for batch_size in [97, 250, 499] {
        assert!(bits(&*train(1, batch_size, 1).network) == bits(&*train(3, batch_size, 1).network), "{batch_size}");
    }
}

#[test]
fn one_seed_gives_one_result_and_another_seed_another_one() {
    assert!(bits(&*train(2, 200, 7).network) == bits(&*train(2, 200, 7).network));
    assert!(bits(&*train(2, 200, 7).network) != bits(&*train(2, 200, 8).network));
}

#[test]
fn an_evaluation_is_that_of_the_history() {
    let trained = train(2, 200, 1);
    let evaluation = evaluate(&*trained.network, &CrossEntropy, &classes::<20, 4>(300, 2));
    assert_eq!(trained.history.epochs[2].validation, Some(evaluation));
}

#[cfg(feature = "rayon")]
#[test]
fn outputs_are_the_same_bit_for_bit_at_any_number_of_threads() {
    let (network, data) = (Net::boxed(3), classes::<20, 4>(1000, 1));
    let outputs = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| network.forward_all(data.inputs()))
    };
    let one = outputs(1);
    assert_eq!(one[999].map(f32::to_bits), network.forward_all(data.inputs())[999].map(f32::to_bits));
    for threads in [2, 3, 8] {
        assert!(outputs(threads) == one, "{threads} threads");
    }
}

#[cfg(feature = "rayon")]
mod who_computes {
    use std::sync::Mutex;
    use std::thread::{ThreadId, current};

    use fnn::{
        DataSet,
        losses::{Loss, Term},
    };

    use super::*;

    /// Cross-entropy that records the threads that computed it.
    #[derive(Default)]
    struct Watched(Mutex<Vec<ThreadId>>);

    impl Loss<[f32; 4], usize> for &Watched {
        fn value(&self, output: &[f32; 4], target: &usize) -> Term<f32> {
            CrossEntropy.value(output, target)
        }

        fn gradient(&self, output: &[f32; 4], target: &usize, gradient: &mut [f32; 4]) -> Term<f32> {
            self.0.lock().unwrap().push(current().id());
            CrossEntropy.gradient(output, target, gradient)
        }
    }

    /// Whether training runs on the calling thread.
    fn on_this_thread(threads: usize, batch_size: usize, data: &DataSet<[f32; 20], usize>) -> bool {
        let loss = Watched::default();
        let trainer = Trainer::new(Net::boxed(1), &loss, Adam::new(1e-3)).batch_size(batch_size);
        trainer.threads(threads).progress(Progress::Silent).fit(data).unwrap();
        let seen = loss.0.into_inner().unwrap();
        assert_eq!(seen.len(), data.len());
        seen.contains(&current().id())
    }

    #[test]
    fn only_work_that_pays_for_threads_leaves_this_one() {
        let data = classes::<20, 4>(200, 1);
        assert!(on_this_thread(1, 200, &data));
        assert!(on_this_thread(2, 4, &data));
        assert!(!on_this_thread(2, 200, &data));
    }
}

#[test]
fn a_sample_of_a_large_batch_has_the_outputs_that_it_has_alone() {
    fnn::network! {
        struct Large: [300] -> [10] { Dense(200), Relu, Dense(10) }
    }
    // As many weights are read for more samples at a time.
    const { assert!(Large::FLASH > 1 << 17) };
    let (network, data) = (Large::boxed(3), classes::<300, 10>(300, 1));
    let alone: Vec<_> = data.inputs().iter().map(|input| network.forward(input)).collect();
    for batch in [0, 1, 31, 32, 33, 127, 128, 129, 300] {
        assert_eq!(network.forward_all(&data.inputs()[..batch]), alone[..batch], "a batch of {batch}");
    }
}
