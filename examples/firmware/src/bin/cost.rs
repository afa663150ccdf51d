//! Prints the instructions and the stack of one operation, which a feature selects. Without a feature, an empty program.

#![no_std]
#![no_main]

use core::fmt::Write;

use fnn_firmware::board::{Output, entry, exit, measure};
#[allow(unused_imports, reason = "each feature uses its own")]
use {
    core::{hint::black_box, mem::MaybeUninit},
    fnn::train::InPlaceBuffers,
    fnn_firmware::{Flowers, Xor, digits::*, tuning, work::*},
};

#[entry]
fn main() -> ! {
    // `entry` turns these into references.
    #[cfg(any(feature = "flowers-step", feature = "flowers-momentum", feature = "flowers-reseed"))]
    static mut LEARNER: Flowers = Flowers::zeroed();
    #[cfg(feature = "flowers-step")]
    static mut MEMORY: InPlaceBuffers<Flowers, 1> = InPlaceBuffers::new();
    #[cfg(feature = "flowers-momentum")]
    static mut WITH_MOMENTUM: InPlaceBuffers<Flowers, 1, 1> = InPlaceBuffers::new();
    #[cfg(feature = "tuning-step")]
    static mut TUNED: MaybeUninit<tuning::Network> = MaybeUninit::uninit();
    #[cfg(feature = "tuning-step")]
    static mut TUNING: MaybeUninit<tuning::Memory> = MaybeUninit::uninit();
    #[cfg(feature = "tuning-step-int8")]
    static mut TUNED_INT8: MaybeUninit<tuning::NetworkInt8> = MaybeUninit::uninit();
    #[cfg(feature = "tuning-step-int8")]
    static mut TUNING_INT8: MaybeUninit<tuning::MemoryInt8> = MaybeUninit::uninit();
    #[cfg(feature = "xor-step")]
    static mut NETWORK: MaybeUninit<Xor> = MaybeUninit::uninit();
    #[cfg(feature = "xor-step")]
    static mut TRAINING: MaybeUninit<Training> = MaybeUninit::uninit();

    #[cfg(not(feature = "cost"))]
    let cost = measure(&mut || ());
    #[cfg(feature = "digits")]
    let cost = {
        static PIXELS: [f32; 784] = [0.5; 784];
        measure(&mut || _ = black_box(digits(black_box(&DIGITS), black_box(&PIXELS))))
    };
    #[cfg(feature = "digits-int8")]
    let cost = {
        static PIXELS: [i8; 784] = [5; 784];
        measure(&mut || _ = black_box(digits_int8(black_box(&SMALL_DIGITS), black_box(&PIXELS))))
    };
    #[cfg(feature = "lenet-int8")]
    let cost = {
        static IMAGE: [[[i8; 28]; 28]; 1] = [[[5; 28]; 28]; 1];
        measure(&mut || _ = black_box(lenet_int8(black_box(&LENET_INT8), black_box(&IMAGE))))
    };
    #[cfg(feature = "read-lenet-int8")]
    let cost = {
        #[repr(align(16))]
        struct Flash<T: ?Sized>(T);
        static FILE: &Flash<[u8]> = &Flash(*include_bytes!("../../weights/lenet.int8"));
        measure(&mut || _ = black_box(read_lenet_int8(black_box(&FILE.0))))
    };
    #[cfg(feature = "flowers")]
    let cost = measure(&mut || _ = black_box(flowers(black_box(&FLOWERS), black_box(&[0.5; 4]))));
    #[cfg(feature = "flowers-int8")]
    let cost = measure(&mut || _ = black_box(flowers_int8(black_box(&FLOWERS_INT8), black_box(&[5; 4]))));
    #[cfg(feature = "flowers-step")]
    let cost = {
        LEARNER.reseed(1);
        measure(&mut || _ = black_box(flowers_step(LEARNER, MEMORY, black_box(&[0.5; 4]), black_box(1))))
    };
    #[cfg(feature = "flowers-momentum")]
    let cost = {
        LEARNER.reseed(1);
        measure(&mut || _ = black_box(flowers_momentum(LEARNER, WITH_MOMENTUM, black_box(&[0.5; 4]), black_box(1))))
    };
    #[cfg(feature = "flowers-reseed")]
    let cost = measure(&mut || black_box(&mut *LEARNER).reseed(black_box(1)));
    #[cfg(feature = "tuning-step")]
    let cost = {
        static PIXELS: [f32; 784] = [0.5; 784];
        let (network, memory) = (TUNED.write(tuning::network()), TUNING.write(tuning::Memory::new()));
        measure(&mut || _ = black_box(tuning_step(network, memory, black_box(&PIXELS), black_box(1))))
    };
    #[cfg(feature = "tuning-step-int8")]
    let cost = {
        static PIXELS: [f32; 784] = [0.5; 784];
        let (network, memory) = (TUNED_INT8.write(tuning::network_int8()), TUNING_INT8.write(tuning::MemoryInt8::new()));
        measure(&mut || _ = black_box(tuning_step_int8(network, memory, black_box(&PIXELS), black_box(1))))
    };
    #[cfg(feature = "xor-step")]
    let cost = {
        let (network, training) = (NETWORK.write(Xor::seeded(1)), TRAINING.write(Training::new()));
        let (inputs, targets) = ([[0.5; 2]; 4], [[0.5]; 4]);
        measure(&mut || _ = black_box(xor_step(network, training, black_box(&inputs), black_box(&targets))))
    };
    exit(writeln!(Output, "{} {}", cost.instructions, cost.stack).is_ok())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
