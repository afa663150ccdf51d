//! What weights are made of, as a constant: arrays of numbers, named as the network's layers are nested.

use crate::const_message::ConstMessage;
use crate::shape::Shape;
use crate::weights::name::{Name, Visitor};

/// How the weights of a type lie in memory: one array, or named parts one after the other.
///
/// A type that derives [`Parameters`](crate::Parameters) has one. It is a constant, so that a file of weights can be
/// judged by the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// An array of numbers, of this shape.
    Array(Shape),
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

/// Where an array of weights lies.
#[derive(Clone, Copy)]
pub(crate) struct ArrayLocation {
    /// Its number, in the order of memory.
    pub(crate) array: usize,
    /// How many numbers come before it.
    pub(crate) start: usize,
    pub(crate) shape: Shape,
}

impl Layout {
    /// The layout of a type without weights.
    pub const NOTHING: Self = Self::Fields(&[]);

    /// How many numbers there are.
    #[must_use]
    pub const fn length(&self) -> usize {
        match self {
            Self::Array(shape) => shape.length(),
            Self::Fields(parts) => {
                let (mut length, mut index) = (0, 0);
                while index < parts.len() {
                    length += parts[index].length;
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
            Self::Array(_) => 1,
            Self::Fields(parts) => {
                let (mut arrays, mut index) = (0, 0);
                while index < parts.len() {
                    arrays += parts[index].arrays;
                    index += 1;
                }
                arrays
            }
        }
    }

    /// The array of a dotted name.
    pub(crate) const fn find(&self, name: &[u8]) -> Option<ArrayLocation> {
        match self {
            Self::Array(shape) if name.is_empty() => Some(ArrayLocation { array: 0, start: 0, shape: *shape }),
            Self::Array(_) => None,
            Self::Fields(parts) => {
                let (mut array, mut start, mut index) = (0, 0, 0);
                while index < parts.len() {
                    let part = &parts[index];
                    if let Some(rest) = behind(name, part.name.as_bytes())
                        && let Some(place) = part.layout.find(rest)
                    {
                        return Some(ArrayLocation { array: array + place.array, start: start + place.start, ..place });
                    }
                    array += part.arrays;
                    start += part.length;
                    index += 1;
                }
                None
            }
        }
    }

    /// Add the dotted name of array number `array` to a sentence.
    pub(crate) const fn name(&self, mut array: usize, mut sentence: ConstMessage) -> ConstMessage {
        if let Self::Fields(parts) = self {
            let mut index = 0;
            while index < parts.len() {
                let part = &parts[index];
                if array < part.arrays {
                    sentence = sentence.text(part.name);
                    if let Self::Fields(_) = part.layout {
                        sentence = sentence.text(".");
                    }
                    return part.layout.name(array, sentence);
                }
                array -= part.arrays;
                index += 1;
            }
        }
        sentence
    }

    /// Visit each array of `values` with its dotted name. Gives what comes behind.
    pub(crate) fn visit<'a, S>(&self, name: Name<'_>, values: &'a [S], visitor: &mut Visitor<'_, S>) -> &'a [S] {
        match self {
            Self::Array(shape) => {
                let (these, rest) = values.split_at(shape.length().min(values.len()));
                visitor(name, *shape, these);
                rest
            }
            Self::Fields(parts) => {
                parts.iter().fold(values, |values, part| part.layout.visit(name.field(part.name), values, visitor))
            }
        }
    }
}

/// What comes behind the first segment of a dotted name, if that is `segment`.
const fn behind<'a>(name: &'a [u8], segment: &[u8]) -> Option<&'a [u8]> {
    if name.len() < segment.len() {
        return None;
    }
    let (first, rest) = name.split_at(segment.len());
    let mut index = 0;
    while index < first.len() {
        if first[index] != segment[index] {
            return None;
        }
        index += 1;
    }
    match rest {
        [] => Some(rest),
        [b'.', rest @ ..] => Some(rest),
        _ => None,
    }
}
