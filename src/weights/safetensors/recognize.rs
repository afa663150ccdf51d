//! Recognizes files that are not safetensors by their first bytes.

/// The number of bytes that identify a file.
pub(super) const ENOUGH: usize = 512;

/// Magic numbers, and the description of each format.
const STARTS: [(&[u8], &str); 12] = [
    (b"version https://git-lfs", "a Git LFS pointer: fetch the file with `git lfs pull`"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as written by Keras: load it in Python and save the weights as safetensors"),
    (b"\x93NUMPY", "a NumPy array (.npy): convert it in Python with `safetensors.numpy.save_file`"),
    (b"GGUF", "a GGUF file"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it first"),
    (b"\xfd7zXZ\0", "an xz archive: unpack it first"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"{", "JSON text"),
    (b"<", "HTML or XML: the download may have failed"),
    (b"#!", "a script"),
    (b"\x7fELF", "a program"),
];

const PICKLE: &str = "a pickle, as written by `torch.save`: save it in Python with \
    `safetensors.torch.save_file(model.state_dict(), path)` instead";

/// What a file that begins with `start` looks like.
pub(super) const fn recognize(start: &[u8]) -> Option<&'static str> {
    if start.is_empty() {
        return Some("an empty file");
    }
    if has(start, 0, b"PK\x03\x04") {
        return Some(if contains(start, b"data.pkl") {
            PICKLE
        } else if contains(start, b".npy") {
            "a NumPy archive (.npz): convert it in Python with `safetensors.numpy.save_file`"
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

/// An ONNX model begins with field 1, the version of its format, followed by another of its fields.
const fn is_onnx(start: &[u8]) -> bool {
    // 2: producer, 3: its version, 4: domain, 5: version, 6: description, 7: graph, 8: operators; 5 is a number.
    start.len() > 2
        && start[0] == 0x08
        && 0 < start[1]
        && start[1] < 0x20
        && matches!(start[2], 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42)
}

/// Whether `bytes` are at `at`.
const fn has(start: &[u8], at: usize, bytes: &[u8]) -> bool {
    let Some((_, start)) = start.split_at_checked(at) else { return false };
    if start.len() < bytes.len() {
        return false;
    }
    let mut index = 0;
    while index < bytes.len() && index < start.len() {
        if start[index] != bytes[index] {
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
