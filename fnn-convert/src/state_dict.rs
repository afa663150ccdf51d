//! A `state_dict` of PyTorch, as safetensors: which layers its tensors belong to.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The tensors of a file of weights. It doesn't say how the layers are connected, so no network can be declared from it
/// alone: load it into a network that you declare.
#[derive(Clone, Debug)]
pub struct StateDict {
    /// The file.
    pub path: PathBuf,
    /// The layers, by name.
    pub modules: Vec<Module>,
}

/// The tensors of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Its dotted name.
    pub name: String,
    /// The tensors with their shapes.
    pub tensors: Vec<(String, Vec<usize>)>,
}

/// The largest header that is read, as in the crate `safetensors`.
const MAX_HEADER: u64 = 100_000_000;

impl StateDict {
    /// Read the names and the shapes of a file, not its data.
    ///
    /// # Errors
    /// If the file can't be read, or isn't a safetensors file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let error = |source| Error::File { path: path.into(), source };
        let mut file = File::open(path).map_err(error)?;
        let mut start = Vec::new();
        file.by_ref().take(8).read_to_end(&mut start).map_err(error)?;
        let wrong = |reason: &str| Error::Format { path: path.into(), reason: reason.into() };
        if start.is_empty() {
            return Err(wrong("the file is empty"));
        }
        if is_pickle(&start) {
            return Err(wrong(
                "a pickle, which can run arbitrary code when it is loaded: save the model in PyTorch with \
                 `safetensors.torch.save_file(model.state_dict(), path)`",
            ));
        }
        let length = start.try_into().map_or(u64::MAX, u64::from_le_bytes);
        if length > MAX_HEADER {
            return Err(wrong("this isn't a safetensors file"));
        }
        let mut header = Vec::new();
        file.take(length).read_to_end(&mut header).map_err(error)?;
        let header = String::from_utf8(header).map_err(|_| wrong("the header of the file isn't text"))?;
        let entries = entries(&header).ok_or_else(|| wrong("the header of the file is damaged"))?;
        let mut modules: Vec<Module> = Vec::new();
        for (name, shape) in entries {
            let (module, tensor) = name.rsplit_once('.').unwrap_or(("", &name));
            let found = modules.iter().position(|known| known.name == module);
            let index = found.unwrap_or_else(|| {
                modules.push(Module { name: module.into(), tensors: Vec::new() });
                modules.len() - 1
            });
            modules[index].tensors.push((tensor.into(), shape));
        }
        modules.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { path: path.into(), modules })
    }

    /// The layers as a table, each with the kinds that its tensors fit.
    #[must_use]
    pub fn report(&self) -> String {
        let mut report =
            format!("{}: weights without a graph. Declare the network, and load them.\n", self.path.display());
        let width = self.modules.iter().map(|module| module.name.len()).max().unwrap_or(0);
        for module in &self.modules {
            let tensors: Vec<String> = module.tensors.iter().map(|(name, shape)| format!("{name} {shape:?}")).collect();
            let kind = module.kind().unwrap_or_else(|| "?".into());
            let _ = writeln!(report, "{:width$}  {kind}  {}", module.name, tensors.join(", "));
        }
        report
    }
}

impl Module {
    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.iter().find(|(tensor, _)| tensor == name).map(|(_, shape)| &shape[..])
    }

    /// The layer that has such tensors.
    #[must_use]
    pub fn kind(&self) -> Option<String> {
        let bias = if self.shape("bias").is_some() { "" } else { ", bias = false" };
        Some(match (self.shape("weight")?, self.shape("running_mean")) {
            (_, Some(_)) => "BatchNorm".into(),
            (weight, _) if weight.len() > 1 && self.shape("bias") == Some(weight) => "LayerNorm".into(),
            (&[outputs, _], _) if bias.is_empty() => format!("Dense({outputs})"),
            (&[rows, columns], _) => format!("Dense({rows}{bias}) or Embedding({rows}, {columns})"),
            (&[filters, 1, kernel], _) => format!("DepthwiseConv1d(kernel = {kernel}{bias}) or Conv1d({filters}, …)"),
            (&[filters, _, kernel], _) => format!("Conv1d({filters}, kernel = {kernel}{bias})"),
            (&[filters, 1, rows, columns], _) => {
                format!("Conv2d({filters}, kernel = ({rows}, {columns}){bias}) or DepthwiseConv2d(…)")
            }
            (&[filters, _, rows, columns], _) => format!("Conv2d({filters}, kernel = ({rows}, {columns}){bias})"),
            (_, _) if bias.is_empty() => "LayerNorm or GroupNorm".into(),
            (&[1], _) => "PRelu".into(),
            (&[_], _) => "PRelu(slopes = each) or RmsNorm".into(),
            _ => return None,
        })
    }
}

/// Whether a file is what `torch.save` writes: an archive of pickles, or, before version 1.6, a pickle.
pub(crate) fn is_pickle(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK") || bytes.starts_with(&[0x80, 2])
}

/// Whether a file begins like safetensors: the length of a header, far below 4 GiB, and a brace. No ONNX file does.
pub(crate) fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(4..9) == Some(b"\0\0\0\0{")
}

/// Names and shapes in the header of a safetensors file, which is JSON without nesting but for the metadata.
fn entries(header: &str) -> Option<Vec<(String, Vec<usize>)>> {
    let mut entries = Vec::new();
    let mut rest = header.trim().strip_prefix('{')?;
    loop {
        rest = rest.trim_start_matches([' ', ',', '\n', '\t', '\r']);
        if rest.starts_with('}') {
            return Some(entries);
        }
        let (name, after) = text(rest)?;
        let body = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('{')?;
        let mut body = body;
        let mut shape = None;
        loop {
            body = body.trim_start_matches([' ', ',', '\n', '\t', '\r']);
            if let Some(after) = body.strip_prefix('}') {
                rest = after;
                break;
            }
            let (key, after) = text(body)?;
            let value = after.trim_start().strip_prefix(':')?.trim_start();
            if value.starts_with('"') {
                body = text(value)?.1;
            } else {
                let (list, after) = value.strip_prefix('[')?.split_once(']')?;
                if key == "shape" {
                    let sizes = list.split(',').map(str::trim).filter(|size| !size.is_empty());
                    shape = Some(sizes.map(|size| size.parse().ok()).collect::<Option<Vec<usize>>>()?);
                }
                body = after;
            }
        }
        if name != "__metadata__" {
            entries.push((name, shape?));
        }
    }
}

/// A text in quotes, and what follows.
fn text(json: &str) -> Option<(String, &str)> {
    let body = json.strip_prefix('"')?;
    let mut text = String::new();
    let mut letters = body.char_indices();
    while let Some((index, letter)) = letters.next() {
        match letter {
            '"' => return Some((text, &body[index + 1..])),
            '\\' => text.push(letters.next()?.1),
            letter => text.push(letter),
        }
    }
    None
}
