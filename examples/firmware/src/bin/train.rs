//! Trains two networks on the device.

#![no_std]
#![no_main]

use fnn_firmware::board::{entry, exit, println};

#[entry]
fn main() -> ! {
    fnn_firmware::report!(println);
    exit(true)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    println!("{}", info);
    exit(false)
}
