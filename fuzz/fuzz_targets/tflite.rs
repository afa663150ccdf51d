//! TensorFlow Lite models of any bytes are read, or refused, without a panic and without much memory.

#![no_main]

use fnn_convert::{Model, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let model = Model::from_bytes(bytes, "model.tflite", &Options::default());
    if let Ok(declaration) = model.and_then(|model| model.declare("Fuzzed")) {
        let _ = (declaration.source(), declaration.safetensors(), declaration.int8());
    }
});
