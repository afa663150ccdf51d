//! Weights in files: round trips, here and with other software, and robustness against malicious files.
#![cfg(feature = "std")]

#[path = "weights/check.rs"]
mod check;
#[path = "weights/foreign.rs"]
mod foreign;
#[path = "weights/many_arrays.rs"]
mod many_arrays;
#[path = "weights/messages.rs"]
mod messages;
#[path = "support/mutations.rs"]
mod mutations;
#[path = "weights/options.rs"]
mod options;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use check::{Small, check, check_options};
use fnn::{Error, Network, Parameters, Random, layers::Sample};
use mutations::mutated;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Picture: [1, 6, 6] -> [3] {
        conv1: Conv2d(2, kernel = 3),
        norm: BatchNorm,
        Relu,
        Flatten,
        Residual {
            inside: Dense(32),
        },
        head: Small3,
    }
}

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Small3: [32] -> [3] {
        logits: Dense(3),
    }
}

/// A path in a folder for the test.
fn path(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("weights");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// The bytes that `save` writes.
fn saved(network: &impl Network, name: &str) -> Vec<u8> {
    let path = path(name);
    network.save(&path).unwrap();
    fs::read(path).unwrap()
}

/// A file with this header and this many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
}

const HEADER: &str = r#"{"hidden.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]},
    "hidden.bias":{"dtype":"F32","shape":[3],"data_offsets":[24,36]},
    "out.weight":{"dtype":"F32","shape":[1,3],"data_offsets":[36,48]}}"#;

#[test]
fn what_is_saved_is_loaded() {
    let network = Picture::seeded(3);
    let path = path("picture.safetensors");
    network.save(&path).unwrap();
    assert_eq!(*Picture::load(&path).unwrap(), network);
    assert_eq!(*Picture::load_from_bytes(&fs::read(&path).unwrap()).unwrap(), network);

    let other = Picture::seeded(4);
    other.save(&path).unwrap();
    assert_eq!(*Picture::load(&path).unwrap(), other, "a file that was there is replaced");

    let wide: Small<f64> = Network::seeded(5);
    assert_eq!(*<Small<f64>>::load_from_bytes(&saved(&wide, "wide")).unwrap(), wide);
}

/// An array in PyTorch's form: type, shape and bytes.
fn stored(name: &str, shape: &[usize], values: &[f32]) -> (Dtype, Vec<usize>, Vec<u8>) {
    let bytes = |values: &mut dyn Iterator<Item = f32>| values.flat_map(f32::to_le_bytes).collect();
    match shape {
        [] => (Dtype::I64, Vec::new(), (values[0] as i64).to_le_bytes().to_vec()),
        &[inputs, outputs] => {
            assert!(name.ends_with(".weight"), "{name}");
            let transposed = (0..outputs).flat_map(|output| (0..inputs).map(move |input| input * outputs + output));
            (Dtype::F32, vec![outputs, inputs], bytes(&mut transposed.map(|index| values[index])))
        }
        _ => (Dtype::F32, shape.to_vec(), bytes(&mut values.iter().copied())),
    }
}

/// A network whose batch norm has seen mini-batches.
fn picture(seed: u64) -> Picture {
    let mut network = Picture::seeded(seed);
    network.norm.num_batches_tracked = 1234.0;
    network
}

#[test]
fn the_crate_safetensors_reads_what_is_saved_as_pytorch_has_it() {
    let network = picture(1);
    let bytes = saved(&network, "read.safetensors");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut arrays = 0;
    network.for_each(&mut |name, shape, values| {
        let name = name.to_string();
        let tensor = tensors.tensor(&name).unwrap();
        let (dtype, shape, bytes) = stored(&name, shape.sizes(), values);
        assert_eq!((tensor.dtype(), tensor.shape(), tensor.data()), (dtype, &shape[..], &bytes[..]), "{name}");
        assert!((tensor.data().as_ptr().addr() - bytes_start(&tensors)).is_multiple_of(dtype.bitsize() / 8));
        arrays += 1;
    });
    assert_eq!(arrays, tensors.len());
    assert_eq!(tensors.tensor("conv1.weight").unwrap().shape(), [2, 1, 3, 3]);
    assert_eq!(tensors.tensor("head.logits.weight").unwrap().shape(), [3, 32]);
    assert_eq!(tensors.tensor("norm.num_batches_tracked").unwrap().data(), 1234i64.to_le_bytes());
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = metadata.metadata().clone().unwrap();
    assert_eq!(metadata["format"], "pt");
    assert_eq!(metadata["fnn.content"], "weights");
    assert_eq!(metadata["fnn.convention"], "pytorch");
    assert_eq!(metadata["fnn.version"], env!("CARGO_PKG_VERSION"));
}

