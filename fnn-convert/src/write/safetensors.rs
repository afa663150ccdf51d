//! Weights as a safetensors file, byte for byte as `fnn::Network::save` writes it, and the arrays of int8 networks.

use std::fmt::Write as _;

use crate::declaration::Weight;
use crate::tensor::{Numbers, Tensor};

/// The bytes of a file with these weights.
pub(super) fn file(weights: &[(String, &Weight)]) -> Vec<u8> {
    let mut file = File::default();
    // Counts first, so that each array is aligned to the size of its numbers.
    for (name, weight) in weights {
        if let Weight::Count = weight {
            file.push(name, &[], &Numbers::I64(vec![0]));
        }
    }
    for (name, weight) in weights {
        match weight {
            Weight::Count => {}
            Weight::Array(tensor) if tensor.as_reals().is_some() => file.push(name, &tensor.shape, &tensor.numbers),
            Weight::Array(tensor) => {
                file.push(name, &tensor.shape, &Numbers::F32(tensor.dequantized().unwrap_or_default()));
            }
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    file.finish(&format!(
        r#""format":"pt","fnn.content":"weights","fnn.convention":"pytorch","fnn.version":"{version}""#
    ))
}

/// The bytes of a file with these arrays of an int8 network, as `fnn::quantized::QuantizedNetwork` loads them by name.
pub(super) fn integers(arrays: &[(String, Tensor)], arithmetic: &str) -> Vec<u8> {
    let mut file = File::default();
    for (name, tensor) in arrays {
        file.push(name, &tensor.shape, &tensor.numbers);
    }
    let checksum = fnn::quantized::checksum(&file.data);
    file.finish(&format!(
        r#""fnn.content":"int8","fnn.format":"1","fnn.arithmetic":"{arithmetic}","fnn.checksum":"{checksum:08x}""#
    ))
}

/// A file in the making.
#[derive(Default)]
struct File {
    /// What the header says about the arrays so far, each behind a comma.
    entries: String,
    data: Vec<u8>,
}

impl File {
    fn push(&mut self, name: &str, shape: &[usize], numbers: &Numbers) {
        let dtype = match numbers {
            Numbers::F32(_) => "F32",
            Numbers::I64(_) => "I64",
            Numbers::I32(_) => "I32",
            Numbers::U32(_) => "U32",
            Numbers::I8(_) => "I8",
            Numbers::U8(_) => "U8",
        };
        let begin = self.data.len();
        self.data.extend(numbers.to_le_bytes());
        let (sizes, end): (Vec<String>, _) = (shape.iter().map(usize::to_string).collect(), self.data.len());
        let sizes = sizes.join(",");
        let _ =
            write!(self.entries, r#","{name}":{{"dtype":"{dtype}","shape":[{sizes}],"data_offsets":[{begin},{end}]}}"#);
    }

    /// The bytes of the file with these metadata.
    fn finish(self, metadata: &str) -> Vec<u8> {
        let mut header = format!(r#"{{"__metadata__":{{{metadata}}}{}}}"#, self.entries);
        let padded = header.len().next_multiple_of(8);
        header.extend(std::iter::repeat_n(' ', padded - header.len()));
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.into_bytes());
        file.extend(self.data);
        file
    }
}
