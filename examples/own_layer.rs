//! A custom layer: declared like any other, its backward pass checked by numerical differentiation, then trained.

use fnn::{
    DataSet, Initializer, Layer, Network, Parameters, Random, Scalar, Trainer, gradient_check,
    layers::{Gradient, Pass, Recorded},
    losses::MeanSquaredError,
    optimizers::Adam,
    simd::Simd,
    train::{Progress, evaluate},
};

/// The parametric ReLU: `y = x` where x is positive and `y = a·x` where it is negative, with a learned slope `a` per unit.
///
/// He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015.
#[derive(Clone, Debug, Parameters)]
#[repr(C)]
pub struct Prelu<const N: usize, S: Scalar = f32> {
    slope: [S; N],
}

impl<const N: usize, S: Scalar> Layer for Prelu<N, S> {
    type Input = [S; N];
    type Output = [S; N];
    // It needs nothing but its inputs for the backward pass, and no scratch.
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Prelu";
    const MACS: u64 = N as u64;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
        for (x, y) in inputs.iter().zip(outputs) {
            for ((&x, y), &slope) in x.iter().zip(y).zip(&self.slope) {
                *y = if x > S::ZERO { x } else { slope * x };
            }
        }
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; N]],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [[S; N]]>,
        (): &mut (),
    ) {
        let gradient = gradient.accumulator();
        // ∂L/∂a = Σ ∂L/∂y · x, over the samples where x is negative: add it up.
        for (x, dy) in recorded.inputs.iter().zip(output_gradients.iter()) {
            for ((&x, &dy), slope) in x.iter().zip(dy).zip(&mut gradient.slope) {
                *slope += if x > S::ZERO { S::ZERO } else { dy * x };
            }
        }
        // ∂L/∂x = ∂L/∂y · 1 or a: overwrite.
        let Some(input_gradients) = input_gradients else { return };
        for ((x, dy), dx) in recorded.inputs.iter().zip(output_gradients).zip(input_gradients) {
            for (((&x, &dy), dx), &slope) in x.iter().zip(dy.iter()).zip(dx).zip(&self.slope) {
                *dx = if x > S::ZERO { dy } else { dy * slope };
            }
        }
    }

    /// The initial slope in the paper, whatever the initializer.
    fn initialize(&mut self, _: Initializer, _: &mut Random) {
        self.slope = [S::from_f64(0.25); N];
    }
}

fnn::network! {
    /// Three numbers in, three out, through the new layer.
    #[derive(Clone, Debug)]
    pub struct Net: [3] -> [3] {
        mix: Dense(3),
        own: Prelu<3>,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}\n", Net::<f32>::summary());

    let mut random = Random::new(1);
    let samples: Vec<[f64; 3]> = (0..8).map(|_| [(); 3].map(|()| random.normal())).collect();
    let targets: Vec<[f64; 3]> = (0..8).map(|_| [(); 3].map(|()| random.normal())).collect();
    let report = gradient_check(&Net::<f64>::seeded(1), &MeanSquaredError, &samples, &targets);
    println!("backpropagation and numerical differentiation:\n{report}\n");
    report.assert(1e-6);

    // The student starts with the teacher's dense layer and has to learn its slopes.
    let mut teacher = Net::<f32>::seeded(7);
    let mut student = teacher.clone();
    teacher.own.slope = [0.5, 0.1, -0.3];
    let samples = (0..1000).map(|_| [(); 3].map(|()| random.normal() as f32));
    let lessons: DataSet<_, _> = samples.map(|sample| (sample, teacher.forward(&sample))).collect();

    println!("         learned slopes               loss");
    for epoch in 1..=6 {
        let trainer = Trainer::new(student, MeanSquaredError, Adam::new(0.01)).seed(epoch);
        let trained = trainer.progress(Progress::Silent).fit(&lessons)?;
        let loss = evaluate(&*trained.network, &MeanSquaredError, &lessons).loss;
        student = *trained.network;
        println!("epoch {epoch}  {:>7.4?}  {loss:.1e}", student.own.slope);
    }
    println!("teacher  {:>7.4?}", teacher.own.slope);
    Ok(())
}
