//! Everything that a firmware may call, with every kind of layer in the macro's table. It is linked, and never run: the panic
//! handler refers to a function that doesn't exist.
#![no_std]
#![no_main]

#[cfg(not(feature = "index"))]
mod layers;
#[cfg_attr(feature = "index", expect(dead_code))]
mod memory;
#[cfg(not(feature = "index"))]
mod networks;
#[cfg(not(feature = "index"))]
mod training;

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    #[cfg(not(feature = "index"))]
    {
        layers::all();
        networks::all();
        training::all();
    }
    // By itself, which links in less time.
    #[cfg(feature = "index")]
    memory::index();
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(not(feature = "look"))]
    {
        unsafe extern "C" {
            /// Never defined, so that the linker's message names it.
            fn a_panic_path_is_left() -> !;
        }
        // SAFETY: never called, because there is no such function.
        unsafe { a_panic_path_is_left() }
    }
    #[cfg(feature = "look")]
    loop {}
}
