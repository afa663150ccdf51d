//! What weights are made of, as a constant: arrays of numbers, named as the network's layers are nested.

use crate::const_message::ConstMessage;
use crate::shape::Shape;
use crate::weights::name::{Name, Visitor};

/// How the weights of a type lie in memory and in files: one array, or named parts one after the other.
///
/// A type that derives [`Parameters`](crate::Parameters) has one. It is a constant, so that the compiler can check a file
/// of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// An array of numbers of this shape.
    Array(Shape),
    /// A matrix of this shape, `[in, out]`, which lies in files as `[out, in]`: the weights of a dense layer, which PyTorch
    /// and the frameworks that follow it store that way.
    Transposed(Shape),
    /// A count: one number here, a 64-bit integer in files.
    Count,
    /// Fields, one after the other.
    Fields(&'static [Field]),
}

/// A part of a [`Layout`], and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    name: &'static str,
    layout: Layout,
    length: usize,
    arrays: usize,
}

impl Field {
    /// The part `name`, which is laid out as `layout`.
    #[must_use]
    pub const fn new(name: &'static str, layout: Layout) -> Self {
        Self { name, layout, length: layout.length(), arrays: layout.arrays() }
    }
}

/// What an array of weights is in a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The same numbers in the same order.
    AsItIs,
    /// The same numbers with rows and columns exchanged.
    Transposed,
    /// An integer.
    Count,
}

/// Where an array of weights lies, and what it is in a file.
#[derive(Clone, Copy)]
pub(crate) struct ArrayLocation {
    /// Its number, in the order of memory.
    pub(crate) array: usize,
    /// The number of the first array of the layer that it belongs to.
    pub(crate) layer: usize,
    /// Its name in its layer: the last segment of its dotted name.
    pub(crate) name: &'static str,
    /// How many numbers come before it.
    pub(crate) start: usize,
    /// Its shape in memory.
    pub(crate) shape: Shape,
    pub(crate) stored: Stored,
}

impl ArrayLocation {
    /// Whether a file has to have it. It may do without an array of no numbers, and without a count, as files of PyTorch
    /// did before it had any.
    pub(crate) const fn is_required(&self) -> bool {
        !matches!(self.stored, Stored::Count) && self.shape.length() > 0
    }

    /// Its shape in a file.
    pub(crate) const fn shape_in_file(&self) -> Shape {
        match self.stored {
            Stored::Transposed => self.shape.transposed(),
            Stored::AsItIs | Stored::Count => self.shape,
        }
    }
}

impl Layout {
    /// The layout of a type without weights.
    pub const NOTHING: Self = Self::Fields(&[]);

    /// How many numbers there are.
    #[must_use]
    pub const fn length(&self) -> usize {
        match self {
            Self::Array(shape) | Self::Transposed(shape) => shape.length(),
            Self::Count => 1,
            Self::Fields(fields) => {
                let (mut length, mut index) = (0, 0);
                while index < fields.len() {
                    length += fields[index].length;
                    index += 1;
                }
                length
            }
        }
    }

    /// How many arrays of them there are.
    #[must_use]
    pub const fn arrays(&self) -> usize {
        match self {
            Self::Array(_) | Self::Transposed(_) | Self::Count => 1,
            Self::Fields(fields) => {
                let (mut arrays, mut index) = (0, 0);
                while index < fields.len() {
                    arrays += fields[index].arrays;
                    index += 1;
                }
                arrays
            }
        }
    }

    /// A single array, which has no name of its own.
    const fn array(&self) -> Option<ArrayLocation> {
        let (shape, stored) = match self {
            Self::Array(shape) => (*shape, Stored::AsItIs),
            Self::Transposed(shape) => (*shape, Stored::Transposed),
            Self::Count => (Shape::SCALAR, Stored::Count),
            Self::Fields(_) => return None,
        };
        Some(ArrayLocation { array: 0, layer: 0, name: "", start: 0, shape, stored })
    }

    /// The array of a dotted name.
    pub(crate) const fn find(&self, name: &DottedName<'_>) -> Option<ArrayLocation> {
        self.find_from(name, 0)
    }

