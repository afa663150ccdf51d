//! Hold-out splits of a data set.

use std::collections::BTreeMap;

use super::DataSet;
use crate::error::Error;
use crate::random::{Random, mix};

/// A data set in two parts, returned by [`DataSet::hold_out`].
#[derive(Clone, Debug, PartialEq)]
pub struct Split<I, T> {
    /// The remaining samples, for training.
    pub train: DataSet<I, T>,
    /// The held-out samples, for validation or testing.
    pub test: DataSet<I, T>,
}

impl<I, T> DataSet<I, T> {
    /// Hold out a random part of the samples: a share of `test_share`, from 0 to 1, rounded to whole samples. Both
    /// parts keep the order of the set and the original [`row`](Self::row) of each sample.
    ///
    /// The seed determines the choice.
    ///
    /// ```
    /// use fnn::{DataSet, data::Split};
    ///
    /// let points: DataSet<[f32; 1], [f32; 1]> = (0..100).map(|x| ([x as f32], [2.0 * x as f32])).collect();
    /// let Split { train, test } = points.hold_out(0.2, 1)?;
    /// assert_eq!((train.len(), test.len()), (80, 20));
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] if the share is not from 0 to 1.
    pub fn hold_out(self, test_share: f64, seed: u64) -> Result<Split<I, T>, Error> {
        self.hold_out_by(test_share, seed, |_| 0)
    }

    /// [`hold_out`](Self::hold_out), with the same share of each class.
    fn hold_out_by(self, test_share: f64, seed: u64, class: impl Fn(&T) -> usize) -> Result<Split<I, T>, Error> {
        if !(0.0..=1.0).contains(&test_share) {
            let (name, expected) = ("share of samples to hold out", "a number from 0 to 1");
            return Err(Error::Setting { name, expected, found: test_share.to_string() });
        }
        let mut held_out = vec![false; self.len()];
        for samples in self.shuffled_classes(seed, class) {
            let count = (test_share * samples.len() as f64).round() as usize;
            samples.iter().take(count).for_each(|&sample| held_out[sample] = true);
        }

        let rows: Vec<usize> = (0..self.len()).map(|sample| self.row(sample)).collect();
        let samples = self.inputs.into_iter().zip(self.targets).zip(rows).zip(held_out);
        let (test, train): (Vec<_>, Vec<_>) = samples.partition(|&(_, held_out)| held_out);
        let set = |samples: Vec<_>| {
            let (pairs, rows): (Vec<_>, Vec<_>) = samples.into_iter().map(|(sample, _)| sample).unzip();
            let (inputs, targets) = pairs.into_iter().unzip();
            DataSet { inputs, targets, rows: Some(rows) }
        };
        Ok(Split { train: set(train), test: set(test) })
    }

    /// The samples of each class, in random order.
    fn shuffled_classes(&self, seed: u64, class: impl Fn(&T) -> usize) -> Vec<Vec<usize>> {
        let shuffled = by_class(self.targets.iter().map(class)).into_iter().map(|(class, mut samples)| {
            Random::new(mix(seed, class as u64)).shuffle(&mut samples);
            samples
        });
        shuffled.collect()
    }
}

/// The samples of each class, in order, from the class of each sample.
pub(super) fn by_class(class_of: impl IntoIterator<Item = usize>) -> BTreeMap<usize, Vec<usize>> {
    let mut classes = BTreeMap::<usize, Vec<usize>>::new();
    for (sample, class) in class_of.into_iter().enumerate() {
        classes.entry(class).or_default().push(sample);
    }
    classes
}

impl<I> DataSet<I, usize> {
    /// [`hold_out`](Self::hold_out), with the same share of each class, so that both parts have the class proportions
    /// of the whole (stratified).
    ///
    /// ```
    /// use fnn::{DataSet, data::Split};
    ///
    /// // One sample of class 1 among ten.
    /// let rare: DataSet<[f32; 1], usize> = (0..50).map(|x| ([x as f32], usize::from(x % 10 == 0))).collect();
    /// let Split { train, test } = rare.hold_out_by_class(0.4, 1)?;
    /// let ones = |set: &DataSet<_, usize>| set.targets().iter().sum::<usize>();
    /// assert_eq!((train.len(), ones(&train), test.len(), ones(&test)), (30, 3, 20, 2));
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// Same as [`hold_out`](Self::hold_out).
    pub fn hold_out_by_class(self, test_share: f64, seed: u64) -> Result<Split<I, usize>, Error> {
        self.hold_out_by(test_share, seed, |&class| class)
    }
}

