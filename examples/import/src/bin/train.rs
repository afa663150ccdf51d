//! Trains the imported network further, quantizes it, and writes `trained.onnx`, `quantized.onnx` and `src/bin/trained.int8`; and
//! what the int8 network computes for the first test digits to `scores.bin`.

use std::error::Error;

use fnn::data::Mnist;
use fnn::losses::CrossEntropy;
use fnn::metrics::highest;
use fnn::optimizers::{Adam, Optimizer, Schedule};
use fnn::train::evaluate;
use fnn::{Quantized, Trainer};
use fnn_convert::ToOnnx;
use fnn_import::{LE_NET, LeNet};

fn main() -> Result<(), Box<dyn Error>> {
    let Mnist { train, test } = Mnist::read("../../data/mnist")?;
    let accuracy = |network: &LeNet| 100.0 * evaluate(network, &CrossEntropy, &test).accuracy.unwrap_or(0.0);
    println!("imported: {:.2} % of the test digits", accuracy(&LE_NET));

    let steps = train.len().div_ceil(64) as u64;
    let trainer = Trainer::new(LE_NET.boxed_copy(), CrossEntropy, Adam::new(1e-3).scheduled(Schedule::cosine(steps)));
    let trained = trainer.batch_size(64).epochs(1).seed(1).fit(&train)?.network;
    println!("trained for one more epoch: {:.2} %", accuracy(&trained));

    let quantized: Quantized<LeNet> = trained.quantize(&train.inputs()[..500])?;
    let classified = |(image, class): &(&_, &usize)| highest(&quantized.forward(image)) == Some(**class);
    let right = test.inputs().iter().zip(test.targets()).filter(classified);
    println!("in int8: {:.2} %", 100.0 * right.count() as f64 / test.len() as f64);
    quantized.save("src/bin/trained.int8")?;

    std::fs::write("trained.onnx", trained.to_onnx()?)?;
    std::fs::write("quantized.onnx", quantized.to_onnx()?)?;
    let scores = test.inputs()[..1000].iter().flat_map(|image| quantized.forward(image));
    std::fs::write("scores.bin", scores.flat_map(f32::to_le_bytes).collect::<Vec<_>>())?;
    println!("wrote trained.onnx, quantized.onnx, scores.bin and src/bin/trained.int8");
    Ok(())
}
