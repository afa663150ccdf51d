//! Sources that draw samples from another source, as the random numbers of each sample decide.

use super::Source;
use super::source::chance;
use super::split::by_class;
use crate::error::Error;
use crate::pod::zeroed;
use crate::random::Random;

/// The source that [`Source::balanced`] returns.
#[derive(Clone, Debug)]
pub struct Balanced<S> {
    source: S,
    /// The samples of each class that has any.
    classes: Vec<Vec<usize>>,
}

impl<S: Source<Target = usize>> Balanced<S> {
    pub(super) fn new(source: S) -> Result<Self, Error> {
        let classes = match source.in_memory() {
            Some(set) => by_class(set.targets().iter().copied()),
            None => {
                let mut input = Box::new(zeroed::<S::Input>());
                let read = (0..source.len()).map(|index| source.read(index, &mut chance(0, index), &mut input));
                by_class(read.collect::<Result<Vec<_>, _>>()?)
            }
        };
        Ok(Self { source, classes: classes.into_values().collect() })
    }
}

impl<S: Source<Target = usize>> Source for Balanced<S> {
    type Input = S::Input;
    type Target = usize;

    fn len(&self) -> usize {
        self.source.len()
    }

    fn read(&self, index: usize, random: &mut Random, input: &mut S::Input) -> Result<usize, Error> {
        let class = self.classes.get(index % self.classes.len().max(1));
        let sample = class.and_then(|class| class.get(random.below(class.len())));
        self.source.read(*sample.ok_or_else(|| Error::index(index, self.len()))?, random, input)
    }
}

/// The source that [`Source::sampled`] returns.
#[derive(Clone, Debug)]
pub struct Sampled<S> {
    source: S,
    aliases: Vec<Alias>,
}

/// A sample, and another one that is drawn instead with a probability of `1 − kept`.
#[derive(Clone, Copy, Debug)]
struct Alias {
    kept: f64,
    other: usize,
}

impl<S: Source> Sampled<S> {
    pub(super) fn new(source: S, weights: &[f64]) -> Result<Self, Error> {
        let wrong = |expected, found| Err(Error::Setting { name: "weights to sample by", expected, found });
        if weights.len() != source.len() {
            return wrong("one for each sample", format!("{} for {} samples", weights.len(), source.len()));
        }
        if let Some(index) = weights.iter().position(|weight| !(*weight >= 0.0 && weight.is_finite())) {
            return wrong("finite numbers of at least 0", format!("{} for sample {index}", weights[index]));
        }
        // Scaled first, so that their sum cannot overflow.
        let largest = weights.iter().fold(0.0, |largest: f64, &weight| largest.max(weight));
        if largest == 0.0 {
            return wrong("a number above 0", "none".into());
        }
        let sum: f64 = weights.iter().map(|weight| weight / largest).sum();
        let scaled = weights.iter().map(|weight| weight / largest * (weights.len() as f64 / sum));
        Ok(Self { source, aliases: aliases(scaled.collect()) })
    }
}

/// The aliases by which a draw takes constant time. The mean of the weights is 1.
///
/// Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE Transactions on Software Engineering
/// 17, 1991.
fn aliases(mut weights: Vec<f64>) -> Vec<Alias> {
    let mut aliases: Vec<_> = (0..weights.len()).map(|other| Alias { kept: 1.0, other }).collect();
    let (mut small, mut large): (Vec<_>, Vec<_>) = (0..weights.len()).partition(|&index| weights[index] < 1.0);
    let heaviest = (0..weights.len()).max_by(|&one, &other| weights[one].total_cmp(&weights[other])).unwrap_or(0);
    while let (Some(&less), Some(&more)) = (small.last(), large.last()) {
        small.pop();
        aliases[less] = Alias { kept: weights[less], other: more };
        weights[more] = (weights[more] + weights[less]) - 1.0;
        if weights[more] < 1.0 {
            large.pop();
            small.push(more);
        }
    }
    // What remains differs from 1 by rounding errors, but a sample of weight 0 is never drawn.
    for index in small.into_iter().filter(|&index| weights[index] == 0.0) {
        aliases[index] = Alias { kept: 0.0, other: heaviest };
    }
    aliases
}

impl<S: Source> Source for Sampled<S> {
    type Input = S::Input;
    type Target = S::Target;

    fn len(&self) -> usize {
        self.source.len()
    }

    fn read(&self, index: usize, random: &mut Random, input: &mut S::Input) -> Result<S::Target, Error> {
        let drawn = random.below(self.aliases.len());
        let Alias { kept, other } = *self.aliases.get(drawn).ok_or_else(|| Error::index(index, self.len()))?;
        let sample = if random.uniform() < kept { drawn } else { other };
        self.source.read(sample, random, input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataSet;

    fn counts(source: &impl Source<Input = [f32; 1], Target = usize>, draws: u64) -> Vec<usize> {
        let mut counts = vec![0; source.len()];
        for draw in 0..draws {
            for index in 0..source.len() {
                let mut input = [0.0];
                source.read(index, &mut chance(draw, index), &mut input).unwrap();
                counts[input[0] as usize] += 1;
            }
        }
        counts
    }

    #[test]
    fn classes_are_drawn_equally_often_and_the_samples_of_each() {
        // Class 5 has one sample, class 9 seven.
        let rare: DataSet<[f32; 1], usize> = (0..8).map(|x| ([x as f32], if x == 3 { 5 } else { 9 })).collect();
        for counts in [
            counts(&(&rare).balanced().unwrap(), 1000),
            counts(&(&rare).map(|&x, t, _| (x, t)).balanced().unwrap(), 1000),
        ] {
            assert_eq!(counts[3], 4000);
            // 4000 / 7, with a standard deviation of 22.
            assert!(counts.iter().enumerate().all(|(x, count)| x == 3 || (480..660).contains(count)), "{counts:?}");
        }
        assert_eq!((&rare).take(0).balanced().unwrap().len(), 0);
    }

    #[test]
    fn samples_are_drawn_as_often_as_their_weights_say() {
        let data: DataSet<[f32; 1], usize> = (0..6).map(|x| ([x as f32], 0)).collect();
        for scale in [1.0, 1e300, 1e-300] {
            let weights = [0.0, 1.0, 2.0, 0.5, 16.0, 0.5].map(|weight| weight * scale);
            let counts = counts(&(&data).sampled(&weights).unwrap(), 10_000);
            for (count, weight) in counts.iter().zip(weights) {
                let expected = 60_000.0 * weight / scale / 20.0;
                assert!((*count as f64 - expected).abs() <= 4.0 * f64::sqrt(expected), "{count} {expected}");
            }
        }
    }

    #[test]
    fn weights_to_sample_by_are_checked() {
        let data: DataSet<[f32; 1], usize> = (0..2).map(|x| ([x as f32], 0)).collect();
        for (weights, message) in [
            (vec![1.0], "one for each sample, found 1 for 2 samples"),
            (vec![1.0, -1.0], "finite numbers of at least 0, found -1 for sample 1"),
            (vec![f64::NAN, 1.0], "finite numbers of at least 0, found NaN for sample 0"),
            (vec![0.0, 0.0], "a number above 0, found none"),
        ] {
            let error = (&data).sampled(&weights).unwrap_err().to_string();
            assert_eq!(error, format!("weights to sample by: expected {message}"));
        }
    }
}
