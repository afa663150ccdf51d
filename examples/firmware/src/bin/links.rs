//! Inference and training without a panic path: this doesn't link if there is one.

#![no_std]
#![no_main]

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", unsafe(no_mangle))]
fn main() -> ! {
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
