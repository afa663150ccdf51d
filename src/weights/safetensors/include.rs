//! Weights embedded at compile time: `include_network!`.

use core::mem::MaybeUninit;

use super::error::Description;
use super::{Image, LoadOptions, WeightsError, bytes_mut, read_bytes};
use crate::const_message::ConstMessage;
use crate::weights::parameters::Parameters;
use crate::weights::stored::Stored;

/// Embed a network with the weights of a file at compile time, as a constant to put into a `static`.
///
/// The path is relative to the source file that invokes the macro, as for `include_bytes!`, and changes of the file
/// trigger a rebuild. It must be a safetensors file, as written by [`Network::save`](crate::Network::save), with
/// exactly the network's weights: each tensor once, with its name, shape and type, and only finite numbers. Otherwise
/// the difference is a compile error. The compiler transposes dense weights, which takes it some microseconds per
/// weight.
///
/// The `static` is stored with the program's constants, in flash on a microcontroller, as a value of the network's own
/// type: aligned, used in place, never copied. The program does not contain the file itself.
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
/// Pass [`LoadOptions`](crate::weights::LoadOptions) as the last argument for files with other names or types:
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
        // Each weight takes the compiler a step or two; the lint fires after two million.
        #[allow(long_running_const_eval)]
        const __FNN_NETWORK: $network =
            $crate::macro_support::include::<$network>($path, ::core::include_bytes!($path), $options);
        __FNN_NETWORK
    }};
}

/// The weights in a file. A mismatch is a compile error.
#[must_use]
#[track_caller]
pub const fn include<P: Parameters>(path: &str, file: &[u8], options: LoadOptions<'_>) -> P {
    let mut weights = MaybeUninit::<P>::zeroed();
    // SAFETY: the memory is valid for a `P`, exclusively borrowed, and initialized.
    match read_bytes::<P>(unsafe { bytes_mut(weights.as_mut_ptr()) }, file, options) {
        // SAFETY: `Parameters` promises that every bit pattern is valid.
        Ok(_) => unsafe { weights.assume_init() },
        Err(error) => message(path, &error).say(),
    }
}

/// The struct whose numbers are in a file. A mismatch is a compile error.
#[track_caller]
pub(crate) const fn include_image<T: Stored>(path: &str, file: &[u8], image: &'static Image) -> T {
    let mut stored = MaybeUninit::<T>::uninit();
    let start = stored.as_mut_ptr().cast::<u8>();
    // SAFETY: the memory is that of a `T`, exclusively borrowed, and zeroed first, padding included.
    let to = unsafe {
        start.write_bytes(0, size_of::<T>());
        core::slice::from_raw_parts_mut(start, size_of::<T>())
    };
    match image.copy(file, to) {
        // SAFETY: a `T` is plain data, for which every bit pattern is valid.
        Ok(()) => unsafe { stored.assume_init() },
        Err(error) => message(path, &error).say(),
    }
}

/// The compiler's message about a file: the mismatches that fit.
const fn message(path: &str, error: &WeightsError<'_>) -> ConstMessage {
    let mut message = ConstMessage::new();
    message.text(path).text(": ");
    let (mut problems, mut told, mut more) = (error.problems(), 0, 0);
    while let Some(wrong) = problems.next() {
        if message.room() < ROOM {
            more += 1;
            continue;
        }
        let Description { field, expected, found } = wrong.describe();
        message.text(if told > 0 { "; " } else { "" });
        message.text(field.as_str()).text(": expected ").text(expected.as_str());
        message.text(", found ").text(found.as_str());
        told += 1;
    }
    if more > 0 {
        message.text("; and ").number(more).text(" more");
    }
    message
}

/// Room in bytes for a mismatch of typical length and the number of further ones.
const ROOM: usize = 160;
