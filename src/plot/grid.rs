//! Tables of shades.

use std::error::Error;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::metrics::ConfusionMatrix;

type Svg = Result<String, Box<dyn Error>>;

const BLUE: RGBColor = RGBColor(0, 114, 178);
const ORANGE: RGBColor = RGBColor(213, 94, 0);

/// A colour at a strength from 0, black or white, to 1.
fn mixed(base: u8, colour: RGBColor, strength: f64) -> RGBColor {
    let strength = if strength.is_finite() { strength.clamp(0.0, 1.0) } else { 0.0 };
    let part = |part: u8| (f64::from(base) + (f64::from(part) - f64::from(base)) * strength).round() as u8;
    RGBColor(part(colour.0), part(colour.1), part(colour.2))
}

/// A row per class, with the counts, and the classes' names on both sides.
pub(super) fn confusion<const N: usize>(matrix: &ConfusionMatrix<N>, names: Option<&[&str; N]>) -> Svg {
    const CELL: i32 = 46;
    let name = |class: usize| names.and_then(|names| names.get(class)).map_or(class.to_string(), |name| (*name).into());
    let widest = (0..N).map(|class| name(class).chars().count()).max().unwrap_or(1) as i32;
    let left = 40 + 9 * widest;
    let (width, height) = (left + CELL * N as i32 + 10, 70 + CELL * N as i32);
    let mut svg = String::new();
    let picture = SVGBackend::with_string(&mut svg, (width as u32, height as u32)).into_drawing_area();
    picture.fill(&WHITE)?;
    fn style<'a>(size: i32, colour: &'a RGBColor, pos: Pos) -> TextStyle<'a> {
        TextStyle::from(("sans-serif", size)).color(colour).pos(pos)
    }
    let centre = Pos::new(HPos::Center, VPos::Center);
    picture.draw(&Text::new("predicted", (left + CELL * N as i32 / 2, 14), style(15, &BLACK, centre)))?;
    picture.draw(&Text::new("target", (8, 42), style(15, &BLACK, Pos::new(HPos::Left, VPos::Center))))?;
    for class in 0..N {
        let along = CELL * class as i32 + CELL / 2;
        let short: String = name(class).chars().take(6).collect();
        picture.draw(&Text::new(short, (left + along, 42), style(13, &BLACK, centre)))?;
        let right = Pos::new(HPos::Right, VPos::Center);
        picture.draw(&Text::new(name(class), (left - 8, 60 + along), style(13, &BLACK, right)))?;
    }
    for (target, predicted) in (0..N).flat_map(|target| (0..N).map(move |predicted| (target, predicted))) {
        let count = matrix.count(target, predicted);
        let share = count as f64 / matrix.support(target).max(1) as f64;
        let colour = if target == predicted { BLUE } else { ORANGE };
        let (x, y) = (left + CELL * predicted as i32, 60 + CELL * target as i32);
        // A few percent of mistakes should be visible.
        let shade = mixed(255, colour, share.sqrt());
        picture.draw(&Rectangle::new([(x, y), (x + CELL - 1, y + CELL - 1)], shade.filled()))?;
        let text = if share > 0.4 { WHITE } else { BLACK };
        picture.draw(&Text::new(count.to_string(), (x + CELL / 2, y + CELL / 2), style(13, &text, centre)))?;
    }
    picture.present()?;
    drop(picture);
    Ok(svg)
}

/// This many filters, each with channels, rows and columns.
pub(super) fn filters(
    [filters, channels, rows, columns]: [usize; 4],
    weight: &dyn Fn(usize, usize, usize, usize) -> f64,
) -> Svg {
    const PIXEL: i32 = 10;
    const GAP: i32 = 6;
    let (across, down) = (PIXEL * columns as i32 + GAP, PIXEL * rows as i32 + GAP);
    let (width, height) = (GAP + across * channels as i32, GAP + down * filters as i32);
    let mut svg = String::new();
    let picture = SVGBackend::with_string(&mut svg, (width as u32, height as u32)).into_drawing_area();
    picture.fill(&WHITE)?;
    for filter in 0..filters {
        let places = || {
            let of_row = move |channel, row| (0..columns).map(move |column| (channel, row, column));
            (0..channels).flat_map(move |channel| (0..rows).flat_map(move |row| of_row(channel, row)))
        };
        let largest =
            places().map(|(channel, row, column)| weight(filter, channel, row, column).abs()).fold(0.0, f64::max);
        for (channel, row, column) in places() {
            let value = weight(filter, channel, row, column);
            let shade = mixed(0, if value > 0.0 { ORANGE } else { BLUE }, value.abs() / largest);
            let x = GAP + across * channel as i32 + PIXEL * column as i32;
            let y = GAP + down * filter as i32 + PIXEL * row as i32;
            picture.draw(&Rectangle::new([(x, y), (x + PIXEL, y + PIXEL)], shade.filled()))?;
        }
    }
    picture.present()?;
    drop(picture);
    Ok(svg)
}
