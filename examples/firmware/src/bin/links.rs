//! Inference and training without a panic path: with one, this doesn't link.

#![no_std]
#![no_main]

#[cfg(all(target_arch = "arm", target_os = "none"))]
#[cortex_m_rt::entry]
fn main() -> ! {
    fnn_firmware::work::everything();
    loop {}
}

/// Where there is no crate that starts the processor, the linker is told to start here.
#[cfg(not(all(target_arch = "arm", target_os = "none")))]
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    fnn_firmware::work::everything();
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        /// Nobody defines it: the linker's message has its name.
        fn a_panic_path_is_left() -> !;
    }
    // SAFETY: never called, as there is no such function.
    unsafe { a_panic_path_is_left() }
}
