//! Several networks of one type in one file, each with its own prefix: weights, and the state that a training has for each
//! weight.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use super::WeightsError;
use super::error::{Reason, Wrong};
use super::file::in_file;
use super::header::{CONTENT, CONVENTION, Entry, PYTORCH, Reader, metadata, split};
use super::number::Number;
use super::stored::entry;
use crate::atomic_file::write_atomically;
use crate::error::{Error, Mismatch};
use crate::weights::layout::{ArrayLocation, InFile, Layout, Weight};
use crate::weights::name::Name;
use crate::weights::parameters::Parameters;

/// The numbers of a network, its weights or those that a training has for each of them, without their type: what reads and writes
/// files is compiled once, in this crate.
pub(crate) struct Numbers<B> {
    layout: &'static Layout,
    number: Number,
    /// The numbers as bytes, in this machine's order.
    pub(crate) bytes: B,
}

impl<B> Numbers<B> {
    /// Those of a network of type `P`.
    pub(crate) fn of<P: Parameters>(bytes: B) -> Self {
        Self { layout: const { &P::LAYOUT }, number: Number::of::<P>(), bytes }
    }

    /// Those of another network of the same type.
    pub(crate) fn other(&self, bytes: B) -> Self {
        Self { bytes, ..*self }
    }
}

/// An array of one of the networks.
struct Tensor {
    network: usize,
    /// Its name in the file: the prefix of the network, and the dotted name.
    name: String,
    location: ArrayLocation,
    /// The type of its numbers in memory.
    number: Number,
}

impl Tensor {
    /// The bytes of its numbers, of all those of its network.
    fn range(&self) -> Range<usize> {
        let size = self.number.size();
        self.location.start * size..(self.location.start + self.location.shape.length()) * size
    }

    /// The name and the size of its numbers in the file.
    fn in_file(&self) -> (&'static str, usize) {
        match self.location.stored {
            InFile::Count => ("I64", size_of::<i64>()),
            InFile::AsItIs | InFile::Transposed => (self.number.name(), self.number.size()),
        }
    }

    /// The bytes that it takes in the file.
    fn bytes(&self) -> usize {
        self.location.shape.length() * self.in_file().1
    }
}

/// All nonempty arrays, in file order: counts first, so that each tensor is aligned to the size of its numbers.
fn tensors<B>(networks: &[(String, Numbers<B>)]) -> Vec<Tensor> {
    let mut tensors = Vec::new();
    for (network, (prefix, Numbers { layout, number, .. })) in networks.iter().enumerate() {
        let mut array = 0;
        layout.for_each(Name::ROOT, 0, &mut |Weight { name, .. }| {
            if let Some(location) = layout.locate(array)
                && location.shape.length() > 0
            {
                tensors.push(Tensor { network, name: format!("{prefix}{name}"), location, number: *number });
            }
            array += 1;
        });
    }
    tensors.sort_by_key(|tensor| tensor.location.stored != InFile::Count);
    tensors
}

/// Write a file of `networks` atomically, each with the prefix of its tensor names. The metadata has the `content` of the
/// file, and the given pairs of key and value.
pub(crate) fn save_networks(
    path: &Path,
    content: &str,
    metadata: &[(String, String)],
    networks: &[(String, Numbers<&[u8]>)],
) -> Result<(), Error> {
    let tensors = tensors(networks);
    let header = header(content, metadata, &tensors);
    write_atomically(path, &mut |file| {
        let mut file = BufWriter::new(file);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        for tensor in &tensors {
            if let Some((_, network)) = networks.get(tensor.network) {
                write_array(&mut file, &network.bytes[tensor.range()], tensor)?;
            }
        }
        file.flush()
    })
}

/// The bytes of a file of several networks, checked to be well formed and complete.
pub(crate) struct NetworksFile<'a> {
    header: &'a str,
    data: &'a [u8],
}

impl<'a> NetworksFile<'a> {
    /// Check that the bytes of the file `path` are a header, and as much data as that describes.
    pub(crate) fn new(path: &Path, bytes: &'a [u8]) -> Result<Self, Error> {
        let refused = |wrong| in_file(path, &WeightsError::new(Reason::File(wrong)));
        let (header, data) = split(bytes).map_err(refused)?;
        let (mut reader, mut expected) = (Reader::new(header), 0);
        while let Some(entry) = reader.next().map_err(refused)? {
            expected = entry.end.max(expected);
        }
        let found = data.len() as u64;
        if found != expected {
            return Err(refused(Wrong::Data { expected, found }));
        }
        Ok(Self { header, data })
    }

