//! `mps2-an386`: a Cortex-M4F, which runs the code for a Cortex-M0, too.

use core::fmt;
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

/// Exit, with success or failure.
pub fn exit(success: bool) -> ! {
    use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
    exit(if success { EXIT_SUCCESS } else { EXIT_FAILURE });
    loop {}
}

/// The APB timer 0: control, value, reload.
const TIMER: *mut u32 = 0x4000_0000 as *mut u32;

pub(super) fn start() {
    // SAFETY: these are the timer's registers.
    unsafe {
        write_volatile(TIMER.add(2), u32::MAX);
        write_volatile(TIMER.add(1), u32::MAX);
        write_volatile(TIMER, 1);
    }
}

/// Instructions so far: under `-icount shift=10` each takes 1,024 ns of virtual time, and the timer counts down at
/// 25 MHz.
#[inline(always)]
pub(super) fn now() -> u32 {
    // SAFETY: this is the timer's value.
    let ticks = !unsafe { read_volatile(TIMER.add(1)) };
    (u64::from(ticks) * 5 / 128) as u32
}
