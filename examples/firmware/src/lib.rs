//! The networks, shared by the workstation and the Cortex-M.

#![no_std]
#![warn(missing_docs)]

#[cfg(target_os = "none")]
pub mod board;
pub mod digits;
mod hash;
pub mod learning;
#[cfg(not(feature = "host"))]
pub mod tuning;
#[cfg(not(feature = "host"))]
pub mod work;

fnn::network! {
    /// Classifies a 28×28 grayscale digit: the network of the example `mnist`.
    #[budget(flash = 400 KiB, ram = 512 B, macs = 101_632)]
    pub struct Digits: [784] -> [10] {
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    /// Classifies a 28×28 grayscale digit, in int8.
    #[quantizable]
    pub struct SmallDigits: [784] -> [10] {
        hidden: Dense(32),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    /// Classifies a 28×28 grayscale digit with convolutions, in int8: the network of the example `lenet`.
    #[quantizable]
    pub struct LeNet: [1, 28, 28] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(16, kernel = 5),
        Relu,
        MaxPool2d(2),
        Flatten,
        fc1: Dense(120),
        Relu,
        fc2: Dense(84),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    /// Classifies a 28×28 grayscale digit; its last layer is trained on the device.
    #[split(Features, Head, at = logits)]
    #[quantizable]
    #[derive(Clone)]
    pub struct Reader: [784] -> [10] {
        hidden: Dense(32),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    /// Classifies four measurements into three classes.
    #[quantizable]
    #[budget(flash = 2 KiB, ram = 128 B, ram_training_in_place = 4 KiB)]
    pub struct Flowers: [4] -> [3] {
        first: Dense(16),
        Relu,
        second: Dense(16),
        Relu,
        scores: Dense(3),
    }
}

fnn::network! {
    /// XOR.
    pub struct Xor: [2] -> [1] {
        hidden: Dense(8),
        Tanh,
        out: Dense(1),
        Sigmoid,
    }
}
