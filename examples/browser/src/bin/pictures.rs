//! Writes the first digits of MNIST to the file that is the argument, as bytes: each one's class and pixels.

use std::env;
use std::error::Error;
use std::fs::write;
use std::path::Path;

use fnn::data::Mnist;

/// Digits that the page learns from and tests on.
const COUNT: usize = 3000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("expected the file to write")?;
    let Mnist { train, .. } = Mnist::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/mnist"))?;
    let digits = train.inputs().iter().zip(train.targets()).take(COUNT);
    let bytes = |pixels: &[f32; 784]| pixels.map(|grey| (255.0 * grey).round() as u8);
    let file: Vec<u8> = digits.flat_map(|(pixels, &class)| [class as u8].into_iter().chain(bytes(pixels))).collect();
    write(path, file)?;
    Ok(())
}
