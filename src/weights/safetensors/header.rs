//! The header of a safetensors file, parsed without a heap, at run time or compile time: `const` functions over
//! untrusted bytes.
//!
//! A file consists of the length of its header in 8 bytes, little-endian; the header, JSON of the form
//! `{"conv1.weight": {"dtype": "F32", "shape": [6, 1, 5, 5], "data_offsets": [0, 600]}, …, "__metadata__": {…}}`; and
//! the data. <https://github.com/huggingface/safetensors#format>

use super::error::Wrong;
use super::recognize::recognize;

/// The size of the header's length in bytes.
#[cfg(feature = "std")]
pub(super) const START: u64 = 8;
/// The largest header in bytes, as in the crate `safetensors`.
pub(super) const MAX_HEADER: u64 = 100_000_000;
/// The most dimensions of a shape that are stored; no array of a network has more.
const MAX_RANK: usize = 4;

/// The metadata keys for the content and the array convention. A file without them is a PyTorch `state_dict`.
pub(crate) const CONTENT: &str = "fnn.content";
pub(crate) const CONVENTION: &str = "fnn.convention";
/// Their values for a network's weights.
pub(crate) const WEIGHTS: &str = "weights";
pub(crate) const PYTORCH: &str = "pytorch";

/// The header entry of one tensor.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) dtype: &'a str,
    /// The shape, as written.
    pub(crate) shape: &'a str,
    rank: usize,
    sizes: [u64; MAX_RANK],
    /// The start and the end of its data, counted from the end of the header.
    pub(crate) begin: u64,
    pub(crate) end: u64,
}

impl Entry<'_> {
    /// Whether its shape equals this one.
    pub(crate) const fn has_shape(&self, shape: &crate::shape::Shape) -> bool {
        let mut same = self.rank == shape.rank();
        let mut axis = 0;
        while axis < MAX_RANK {
            same = same && (axis >= self.rank || self.sizes[axis] == shape.size(axis) as u64);
            axis += 1;
        }
        same
    }

    /// Whether it is a single integer.
    pub(crate) const fn is_count(&self) -> bool {
        self.rank == 0 && same(self.dtype, "I64")
    }
}

/// A position in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether no entry has been read.
    first: bool,
    /// The content according to the metadata, if that has been read and specifies it.
    pub(super) content: Option<&'a str>,
    /// The array convention, likewise.
    pub(super) convention: Option<&'a str>,
}

/// The `?` operator, which `const` functions cannot use.
macro_rules! attempt {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(wrong) => return Err(wrong),
        }
    };
}
pub(crate) use attempt;

/// A file's header, and the data after it.
pub(crate) const fn split(file: &[u8]) -> Result<(&str, &[u8]), Wrong<'_>> {
    let Some((length, rest)) = file.split_first_chunk::<8>() else {
        return Err(match recognize(file) {
            Some(looks) => Wrong::Foreign { looks },
            None => Wrong::Length { header: None, rest: file.len() },
        });
    };
    let length = u64::from_le_bytes(*length);
    if let [first, ..] = rest
        && *first != b'{'
    {
        return Err(Wrong::Foreign {
            looks: match recognize(file) {
                Some(looks) => looks,
                None => "a file of another kind",
            },
        });
    }
    if length > MAX_HEADER {
        return Err(Wrong::LongHeader { length });
    }
    let Some((header, data)) = rest.split_at_checked(length as usize) else {
        return Err(Wrong::Length { header: Some(length), rest: rest.len() });
    };
    match core::str::from_utf8(header) {
        Ok(text) => Ok((text, data)),
        Err(error) => {
            let at = error.valid_up_to();
            let found = if at < header.len() { Some(header[at]) } else { None };
            Err(Wrong::Header { expected: "text in UTF-8", at, found })
        }
    }
}

/// The size of a file's header in bytes, from its first eight bytes.
#[cfg(feature = "std")]
pub(super) fn length(start: [u8; 8]) -> u64 {
    u64::from_le_bytes(start)
}

