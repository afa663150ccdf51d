//! What can be wrong with a file of weights, and its text.

use crate::const_message::ConstMessage;
use crate::shape::Shape;
use crate::weights::layout::Layout;
use crate::weights::safetensors::header::{MAX_HEADER, WEIGHTS, same};
use crate::weights::safetensors::number::{NonFinite, Number};
use crate::weights::safetensors::stored::first_difference;
use crate::weights::stored::Content;

/// One mismatch. Names and texts are copied from the file as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::weights::safetensors) enum Wrong<'a> {
    /// Not a safetensors file, and what it looks like.
    Foreign {
        looks: &'static str,
    },
    /// The file ends within its header, or even within the length of the header.
    Length {
        header: Option<u64>,
        rest: usize,
    },
    LongHeader {
        length: u64,
    },
    /// The header is not the expected JSON.
    Header {
        expected: &'static str,
        at: usize,
        found: Option<u8>,
    },
    /// According to its metadata, the file has another content.
    Content {
        expected: &'static str,
        found: &'a str,
    },
    /// Its metadata has another value, or none.
    Metadata {
        key: &'static str,
        expected: &'static str,
        found: Option<&'a str>,
    },
    /// According to its metadata, the network has other layers.
    Structure {
        expected: &'static Content,
        found: &'a str,
    },
    /// According to its metadata, the arrays use another convention.
    Convention {
        found: &'a str,
    },
    /// The number of tensors differs, so they cannot be matched by order.
    Tensors {
        expected: usize,
        found: usize,
    },
    /// A tensor is not in a numbered layer, so its order is unknown.
    Unordered {
        name: &'a str,
    },
    /// The network does not have this tensor.
    Unexpected {
        name: &'a str,
        shape: &'a str,
    },
    /// A tensor occurs twice.
    Twice {
        name: &'a str,
    },
    /// The file does not have this array.
    Missing {
        layout: &'static Layout,
        array: usize,
    },
    /// The file does not have this array of a quantized network.
    Absent {
        content: &'static Content,
        array: usize,
    },
    Type {
        name: &'a str,
        expected: &'static str,
        found: &'a str,
        convertible: bool,
    },
    Shape {
        name: &'a str,
        expected: Shape,
        found: &'a str,
        transposed: bool,
    },
    /// The data of a tensor has another size than its shape.
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
    /// A tensor extends past the end of the data.
    Outside {
        name: &'a str,
        length: u64,
        end: u64,
    },
    /// There is a gap between tensors.
    Gap {
        at: u64,
    },
    /// The data of a tensor begins elsewhere than the array in memory.
    Place {
        name: &'a str,
        expected: usize,
        found: (u64, u64),
    },
    /// The data begins this many bytes past an address of the right alignment.
    Alignment {
        expected: usize,
        past: usize,
    },
    /// The data has changed.
    Checksum {
        expected: u32,
        found: u32,
    },
    /// A number is not finite; its index is that in the file's tensor.
    Value {
        name: &'a str,
        shape: Shape,
        index: usize,
        found: NonFinite,
        number: Number,
    },
    /// A count is negative.
    Count {
        name: &'a str,
        found: i64,
    },
}

/// A mismatch as text.
pub(in crate::weights::safetensors) struct Description {
    /// The part of the file: `file`, `header`, `data`, or the name of a tensor.
    pub(in crate::weights::safetensors) field: ConstMessage,
    pub(in crate::weights::safetensors) expected: ConstMessage,
    pub(in crate::weights::safetensors) found: ConstMessage,
}

