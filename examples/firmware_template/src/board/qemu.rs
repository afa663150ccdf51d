//! QEMU's `mps2-an386`. It counts instructions instead of cycles.

use core::ptr::{read_volatile, write_volatile};

use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
pub use cortex_m_semihosting::hprintln as println;

/// The APB timer 0: control, value, reload.
const TIMER: *mut u32 = 0x4000_0000 as *mut u32;

/// Starts the counter.
pub fn start() {
    // SAFETY: these are the timer's registers.
    unsafe {
        write_volatile(TIMER.add(2), u32::MAX);
        write_volatile(TIMER.add(1), u32::MAX);
        write_volatile(TIMER, 1);
    }
}

/// Instructions so far: under `-icount shift=10` each takes 1,024 ns, and the timer counts down at 25 MHz.
#[must_use]
pub fn cycles() -> u32 {
    // SAFETY: this is the timer's value.
    let ticks = !unsafe { read_volatile(TIMER.add(1)) };
    (u64::from(ticks) * 5 / 128) as u32
}

/// Ends the emulator, with success or failure.
pub fn end(success: bool) -> ! {
    exit(if success { EXIT_SUCCESS } else { EXIT_FAILURE });
    loop {}
}
