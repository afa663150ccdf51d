//! Files of other formats are recognized and rejected before they are read.

use std::fs::{self, File};
use std::io::Write;

use super::{HEADER, Small, file, path};
use fnn::Network;

/// The first bytes of other formats, and the error for each.
#[test]
fn a_file_of_another_kind_is_called_what_it_is() {
    let pickle = "a pickle, as written by `torch.save`: save it in Python with \
                  `safetensors.torch.save_file(model.state_dict(), path)` instead";
    let onnx = "an ONNX model, or another protocol buffer";
    let kinds: [(&[u8], &str); 17] = [
        (b"", "an empty file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e\
              2ca24d17e2393\nsize 12345\n",
            "a Git LFS pointer: fetch the file with `git lfs pull`",
        ),
        // As written by `torch.save`: a zip archive whose first file is `NAME/data.pkl`, or a bare pickle in old versions.
        (b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0d\0\x2d\0pt_a/data.pklFB)\0ZZZZZ", pickle),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", pickle),
        (b"\x80\x04\x95\x1c\0\0\0\0\0\0\0}", pickle),
        (
            b"PK\x03\x04\x14\0\0\0\0\0\0\0\x21\0\x8bXK\xda\x88\0\0\0\x88\0\0\0\x09\0\0\0a.npy",
            "a NumPy archive (.npz): convert it in Python with `safetensors.numpy.save_file`",
        ),
        (b"PK\x03\x04\x14\0\0\0\0\0\0\0\x21\0\x8bXK\xda\x88\0\0\0\x88\0\0\0\x0d\0\0\0metadata.json", "a zip archive"),
        // ONNX as written by PyTorch and ONNX Runtime: the version of the format, and the producer.
        (b"\x08\x07\x12\x07pytorch\x1a\x062.15.0:", onnx),
        (b"\x08\x0a:\x20\x0a", onnx),
        (b"\x1c\0\0\0TFL3\x14\0\x20\0", "a TensorFlow Lite model"),
        (
            b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0",
            "an HDF5 file, as written by Keras: load it in Python and save the weights as safetensors",
        ),
        (
            b"\x93NUMPY\x01\0v\0{'descr': '<f4'",
            "a NumPy array (.npy): convert it in Python with `safetensors.numpy.save_file`",
        ),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "a gzip archive: unpack it first"),
        (b"GGUF\x03\0\0\0\0\0\0\0", "a GGUF file"),
        (b"{\"metadata\": {\"total_size\": 407080}}", "JSON text"),
        (b"<!DOCTYPE html>\n<html>", "HTML or XML: the download may have failed"),
        (b"These are notes of mine.", "a file of another kind"),
    ];
    let path = path("foreign");
    for (bytes, kind) in kinds {
        let message = format!("file: expected a safetensors file, found {kind}");
        assert_eq!(Small::load_from_bytes(bytes).unwrap_err().to_string(), message);
        fs::write(&path, bytes).unwrap();
        assert_eq!(Small::load(&path).unwrap_err().to_string(), format!("{}: {message}", path.display()));
    }
}

#[test]
fn a_quantized_network_is_called_what_it_is() {
    use fnn::quantized::Quantize;
    let quantized = fnn::layers::Dense::<2, 1>::seeded(1).quantize(&[[1.0, -1.0]]).unwrap();
    let error = Small::load_from_bytes(&quantized.to_bytes()).unwrap_err().to_string();
    assert!(error.contains("an int8 network"), "{error}");
}

/// A sparse file of three gigabytes of zeros, which takes no space on the disk.
#[test]
fn no_more_of_a_file_is_read_than_fits_the_network() {
    const LENGTH: u64 = 3 << 30;
    let path = path("long.safetensors");
    for (start, message) in [
        (file(HEADER, 0), format!("data: expected 48 bytes, found {}", LENGTH - 218)),
        (b"\0\0\0\0\x01\0\0\0{".to_vec(), "header: expected at most 100000000 bytes, found 4294967296".into()),
        (b"version https://git-lfs".to_vec(), "a Git LFS pointer".into()),
        (vec![0; 8], "header: expected `{`, found the end at byte 0".into()),
    ] {
        let mut file = File::create(&path).unwrap();
        file.write_all(&start).unwrap();
        file.set_len(LENGTH).unwrap();
        let before = peak_memory();
        let error = Small::load(&path).unwrap_err().to_string();
        assert!(error.contains(&message), "{error}");
        // The system's counters are approximate: a later reading can be below an earlier one.
        assert!(peak_memory().saturating_sub(before) < 1 << 27, "memory for the file's zeros was taken");
    }
    fs::remove_file(path).unwrap();
}

/// The peak memory of this process in bytes, if the system reports it.
fn peak_memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    1024 * peak.map_or(0, |kilobytes| kilobytes.parse().unwrap())
}

#[cfg(unix)]
#[test]
fn weights_can_come_through_a_pipe() {
    let pipe = path("pipe");
    let _ = fs::remove_file(&pipe);
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (rest, message) in [(0, None), (1, Some("data: expected 48 bytes, found 49"))] {
        let writer = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::write(pipe, file(HEADER, 48 + rest)).unwrap())
        };
        let loaded = Small::load(&pipe);
        writer.join().unwrap();
        match message {
            None => assert_eq!(loaded.unwrap().parameters(), [0.0; 12]),
            Some(message) => assert!(loaded.unwrap_err().to_string().ends_with(message)),
        }
    }
    fs::remove_file(pipe).unwrap();
}
