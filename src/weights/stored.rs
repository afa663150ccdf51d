//! Numbers of several types at their places in memory: what a quantized network consists of.

use crate::const_message::ConstMessage;
use crate::hash::Fnv;
use crate::pod::Pod;
use crate::shape::{Sample, Shape};
use crate::weights::name::Name;

/// Plain data whose numbers have names: an array of numbers, or a struct with parts.
///
/// The part of a quantized layer that files store. `stored!` implements it for structs.
pub trait Stored: Pod {
    /// What distinguishes a layer from others of its kind, other than the shapes of its arrays: the shapes of its input
    /// and output, and settings that are sizes, such as a stride. Files name them.
    const ATTRIBUTES: &'static [(&'static str, Shape)] = &[];
    /// The numbers at their places.
    const CONTENT: Content;

    /// Visits each array with its dotted name below `name`, in memory order.
    fn visit(&self, name: Name<'_>, visitor: &mut NumbersVisitor<'_>);
}

/// A visitor of arrays and their names.
pub type NumbersVisitor<'a> = dyn FnMut(Name<'_>, Numbers<'_>) + 'a;

/// An array of numbers of a quantized network.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Numbers<'a> {
    /// Weights, and tables of activations.
    I8(&'a [i8]),
    /// Shifts.
    U8(&'a [u8]),
    /// Biases, mantissas, zero points.
    I32(&'a [i32]),
    /// Tables of exponentials.
    U32(&'a [u32]),
    /// Scales.
    F32(&'a [f32]),
}

#[cfg(feature = "alloc")]
impl Numbers<'_> {
    /// The little-endian bytes.
    pub(crate) fn to_le_bytes(self) -> alloc::vec::Vec<u8> {
        match self {
            Self::I8(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::U8(values) => values.to_vec(),
            Self::I32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::U32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }
}

/// The numbers of a [`Stored`] type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// An array.
    Array(Dtype, Shape),
    /// Parts, in memory order.
    Parts(&'static [Part]),
}

/// A part of a [`Content`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    name: &'static str,
    offset: usize,
    kind: &'static str,
    activation: &'static str,
    attributes: &'static [(&'static str, Shape)],
    content: Content,
}

impl Part {
    /// A part of type `T` at `offset`. Without a name, its own parts have the names of the whole.
    #[must_use]
    pub const fn new<T: Stored>(name: &'static str, offset: usize) -> Self {
        Self { name, offset, kind: "", activation: "", attributes: T::ATTRIBUTES, content: T::CONTENT }
    }

    /// A layer of this kind, fused with an activation of this kind, if that isn't empty.
    #[must_use]
    pub const fn layer(self, kind: &'static str, activation: &'static str) -> Self {
        Self { kind, activation, ..self }
    }
}

/// The type of a number, by its name in safetensors files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtype {
    pub(crate) name: &'static str,
    pub(crate) size: usize,
}

/// A number of a quantized network: `i8`, `u8`, `i32`, `u32` or `f32`.
pub trait StoredNumber: Sample<Element = Self> {
    /// Its type in files.
    const DTYPE: Dtype;

    /// An array of them.
    fn numbers(values: &[Self]) -> Numbers<'_>;
}

macro_rules! stored_numbers {
    ($($number:ty: $variant:ident),*) => {$(
        impl StoredNumber for $number {
            const DTYPE: Dtype = Dtype { name: stringify!($variant), size: size_of::<$number>() };

            fn numbers(values: &[Self]) -> Numbers<'_> {
                Numbers::$variant(values)
            }
        }
    )*};
}
stored_numbers!(i8: I8, u8: U8, i32: I32, u32: U32, f32: F32);

impl<A: Sample<Element: StoredNumber>> Stored for A {
    const CONTENT: Content = Content::Array(<A::Element as StoredNumber>::DTYPE, A::SHAPE);

    fn visit(&self, name: Name<'_>, visitor: &mut NumbersVisitor<'_>) {
        visitor(name, StoredNumber::numbers(self.elements()));
    }
}

/// Implements [`Stored`](crate::quantized::Stored) for a `#[repr(C)]` struct of plain data: the names of its parts,
/// their fields and types. Fields that aren't listed have no numbers.
///
/// ```
/// use fnn::quantized::Stored;
///
/// #[derive(Clone, Copy)]
/// #[repr(C)]
/// struct Scaled<const N: usize> {
///     factor: i32,
///     values: [i8; N],
/// }
/// // SAFETY: all fields are integers.
/// unsafe impl<const N: usize> fnn::layers::Pod for Scaled<N> {}
/// fnn::stored!([const N: usize] Scaled<N> { "factor": factor: i32; "values": values: [i8; N] });
///
/// let scaled = Scaled { factor: 3, values: [1, 2] };
/// let mut names = String::new();
/// scaled.visit(fnn::weights::Name::ROOT, &mut |name, _| names += &format!("{name} "));
/// assert_eq!(names, "factor values ");
/// ```
#[macro_export]
macro_rules! stored {
    (
        [$($generics:tt)*] $stored:ty
        { $($name:literal: $field:tt: $part:ty $(, $method:ident($($argument:expr),*))?);* $(;)? }
        $(, $attributes:expr)?
    ) => {
        #[automatically_derived]
        impl<$($generics)*> $crate::quantized::Stored for $stored {
            $(const ATTRIBUTES: &'static [(&'static ::core::primitive::str, $crate::layers::Shape)] = $attributes;)?
            const CONTENT: $crate::quantized::Content = $crate::quantized::Content::Parts(const {
                &[$(
                    $crate::quantized::Part::new::<$part>($name, ::core::mem::offset_of!(Self, $field))
                        $(.$method($($argument),*))?
                ),*]
            });

            fn visit(&self, name: $crate::weights::Name<'_>, visitor: &mut $crate::quantized::NumbersVisitor<'_>) {
                $(<$part as $crate::quantized::Stored>::visit(&self.$field, name.part($name), visitor);)*
                let _ = (name, visitor);
            }
        }
    };
}

