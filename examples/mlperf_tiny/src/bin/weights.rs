//! Writes the weights that `cost` includes, drawn from seeds, to `weights`.

use std::error::Error;
use std::fs::create_dir_all;
use std::path::Path;

use fnn::Random;
use fnn::layers::{Sample, zeroed};
use fnn::quantized::{Calibration, Quantize};
use fnn_mlperf_tiny::{AutoEncoder, DsCnn, LeNet, MobileNet, ResNet8, Tails, WakeWord};

/// Samples for calibration.
fn samples<A: Sample<Element = f32>>() -> Vec<A> {
    let mut random = Random::new(1);
    let mut samples = vec![zeroed::<A>(); 8];
    for number in A::flat_mut(&mut samples) {
        *number = (2.0 * random.uniform() - 1.0) as f32;
    }
    samples
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights");
    create_dir_all(&folder)?;
    macro_rules! networks {
        ($($network:ident $name:literal),*) => { $({
            let network = $network::boxed(1);
            network.save(folder.join(concat!($name, ".safetensors")))?;
            network.quantize_boxed(&samples(), Calibration::MinMax)?.save(folder.join(concat!($name, ".int8")))?;
        })* };
    }
    networks!(
        DsCnn "ds-cnn", ResNet8 "resnet-8", MobileNet "mobilenet", AutoEncoder "autoencoder", WakeWord "wake-word",
        LeNet "lenet", Tails "tails"
    );
    Ok(())
}
