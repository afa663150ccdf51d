//! A training on files that are larger than the memory of the machine needs the memory of its mini-batches.

#![cfg(all(feature = "std", target_os = "linux"))]

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use fnn::Trainer;
use fnn::data::{ArrayFile, NumberType, Source};
use fnn::losses::CrossEntropy;
use fnn::optimizers::Sgd;
use fnn::train::Progress;

fnn::network! {
    struct Net: [2500] -> [10] { logits: Dense(10) }
}

/// Samples of 10 kB: ten million bytes per thousand.
const SAMPLE: u64 = 4 * 2500;

/// The memory of the process that no file backs, in bytes.
fn anonymous_memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

/// Trains `steps` steps on sparse files of `samples` samples, and the most memory that the steps needed.
fn train(samples: u64, steps: usize) -> usize {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("larger-than-memory");
    fs::create_dir_all(&folder).unwrap();
    let (inputs, classes) = (folder.join("inputs"), folder.join("classes"));
    File::create(&inputs).unwrap().set_len(samples * SAMPLE).unwrap();
    File::create(&classes).unwrap().set_len(samples).unwrap();
    let inputs_array = ArrayFile::<[f32; 2500]>::raw(&inputs, NumberType::F32).unwrap();
    let data = inputs_array.with_targets(ArrayFile::<usize>::raw(&classes, NumberType::U8).unwrap()).unwrap();
    assert_eq!(data.len() as u64, samples);

    let before = anonymous_memory();
    let (stop, read, most) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let counted = data.augment(|_, _, _| {
        let count = read.fetch_add(1, Relaxed);
        if count.is_multiple_of(64) {
            most.fetch_max(anonymous_memory(), Relaxed);
        }
        if count == steps * 64 {
            stop.store(true, Relaxed);
        }
    });
    let trainer = Trainer::new(Net::boxed(1), CrossEntropy, Sgd::new(0.1)).batch_size(64).threads(2);
    let trainer = trainer.progress(Progress::Silent).stop_flag(&stop);
    println!("{} bytes, as the trainer reports", trainer.memory(&counted).total());
    trainer.fit(&counted).unwrap();
    fs::remove_file(inputs).unwrap();
    fs::remove_file(classes).unwrap();
    most.into_inner().saturating_sub(before)
}

/// One test, because the memory is that of the process.
#[test]
fn ten_gigabytes_need_the_memory_of_two_mini_batches() {
    // The first training starts the threads.
    train(1000, 20);
    let small = train(1000, 200);
    // 12 GB of inputs: more samples than an order in a table has.
    let large = train(1_200_000, 200);
    println!("{small} bytes for 10 MB of data, {large} bytes for 12 GB");
    // Two mini-batches are 1.3 MB, and an order in a table would be 9.6 MB.
    assert!(large < 6 << 20, "{large} bytes");
}
