//! GFLOP/s of the matrix kernels, and the fraction of the multiply-add peak measured in the same run: with a warm cache, and with weights
//! that come from memory.

#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;
use std::time::Instant;

use fnn::macro_support::kernels::{Start, input_gradient, matmul, weight_gradient};
use fnn::simd::{Operation, Simd, dispatch};

/// Seconds per call: the median and the minimum of many short windows.
fn time(mut call: impl FnMut()) -> (f64, f64) {
    call();
    let start = Instant::now();
    call();
    let calls = (2e-3 / start.elapsed().as_secs_f64().max(1e-9)).ceil() as u32;
    let mut windows: Vec<f64> = (0..60)
        .map(|_| {
            let start = Instant::now();
            (0..calls).for_each(|_| call());
            start.elapsed().as_secs_f64() / f64::from(calls)
        })
        .collect();
    windows.sort_by(f64::total_cmp);
    (windows[windows.len() / 2], windows[0])
}

/// Passes forward whose weights aren't in a cache: those of many layers in turn.
const FROM_MEMORY: &str = "from memory";

/// The numbers of their weights together: 128 MiB, more than a third-level cache has for one core.
const COLD: usize = 1 << 25;

struct Case<'a> {
    kernel: &'static str,
    size: (usize, usize, usize),
    x: &'a [f32],
    w: &'a mut [f32],
    y: &'a mut [f32],
    dx: &'a mut [f32],
    bias: &'a [f32],
}

impl Operation for Case<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let (_, k, n) = self.size;
        match self.kernel {
            "forward" | FROM_MEMORY => matmul(simd, (k, n), self.x, self.w, self.y, self.bias),
            "weight gradient" => weight_gradient(simd, (k, n), self.x, self.y, self.w, Start::Sum),
            _ => input_gradient(simd, (k, n), self.y, self.w, self.dx),
        }
    }
}

fn main() {
    measure::select_instructions();
    let only: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let peak = measure::peak();
    println!("multiply-add peak: {peak:.0} GFLOP/s");
    println!("{:<16} {:>16} {:>10} {:>10} {:>6}", "kernel", "m x k x n", "median", "best", "peak");
    let sizes = [
        (32, 784, 128),
        (64, 784, 128),
        (64, 784, 512),
        (128, 784, 512),
        (32, 128, 10),
        (32, 784, 512),
        (32, 512, 256),
        (32, 256, 10),
        (32, 400, 120),
        (32, 120, 84),
        (1, 784, 128),
        (1, 128, 10),
    ];
    let large = [(1, 4096, 128), (8, 4096, 128), (8, 1024, 1000), (16, 784, 512), (64, 784, 512)];
    for kernel in ["forward", FROM_MEMORY, "weight gradient", "input gradient"] {
        let (sizes, numbers): (&[_], _) = if kernel == FROM_MEMORY { (&large, COLD) } else { (&sizes, 0) };
        for &size @ (m, k, n) in sizes {
            let name = format!("{kernel} {m}x{k}x{n}");
            if !only.is_empty() && !only.iter().any(|o| name.contains(o.as_str())) {
                continue;
            }
            let x = vec![0.5f32; m * k];
            let mut layers = vec![vec![0.25f32; k * n]; (numbers / (k * n)).max(1)];
            let mut next = 0;
            let mut y = vec![1e-20f32; m * n];
            let mut dx = vec![0.0f32; m * k];
            let bias = vec![0.1f32; n];
            let (median, best) = time(|| {
                next = (next + 1) % layers.len();
                dispatch(Case {
                    kernel,
                    size: black_box(size),
                    x: black_box(&x),
                    w: black_box(&mut layers[next]),
                    y: black_box(&mut y),
                    dx: &mut dx,
                    bias: &bias,
                });
            });
            let flop = 2.0 * (m * k * n) as f64;
            println!(
                "{kernel:<16} {:>16} {:>7.1} GF {:>7.1} GF {:>5.0}% {:>8.0} ns",
                format!("{m}x{k}x{n}"),
                flop / median / 1e9,
                flop / best / 1e9,
                100.0 * flop / best / 1e9 / peak,
                best * 1e9
            );
        }
    }
}
