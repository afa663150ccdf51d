//! Learning-rate schedules.

use super::Optimizer;
use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::{AT_LEAST_ONE, InvalidSetting, NOT_NEGATIVE, POSITIVE, SEVERAL};

/// A learning-rate schedule: the factor for the learning rate as a function of the step, counted from 1.
///
/// A schedule is a plain value. Attach it to an optimizer with [`Optimizer::scheduled`]. A step is one mini-batch.
///
/// ```
/// use fnn::optimizers::Schedule;
///
/// let schedule = Schedule::step(100, 0.5).warm_up(10);
/// assert_eq!([1, 10, 110, 111, 211].map(|step| schedule.factor(step)), [0.1, 1.0, 1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Schedule {
    shape: Shape,
    floor: f64,
    warm_up: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Shape {
    Constant,
    Step { every: u64, factor: f64 },
    Exponential { factor: f64 },
    Cosine { period: u64, restarts: Option<f64> },
    OneCycle { steps: u64 },
}

impl Schedule {
    const fn of(shape: Shape) -> Self {
        Self { shape, floor: 0.0, warm_up: 0 }
    }

    /// Always 1.
    #[must_use]
    pub const fn constant() -> Self {
        Self::of(Shape::Constant)
    }

    /// Multiply by `factor` after every `every` steps.
    #[must_use]
    pub const fn step(every: u64, factor: f64) -> Self {
        Self::of(Shape::Step { every, factor })
    }

    /// Multiply by `factor` after every step.
    #[must_use]
    pub const fn exponential(factor: f64) -> Self {
        Self::of(Shape::Exponential { factor })
    }

    /// Half a cosine from 1 to 0 in `steps` steps, and 0 after that.
    ///
    /// Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
    #[must_use]
    pub const fn cosine(steps: u64) -> Self {
        Self::of(Shape::Cosine { period: steps, restarts: None })
    }

    /// [`cosine`](Self::cosine) with restarts: it returns to 1 after `period` steps, and each period is `longer` times
    /// as long as the previous one. `longer` is at least 1.
    #[must_use]
    pub const fn cosine_with_restarts(period: u64, longer: f64) -> Self {
        Self::of(Shape::Cosine { period, restarts: Some(longer) })
    }

    /// From 1/25 up to 1 in the first three tenths of `steps`, then down to 1/250,000, both along half a cosine. The
    /// learning rate of the optimizer is the maximum.
    ///
    /// Smith and Topin, "Super-convergence", 2018, with PyTorch's defaults. A cycle of two or three steps only goes down. One of
    /// a single step would be at its end, where nothing is learned, so that it is invalid.
    #[must_use]
    pub const fn one_cycle(steps: u64) -> Self {
        Self::of(Shape::OneCycle { steps })
    }

    /// Limit the factor to at least `floor` after the [warm-up](Self::warm_up), which starts near 0 regardless.
    #[must_use]
    pub const fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// Add a linear warm-up: `steps` equal steps up to the initial factor of this schedule, which is 1 except for
    /// [`one_cycle`](Self::one_cycle); then this schedule, from its start. The first step's factor is 1/`steps` of the
    /// initial factor, and the [floor](Self::floor) does not apply to the warm-up.
    #[must_use]
    pub const fn warm_up(self, steps: u64) -> Self {
        Self { warm_up: steps, ..self }
    }

    /// Validate the settings. Factors are computed in `f64`, whatever the network's scalar type.
    ///
    /// # Errors
    /// The first invalid setting.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let steps = |name, steps| POSITIVE.check::<f64>(name, steps as f64);
        match self.shape {
            Shape::Constant => {}
            Shape::Step { every, factor } => {
                steps("steps between the schedule's reductions", every)?;
                NOT_NEGATIVE.check::<f64>("factor of the schedule", factor)?;
            }
            Shape::Exponential { factor } => NOT_NEGATIVE.check::<f64>("factor of the schedule", factor)?,
            Shape::Cosine { period, restarts } => {
                steps("steps of the schedule", period)?;
                if let Some(longer) = restarts {
                    AT_LEAST_ONE.check::<f64>("factor of the schedule's periods", longer)?;
                }
            }
            Shape::OneCycle { steps } => SEVERAL.check::<f64>("steps of the schedule", steps as f64)?,
        }
        NOT_NEGATIVE.check::<f64>("floor of the schedule", self.floor)
    }

    /// The factor in step number `step`, counted from 1.
    #[must_use]
    pub fn factor(&self, step: u64) -> f64 {
        let done = step.saturating_sub(self.warm_up).saturating_sub(1);
        let share = if step < self.warm_up { step as f64 / self.warm_up as f64 } else { 1.0 };
        share * self.factor_after(done)
    }

    /// The factor after `done` steps, not counting the warm-up.
    fn factor_after(&self, done: u64) -> f64 {
        let factor = match self.shape {
            Shape::Constant => 1.0,
            Shape::Step { every, factor } => libm::pow(factor, (done / every.max(1)) as f64),
            Shape::Exponential { factor } => libm::pow(factor, done as f64),
            Shape::Cosine { period, restarts: None } => between(1.0, 0.0, done as f64 / period.max(1) as f64),
            Shape::Cosine { period, restarts: Some(longer) } => between(1.0, 0.0, place(done, period, longer)),
            Shape::OneCycle { steps } => one_cycle(done as f64, steps as f64),
        };
        factor.max(self.floor)
    }
}

