//! Medians of time windows, and the processor's peak.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The number of windows in a median, and their minimum length.
pub(crate) const WINDOWS: usize = 9;
const WINDOW: Duration = Duration::from_millis(20);

/// The median, or the upper median of an even number of figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Calls per second: the median of [`WINDOWS`] windows, after one for warming up.
#[allow(dead_code, reason = "not every benchmark calls")]
pub(crate) fn calls_per_second(mut call: impl FnMut()) -> f64 {
    let mut calls = 1u32;
    loop {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        if start.elapsed() >= WINDOW {
            break;
        }
        calls *= 2;
    }
    let window = || {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        f64::from(calls) / start.elapsed().as_secs_f64()
    };
    median(std::iter::repeat_with(window).take(WINDOWS).collect())
}

/// GFLOP/s of a loop that only multiplies and adds in registers: a core's peak.
#[cfg(target_arch = "x86_64")]
macro_rules! peak {
    ($name:ident, $features:literal, $lanes:literal, $splat:ident, $mul_add:ident) => {
        #[target_feature(enable = $features)]
        fn $name() -> f64 {
            use std::arch::x86_64::{$mul_add, $splat};
            const STEPS: usize = 20_000;
            let (factor, summand) = ($splat(black_box(0.999)), $splat(black_box(0.001)));
            let mut windows = [f64::MAX; 60];
            for window in &mut windows {
                let mut sums = [$splat(black_box(1.0)); 12];
                let start = Instant::now();
                for _ in 0..STEPS {
                    for sum in &mut sums {
                        *sum = $mul_add(*sum, factor, summand);
                    }
                }
                black_box(sums);
                *window = start.elapsed().as_secs_f64();
            }
            let best = windows.into_iter().fold(f64::MAX, f64::min);
            (STEPS * 12 * 2 * $lanes) as f64 / best / 1e9
        }
    };
}
#[cfg(target_arch = "x86_64")]
peak!(peak_512, "avx512f", 16, _mm512_set1_ps, _mm512_fmadd_ps);
#[cfg(target_arch = "x86_64")]
peak!(peak_256, "avx2,fma", 8, _mm256_set1_ps, _mm256_fmadd_ps);

/// Runs with the instruction set that `INSTRUCTIONS` names, `avx2` or `portable`, to measure what other processors have.
pub(crate) fn select_instructions() {
    use fnn::simd::InstructionSet;
    match std::env::var("INSTRUCTIONS").as_deref() {
        Ok("avx2") => _ = InstructionSet::Avx2.select(),
        Ok("portable") => _ = InstructionSet::Portable.select(),
        _ => {}
    }
}

/// GFLOP/s of one core, or NaN where there is no such loop for the processor.
pub(crate) fn peak() -> f64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: the processor has the instruction set.
        unsafe {
            if fnn::simd::InstructionSet::current() == fnn::simd::InstructionSet::Avx512 {
                return peak_512();
            }
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                return peak_256();
            }
        }
    }
    f64::NAN
}

/// The processor's name, from the operating system.
#[allow(dead_code, reason = "not every benchmark names it")]
pub(crate) fn processor() -> String {
    let system = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = system.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.into(), |(_, name)| name.into())
}
