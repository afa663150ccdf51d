//! Classifies 200 handwritten digits with weights in flash, in `f32` and in int8.

#![no_std]
#![no_main]

use fnn_firmware::board::{Output, entry, exit};

#[entry]
fn main() -> ! {
    exit(fnn_firmware::digits::report(&mut Output).is_ok())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
