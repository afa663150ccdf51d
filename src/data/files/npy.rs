//! The header of a NumPy file.

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::number::NumberType;
use crate::error::Error;

/// What the header of a `.npy` file says, and its length in bytes.
pub(super) struct Header {
    pub(super) number: NumberType,
    pub(super) dimensions: Vec<u64>,
    pub(super) length: u64,
}

/// The most bytes of a header. NumPy refuses more than 10,000 characters unless it is told to trust the file.
const LONGEST: usize = 10_000;

/// Read a header: the bytes `\x93NUMPY`, the version, the length of the text, and as text a Python dictionary such as
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }`. NumPy Enhancement Proposal 1.
pub(super) fn header(path: &Path, mut source: impl Read) -> Result<Header, Error> {
    let mut next = |bytes: &mut [u8], field: &'static str| {
        let length = bytes.len();
        source.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => {
                Error::format(path, field, format_args!("{length} bytes"), "the end of the file")
            }
            _ => Error::File { path: path.into(), source: error },
        })
    };
    let mut start = [0; 8];
    next(&mut start, "magic number")?;
    let [magic @ .., major, minor] = start;
    if magic != *b"\x93NUMPY" {
        return Err(Error::format(path, "magic number", "`\\x93NUMPY`", format_args!("`{}`", magic.escape_ascii())));
    }
    let (length, before) = match (major, minor) {
        (1, 0) => {
            let mut length = [0; 2];
            next(&mut length, "header length")?;
            (u16::from_le_bytes(length).into(), 10)
        }
        (2 | 3, 0) => {
            let mut length = [0; 4];
            next(&mut length, "header length")?;
            (u32::from_le_bytes(length) as usize, 12)
        }
        _ => return Err(Error::format(path, "version", "1.0, 2.0 or 3.0", format_args!("{major}.{minor}"))),
    };
    if length > LONGEST {
        return Err(Error::format(path, "header length", format_args!("at most {LONGEST} bytes"), length));
    }
    let mut text = vec![0; length];
    next(&mut text, "header")?;
    let text = String::from_utf8_lossy(&text);
    let (number, dimensions) = parse(path, text.trim())?;
    Ok(Header { number, dimensions, length: (before + length) as u64 })
}

/// Parse the dictionary.
fn parse(path: &Path, text: &str) -> Result<(NumberType, Vec<u64>), Error> {
    let value = |key: &str| {
        let (_, rest) = text.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let quoted = |found: Option<&str>| {
        // As much of it as is readable in a sentence.
        let found = found.map(|found| found.chars().take(40).collect::<String>());
        found.map_or("nothing".into(), |found| format!("`{found}`"))
    };
    let type_code = value("descr").and_then(|text| text.strip_prefix('\'')?.split_once('\'')).map(|(code, _)| code);
    let number = match type_code {
        Some("|u1" | "|b1") => NumberType::U8,
        Some("|i1") => NumberType::I8,
        Some("<u2") => NumberType::U16,
        Some("<i2") => NumberType::I16,
        Some("<u4") => NumberType::U32,
        Some("<i4") => NumberType::I32,
        Some("<u8") => NumberType::U64,
        Some("<i8") => NumberType::I64,
        Some("<f4") => NumberType::F32,
        Some("<f8") => NumberType::F64,
        other => {
            let expected = "the code of a little-endian number, such as `<f4`";
            return Err(Error::format(path, "descr", expected, quoted(other.or(value("descr")))));
        }
    };
    let order = value("fortran_order");
    if !order.is_some_and(|order| order.starts_with("False")) {
        return Err(Error::format(path, "fortran_order", "`False` (C order)", quoted(order)));
    }
    let shape = value("shape");
    let inside = shape.and_then(|shape| shape.strip_prefix('(')?.split_once(')')).map(|(inside, _)| inside);
    let sizes = inside.map(|inside| inside.split(',').map(str::trim).filter(|size| !size.is_empty()).map(str::parse));
    let dimensions: Option<Vec<u64>> = sizes.and_then(|sizes| sizes.collect::<Result<_, _>>().ok());
    match dimensions {
        Some(dimensions) => Ok((number, dimensions)),
        None => Err(Error::format(path, "shape", "a tuple of whole numbers", quoted(inside.or(shape)))),
    }
}
