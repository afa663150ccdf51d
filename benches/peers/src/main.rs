//! Compares fnn with other frameworks, in one table.
//!
//! Each framework runs in its own process, once per number of threads, and prints a line per workload: its name, and units per
//! second. Python frameworks do the same if they are installed; `PYTHON` sets the interpreter. So does RTNeural, if `RTNEURAL`
//! names the folder of its source.
//!
//! `INSTRUCTIONS=avx2` masks AVX-512. `RESUME=folder` keeps what each process prints, so that a run which was interrupted goes on.

#[path = "../../support/measure.rs"]
mod measure;
#[path = "../../support/workloads.rs"]
mod workloads;

#[cfg(feature = "burn")]
mod burn;
#[cfg(feature = "candle")]
mod candle;
#[cfg(feature = "dfdx")]
mod dfdx;
mod kernels;

use std::collections::BTreeMap;
use std::process::Command;

use workloads::{WORKLOADS, Workload};

/// Measure one workload: units per second, or `None` if the framework doesn't support it.
type Measure = fn(&str) -> Option<f64>;

const FRAMEWORKS: &[(&str, Measure)] = &[
    ("fnn", fnn),
    #[cfg(feature = "burn")]
    ("burn", burn::measure),
    #[cfg(feature = "candle")]
    ("candle", candle::measure),
    #[cfg(feature = "dfdx")]
    ("dfdx", dfdx::measure),
];

const SCRIPTS: [(&str, &str); 3] = [("torch", "PyTorch"), ("jax", "JAX"), ("onnxruntime", "ONNX Runtime")];

/// With `INSTRUCTIONS=avx2`, those frameworks that can do without AVX-512 do, too.
const AVX2: [(&str, &str); 3] =
    [("ATEN_CPU_CAPABILITY", "avx2"), ("ONEDNN_MAX_CPU_ISA", "AVX2"), ("XLA_FLAGS", "--xla_cpu_max_isa=AVX2")];

/// Those that can't, where AVX-512 is masked. JAX's matrix products aren't masked with its other code: they are faster than AVX2
/// allows.
const UNMASKED: [&str; 7] = ["burn", "burn, raised", "candle", "candle, raised", "JAX", "ONNX Runtime", "RTNeural"];

/// With the defaults, the allocations of each step are returned to the system and requested again.
const MALLOC: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "1073741824"), ("MALLOC_TRIM_THRESHOLD_", "4294967296")];

fn main() {
    measure::select_instructions();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["measure", framework, ref only @ ..] => measure_all(framework, only),
        ["kernels"] => kernels::table(),
        ref only => compare(only),
    }
}

fn threads() -> usize {
    std::env::var("RAYON_NUM_THREADS").ok().and_then(|threads| threads.parse().ok()).unwrap_or(1)
}

fn fnn(name: &str) -> Option<f64> {
    let workload = WORKLOADS.iter().find(|workload| workload.name == name)?;
    Some((workload.run)(threads()))
}

/// Whether AVX-512 is masked.
fn is_masked() -> bool {
    std::env::var("INSTRUCTIONS").is_ok_and(|set| set == "avx2")
}

fn is_chosen(workload: &Workload, only: &[&str]) -> bool {
    only.is_empty() || only.iter().any(|only| workload.is(only))
}

/// The process of one framework.
fn measure_all(framework: &str, only: &[&str]) {
    let Some((_, measure)) = FRAMEWORKS.iter().find(|(name, _)| *name == framework) else { return };
    for workload in WORKLOADS.iter().filter(|workload| is_chosen(workload, only)) {
        if (threads() == 1 || workload.parallel)
            && let Some(rate) = measure(workload.name)
        {
            println!("{} {rate}", workload.name);
        }
    }
}

/// Units per second, by workload.
type Rates = BTreeMap<String, f64>;

/// Set the number of threads of a process.
fn on_threads(command: &mut Command, threads: usize) -> &mut Command {
    let variables = ["RAYON_NUM_THREADS", "MATMUL_NUM_THREADS", "OMP_NUM_THREADS"];
    command.envs(variables.map(|variable| (variable, threads.to_string())))
}

/// Run a process that measures, and read its lines. `None` if it doesn't exist or prints nothing.
fn rates(command: &mut Command, threads: usize) -> Option<Rates> {
    let lines = lines(command, threads)?;
    let rates: Rates = lines
        .lines()
        .filter_map(|line| {
            let (workload, rate) = line.split_once(' ')?;
            Some((workload.to_string(), rate.trim().parse().ok()?))
        })
        .collect();
    (!rates.is_empty()).then_some(rates)
}

/// What a process prints. If `RESUME` names a folder, lines are kept there, and a later run doesn't start the process again.
fn lines(command: &mut Command, threads: usize) -> Option<String> {
    let kept = std::env::var("RESUME").ok().map(|folder| {
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let variables: Vec<_> = command.get_envs().filter_map(|(_, value)| Some(value?.to_string_lossy().into_owned())).collect();
        let set = std::env::var("INSTRUCTIONS").unwrap_or_default();
        let name = format!("{} {} {threads} {set}", arguments.join(" "), variables.join(" "));
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let tail = name.len().saturating_sub(200);
        std::path::Path::new(&folder).join(&name[tail..])
    });
    if let Some(lines) = kept.as_ref().and_then(|kept| std::fs::read_to_string(kept).ok()) {
        return Some(lines);
    }
    let output = on_threads(command, threads).output().ok()?;
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    if let (Some(kept), false) = (kept, lines.is_empty()) {
        let _ = kept.parent().map(std::fs::create_dir_all);
        let _ = std::fs::write(kept, &lines);
    }
    Some(lines)
}

