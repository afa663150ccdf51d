//! Says what the sensor sees, with a network in flash.

#![no_std]
#![no_main]

use cortex_m_rt::entry;
use fnn::metrics::highest;
use fnn::{Quantized, include_quantized};
use motion::board::{self, println};
use motion::{Motion, NAMES, readings};

/// In flash; the compiler checks that the file is one of this network.
static MOTION: Quantized<Motion> = include_quantized!("../weights/motion.int8" as Motion);

#[entry]
fn main() -> ! {
    board::start();
    println!("{} bytes of flash, {} bytes of RAM", Quantized::<Motion>::FLASH, Quantized::<Motion>::RAM_INFERENCE);
    let mut correct = 0;
    for seed in 0..6 {
        let motion = seed % NAMES.len();
        // Other seeds than those of the training.
        let readings = readings(motion, 10_000 + seed as u64);
        let start = board::cycles();
        let scores = MOTION.forward(&readings);
        let cycles = board::cycles().wrapping_sub(start);
        let found = highest(&scores);
        println!("{}, in {} cycles", found.and_then(|index| NAMES.get(index)).unwrap_or(&"?"), cycles);
        correct += usize::from(found == Some(motion));
    }
    board::end(correct == 6)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    println!("{}", info);
    board::end(false)
}
