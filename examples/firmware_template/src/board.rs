//! The board: `start` it, `println!` to whoever listens, count `cycles`, and come to an `end`.

#[cfg(not(feature = "qemu"))]
mod probe;
#[cfg(feature = "qemu")]
mod qemu;

#[cfg(not(feature = "qemu"))]
pub use probe::{cycles, end, println, start};
#[cfg(feature = "qemu")]
pub use qemu::{cycles, end, println, start};
