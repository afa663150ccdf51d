//! What can be chosen on the command line of an example that trains on pictures.

use std::path::{Path, PathBuf};

use lexopt::prelude::*;

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) epochs: usize,
    pub(crate) seed: u64,
    pub(crate) data: PathBuf,
}

impl Options {
    /// Read the command line of the example `name`, which trains for so many epochs if not told. `None` where it asks
    /// for help, which is printed.
    pub(crate) fn read(name: &str, epochs: usize) -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self { epochs, seed: 1, data: folder() };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("epochs") => options.epochs = arguments.value()?.parse()?,
                Long("seed") => options.seed = arguments.value()?.parse()?,
                Long("data") => options.data = arguments.value()?.into(),
                Long("help") | Short('h') => {
                    println!(
                        "cargo run --release --example {name} -- [OPTIONS]\n\n  \
                         --epochs NUMBER  passes over the training set [{epochs}]\n  \
                         --seed NUMBER    of the first weights and of the samples' order [1]\n  \
                         --data FOLDER    of MNIST's four files, or Fashion-MNIST's [data/mnist]\n  \
                         --help           this text"
                    );
                    return Ok(None);
                }
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

/// Where the digits are: below the current folder, or else below the package's.
pub(crate) fn folder() -> PathBuf {
    let folder = Path::new("data/mnist");
    if folder.exists() { folder.into() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join(folder) }
}
