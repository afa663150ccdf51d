//! What one thing costs, which a feature names: instructions and stack. Without a feature, an empty program.

#![no_std]
#![no_main]

#[allow(unused_imports, reason = "an empty program measures nothing")]
use core::hint::black_box;

use fnn_firmware::board::{entry, exit, measure, println};
#[allow(unused_imports, reason = "each feature uses its own")]
use fnn_firmware::{digits::*, learning, work::*};

#[cfg(any(feature = "flowers-step", feature = "xor-step"))]
mod memory {
    use super::{Training, measure};
    use core::cell::UnsafeCell;
    use core::mem::MaybeUninit;

    /// Memory that only `main` uses.
    pub(crate) struct Static<T>(UnsafeCell<MaybeUninit<T>>);
    // SAFETY: there is one thread.
    unsafe impl<T> Sync for Static<T> {}

    impl<T> Static<T> {
        pub(crate) const fn new() -> Self {
            Self(UnsafeCell::new(MaybeUninit::uninit()))
        }

        /// The memory, with a value.
        #[allow(clippy::mut_from_ref, reason = "called once at a time")]
        pub(crate) fn get(&self) -> &mut T {
            // SAFETY: there is one thread, and `set` came first.
            unsafe { (*self.0.get()).assume_init_mut() }
        }

        pub(crate) fn set(&self, value: T) {
            // SAFETY: there is one thread.
            unsafe { (*self.0.get()).write(value) };
        }
    }

    #[cfg(feature = "flowers-step")]
    pub(crate) static TRAINING: Static<Training<fnn_firmware::Flowers, 1>> = Static::new();
    #[cfg(feature = "xor-step")]
    pub(crate) static TRAINING: Static<Training<fnn_firmware::Xor, 4>> = Static::new();
    const _: fn(fn()) -> fnn_firmware::board::Cost = measure;
}

#[entry]
fn main() -> ! {
    #[cfg(feature = "flowers-step")]
    memory::TRAINING.set(Training::new(fnn_firmware::Flowers::seeded(1)));
    #[cfg(feature = "xor-step")]
    memory::TRAINING.set(Training::new(fnn_firmware::Xor::seeded(1)));

    let cost = measure(|| {
        #[cfg(feature = "digits")]
        {
            static PIXELS: [f32; 784] = [0.5; 784];
            black_box(digits(black_box(&DIGITS), black_box(&PIXELS)));
        }
        #[cfg(feature = "digits-int8")]
        {
            static PIXELS: [i8; 784] = [5; 784];
            black_box(digits_int8(black_box(&SMALL_DIGITS), black_box(&PIXELS)));
        }
        #[cfg(feature = "flowers")]
        black_box(flowers(black_box(&FLOWERS), black_box(&[0.5; 4])));
        #[cfg(feature = "flowers-int8")]
        black_box(flowers_int8(black_box(&FLOWERS_INT8), black_box(&[5; 4])));
        #[cfg(feature = "flowers-step")]
        black_box(flowers_step(memory::TRAINING.get(), black_box(&[[0.5; 4]]), black_box(&[1])));
        #[cfg(feature = "xor-step")]
        black_box(xor_step(memory::TRAINING.get(), black_box(&[[0.5; 2]; 4]), black_box(&[[0.5]; 4])));
    });
    println!("{} {}", cost.instructions, cost.stack);
    exit(true)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
