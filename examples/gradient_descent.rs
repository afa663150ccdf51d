//! Full-batch, stochastic and mini-batch gradient descent on the same data: the same `fit` with different batch sizes.

#[path = "../src/plot/chart.rs"]
mod chart;

use std::f32::consts::TAU;

use chart::Chart;
use fnn::{
    DataSet, Random, Trainer,
    losses::CrossEntropy,
    optimizers::Sgd,
    train::{Progress, evaluate},
};

fnn::network! {
    /// Classifies points of the plane by the arm of a spiral, of three, that they lie on.
    #[derive(Debug)]
    pub struct Arms: [2] -> [3] {
        hidden: Dense(24),
        Tanh,
        logits: Dense(3),
    }
}

/// One variant of gradient descent.
struct Descent {
    name: &'static str,
    batch_size: usize,
    /// The largest that works well with this batch size: a mean over few samples is noisy.
    learning_rate: f64,
    /// After each pass over the data: the time so far in seconds, and the loss on all of the data.
    course: Vec<(f64, f64)>,
}

const SAMPLES: usize = 2000;
const PASSES: usize = 60;

fn arms() -> DataSet<[f32; 2], usize> {
    let mut random = Random::new(1);
    let point = |index: usize| {
        let (class, radius) = (index % 3, random.uniform() as f32);
        let angle = TAU * (class as f32 / 3.0 + 0.6 * radius) + 0.2 * random.normal() as f32;
        ([2.0 * radius * angle.cos(), 2.0 * radius * angle.sin()], class)
    };
    (0..SAMPLES).map(point).collect()
}

impl Descent {
    fn new(name: &'static str, batch_size: usize, learning_rate: f64) -> Self {
        Self { name, batch_size, learning_rate, course: Vec::new() }
    }

    /// Train, from the same initial weights.
    fn run(mut self, data: &DataSet<[f32; 2], usize>) -> Result<Self, fnn::Error> {
        let network = Arms::seeded(1);
        self.course.push((0.0, evaluate(&network, &CrossEntropy, data).loss));
        let trained = Trainer::new(network, CrossEntropy, Sgd::new(self.learning_rate))
            .batch_size(self.batch_size)
            .epochs(PASSES)
            .seed(1)
            .validate(data)
            .progress(Progress::Silent)
            .fit(data)?;
        let mut seconds = 0.0;
        for epoch in trained.history.epochs {
            seconds += epoch.seconds.unwrap_or_default();
            self.course.extend(epoch.validation.map(|after| (seconds, after.loss)));
        }
        Ok(self)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = arms();
    let descents = [
        Descent::new("full batch", SAMPLES, 1.0).run(&data)?,
        Descent::new("mini-batches of 32", 32, 0.3).run(&data)?,
        Descent::new("stochastic", 1, 0.02).run(&data)?,
    ];

    println!("loss by number of passes over {SAMPLES} samples\n");
    print!("{:<20}{:>7}{:>7}", "", "steps", "rate");
    let passes = [0, 1, 2, 5, 10, 30, PASSES];
    passes.iter().for_each(|pass| print!("{pass:>8}"));
    println!("{:>10}{:>16}", "seconds", "to 0.2 in");
    for Descent { name, batch_size, learning_rate, course } in &descents {
        print!("{name:<20}{:>7}{learning_rate:>7}", SAMPLES.div_ceil(*batch_size) * PASSES);
        passes.iter().for_each(|&pass| print!("{:>8.3}", course[pass].1));
        let there = course.iter().position(|&(_, loss)| loss < 0.2);
        let there = there.map_or("–".into(), |pass| format!("{pass}: {:.4} s", course[pass].0));
        println!("{:>10.4}{there:>16}", course[PASSES].0);
    }

    let mut by_pass = Chart::new("Loss against passes over the data", "pass", "cross-entropy").logarithmic();
    let mut by_time = Chart::new("Loss against time", "milliseconds", "cross-entropy").logarithmic();
    // Up to the end of the second one: the stochastic one takes much longer.
    let longest = descents[1].course[PASSES].0;
    for Descent { name, course, .. } in &descents {
        by_pass = by_pass.line(name, course.iter().enumerate().map(|(pass, &(_, loss))| (pass as f64, loss)));
        let seen = course.iter().take_while(|(seconds, _)| *seconds <= longest);
        by_time = by_time.line(name, seen.map(|&(seconds, loss)| (1e3 * seconds, loss)));
    }
    println!("\npictures: {}", by_pass.write("gradient_descent_passes.svg")?.display());
    println!("          {}", by_time.write("gradient_descent_seconds.svg")?.display());
    Ok(())
}
