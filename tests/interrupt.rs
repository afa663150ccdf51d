//! Ctrl-C: a training ends after the step with a checkpoint, and resumes with the same bits; a second one ends it at once.

#![cfg(all(feature = "ctrlc", unix))]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::sleep;
use std::time::Duration;

use fnn::Trainer;
use fnn::losses::CrossEntropy;
use fnn::optimizers::Adam;
use fnn::train::{Checkpoints, Progress, Stopped, Trained, interrupt_flag};
use support::{bits, classes};

fnn::network! {
    struct Net: [4] -> [3] { first: Dense(8), Tanh, Dropout(0.2), logits: Dense(3) }
}

const FOLDER: &str = "FNN_TEST_INTERRUPT";

fn trainer<'a>() -> Trainer<'a, Net, CrossEntropy, Adam, 2> {
    let trainer = Trainer::new(Net::seeded(1), CrossEntropy, Adam::new(0.01)).batch_size(16);
    trainer.epochs(40).progress(Progress::Silent)
}

/// What the processes run, not a test by itself: an endless training where there is a file `endless`.
#[test]
#[ignore = "runs in the processes that the other tests start"]
fn training_process() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let data = classes::<4, 3>(100, 1);
    let flag = interrupt_flag().unwrap();
    if folder.join("endless").exists() {
        let started = AtomicBool::new(false);
        let endless = fnn::data::from_fn(1, |_, _, input: &mut [f32; 4]| {
            *input = [0.0; 4];
            if !started.swap(true, SeqCst) {
                fs::write(folder.join("started"), "").unwrap();
            }
            // A step that takes longer than the test.
            sleep(Duration::from_secs(100));
            Ok(0usize)
        });
        trainer().stop_flag(flag).fit(&endless).unwrap();
        return;
    }
    let trainer = trainer().checkpoint(Checkpoints::new(folder.join("run")).every_minutes(1e9));
    let trainer = trainer.resume(folder.join("run")).stop_flag(flag).on_epoch(|end| {
        if end.epoch.number == 3 {
            fs::write(folder.join("started"), "").unwrap();
            // Ends by the interrupt only.
            while !flag.load(SeqCst) && !folder.join("resumed").exists() {
                sleep(Duration::from_millis(1));
            }
        }
        std::ops::ControlFlow::Continue(())
    });
    let Trained { network, history, .. } = trainer.fit(&data).unwrap();
    if history.stopped == Some(Stopped::Flag) {
        assert_eq!(history.epochs.len(), 3);
        fs::write(folder.join("resumed"), "").unwrap();
    } else {
        network.save(folder.join("trained.safetensors")).unwrap();
    }
}

fn start(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "training_process", "--ignored"]).env(FOLDER, folder);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !folder.join("started").exists() {
        let ended = child.try_wait().unwrap();
        assert!(
            ended.is_none() || folder.join("started").exists(),
            "the process ended before it was interrupted: {ended:?}"
        );
        sleep(Duration::from_millis(1));
    }
    child
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn an_interrupted_training_writes_a_checkpoint_and_resumes_with_the_same_bits() {
    let folder = folder("interrupted");
    let mut child = start(&folder);
    interrupt(&child);
    assert!(child.wait().unwrap().success());
    let names: Vec<_> = fs::read_dir(folder.join("run")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["step-000000000021.safetensors"]);
    assert!(start(&folder).wait().unwrap().success());
    let trained = Net::<f32>::load(folder.join("trained.safetensors")).unwrap();
    assert_eq!(bits(&*trained), bits(&*trainer().fit(&classes::<4, 3>(100, 1)).unwrap().network));
}

#[test]
fn a_second_interrupt_ends_the_process_in_the_middle_of_a_step() {
    let folder = folder("interrupted-twice");
    fs::write(folder.join("endless"), "").unwrap();
    let mut child = start(&folder);
    interrupt(&child);
    sleep(Duration::from_millis(100));
    assert_eq!(child.try_wait().unwrap(), None::<ExitStatus>);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
