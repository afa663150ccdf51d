//! Files of quantized networks: written and loaded on the workstation, embedded at compile time, used where they lie.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};
#[cfg(feature = "std")]
use std::{fs, io::Write, path::Path};

use super::{Arithmetic, Quantize, Quantized, QuantizedLayer, QuantizedNetwork};
#[cfg(feature = "std")]
use crate::atomic_file::write_atomically;
#[cfg(feature = "std")]
use crate::error::Error;
#[cfg(feature = "alloc")]
#[cfg(feature = "alloc")]
use crate::pod::zeroed_box;
#[cfg(feature = "std")]
use crate::weights::safetensors::in_file;
#[cfg(feature = "alloc")]
use crate::weights::safetensors::to_bytes;
use crate::weights::safetensors::{Image, WeightsError, aligned, include_image};

/// Embed a quantized network from a file at compile time, as a constant to put into a `static`.
///
/// The path is relative to the source file that invokes the macro, as for `include_bytes!`, and changes of the file
/// trigger a rebuild. It must be a file written by [`save`](crate::quantized::QuantizedNetwork::save) for a network
/// with the same layers: the same kinds, attributes, shapes and names, the same arithmetic, and undamaged data.
/// Otherwise the first difference is a compile error. A network with another [`Arithmetic`] than
/// [`Native`](crate::quantized::Native) takes that as the last argument: `include_quantized!("net.int8" as Net,
/// TfliteReference)`.
///
/// The `static` is stored with the program's constants, in flash on a microcontroller. The program does not contain the
/// file itself.
///
/// ```
/// fnn::network! {
///     #[quantizable]
///     pub struct Xor: [2] -> [1] {
///         hidden: Dense(8),
///         Tanh,
///         logit: Dense(1),
///     }
/// }
///
/// static XOR: fnn::Quantized<Xor> = fnn::include_quantized!("xor.int8" as Xor);
///
/// assert!(XOR.forward(&[0.0, 1.0])[0] > 0.0);
/// assert!(XOR.forward(&[1.0, 1.0])[0] < 0.0);
/// ```
#[macro_export]
macro_rules! include_quantized {
    ($path:literal as $network:ty $(,)?) => {
        $crate::include_quantized!($path as $network, $crate::quantized::Native)
    };
    ($path:literal as $network:ty, $arithmetic:ty $(,)?) => {{
        // Each word of the data takes the compiler some steps; the lint fires after two million.
        #[allow(long_running_const_eval)]
        const __FNN_NETWORK: $crate::Quantized<$network, $arithmetic> =
            $crate::macro_support::include_quantized::<$network, $arithmetic>($path, ::core::include_bytes!($path));
        __FNN_NETWORK
    }};
}

/// The quantized network in a file. A mismatch is a compile error.
#[must_use]
#[track_caller]
pub const fn include_quantized<N: Quantize, A: Arithmetic>(path: &str, file: &[u8]) -> Quantized<N, A> {
    include_image(path, file, Quantized::<N, A>::IMAGE)
}

impl<L: QuantizedLayer, A: Arithmetic> QuantizedNetwork<L, A> {
    /// What a file of it contains.
    const IMAGE: &'static Image = const { &Image::of::<Self>(A::NAME) };

    /// The network in the bytes of a file, used where it lies: in memory-mapped flash, or after an update over the air.
    ///
    /// Nothing is copied. The file is checked first: one pass over the header, and one over the data for the checksum. On
    /// a Cortex-M4F, the file of a LeNet (48 KB) takes 211,000 instructions; `examples/firmware/costs.sh`
    /// counts them.
    ///
    /// The data has to be aligned to 4 bytes, which it is if the file is aligned to 4 bytes or more: the header is
    /// padded.
    ///
    /// ```
    /// use fnn::Quantized;
    ///
    /// fnn::network! {
    ///     #[quantizable]
    ///     pub struct Xor: [2] -> [1] {
    ///         hidden: Dense(8),
    ///         Tanh,
    ///         logit: Dense(1),
    ///     }
    /// }
    ///
    /// /// Stands for a page of flash.
    /// #[repr(align(16))]
    /// struct Page<T: ?Sized>(T);
    /// static PAGE: &Page<[u8]> = &Page(*include_bytes!("xor.int8"));
    ///
    /// let xor = Quantized::<Xor>::read(&PAGE.0).unwrap();
    /// assert!(xor.forward(&[0.0, 1.0])[0] > 0.0);
    /// assert!(Quantized::<Xor>::read(&PAGE.0[1..]).is_err());
    /// ```
    ///
    /// # Errors
    /// [`WeightsError`] unless it is an undamaged file of a network with these layers, and aligned.
    pub fn read(file: &[u8]) -> Result<&Self, WeightsError<'_>> {
        let data = aligned::<Self>(Self::IMAGE.check(file)?)?;
        // SAFETY: the data has the size of the network and its alignment, and every bit pattern is a network, since it
        // is `Pod`.
        Ok(unsafe { &*data.as_ptr().cast::<Self>() })
    }

    /// The bytes of a file: a header, and the network's little-endian memory image, with zeros for padding.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self, Self::IMAGE)
    }

    /// The network in the bytes of a file, copied to the heap.
    ///
    /// Unlike [`read`](Self::read), it accepts tensors in any order, as other programs write them.
    ///
    /// # Errors
    /// [`WeightsError`] unless it is an undamaged file of a network with these layers.
    #[cfg(feature = "alloc")]
    pub fn load_from_bytes(file: &[u8]) -> Result<Box<Self>, WeightsError<'_>> {
        let mut network = zeroed_box::<Self>();
        // SAFETY: the memory is that of the network, exclusively borrowed and, padding included, zeroed.
        let to = unsafe { core::slice::from_raw_parts_mut((&raw mut *network).cast(), size_of::<Self>()) };
        Self::IMAGE.copy(file, to)?;
        Ok(network)
    }

    /// Saves the network to a file, atomically: a safetensors file, whose data is the network as it lies in memory.
    ///
    /// # Errors
    /// [`Error::File`] if it can't be written.
    #[cfg(feature = "std")]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_atomically(path.as_ref(), &mut |file| file.write_all(&self.to_bytes()))
    }

    /// Loads the network from a file, to the heap.
    ///
    /// # Errors
    /// [`Error::File`] if it can't be read, [`Error::Weights`] unless it is an undamaged file of a network with these
    /// layers.
    #[cfg(feature = "std")]
    pub fn load(path: impl AsRef<Path>) -> Result<Box<Self>, Error> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
        Self::load_from_bytes(&bytes).map_err(|error| in_file(path, &error))
    }
}