/// Half a cosine from `start` to `end`, at the position `share` from 0 to 1.
fn between(start: f64, end: f64, share: f64) -> f64 {
    end + (start - end) / 2.0 * (1.0 + libm::cos(core::f64::consts::PI * share.clamp(0.0, 1.0)))
}

/// The most periods that are subtracted one by one, which is exact for whole numbers. Periods that double never are more.
const MANY: f64 = 128.0;

/// The position in the current period after `done` steps, from 0 to 1.
fn place(done: u64, period: u64, longer: f64) -> f64 {
    if longer <= 1.0 {
        return done.checked_rem(period).unwrap_or_default() as f64 / period.max(1) as f64;
    }
    let (mut rest, mut period) = (done as f64, period.max(1) as f64);
    let growth = longer - 1.0;
    // The periods that are over: n of them are `period · (longerⁿ − 1) / growth` steps.
    let over = libm::log1p(rest * growth / period) / libm::log1p(growth);
    if over > MANY {
        let longest = libm::expm1(libm::floor(over - 1.0) * libm::log1p(growth));
        rest = (rest - period * longest / growth).max(0.0);
        period *= 1.0 + longest;
    }
    while rest >= period {
        rest -= period;
        period *= longer;
    }
    rest / period
}

fn one_cycle(done: f64, steps: f64) -> f64 {
    let (low, lowest) = (1.0 / 25.0, 1.0 / 25e4);
    let (up, end) = (0.3 * steps - 1.0, steps - 1.0);
    if done <= up { between(low, 1.0, done / up) } else { between(1.0, lowest, (done - up) / (end - up)) }
}

/// An optimizer whose learning rate follows a [`Schedule`]. Created by [`Optimizer::scheduled`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Scheduled<O> {
    /// The optimizer, with the learning rate that the schedule multiplies.
    pub optimizer: O,
    /// The schedule.
    pub schedule: Schedule,
}

impl<O: Optimizer<SLOTS>, const SLOTS: usize> Optimizer<SLOTS> for Scheduled<O> {
    #[inline(always)]
    fn update<V: Simd, S: Scalar>(
        &self,
        simd: V,
        step: u64,
        weights: &mut [S],
        gradient: &[S],
        slots: [&mut [S]; SLOTS],
    ) {
        let rate = self.optimizer.learning_rate() * self.schedule.factor(step);
        self.optimizer.with_learning_rate(rate).update(simd, step, weights, gradient, slots);
    }

    fn learning_rate(&self) -> f64 {
        self.optimizer.learning_rate()
    }

    fn learning_rate_at(&self, step: u64) -> f64 {
        self.optimizer.learning_rate_at(step) * self.schedule.factor(step)
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self { optimizer: self.optimizer.with_learning_rate(learning_rate), schedule: self.schedule }
    }

    fn plain_rate(&self, step: u64) -> Option<f64> {
        let rate = self.optimizer.learning_rate() * self.schedule.factor(step);
        self.optimizer.with_learning_rate(rate).plain_rate(step)
    }

    fn without_weight_decay(&self) -> Self {
        Self { optimizer: self.optimizer.without_weight_decay(), schedule: self.schedule }
    }

