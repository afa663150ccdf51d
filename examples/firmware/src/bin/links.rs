//! Inference and training without a panic path: this doesn't link if there is one.

#![no_std]
#![no_main]

#[cfg(all(target_arch = "arm", target_os = "none"))]
#[cortex_m_rt::entry]
fn main() -> ! {
    fnn_firmware::work::everything();
    loop {}
}

/// The entry point on targets without a runtime crate.
#[cfg(not(all(target_arch = "arm", target_os = "none")))]
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    fnn_firmware::work::everything();
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        /// Never defined, so that the linker's message names it.
        fn a_panic_path_is_left() -> !;
    }
    // SAFETY: never called, because there is no such function.
    unsafe { a_panic_path_is_left() }
}
