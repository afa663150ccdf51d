//! Forward pass, chain rule and update of a network with two inputs, two hidden units and one output, number by number: on paper,
//! by the library, and by numerical differentiation.

use fnn::{
    Parameters,
    losses::MeanSquaredError,
    optimizers::{Optimizer, Sgd, State},
    train::GradientBuffers,
};

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Net: [2] -> [1] {
        hidden: Dense(2),
        Sigmoid,
        out: Dense(1),
    }
}

const LEARNING_RATE: f64 = 0.5;

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn main() {
    // The sample, and the initial weights. The library stores weights as [input][unit].
    let (x, t) = ([0.6, -0.4], 0.9);
    let mut net = Net::<f64>::zeroed();
    net.hidden.weight = [[0.3, -0.2], [0.5, 0.8]];
    net.hidden.bias = [0.1, -0.1];
    net.out.weight = [[0.7], [-0.6]];
    net.out.bias = [0.2];
    let (w, b, v, [c]) = (net.hidden.weight, net.hidden.bias, net.out.weight, net.out.bias);

    println!("Forward: x = {x:?}, target t = {t}\n");
    let z = [x[0] * w[0][0] + x[1] * w[1][0] + b[0], x[0] * w[0][1] + x[1] * w[1][1] + b[1]];
    for j in 0..2 {
        println!(
            "  z{j} = x0·w0{j} + x1·w1{j} + b{j} = {}·{} + {}·{} + {} = {:.6}",
            x[0], w[0][j], x[1], w[1][j], b[j], z[j]
        );
    }
    let h = [sigmoid(z[0]), sigmoid(z[1])];
    for (j, h) in h.iter().enumerate() {
        println!("  h{j} = σ(z{j}) = 1 / (1 + e^-z{j}) = {h:.6}");
    }
    let y = h[0] * v[0][0] + h[1] * v[1][0] + c;
    let loss = (y - t) * (y - t);
    println!("  y  = h0·v0 + h1·v1 + c = {:.6}·{} + {:.6}·{} + {c} = {y:.6}", h[0], v[0][0], h[1], v[1][0]);
    println!("  L  = (y - t)² = {loss:.6}");

    println!("\nBackward: the chain rule, from the loss to every weight\n");
    let dy = 2.0 * (y - t);
    println!("  dy  = ∂L/∂y  = 2·(y - t) = {dy:.6}");
    // y = h·v + c, so the derivative with respect to a weight is its input.
    let dv = [dy * h[0], dy * h[1]];
    // From y to h through v, and from h to z through the sigmoid's derivative h·(1 - h).
    let dz = [0, 1].map(|j| dy * v[j][0] * h[j] * (1.0 - h[j]));
    for (j, dz) in dz.iter().enumerate() {
        println!("  dz{j} = ∂L/∂z{j} = dy · v{j} · h{j}·(1 - h{j}) = {dz:.6}");
    }
    // z = x·w + b, and so on.
    let dw = [0, 1].map(|i| [0, 1].map(|j| dz[j] * x[i]));
    let by_hand = [dw[0][0], dw[0][1], dw[1][0], dw[1][1], dz[0], dz[1], dv[0], dv[1], dy];

    // The same with the library.
    let mut gradient = Net::<f64>::zeroed();
    let mut memory = GradientBuffers::<Net<f64>, 1>::new();
    let computed = memory.gradient(&net, &MeanSquaredError, &[x], &[[t]], &mut gradient);
    println!("\n  the library's y = {:.6}, L = {computed:.6}", net.forward(&x)[0]);

    // And by numerical differentiation.
    let loss_at = |net: &Net<f64>| (net.forward(&x)[0] - t).powi(2);
    let numerical = |index: usize| {
        const STEP: f64 = 1e-5;
        let [mut up, mut down] = [net.clone(), net.clone()];
        up.parameters_mut()[index] += STEP;
        down.parameters_mut()[index] -= STEP;
        (loss_at(&up) - loss_at(&down)) / (2.0 * STEP)
    };

    println!("\nUpdate: weight ← weight - {LEARNING_RATE} · gradient\n");
    let formulas = ["dz0·x0", "dz1·x0", "dz0·x1", "dz1·x1", "dz0", "dz1", "dy·h0", "dy·h1", "dy"];
    let names = ["w00", "w01", "w10", "w11", "b0", "b1", "v0", "v1", "c"];
    let mut after = net.clone();
    Sgd::new(LEARNING_RATE).step(&mut after, &gradient, &mut State::new());
    println!("                         gradient                          new weight");
    println!("              by hand    library    numerical    before    by hand    library");
    for (index, (name, formula)) in names.iter().zip(formulas).enumerate() {
        let (hand, library, before) = (by_hand[index], gradient.parameters()[index], net.parameters()[index]);
        println!(
            "  {name:<3} {formula:<6} {hand:>9.6}  {library:>9.6}    {:>9.6} {before:>9.6}  {:>9.6}  {:>9.6}",
            numerical(index),
            before - LEARNING_RATE * hand,
            after.parameters()[index],
        );
        assert!((hand - library).abs() < 1e-12 && (hand - numerical(index)).abs() < 1e-9);
    }
    println!("\nThe loss goes from {loss:.6} to {:.6}.", loss_at(&after));
}
