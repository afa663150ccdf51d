//! How much stack an operation takes: the stack is painted before, and the paint that is left is counted.

use core::ptr::{read_volatile, write_volatile};

const PAINT: u32 = 0xa5a5_a5a5;

unsafe extern "C" {
    /// The end of the statics, towards which the stack grows.
    static mut __sheap: u32;
}

/// Paint the unused stack, up to 64 KiB. Returns the address where the paint ends.
#[inline(always)]
pub(super) fn paint() -> usize {
    let top: usize;
    #[cfg(target_arch = "arm")]
    // SAFETY: reads a register.
    unsafe {
        core::arch::asm!("mov {}, sp", out(reg) top, options(nomem, nostack, preserves_flags));
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: reads a register.
    unsafe {
        core::arch::asm!("mv {}, sp", out(reg) top, options(nomem, nostack, preserves_flags));
    }
    let floor = lowest(top);
    let mut address = floor;
    while address < top {
        // SAFETY: there is nothing between the end of the statics and the stack pointer.
        unsafe { write_volatile(address as *mut u32, PAINT) };
        address += 4;
    }
    top
}

fn lowest(top: usize) -> usize {
    let statics = &raw const __sheap as usize;
    statics.max(top - 64 * 1024)
}

/// How far the stack has grown down from `top`.
pub(super) fn peak(top: usize) -> usize {
    let mut address = lowest(top);
    // SAFETY: this is memory.
    while address < top && unsafe { read_volatile(address as *const u32) } == PAINT {
        address += 4;
    }
    top - address
}
