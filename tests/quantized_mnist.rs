//! MNIST in int8, as accurate as in `f32`.

#![cfg(feature = "std")]

use fnn::data::Mnist;
use fnn::metrics::ConfusionMatrix;
use fnn::{DataSet, Trainer, losses::CrossEntropy, optimizers::Adam, quantized::Calibration, train::Progress};

fnn::network! {
    #[quantizable]
    struct Digits: [784] -> [10] {
        hidden: Dense(32),
        Relu,
        logits: Dense(10),
    }
}

#[test]
fn digits_lose_less_than_three_tenths_of_a_point() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    if !folder.exists() {
        return;
    }
    let Mnist { train, test } = Mnist::read(folder).unwrap();
    let first = |digits: &DataSet<_, usize>, count| {
        DataSet::new(digits.inputs()[..count].to_vec(), digits.targets()[..count].to_vec()).unwrap()
    };
    let (train, test) = (first(&train, 6000), first(&test, 4000));
    let trainer = Trainer::new(Digits::boxed(1), CrossEntropy, Adam::new(3e-3)).batch_size(32).epochs(2).seed(1);
    let network = trainer.progress(Progress::Silent).fit(&train).unwrap().network;
    let accuracy = |scores: &[[f32; 10]]| 100.0 * ConfusionMatrix::of(scores, test.targets()).accuracy().unwrap();
    let float = accuracy(&network.forward_all(test.inputs()));
    assert!(float > 85.0, "{float}");
    for calibration in [Calibration::MinMax, Calibration::Percentile(0.9999), Calibration::MeanSquaredError] {
        let quantized = network.quantize_by(&train.inputs()[..300], calibration).unwrap();
        let integers = accuracy(&quantized.forward_all(test.inputs()));
        println!("{float} {calibration:?} {integers}");
        assert!(integers > float - 0.3, "{calibration:?}: {integers} %, in floats {float} %");
    }
}
