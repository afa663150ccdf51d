//! The IDX reader on valid, truncated, corrupt and malicious files.

#![cfg(feature = "std")]

#[path = "idx/check.rs"]
mod check;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::path::Path;

use approx::assert_abs_diff_eq;
use check::{check, write};
use flate2::{Compression, write::GzEncoder};
use fnn::data::{Idx, Mnist};
use fnn::{Error, Random};

/// Two samples of two rows of three bytes.
const DIMENSIONS: [usize; 3] = [2, 2, 3];
const ELEMENTS: [u8; 12] = [0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6];

fn small() -> Vec<u8> {
    write(&DIMENSIONS, &ELEMENTS)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap()
}

/// The reader's error for `bytes`.
fn message(bytes: &[u8]) -> String {
    Idx::parse("digits", bytes).expect_err("a damaged file").to_string()
}

#[test]
fn reads_a_file_gzipped_or_not() {
    for file in [small(), gzip(&small())] {
        let idx = Idx::parse("digits", &file[..]).unwrap();
        assert_eq!((idx.path.as_path(), &idx.dimensions[..]), (Path::new("digits"), &DIMENSIONS[..]));
        assert_eq!(idx.bytes, ELEMENTS);
        let rows = idx.images::<[[[f64; 3]; 2]; 1]>().unwrap();
        assert_eq!(rows[0], [[[0.0, 0.2, 0.4], [0.6, 0.8, 1.0]]]);
        let flat = idx.images::<[f64; 6]>().unwrap();
        assert_eq!(flat.as_flattened(), rows.as_flattened().as_flattened().as_flattened());
    }
}

#[test]
fn a_file_cut_at_any_byte_is_an_error() {
    for file in [small(), gzip(&small())] {
        for length in 0..file.len() {
            check(&file[..length]);
            assert!(message(&file[..length]).starts_with("digits: "), "cut to {length} bytes");
        }
    }
}

#[test]
fn any_other_byte_in_the_header_is_an_error() {
    let header = small().len() - ELEMENTS.len();
    for index in 0..header {
        for byte in 0..=255 {
            let mut file = small();
            if file[index] == byte {
                continue;
            }
            file[index] = byte;
            check(&file);
            assert!(Idx::parse("digits", &file[..]).is_err(), "byte {index} is {byte}");
        }
    }
}

