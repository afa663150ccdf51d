//! The weights reader on arbitrary bytes.
#![no_main]

#[path = "../../tests/weights/check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check::check(bytes);
    check::check_options(bytes);
});
