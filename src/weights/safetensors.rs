//! Weights as bytes: safetensors files, read at run time and at compile time by the same functions.

mod check;
#[cfg(feature = "std")]
mod file;
mod header;
mod include;

use core::fmt;

#[cfg(feature = "std")]
pub(crate) use file::{load, save};
pub use include::include;

use crate::const_message::ConstMessage;
use crate::shape::Shape;
use crate::weights::layout::Layout;
use crate::weights::parameters::Parameters;
use header::Reader;

/// What is wrong with a file of weights: the part of it, what was expected there, and what was found.
///
/// Made by [`Network::read_weights`](crate::Network::read_weights), without a heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightsError<'a> {
    wrong: Wrong<'a>,
    layout: &'static Layout,
}

/// What is wrong with a file of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong<'a> {
    /// The file is shorter than its header, whose length it may not even tell.
    Length {
        header: Option<u64>,
        rest: usize,
    },
    /// The header is no such JSON.
    Header {
        expected: &'static str,
        at: usize,
        found: Option<u8>,
    },
    /// A tensor that the network doesn't have.
    Extra {
        name: &'a str,
    },
    /// A tensor that is there already.
    Twice {
        name: &'a str,
    },
    /// An array that the file doesn't have.
    Missing {
        array: usize,
    },
    Type {
        name: &'a str,
        expected: &'static str,
        found: &'a str,
    },
    Shape {
        name: &'a str,
        expected: Shape,
        found: &'a str,
    },
    /// A tensor has another number of bytes than its shape.
    Offsets {
        name: &'a str,
        expected: u64,
        found: (u64, u64),
    },
    /// The data is too long or too short.
    Data {
        expected: u64,
        found: u64,
    },
    /// No tensor begins where another one ends.
    Gap {
        at: u64,
    },
}

impl WeightsError<'_> {
    /// The part of the file: `header`, `data`, or the name of a tensor.
    const fn field(&self) -> ConstMessage {
        let text = ConstMessage::new();
        match self.wrong {
            Wrong::Length { .. } | Wrong::Header { .. } => text.text("header"),
            Wrong::Data { .. } | Wrong::Gap { .. } => text.text("data"),
            Wrong::Missing { array } => self.layout.name(array, text),
            Wrong::Extra { name }
            | Wrong::Twice { name }
            | Wrong::Type { name, .. }
            | Wrong::Shape { name, .. }
            | Wrong::Offsets { name, .. } => text.text(name),
        }
    }

    /// What should be there.
    const fn expected(&self) -> ConstMessage {
        let text = ConstMessage::new();
        match self.wrong {
            Wrong::Length { header: None, .. } => text.text("8 bytes that tell its length"),
            Wrong::Length { header: Some(length), .. } => {
                text.large(length).text(" bytes, as a safetensors file's first 8 bytes say")
            }
            Wrong::Header { expected, .. } => text.text(expected),
            Wrong::Extra { .. } if self.layout.arrays() == 0 => text.text("no tensor, as the network has no weights"),
            Wrong::Extra { .. } => self.layout.name(0, text.text("a tensor of the network's, such as `")).text("`"),
            Wrong::Twice { .. } => text.text("one tensor of this name"),
            Wrong::Missing { .. } => text.text("a tensor"),
            Wrong::Type { expected, .. } => text.text(expected),
            Wrong::Shape { expected, .. } => text.shape(&expected),
            Wrong::Offsets { expected, .. } | Wrong::Data { expected, .. } => text.large(expected).text(" bytes"),
            Wrong::Gap { at } => text.text("a tensor at offset ").large(at),
        }
    }

    /// What is there.
    const fn found(&self) -> ConstMessage {
        let text = ConstMessage::new();
        match self.wrong {
            Wrong::Length { rest, .. } => text.number(rest),
            Wrong::Header { at, found: None, .. } => text.text("its end, at byte ").number(at),
            Wrong::Header { at, found: Some(byte @ b' '..=b'~'), .. } => {
                let byte = [byte];
                match core::str::from_utf8(&byte) {
                    Ok(letter) => text.text("`").text(letter).text("` at byte ").number(at),
                    Err(_) => text,
                }
            }
            Wrong::Header { at, found: Some(byte), .. } => text.number(byte as usize).text(" as byte ").number(at),
            Wrong::Extra { .. } => text.text("one that it doesn't have"),
            Wrong::Twice { .. } => text.text("a second one"),
            Wrong::Missing { .. } | Wrong::Gap { .. } => text.text("none"),
            Wrong::Type { found, .. } | Wrong::Shape { found, .. } => text.text(found),
            Wrong::Offsets { found: (begin, end), .. } => text.text("data from ").large(begin).text(" to ").large(end),
            Wrong::Data { found, .. } => text.large(found),
        }
    }
}

impl fmt::Display for WeightsError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.field(), self.expected(), self.found())
    }
}

impl core::error::Error for WeightsError<'_> {}

/// What safetensors calls the numbers that `P` is made of.
const fn dtype<P: Parameters>() -> &'static str {
    if size_of::<P::Scalar>() == size_of::<f32>() { "F32" } else { "F64" }
}

/// A file that holds exactly the weights of a `P`: its entries, and its data.
const fn check<P: Parameters>(file: &[u8]) -> Result<(Reader<'_>, &[u8]), WeightsError<'_>> {
    match check::check(file, &P::LAYOUT, dtype::<P>(), size_of::<P::Scalar>()) {
        Ok(checked) => Ok(checked),
        Err(wrong) => Err(WeightsError { wrong, layout: const { &P::LAYOUT } }),
    }
}

/// Copy the weights of a file that has been checked to `weights`.
///
/// # Safety
/// `weights` is valid to write a `P` to, and nothing else reads or writes it meanwhile.
const unsafe fn copy<P: Parameters>(mut entries: Reader<'_>, data: &[u8], weights: *mut P) {
    let size = size_of::<P::Scalar>();
    while let Ok(Some(entry)) = entries.next() {
        let Some(place) = P::LAYOUT.find(entry.name.as_bytes()) else { continue };
        let Some((data, _)) = data.split_at_checked(entry.end as usize) else { continue };
        let Some((_, values)) = data.split_at_checked(entry.begin as usize) else { continue };
        let start = place.start * size;
        if start > size_of::<P>() || values.len() > size_of::<P>() - start {
            continue;
        }
        // SAFETY: the bytes are within `weights`, as was just judged, and it is valid to write there.
        unsafe {
            let to = weights.cast::<u8>().add(start);
            if cfg!(target_endian = "little") {
                core::ptr::copy_nonoverlapping(values.as_ptr(), to, values.len());
            } else {
                let mut index = 0;
                while index < values.len() {
                    to.add(index).write(values[index - index % size + (size - 1 - index % size)]);
                    index += 1;
                }
            }
        }
    }
}

/// Take the weights from a file of them; they stay as they are where it is not one of theirs.
pub(crate) fn read<'a, P: Parameters>(weights: &mut P, file: &'a [u8]) -> Result<(), WeightsError<'a>> {
    let (entries, data) = check::<P>(file)?;
    // SAFETY: the borrow is exclusive.
    unsafe { copy(entries, data, core::ptr::from_mut(weights)) };
    Ok(())
}
