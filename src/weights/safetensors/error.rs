//! What is wrong with a file of weights.

use core::fmt;

use super::check::{Comparison, Mismatches};
use super::number::{NonFinite, Number};
use crate::const_message::ConstMessage;
use crate::shape::Shape;
use crate::weights::layout::Layout;

/// The most mismatches that a message lists.
pub(super) const MAX_LISTED: usize = 32;

/// What is wrong with a file of weights: a part of the file, what was expected there, and what was found.
///
/// Made without a heap: it points into the file. Where the tensors aren't the network's, it tells all differences at once;
/// printed, it has a line for each (the first 32 and how many more there are).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WeightsError<'a> {
    reason: Reason<'a>,
}

/// Why a file isn't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason<'a> {
    /// A problem after which nothing else can be told.
    File(Wrong<'a>),
    /// Tensors that are others than the network's. The comparison finds them again.
    Tensors(Comparison<'a>),
}

/// One thing that is wrong with a file of weights. Names and texts are as the file has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong<'a> {
    /// No safetensors file, and what it looks like.
    Foreign {
        looks: &'static str,
    },
    /// The file is shorter than its header, whose length it may not even tell.
    Length {
        header: Option<u64>,
        rest: usize,
    },
    LongHeader {
        length: u64,
    },
    /// The header is no such JSON.
    Header {
        expected: &'static str,
        at: usize,
        found: Option<u8>,
    },
    /// By its metadata it is something else than weights.
    Content {
        found: &'a str,
    },
    /// By its metadata its arrays lie otherwise.
    Convention {
        found: &'a str,
    },
    /// Another number of tensors, which can't be matched by order then.
    Tensors {
        expected: usize,
        found: usize,
    },
    /// A tensor that isn't in a numbered layer, so that its order is unknown.
    Unordered {
        name: &'a str,
    },
    /// A tensor that the network doesn't have.
    Unexpected {
        name: &'a str,
        shape: &'a str,
    },
    /// A tensor that is there already.
    Twice {
        name: &'a str,
    },
    /// An array that the file doesn't have.
    Missing {
        layout: &'static Layout,
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
    /// A tensor that ends behind the end of the data.
    Outside {
        name: &'a str,
        length: u64,
        end: u64,
    },
    /// No tensor begins where another one ends.
    Gap {
        at: u64,
    },
    /// A number that isn't finite, by its place in the file's tensor.
    Value {
        name: &'a str,
        shape: Shape,
        index: usize,
        found: NonFinite,
        number: Number,
    },
    /// A count below 0.
    Count {
        name: &'a str,
        found: i64,
    },
}

/// Something wrong, in words.
pub(super) struct Description {
    /// The part of the file: `file`, `header`, `data`, or the name of a tensor.
    pub(super) field: ConstMessage,
    pub(super) expected: ConstMessage,
    pub(super) found: ConstMessage,
}

impl Wrong<'_> {
    pub(super) const fn describe(&self) -> Description {
        let text = ConstMessage::new();
        let (field, expected, found) = match *self {
            Self::Foreign { looks } => (text.text("file"), text.text("a safetensors file"), text.text(looks)),
            Self::Length { header: None, rest } => {
                (text.text("header"), text.text("8 bytes that tell its length"), text.number(rest))
            }
            Self::Length { header: Some(length), rest } => (
                text.text("header"),
                text.large(length).text(" bytes, as a safetensors file's first 8 bytes say"),
                text.number(rest),
            ),
            Self::LongHeader { length } => (
                text.text("header"),
                text.text("at most ").large(super::header::MAX_HEADER).text(" bytes"),
                text.large(length),
            ),
            Self::Header { expected, at, found } => (text.text("header"), text.text(expected), byte(at, found)),
            Self::Content { found } => (text.text("file"), text.text("the weights of a network"), content(text, found)),
            Self::Convention { found } => (
                text.text("file"),
                text.text("arrays in the convention `pytorch`"),
                text.text("`").escaped(found).text("`"),
            ),
            Self::Tensors { expected, found } => (
                text.text("header"),
                text.number(expected).text(" tensors beside counts, to match them by their order"),
                text.number(found),
            ),
            Self::Unordered { name } => (
                text.escaped(name),
                text.text("the name of a numbered layer (`0.weight`), to match it by its order"),
                text.text("another one: map the names instead"),
            ),
            Self::Unexpected { name, shape } => {
                (text.escaped(name), text.text("no tensor of this name"), text.text("one of shape ").escaped(shape))
            }
            Self::Twice { name } => {
                (text.escaped(name), text.text("one tensor for this array"), text.text("a second one"))
            }
            Self::Missing { layout, array } => {
                let shape = match layout.locate(array) {
                    Some(location) => location.shape_in_file(),
                    None => Shape::SCALAR,
                };
                (layout.name(array, text), text.text("a tensor of shape ").shape(&shape), text.text("none"))
            }
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

/// A byte of a header, or its end.
const fn byte(at: usize, found: Option<u8>) -> ConstMessage {
    let text = ConstMessage::new();
    let Some(byte) = found else { return text.text("its end, at byte ").number(at) };
    if byte < b' ' || b'~' < byte {
        return text.number(byte as usize).text(" as byte ").number(at);
    }
    match core::str::from_utf8(&[byte]) {
        Ok(letter) => text.text("`").text(letter).text("` at byte ").number(at),
        Err(_) => text,
    }
}

/// What a file holds by its metadata.
const fn content(text: ConstMessage, found: &str) -> ConstMessage {
    use super::header::same;
    if same(found, "checkpoint") {
        text.text("a checkpoint of a training")
    } else if same(found, "int8") {
        text.text("a network in 8 bits")
    } else {
        text.text("`").escaped(found).text("`")
    }
}

const fn value(found: NonFinite) -> &'static str {
    match found {
        NonFinite::NaN => "NaN",
        NonFinite::Infinity => "inf",
        NonFinite::NegativeInfinity => "-inf",
        NonFinite::TooLarge => "a number that is too large for ",
    }
}

const fn number_name(found: NonFinite, number: Number) -> &'static str {
    if let NonFinite::TooLarge = found { number.name() } else { "" }
}

impl<'a> WeightsError<'a> {
    pub(super) const fn new(reason: Reason<'a>) -> Self {
        Self { reason }
    }

    pub(super) const fn problems(&self) -> Problems<'a> {
        match self.reason {
            Reason::File(wrong) => Problems { single: Some(wrong), mismatches: None },
            Reason::Tensors(comparison) => Problems { single: None, mismatches: Some(comparison.mismatches()) },
        }
    }

    /// All that is wrong: what can be told after the first problem.
    pub fn mismatches(&self) -> impl Iterator<Item = WeightsMismatch<'a>> {
        let mut problems = self.problems();
        core::iter::from_fn(move || problems.next()).map(|wrong| WeightsMismatch { wrong })
    }
}

