//! What a file is that is no safetensors file, by how it begins.

/// Bytes that tell what a file is.
pub(super) const ENOUGH: usize = 512;

/// How files of a kind begin, and what to say of one.
const STARTS: [(&[u8], &str); 12] = [
    (b"version https://git-lfs", "a pointer of Git LFS: `git lfs pull` fetches the file that it stands for"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes: load it in Python and save its weights as safetensors"),
    (b"\x93NUMPY", "a NumPy array (.npy): in Python, `safetensors.numpy.save_file` writes named arrays"),
    (b"GGUF", "a GGUF file"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it first"),
    (b"\xfd7zXZ\0", "an xz archive: unpack it first"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"{", "JSON text"),
    (b"<", "a web page or XML: a download may have failed"),
    (b"#!", "a script"),
    (b"\x7fELF", "a program"),
];

const PICKLE: &str = "a pickle, as `torch.save` writes: in Python, \
    `safetensors.torch.save_file(model.state_dict(), path)` writes what is read here";

/// What a file looks like that begins with `start`.
pub(super) const fn recognize(start: &[u8]) -> Option<&'static str> {
    if start.is_empty() {
        return Some("an empty file");
    }
    if has(start, 0, b"PK\x03\x04") {
        return Some(if contains(start, b"data.pkl") {
            PICKLE
        } else if contains(start, b".npy") {
            "a NumPy archive (.npz): in Python, `safetensors.numpy.save_file` writes named arrays"
        } else {
            "a zip archive"
        });
    }
    if start.len() > 1 && start[0] == 0x80 && 2 <= start[1] && start[1] <= 5 {
        return Some(PICKLE);
    }
    if has(start, 4, b"TFL3") {
        return Some("a TensorFlow Lite model");
    }
    if is_onnx(start) {
        return Some("an ONNX model, or another protocol buffer");
    }
    if is_int8(start) {
        return Some("a network in 8 bits, by its first bytes: `Quantized::from_bytes` reads it");
    }
    let mut kind = 0;
    while kind < STARTS.len() {
        let (bytes, text) = STARTS[kind];
        if has(start, 0, bytes) {
            return Some(text);
        }
        kind += 1;
    }
    None
}

/// A model of ONNX begins with field 1, the version of its format, and another of its fields.
const fn is_onnx(start: &[u8]) -> bool {
    // 2: who made it, 3: of which version, 4: domain, 5: version, 6: description, 7: graph, 8: operators; 5 is a number.
    start.len() > 2
        && start[0] == 0x08
        && 0 < start[1]
        && start[1] < 0x20
        && matches!(start[2], 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42)
}

/// A quantized network begins with two scales and zero points: positive numbers of common size, integers of 8 bits.
const fn is_int8(start: &[u8]) -> bool {
    let Some((first, rest)) = start.split_first_chunk::<8>() else { return false };
    let Some((second, _)) = rest.split_first_chunk::<8>() else { return false };
    is_quantization(first) && is_quantization(second)
}

const fn is_quantization(bytes: &[u8; 8]) -> bool {
    let [a, b, c, d, zero_point @ ..] = *bytes;
    let (scale, zero_point) = (f32::from_le_bytes([a, b, c, d]), i32::from_le_bytes(zero_point));
    1e-12 < scale && scale < 1e12 && -128 <= zero_point && zero_point < 128
}

/// Whether `bytes` stand at `at`.
const fn has(start: &[u8], at: usize, bytes: &[u8]) -> bool {
    if start.len() < at + bytes.len() {
        return false;
    }
    let mut index = 0;
    while index < bytes.len() {
        if start[at + index] != bytes[index] {
            return false;
        }
        index += 1;
    }
    true
}

const fn contains(start: &[u8], bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < start.len() && at < ENOUGH {
        if has(start, at, bytes) {
            return true;
        }
        at += 1;
    }
    false
}
