//! Models that ONNX Runtime has quantized, and one by `quantized.py`: the int8 networks give its integers. They may differ by one
//! where a product lies within the rounding of a 32-bit float between two, which none does here.

#[path = "support/arrays.rs"]
mod arrays;
#[path = "support/declared.rs"]
mod declared;

use std::path::{Path, PathBuf};

use arrays::Arrays;
use declared::{Case, Samples};
use fnn_convert::{Model, Options};

fn models() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/quantized");
    let mut models: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    models.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    models.sort();
    models
}

/// The model, its inputs in integers, and the file with its outputs.
fn case(path: &PathBuf) -> (Case, Arrays) {
    let declaration = Model::read(path, &Options::default()).and_then(|model| model.declare("Imported"));
    let declaration = declaration.unwrap_or_else(|error| panic!("{error}"));
    let name = path.file_stem().unwrap().to_str().unwrap().to_string();
    let io = Arrays::read(&path.with_extension("io.safetensors"));
    let (_, x) = io.integers("x_q", name.ends_with("u8")).unwrap();
    (Case { name, declaration, samples: Samples::Integers(x) }, io)
}

#[test]
fn integers_are_those_of_onnx_runtime() {
    let (cases, io): (Vec<_>, Vec<_>) = models().iter().map(case).unzip();
    let results = declared::run("declared-quantized-onnx", &cases, false);
    for ((case, io), (outputs, _)) in cases.iter().zip(&io).zip(&results) {
        let Samples::Integers(given) = outputs else { panic!("{} isn't quantized", case.name) };
        for name in ["y_q", "y_q_unfused"] {
            let (_, expected) = io.integers(name, case.name.ends_with("u8")).unwrap();
            assert_eq!(given.len(), expected.len());
            let steps = given.iter().zip(&expected).map(|(given, expected)| given.abs_diff(*expected));
            let (different, most) = (steps.clone().filter(|&steps| steps > 0).count(), steps.max().unwrap());
            println!("{}: {different} of {} integers differ from {name}, by {most}", case.name, given.len());
            assert_eq!(different, 0, "{}", case.name);
        }
    }
}
