//! Calibration: observing a float network's activations on samples, to choose the ranges of its integers.

use alloc::string::String;
use alloc::vec::Vec;

use super::Quantization;
use crate::setting::InvalidSetting;

/// How the range of an activation is chosen from its observed values.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Calibration {
    /// From the smallest to the largest observed value.
    MinMax,
    /// All but a few: this share of the values, such as 0.9999 for 99.99 %, lies in the range, and half of the rest
    /// beyond either end. An end at 0 stays. A share that isn't above 0 and at most 1 is an error.
    Percentile(f64),
    /// The range with the smallest mean squared error on the observed values, out of the full range scaled by 1, 0.97,
    /// 0.97², … down to 0.02.
    MeanSquaredError,
}

impl Calibration {
    /// Checks the share of [`Percentile`](Self::Percentile).
    pub(super) fn validate(self) -> Result<(), InvalidSetting> {
        match self {
            Self::Percentile(share) if !(share > 0.0 && share <= 1.0) => Err(InvalidSetting {
                name: "percentile",
                expected: "a share above 0 and at most 1, such as 0.999 for 99.9 %",
                found: share,
                rounded: None,
            }),
            _ => Ok(()),
        }
    }
}

/// What was observed of an activation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    /// The name of its layer, after those of the enclosing blocks and networks.
    pub name: String,
    /// The smallest number, or 0.
    pub low: f32,
    /// The largest number, or 0.
    pub high: f32,
    /// How many values were 0, which is represented exactly.
    zeros: u64,
    /// How many other values lay in each bin; the bins divide `low` to `high` evenly.
    histogram: Vec<u64>,
}

/// Bins of a histogram.
const BINS: usize = 4096;

/// Observes the activations, in the order in which they are computed.
#[derive(Clone, Debug, Default)]
pub struct Observer {
    seen: Vec<Seen>,
    /// The index of the next activation.
    next: usize,
    path: Vec<&'static str>,
    purpose: Purpose,
    /// All values of each activation, if they are kept.
    kept: Vec<Vec<f32>>,
    /// The first number that is NaN or infinite.
    non_finite: Option<NonFinite>,
}

/// A number of an activation that is NaN or infinite.
#[derive(Clone, Debug)]
pub(super) struct NonFinite {
    /// The name of its layer; `None` for the input.
    pub layer: Option<String>,
    /// Its index among the numbers of all samples that are computed together.
    pub index: usize,
    /// How many numbers these are.
    pub numbers: usize,
    pub found: f32,
}

/// What an observer records.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Purpose {
    /// The smallest and the largest value.
    #[default]
    Ends,
    /// A histogram between those.
    Frequencies,
    /// All values.
    Everything,
}

impl Observer {
    /// An observer that keeps all values.
    pub(super) fn keeping() -> Self {
        Self { purpose: Purpose::Everything, ..Self::default() }
    }

    /// All values, activation by activation.
    pub(super) fn into_kept(self) -> Vec<Vec<f32>> {
        self.kept
    }

    /// Starts again at the first activation.
    pub(super) fn restart(&mut self) {
        self.next = 0;
    }

    /// From now on, counts values into histograms.
    pub(super) fn count(&mut self) {
        self.purpose = Purpose::Frequencies;
        for seen in &mut self.seen {
            seen.histogram = alloc::vec![0; BINS];
        }
    }

    /// The first number that is NaN or infinite, if there is one.
    pub(super) fn take_non_finite(&mut self) -> Option<NonFinite> {
        self.non_finite.take()
    }

    /// The observations, activation by activation.
    pub(super) fn into_seen(self) -> Vec<Seen> {
        self.seen
    }

    /// Observes the outputs of the layer `name`.
    pub fn see(&mut self, name: &'static str, numbers: &[f32]) {
        if self.purpose == Purpose::Everything {
            self.kept.push(numbers.to_vec());
            return;
        }
        if self.next == self.seen.len() {
            let path: Vec<_> = self.path.iter().copied().chain([name]).collect();
            self.seen.push(Seen { name: path.join("."), low: 0.0, high: 0.0, zeros: 0, histogram: Vec::new() });
        }
        let Some(seen) = self.seen.get_mut(self.next) else { return };
        self.next += 1;
        if self.purpose == Purpose::Frequencies {
            seen.count(numbers);
            return;
        }
        for (index, &found) in numbers.iter().enumerate() {
            if found.is_finite() {
                (seen.low, seen.high) = (seen.low.min(found), seen.high.max(found));
            } else if self.non_finite.is_none() {
                let layer = (self.next > 1).then(|| seen.name.clone());
                self.non_finite = Some(NonFinite { layer, index, numbers: numbers.len(), found });
            }
        }
    }