    /// The content of the file, according to its metadata.
    pub(crate) fn content(&self) -> &'a str {
        self.metadata(CONTENT).unwrap_or("unknown")
    }

    /// The value of `key` in the metadata, in the form that [`escape`] writes.
    pub(crate) fn metadata(&self, key: &str) -> Option<&'a str> {
        metadata(self.header, key).ok().flatten()
    }

    /// Load `networks`, each with the prefix of its tensor names. If the tensors of the file differ, returns all
    /// differences and leaves the networks unchanged.
    pub(crate) fn load(&self, networks: &mut [(String, Numbers<&mut [u8]>)]) -> Result<(), Vec<Mismatch>> {
        let tensors = tensors(networks);
        let found = self.find(&tensors)?;
        for (tensor, bytes) in tensors.iter().zip(found) {
            if let Some((_, network)) = networks.get_mut(tensor.network) {
                read_array(bytes, &mut network.bytes[tensor.range()], tensor);
            }
        }
        Ok(())
    }

    /// The bytes of each tensor; or all differences, if the file has others.
    fn find(&self, tensors: &[Tensor]) -> Result<Vec<&'a [u8]>, Vec<Mismatch>> {
        let (mut reader, mut entries) = (Reader::new(self.header), BTreeMap::new());
        while let Ok(Some(entry)) = reader.next() {
            entries.insert(entry.name, entry);
        }
        let mut mismatches = Vec::new();
        let mut found = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            match bytes_of(tensor, entries.remove(&*tensor.name), self.data) {
                Ok(bytes) => found.push(bytes),
                Err(mismatch) => mismatches.push(mismatch),
            }
        }
        mismatches.extend(entries.into_values().map(|entry| Mismatch {
            field: entry.name.into(),
            expected: "no such tensor".into(),
            found: format!("{} of shape {}", entry.dtype, entry.shape),
        }));
        if mismatches.is_empty() { Ok(found) } else { Err(mismatches) }
    }
}

/// The bytes of a tensor, if the file's entry of its name describes it.
fn bytes_of<'a>(tensor: &Tensor, entry: Option<Entry<'_>>, data: &'a [u8]) -> Result<&'a [u8], Mismatch> {
    let shape = tensor.location.shape_in_file();
    let ((dtype, _), length) = (tensor.in_file(), tensor.bytes());
    let wrong = |found| Mismatch { field: tensor.name.clone(), expected: format!("{dtype} of shape {shape}"), found };
    let Some(entry) = entry else { return Err(wrong("no such tensor".into())) };
    if entry.dtype != dtype || !entry.has_shape(&shape) {
        return Err(wrong(format!("{} of shape {}", entry.dtype, entry.shape)));
    }
    let range = usize::try_from(entry.begin).ok().zip(usize::try_from(entry.end).ok());
    let bytes = range.and_then(|(begin, end)| data.get(begin..end)).filter(|bytes| bytes.len() == length);
    bytes.ok_or_else(|| wrong(format!("bytes {} to {} of {}", entry.begin, entry.end, data.len())))
}

/// The header: the content, and the name, type, shape and offsets of each array.
fn header(content: &str, metadata: &[(String, String)], tensors: &[Tensor]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut header = format!(
        r#"{{"__metadata__":{{"format":"pt","{CONTENT}":"{content}","{CONVENTION}":"{PYTORCH}","fnn.version":"{version}""#
    );
    for (key, value) in metadata {
        header.push_str(&format!(r#","{}":"{}""#, escape(key), escape(value)));
    }
    header.push('}');
    let mut end = 0;
    for tensor in tensors {
        let (shape, (dtype, _)) = (tensor.location.shape_in_file(), tensor.in_file());
        let begin = end;
        end += tensor.bytes();
        header += &entry(&tensor.name, dtype, shape.sizes(), begin..end);
    }
    header.push('}');
    // Align the data to 8 bytes.
    let padded = header.len().next_multiple_of(8);
    header.extend(std::iter::repeat_n(' ', padded - header.len()));
    header
}

/// Escape a text for a JSON string.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            ..' ' => escaped.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The index in memory of each number of an array, in file order.
fn order(location: &ArrayLocation) -> impl Iterator<Item = usize> + use<> {
    let (rows, columns) = match location.stored {
        InFile::Transposed => (location.shape.size(0), location.shape.size(1)),
        InFile::AsItIs | InFile::Count => (location.shape.length(), 1),
    };
    (0..columns).flat_map(move |column| (0..rows).map(move |row| row * columns + column))
}

/// Write an array in its file format.
fn write_array(file: &mut impl Write, numbers: &[u8], tensor: &Tensor) -> io::Result<()> {
    order(&tensor.location).try_for_each(|index| {
        let value = value(numbers, index, tensor.number);
        match (tensor.location.stored, tensor.number) {
            (InFile::Count, _) => file.write_all(&(value as i64).to_le_bytes()),
            (_, Number::F64) => file.write_all(&value.to_le_bytes()),
            _ => file.write_all(&(value as f32).to_le_bytes()),
        }
    })
}

/// Read an array from its file format. The bytes have the length of the array.
fn read_array(bytes: &[u8], numbers: &mut [u8], tensor: &Tensor) {
    for (index, bytes) in order(&tensor.location).zip(bytes.chunks_exact(tensor.in_file().1)) {
        let value = match (tensor.location.stored, bytes.first_chunk(), bytes.first_chunk()) {
            (InFile::Count, Some(count), _) => i64::from_le_bytes(*count) as f64,
            (_, Some(double), _) => f64::from_le_bytes(*double),
            (_, _, Some(single)) => f64::from(f32::from_le_bytes(*single)),
            _ => continue,
        };
        if tensor.number == Number::F64 {
            numbers.as_chunks_mut().0[index] = value.to_ne_bytes();
        } else {
            numbers.as_chunks_mut().0[index] = (value as f32).to_ne_bytes();
        }
    }
}

/// A number in memory.
fn value(numbers: &[u8], index: usize, number: Number) -> f64 {
    match number {
        Number::F64 => f64::from_ne_bytes(numbers.as_chunks().0[index]),
        _ => f64::from(f32::from_ne_bytes(numbers.as_chunks().0[index])),
    }
}
