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
        let mut description = Description { field: text, expected: text, found: text };
        self.write(&mut description);
        description
    }

    const fn write(&self, Description { field, expected, found }: &mut Description) {
        match *self {
            Self::Foreign { looks } => {
                field.text("file");
                expected.text("a safetensors file");
                found.text(looks);
            }
            Self::Length { header: None, rest } => {
                field.text("header");
                expected.text("8 bytes with its length");
                found.number(rest);
            }
            Self::Length { header: Some(length), rest } => {
                field.text("header");
                expected.large(length).text(" bytes, the length in the first 8 bytes");
                found.number(rest);
            }
            Self::LongHeader { length } => {
                field.text("header");
                expected.text("at most ").large(MAX_HEADER).text(" bytes");
                found.large(length);
            }
            Self::Header { expected: what, at, found: other } => {
                field.text("header");
                expected.text(what);
                byte(at, other, found);
            }
            Self::Content { expected: one, found: other } => {
                field.text("file");
                content(one, expected);
                content(other, found);
            }
            Self::Metadata { key, expected: value, found: other } => {
                field.text(key);
                expected.text("`").text(value).text("`");
                match other {
                    Some(other) => found.text("`").escaped(other).text("`"),
                    None => found.text("none"),
                };
            }
            Self::Structure { expected: layers, found: text } => {
                let other = first_difference(layers, text, field, expected);
                if other.is_empty() {
                    found.text("none")
                } else {
                    found.escaped(other)
                };
            }
            Self::Convention { found: other } => {
                field.text("file");
                expected.text("arrays in the convention `pytorch`");
                found.text("`").escaped(other).text("`");
            }
            Self::Tensors { expected: count, found: other } => {
                field.text("header");
                expected.number(count).text(" tensors, excluding counts, to match by order");
                found.number(other);
            }
            Self::Unordered { name } => {
                field.escaped(name);
                expected.text("the name of a numbered layer (`0.weight`) to match by order");
                found.text("another name: use the option `names`");
            }
            Self::Unexpected { name, shape } => {
                field.escaped(name);
                expected.text("no tensor of this name");
                found.text("one of shape ").escaped(shape);
            }
            Self::Twice { name } => {
                field.escaped(name);
                expected.text("a single tensor for this array");
                found.text("a second one");
            }
            Self::Missing { layout, array } => {
                let shape = match layout.locate(array) {
                    Some(location) => location.shape_in_file(),
                    None => Shape::SCALAR,
                };
                layout.name(array, field);
                expected.text("a tensor of shape ").shape(&shape);
                found.text("none");
            }
            Self::Absent { content, array } => {
                if let Some(place) = content.locate(array, 0, field) {
                    expected.text(place.dtype.name).text(" of shape ").shape(&place.shape);
                    found.text("none");
                }
            }
            Self::Type { name, expected: dtype, found: other, convertible } => {
                field.escaped(name);
                expected.text(dtype);
                found.escaped(other).text(if convertible { " (the option `convert` accepts it)" } else { "" });
            }
            Self::Shape { name, expected: shape, found: other, transposed } => {
                field.escaped(name);
                expected.shape(&shape);
                found.escaped(other).text(if transposed { " (transposed?)" } else { "" });
            }
            Self::Offsets { name, expected: length, found: (begin, end) } => {
                field.escaped(name);
                expected.large(length).text(" bytes");
                found.text("data from ").large(begin).text(" to ").large(end);
            }
            Self::Data { expected: length, found: other } => {
                field.text("data");
                expected.large(length).text(" bytes");
                found.large(other);
            }
            Self::Outside { name, length, end } => {
                field.escaped(name);
                expected.text("data within ").large(length).text(" bytes");
                found.text("its end at ").large(end);
            }
            Self::Gap { at } => {
                field.text("data");
                expected.text("a tensor at offset ").large(at);
                found.text("none");
            }
            Self::Place { name, expected: offset, found: (begin, end) } => {
                field.escaped(name);
                expected.text("data from ").number(offset).text(" on, as in memory");
                found.text("data from ").large(begin).text(" to ").large(end);
            }
            Self::Alignment { expected: alignment, past } => {
                field.text("data");
                expected.text("an address that is a multiple of ").number(alignment);
                found.text("one that is ").number(past).text(" more than a multiple");
            }
            Self::Checksum { expected: hash, found: other } => {
                field.text("data");
                expected.text("the checksum ").hash(hash).text(", as in the header");
                found.hash(other).text(": it has changed since it was written");
            }
            Self::Value { name, shape, index, found: what, number } => {
                field.escaped(name);
                expected.text("finite numbers");
                found.text(value(what)).text(number_name(what, number)).text(" at ").position(&shape, index);
            }
            Self::Count { name, found: count } => {
                field.escaped(name);
                expected.text("a count");
                found.text("-").large(count.unsigned_abs());
            }
        }
    }
}

/// A byte of a header, or the end of it.
const fn byte(at: usize, found: Option<u8>, text: &mut ConstMessage) {
    let Some(byte) = found else {
        text.text("the end at byte ").number(at);
        return;
    };
    match core::str::from_utf8(&[byte]) {
        Ok(letter) if b' ' <= byte && byte <= b'~' => text.text("`").text(letter).text("` at byte "),
        _ => text.number(byte as usize).text(" as byte "),
    };
    text.number(at);
}

/// The content of a file according to its metadata.
const fn content(found: &str, text: &mut ConstMessage) {
    if same(found, WEIGHTS) {
        text.text("the weights of a network")
    } else if same(found, "checkpoint") {
        text.text("a training checkpoint")
    } else if same(found, "int8") {
        text.text("an int8 network")
    } else {
        text.text("`").escaped(found).text("`")
    };
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