    /// Observes the layers inside the layer `name`.
    pub fn inside<R>(&mut self, name: &'static str, look: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(name);
        let result = look(self);
        self.path.pop();
        result
    }
}

impl Seen {
    fn count(&mut self, numbers: &[f32]) {
        // In `f64`, where the width of no range is infinite.
        let (low, width) = (f64::from(self.low), self.width());
        let Some(last) = self.histogram.len().checked_sub(1) else { return };
        for &number in numbers {
            if number == 0.0 {
                self.zeros += 1;
                continue;
            }
            let bin = ((f64::from(number) - low) / width) as usize;
            if let Some(count) = self.histogram.get_mut(bin.min(last)) {
                *count += 1;
            }
        }
    }

    /// The range for the integers.
    pub(super) fn range(&self, calibration: Calibration) -> Range {
        let (low, high) = match calibration {
            Calibration::MinMax => (self.low, self.high),
            Calibration::Percentile(share) => self.percentile(share),
            Calibration::MeanSquaredError => self.mean_squared_error(),
        };
        Range { low, high, seen_low: self.low, seen_high: self.high }
    }

    /// The width of a bin.
    fn width(&self) -> f64 {
        (f64::from(self.high) - f64::from(self.low)) / BINS as f64
    }

    fn percentile(&self, share: f64) -> (f32, f32) {
        let total = self.zeros + self.histogram.iter().sum::<u64>();
        let spared = (total as f64 * (1.0 - share.clamp(0.0, 1.0)) / 2.0) as u64;
        let beyond = |counts: &mut dyn Iterator<Item = &u64>| {
            let mut sum = 0;
            counts
                .take_while(|&&count| {
                    sum += count;
                    sum <= spared
                })
                .count() as f64
                * self.width()
        };
        let below = beyond(&mut self.histogram.iter());
        let above = beyond(&mut self.histogram.iter().rev());
        let low = (f64::from(self.low) + below) as f32;
        let high = (f64::from(self.high) - above) as f32;
        (low.min(0.0), high.max(0.0))
    }

    fn mean_squared_error(&self) -> (f32, f32) {
        let parts = core::iter::successors(Some(1.0f32), |part| Some(0.97 * part)).take(128);
        let candidates = parts.map(|part| (part * self.low, part * self.high));
        let scored = candidates.map(|(low, high)| (self.squared_error(low, high), (low, high)));
        let best = scored.min_by(|(one, _), (other, _)| one.total_cmp(other));
        best.map_or((self.low, self.high), |(_, range)| range)
    }

    /// The sum of squared errors, with each value at the middle of its bin.
    fn squared_error(&self, low: f32, high: f32) -> f64 {
        let quantization = Quantization::of_range(low, high);
        let (first, last) = quantization.range();
        let step = f64::from(quantization.scale);
        let error = |(bin, &count): (usize, &u64)| {
            let middle = f64::from(self.low) + (bin as f64 + 0.5) * self.width();
            let beyond = middle - middle.clamp(f64::from(first), f64::from(last));
            // Within the range, the error is uniform up to half a step.
            let squared = if beyond == 0.0 { step * step / 12.0 } else { beyond * beyond };
            count as f64 * squared
        };
        self.histogram.iter().enumerate().map(error).sum()
    }
}

/// The chosen range of an activation, and the observed one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The lower end.
    pub low: f32,
    /// The upper end.
    pub high: f32,
    /// The smallest observed value, or 0.
    pub seen_low: f32,
    /// The largest observed value, or 0.
    pub seen_high: f32,
}

/// The ranges of all activations, in the order in which they are computed.
#[derive(Debug)]
pub struct Ranges<'a> {
    ranges: core::slice::Iter<'a, Range>,
    signals: Vec<Signal>,
}

impl<'a> Ranges<'a> {
    pub(super) fn new(ranges: &'a [Range]) -> Self {
        Self { ranges: ranges.iter(), signals: Vec::new() }
    }

    /// The range of the next activation.
    pub fn take(&mut self) -> Range {
        let nothing = Range { low: 0.0, high: 0.0, seen_low: 0.0, seen_high: 0.0 };
        self.ranges.next().copied().unwrap_or(nothing)
    }

    /// Records how an activation was quantized.
    pub fn note(&mut self, signal: Signal) {
        self.signals.push(signal);
    }

    pub(super) fn into_signals(self) -> Vec<Signal> {
        self.signals
    }
}

