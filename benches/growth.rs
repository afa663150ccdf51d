//! How the cost of training grows with the width and depth of a network, the mini-batch size and the number of threads: tables,
//! and charts in `target/tmp/growth/`.
//!
//! `cargo bench --bench growth -- width depth batch` selects what to run.

#[path = "../src/plot/chart.rs"]
#[allow(unused_imports, reason = "this benchmark doesn't use all of it")]
mod chart;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/workloads.rs"]
#[allow(dead_code, reason = "the workloads are measured elsewhere")]
mod workloads;

use std::error::Error;
use std::fs::create_dir_all;
use std::path::Path;
use std::thread::available_parallelism;

use chart::Chart;
use fnn::{Layer, Network, layers::Sample, losses::CrossEntropy, optimizers::Sgd};
use workloads::{Digits, classes, train};

fnn::network! {
    /// As many inputs as hidden units.
    struct Wide<const WIDTH: usize>: [WIDTH] -> [10] {
        Dense(WIDTH),
        Relu,
        Dense(10),
    }
}

/// Networks of hidden layers with 64 units each, one per name.
macro_rules! deep {
    ($($network:ident: $($layer:ident)*;)*) => {$(
        fnn::network! {
            struct $network: [64] -> [10] {
                $($layer: Dense(64), Relu,)*
                logits: Dense(10),
            }
        }
    )*};
}

deep! {
    Deep1: a;
    Deep2: a b;
    Deep4: a b c d;
    Deep8: a b c d e f g h;
    Deep16: a b c d e f g h i j k l m n o p;
    Deep32: a b c d e f g h i j k l m n o p a1 b1 c1 d1 e1 f1 g1 h1 i1 j1 k1 l1 m1 n1 o1 p1;
}

/// One point of a curve: the size, and samples per second by number of threads.
struct Point {
    size: usize,
    flop: f64,
    rate: Box<dyn Fn(usize) -> f64>,
}

/// Training with SGD and cross-entropy in mini-batches: at least four of them, and enough that waking a thread is negligible in an
/// epoch.
fn point<N: Layer<Scalar = f32, Output = [f32; 10], Input: Sample<Element = f32>>>(
    size: usize,
    batch_size: usize,
    first: usize,
) -> Point {
    let samples = (4 * batch_size).max(((1 << 27) / N::MACS) as usize).clamp(64, 16_384);
    let rate = move |threads| {
        let data = classes::<N::Input>(samples);
        train(N::boxed(1), CrossEntropy, Sgd::new(0.01), batch_size, &data, threads)
    };
    Point { size, flop: (2 * (3 * N::MACS - first as u64)) as f64, rate: Box::new(rate) }
}

macro_rules! widths {
    ($($width:literal)*) => {
        vec![$(point::<Wide<$width>>($width, 64, $width * $width)),*]
    };
}

fn main() -> Result<(), Box<dyn Error>> {
    measure::select_instructions();
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    println!("{}, multiply-add peak of a core: {:.0} GFLOP/s", measure::processor(), measure::peak());
    if wanted("width") {
        table("width", "n-n-10, mini-batch 64", widths![16 32 64 128 256 512 1024 2048 4096])?;
    }
    if wanted("depth") {
        let points = vec![
            point::<Deep1>(1, 64, 64 * 64),
            point::<Deep2>(2, 64, 64 * 64),
            point::<Deep4>(4, 64, 64 * 64),
            point::<Deep8>(8, 64, 64 * 64),
            point::<Deep16>(16, 64, 64 * 64),
            point::<Deep32>(32, 64, 64 * 64),
        ];
        table("depth", "64-64-…-64-10, mini-batch 64", points)?;
    }
    if wanted("batch") {
        let points = (0..=12).map(|power| point::<Digits>(1 << power, 1 << power, 784 * 128)).collect();
        table("batch", "784-128-10", points)?;
    }
    Ok(())
}

/// Measure each point on one thread and on all cores, print it and draw it.
fn table(name: &str, what: &str, points: Vec<Point>) -> Result<(), Box<dyn Error>> {
    let cores = available_parallelism()?.get();
    println!(
        "\n{what}, SGD: samples/s\n\n| {name} | 1 thread | of peak | {cores} threads | times |\n|---|---|---|---|---|"
    );
    let mut curves = [Vec::new(), Vec::new()];
    for Point { size, flop, rate } in points {
        let [one, all] = [rate(1), rate(cores)];
        let share = 100.0 * one * flop / 1e9 / measure::peak();
        println!("| {size} | {one:.0} | {share:.0} % | {all:.0} | {:.2} |", all / one);
        for (curve, rate) in curves.iter_mut().zip([one, all]) {
            curve.push(((size as f64).log2(), rate * flop / 1e9));
        }
    }
    let [one, all] = curves;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("growth");
    create_dir_all(&folder)?;
    let file = folder.join(format!("{name}.svg"));
    let chart = Chart::new(&format!("Training {what}"), &format!("{name}, as a power of 2"), "GFLOP/s").logarithmic();
    chart.line("1 thread", one).line(&format!("{cores} threads"), all).write(&file.to_string_lossy())?;
    println!("\nchart: {}", file.display());
    Ok(())
}