/// The value of `key` in the metadata of a header, as written between its quotes.
pub(super) const fn metadata<'a>(text: &'a str, key: &str) -> Result<Option<&'a str>, Wrong<'a>> {
    let mut reader = Reader::new(text);
    let mut separator = b'{';
    loop {
        attempt!(reader.expect(separator, "`{` or `,`"));
        separator = b',';
        let name = attempt!(reader.string());
        attempt!(reader.expect(b':', "`:`"));
        if !same(name, "__metadata__") {
            attempt!(reader.tensor(name));
        } else if let Some(value) = attempt!(reader.value(key)) {
            return Ok(Some(value));
        }
        reader.spaces();
        if !reader.is(b',') {
            return Ok(None);
        }
    }
}

impl<'a> Reader<'a> {
    /// The start of a header.
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, first: true, content: None, convention: None }
    }

    /// The end of the header, if all of it is well formed.
    pub(crate) const fn end_of(text: &'a str) -> Result<Self, Wrong<'a>> {
        let mut reader = Self::new(text);
        while attempt!(reader.next()).is_some() {}
        Ok(reader)
    }

    /// The next tensor, or `None` after the last one. Entries that are not tensors are skipped.
    pub(crate) const fn next(&mut self) -> Result<Option<Entry<'a>>, Wrong<'a>> {
        loop {
            if self.first {
                attempt!(self.expect(b'{', "`{`"));
            }
            self.spaces();
            if self.is(b'}') && self.first {
                return self.end();
            }
            if !self.first {
                if self.is(b'}') {
                    return self.end();
                }
                attempt!(self.expect(b',', "`,` or `}`"));
            }
            self.first = false;
            let name = attempt!(self.string());
            attempt!(self.expect(b':', "`:`"));
            if same(name, "__metadata__") {
                attempt!(self.metadata());
            } else {
                return match self.tensor(name) {
                    Ok(entry) => Ok(Some(entry)),
                    Err(wrong) => Err(wrong),
                };
            }
        }
    }

    /// Only whitespace may follow the closing brace.
    const fn end(&mut self) -> Result<Option<Entry<'a>>, Wrong<'a>> {
        self.at += 1;
        self.spaces();
        if self.at < self.text.len() { Err(self.wrong("the end of the header")) } else { Ok(None) }
    }

    /// `{"dtype": …, "shape": […], "data_offsets": [begin, end]}`, in any order.
    const fn tensor(&mut self, name: &'a str) -> Result<Entry<'a>, Wrong<'a>> {
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        attempt!(self.expect(b'{', "`{`"));
        loop {
            self.spaces();
            let start = *self;
            let key = attempt!(self.string());
            attempt!(self.expect(b':', "`:`"));
            self.spaces();
            let value = self.at;
            if same(key, "dtype") && dtype.is_none() {
                dtype = Some(attempt!(self.string()));
            } else if same(key, "shape") && shape.is_none() {
                let (rank, sizes) = attempt!(self.numbers());
                shape = Some((self.since(value), rank, sizes));
            } else if same(key, "data_offsets") && offsets.is_none() {
                let before = *self;
                let (count, [begin, end, ..]) = attempt!(self.numbers());
                if count != 2 {
                    return Err(before.wrong("two offsets"));
                }
                offsets = Some((begin, end));
            } else {
                return Err(start.wrong("one each of `dtype`, `shape` and `data_offsets`"));
            }
            self.spaces();
            if self.is(b'}') {
                break;
            }
            attempt!(self.expect(b',', "`,` or `}`"));
        }
        let (Some(dtype), Some((shape, rank, sizes)), Some((begin, end))) = (dtype, shape, offsets) else {
            return Err(self.wrong("`dtype`, `shape` and `data_offsets`"));
        };
        self.at += 1;
        Ok(Entry { name, dtype, shape, rank, sizes, begin, end })
    }

    /// An object of strings.
    const fn metadata(&mut self) -> Result<(), Wrong<'a>> {
        attempt!(self.expect(b'{', "`{`"));
        self.spaces();
        if !self.is(b'}') {
            loop {
                let key = attempt!(self.string());
                attempt!(self.expect(b':', "`:`"));
                let value = attempt!(self.string());
                if same(key, CONTENT) {
                    self.content = Some(value);
                } else if same(key, CONVENTION) {
                    self.convention = Some(value);
                }
                self.spaces();
                if self.is(b'}') {
                    break;
                }
                attempt!(self.expect(b',', "`,` or `}`"));
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Find the value of `key` in an object of strings. Reads up to that value, or to the end of the object.
    const fn value(&mut self, key: &str) -> Result<Option<&'a str>, Wrong<'a>> {
        let mut separator = b'{';
        loop {
            attempt!(self.expect(separator, "`{` or `,`"));
            separator = b',';
            self.spaces();
            if self.is(b'}') {
                self.at += 1;
                return Ok(None);
            }
            let name = attempt!(self.string());
            attempt!(self.expect(b':', "`:`"));
            let value = attempt!(self.string());
            if same(name, key) {
                return Ok(Some(value));
            }
            self.spaces();
            if self.is(b'}') {
                self.at += 1;
                return Ok(None);
            }
        }
    }

    /// A string, as written between its quotes.
    const fn string(&mut self) -> Result<&'a str, Wrong<'a>> {
        attempt!(self.expect(b'"', "a string"));
        let start = self.at;
        loop {
            match self.byte() {
                Some(b'"') => break,
                // An escaped character does not end the string.
                Some(b'\\') => self.at += 2,
                Some(b' '..) => self.at += 1,
                _ => return Err(self.wrong("the end of a string")),
            }
        }
        let string = self.since(start);
        self.at += 1;
        Ok(string)
    }

    /// `[1, 2, …]`: the number of elements, and the first ones.
    const fn numbers(&mut self) -> Result<(usize, [u64; MAX_RANK]), Wrong<'a>> {
        let (mut count, mut numbers) = (0, [0; MAX_RANK]);
        attempt!(self.expect(b'[', "`[`"));
        self.spaces();
        if !self.is(b']') {
            loop {
                let number = attempt!(self.number());
                if count < MAX_RANK {
                    numbers[count] = number;
                }
                count += 1;
                self.spaces();
                if self.is(b']') {
                    break;
                }
                attempt!(self.expect(b',', "`,` or `]`"));
            }
        }
        self.at += 1;
        Ok((count, numbers))
    }

    /// An integer below 2⁶⁴.
    const fn number(&mut self) -> Result<u64, Wrong<'a>> {
        self.spaces();
        let start = *self;
        let mut number = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.byte() {
            let Some(larger) = number.checked_mul(10) else { return Err(start.wrong("an integer below 2^64")) };
            let Some(larger) = larger.checked_add((digit - b'0') as u64) else {
                return Err(start.wrong("an integer below 2^64"));
            };
            number = larger;
            self.at += 1;
        }
        // JSON has no leading zeros.
        let padded = start.is(b'0') && self.at > start.at + 1;
        if self.at == start.at || padded { Err(start.wrong("an integer")) } else { Ok(number) }
    }

    const fn spaces(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
    }

    const fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Wrong<'a>> {
        self.spaces();
        if self.is(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.wrong(expected))
        }
    }

    const fn byte(&self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        if self.at < bytes.len() { Some(bytes[self.at]) } else { None }
    }

    const fn is(&self, byte: u8) -> bool {
        matches!(self.byte(), Some(found) if found == byte)
    }

    /// The text from `start` to here. Both are next to an ASCII character, so neither splits a character.
    const fn since(&self, start: usize) -> &'a str {
        match self.text.split_at_checked(self.at) {
            Some((before, _)) => match before.split_at_checked(start) {
                Some((_, since)) => since,
                None => "",
            },
            None => "",
        }
    }

    const fn wrong(&self, expected: &'static str) -> Wrong<'a> {
        Wrong::Header { expected, at: self.at, found: self.byte() }
    }
}

/// Whether two strings are equal.
pub(crate) const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() && index < other.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}
