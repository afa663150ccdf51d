//! Trains on a file that isn't loaded: each mini-batch is read while the one before it is trained on.
//!
//! `cargo run --release --example larger_than_memory -- [MEGABYTES]` writes a file of that size first, 200 by default.

use std::env::{args, temp_dir};
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use fnn::data::{RecordFile, Source};
use fnn::{Random, Trainer, losses::MeanSquaredError, optimizers::Adam, train::try_evaluate};

fnn::network! {
    /// Predicts the number that made a wave.
    struct Frequency: [256] -> [1] {
        hidden: Dense(32),
        Tanh,
        out: Dense(1),
    }
}

/// Numbers per record: the target, and the samples of a wave.
const NUMBERS: usize = 257;
const BATCH: usize = 128;

fn main() -> Result<(), Box<dyn Error>> {
    let megabytes = args().nth(1).map_or(Ok(200), |size| size.parse::<u64>())?;
    let path = temp_dir().join(format!("fnn-waves-{megabytes}.bin"));
    let records = (megabytes << 20) / (4 * NUMBERS as u64);
    if !fs::metadata(&path).is_ok_and(|file| file.len() == 4 * NUMBERS as u64 * records) {
        write(&path, records)?;
    }

    let waves = RecordFile::open(&path, 0, 4 * NUMBERS, |record: &[u8], input: &mut [f32; 256]| {
        let (numbers, _) = record.as_chunks::<4>();
        let [target, wave @ ..] = numbers else { return Err(fnn::Error::other("an empty record")) };
        input.iter_mut().zip(wave).for_each(|(x, bytes)| *x = f32::from_le_bytes(*bytes));
        Ok([f32::from_le_bytes(*target)])
    })?;
    println!("{} waves in {} MB, mini-batches of {BATCH}", waves.len(), megabytes);

    // The order of an epoch takes no memory per sample either.
    let trainer = Trainer::new(Frequency::seeded(1), MeanSquaredError, Adam::new(1e-3)).batch_size(BATCH).seed(1);
    println!("{}", trainer.memory(&waves));
    let trained = trainer.fit(&waves)?;

    let tenth = (&waves).take(waves.len() / 10);
    println!(
        "mean squared error on a tenth of them: {:.5}",
        try_evaluate(&trained.network, &MeanSquaredError, &tenth)?.loss
    );
    if let Some(kilobytes) = anonymous_memory() {
        println!("anonymous memory of the process: {:.1} MB", kilobytes as f64 / 1024.0);
    }
    fs::remove_file(&path)?;
    Ok(())
}

/// Write records: a frequency, and a wave of it with noise.
fn write(path: &Path, records: u64) -> Result<(), Box<dyn Error>> {
    let (mut file, mut random) = (BufWriter::new(File::create(path)?), Random::new(7));
    for _ in 0..records {
        let (frequency, phase) = (random.uniform() as f32, 6.3 * random.uniform() as f32);
        file.write_all(&frequency.to_le_bytes())?;
        for place in 0..256 {
            // A triangle wave is quicker to compute than a sine.
            let turns = (2.0 + 6.0 * frequency) * place as f32 / 256.0 + phase;
            let wave = 4.0 * (turns - (turns + 0.5).floor()).abs() - 1.0;
            file.write_all(&(wave + 0.1 * (random.uniform() as f32 - 0.5)).to_le_bytes())?;
        }
    }
    file.flush()?;
    Ok(())
}

/// The memory of this process that is not backed by files, in KiB, where the system tells it.
fn anonymous_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
