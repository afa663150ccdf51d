//! Runs the program of each chapter, and compares what it prints and draws with `book/figures/out`, which the book includes.
//!
//! `SNAPSHOTS=overwrite cargo test --package fnn-book` makes all of it anew.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The program of a chapter.
struct Program {
    name: &'static str,
    binary: &'static str,
    /// Whether it trains for so long that the last digits of its results depend on the processor's instruction set.
    long: bool,
}

/// Names the binary, which Cargo builds for this test.
macro_rules! program {
    ($name:literal) => {
        Program { name: $name, binary: env!(concat!("CARGO_BIN_EXE_", $name)), long: false }
    };
    ($name:literal, long) => {
        Program { long: true, ..program!($name) }
    };
}

const PROGRAMS: [Program; 10] = [
    program!("neuron"),
    program!("network"),
    program!("loss"),
    program!("chain_rule"),
    program!("backpropagation"),
    program!("descent"),
    program!("gradient_check"),
    program!("digits", long),
    program!("chip", long),
    program!("int8", long),
];

fn committed(name: &str, extension: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("out").join(name).with_extension(extension)
}

#[test]
fn programs_print_and_draw_what_the_book_shows() {
    for Program { name, binary, long } in PROGRAMS {
        let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).with_extension("svg");
        let output = Command::new(binary).arg(&picture).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        compare(&committed(name, "txt"), &String::from_utf8(output.stdout).unwrap(), long);
        compare(&committed(name, "svg"), &fs::read_to_string(picture).unwrap(), long);
    }
}

/// Compare a text or a picture with what is committed. The results of a long training agree to a few percent, and its pictures in
/// everything but numbers, colours and pixels.
fn compare(committed: &Path, found: &str, long: bool) {
    if env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(committed, found).unwrap();
    }
    let expected = fs::read_to_string(committed).unwrap();
    let file = committed.display();
    if !long {
        assert!(expected == found, "{file} is not what the program gives:\n{}", first_difference(&expected, found));
    } else if committed.extension().is_some_and(|extension| extension == "svg") {
        assert_eq!(outline(&expected), outline(found), "{file}");
    } else {
        let [(expected_words, expected), (words, found)] = [split(&expected), split(found)];
        assert_eq!(expected_words, words, "{file}");
        for (expected, found) in expected.into_iter().zip(found) {
            // Counts of samples differ by more.
            let allowed = (0.05 * expected.abs()).max(if expected.fract() == 0.0 { 20.0 } else { 0.1 });
            assert!((expected - found).abs() <= allowed, "{file}: expected {expected}, found {found}");
        }
    }
}

/// The numbers of a text, and the text without numbers, signs and the spaces that align them.
fn split(text: &str) -> (String, Vec<f64>) {
    let is_number = |symbol: char| symbol.is_ascii_digit() || symbol == '.';
    let numbers = text.split(|symbol| !is_number(symbol)).filter_map(|number| number.parse().ok()).collect();
    (text.chars().filter(|symbol| !is_number(*symbol) && !" -".contains(*symbol)).collect(), numbers)
}

/// The elements of a picture but its pixels, without numbers and colours.
fn outline(picture: &str) -> String {
    let lines = picture.lines().filter(|line| !line.starts_with("<rect"));
    lines
        .flat_map(|line| line.chars().filter(|symbol| !symbol.is_ascii_hexdigit() && !"-., #".contains(*symbol)))
        .collect()
}

fn first_difference(expected: &str, found: &str) -> String {
    let lines = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    lines.map_or("one is longer".into(), |(expected, found)| format!("expected: {expected}\nfound:    {found}"))
}