/// The problems of an error, one after the other.
pub(super) struct Problems<'a> {
    single: Option<Wrong<'a>>,
    mismatches: Option<Mismatches<'a>>,
}

impl<'a> Problems<'a> {
    pub(super) const fn next(&mut self) -> Option<Wrong<'a>> {
        match &mut self.mismatches {
            Some(mismatches) => mismatches.next(),
            None => self.single.take(),
        }
    }
}

impl fmt::Display for WeightsError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut count = 0;
        for mismatch in self.mismatches() {
            match count {
                0 => mismatch.fmt(f)?,
                1..MAX_LISTED => write!(f, "\n{mismatch}")?,
                _ => {}
            }
            count += 1;
        }
        if count > MAX_LISTED { write!(f, "\nand {} more", count - MAX_LISTED) } else { Ok(()) }
    }
}

/// As displayed, so that `unwrap` and a `main` that returns the error say what is wrong.
impl fmt::Debug for WeightsError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for WeightsError<'_> {}

/// One difference between a file of weights and the network that it should be of: a part of [`WeightsError`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WeightsMismatch<'a> {
    wrong: Wrong<'a>,
}

impl WeightsMismatch<'_> {
    /// The part of the file: the name of a tensor, `header`, `data` or `file`.
    pub fn field(&self) -> impl fmt::Display {
        self.wrong.describe().field
    }

    /// What should be there.
    pub fn expected(&self) -> impl fmt::Display {
        self.wrong.describe().expected
    }

    /// What is there.
    pub fn found(&self) -> impl fmt::Display {
        self.wrong.describe().found
    }
}

impl fmt::Display for WeightsMismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Description { field, expected, found } = self.wrong.describe();
        write!(f, "{field}: expected {expected}, found {found}")
    }
}

impl fmt::Debug for WeightsMismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
