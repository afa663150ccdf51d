//! The command-line options of the examples that train on pictures.

use std::path::{Path, PathBuf};

use lexopt::prelude::*;

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) epochs: usize,
    pub(crate) seed: u64,
    pub(crate) data: PathBuf,
}

impl Options {
    /// Read the command line of the example `name`; `epochs` is the default. Prints the help and returns `None` if it asks for
    /// help.
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
                         --seed NUMBER    for the initial weights and the order of samples [1]\n  \
                         --data FOLDER    with the four files of MNIST or Fashion-MNIST [data/mnist]\n  \
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

/// The folder of the digits: in the current folder, or otherwise in the package.
pub(crate) fn folder() -> PathBuf {
    let folder = Path::new("data/mnist");
    if folder.exists() { folder.into() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join(folder) }
}
