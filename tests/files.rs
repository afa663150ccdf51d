//! Readers of files: NumPy's arrays and archives, IDX, fixed records, CSV and images; what they read, and what they refuse.
//!
//! `tests/fixtures/readers.py` wrote the files of `tests/fixtures/readers`, with NumPy and Pillow.

#![cfg(feature = "std")]

#[cfg(feature = "csv")]
#[path = "files/csv.rs"]
mod csv;
#[cfg(feature = "images")]
#[path = "files/images.rs"]
mod images;

use std::fs;
use std::path::{Path, PathBuf};

use fnn::data::{ArrayFile, Idx, Labels, NumberType, ReadNumber, RecordFile, Source};
use fnn::{Error, Random};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/readers").join(name)
}

/// A file of the test's own.
fn file(name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[track_caller]
fn refused<T>(result: Result<T, Error>, path: &Path, message: &str) {
    let Err(error) = result else { panic!("{}: not refused", path.display()) };
    assert_eq!(error.to_string(), format!("{}: {message}", path.display()));
}

/// The numbers of `readers.py`.
fn numbers() -> Vec<[[f64; 2]; 2]> {
    (0..6).map(|k| [[4 * k, 4 * k + 1], [4 * k + 2, 4 * k + 3]].map(|row| row.map(f64::from))).collect()
}

#[test]
fn arrays_of_numpy_have_its_numbers() {
    let quarters: Vec<_> = numbers().iter().map(|sample| sample.map(|row| row.map(|x| x / 4.0))).collect();
    assert_eq!(ArrayFile::<[[f64; 2]; 2]>::npy(fixture("f4.npy")).unwrap().read_all().unwrap(), quarters);
    let flat = ArrayFile::<[f32; 4]>::npy(fixture("f8.npy")).unwrap();
    assert_eq!(flat.read_all().unwrap()[5], [5.0, 5.25, 5.5, 5.75]);
    let shifted = ArrayFile::<[[f64; 2]; 2]>::npy(fixture("i2.npy")).unwrap().divided_by(2.0).read_all().unwrap();
    assert_eq!((shifted[0], shifted[5]), ([[-6.0, -5.5], [-5.0, -4.5]], [[4.0, 4.5], [5.0, 5.5]]));
    let thirds = ArrayFile::<[u8; 4]>::npy(fixture("bool.npy")).unwrap().read_all().unwrap();
    assert_eq!(thirds[..2], [[1, 0, 0, 1], [0, 0, 1, 0]]);
    let classes = ArrayFile::<usize>::npy(fixture("classes.npy")).unwrap();
    assert_eq!((classes.len(), classes.read_all().unwrap()), (6, vec![0, 2, 1, 1, 0, 2]));

    let data = flat.with_targets(classes).unwrap();
    let mut input = [0.0; 4];
    assert_eq!(data.read(1, &mut Random::new(0), &mut input).unwrap(), 2);
    assert_eq!(input, [1.0, 1.25, 1.5, 1.75]);
    let error = data.read(6, &mut Random::new(0), &mut input).unwrap_err().to_string();
    assert_eq!(error, "index of a sample: expected an index below the number of samples, found 6 of 6");
}

#[test]
fn arrays_that_cannot_be_read_are_refused_with_the_reason() {
    let npy = |name: &str, message: &str| refused(ArrayFile::<[f32; 4]>::npy(fixture(name)), &fixture(name), message);
    let code = "descr: expected the code of a little-endian number, such as `<f4`, found";
    npy("big_endian.npy", &format!("{code} `>f4`"));
    npy("complex.npy", &format!("{code} `<c8`"));
    npy("text.npy", &format!("{code} `<U1`"));
    npy("fortran.npy", "fortran_order: expected `False` (C order), found `True, 'shape': (6, 2, 2), }`");
    npy("scalar.npy", "dimensions: expected at least one, found none");
    npy("classes.npy", "dimensions: expected samples of 4 elements, as [4], found [6]");
    let path = fixture("i2.npy");
    let error = ArrayFile::<[usize; 4]>::npy(&path).unwrap().read_all();
    refused(error, &path, "sample 0: expected a whole number that is a `usize`, found -12");
    let missing = ArrayFile::<[f32; 4]>::npy("no such file").unwrap_err();
    assert!(matches!(missing, Error::File { .. }));
    let six = ArrayFile::<usize>::npy(fixture("classes.npy")).unwrap();
    let one = ArrayFile::<[f32; 24]>::raw(file("one", [0; 96]), NumberType::F32).unwrap();
    let error = one.with_targets(six).unwrap_err().to_string();
    assert_eq!(error, "the data set: expected one target for each input, found 1 inputs and 6 targets");
}

/// Cut and damaged files are errors, and never more: each byte of the header is changed, and the file cut at each byte.
#[test]
fn damaged_arrays_are_refused() {
    let whole = fs::read(fixture("f4.npy")).unwrap();
    for length in 0..whole.len() {
        let path = file("cut.npy", &whole[..length]);
        let error = ArrayFile::<[f32; 4]>::npy(&path).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}: ", path.display())), "{error}");
    }
    let mut random = Random::new(1);
    for at in 0..128 {
        for _ in 0..2 {
            let mut damaged = whole.clone();
            damaged[at] = random.next_u64() as u8;
            let path = file("damaged.npy", &damaged);
            if let Ok(array) = ArrayFile::<[f32; 4]>::npy(&path) {
                assert!(array.len() == 6 && array.read_all().is_ok());
            }
        }
    }
    let text = |text: &str| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        file("text.npy", bytes)
    };
    for (header, message) in [
        ("", "descr: expected the code of a little-endian number, such as `<f4`, found nothing"),
        ("{'descr': '<f4'}", "fortran_order: expected `False` (C order), found nothing"),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4)}",
            "shape: expected a tuple of whole numbers, found `-3, 4`",
        ),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
            "elements: expected fewer than 2^64 bytes, found 0",
        ),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (9, 18446744073709551615, 4)}",
            "dimensions: expected samples of 4 elements, as [4], found [9, 18446744073709551615, 4]",
        ),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)}", "elements: expected 32 bytes, found 0"),
    ] {
        let path = text(header);
        refused(ArrayFile::<[f32; 4]>::npy(&path), &path, message);
    }
    let path = text("{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976, 0)}");
    refused(
        ArrayFile::<[f32; 0]>::npy(&path),
        &path,
        "dimensions: expected samples of at least one element, found [0]",
    );
    let path = file("magic.npy", b"\x93NUMPZ\x01\x00");
    refused(ArrayFile::<[f32; 4]>::npy(&path), &path, r"magic number: expected `\x93NUMPY`, found `\x93NUMPZ`");
    let path = file("version.npy", b"\x93NUMPY\x04\x00");
    refused(ArrayFile::<[f32; 4]>::npy(&path), &path, "version: expected 1.0, 2.0 or 3.0, found 4.0");
    let path = file("long.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff");
    refused(ArrayFile::<[f32; 4]>::npy(&path), &path, "header length: expected at most 10000 bytes, found 4294967295");
}

