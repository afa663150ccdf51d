//! Inference of quantized networks: microseconds a sample on one thread, one sample at a time from numbers to numbers.
//!
//! Networks are measured in turn, several times; the fastest of all windows counts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use fnn::{Network, Quantized, layers::Sample, quantized::Quantize};

fnn::network! {
    #[quantizable]
    struct Digits: [784] -> [10] { Dense(128), Relu, Dense(10) }
}

fnn::network! {
    #[quantizable]
    struct LeNet: [1, 28, 28] -> [10] {
        Conv2d(6, kernel = 5), Relu, MaxPool2d(2),
        Conv2d(16, kernel = 5), Relu, MaxPool2d(2),
        Flatten, Dense(120), Relu, Dense(84), Relu, Dense(10),
    }
}

fnn::network! {
    #[quantizable]
    struct Keywords: [1, 49, 10] -> [12] {
        Conv2d(64, kernel = (10, 4), stride = 2, padding = (5, 1)), Relu,
        DepthwiseConv2d(kernel = 3, padding = same), Relu, Conv2d(64, kernel = 1), Relu,
        DepthwiseConv2d(kernel = 3, padding = same), Relu, Conv2d(64, kernel = 1), Relu,
        DepthwiseConv2d(kernel = 3, padding = same), Relu, Conv2d(64, kernel = 1), Relu,
        DepthwiseConv2d(kernel = 3, padding = same), Relu, Conv2d(64, kernel = 1), Relu,
        GlobalAvgPool, Dense(12),
    }
}

/// How long a window takes, and how many there are.
const WINDOW: Duration = Duration::from_millis(5);
const WINDOWS: usize = 60;

/// The least time of a call in one window, or `least` if that is less.
fn fastest(least: f64, mut call: impl FnMut()) -> f64 {
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < WINDOW {
        (0..16).for_each(|_| call());
        calls += 16;
    }
    least.min(start.elapsed().as_secs_f64() / f64::from(calls))
}

/// A network, quantized, and a batch of samples.
fn quantized<N: Quantize + Network<Scalar = f32>>() -> (Box<Quantized<N>>, Vec<N::Input>) {
    let mut inputs = vec![<N::Input as fnn::layers::Pod>::zeroed(); 16];
    N::Input::flat_mut(&mut inputs).iter_mut().enumerate().for_each(|(index, x)| *x = (index % 13) as f32 * 0.1 - 0.6);
    let network = N::boxed(1);
    (network.quantize_boxed(&inputs, fnn::quantized::Calibration::MinMax), inputs)
}

fn main() {
    let (digits, digit) = quantized::<Digits>();
    let (lenet, image) = quantized::<LeNet>();
    let (keywords, sound) = quantized::<Keywords>();
    let mut least = [f64::MAX; 3];
    for window in 0..WINDOWS {
        let at = window % 16;
        least[0] = fastest(least[0], || _ = black_box(digits.forward(black_box(&digit[at]))));
        least[1] = fastest(least[1], || _ = black_box(lenet.forward(black_box(&image[at]))));
        least[2] = fastest(least[2], || _ = black_box(keywords.forward(black_box(&sound[at]))));
    }
    println!("| network in 8 bits | µs a sample |\n|---|---|");
    for (name, seconds) in ["784-128-10", "LeNet", "DS-CNN"].iter().zip(least) {
        println!("| {name} | {:.2} |", seconds * 1e6);
    }
}
