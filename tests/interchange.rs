//! Weights from PyTorch are read, compute what PyTorch computes, and are written in PyTorch's form. Files of other formats are
//! rejected by name.
#![cfg(feature = "std")]

#[path = "interchange/networks.rs"]
mod networks;
#[path = "interchange/pytorch.rs"]
mod pytorch;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fnn::layers::{Sample, zeroed};
use fnn::weights::LoadOptions;
use fnn::{Layer, Network, Scalar};
use networks::{Cnn, Everything, GroupNormed, LayerNormed, Mlp, Mobile, ResNet, Sequence, Slopes, Square, Tokens};
use safetensors::{Dtype, SafeTensors};

/// A file of the folder.
fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interchange").join(file)
}

/// The numbers of a tensor of a file.
fn numbers(file: &Path, name: &str) -> Vec<f64> {
    let bytes = fs::read(file).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = tensors.tensor(name).unwrap();
    match tensor.dtype() {
        Dtype::F32 => tensor.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes).into()).collect(),
        Dtype::I64 => tensor.data().as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes) as f64).collect(),
        other => panic!("{name} is of type {other:?}"),
    }
}

/// An input of a network: a real number or a token.
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

/// The largest deviation of a network's outputs for the inputs `x` of a file from its outputs `y`, relative to the largest of them.
fn deviation<N>(network: &N, io: &Path) -> f64
where
    N: Layer<Scalar = f32, Input: Sample<Element: Given>, Output: Sample<Element = f32>>,
{
    let (x, y) = (numbers(io, "x"), numbers(io, "y"));
    let mut inputs = vec![zeroed::<N::Input>(); x.len() / N::Input::LENGTH];
    for (input, number) in Sample::flat_mut(&mut inputs).iter_mut().zip(&x) {
        *input = Given::given(*number);
    }
    let outputs = network.forward_all(&inputs);
    let outputs = Sample::flat(&outputs);
    assert_eq!(outputs.len(), y.len());
    let largest = y.iter().fold(0.0f64, |largest, y| largest.max(y.abs()));
    let deviations = outputs.iter().zip(&y).map(|(ours, theirs)| (ours.to_f64() - theirs).abs());
    deviations.fold(0.0, f64::max) / largest
}

