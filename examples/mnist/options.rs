//! The command-line options.

use std::path::{Path, PathBuf};

use lexopt::prelude::*;

const HELP: &str = "\
Trains a network of 784-128-10 units on handwritten digits.

cargo run --release --example mnist -- [OPTIONS]

  --epochs NUMBER          passes over the training set [10]
  --batch-size NUMBER      samples per mini-batch [64]
  --learning-rate NUMBER   initial, annealed to 0 along a cosine [0.1]
  --seed NUMBER            for the initial weights and the order of samples [1]
  --threads NUMBER         threads to train on [one per core]
  --data FOLDER            with the four files of MNIST or Fashion-MNIST [data/mnist]
  --save FILE              write the trained weights there, as safetensors
  --checkpoint FOLDER      write a checkpoint there after every epoch
  --resume FOLDER          go on from the newest checkpoint there, and write more
  --log FILE               write a row per epoch there: `.csv`, or `.jsonl`
  --help                   this text";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) epochs: usize,
    pub(crate) batch_size: usize,
    pub(crate) learning_rate: f64,
    pub(crate) seed: u64,
    pub(crate) threads: Option<usize>,
    pub(crate) data: PathBuf,
    pub(crate) save: Option<PathBuf>,
    pub(crate) checkpoint: Option<PathBuf>,
    pub(crate) resume: Option<PathBuf>,
    pub(crate) log: Option<PathBuf>,
}

impl Options {
    /// Read the command line. Prints the help and returns `None` if it asks for help.
    pub(crate) fn read() -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self {
            epochs: 10,
            batch_size: 64,
            learning_rate: 0.1,
            seed: 1,
            threads: None,
            data: folder(),
            save: None,
            checkpoint: None,
            resume: None,
            log: None,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("epochs") => options.epochs = arguments.value()?.parse()?,
                Long("batch-size") => options.batch_size = arguments.value()?.parse()?,
                Long("learning-rate") => options.learning_rate = arguments.value()?.parse()?,
                Long("seed") => options.seed = arguments.value()?.parse()?,
                Long("threads") => options.threads = Some(arguments.value()?.parse()?),
                Long("data") => options.data = arguments.value()?.into(),
                Long("save") => options.save = Some(arguments.value()?.into()),
                Long("checkpoint") => options.checkpoint = Some(arguments.value()?.into()),
                Long("resume") => options.resume = Some(arguments.value()?.into()),
                Long("log") => options.log = Some(arguments.value()?.into()),
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

/// The folder of the digits: in the current folder, or otherwise in the package.
fn folder() -> PathBuf {
    let folder = Path::new("data/mnist");
    if folder.exists() { folder.into() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join(folder) }
}
