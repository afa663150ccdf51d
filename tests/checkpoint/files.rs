//! The files: what is in them, which are kept, and which are passed over.

use super::*;

#[test]
fn anything_that_reads_safetensors_reads_a_checkpoint() {
    let (folder, data) = (folder("foreign"), data(1));
    let train = || trainer(Adam::new(0.01)).moving_average(0.5).early_stopping(9);
    let trained = train().checkpoint(&folder).fit(&data).unwrap();
    let bytes = fs::read(folder.join(name(16))).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    assert_eq!((&*metadata["fnn.content"], &*metadata["fnn.checkpoint"]), ("checkpoint", "1"));
    assert_eq!((&*metadata["fnn.state.step"], &*metadata["fnn.settings.seed"]), ("16", "5"));
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for prefix in ["", "optimizer/0/", "optimizer/1/", "average/", "best/"] {
        assert_eq!(file.tensor(&format!("{prefix}first.weight")).unwrap().shape(), [5, 3], "{prefix}");
    }
    // What is returned is the best average; a file has a matrix by its outputs.
    let best = file.tensor("best/logits.bias").unwrap();
    let best: Vec<f32> = best.data().chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    assert_eq!(best, trained.network.logits.bias);
    let error = Net::<f32>::load(folder.join(name(16))).unwrap_err().to_string();
    assert!(error.contains("found a training checkpoint"), "{error}");
}

#[test]
fn the_last_ones_are_kept_and_the_best_one() {
    let (folder, data) = (folder("kept"), data(1));
    // The better the network learns, the more it is wrong there.
    let wrong = data.targets().iter().map(|class| 1 - class).collect();
    let validation = DataSet::new(data.inputs().to_vec(), wrong).unwrap();
    let trained = trainer(Sgd::new(0.3)).epochs(6).validate(&validation);
    let trained = trained.checkpoint(Checkpoints::new(&folder).keep(2)).fit(&data).unwrap();
    let best = 4 * trained.history.best().unwrap().number as u64;
    assert!(best < 20, "{best}");
    assert_eq!(names(&folder), [name(best), name(20), name(24)]);
}

#[test]
fn intervals_are_those_that_were_asked_for() {
    let run = |name: &str, plan: fn(Checkpoints) -> Checkpoints| {
        let folder = folder(name);
        trainer(Sgd::new(0.1)).checkpoint(plan(Checkpoints::new(&folder)).keep(99)).fit(&data(1)).unwrap();
        names(&folder)
    };
    assert_eq!(run("epochs", |plan| plan.every_epochs(3)), [12, 16].map(name));
    assert_eq!(run("steps", |plan| plan.every_steps(6)), [6, 12, 16].map(name));
    assert_eq!(run("short", |plan| plan.every_minutes(1e-12)), (1..=16).map(name).collect::<Vec<_>>());
    assert_eq!(run("long", |plan| plan.every_minutes(1e9)), [name(16)]);
}

#[test]
fn a_damaged_file_is_passed_over() {
    let (folder, data) = (folder("damaged"), data(1));
    let train = || trainer(Adam::new(0.01));
    let at_once = train().checkpoint(&folder).fit(&data).unwrap();
    let newest = folder.join(name(16));
    let whole = fs::read(&newest).unwrap();
    for length in [0, 7, 8, 100, whole.len() - 1] {
        fs::write(&newest, &whole[..length]).unwrap();
        assert_same(&train().resume(&folder).fit(&data).unwrap(), &at_once, "from the one before");
    }
    for step in [8, 12] {
        fs::remove_file(folder.join(name(step))).unwrap();
    }
    let error = train().resume(&folder).fit(&data).unwrap_err().to_string();
    assert!(error.contains(&name(16)) && error.contains("data: expected"), "{error}");
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let folder = folder("left");
    fs::create_dir_all(&folder).unwrap();
    let part = format!("{}.fnn-0123456789abcdef.part", name(3));
    for name in [&*part, "notes.fnn-0123456789abcdef.part", "notes"] {
        fs::write(folder.join(name), "").unwrap();
    }
    trainer(Sgd::new(0.1)).checkpoint(Checkpoints::new(&folder).keep(1).every_epochs(4)).fit(&data(1)).unwrap();
    assert_eq!(names(&folder), ["notes", "notes.fnn-0123456789abcdef.part", &name(16)]);
}

#[test]
#[cfg(unix)]
fn a_checkpoint_that_cannot_be_written_does_not_end_the_training() {
    let (folder, data) = (folder("unwritable"), data(1));
    let at_once = trainer(Adam::new(0.01)).fit(&data).unwrap();
    // In the way of the second one, whoever has which permissions.
    fs::create_dir_all(folder.join("nothing")).unwrap();
    std::os::unix::fs::symlink("nothing", folder.join(name(8))).unwrap();
    let train = trainer(Adam::new(0.01)).checkpoint(&folder).resume(folder.join("nothing"));
    let error = train.fit(&data).map(drop).unwrap_err().to_string();
    assert!(error.contains("expected a folder without checkpoints"), "{error}");

    fs::remove_file(folder.join(name(8))).unwrap();
    let trained = trainer(Adam::new(0.01)).checkpoint(&folder).on_epoch(|end| {
        let _ = if end.epoch.number == 1 { fs::create_dir(folder.join(name(8))) } else { Ok(()) };
        ControlFlow::Continue(())
    });
    let trained = trained.fit(&data).unwrap();
    assert_eq!(bits(&*trained.network), bits(&*at_once.network));
    let failure = trained.history.checkpoint_failure.unwrap();
    assert!(failure.contains(&name(8)) && failure.contains("expected a regular file"), "{failure}");
    assert!(names(&folder).contains(&name(16)));
}

/// Weights of 64 bits, and texts that JSON escapes.
#[test]
fn numbers_and_texts_are_exact() {
    fnn::network! {
        struct Double: [2] -> [1] { hidden: Dense(3), Tanh, out: Dense(1) }
    }
    let data: DataSet<[f64; 2], [f64; 1]> = (0..9).map(|x| ([f64::from(x) / 7.0, 0.1], [f64::from(x) / 3.0])).collect();
    let make = |epochs| {
        let optimizer = Named { adam: Adam::new(0.1), name: "\"quoted\" \\ \n é" };
        let network = <Double<f64> as fnn::Network>::seeded(1);
        let trainer = Trainer::new(network, fnn::losses::MeanSquaredError, optimizer);
        trainer.batch_size(2).epochs(epochs).progress(Progress::Silent)
    };
    let (at_once, folder) = (make(4).fit(&data).unwrap(), folder("double"));
    make(2).checkpoint(&folder).fit(&data).unwrap();
    let resumed = make(4).resume(&folder).fit(&data).unwrap();
    let bits = |network: &Double<f64>| network.parameters().iter().map(|weight| weight.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&resumed.network), bits(&at_once.network));
    assert_eq!(timeless(&resumed.history), timeless(&at_once.history));
}

/// Has a name.
#[derive(Clone, Debug)]
struct Named {
    adam: Adam,
    name: &'static str,
}

impl Optimizer<2> for Named {
    fn update<V: Simd, S: Scalar>(&self, simd: V, step: u64, weights: &mut [S], gradient: &[S], slots: [&mut [S]; 2]) {
        self.adam.update(simd, step, weights, gradient, slots);
    }

    fn learning_rate(&self) -> f64 {
        self.adam.learning_rate()
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self { adam: self.adam.with_learning_rate(learning_rate), name: self.name }
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        Optimizer::<2>::validate::<S>(&self.adam)
    }
}

// What is refused.
