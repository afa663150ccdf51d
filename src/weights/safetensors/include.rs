//! Weights that the compiler reads: `include_network!`.

use core::mem::MaybeUninit;

use super::error::Description;
use super::{LoadOptions, WeightsError, bytes_mut, read_bytes};
use crate::const_message::ConstMessage;
use crate::weights::parameters::Parameters;

/// A network whose weights are in a file, read by the compiler: a constant, to put into a `static`.
///
/// The path is relative to the file that invokes the macro, as that of `include_bytes!` is, and a file that changes is
/// read again. It is a safetensors file, as [`Network::save`](crate::Network::save) writes one, of exactly the network's
/// weights: each array once, of its name, its shape and its type, all numbers finite. Any other is a compile error that says
/// what differs. Dense weights are transposed by the compiler, which takes it some microseconds for each.
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
///
/// Names that differ and numbers of another type are read with [`LoadOptions`](crate::weights::LoadOptions), which come
/// last:
///
/// ```
/// use fnn::weights::LoadOptions;
///
/// fnn::network! {
///     pub struct Xor: [2] -> [1] {
///         first: Dense(8),
///         Tanh,
///         second: Dense(1),
///     }
/// }
///
/// const NAMES: LoadOptions = LoadOptions::new().names(&[("hidden", "first"), ("logit", "second")]);
/// static XOR: Xor = fnn::include_network!("xor.safetensors" as Xor, NAMES);
///
/// assert!(XOR.forward(&[0.0, 1.0])[0] > 0.0);
/// ```
#[macro_export]
macro_rules! include_network {
    ($path:literal as $network:ty $(,)?) => {
        $crate::include_network!($path as $network, $crate::macro_support::LoadOptions::new())
    };
    ($path:literal as $network:ty, $options:expr $(,)?) => {{
        // Each weight takes the compiler a step or two; it wonders after two million.
        #[allow(long_running_const_eval)]
        const __FNN_NETWORK: $network =
            $crate::macro_support::include::<$network>($path, ::core::include_bytes!($path), $options);
        __FNN_NETWORK
    }};
}

/// The weights that a file holds. A file of other weights is a compile error.
#[must_use]
#[track_caller]
pub const fn include<P: Parameters>(path: &str, file: &[u8], options: LoadOptions<'_>) -> P {
    let mut weights = MaybeUninit::<P>::zeroed();
    // SAFETY: the memory is there for a `P`, nobody else knows of it, and it is initialized.
    match read_bytes::<P>(unsafe { bytes_mut(weights.as_mut_ptr()) }, file, options) {
        // SAFETY: every bit pattern is weights, which `Parameters` promises.
        Ok(_) => unsafe { weights.assume_init() },
        Err(error) => message(path, &error).say(),
    }
}

/// What the compiler says of a file: as many problems as there is room for.
const fn message(path: &str, error: &WeightsError<'_>) -> ConstMessage {
    let mut message = ConstMessage::new().text(path).text(": ");
    let (mut problems, mut told, mut more) = (error.problems(), 0, 0);
    while let Some(wrong) = problems.next() {
        if message.room() < ROOM {
            more += 1;
            continue;
        }
        let Description { field, expected, found } = wrong.describe();
        message = message.text(if told > 0 { "; " } else { "" });
        message = message.text(field.as_str()).text(": expected ").text(expected.as_str());
        message = message.text(", found ").text(found.as_str());
        told += 1;
    }
    if more > 0 { message.text("; and ").number(more).text(" more") } else { message }
}

/// Bytes that a problem of common length takes, and the number of those that are left out.
const ROOM: usize = 160;
