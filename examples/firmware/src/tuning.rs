//! Fine-tuning on the device: a network in flash that has never seen an 8 or a 9 learns them. Its first layer stays where it
//! is, and its last one learns, in RAM.

use core::fmt::{Result, Write};

use fnn::metrics::highest;
use fnn::{
    losses::CrossEntropy,
    optimizers::Sgd,
    train::{FineTune, FineTuneBuffers},
};

use crate::digits::{PRACTICE, READER, practice, test};
use crate::{Features, Head, Reader};

/// How often each digit is seen.
const PASSES: usize = 5;

/// Everything that is in RAM.
pub type Network = FineTune<'static, Features, Head>;
/// Everything that training needs beside it.
pub type Memory = FineTuneBuffers<Features, Head, 1>;

/// The network before.
pub fn network() -> Network {
    let (frozen, head) = READER.split();
    FineTune { frozen, head: head.clone() }
}

/// Learn from some digits, and tell how well digits are read before and after.
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

/// How many digits of those known before, and of the new ones, are read right.
fn accuracy(out: &mut impl Write, when: &str, network: &Network) -> Result {
    let of = |new: bool| {
        let digits = || test().filter(move |(_, label)| (*label >= 8) == new);
        (digits().filter(|(pixels, label)| highest(&network.forward(pixels)) == Some(*label)).count(), digits().count())
    };
    let ((known, of_known), (new, of_new)) = (of(false), of(true));
    writeln!(out, "{when}: {known} of {of_known} digits from 0 to 7 right, {new} of {of_new} digits 8 and 9")
}
