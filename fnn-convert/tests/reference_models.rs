//! Models of others, with outputs of TensorFlow Lite's interpreter, in a folder that isn't part of this repository:
//! `MODELS=folder cargo test --test reference_models -- --ignored --nocapture` prints how many integers differ.
//!
//! Beside each `name.tflite` is `name.io.safetensors`: of an int8 model `x_q_random` and `x_q_smooth`, the outputs of the
//! reference kernels `y_q_random_ref` and so on, and what goes into the last softmax, `logits_q_random_ref`; of a float model
//! `x_random` and `y_random_f64`, computed with dequantized weights.

#[path = "support/arrays.rs"]
mod arrays;
#[path = "support/declared.rs"]
mod declared;

use std::path::{Path, PathBuf};

use arrays::{Arrays, channels_first};
use declared::{Case, Samples};
use fnn_convert::{Model, Options};

/// The kinds of inputs in a file.
const INPUTS: [&str; 2] = ["random", "smooth"];

fn models() -> Vec<PathBuf> {
    let folder = std::env::var("MODELS").expect("the folder with the models is in the variable MODELS");
    let mut models: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    models.retain(|path| path.extension().is_some_and(|extension| extension == "tflite"));
    models.sort();
    models
}

/// The model with each kind of inputs.
fn cases(path: &Path) -> Vec<(Case, Arrays)> {
    let declaration = Model::read(path, &Options::default()).and_then(|model| model.declare("Imported"));
    let declaration = declaration.unwrap_or_else(|error| panic!("{error}"));
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let case = |kind: &&str| {
        let io = Arrays::read(&path.with_extension("io.safetensors"));
        let samples = match declaration.integers() {
            Some(_) => Samples::Integers(channels_first(&io.integers(&format!("x_q_{kind}"), false).unwrap())),
            None => Samples::Reals(channels_first(&io.reals(&format!("x_{kind}")).unwrap())),
        };
        (Case { name: format!("{stem}-{kind}"), declaration: declaration.clone(), samples }, io)
    };
    INPUTS.iter().map(case).collect()
}

#[test]
#[ignore = "needs a folder of models"]
fn reference_models_give_the_integers_of_the_reference_kernels() {
    let (cases, io): (Vec<_>, Vec<_>) = models().iter().flat_map(|path| cases(path)).unzip();
    let results = declared::run("reference-models", &cases, true);
    println!("| model and inputs | outputs | differ | before softmax | differ | off f64 by | outputs to |");
    let mut wrong = 0;
    for ((case, io), (outputs, before)) in cases.iter().zip(&io).zip(&results) {
        let kind = case.name.rsplit('-').next().unwrap();
        match outputs {
            Samples::Integers(outputs) => {
                let differ = |name: String, given: &[i8]| {
                    let expected = channels_first(&io.integers(&name, false)?);
                    assert_eq!(given.len(), expected.len(), "{}", case.name);
                    Some((
                        expected.len(),
                        given.iter().zip(&expected).filter(|(given, expected)| given != expected).count(),
                    ))
                };
                let (count, different) = differ(format!("y_q_{kind}_ref"), outputs).unwrap();
                let logits = differ(format!("logits_q_{kind}_ref"), before).map(|(count, different)| {
                    wrong += different;
                    format!("{count} | {different}")
                });
                wrong += different;
                println!("| {} | {count} | {different} | {} | | |", case.name, logits.unwrap_or(" | ".into()));
            }
            Samples::Reals(outputs) => {
                let expected = channels_first(&io.doubles(&format!("y_{kind}_f64")).unwrap());
                assert_eq!(outputs.len(), expected.len(), "{}", case.name);
                let largest = expected.iter().fold(0.0f32, |largest, y| largest.max(y.abs()));
                let off =
                    outputs.iter().zip(&expected).map(|(given, expected)| (given - expected).abs()).fold(0.0, f32::max);
                wrong += usize::from(off > 1e-5 * largest);
                println!("| {} | {} | | | | {off:.1e} | {largest:.1e} |", case.name, expected.len());
            }
        }
    }
    assert_eq!(wrong, 0, "integers differ, or a float is off by more than 1e-5 of the largest one");
}