#[test]
fn idx_files_are_read_as_in_memory() {
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2];
    bytes.extend([0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6]);
    let path = file("pictures.idx", &bytes);
    let in_memory = Idx::read(&path).unwrap().images::<[f32; 4]>().unwrap();
    let array = ArrayFile::<[f32; 4]>::idx(&path).unwrap().divided_by(255.0);
    assert_eq!(array.read_all().unwrap(), in_memory);
    assert_eq!(format!("{array:?}"), format!("ArrayFile {{ path: {path:?}, samples: 3, number: U8, .. }}"));
    for (bytes, message) in [
        (&bytes[..27], "elements: expected 12 bytes, found 11"),
        (&bytes[..9], "dimensions: expected 12 bytes, found 5"),
        (&[0x1f, 0x8b, 8, 0][..], "magic number: expected an uncompressed file, found a gzip stream"),
        (
            &[0, 0, 13, 1, 0, 0, 0, 0],
            "element type: expected 8 (unsigned bytes), found 13 (32-bit floating-point numbers)",
        ),
    ] {
        let path = file("damaged.idx", bytes);
        refused(ArrayFile::<[f32; 4]>::idx(&path), &path, message);
    }
    bytes.push(0);
    let path = file("longer.idx", &bytes);
    refused(ArrayFile::<[f32; 4]>::idx(&path), &path, "elements: expected 12 bytes, found 13");
}

#[test]
fn numbers_without_a_header_must_be_whole_samples() {
    let path = file("raw", [0; 33]);
    refused(
        ArrayFile::<[f32; 4]>::raw(&path, NumberType::F32),
        &path,
        "size: expected samples of 16 bytes, found 33 bytes",
    );
    let path = file("empty", []);
    let empty = ArrayFile::<[f32; 4]>::raw(&path, NumberType::F64).unwrap();
    assert!(empty.is_empty() && empty.read_all().unwrap().is_empty());
    // More than a block at once.
    let bytes: Vec<u8> = (0..2 * 9001u32).flat_map(|x| (x as f32).to_le_bytes()).collect();
    let large = ArrayFile::<[f32; 9001]>::raw(file("large", bytes), NumberType::F32).unwrap();
    let mut sample = Box::new([0.0; 9001]);
    large.read(1, &mut sample).unwrap();
    assert!(sample.iter().enumerate().all(|(at, &x)| x == (9001 + at) as f32));
    fn is_number<E: ReadNumber>() {}
    is_number::<usize>();
}

