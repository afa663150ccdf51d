//! Compiled declarations: one crate with all of them, which computes outputs for inputs in files.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use fnn_convert::Declaration;
use fnn_convert::graph::Rounding;

/// Samples for a network: 32-bit floats for the network in floats, or bytes for the int8 network.
pub(crate) enum Samples {
    Reals(Vec<f32>),
    Integers(Vec<i8>),
}

/// A declaration and its inputs.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) declaration: Declaration,
    pub(crate) samples: Samples,
}

/// Compile all declarations in a crate named `name`, optimized or not, and compute the outputs of all cases; of int8
/// networks, also the integers that go into the last layer with a quantization of its own.
pub(crate) fn run(name: &str, cases: &[Case], optimized: bool) -> Vec<(Samples, Vec<i8>)> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let data = folder.join("data");
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::create_dir_all(&data).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    write_changed(&folder.join("Cargo.toml"), &manifest(name, root));
    write_changed(&folder.join("Cargo.lock"), &fs::read_to_string(root.join("Cargo.lock")).unwrap());
    let (mut modules, mut calls) = (String::new(), String::new());
    for case in cases {
        let module = case.name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let (network, file) = (&case.declaration.name, data.join(&case.name));
        let write = |extension: &str, bytes: Vec<u8>| fs::write(file.with_extension(extension), bytes).unwrap();
        let macro_name = match &case.samples {
            Samples::Reals(reals) => {
                write("weights", case.declaration.safetensors());
                write("x", reals.iter().flat_map(|real| real.to_le_bytes()).collect());
                "float"
            }
            Samples::Integers(integers) => {
                write("weights", case.declaration.int8().unwrap());
                write("x", integers.iter().map(|integer| integer.cast_unsigned()).collect());
                "int8"
            }
        };
        writeln!(modules, "mod {module} {{\n{}}}", case.declaration.source()).unwrap();
        let arithmetic = match (&case.samples, case.declaration.rounding) {
            (Samples::Reals(_), _) => "",
            (_, Rounding::TfliteReference) => "TfliteReference, ",
            (_, Rounding::Onnx) => "Onnx, ",
        };
        writeln!(calls, "    {macro_name}!({module}::{network}, {arithmetic}{:?});", case.name).unwrap();
    }
    let source = format!("{}\n{modules}\nfn main() {{\n{calls}}}\n", include_str!("main.rs.txt"));
    write_changed(&folder.join("src/main.rs"), &source);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "run",
            "--quiet",
            "--offline",
            "--profile",
            if optimized { "release" } else { "dev" },
            "--manifest-path",
        ])
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("declared-target"))
        .env("DATA", &data)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the declarations don't compile or run:\n{text}");
    cases.iter().map(|case| outputs(&data.join(&case.name), &case.samples)).collect()
}

/// Write a file, unless it is the same already: Cargo would compile it again.
fn write_changed(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|current| current == text) {
        return;
    }
    fs::write(path, text).unwrap();
}

fn manifest(name: &str, root: &Path) -> String {
    format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nfnn = {{ package = \
         \"fnn-typed\", path = {root:?} }}\n\n[profile.dev]\ndebug = false\n\n[workspace]\n"
    )
}

fn outputs(file: &Path, like: &Samples) -> (Samples, Vec<i8>) {
    let signed = |bytes: Vec<u8>| bytes.into_iter().map(u8::cast_signed).collect();
    let bytes = fs::read(file.with_extension("y")).unwrap();
    match like {
        Samples::Reals(_) => {
            let reals = bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
            (Samples::Reals(reals), Vec::new())
        }
        Samples::Integers(_) => {
            (Samples::Integers(signed(bytes)), signed(fs::read(file.with_extension("before")).unwrap()))
        }
    }
}
