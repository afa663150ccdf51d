//! Trains on MNIST with several processes, and prints a fingerprint of the weights: that of one process.
//!
//! `cargo build --release --example distributed && mpirun -n 4 target/release/examples/distributed`, with `-- --help` for the
//! options.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use fnn::data::Mnist;
use fnn::layers::Layer;
use fnn::losses::CrossEntropy;
use fnn::optimizers::{Adam, Clip, Optimizer, Schedule};
use fnn::train::{Checkpoints, Exchange, Progress, Sweep, Trained, evaluate};
use fnn::{DataSet, Trainer};
use fnn_mpi::World;
use lexopt::prelude::*;

fnn::network! {
    /// Ranks exchange activations and output gradients.
    struct Digits: [784] -> [10] { hidden: Dense(512), Relu, second: Dense(256), Relu, logits: Dense(10) }
}

fnn::network! {
    /// Ranks exchange chunks' gradients of convolutions, and statistics.
    struct LeNet: [1, 28, 28] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        norm: BatchNorm,
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(16, kernel = 5),
        Relu,
        MaxPool2d(2),
        Flatten,
        fc1: Dense(120),
        Relu,
        fc2: Dense(84),
        Relu,
        logits: Dense(10),
    }
}

const HELP: &str = "\
mpirun -n 4 target/release/examples/distributed [OPTIONS]

  --epochs NUMBER      passes over the training set [5]
  --batch NUMBER       samples in a mini-batch [512]
  --samples NUMBER     samples of the training set [60000]
  --data FOLDER        with the four files of MNIST [../data/mnist]
  --checkpoint FOLDER  write a checkpoint every 5 steps, and resume from there
  --convolutional      a convolutional network, with clipped gradients
  --sweep              one training for each of several learning rates, shared out among the ranks
  --alone              one process, without MPI
  --help               this text";

#[derive(Debug)]
struct Options {
    epochs: usize,
    batch_size: usize,
    samples: usize,
    data: PathBuf,
    checkpoint: Option<PathBuf>,
    convolutional: bool,
    sweep: bool,
    alone: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("distributed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(options) = Options::read()? else { return Ok(()) };
    if options.alone { train_on(&(), &options) } else { train_on(&World::new()?, &options) }
}

fn train_on(world: &impl Exchange, options: &Options) -> Result<(), Box<dyn Error>> {
    // If one rank cannot read its files, all end.
    let Mnist { train, test } = world.agree(Mnist::read(&options.data))?;
    let samples = train.inputs().iter().copied().zip(train.targets().iter().copied());
    let train: DataSet<_, _> = samples.take(options.samples).collect();
    if options.sweep {
        return sweep(world, options, &train, &test);
    }
    if options.convolutional {
        let image = |flat: [f32; 784]| [std::array::from_fn(|row| std::array::from_fn(|x| flat[28 * row + x]))];
        let (train, test) = (train.map_inputs(image), test.map_inputs(image));
        fit(world, options, LeNet::boxed(1), Some(Clip::Norm(1.0)), &train, &test)
    } else {
        fit(world, options, Digits::boxed(1), None, &train, &test)
    }
}

/// Train one network together.
fn fit<N: Layer<Output = [f32; 10], Scalar = f32>>(
    world: &impl Exchange,
    options: &Options,
    network: Box<N>,
    clip: Option<Clip>,
    train: &DataSet<N::Input, usize>,
    test: &DataSet<N::Input, usize>,
) -> Result<(), Box<dyn Error>> {
    let steps = options.epochs * train.len().div_ceil(options.batch_size.max(1));
    let optimizer = Adam::new(2e-3).scheduled(Schedule::cosine(steps as u64));
    let mut trainer = Trainer::new(network, CrossEntropy, optimizer);
    trainer = trainer.batch_size(options.batch_size).epochs(options.epochs).threads(1);
    if let Some(clip) = clip {
        trainer = trainer.clip(clip);
    }
    if let Some(folder) = &options.checkpoint {
        trainer = trainer.checkpoint(Checkpoints::new(folder).every_steps(5)).resume(folder);
    }
    let start = Instant::now();
    let Trained { network, .. } = trainer.fit_on(world, train)?;
    let seconds = start.elapsed().as_secs_f64();
    if world.rank() == 0 {
        let accuracy = evaluate(&network, &CrossEntropy, test).accuracy.unwrap_or_default();
        println!("{} ranks, {:.0} samples a second", world.ranks(), (options.epochs * train.len()) as f64 / seconds);
        println!("weights {:016x}, test accuracy {:.2} %", fingerprint(network.parameters()), 100.0 * accuracy);
    }
    Ok(())
}

/// Train several networks, each on one rank.
fn sweep(
    world: &impl Exchange,
    options: &Options,
    train: &DataSet<[f32; 784], usize>,
    test: &DataSet<[f32; 784], usize>,
) -> Result<(), Box<dyn Error>> {
    let results = Sweep::over([3e-4, 1e-3, 3e-3, 1e-2]).run_on(world, |trial| {
        let trainer = Trainer::new(Digits::boxed(1), CrossEntropy, Adam::new(*trial.settings));
        let trainer = trainer.batch_size(options.batch_size).epochs(options.epochs).threads(1).validate(test);
        let trained = trainer.progress(Progress::Silent).fit(train)?;
        Ok(trained.history.best().and_then(|epoch| epoch.validation).map_or(f64::NAN, |validation| validation.loss))
    })?;
    if world.rank() == 0 {
        print!("{results}");
    }
    Ok(())
}

/// A hash of the bits of all weights (FNV-1a).
fn fingerprint(weights: &[f32]) -> u64 {
    let bytes = weights.iter().flat_map(|weight| weight.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Options {
    /// Read the command line. Prints the help and returns `None` if it asks for help.
    fn read() -> Result<Option<Self>, lexopt::Error> {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/mnist");
        let (convolutional, sweep, alone) = (false, false, false);
        let mut options =
            Self { epochs: 5, batch_size: 512, samples: 60_000, data, checkpoint: None, convolutional, sweep, alone };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("epochs") => options.epochs = arguments.value()?.parse()?,
                Long("batch") => options.batch_size = arguments.value()?.parse()?,
                Long("samples") => options.samples = arguments.value()?.parse()?,
                Long("data") => options.data = arguments.value()?.into(),
                Long("checkpoint") => options.checkpoint = Some(arguments.value()?.into()),
                Long("convolutional") => options.convolutional = true,
                Long("sweep") => options.sweep = true,
                Long("alone") => options.alone = true,
                Long("help") | Short('h') => {
                    println!("{HELP}");
                    return Ok(None);
                }
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(Some(options))
    }
}