    fn for_vectors(&self) -> Option<Self> {
        Some(Self { optimizer: self.optimizer.for_vectors()?, schedule: self.schedule })
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        self.optimizer.validate::<S>()?;
        self.schedule.validate()
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::optimizers::{Sgd, State};

    #[test]
    fn a_cosine_goes_from_1_over_a_half_to_0_and_stays() {
        let cosine = Schedule::cosine(100);
        assert_eq!(cosine.factor(1), 1.0);
        assert_relative_eq!(cosine.factor(51), 0.5, max_relative = 1e-12);
        assert_relative_eq!(cosine.factor(26), (2.0 + 2.0f64.sqrt()) / 4.0, max_relative = 1e-12);
        assert_relative_eq!(cosine.factor(101), 0.0, epsilon = 1e-12);
        assert_eq!(cosine.floor(0.1).factor(1000), 0.1);
    }

    #[test]
    fn restarts_begin_again_and_last_longer() {
        let schedule = Schedule::cosine_with_restarts(10, 2.0);
        for start in [1, 11, 31, 71] {
            assert_eq!(schedule.factor(start), 1.0);
        }
        assert_relative_eq!(schedule.factor(21), 0.5, max_relative = 1e-12);
        assert_eq!(Schedule::cosine_with_restarts(10, 1.0).factor(1_000_001), 1.0);
    }

    #[test]
    fn many_restarts_are_where_their_sum_is() {
        for longer in [1.0 + 1e-7, 1.001, 1.01, 1.1] {
            let (mut start, mut length) = (0.0, 10.0);
            for _ in 0..400 {
                let (done, end) = (start as u64 + 5, start + length);
                let expected = if done as f64 >= end {
                    (done as f64 - end) / (length * longer)
                } else {
                    (done as f64 - start) / length
                };
                // The end of a period is the start of the next one.
                let apart = (place(done, 10, longer) - expected).abs();
                assert!(apart.min((apart - 1.0).abs()) < 1e-9, "{longer} {done}");
                (start, length) = (end, length * longer);
            }
        }
        // 10¹¹ periods, one by one, would take minutes.
        let place = place(1_000_000_000_000, 10, 1.0 + 1e-15);
        assert!((0.0..1.0).contains(&place), "{place}");
        assert!((0.0..1.0).contains(&self::place(u64::MAX, 1, 1.0 + f64::EPSILON)));
    }

    /// PyTorch 2: `OneCycleLR(max_lr=1, total_steps=10)`, whose first phase ends after step 3.
    #[test]
    fn one_cycle_goes_up_and_down() {
        let schedule = Schedule::one_cycle(10);
        assert_relative_eq!(schedule.factor(1), 0.04, max_relative = 1e-12);
        assert_relative_eq!(schedule.factor(2), 0.52, max_relative = 1e-12);
        assert_relative_eq!(schedule.factor(3), 1.0, max_relative = 1e-12);
        assert_relative_eq!(schedule.factor(10), 4e-6, max_relative = 1e-12);
        let short = [1, 2, 3].map(|step| Schedule::one_cycle(3).factor(step));
        for (factor, expected) in short.into_iter().zip([0.994_415_44, 0.462_637_1, 4e-6]) {
            assert_relative_eq!(factor, expected, max_relative = 1e-7);
        }
    }

    #[test]
    fn steps_and_exponents() {
        assert_eq!([1, 2, 3].map(|step| Schedule::exponential(0.5).factor(step)), [1.0, 0.5, 0.25]);
        assert_eq!([1, 2, 3, 5].map(|step| Schedule::step(2, 0.1).factor(step)), [1.0, 1.0, 0.1, 0.1 * 0.1]);
        assert_eq!(Schedule::constant().warm_up(4).factor(2), 0.5);
    }

    /// PyTorch 2: `SequentialLR([LinearLR(0.1, 1, 9), OneCycleLR(max_lr=1, total_steps=60)], [10])`.
    #[test]
    fn warming_up_leads_to_where_the_schedule_begins() {
        let schedule = Schedule::one_cycle(60).warm_up(10);
        for (step, expected) in [(1, 0.004), (10, 0.04), (11, 0.04), (28, 1.0)] {
            assert_relative_eq!(schedule.factor(step), expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn invalid_settings_are_named() {
        let wrong = [
            (Schedule::exponential(f64::NAN), "factor of the schedule"),
            (Schedule::exponential(f64::INFINITY), "factor of the schedule"),
            (Schedule::step(10, -1.0), "factor of the schedule"),
            (Schedule::step(0, 0.5), "steps between the schedule's reductions"),
            (Schedule::cosine(0), "steps of the schedule"),
            (Schedule::cosine_with_restarts(3, f64::NAN), "factor of the schedule's periods"),
            (Schedule::cosine_with_restarts(3, 0.5), "factor of the schedule's periods"),
            (Schedule::one_cycle(0), "steps of the schedule"),
            (Schedule::one_cycle(1), "steps of the schedule"),
            (Schedule::constant().floor(f64::NAN), "floor of the schedule"),
        ];
        for (schedule, name) in wrong {
            assert_eq!(Sgd::new(0.1).scheduled(schedule).validate::<f32>().unwrap_err().name, name);
        }
        assert_eq!(Sgd::new(0.1).scheduled(Schedule::one_cycle(10).floor(0.1)).validate::<f32>(), Ok(()));
        assert_eq!(Sgd::new(1e39).scheduled(Schedule::constant()).validate::<f32>().unwrap_err().name, "learning rate");
    }

    /// PyTorch 2: `SequentialLR([LinearLR(0.25, 1, 3), CosineAnnealingLR(T_max=8, eta_min=0.5)], [4])` warms up from below
    /// `eta_min`, too.
    #[test]
    fn a_floor_is_for_what_comes_after_the_warm_up() {
        let schedule = Schedule::cosine(8).floor(0.5).warm_up(4);
        assert_eq!([1, 2, 3, 4, 5].map(|step| schedule.factor(step)), [0.25, 0.5, 0.75, 1.0, 1.0]);
        assert!((5..50).all(|step| schedule.factor(step) >= 0.5));
        assert_eq!(schedule.factor(50), 0.5);
    }

    #[test]
    fn a_scheduled_optimizer_takes_scaled_steps() {
        let sgd = Sgd::new(1.0).scheduled(Schedule::exponential(0.5));
        let (mut weight, mut state) = (0.0f64, State::new());
        let weights = [(); 3].map(|()| {
            sgd.step(&mut weight, &-1.0, &mut state);
            weight
        });
        assert_eq!(weights, [1.0, 1.5, 1.75]);
    }
}
