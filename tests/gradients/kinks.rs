//! Functions with kinks.

use super::*;

type Rectifier = Activation<Relu, [f64; 4]>;

#[test]
fn elements_at_and_near_a_kink_are_excluded_and_the_report_says_so() {
    let inputs = [[0.0, 1.0, -1.0, 1e-6], [-1e-6, 1e-3, 1.0, -0.5]];
    let report = gradient_check(&Rectifier::new(), &MeanSquaredError, &inputs, &samples::<[f64; 4]>(2, 3));
    report.assert(TOLERANCE);
    let row = row(&report, "inputs");
    assert_eq!((row.elements, row.excluded), (8, 3), "{report}");
    let table = report.to_string();
    assert!(table.contains("3 of 8") && table.contains("excluded: the loss has a kink there"), "{table}");
}

#[test]
fn nothing_is_said_of_kinks_where_there_are_none() {
    let report = gradient_check(&Rectifier::new(), &MeanSquaredError, &samples(3, 1), &samples::<[f64; 4]>(3, 3));
    assert!(!report.to_string().contains("kink"), "{report}");
}

#[test]
#[should_panic = "in inputs"]
fn what_is_excluded_altogether_does_not_pass() {
    gradient_check(&Rectifier::new(), &MeanAbsoluteError, &[[0.0; 4]], &[[1.0; 4]]).assert(TOLERANCE);
}

#[test]
fn an_absolute_error_of_nothing_is_excluded() {
    let network = Dense::<1, 2, f64> { weight: [[1.0, 2.0]], bias: [0.5, 0.0] };
    let report = gradient_check(&network, &MeanAbsoluteError, &[[2.0], [1.0]], &[[2.5, 3.0], [0.0; 2]]);
    report.assert(TOLERANCE);
    assert_eq!(row(&report, "weight").excluded, 1, "{report}");
    assert_eq!(row(&report, "bias").excluded, 1, "{report}");
}

/// Hundreds of kinks around each weight: shorter steps avoid most of them.
#[test]
fn a_network_of_many_rectifiers_is_mostly_smooth() {
    fnn::network! { struct Rectified: [6] -> [3] { Dense(24), Relu, Dense(24), Relu, Dense(3) } }
    let report = check(&Rectified::<f64>::seeded(1));
    report.assert(TOLERANCE);
    report.for_each(&mut |name, row| assert!(row.excluded * 10 <= row.elements, "{name}\n{report}"));
}
