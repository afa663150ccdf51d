//! Processes that train, killed at random moments and restarted until they finish: the weights are the same, bit for bit.

#![cfg(all(feature = "std", unix))]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use fnn::losses::CrossEntropy;
use fnn::optimizers::{Adam, Optimizer, Plateau, Schedule};
use fnn::train::{Checkpoints, Progress, Trained};
use fnn::{Random, Trainer};
use support::{bits, classes};

fnn::network! {
    struct Net: [4] -> [3] { first: Dense(8), BatchNorm, Tanh, Dropout(0.2), logits: Dense(3) }
}

/// Where the process that trains finds its folder.
const FOLDER: &str = "FNN_TEST_CHECKPOINTS";
const STEPS: u64 = 40 * 7;

/// The whole training, or the rest of it.
fn train(folder: Option<&Path>) -> Trained<Net> {
    let (data, validation) = (classes::<4, 3>(100, 1), classes::<4, 3>(50, 2));
    let optimizer = Adam::new(0.01).scheduled(Schedule::cosine(STEPS));
    let mut trainer = Trainer::new(Net::seeded(1), CrossEntropy, optimizer)
        .batch_size(16)
        .epochs(40)
        .validate(&validation)
        .moving_average(0.9)
        .reduce_on_plateau(Plateau::new().patience(2))
        .early_stopping(40)
        .progress(Progress::Silent);
    if let Some(folder) = folder {
        trainer = trainer.checkpoint(Checkpoints::new(folder).every_steps(3).keep(2)).resume(folder);
    }
    trainer.fit(&data).unwrap()
}

/// What the processes run: not a test by itself.
#[test]
#[ignore = "runs in the processes that the other tests start"]
fn training_process() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let Trained { network, history, .. } = train(Some(&folder.join("checkpoints")));
    assert_eq!(history.checkpoint_failure, None);
    network.save(folder.join("trained.safetensors")).unwrap();
}

/// What a process runs whose files may not be larger than a block: not a test by itself.
#[test]
#[ignore = "runs in the process that another test starts"]
fn training_process_without_space() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let Trained { network, history, .. } = train(Some(&folder));
    let failure = history.checkpoint_failure.unwrap();
    assert!(failure.starts_with("a checkpoint could not be written") && failure.contains("step-000000000003"));
    assert_eq!(bits(&*network), bits(&*train(None).network));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_training_without_space_for_checkpoints_ends_with_the_same_bits() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("without-space");
    let _ = fs::remove_dir_all(&folder);
    // Ignored, the signal is an error of the write instead, as a full disk is.
    let script = r#"trap '' XFSZ; ulimit -f 1; exec "$0" --exact training_process_without_space --ignored"#;
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(std::env::current_exe().unwrap()).env(FOLDER, &folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

fn start(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "training_process", "--ignored"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// As many kills as that, in as many trainings as it takes.
fn kill(name: &str, kills: usize, seed: u64) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let at_once = bits(&*train(None).network);
    let mut random = Random::new(seed);
    let (mut killed, mut longest) = (0, 0.2);
    while killed < kills {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        loop {
            let (mut child, started) = (start(&folder), Instant::now());
            sleep(Duration::from_secs_f64(longest * random.uniform()));
            if killed < kills && child.try_wait().unwrap().is_none() {
                // SIGKILL.
                child.kill().unwrap();
            }
            let status = child.wait().unwrap();
            // It may have been done just before.
            if status.success() {
                longest = longest.min(started.elapsed().as_secs_f64());
                break;
            }
            assert_eq!(status.code(), None, "it failed by itself");
            killed += 1;
            for entry in fs::read_dir(folder.join("checkpoints")).into_iter().flatten() {
                let path = entry.unwrap().path();
                // Each file of the final name is complete.
                if path.extension().is_some_and(|extension| extension == "safetensors") {
                    safetensors::SafeTensors::deserialize(&fs::read(path).unwrap()).unwrap();
                }
            }
        }
        let trained = Net::<f32>::load(folder.join("trained.safetensors")).unwrap();
        assert_eq!(bits(&*trained), at_once, "after {killed} kills");
        // Two of the last, and the best one where it is none of these.
        let names = |folder: &Path| {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            entries.collect::<Vec<_>>()
        };
        let checkpoints = names(&folder.join("checkpoints"));
        let whole = |name: &String| name.starts_with("step-") && name.ends_with(".safetensors");
        assert!(checkpoints.len() <= 3 && checkpoints.iter().all(whole), "{checkpoints:?}");
        assert!(checkpoints.contains(&format!("step-{STEPS:012}.safetensors")), "{checkpoints:?}");
        assert_eq!(names(&folder).len(), 2, "{:?}", names(&folder));
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_training_that_is_killed_20_times_ends_with_the_same_bits() {
    kill("killed-20", 20, 1);
}

#[test]
#[ignore = "takes a minute: the long form, for .ci/long"]
fn a_training_that_is_killed_100_times_ends_with_the_same_bits() {
    kill("killed-100", 100, 2);
}
