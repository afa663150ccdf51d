//! Damaged files.

use fnn::Random;

/// Bytes that mean something in a header, besides the least and the largest ones.
const MEANINGFUL: [u8; 19] = *b"\0\x01\x7f\x80\xff\"\\{}[],:90 af.";

/// The bytes of a file with one to three of them changed, inserted, removed or swapped.
pub(crate) fn mutated(good: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[at] = MEANINGFUL[random.below(MEANINGFUL.len())],
            1 => bytes.insert(at, MEANINGFUL[random.below(MEANINGFUL.len())]),
            2 => drop(bytes.remove(at)),
            _ => {
                let other = random.below(bytes.len());
                bytes.swap(at, other);
            }
        }
    }
    bytes
}
