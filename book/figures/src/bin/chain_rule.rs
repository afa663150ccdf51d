//! Chapter 4: derivatives and the chain rule, with numbers.

use fnn_book::{Diagram, Outcome, figure};

// ANCHOR: function
fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// The squared error of one neuron with one input.
fn loss(w: f64, b: f64, x: f64, t: f64) -> f64 {
    (sigmoid(w * x + b) - t).powi(2)
}
// ANCHOR_END: function

fn main() -> Outcome {
    let (w, b, x, t) = (0.8, -0.3, 1.5, 1.0);

    println!("a derivative is the slope over a small step, here of L with respect to w at w = {w}:\n");
    println!("   step   (L(w + step) - L(w)) / step");
    for step in [1.0, 0.1, 0.01, 0.001, 0.0001] {
        println!("{step:>7}   {:>12.6}", (loss(w + step, b, x, t) - loss(w, b, x, t)) / step);
    }

    // ANCHOR: chain
    // Forward: one small function after the other.
    let product = w * x;
    let z = product + b;
    let y = sigmoid(z);
    let error = y - t;
    let l = error * error;

    // Backward: multiply by the derivative of each, from the last to the first.
    let d_l = 1.0;
    let d_error = d_l * 2.0 * error;
    let d_y = d_error * 1.0;
    let d_z = d_y * y * (1.0 - y);
    let (d_product, d_b) = (d_z * 1.0, d_z * 1.0);
    let (d_w, d_x) = (d_product * x, d_product * w);
    // ANCHOR_END: chain

    println!("\n            forward     backward, ∂L/∂ of it");
    for (name, value, derivative) in [
        ("w", w, d_w),
        ("x", x, d_x),
        ("w·x", product, d_product),
        ("b", b, d_b),
        ("z", z, d_z),
        ("y = σ(z)", y, d_y),
        ("y - t", error, d_error),
        ("L", l, d_l),
    ] {
        println!("{name:<10} {value:>8.4}     {derivative:>9.6}");
    }
    let slope = |f: &dyn Fn(f64) -> f64| (f(1e-6) - f(-1e-6)) / 2e-6;
    assert!((d_w - slope(&|step| loss(w + step, b, x, t))).abs() < 1e-9);
    assert!((d_b - slope(&|step| loss(w, b + step, x, t))).abs() < 1e-9);
    assert!((d_x - slope(&|step| loss(w, b, x + step, t))).abs() < 1e-9);

    let number = |value: f64| format!("{value:.4}");
    let mut diagram = Diagram::new(820, 270);
    let w_node = diagram.node((60, 70), "w", number(w), number(d_w));
    let x_node = diagram.node((60, 200), "x", number(x), number(d_x));
    let b_node = diagram.node((220, 200), "b", number(b), number(d_b));
    let product_node = diagram.node((220, 70), "w·x", number(product), number(d_product));
    let z_node = diagram.node((370, 130), "+ b", number(z), number(d_z));
    let y_node = diagram.node((500, 130), "σ", number(y), number(d_y));
    let error_node = diagram.node((630, 130), "− t", number(error), number(d_error));
    let l_node = diagram.node((760, 130), "( )²", number(l), number(d_l));
    for (from, to) in [
        (w_node, product_node),
        (x_node, product_node),
        (product_node, z_node),
        (b_node, z_node),
        (z_node, y_node),
        (y_node, error_node),
        (error_node, l_node),
    ] {
        diagram.arrow(from, to, 0.5, String::new(), String::new());
    }
    diagram.draw(&figure("chain_rule"))
}
