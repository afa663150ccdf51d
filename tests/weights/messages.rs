//! The errors for a wrong file: complete, with names, and with control characters escaped.

use std::fs;

use super::{HEADER, Small, file, path};
use fnn::weights::LoadOptions;
use fnn::{Error, Network};

fn error(bytes: &[u8]) -> String {
    Small::load_from_bytes(bytes).unwrap_err().to_string()
}

/// The error for a file whose header has `to` instead of `from`.
fn changed(from: &str, to: &str) -> String {
    assert!(HEADER.contains(from));
    error(&file(&HEADER.replacen(from, to, 1), 48))
}

#[test]
fn a_mistake_is_named() {
    assert!(Small::load_from_bytes(&file(HEADER, 48)).is_ok());
    assert_eq!(
        changed("hidden.bias", "hidden.weight"),
        "hidden.weight: expected a single tensor for this array, found a second one\n\
         hidden.bias: expected a tensor of shape [3], found none"
    );
    assert_eq!(changed("[1,3]", "[3, 1]"), "out.weight: expected [1, 3], found [3, 1] (transposed?)");
    assert_eq!(changed("[1,3]", "[1,2]"), "out.weight: expected [1, 3], found [1,2]");
    assert_eq!(changed("[1,3]", "[1,3,1,1,1]"), "out.weight: expected [1, 3], found [1,3,1,1,1]");
    assert_eq!(changed("[3]", "[]"), "hidden.bias: expected [3], found []");
    assert_eq!(changed("F32", "F64"), "hidden.weight: expected F32, found F64 (the option `convert` accepts it)");
    assert_eq!(changed("F32", "I8"), "hidden.weight: expected F32, found I8");
    assert_eq!(changed("0,24", "0,28"), "hidden.weight: expected 24 bytes, found data from 0 to 28");
    assert_eq!(changed("0,24", "24,0"), "hidden.weight: expected 24 bytes, found data from 24 to 0");
    assert_eq!(changed("24,36", "12,24"), "data: expected a tensor at offset 24, found none");
    assert_eq!(
        changed("36,48", "18446744073709551603,18446744073709551615"),
        "out.weight: expected data within 48 bytes, found its end at 18446744073709551615"
    );
    assert_eq!(changed("48", "18446744073709551616"), "header: expected an integer below 2^64, found `1` at byte 205");
    assert_eq!(changed("[3,2]", "[03,2]"), "header: expected an integer, found `0` at byte 41");
    assert_eq!(changed("[0,24]", "[0]"), "header: expected two offsets, found `[` at byte 61");
    assert_eq!(
        changed("dtype", "type"),
        "header: expected one each of `dtype`, `shape` and `data_offsets`, found `\"` at byte 18"
    );
    assert_eq!(changed("}}", "}"), "header: expected `,` or `}`, found the end at byte 209");
    assert_eq!(changed("}}", "}}}"), "header: expected the end of the header, found `}` at byte 210");
    assert_eq!(changed("{", ""), "file: expected a safetensors file, found a file of another kind");
    assert_eq!(error(&file(HEADER, 47)), "data: expected 48 bytes, found 47");
    assert_eq!(error(&file(HEADER, 49)), "data: expected 48 bytes, found 49");
    assert_eq!(error(b"1234567"), "header: expected 8 bytes with its length, found 7");
    assert_eq!(
        error(b"\x0c\0\0\0\0\0\0\0{\"cut off"),
        "header: expected 12 bytes, the length in the first 8 bytes, found 9"
    );
    assert_eq!(
        error(b"\xff\xff\xff\xff\xff\xff\xff\xff{\"too long"),
        "header: expected at most 100000000 bytes, found 18446744073709551615"
    );
    assert_eq!(error(&file("{\"\u{fc}", 0)), "header: expected the end of a string, found the end at byte 4");
    assert_eq!(error(b"\x02\0\0\0\0\0\0\0{\xff"), "header: expected text in UTF-8, found 255 as byte 1");
}

#[test]
fn all_mismatches_are_told_at_once() {
    let header = r#"{"fc1.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]},
        "hidden.bias":{"dtype":"BF16","shape":[3],"data_offsets":[24,30]},
        "out.weight":{"dtype":"F32","shape":[3,1],"data_offsets":[30,42]}}"#;
    assert_eq!(
        error(&file(header, 42)),
        "fc1.weight: expected no tensor of this name, found one of shape [3,2]\n\
         hidden.bias: expected F32, found BF16 (the option `convert` accepts it)\n\
         out.weight: expected [1, 3], found [3,1] (transposed?)\n\
         hidden.weight: expected a tensor of shape [3, 2], found none"
    );
    let path = path("mismatches.safetensors");
    fs::write(&path, file(header, 42)).unwrap();
    let error = Small::load(&path).unwrap_err();
    let Error::Weights { mismatches, more: 0, .. } = &error else { panic!("{error}") };
    assert_eq!(
        (&*mismatches[2].field, &*mismatches[2].expected, &*mismatches[2].found),
        ("out.weight", "[1, 3]", "[3,1] (transposed?)")
    );
    assert_eq!(mismatches[3].field, "hidden.weight");
    assert!(error.to_string().starts_with(&format!("{}: 4 tensors differ from the network's\n  fc1", path.display())));

    // A file with many other tensors still has a short message.
    let entries = (0..1000).map(|tensor| format!(r#""t{tensor}":{{"dtype":"F32","shape":[],"data_offsets":[0,0]}}"#));
    let header = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
    fs::write(&path, file(&header, 0)).unwrap();
    let error = Small::load(&path).unwrap_err().to_string();
    assert!(error.ends_with("found one of shape []\n  and 971 more"), "{error}");
    assert_eq!(error.lines().count(), 34);
    let error = self::error(&file(&header, 0));
    assert!(error.ends_with("found one of shape []\nand 971 more"), "{error}");
}

#[test]
fn a_name_is_compared_to_its_end() {
    for name in ["hidden.bias.", "hidden.bias.x", "hidden.bia", "hidden.", "hidden", ".hidden.bias", "hidden..bias", ""]
    {
        assert_eq!(
            changed("hidden.bias", name),
            format!(
                "{name}: expected no tensor of this name, found one of shape [3]\n\
                 hidden.bias: expected a tensor of shape [3], found none"
            )
        );
    }
    // The names of a single layer don't start with a dot.
    let names = |weight: &str| {
        file(
            &format!(
                r#"{{"{weight}":{{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}},"bias":{{"dtype":"F32","shape":[1],
                "data_offsets":[4,8]}}}}"#
            ),
            8,
        )
    };
    type Layer = fnn::layers::Dense<1, 1>;
    assert!(Layer::load_from_bytes(&names("weight")).is_ok());
    assert!(Layer::load_from_bytes(&names("weight.")).is_err());
}

