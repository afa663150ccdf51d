//! The programs that measure the layers, and their list for the other libraries.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::layer::Layer;

/// Layers in a program: what compiles in parallel, and again after a change.
const LAYERS: usize = 20;

/// Writes a package of programs into `folder`, and the file `layers.jsonl`.
pub(crate) fn write(layers: &[Layer], folder: &Path) -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let programs = folder.join("src/bin");
    if programs.exists() {
        fs::remove_dir_all(&programs)?;
    }
    fs::create_dir_all(&programs)?;
    let manifest = format!(
        r#"[package]
name = "layers"
version = "0.1.0"
edition = "2024"

[dependencies]
cpu-time = "1"
fnn-typed = {{ path = {root:?}, default-features = false, features = ["std", "simd"] }}

[workspace]
"#
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/lib.rs"), include_str!("../measure.rs"))?;
    let mut list = String::new();
    for (program, layers) in layers.chunks(LAYERS).enumerate() {
        let (mut declarations, mut calls) = (String::new(), String::new());
        for (index, layer) in layers.iter().enumerate() {
            let index = program * LAYERS + index;
            writeln!(list, "{}", layer.json())?;
            writeln!(
                declarations,
                "fnn::network! {{ struct Layer{index}: {:?} {{ {} }} }}",
                layer.input,
                layer.declaration()
            )?;
            writeln!(calls, "    layers::measure::<Layer{index}>({index}, &only);")?;
        }
        let source = format!("{declarations}\nfn main() {{\n    let only = layers::only();\n{calls}}}\n");
        fs::write(programs.join(format!("layers_{program:02}.rs")), source)?;
    }
    fs::write(folder.join("layers.jsonl"), list)?;
    Ok(())
}
