//! What the book's programs draw with: a function over the plane, diagrams of circles and arrows, and pictures of pixels.
//!
//! Line charts are those of the examples, `src/plot/chart.rs`.

mod diagram;
mod pixels;
mod plane;

use std::env;
use std::error::Error;
use std::path::PathBuf;

use plotters::style::RGBColor;

pub use diagram::Diagram;
pub use pixels::pictures;
pub use plane::Plane;

/// What the programs return: any error ends them.
pub type Outcome = Result<(), Box<dyn Error>>;

/// Okabe and Ito's palette, which is safe for the colour-blind.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const ORANGE: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);

/// The file that a program draws into: its first argument, or `NAME.svg` in the current folder.
#[must_use]
pub fn figure(name: &str) -> PathBuf {
    env::args_os().nth(1).map_or_else(|| format!("{name}.svg").into(), PathBuf::from)
}
