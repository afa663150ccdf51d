//! Properties of the IDX reader for arbitrary bytes, shared with the fuzz target.

use fnn::Error;
use fnn::data::Idx;

/// Read `bytes` as a file: the result must be an array with the contents of the whole file, or an error that names the file.
pub(crate) fn check(bytes: &[u8]) {
    let idx = match Idx::parse("file", bytes) {
        Ok(idx) => idx,
        Err(error) => return assert_format(&error),
    };
    assert_eq!(idx.bytes.len(), idx.dimensions.iter().product::<usize>());
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        assert_eq!(write(&idx.dimensions, &idx.bytes), bytes);
    }

    match idx.images::<[[f32; 3]; 2]>() {
        Ok(images) => {
            assert_eq!(images.len() * 6, idx.bytes.len());
            let pixels = images.iter().flatten().flatten();
            assert!(pixels.zip(&idx.bytes).all(|(pixel, &byte)| *pixel == (f64::from(byte) / 255.0) as f32));
        }
        Err(error) => assert_format(&error),
    }
    match idx.labels(10) {
        Ok(labels) => assert!(labels.len() == idx.dimensions[0] && labels.iter().all(|&label| label < 10)),
        Err(error) => assert_format(&error),
    }
}

/// The error of a file with the wrong contents.
fn assert_format(error: &Error) {
    let Error::Format { path, expected, found, .. } = error else { panic!("{error:?}") };
    assert!(path.as_os_str() == "file" && expected != found, "{error}");
}

/// An IDX file of unsigned bytes.
pub(crate) fn write(dimensions: &[usize], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, dimensions.len() as u8];
    file.extend(dimensions.iter().flat_map(|&size| (size as u32).to_be_bytes()));
    file.extend(bytes);
    file
}
