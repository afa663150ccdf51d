//! How much stack an operation takes: the stack is painted before, and the paint that is left is counted.

use core::arch::asm;
use core::ptr::read_volatile;

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
        asm!("mov {}, sp", out(reg) top, options(nomem, nostack, preserves_flags));
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: reads a register.
    unsafe {
        asm!("mv {}, sp", out(reg) top, options(nomem, nostack, preserves_flags));
    }
    let floor = lowest(top);
    // In assembly: without optimization, a loop in Rust calls functions, whose frames would lie in the paint.
    #[cfg(target_arch = "arm")]
    // SAFETY: there is nothing between the end of the statics and the stack pointer.
    unsafe {
        asm!(
            "2:",
            "cmp {address}, {top}",
            "bhs 3f",
            "str {paint}, [{address}]",
            "adds {address}, #4",
            "b 2b",
            "3:",
            address = inout(reg) floor => _,
            top = in(reg) top,
            paint = in(reg) PAINT,
            options(nostack),
        );
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: as above.
    unsafe {
        asm!(
            "2:",
            "bgeu {address}, {top}, 3f",
            "sw {paint}, 0({address})",
            "addi {address}, {address}, 4",
            "j 2b",
            "3:",
            address = inout(reg) floor => _,
            top = in(reg) top,
            paint = in(reg) PAINT,
            options(nostack),
        );
    }
    top
}

fn lowest(top: usize) -> usize {
    let statics = &raw const __sheap as usize;
    // Words, on both ends.
    statics.max(top - 64 * 1024).next_multiple_of(4)
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
