//! Reading a file of any format.

use std::fs;
use std::path::{Path, PathBuf};

use crate::declaration::Declaration;
use crate::error::{Error, Refusal};
use crate::graph::{Graph, Rounding, Simplification};
use crate::{onnx, state_dict, tflite};

/// What is wrong with a file that PyTorch's `save` has written.
const PICKLE: &str = "a pickle, which can run arbitrary code when it is loaded: export the model in PyTorch with \
                      `torch.onnx.export(model, input, path)`";
/// What is wrong with a `state_dict`.
const WEIGHTS: &str = "weights without a graph: export the model to ONNX, or declare the network and load them";

/// How a model is read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Fold batch norms into the layers before them, where that is possible. By default they are kept, so that the network can
    /// be trained further.
    pub fold_batch_norm: bool,
    /// Whether the first axis of an ONNX model's inputs is the batch, which it is by default. If not, the whole input is one
    /// sample.
    pub batch: bool,
    /// The shape of one sample, for an ONNX model that leaves it open.
    pub input_shape: Option<Vec<usize>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { fold_batch_norm: false, batch: true, input_shape: None }
    }
}

/// What a reader found wrong, before the file is known by name.
#[derive(Debug)]
pub(crate) enum Problem {
    Format(String),
    Refused(Vec<Refusal>),
}

impl Problem {
    /// The error about a file.
    pub(crate) fn of_file(self, path: &Path) -> Error {
        let path = path.to_path_buf();
        match self {
            Self::Format(reason) => Error::Format { path, reason },
            Self::Refused(refusals) => Error::Refused { path, refusals },
        }
    }
}

/// A model that was read.
#[derive(Clone, Debug)]
pub struct Model {
    /// The file.
    pub path: PathBuf,
    /// What it computes.
    pub graph: Graph,
}

impl Model {
    /// Read a file: an ONNX or TensorFlow Lite model.
    ///
    /// # Errors
    /// If the file can't be read or is damaged, or a part of the model can't be declared: all of these parts at once.
    pub fn read(path: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
        Self::from_bytes(&bytes, path, options)
    }

    /// Read the bytes of a file. `path` is its name, for messages, and where weights in further files are.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8], path: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        let path = path.as_ref();
        let simplification = Simplification { fold_batch_norm: options.fold_batch_norm };
        let graph = match tflite::is_model(bytes, path) {
            _ if bytes.is_empty() => Err(Problem::Format("the file is empty".into())),
            true => tflite::read(bytes),
            false if state_dict::is_pickle(bytes) => Err(Problem::Format(PICKLE.into())),
            false if state_dict::is_safetensors(bytes) => Err(Problem::Format(WEIGHTS.into())),
            false => onnx::read(bytes, path.parent(), options),
        };
        // The integers of a quantized model are those of its own operators.
        let graph = graph.and_then(|graph| {
            let exact = graph.is_quantized() && graph.rounding == Rounding::TfliteReference;
            let graph = if exact { Ok(graph) } else { graph.simplified(simplification) };
            let mut graph = graph.map_err(|refusal| Problem::Refused(vec![refusal]))?.narrowed();
            graph.inherit_quantizations();
            Ok(graph)
        });
        let graph = graph.map_err(|problem| problem.of_file(path))?;
        Ok(Self { path: path.to_path_buf(), graph })
    }

    /// Declare it as a network of this name.
    ///
    /// # Errors
    /// If the name is none of a Rust type, or a part of the model can't be declared.
    pub fn declare(&self, name: &str) -> Result<Declaration, Error> {
        let letters = |name: &str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !name.starts_with(|letter: char| letter.is_ascii_uppercase()) || !letters(name) || name == "Self" {
            let reason = format!(
                "`{name}` can't be the name of a network: one begins with a capital letter and has letters, digits and `_`, \
                 such as `Digits`"
            );
            return Err(Error::Option { reason });
        }
        let mut declaration = Declaration::new(&self.graph, name)
            .map_err(|refusals| Error::Refused { path: self.path.clone(), refusals })?;
        let file = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        declaration.comments[0] = format!("From `{file}`: {}.", declaration.comments[0]);
        Ok(declaration)
    }
}
