//! The readers of quantized networks on arbitrary bytes.
#![no_main]

#[path = "../../tests/quantized_file/check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check::check(bytes);
});
