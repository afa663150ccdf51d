//! Line charts as SVG. The examples and the book include this file, so that it depends on nothing of the crate.
#![allow(dead_code, reason = "not every program uses everything")]

use std::cmp::Ordering;
use std::error::Error;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::coord::combinators::BindKeyPoints;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

/// Okabe and Ito's palette, which is safe for the colour-blind.
const COLOURS: [RGBColor; 5] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167), RGBColor(90, 90, 90)];

type Picture<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// A chart: its title, the labels of its axes, and its curves.
#[derive(Debug)]
pub(crate) struct Chart {
    title: String,
    axes: [String; 2],
    logarithmic: bool,
    curves: Vec<Curve>,
}

#[derive(Debug)]
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
    dots: bool,
}

impl Chart {
    pub(crate) fn new(title: &str, x: &str, y: &str) -> Self {
        Self { title: title.into(), axes: [x.into(), y.into()], logarithmic: false, curves: Vec::new() }
    }

    /// Use a logarithmic vertical axis.
    pub(crate) fn logarithmic(self) -> Self {
        Self { logarithmic: true, ..self }
    }

    /// Connect points with a line.
    pub(crate) fn line(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.curve(name, points, false)
    }

    /// Draw points as dots.
    pub(crate) fn dots(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.curve(name, points, true)
    }

    fn curve(mut self, name: &str, points: impl IntoIterator<Item = (f64, f64)>, dots: bool) -> Self {
        self.curves.push(Curve { name: name.into(), points: points.into_iter().collect(), dots });
        self
    }

    /// Draw the chart into a file. Returns the absolute path.
    pub(crate) fn write(&self, file: &str) -> Result<PathBuf, Box<dyn Error>> {
        fs::write(file, self.svg()?)?;
        Ok(Path::new(file).canonicalize()?)
    }

    /// The chart as SVG.
    pub(crate) fn svg(&self) -> Result<String, Box<dyn Error>> {
        let range = |values: &dyn Fn(&(f64, f64)) -> f64| {
            let values = || self.curves.iter().flat_map(|curve| &curve.points).map(values);
            // Axes can't be divided where differences overflow.
            let values = || values().filter(|value| value.abs() < 1e300);
            let (start, end) =
                values().fold((f64::MAX, f64::MIN), |(start, end), value| (value.min(start), value.max(end)));
            match start.partial_cmp(&end) {
                Some(Ordering::Less) => start..end,
                // A single value needs a margin.
                Some(Ordering::Equal) => start - 0.5 * start.abs()..end + 0.5 * end.abs() + 1e-9,
                _ => 0.0..1.0,
            }
        };
        let (x, y) = (range(&|point| point.0), range(&|point| point.1));
        let mut svg = String::new();
        let picture = SVGBackend::with_string(&mut svg, (760, 460)).into_drawing_area();
        if self.logarithmic && y.start > 0.0 {
            let (start, end) = (y.start * 0.8, y.end * 1.25);
            self.draw(&picture, x, (start..end).log_scale().with_key_points(one_two_five(start, end)))?;
        } else {
            let margin = 0.05 * (y.end - y.start);
            self.draw(&picture, x, y.start - margin..y.end + margin)?;
        }
        picture.present()?;
        drop(picture);
        Ok(svg)
    }

    fn draw<Y>(&self, picture: &Picture<'_>, x: Range<f64>, y: Y) -> Drawn
    where
        Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
    {
        picture.fill(&WHITE)?;
        let (head, body) = picture.split_vertically(76);
        self.draw_head(&head)?;
        let mut chart = ChartBuilder::on(&body)
            .margin(16)
            .margin_top(4)
            .x_label_area_size(46)
            .y_label_area_size(64)
            .build_cartesian_2d(x, y)?;
        let number = |value: &f64| ((value * 1e6).round() / 1e6).to_string();
        chart
            .configure_mesh()
            .x_desc(&self.axes[0])
            .y_desc(&self.axes[1])
            .x_label_formatter(&number)
            .y_label_formatter(&number)
            .axis_desc_style(("sans-serif", 15))
            .label_style(("sans-serif", 13))
            .axis_style(RGBColor(150, 150, 150))
            .bold_line_style(RGBColor(225, 225, 225))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (curve, colour) in self.coloured() {
            let points = || curve.points.iter().copied().filter(|(x, y)| x.abs() < 1e300 && y.abs() < 1e300);
            if !curve.dots {
                chart.draw_series(LineSeries::new(points(), colour.stroke_width(2)))?;
            }
            // Short lines show their points.
            if curve.dots || curve.points.len() <= 20 {
                let style = colour.mix(if curve.dots { 0.6 } else { 1.0 }).filled();
                chart.draw_series(points().map(|point| Circle::new(point, 3, style)))?;
            }
        }
        Ok(())
    }

    /// The title, and below it the curves' names.
    fn draw_head(&self, area: &Picture<'_>) -> Drawn {
        area.draw(&Text::new(&*self.title, (80, 16), ("sans-serif", 22)))?;
        let mut left = 80;
        for (curve, colour) in self.coloured() {
            if curve.dots {
                area.draw(&Circle::new((left + 10, 58), 4, colour.filled()))?;
            } else {
                area.draw(&PathElement::new([(left, 58), (left + 20, 58)], colour.stroke_width(3)))?;
            }
            area.draw(&Text::new(&*curve.name, (left + 28, 50), ("sans-serif", 14)))?;
            left += 56 + 8 * curve.name.chars().count() as i32;
        }
        Ok(())
    }

    fn coloured(&self) -> impl Iterator<Item = (&Curve, RGBColor)> {
        self.curves.iter().zip(COLOURS.into_iter().cycle())
    }
}

/// The labels of a logarithmic axis from `start` to `end`: 1, 2 and 5 times the powers of ten, or only the powers if there are
/// many.
fn one_two_five(start: f64, end: f64) -> Vec<f64> {
    let steps = if end / start < 1e3 { &[1.0, 2.0, 5.0][..] } else { &[1.0] };
    let powers = start.log10().floor() as i32..=end.log10().ceil() as i32;
    let labels = powers.flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
    labels.filter(|label| (start..=end).contains(label)).collect()
}
