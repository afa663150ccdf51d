//! One network in training.

use fnn::losses::{BinaryCrossEntropy, Loss, MeanSquaredError, Term};
use fnn::optimizers::{Adam, Momentum, Optimizer, Sgd, State};
use fnn::train::GradientBuffers;
use fnn::{Network, Random};

use crate::networks::OfPoints;
use crate::points::Point;

/// Samples that go through the network at a time. A mini-batch can be larger.
const BLOCK: usize = 32;

/// The losses that the page offers.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// Cross-entropy of the probability σ(score).
    CrossEntropy,
    /// The squared difference of score and class.
    SquaredError,
}

impl Measure {
    /// What the page draws for a score: the probability of orange, or the score itself.
    #[must_use]
    pub fn shown(self, score: f32) -> f32 {
        match self {
            Self::CrossEntropy => 1.0 / (1.0 + (-score).exp()),
            Self::SquaredError => score,
        }
    }

    fn is_right(self, score: f32, class: f32) -> bool {
        (self.shown(score) > 0.5) == (class == 1.0)
    }
}

impl Loss<[f32; 1], [f32; 1]> for Measure {
    fn value(&self, output: &[f32; 1], target: &[f32; 1]) -> Term<f32> {
        match self {
            Self::CrossEntropy => BinaryCrossEntropy.value(output, target),
            Self::SquaredError => MeanSquaredError.value(output, target),
        }
    }

    fn gradient(&self, output: &[f32; 1], target: &[f32; 1], gradient: &mut [f32; 1]) -> Term<f32> {
        match self {
            Self::CrossEntropy => BinaryCrossEntropy.gradient(output, target, gradient),
            Self::SquaredError => MeanSquaredError.gradient(output, target, gradient),
        }
    }
}

/// An optimizer with what it remembers about each weight.
enum Descent<N: OfPoints> {
    Plain(Sgd, State<N, 0>),
    Momentum(Momentum, Box<State<N, 1>>),
    Adam(Adam, Box<State<N, 2>>),
}

impl<N: OfPoints> Descent<N> {
    fn new(kind: usize, learning_rate: f64) -> Self {
        match kind {
            0 => Self::Plain(Sgd::new(learning_rate), State::new()),
            1 => Self::Momentum(Sgd::new(learning_rate).momentum(0.9), State::boxed()),
            _ => Self::Adam(Adam::new(learning_rate), State::boxed()),
        }
    }

    fn step(&mut self, network: &mut N, gradient: &N) {
        match self {
            Self::Plain(optimizer, state) => optimizer.step(network, gradient, state),
            Self::Momentum(optimizer, state) => optimizer.step(network, gradient, state),
            Self::Adam(optimizer, state) => optimizer.step(network, gradient, state),
        };
    }
}

/// Settings of a training.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What is minimized.
    pub measure: Measure,
    /// Gradient descent, with momentum, or Adam: 0, 1, 2.
    pub optimizer: usize,
    /// The learning rate.
    pub learning_rate: f64,
    /// Samples per step.
    pub batch: usize,
    /// Of the initial weights, and of the order of samples.
    pub seed: u64,
}

/// A network in training, of whatever type.
pub trait Training {
    /// Take steps; one pass over the data is as many as there are mini-batches.
    fn steps(&mut self, points: &[Point], count: usize);
    /// Loss, and the fraction of right answers.
    fn evaluate(&self, points: &[Point]) -> (f32, f32);
    /// The outputs of all units at a point, layer by layer; the last is what the page draws for the network.
    fn append_units(&self, point: [f32; 2], outputs: &mut Vec<f32>);
    /// All weights.
    fn parameters(&self) -> &[f32];
    /// The steps taken.
    fn count(&self) -> usize;
    /// The number of units in each layer, beginning with the inputs.
    fn units(&self) -> &'static [usize];
    /// The declaration, a table of the layers, and the costs.
    fn describe(&self) -> String;
}

/// A training of one type of network.
pub struct Run<N: OfPoints> {
    network: Box<N>,
    gradient: Box<N>,
    buffers: Box<GradientBuffers<N, BLOCK>>,
    descent: Descent<N>,
    settings: Settings,
    random: Random,
    /// The order of this pass, and what is left of it.
    order: Vec<usize>,
    steps: usize,
    inputs: Vec<[f32; 2]>,
    targets: Vec<[f32; 1]>,
}

impl<N: OfPoints> Run<N> {
    /// A network with random weights.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            network: N::boxed(settings.seed),
            gradient: N::zeroed_box(),
            buffers: GradientBuffers::boxed(),
            descent: Descent::new(settings.optimizer, settings.learning_rate),
            settings,
            random: Random::new(settings.seed),
            order: Vec::new(),
            steps: 0,
            inputs: Vec::new(),
            targets: Vec::new(),
        }
    }

    /// A mini-batch: the next samples of a shuffled order, which begins anew after each pass.
    fn gather(&mut self, points: &[Point]) {
        self.inputs.clear();
        self.targets.clear();
        if self.order.is_empty() {
            self.order.extend(0..points.len());
            for last in (1..points.len()).rev() {
                self.order.swap(last, (self.random.uniform() * (last + 1) as f64) as usize);
            }
        }
        for index in self.order.drain(self.order.len().saturating_sub(self.settings.batch)..) {
            if let Some(&(input, target)) = points.get(index) {
                self.inputs.push(input);
                self.targets.push(target);
            }
        }
    }
}

impl<N: OfPoints> Training for Run<N> {
    fn steps(&mut self, points: &[Point], count: usize) {
        for _ in 0..count {
            self.gather(points);
            if self.inputs.is_empty() {
                return;
            }
            let Self { network, gradient, buffers, descent, settings, .. } = self;
            buffers.gradient(network, &settings.measure, &self.inputs, &self.targets, gradient);
            descent.step(network, gradient);
            self.steps += 1;
        }
    }

    fn evaluate(&self, points: &[Point]) -> (f32, f32) {
        let measure = self.settings.measure;
        let (mut loss, mut right) = (0.0, 0.0);
        for (point, class) in points {
            let score = self.network.forward(point);
            loss += measure.value(&score, class).mean();
            right += f32::from(u8::from(measure.is_right(score[0], class[0])));
        }
        let count = points.len().max(1) as f32;
        (loss / count, right / count)
    }

    fn append_units(&self, point: [f32; 2], outputs: &mut Vec<f32>) {
        self.network.append_units(&point, outputs);
        if let Some(score) = outputs.last_mut() {
            *score = self.settings.measure.shown(*score);
        }
    }

    fn parameters(&self) -> &[f32] {
        self.network.parameters()
    }

    fn count(&self) -> usize {
        self.steps
    }

    fn units(&self) -> &'static [usize] {
        N::UNITS
    }

    fn describe(&self) -> String {
        let name = core::any::type_name::<N>()
            .split(['<', ':'])
            .rfind(|part| part.chars().next().is_some_and(char::is_uppercase));
        let lines: Vec<_> = N::DECLARATION.trim().lines().map(|line| format!("        {}", line.trim())).collect();
        format!(
            "fnn::network! {{\n    pub struct {}: [2] -> [1] {{\n{}\n    }}\n}}\n\n{}\n{} bytes of flash, {} bytes of RAM, {} \
             multiply-accumulates",
            name.unwrap_or("Network"),
            lines.join("\n"),
            N::summary(),
            N::FLASH,
            N::RAM_INFERENCE,
            N::MACS,
        )
    }
}
