//! The order of the samples in an epoch.

use std::ops::Range;

use crate::random::{Random, mix};

/// The most samples whose order is a table. The order of more is computed sample by sample, so that the memory of a
/// training does not grow with its data.
const LARGEST_TABLE: usize = 1 << 20;

/// The order of the samples in an epoch: a function of their number and of the seed of the epoch.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    samples: usize,
    shuffle: bool,
    /// The numbers of the samples in order, or empty if there are too many.
    table: Vec<usize>,
    permutation: Permutation,
}

impl Order {
    /// The order of this many samples, which changes with each epoch if they are to be shuffled.
    pub(crate) fn new(samples: usize, shuffle: bool) -> Self {
        let table = if Self::is_table(samples) { (0..samples).collect() } else { Vec::new() };
        Self { samples, shuffle, table, permutation: Permutation::new(samples, 0) }
    }

    /// The number of samples, which stays what it was at first.
    pub(crate) const fn samples(&self) -> usize {
        self.samples
    }

    /// The bytes that [`new`](Self::new) allocates.
    pub(crate) const fn bytes(samples: usize) -> usize {
        if Self::is_table(samples) { samples * size_of::<usize>() } else { 0 }
    }

    /// Whether the order of this many samples is a table.
    pub(crate) const fn is_table(samples: usize) -> bool {
        samples <= LARGEST_TABLE
    }

    /// Order the samples for an epoch with this seed.
    pub(crate) fn arrange(&mut self, seed: u64) {
        if !self.shuffle {
            return;
        }
        // Start from the identity, so that the order of an epoch depends only on its seed.
        self.table.iter_mut().enumerate().for_each(|(index, sample)| *sample = index);
        Random::new(seed).shuffle(&mut self.table);
        self.permutation = Permutation::new(self.samples, seed);
    }

    /// The numbers of the samples at `places`, in the table or computed into `memory`.
    pub(crate) fn numbers<'a>(&'a self, places: Range<usize>, memory: &'a mut Vec<usize>) -> &'a [usize] {
        if Self::is_table(self.samples) {
            return self.table.get(places).unwrap_or_default();
        }
        memory.clear();
        memory.extend(places.map(|place| if self.shuffle { self.permutation.at(place) } else { place }));
        memory
    }
}

/// A pseudorandom permutation of the numbers below a length, computed number by number.
///
/// A Feistel network on pairs of digits to the base ⌈√length⌉: each round adds a function of one digit to the other one.
/// A result that is not below the length is permuted again, until it is. Black and Rogaway, "Ciphers with arbitrary
/// finite domains", CT-RSA 2002.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permutation {
    length: usize,
    base: usize,
    seed: u64,
}

/// Four rounds would be pseudorandom with perfect round functions (Luby and Rackoff); two more cost little.
const ROUNDS: u64 = 6;

impl Permutation {
    /// The permutation with this seed.
    pub(crate) const fn new(length: usize, seed: u64) -> Self {
        let root = length.isqrt();
        let base = if root * root < length { root + 1 } else { root };
        Self { length, base, seed }
    }

    /// Where `place`, which must be below the length, is moved to.
    pub(crate) const fn at(&self, place: usize) -> usize {
        if self.length < 2 {
            return place;
        }
        let mut number = place;
        loop {
            let (mut high, mut low) = (number / self.base, number % self.base);
            let mut round = 0;
            while round < ROUNDS {
                let added = high + Random::new(mix(self.seed, round) ^ low as u64).below(self.base);
                (high, low) = (low, if added >= self.base { added - self.base } else { added });
                round += 1;
            }
            number = high * self.base + low;
            if number < self.length {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_occurs_once() {
        for length in (0..70).chain([100, 1000, 1023, 1024, 1025, 65_537]) {
            for seed in 0..3 {
                let mut seen = vec![false; length];
                let permutation = Permutation::new(length, seed);
                for place in 0..length {
                    assert!(!std::mem::replace(&mut seen[permutation.at(place)], true), "{length} {seed} {place}");
                }
            }
        }
    }

    /// Where a number is moved to, where its neighbour is, and the distance between the two are uniform: χ² of 64 cells
    /// with 63 degrees of freedom is below 103 with a probability of 0.999.
    #[test]
    fn numbers_are_spread_evenly() {
        let (length, cells, draws) = (3 << 20, 64usize, 64_000);
        let mut counts = [[0usize; 64]; 4];
        for draw in 0..draws {
            let permutation = Permutation::new(length, draw);
            let place = mix(1, draw) as usize % (length - 1);
            let (one, next) = (permutation.at(place), permutation.at(place + 1));
            let distance = (next + length - one) % length;
            let before = (one + length - place) % length;
            for (counts, number) in counts.iter_mut().zip([one, distance, before, permutation.at(0)]) {
                counts[number * cells / length] += 1;
            }
        }
        for counts in counts {
            let expected = draws as f64 / cells as f64;
            let deviation = counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum::<f64>();
            assert!(deviation < 103.0, "{deviation} {counts:?}");
        }
    }

    #[test]
    fn the_order_of_many_samples_needs_no_table() {
        let samples = LARGEST_TABLE + 1;
        let mut order = Order::new(samples, true);
        order.arrange(7);
        assert_eq!((order.table.capacity(), Order::bytes(samples)), (0, 0));
        let mut memory = Vec::new();
        let mut numbers = order.numbers(0..samples, &mut memory).to_vec();
        assert_eq!(order.numbers(500..600, &mut memory), &numbers[500..600]);
        assert!(!numbers.is_sorted());
        numbers.sort_unstable();
        assert_eq!(numbers, (0..samples).collect::<Vec<_>>());
        let unshuffled = Order::new(samples, false);
        assert_eq!(unshuffled.numbers(1_000_000..1_000_003, &mut memory), [1_000_000, 1_000_001, 1_000_002]);
    }

    #[test]
    fn the_order_of_few_samples_is_that_of_a_shuffle() {
        let mut order = Order::new(100, true);
        order.arrange(3);
        let mut expected: Vec<usize> = (0..100).collect();
        Random::new(3).shuffle(&mut expected);
        assert_eq!(order.numbers(0..100, &mut Vec::new()), expected);
        order.arrange(3);
        assert_eq!(order.numbers(0..100, &mut Vec::new()), expected);
    }
}
