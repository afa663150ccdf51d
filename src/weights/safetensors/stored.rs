//! Files of numbers at their places: the data section is the image of the struct in memory, so that it can be used
//! where it lies.

#[cfg(feature = "alloc")]
mod write;

#[cfg(feature = "std")]
pub(super) use write::entry;
#[cfg(feature = "alloc")]
pub(crate) use write::to_bytes;

use super::WeightsError;
use super::copy::copy_bytes;
use super::error::{Reason, Wrong};
use super::header::{CONTENT, Entry, Reader, attempt, metadata, same, split};
use crate::const_message::ConstMessage;
use crate::hash::{Fnv, xxh32};
use crate::weights::name::Name;
use crate::weights::stored::{Content, Dtype, Stored};

/// The metadata keys: the version of the format, how integers are computed with, the layers, the hash of the data.
const FORMAT: &str = "fnn.format";
const ARITHMETIC: &str = "fnn.arithmetic";
const STRUCTURE: &str = "fnn.structure";
const CHECKSUM: &str = "fnn.checksum";
/// Values.
const INT8: &str = "int8";
const VERSION: &str = "1";
/// What is appended to the name of the array before some padding.
const PADDING: &str = ".padding";

/// What a file should contain: a quantized network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    content: Content,
    arithmetic: &'static str,
    /// The hash of the text about its layers.
    hash: u64,
    size: usize,
}

impl Image {
    pub(crate) const fn of<T: Stored>(arithmetic: &'static str) -> Self {
        const { assert!(cfg!(target_endian = "little"), "the bytes of a file are those of a little-endian machine") }
        Self { content: T::CONTENT, arithmetic, hash: T::CONTENT.hash(), size: size_of::<T>() }
    }

    /// Check a file whose data is used in place. Returns the data.
    pub(crate) const fn check<'a>(&'static self, file: &'a [u8]) -> Result<&'a [u8], WeightsError<'a>> {
        self.read(file, None)
    }

    /// Copy the arrays of a file, which may be in any order, to the memory of the struct.
    pub(crate) const fn copy<'a>(&'static self, file: &'a [u8], to: &mut [u8]) -> Result<(), WeightsError<'a>> {
        match self.read(file, Some(to)) {
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    const fn read<'a>(&'static self, file: &'a [u8], to: Option<&mut [u8]>) -> Result<&'a [u8], WeightsError<'a>> {
        match self.try_read(file, to) {
            Ok(data) => Ok(data),
            Err(wrong) => Err(WeightsError::new(Reason::File(wrong))),
        }
    }

    const fn try_read<'a>(&'static self, file: &'a [u8], to: Option<&mut [u8]>) -> Result<&'a [u8], Wrong<'a>> {
        let (header, data) = attempt!(split(file));
        attempt!(self.check_metadata(header));
        let in_place = to.is_none();
        let mut tensors = Tensors::new(header, data, &self.content, to);
        attempt!(tensors.read(&self.content, &Name::ROOT, 0));
        let expected = attempt!(tensors.end(self.size));
        attempt!(self.check_structure(header, in_place));
        if data.len() as u64 != expected {
            return Err(Wrong::Data { expected, found: data.len() as u64 });
        }
        let (expected, found) = (attempt!(checksum(header)), xxh32(data));
        if expected == found { Ok(data) } else { Err(Wrong::Checksum { expected, found }) }
    }

    const fn check_metadata<'a>(&self, header: &'a str) -> Result<(), Wrong<'a>> {
        match attempt!(metadata(header, CONTENT)) {
            Some(found) if same(found, INT8) => {}
            Some(found) => return Err(Wrong::Content { expected: INT8, found }),
            None => return Err(Wrong::Content { expected: INT8, found: super::header::WEIGHTS }),
        }
        attempt!(check(header, FORMAT, VERSION));
        check(header, ARITHMETIC, self.arithmetic)
    }

    /// Check the kinds of layers, their attributes and the shapes between them.
    const fn check_structure<'a>(&'static self, header: &'a str, in_place: bool) -> Result<(), Wrong<'a>> {
        match attempt!(metadata(header, STRUCTURE)) {
            Some(found) if Fnv::new().text(found).value() == self.hash => Ok(()),
            Some(found) => Err(Wrong::Structure { expected: &self.content, found }),
            // Programs that write other formats as this one know the tensors alone.
            None if !in_place => Ok(()),
            None => Err(Wrong::Metadata { key: STRUCTURE, expected: "the layers", found: None }),
        }
    }
}

/// Check that the metadata has this value.
const fn check<'a>(header: &'a str, key: &'static str, expected: &'static str) -> Result<(), Wrong<'a>> {
    let found = attempt!(metadata(header, key));
    match found {
        Some(value) if same(value, expected) => Ok(()),
        _ => Err(Wrong::Metadata { key, expected, found }),
    }
}

