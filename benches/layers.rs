//! Single layers: the time per sample of a forward pass and of a training step, in batches of 32 on one thread, and the fraction
//! of the multiply-add peak for layers that multiply and add.

#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;

use fnn::layers::{zeroed, zeroed_box};
use fnn::{Layer, Network, layers::Sample, losses::MeanSquaredError, train::GradientBuffers};

/// Declare a network for each layer, and list the functions that measure them.
macro_rules! layers {
    ($($name:ident: $input:tt, $kind:ident $(($($argument:tt)*))?;)*) => {
        $(fnn::network! { struct $name: $input { layer: $kind $(($($argument)*))? } })*

        const LAYERS: &[(&str, fn(f64) -> String)] =
            &[$((concat!(stringify!($kind $(($($argument)*))?), " of ", stringify!($input)), row::<$name>),)*];
    };
}

layers! {
    Conv1: [1, 28, 28], Conv2d(6, kernel = 5);
    Conv2: [6, 12, 12], Conv2d(16, kernel = 5);
    Same: [16, 16, 16], Conv2d(16, kernel = 3, padding = same);
    Strided: [16, 16, 16], Conv2d(16, kernel = 3, padding = 1, stride = 2);
    Pointwise: [32, 16, 16], Conv2d(64, kernel = 1);
    Depthwise: [32, 16, 16], DepthwiseConv2d(kernel = 3, padding = same);
    // Narrow planes, few channels.
    DepthwiseNarrow: [64, 25, 5], DepthwiseConv2d(kernel = 3, padding = same);
    DepthwiseWide: [8, 48, 48], DepthwiseConv2d(kernel = 3, padding = same);
    DepthwiseStrided: [32, 16, 16], DepthwiseConv2d(kernel = 3, padding = 1, stride = 2);
    PointwiseNarrow: [64, 25, 5], Conv2d(64, kernel = 1);
    PointwiseFew: [8, 48, 48], Conv2d(16, kernel = 1);
    SameFew: [16, 32, 32], Conv2d(16, kernel = 3, padding = same);
    SameMany: [64, 8, 8], Conv2d(64, kernel = 3, padding = same);
    BatchNarrow: [64, 25, 5], BatchNorm;
    Sequence: [16, 64], Conv1d(16, kernel = 5, padding = same);
    Maximum: [16, 16, 16], MaxPool2d(2);
    Average: [16, 16, 16], AvgPool2d(2);
    Batch: [16, 16, 16], BatchNorm;
    Norm: [256], LayerNorm;
    Probabilities: [256], Softmax;
}

/// A layer's times and the fraction of `peak`, in GFLOP/s.
fn row<N: Layer<Scalar = f32, Input: Sample<Element = f32>, Output: Sample<Element = f32>>>(peak: f64) -> String {
    const BATCH: usize = 32;
    let (network, mut gradient) = (N::boxed(1), N::zeroed_box());
    let mut inputs = vec![zeroed::<N::Input>(); BATCH];
    N::Input::flat_mut(&mut inputs).iter_mut().enumerate().for_each(|(index, x)| *x = (index % 13) as f32 * 0.1 - 0.6);
    let (mut outputs, mut input_gradients) = (vec![zeroed::<N::Output>(); BATCH], inputs.clone());
    let targets = outputs.clone();
    let mut workspace = zeroed_box::<N::Workspace<BATCH>>();
    let mut memory = GradientBuffers::<N, BATCH>::boxed();

    let seconds = |rate: f64| 1.0 / rate / BATCH as f64;
    let forward = seconds(measure::calls_per_second(|| {
        black_box(&*network).forward_into::<BATCH>(black_box(&inputs), &mut outputs, &mut workspace);
    }));
    let step = seconds(measure::calls_per_second(|| {
        let targets = black_box(&targets);
        memory.gradients(&*network, &MeanSquaredError, &inputs, targets, &mut gradient, &mut input_gradients);
    }));
    let share = |seconds: f64, passes: usize| match N::PARAMETERS {
        0 => "–".into(),
        _ => format!("{:.0} %", 100.0 * 2.0 * passes as f64 * N::MACS as f64 / seconds / 1e9 / peak),
    };
    let (forward_share, step_share) = (share(forward, 1), share(step, 3));
    format!("{:.2} | {forward_share} | {:.2} | {step_share}", 1e6 * forward, 1e6 * step)
}

fn main() {
    measure::select_instructions();
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    println!("| layer | forward, µs | of peak | step, µs | of peak |");
    println!("|---|---|---|---|---|");
    for (name, row) in LAYERS {
        if only.is_empty() || only.iter().any(|only| name.contains(only.as_str())) {
            println!("| {name} | {} |", row(measure::peak()));
        }
    }
}
