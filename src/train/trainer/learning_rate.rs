//! The learning-rate range test.

use std::ops::RangeInclusive;

use super::Trainer;
use super::check;
use super::chunk_size::with_largest_chunk;
use super::course::Course;
use super::feed::{Feed, Reader};
use super::parallel::{Sharing, Threads, work};
use super::ranks::Division;
use super::settings::Settings;
use super::step::Memory;
use super::validation::Validation;
use crate::data::Source;
use crate::error::Error;
use crate::layer::Layer;
use crate::losses::Loss;
use crate::optimizers::Optimizer;
use crate::random::mix;

/// The loss as a function of a rising learning rate: the result of [`Trainer::find_learning_rate`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LearningRateCurve {
    /// The learning rate and the smoothed loss of each step, to plot with a logarithmic learning-rate axis. If the
    /// loss diverged, that is the last point.
    pub points: Vec<(f64, f64)>,
}

/// The decay of the running mean of losses.
const KEPT: f64 = 0.98;

/// The share of initial steps that are ignored, because the mean of few mini-batches is noisy.
const NOISE: usize = 10;

/// The loss has diverged if it exceeds the smallest loss by this factor.
const TOO_LARGE: f64 = 4.0;

impl LearningRateCurve {
    /// The learning rate with the steepest descent of the loss over the logarithm of the rate, before the minimum.
    /// `None` if the loss did not fall.
    ///
    /// It is a starting point. If training is unstable, use a third of it.
    #[must_use]
    pub fn suggestion(&self) -> Option<f64> {
        let points = self.points.get(self.points.len() / NOISE..)?;
        let (smallest, _) = points.iter().enumerate().min_by(|(_, one), (_, other)| one.1.total_cmp(&other.1))?;
        // The slope over a few steps to each side; differences of adjacent steps are noise.
        let reach = (points.len() / 20).max(1);
        let falls = points[..=smallest].windows(2 * reach + 1).filter_map(|window| {
            let (&[(_, before), ..], &(rate, _), &[.., (_, after)]) = (window, window.get(reach)?, window) else {
                return None;
            };
            Some((rate, before - after))
        });
        let (rate, fall) = falls.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
        (fall > 0.0).then_some(rate)
    }
}

