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
        _ => tensor
            .to_integers()
            .unwrap_or_default()
            .iter()
            .flat_map(|&integer| (integer as f32).to_le_bytes())
            .collect(),
    }
}
