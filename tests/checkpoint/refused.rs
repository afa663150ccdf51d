//! Trainings that checkpoints do not belong to, and settings and folders that are refused.

use super::*;

fn refused<O, V, const SLOTS: usize>(trainer: Trainer<'_, Net, CrossEntropy, O, SLOTS, V>, data: &Data) -> String
where
    O: Optimizer<SLOTS> + Debug,
    V: Validation<[f32; 3], usize>,
{
    match trainer.fit(data).unwrap_err().reason {
        error @ Error::Checkpoint { .. } => error.to_string(),
        error => panic!("{error}"),
    }
}

#[test]
fn another_training_is_refused_with_what_differs() {
    let (folder, data, other) = (folder("refused"), data(1), data(2));
    let train = || trainer(Adam::new(0.01)).resume(&folder);
    trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap();
    let assert_names = |field: &str, error: String| {
        let start = format!("the checkpoint differs from this training: {field}: expected");
        assert!(error.contains(&start) && error.contains("found"), "{error}");
    };
    assert_names("batch size", refused(train().batch_size(8), &data));
    assert_names("seed", refused(train().seed(6), &data));
    assert_names("shuffle", refused(train().shuffle(false), &data));
    assert_names("clip", refused(train().clip(Clip::Norm(1.0)), &data));
    assert_names("penalty", refused(train().penalty(Penalty::l2(0.1)), &data));
    assert_names("moving average", refused(train().moving_average(0.5), &data));
    assert_names("plateau", refused(train().reduce_on_plateau(Plateau::new()), &data));
    assert_names("early stopping", refused(train().early_stopping(3), &data));
    assert_names("validation set", refused(train().validate(&other), &data));
    assert_names("training set", refused(train(), &other));
    assert_names("optimizer", refused(trainer(Adam::new(0.02)).resume(&folder), &data));
    assert_names("optimizer", refused(trainer(AdamW::new(0.01)).resume(&folder), &data));
    let scheduled = trainer(Adam::new(0.01).scheduled(Schedule::cosine(16))).resume(&folder);
    assert_names("optimizer", refused(scheduled, &data));
    let error = refused(train().seed(6).batch_size(8), &data);
    assert!(error.contains("\n  batch size: expected `8`, found `6`\n  seed: expected `6`, found `5`"), "{error}");
    let last = DataSet::new(data.inputs().to_vec(), data.targets().iter().rev().copied().collect()).unwrap();
    assert_names("training set", refused(train(), &last));
}

#[test]
fn another_network_is_refused_and_stays_as_it_is() {
    let (folder, data) = (folder("network"), data(1));
    trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap();
    let wider = Trainer::new(Wider::seeded(1), CrossEntropy, Adam::new(0.01)).batch_size(6).epochs(4).seed(5);
    let error = wider.progress(Progress::Silent).resume(&folder).fit(&data).unwrap_err();
    assert_eq!(bits(&*error.network), bits(&Wider::<f32>::seeded(1)));
    let text = error.reason.to_string();
    assert!(text.contains("first.weight: expected F32 of shape [6, 3], found F32 of shape [5,3]"), "{text}");
}

#[test]
fn another_format_is_refused() {
    let (folder, data) = (folder("format"), data(1));
    trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap();
    let change = |from: &str, to: &str| {
        let bytes = fs::read(folder.join(name(16))).unwrap();
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let changed = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
        fs::write(folder.join(name(16)), changed).unwrap();
        let error = refused(trainer(Adam::new(0.01)).resume(&folder), &data);
        fs::write(folder.join(name(16)), bytes).unwrap();
        error
    };
    let error = change(r#""fnn.checkpoint":"1""#, r#""fnn.checkpoint":"2""#);
    assert!(error.contains("version of the format: expected `1`, found `2`"), "{error}");
    let error = change(r#""fnn.content":"checkpoint""#, r#""fnn.content":"checkpoimt""#);
    assert!(error.contains("content: expected `checkpoint`"), "{error}");
    // A step that isn't one of the epoch after the history, and a history that is none.
    let error = change(r#""fnn.state.step":"16""#, r#""fnn.state.step":"15""#);
    assert!(error.contains("step: expected fewer than 4 after 4 epochs, found 15 in all"), "{error}");
    let error = change("[[1,", "[[2,");
    assert!(error.contains("history: expected an array"), "{error}");
}

#[test]
fn a_folder_of_other_checkpoints_is_not_written_to() {
    let (folder, data) = (folder("taken"), data(1));
    trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap();
    let before = names(&folder);
    let error = trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap_err().to_string();
    assert!(error.contains("expected a folder without checkpoints"), "{error}");
    assert_eq!(names(&folder), before);
}

#[test]
#[cfg(unix)]
fn two_trainings_do_not_write_to_the_same_folder_at_once() {
    let (folder, data) = (folder("shared"), data(1));
    let trained = trainer(Adam::new(0.01)).checkpoint(&folder).on_epoch(|_| {
        for other in [trainer(Sgd::new(0.1)), trainer(Sgd::new(0.1)).resume(&folder)] {
            let error = other.checkpoint(&folder).fit(&data).map(drop).unwrap_err().to_string();
            let expected = "checkpoints: expected a folder that no other training writes to at the same time, found ";
            assert_eq!(error, format!("{expected}{}", folder.display()));
        }
        ControlFlow::Continue(())
    });
    trained.fit(&data).unwrap();
    // Afterwards, it goes on there.
    trainer(Adam::new(0.01)).epochs(6).checkpoint(&folder).resume(&folder).fit(&data).unwrap();
}

#[test]
fn settings_are_checked() {
    for (plan, found) in [
        (Checkpoints::new("x").keep(0), "to keep at least 1, found 0"),
        (Checkpoints::new("x").every_epochs(0), "found every 0 epochs"),
        (Checkpoints::new("x").every_steps(0), "found every 0 steps"),
        (Checkpoints::new("x").every_minutes(f64::NAN), "found every NaN minutes"),
    ] {
        let error = trainer(Sgd::new(0.1)).checkpoint(plan).fit(&data(1)).unwrap_err().to_string();
        assert!(error.contains(found), "{error}");
    }
}

// The flag.

/// A source whose samples differ, whose number differs, or that says so.
#[test]
fn another_source_is_refused() {
    struct Stream(u64);
    impl Source for Stream {
        type Input = [f32; 3];
        type Target = usize;

        fn len(&self) -> usize {
            22
        }

        fn read(&self, index: usize, _: &mut Random, input: &mut [f32; 3]) -> Result<usize, Error> {
            *input = [index as f32; 3];
            Ok(index % 2)
        }

        fn fingerprint(&self) -> Result<u64, Error> {
            Ok(self.0)
        }
    }
    let all = folder("sources");
    trainer(Sgd::new(0.1)).checkpoint(&all).fit(&Stream(17)).unwrap();
    let expected = |data: &str| {
        let found = "`22 samples, fingerprint 0000000000000011`";
        format!("the checkpoint differs from this training: training set: expected `{data}`, found {found}")
    };
    let error = trainer(Sgd::new(0.1)).resume(&all).fit(&Stream(18)).unwrap_err().to_string();
    assert!(error.ends_with(&expected("22 samples, fingerprint 0000000000000012")), "{error}");
    assert_eq!(trainer(Sgd::new(0.1)).resume(&all).fit(&Stream(17)).unwrap().history.epochs.len(), 4);

    // By default, it is made from samples: it is another one after a change of the data or of the augmentation.
    let (data, scaled) = (data(1), |factor: f32| move |x: &mut [f32; 3], _: &mut usize, _: &mut Random| x[0] *= factor);
    let fingerprints = [
        Source::fingerprint(&data),
        (&data).augment(scaled(1.0)).fingerprint(),
        (&data).augment(scaled(1.01)).fingerprint(),
        (&data).augment(|_, class, _| *class = 0).fingerprint(),
        (&data).take(21).fingerprint(),
        (&data).take(21).concat((&data).select(vec![21]).unwrap()).fingerprint(),
    ];
    let fingerprints = fingerprints.map(Result::unwrap);
    assert_eq!(fingerprints[1], fingerprints[5]);
    let different: std::collections::BTreeSet<_> = fingerprints.into_iter().collect();
    assert_eq!(different.len(), 5);
}

#[test]
fn a_folder_that_is_a_file_is_an_error() {
    let file = folder("file").with_extension("txt");
    fs::write(&file, "").unwrap();
    let error = trainer(Adam::new(0.01)).resume(&file).fit(&data(1)).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: ", file.display())), "{error}");
    fs::remove_file(file).unwrap();
}