#[test]
fn a_damaged_gzip_stream_is_never_read_as_something_else() {
    let whole = gzip(&small());
    let mut refused = 0;
    for index in 0..whole.len() {
        for bit in 0..8 {
            let mut file = whole.clone();
            file[index] ^= 1 << bit;
            check(&file);
            // Not all bits matter: gzip has a date and padding.
            match Idx::parse("digits", &file[..]) {
                Ok(idx) => assert_eq!((&idx.dimensions[..], &idx.bytes[..]), (&DIMENSIONS[..], &ELEMENTS[..])),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 4 * whole.len(), "only {refused} damages were seen");
}

#[test]
fn errors_name_the_field_and_both_values() {
    let with = |index: usize, byte| {
        let mut file = small();
        file[index] = byte;
        file
    };
    let plain = small();
    let cases: [(&[u8], &str); 13] = [
        (&[], "magic number: expected 4 bytes, found 0"),
        (&plain[..3], "magic number: expected 4 bytes, found 3"),
        (&with(1, 9), "magic number: expected two zero bytes, found 0x00 0x09"),
        (&with(2, 13), "element type: expected 8 (unsigned bytes), found 13 (32-bit floating-point numbers)"),
        (&with(2, 7), "element type: expected 8 (unsigned bytes), found 7 (unknown type)"),
        (&with(3, 0), "number of dimensions: expected at least 1, found 0"),
        (&plain[..11], "dimensions: expected 12 bytes, found 7"),
        (&plain[..27], "elements: expected 12 bytes, found 11"),
        (&[plain.as_slice(), &[7, 7]].concat(), "elements: expected 12 bytes, found 13 or more"),
        (&gzip(&plain)[..30], "gzip stream: expected a complete stream, found an early end"),
        (&gzip(&plain[..20]), "elements: expected 12 bytes, found 4"),
        (&[&[0, 0, 8, 3][..], &[255; 12]].concat(), "a product below 2^64, found [4294967295, 4294967295, 4294967295]"),
        (&[&[0, 0, 8, 2][..], &[255; 8]].concat(), "elements: expected 18446744065119617025 bytes, found 0"),
    ];
    for (file, expected) in cases {
        assert!(message(file).contains(expected), "{}", message(file));
    }
    assert!(matches!(Idx::parse("digits", &[0; 4][..]), Err(Error::Format { field, .. }) if *field == *"element type"));
    assert!(message(&[gzip(&plain), vec![1, 2, 3]].concat()).contains("gzip stream"));
}

#[test]
fn samples_and_labels_must_be_what_they_are_read_as() {
    let images = Idx::parse("digits", &small()[..]).unwrap();
    let error = images.images::<[f32; 5]>().unwrap_err().to_string();
    assert_eq!(error, "digits: dimensions: expected samples of 5 elements, as [5], found [2, 2, 3]");
    let error = images.labels(10).unwrap_err().to_string();
    assert_eq!(error, "digits: dimensions: expected one dimension for labels, found [2, 2, 3]");

    let labels = Idx::parse("labels", &write(&[4], &[0, 9, 10, 3])[..]).unwrap();
    assert_eq!(labels.labels(11).unwrap(), [0, 9, 10, 3]);
    let error = labels.labels(10).unwrap_err().to_string();
    assert_eq!(error, "labels: label: expected a class below 10, found 10 for sample 2");
}

#[test]
fn an_array_without_samples_is_read_and_samples_without_elements_are_an_error() {
    let none = Idx::parse("digits", &write(&[0, 2, 3], &[])[..]).unwrap();
    assert_eq!(none.images::<[f32; 6]>().unwrap(), [[0.0; 6]; 0]);
    let empty = Idx::parse("digits", &write(&[3, 0], &[])[..]).unwrap();
    let error = empty.images::<[f32; 0]>().unwrap_err().to_string();
    assert_eq!(error, "digits: dimensions: expected samples of at least one element, found [0]");
    assert!(empty.images::<[f32; 6]>().is_err());
}

#[test]
fn a_hostile_file_gets_no_memory() {
    let huge_header = write(&[0xffff_ffff, 0x7fff_ffff], &[1, 2, 3]);
    let bomb = gzip(&write(&[10], &vec![0; 4 << 20]));
    assert!(bomb.len() < 8 << 10);
    for file in [&huge_header, &gzip(&huge_header), &bomb] {
        LARGEST.set(0);
        assert!(Idx::parse("bomb", &file[..]).is_err());
        let largest = LARGEST.get();
        assert!(largest > 0 && largest < 128 << 10, "{largest} bytes asked for at once");
    }
}

#[test]
fn thousands_of_mutations_end_in_an_array_or_an_error() {
    let seeds = [small(), gzip(&small()), write(&[12], &ELEMENTS), gzip(&write(&[1, 6], &ELEMENTS[..6]))];
    let mut random = Random::new(1);
    let mut read = 0;
    for round in 0..8_000 {
        let mut file = seeds[round % seeds.len()].clone();
        for _ in 0..=random.below(4) {
            let index = random.below(file.len().max(1));
            // Small numbers and the ends of the range get further into the reader than random ones.
            let byte = [0, 1, 2, 3, 6, 8, 12, 255][random.below(8)];
            match random.below(6) {
                0 => file.truncate(index),
                1 => file.insert(index, byte),
                2 => file.extend_from_within(..file.len().min(index)),
                3 => drop(file.splice(file.len().min(index)..file.len().min(index + 4), [byte])),
                4 => file.iter_mut().skip(index).take(1).for_each(|old| *old = random.next_u64() as u8),
                _ => file.iter_mut().skip(index).take(1).for_each(|old| *old = byte),
            }
        }
        check(&file);
        read += usize::from(Idx::parse("file", &file[..]).is_ok());
    }
    assert!(read > 100, "only {read} mutations could be read, so that little was checked");
}

#[test]
fn missing_files_and_unequal_numbers_are_named() {
    let folder = std::env::temp_dir().join(format!("fnn-idx-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let error = Mnist::<[f32; 784]>::read(&folder).unwrap_err();
    assert!(matches!(&error, Error::File { path, .. } if path.ends_with("train-labels-idx1-ubyte.gz")), "{error}");

    std::fs::write(folder.join("train-labels-idx1-ubyte"), write(&[3], &[1, 2, 3])).unwrap();
    std::fs::write(folder.join("train-images-idx3-ubyte.gz"), gzip(&write(&[2, 2, 3], &ELEMENTS))).unwrap();
    let error = Mnist::<[f32; 6]>::read(&folder).unwrap_err().to_string();
    assert!(error.ends_with("train-labels-idx1-ubyte: number of labels: expected 2, one for each image, found 3"));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Known facts about MNIST: the count of each digit, the first labels, mean and standard deviation of the pixels.
#[test]
fn reads_mnist() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    let Mnist { train, test } = Mnist::<[[[f32; 28]; 28]; 1]>::read(folder).unwrap();
    let count = |labels: &[usize]| std::array::from_fn(|digit| labels.iter().filter(|&&label| label == digit).count());
    assert_eq!(count(train.targets()), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    assert_eq!(count(test.targets()), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    assert_eq!(train.targets()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(test.targets()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);

    let pixels = train.inputs().as_flattened().as_flattened().as_flattened();
    let number = pixels.len() as f64;
    let mean = pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / number;
    let variance = pixels.iter().map(|&pixel| (f64::from(pixel) - mean).powi(2)).sum::<f64>() / number;
    assert_abs_diff_eq!(mean, 0.1307, epsilon = 5e-5);
    assert_abs_diff_eq!(variance.sqrt(), 0.3081, epsilon = 5e-5);
}

thread_local! {
    /// The largest allocation that this thread has requested.
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// The system allocator, which records the largest request.
struct Noting;

#[global_allocator]
static ALLOCATOR: Noting = Noting;

// SAFETY: every call is forwarded to the system allocator.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(size)));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}
