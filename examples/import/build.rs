//! Writes the declaration of the network in `lenet.onnx`, and its weights, to where `src/lib.rs` includes them.

use fnn_convert::{Error, Model, Options};

fn main() -> Result<(), Error> {
    println!("cargo::rerun-if-changed=lenet.onnx");
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    let model = Model::read("lenet.onnx", &Options::default())?;
    model.declare("LeNet")?.quantizable().embedded().write(out)?;
    // The memory layout of the board.
    println!("cargo::rustc-link-search={}/../firmware", std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    Ok(())
}
