//! A declaration as files: Rust, and weights.

mod report;
mod safetensors;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::declaration::{Content, Declaration, Layer};
use crate::error::Error;
use crate::graph::Rounding;

/// The width of a line.
const WIDTH: usize = 100;

impl Declaration {
    /// The declaration as Rust.
    #[must_use]
    pub fn source(&self) -> String {
        let mut text = String::new();
        let (input, output) = (sizes(&self.input), sizes(&self.output));
        text.push_str("fnn::network! {\n");
        for comment in &self.comments {
            let _ = writeln!(text, "    /// {}", comment.replace(['\n', '\r'], " "));
        }
        text.push_str("    #[derive(Clone, Debug)]\n");
        if self.quantizable || self.quantization.is_some() {
            text.push_str("    #[quantizable]\n");
        }
        let _ = writeln!(text, "    pub struct {}: {input} -> {output} {{", self.name);
        write_layers(&mut text, &self.layers, 2);
        text.push_str("    }\n}\n");
        if self.embedded {
            let (stem, name) = (self.file_stem(), &self.name);
            let _ = writeln!(
                text,
                "\n/// The network with the weights of `{stem}.safetensors`.\n\
                 pub static {}: {name} = fnn::include_network!(\"{stem}.safetensors\" as {name});",
                stem.to_uppercase()
            );
        }
        text
    }

    /// Write a `static` with the weights behind the declaration: `pub static DIGITS: Digits`.
    #[must_use]
    pub fn embedded(mut self) -> Self {
        self.embedded = true;
        self
    }

    /// Declare it as `#[quantizable]`, to be quantized to int8 here.
    #[must_use]
    pub fn quantizable(mut self) -> Self {
        self.quantizable = true;
        self
    }

    /// The weights as the bytes of a safetensors file, as [`save`](fnn::Network::save) writes them.
    #[must_use]
    pub fn safetensors(&self) -> Vec<u8> {
        safetensors::file(&self.weights())
    }

    /// The int8 network as the bytes of a file for `include_quantized!`, if the model is one: in the arithmetic of TensorFlow
    /// Lite's reference kernels or of ONNX, as the model's [`rounding`](Self::rounding) is.
    #[must_use]
    pub fn int8(&self) -> Option<Vec<u8>> {
        use fnn::quantized::{Arithmetic, Onnx, TfliteReference};

        let arithmetic = match self.rounding {
            Rounding::TfliteReference => TfliteReference::NAME,
            Rounding::Onnx => Onnx::NAME,
        };
        Some(safetensors::integers(&self.integers()?, arithmetic))
    }

    /// The name of the files: that of the network in snake case.
    #[must_use]
    pub fn file_stem(&self) -> String {
        let mut stem = String::new();
        let letters: Vec<char> = self.name.chars().collect();
        for (index, &letter) in letters.iter().enumerate() {
            let after_lower = index > 0 && !letters[index - 1].is_uppercase() && letters[index - 1] != '_';
            if letter.is_uppercase() && after_lower {
                stem.push('_');
            }
            stem.extend(letter.to_lowercase());
        }
        stem
    }

    /// Write the declaration, `digits.rs`, the weights, `digits.safetensors`, and of an int8 model its integers, `digits.int8`,
    /// into a folder. Returns the paths. Files that have the same content already aren't touched.
    ///
    /// # Errors
    /// If a file can't be written. Each is complete under a temporary name, `digits.rs.part`, before any is replaced.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<Vec<PathBuf>, Error> {
        let stem = folder.as_ref().join(self.file_stem());
        let mut files = vec![
            (stem.with_extension("rs"), self.source().into_bytes()),
            (stem.with_extension("safetensors"), self.safetensors()),
        ];
        files.extend(self.int8().map(|bytes| (stem.with_extension("int8"), bytes)));
        let error = |path: &Path, source| Error::File { path: path.into(), source };
        std::fs::create_dir_all(&folder).map_err(|source| error(folder.as_ref(), source))?;
        let changed =
            files.iter().filter(|(path, bytes)| std::fs::read(path).map_or(true, |current| current != *bytes));
        let parts: Vec<(PathBuf, &Path, &[u8])> =
            changed.map(|(path, bytes)| (part_of(path), path.as_path(), bytes.as_slice())).collect();
        let written = parts
            .iter()
            .try_for_each(|(part, path, bytes)| std::fs::write(part, bytes).map_err(|source| error(path, source)));
        // The declaration last: it names the others.
        let replaced = written.and_then(|()| {
            let mut parts = parts.iter().rev();
            parts.try_for_each(|(part, path, _)| std::fs::rename(part, path).map_err(|source| error(path, source)))
        });
        if replaced.is_err() {
            for (part, ..) in &parts {
                // Report the first error.
                let _ = std::fs::remove_file(part);
            }
        }
        replaced?;
        Ok(files.into_iter().map(|(path, _)| path).collect())
    }
}

/// The temporary name of a file.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn sizes(shape: &[usize]) -> String {
    format!("{shape:?}")
}

/// Layers, one a line, `depth` steps to the right.
fn write_layers(text: &mut String, layers: &[Layer], depth: usize) {
    let indent = "    ".repeat(depth);
    for layer in layers {
        text.push_str(&indent);
        if let Some(name) = &layer.name {
            let _ = write!(text, "{name}: ");
        }
        match &layer.content {
            Content::Kind { written, .. } => text.push_str(written),
            Content::Block { block, branches } => {
                let _ = writeln!(text, "{} {{", block.name());
                match (&branches[..], *block == crate::declaration::Block::Residual) {
                    ([inside], true) => write_layers(text, inside, depth + 1),
                    (branches, _) => branches.iter().for_each(|branch| write_branch(text, branch, depth + 1)),
                }
                text.push_str(&indent);
                text.push('}');
            }
        }
        text.push_str(",\n");
    }
}

/// A branch in braces: on one line, if it fits.
fn write_branch(text: &mut String, layers: &[Layer], depth: usize) {
    let indent = "    ".repeat(depth);
    let mut inside = String::new();
    write_layers(&mut inside, layers, depth + 1);
    let one_line: Vec<&str> = inside.lines().map(str::trim).collect();
    let one_line = one_line.join(" ");
    let one_line = one_line.trim_end_matches(',');
    let flat = layers.iter().all(|layer| matches!(layer.content, Content::Kind { .. }));
    if layers.is_empty() {
        let _ = writeln!(text, "{indent}{{}},");
    } else if flat && indent.len() + one_line.len() + 5 <= WIDTH {
        let _ = writeln!(text, "{indent}{{ {one_line} }},");
    } else {
        let _ = writeln!(text, "{indent}{{\n{inside}{indent}}},");
    }
}