#[test]
fn an_array_of_no_numbers_may_be_missing_but_not_lie_elsewhere() {
    #[derive(fnn::Parameters)]
    #[repr(C)]
    struct Gain<S: fnn::Scalar> {
        nothing: [S; 0],
        gain: [S; 1],
    }
    let read = |entry: &str| {
        let header = format!(r#"{{{entry}"gain":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#);
        let mut bytes = file(&header, 0);
        bytes.extend(9f32.to_le_bytes());
        let mut weights = Gain { nothing: [], gain: [1f32] };
        let read = LoadOptions::new().read(&mut weights, &bytes).map_err(|error| error.to_string());
        assert_eq!(weights.gain[0], if read.is_ok() { 9.0 } else { 1.0 });
        read
    };
    assert!(read("").is_ok());
    assert!(read(r#""nothing":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"#).is_ok());
    assert_eq!(
        read(r#""nothing":{"dtype":"F32","shape":[0],"data_offsets":[8,8]},"#).unwrap_err(),
        "nothing: expected data within 4 bytes, found its end at 8"
    );
}

#[test]
fn names_are_printed_escaped() {
    let error = changed("hidden.bias", "a\u{202e}b\u{7f}\u{1f980}é");
    assert!(error.starts_with("a\\u{202e}b\\u{7f}\\u{1f980}\\u{e9}: expected"), "{error}");
    let error = changed("F32", "\u{202e}");
    assert_eq!(error, "hidden.weight: expected F32, found \\u{202e}");
}

#[test]
fn weights_that_are_not_finite_are_told_by_name_and_place() {
    let with = |index: usize, weight: f32| {
        let mut bytes = file(HEADER, 48);
        let start = bytes.len() - 48 + 4 * index;
        bytes[start..start + 4].copy_from_slice(&weight.to_le_bytes());
        bytes
    };
    assert_eq!(error(&with(3, f32::NAN)), "hidden.weight: expected finite numbers, found NaN at [1, 1]");
    assert_eq!(error(&with(8, f32::INFINITY)), "hidden.bias: expected finite numbers, found inf at [2]");
    assert_eq!(error(&with(10, f32::NEG_INFINITY)), "out.weight: expected finite numbers, found -inf at [0, 1]");
    assert!(Small::load_from_bytes(&with(10, f32::MAX)).is_ok());
}

#[test]
fn metadata_say_what_a_file_holds() {
    let with = |metadata: &str| file(&HEADER.replacen('{', &format!(r#"{{"__metadata__":{{{metadata}}},"#), 1), 48);
    assert!(Small::load_from_bytes(&with(r#""fnn.content":"weights","fnn.convention":"pytorch""#)).is_ok());
    assert!(Small::load_from_bytes(&with(r#""content":"a checkpoint of somebody else's""#)).is_ok());
    for (metadata, expected) in [
        (r#""fnn.content":"checkpoint""#, "file: expected the weights of a network, found a training checkpoint"),
        (r#""fnn.content":"int8""#, "file: expected the weights of a network, found an int8 network"),
        (r#""fnn.content":"ü""#, "file: expected the weights of a network, found `\\u{fc}`"),
        (r#""fnn.convention":"keras""#, "file: expected arrays in the convention `pytorch`, found `keras`"),
    ] {
        assert_eq!(error(&with(metadata)), expected);
    }
}

/// A firmware builds without optimization, too, and its stack is small.
#[test]
fn an_error_is_printed_on_a_small_stack() {
    let texts = || {
        let mut texts = [HEADER.replace("1,3", "1,2"), HEADER.replace("F32", "F64"), HEADER.replace("out", "\u{202e}")]
            .map(|header| error(&file(&header, 48)))
            .to_vec();
        texts.extend([error(b"1234567"), error(&file(HEADER, 47))]);
        texts
    };
    let printed = std::thread::Builder::new().stack_size(32 * 1024).spawn(texts).unwrap().join().unwrap();
    assert_eq!(printed, texts());
    assert_eq!(printed[0], "out.weight: expected [1, 3], found [1,2]");
}

#[test]
fn a_file_s_error_names_the_file() {
    let path = path("wrong.safetensors");
    fs::write(&path, file(HEADER, 40)).unwrap();
    let error = Small::load(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: data: expected 48 bytes, found 40", path.display()));
    let Error::Weights { mismatches, .. } = &error else { panic!("{error}") };
    assert_eq!(mismatches[0].field, "data");
    assert!(matches!(Small::load("no such file").unwrap_err(), Error::File { .. }));
}
