//! Chapter 6: gradient descent in its forms.

#[path = "../../../../src/plot/chart.rs"]
mod chart;

use std::f64::consts::TAU;

use chart::Chart;
use fnn::Random;
use fnn::optimizers::State;
use fnn::prelude::*;
use fnn_book::{Outcome, figure};

// ANCHOR: network
fnn::network! {
    /// A curve y(x) made of eight bent lines.
    #[derive(Debug)]
    struct Curve: [1] -> [1] {
        hidden: Dense(8),
        Tanh,
        out: Dense(1),
    }
}
// ANCHOR_END: network

const SAMPLES: usize = 64;
const PASSES: usize = 200;

/// Points near a sine.
struct Data {
    xs: [[f64; 1]; SAMPLES],
    ys: [[f64; 1]; SAMPLES],
}

impl Data {
    fn new() -> Self {
        let mut random = Random::new(1);
        let xs = [(); SAMPLES].map(|()| [2.0 * random.uniform() - 1.0]);
        let ys = xs.map(|[x]| [(0.5 * TAU * x).sin() + 0.05 * random.normal()]);
        Self { xs, ys }
    }

    fn loss(&self, network: &Curve<f64>) -> f64 {
        let errors = self.xs.iter().zip(&self.ys).map(|(x, [y])| network.forward(x)[0] - y);
        errors.map(|error| error * error).sum::<f64>() / SAMPLES as f64
    }
}

// ANCHOR: descent
/// Gradient descent: 200 passes over the data in mini-batches of `batch`. Returns the loss after each pass.
fn descend<const SLOTS: usize>(data: &Data, batch: usize, optimizer: &impl Optimizer<SLOTS>) -> Vec<f64> {
    let mut network = Curve::<f64>::seeded(1);
    let mut gradient = Curve::<f64>::zeroed();
    let mut buffers = GradientBuffers::<Curve<f64>, SAMPLES>::new();
    let mut state = State::new();
    let mut order: Vec<usize> = (0..SAMPLES).collect();
    let mut random = Random::new(2);

    let mut losses = vec![data.loss(&network)];
    for _ in 0..PASSES {
        shuffle(&mut order, &mut random);
        for indices in order.chunks(batch) {
            let xs: Vec<_> = indices.iter().map(|&index| data.xs[index]).collect();
            let ys: Vec<_> = indices.iter().map(|&index| data.ys[index]).collect();
            buffers.gradient(&network, &MeanSquaredError, &xs, &ys, &mut gradient);
            optimizer.step(&mut network, &gradient, &mut state);
        }
        losses.push(data.loss(&network));
    }
    losses
}
// ANCHOR_END: descent

/// Put numbers into a random order (Fisher and Yates).
fn shuffle(order: &mut [usize], random: &mut Random) {
    for index in (1..order.len()).rev() {
        order.swap(index, (random.uniform() * (index + 1) as f64) as usize);
    }
}

fn main() -> Outcome {
    let data = Data::new();
    let runs = [
        ("full batch, rate 0.3", descend(&data, SAMPLES, &Sgd::new(0.3))),
        ("mini-batches of 8, rate 0.1", descend(&data, 8, &Sgd::new(0.1))),
        ("one sample, rate 0.05", descend(&data, 1, &Sgd::new(0.05))),
        ("mini-batches, momentum 0.9", descend(&data, 8, &Sgd::new(0.05).momentum(0.9))),
        ("mini-batches, Adam", descend(&data, 8, &Adam::new(0.01))),
    ];
    let passes = [0, 1, 2, 5, 20, 50, PASSES];
    print!("loss after pass              ");
    passes.iter().for_each(|pass| print!("{pass:>8}"));
    println!();
    for (name, losses) in &runs {
        print!("{name:<29}");
        passes.iter().for_each(|&pass| print!("{:>8.4}", losses[pass]));
        println!();
    }

    println!("\nfull batch, by learning rate   after 10   after {PASSES}");
    for rate in [0.01, 0.1, 0.3, 0.6, 1.2] {
        let losses = descend(&data, SAMPLES, &Sgd::new(rate));
        // A loss that grows without bounds ends as NaN.
        let show = |loss: f64| if loss < 100.0 { format!("{loss:.4}") } else { "diverges".into() };
        println!("{rate:<28}   {:>8}   {:>9}", show(losses[10]), show(losses[PASSES]));
    }

    println!("\na parabola, L = w², from w = 1");
    for rate in [0.1, 0.5, 0.9, 1.1] {
        let mut w = 1.0_f64;
        print!("  rate {rate}:");
        for _ in 0..5 {
            // The derivative of w² is 2·w.
            w -= rate * 2.0 * w;
            print!(" {w:>8.4}");
        }
        println!();
    }

    sums_of_a_line();

    let mut chart = Chart::new("The same data and network, five ways down", "pass over the data", "mean squared error");
    for (name, losses) in &runs {
        chart = chart.line(name, (0..).map(f64::from).zip(losses.iter().copied()).take(60));
    }
    chart.logarithmic().write(&figure("descent").to_string_lossy())?;
    Ok(())
}

/// For a line y = w·x, a few sums over the data say everything; for a network they don't.
fn sums_of_a_line() {
    let (xs, ys) = ([1.0, 2.0, 3.0, 4.0_f64], [2.1, 3.9, 6.2, 7.8]);
    let sum = |f: &dyn Fn(f64, f64) -> f64| xs.iter().zip(ys).map(|(&x, y)| f(x, y)).sum::<f64>();
    let (xx, xy, yy) = (sum(&|x, _| x * x), sum(&|x, y| x * y), sum(&|_, y| y * y));
    println!("\na line: Σx² = {xx}, Σxy = {xy}, Σy² = {yy:.1}");
    let w = 1.5;
    let by_sums = 2.0 * (w * xx - xy);
    let by_samples = sum(&|x, y| 2.0 * (w * x - y) * x);
    println!("  at w = {w}: 2·(w·Σx² - Σxy) = {by_sums:.4}, and summed over samples {by_samples:.4}");
    println!("a neuron, y = tanh(w·x):");
    for w in [0.5, 1.5] {
        let parts: Vec<_> = xs.iter().map(|x| format!("{:.4}", (1.0 - (w * x).tanh().powi(2)) * x)).collect();
        println!("  at w = {w}: dy/dw of the four samples: {}", parts.join(", "));
    }
}
