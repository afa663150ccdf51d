//! Weights in files: what is written is what is read, here and by others, and no file of others does harm.
#![cfg(feature = "std")]

#[path = "weights/check.rs"]
mod check;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use check::{Small, check};
use fnn::{Error, Network, Parameters, Random, layers::Sample};
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

/// A path in a folder of the test's own.
fn path(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("weights");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// The bytes of what `save` writes.
fn saved(network: &impl Network, name: &str) -> Vec<u8> {
    let path = path(name);
    network.save(&path).unwrap();
    fs::read(path).unwrap()
}

/// A file of this header and of so many bytes.
fn file(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
}

const HEADER: &str = r#"{"hidden.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
    "hidden.bias":{"dtype":"F32","shape":[3],"data_offsets":[24,36]},
    "out.weight":{"dtype":"F32","shape":[3,1],"data_offsets":[36,48]}}"#;

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

#[test]
fn the_crate_safetensors_reads_what_is_saved() {
    let network = Picture::seeded(1);
    let bytes = saved(&network, "read.safetensors");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut arrays = 0;
    network.for_each(&mut |name, shape, values| {
        let tensor = tensors.tensor(&name.to_string()).unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F32, shape.sizes()));
        assert_eq!(tensor.data(), values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
        arrays += 1;
    });
    assert_eq!(arrays, tensors.len());
    assert_eq!(tensors.tensor("conv1.weight").unwrap().shape(), [2, 1, 3, 3]);
    assert_eq!(tensors.tensor("head.logits.bias").unwrap().shape(), [3]);
}

#[test]
fn what_the_crate_safetensors_writes_is_read() {
    let network = Picture::seeded(2);
    // It sorts tensors by their names.
    let mut arrays = BTreeMap::new();
    network.for_each(&mut |name, shape, values| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        arrays.insert(name.to_string(), (shape.sizes().to_vec(), bytes));
    });
    let views =
        arrays.iter().map(|(name, (shape, bytes))| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    let metadata = [("format".to_string(), "pt \"}{\\".to_string())].into();
    let bytes = serialize(views, Some(metadata)).unwrap();
    assert_eq!(*Picture::load_from_bytes(&bytes).unwrap(), network);
}

#[test]
fn entries_and_data_may_be_in_any_order() {
    let header = r#"{ "out.weight" : {"shape":[3, 1],"data_offsets":[0,12],"dtype":"F32"},"__metadata__":{},
        "hidden.weight":{"dtype":"F32","data_offsets":[24,48],"shape":[ 2,3 ]},
        "hidden.bias":{"dtype":"F32","shape":[3],"data_offsets":[12,24]}} "#;
    let mut bytes = file(header, 0);
    bytes.extend((0..12u8).flat_map(|number| f32::from(number).to_le_bytes()));
    let network = Small::load_from_bytes(&bytes).unwrap();
    assert_eq!(network.out.weight, [[0.0], [1.0], [2.0]]);
    assert_eq!(network.hidden.bias, [3.0, 4.0, 5.0]);
    assert_eq!(network.hidden.weight, [[6.0, 7.0, 8.0], [9.0, 10.0, 11.0]]);
}

#[test]
fn a_mistake_is_named() {
    assert!(Small::load_from_bytes(&file(HEADER, 48)).is_ok());
    let error = |bytes: &[u8]| Small::load_from_bytes(bytes).unwrap_err().to_string();
    let changed = |from: &str, to: &str| {
        assert!(HEADER.contains(from));
        error(&file(&HEADER.replacen(from, to, 1), 48))
    };
    assert_eq!(
        changed("hidden.w", "hiden.w"),
        "hiden.weight: expected a tensor of the network's, such as `hidden.weight`, found one that it doesn't have"
    );
    assert_eq!(
        changed("hidden.bias", "hidden.weight"),
        "hidden.weight: expected one tensor of this name, found a second one"
    );
    assert_eq!(changed("[3,1]", "[1, 3]"), "out.weight: expected [3, 1], found [1, 3]");
    assert_eq!(changed("[3,1]", "[3,1,1,1,1]"), "out.weight: expected [3, 1], found [3,1,1,1,1]");
    assert_eq!(changed("[3]", "[]"), "hidden.bias: expected [3], found []");
    assert_eq!(changed("F32", "F64"), "hidden.weight: expected F32, found F64");
    assert_eq!(changed("0,24", "0,28"), "hidden.weight: expected 24 bytes, found data from 0 to 28");
    assert_eq!(changed("0,24", "24,0"), "hidden.weight: expected 24 bytes, found data from 24 to 0");
    assert_eq!(changed("24,36", "12,24"), "data: expected a tensor at offset 24, found none");
    assert_eq!(
        changed("36,48", "18446744073709551603,18446744073709551615"),
        "data: expected a tensor at offset 36, found none"
    );
    assert_eq!(changed("48", "18446744073709551616"), "header: expected a smaller number, found `1` at byte 205");
    assert_eq!(changed("[2,3]", "[02,3]"), "header: expected a whole number, found `0` at byte 41");
    assert_eq!(changed("[0,24]", "[0]"), "header: expected two offsets, found `[` at byte 61");
    assert_eq!(
        changed("dtype", "type"),
        "header: expected one each of `dtype`, `shape` and `data_offsets`, found `\"` at byte 18"
    );
    assert_eq!(changed("}}", "}"), "header: expected `,` or `}`, found its end, at byte 209");
    assert_eq!(changed("}}", "}}}"), "header: expected the end of the header, found `}` at byte 210");
    assert_eq!(changed("{", ""), "header: expected `{`, found `\"` at byte 0");
    assert_eq!(error(&file(HEADER, 47)), "data: expected 48 bytes, found 47");
    assert_eq!(error(&file(HEADER, 49)), "data: expected 48 bytes, found 49");
    let (two, _) = HEADER.rsplit_once(",\n").unwrap();
    assert_eq!(error(&file(&format!("{two}}}"), 36)), "out.weight: expected a tensor, found none");
    assert_eq!(error(b"1234567"), "header: expected 8 bytes that tell its length, found 7");
    assert_eq!(
        error(&[255; 20]),
        "header: expected 18446744073709551615 bytes, as a safetensors file's first 8 bytes say, found 12"
    );
    assert_eq!(error(&file("{\"\u{fc}", 0)), "header: expected the end of a string, found its end, at byte 4");
    assert_eq!(error(b"\x02\0\0\0\0\0\0\0{\xff"), "header: expected text in UTF-8, found 255 as byte 1");
}

#[test]
fn a_file_s_error_names_the_file() {
    let path = path("wrong.safetensors");
    fs::write(&path, file(HEADER, 40)).unwrap();
    let error = Small::load(&path).unwrap_err();
    assert!(matches!(&error, Error::Format { field, .. } if **field == *"data"));
    assert_eq!(error.to_string(), format!("{}: data: expected 48 bytes, found 40", path.display()));
    assert!(matches!(Small::load("no such file").unwrap_err(), Error::File { .. }));
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
    let interesting = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\\', b'{', b'}', b'[', b']', b',', b':', b'9', b'0', b' '];
    let mut unharmed = 0;
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] = interesting[random.below(interesting.len())],
                1 => bytes.insert(at, interesting[random.below(interesting.len())]),
                2 => drop(bytes.remove(at)),
                _ => {
                    let other = random.below(bytes.len());
                    bytes.swap(at, other);
                }
            }
        }
        unharmed += usize::from(check(&bytes));
    }
    // Mutations of the data are weights too.
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