/// The splits of a cross-validation: [`DataSet::folds`].
#[derive(Debug)]
pub struct Folds<'a, I, T> {
    set: &'a DataSet<I, T>,
    /// The fold of each sample.
    fold_of: Vec<usize>,
    next: usize,
    folds: usize,
}

impl<I: Clone, T: Clone> DataSet<I, T> {
    /// Split the samples `folds` times for a cross-validation: each sample is in the test part of one split, and in the
    /// training part of all others. The parts keep the order of the set and the original [`row`](Self::row) of each
    /// sample; the sizes of the test parts differ by at most one.
    ///
    /// The seed determines the choice. Each split is a copy of the set.
    ///
    /// ```
    /// use fnn::{DataSet, data::Split};
    ///
    /// let points: DataSet<[f32; 1], [f32; 1]> = (0..100).map(|x| ([x as f32], [2.0 * x as f32])).collect();
    /// for Split { train, test } in points.folds(5, 1)? {
    ///     assert_eq!((train.len(), test.len()), (80, 20));
    /// }
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] unless there are at least two folds, and at least as many samples.
    pub fn folds(&self, folds: usize, seed: u64) -> Result<Folds<'_, I, T>, Error> {
        self.folds_by(folds, seed, |_| 0)
    }

    fn folds_by(&self, folds: usize, seed: u64, class: impl Fn(&T) -> usize) -> Result<Folds<'_, I, T>, Error> {
        if folds < 2 || folds > self.len() {
            let expected = "at least 2, and at most as many as there are samples";
            return Err(Error::Setting { name: "folds", expected, found: format!("{folds} of {}", self.len()) });
        }
        let mut fold_of = vec![0; self.len()];
        // Dealt out like cards, so that the samples of each class are spread evenly, and all samples too.
        let dealt = self.shuffled_classes(seed, class).into_iter().flatten().zip((0..folds).cycle());
        dealt.for_each(|(sample, fold)| fold_of[sample] = fold);
        Ok(Folds { set: self, fold_of, next: 0, folds })
    }
}

impl<I: Clone> DataSet<I, usize> {
    /// [`folds`](Self::folds), with the same share of each class (stratified).
    ///
    /// # Errors
    /// Same as [`folds`](Self::folds).
    pub fn folds_by_class(&self, folds: usize, seed: u64) -> Result<Folds<'_, I, usize>, Error> {
        self.folds_by(folds, seed, |&class| class)
    }
}

