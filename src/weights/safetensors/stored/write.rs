//! Files of numbers at their places, as they are written.

use alloc::{format, string::String, vec::Vec};

use super::{ARITHMETIC, CHECKSUM, FORMAT, INT8, Image, PADDING, STRUCTURE, VERSION};
use crate::const_message::ConstMessage;
use crate::hash::xxh32;
use crate::weights::name::Name;
use crate::weights::safetensors::header::CONTENT;
use crate::weights::stored::{SEPARATOR, Stored};

/// The bytes of a file.
pub(crate) fn to_bytes<T: Stored>(stored: &T, image: &'static Image) -> Vec<u8> {
    let mut data = alloc::vec![0; size_of::<T>()];
    let mut tensors = String::new();
    let (mut array, mut end) = (0, 0);
    stored.visit(Name::ROOT, &mut |name, numbers| {
        let Some(place) = T::CONTENT.locate(array, 0, &mut ConstMessage::new()) else { return };
        array += 1;
        end = place.offset + place.length();
        if let Some(to) = data.get_mut(place.offset..end) {
            to.copy_from_slice(&numbers.to_le_bytes());
        }
        tensors += &entry(&format!("{name}"), place.dtype.name, place.shape.sizes(), place.offset..end);
        let next = T::CONTENT.locate(array, 0, &mut ConstMessage::new()).map_or(size_of::<T>(), |next| next.offset);
        if end < next {
            tensors += &entry(&format!("{name}{PADDING}"), "U8", &[next - end], end..next);
        }
    });
    let layers = (0..).map_while(|index| {
        let mut layer = ConstMessage::new();
        T::CONTENT.layer(index, &mut layer).then(|| String::from(layer.as_str()))
    });
    let layers: Vec<_> = layers.collect();
    let header = header(image.arithmetic, &layers.join(SEPARATOR), &data, &tensors);
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

/// The entry of one tensor, with the comma before it.
pub(in crate::weights::safetensors) fn entry(
    name: &str,
    dtype: &str,
    sizes: &[usize],
    range: core::ops::Range<usize>,
) -> String {
    let sizes: Vec<_> = sizes.iter().map(|size| format!("{size}")).collect();
    let (shape, begin, end) = (sizes.join(","), range.start, range.end);
    format!(r#","{name}":{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{begin},{end}]}}"#)
}

/// The header of a file.
fn header(arithmetic: &str, structure: &str, data: &[u8], tensors: &str) -> String {
    let (version, checksum) = (env!("CARGO_PKG_VERSION"), xxh32(data));
    let mut header = format!(
        r#"{{"__metadata__":{{"{CONTENT}":"{INT8}","{FORMAT}":"{VERSION}","fnn.version":"{version}","{ARITHMETIC}":"{arithmetic}","{CHECKSUM}":"{checksum:08x}","{STRUCTURE}":"{structure}"}}{tensors}}}"#
    );
    // Align the data to 16 bytes, after the 8 bytes of the header's length.
    while (header.len() + 8) % 16 > 0 {
        header.push(' ');
    }
    header
}
