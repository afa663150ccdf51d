//! Fine-tunes a network in flash on two digits that it hasn't seen, with features in `f32` and in int8.

#![no_std]
#![no_main]

use core::mem::MaybeUninit;

use fnn_firmware::board::{Output, entry, exit};
use fnn_firmware::tuning::{Memory, MemoryInt8, Network, NetworkInt8, network, network_int8, report};

#[entry]
fn main() -> ! {
    static mut NETWORK: MaybeUninit<Network> = MaybeUninit::uninit();
    static mut MEMORY: Memory = Memory::new();
    static mut NETWORK_INT8: MaybeUninit<NetworkInt8> = MaybeUninit::uninit();
    static mut MEMORY_INT8: MemoryInt8 = MemoryInt8::new();
    let float = report(&mut Output, NETWORK.write(network()), MEMORY);
    let int8 = report(&mut Output, NETWORK_INT8.write(network_int8()), MEMORY_INT8);
    exit(float.and(int8).is_ok())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
