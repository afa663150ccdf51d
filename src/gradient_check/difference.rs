//! Central differences, and the detection of kinks.

/// The largest step, for arguments of up to 1. The error of Richardson's extrapolation is its fourth power.
const WIDEST: f64 = 1.0 / 128.0;
/// The factor between the steps of successive attempts.
const SHORTER: f64 = 1.0 / 8.0;
/// The number of attempts to find a step within which the function is smooth.
const ATTEMPTS: usize = 3;
/// The largest relative difference between two estimates of a derivative.
const AGREEMENT: f64 = 1e-7;
/// The assumed relative rounding error of a function value, in units of `f64::EPSILON`; differences magnify it.
const ROUNDINGS: f64 = 256.0;
/// The smallest magnitude for the rounding error of a function value: a loss close to 0 is computed from larger
/// numbers.
pub(super) const SMALLEST_VALUE: f64 = 0.1;

/// The derivative of `f` at 0, or `None` if `f` has a kink too close to 0.
///
/// `f` takes the distance from `point`, of which only the magnitude is used here, and `middle` is `f(0)`.
///
/// Central differences `d(h) = (f(h) − f(−h)) / 2h` have an error of order h², followed by h⁴, and so on; Richardson's
/// `(4·d(h/2) − d(h)) / 3` has one of order h⁴. Two signs reveal that a function is not smooth, whatever the correct
/// derivative is: estimates from longer and shorter steps differ (a kink within the step), or the difference between
/// the one-sided slopes does not shrink with the step (a kink at 0). In these cases shorter steps are tried.
///
/// Richardson, "The approximate arithmetical solution by finite differences", Philosophical Transactions A 210, 1911.
pub(super) fn derivative(middle: f64, point: f64, mut f: impl FnMut(f64) -> f64) -> Option<f64> {
    let mut step = WIDEST * point.abs().max(1.0);
    for _ in 0..ATTEMPTS {
        let [wide, half, quarter] = [step, step / 2.0, step / 4.0].map(|step| {
            let (above, below) = (f(step), f(-step));
            Differences { slope: (above - below) / (2.0 * step), bend: ((above - middle) + (below - middle)) / step }
        });
        let coarse = (4.0 * half.slope - wide.slope) / 3.0;
        let fine = (4.0 * quarter.slope - half.slope) / 3.0;
        let jump = (8.0 * quarter.jump(half) - half.jump(wide)) / 7.0;

        let rounding = ROUNDINGS * f64::EPSILON * middle.abs().max(SMALLEST_VALUE) / step;
        let tolerance = AGREEMENT * fine.abs() + rounding;
        if (fine - coarse).abs() <= tolerance && jump.abs() <= tolerance {
            return Some(fine);
        }
        step *= SHORTER;
    }
    None
}

/// The estimates from function values at two distances.
#[derive(Clone, Copy)]
struct Differences {
    slope: f64,
    /// The slope to the right minus the slope to the left: the kink at the point, if there is one, plus a term
    /// proportional to the step.
    bend: f64,
}

impl Differences {
    /// The kink at the point, with an error of third order in the step.
    fn jump(self, twice_the_step: Self) -> f64 {
        2.0 * self.bend - twice_the_step.bend
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn derivative_at(point: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
        derivative(f(point), point, |step| f(point + step))
    }

    #[test]
    fn smooth_functions_are_met_to_ten_digits() {
        for x in [-3.0, -0.7, 0.0, 0.2, 1.0, 2.5] {
            assert_relative_eq!(derivative_at(x, f64::exp).unwrap(), x.exp(), max_relative = 1e-10);
            assert_relative_eq!(derivative_at(x, f64::sin).unwrap(), x.cos(), epsilon = 1e-10);
            let polynomial = |x: f64| 1.0 + x * (2.0 + x * (3.0 + x * 4.0));
            assert_relative_eq!(derivative_at(x, polynomial).unwrap(), 2.0 + x * (6.0 + x * 12.0), max_relative = 1e-9);
        }
    }

    #[test]
    fn steep_functions_are_met_with_shorter_steps() {
        assert_relative_eq!(
            derivative_at(0.5, |x| (100.0 * x).sin()).unwrap(),
            100.0 * 50.0f64.cos(),
            max_relative = 1e-8
        );
        assert_relative_eq!(derivative_at(300.0, f64::sqrt).unwrap(), 0.5 / 300.0f64.sqrt(), max_relative = 1e-8);
    }

    #[test]
    fn a_flat_function_has_the_derivative_0() {
        assert_eq!(derivative_at(3.0, |_| 7.0), Some(0.0));
    }

    #[test]
    fn a_value_that_is_rounded_away_is_no_kink() {
        // ln(1 + e^(x − 37)), where 1 + e^(x − 37) has lost all digits of the exponential.
        let slope = derivative_at(0.0, |x| (1.0 + (x - 37.0).exp()).ln()).unwrap();
        assert_relative_eq!(slope, (-37.0f64).exp(), epsilon = 1e-13);
    }

    #[test]
    fn a_kink_is_seen_wherever_it_is_within_the_steps() {
        let shortest = WIDEST * SHORTER * SHORTER;
        for share in 0..1000 {
            let distance = shortest * f64::from(share) / 1000.0;
            for x in [distance, -distance] {
                let relu = derivative_at(x, |x| 0.5 + 3.0 * x + x.max(0.0));
                // So close to the end of the step, the effect of the kink is below the rounding error.
                let harmless = relu.is_some_and(|slope| (slope - if x > 0.0 { 4.0 } else { 3.0 }).abs() < 1e-8);
                assert!(relu.is_none() || harmless, "{x}: {relu:?}");
                assert!(share > 990 || relu.is_none(), "{x}: {relu:?}");
            }
        }
    }

    #[test]
    fn a_kink_beyond_the_shortest_steps_does_no_harm() {
        for distance in [1.3e-4, 1e-3, 5e-3, 0.1] {
            let slope = derivative_at(distance, |x| 0.5 + x.exp() + x.abs()).unwrap();
            assert_relative_eq!(slope, distance.exp() + 1.0, max_relative = 1e-9);
        }
    }

    #[test]
    fn a_jump_and_an_undefined_value_have_no_derivative() {
        assert_eq!(derivative_at(1e-5, |x| if x > 0.0 { 1.0 } else { 0.0 }), None);
        assert_eq!(derivative_at(0.0, |_| f64::NAN), None);
        assert_eq!(derivative_at(0.0, |_| f64::INFINITY), None);
    }
}
