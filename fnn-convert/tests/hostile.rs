//! Damaged models are refused, without a panic, and fast: files whose bytes were changed at random, and cut off.

#[path = "hostile/check.rs"]
mod check;

use std::path::Path;
use std::time::{Duration, Instant};

use fnn::Random;

/// How often each file is changed.
const CHANGES: usize = 8;

/// Read and declare it, in time.
fn read(bytes: &[u8], name: &str) {
    let begun = Instant::now();
    check::check(bytes, "");
    assert!(begun.elapsed() < Duration::from_secs(60), "{name} takes {:?}", begun.elapsed());
}

/// The bytes, with a few of them changed: to others, to the largest number of seven bits and its continuation, or by one bit.
fn changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len());
        bytes[at] = match random.below(4) {
            0 => random.below(256) as u8,
            1 => 0x7f,
            2 => 0xff,
            _ => bytes[at] ^ (1 << random.below(8)),
        };
    }
    if random.below(8) == 0 {
        bytes.truncate(random.below(bytes.len()));
    }
    bytes
}

#[test]
fn damaged_models_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interchange");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    files.sort();
    let mut random = Random::new(7);
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        if bytes.is_empty() || bytes.len() > 20_000 {
            continue;
        }
        for change in 0..CHANGES {
            read(&changed(&bytes, &mut random), &format!("{} (change {change})", path.display()));
        }
    }
}
