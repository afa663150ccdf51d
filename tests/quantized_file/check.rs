//! Properties of the readers of quantized networks for arbitrary bytes, shared with the fuzz target.

use fnn::Quantized;
use fnn::weights::WeightsError;

fnn::network! {
    /// Small enough that a mutation of its file often hits something; with padding.
    #[quantizable]
    pub(crate) struct Tiny: [2] -> [1] {
        hidden: Dense(3),
        Tanh,
        out: Dense(1),
    }
}

/// Memory that is aligned as flash is.
#[repr(align(16))]
struct Aligned([u8; 1 << 12]);

/// Read `bytes` in place and as a copy: either they are a network, which computes, or there is an error with a message.
/// Returns whether they are a network that can be used in place.
pub(crate) fn check(bytes: &[u8]) -> bool {
    let mut memory = Aligned([0xa5; 1 << 12]);
    let Some(file) = memory.0.get_mut(..bytes.len()) else { return false };
    file.copy_from_slice(bytes);
    let (read, loaded) = (Quantized::<Tiny>::read(file), Quantized::<Tiny>::load_from_bytes(bytes));
    if let Ok(network) = &loaded {
        let _ = network.forward(&[1.0, -1.0]);
        let written = network.to_bytes();
        assert_eq!(Quantized::<Tiny>::load_from_bytes(&written).unwrap().to_bytes(), written);
    }
    match read {
        Ok(network) => {
            assert_eq!(network.to_bytes(), loaded.expect("what is read in place is loaded").to_bytes());
            true
        }
        Err(error) => {
            check_error(&error);
            loaded.err().iter().for_each(check_error);
            false
        }
    }
}

fn check_error(error: &WeightsError<'_>) {
    let message = error.to_string();
    assert!(message.contains(": expected ") && message.contains(", found "), "{message}");
    assert!(message.chars().all(|character| matches!(character, ' '..='~')), "{message:?}");
    assert!(message.len() < 2500, "{}", message.len());
    assert_eq!(error.mismatches().count(), 1);
}
