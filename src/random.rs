//! Random numbers that are the same on every platform: initial weights, shuffling, dropout.

/// A small 64-bit random number generator: `SplitMix64`.
///
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. There is no global state, and
/// the same seed gives the same numbers everywhere.
///
/// ```
/// let mut random = fnn::Random::new(42);
/// assert_eq!(random.next_u64(), 13679457532755275413);
/// assert!((0.0..1.0).contains(&random.uniform()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: u64,
}

/// 2⁶⁴ divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mix the bits of `value`.
#[inline(always)]
const fn scatter(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Combine two numbers into one, each bit of which depends on all bits of both.
#[inline(always)]
pub(crate) const fn mix(a: u64, b: u64) -> u64 {
    scatter(scatter(a.wrapping_add(STEP)).wrapping_add(b.wrapping_mul(STEP)))
}

impl Random {
    /// A generator with this seed.
    #[inline(always)]
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// 64 random bits.
    #[inline(always)]
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        scatter(self.state)
    }

    /// A uniform number in [0, 1), with 53 random bits.
    #[inline(always)]
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A normally distributed number with mean 0 and standard deviation 1.
    ///
    /// Marsaglia's polar method, "A convenient method for generating normal variables", SIAM Review 6, 1964, computed
    /// in `f64` with `libm` on every platform, so that the bits are the same.
    pub fn normal(&mut self) -> f64 {
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                return x * libm::sqrt(-2.0 * libm::log(square) / square);
            }
        }
    }

    /// A random integer below `bound`; 0 if `bound` is 0.
    ///
    /// Lemire, "Fast random integer generation in an interval", ACM TOMACS 29, 2019, without the rejection: the bias
    /// is below `bound` / 2⁶⁴.
    #[inline(always)]
    pub const fn below(&mut self, bound: usize) -> usize {
        ((self.next_u64() as u128 * bound as u128) >> 64) as usize
    }

    /// Shuffle `items`, by Fisher and Yates' method.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of seed 1234567 in Vigna's reference implementation (`splitmix64.c`).
    #[test]
    fn numbers_are_those_of_the_reference_implementation() {
        let mut random = Random::new(1_234_567);
        let numbers = [random.next_u64(), random.next_u64(), random.next_u64()];
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn normal_numbers_have_mean_0_and_deviation_1() {
        let mut random = Random::new(7);
        let numbers: [f64; 20_000] = core::array::from_fn(|_| random.normal());
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / numbers.len() as f64;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn a_shuffle_keeps_the_items_and_moves_them() {
        let mut items: [usize; 100] = core::array::from_fn(|index| index);
        Random::new(1).shuffle(&mut items);
        assert_ne!(items, core::array::from_fn(|index| index));
        items.sort_unstable();
        assert_eq!(items, core::array::from_fn(|index| index));
    }
}
