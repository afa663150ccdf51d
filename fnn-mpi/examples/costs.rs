//! Measures steps of several networks and mini-batches on this many ranks, and what an exchange costs: rows of
//! `out/measured.tsv`, which `measure.sh` collects and `model` compares with a model of cost.

use std::error::Error;
use std::time::Instant;

use fnn::layers::Layer;
use fnn::losses::CrossEntropy;
use fnn::optimizers::Sgd;
use fnn::train::{Exchange, Progress};
use fnn::{DataSet, Random, Trainer};
use fnn_mpi::World;

fnn::network! {
    struct Small: [784] -> [10] { hidden: Dense(128), Relu, logits: Dense(10) }
}

fnn::network! {
    struct Medium: [784] -> [10] { hidden: Dense(512), Relu, second: Dense(512), Relu, logits: Dense(10) }
}

fnn::network! {
    struct Large: [1024] -> [10] { hidden: Dense(2048), Relu, second: Dense(1024), Relu, logits: Dense(10) }
}

fnn::network! {
    struct LeNet: [1, 28, 28] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(16, kernel = 5),
        Relu,
        MaxPool2d(2),
        Flatten,
        fc1: Dense(120),
        Relu,
        fc2: Dense(84),
        Relu,
        logits: Dense(10),
    }
}

/// How often each step is repeated: the fastest counts, on a computer that does other things too.
const EPOCHS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let world = World::new()?;
    if world.rank() == 0 {
        println!("network\tbatch\tranks\tseconds");
    }
    for batch_size in [256, 2048] {
        measure::<Small, _>(&world, "784-128-10", Small::boxed(1), batch_size, &flat)?;
        measure::<Medium, _>(&world, "784-512-512-10", Medium::boxed(1), batch_size, &flat)?;
        measure::<Large, _>(&world, "1024-2048-1024-10", Large::boxed(1), batch_size, &flat)?;
        measure::<LeNet, _>(&world, "LeNet", LeNet::boxed(1), batch_size, &image)?;
    }
    exchanges(&world)?;
    Ok(())
}

fn flat<const N: usize>(random: &mut Random) -> [f32; N] {
    std::array::from_fn(|_| random.uniform() as f32)
}

fn image(random: &mut Random) -> [[[f32; 28]; 28]; 1] {
    [std::array::from_fn(|_| flat(random))]
}

/// Print the seconds of the fastest step.
fn measure<N: Layer<Output = [f32; 10], Scalar = f32>, D: Fn(&mut Random) -> N::Input>(
    world: &World,
    name: &str,
    network: Box<N>,
    batch_size: usize,
    sample: &D,
) -> Result<(), fnn::Error> {
    let mut random = Random::new(1);
    let data: DataSet<N::Input, usize> = (0..batch_size).map(|index| (sample(&mut random), index % 10)).collect();
    let trainer = Trainer::new(network, CrossEntropy, Sgd::new(1e-3).momentum(0.9)).batch_size(batch_size);
    let trained = trainer.epochs(EPOCHS).threads(1).progress(Progress::Silent).fit_on(world, &data)?;
    let seconds = trained.history.epochs.iter().filter_map(|epoch| epoch.seconds).fold(f64::INFINITY, f64::min);
    if world.rank() == 0 {
        println!("{name}\t{batch_size}\t{}\t{seconds:.6}", world.ranks());
    }
    Ok(())
}

/// Print the seconds of the fastest gathering of a byte from each rank, and of 8 MB in all.
fn exchanges(world: &World) -> Result<(), fnn::Error> {
    let ranks = world.ranks();
    for bytes in [1, 8_000_000 / ranks] {
        let (mut memory, lengths, mut fastest) = (vec![0; bytes * ranks], vec![bytes; ranks], f64::INFINITY);
        for _ in 0..30 {
            let start = Instant::now();
            world.all_gather(&mut memory, &lengths)?;
            fastest = fastest.min(start.elapsed().as_secs_f64());
        }
        if world.rank() == 0 {
            println!("gather\t{}\t{ranks}\t{fastest:.9}", bytes * ranks);
        }
    }
    Ok(())
}
