//! Files of quantized networks: what is written is read, in place and copied, and anything else is refused.

#![cfg(feature = "std")]

#[path = "quantized_file/check.rs"]
mod check;
#[path = "support/mutations.rs"]
mod mutations;

use std::collections::BTreeMap;

use fnn::weights::WeightsError;
use fnn::{Quantized, include_quantized, network};
use mutations::mutated;

network! {
    /// Every kind of array, and padding behind shifts and weights.
    #[quantizable]
    struct Small: [1, 5, 4] -> [3] {
        conv: Conv2d(3, kernel = (3, 1), stride = (2, 1)),
        Relu,
        AvgPool2d((1, 2)),
        around: Residual { DepthwiseConv2d(kernel = 3, padding = 1), Tanh },
        Flatten,
        out: Dense(3),
        Softmax,
    }
}

/// Memory that is aligned as flash is.
#[derive(Clone)]
#[repr(align(16))]
struct Aligned([u8; 1 << 14]);

impl Aligned {
    /// A copy of `bytes`, `offset` bytes past an aligned address.
    fn with<R>(bytes: &[u8], offset: usize, work: impl FnOnce(&[u8]) -> R) -> R {
        let mut memory = Box::new(Self([0xa5; 1 << 14]));
        memory.0[offset..offset + bytes.len()].copy_from_slice(bytes);
        work(&memory.0[offset..offset + bytes.len()])
    }
}

fn small() -> Quantized<Small> {
    let samples: Vec<_> =
        (0..9).map(|n| [[0, 1, 2, 3, 4].map(|row| [n, row, 2, 3].map(|x| x as f32 / 4.0 - 0.5))]).collect();
    Small::seeded(5).quantize(&samples).unwrap()
}

/// The message of reading a file in place, if it is refused.
fn refused(bytes: &[u8]) -> Option<String> {
    let text = |error: WeightsError<'_>| error.to_string();
    Aligned::with(bytes, 0, |bytes| Quantized::<Small>::read(bytes).map(|_| ()).map_err(text)).err()
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "the length of the header stays the same");
    let at = bytes.windows(from.len()).position(|found| found == from.as_bytes()).expect("the text to replace");
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

