//! What the workstation and the chip share: the network, and the sensor that it listens to.

#![no_std]

#[cfg(target_os = "none")]
pub mod board;

fnn::network! {
    /// Tells from 32 readings of an accelerometer's three axes how something moves.
    #[quantizable]
    #[budget(int8(flash = 2 KiB, ram = 1 KiB))]
    pub struct Motion: [3, 32] -> [3] {
        conv1: Conv1d(8, kernel = 5),
        BatchNorm,
        Relu,
        MaxPool1d(2),
        conv2: Conv1d(8, kernel = 5),
        BatchNorm,
        Relu,
        MaxPool1d(2),
        Flatten,
        scores: Dense(3),
    }
}

/// The three ways of moving.
pub const NAMES: [&str; 3] = ["still", "walking", "shaking"];

/// The readings of three axes.
pub type Readings = [[f32; 32]; 3];

/// Stands for a sensor: readings of something that moves like this. Replace it by yours.
#[must_use]
pub fn readings(motion: usize, seed: u64) -> Readings {
    let mut random = fnn::Random::new(seed);
    let (strength, period) = [(0.0, 1.0), (0.6, 12.0), (1.5, 4.0)].get(motion).copied().unwrap_or_default();
    let period = period * (0.8 + 0.4 * random.uniform() as f32);
    [0.0, 0.0, 1.0].map(|gravity| {
        let phase = random.uniform() as f32;
        core::array::from_fn(|time| {
            // A triangle wave from −1 to 1.
            let turns = time as f32 / period + phase;
            let wave = 4.0 * f32::abs(turns - turns as u32 as f32 - 0.5) - 1.0;
            gravity + strength * wave + 0.2 * (random.uniform() as f32 - 0.5)
        })
    })
}
