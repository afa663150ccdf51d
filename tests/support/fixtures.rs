//! Values computed by PyTorch: `tests/fixtures/*.safetensors`.

use std::collections::HashMap;
use std::path::Path;

use fnn::{Parameters, Scalar};
use safetensors::{Dtype, SafeTensors};

/// The tensors of one file, in `f64`, which represents all of their numbers exactly.
pub(crate) struct Tensors {
    file: String,
    tensors: HashMap<String, Vec<f64>>,
}

impl Tensors {
    pub(crate) fn read(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{file}.safetensors"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let parsed = SafeTensors::deserialize(&bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
        let tensors = parsed.iter().map(|(name, tensor)| {
            let numbers = match tensor.dtype() {
                Dtype::F32 => numbers(tensor.data(), |bytes| f32::from_le_bytes(bytes).into()),
                Dtype::F64 => numbers(tensor.data(), f64::from_le_bytes),
                Dtype::I64 => numbers(tensor.data(), |bytes| i64::from_le_bytes(bytes) as f64),
                other => panic!("{file}: {name} is of type {other:?}"),
            };
            (name.to_string(), numbers)
        });
        Self { file: file.into(), tensors: tensors.collect() }
    }

    /// The numbers of a tensor.
    pub(crate) fn get(&self, name: &str) -> &[f64] {
        self.find(name).unwrap_or_else(|| panic!("{} has no {name}", self.file))
    }

    /// The numbers of a tensor, if it exists.
    pub(crate) fn find(&self, name: &str) -> Option<&[f64]> {
        self.tensors.get(name).map(Vec::as_slice)
    }

    /// A batch of samples.
    pub(crate) fn samples<S: Scalar, const N: usize>(&self, name: &str) -> Vec<[S; N]> {
        let (samples, []) = self.get(name).as_chunks::<N>() else { panic!("{name}: not samples of {N}") };
        samples.iter().map(|sample| sample.map(S::from_f64)).collect()
    }

    /// A batch of classes.
    pub(crate) fn classes(&self, name: &str) -> Vec<usize> {
        self.get(name).iter().map(|&class| class as usize).collect()
    }

    /// The weights of a network, or their gradients, in our order. `tensor` finds one by PyTorch's name.
    ///
    /// The layers are `first`, `second` and `third` here and 0, 2 and 4 in PyTorch, with activations between them; a dense layer's
    /// weight is `[in][out]` here and `[out][in]` in PyTorch.
    pub(crate) fn weights<'a, N: Parameters>(
        &'a self,
        network: &N,
        tensor: impl Fn(&'a Self, &str) -> &'a [f64],
    ) -> Vec<f64> {
        let mut weights = Vec::new();
        network.for_each(&mut |name, shape, _| {
            let name = name.to_string();
            let (layer, kind) = name.split_once('.').expect("a layer's name and a tensor's");
            let number = ["first", "second", "third"].iter().position(|name| *name == layer).expect("a layer");
            let numbers = tensor(self, &format!("{}.{kind}", 2 * number));
            assert_eq!(numbers.len(), shape.length(), "{name}");
            match *shape.sizes() {
                [inputs, outputs] => {
                    let places = (0..inputs).flat_map(|input| (0..outputs).map(move |output| (output, input)));
                    weights.extend(places.map(|(output, input)| numbers[output * inputs + input]));
                }
                _ => weights.extend(numbers),
            }
        });
        weights
    }
}

fn numbers<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|&bytes| number(bytes)).collect()
}

/// Check that our numbers equal PyTorch's within a `tolerance`, absolute for numbers up to 1 and relative beyond: sums of large
/// numbers round more. Returns the largest deviation.
#[track_caller]
pub(crate) fn compare<S: Scalar>(what: &str, ours: &[S], theirs: &[f64], tolerance: f64) -> f64 {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let mut largest = 0.0f64;
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let deviation = (ours.to_f64() - theirs).abs() / theirs.abs().max(1.0);
        assert!(deviation <= tolerance, "{what}, number {index}: {ours} is not {theirs}");
        largest = largest.max(deviation);
    }
    largest
}