    const fn find_from(&self, name: &DottedName<'_>, at: usize) -> Option<ArrayLocation> {
        let Self::Fields(fields) = self else {
            return if at == name.length() { self.array() } else { None };
        };
        let (mut array, mut start, mut index) = (0, 0, 0);
        while index < fields.len() {
            let field = &fields[index];
            if let Some(end) = name.behind(at, field.name) {
                let found = match field.layout {
                    Self::Fields(_) if name.has_dot(end) => field.layout.find_from(name, end + 1),
                    Self::Fields(_) => None,
                    _ => field.layout.find_from(name, end),
                };
                if let Some(found) = found {
                    return Some(field.inside(found, array, start));
                }
            }
            array += field.arrays;
            start += field.length;
            index += 1;
        }
        None
    }

    /// Array number `array`.
    pub(crate) const fn locate(&self, array: usize) -> Option<ArrayLocation> {
        let Self::Fields(fields) = self else {
            return if array == 0 { self.array() } else { None };
        };
        let (mut before, mut start, mut index) = (0, 0, 0);
        while index < fields.len() {
            let field = &fields[index];
            if array - before < field.arrays {
                return match field.layout.locate(array - before) {
                    Some(found) => Some(field.inside(found, before, start)),
                    None => None,
                };
            }
            before += field.arrays;
            start += field.length;
            index += 1;
        }
        None
    }

    /// Add the dotted name of array number `array` to a message.
    pub(crate) const fn name(&self, mut array: usize, mut message: ConstMessage) -> ConstMessage {
        if let Self::Fields(fields) = self {
            let mut index = 0;
            while index < fields.len() {
                let field = &fields[index];
                if array < field.arrays {
                    message = message.text(field.name);
                    if let Self::Fields(_) = field.layout {
                        message = message.text(".");
                    }
                    return field.layout.name(array, message);
                }
                array -= field.arrays;
                index += 1;
            }
        }
        message
    }

    /// Visit each array of `values` with its dotted name. Gives what comes behind.
    pub(crate) fn visit<'a, S>(&self, name: Name<'_>, values: &'a [S], visitor: &mut Visitor<'_, S>) -> &'a [S] {
        let shape = match self {
            Self::Array(shape) | Self::Transposed(shape) => *shape,
            Self::Count => Shape::SCALAR,
            Self::Fields(fields) => {
                return fields
                    .iter()
                    .fold(values, |values, field| field.layout.visit(name.field(field.name), values, visitor));
            }
        };
        let (these, rest) = values.split_at(shape.length().min(values.len()));
        visitor(name, shape, these);
        rest
    }
}

impl Field {
    /// Where an array lies that is `found` in this field, behind `array` arrays and `start` numbers of other fields.
    const fn inside(&self, mut found: ArrayLocation, array: usize, start: usize) -> ArrayLocation {
        // An array that is a field belongs to the layer that has the field: that whose first array is number 0 there.
        if let Layout::Fields(_) = self.layout {
            found.layer += array;
        } else {
            found.name = self.name;
        }
        found.array += array;
        found.start += start;
        found
    }
}

/// A dotted name as it stands in a file, in two pieces, so that a segment can have been replaced.
#[derive(Clone, Copy)]
pub(crate) struct DottedName<'a> {
    head: &'a [u8],
    tail: &'a [u8],
}

impl<'a> DottedName<'a> {
    /// The name `head` and, right behind it, `tail`.
    pub(crate) const fn new(head: &'a str, tail: &'a str) -> Self {
        Self { head: head.as_bytes(), tail: tail.as_bytes() }
    }

    const fn length(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Where what follows `segment` begins, if that stands at `at`.
    const fn behind(&self, at: usize, segment: &str) -> Option<usize> {
        let segment = segment.as_bytes();
        if self.length() - at < segment.len() {
            return None;
        }
        let mut index = 0;
        while index < segment.len() {
            if self.byte(at + index) != segment[index] {
                return None;
            }
            index += 1;
        }
        Some(at + segment.len())
    }

    /// Whether there is a dot at `at`.
    const fn has_dot(&self, at: usize) -> bool {
        at < self.length() && self.byte(at) == b'.'
    }

    const fn byte(&self, at: usize) -> u8 {
        if at < self.head.len() { self.head[at] } else { self.tail[at - self.head.len()] }
    }
}
