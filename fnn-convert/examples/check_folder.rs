//! Converts all ONNX models of a folder, compiles their declarations as one crate, runs them, and compares the outputs:
//! `cargo run -p fnn-convert --example check_folder -- FOLDER`.
//!
//! Beside `NAME.onnx` is `NAME.io.safetensors`, with inputs `x0`, `x1` … and the output `y`. Of `NAME.onnx` and
//! `NAME.constant.onnx`, which has some of the inputs as weights, the first one that can be declared is taken; with the first
//! axis as the batch, or, if that fails, without a batch. The crate is `FOLDER/networks`. Models are counted by what stands
//! before `__` in their name: `tests/node_tests.py` writes ONNX's own node tests that way.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use fnn_convert::{Error, Model, Options};
use safetensors::{Dtype, SafeTensors};

/// A model that can be declared, with the numbers to run it on.
struct Case {
    name: String,
    source: String,
    weights: Vec<u8>,
    inputs: Vec<f64>,
    outputs: Vec<f64>,
}

/// How many models of an operator passed, failed, and were refused.
#[derive(Default)]
struct Counts {
    passed: usize,
    /// Of those passed, how many are within ONNX's own tolerance only: numbers that are rounded in the test.
    rounded: usize,
    failed: Vec<String>,
    refused: BTreeMap<String, usize>,
}

fn main() -> ExitCode {
    let folder = PathBuf::from(std::env::args().nth(1).expect("which folder?"));
    let mut stems: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder can be read")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .map(|path| path.with_extension(""))
        .filter(|stem| stem.extension().is_none())
        .collect();
    stems.sort();
    let (mut counts, mut cases) = (BTreeMap::<String, Counts>::new(), Vec::new());
    for stem in stems {
        let name = stem.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let count = counts.entry(name.split("__").next().unwrap_or_default().to_string()).or_default();
        match case(&stem, &name, cases.len()) {
            Ok(case) => cases.push(case),
            Err(reason) => *count.refused.entry(reason).or_default() += 1,
        }
    }
    let outputs = run(&folder.join("networks"), &cases);
    for (case, outputs) in cases.iter().zip(outputs) {
        let count = counts.entry(case.name.split("__").next().unwrap_or_default().to_string()).or_default();
        let largest = case.outputs.iter().fold(1e-30, |largest: f64, output| largest.max(output.abs()));
        let off =
            outputs.iter().zip(&case.outputs).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f64::max) / largest;
        // As in ONNX's own runner.
        let near = |(ours, theirs): (&f64, &f64)| (ours - theirs).abs() <= 1e-7 + 1e-3 * theirs.abs();
        let same = outputs.len() == case.outputs.len() && outputs.iter().all(|output| output.is_finite());
        match same && (off <= 1e-5 || outputs.iter().zip(&case.outputs).all(near)) {
            true => {
                count.passed += 1;
                count.rounded += usize::from(off > 1e-5);
            }
            false => count.failed.push(format!("{}: off by {off:.1e} of the largest output", case.name)),
        }
    }
    report(&counts)
}

fn report(counts: &BTreeMap<String, Counts>) -> ExitCode {
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
    let failed: Vec<&String> = counts.values().flat_map(|counts| &counts.failed).collect();
    failed.iter().for_each(|failure| eprintln!("{failure}"));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A model with its numbers, or why it can't be declared.
fn case(stem: &Path, name: &str, index: usize) -> Result<Case, String> {
    let mut refused = None;
    for extension in ["onnx", "constant.onnx"] {
        for batch in [true, false] {
            let path = stem.with_extension(extension);
            if !path.exists() {
                continue;
            }
            let mut options = Options::default();
            options.batch = batch;
            let declared =
                Model::read(&path, &options).and_then(|model| Ok((model.declare(&format!("Model{index}"))?, model)));
            let (mut declaration, model) = match declared {
                Ok(declared) => declared,
                Err(error) => {
                    refused = refused.filter(|_| !batch).or_else(|| Some(reason(&error)));
                    continue;
                }
            };
            declaration.comments = vec![format!("`{name}`")];
            let bytes = std::fs::read(stem.with_extension("io.safetensors")).map_err(|error| error.to_string())?;
            let tensors = SafeTensors::deserialize(&bytes).map_err(|error| error.to_string())?;
            let numbers = |name: &str| tensor(&tensors, name).map(|(_, numbers)| numbers);
            let given = (0..).map_while(|index| tensor(&tensors, &format!("x{index}")));
            let given: Vec<(Vec<usize>, Vec<f64>)> = match extension {
                "onnx" => given.collect(),
                _ => given.take(1).collect(),
            };
            let mut inputs = joined(&given, batch);
            if let Some(axes) = &model.graph.input_axes {
                inputs = transposed(&inputs, &declaration.input, axes);
            }
            let mut outputs = numbers("y").unwrap_or_default();
            if let Some(axes) = &model.graph.output_axes {
                outputs = transposed(&outputs, &declaration.output, axes);
            }
            let (source, weights) = (declaration.source(), declaration.safetensors());
            return Ok(Case { name: name.into(), source, weights, inputs, outputs });
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

/// The shape and the numbers of a tensor.
fn tensor(tensors: &SafeTensors<'_>, name: &str) -> Option<(Vec<usize>, Vec<f64>)> {
    let tensor = tensors.tensor(name).ok()?;
    let numbers = match tensor.dtype() {
        Dtype::F32 => tensor.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes).into()).collect(),
        _ => tensor.data().as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes) as f64).collect(),
    };
    Some((tensor.shape().to_vec(), numbers))
}

