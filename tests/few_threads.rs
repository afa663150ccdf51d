//! If the system can't start another thread, training and inference run on the caller's.
//!
//! The tests run themselves again in a process whose address space is too small for the stack of another thread.

#![cfg(all(feature = "rayon", target_os = "linux"))]

use std::env;
use std::process::Command;
use std::thread;

use approx::assert_relative_eq;
use fnn::losses::CrossEntropy;
use fnn::optimizers::Adam;
use fnn::train::{Progress, evaluate};
use fnn::{DataSet, Error, Random, Trainer};

fnn::network! {
    #[derive(Clone)]
    #[quantizable]
    struct Net: [64] -> [4] {
        hidden: Dense(256),
        Relu,
        scores: Dense(4),
    }
}

fn data() -> DataSet<[f32; 64], usize> {
    let mut random = Random::new(1);
    (0..256).map(|index| (std::array::from_fn(|_| random.uniform() as f32), index % 4)).collect()
}

/// Run `test` of this file in such a process.
fn without_threads(test: &str) {
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 4000000 && exec \"$0\" --ignored --exact \"$1\" --test-threads 1 --nocapture"])
        .arg(env::current_exe().unwrap())
        .arg(test)
        // There is no room for the stack of a new thread; that of the main thread is already allocated.
        .env("RUST_MIN_STACK", (8usize << 30).to_string())
        .env("RAYON_NUM_THREADS", "3")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{output:?}");
}

fn assert_no_threads() {
    assert!(thread::Builder::new().spawn(|| ()).is_err(), "the system starts threads");
}

fn train(threads: Option<usize>) -> Result<Box<Net>, Error> {
    let trainer = Trainer::new(Net::seeded(1), CrossEntropy, Adam::new(0.01)).batch_size(128).epochs(2);
    let trainer = trainer.progress(Progress::Silent);
    let trainer = match threads {
        Some(threads) => trainer.threads(threads),
        None => trainer,
    };
    Ok(trainer.fit(&data())?.network)
}

#[test]
fn training_takes_the_callers_thread() {
    without_threads("training_there");
}

#[test]
#[ignore = "for the process that `training_takes_the_callers_thread` starts"]
fn training_there() {
    assert_no_threads();
    let (one, all) = (train(Some(1)).unwrap(), train(None).unwrap());
    assert_eq!(one.parameters(), all.parameters());
    assert!(evaluate(&*all, &CrossEntropy, &data()).loss.is_finite());
    // An explicit request for threads is an error.
    let error = train(Some(4)).expect_err("more threads than there are").to_string();
    assert!(error.starts_with("threads: expected a number of threads that the system can start, found 4"), "{error}");
}

#[test]
fn inference_takes_the_callers_thread() {
    without_threads("inference_there");
}

#[test]
#[ignore = "for the process that `inference_takes_the_callers_thread` starts"]
fn inference_there() {
    assert_no_threads();
    let (network, data) = (Net::seeded(1), data());
    let outputs = network.forward_all(data.inputs());
    let quantized = network.quantize(data.inputs()).unwrap();
    let integers = quantized.forward_all(data.inputs());
    for ((input, output), integer) in data.inputs().iter().zip(&outputs).zip(&integers) {
        assert_relative_eq!(network.forward(input)[..], output[..], epsilon = 1e-5);
        assert_eq!(quantized.forward(input), *integer);
    }
}
