//! Losses.

use super::*;

/// Check a loss after a layer that mixes the outputs.
fn check_loss<T, F: Loss<[f64; 4], T>>(loss: &F, targets: &[T]) {
    let report = gradient_check(&drawn::<Dense<3, 4, f64>>(5), loss, &samples(5, 6), targets);
    report.assert(TOLERANCE);
    report.for_each(&mut |_, row| assert_eq!(row.excluded, 0, "{report}"));
}

/// Probabilities of four classes.
fn distributions() -> Vec<[f64; 4]> {
    let distribution = |sample: [f64; 4]| {
        let sum: f64 = sample.iter().map(|x| x.exp()).sum();
        sample.map(|x| x.exp() / sum)
    };
    samples(5, 7).into_iter().map(distribution).collect()
}

#[test]
fn cross_entropy() {
    check_loss(&CrossEntropy, &[0, 1, 2, 3, 1]);
    check_loss(&CrossEntropy, &distributions());
}

#[test]
fn weighted_and_smoothed_cross_entropy() {
    let classes = [0, 1, 2, 3, 1];
    check_loss(&CrossEntropy.class_weights([0.5, 2.0, 0.0, 7.0]), &classes);
    check_loss(&CrossEntropy.label_smoothing(0.1), &classes);
    let both = CrossEntropy.label_smoothing(0.1).class_weights([0.5, 2.0, 0.1, 7.0]);
    check_loss(&both, &classes);
    check_loss(&both, &distributions());
}

#[test]
fn binary_cross_entropy() {
    check_loss(&BinaryCrossEntropy, &distributions());
    check_loss(&BinaryCrossEntropy, &[[0.0, 1.0, 1.0, 0.0]; 5]);
}

#[test]
fn focal() {
    for gamma in [0.0, 0.5, 1.0, 2.0, 3.5] {
        check_loss(&Focal::new(gamma), &[0, 1, 2, 3, 1]);
        check_loss(&BinaryFocal::new(gamma), &[[0.0, 1.0, 1.0, 0.0]; 5]);
        check_loss(&BinaryFocal::new(gamma).alpha(0.2), &distributions());
    }
}

#[test]
fn kullback_leibler() {
    check_loss(&KullbackLeibler, &distributions());
    check_loss(&KullbackLeibler, &[[0.0, 0.25, 0.75, 0.0]; 5]);
}

#[test]
fn cosine_similarity() {
    check_loss(&CosineSimilarity, &samples(5, 8));
}

#[test]
fn hinge() {
    for hinge in [Hinge::default(), Hinge::new(2.5), Hinge::new(0.75).squared()] {
        check_loss(&hinge, &[0, 1, 2, 3, 1]);
        check_loss(&hinge, &[[-1.0, 1.0, 1.0, -1.0]; 5]);
    }
}

#[test]
fn errors() {
    let targets = samples(5, 8);
    check_loss(&MeanSquaredError, &targets);
    check_loss(&MeanAbsoluteError, &targets);
    check_loss(&Huber::new(0.7), &targets);
}

/// The loss consists of rounding errors only.
#[test]
fn a_loss_of_nearly_nothing() {
    let apart = Dense::<1, 2, f64> { weight: [[18.0, -18.0]], bias: [0.0; 2] };
    gradient_check(&apart, &CrossEntropy, &[[1.0]], &[0]).assert(TOLERANCE);
    gradient_check(&apart, &BinaryCrossEntropy, &[[1.0]], &[[1.0, 0.0]]).assert(TOLERANCE);
}

/// The loss is a few thousand here, so its numerical gradient has that many fewer digits.
#[test]
fn logits_of_ten_thousand() {
    let apart = Dense::<1, 4, f64> { weight: [[1e4, -1e4, 0.5, 0.25]], bias: [0.0; 4] };
    let classes = gradient_check(&apart, &CrossEntropy, &[[1.0], [-0.5]], &[1, 1]);
    classes.assert(TOLERANCE);
    gradient_check(&apart, &BinaryCrossEntropy, &[[1.0]], &[[0.0, 1.0, 0.0, 1.0]]).assert(TOLERANCE);
}
