//! Weights that the compiler reads: `include_network!`.

use core::mem::MaybeUninit;

use super::{check, copy};
use crate::const_message::ConstMessage;
use crate::weights::parameters::Parameters;

/// A network whose weights are in a file, read by the compiler: a constant, to put into a `static`.
///
/// The path is relative to the file that invokes the macro, as that of `include_bytes!` is, and a file that changes is
/// read again. It is a safetensors file, as [`Network::save`](crate::Network::save) writes one, of exactly the network's
/// weights: each array once, of its name, its shape and its type. Any other is a compile error that says what differs.
///
/// The `static` lies with the program's constants, in flash on a microcontroller, as the network's own type: aligned,
/// read where it lies, copied nowhere. Nothing of the file's is left beside it.
///
/// ```
/// fnn::network! {
///     pub struct Xor: [2] -> [1] {
///         hidden: Dense(8),
///         Tanh,
///         logit: Dense(1),
///     }
/// }
///
/// static XOR: Xor = fnn::include_network!("xor.safetensors" as Xor);
///
/// assert!(XOR.forward(&[0.0, 1.0])[0] > 0.0);
/// assert!(XOR.forward(&[1.0, 1.0])[0] < 0.0);
/// ```
#[macro_export]
macro_rules! include_network {
    ($path:literal as $network:ty) => {
        const { $crate::macro_support::include::<$network>($path, ::core::include_bytes!($path)) }
    };
}

/// The weights that a file holds. A file of other weights is a compile error.
#[must_use]
#[track_caller]
pub const fn include<P: Parameters>(path: &str, file: &[u8]) -> P {
    match check::<P>(file) {
        Ok((entries, data)) => {
            let mut weights = MaybeUninit::<P>::zeroed();
            // SAFETY: the memory is there for a `P`, and nobody else knows of it; zeros are weights, which `Parameters`
            // promises of every bit pattern.
            unsafe {
                copy(entries, data, weights.as_mut_ptr());
                weights.assume_init()
            }
        }
        Err(error) => ConstMessage::new()
            .text(path)
            .text(": ")
            .text(error.field().as_str())
            .text(": expected ")
            .text(error.expected().as_str())
            .text(", found ")
            .text(error.found().as_str())
            .say(),
    }
}
