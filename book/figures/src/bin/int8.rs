//! Chapter 10: a network in 8 bits.

#[path = "../../../../src/plot/chart.rs"]
mod chart;

use chart::Chart;
use fnn::prelude::*;
use fnn_book::{Outcome, figure};

// ANCHOR: network
fnn::network! {
    #[quantizable]
    struct Small: [1] -> [1] {
        hidden1: Dense(32),
        Relu,
        hidden2: Dense(32),
        Relu,
        out: Dense(1),
    }
}
// ANCHOR_END: network

// ANCHOR: quantize
/// The integer that stands for `value`, if integers are `scale` apart.
fn quantize(value: f64, scale: f64) -> i8 {
    (value / scale).round().clamp(-128.0, 127.0) as i8
}
// ANCHOR_END: quantize

fn main() -> Outcome {
    let weights = [0.31, -1.27, 0.004, 0.85];
    let scale = 1.27 / 127.0;
    println!("weight     integer   back      error      (scale {scale:.4})");
    for weight in weights {
        let integer = quantize(weight, scale);
        let back = f64::from(integer) * scale;
        println!("{weight:>6}     {integer:>7}   {back:>6.3}   {:>7.4}", back - weight);
        assert!((back - weight).abs() <= 0.5 * scale + 1e-12);
    }

    // A network that has learned a sine.
    let xs: Vec<[f32; 1]> = (0..128).map(|step| [step as f32 / 64.0 - 1.0]).collect();
    let ys: Vec<[f32; 1]> = xs.iter().map(|[x]| [(3.0 * x).sin()]).collect();
    let mut network = Small::seeded(1);
    let mut buffers = fnn::train::GradientBuffers::<Small, 128>::new();
    let (mut gradient, mut state) = (Small::zeroed(), fnn::optimizers::State::new());
    for _ in 0..1000 {
        buffers.gradient(&network, &MeanSquaredError, &xs, &ys, &mut gradient);
        Adam::new(0.005).step(&mut network, &gradient, &mut state);
    }

    // ANCHOR: network_quantized
    let quantized: Quantized<Small> = network.quantize(&xs)?;
    // ANCHOR_END: network_quantized
    println!("\n   x       float      int8");
    for x in [-0.9_f32, -0.4, 0.0, 0.3, 0.75] {
        println!("{x:>5}   {:>8.3}  {:>8.3}", network.forward(&[x])[0], quantized.forward(&[x])[0]);
    }
    println!("\nflash: {} B in float, {} B in int8", Small::FLASH, Quantized::<Small>::FLASH);

    let curve = |f: &dyn Fn(f32) -> f32| {
        (0..=400).map(|step| step as f32 / 200.0 - 1.0).map(|x| (f64::from(x), f64::from(f(x)))).collect::<Vec<_>>()
    };
    Chart::new("A sine, learned in float and rounded to int8", "x", "y")
        .line("float", curve(&|x| network.forward(&[x])[0]))
        .line("int8", curve(&|x| quantized.forward(&[x])[0]))
        .write(&figure("int8").to_string_lossy())?;
    Ok(())
}
