//! Inference of quantized networks: microseconds a sample on one thread, from numbers to numbers, one sample at a time and in
//! batches of 256.
//!
//! Networks are measured in turn, several times; the fastest of all windows counts.

use std::hint::black_box;
use std::time::{Duration, Instant};

#[path = "support/int8.rs"]
mod int8;

use int8::{Digits, Keywords, LeNet, quantized};

/// How long a window takes, and how many there are.
const WINDOW: Duration = Duration::from_millis(5);
const WINDOWS: usize = 60;

/// The least time of a call in one window, or `least` if that is less.
fn fastest(least: f64, mut call: impl FnMut()) -> f64 {
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < WINDOW {
        call();
        calls += 1;
    }
    least.min(start.elapsed().as_secs_f64() / f64::from(calls))
}

fn main() {
    let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(1).build() else { return };
    pool.install(table);
}

fn table() {
    let (digits, digit) = quantized::<Digits>();
    let (lenet, image) = quantized::<LeNet>();
    let (keywords, sound) = quantized::<Keywords>();
    let (mut one, mut all) = ([f64::MAX; 3], [f64::MAX; 3]);
    for window in 0..WINDOWS {
        one[0] = fastest(one[0], || _ = black_box(digits.forward(black_box(&digit[window]))));
        one[1] = fastest(one[1], || _ = black_box(lenet.forward(black_box(&image[window]))));
        one[2] = fastest(one[2], || _ = black_box(keywords.forward(black_box(&sound[window]))));
        all[0] = fastest(all[0], || _ = black_box(digits.forward_all(black_box(&digit))));
        all[1] = fastest(all[1], || _ = black_box(lenet.forward_all(black_box(&image))));
        all[2] = fastest(all[2], || _ = black_box(keywords.forward_all(black_box(&sound))));
    }
    println!("| network in 8 bits | one sample, µs | a sample of 256, µs |\n|---|---|---|");
    for ((name, one), all) in ["784-128-10", "LeNet", "DS-CNN"].iter().zip(one).zip(all) {
        println!("| {name} | {:.2} | {:.2} |", one * 1e6, all / 256.0 * 1e6);
    }
}
