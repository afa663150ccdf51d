//! A model of the cost of a step on several ranks, beside what `costs` has measured: prints both, and draws `model.svg` next
//! to the measurements.

#[path = "../../src/plot/chart.rs"]
mod chart;

use std::env::args;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use chart::Chart;

/// What a network's costs depend on.
struct Network {
    name: &'static str,
    /// Multiply-accumulates of a sample in the first phase: forward, and the gradients of inputs.
    first: f64,
    /// Those in the second phase: the gradients of weights. Those of convolutions belong to the first.
    second: f64,
    weights: f64,
    /// Weights whose gradients are accumulated.
    accumulated: f64,
    /// Numbers of a sample that ranks exchange.
    factors: f64,
    /// Samples of a chunk.
    chunk: f64,
}

impl Network {
    /// Dense layers of these widths. The last, small one accumulates if it has up to 1,024 weights, which none has here.
    fn dense(name: &'static str, widths: &[f64]) -> Self {
        let pairs = || widths.windows(2).map(|pair| (pair[0], pair[1]));
        let macs: f64 = pairs().map(|(inputs, outputs)| inputs * outputs).sum();
        let weights = macs + widths[1..].iter().sum::<f64>();
        let (inputs, chunk) = (widths[0] * widths[1], if weights > 131_072.0 { 64.0 } else { 32.0 });
        let factors = pairs().map(|(inputs, outputs)| inputs + outputs).sum();
        Self { name, first: 2.0 * macs - inputs, second: macs, weights, accumulated: 0.0, factors, chunk }
    }

    /// LeNet of the measurements: its last layer and its convolutions accumulate.
    fn lenet() -> Self {
        let (conv1, conv2) = (6.0 * 25.0 * 576.0, 16.0 * 150.0 * 64.0);
        let (fc1, fc2, last) = (256.0 * 120.0, 120.0 * 84.0, 84.0 * 10.0);
        let second = fc1 + fc2;
        let first = 2.0 * conv1 + 3.0 * (conv2 + last) + 2.0 * second;
        let accumulated = 6.0 * 26.0 + 16.0 * 151.0 + 85.0 * 10.0;
        let weights = accumulated + second + 204.0;
        let factors = 256.0 + 120.0 + 120.0 + 84.0;
        Self { name: "LeNet", first, second, weights, accumulated, factors, chunk: 32.0 }
    }
}

/// What computes, and what connects.
struct Machine {
    name: &'static str,
    /// Multiply-accumulates a second of one rank.
    speed: f64,
    /// How many ranks compute at the same time.
    processors: f64,
    /// Seconds of a message, for each doubling of the ranks.
    latency: f64,
    /// Bytes a second that a rank receives.
    bandwidth: f64,
}

impl Machine {
    /// The seconds of a step.
    fn step(&self, network: &Network, batch: f64, ranks: f64) -> f64 {
        let chunks = (batch / network.chunk).ceil();
        let waiting = (ranks / self.processors).max(1.0);
        // The rank with most of the chunks, of which at most eight are computed at the same time.
        let sums = chunks.min(8.0);
        let share = (sums / ranks.min(sums)).ceil() / sums;
        let compute = batch * (network.first * share + network.second / ranks) / self.speed * waiting;
        if ranks < 2.0 {
            return compute;
        }
        let rounds = (chunks / 8.0).ceil();
        // Samples in each round, whether all is finite, weights, and sums if there are any.
        let messages = rounds + 2.0 + if network.accumulated > 0.0 { 1.0 } else { 0.0 };
        let others = (ranks - 1.0) / ranks;
        let sums = if network.accumulated > 0.0 { sums * network.accumulated / ranks } else { 0.0 };
        let bytes = 4.0 * (batch * network.factors + network.weights + sums) * others;
        compute + messages * self.latency * ranks.log2() + bytes / self.bandwidth
    }
}

