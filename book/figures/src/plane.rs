//! A function of two inputs, drawn as colours.

use std::path::Path;

use plotters::prelude::*;

use crate::{BLUE, ORANGE, Outcome};

/// Cells along each side.
const CELLS: i32 = 32;

/// A function over a square of the plane: blue where it is 0, orange where it is 1, white at one half.
#[derive(Debug)]
pub struct Plane<'a> {
    title: &'a str,
    start: f64,
    end: f64,
    points: Vec<([f64; 2], bool)>,
    lines: Vec<Vec<[f64; 2]>>,
}

impl<'a> Plane<'a> {
    /// The square from `start` to `end` on both axes.
    #[must_use]
    pub fn new(title: &'a str, start: f64, end: f64) -> Self {
        Self { title, start, end, points: Vec::new(), lines: Vec::new() }
    }

    /// Mark points: orange ones belong to class 1, blue ones to class 0.
    #[must_use]
    pub fn points(mut self, points: impl IntoIterator<Item = ([f64; 2], bool)>) -> Self {
        self.points.extend(points);
        self
    }

    /// Connect points with a black line.
    #[must_use]
    pub fn line(mut self, points: impl IntoIterator<Item = [f64; 2]>) -> Self {
        self.lines.push(points.into_iter().collect());
        self
    }

    /// Draw `function` and what was added.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn draw(&self, file: &Path, function: impl Fn([f64; 2]) -> f64) -> Outcome {
        let picture = SVGBackend::new(file, (480, 480)).into_drawing_area();
        picture.fill(&WHITE)?;
        let range = || self.start..self.end;
        let mut chart = ChartBuilder::on(&picture)
            .caption(self.title, ("sans-serif", 18))
            .margin(14)
            .x_label_area_size(40)
            .y_label_area_size(46)
            .build_cartesian_2d(range(), range())?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc("x₀")
            .y_desc("x₁")
            .axis_desc_style(("sans-serif", 15))
            .label_style(("sans-serif", 13))
            .x_labels(5)
            .y_labels(5)
            .draw()?;
        let width = (self.end - self.start) / f64::from(CELLS);
        let at = |index: i32| self.start + f64::from(index) * width;
        let cells = (0..CELLS * CELLS).map(|cell| {
            let (column, row) = (cell % CELLS, cell / CELLS);
            let value = function([at(column) + 0.5 * width, at(row) + 0.5 * width]);
            Rectangle::new([(at(column), at(row)), (at(column + 1), at(row + 1))], shade(value).filled())
        });
        chart.draw_series(cells)?;
        for line in &self.lines {
            chart.draw_series(LineSeries::new(line.iter().map(|&[x, y]| (x, y)), BLACK.stroke_width(2)))?;
        }
        for &([x, y], class) in &self.points {
            let colour = if class { ORANGE } else { BLUE };
            chart.draw_series([
                Circle::new((x, y), 6, colour.filled()),
                Circle::new((x, y), 6, BLACK.stroke_width(1)),
            ])?;
        }
        picture.present()?;
        Ok(())
    }
}

/// From blue over white to orange.
fn shade(value: f64) -> RGBColor {
    let value = value.clamp(0.0, 1.0);
    let (colour, strength) = if value < 0.5 { (BLUE, 1.0 - 2.0 * value) } else { (ORANGE, 2.0 * value - 1.0) };
    // Not the full colour, so that points of the same class are visible.
    let mix = |part: u8| (255.0 - (255.0 - f64::from(part)) * 0.7 * strength).round() as u8;
    RGBColor(mix(colour.0), mix(colour.1), mix(colour.2))
}
