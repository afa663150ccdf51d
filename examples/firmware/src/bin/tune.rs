//! Fine-tunes a network in flash on two digits that it hasn't seen.

#![no_std]
#![no_main]

use core::mem::MaybeUninit;

use fnn_firmware::board::{Output, entry, exit};
use fnn_firmware::tuning::{Memory, Network, network, report};

#[entry]
fn main() -> ! {
    static mut NETWORK: MaybeUninit<Network> = MaybeUninit::uninit();
    static mut MEMORY: MaybeUninit<Memory> = MaybeUninit::uninit();
    exit(report(&mut Output, NETWORK.write(network()), MEMORY.write(Memory::new())).is_ok())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
