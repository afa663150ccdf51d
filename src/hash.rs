//! Hashes of bytes, also at compile time.

/// The hash FNV-1a, 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) const fn text(mut self, text: &str) -> Self {
        let mut bytes = text.as_bytes();
        while let Some((byte, rest)) = bytes.split_first() {
            self.0 = (self.0 ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
            bytes = rest;
        }
        self
    }

    pub(crate) const fn value(self) -> u64 {
        self.0
    }
}

const PRIMES: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];

/// The hash XXH32 with seed 0: <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>.
///
/// Every step is a bijection, so that a change within one aligned word of four bytes always changes it.
pub(crate) const fn xxh32(bytes: &[u8]) -> u32 {
    let [one, two, three, four, five] = PRIMES;
    let (stripes, rest) = bytes.as_chunks::<16>();
    let mut hash = five;
    if let [_, ..] = stripes {
        let [mut a, mut b, mut c, mut d] = [one.wrapping_add(two), two, 0, 0u32.wrapping_sub(one)];
        let mut stripes = stripes;
        while let Some((stripe, rest)) = stripes.split_first() {
            let (words, _) = stripe.as_chunks::<4>();
            if let [w, x, y, z] = words {
                (a, b, c, d) = (round(a, w), round(b, x), round(c, y), round(d, z));
            }
            stripes = rest;
        }
        hash = a.rotate_left(1).wrapping_add(b.rotate_left(7));
        hash = hash.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
    }
    hash = hash.wrapping_add(bytes.len() as u32);
    let (mut words, mut rest) = rest.as_chunks::<4>();
    while let Some((word, others)) = words.split_first() {
        hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(three)).rotate_left(17).wrapping_mul(four);
        words = others;
    }
    while let Some((byte, others)) = rest.split_first() {
        hash = hash.wrapping_add((*byte as u32).wrapping_mul(five)).rotate_left(11).wrapping_mul(one);
        rest = others;
    }
    hash = (hash ^ hash >> 15).wrapping_mul(two);
    hash = (hash ^ hash >> 13).wrapping_mul(three);
    hash ^ hash >> 16
}

#[inline(always)]
const fn round(sum: u32, word: &[u8; 4]) -> u32 {
    let [one, two, ..] = PRIMES;
    sum.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(two)).rotate_left(13).wrapping_mul(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_their_authors() {
        // The test vectors of the FNV page, and Python's `xxhash.xxh32`.
        assert_eq!(Fnv::new().text("").value(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(Fnv::new().text("foobar").value(), 0x8594_4171_f739_67e8);
        assert_eq!(Fnv::new().text("foo").text("bar"), Fnv::new().text("foobar"));
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(xxh32(b"a"), 0x550d_7456);
        assert_eq!(xxh32(b"abc"), 0x32d1_53ff);
        assert_eq!(xxh32(b"Nobody inspects the spammish repetition"), 0xe229_3b2f);
    }
}
