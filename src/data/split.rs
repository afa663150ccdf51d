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
        let mut classes = BTreeMap::<usize, Vec<usize>>::new();
        for (sample, target) in self.targets.iter().enumerate() {
            classes.entry(class(target)).or_default().push(sample);
        }
        let mut held_out = vec![false; self.len()];
        for (class, mut samples) in classes {
            Random::new(mix(seed, class as u64)).shuffle(&mut samples);
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
}
