//! The boards that QEMU emulates, with the same functions: counting instructions, painting the stack, text, exit.

#[cfg(target_arch = "arm")]
mod mps2;
mod stack;
#[cfg(target_arch = "riscv32")]
mod virt;

#[cfg(target_arch = "arm")]
pub use mps2::{Output, entry, exit};
#[cfg(target_arch = "riscv32")]
pub use virt::{Output, exit};

use core::hint::black_box;

#[cfg(target_arch = "arm")]
use mps2::{now, start};
#[cfg(target_arch = "riscv32")]
use virt::{now, start};

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
/// QEMU must run with `-icount`, whose shift the board says.
#[inline(never)]
pub fn measure(work: &mut dyn FnMut()) -> Cost {
    start();
    let count = |work: &mut dyn FnMut()| {
        let before = now();
        measured(black_box(work));
        now().wrapping_sub(before)
    };
    let nothing = count(&mut || ());
    let top = stack::paint();
    let instructions = count(work) - nothing;
    Cost { instructions: instructions.into(), stack: stack::peak(top) }
}

/// The operation, in a function of its own, whose name `cycles` finds in a trace.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
}
