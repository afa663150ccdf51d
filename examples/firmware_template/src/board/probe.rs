//! Any board with a Cortex-M3 or larger and a debug probe: text through RTT, and the processor's cycle counter.

use cortex_m::peripheral::{DWT, Peripherals};

pub use rtt_target::rprintln as println;

/// Opens the channel to the probe, and starts the counter.
pub fn start() {
    rtt_target::rtt_init_print!();
    if let Some(mut peripherals) = Peripherals::take() {
        peripherals.DCB.enable_trace();
        peripherals.DWT.enable_cycle_counter();
    }
}

/// Cycles so far.
#[must_use]
pub fn cycles() -> u32 {
    DWT::cycle_count()
}

/// Waits for ever. A debugger that is attached stops after a failure.
pub fn end(success: bool) -> ! {
    if !success {
        cortex_m::asm::bkpt();
    }
    loop {
        cortex_m::asm::wfi();
    }
}