/// The checksum in the metadata.
const fn checksum(header: &str) -> Result<u32, Wrong<'_>> {
    let found = attempt!(metadata(header, CHECKSUM));
    let (mut checksum, mut count) = (0, 0);
    let mut digits = match found {
        Some(text) => text.as_bytes(),
        None => &[],
    };
    while let Some((digit, rest)) = digits.split_first() {
        let value = match digit {
            b'0'..=b'9' => *digit - b'0',
            b'a'..=b'f' => *digit - b'a' + 10,
            _ => break,
        };
        checksum = checksum << 4 | value as u32;
        count += 1;
        digits = rest;
    }
    if count == 8 && digits.is_empty() {
        Ok(checksum)
    } else {
        Err(Wrong::Metadata { key: CHECKSUM, expected: "8 hexadecimal digits", found })
    }
}

/// Reads tensors in memory order, which costs one pass if the header is in that order.
struct Tensors<'a, 't> {
    header: &'a str,
    data: &'a [u8],
    content: &'static Content,
    /// The memory of the struct. Without it, tensors have to be at the places of the arrays.
    to: Option<&'t mut [u8]>,
    reader: Reader<'a>,
    /// Whether all entries so far were in order.
    in_order: bool,
    /// The number of arrays so far.
    arrays: usize,
    /// Where the data of the entries so far ends.
    end: u64,
}

impl<'a, 't> Tensors<'a, 't> {
    const fn new(header: &'a str, data: &'a [u8], content: &'static Content, to: Option<&'t mut [u8]>) -> Self {
        Self { header, data, content, to, reader: Reader::new(header), in_order: true, arrays: 0, end: 0 }
    }

    /// Read the arrays of one part, which has this name and begins at `offset`.
    const fn read(&mut self, content: &Content, name: &Name<'_>, offset: usize) -> Result<(), Wrong<'a>> {
        let mut parts = match content {
            Content::Array(dtype, shape) => {
                let length = dtype.size * shape.length();
                let entry = attempt!(self.find(name));
                attempt!(check_type(&entry, dtype, shape, length));
                attempt!(self.place(&entry, offset, length));
                self.arrays += 1;
                return self.padding(name);
            }
            Content::Parts(parts) => *parts,
        };
        while let Some((part, rest)) = parts.split_first() {
            attempt!(self.read(part.content(), &name.part(part.name()), offset + part.offset()));
            parts = rest;
        }
        Ok(())
    }

    /// The entry with this name: the next one, or another one.
    const fn find(&mut self, name: &Name<'_>) -> Result<Entry<'a>, Wrong<'a>> {
        let before = self.reader;
        if let Some(entry) = attempt!(self.reader.next())
            && name.is(entry.name)
        {
            return Ok(entry);
        }
        (self.in_order, self.reader) = (false, before);
        let mut reader = Reader::new(self.header);
        while let Some(entry) = attempt!(reader.next()) {
            if name.is(entry.name) {
                self.reader = reader;
                return Ok(entry);
            }
        }
        Err(Wrong::Absent { content: self.content, array: self.arrays })
    }

    /// Copy the data of an array, or check that it is in place.
    const fn place(&mut self, entry: &Entry<'a>, offset: usize, length: usize) -> Result<(), Wrong<'a>> {
        let Some(to) = &mut self.to else {
            if self.end != offset as u64 {
                // Another tensor may have been meant to be here.
                attempt!(self.check_entries());
                return Err(Wrong::Gap { at: self.end });
            }
            if entry.begin != offset as u64 {
                return Err(Wrong::Place { name: entry.name, expected: offset, found: (entry.begin, entry.end) });
            }
            self.end = entry.end;
            return Ok(());
        };
        if entry.end > self.end {
            self.end = entry.end;
        }
        // Data that is too short is an error later.
        if let Some((data, _)) = self.data.split_at_checked(entry.end as usize)
            && let Some((_, values)) = data.split_at_checked(entry.begin as usize)
            && let Some((_, rest)) = to.split_at_mut_checked(offset)
            && let Some((place, _)) = rest.split_at_mut_checked(length)
        {
            copy_bytes(values, place);
        }
        Ok(())
    }

    /// Skip the padding after the array `name`.
    const fn padding(&mut self, name: &Name<'_>) -> Result<(), Wrong<'a>> {
        let before = self.reader;
        if let Some(entry) = attempt!(self.reader.next())
            && name.field("padding").is(entry.name)
        {
            attempt!(check_padding(&entry));
            if self.to.is_none() && entry.begin != self.end {
                return Err(Wrong::Gap { at: self.end });
            }
            if entry.end > self.end {
                self.end = entry.end;
            }
        } else {
            self.reader = before;
        }
        Ok(())
    }

    /// Check that the file has no other tensors. Returns the length of its data.
    const fn end(&mut self, size: usize) -> Result<u64, Wrong<'a>> {
        let next = attempt!(self.reader.next());
        if !self.in_order || next.is_some() {
            attempt!(self.check_entries());
        }
        if self.to.is_none() && self.end != size as u64 {
            return Err(Wrong::Gap { at: self.end });
        }
        Ok(self.end)
    }

    /// Check that each entry is an array, once, or padding.
    const fn check_entries(&mut self) -> Result<(), Wrong<'a>> {
        let mut reader = Reader::new(self.header);
        while let Some(entry) = attempt!(reader.next()) {
            if self.has(entry.name) {
                let mut others = reader;
                while let Some(other) = attempt!(others.next()) {
                    if same(entry.name, other.name) {
                        return Err(Wrong::Twice { name: entry.name });
                    }
                }
            } else if matches!(entry.name.split_at_checked(entry.name.len().saturating_sub(PADDING.len())),
                Some((name, padding)) if same(padding, PADDING) && self.has(name))
            {
                attempt!(check_padding(&entry));
                if entry.end > self.end {
                    self.end = entry.end;
                }
            } else {
                return Err(Wrong::Unexpected { name: entry.name, shape: entry.shape });
            }
        }
        Ok(())
    }

    /// Whether there is an array of this name.
    const fn has(&self, name: &str) -> bool {
        has(self.content, &Name::ROOT, name)
    }
}

const fn has(content: &Content, name: &Name<'_>, wanted: &str) -> bool {
    let Content::Parts(mut parts) = *content else { return name.is(wanted) };
    while let Some((part, rest)) = parts.split_first() {
        if has(part.content(), &name.part(part.name()), wanted) {
            return true;
        }
        parts = rest;
    }
    false
}

const fn check_type<'a>(
    entry: &Entry<'a>,
    dtype: &Dtype,
    shape: &crate::shape::Shape,
    length: usize,
) -> Result<(), Wrong<'a>> {
    let name = entry.name;
    if !same(entry.dtype, dtype.name) {
        return Err(Wrong::Type { name, expected: dtype.name, found: entry.dtype, convertible: false });
    }
    if !entry.has_shape(shape) {
        return Err(Wrong::Shape { name, expected: *shape, found: entry.shape, transposed: false });
    }
    match entry.end.checked_sub(entry.begin) {
        Some(found) if found == length as u64 => Ok(()),
        _ => Err(Wrong::Offsets { name, expected: length as u64, found: (entry.begin, entry.end) }),
    }
}

