//! Losses of the smallest and largest outputs: a finite loss is right, and so is its gradient; all others are infinite or NaN,
//! which the trainer reports.
//!
//! The expected value of a loss in `f32` is the same loss in `f64`, where none of these numbers is large.

use fnn::losses::{
    BinaryCrossEntropy, BinaryFocal, CosineSimilarity, CrossEntropy, Focal, Hinge, Huber, KullbackLeibler, Loss,
    MeanAbsoluteError, MeanSquaredError,
};

const OUTPUTS: usize = 3;

/// Numbers at which something could overflow, underflow or cancel.
const NUMBERS: [f32; 17] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    17.5,
    -88.0,
    104.0,
    1e10,
    -3e19,
    1e30,
    -2e38,
    f32::MAX,
    f32::MIN,
    f32::MIN_POSITIVE,
    -f32::MIN_POSITIVE,
    1e-45,
    -1e-20,
];

/// All triples of these numbers.
fn outputs() -> impl Iterator<Item = [f32; OUTPUTS]> {
    let third = |i, j| NUMBERS.into_iter().map(move |k| [i, j, k]);
    NUMBERS.into_iter().flat_map(move |i| NUMBERS.into_iter().flat_map(move |j| third(i, j)))
}

fn wide(numbers: [f32; OUTPUTS]) -> [f64; OUTPUTS] {
    numbers.map(f64::from)
}

#[track_caller]
fn check<T: std::fmt::Debug, W>(
    name: &str,
    loss: &(impl Loss<[f32; OUTPUTS], T> + Loss<[f64; OUTPUTS], W>),
    targets: &[(T, W)],
) {
    let narrow_loss = |output: &[f32; OUTPUTS], target: &T| {
        let mut gradient = [f32::NAN; OUTPUTS];
        let term = Loss::<[f32; OUTPUTS], T>::gradient(loss, output, target, &mut gradient);
        let value = Loss::<[f32; OUTPUTS], T>::value(loss, output, target);
        assert!(value == term || value.loss.is_nan() && term.loss.is_nan(), "{name}: {value:?} and {term:?}");
        (term.loss, gradient)
    };
    let (mut all, mut finite) = (0, 0);
    for (narrow, target) in targets {
        for output in outputs() {
            let (found, gradient) = narrow_loss(&output, narrow);
            let mut expected_gradient = [f64::NAN; OUTPUTS];
            let expected =
                Loss::<[f64; OUTPUTS], W>::gradient(loss, &wide(output), target, &mut expected_gradient).loss;
            let of = || {
                format!(
                    "{name} of {output:?} and {narrow:?}: {found:e}, {gradient:?}; {expected:e}, {expected_gradient:?}"
                )
            };
            assert!(expected.is_finite(), "{}", of());
            all += 1;
            let size = output.iter().fold(0.0, |size: f64, x| size.max(f64::from(x.abs())));
            if !found.is_finite() {
                // Only where the loss, a sum or the difference of two outputs overflows in f32.
                let largest = f64::from(f32::MAX);
                assert!(expected.abs() * OUTPUTS as f64 * 1.001 > largest || 2.0 * size > largest, "{}", of());
                continue;
            }
            finite += 1;
            let near = |found: f32, expected: f64, scale: f64| {
                (f64::from(found) - expected).abs() <= 1e-44 + 2e-6 * scale.max(expected.abs())
            };
            assert!(near(found, expected, size.min(1.0)), "{}", of());
            for (&found, &expected) in gradient.iter().zip(&expected_gradient) {
                let overflows = expected.abs() > f64::from(f32::MAX);
                assert!(found.is_finite() && near(found, expected, 1.0) || overflows, "{}", of());
                assert!(found.is_finite(), "{}", of());
            }
        }
        for wrong in [[f32::NAN, 5.0, 0.0], [5.0, f32::NAN, 0.0], [0.0, 5.0, f32::NAN], [f32::NAN; OUTPUTS]] {
            assert!(!narrow_loss(&wrong, narrow).0.is_finite(), "{name} of {wrong:?}");
            assert_ne!(Loss::<[f32; OUTPUTS], T>::correct(loss, &wrong, narrow), Some(true), "{name} of {wrong:?}");
        }
    }
    assert!(5 * finite > all, "{name}: only {finite} of {all} are finite");
}

