//! Models of other systems compute here what they compute there, and what can't be declared is refused by name.
//!
//! What is compared is the compiled declaration: `interchange/networks.rs` has all of them, as the library writes them.

#[path = "interchange/files.rs"]
mod files;
#[path = "interchange/networks.rs"]
mod networks;
mod support;

use files::{Expected, declare, expected, folder, read};
use fnn_convert::{Declaration, Model, Options, Weight};
use support::{Io, camel_case, in_onnx_runtime, write_export};

#[test]
fn outputs_are_those_of_onnx_runtime() {
    let mut failures = Vec::new();
    for Expected { file, rounding, .. } in expected().into_iter().filter(|expected| expected.loads) {
        let model = read(&file).unwrap();
        let declaration = model.declare(&camel_case(&file)).unwrap();
        let io = Io::read(&folder().join(file.replace(".onnx", ".io.safetensors")));
        let inputs = io.inputs(&declaration, &model.graph);
        let outputs = networks::run(&file, &declaration.safetensors(), &inputs).outputs;
        let deviation = io.deviation(&outputs, &declaration, &model.graph);
        println!("{file}: {deviation:.1e} of the largest output");
        if deviation.is_nan() || deviation > f64::max(1e-5, rounding) {
            failures.push(format!("{file}: {deviation:.1e}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What is said of each file that is refused.
const REFUSED: &[(&str, &str)] = &[
    (
        "onnx_bad_cycle.onnx",
        "Gemm `Gemm_3`: it takes `t4`, which only a later node makes: the nodes are out of order, or form a cycle",
    ),
    ("onnx_bad_dims.onnx", "the weight `w1`: its shape is [-7, 5]"),
    ("onnx_bad_empty.onnx", "the file is empty"),
    (
        "onnx_bad_external_escape.onnx",
        "the weight `w1`: its data is in `../outside.bin`, outside the model's folder, which isn't read",
    ),
    ("onnx_bad_missing_initializer.onnx", "Gemm `Gemm_3`: it takes `w1`, which nothing makes"),
    ("onnx_bad_protobuf.onnx", "this isn't an ONNX file, or it is damaged or ends early"),
    ("onnx_bad_shapes.onnx", "Gemm `Gemm_3`: [N, 8] and [7] don't fit"),
    ("onnx_bad_truncated.onnx", "this isn't an ONNX file, or it is damaged or ends early"),
    ("onnx_bad_two_makers.onnx", "Relu `Relu_4`: it makes `t3`, which is made before already"),
    (
        "onnx_bad_weight_size.onnx",
        "the weight `w1`: its shape [7, 5] has 35 numbers of 4 bytes, but it has 136 bytes of data",
    ),
    (
        "onnx_h_act_softmax_wrong_axis.onnx",
        "Softmax `Softmax_4`: it is along the batch axis, so that samples depend on each other",
    ),
    ("onnx_refuse_custom_domain.onnx", "Sine `Sine_4`: the operator's domain `com.example.ops` is unknown"),
    (
        "onnx_refuse_dynamic_reshape.onnx",
        "Reshape `Reshape_4`: its shape is the input `shape`, which is known at run time only",
    ),
    (
        "onnx_refuse_dynamic_size.onnx",
        "the input `x`: its size isn't known: `H` differs from run to run; give the shape of one sample as an option",
    ),
    ("onnx_refuse_future_opset.onnx", "the model uses opset 99; 7 to 28 are understood"),
    ("onnx_refuse_lstm.onnx", "LSTM `seq`: networks are feed-forward; recurrent layers aren't supported"),
];

#[test]
fn what_is_refused_is_told_with_its_name_and_the_cause() {
    let refused: Vec<String> =
        expected().into_iter().filter(|expected| !expected.loads).map(|expected| expected.file).collect();
    let mut known: Vec<&str> = REFUSED.iter().map(|(file, _)| *file).collect();
    known.sort_unstable();
    let mut sorted = refused.clone();
    sorted.sort();
    assert_eq!(sorted, known);
    for (file, said) in REFUSED {
        let error = read(file).err().unwrap_or_else(|| panic!("{file} is read")).to_string();
        assert!(error.contains(said), "{file}: {error}");
    }
}

#[test]
fn a_shape_that_the_model_leaves_open_can_be_given() {
    let mut options = Options::default();
    options.input_shape = Some(vec![3, 6, 5]);
    let model = Model::read(folder().join("onnx_refuse_dynamic_size.onnx"), &options).unwrap();
    assert_eq!(model.declare("Any").unwrap().input, [3, 6, 5]);
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let file = "onnx_e_res_ts17_dyn.onnx";
    let (one, other) = (declare(file), declare(file));
    assert_eq!((one.source(), one.safetensors()), (other.source(), other.safetensors()));
}

#[test]
fn what_is_exported_is_read_again_as_the_same_network() {
    for Expected { file, .. } in expected().into_iter().filter(|expected| expected.loads) {
        let name = camel_case(&file);
        let model = read(&file).unwrap();
        let declaration = model.declare(&name).unwrap();
        let inputs =
            Io::read(&folder().join(file.replace(".onnx", ".io.safetensors"))).inputs(&declaration, &model.graph);
        let ran = networks::run(&file, &declaration.safetensors(), &inputs);
        let again = Model::from_bytes(&ran.onnx, &file, &Options::default()).and_then(|model| model.declare(&name));
        let mut again = again.unwrap_or_else(|error| panic!("{error}"));
        // ONNX has no batch norms that stay frozen in training.
        let layers = |declaration: &Declaration| declaration.source().replace("(frozen)", "");
        again.comments.clone_from(&declaration.comments);
        assert_eq!(layers(&again), layers(&declaration), "{file}");
        assert_eq!(again.safetensors(), declaration.safetensors(), "{file}");
        write_export(file.trim_end_matches(".onnx"), &ran, &inputs);
    }
    in_onnx_runtime();
}

/// PyTorch has folded the batch norms of one of two files itself.
#[test]
fn batch_norms_are_folded_on_request() {
    for (kept, folded) in
        [("onnx_c_ts17_unfused.onnx", "onnx_c_ts17_dyn.onnx"), ("onnx_d_ts17_unfused.onnx", "onnx_d_ts17_dyn.onnx")]
    {
        let mut options = Options::default();
        options.fold_batch_norm = true;
        let ours = Model::read(folder().join(kept), &options).and_then(|model| model.declare("Net")).unwrap();
        let theirs = read(folded).and_then(|model| model.declare("Net")).unwrap();
        assert!(declare(kept).source().contains("BatchNorm") && !ours.source().contains("BatchNorm"));
        let reals = |declaration: &Declaration| -> Vec<Vec<f32>> {
            let weights = declaration.weights().into_iter();
            weights
                .map(|(_, weight)| match weight {
                    Weight::Array(tensor) => tensor.as_reals().unwrap().to_vec(),
                    Weight::Count => Vec::new(),
                })
                .collect()
        };
        let (ours, theirs) = (reals(&ours), reals(&theirs));
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().flatten().zip(theirs.iter().flatten()) {
            assert!((ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0), "{ours} and not {theirs}");
        }
    }
}
