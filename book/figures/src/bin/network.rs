//! Chapter 2: exclusive or, which one neuron can't compute and three can.

use fnn::prelude::*;
use fnn_book::{Outcome, Plane, figure};

// ANCHOR: network
fnn::network! {
    /// Exclusive or: true if exactly one of its inputs is.
    struct Xor: [2] -> [1] {
        hidden: Dense(2),
        Relu,
        out: Dense(1),
    }
}
// ANCHOR_END: network

/// The four points, and what exclusive or is there.
const POINTS: [([f64; 2], bool); 4] =
    [([0.0, 0.0], false), ([0.0, 1.0], true), ([1.0, 0.0], true), ([1.0, 1.0], false)];

/// In how many of the four points a neuron that answers "x0·w0 + x1·w1 + b > 0" can be right, at most: tries every weight and
/// bias on a grid.
fn best_single_neuron() -> usize {
    let grid = || (-20..=20).map(|step| f64::from(step) / 10.0);
    let right = |w: [f64; 2], b: f64| {
        POINTS.iter().filter(|([x0, x1], exclusive)| (x0 * w[0] + x1 * w[1] + b > 0.0) == *exclusive).count()
    };
    grid().flat_map(|w0| grid().flat_map(move |w1| grid().map(move |b| right([w0, w1], b)))).max().unwrap_or(0)
}

fn main() -> Outcome {
    println!("the best of 41³ single neurons is right at {} of 4 points\n", best_single_neuron());

    // ANCHOR: weights
    let mut network = Xor::<f64>::zeroed();
    // Both hidden units see x0 + x1; the second one only what exceeds 1.
    network.hidden.weight = [[1.0, 1.0], [1.0, 1.0]];
    network.hidden.bias = [0.0, -1.0];
    // The sum, without twice that excess.
    network.out.weight = [[1.0], [-2.0]];
    // ANCHOR_END: weights

    println!("x0 x1   hidden    output");
    for (x, exclusive) in POINTS {
        let hidden = [0, 1].map(|j| f64::max(0.0, x[0] + x[1] + network.hidden.bias[j]));
        let [output] = network.forward(&x);
        println!(" {}  {}   {hidden:?}  {output:?}", x[0], x[1]);
        assert_eq!(output == 1.0, exclusive);
    }
    println!("\n{}", Xor::<f32>::summary());

    Plane::new("Exclusive or, by three neurons", -0.5, 1.5)
        .points(POINTS)
        .draw(&figure("network"), |x| network.forward(&x)[0])
}