/// Padding is a vector of bytes.
const fn check_padding<'a>(entry: &Entry<'a>) -> Result<(), Wrong<'a>> {
    let length = entry.end.saturating_sub(entry.begin) as usize;
    check_type(entry, &Dtype { name: "U8", size: 1 }, &crate::shape::Shape::SCALAR.repeated(length), length)
}

/// Check that data is aligned as a `T`.
pub(crate) fn aligned<T>(data: &[u8]) -> Result<&[u8], WeightsError<'_>> {
    let (expected, past) = (align_of::<T>(), data.as_ptr().addr() % align_of::<T>());
    if past == 0 { Ok(data) } else { Err(WeightsError::new(Reason::File(Wrong::Alignment { expected, past }))) }
}

/// Append the first difference between the layers and their text in a file: the name of a layer, and its text. Returns the
/// text found.
pub(super) const fn first_difference<'a>(
    expected: &Content,
    found: &'a str,
    field: &mut ConstMessage,
    text: &mut ConstMessage,
) -> &'a str {
    let (mut index, mut rest) = (0, found);
    loop {
        let (piece, others) = split_layer(rest);
        let mut layer = ConstMessage::new();
        if !expected.layer(index, &mut layer) {
            field.text("network");
            text.text("no other layer");
            return piece;
        }
        if !same(layer.as_str(), piece) {
            let (name, layer) = split_name(layer.as_str());
            let (other, found) = split_name(piece);
            field.text(name);
            text.text(layer);
            return if same(name, other) { found } else { piece };
        }
        (index, rest) = (index + 1, others);
    }
}

/// The text up to a separator, and the rest.
const fn split_at_first<'a>(text: &'a str, separator: &str) -> (&'a str, &'a str) {
    let mut at = 0;
    while at < text.len() {
        if let Some((before, rest)) = text.split_at_checked(at)
            && let Some((found, after)) = rest.split_at_checked(separator.len())
            && same(found, separator)
        {
            return (before, after);
        }
        at += 1;
    }
    (text, "")
}

const fn split_layer(text: &str) -> (&str, &str) {
    split_at_first(text, crate::weights::stored::SEPARATOR)
}

const fn split_name(text: &str) -> (&str, &str) {
    split_at_first(text, ": ")
}
