//! What the tests share: inputs and outputs of models, and snapshots.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

use fnn::layers::{Sample, zeroed};
use fnn::{Layer, Network};
use fnn_convert::graph::Graph;
use fnn_convert::{Declaration, ToOnnx};
use safetensors::{Dtype, SafeTensors};

/// Inputs and the outputs that are expected for them, several samples one after the other.
pub(crate) struct Io {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Io {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        Self { x: numbers(&tensors, "x"), y: numbers(&tensors, "y") }
    }

    /// The inputs in the layout of the declaration.
    pub(crate) fn inputs(&self, declaration: &Declaration, graph: &Graph) -> Vec<f64> {
        match &graph.input_axes {
            None => self.x.clone(),
            Some(axes) => transposed(&self.x, &unordered(&declaration.input, axes), axes),
        }
    }

    /// The largest deviation from the expected outputs, of the largest of these.
    pub(crate) fn deviation(&self, outputs: &[f32], declaration: &Declaration, graph: &Graph) -> f64 {
        let expected = match &graph.output_axes {
            None => self.y.clone(),
            Some(axes) => transposed(&self.y, &unordered(&declaration.output, axes), axes),
        };
        deviation(outputs, &expected)
    }
}

/// The largest deviation, of the largest number that is expected.
pub(crate) fn deviation(outputs: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(outputs.len(), expected.len(), "the number of outputs");
    let largest = expected.iter().fold(0.0, |largest: f64, y| largest.max(y.abs()));
    let deviations = outputs.iter().zip(expected).map(|(&ours, theirs)| (f64::from(ours) - theirs).abs());
    // A NaN is the largest deviation.
    deviations.fold(0.0, |one, other| if one > other || one.is_nan() { one } else { other }) / largest.max(1e-30)
}

/// The shape whose axes in this order are `shape`.
pub(crate) fn unordered(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    let mut unordered = vec![0; shape.len()];
    axes.iter().zip(shape).for_each(|(&axis, &size)| unordered[axis] = size);
    unordered
}

/// Samples of a shape with their axes in another order.
pub(crate) fn transposed<T: Copy>(numbers: &[T], shape: &[usize], axes: &[usize]) -> Vec<T> {
    let strides: Vec<usize> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
    let length: usize = shape.iter().product();
    let ordered: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
    let from = |mut index: usize| {
        let mut from = 0;
        for (&axis, &size) in axes.iter().zip(&ordered).rev() {
            from += index % size * strides[axis];
            index /= size;
        }
        from
    };
    numbers.chunks(length).flat_map(|sample| (0..length).map(move |index| sample[from(index)])).collect()
}

fn numbers(tensors: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let tensor = tensors.tensor(name).unwrap();
    match tensor.dtype() {
        Dtype::F32 => tensor.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes).into()).collect(),
        Dtype::I64 => tensor.data().as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes) as f64).collect(),
        other => panic!("{name} is of type {other:?}"),
    }
}

/// An input of a network: a real number or a token.
pub(crate) trait Given: Copy {
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

/// What a network gives.
pub(crate) struct Ran {
    pub(crate) outputs: Vec<f32>,
    /// The network as an ONNX file.
    pub(crate) onnx: Vec<u8>,
}

/// Run a network with the weights of a file.
pub(crate) fn run<N>(weights: &[u8], inputs: &[f64]) -> Ran
where
    N: Layer<Scalar = f32, Input: Sample<Element: Given>, Output: Sample<Element = f32>>,
{
    let network = N::load_from_bytes(weights).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(inputs.len() % N::Input::LENGTH, 0, "{} numbers for inputs of {}", inputs.len(), N::Input::LENGTH);
    let mut samples = vec![zeroed::<N::Input>(); inputs.len() / N::Input::LENGTH];
    for (input, number) in Sample::flat_mut(&mut samples).iter_mut().zip(inputs) {
        *input = Given::given(*number);
    }
    // The library writes the same file.
    let saved = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{:?}.safetensors", std::thread::current().id()));
    network.save(&saved).unwrap();
    assert!(std::fs::read(saved).unwrap() == weights, "{} is saved as another file", std::any::type_name::<N>());
    // One at a time: the smallest code.
    let outputs = samples.iter().flat_map(|sample| Sample::flat(&[network.forward(sample)]).to_vec()).collect();
    Ran { outputs, onnx: network.to_onnx().unwrap_or_else(|error| panic!("{error}")) }
}

/// `ResNet18` for `res_net18.onnx`.
pub(crate) fn camel_case(file: &str) -> String {
    let stem = file.split('.').next().unwrap();
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    };
    stem.split(['_', '-']).map(capital).collect()
}

/// Compare a text with a file, or write it there if `SNAPSHOTS` is `overwrite`.
pub(crate) fn check_snapshot(path: &Path, text: &str) {
    if std::env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
        std::fs::write(path, text).unwrap();
    }
    let current = std::fs::read_to_string(path).unwrap_or_default();
    let line = current.lines().zip(text.lines()).position(|(current, new)| current != new);
    assert!(current == text, "{} is out of date, from line {line:?} on: set SNAPSHOTS=overwrite", path.display());
}

/// Where the exported models of this test program are written, for `onnx_runtime.py`.
fn exports() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exports").join(env!("CARGO_CRATE_NAME"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Write an exported model, inputs and its outputs, for [`in_onnx_runtime`].
pub(crate) fn write_export(name: &str, ran: &Ran, inputs: &[f64]) {
    let stem = exports().join(name);
    let bytes = |numbers: &[f64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
    std::fs::write(stem.with_extension("onnx"), &ran.onnx).unwrap();
    std::fs::write(stem.with_extension("x"), bytes(inputs)).unwrap();
    let outputs: Vec<f64> = ran.outputs.iter().map(|&output| output.into()).collect();
    std::fs::write(stem.with_extension("y"), bytes(&outputs)).unwrap();
}

/// Run what was exported in ONNX Runtime, if Python has it: `PYTHON=…`, or `python3` if that isn't set.
pub(crate) fn in_onnx_runtime() {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let has = |module: &str| {
        let import = Command::new(&python).args(["-c", &format!("import {module}")]).output();
        import.is_ok_and(|output| output.status.success())
    };
    if !has("onnx") || !has("onnxruntime") {
        println!("{python} has no onnx and onnxruntime: exported models were read again, but not run there");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_runtime.py");
    let run = Command::new(&python).arg(script).arg(exports()).output().unwrap();
    println!("{}", String::from_utf8_lossy(&run.stdout));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
