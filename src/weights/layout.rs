//! The layout of weights as a constant: arrays of numbers, with names that follow the nesting of layers.

use crate::const_message::ConstMessage;
use crate::shape::Shape;
use crate::weights::name::{Name, Visitor};

/// The layout of a type's weights in memory and in files: one array, or named parts in sequence.
///
/// The derive of [`Parameters`](crate::Parameters) generates it. It is a constant, so that the compiler can check a
/// file of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// An array of numbers of this shape.
    Array(Shape),
    /// A matrix of this shape, `[in, out]`, stored in files as `[out, in]`: the weights of a dense layer, as PyTorch
    /// and compatible frameworks store them.
    Transposed(Shape),
    /// A count: one number in memory, a 64-bit integer in files.
    Count,
    /// Fields, in sequence.
    Fields(&'static [Field]),
}

/// A part of a [`Layout`], with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    name: &'static str,
    layout: Layout,
    length: usize,
    arrays: usize,
}

impl Field {
    /// The part `name`, with this layout.
    #[must_use]
    pub const fn new(name: &'static str, layout: Layout) -> Self {
        Self { name, layout, length: layout.length(), arrays: layout.arrays() }
    }
}

/// How an array of weights is stored in a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum InFile {
    /// The same numbers in the same order.
    AsItIs,
    /// The transposed matrix.
    Transposed,
    /// An integer.
    Count,
}

/// The position of an array of weights, and how it is stored in a file.
#[derive(Clone, Copy)]
pub(crate) struct ArrayLocation {
    /// Its index, in memory order.
    pub(crate) array: usize,
    /// The index of the first array of its layer.
    pub(crate) layer: usize,
    /// Its name within the layer: the last segment of its dotted name.
    pub(crate) name: &'static str,
    /// The offset of its first number.
    pub(crate) start: usize,
    /// Its shape in memory.
    pub(crate) shape: Shape,
    pub(crate) stored: InFile,
}

impl ArrayLocation {
    /// Whether a file must contain it. Empty arrays are optional, and so are counts, which older PyTorch files do not
    /// have.
    pub(crate) const fn is_required(&self) -> bool {
        !matches!(self.stored, InFile::Count) && self.shape.length() > 0
    }

    /// Its shape in a file.
    pub(crate) const fn shape_in_file(&self) -> Shape {
        match self.stored {
            InFile::Transposed => self.shape.transposed(),
            InFile::AsItIs | InFile::Count => self.shape,
        }
    }
}

/// An array of weights.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Weight<'a> {
    /// Its dotted name, as in files.
    pub name: Name<'a>,
    /// Its shape, and whether files store it transposed or as an integer: any [`Layout`] but `Fields`.
    pub layout: Layout,
    /// The index of its first number in [`parameters()`](crate::Parameters::parameters).
    pub start: usize,
}

impl Layout {
    /// The layout of a type without weights.
    pub const NOTHING: Self = Self::Fields(&[]);

    /// The number of weights.
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

    /// The number of arrays.
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
            Self::Array(shape) => (*shape, InFile::AsItIs),
            Self::Transposed(shape) => (*shape, InFile::Transposed),
            Self::Count => (Shape::SCALAR, InFile::Count),
            Self::Fields(_) => return None,
        };
        Some(ArrayLocation { array: 0, layer: 0, name: "", start: 0, shape, stored })
    }

    /// The array with this dotted name.
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

    /// The array with index `array`.
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

    /// Append the dotted name of the array with index `array` to a message.
    pub(crate) const fn name(&self, mut array: usize, message: &mut ConstMessage) {
        if let Self::Fields(fields) = self {
            let mut index = 0;
            while index < fields.len() {
                let field = &fields[index];
                if array < field.arrays {
                    message.text(field.name);
                    if let Self::Fields(_) = field.layout {
                        message.text(".");
                    }
                    return field.layout.name(array, message);
                }
                array -= field.arrays;
                index += 1;
            }
        }
    }

    /// The shape of an array in memory; for fields, that of a vector of all their numbers.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        match self {
            Self::Array(shape) | Self::Transposed(shape) => *shape,
            Self::Count => Shape::SCALAR,
            Self::Fields(_) => Shape::SCALAR.repeated(self.length()),
        }
    }

    /// Visit each array, with its dotted name and the index of its first number. `name` is that of the whole, and
    /// `start` the index of its first number.
    pub(crate) fn for_each(&self, name: Name<'_>, start: usize, visitor: &mut dyn FnMut(Weight<'_>)) {
        let Self::Fields(fields) = self else { return visitor(Weight { name, layout: *self, start }) };
        let mut start = start;
        for field in *fields {
            field.layout.for_each(name.field(field.name), start, visitor);
            start += field.length;
        }
    }

    /// Visit each array of `values` with its dotted name.
    pub(crate) fn visit<S>(&self, values: &[S], visitor: &mut Visitor<'_, S>) {
        self.for_each(Name::ROOT, 0, &mut |Weight { name, layout, start }| {
            let shape = layout.shape();
            visitor(name, shape, values.get(start..start + shape.length()).unwrap_or_default());
        });
    }
}

impl Field {
    /// The position of an array `found` in this field, which comes after `array` arrays and `start` numbers of other
    /// fields.
    const fn inside(&self, mut found: ArrayLocation, array: usize, start: usize) -> ArrayLocation {
        // An array that is a field belongs to the layer with that field, whose first array has index 0 there.
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

/// A dotted name in a file, in two pieces, so that its start can be replaced.
#[derive(Clone, Copy)]
pub(crate) struct DottedName<'a> {
    head: &'a [u8],
    tail: &'a [u8],
}

impl<'a> DottedName<'a> {
    /// The name `head` followed by `tail`.
    pub(crate) const fn new(head: &'a str, tail: &'a str) -> Self {
        Self { head: head.as_bytes(), tail: tail.as_bytes() }
    }

    const fn length(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// The position after `segment`, if that is at `at`.
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
        let (piece, at) = if at < self.head.len() { (self.head, at) } else { (self.tail, at - self.head.len()) };
        // Names have no zero bytes.
        if at < piece.len() { piece[at] } else { 0 }
    }
}