impl<N: Layer, F, O, const SLOTS: usize, V> Trainer<'_, N, F, O, SLOTS, V> {
    /// Find a suitable learning rate: train a copy of the network on `steps` mini-batches of `data` while the learning
    /// rate rises geometrically from the start to the end of `rates`.
    ///
    /// Stops if the smoothed loss reaches four times its minimum or is not finite; the first tenth of the steps is
    /// exempt. The smoothed loss is a running mean with decay 0.98. The network and later calls of [`fit`](Self::fit)
    /// are not affected. A schedule still multiplies the rates, so use an optimizer without one here. Smith, "Cyclical
    /// learning rates for training neural networks", WACV 2017, section 3.3.
    ///
    /// ```
    /// use fnn::{DataSet, Network, Trainer, layers::Dense, losses::MeanSquaredError, optimizers::{Optimizer, Sgd}};
    ///
    /// let data: DataSet<[f32; 1], [f32; 1]> = (0..64).map(|x| ([x as f32 / 64.0], [x as f32 / 32.0 + 1.0])).collect();
    /// let trainer = Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Sgd::new(0.1));
    /// let curve = trainer.find_learning_rate(&data, 1e-4..=10.0, 100)?;
    /// let best = curve.suggestion().unwrap();
    /// assert!(best > 0.01 && best < 2.0);
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`fit`](Self::fit) before training, [`Error::Setting`] unless `rates` is an increasing range of
    /// positive numbers and `steps` is at least three, and for a source that is not in memory [`Error::Read`] and
    /// [`Error::Sample`].
    pub fn find_learning_rate<D>(
        &self,
        data: &D,
        rates: RangeInclusive<f64>,
        steps: usize,
    ) -> Result<LearningRateCurve, Error>
    where
        D: Source<Input = N::Input>,
        F: Loss<N::Output, D::Target>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, D::Target>,
    {
        with_largest_chunk!(N, CHUNK => self.try_rates::<D, CHUNK>(data, rates, steps))
    }

    /// [`find_learning_rate`](Self::find_learning_rate) with chunks of at most `B` samples.
    fn try_rates<D, const B: usize>(
        &self,
        data: &D,
        rates: RangeInclusive<f64>,
        steps: usize,
    ) -> Result<LearningRateCurve, Error>
    where
        D: Source<Input = N::Input>,
        F: Loss<N::Output, D::Target>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, D::Target>,
    {
        self.check::<D::Target>(data)?;
        let (lowest, highest) = rates.into_inner();
        if !(lowest > 0.0 && lowest < highest && highest.is_finite()) {
            let expected = "an increasing range of positive numbers";
            return Err(Error::Setting { name: "learning rates", expected, found: format!("{lowest}..={highest}") });
        }
        if steps < 3 {
            return Err(Error::Setting { name: "steps", expected: "at least 3", found: steps.to_string() });
        }

        let Settings { batch_size, seed, threads, penalty, clip, shuffle, .. } = self.settings;
        let batch_size = batch_size.min(data.len());
        let mut network = self.network.boxed_copy();
        let work = work::<N>(batch_size);
        let step_threads = Threads::of_step(threads, work);
        // As in `fit`, so that the step is compiled once.
        let mut memory = Memory::<N, D::Target, SLOTS, B, &()>::new(batch_size, step_threads, clip, None, &());
        let check = check::sample::<N, D::Target, F>(&self.loss);
        let reader = Reader { set: "training", source: data, check: &check, seed };
        let mut feed = Feed::new(reader, batch_size, shuffle, Division::of::<N>(&()))?;
        let reads = feed.reads();
        let most = if reads { u64::MAX } else { work };
        let threads = Threads::new(threads, most)?;
        let batches = feed.batches();

        let (mut mean, mut missing, mut smallest) = (0.0, 1.0, f64::INFINITY);
        let mut points = Vec::with_capacity(steps);
        for step in 0..steps {
            let (epoch, batch) = (step / batches, step % batches);
            let seed = mix(seed, epoch as u64 + 1);
            if batch == 0 {
                feed.begin(seed);
            }
            let rate = lowest * (highest / lowest).powf(step as f64 / (steps - 1) as f64);
            let optimizer = self.optimizer.with_learning_rate(rate);
            let adjust = (penalty, clip);
            let course = Course { loss: &self.loss, optimizer: &optimizer, adjust, seed };
            let network = &mut *network;
            let totals = threads.run(most, |several| {
                let Sharing { step: parallel, read } = Sharing::new(several, work, reads);
                Ok::<_, Error>(memory.step(network, &course, &feed.batch(batch, read)?, parallel))
            });
            let Ok(totals) = totals? else { break };

            let loss = totals.mean().loss;
            if loss.is_nan() {
                // All samples of the mini-batch have weight 0.
                continue;
            }
            mean = KEPT * mean + (1.0 - KEPT) * loss;
            missing *= KEPT;
            let smoothed = mean / (1.0 - missing);
            points.push((rate, smoothed));
            smallest = if step < steps / NOISE { smoothed } else { smallest.min(smoothed) };
            if smoothed > TOO_LARGE * smallest {
                break;
            }
        }
        Ok(LearningRateCurve { points })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(losses: impl IntoIterator<Item = f64>) -> LearningRateCurve {
        let rate = |step: usize| 2.0f64.powi(step as i32);
        LearningRateCurve { points: losses.into_iter().enumerate().map(|(step, loss)| (rate(step), loss)).collect() }
    }

    #[test]
    fn the_suggestion_is_where_the_loss_falls_fastest_before_it_is_smallest() {
        assert_eq!(curve([9.0, 8.9, 8.5, 7.0, 5.0, 4.5, 4.4, 6.0, 20.0]).suggestion(), Some(8.0));
        // Falling again after the minimum.
        assert_eq!(curve([9.0, 8.0, 7.5, 7.4, 90.0, 50.0, 10.0]).suggestion(), Some(2.0));
    }

    #[test]
    fn there_is_none_where_the_loss_does_not_fall() {
        assert_eq!(curve([]).suggestion(), None);
        assert_eq!(curve([1.0, 0.5]).suggestion(), None);
        assert_eq!(curve([1.0, 2.0, 3.0, 4.0]).suggestion(), None);
        assert_eq!(curve([1.0; 5]).suggestion(), None);
    }
}