#[test]
fn losses_are_right_or_not_finite() {
    let same = |targets: &[[f32; OUTPUTS]]| targets.iter().map(|&target| (target, wide(target))).collect::<Vec<_>>();
    let classes: Vec<_> = (0..OUTPUTS).map(|class| (class, class)).collect();
    let distributions = same(&[[0.0, 1.0, 0.0], [0.25, 0.5, 0.25]]);
    let probabilities = same(&[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.25, 0.5, 0.75]]);
    let signs = same(&[[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]]);
    let real = same(&[[0.0, 0.0, 0.0], [1.0, -2.0, 0.5], [1e30, -1e-30, 1.0]]);

    check("cross-entropy", &CrossEntropy, &classes);
    check("cross-entropy of probabilities", &CrossEntropy, &distributions);
    let weighted = CrossEntropy.class_weights([0.5, 2.0, 1.0]).label_smoothing(0.125);
    check("weighted cross-entropy", &weighted, &classes);
    check("weighted cross-entropy of probabilities", &weighted, &distributions);
    check("Kullback-Leibler", &KullbackLeibler, &distributions);
    for gamma in [0.0, 0.5, 2.0, 5.0] {
        check("focal", &Focal::new(gamma), &classes);
        check("binary focal", &BinaryFocal::new(gamma), &probabilities);
    }
    check("weighted binary focal", &BinaryFocal::default(), &probabilities);
    check("binary cross-entropy", &BinaryCrossEntropy, &probabilities);
    for hinge in [Hinge::default(), Hinge::new(0.5).squared()] {
        check("hinge", &hinge, &classes);
        check("hinge of signs", &hinge, &signs);
    }
    check("squared error", &MeanSquaredError, &real);
    check("absolute error", &MeanAbsoluteError, &real);
    for delta in [1.0, 1e10] {
        check("Huber", &Huber::new(delta), &real);
    }
    check("cosine similarity", &CosineSimilarity, &real);
}

/// If all scores are −∞, there are no probabilities and there is no loss.
#[test]
fn scores_that_are_all_minus_infinity_have_no_loss() {
    let scores = [f32::NEG_INFINITY; 2];
    for class in 0..2 {
        assert!(!CrossEntropy.value(&scores, &class).loss.is_finite());
        assert!(!CrossEntropy.class_weights([1.0, 2.0]).value(&scores, &class).loss.is_finite());
        assert!(!Hinge::default().value(&scores, &class).loss.is_finite());
        for gamma in [0.0, 0.5, 2.0] {
            assert!(!Focal::new(gamma).value(&scores, &class).loss.is_finite(), "γ = {gamma}");
        }
        assert_eq!(CrossEntropy.correct(&scores, &class), Some(false));
    }
    assert!(!CrossEntropy.value(&scores, &[0.5, 0.5]).loss.is_finite());
    assert!(!KullbackLeibler.value(&scores, &[0.5, 0.5]).loss.is_finite());
}

#[test]
fn scores_that_are_nan_are_wrong() {
    assert_eq!(CrossEntropy.correct(&[f32::NAN, 5.0], &0), Some(false));
    assert_eq!(CrossEntropy.correct(&[f32::NAN, 5.0], &1), Some(false));
    assert_eq!(CrossEntropy.correct(&[f32::NAN; 2], &[1.0, 0.0]), Some(false));
    assert_eq!(BinaryCrossEntropy.correct(&[f32::NAN], &[0.0]), Some(false));
    assert_eq!(Hinge::default().correct(&[f32::NAN], &[-1.0]), Some(false));
}
