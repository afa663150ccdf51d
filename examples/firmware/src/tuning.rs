//! Fine-tuning on the device: a network in flash learns the digits 8 and 9, which it has never seen. Its first layer stays in
//! flash, and its last one is trained in RAM.

use core::fmt::{Result, Write};

use fnn::metrics::highest;
use fnn::{
    losses::CrossEntropy,
    optimizers::Sgd,
    train::{FineTune, FineTuneBuffers},
};

use crate::digits::{PRACTICE, READER, practice, test};
use crate::{Features, Head, Reader};

/// The number of epochs.
const PASSES: usize = 5;

/// Everything in RAM.
pub type Network = FineTune<'static, Features, Head>;
/// The buffers of training.
pub type Memory = FineTuneBuffers<Features, Head, 1>;

/// The network before fine-tuning.
pub fn network() -> Network {
    let (frozen, head) = READER.split();
    FineTune { frozen, head: head.clone() }
}

/// Fine-tune on some digits, and print the accuracy before and after.
pub fn report(out: &mut impl Write, network: &mut Network, memory: &mut Memory) -> Result {
    accuracy(out, "before", network)?;
    for (pixels, label) in (0..PASSES).flat_map(|_| practice()) {
        memory.train(network, &CrossEntropy, &Sgd::new(0.02), &[pixels], &[label]);
    }
    accuracy(out, "after", network)?;
    let (tuning, all) = (Network::RAM_TRAINING, Reader::RAM_TRAINING);
    writeln!(
        out,
        "{PRACTICE} digits seen {PASSES} times, in {tuning} bytes of RAM; training all of it would take {all}"
    )
}

/// Print how many of the known and of the new digits are classified correctly.
fn accuracy(out: &mut impl Write, when: &str, network: &Network) -> Result {
    let of = |new: bool| {
        let digits = || test().filter(move |(_, label)| (*label >= 8) == new);
        (digits().filter(|(pixels, label)| highest(&network.forward(pixels)) == Some(*label)).count(), digits().count())
    };
    let ((known, of_known), (new, of_new)) = (of(false), of(true));
    writeln!(out, "{when}: {known} of {of_known} digits from 0 to 7 correct, {new} of {of_new} digits 8 and 9")
}
