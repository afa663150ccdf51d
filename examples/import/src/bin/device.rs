//! Classifies the first test digits in int8, on a Cortex-M4F under QEMU.

#![no_std]
#![no_main]

use core::fmt::Write;

use fnn::{Quantized, include_quantized, metrics::highest};
use fnn_firmware::board::{Output, entry, exit};
use fnn_import::{LeNet, digits};

static LENET: Quantized<LeNet> = include_quantized!("trained.int8" as LeNet);

#[entry]
fn main() -> ! {
    let (mut right, mut all) = (0, 0);
    for (image, class) in digits() {
        right += usize::from(highest(&LENET.forward(&image)) == Some(class));
        all += 1;
    }
    exit(writeln!(Output, "{right} of {all} digits, with {} bytes of flash", Quantized::<LeNet>::FLASH).is_ok())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
