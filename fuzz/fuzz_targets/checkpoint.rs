//! Resuming from a file of arbitrary bytes.
#![no_main]

#[path = "../../tests/checkpoint/check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check::check(bytes);
});