/// An array: its type, its shape, and where it begins in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Shape,
    pub(crate) offset: usize,
}

impl Place {
    /// The number of bytes.
    #[cfg(feature = "alloc")]
    pub(crate) const fn length(&self) -> usize {
        self.dtype.size * self.shape.length()
    }
}

/// Separates the layers of a text.
pub(crate) const SEPARATOR: &str = "; ";

impl Content {
    /// The number of arrays.
    pub(crate) const fn arrays(&self) -> usize {
        match self {
            Self::Array(..) => 1,
            Self::Parts(parts) => {
                let (mut count, mut parts) = (0, *parts);
                while let Some((part, rest)) = parts.split_first() {
                    count += part.content.arrays();
                    parts = rest;
                }
                count
            }
        }
    }

    /// The place of the array with this index, which begins at `offset`; its dotted name is appended to `name`.
    pub(crate) const fn locate(&self, mut index: usize, offset: usize, name: &mut ConstMessage) -> Option<Place> {
        match self {
            Self::Array(dtype, shape) if index == 0 => Some(Place { dtype: *dtype, shape: *shape, offset }),
            Self::Array(..) => None,
            Self::Parts(parts) => {
                let mut parts = *parts;
                while let Some((part, rest)) = parts.split_first() {
                    let arrays = part.content.arrays();
                    if index < arrays {
                        append_segment(name, part.name);
                        return part.content.locate(index, offset + part.offset, name);
                    }
                    index -= arrays;
                    parts = rest;
                }
                None
            }
        }
    }

    /// The number of layers.
    const fn layers(&self) -> usize {
        let mut count = 0;
        if let Self::Parts(parts) = self {
            let mut parts = *parts;
            while let Some((part, rest)) = parts.split_first() {
                count += part.is_layer() as usize + part.content.layers();
                parts = rest;
            }
        }
        count
    }

    /// Append the text about the layer with this index: its dotted name, its kind, its attributes, and the activation that
    /// it is fused with. Returns whether there is such a layer.
    pub(crate) const fn layer(&self, mut index: usize, text: &mut ConstMessage) -> bool {
        if let Self::Parts(parts) = self {
            let mut parts = *parts;
            while let Some((part, rest)) = parts.split_first() {
                if part.is_layer() {
                    if index == 0 {
                        append_segment(text, part.name);
                        part.describe(text);
                        return true;
                    }
                    index -= 1;
                }
                let layers = part.content.layers();
                if index < layers {
                    append_segment(text, part.name);
                    return part.content.layer(index, text);
                }
                index -= layers;
                parts = rest;
            }
        }
        false
    }

    /// The hash of the texts about all layers, with separators.
    pub(crate) const fn hash(&self) -> u64 {
        let (mut hash, mut index) = (Fnv::new(), 0);
        loop {
            let mut layer = ConstMessage::new();
            if !self.layer(index, &mut layer) {
                return hash.value();
            }
            hash = hash.text(if index > 0 { SEPARATOR } else { "" }).text(layer.as_str());
            index += 1;
        }
    }
}

impl Part {
    const fn is_layer(&self) -> bool {
        !self.kind.is_empty() || !self.attributes.is_empty()
    }

    /// Append to a name: `name: Kind(attribute = [1, 2], …), Activation`.
    const fn describe(&self, text: &mut ConstMessage) {
        text.text(": ").text(self.kind);
        let (mut attributes, mut separator) = (self.attributes, "(");
        while let Some(((name, value), rest)) = attributes.split_first() {
            text.text(separator).text(name).text(" = ").shape(value);
            (attributes, separator) = (rest, ", ");
        }
        text.text(if self.attributes.is_empty() { "" } else { ")" });
        text.text(if self.activation.is_empty() { "" } else { ", " }).text(self.activation);
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }
}

/// Append a segment to a dotted name, unless it is empty.
const fn append_segment(name: &mut ConstMessage, segment: &str) {
    name.text(if name.is_empty() || segment.is_empty() { "" } else { "." }).text(segment);
}
