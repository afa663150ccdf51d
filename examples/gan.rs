//! A generative adversarial network: one network makes points, another one tells them from true ones, and each learns from the
//! other. Two networks in a loop of one's own.
//!
//! Goodfellow et al., "Generative adversarial nets", 2014. The true points lie on a ring.

use std::f64::consts::TAU;

use fnn::Random;
use fnn::losses::{BinaryCrossEntropy, Loss};
use fnn::optimizers::{Adam, Optimizer, State};
use fnn::train::GradientBuffers;

fnn::network! {
    /// Makes a point of four random numbers.
    struct Generator: [4] -> [2] {
        hidden1: Dense(32),
        LeakyRelu(0.2),
        hidden2: Dense(32),
        LeakyRelu(0.2),
        point: Dense(2),
    }
}

fnn::network! {
    /// Scores a point: above 0 if it is taken for a true one.
    struct Discriminator: [2] -> [1] {
        hidden1: Dense(32),
        LeakyRelu(0.2),
        hidden2: Dense(32),
        LeakyRelu(0.2),
        score: Dense(1),
    }
}

const BATCH: usize = 64;
const STEPS: usize = 6000;

fn main() {
    let mut random = Random::new(1);
    let (mut generator, mut discriminator) = (Generator::seeded(1), Discriminator::seeded(2));
    let (mut by_generator, mut by_discriminator) = (Generator::zeroed(), Discriminator::zeroed());
    let mut making = GradientBuffers::<Generator, BATCH>::boxed();
    let mut judging = GradientBuffers::<Discriminator, BATCH>::boxed();
    let adam = Adam::new(1e-3).betas(0.5, 0.999);
    let (mut generator_state, mut discriminator_state) = (State::boxed(), State::boxed());

    println!("step   radius of made points: mean, deviation; share taken for true");
    for step in 0..=STEPS {
        // The discriminator learns: true points are 1, made ones 0.
        let made = noise(&mut random).map(|noise| generator.forward(&noise));
        let true_points = [(); BATCH].map(|()| ring(&mut random));
        judging.gradient(&discriminator, &BinaryCrossEntropy, &true_points, &[[1.0]; BATCH], &mut by_discriminator);
        adam.step(&mut discriminator, &by_discriminator, &mut discriminator_state);
        judging.gradient(&discriminator, &BinaryCrossEntropy, &made, &[[0.0]; BATCH], &mut by_discriminator);
        adam.step(&mut discriminator, &by_discriminator, &mut discriminator_state);

        // The generator learns: what it makes should be taken for true. The gradient goes back through the discriminator,
        // whose own weights stay as they are.
        let noise = noise(&mut random);
        let pass = making.forward(&generator, &noise);
        let scores = judging.forward(&discriminator, pass.outputs());
        let mut score_gradients = [[0.0]; BATCH];
        for (score, gradient) in scores.outputs().iter().zip(&mut score_gradients) {
            BinaryCrossEntropy.gradient(score, &[1.0], gradient);
            gradient[0] /= BATCH as f32;
        }
        let taken = scores.outputs().iter().filter(|[score]| *score > 0.0).count();
        let mut point_gradients = [[0.0; 2]; BATCH];
        scores.backward_to_inputs(&score_gradients, &mut by_discriminator, &mut point_gradients);
        pass.backward(&point_gradients, &mut by_generator);
        adam.step(&mut generator, &by_generator, &mut generator_state);

        if step % 1000 == 0 {
            let (mean, deviation) = radii(&generator);
            println!("{step:>4}   {mean:>27.3}, {deviation:>9.3}; {:>20.2}", taken as f64 / BATCH as f64);
        }
    }

    println!("\n{}", draw(&generator));
    let (mean, deviation) = radii(&generator);
    assert!((mean - 1.0).abs() < 0.1 && deviation < 0.2, "the points are not on the ring");
}

fn noise(random: &mut Random) -> [[f32; 4]; BATCH] {
    [(); BATCH].map(|()| [(); 4].map(|()| random.normal() as f32))
}

/// A true point: near a circle of radius 1.
fn ring(random: &mut Random) -> [f32; 2] {
    let (angle, radius) = (TAU * random.uniform(), 1.0 + 0.05 * random.normal());
    [(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]
}

/// Points that the generator makes.
fn made(generator: &Generator, count: usize) -> impl Iterator<Item = [f32; 2]> {
    let mut random = Random::new(3);
    (0..count).map(move |_| generator.forward(&[(); 4].map(|()| random.normal() as f32)))
}

/// Mean and deviation of the distance from the centre.
fn radii(generator: &Generator) -> (f64, f64) {
    let radii: Vec<_> = made(generator, 1000).map(|[x, y]| f64::from(x).hypot(f64::from(y))).collect();
    let mean = radii.iter().sum::<f64>() / radii.len() as f64;
    let squares = radii.iter().map(|radius| (radius - mean).powi(2)).sum::<f64>();
    (mean, (squares / radii.len() as f64).sqrt())
}

/// The points as text, from -1.5 to 1.5.
fn draw(generator: &Generator) -> String {
    const ROWS: usize = 17;
    const COLUMNS: usize = 40;
    let mut picture = [[' '; COLUMNS]; ROWS];
    let place = |value: f32, cells: usize| ((value + 1.5) / 3.0 * cells as f32) as usize;
    for [x, y] in made(generator, 400) {
        if let Some(cell) = picture.get_mut(place(-y, ROWS)).and_then(|row| row.get_mut(place(x, COLUMNS))) {
            *cell = '·';
        }
    }
    picture.map(|row| String::from_iter(row).trim_end().to_string()).join("\n")
}
