//! Networks larger than a stack.

#![cfg(feature = "std")]

mod support;

use fnn::{DataSet, Trainer, losses::CrossEntropy, optimizers::Adam, train::Progress};
use support::classes;

fn on_a_stack_of(kilobytes: usize, job: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(kilobytes * 1024).spawn(job).unwrap().join().unwrap();
}

#[test]
fn eighty_megabytes_are_built_and_asked_on_a_stack_of_256_kilobytes() {
    fnn::network! {
        struct Large: [4096] -> [1000] {
            wide: Dense(4096),
            Relu,
            out: Dense(1000),
        }
    }

    on_a_stack_of(256, || {
        let network = Large::boxed(1);
        assert_eq!(Large::FLASH, 4 * (4096 * 4096 + 4096 + 4096 * 1000 + 1000));
        let outputs = network.forward(&[1.0; 4096]);
        assert!(outputs.iter().all(|y| y.is_finite() && *y != 0.0));
    });
}

#[test]
fn a_network_in_a_static_gets_its_weights_on_a_stack_of_32_kilobytes() {
    use std::sync::Mutex;

    fnn::network! {
        struct Wide: [256] -> [10] { Dense(256), Relu, Dense(10) }
    }
    static WIDE: Mutex<Wide> = Mutex::new(Wide::zeroed());

    on_a_stack_of(32, || WIDE.lock().unwrap().reseed(1));
    assert_eq!(WIDE.lock().unwrap().parameters(), Wide::boxed(1).parameters());
}

#[test]
fn a_gradient_larger_than_a_stack_is_trained_on_a_small_one() {
    fnn::network! {
        struct Wide: [784] -> [10] {
            first: Dense(512),
            Relu,
            second: Dense(256),
            Relu,
            out: Dense(10),
        }
    }
    const { assert!(Wide::FLASH > 2 * 1024 * 1024) };

    // A step sums 32 KiB of a gradient at a time.
    on_a_stack_of(256, || {
        let data: DataSet<[f32; 784], usize> = classes::<784, 10>(70, 1);
        for threads in [1, 2] {
            let trained = Trainer::new(Wide::boxed(1), CrossEntropy, Adam::new(1e-4))
                .batch_size(64)
                .threads(threads)
                .validate(&data)
                .early_stopping(1)
                .progress(Progress::Silent)
                .fit(&data)
                .unwrap();
            assert_ne!(trained.network.parameters(), Wide::boxed(1).parameters());
        }
    });
}
