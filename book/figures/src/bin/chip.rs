//! Chapter 9: what a network costs, known before it runs.

use fnn::prelude::*;
use fnn_book::{Outcome, Plane, figure};

// ANCHOR: budget
fnn::network! {
    /// Fits a chip with 512 bytes of flash left for it.
    #[budget(flash = 512 B, ram = 256 B, macs = 100)]
    struct Xor: [2] -> [1] {
        hidden: Dense(8),
        Tanh,
        out: Dense(1),
        Sigmoid,
    }
}
// ANCHOR_END: budget

fn main() -> Outcome {
    println!("parameters                  {}", Xor::<f32>::PARAMETERS);
    println!("multiply-accumulates        {}", Xor::<f32>::MACS);
    println!("flash                       {} B", Xor::<f32>::FLASH);
    println!("RAM to run it               {} B", Xor::<f32>::RAM_INFERENCE);
    println!("RAM to train it in place    {} B\n", Xor::<f32>::RAM_TRAINING_IN_PLACE);

    // ANCHOR: train
    let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let targets = [[0.0], [1.0], [1.0], [0.0]];
    let mut network = Xor::seeded(1);
    let mut buffers = InPlaceBuffers::<Xor, 1>::new();
    for step in 0..8000 {
        let sample = step % 4..step % 4 + 1;
        buffers.train(&mut network, &MeanSquaredError, &Sgd::new(0.5), &inputs[sample.clone()], &targets[sample]);
    }
    // ANCHOR_END: train
    for (x, [t]) in inputs.iter().zip(targets) {
        println!("{x:?}: {:.2}, should be {t}", network.forward(x)[0]);
    }

    let points = inputs.iter().zip(targets).map(|(x, [t])| (x.map(f64::from), t == 1.0));
    Plane::new("Exclusive or, trained one sample at a time", -0.5, 1.5)
        .points(points)
        .draw(&figure("chip"), |x| f64::from(network.forward(&x.map(|x| x as f32))[0]))
}
