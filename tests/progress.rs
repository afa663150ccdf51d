//! What a training run prints, and where: the tests run themselves again in a process, and read its output.

#![cfg(feature = "std")]

use std::env;
use std::process::{Command, Output};

use fnn::layers::Dense;
use fnn::losses::MeanSquaredError;
use fnn::optimizers::Sgd;
use fnn::{DataSet, Error, Trainer};

fn run(test: &str) -> Output {
    let arguments = ["--ignored", "--exact", test, "--nocapture", "--test-threads=1"];
    Command::new(env::current_exe().unwrap()).args(arguments).output().unwrap()
}

#[test]
fn a_line_an_epoch_goes_to_standard_error() {
    let Output { status, stdout, stderr } = run("a_training");
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(status.success() && !stdout.contains("epoch"), "{stdout}");
    let lines: Vec<&str> = stderr.lines().collect();
    let [first, second, third, last] = lines[..] else { panic!("{stderr}") };
    // The line y = 0 is off by 2 at the only sample. A step overshoots by a factor of 1.6, so it is then off by 3.2.
    assert!(first.starts_with("epoch 1/9  train loss 4.0000  validation loss 10.2400  "), "{stderr}");
    assert!(second.starts_with("epoch 2/9  train loss 10.2400  validation loss 26.2144  "), "{stderr}");
    assert!(third.starts_with("epoch 3/9  train loss 26.2144  validation loss 67.108"), "{stderr}");
    let kept = "the weights of epoch 1 are kept, with the smallest validation loss, 10.2400";
    assert_eq!(last, format!("early stopping after epoch 3: {kept}"));
}

#[test]
#[ignore = "for the process that `a_line_an_epoch_goes_to_standard_error` starts"]
fn a_training() {
    let data = DataSet::from([([0.0f32], [2.0])]);
    let network = Dense::<1, 1> { weight: [[0.0]], bias: [0.0] };
    let trainer = Trainer::new(network, MeanSquaredError, Sgd::new(1.3)).epochs(9).validate(&data).early_stopping(2);
    trainer.fit(&data).unwrap();
}

/// `main` prints an error that it returns with `Debug`, and so does this test.
#[test]
fn an_error_of_main_is_a_sentence() {
    let Output { status, stdout, stderr } = run("a_failure");
    let printed = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(!status.success());
    assert!(printed.contains("Error: batch size: expected at least 1, found 0\n"), "{printed}");
}

#[test]
#[ignore = "for the process that `an_error_of_main_is_a_sentence` starts"]
fn a_failure() -> Result<(), Error> {
    let data = DataSet::from([([0.0f32], [2.0])]);
    let network = Dense::<1, 1> { weight: [[0.0]], bias: [0.0] };
    Trainer::new(network, MeanSquaredError, Sgd::new(0.1)).batch_size(0).fit(&data)?;
    Ok(())
}
