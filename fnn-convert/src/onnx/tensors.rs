//! Constants: `TensorProto` to [`Tensor`], with data in the message or in another file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use super::proto::{TensorProto, data_type};
use crate::tensor::bytes::{half, numbers as from_bytes};
use crate::tensor::{Numbers, Tensor};

/// The tensor of a message. `folder` is where the model is, for data in other files; without one there are none.
pub(super) fn tensor(proto: &TensorProto, folder: Option<&Path>) -> Result<Tensor, String> {
    let shape: Vec<usize> = proto
        .dims
        .iter()
        .map(|&size| usize::try_from(size).map_err(|_| format!("its shape is {:?}", proto.dims)))
        .collect::<Result<_, _>>()?;
    let length = shape.iter().try_fold(1usize, |length, &size| length.checked_mul(size));
    let length = length.ok_or_else(|| format!("its shape is {shape:?}, which is too large"))?;
    let external;
    let bytes = match proto.data_location {
        0 => &proto.raw_data,
        1 => {
            external = external_data(proto, folder, length)?;
            &external
        }
        other => return Err(format!("its data is at an unknown location, {other}")),
    };
    let numbers = numbers(proto, bytes, &shape, length)?;
    Ok(Tensor { shape, numbers, quantization: None })
}

/// The numbers, from bytes if there are any, otherwise from the field for numbers of their type.
fn numbers(proto: &TensorProto, bytes: &[u8], shape: &[usize], length: usize) -> Result<Numbers, String> {
    let given = |found: usize, what: &str| match found == length {
        true => Ok(()),
        false => Err(format!("its shape {shape:?} has {length} numbers, but it has {what}")),
    };
    let raw = !bytes.is_empty() || proto.data_location == 1;
    let size = size_of_number(proto.data_type)?;
    if raw {
        let expected = length.checked_mul(size);
        if expected != Some(bytes.len()) {
            return Err(format!(
                "its shape {shape:?} has {length} numbers of {size} bytes, but it has {} bytes of data",
                bytes.len()
            ));
        }
    }
    let int32s = || {
        given(proto.int32_data.len(), &format!("{} of them", proto.int32_data.len()))?;
        Ok::<_, String>(proto.int32_data.iter())
    };
    let f32s = |floats: Vec<f32>| Ok(Numbers::F32(floats));
    match (proto.data_type, raw) {
        (data_type::FLOAT, true) => f32s(from_bytes(bytes, f32::from_le_bytes)),
        (data_type::FLOAT, false) => {
            given(proto.float_data.len(), &format!("{} of them", proto.float_data.len()))?;
            f32s(proto.float_data.clone())
        }
        (data_type::DOUBLE, true) => f32s(from_bytes(bytes, |bytes| f64::from_le_bytes(bytes) as f32)),
        (data_type::DOUBLE, false) => {
            given(proto.double_data.len(), &format!("{} of them", proto.double_data.len()))?;
            f32s(proto.double_data.iter().map(|&number| number as f32).collect())
        }
        (data_type::FLOAT16, true) => f32s(from_bytes(bytes, |bytes| half(u16::from_le_bytes(bytes)))),
        (data_type::FLOAT16, false) => f32s(int32s()?.map(|&bits| half(bits as u16)).collect()),
        (data_type::BFLOAT16, true) => {
            f32s(from_bytes(bytes, |bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)))
        }
        (data_type::BFLOAT16, false) => {
            f32s(int32s()?.map(|&bits| f32::from_bits(u32::from(bits as u16) << 16)).collect())
        }
        (data_type::INT64, true) => Ok(Numbers::I64(from_bytes(bytes, i64::from_le_bytes))),
        (data_type::INT64, false) => {
            given(proto.int64_data.len(), &format!("{} of them", proto.int64_data.len()))?;
            Ok(Numbers::I64(proto.int64_data.clone()))
        }
        (data_type::INT32, true) => Ok(Numbers::I32(from_bytes(bytes, i32::from_le_bytes))),
        (data_type::INT32, false) => Ok(Numbers::I32(int32s()?.copied().collect())),
        (data_type::INT8, true) => Ok(Numbers::I8(from_bytes(bytes, i8::from_le_bytes))),
        (data_type::INT8, false) => Ok(Numbers::I8(int32s()?.map(|&number| number as i8).collect())),
        (data_type::UINT8, true) => Ok(Numbers::U8(bytes.to_vec())),
        (data_type::UINT8, false) => Ok(Numbers::U8(int32s()?.map(|&number| number as u8).collect())),
        (data_type::BOOL, true) => Ok(Numbers::I64(bytes.iter().map(|&byte| i64::from(byte != 0)).collect())),
        (data_type::BOOL, false) => Ok(Numbers::I64(int32s()?.map(|&number| i64::from(number != 0)).collect())),
        (other, _) => Err(unsupported(other)),
    }
}

/// The bytes of a number of a type.
fn size_of_number(data_type: i32) -> Result<usize, String> {
    match data_type {
        data_type::DOUBLE | data_type::INT64 => Ok(8),
        data_type::FLOAT | data_type::INT32 => Ok(4),
        data_type::FLOAT16 | data_type::BFLOAT16 => Ok(2),
        data_type::INT8 | data_type::UINT8 | data_type::BOOL => Ok(1),
        other => Err(unsupported(other)),
    }
}

fn unsupported(data_type: i32) -> String {
    format!("its numbers are of a type that isn't supported (data type {data_type})")
}

/// The data of a tensor in another file, which must be in the model's folder or below.
fn external_data(proto: &TensorProto, folder: Option<&Path>, length: usize) -> Result<Vec<u8>, String> {
    let entry = |key: &str| proto.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let location = entry("location").ok_or("its data is in another file, which isn't named")?;
    let folder = folder.ok_or_else(|| format!("its data is in `{location}`, but the model wasn't read from a file"))?;
    let inside = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if location.is_empty() || !inside(Path::new(location)) {
        return Err(format!("its data is in `{location}`, outside the model's folder, which isn't read"));
    }
    let path = folder.join(location);
    let error = |error: std::io::Error| format!("its data is in `{location}`: {error}");
    // A symbolic link may lead outside, too.
    let (real, real_folder) = (path.canonicalize().map_err(error)?, canonical(folder).map_err(error)?);
    if !real.starts_with(&real_folder) {
        return Err(format!("its data is in `{location}`, outside the model's folder, which isn't read"));
    }
    let number = |key| match entry(key).map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(format!("the {key} of its data in `{location}` isn't a number")),
    };
    let bytes = length.checked_mul(size_of_number(proto.data_type)?).ok_or("it is too large")? as u64;
    let (offset, count) = (number("offset")?.unwrap_or(0), number("length")?.unwrap_or(bytes));
    if count != bytes {
        return Err(format!("its shape has {bytes} bytes, but `{location}` is said to have {count} for it"));
    }
    let mut file = File::open(&real).map_err(error)?;
    file.seek(SeekFrom::Start(offset)).map_err(error)?;
    let mut data = Vec::new();
    file.take(bytes).read_to_end(&mut data).map_err(error)?;
    if data.len() as u64 != bytes {
        return Err(format!("it has {bytes} bytes, but `{location}` has {} from byte {offset} on", data.len()));
    }
    Ok(data)
}

/// The folder's real path; the empty path is the current folder.
fn canonical(folder: &Path) -> std::io::Result<std::path::PathBuf> {
    if folder.as_os_str().is_empty() { Path::new(".").canonicalize() } else { folder.canonicalize() }
}
