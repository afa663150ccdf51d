//! What the device prints, computed here, with plain loops as there.

use fnn_firmware::digits::{COUNT, DIGITS, SMALL_DIGITS, class, test};

fn main() {
    let right = test().filter(|(pixels, label)| class(&DIGITS.forward(pixels)) == usize::from(*label)).count();
    println!("784-128-10, f32: {right} of {COUNT} right");
    let right = test().filter(|(pixels, label)| class(&SMALL_DIGITS.forward(pixels)) == usize::from(*label)).count();
    println!("784-32-10, 8 bits: {right} of {COUNT} right");
    let integers = test().take(20).flat_map(|(pixels, _)| SMALL_DIGITS.forward_integers(&SMALL_DIGITS.quantize(&pixels)));
    let sum = integers.fold(0u32, |hash, integer| (hash ^ u32::from(integer as u8)).wrapping_mul(0x0100_0193));
    println!("784-32-10, 8 bits: scores {sum:08x}");
    fnn_firmware::report!(println);
}