/// Print the table: fnn, and each framework with fnn's speedup over it.
fn compare(only: &[&str]) {
    let Ok(program) = std::env::current_exe() else { return };
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/python");
    println!("{}, peak of {:.0} GFLOP/s per core\n", measure::processor(), measure::peak());
    versions();

    for threads in [1, 2] {
        let mut columns: Vec<(String, Rates)> = Vec::new();
        let mut missing = Vec::new();
        for (framework, _) in FRAMEWORKS {
            for raised in [false, true] {
                if raised && *framework == "fnn" {
                    continue;
                }
                eprintln!("{framework}, {threads} threads{}", if raised { ", raised" } else { "" });
                let mut command = Command::new(&program);
                command.arg("measure").arg(framework).args(only);
                if raised {
                    command.envs(MALLOC);
                }
                let name = if raised { format!("{framework}, raised") } else { (*framework).to_string() };
                match rates(&mut command, threads) {
                    Some(rates) => columns.push((name, rates)),
                    None => missing.push(name),
                }
            }
        }
        for (script, name) in SCRIPTS {
            eprintln!("{name}, {threads} threads");
            let mut command = Command::new(std::env::var("PYTHON").unwrap_or("python3".into()));
            command.arg(format!("{scripts}/{script}_workloads.py")).args(only);
            if is_masked() {
                command.envs(AVX2);
            }
            match rates(&mut command, threads) {
                Some(rates) => columns.push((name.into(), rates)),
                None => missing.push(name.to_string()),
            }
        }
        if threads == 1 {
            // Its source, in the folder `RTNEURAL`, is built first.
            let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/rtneural/run.sh"));
            match rates(&mut command, threads) {
                Some(rates) => columns.push(("RTNeural".into(), rates)),
                None => missing.push("RTNeural".into()),
            }
        }
        print(threads, &columns, only);
        if !missing.is_empty() {
            println!("\nDidn't run: {}.", missing.join("; "));
        }
        println!();
    }
    // In its own process, because some libraries read the number of threads only once.
    let _ = on_threads(Command::new(&program).arg("kernels"), 1).status();
}

fn print(threads: usize, columns: &[(String, Rates)], only: &[&str]) {
    let peak = measure::peak() * threads as f64;
    println!("{threads} thread{}; × is the speedup of fnn:\n", if threads > 1 { "s" } else { "" });
    if is_masked() {
        println!("fnn without AVX-512. With it, as they can't be told: {}.\n", UNMASKED.join("; "));
    }
    let others = || columns.iter().skip(1);
    let names: Vec<&str> = others().map(|(name, _)| name.as_str()).collect();
    println!("| | fnn | of peak | {} |", names.join(" | "));
    println!("|---|---|---|{}", "---|".repeat(names.len()));
    for workload in WORKLOADS.iter().filter(|workload| is_chosen(workload, only)) {
        let Some(own) = columns.first().and_then(|(_, rates)| rates.get(workload.name)) else { continue };
        let figure = |rate: f64| match workload.unit {
            "calls/s" if rate > 1e6 => format!("{:.1} ns", 1e9 / rate),
            "calls/s" => format!("{:.1} µs", 1e6 / rate),
            _ if rate < 1e6 => format!("{:.1} k", rate / 1e3),
            _ => format!("{:.2} M", rate / 1e6),
        };
        let share = 100.0 * own * workload.flop / 1e9 / peak;
        print!("| {}: {} ({}) | {} | {share:.0} % |", workload.name, workload.what, unit(workload), figure(*own));
        for (_, rates) in others() {
            match rates.get(workload.name) {
                Some(rate) => print!(" {}, {:.2} × |", figure(*rate), own / rate),
                None => print!(" – |"),
            }
        }
        println!();
    }
}

/// The unit of a workload's figures.
fn unit(workload: &Workload) -> &'static str {
    if workload.unit == "calls/s" { "time of a call" } else { workload.unit }
}

/// The versions in this crate's lock file.
fn versions() {
    let lock = include_str!("../Cargo.lock");
    let mut found = Vec::new();
    for name in ["fnn", "burn", "candle-core", "dfdx", "gemm", "matrixmultiply"] {
        // The last one is the newest: the one in the manifest, not a transitive dependency.
        let package = format!("name = \"{name}\"\nversion = \"");
        if let Some((_, rest)) = lock.rsplit_once(&package) {
            found.push(format!("{name} {}", rest.split('"').next().unwrap_or_default()));
        }
    }
    for (module, name) in SCRIPTS {
        let script = format!("import {module}; print({module}.__version__)");
        let output = Command::new(std::env::var("PYTHON").unwrap_or("python3".into())).args(["-c", &script]).output();
        if let Some(output) = output.ok().filter(|output| output.status.success()) {
            found.push(format!("{name} {}", String::from_utf8_lossy(&output.stdout).trim()));
        }
    }
    println!("{}\n", found.join(", "));
}
