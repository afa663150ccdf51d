//! An autoencoder squeezes a digit of 784 pixels through 24 numbers and draws it again from these.
//!
//! `cargo run --release --example autoencoder`. Writes `autoencoder.pgm`: digits above, what came of them below.

use std::error::Error;
use std::fs;

use fnn::data::Mnist;
use fnn::{Adam, BinaryCrossEntropy, DataSet, Network, Optimizer, Schedule, Trained, Trainer};

const CODE: usize = 24;

fnn::network! {
    /// A digit as a few numbers.
    struct Encoder: [784] -> [CODE] {
        hidden: Dense(128),
        Relu,
        code: Dense(CODE),
    }
}

fnn::network! {
    /// A digit from a few numbers: the logit of each pixel.
    struct Decoder: [CODE] -> [784] {
        hidden: Dense(128),
        Relu,
        pixels: Dense(784),
    }
}

fnn::network! {
    /// There and back.
    struct Autoencoder: [784] -> [784] {
        encoder: Encoder,
        decoder: Decoder,
    }
}

const EPOCHS: usize = 12;
const BATCH: usize = 128;
/// Digits side by side in the picture.
const SHOWN: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let Mnist { train, test } = Mnist::<[f32; 784]>::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist"))?;
    // What is to come out is what goes in.
    let same = |set: DataSet<[f32; 784], usize>| DataSet::new(set.inputs().to_vec(), set.inputs().to_vec());
    let (train, test) = (same(train)?, same(test)?);
    println!("{}\n", Autoencoder::summary());

    let steps = EPOCHS * train.len().div_ceil(BATCH);
    let optimizer = Adam::new(3e-3).scheduled(Schedule::cosine(steps as u64));
    let Trained { network, .. } = Trainer::new(Autoencoder::boxed(1), BinaryCrossEntropy, optimizer)
        .batch_size(BATCH)
        .epochs(EPOCHS)
        .validate(&test)
        .fit(&train)?;

    let digits = &test.inputs()[..SHOWN];
    let drawn: Vec<[f32; 784]> =
        network.forward_all(digits).into_iter().map(|logits| logits.map(|x| 1.0 / (1.0 + (-x).exp()))).collect();
    println!("\nthe first digit, its code, and what came of it:\n");
    print_side_by_side(&digits[0], &drawn[0]);
    println!("code: {:.2?}", network.encoder.forward(&digits[0]));
    fs::write("autoencoder.pgm", picture(&[digits, &drawn]))?;
    println!("picture: autoencoder.pgm");
    Ok(())
}

/// Rows of digits as a picture in the portable grey map format.
fn picture(rows: &[&[[f32; 784]]]) -> Vec<u8> {
    let mut bytes = format!("P5 {} {} 255\n", 28 * SHOWN, 28 * rows.len()).into_bytes();
    for digits in rows {
        for row in 0..28 {
            for digit in *digits {
                bytes.extend(digit[28 * row..28 * (row + 1)].iter().map(|grey| (255.0 * grey) as u8));
            }
        }
    }
    bytes
}

fn print_side_by_side(one: &[f32; 784], other: &[f32; 784]) {
    let line = |digit: &[f32; 784], row: usize| -> String {
        digit[28 * row..28 * (row + 1)].iter().map(|&grey| [' ', '░', '▒', '▓', '█'][(grey * 4.99) as usize]).collect()
    };
    for row in (0..28).step_by(2) {
        println!("{}   {}", line(one, row), line(other, row));
    }
}
