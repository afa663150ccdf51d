//! The network with two inputs, two hidden units and one output of the example `by_hand`, one step at a time.

use std::cell::RefCell;
use std::fmt::Write;

use fnn::losses::MeanSquaredError;
use fnn::optimizers::{Optimizer, Sgd, State};
use fnn::train::GradientBuffers;
use fnn::{Network, Parameters};

use crate::exchange::put_text;

fnn::network! {
    #[derive(Debug)]
    struct Net: [2] -> [1] {
        hidden: Dense(2),
        Sigmoid,
        out: Dense(1),
    }
}

const INPUT: [f64; 2] = [0.6, -0.4];
const TARGET: f64 = 0.9;
const LEARNING_RATE: f64 = 0.5;
/// The names of the weights, in the order of `parameters`.
const WEIGHTS: [&str; 9] = ["w00", "w01", "w10", "w11", "b0", "b1", "v0", "v1", "c"];

thread_local! {
    static NETWORK: RefCell<Net<f64>> = RefCell::new(initial());
}

fn initial() -> Net<f64> {
    let mut network = Net::<f64>::zeroed();
    network.hidden.weight = [[0.3, -0.2], [0.5, 0.8]];
    network.hidden.bias = [0.1, -0.1];
    network.out.weight = [[0.7], [-0.6]];
    network.out.bias = [0.2];
    network
}

/// Start anew with the weights of the example.
#[unsafe(no_mangle)]
pub extern "C" fn step_start() {
    NETWORK.set(initial());
}

/// All numbers of a forward and a backward pass with the present weights, as lines of a name and a value: `x0 0.6`. `d` before a
/// name is the loss's derivative with respect to it.
#[unsafe(no_mangle)]
pub extern "C" fn step_numbers() -> usize {
    NETWORK.with_borrow(|network| put_text(numbers(network)))
}

/// Update the weights.
#[unsafe(no_mangle)]
pub extern "C" fn step_update() {
    NETWORK.with_borrow_mut(|network| {
        let gradient = gradient(network).0;
        Sgd::new(LEARNING_RATE).step(network, &gradient, &mut State::new());
    });
}

fn gradient(network: &Net<f64>) -> (Net<f64>, f64) {
    let mut gradient = Net::<f64>::zeroed();
    let loss = GradientBuffers::<Net<f64>, 1>::new().gradient(
        network,
        &MeanSquaredError,
        &[INPUT],
        &[[TARGET]],
        &mut gradient,
    );
    (gradient, loss)
}

fn numbers(network: &Net<f64>) -> String {
    let z = network.hidden.forward(&INPUT);
    let h = network.sigmoid_1.forward(&z);
    let [y] = network.out.forward(&h);
    let (gradient, loss) = gradient(network);
    let dy = gradient.out.bias[0];
    let dh = [0, 1].map(|j| dy * network.out.weight[j][0]);
    let values = [
        ("x0", INPUT[0]),
        ("x1", INPUT[1]),
        ("t", TARGET),
        ("z0", z[0]),
        ("z1", z[1]),
        ("h0", h[0]),
        ("h1", h[1]),
        ("y", y),
        ("L", loss),
        ("dy", dy),
        ("dh0", dh[0]),
        ("dh1", dh[1]),
        ("dz0", gradient.hidden.bias[0]),
        ("dz1", gradient.hidden.bias[1]),
    ];
    let mut text = String::new();
    let mut line = |name: &str, value: f64| writeln!(text, "{name} {value:.6}").unwrap_or_default();
    values.into_iter().for_each(|(name, value)| line(name, value));
    for (name, (weight, derivative)) in WEIGHTS.into_iter().zip(network.parameters().iter().zip(gradient.parameters()))
    {
        line(name, *weight);
        line(&format!("d{name}"), *derivative);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_example_by_hand() {
        let text = numbers(&initial());
        // The forward pass by the formulas.
        let h = [0.3 * 0.6 - 0.5 * 0.4 + 0.1, -0.2 * 0.6 - 0.8 * 0.4 - 0.1].map(|z: f64| 1.0 / (1.0 + (-z).exp()));
        let y = 0.7 * h[0] - 0.6 * h[1] + 0.2;
        assert!(text.contains(&format!("\ny {y:.6}\n")), "{text}");
        assert!(text.contains(&format!("\ndv0 {:.6}\n", 2.0 * (y - 0.9) * h[0])), "{text}");
        assert_eq!(text.lines().count(), 14 + 18);
    }

    #[test]
    fn a_step_lowers_the_loss() {
        step_start();
        let before = gradient(&initial()).1;
        step_update();
        assert!(NETWORK.with_borrow(|network| gradient(network).1) < before);
    }
}