/// Several inputs as one: sample by sample, one input after the other.
fn joined(inputs: &[(Vec<usize>, Vec<f64>)], batch: bool) -> Vec<f64> {
    let samples = if batch { inputs.first().and_then(|(shape, _)| shape.first().copied()).unwrap_or(1) } else { 1 };
    let part = |sample: usize| {
        inputs.iter().flat_map(move |(_, numbers)| {
            let length = numbers.len() / samples.max(1);
            numbers[sample * length..][..length].to_vec()
        })
    };
    (0..samples).flat_map(part).collect()
}

/// Samples with their axes in another order; `shape` is in that order already.
fn transposed(numbers: &[f64], shape: &[usize], axes: &[usize]) -> Vec<f64> {
    let mut original = vec![0; shape.len()];
    axes.iter().zip(shape).for_each(|(&axis, &size)| original[axis] = size);
    let stride = |axis: usize| original[axis + 1..].iter().product::<usize>();
    let length: usize = shape.iter().product();
    let from = |mut index: usize| {
        let mut from = 0;
        for (&axis, &size) in axes.iter().zip(shape).rev() {
            from += index % size * stride(axis);
            index /= size;
        }
        from
    };
    numbers.chunks(length).flat_map(|sample| (0..length).map(move |index| sample[from(index)])).collect()
}

/// Compile all declarations as one crate, and run each on its inputs.
fn run(folder: &Path, cases: &[Case]) -> Vec<Vec<f64>> {
    let mut text = String::from(MAIN);
    for (index, case) in cases.iter().enumerate() {
        let _ = writeln!(text, "\n{}", case.source);
        let stem = folder.join("data").join(index.to_string());
        let bytes = |numbers: &[f64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
        write(&stem.with_extension("safetensors"), &case.weights);
        write(&stem.with_extension("x"), &bytes(&case.inputs));
    }
    text.push_str("\nfn main() {\n");
    (0..cases.len()).for_each(|index| {
        let _ = writeln!(text, "    run::<Model{index}>(\"{index}\");");
    });
    text.push_str("}\n");
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    write(&folder.join("src/main.rs"), text.as_bytes());
    write(&folder.join("Cargo.toml"), format!("{MANIFEST}fnn-typed = {{ path = {library:?} }}\n").as_bytes());
    let run = Command::new(env!("CARGO")).args(["run", "--quiet"]).current_dir(folder).status().expect("cargo runs");
    assert!(run.success(), "the declarations compile and run");
    let output = |index: usize| {
        let bytes = std::fs::read(folder.join(format!("data/{index}.y"))).expect("outputs");
        bytes.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect()
    };
    (0..cases.len()).map(output).collect()
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
    std::fs::write(path, bytes).expect("the file is written");
}

/// The generated crate.
const MANIFEST: &str = r#"[package]
name = "networks"
version = "0.0.0"
edition = "2024"

[workspace]

[profile.dev]
debug = false

[dependencies]
"#;

/// The beginning of its program: run a network on the inputs of a file.
const MAIN: &str = r#"use fnn::layers::{Pod, Sample};
use fnn::{Layer, Network};

trait Given: Copy {
    fn given(number: f64) -> Self;
}
impl Given for f32 {
    fn given(number: f64) -> Self {
        number as f32
    }
}
impl Given for u16 {
    fn given(number: f64) -> Self {
        number as u16
    }
}

fn run<N: Layer<Scalar = f32, Input: Sample<Element: Given>, Output: Sample<Element = f32>>>(name: &str) {
    let network = N::load(format!("data/{name}.safetensors")).unwrap();
    let bytes = std::fs::read(format!("data/{name}.x")).unwrap();
    let numbers: Vec<f64> = bytes.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
    let mut outputs = Vec::new();
    for numbers in numbers.chunks_exact(N::Input::LENGTH) {
        let mut inputs = [<N::Input as Pod>::zeroed()];
        Sample::flat_mut(&mut inputs).iter_mut().zip(numbers).for_each(|(x, &number)| *x = Given::given(number));
        for &output in Sample::flat(&[network.forward(&inputs[0])]) {
            outputs.extend(f64::from(output).to_le_bytes());
        }
    }
    std::fs::write(format!("data/{name}.y"), outputs).unwrap();
}
"#;
