//! The IDX reader on arbitrary bytes.
#![no_main]

#[path = "../../tests/idx/check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
