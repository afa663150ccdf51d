//! Reads 200 handwritten digits with weights in flash, in `f32` and in 8 bits.

#![no_std]
#![no_main]

use fnn_firmware::board::{entry, exit, println};
use fnn_firmware::digits::{COUNT, DIGITS, SMALL_DIGITS, class, test};

#[entry]
fn main() -> ! {
    let right = test().filter(|(pixels, label)| class(&DIGITS.forward(pixels)) == usize::from(*label)).count();
    println!("784-128-10, f32: {} of {} right", right, COUNT);
    let right = test().filter(|(pixels, label)| class(&SMALL_DIGITS.forward(pixels)) == usize::from(*label)).count();
    println!("784-32-10, 8 bits: {} of {} right", right, COUNT);
    let integers = test().take(20).flat_map(|(pixels, _)| SMALL_DIGITS.forward_integers(&SMALL_DIGITS.quantize(&pixels)));
    let sum = integers.fold(0u32, |hash, integer| (hash ^ u32::from(integer as u8)).wrapping_mul(0x0100_0193));
    println!("784-32-10, 8 bits: scores {:08x}", sum);
    exit(true)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    println!("{}", info);
    exit(false)
}