#[test]
fn records_are_decoded_in_any_order() {
    let decode = |record: &[u8], input: &mut [f32; 2]| {
        let &[class, a, b] = record else { return Err(Error::other("three bytes")) };
        *input = [a.into(), b.into()];
        if class > 9 { Err(Error::other(format!("class {class}"))) } else { Ok(usize::from(class)) }
    };
    let path = file("records", [9, 9, 1, 10, 20, 2, 30, 40, 77, 0, 0]);
    let records = RecordFile::open(&path, 2, 3, decode).unwrap();
    let mut input = [0.0; 2];
    let mut random = Random::new(0);
    assert_eq!((records.len(), records.read(1, &mut random, &mut input).unwrap(), input), (3, 2, [30.0, 40.0]));
    assert_eq!((records.read(0, &mut random, &mut input).unwrap(), input), (1, [10.0, 20.0]));
    assert_eq!(records.read(2, &mut random, &mut input).unwrap_err().to_string(), "class 77");
    assert!(records.read(3, &mut random, &mut input).is_err());
    for (header, record) in [(0, 3), (12, 1), (11, 0)] {
        let message =
            format!("size: expected a header of {header} bytes, and records of {record} bytes, found 11 bytes");
        refused(RecordFile::open(&path, header, record, decode), &path, &message);
    }
    // It becomes shorter while it is open.
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(6).unwrap();
    assert!(matches!(records.read(2, &mut random, &mut input), Err(Error::File { .. })));
}

#[test]
fn labels_are_saved_and_loaded() {
    let labels = Labels::new(["Adélie", "Chinstrap penguin", "Gentoo"]).unwrap();
    let path = file("labels.txt", "");
    labels.save(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "Adélie\nChinstrap penguin\nGentoo\n");
    assert_eq!(Labels::load(&path).unwrap(), labels);
    assert_eq!((labels.name(3), labels.class("gentoo"), labels.to_string()), (None, None, labels.names().join(", ")));
    refused(Labels::<4>::load(&path), &path, "lines: expected 4 names of classes, found 3");
    // As an editor on Windows writes it.
    let marked = file("marked.txt", "\u{feff}Adélie\r\nChinstrap penguin\r\nGentoo");
    assert_eq!(Labels::load(&marked).unwrap(), labels);
    let path = file("twice.txt", "a\nb\na");
    refused(
        Labels::<3>::load(&path),
        &path,
        "line 3: expected a name of its own for each class, found `a`, as in line 1",
    );
    for (names, message) in [
        (["a", "a"], "a name of its own for each class, found `a` twice"),
        (["a", "b\nc"], r#"names without line breaks, found "b\nc""#),
    ] {
        assert_eq!(Labels::new(names).unwrap_err().to_string(), format!("labels: expected {message}"));
    }
}

#[cfg(feature = "npz")]
#[test]
fn archives_of_numpy_have_its_arrays() {
    use fnn::data::Npz;

    for name in ["stored.npz", "compressed.npz"] {
        let path = fixture(name);
        let mut archive = Npz::open(&path).unwrap();
        let mut names: Vec<_> = archive.names().map(str::to_owned).collect();
        names.sort();
        assert_eq!(names, ["classes", "scale", "x"]);
        let x = archive.array::<[f32; 4]>("x").unwrap();
        assert_eq!((x.len(), x[5]), (6, [5.0, 5.25, 5.5, 5.75]));
        assert_eq!(archive.array::<usize>("classes").unwrap(), [0, 2, 1, 1, 0, 2]);
        assert_eq!(archive.array::<f64>("scale").unwrap(), [0.5]);
        refused(archive.array::<f32>("y"), &path, "arrays: expected `y`, found `x`, `classes`, `scale`");
        let entry = path.join("x.npy");
        let message = "dimensions: expected samples of 3 elements, as [3], found [6, 2, 2]";
        refused(archive.array::<[f32; 3]>("x"), &entry, message);
        let message = "sample 0: expected a whole number that is a `usize`, found 0.25";
        refused(archive.array::<[usize; 4]>("x"), &entry, message);

        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            let path = file("cut.npz", &whole[..length]);
            assert!(Npz::open(&path).is_err(), "{length}");
        }
        let mut random = Random::new(1);
        for _ in 0..300 {
            let mut damaged = whole.clone();
            damaged[random.below(whole.len())] ^= 1 << random.below(8);
            let path = file("damaged.npz", &damaged);
            let Ok(mut archive) = Npz::open(&path) else { continue };
            if let Ok(found) = archive.array::<[f32; 4]>("x") {
                assert_eq!(found, x, "the checksum finds each change");
            }
        }
    }
    let path = file("no.npz", "no archive");
    let error = Npz::open(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: archive: expected a valid archive, found ", path.display())), "{error}");
}
