//! What holds for any bytes: they are refused or declared, without a panic.

use fnn_convert::{Model, Options};

/// Read and declare them, not in a folder, so that nothing else is read; most are refused. A path that ends in `.tflite` says
/// what they are.
pub(crate) fn check(bytes: &[u8], path: &str) {
    for batch in [true, false] {
        let mut options = Options::default();
        options.batch = batch;
        let model = Model::from_bytes(bytes, path, &options);
        if let Ok(declaration) = model.and_then(|model| model.declare("Damaged")) {
            let _ = (declaration.source(), declaration.safetensors(), declaration.int8(), declaration.report());
        }
    }
}
