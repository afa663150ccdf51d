//! ONNX's own node tests, which `node_tests.py` writes to a folder: `MODELS=folder cargo test -p fnn-convert --test node_tests --
//! --ignored --nocapture` compiles the declarations of all of them, and prints the table in `node_tests.md`. Some of them are in the
//! repository, one for each way in which an operator is declared.
//!
//! Beside `NAME.onnx` is `NAME.io.safetensors`, with inputs `x0`, `x1` … and the output `y`. Of `NAME.onnx` and
//! `NAME.constant.onnx`, which has some of the inputs as weights, the first one that can be declared is taken; with the first
//! axis as the batch, or, if that fails, without a batch. Models are counted by what stands before `__` in their name.

#[path = "support/arrays.rs"]
mod arrays;
#[path = "support/declared.rs"]
mod declared;
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrays::Arrays;
use declared::{Case, Samples};
use fnn_convert::{Error, Model, Options};
use support::{transposed, unordered};

/// How many models of an operator passed, failed, and were refused.
#[derive(Debug, Default)]
struct Counts {
    passed: usize,
    /// Of those passed, how many are within ONNX's own tolerance only: numbers that are rounded in the test.
    rounded: usize,
    failed: Vec<String>,
    refused: BTreeMap<String, usize>,
}

#[test]
#[ignore = "needs a folder of models"]
fn outputs_are_those_of_onnx() {
    let folder = PathBuf::from(std::env::var("MODELS").expect("the folder with the models is in the variable MODELS"));
    compare("node-tests", &folder);
}

#[test]
fn outputs_of_a_selection_are_those_of_onnx() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node_tests");
    let counts = compare("selected-node-tests", &folder);
    let refused: Vec<_> = counts.iter().filter(|(_, count)| !count.refused.is_empty()).collect();
    assert!(refused.is_empty() && counts.len() > 20, "{refused:#?}");
}