/// An activation between two layers: its quantization and its largest error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// The quantization of its integers.
    pub quantization: Quantization,
    /// The largest possible difference from the float network, on the samples of the calibration.
    pub error: f64,
}

impl Signal {
    /// The mean of such values, rounded to the same steps.
    #[must_use]
    pub(crate) fn rounded_again(self) -> Self {
        Self { error: self.error + 0.5 * f64::from(self.quantization.scale), ..self }
    }

    /// The activation after values with an error of `error` are rounded to `quantization`.
    ///
    /// Adds the rounding error, and the clipping of observed values beyond the range. Values within the range aren't
    /// affected by clipping.
    #[must_use]
    pub(crate) fn rounded(quantization: Quantization, range: Range, error: f64) -> Self {
        let (low, high) = quantization.range();
        let [low, high, seen_low, seen_high] = [low, high, range.seen_low, range.seen_high].map(f64::from);
        let beyond = (seen_high - high).max(low - seen_low).max(0.0);
        // The factors' mantissas have 31 bits.
        let step = f64::from(quantization.scale) * (0.5 + 1e-6);
        // For any input, neither value leaves its range.
        let farthest = (seen_high.max(0.0) - low).max(high - seen_low.min(0.0));
        Self { quantization, error: (error + step + beyond).min(farthest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The observation of these values.
    fn seen(numbers: &[f32]) -> Seen {
        let mut observer = Observer::default();
        observer.see("layer", numbers);
        observer.count();
        observer.restart();
        observer.see("layer", numbers);
        observer.into_seen().remove(0)
    }

    /// Values spread evenly from −1 to 3.
    fn even() -> Vec<f32> {
        (0..=4000).map(|n| n as f32 / 1000.0 - 1.0).collect()
    }

    #[test]
    fn ranges_of_even_numbers() {
        let seen = seen(&even());
        let range = |calibration| (seen.range(calibration).low, seen.range(calibration).high);
        assert_eq!(range(Calibration::MinMax), (-1.0, 3.0));
        assert_eq!(range(Calibration::Percentile(1.0)), (-1.0, 3.0));
        // A twentieth of the values, 200, lies beyond either end, up to one bin of the histogram.
        let (low, high) = range(Calibration::Percentile(0.9));
        assert!((low + 0.8).abs() < 0.002 && (high - 2.8).abs() < 0.002, "{low} {high}");
        // For evenly spread values, clipping costs more than finer steps gain, so nearly nothing is clipped.
        let (low, high) = range(Calibration::MeanSquaredError);
        assert!(low < -0.96 && high > 2.9, "{low} {high}");
    }

    #[test]
    fn ranges_of_numbers_of_any_size() {
        for factor in [1.0, f32::MAX / 3.0, f32::MIN_POSITIVE] {
            let numbers: Vec<f32> = even().iter().map(|x| x * factor).collect();
            let seen = seen(&numbers);
            for calibration in [Calibration::MinMax, Calibration::Percentile(0.9), Calibration::MeanSquaredError] {
                let Range { low, high, .. } = seen.range(calibration);
                let [low, high] = [low, high].map(|end| f64::from(end) / f64::from(factor));
                let (lowest, highest) =
                    if calibration == Calibration::Percentile(0.9) { (-0.8, 2.8) } else { (-1.0, 3.0) };
                assert!((low - lowest).abs() < 0.04 && (high - highest).abs() < 0.1, "{calibration:?}: {low} {high}");
            }
        }
    }

    #[test]
    fn outliers_are_given_up_where_that_pays() {
        let numbers: Vec<f32> = even().iter().map(|x| x.abs()).chain([0.0; 5000]).chain([60.0]).collect();
        let seen = seen(&numbers);
        let range = |calibration| (seen.range(calibration).low, seen.range(calibration).high);
        assert_eq!(range(Calibration::MinMax), (0.0, 60.0));
        let (low, high) = range(Calibration::Percentile(0.999));
        assert!(low == 0.0 && (2.9..3.1).contains(&high), "{low} {high}");
        // One number of 57² against 4001 of 60²/255²/12: it stays. Of the error's formula, by hand.
        let error = |high: f32| {
            let step = f64::from(high) / 255.0;
            let beyond = numbers.iter().map(|&x| f64::from((x - high).max(0.0)).powi(2)).sum::<f64>();
            4001.0 * step * step / 12.0 + beyond
        };
        let (low, high) = range(Calibration::MeanSquaredError);
        assert!(
            low == 0.0 && [3.0, 10.0, 30.0, 50.0, 60.0].iter().all(|&other| error(high) <= 1.02 * error(other)),
            "{high}"
        );
    }
}
