//! Chapter 5: backpropagation through two layers, for one sample and for a mini-batch.
#![expect(clippy::needless_range_loop, reason = "the loops are over the indices of the formulas")]

use fnn::prelude::*;
use fnn_book::{Diagram, Outcome, figure};

// ANCHOR: network
fnn::network! {
    #[derive(Debug)]
    struct Net: [2] -> [1] {
        hidden: Dense(2),
        Sigmoid,
        out: Dense(1),
    }
}
// ANCHOR_END: network

// ANCHOR: tape
/// What the forward pass remembers for the backward pass.
struct Tape {
    x: [f64; 2],
    h: [f64; 2],
    y: f64,
}

fn forward(net: &Net<f64>, x: [f64; 2]) -> Tape {
    let (w, b) = (&net.hidden.weight, &net.hidden.bias);
    let z = [0, 1].map(|j| x[0] * w[0][j] + x[1] * w[1][j] + b[j]);
    let h = z.map(|z| 1.0 / (1.0 + (-z).exp()));
    let y = h[0] * net.out.weight[0][0] + h[1] * net.out.weight[1][0] + net.out.bias[0];
    Tape { x, h, y }
}
// ANCHOR_END: tape

// ANCHOR: backward
/// Add the gradient of (y - t)² to `gradient`.
fn backward(net: &Net<f64>, tape: &Tape, t: f64, gradient: &mut Net<f64>) -> [f64; 3] {
    // The loss.
    let dy = 2.0 * (tape.y - t);
    // The output layer: its weights' gradient, and what it passes on to its inputs.
    for j in 0..2 {
        gradient.out.weight[j][0] += dy * tape.h[j];
    }
    gradient.out.bias[0] += dy;
    let dh = [0, 1].map(|j| dy * net.out.weight[j][0]);
    // The sigmoid.
    let dz = [0, 1].map(|j| dh[j] * tape.h[j] * (1.0 - tape.h[j]));
    // The hidden layer. Nothing is before it, so that it passes nothing on.
    for j in 0..2 {
        for i in 0..2 {
            gradient.hidden.weight[i][j] += dz[j] * tape.x[i];
        }
        gradient.hidden.bias[j] += dz[j];
    }
    [dz[0], dz[1], dy]
}
// ANCHOR_END: backward

const NAMES: [&str; 9] = ["w00", "w01", "w10", "w11", "b0", "b1", "v0", "v1", "c"];

fn main() -> Outcome {
    let mut net = Net::<f64>::zeroed();
    net.hidden.weight = [[0.3, -0.2], [0.5, 0.8]];
    net.hidden.bias = [0.1, -0.1];
    net.out.weight = [[0.7], [-0.6]];
    net.out.bias = [0.2];

    let (x, t) = ([0.6, -0.4], 0.9);
    let tape = forward(&net, x);
    let mut gradient = Net::<f64>::zeroed();
    let deltas = backward(&net, &tape, t, &mut gradient);
    println!("one sample, x = {x:?}, t = {t}");
    println!("  forward:  h = {:.6?}, y = {:.6}, L = {:.6}", tape.h, tape.y, (tape.y - t).powi(2));
    println!("  backward: dz = {:.6?}, dy = {:.6}\n", &deltas[..2], deltas[2]);

    // A mini-batch: the mean over its samples.
    let (xs, ts) = ([[0.6, -0.4], [-1.0, 0.5], [0.2, 0.9]], [[0.9], [0.1], [0.5]]);
    let mut mean = Net::<f64>::zeroed();
    for (x, [t]) in xs.into_iter().zip(ts) {
        backward(&net, &forward(&net, x), t, &mut mean);
    }
    mean.parameters_mut().iter_mut().for_each(|sum| *sum /= 3.0);

    // ANCHOR: library
    let mut by_library = Net::<f64>::zeroed();
    let mut buffers = GradientBuffers::<Net<f64>, 3>::new();
    buffers.gradient(&net, &MeanSquaredError, &xs, &ts, &mut by_library);
    // ANCHOR_END: library

    println!("      ∂L/∂ of it,   mean over a mini-batch of three");
    println!("       one sample      by hand      library");
    let columns = gradient.parameters().iter().zip(mean.parameters()).zip(by_library.parameters());
    for (name, ((one, mean), library)) in NAMES.into_iter().zip(columns) {
        println!("{name:<3}    {one:>10.6}   {mean:>10.6}   {library:>10.6}");
        assert!((mean - library).abs() < 1e-12);
    }

    draw(&net, &tape, t, &gradient, deltas)
}

fn draw(net: &Net<f64>, tape: &Tape, t: f64, gradient: &Net<f64>, [dz0, dz1, dy]: [f64; 3]) -> Outcome {
    let number = |value: f64| format!("{value:.3}");
    let mut diagram = Diagram::new(820, 330);
    let x = [(60, 80), (60, 240)].map(|at| (at, if at.1 < 160 { 0 } else { 1 }));
    let x = x.map(|(at, i)| diagram.node(at, &format!("x{i}"), number(tape.x[i]), String::new()));
    let h0 = diagram.node((320, 80), "h0", number(tape.h[0]), format!("dz {dz0:.3}"));
    let h1 = diagram.node((320, 240), "h1", number(tape.h[1]), format!("dz {dz1:.3}"));
    let y = diagram.node((580, 160), "y", number(tape.y), number(dy));
    let l = diagram.node((750, 160), "L", number((tape.y - t).powi(2)), String::new());
    for (j, h) in [h0, h1].into_iter().enumerate() {
        for i in 0..2 {
            // Crossing arrows have their labels near their tails.
            let place = if i == j { 0.5 } else { 0.24 };
            diagram.arrow(x[i], h, place, number(net.hidden.weight[i][j]), number(gradient.hidden.weight[i][j]));
        }
        diagram.arrow(h, y, 0.5, number(net.out.weight[j][0]), number(gradient.out.weight[j][0]));
    }
    diagram.arrow(y, l, 0.5, String::new(), String::new());
    diagram.draw(&figure("backpropagation"))
}
