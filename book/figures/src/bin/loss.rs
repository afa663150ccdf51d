//! Chapter 3: what a loss measures.

#[path = "../../../../src/plot/chart.rs"]
mod chart;

use chart::Chart;
use fnn::losses::Loss;
use fnn::prelude::*;
use fnn_book::{Outcome, figure};

fnn::network! {
    /// A line through the origin, y = w·x.
    struct Line: [1] -> [1] {
        slope: Dense(1, bias = false),
    }
}

const XS: [[f64; 1]; 4] = [[1.0], [2.0], [3.0], [4.0]];
const YS: [[f64; 1]; 4] = [[2.1], [3.9], [6.2], [7.8]];

// ANCHOR: mean
/// The mean of the squared errors of the line y = w·x.
fn mean_squared_error(w: f64) -> f64 {
    let squares = XS.iter().zip(YS).map(|([x], [y])| (w * x - y).powi(2));
    squares.sum::<f64>() / XS.len() as f64
}
// ANCHOR_END: mean

/// What the library gives.
fn by_library(w: f64) -> f64 {
    let mut line = Line::<f64>::zeroed();
    line.slope.weight = [[w]];
    let mut gradient = Line::<f64>::zeroed();
    GradientBuffers::<Line<f64>, 4>::new().gradient(&line, &MeanSquaredError, &XS, &YS, &mut gradient)
}

fn main() -> Outcome {
    println!("slope w   errors w·x - y                    mean squared error");
    for w in [0.0, 1.0, 1.5, 2.0, 2.5] {
        let errors: Vec<_> = XS.iter().zip(YS).map(|([x], [y])| format!("{:>5.1}", w * x - y)).collect();
        println!("{w:>7.2}   {}     {:>10.4}", errors.join("  "), mean_squared_error(w));
        assert!((mean_squared_error(w) - by_library(w)).abs() < 1e-12);
    }

    println!("\nprobability of the true class   squared error   cross-entropy");
    for probability in [0.9, 0.5, 0.1, 0.01, 0.001] {
        // Two classes whose logits differ by ln(p / (1 - p)).
        let logits: [f64; 2] = [f64::ln(probability / (1.0 - probability)), 0.0];
        let mut gradient = [0.0; 2];
        let cross_entropy = CrossEntropy.gradient(&logits, &0, &mut gradient).mean();
        println!("{probability:>29}   {:>13.4}   {cross_entropy:>13.4}", (1.0_f64 - probability).powi(2));
        assert!((cross_entropy + f64::ln(probability)).abs() < 1e-9);
    }

    let slopes = || (0..=80).map(|step| f64::from(step) / 20.0);
    let mut chart = Chart::new("The loss of a line y = w·x, as a function of w", "slope w", "squared error");
    for ([x], [y]) in XS.into_iter().zip(YS).take(3) {
        chart = chart.line(&format!("({x}, {y})"), slopes().map(|w| (w, (w * x - y).powi(2))));
    }
    chart = chart.line("mean of all four", slopes().map(|w| (w, mean_squared_error(w))));
    chart.write(&figure("loss").to_string_lossy())?;
    Ok(())
}
