//! The workloads W1 to W13 on one thread and on two, and the fraction of the processor's peak that they reach.
//!
//! The environment variable `INSTRUCTIONS=avx2` masks AVX-512. `cargo bench --bench workloads -- W1 W4` runs those whose names start with these: W1, W4a, W4b and W4c.

#[path = "support/measure.rs"]
mod measure;
#[path = "support/workloads.rs"]
mod workloads;

use workloads::WORKLOADS;

fn main() {
    measure::select_instructions();
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    println!("{}, multiply-add peak of a core: {:.0} GFLOP/s", measure::processor(), measure::peak());
    println!("{:<4} {:<38} {:>7} {:>24} {:>6}", "", "", "threads", "median", "peak");
    for workload in WORKLOADS {
        if !only.is_empty() && !only.iter().any(|only| workload.is(only)) {
            continue;
        }
        for threads in if workload.parallel { 1..=2 } else { 1..=1 } {
            // Clock rates change, so measure the peak each time.
            let peak = measure::peak() * threads as f64;
            let rate = (workload.run)(threads);
            let figure = match workload.unit {
                "calls/s" => format!("{:.1} ns", 1e9 / rate),
                unit => format!("{rate:.0} {unit}"),
            };
            let share = 100.0 * rate * workload.flop / 1e9 / peak;
            println!("{:<4} {:<38} {threads:>7} {figure:>24} {share:>5.0}%", workload.name, workload.what);
        }
    }
}
