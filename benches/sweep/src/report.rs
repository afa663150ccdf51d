//! The report: a table of classes, the layers that lag most, and a picture.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use crate::chart::Chart;
use crate::layer::Layer;

/// The least that a layer's speed should be, as a share of the fastest peer's.
const BAR: f64 = 0.95;
/// How many of the slowest are named.
const NAMED: usize = 10;

/// A layer's times in µs: of fnn, and the shortest of the others.
struct Row<'a> {
    number: usize,
    layer: &'a Layer,
    passes: [Pass; 2],
}

#[derive(Clone, Copy)]
struct Pass {
    ours: f64,
    peer: f64,
}

impl Pass {
    fn ratio(self) -> f64 {
        self.peer / self.ours
    }
}

/// Prints the report of `fnn.txt` and `peers.txt` in `folder`, of one run or several of each, and writes `table.md` and
/// `sweep.svg` there.
pub(crate) fn report(layers: &[Layer], folder: &Path) -> Result<(), Box<dyn Error>> {
    let (ours, peers) = (times(&folder.join("fnn.txt"))?, times(&folder.join("peers.txt"))?);
    let rows: Vec<Row<'_>> = layers
        .iter()
        .enumerate()
        .filter_map(|(number, layer)| {
            let ours = ours.get(&number)?;
            let peers = peers.get(&number).map_or(&[][..], Vec::as_slice);
            let peer = |index: usize| peers.get(index).copied().unwrap_or(f64::INFINITY);
            let forward = Pass { ours: *ours.first()?, peer: peer(0).min(peer(2)) };
            let backward = Pass { ours: *ours.get(1)?, peer: peer(1) };
            Some(Row { number, layer, passes: [forward, backward] })
        })
        .collect();
    fs::write(folder.join("table.md"), table(rows.iter()))?;

    println!("| layers | number | forward, median | least | below {BAR} | backward, median | least | below {BAR} |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut classes: BTreeMap<&str, Vec<&Row<'_>>> = BTreeMap::new();
    for row in &rows {
        classes.entry(row.layer.class()).or_default().push(row);
    }
    classes.insert("zz", rows.iter().collect());
    for (class, rows) in classes {
        let parts = [0, 1].map(|pass| {
            let mut ratios: Vec<f64> = rows.iter().map(|row| row.passes[pass].ratio()).collect();
            ratios.sort_by(f64::total_cmp);
            let below = ratios.iter().filter(|ratio| **ratio < BAR).count();
            format!("{:.2} × | {:.2} × | {below}", ratios[ratios.len() / 2], ratios[0])
        });
        println!("| {} | {} | {} |", if class == "zz" { "all" } else { class }, rows.len(), parts.join(" | "));
    }
    for (pass, name) in ["forward", "backward"].into_iter().enumerate() {
        let mut slowest: Vec<&Row<'_>> = rows.iter().collect();
        slowest.sort_by(|one, other| one.passes[pass].ratio().total_cmp(&other.passes[pass].ratio()));
        println!("\nThe slowest, {name}:\n\n{}", table(slowest.into_iter().take(NAMED)));
    }

    let dots = |pass: usize| {
        rows.iter()
            .filter(move |row| row.passes[pass].ratio().is_finite())
            .map(move |row| ((row.layer.flop() as f64).log10(), row.passes[pass].ratio()))
            .collect::<Vec<_>>()
    };
    let ends = [2.0, 8.0].map(|x| (x, BAR));
    Chart::new(
        "Drawn layers, speed beside the fastest peer",
        "operations per sample, as a power of 10",
        "times as fast",
    )
    .logarithmic()
    .dots("forward", dots(0))
    .dots("backward", dots(1))
    .line(&format!("{BAR}"), ends)
    .write(&folder.join("sweep.svg").to_string_lossy())?;
    Ok(())
}

fn table<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> String {
    let head = "| number | layer | operations | forward, µs | GFLOP/s | peer | backward, µs | GFLOP/s | peer |\n|---|---|---|---|---|---|---|---|---|\n";
    rows.fold(head.into(), |text, Row { number, layer, passes: [forward, backward] }| {
        // A batch has 64 samples.
        let flop = 64.0 * layer.flop() as f64;
        text + &format!(
            "| {number} | `{}` of {:?} | {} | {:.1} | {:.1} | {:.2} × | {:.1} | {:.1} | {:.2} × |\n",
            layer.declaration(),
            layer.input,
            layer.flop(),
            forward.ours,
            flop / forward.ours / 1e3,
            forward.ratio(),
            backward.ours,
            2.0 * flop / backward.ours / 1e3,
            backward.ratio(),
        )
    })
}

/// The shortest times of each layer, over all runs in a file.
fn times(file: &Path) -> Result<BTreeMap<usize, Vec<f64>>, Box<dyn Error>> {
    let mut all: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for line in fs::read_to_string(file).unwrap_or_default().lines() {
        let mut words = line.split_whitespace();
        let Some(number) = words.next() else { continue };
        let times: Vec<f64> = words.map(|word| word.parse().unwrap_or(f64::INFINITY)).collect();
        let shortest = all.entry(number.parse()?).or_insert_with(|| times.clone());
        shortest.iter_mut().zip(times).for_each(|(shortest, time)| *shortest = shortest.min(time));
    }
    Ok(all)
}
