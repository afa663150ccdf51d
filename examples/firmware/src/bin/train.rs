//! Trains two networks on the device.

#![no_std]
#![no_main]

use fnn_firmware::board::{Output, entry, exit};

#[entry]
fn main() -> ! {
    exit(fnn_firmware::learning::report(&mut Output).is_ok())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
