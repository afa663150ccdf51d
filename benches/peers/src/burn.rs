//! The workloads in burn, on its `flex` backend.

use std::hint::black_box;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::{CrossEntropyLossConfig, MseLoss, Reduction};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Int, Tensor, activation};

use crate::measure::calls_per_second;

#[derive(Module, Debug)]
struct Dense {
    layers: Vec<Linear>,
}

impl Dense {
    fn new(sizes: &[usize], device: &Device) -> Self {
        let layers = sizes.windows(2).map(|size| LinearConfig::new(size[0], size[1]).init(device)).collect();
        Self { layers }
    }

    fn forward(&self, mut x: Tensor<2>, activation: fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
        for (at, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x);
            if at + 1 < self.layers.len() {
                x = activation(x);
            }
        }
        x
    }
}

#[derive(Module, Debug)]
struct LeNet {
    one: Conv2d,
    two: Conv2d,
    pool: MaxPool2d,
    dense: Dense,
}

impl LeNet {
    fn new(device: &Device) -> Self {
        Self {
            one: Conv2dConfig::new([1, 6], [5, 5]).init(device),
            two: Conv2dConfig::new([6, 16], [5, 5]).init(device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            dense: Dense::new(&[256, 120, 84, 10], device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(activation::relu(self.one.forward(x)));
        let x = self.pool.forward(activation::relu(self.two.forward(x)));
        self.dense.forward(x.flatten(1, 3), activation::relu)
    }
}

pub fn measure(workload: &str) -> Option<f64> {
    let plain = Device::flex();
    let device = Device::flex().autodiff();
    let dense = |sizes: &[usize], device| Dense::new(sizes, device);
    let random = |rows, columns, device| Tensor::<2>::random([rows, columns], Distribution::Default, device);
    let classes = |batch: usize| {
        let classes: Vec<i32> = (0..batch as i32).map(|n| n % 10).collect();
        Tensor::<1, Int>::from_ints(classes.as_slice(), &device)
    };
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    Some(match workload {
        "W1" => {
            let (x, t) = (random(64, 784, &device), classes(64));
            64.0 * steps(dense(&[784, 128, 10], &device), SgdConfig::new().init(), 0.1, |network| {
                cross_entropy.forward(network.forward(x.clone(), activation::relu), t.clone())
            })
        }
        "W2" => {
            let (x, t) = (random(128, 784, &device), classes(128));
            128.0
                * steps(dense(&[784, 512, 256, 10], &device), AdamConfig::new().init(), 1e-3, |network| {
                    cross_entropy.forward(network.forward(x.clone(), activation::relu), t.clone())
                })
        }
        "W3" => {
            let (x, t) = (random(4, 2, &device), random(4, 1, &device));
            steps(dense(&[2, 8, 1], &device), SgdConfig::new().init(), 0.1, |network| {
                let y = activation::sigmoid(network.forward(x.clone(), activation::tanh));
                MseLoss::new().forward(y, t.clone(), Reduction::Mean)
            })
        }
        "W4a" => inference(dense(&[784, 128, 10], &plain), random(1, 784, &plain), activation::relu),
        "W4b" => inference(dense(&[4, 16, 16, 3], &plain), random(1, 4, &plain), activation::relu),
        "W4c" => inference(dense(&[2, 8, 1], &plain), random(1, 2, &plain), activation::tanh),
        "W5" => 256.0 * inference(dense(&[784, 128, 10], &plain), random(256, 784, &plain), activation::relu),
        "W6" => {
            let x = Tensor::<4>::random([64, 1, 28, 28], Distribution::Default, &device);
            let t = classes(64);
            64.0 * steps(LeNet::new(&device), SgdConfig::new().init(), 0.1, |network| {
                cross_entropy.forward(network.forward(x.clone()), t.clone())
            })
        }
        "W6i" => {
            let network = LeNet::new(&plain);
            let x = Tensor::<4>::random([1, 1, 28, 28], Distribution::Default, &plain);
            calls_per_second(|| drop(black_box(network.forward(black_box(x.clone())))))
        }
        _ => return None,
    })
}

fn steps<M: Module>(network: M, mut optimizer: ModuleOptimizer, rate: f64, loss: impl Fn(&M) -> Tensor<1>) -> f64 {
    let mut network = Some(network);
    calls_per_second(|| {
        let Some(model) = network.take() else { return };
        let gradients = GradientsParams::from_grads(loss(&model).backward(), &model);
        network = Some(optimizer.step(rate, model, gradients));
    })
}

fn inference(network: Dense, x: Tensor<2>, activation: fn(Tensor<2>) -> Tensor<2>) -> f64 {
    calls_per_second(|| drop(black_box(network.forward(black_box(x.clone()), activation))))
}
