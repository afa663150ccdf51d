//! `virt`: a 32-bit RISC-V processor. QEMU loads code and data to where they belong, and its memory starts with zeros.

use core::arch::{asm, global_asm};
use core::fmt;
use core::ptr::write_volatile;

global_asm!(".section .init, \"ax\"", ".global _start", "_start:", "la sp, _stack_start", "call main", "1: j 1b",);

/// Text output: the serial port.
#[derive(Clone, Copy, Debug)]
pub struct Output;

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: this is the port's data register.
            unsafe { write_volatile(0x1000_0000 as *mut u8, byte) };
        }
        Ok(())
    }
}

/// Exit, with success or failure.
pub fn exit(success: bool) -> ! {
    // SAFETY: this is the test device's register, and these are its words for both.
    unsafe { write_volatile(0x0010_0000 as *mut u32, if success { 0x5555 } else { 1 << 16 | 0x3333 }) };
    loop {}
}

pub(super) fn start() {}

/// Instructions so far, under `-icount shift=0`.
#[inline(always)]
pub(super) fn now() -> u32 {
    let instructions;
    // SAFETY: reads a counter.
    unsafe { asm!("csrr {}, minstret", out(reg) instructions, options(nomem, nostack)) };
    instructions
}
