//! Compares settings: five learning rates side by side, then random settings of which the best ones train longer.
//!
//! `cargo run --release --example sweep`. Run it again to see that nothing is repeated; `-- --anew` begins anew.

#[path = "../src/plot/chart.rs"]
mod chart;

use std::env::{args, temp_dir};
use std::error::Error;
use std::f64::consts::TAU;
use std::fs;

use chart::Chart;
use fnn::train::{Checkpoints, Progress, Sweep, Trained, Trial};
use fnn::{DataSet, Random, Trainer, losses::MeanSquaredError, optimizers::Sgd};

fnn::network! {
    /// A curve y(x).
    struct Curve: [1] -> [1] {
        hidden: Dense(16),
        Tanh,
        out: Dense(1),
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
struct Settings {
    rate: f64,
    momentum: f64,
    batch_size: usize,
}

const EPOCHS: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = temp_dir().join("fnn-sweep");
    if args().any(|argument| argument == "--anew") {
        let _ = fs::remove_dir_all(&folder);
    }
    let (train, test) = (wave(400, 1), wave(200, 2));

    let rates = [0.001, 0.003, 0.01, 0.03, 0.1];
    let runs: Vec<_> = rates
        .iter()
        .map(|&rate| {
            let settings = Settings { rate, momentum: 0.9, batch_size: 16 };
            Ok((rate, trainer(settings, EPOCHS, &test).fit(&train)?))
        })
        .collect::<Result<_, fnn::Error>>()?;
    let mut chart = Chart::new("Five learning rates", "epoch", "validation loss").logarithmic();
    println!("learning rate   loss after 1      8     64 epochs");
    for (rate, Trained { history, .. }) in &runs {
        let losses: Vec<_> =
            history.epochs.iter().filter_map(|epoch| Some((epoch.number as f64, epoch.validation?.loss))).collect();
        let after = |epoch: usize| losses.get(epoch - 1).map_or(f64::NAN, |(_, loss)| *loss);
        println!("{rate:>13}   {:>12.4} {:>6.4} {:>6.4}", after(1), after(8), after(EPOCHS));
        chart = chart.line(&rate.to_string(), losses);
    }
    println!("picture: {}\n", chart.write("sweep.svg")?.display());

    let draw = |random: &mut Random| Settings {
        rate: 10f64.powf(-3.5 + 2.5 * random.uniform()),
        momentum: [0.0, 0.5, 0.9, 0.95][(4.0 * random.uniform()) as usize],
        batch_size: 8 << (3.0 * random.uniform()) as usize,
    };
    // 16 trials of 4 epochs, the best 4 of them of 16, and the best one of 64. Each continues from its checkpoint.
    let sweep = Sweep::random(16, 1, draw).halving(4, 4, EPOCHS).folder(&folder);
    let results = sweep.run(|Trial { settings, epochs, folder, .. }: &Trial<'_, Settings>| {
        let mut trainer = trainer(**settings, epochs.unwrap_or(EPOCHS), &test);
        if let Some(folder) = folder {
            trainer = trainer.checkpoint(Checkpoints::new(folder).keep(1)).resume(folder);
        }
        let history = trainer.fit(&train)?.history;
        Ok(history.epochs.last().and_then(|epoch| epoch.validation).map_or(f64::NAN, |validation| validation.loss))
    })?;
    println!("{results}\nin {}", folder.display());
    Ok(())
}

/// One training on one thread, since several run at a time.
fn trainer(
    Settings { rate, momentum, batch_size }: Settings,
    epochs: usize,
    test: &DataSet<[f32; 1], [f32; 1]>,
) -> Trainer<'_, Curve, MeanSquaredError, fnn::optimizers::Momentum, 1, &DataSet<[f32; 1], [f32; 1]>> {
    Trainer::new(Curve::seeded(1), MeanSquaredError, Sgd::new(rate).momentum(momentum))
        .batch_size(batch_size)
        .epochs(epochs)
        .seed(1)
        .threads(1)
        .validate(test)
        .progress(Progress::Silent)
}

/// Points near a wave.
fn wave(count: usize, seed: u64) -> DataSet<[f32; 1], [f32; 1]> {
    let mut random = Random::new(seed);
    let point = |_| {
        let x = 2.0 * random.uniform() - 1.0;
        ([x as f32], [((TAU * x).sin() + 0.1 * random.normal()) as f32])
    };
    (0..count).map(point).collect()
}
