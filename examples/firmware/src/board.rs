//! The board that QEMU emulates, `mps2-an386`: counting instructions, painting the stack.

use core::fmt;
use core::hint::black_box;
use core::ptr::{read_volatile, write_volatile};

pub use cortex_m_rt::entry;

/// Text output: to the debugger, here QEMU.
#[derive(Clone, Copy, Debug)]
pub struct Output;

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        cortex_m_semihosting::export::hstdout_str(text);
        Ok(())
    }
}

/// The APB timer 0: control, value, reload.
const TIMER: *mut u32 = 0x4000_0000 as *mut u32;

/// Exit, with success or failure.
pub fn exit(success: bool) -> ! {
    use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
    exit(if success { EXIT_SUCCESS } else { EXIT_FAILURE });
    loop {}
}

/// The cost of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Instructions.
    pub instructions: u64,
    /// Maximum stack, in bytes.
    pub stack: usize,
}

/// Run an operation and measure it.
///
/// With QEMU's `-icount shift=10` an instruction takes 1,024 ns of virtual time, and the timer counts down at 25 MHz.
#[inline(never)]
pub fn measure(work: &mut dyn FnMut()) -> Cost {
    start();
    let ticks = |work: &mut dyn FnMut()| {
        let before = now();
        black_box(work)();
        before.wrapping_sub(now())
    };
    let nothing = ticks(&mut || ());
    let top = paint();
    let ticks = ticks(work) - nothing;
    Cost { instructions: u64::from(ticks) * 5 / 128, stack: peak(top) }
}

fn start() {
    // SAFETY: these are the timer's registers.
    unsafe {
        write_volatile(TIMER.add(2), u32::MAX);
        write_volatile(TIMER.add(1), u32::MAX);
        write_volatile(TIMER, 1);
    }
}

fn now() -> u32 {
    // SAFETY: this is the timer's value.
    unsafe { read_volatile(TIMER.add(1)) }
}

const PAINT: u32 = 0xa5a5_a5a5;

unsafe extern "C" {
    /// The end of the statics, towards which the stack grows.
    static mut __sheap: u32;
}

/// Paint the unused stack, up to 64 KiB. Returns the address where the paint ends.
#[inline(always)]
fn paint() -> usize {
    let top: usize;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mov {}, sp", out(reg) top, options(nomem, nostack, preserves_flags)) };
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
fn peak(top: usize) -> usize {
    let mut address = lowest(top);
    // SAFETY: this is memory.
    while address < top && unsafe { read_volatile(address as *const u32) } == PAINT {
        address += 4;
    }
    top - address
}
