//! A part of a data set held back.

use std::collections::BTreeMap;

use super::DataSet;
use crate::random::{Random, mix};

impl<I, T> DataSet<I, T> {
    /// Hold a part of the samples back, chosen at random: the rest, to train on, and the part, `share` of all samples,
    /// to test on. Both keep the order of the set.
    ///
    /// The seed decides which samples. The number is rounded; a share below 0 is 0, one above 1 is 1.
    ///
    /// ```
    /// use fnn::DataSet;
    ///
    /// let points: DataSet<[f32; 1], [f32; 1]> = (0..100).map(|x| ([x as f32], [2.0 * x as f32])).collect();
    /// let (train, test) = points.split(0.2, 1);
    /// assert_eq!((train.len(), test.len()), (80, 20));
    /// ```
    #[must_use]
    pub fn split(self, share: f64, seed: u64) -> (Self, Self) {
        self.split_by(share, seed, |_| 0)
    }

    /// [`split`](Self::split), the share being that of each class.
    fn split_by(self, share: f64, seed: u64, class: impl Fn(&T) -> usize) -> (Self, Self) {
        let mut classes = BTreeMap::<usize, Vec<usize>>::new();
        for (sample, target) in self.targets.iter().enumerate() {
            classes.entry(class(target)).or_default().push(sample);
        }
        let mut held_back = vec![false; self.len()];
        for (class, mut samples) in classes {
            Random::new(mix(seed, class as u64)).shuffle(&mut samples);
            // The conversion takes what is undefined for 0.
            let count = (share.clamp(0.0, 1.0) * samples.len() as f64).round() as usize;
            samples.iter().take(count).for_each(|&sample| held_back[sample] = true);
        }
        let pairs = self.inputs.into_iter().zip(self.targets).zip(held_back);
        let (part, rest): (Vec<_>, Vec<_>) = pairs.partition(|(_, held_back)| *held_back);
        let set = |pairs: Vec<((I, T), bool)>| pairs.into_iter().map(|(pair, _)| pair).collect();
        (set(rest), set(part))
    }
}

impl<I> DataSet<I, usize> {
    /// [`split`](Self::split), with the share taken of each class, so that both parts have the classes in the
    /// proportions of the whole (stratified).
    ///
    /// ```
    /// use fnn::DataSet;
    ///
    /// // One sample of class 1 among ten.
    /// let rare: DataSet<[f32; 1], usize> = (0..50).map(|x| ([x as f32], usize::from(x % 10 == 0))).collect();
    /// let (train, test) = rare.split_by_class(0.4, 1);
    /// let ones = |set: &DataSet<_, usize>| set.targets().iter().sum::<usize>();
    /// assert_eq!((train.len(), ones(&train), test.len(), ones(&test)), (30, 3, 20, 2));
    /// ```
    #[must_use]
    pub fn split_by_class(self, share: f64, seed: u64) -> (Self, Self) {
        self.split_by(share, seed, |&class| class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> DataSet<usize, usize> {
        (0..37).map(|number| (number, number % 3)).collect()
    }

    #[test]
    fn every_sample_is_in_one_part_with_its_target() {
        for (seed, share) in [(1, 0.0), (2, 0.3), (3, 1.0), (4, -2.0), (5, 7.0), (6, f64::NAN)] {
            for (rest, part) in [numbers().split(share, seed), numbers().split_by_class(share, seed)] {
                assert!(rest.inputs().is_sorted() && part.inputs().is_sorted());
                let mut all: Vec<_> = rest.inputs().iter().chain(part.inputs()).copied().collect();
                all.sort_unstable();
                assert_eq!(all, (0..37).collect::<Vec<_>>());
                for set in [rest, part] {
                    assert!(set.inputs().iter().zip(set.targets()).all(|(input, target)| input % 3 == *target));
                }
            }
        }
    }

    #[test]
    fn the_share_and_the_seed_decide() {
        let part = |share, seed| numbers().split(share, seed).1;
        assert_eq!((part(0.5, 1).len(), part(0.2, 1).len(), part(f64::NAN, 1).len()), (19, 7, 0));
        assert_eq!(part(0.5, 1), part(0.5, 1));
        assert_ne!(part(0.5, 1), part(0.5, 2));
        let (_, part) = numbers().split_by_class(0.25, 1);
        assert_eq!([0, 1, 2].map(|class| part.targets().iter().filter(|&&other| other == class).count()), [3, 3, 3]);
    }
}
