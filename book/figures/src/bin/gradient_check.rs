//! Chapter 7: numerical differentiation, its error and its cost.

#[path = "../../../../src/plot/chart.rs"]
mod chart;

use chart::Chart;
use fnn::prelude::*;
use fnn_book::{Outcome, figure};

// ANCHOR: differences
fn forward_difference(f: impl Fn(f64) -> f64, x: f64, step: f64) -> f64 {
    (f(x + step) - f(x)) / step
}

fn central_difference(f: impl Fn(f64) -> f64, x: f64, step: f64) -> f64 {
    (f(x + step) - f(x - step)) / (2.0 * step)
}
// ANCHOR_END: differences

/// The same in single precision.
fn central_difference_in_f32(f: impl Fn(f32) -> f32, x: f32, step: f32) -> f32 {
    (f(x + step) - f(x - step)) / (2.0 * step)
}

// ANCHOR: check
fnn::network! {
    struct Net: [3] -> [4] {
        hidden: Dense(5),
        Gelu,
        logits: Dense(4),
    }
}

fn check() {
    let inputs = [[0.1, -0.4, 0.7], [0.9, 0.2, -0.5]];
    let report = fnn::gradient_check(&Net::<f64>::seeded(1), &CrossEntropy, &inputs, &[2, 0]);
    println!("\n{report}");
    report.assert(1e-6);
}
// ANCHOR_END: check

fn main() -> Outcome {
    // f = e^sin(x) at 1, whose derivative is cos(x)·e^sin(x).
    let (f, x) = (|x: f64| x.sin().exp(), 1.0_f64);
    let exact = x.cos() * x.sin().exp();
    println!("f = e^sin(x) at x = 1; f' = {exact:.12}\n");
    println!("  step    forward difference   central difference");
    for exponent in [1, 3, 5, 7, 9, 11, 13] {
        let step = 10.0_f64.powi(-exponent);
        let (forward, central) = (forward_difference(f, x, step), central_difference(f, x, step));
        println!("1e-{exponent:<4}   {forward:>18.12}   {central:>18.12}");
    }

    println!("\na kink: Relu at 0.0003, whose derivative is 1");
    for step in [1e-2, 1e-3, 1e-4] {
        println!("  step {step}: {:.4}", central_difference(|z| f64::max(0.0, z), 0.0003, step));
    }

    check();

    let steps = || (4..=60).map(|quarter| -f64::from(quarter) / 4.0);
    // At some steps the error is 0 by chance, and has no logarithm.
    let error = |derivative: f64| (derivative - exact).abs().max(1e-13);
    let curve = |derivative: &dyn Fn(f64) -> f64| {
        steps().map(|exponent| (exponent, error(derivative(10.0_f64.powf(exponent))))).collect::<Vec<_>>()
    };
    let single = |step: f64| f64::from(central_difference_in_f32(|x| x.sin().exp(), 1.0, step as f32));
    let single = curve(&single).into_iter().filter(|(exponent, error)| *exponent > -7.0 && *error < 10.0);
    Chart::new("The error of numerical differentiation", "step, as a power of ten", "error")
        .line("forward", curve(&|step| forward_difference(f, x, step)))
        .line("central", curve(&|step| central_difference(f, x, step)))
        .line("central, in f32", single)
        .logarithmic()
        .write(&figure("gradient_check").to_string_lossy())?;
    Ok(())
}
