//! The command: what it writes, and that it says what is wrong with what it is given, and writes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fnn_convert::{Model, Options, ToOnnx};

fnn::network! {
    struct Xor: [2] -> [1] {
        hidden: Dense(8),
        Tanh,
        logit: Dense(1),
    }
}

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The exit code, and what is said on both outputs.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let command = Command::new(env!("CARGO_BIN_EXE_fnn-convert")).current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (command.status.code().unwrap(), text(command.stdout), text(command.stderr))
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_model_is_declared() {
    let folder = folder("declared");
    // A bias of zeros is left out of a declaration.
    let mut network = Xor::seeded(1);
    (network.hidden.bias, network.logit.bias) = ([0.5; 8], [-0.25]);
    fs::write(folder.join("xor.onnx"), network.to_onnx().unwrap()).unwrap();
    let (code, said, wrong) = run(&folder, &["xor.onnx", "--name", "Xor", "--out", "src"]);
    assert_eq!((code, &*wrong), (0, ""));
    assert!(said.contains("Dense(8)") && said.contains("wrote src"), "{said}");
    assert_eq!(names(&folder.join("src")), ["xor.rs", "xor.safetensors"]);
    let loaded = Xor::load(folder.join("src/xor.safetensors")).unwrap();
    assert_eq!(loaded.parameters(), network.parameters());
}

#[test]
fn what_is_no_model_is_refused_by_name() {
    let folder = folder("refused");
    let onnx = Xor::seeded(1).to_onnx().unwrap();
    Xor::seeded(1).save(folder.join("weights.safetensors")).unwrap();
    fs::create_dir(folder.join("folder.onnx")).unwrap();
    for (file, bytes) in [
        ("empty.onnx", &[][..]),
        ("empty.tflite", &[]),
        ("empty.safetensors", &[]),
        ("short.safetensors", b"\x10\0\0"),
        ("cut.safetensors", b"\x10\0\0\0\0\0\0\0{\"a\":"),
        ("archive.pt", b"PK\x03\x04\x00\x00\x08\x08"),
        ("legacy.pt", b"\x80\x02\x8a\x0a"),
        ("text.onnx", b"version https://git-lfs.github.com/spec/v1\n"),
        ("cut.onnx", &onnx[..onnx.len() / 2]),
        ("cut.tflite", b"\x1c\x00\x00\x00TFL3"),
        ("onnx.tflite", &onnx),
    ] {
        fs::write(folder.join(file), bytes).unwrap();
    }
    for (file, cause) in [
        ("missing.onnx", ""),
        ("folder.onnx", ""),
        ("empty.onnx", "the file is empty"),
        ("empty.tflite", "the file is empty"),
        ("archive.pt", "torch.onnx.export"),
        ("legacy.pt", "torch.onnx.export"),
        ("weights.safetensors", "weights without a graph"),
        ("text.onnx", "this isn't an ONNX file"),
        ("cut.onnx", "ends early"),
        ("cut.tflite", "outside the file"),
        ("onnx.tflite", "it isn't a TensorFlow Lite model"),
    ] {
        let (code, said, wrong) = run(&folder, &[file, "--name", "Net", "--out", "out"]);
        assert_eq!((code, &*said), (1, ""), "{file}");
        assert!(wrong.starts_with(&format!("{file}: ")) && wrong.contains(cause), "{wrong}");
        assert!(!folder.join("out").exists(), "{file}");
    }
    for (file, cause) in [
        ("missing.safetensors", ""),
        ("empty.safetensors", "the file is empty"),
        ("short.safetensors", "this isn't a safetensors file"),
        ("cut.safetensors", "the header of the file is damaged"),
    ] {
        let (code, said, wrong) = run(&folder, &[file]);
        assert_eq!((code, &*said), (1, ""), "{file}");
        assert!(wrong.starts_with(&format!("{file}: ")) && wrong.contains(cause), "{wrong}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    let folder = folder("arguments");
    fs::write(folder.join("xor.onnx"), Xor::seeded(1).to_onnx().unwrap()).unwrap();
    for name in ["fn", "xor", "3x", "Self", "X or", "X-or", ""] {
        let (code, said, wrong) = run(&folder, &["xor.onnx", "--name", name, "--out", "out"]);
        assert_eq!((code, &*said), (1, ""), "{name}");
        assert!(wrong.contains(&format!("`{name}` can't be the name of a network")), "{wrong}");
    }
    for arguments in [&[][..], &["--name"], &["--other"], &["xor.onnx", "xor.onnx"], &["xor.onnx", "--input", "3,x"]] {
        assert_eq!(run(&folder, arguments).0, 2, "{arguments:?}");
    }
    assert_eq!(names(&folder), ["xor.onnx"]);
}

#[test]
fn nothing_is_written_where_one_file_cannot_be() {
    let folder = folder("half");
    fs::write(folder.join("xor.onnx"), Xor::seeded(1).to_onnx().unwrap()).unwrap();
    fs::create_dir_all(folder.join("out/xor.safetensors")).unwrap();
    let (code, _, wrong) = run(&folder, &["xor.onnx", "--name", "Xor", "--out", "out"]);
    assert_eq!(code, 1);
    assert!(wrong.contains("xor.safetensors: "), "{wrong}");
    assert_eq!(names(&folder.join("out")), ["xor.safetensors"]);
    // A file in place of the folder.
    fs::write(folder.join("file"), "").unwrap();
    let (code, _, wrong) = run(&folder, &["xor.onnx", "--name", "Xor", "--out", "file"]);
    assert_eq!((code, wrong.starts_with("file: ")), (1, true), "{wrong}");
}

#[test]
fn weights_that_are_nan_or_infinite_are_refused() {
    for (number, called) in [(f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf")] {
        let mut network = Xor::seeded(1);
        network.logit.weight[3][0] = number;
        let model = Model::from_bytes(&network.to_onnx().unwrap(), "xor.onnx", &Options::default()).unwrap();
        let error = model.declare("Xor").unwrap_err().to_string();
        assert!(error.contains(&format!("the weight `logit.weight`: its number 3 of 8 is {called}")), "{error}");
    }
}
