//! The files of this folder, and what is expected of them.

use std::path::{Path, PathBuf};

use fnn_convert::{Declaration, Error, Model, Options};

use super::support::camel_case;

/// A file and what is expected of it.
pub(crate) struct Expected {
    pub(crate) file: String,
    pub(crate) loads: bool,
    /// How far the maker's own variants are apart.
    #[allow(dead_code)]
    pub(crate) rounding: f64,
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interchange")
}

pub(crate) fn expected() -> Vec<Expected> {
    let text = std::fs::read_to_string(folder().join("expected.txt")).unwrap();
    let expected = |line: &str| {
        let [file, expected, rounding] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        Expected { file: file.to_string(), loads: expected == "load", rounding: rounding.parse().unwrap() }
    };
    text.lines().map(expected).collect()
}

pub(crate) fn read(file: &str) -> Result<Model, Error> {
    Model::read(folder().join(file), &Options::default())
}

pub(crate) fn declare(file: &str) -> Declaration {
    let declared = read(file).and_then(|model| model.declare(&camel_case(file)));
    declared.unwrap_or_else(|error| panic!("{error}"))
}