impl<I: Clone, T: Clone> Iterator for Folds<'_, I, T> {
    type Item = Split<I, T>;

    fn next(&mut self) -> Option<Split<I, T>> {
        let Self { set, fold_of, next, folds } = self;
        let fold = *next;
        if fold == *folds {
            return None;
        }
        *next += 1;
        let part = |held_out: bool| {
            let samples = (0..set.len()).filter(|&sample| (fold_of[sample] == fold) == held_out);
            let samples: Vec<usize> = samples.collect();
            DataSet {
                inputs: samples.iter().map(|&sample| set.inputs[sample].clone()).collect(),
                targets: samples.iter().map(|&sample| set.targets[sample].clone()).collect(),
                rows: Some(samples.iter().map(|&sample| set.row(sample)).collect()),
            }
        };
        Some(Split { train: part(false), test: part(true) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.folds - self.next;
        (left, Some(left))
    }
}

impl<I: Clone, T: Clone> ExactSizeIterator for Folds<'_, I, T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> DataSet<usize, usize> {
        (0..37).map(|number| (number, number % 3)).collect()
    }

    #[test]
    fn every_sample_is_in_one_part_with_its_target_and_its_row() {
        for (seed, share) in [(1, 0.0), (2, 0.3), (3, 1.0), (4, 0.999)] {
            for split in [numbers().hold_out(share, seed), numbers().hold_out_by_class(share, seed)] {
                let Split { train, test } = split.unwrap();
                assert!(train.inputs().is_sorted() && test.inputs().is_sorted());
                let mut all: Vec<_> = train.inputs().iter().chain(test.inputs()).copied().collect();
                all.sort_unstable();
                assert_eq!(all, (0..37).collect::<Vec<_>>());
                for set in [train, test] {
                    assert!(set.inputs().iter().zip(set.targets()).all(|(input, target)| input % 3 == *target));
                    assert!(set.inputs().iter().enumerate().all(|(sample, &input)| set.row(sample) == input));
                }
            }
        }
    }

    #[test]
    fn rows_are_those_of_the_whole_however_often_it_is_split() {
        let Split { train, test } = numbers().hold_out(0.5, 1).unwrap();
        let Split { train: third, test: fourth } = train.hold_out_by_class(0.5, 2).unwrap();
        for set in [test, third, fourth.map_inputs(|number| number)] {
            assert!(set.len() > 5);
            assert!(set.inputs().iter().enumerate().all(|(sample, &input)| set.row(sample) == input));
        }
        assert_eq!(numbers().row(36), 36);
    }

    #[test]
    fn the_share_and_the_seed_decide() {
        let part = |share, seed| numbers().hold_out(share, seed).unwrap().test;
        assert_eq!((part(0.5, 1).len(), part(0.2, 1).len(), part(0.0, 1).len()), (19, 7, 0));
        assert_eq!(part(0.5, 1), part(0.5, 1));
        assert_ne!(part(0.5, 1), part(0.5, 2));
        let test = numbers().hold_out_by_class(0.25, 1).unwrap().test;
        assert_eq!([0, 1, 2].map(|class| test.targets().iter().filter(|&&other| other == class).count()), [3, 3, 3]);
    }

    #[test]
    fn a_share_is_no_percentage() {
        for share in [80.0, -0.2, 1.000_001, f64::NAN] {
            let error = numbers().hold_out(share, 1).unwrap_err().to_string();
            let expected = "share of samples to hold out: expected a number from 0 to 1, found ";
            assert_eq!(error, format!("{expected}{share}"));
            assert!(numbers().hold_out_by_class(share, 1).is_err());
        }
    }

    #[test]
    fn every_sample_is_tested_in_one_fold() {
        let numbers = numbers();
        for (folds, by_class) in [(2, false), (5, false), (37, false), (2, true), (5, true), (12, true)] {
            let splits = if by_class { numbers.folds_by_class(folds, 3) } else { numbers.folds(folds, 3) };
            let splits = splits.unwrap();
            assert_eq!(splits.len(), folds);
            let mut tested = Vec::new();
            for Split { train, test } in splits {
                assert!(test.len() == 37 / folds || test.len() == 37 / folds + 1);
                assert!(train.inputs().is_sorted() && test.inputs().is_sorted());
                tested.extend_from_slice(test.inputs());
                let mut all = [train.inputs(), test.inputs()].concat();
                all.sort_unstable();
                assert_eq!(all, (0..37).collect::<Vec<_>>());
                for set in [train, test] {
                    assert!(set.inputs().iter().zip(set.targets()).all(|(input, target)| input % 3 == *target));
                    assert!(set.inputs().iter().enumerate().all(|(sample, &input)| set.row(sample) == input));
                    if by_class {
                        let counts = [0, 1, 2].map(|class| set.targets().iter().filter(|&&t| t == class).count());
                        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 2, "{counts:?}");
                    }
                }
            }
            tested.sort_unstable();
            assert_eq!(tested, (0..37).collect::<Vec<_>>());
        }
        let tests = |seed| numbers.folds(4, seed).unwrap().map(|split| split.test).collect::<Vec<_>>();
        assert_eq!(tests(1), tests(1));
        assert_ne!(tests(1), tests(2));
    }

    #[test]
    fn folds_are_at_least_two_and_never_empty() {
        for folds in [0, 1, 38] {
            let error = numbers().folds(folds, 1).unwrap_err().to_string();
            let expected = "folds: expected at least 2, and at most as many as there are samples, found";
            assert_eq!(error, format!("{expected} {folds} of 37"));
            assert!(numbers().folds_by_class(folds, 1).is_err());
        }
    }
}
