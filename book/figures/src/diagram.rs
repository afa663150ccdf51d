//! Circles, arrows and numbers.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::{GREEN, ORANGE, Outcome};

/// The radius of a node in pixels.
const RADIUS: i32 = 30;

/// A network or a formula as a graph. Forward values are green, gradients orange.
#[derive(Debug)]
pub struct Diagram {
    size: (u32, u32),
    nodes: Vec<Node>,
    arrows: Vec<Arrow>,
}

#[derive(Debug)]
struct Node {
    at: (i32, i32),
    name: String,
    value: String,
    gradient: String,
}

#[derive(Debug)]
struct Arrow {
    from: usize,
    to: usize,
    /// Where the labels are: 0 at the tail, 1 at the head.
    place: f64,
    value: String,
    gradient: String,
}

impl Diagram {
    /// An empty diagram of a size in pixels.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        Self { size: (width, height), nodes: Vec::new(), arrows: Vec::new() }
    }

    /// Add a circle; returns its number. Its value is written above it, its gradient below it.
    pub fn node(&mut self, at: (i32, i32), name: &str, value: String, gradient: String) -> usize {
        self.nodes.push(Node { at, name: name.into(), value, gradient });
        self.nodes.len() - 1
    }

    /// Add an arrow between two nodes, with a value and its gradient at a place between 0, its tail, and 1, its head.
    pub fn arrow(&mut self, from: usize, to: usize, place: f64, value: String, gradient: String) {
        self.arrows.push(Arrow { from, to, place, value, gradient });
    }

    /// Draw the diagram.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn draw(&self, file: &Path) -> Outcome {
        let picture = SVGBackend::new(file, self.size).into_drawing_area();
        picture.fill(&WHITE)?;
        self.arrows.iter().try_for_each(|arrow| self.draw_arrow(&picture, arrow))?;
        self.nodes.iter().try_for_each(|node| draw_node(&picture, node))?;
        picture.present()?;
        Ok(())
    }

    fn draw_arrow(&self, picture: &DrawingArea<SVGBackend<'_>, Shift>, arrow: &Arrow) -> Outcome {
        let (from, to) = (self.nodes[arrow.from].at, self.nodes[arrow.to].at);
        let along = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
        let length = along.0.hypot(along.1);
        let unit = (along.0 / length, along.1 / length);
        let at = |distance: f64, across: f64| {
            let x = f64::from(from.0) + unit.0 * distance - unit.1 * across;
            let y = f64::from(from.1) + unit.1 * distance + unit.0 * across;
            (x.round() as i32, y.round() as i32)
        };
        let (tail, head) = (f64::from(RADIUS), length - f64::from(RADIUS));
        let grey = RGBColor(110, 110, 110);
        picture.draw(&PathElement::new([at(tail, 0.0), at(head, 0.0)], grey.stroke_width(2)))?;
        picture.draw(&Polygon::new([at(head, 0.0), at(head - 10.0, 5.0), at(head - 10.0, -5.0)], grey.filled()))?;
        let (x, y) = at(tail + (head - tail) * arrow.place, 0.0);
        write(picture, &arrow.value, (x, y - 9), GREEN, 14)?;
        write(picture, &arrow.gradient, (x, y + 9), ORANGE, 14)
    }
}

fn draw_node(picture: &DrawingArea<SVGBackend<'_>, Shift>, node: &Node) -> Outcome {
    let (x, y) = node.at;
    picture.draw(&Circle::new(node.at, RADIUS, RGBColor(240, 240, 240).filled()))?;
    picture.draw(&Circle::new(node.at, RADIUS, BLACK.stroke_width(1)))?;
    write(picture, &node.name, node.at, BLACK, 16)?;
    write(picture, &node.value, (x, y - RADIUS - 10), GREEN, 14)?;
    write(picture, &node.gradient, (x, y + RADIUS + 10), ORANGE, 14)
}

/// Write a line of text, centred.
fn write(
    picture: &DrawingArea<SVGBackend<'_>, Shift>,
    text: &str,
    at: (i32, i32),
    colour: RGBColor,
    size: i32,
) -> Outcome {
    let style = TextStyle::from(("sans-serif", size)).color(&colour).pos(Pos::new(HPos::Center, VPos::Center));
    picture.draw(&Text::new(text, at, style))?;
    Ok(())
}
