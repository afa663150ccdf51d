//! Properties of the reader for arbitrary bytes, shared with the fuzz target.

use fnn::weights::{LoadOptions, WeightsError};

fnn::network! {
    /// Small enough that a mutation of its file often hits something.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Small: [2] -> [1] {
        hidden: Dense(3),
        Relu,
        out: Dense(1, bias = false),
    }
}

/// Read `bytes`: either they are weights, which are then written and read again, or there is an error with a message, and the
/// weights are unchanged. Returns whether they are weights.
pub(crate) fn check(bytes: &[u8]) -> bool {
    let before = Small::seeded(7);
    let mut network = before.clone();
    match network.read_weights(bytes) {
        Ok(()) => {
            let file = &bytes[bytes.len() - Small::FLASH..];
            let mut numbers: Vec<_> =
                file.chunks(4).map(|number| number.try_into().unwrap()).map(u32::from_le_bytes).collect();
            let mut read: Vec<_> = network.parameters().iter().map(|weight| weight.to_bits()).collect();
            numbers.sort_unstable();
            read.sort_unstable();
            assert_eq!(read, numbers, "all of the data is read, and once");
            true
        }
        Err(error) => {
            check_error(&error);
            assert_eq!(network, before);
            false
        }
    }
}

/// Read `bytes` with options: everything that is accepted with fewer options is accepted, and an error has a message.
pub(crate) fn check_options(bytes: &[u8]) {
    const NAMES: &[(&str, &str)] = &[("0", "hidden"), ("hidden.weight", "hidden.bias"), ("", "out"), ("out", "")];
    let plain = LoadOptions::new();
    for options in [plain, plain.prefix("h"), plain.names(NAMES), plain.by_order(true)] {
        for options in [options, options.convert(true), options.accept_non_finite(true).convert(true)] {
            let mut network = Small::seeded(7);
            match options.read(&mut network, bytes) {
                Ok(rounding) => {
                    assert!(rounding >= 0.0 && rounding.is_finite());
                    assert!(options.accept_non_finite(true).convert(true).read(&mut network, bytes).is_ok());
                }
                Err(error) => {
                    check_error(&error);
                    assert_eq!(network, Small::seeded(7));
                }
            }
        }
    }
}

fn check_error(error: &WeightsError<'_>) {
    let message = error.to_string();
    assert!(message.contains(": expected ") && message.contains(", found "), "{message}");
    assert!(message.chars().all(|character| matches!(character, ' '..='~' | '\n')), "{message:?}");
    assert!(message.lines().count() <= 33 && message.len() < 33 * 2500, "{}", message.len());
    assert!(error.mismatches().count() > 0);
}
