//! Fits a curve to noisy points of a sine.

#[path = "../src/plot/chart.rs"]
mod chart;

use std::f64::consts::TAU;

use chart::Chart;
use fnn::metrics::r_squared;
use fnn::{
    DataSet, Random, Trainer,
    losses::MeanSquaredError,
    optimizers::Adam,
    train::{Progress, evaluate},
};

fnn::network! {
    /// A curve: one number in, one number out.
    #[derive(Debug)]
    pub struct Curve: [1] -> [1] {
        Dense(32),
        Tanh,
        Dense(32),
        Tanh,
        Dense(1),
    }
}

/// The standard deviation of the noise.
const NOISE: f64 = 0.25;

/// Points of a sine between −π and π, with noise.
fn noisy_sine(seed: u64, points: usize) -> DataSet<[f32; 1], [f32; 1]> {
    let mut random = Random::new(seed);
    let points = (0..points).map(|_| {
        let x = TAU * (random.uniform() - 0.5);
        ([x as f32], [(x.sin() + NOISE * random.normal()) as f32])
    });
    points.collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = (noisy_sine(1, 250), noisy_sine(2, 250));
    let untrained = Curve::boxed(1);
    let trained = Trainer::new(Curve::boxed(1), MeanSquaredError, Adam::new(0.003))
        .batch_size(25)
        .epochs(300)
        .validate(&test)
        .progress(Progress::Silent)
        .fit(&train)?;

    println!("       epoch  train loss  test loss");
    for epoch in trained.history.epochs.iter().filter(|epoch| [1, 3, 10, 30, 100, 300].contains(&epoch.number)) {
        let test = epoch.validation.map_or(0.0, |test| test.loss);
        println!("{:>12}  {:>10.4}  {test:>9.4}", epoch.number, epoch.training.loss);
    }
    println!("{:>12}  {:>21.4}", "the noise", NOISE * NOISE);

    let network = trained.network;
    let explained = r_squared(&network.forward_all(test.inputs()), test.targets()).unwrap_or(0.0);
    println!("\nR² on the test set {explained:.3}\n\n      x   sin x    fit  untrained");
    let fit = |network: &Curve, x: f64| f64::from(network.forward(&[x as f32])[0]);
    for x in (-3..=3).map(f64::from) {
        println!("{x:>7.1} {:>7.3} {:>6.3} {:>10.3}", x.sin(), fit(&network, x), fit(&untrained, x));
    }
    let exact = (0..=100).map(|step| TAU * (f64::from(step) / 100.0 - 0.5)).map(|x| ([x as f32], [x.sin() as f32]));
    let error = evaluate(&*network, &MeanSquaredError, &exact.collect()).loss.sqrt();
    println!("\nthe fit deviates from the sine by {error:.3}, the points by {NOISE} (root mean square)");

    let xs = || (0..=200).map(|step| TAU * (f64::from(step) / 200.0 - 0.5));
    let points = train.inputs().iter().zip(train.targets()).map(|([x], [y])| (f64::from(*x), f64::from(*y)));
    let path = Chart::new("A noisy sine and its fit", "x", "y")
        .dots("points", points)
        .line("fit", xs().map(|x| (x, fit(&network, x))))
        .line("sine", xs().map(|x| (x, x.sin())))
        .line("before training", xs().map(|x| (x, fit(&untrained, x))))
        .write("regression.svg")?;
    println!("picture: {}", path.display());
    Ok(())
}