/// Valid models that ONNX Runtime runs, of which a declaration would round away what they compute, take far more memory than the
/// file, or not compile.
#[test]
fn what_a_declaration_would_lose_is_refused() {
    let refused = [
        ("infinite_padding", "it pads with -inf, which only a max pool right behind it can do"),
        ("far_bounds", "its constant of [2] has bounds beyond 256, and isn't a single number"),
        ("vocabulary", "its table has 65537 rows, and a token is a `u16`, one of 65536"),
        ("factors", "it becomes a batch norm with 33554432 factors, for [33554432], which is too large"),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node_tests/refused");
    for (name, expected) in refused {
        let error = Model::read(folder.join(name).with_extension("onnx"), &Options::default()).unwrap_err();
        assert_eq!(reason(&error), expected, "{name}: {error}");
    }
}

/// Compare all models of a folder, and print the table.
fn compare(name: &str, folder: &Path) -> BTreeMap<String, Counts> {
    let mut stems: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .map(|path| path.with_extension(""))
        .filter(|stem| stem.extension().is_none())
        .collect();
    stems.sort();
    let mut counts = BTreeMap::<String, Counts>::new();
    let (mut cases, mut expected) = (Vec::new(), Vec::new());
    for stem in stems {
        let name = stem.file_name().unwrap().to_string_lossy().into_owned();
        match case(&stem, &name) {
            Ok((case, outputs)) => {
                cases.push(case);
                expected.push(outputs);
            }
            Err(reason) => *counts.entry(operator(&name)).or_default().refused.entry(reason).or_default() += 1,
        }
    }
    let results = declared::run(name, &cases, false);
    for ((case, expected), (outputs, _)) in cases.iter().zip(&expected).zip(&results) {
        let Samples::Reals(outputs) = outputs else { panic!("{} is quantized", case.name) };
        let count = counts.entry(operator(&case.name)).or_default();
        let pairs = || outputs.iter().zip(expected).map(|(&ours, &theirs)| (f64::from(ours), f64::from(theirs)));
        let largest = expected.iter().fold(1e-30, |largest: f64, &output| largest.max(output.abs().into()));
        let off = pairs().map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f64::max) / largest;
        // As in ONNX's own runner.
        let near = |(ours, theirs): (f64, f64)| (ours - theirs).abs() <= 1e-7 + 1e-3 * theirs.abs();
        let same = outputs.len() == expected.len() && outputs.iter().all(|output| output.is_finite());
        match same && (off <= 1e-5 || pairs().all(near)) {
            true => {
                count.passed += 1;
                count.rounded += usize::from(off > 1e-5);
            }
            false => count.failed.push(format!("{}: off by {off:.1e} of the largest output", case.name)),
        }
    }
    report(&counts);
    let failed: Vec<&String> = counts.values().flat_map(|counts| &counts.failed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    counts
}

/// The operator that a model tests.
fn operator(name: &str) -> String {
    name.split("__").next().unwrap_or_default().to_string()
}

fn report(counts: &BTreeMap<String, Counts>) {
    println!("| operator | passed | failed | refused | why |\n|---|---|---|---|---|");
    let mut totals = [0; 3];
    let mut all_rounded = 0;
    for (operator, Counts { passed, rounded, failed, refused }) in counts {
        all_rounded += rounded;
        let reasons: Vec<String> = refused.iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
        let refused = refused.values().sum::<usize>();
        println!("| {operator} | {passed} | {} | {refused} | {} |", failed.len(), reasons.join("; "));
        totals = [totals[0] + passed, totals[1] + failed.len(), totals[2] + refused];
    }
    println!("| all | {} | {} | {} | |", totals[0], totals[1], totals[2]);
    println!("Within 1e-5 of the largest output; {all_rounded} of those passed within ONNX's own tolerance only.");
}

/// A model with its inputs, and its outputs; or why it can't be declared.
fn case(stem: &Path, name: &str) -> Result<(Case, Vec<f32>), String> {
    let mut refused = None;
    for extension in ["onnx", "constant.onnx"] {
        for batch in [true, false] {
            let path = stem.with_extension(extension);
            if !path.exists() {
                continue;
            }
            let mut options = Options::default();
            options.batch = batch;
            let declared = Model::read(&path, &options).and_then(|model| Ok((model.declare("Imported")?, model)));
            let (declaration, model) = match declared {
                Ok(declared) => declared,
                Err(error) => {
                    refused = refused.filter(|_| !batch).or_else(|| Some(reason(&error)));
                    continue;
                }
            };
            let io = Arrays::read(&stem.with_extension("io.safetensors"));
            let given = (0..).map_while(|index| io.reals(&format!("x{index}")));
            let given: Vec<(Vec<usize>, Vec<f32>)> = match extension {
                "onnx" => given.collect(),
                _ => given.take(1).collect(),
            };
            let ordered = |numbers: Vec<f32>, shape: &[usize], axes: &Option<Vec<usize>>| match axes {
                None => numbers,
                Some(axes) => transposed(&numbers, &unordered(shape, axes), axes),
            };
            let inputs = ordered(joined(&given, batch), &declaration.input, &model.graph.input_axes);
            let (_, outputs) = io.reals("y").unwrap();
            let outputs = ordered(outputs, &declaration.output, &model.graph.output_axes);
            return Ok((Case { name: name.into(), declaration, samples: Samples::Reals(inputs) }, outputs));
        }
    }
    Err(refused.unwrap_or_else(|| "there is no model".into()))
}

/// The first thing that is wrong, without names.
fn reason(error: &Error) -> String {
    match error.refusals() {
        [refusal, ..] => refusal.reason.clone(),
        [] => error.to_string().rsplit("onnx: ").next().unwrap_or_default().to_string(),
    }
}

/// Several inputs as one: sample by sample, one input after the other.
fn joined(inputs: &[(Vec<usize>, Vec<f32>)], batch: bool) -> Vec<f32> {
    let samples = if batch { inputs.first().and_then(|(shape, _)| shape.first().copied()).unwrap_or(1) } else { 1 };
    let part = |sample: usize| {
        inputs.iter().flat_map(move |(_, numbers)| {
            let length = numbers.len() / samples.max(1);
            numbers[sample * length..][..length].to_vec()
        })
    };
    (0..samples).flat_map(part).collect()
}