#[test]
fn what_is_written_is_read() {
    let (network, bytes) = (small(), small().to_bytes());
    assert_eq!(*Quantized::<Small>::load_from_bytes(&bytes).unwrap(), network);
    Aligned::with(&bytes, 0, |bytes| assert_eq!(Quantized::<Small>::read(bytes).unwrap(), &network));
    let path = std::env::temp_dir().join(format!("fnn-quantized-file-{}.int8", std::process::id()));
    network.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(*Quantized::<Small>::load(&path).unwrap(), network);
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let error = Quantized::<Small>::load(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: data: expected ", path.display())), "{error}");
    std::fs::remove_file(&path).unwrap();
}

/// The data section is the struct as it lies in memory, behind a multiple of 16 bytes, and its tensors tile it.
#[test]
fn the_data_is_the_image_of_the_struct() {
    let bytes = small().to_bytes();
    let start = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    assert_eq!((start % 16, bytes.len() - start), (0, Quantized::<Small>::FLASH));
    let header = std::str::from_utf8(&bytes[8..start]).unwrap();
    let mut ends = BTreeMap::new();
    for offsets in header.split(r#""data_offsets":["#).skip(1) {
        let (begin, end) = offsets.split(']').next().unwrap().split_once(',').unwrap();
        ends.insert(begin.parse::<usize>().unwrap(), end.parse::<usize>().unwrap());
    }
    assert_eq!(
        ends.into_iter().fold(0, |at, (begin, end)| if begin == at { end } else { 0 }),
        Quantized::<Small>::FLASH
    );
    for text in [
        r#""fnn.content":"int8""#,
        r#""fnn.format":"1""#,
        r#""fnn.arithmetic":"native""#,
        "conv: Conv2d(input = [1, 5, 4], output = [3, 2, 4], kernel = [3, 1], stride = [2, 1], before = [0, 0], \
         after = [0, 0], dilation = [1, 1]), Relu; avg_pool2d_1: AvgPool2d(",
        r#""network-input.scale":{"dtype":"F32","shape":[],"data_offsets":[0,4]}"#,
        r#""conv.weight":{"dtype":"I8","shape":[3,1,3,1],"#,
        r#""out.weight.padding":{"dtype":"U8","shape":[1],"#,
        r#""around.sum.offset":{"dtype":"I32","shape":[],"#,
        r#""softmax_1.powers":{"dtype":"U32","shape":[256],"#,
    ] {
        assert!(header.contains(text), "{text} is missing in {header}");
    }
}

/// Every byte, in every bit and in all of them: the file is refused, or nothing has changed but the version of the
/// program that wrote it.
#[test]
fn flipped_bits_are_refused() {
    let (network, bytes) = (small(), small().to_bytes());
    let version = bytes.windows(15).position(|found| found == br#""fnn.version":""#).unwrap();
    let version = version..version + 15 + env!("CARGO_PKG_VERSION").len() + 1;
    let mut memory = Aligned([0; 1 << 14]);
    let file = &mut memory.0[..bytes.len()];
    file.copy_from_slice(&bytes);
    for at in 0..bytes.len() {
        for mask in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            file[at] ^= mask;
            match Quantized::<Small>::read(file) {
                Err(error) => assert!(error.to_string().contains(": expected "), "{error}"),
                Ok(read) => assert!(version.contains(&at) && *read == network, "byte {at} ^ {mask}"),
            }
            if let Ok(read) = Quantized::<Small>::load_from_bytes(file) {
                assert!(*read == network, "byte {at} ^ {mask}");
            }
            file[at] ^= mask;
        }
    }
}

#[test]
fn no_mutation_does_harm() {
    let mut random = fnn::Random::new(1);
    let good = check::Tiny::seeded(2).quantize(&[[1.0, -1.0]]).unwrap().to_bytes();
    assert!(check::check(&good));
    for _ in 0..5_000 {
        let bytes = mutated(&good, &mut random);
        check::check(&bytes);
    }
}

#[test]
fn files_that_are_cut_off_or_longer_are_refused() {
    let bytes = small().to_bytes();
    for length in 0..bytes.len() {
        assert!(refused(&bytes[..length]).is_some(), "{length} of {} bytes", bytes.len());
        assert!(Quantized::<Small>::load_from_bytes(&bytes[..length]).is_err());
    }
    let longer = [&bytes[..], &[0]].concat();
    let flash = Quantized::<Small>::FLASH;
    assert_eq!(refused(&longer).unwrap(), format!("data: expected {flash} bytes, found {}", flash + 1));
    assert!(Quantized::<Small>::load_from_bytes(&longer).is_err());
}

#[test]
fn data_that_is_not_aligned_is_refused_in_place() {
    let (network, bytes) = (small(), small().to_bytes());
    for offset in 0..8 {
        Aligned::with(&bytes, offset, |bytes| match (offset % 4, Quantized::<Small>::read(bytes)) {
            (0, read) => assert_eq!(read.unwrap(), &network),
            (past, read) => assert_eq!(
                read.unwrap_err().to_string(),
                format!(
                    "data: expected an address that is a multiple of 4, found one that is {past} more than a multiple"
                )
            ),
        });
    }
}

/// The file of a network with these layers.
macro_rules! file_of {
    ($($layers:tt)*) => {{
        network! {
            #[quantizable]
            struct Other: [1, 6, 6] -> [2] { $($layers)* }
        }
        let samples = [[[[0.5; 6]; 6]], [[[-0.5; 6]; 6]]];
        Other::seeded(5).quantize(&samples).unwrap().to_bytes()
    }};
}

network! {
    #[quantizable]
    struct Wanted: [1, 6, 6] -> [2] {
        conv: Conv2d(4, kernel = (1, 3), padding = (0, 1)),
        Tanh,
        pool: MaxPool2d(2),
        depthwise: DepthwiseConv2d(kernel = 3, padding = 1),
        Relu,
        GlobalAvgPool,
        out: Dense(2),
    }
}

/// Networks with as many bytes, whose numbers have another meaning.
#[test]
fn another_network_of_the_same_length_is_refused() {
    let wanted = Wanted::seeded(5).quantize(&[[[[0.5; 6]; 6]], [[[-0.5; 6]; 6]]]).unwrap().to_bytes();
    let start = |bytes: &[u8]| 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let data = wanted.len() - start(&wanted);
    let differs = |bytes: &[u8], layer: &str| {
        assert_eq!(bytes.len() - start(bytes), data, "{layer}");
        let error = Aligned::with(bytes, 0, |bytes| Quantized::<Wanted>::read(bytes).unwrap_err().to_string());
        assert!(error.starts_with(layer), "{error}");
        assert_eq!(Quantized::<Wanted>::load_from_bytes(bytes).unwrap_err().to_string(), error);
    };
    macro_rules! layers {
        ($kernel:tt, $padding:tt, $activation:ident, $pool:ident, $depthwise:tt, $relu:ident) => {
            file_of! {
                conv: Conv2d(4, kernel = $kernel, padding = $padding), $activation, pool: $pool(2),
                depthwise: DepthwiseConv2d(kernel = 3, padding = $depthwise), $relu, GlobalAvgPool, out: Dense(2)
            }
        };
    }
    let same = layers!((1, 3), (0, 1), Tanh, MaxPool2d, 1, Relu);
    Aligned::with(&same, 0, |bytes| assert!(Quantized::<Wanted>::read(bytes).is_ok()));
    differs(&layers!((3, 1), (1, 0), Tanh, MaxPool2d, 1, Relu), "conv.weight: expected [4, 1, 1, 3], found [4,1,3,1]");
    differs(&layers!((1, 3), (1, 0), Tanh, MaxPool2d, 1, Relu), "conv: expected Conv2d(input = [1, 6, 6], ");
    differs(&layers!((1, 3), (0, 1), Sigmoid, MaxPool2d, 1, Relu), "tanh_1.table: expected ");
    differs(&layers!((1, 3), (0, 1), Tanh, MaxPool2d, 0, Relu), "depthwise: expected DepthwiseConv2d(");
    differs(&layers!((1, 3), (0, 1), Tanh, MaxPool2d, 1, Relu6), "depthwise: expected DepthwiseConv2d(");
    differs(
        &file_of! {
            conv: Conv2d(4, kernel = (1, 3), padding = (0, 1)), tanh_1: Sigmoid, pool: MaxPool2d(2),
            depthwise: DepthwiseConv2d(kernel = 3, padding = 1), Relu, GlobalAvgPool, out: Dense(2)
        },
        "tanh_1: expected Tanh(shape = [4, 6, 6]), found Sigmoid(shape = [4, 6, 6])",
    );
    differs(
        &file_of! {
            conv: Conv2d(4, kernel = (1, 3), padding = (0, 1)), Tanh, pool: MaxPool2d(3, stride = 3),
            depthwise: DepthwiseConv2d(kernel = 3, padding = 1), Relu, GlobalAvgPool, out: Dense(2)
        },
        "pool: expected MaxPool2d(",
    );
    differs(
        &file_of! {
            conv: Conv2d(4, kernel = (1, 3), padding = (0, 1)), Tanh, pool: MaxPool2d(2),
            depthwise: DepthwiseConv2d(kernel = 3, padding = 1), Relu, GlobalMaxPool, out: Dense(2)
        },
        "global_avg_pool_1: expected ",
    );
}

#[test]
fn differences_are_named() {
    let bytes = small().to_bytes();
    for (from, to, message) in [
        (r#"content":"int8""#, r#"content":"int9""#, "file: expected an int8 network, found `int9`"),
        (r#"format":"1""#, r#"format":"2""#, "fnn.format: expected `1`, found `2`"),
        (r#""fnn.format""#, r#""fnn.fermat""#, "fnn.format: expected `1`, found none"),
        (r#"":"native""#, r#"":"octave""#, "fnn.arithmetic: expected `native`, found `octave`"),
        ("conv.bias", "conv.boas", "conv.bias: expected I32 of shape [3], found none"),
        (
            "out.weight.padding",
            "out.weight.pudding",
            "out.weight.pudding: expected no tensor of this name, found one of shape [1]",
        ),
        (r#""conv.weight":{"dtype":"I8""#, r#""conv.weight":{"dtype":"U8""#, "conv.weight: expected I8, found U8"),
        ("[3,1,3,1]", "[3,1,1,3]", "conv.weight: expected [3, 1, 3, 1], found [3,1,1,3]"),
        (
            "stride = [2, 1]",
            "stride = [1, 1]",
            "conv: expected Conv2d(input = [1, 5, 4], output = [3, 2, 4], \
          kernel = [3, 1], stride = [2, 1], before = [0, 0], after = [0, 0], dilation = [1, 1]), Relu, found Conv2d(input = [1, 5, 4], \
          output = [3, 2, 4], kernel = [3, 1], stride = [1, 1], before = [0, 0], after = [0, 0], dilation = [1, 1]), Relu",
        ),
    ] {
        assert_eq!(refused(&replaced(&bytes, from, to)).as_deref(), Some(message));
    }
}

/// Tensors in another order, as other programs write them, are the same network, but not where it lies.
#[test]
fn tensors_in_another_order_are_loaded() {
    network! {
        #[quantizable]
        struct Two: [2] -> [1] { Dense(1) }
    }
    let network = Two::seeded(1).quantize(&[[1.0, -1.0]]).unwrap();
    let bytes = network.to_bytes();
    let (start, end) = (bytes.len() - Quantized::<Two>::FLASH, bytes.len());
    let header = std::str::from_utf8(&bytes[8..start]).unwrap().trim_end();
    // The four numbers of inputs and outputs, 16 bytes, behind the others.
    let data = [&bytes[start + 16..end], &bytes[start..start + 16]].concat();
    let length = data.len();
    let moved = |offset: usize| (offset + length - 16) % length;
    let mut text = String::new();
    for (index, piece) in header.split(r#""data_offsets":["#).enumerate() {
        if index == 0 {
            text += piece;
            continue;
        }
        let (offsets, rest) = piece.split_once(']').unwrap();
        let (begin, end) = offsets.split_once(',').unwrap();
        let (begin, end): (usize, usize) = (begin.parse().unwrap(), end.parse().unwrap());
        text += &format!(r#""data_offsets":[{},{}]{rest}"#, moved(begin), moved(begin) + end - begin);
    }
    let (_, checksum) = text.split_once(r#""fnn.checksum":""#).unwrap();
    let found = file_error::<Two>(&assembled(&text, &data));
    // The reader says which checksum the data has.
    let right = &found.split(", found ").nth(1).unwrap()[..8];
    let text = text.replace(&checksum[..8], right);
    let file = assembled(&text, &data);
    assert_eq!(*Quantized::<Two>::load_from_bytes(&file).unwrap(), network);
    Aligned::with(&file, 0, |file| {
        let error = Quantized::<Two>::read(file).unwrap_err().to_string();
        let length = data.len();
        let expected = format!("data from {} to {}", length - 16, length - 12);
        assert_eq!(error, format!("network-input.scale: expected data from 0 on, as in memory, found {expected}"));
    });
}

fn assembled(header: &str, data: &[u8]) -> Vec<u8> {
    let padded = format!("{header:<0$}", (header.len() + 8).next_multiple_of(16) - 8);
    [&(padded.len() as u64).to_le_bytes()[..], padded.as_bytes(), data].concat()
}

fn file_error<N: fnn::quantized::Quantize>(bytes: &[u8]) -> String {
    Quantized::<N>::load_from_bytes(bytes).unwrap_err().to_string()
}

#[test]
fn foreign_files_are_refused() {
    assert_eq!(
        refused(&{
            let path = std::env::temp_dir().join(format!("fnn-quantized-float-{}.safetensors", std::process::id()));
            fnn::Network::save(&Small::seeded(1), &path).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(path).unwrap();
            bytes
        })
        .unwrap(),
        "file: expected an int8 network, found the weights of a network"
    );
    for bytes in [&b""[..], b"GGUF\x03\0\0\0\0\0\0\0", b"\x1c\0\0\0TFL3\x14\0\x20\0", &[0; 64], &[255; 64]] {
        assert!(refused(bytes).is_some());
    }
}

network! {
    #[quantizable]
    struct Xor: [2] -> [1] {
        hidden: Dense(8),
        Tanh,
        logit: Dense(1),
    }
}

static XOR: Quantized<Xor> = include_quantized!("../src/quantized/xor.int8" as Xor);

#[test]
fn an_embedded_network_is_the_one_in_the_file() {
    assert_eq!(*Quantized::<Xor>::load("src/quantized/xor.int8").unwrap(), XOR);
    for (input, positive) in [([0.0, 0.0], false), ([0.0, 1.0], true), ([1.0, 0.0], true), ([1.0, 1.0], false)] {
        assert_eq!(XOR.forward(&input)[0] > 0.0, positive);
    }
}
