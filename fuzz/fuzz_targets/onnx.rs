//! Reading a model of arbitrary bytes, and declaring it: an error or a declaration, never a panic.
#![no_main]

use fnn_convert::{Model, Options};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Not in a folder, so that nothing else is read.
    if let Ok(model) = Model::from_bytes(bytes, "", &Options::default()) {
        if let Ok(declaration) = model.declare("Fuzzed") {
            let _ = (declaration.source(), declaration.safetensors(), declaration.report());
        }
    }
});
