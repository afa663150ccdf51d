//! Weights as a safetensors file, byte for byte as `fnn::Network::save` writes it.

use crate::declaration::Weight;
use crate::tensor::{Numbers, Tensor};

/// The bytes of a file with these weights.
pub(super) fn file(weights: &[(String, &Weight)]) -> Vec<u8> {
    // Counts first, so that each array is aligned to the size of its numbers.
    let counts = weights.iter().filter(|(_, weight)| matches!(weight, Weight::Count));
    let arrays = weights.iter().filter(|(_, weight)| matches!(weight, Weight::Array(_)));
    let version = env!("CARGO_PKG_VERSION");
    let mut header = format!(
        r#"{{"__metadata__":{{"format":"pt","fnn.content":"weights","fnn.convention":"pytorch","fnn.version":"{version}"}}"#
    );
    let mut data = Vec::new();
    for (name, weight) in counts.chain(arrays) {
        let begin = data.len();
        let (dtype, shape) = match weight {
            Weight::Count => {
                data.extend(0i64.to_le_bytes());
                ("I64", String::new())
            }
            Weight::Array(tensor) => {
                data.extend(bytes(tensor));
                let sizes: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
                ("F32", sizes.join(","))
            }
        };
        let end = data.len();
        header
            .push_str(&format!(r#","{name}":{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{begin},{end}]}}"#));
    }
    joined(header, &data)
}

/// The bytes of a file with these arrays of an int8 network, as `fnn::quantized::QuantizedNetwork` loads them by name.
pub(super) fn integers(arrays: &[(String, Tensor)], arithmetic: &str) -> Vec<u8> {
    let (mut entries, mut data) = (String::new(), Vec::new());
    for (name, tensor) in arrays {
        let begin = data.len();
        let dtype = match &tensor.numbers {
            Numbers::F32(_) => "F32",
            Numbers::I64(_) => "I64",
            Numbers::I32(_) => "I32",
            Numbers::I8(_) => "I8",
            Numbers::U8(_) => "U8",
        };
        match &tensor.numbers {
            Numbers::F32(numbers) => data.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            Numbers::I64(numbers) => data.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            Numbers::I32(numbers) => data.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            Numbers::I8(numbers) => data.extend(numbers.iter().map(|number| number.cast_unsigned())),
            Numbers::U8(numbers) => data.extend(numbers),
        }
        let (sizes, end): (Vec<String>, _) = (tensor.shape.iter().map(usize::to_string).collect(), data.len());
        let sizes = sizes.join(",");
        entries
            .push_str(&format!(r#","{name}":{{"dtype":"{dtype}","shape":[{sizes}],"data_offsets":[{begin},{end}]}}"#));
    }
    let checksum = fnn::quantized::checksum(&data);
    let header = format!(
        r#"{{"__metadata__":{{"fnn.content":"int8","fnn.format":"1","fnn.arithmetic":"{arithmetic}","fnn.checksum":"{checksum:08x}"}}{entries}"#
    );
    joined(header, &data)
}

/// A file of a header, but for its last brace, and the data.
fn joined(mut header: String, data: &[u8]) -> Vec<u8> {
    header.push('}');
    let padded = header.len().next_multiple_of(8);
    header.extend(std::iter::repeat_n(' ', padded - header.len()));
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.into_bytes());
    file.extend(data);
    file
}

/// The numbers of an array as 32-bit floats.
fn bytes(tensor: &Tensor) -> Vec<u8> {
    match &tensor.numbers {
        Numbers::F32(reals) => reals.iter().flat_map(|real| real.to_le_bytes()).collect(),
        _ => {
            let reals = tensor.dequantized().unwrap_or_default();
            reals.into_iter().flat_map(f32::to_le_bytes).collect()
        }
    }
}
