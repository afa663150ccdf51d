//! What a check finds, and what it reports.

use std::panic::catch_unwind;

use fnn::{
    Scalar,
    layers::{Gradient, Pass, Recorded},
    simd::Simd,
};

use super::*;

/// `y = gain·x + shift` with a mistake in its backward pass, if `MISTAKE` says so.
#[derive(Parameters)]
#[repr(C)]
struct Affine<const MISTAKE: u8, S: Scalar = f32> {
    gain: [S; 3],
    shift: [S; 3],
}

const NONE: u8 = 0;
/// The gain's gradient is too large by a factor of 1.001.
const FACTOR: u8 = 1;
/// The last element of the shift's gradient is missing.
const ELEMENT: u8 = 2;
/// The input gradient lacks the gain.
const INPUT: u8 = 3;
/// The gain's gradient is set instead of added.
const OVERWRITTEN: u8 = 4;
/// The shift's gradient is NaN.
const UNDEFINED: u8 = 5;
/// The shift's gradient is added to the previous contents even by the first write.
const FORGOTTEN: u8 = 6;

impl<const MISTAKE: u8, S: Scalar> Layer for Affine<MISTAKE, S> {
    type Input = [S; 3];
    type Output = [S; 3];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;
    const KIND: &'static str = "Affine";
    const MACS: u64 = 3;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; 3]], outputs: &mut [[S; 3]], (): &mut ()) {
        for (y, x) in outputs.iter_mut().zip(inputs) {
            for i in 0..3 {
                y[i] = self.gain[i] * x[i] + self.shift[i];
            }
        }
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; 3]],
        gradient: Gradient<'_, Self>,
        mut input_gradients: Option<&mut [[S; 3]]>,
        (): &mut (),
    ) {
        let factor = S::from_f64(if MISTAKE == FACTOR { 1.001 } else { 1.0 });
        let gradient = if MISTAKE == FORGOTTEN {
            let Gradient { weights, start } = gradient;
            Gradient::new(&mut weights.gain, start).accumulator();
            weights
        } else {
            gradient.accumulator()
        };
        for (sample, (x, g)) in recorded.inputs.iter().zip(output_gradients).enumerate() {
            for i in 0..3 {
                gradient.gain[i] =
                    g[i] * x[i] * factor + if MISTAKE == OVERWRITTEN { S::ZERO } else { gradient.gain[i] };
                gradient.shift[i] += match (MISTAKE, i) {
                    (ELEMENT, 2) => S::ZERO,
                    (UNDEFINED, 1) => S::from_f64(f64::NAN),
                    _ => g[i],
                };
                if let Some(dx) = &mut input_gradients {
                    dx[sample][i] = if MISTAKE == INPUT { g[i] } else { g[i] * self.gain[i] };
                }
            }
        }
    }
}

fnn::network! { struct Wrapped<const MISTAKE: u8>: [3] -> [3] { first: Dense(3), Relu, affine: Affine<MISTAKE> } }

/// The names of the wrong rows, and the panic message.
fn caught<const MISTAKE: u8>() -> (Vec<String>, String) {
    let report = check(&drawn::<Wrapped<MISTAKE, f64>>(2));
    let mut names = Vec::new();
    report.for_each(&mut |name, row| {
        if row.largest() > TOLERANCE {
            names.push(name.to_string());
        }
    });
    let words = catch_unwind(|| report.assert(TOLERANCE)).err();
    (names, words.and_then(|words| words.downcast().ok()).map_or_else(String::new, |words| *words))
}

#[test]
fn a_right_layer_is_not_caught() {
    assert_eq!(caught::<NONE>(), (vec![], String::new()));
}

#[test]
fn a_wrong_factor_is_caught_and_named() {
    let (names, words) = caught::<FACTOR>();
    assert_eq!(names, ["affine.gain"]);
    assert!(words.contains("by more than 1e-6 in affine.gain\n"), "{words}");
    let deviation = row(&check(&drawn::<Wrapped<FACTOR, f64>>(2)), "affine.gain").deviation;
    approx::assert_relative_eq!(deviation, 0.001 / 1.001, max_relative = 1e-6);
}

#[test]
fn a_wrong_element_is_caught_and_named() {
    let (names, words) = caught::<ELEMENT>();
    assert_eq!(names, ["affine.shift"]);
    let report = check(&drawn::<Wrapped<ELEMENT, f64>>(2));
    let row = row(&report, "affine.shift");
    assert_eq!((row.index, row.deviation, row.gradient), (2, 1.0, 0.0));
    assert!(words.lines().any(|line| line.starts_with("affine.shift") && line.contains("[2]")), "{words}");
}

#[test]
fn a_wrong_input_gradient_is_wrong_for_all_layers_before() {
    let (names, _) = caught::<INPUT>();
    assert_eq!(names, ["first.weight", "first.bias", "inputs"]);
}

#[test]
fn a_gradient_that_is_set_and_not_added_is_caught() {
    assert_eq!(caught::<OVERWRITTEN>().0, ["affine.gain"]);
}

#[test]
fn a_gradient_that_is_added_to_what_was_there_before_is_caught() {
    let network = drawn::<Wrapped<FORGOTTEN, f64>>(2);
    let report = gradient_check(&network, &MeanSquaredError, &samples(11, 1), &samples(11, 2));
    assert!(row(&report, "affine.shift").deviation.is_nan() || report.worst().is_infinite(), "{report}");
    assert!(row(&report, "affine.gain").deviation < TOLERANCE, "{report}");
}

#[test]
fn a_nan_gradient_is_caught() {
    let (names, words) = caught::<UNDEFINED>();
    assert_eq!(names, ["affine.shift"]);
    assert!(words.contains("NaN"), "{words}");
}

#[test]
#[should_panic = "by more than 1e-6 in weight, bias, inputs"]
fn a_nan_loss_does_not_pass() {
    gradient_check(&drawn::<Dense<3, 2, f64>>(1), &CrossEntropy, &samples(2, 1), &[0, 2]).assert(TOLERANCE);
}

#[test]
#[should_panic = "in inputs"]
fn no_samples_do_not_pass() {
    gradient_check(&drawn::<Dense<3, 2, f64>>(1), &CrossEntropy, &[], &[0; 0]).assert(TOLERANCE);
}

#[test]
#[should_panic = "each input needs a target: found 3 inputs and 2 targets"]
fn inputs_without_targets_are_refused() {
    gradient_check(&drawn::<Dense<3, 2, f64>>(1), &CrossEntropy, &samples(3, 1), &[0, 1]);
}

#[test]
fn a_wrong_loss_is_caught() {
    /// The squared error with a gradient that lacks the factor 2.
    struct Halved;
    impl Loss<[f64; 2], [f64; 2]> for Halved {
        fn value(&self, output: &[f64; 2], target: &[f64; 2]) -> fnn::losses::Term<f64> {
            MeanSquaredError.value(output, target)
        }

        fn gradient(&self, output: &[f64; 2], target: &[f64; 2], gradient: &mut [f64; 2]) -> fnn::losses::Term<f64> {
            let term = MeanSquaredError.gradient(output, target, gradient);
            *gradient = gradient.map(|g| g / 2.0);
            term
        }
    }
    let report = gradient_check(&drawn::<Dense<3, 2, f64>>(1), &Halved, &samples(3, 1), &samples::<[f64; 2]>(3, 2));
    approx::assert_relative_eq!(report.worst(), 0.5, max_relative = 1e-6);
}