/// Check that the network of a file computes the outputs in its `.io.safetensors`. Returns it and the largest rounding error.
fn check<N>(file: &str, options: LoadOptions<'_>) -> (Box<N>, f64)
where
    N: Layer<Scalar = f32, Input: Sample<Element: Given>, Output: Sample<Element = f32>>,
{
    let loaded = options.load::<N>(path(&format!("{file}.safetensors"))).unwrap();
    let deviation = deviation(&*loaded.network, &path(&format!("{file}.io.safetensors")));
    println!("{file}: {deviation:.1e} of the largest output");
    assert!(deviation < 1e-5, "{file}: {deviation}");
    (loaded.network, loaded.largest_rounding)
}

/// [`check`], and that the network is written with the same tensors as PyTorch's, up to the names in `renamed`.
fn check_both_ways<N>(file: &str, options: LoadOptions<'_>, renamed: impl Fn(&str) -> String)
where
    N: Layer<Scalar = f32, Input: Sample<Element: Given>, Output: Sample<Element = f32>>,
{
    let (network, rounding) = check::<N>(file, options);
    assert_eq!(rounding, 0.0);
    let saved = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{file}.safetensors"));
    network.save(&saved).unwrap();
    assert_eq!(tensors(&saved, renamed), tensors(&path(&format!("{file}.safetensors")), str::to_string), "{file}");
}

/// The tensors and metadata of a file, by name.
fn tensors(file: &Path, renamed: impl Fn(&str) -> String) -> BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)> {
    let bytes = fs::read(file).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let one = |(name, tensor): (&str, safetensors::tensor::TensorView<'_>)| {
        (renamed(name), (tensor.dtype(), tensor.shape().to_vec(), tensor.data().to_vec()))
    };
    tensors.iter().map(one).collect()
}

/// The name with its prefix replaced by the first pair that matches.
fn replaced(name: &str, pairs: &[(&str, &str)]) -> String {
    let replaced = |(theirs, ours): &(&str, &str)| Some(format!("{theirs}{}", name.strip_prefix(ours)?));
    pairs.iter().find_map(replaced).unwrap_or_else(|| name.to_string())
}

#[test]
fn modules_of_the_same_names_are_read_and_written() {
    let plain = LoadOptions::new();
    check_both_ways::<Square>("pt_a", plain, str::to_string);
    check_both_ways::<Cnn>("pt_c", plain, str::to_string);
    check_both_ways::<Mobile>("pt_d", plain, str::to_string);
    check_both_ways::<GroupNormed>("pt_e_gn", plain, str::to_string);
    check_both_ways::<Slopes>("pt_e_prelu", plain, str::to_string);
    check_both_ways::<Sequence>("pt_e_c1d", plain, str::to_string);
}

#[test]
fn modules_of_other_names_are_mapped() {
    let names = [("encoder.blocks.0", "encoder.block0"), ("encoder.blocks.1", "encoder.block1"), ("head.fc", "head")];
    check_both_ways::<ResNet>("pt_e_res", LoadOptions::new().names(&names), |name| replaced(name, &names));
    let names = [("mlp.1", "hidden"), ("mlp.3", "scores")];
    check_both_ways::<Tokens>("pt_e_emb", LoadOptions::new().names(&names), |name| replaced(name, &names));
    let names = [("head.fc", "head")];
    check_both_ways::<Everything>("pt_e_all", LoadOptions::new().names(&names), |name| replaced(name, &names));
}

#[test]
fn numbered_modules_are_matched_by_their_order() {
    let by_order = LoadOptions::new().by_order(true);
    check_both_ways::<Mlp>("pt_b", by_order, |name| replaced(name, &[("0", "hidden"), ("2", "logits")]));
    let names = [("0", "first"), ("1", "norm"), ("3", "second")];
    check_both_ways::<LayerNormed>("pt_e_ln", by_order, |name| replaced(name, &names));
}

#[test]
fn a_prefix_of_all_names_is_taken_away() {
    let module = LoadOptions::new().prefix("module.");
    check_both_ways::<Square>("pt_a_module", module, |name| format!("module.{name}"));
    check_both_ways::<Cnn>("pt_c_module", module, |name| format!("module.{name}"));
}

#[test]
fn numbers_of_other_types_are_converted() {
    let converting = LoadOptions::new().by_order(true).convert(true);
    assert_eq!(check::<Mlp>("pt_b_f16", converting).1, 0.0);
    assert_eq!(check::<Mlp>("pt_b_bf16", converting).1, 0.0);
    let converting = LoadOptions::new().convert(true);
    for (file, rounding) in
        [("pt_a_f64", check::<Square>("pt_a_f64", converting).1), ("pt_c_f64", check::<Cnn>("pt_c_f64", converting).1)]
    {
        // Half of the distance between two `f32` from 0.5 to 1, or from 1 to 2.
        assert!(rounding > 0.0 && rounding <= 2f64.powi(-24), "{file}: {rounding:e}");
    }
    let error = LoadOptions::new().load::<Square>(path("pt_a_f64.safetensors")).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("fc1.weight: expected F32, found F64 (the option `convert` accepts it)"), "{error}");
}

#[test]
fn pickles_are_refused() {
    for file in ["pt_a.pt", "pt_a_legacy.pt"] {
        let error = LoadOptions::new().load::<Square>(path(file)).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("expected a safetensors file, found a pickle, as written by `torch.save`"), "{error}");
        assert!(error.contains("save_file(model.state_dict(), path)"), "{error}");
    }
}

#[test]
fn the_compiler_reads_the_same() {
    static SQUARE: Square = fnn::include_network!("interchange/pt_a.safetensors" as Square);
    static MODULE: Square =
        fnn::include_network!("interchange/pt_a_module.safetensors" as Square, LoadOptions::new().prefix("module."));
    static CNN: Cnn =
        fnn::include_network!("interchange/pt_c_f64.safetensors" as Cnn, LoadOptions::new().convert(true));
    const HALVES: LoadOptions<'_> = LoadOptions::new().by_order(true).convert(true);
    static MLP: Mlp = fnn::include_network!("interchange/pt_b_f16.safetensors" as Mlp, HALVES);
    for (included, io) in [(&SQUARE, "pt_a"), (&MODULE, "pt_a_module")] {
        assert!(deviation(included, &path(&format!("{io}.io.safetensors"))) < 1e-5, "{io}");
    }
    let converting = LoadOptions::new().convert(true);
    assert_eq!(CNN.parameters(), check::<Cnn>("pt_c_f64", converting).0.parameters());
    assert_eq!(MLP.parameters(), check::<Mlp>("pt_b_f16", HALVES).0.parameters());
}
