//! Mix-up: samples between two samples.

use std::fmt::Debug;

use super::Source;
use crate::error::Error;
use crate::pod::zeroed;
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The source that [`Source::mix_up`] returns.
#[derive(Clone, Copy, Debug)]
pub struct MixUp<S> {
    source: S,
    alpha: f64,
}

impl<S> MixUp<S> {
    pub(super) fn new(source: S, alpha: f64) -> Result<Self, Error> {
        if alpha > 0.0 && alpha.is_finite() {
            return Ok(Self { source, alpha });
        }
        Err(Error::Setting { name: "alpha of mix-up", expected: "a number above 0", found: alpha.to_string() })
    }
}

impl<S> Source for MixUp<S>
where
    S: Source<Input: Sample<Element: Scalar>, Target: Sample<Element: Scalar>>,
{
    type Input = S::Input;
    type Target = S::Target;

    fn len(&self) -> usize {
        self.source.len()
    }

    fn read(&self, index: usize, random: &mut Random, input: &mut S::Input) -> Result<S::Target, Error> {
        let share = beta(self.alpha, random);
        let other = random.below(self.source.len());
        let mut other_input = zeroed::<S::Input>();
        let other_target = self.source.read(other, random, &mut other_input)?;
        let mut target = self.source.read(index, random, input)?;
        mix(share, input, &other_input);
        mix(share, &mut target, &other_target);
        Ok(target)
    }

    fn row(&self, index: usize) -> usize {
        self.source.row(index)
    }
}

/// `share·x + (1 − share)·other`, element by element.
fn mix<A: Sample<Element: Scalar>>(share: f64, x: &mut A, other: &A) {
    let (share, rest) = (A::Element::from_f64(share), A::Element::from_f64(1.0 - share));
    let others = other.elements();
    for (x, &other) in x.elements_mut().iter_mut().zip(others) {
        *x = share * *x + rest * other;
    }
}

/// A number from 0 to 1 with the distribution Beta(α, α).
fn beta(alpha: f64, random: &mut Random) -> f64 {
    let (one, other) = (gamma(alpha, random), gamma(alpha, random));
    let sum = one + other;
    // With a tiny α, both can be too small for a number.
    if sum > 0.0 { one / sum } else { f64::from(u8::from(random.uniform() < 0.5)) }
}

/// A number with the distribution Gamma(α, 1).
///
/// Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000; for α below 1, its section
/// 6.
fn gamma(alpha: f64, random: &mut Random) -> f64 {
    if alpha < 1.0 {
        let root = libm::pow(1.0 - random.uniform(), 1.0 / alpha);
        return gamma(alpha + 1.0, random) * root;
    }
    let d = alpha - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = random.normal();
        let v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x);
        if v > 0.0 && libm::log(1.0 - random.uniform()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataSet;

    /// The mean is ½, the variance 1 / (4·(2α + 1)), and for α = 1 the numbers are uniform.
    #[test]
    fn shares_have_the_moments_of_the_distribution() {
        for alpha in [0.1, 0.2, 0.7, 1.0, 3.0, 50.0] {
            let mut random = Random::new(3);
            let shares: Vec<f64> = (0..40_000).map(|_| beta(alpha, &mut random)).collect();
            let mean = shares.iter().sum::<f64>() / 40_000.0;
            let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / 40_000.0;
            assert!((mean - 0.5).abs() < 0.01, "{alpha}: {mean}");
            let expected = 0.25 / (2.0 * alpha + 1.0);
            assert!((variance / expected - 1.0).abs() < 0.03, "{alpha}: {variance} {expected}");
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        }
        let mut random = Random::new(3);
        let tiny: Vec<f64> = (0..100).map(|_| beta(1e-300, &mut random)).collect();
        assert!(tiny.contains(&0.0) && tiny.contains(&1.0) && tiny.iter().all(|share| (0.0..=1.0).contains(share)));
        let quarter = (0..40_000).filter(|_| beta(1.0, &mut random) < 0.25).count();
        assert!((9_600..10_400).contains(&quarter), "{quarter}");
    }

    #[test]
    fn samples_and_targets_are_mixed_alike() {
        let data: DataSet<[f64; 1], [f64; 2]> = (0..8).map(|x| ([f64::from(x)], [1.0, 10.0 * f64::from(x)])).collect();
        let mixed = (&data).mix_up(0.4).unwrap();
        let mut between = 0;
        for draw in 0..200 {
            let mut input = [0.0];
            let target = mixed.read(3, &mut Random::new(draw), &mut input).unwrap();
            assert!((target[0] - 1.0).abs() < 1e-12 && (target[1] - 10.0 * input[0]).abs() < 1e-12);
            between += usize::from(input[0].fract() != 0.0);
        }
        assert!(between > 100, "{between}");
        for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = (&data).mix_up(alpha).unwrap_err().to_string();
            assert_eq!(error, format!("alpha of mix-up: expected a number above 0, found {alpha}"));
        }
    }
}
