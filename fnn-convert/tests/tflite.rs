//! TensorFlow Lite files made by TensorFlow's converter, against the outputs of its interpreter: what is compared is the
//! compiled declaration.

#[path = "support/arrays.rs"]
mod arrays;
#[path = "support/declared.rs"]
mod declared;

use std::fs;
use std::path::{Path, PathBuf};

use arrays::{Arrays, channels_first};
use declared::{Case, Samples};
use fnn_convert::{Error, Model, Options};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tflite")
}

/// A file of the folder, read and declared.
fn case(file: &Path) -> Result<(Case, Arrays), Error> {
    let name = file.file_stem().unwrap().to_str().unwrap().to_string();
    let model = Model::read(file, &Options::default())?;
    let declaration = model.declare("Imported")?;
    let io = Arrays::read(&file.with_extension("io.safetensors"));
    let integers = declaration.integers().is_some();
    let x = io.integers("x_q", name.contains("u8io"));
    let samples = match (integers, x) {
        (true, Some(x)) => Samples::Integers(channels_first(&x)),
        // The input of an int8 model in real numbers, quantized as the model's first operator does.
        (true, None) => {
            let [input, _] = declaration.quantization.as_ref().unwrap();
            let (scale, zero_point) = (input.scales[0], input.zero_points[0]);
            let (shape, reals) = io.reals("x").unwrap();
            let integers = reals.iter().map(|real| ((real / scale).round() as i32 + zero_point).clamp(-128, 127) as i8);
            Samples::Integers(channels_first(&(shape, integers.collect())))
        }
        (false, _) => Samples::Reals(channels_first(&io.reals("x").unwrap())),
    };
    Ok((Case { name, declaration, samples }, io))
}

/// How many outputs differ, and the sentence about them.
fn check(case: &Case, io: &Arrays, outputs: &Samples) -> Result<(), String> {
    match outputs {
        Samples::Integers(given) => {
            let expected = match io.integers("y_q_ref", case.name.contains("u8io")) {
                Some(expected) => channels_first(&expected),
                None => {
                    let [_, output] = case.declaration.quantization.as_ref().unwrap();
                    let (scale, zero_point) = (output.scales[0], output.zero_points[0]);
                    let expected = io.reals("y_ref").or_else(|| io.reals("y")).unwrap();
                    let integer = |real: &f32| ((real / scale).round() as i32 + zero_point) as i8;
                    channels_first(&(expected.0, expected.1.iter().map(integer).collect()))
                }
            };
            // Where the reference kernels can't run a model, the optimized ones are all that there is.
            let expected = match io.integers("y_q_optimized", false) {
                Some(optimized) if OPTIMIZED.contains(&&*case.name) => channels_first(&optimized),
                _ => expected,
            };
            let different = given.iter().zip(&expected).filter(|(given, expected)| given != expected).count();
            match given.len() == expected.len() && different == 0 {
                true => Ok(()),
                false => Err(format!(
                    "{different} of {} integers differ: {:?} {:?}",
                    expected.len(),
                    &given[..given.len().min(12)],
                    &expected[..expected.len().min(12)]
                )),
            }
        }
        Samples::Reals(given) => {
            let dynamic = case.name.contains("dynrange");
            let expected = if dynamic { io.doubles("y_f64") } else { io.reals("y") };
            let expected = channels_first(&expected.unwrap());
            let largest = expected.iter().fold(0.0f32, |largest, y| largest.max(y.abs()));
            let errors = given.iter().zip(&expected).map(|(given, expected)| (given - expected).abs());
            let error =
                errors.fold(0.0, |worst: f32, error| if error > worst || error.is_nan() { error } else { worst });
            match given.len() == expected.len() && error <= 1e-5 * largest.max(1.0) {
                true => Ok(()),
                false => Err(format!("off by {error}, and outputs are up to {largest}")),
            }
        }
    }
}

/// Models that the reference kernels refuse to run.
const OPTIMIZED: &[&str] = &["tfl_act_elu_int8", "tfl_upsample_int8"];

/// Files that aren't read, and what the error says.
const REFUSED: &[(&str, &str)] = &[
    ("tfl_bad_id", "its identifier isn't \"TFL3\""),
    ("tfl_bad_index", "names tensor 999"),
    ("tfl_bad_offsets", "outside the file"),
    ("tfl_bad_scale", "has the scale 0"),
    ("tfl_bad_scale_count", "scales along axis 0"),
    ("tfl_bad_truncated", "outside the file"),
    ("tfl_bad_weight_size", "bytes each, but the file has"),
    ("tfl_mlp_int16x8", "16 bits"),
    ("tfl_refuse_custom_op", "CUSTOM `Igamma`"),
    ("tfl_refuse_dynamic_size", "the size of axis 1 isn't known"),
    ("tfl_refuse_lstm", "WHILE"),
];

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "tflite"));
    files.sort();
    files
}

#[test]
fn models_compute_what_tensorflow_lite_computes() {
    let mut problems = Vec::new();
    let mut cases = Vec::new();
    for file in files() {
        let name = file.file_stem().unwrap().to_str().unwrap().to_string();
        if REFUSED.iter().any(|(refused, _)| *refused == name) {
            continue;
        }
        match case(&file) {
            Ok(case) => cases.push(case),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    let (cases, io): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let outputs = declared::run("declared-tflite", &cases, false);
    for ((case, io), (outputs, _)) in cases.iter().zip(&io).zip(&outputs) {
        problems.extend(check(case, io, outputs).err().map(|problem| format!("{}: {problem}", case.name)));
    }
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), cases.len(), problems.join("\n"));
}

/// Planes of one column are sequences: layers along one axis cost less, and take a stream.
#[test]
fn planes_of_one_column_are_declared_as_sequences() {
    for name in ["tfl_narrow_f32", "tfl_narrow_int8"] {
        let model = Model::read(folder().join(name).with_extension("tflite"), &Options::default()).unwrap();
        let source = model.declare("Imported").unwrap().source();
        let filtered = "DepthwiseConv1d(kernel = 4, stride = 2, padding = same)";
        for part in ["Imported: [3, 9] -> [3, 5]", "in the order 2, 0", filtered, "Conv1d(3, kernel = 1)"] {
            assert!(source.contains(part), "{part} in:\n{source}");
        }
    }
}

#[test]
fn damaged_and_unsupported_files_are_refused_with_the_reason() {
    for (name, reason) in REFUSED {
        let model = Model::read(folder().join(name).with_extension("tflite"), &Options::default());
        let error = model.and_then(|model| model.declare("Imported")).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(name), "{error}");
    }
}

/// Every fifth byte of some models replaced, and the models cut off there: an error or another model, and never a panic.
#[test]
fn no_damage_makes_it_panic() {
    for name in
        ["tfl_conv_s2_int8", "tfl_res_dense_int8", "tfl_act_softplus_int8", "tfl_bn_between_int8", "tfl_mlp_f16"]
    {
        let good = fs::read(folder().join(name).with_extension("tflite")).unwrap();
        for place in (0..good.len()).step_by(5) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[place] = value;
                let model = Model::from_bytes(&bad, name, &Options::default());
                let _ =
                    model.and_then(|model| model.declare("Damaged")).map(|damaged| (damaged.source(), damaged.int8()));
            }
            let _ = Model::from_bytes(&good[..place], "cut.tflite", &Options::default());
        }
    }
}
