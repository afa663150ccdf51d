//! Measures a layer: the time that a tenth of the passes over a batch of 64 samples stay below, forward and backward. Time is the
//! processor's: what the thread was given, so that other processes disturb less. The shortest pass may be the clock's error: it
//! printed 0 µs.

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;

use fnn::layers::{zeroed, zeroed_box};
use fnn::{
    Layer, Network,
    layers::Sample,
    train::GradientBuffers,
};

const BATCH: usize = 64;
/// How long a pass is repeated, and how often at least.
const TIME: Duration = Duration::from_millis(100);
const PASSES: usize = 12;

/// The layers named on the command line; all if there are none.
#[must_use]
pub fn only() -> Vec<usize> {
    std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect()
}

/// Prints the layer's number and its two times in µs.
#[inline(never)]
pub fn measure<N>(number: usize, only: &[usize])
where
    N: Layer<Scalar = f32, Input: Sample<Element = f32>, Output: Sample<Element = f32>>,
{
    if !only.is_empty() && !only.contains(&number) {
        return;
    }
    let (network, mut gradient) = (N::boxed(1), N::zeroed_box());
    let mut inputs = vec![zeroed::<N::Input>(); BATCH];
    let values = |index: usize| (index * 2_654_435_761 % 1_000) as f32 * 0.002 - 1.0;
    N::Input::flat_mut(&mut inputs).iter_mut().enumerate().for_each(|(index, x)| *x = values(index));
    let (mut outputs, mut input_gradients) = (vec![zeroed::<N::Output>(); BATCH], inputs.clone());
    let mut output_gradients = outputs.clone();
    N::Output::flat_mut(&mut output_gradients).iter_mut().enumerate().for_each(|(index, g)| *g = values(index + 1));
    let mut workspace = zeroed_box::<N::Workspace<BATCH>>();
    let mut buffers = GradientBuffers::<N, BATCH>::boxed();

    let forward = tenth(|| {
        let start = ThreadTime::now();
        black_box(&*network).forward_into::<BATCH>(black_box(&inputs), &mut outputs, &mut workspace);
        black_box(&outputs);
        start.elapsed()
    });
    let backward = tenth(|| {
        let mut pass = buffers.forward(black_box(&*network), black_box(&inputs));
        pass.output_gradients().copy_from_slice(black_box(&output_gradients));
        let start = ThreadTime::now();
        pass.backward_in_place(&mut gradient, Some(&mut input_gradients));
        black_box((&gradient, &input_gradients));
        start.elapsed()
    });
    println!("{number} {:.3} {:.3}", 1e6 * forward.as_secs_f64(), 1e6 * backward.as_secs_f64());
}

/// The first decile of a pass's times.
fn tenth(mut pass: impl FnMut() -> Duration) -> Duration {
    let start = ThreadTime::now();
    let mut times = Vec::new();
    while start.elapsed() < TIME || times.len() < PASSES {
        times.push(pass());
    }
    times.sort_unstable();
    times[times.len() / 10]
}
