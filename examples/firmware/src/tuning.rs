//! Fine-tuning on the device: a network in flash learns the digits 8 and 9, which it has never seen. Its first layer stays in
//! flash, in `f32` or in int8, and its last one is trained in RAM.

use core::fmt::{Result, Write};

use fnn::metrics::highest;
use fnn::{
    Quantized,
    losses::CrossEntropy,
    optimizers::Sgd,
    train::{FineTune, FineTuneBuffers, Frozen},
};

use crate::digits::{FEATURES_INT8, PRACTICE, READER, practice, test};
use crate::{Features, Head, Reader};

/// The number of epochs.
const PASSES: usize = 5;

/// Everything in RAM.
pub type Network = FineTune<'static, Features, Head>;
/// The buffers of training.
pub type Memory = FineTuneBuffers<Features, Head, 1>;

/// Everything in RAM, with features in int8.
pub type NetworkInt8 = FineTune<'static, Quantized<Features>, Head>;
/// The buffers of training on features in int8.
pub type MemoryInt8 = FineTuneBuffers<Quantized<Features>, Head, 1>;

/// The network before fine-tuning.
pub fn network() -> Network {
    let (frozen, head) = READER.split();
    FineTune { frozen, head: head.clone() }
}

/// The network before fine-tuning, with features in int8.
pub fn network_int8() -> NetworkInt8 {
    FineTune { frozen: &FEATURES_INT8, head: READER.split().1.clone() }
}

/// Fine-tune on some digits, and print the accuracy before and after.
pub fn report<F>(out: &mut impl Write, network: &mut FineTune<'_, F, Head>, memory: &mut FineTuneBuffers<F, Head, 1>) -> Result
where
    F: Frozen<Scalar = f32, Input = [f32; 784], Output = [f32; 32]>,
{
    accuracy(out, "before", network)?;
    for (pixels, label) in (0..PASSES).flat_map(|_| practice()) {
        memory.train(network, &CrossEntropy, &Sgd::new(0.02), &[pixels], &[label]);
    }
    accuracy(out, "after", network)?;
    let (flash, ram) = (FineTune::<F, Head>::FLASH, FineTune::<F, Head>::RAM_TRAINING);
    let all = Reader::RAM_TRAINING;
    writeln!(
        out,
        "{PRACTICE} digits seen {PASSES} times, with features of {flash} bytes in flash, in {ram} bytes of RAM; training all of \
         it would take {all}"
    )
}

/// Print how many of the known and of the new digits are classified correctly.
fn accuracy<F>(out: &mut impl Write, when: &str, network: &FineTune<'_, F, Head>) -> Result
where
    F: Frozen<Scalar = f32, Input = [f32; 784], Output = [f32; 32]>,
{
    let of = |new: bool| {
        let digits = || test().filter(move |(_, label)| (*label >= 8) == new);
        (digits().filter(|(pixels, label)| highest(&network.forward(pixels)) == Some(*label)).count(), digits().count())
    };
    let ((known, of_known), (new, of_new)) = (of(false), of(true));
    writeln!(out, "{when}: {known} of {of_known} digits from 0 to 7 correct, {new} of {of_new} digits 8 and 9")
}