/// A row of the measurements.
struct Row {
    network: String,
    size: f64,
    ranks: f64,
    seconds: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(args().nth(1).unwrap_or_else(|| "out/measured.tsv".into()));
    let rows = read(&path)?;
    let networks = [
        Network::dense("784-128-10", &[784.0, 128.0, 10.0]),
        Network::dense("784-512-512-10", &[784.0, 512.0, 512.0, 10.0]),
        Network::dense("1024-2048-1024-10", &[1024.0, 2048.0, 1024.0, 10.0]),
        Network::lenet(),
    ];
    let measured = |name: &str, size: f64, ranks: f64| {
        let found = rows.iter().find(|row| row.network == name && row.size == size && row.ranks == ranks);
        found.map(|row| row.seconds)
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    compare(&networks, &measured);
    extrapolate(&networks, &folder.join("model.svg"))
}

fn read(path: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let row = |(line, text): (usize, &str)| {
        let cells: Vec<_> = text.split('\t').collect();
        let number = |index: usize| cells.get(index).and_then(|cell| cell.parse().ok());
        let row = || Some(Row { network: cells[0].into(), size: number(1)?, ranks: number(2)?, seconds: number(3)? });
        row().ok_or_else(|| format!("{}: line {}: expected a name and three numbers", path.display(), line + 1))
    };
    Ok(text.lines().enumerate().skip(1).map(row).collect::<Result<_, _>>()?)
}

/// The measurements of this computer, and the model with its speed, latency and bandwidth.
fn compare(networks: &[Network], measured: &impl Fn(&str, f64, f64) -> Option<f64>) {
    let processors = 2.0;
    println!("| network | mini-batch | ranks | measured, ms | model, ms |\n|---|---|---|---|---|");
    for network in networks {
        for batch in [256.0, 2048.0] {
            let Some(alone) = measured(network.name, batch, 1.0) else { continue };
            let speed = batch * (network.first + network.second) / alone;
            for ranks in [1.0, 2.0, 4.0, 8.0] {
                let Some(seconds) = measured(network.name, batch, ranks) else { continue };
                let latency = measured("gather", ranks, ranks).unwrap_or_default() / f64::max(ranks.log2(), 1.0);
                let bandwidth = 8e6 / measured("gather", 8e6, ranks).unwrap_or(1.0);
                let machine = Machine { name: "here", speed, processors, latency, bandwidth };
                let model = machine.step(network, batch, ranks);
                println!("| {} | {batch} | {ranks} | {:.2} | {:.2} |", network.name, 1e3 * seconds, 1e3 * model);
            }
        }
    }
}

/// What to expect of computers with a network between them.
fn extrapolate(networks: &[Network], picture: &Path) -> Result<(), Box<dyn Error>> {
    // A processor with 32 cores as one rank.
    let speed = 5e11;
    let machine = |name, latency, bandwidth| Machine { name, speed, processors: f64::INFINITY, latency, bandwidth };
    let connections = [machine("10 Gbit/s", 20e-6, 1.2e9), machine("100 Gbit/s", 2e-6, 12e9)];
    let pays = |machine: &Machine, network: &Network, ranks: f64| {
        let batches = (5..=20).map(|power| f64::from(1 << power));
        let faster = |batch: &f64| machine.step(network, *batch, ranks) < machine.step(network, *batch, 1.0);
        batches.into_iter().find(faster).map_or("never".into(), |batch| batch.to_string())
    };
    println!("\n| network | connection | a second pays from | best number for 8192, and how much faster |");
    println!("|---|---|---|---|");
    let mut chart =
        Chart::new("Mini-batches of 8192: how much faster", "computers, as a power of two", "times").logarithmic();
    let wide = Network::dense("8192 wide", &[8192.0, 8192.0, 8192.0, 10.0]);
    for network in networks.iter().chain([&wide]) {
        for machine in &connections {
            let faster = |ranks: f64| machine.step(network, 8192.0, 1.0) / machine.step(network, 8192.0, ranks);
            let counts = || (0..=10).map(|power| f64::from(1 << power));
            let (best, times) = counts()
                .map(|ranks| (ranks, faster(ranks)))
                .fold((1.0, 1.0), |one, other| if other.1 > one.1 { other } else { one });
            println!("| {} | {} | {} | {best}: {times:.1} |", network.name, machine.name, pays(machine, network, 2.0));
            if machine.name == "100 Gbit/s" {
                chart = chart.line(network.name, counts().map(|ranks| (ranks.log2(), faster(ranks))));
            }
        }
    }
    fs::write(picture, chart.svg()?)?;
    Ok(())
}
