//! The workloads in dfdx, which has no convolutions on stable Rust.

use std::hint::black_box;

use dfdx::optim::{Adam, AdamConfig, Sgd, SgdConfig};
use dfdx::prelude::*;

use crate::measure::calls_per_second;

type Digits = ((Linear<784, 128>, ReLU), Linear<128, 10>);
type Deep = ((Linear<784, 512>, ReLU), (Linear<512, 256>, ReLU), Linear<256, 10>);
type Xor = ((Linear<2, 8>, Tanh), (Linear<8, 1>, Sigmoid));
type Control = ((Linear<4, 16>, ReLU), (Linear<16, 16>, ReLU), Linear<16, 3>);
type Curve = ((Linear<2, 8>, Tanh), Linear<8, 1>);

/// Steps per second of a model, with its optimizer, loss and batch.
macro_rules! steps {
    ($device:ident, $network:ty, $optimizer:expr, $loss:ident, $inputs:expr, $targets:expr) => {{
        let mut network = $device.build_module::<$network, f32>();
        let mut gradients = Some(network.alloc_grads());
        let mut optimizer = $optimizer(&network);
        let (inputs, targets) = ($inputs, $targets);
        calls_per_second(|| {
            let Some(kept) = gradients.take() else { return };
            let outputs = network.forward_mut(inputs.clone().traced(kept));
            let mut kept = $loss(outputs, targets.clone()).backward();
            let _ = optimizer.update(&mut network, &kept);
            network.zero_grads(&mut kept);
            gradients = Some(kept);
        })
    }};
}

macro_rules! inference {
    ($device:ident, $network:ty, $inputs:expr) => {{
        let (network, inputs) = ($device.build_module::<$network, f32>(), $inputs);
        calls_per_second(|| drop(black_box(network.forward(black_box(&inputs).clone()))))
    }};
}

pub fn measure(workload: &str) -> Option<f64> {
    dfdx::flush_denormals_to_zero();
    let device = Cpu::default();
    Some(match workload {
        "W1" => {
            let sgd = |network: &_| Sgd::new(network, SgdConfig { lr: 0.1, ..Default::default() });
            let x: Tensor<Rank2<64, 784>, f32, _> = device.sample_uniform();
            let t = device.tensor(one_hot::<64>());
            64.0 * steps!(device, Digits, sgd, cross_entropy_with_logits_loss, x, t)
        }
        "W2" => {
            let adam = |network: &_| Adam::new(network, AdamConfig { lr: 1e-3, ..Default::default() });
            let x: Tensor<Rank2<128, 784>, f32, _> = device.sample_uniform();
            let t = device.tensor(one_hot::<128>());
            128.0 * steps!(device, Deep, adam, cross_entropy_with_logits_loss, x, t)
        }
        "W3" => {
            let sgd = |network: &_| Sgd::new(network, SgdConfig { lr: 0.1, ..Default::default() });
            let x: Tensor<Rank2<4, 2>, f32, _> = device.sample_uniform();
            let t: Tensor<Rank2<4, 1>, f32, _> = device.sample_uniform();
            steps!(device, Xor, sgd, mse_loss, x, t)
        }
        "W4a" => inference!(device, Digits, device.sample_uniform::<Rank1<784>>()),
        "W4b" => inference!(device, Control, device.sample_uniform::<Rank1<4>>()),
        "W4c" => inference!(device, Curve, device.sample_uniform::<Rank1<2>>()),
        "W5" => 256.0 * inference!(device, Digits, device.sample_uniform::<Rank2<256, 784>>()),
        _ => return None,
    })
}

fn one_hot<const N: usize>() -> [[f32; 10]; N] {
    std::array::from_fn(|n| std::array::from_fn(|class| if class == n % 10 { 1.0 } else { 0.0 }))
}
