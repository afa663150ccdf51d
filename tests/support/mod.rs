//! A loss, optimizers and data for the tests of the trainer.

#![allow(dead_code, unreachable_pub)]

use fnn::{DataSet, Loss, Optimizer, Random, Scalar, Simd, Term};

/// Mean squared error.
#[derive(Clone, Copy, Debug)]
pub struct MeanSquaredError;

impl<S: Scalar, const N: usize> Loss<[S; N], [S; N]> for MeanSquaredError {
    fn value(&self, output: &[S; N], target: &[S; N]) -> Term<S> {
        let sum: S = output.iter().zip(target).map(|(&y, &t)| (y - t) * (y - t)).sum();
        Term::of(sum / S::from_f64(N as f64))
    }

    fn gradient(&self, output: &[S; N], target: &[S; N], gradient: &mut [S; N]) -> Term<S> {
        for ((g, &y), &t) in gradient.iter_mut().zip(output).zip(target) {
            *g = S::from_f64(2.0 / N as f64) * (y - t);
        }
        self.value(output, target)
    }

    fn check(&self, target: &[S; N]) -> Result<(), &'static str> {
        if target.iter().all(|t| t.is_finite()) { Ok(()) } else { Err("finite targets") }
    }
}

/// Cross-entropy of logits and a class.
#[derive(Clone, Copy, Debug)]
pub struct CrossEntropy;

impl<S: Scalar, const N: usize> Loss<[S; N], usize> for CrossEntropy {
    const TAKES_LOGITS: bool = true;

    fn value(&self, output: &[S; N], target: &usize) -> Term<S> {
        self.gradient(output, target, &mut [S::ZERO; N])
    }

    fn gradient(&self, output: &[S; N], &target: &usize, gradient: &mut [S; N]) -> Term<S> {
        let largest = output.iter().fold(-S::MAX, |largest, &y| largest.max(y));
        let sum: S = output.iter().map(|&y| (y - largest).exp()).sum();
        for (class, (g, &y)) in gradient.iter_mut().zip(output).enumerate() {
            *g = (y - largest).exp() / sum - if class == target { S::ONE } else { S::ZERO };
        }
        Term::of(sum.ln() + largest - output[target])
    }

    fn correct(&self, output: &[S; N], &target: &usize) -> Option<bool> {
        Some(output.iter().enumerate().all(|(class, &y)| class == target || y < output[target]))
    }

    fn check(&self, &target: &usize) -> Result<(), &'static str> {
        if target < N { Ok(()) } else { Err("the number of a class that the network has an output for") }
    }
}

/// Stochastic gradient descent.
#[derive(Clone, Copy, Debug)]
pub struct Sgd(pub f64);

impl Sgd {
    pub fn new(rate: f64) -> Self {
        Self(rate)
    }
}

impl Optimizer<0> for Sgd {
    fn update<V: Simd, S: Scalar>(&self, _: V, _: u64, parameters: &mut [S], gradient: &[S], _: [&mut [S]; 0]) {
        for (w, &g) in parameters.iter_mut().zip(gradient) {
            *w -= S::from_f64(self.0) * g;
        }
    }

    fn learning_rate(&self) -> f64 {
        self.0
    }

    fn misuse(&self) -> Option<(&'static str, &'static str, f64)> {
        (self.0.is_nan() || self.0 <= 0.0).then_some(("learning_rate", "a number above 0", self.0))
    }
}

/// Adam.
#[derive(Clone, Copy, Debug)]
pub struct Adam(pub f64);

impl Adam {
    pub fn new(rate: f64) -> Self {
        Self(rate)
    }
}

impl Optimizer<2> for Adam {
    fn update<V: Simd, S: Scalar>(&self, _: V, step: u64, parameters: &mut [S], gradient: &[S], [m, v]: [&mut [S]; 2]) {
        let rate = S::from_f64(self.0 * (1.0 - 0.999f64.powf(step as f64)).sqrt() / (1.0 - 0.9f64.powf(step as f64)));
        let (a, b, c, d, e) = (0.9, 0.1, 0.999, 0.001, 1e-8);
        let [a, b, c, d, e] = [a, b, c, d, e].map(S::from_f64);
        for (((w, &g), m), v) in parameters.iter_mut().zip(gradient).zip(m).zip(v) {
            *m = a * *m + b * g;
            *v = c * *v + d * g * g;
            *w -= rate * *m / (v.sqrt() + e);
        }
    }

    fn learning_rate(&self) -> f64 {
        self.0
    }

    fn misuse(&self) -> Option<(&'static str, &'static str, f64)> {
        None
    }
}

/// Samples of random numbers, the class of each being that of its largest of the first `C`.
pub fn classes<const I: usize, const C: usize>(samples: usize, seed: u64) -> DataSet<[f32; I], usize> {
    let mut random = Random::new(seed);
    let sample = |_| {
        let input: [f32; I] = core::array::from_fn(|_| random.normal() as f32);
        let largest = (0..C).max_by(|&a, &b| input[a].total_cmp(&input[b]));
        (input, largest.unwrap_or(0))
    };
    (0..samples).map(sample).collect()
}

/// The bits of all weights.
pub fn bits<P: fnn::Parameters<Scalar = f32>>(network: &P) -> Vec<u32> {
    network.parameters().iter().map(|weight| weight.to_bits()).collect()
}
