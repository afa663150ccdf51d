//! Samples per second of a training on a set in memory, on one that is read, augmented, and read from a file: W1.
//!
//! `cargo bench --bench sources`. The figure is that of the fastest of 20 epochs.

use std::fs;

use fnn::data::{ArrayFile, NumberType, Source, augment};
use fnn::{DataSet, Random, Trainer, losses::CrossEntropy, optimizers::Sgd, train::Progress};

fnn::network! {
    struct Digits: [1, 28, 28] -> [10] { Flatten, hidden: Dense(128), Relu, logits: Dense(10) }
}

type Image = [[[f32; 28]; 28]; 1];

const SAMPLES: usize = 16_384;

fn measure(name: &str, data: &impl Source<Input = Image, Target = usize>) {
    for threads in 1..=2 {
        let trainer = Trainer::new(Digits::boxed(1), CrossEntropy, Sgd::new(0.1)).batch_size(64).epochs(20);
        let trained = trainer.threads(threads).progress(Progress::Silent).fit(data).unwrap();
        let fastest = trained.history.epochs.iter().filter_map(|epoch| epoch.seconds).fold(f64::MAX, f64::min);
        println!("{name:<40} {threads} threads {:>10.0} samples/s", SAMPLES as f64 / fastest);
    }
}

fn main() {
    let mut random = Random::new(1);
    let mut image = || [(); 28].map(|()| [(); 28].map(|()| random.uniform() as f32));
    let data: DataSet<Image, usize> = (0..SAMPLES).map(|index| ([image()], index % 10)).collect();
    measure("in memory", &data);
    measure("read", &(&data).map(|&image, class, _| (image, class)));
    measure("shifted", &(&data).augment(|image, _, random| augment::shift(image, 2, random)));
    measure(
        "shifted and rotated",
        &(&data).augment(|image, _, random| {
            augment::rotate(image, 10.0, random);
            augment::shift(image, 2, random);
        }),
    );

    let folder = std::env::temp_dir().join(format!("fnn-bench-sources-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let bytes: Vec<u8> = data.inputs().iter().flatten().flatten().flatten().map(|x| (255.0 * x) as u8).collect();
    fs::write(folder.join("bytes"), bytes).unwrap();
    let floats = data.inputs().iter().flatten().flatten().flatten();
    fs::write(folder.join("floats"), floats.flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>()).unwrap();
    fs::write(folder.join("classes"), data.targets().iter().map(|&class| class as u8).collect::<Vec<_>>()).unwrap();
    let file = |name: &str, number| {
        let classes = ArrayFile::<usize>::raw(folder.join("classes"), NumberType::U8).unwrap();
        ArrayFile::<Image>::raw(folder.join(name), number).unwrap().divided_by(255.0).with_targets(classes).unwrap()
    };
    measure("from a file of bytes", &file("bytes", NumberType::U8));
    measure("from a file of f32", &file("floats", NumberType::F32));
    fs::remove_dir_all(folder).unwrap();
}