/// Where the data of a file starts.
fn bytes_start(tensors: &SafeTensors<'_>) -> usize {
    tensors.iter().map(|(_, tensor)| tensor.data().as_ptr().addr()).min().unwrap()
}

#[test]
fn what_the_crate_safetensors_writes_is_read() {
    let network = picture(2);
    // It sorts tensors by type and name.
    let mut arrays = BTreeMap::new();
    network.for_each(&mut |name, shape, values| {
        let name = name.to_string();
        arrays.insert(name.clone(), stored(&name, shape.sizes(), values));
    });
    let write = |arrays: &BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>| {
        let views = arrays
            .iter()
            .map(|(name, (dtype, shape, bytes))| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
        let metadata = [("format".to_string(), "pt \"}{\\".to_string())].into();
        serialize(views, Some(metadata)).unwrap()
    };
    assert_eq!(*Picture::load_from_bytes(&write(&arrays)).unwrap(), network);

    // Files from PyTorch before 0.4.1 have no count.
    arrays.remove("norm.num_batches_tracked").unwrap();
    let mut read = picture(3);
    read.read_weights(&write(&arrays)).unwrap();
    assert_eq!(read.norm.num_batches_tracked, 0.0);
    read.norm.num_batches_tracked = 1234.0;
    assert_eq!(read, network);
}

#[test]
fn entries_and_data_may_be_in_any_order() {
    let header = r#"{"out.weight" : {"shape":[1, 3],"data_offsets":[0,12],"dtype":"F32"},"__metadata__":{},
        "hidden.weight":{"dtype":"F32","data_offsets":[24,48],"shape":[ 3,2 ]},
        "hidden.bias":{"dtype":"F32","shape":[3],"data_offsets":[12,24]}} "#;
    let mut bytes = file(header, 0);
    bytes.extend((0..12u8).flat_map(|number| f32::from(number).to_le_bytes()));
    let network = Small::load_from_bytes(&bytes).unwrap();
    assert_eq!(network.out.weight, [[0.0], [1.0], [2.0]]);
    assert_eq!(network.hidden.bias, [3.0, 4.0, 5.0]);
    assert_eq!(network.hidden.weight, [[6.0, 8.0, 10.0], [7.0, 9.0, 11.0]]);
}

#[test]
fn a_large_matrix_is_transposed() {
    fnn::network! {
        struct Large: [37] -> [53] {
            only: Dense(53),
        }
    }
    let mut network = Large::seeded(1);
    network.only.weight = std::array::from_fn(|input| std::array::from_fn(|output| (100 * input + output) as f32));
    let bytes = saved(&network, "large.safetensors");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let weight = tensors.tensor("only.weight").unwrap();
    for (index, number) in weight.data().as_chunks().0.iter().enumerate() {
        assert_eq!(f32::from_le_bytes(*number), (100 * (index % 37) + index / 37) as f32);
    }
    assert_eq!(Large::load_from_bytes(&bytes).unwrap().only.weight, network.only.weight);
}

#[test]
fn what_can_t_be_written_leaves_nothing() {
    let folder = path("folder");
    fs::create_dir_all(folder.join("inside")).unwrap();
    // A folder that isn't empty can't be replaced by a file.
    assert!(matches!(Small::seeded(1).save(&folder), Err(Error::File { .. })));
    assert!(matches!(Small::seeded(1).save(folder.join("no/such")), Err(Error::File { .. })));
    assert!(matches!(Small::seeded(1).save("/"), Err(Error::File { .. })));
    let left = fs::read_dir(folder.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.filter(|name| name.to_string_lossy().starts_with("folder")).count(), 1);
}

#[test]
fn no_mutation_does_harm() {
    let mut random = Random::new(1);
    let good = file(HEADER, 48);
    assert!(check(&good));
    for length in 0..good.len() {
        assert!(!check(&good[..length]), "a file cut off at {length}");
    }
    let mut unharmed = 0;
    for _ in 0..20_000 {
        let bytes = mutated(&good, &mut random);
        unharmed += usize::from(check(&bytes));
        check_options(&bytes);
    }
    // Mutated data is still weights.
    assert!(unharmed > 100 && unharmed < 10_000, "{unharmed}");
}

#[test]
fn the_layout_is_what_is_visited() {
    assert_eq!(<Picture>::LAYOUT.length(), Picture::PARAMETERS);
    let mut visited = 0;
    Picture::seeded(1).for_each(&mut |_, shape, values| {
        assert_eq!(shape.length(), values.len());
        visited += 1;
    });
    assert_eq!(visited, <Picture>::LAYOUT.arrays());
    assert_eq!(<[[f32; 2]; 3]>::LAYOUT, fnn::weights::Layout::Array(<[[f32; 2]; 3]>::SHAPE));
}
