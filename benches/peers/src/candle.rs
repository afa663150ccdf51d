//! The workloads in candle.

use std::hint::black_box;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{AdamW, Conv2d, Linear, Module, Optimizer, ParamsAdamW, SGD, VarBuilder, VarMap};
use candle_nn::{conv2d, linear, loss};

use crate::measure::calls_per_second;

pub fn measure(workload: &str) -> Option<f64> {
    run(workload).unwrap_or_else(|error| {
        eprintln!("candle, {workload}: {error}");
        None
    })
}

fn run(workload: &str) -> Result<Option<f64>> {
    let variables = VarMap::new();
    let builder = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let dense = |sizes: &[usize]| -> Result<Vec<Linear>> {
        sizes.windows(2).enumerate().map(|(at, s)| linear(s[0], s[1], builder.pp(at.to_string()))).collect()
    };
    let random = |shape: &[usize]| Tensor::rand(0f32, 1f32, shape, &Device::Cpu);
    let sgd = || SGD::new(variables.all_vars(), 0.1);
    let classes = |batch: usize| Tensor::new((0..batch as u32).map(|n| n % 10).collect::<Vec<_>>(), &Device::Cpu);
    let relu = |layers: Vec<Linear>| move |x: &Tensor| forward(&layers, x, Tensor::relu);
    let tanh = |layers: Vec<Linear>| move |x: &Tensor| forward(&layers, x, Tensor::tanh);

    Ok(Some(match workload {
        "W1" => {
            let network = relu(dense(&[784, 128, 10])?);
            let (x, t, mut optimizer) = (random(&[64, 784])?, classes(64)?, sgd()?);
            64.0 * steps(|| optimizer.backward_step(&loss::cross_entropy(&network(&x)?, &t)?))?
        }
        "W2" => {
            let network = relu(dense(&[784, 512, 256, 10])?);
            let adam = ParamsAdamW { lr: 1e-3, weight_decay: 0.0, ..Default::default() };
            let (x, t) = (random(&[128, 784])?, classes(128)?);
            let mut optimizer = AdamW::new(variables.all_vars(), adam)?;
            128.0 * steps(|| optimizer.backward_step(&loss::cross_entropy(&network(&x)?, &t)?))?
        }
        "W3" => {
            let network = tanh(dense(&[2, 8, 1])?);
            let (x, t, mut optimizer) = (random(&[4, 2])?, random(&[4, 1])?, sgd()?);
            steps(|| optimizer.backward_step(&loss::mse(&candle_nn::ops::sigmoid(&network(&x)?)?, &t)?))?
        }
        "W4a" => inference(relu(dense(&[784, 128, 10])?), random(&[1, 784])?)?,
        "W4b" => inference(relu(dense(&[4, 16, 16, 3])?), random(&[1, 4])?)?,
        "W4c" => inference(tanh(dense(&[2, 8, 1])?), random(&[1, 2])?)?,
        "W5" => 256.0 * inference(relu(dense(&[784, 128, 10])?), random(&[256, 784])?)?,
        "W6" => {
            let network = le_net(&builder)?;
            let (x, t, mut optimizer) = (random(&[64, 1, 28, 28])?, classes(64)?, sgd()?);
            64.0 * steps(|| optimizer.backward_step(&loss::cross_entropy(&network(&x)?, &t)?))?
        }
        "W6i" => inference(le_net(&builder)?, random(&[1, 1, 28, 28])?)?,
        _ => return Ok(None),
    }))
}

/// Layers with an activation between them.
fn forward(layers: &[Linear], x: &Tensor, activation: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let mut x = x.clone();
    for (at, layer) in layers.iter().enumerate() {
        x = layer.forward(&x)?;
        if at + 1 < layers.len() {
            x = activation(&x)?;
        }
    }
    Ok(x)
}

fn le_net(builder: &VarBuilder) -> Result<impl Fn(&Tensor) -> Result<Tensor> + use<>> {
    let conv = |channels, filters, name| conv2d(channels, filters, 5, Default::default(), builder.pp(name));
    let (one, two): (Conv2d, Conv2d) = (conv(1, 6, "one")?, conv(6, 16, "two")?);
    let sizes = [(256, 120), (120, 84), (84, 10)];
    let dense = sizes.iter().map(|&(i, o)| linear(i, o, builder.pp(format!("{i}")))).collect::<Result<Vec<_>>>()?;
    Ok(move |x: &Tensor| {
        let x = one.forward(x)?.relu()?.max_pool2d(2)?;
        let x = two.forward(&x)?.relu()?.max_pool2d(2)?;
        forward(&dense, &x.flatten_from(1)?, Tensor::relu)
    })
}

fn steps(mut step: impl FnMut() -> Result<()>) -> Result<f64> {
    step()?;
    Ok(calls_per_second(|| drop(black_box(step()))))
}

fn inference(network: impl Fn(&Tensor) -> Result<Tensor>, x: Tensor) -> Result<f64> {
    network(&x)?;
    Ok(calls_per_second(|| drop(black_box(network(black_box(&x))))))
}
