//! Chapter 1: one neuron, by hand and by the library, and a layer of three.

use fnn::prelude::*;
use fnn_book::{Outcome, Plane, figure};

// ANCHOR: network
fnn::network! {
    /// One neuron with two inputs.
    struct Neuron: [2] -> [1] {
        sum: Dense(1),
        Sigmoid,
    }
}
// ANCHOR_END: network

fnn::network! {
    /// Three neurons that see the same two inputs.
    struct Three: [2] -> [3] {
        sum: Dense(3),
        Sigmoid,
    }
}

// ANCHOR: hand
/// Squeezes any number into the range from 0 to 1.
fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// A neuron: the weighted sum of its inputs, plus its bias, through the activation.
fn neuron(x: [f64; 2], w: [f64; 2], b: f64) -> f64 {
    sigmoid(x[0] * w[0] + x[1] * w[1] + b)
}
// ANCHOR_END: hand

fn main() -> Outcome {
    let (w, b) = ([2.0, -1.0], 0.5);

    // ANCHOR: library
    let mut network = Neuron::<f64>::zeroed();
    network.sum.weight = [[2.0], [-1.0]];
    network.sum.bias = [0.5];
    // ANCHOR_END: library

    println!("  x0    x1   weighted sum   by hand   library");
    for x in [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.25, 1.0]] {
        let z = x[0] * w[0] + x[1] * w[1] + b;
        let (by_hand, [library]) = (neuron(x, w, b), network.forward(&x));
        println!("{:>4}  {:>4}  {z:>13.2}  {by_hand:>8.4}  {library:>8.4}", x[0], x[1]);
        assert!((by_hand - library).abs() < 1e-12);
    }

    let mut three = Three::<f64>::zeroed();
    // Row i holds the weights of input i, one for each of the three neurons.
    three.sum.weight = [[2.0, 0.0, -1.0], [-1.0, 3.0, -1.0]];
    three.sum.bias = [0.5, -1.0, 1.0];
    println!("\na layer of three, at (1, 0): {:.4?}", three.forward(&[1.0, 0.0]));
    println!("its parameters: {} weights and {} biases", 2 * 3, 3);
    assert_eq!(Three::<f64>::PARAMETERS, 2 * 3 + 3);

    // The weighted sum is 0, and the output one half, where x1 = 2·x0 + 0.5.
    let border = [-2.0, 2.0].map(|x0: f64| [x0, w[0] * x0 + b]).map(|[x0, x1]| {
        // Cut at the edge of the picture.
        let x1 = x1.clamp(-2.0, 2.0);
        [if x1 == w[0] * x0 + b { x0 } else { (x1 - b) / w[0] }, x1]
    });
    Plane::new("One neuron: 0 is blue, 1 is orange", -2.0, 2.0)
        .line(border)
        .draw(&figure("neuron"), |x| network.forward(&x)[0])
}
