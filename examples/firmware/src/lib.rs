//! Networks that run on a workstation and on a Cortex-M: what both share.

#![no_std]
#![warn(missing_docs)]

#[cfg(all(target_arch = "arm", target_os = "none"))]
pub mod board;
pub mod digits;
pub mod learning;
pub mod work;

fnn::network! {
    /// Reads a 28×28 grey digit.
    pub struct Digits: [784] -> [10] {
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    /// Reads a 28×28 grey digit, in 8 bits.
    #[quantizable]
    pub struct SmallDigits: [784] -> [10] {
        hidden: Dense(32),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    /// Tells three kinds of things apart by four measurements.
    #[quantizable]
    pub struct Flowers: [4] -> [3] {
        first: Dense(16),
        Relu,
        second: Dense(16),
        Relu,
        scores: Dense(3),
    }
}

fnn::network! {
    /// The exclusive or.
    pub struct Xor: [2] -> [1] {
        hidden: Dense(8),
        Tanh,
        out: Dense(1),
        Sigmoid,
    }
}
