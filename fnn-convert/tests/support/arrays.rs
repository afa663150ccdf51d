//! Files with inputs and outputs.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::SafeTensors;

/// The arrays of a file with inputs and outputs.
pub(crate) struct Arrays(BTreeMap<String, (Vec<usize>, Vec<u8>)>);

impl Arrays {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let arrays = SafeTensors::deserialize(&bytes).unwrap();
        let array = |(name, array): (String, safetensors::tensor::TensorView<'_>)| {
            (name, (array.shape().to_vec(), array.data().to_vec()))
        };
        Self(arrays.tensors().into_iter().map(array).collect())
    }

    pub(crate) fn reals(&self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let (shape, bytes) = self.0.get(name)?;
        Some((shape.clone(), bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()))
    }

    pub(crate) fn doubles(&self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let (shape, bytes) = self.0.get(name)?;
        let numbers = bytes.as_chunks::<8>().0.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32);
        Some((shape.clone(), numbers.collect()))
    }

    /// Integers; those from 0 to 255 are counted from −128.
    pub(crate) fn integers(&self, name: &str, unsigned: bool) -> Option<(Vec<usize>, Vec<i8>)> {
        let (shape, bytes) = self.0.get(name)?;
        let offset = if unsigned { 128 } else { 0 };
        Some((shape.clone(), bytes.iter().map(|byte| byte.wrapping_sub(offset).cast_signed()).collect()))
    }
}

/// Samples with the channels, the last axis in the file, in front.
pub(crate) fn channels_first<T: Copy>((shape, numbers): &(Vec<usize>, Vec<T>)) -> Vec<T> {
    let channels = *shape.last().unwrap();
    let places: usize = shape[1..shape.len() - 1].iter().product();
    let sample = |sample: &[T]| -> Vec<T> {
        (0..channels)
            .flat_map(|channel| (0..places).map(move |place| (channel, place)))
            .map(|(channel, place)| sample[place * channels + channel])
            .collect()
    };
    numbers.chunks_exact(channels * places).flat_map(sample).collect()
}