impl Wrong<'_> {
    pub(in crate::weights::safetensors) const fn describe(&self) -> Description {
        let text = ConstMessage::new();
        let (field, expected, found) = match *self {
            Self::Foreign { looks } => (text.text("file"), text.text("a safetensors file"), text.text(looks)),
            Self::Length { header: None, rest } => {
                (text.text("header"), text.text("8 bytes with its length"), text.number(rest))
            }
            Self::Length { header: Some(length), rest } => (
                text.text("header"),
                text.large(length).text(" bytes, the length in the first 8 bytes"),
                text.number(rest),
            ),
            Self::LongHeader { length } => {
                (text.text("header"), text.text("at most ").large(MAX_HEADER).text(" bytes"), text.large(length))
            }
            Self::Header { expected, at, found } => (text.text("header"), text.text(expected), byte(at, found)),
            Self::Content { expected, found } => (text.text("file"), content(expected), content(found)),
            Self::Metadata { key, expected, found } => {
                let found = match found {
                    Some(found) => text.text("`").escaped(found).text("`"),
                    None => text.text("none"),
                };
                (text.text(key), text.text("`").text(expected).text("`"), found)
            }
            Self::Structure { expected, found } => {
                let (name, expected, found) = first_difference(expected, found);
                (name, expected, if found.is_empty() { text.text("none") } else { text.escaped(found) })
            }
            Self::Convention { found } => (
                text.text("file"),
                text.text("arrays in the convention `pytorch`"),
                text.text("`").escaped(found).text("`"),
            ),
            Self::Tensors { expected, found } => (
                text.text("header"),
                text.number(expected).text(" tensors, excluding counts, to match by order"),
                text.number(found),
            ),
            Self::Unordered { name } => (
                text.escaped(name),
                text.text("the name of a numbered layer (`0.weight`) to match by order"),
                text.text("another name: use the option `names`"),
            ),
            Self::Unexpected { name, shape } => {
                (text.escaped(name), text.text("no tensor of this name"), text.text("one of shape ").escaped(shape))
            }
            Self::Twice { name } => {
                (text.escaped(name), text.text("a single tensor for this array"), text.text("a second one"))
            }
            Self::Missing { layout, array } => {
                let shape = match layout.locate(array) {
                    Some(location) => location.shape_in_file(),
                    None => Shape::SCALAR,
                };
                (layout.name(array, text), text.text("a tensor of shape ").shape(&shape), text.text("none"))
            }
            Self::Absent { content, array } => match content.locate(array, 0, text) {
                Some((place, name)) => {
                    (name, text.text(place.dtype.name).text(" of shape ").shape(&place.shape), text.text("none"))
                }
                None => (text, text, text),
            },
            Self::Type { name, expected, found, convertible } => {
                let advice = if convertible { " (the option `convert` accepts it)" } else { "" };
                (text.escaped(name), text.text(expected), text.escaped(found).text(advice))
            }
            Self::Shape { name, expected, found, transposed } => {
                let question = if transposed { " (transposed?)" } else { "" };
                (text.escaped(name), text.shape(&expected), text.escaped(found).text(question))
            }
            Self::Offsets { name, expected, found: (begin, end) } => (
                text.escaped(name),
                text.large(expected).text(" bytes"),
                text.text("data from ").large(begin).text(" to ").large(end),
            ),
            Self::Data { expected, found } => {
                (text.text("data"), text.large(expected).text(" bytes"), text.large(found))
            }
            Self::Outside { name, length, end } => (
                text.escaped(name),
                text.text("data within ").large(length).text(" bytes"),
                text.text("its end at ").large(end),
            ),
            Self::Gap { at } => (text.text("data"), text.text("a tensor at offset ").large(at), text.text("none")),
            Self::Place { name, expected, found: (begin, end) } => (
                text.escaped(name),
                text.text("data from ").number(expected).text(" on, as in memory"),
                text.text("data from ").large(begin).text(" to ").large(end),
            ),
            Self::Alignment { expected, past } => (
                text.text("data"),
                text.text("an address that is a multiple of ").number(expected),
                text.text("one that is ").number(past).text(" more than a multiple"),
            ),
            Self::Checksum { expected, found } => (
                text.text("data"),
                text.text("the checksum ").hash(expected).text(", as in the header"),
                text.hash(found).text(": it has changed since it was written"),
            ),
            Self::Value { name, shape, index, found, number } => (
                text.escaped(name),
                text.text("finite numbers"),
                text.text(value(found)).text(number_name(found, number)).text(" at ").position(&shape, index),
            ),
            Self::Count { name, found } => {
                (text.escaped(name), text.text("a count"), text.text("-").large(found.unsigned_abs()))
            }
        };
        Description { field, expected, found }
    }
}

/// A byte of a header, or the end of it.
const fn byte(at: usize, found: Option<u8>) -> ConstMessage {
    let text = ConstMessage::new();
    let Some(byte) = found else { return text.text("the end at byte ").number(at) };
    if byte < b' ' || b'~' < byte {
        return text.number(byte as usize).text(" as byte ").number(at);
    }
    match core::str::from_utf8(&[byte]) {
        Ok(letter) => text.text("`").text(letter).text("` at byte ").number(at),
        Err(_) => text,
    }
}

/// The content of a file according to its metadata.
const fn content(found: &str) -> ConstMessage {
    let text = ConstMessage::new();
    if same(found, WEIGHTS) {
        text.text("the weights of a network")
    } else if same(found, "checkpoint") {
        text.text("a training checkpoint")
    } else if same(found, "int8") {
        text.text("an int8 network")
    } else {
        text.text("`").escaped(found).text("`")
    }
}

const fn value(found: NonFinite) -> &'static str {
    match found {
        NonFinite::NaN => "NaN",
        NonFinite::Infinity => "inf",
        NonFinite::NegativeInfinity => "-inf",
        NonFinite::TooLarge => "a number too large for ",
    }
}

const fn number_name(found: NonFinite, number: Number) -> &'static str {
    if let NonFinite::TooLarge = found { number.name() } else { "" }
}
