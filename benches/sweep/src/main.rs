//! A sweep over drawn layers: `draw` writes them and the programs that measure them, `report` compares the results.
//!
//! `benches/sweep/run.sh` does everything. Shapes are types, so each seed needs programs of its own.

#[path = "../../../src/plot/chart.rs"]
mod chart;
mod draw;
mod layer;
mod programs;
mod report;

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["draw", seed, count, folder] => {
            let layers = draw::layers(seed.parse()?, count.parse()?);
            programs::write(&layers, Path::new(folder))
        }
        ["report", seed, count, folder] => {
            let layers = draw::layers(seed.parse()?, count.parse()?);
            report::report(&layers, Path::new(folder))
        }
        _ => Err("sweep draw SEED COUNT FOLDER, or sweep report SEED COUNT FOLDER".into()),
    }
}
