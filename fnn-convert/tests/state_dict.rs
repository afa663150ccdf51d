//! Files of weights of PyTorch: which layers are in them. The files are those of the library's own tests.

use std::path::{Path, PathBuf};

use fnn_convert::StateDict;

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interchange").join(file)
}

/// The layers of a file by name.
fn kinds(file: &str) -> Vec<(String, String)> {
    let modules = StateDict::read(path(file)).unwrap().modules;
    modules.iter().map(|module| (module.name.clone(), module.kind().unwrap_or_default())).collect()
}

#[test]
fn layers_are_told_by_the_shapes_of_their_tensors() {
    let pairs = |kinds: &[(&str, &str)]| -> Vec<(String, String)> {
        kinds.iter().map(|(name, kind)| (name.to_string(), kind.to_string())).collect()
    };
    let cnn = [
        ("bn1", "BatchNorm"),
        ("conv1", "Conv2d(6, kernel = (5, 5)) or DepthwiseConv2d(…)"),
        ("conv2", "Conv2d(8, kernel = (3, 3))"),
        ("fc", "Dense(10)"),
    ];
    assert_eq!(kinds("pt_c.safetensors"), pairs(&cnn));
    let tokens = [("emb", "Dense(11, bias = false) or Embedding(11, 5)"), ("mlp.1", "Dense(8)"), ("mlp.3", "Dense(3)")];
    assert_eq!(kinds("pt_e_emb.safetensors"), pairs(&tokens));
    let report = StateDict::read(path("pt_e_prelu.safetensors")).unwrap().report();
    assert!(report.contains("prelu2  PRelu  ") && report.contains("weight [3, 1, 3, 3]"), "{report}");
}

#[test]
fn every_file_of_weights_is_told() {
    let mut told = 0;
    for entry in std::fs::read_dir(path("")).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".safetensors") || name.ends_with(".io.safetensors") {
            continue;
        }
        let modules = StateDict::read(&file).unwrap().modules;
        let unknown: Vec<_> = modules.iter().filter(|module| module.kind().is_none()).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
        told += 1;
    }
    assert_eq!(told, 17);
}

#[test]
fn a_pickle_is_refused_with_a_hint() {
    for file in ["pt_a.pt", "pt_a_legacy.pt"] {
        let error = StateDict::read(path(file)).unwrap_err().to_string();
        assert!(error.contains("a pickle") && error.contains("safetensors.torch.save_file"), "{error}");
    }
}

#[test]
fn damaged_files_are_refused() {
    let bytes = std::fs::read(path("pt_a.safetensors")).unwrap();
    let damaged = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damaged.safetensors");
    for length in 0..300.min(bytes.len()) {
        std::fs::write(&damaged, &bytes[..length]).unwrap();
        let _ = StateDict::read(&damaged);
    }
    std::fs::write(&damaged, [&[255; 8][..], &bytes[8..]].concat()).unwrap();
    assert!(StateDict::read(&damaged).is_err());
}
