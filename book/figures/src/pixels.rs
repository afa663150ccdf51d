//! Pictures of 28×28 pixels.

use std::path::Path;

use plotters::prelude::*;

use crate::Outcome;

/// The side of a pixel, and the space for a title, on the screen.
const PIXEL: i32 = 5;
const TITLE: i32 = 26;

/// Draw grey pictures in a row, 0 black and 1 white, each with a title.
///
/// # Errors
/// If the file can't be written.
pub fn pictures(file: &Path, pictures: &[(String, &[f32; 784])]) -> Outcome {
    let side = 28 * PIXEL;
    let width = (side + 12) * pictures.len() as i32 + 12;
    let area = SVGBackend::new(file, (width as u32, (side + TITLE + 12) as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    for (index, (title, pixels)) in pictures.iter().enumerate() {
        let left = 12 + index as i32 * (side + 12);
        area.draw(&Text::new(&**title, (left, 6), ("sans-serif", 14)))?;
        area.draw(&Rectangle::new([(left, TITLE), (left + side, TITLE + side)], BLACK.filled()))?;
        for (place, &pixel) in pixels.iter().enumerate().filter(|(_, pixel)| **pixel > 0.0) {
            let (x, y) = (left + place as i32 % 28 * PIXEL, TITLE + place as i32 / 28 * PIXEL);
            let grey = (255.0 * pixel).round() as u8;
            area.draw(&Rectangle::new([(x, y), (x + PIXEL, y + PIXEL)], RGBColor(grey, grey, grey).filled()))?;
        }
    }
    area.present()?;
    Ok(())
}
