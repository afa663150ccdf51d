//! ONNX models of arbitrary bytes.
#![no_main]

#[path = "../../fnn-convert/tests/hostile/check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes, ""));
