//! What a firmware prints by `defmt` has the text of `Display`, and the fields of settings.

use std::sync::Mutex;

use fnn::layers::{Dense, Sample};
use fnn::optimizers::{Adam, Optimizer, Sgd};
use fnn::quantized::Quantization;
use fnn::{Network, Parameters};

static SENT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Stands for a debug probe.
#[defmt::global_logger]
struct Probe;

// SAFETY: the bytes are behind a mutex, and only one thread prints.
unsafe impl defmt::Logger for Probe {
    fn acquire() {}
    unsafe fn flush() {}
    unsafe fn release() {}
    unsafe fn write(bytes: &[u8]) {
        SENT.lock().unwrap().extend_from_slice(bytes);
    }
}

defmt::timestamp!("");

#[defmt::panic_handler]
fn panic() -> ! {
    panic!("a format has panicked")
}

/// The bytes that are sent for a value.
fn sent(value: &impl defmt::Format) -> Vec<u8> {
    SENT.lock().unwrap().clear();
    defmt::println!("{}", value);
    std::mem::take(&mut SENT.lock().unwrap())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn errors_are_sent_as_their_text_and_values_as_their_numbers() {
    let mut network = Dense::<2, 3>::zeroed();
    let error = network.read_weights(b"\x02\0\0\0\0\0\0\0{}").unwrap_err();
    assert!(contains(&sent(&error), b"weight: expected a tensor of shape [3, 2], found none"));
    let setting = Sgd::new(-0.1).validate::<f32>().unwrap_err();
    assert!(contains(&sent(&setting), setting.to_string().as_bytes()));
    assert!(contains(&sent(&<[[f32; 3]; 2]>::SHAPE), b"[2, 3]"));
    assert!(contains(&sent(&Dense::<2, 3>::summary()), b"36 bytes of weights"));

    let quantization = Quantization { scale: 0.125, zero_point: -77 };
    let numbers = [0.125f32.to_le_bytes(), (-77i32).to_le_bytes()].concat();
    assert!(contains(&sent(&quantization), &numbers));
    assert!(contains(&sent(&Adam::new(0.375)), &0.375f64.to_le_bytes()));
}
