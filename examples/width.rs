//! One declaration for every width: a network that is generic over the size of its hidden layers.

use std::f64::consts::TAU;
use std::time::Instant;

use fnn::{
    DataSet, Network, Random, Trainer,
    losses::CrossEntropy,
    optimizers::Adam,
    train::{Progress, evaluate},
};

fnn::network! {
    /// Classifies points of the plane by the spiral, of two, that they lie on.
    #[derive(Debug)]
    pub struct Spirals<const HIDDEN: usize>: [2] -> [2] {
        first: Dense(HIDDEN),
        Tanh,
        second: Dense(HIDDEN),
        Tanh,
        logits: Dense(2),
    }
}

type Points = DataSet<[f32; 2], usize>;

/// Two interleaved spirals of one and a half turns.
fn spirals(seed: u64, points: usize) -> Points {
    let mut random = Random::new(seed);
    let point = |index: usize| {
        let (class, along) = (index % 2, random.uniform());
        let angle = 1.5 * TAU * along.sqrt();
        let radius = if class == 0 { angle / 3.0 } else { -angle / 3.0 };
        let mut place = |exact: f64| (radius * exact + 0.1 * random.normal()) as f32;
        ([place(angle.cos()), place(angle.sin())], class)
    };
    (0..points).map(point).collect()
}

/// Train a network of this width, and print the results.
fn train<const HIDDEN: usize>(data: &Points, test: &Points) -> Result<Box<Spirals<HIDDEN>>, fnn::Error> {
    let start = Instant::now();
    let network = Spirals::<HIDDEN>::boxed(1);
    let trainer = Trainer::new(network, CrossEntropy, Adam::new(0.01)).batch_size(50).epochs(200).seed(1);
    let trained = trainer.progress(Progress::Silent).fit(data)?;
    let seconds = start.elapsed().as_secs_f64();

    let [training, test] = [data, test].map(|set| evaluate(&*trained.network, &CrossEntropy, set));
    let percent = |accuracy: Option<f64>| format!("{:.1} %", 100.0 * accuracy.unwrap_or(0.0));
    println!(
        "{HIDDEN:>5}  {:>7}  {:>5}  {:>7.4}  {:>7}  {:>7}  {seconds:>7.2}",
        Spirals::<HIDDEN, f32>::PARAMETERS,
        Spirals::<HIDDEN, f32>::MACS,
        training.loss,
        percent(training.accuracy),
        percent(test.accuracy),
    );
    Ok(trained.network)
}

fn main() -> Result<(), fnn::Error> {
    let (data, test) = (spirals(1, 1000), spirals(2, 1000));
    println!("width  weights   MACs     loss    train     test  seconds");
    let narrow = train::<2>(&data, &test)?;
    train::<4>(&data, &test)?;
    train::<8>(&data, &test)?;
    train::<16>(&data, &test)?;
    let wide = train::<32>(&data, &test)?;

    println!("\nthe plane as classified by a network of width 2 and by one of width 32:");
    for row in 0..20 {
        let y = 3.3 - row as f32 / 19.0 * 6.6;
        let points = (0..36).map(|column| [column as f32 / 35.0 * 6.6 - 3.3, y]);
        println!("   {}     {}", draw(&*narrow, points.clone()), draw(&*wide, points));
    }
    Ok(())
}

/// One line of text: the predicted spiral of each point.
fn draw<N>(network: &N, points: impl Iterator<Item = [f32; 2]>) -> String
where
    N: Network<Input = [f32; 2], Output = [f32; 2]>,
{
    let spiral = |point| {
        let [one, other] = network.forward(&point);
        if one > other { '█' } else { '·' }
    };
    points.map(spiral).collect()
}
