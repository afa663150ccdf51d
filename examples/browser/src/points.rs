//! Data sets of points in the plane, of two classes.

use std::f32::consts::{PI, TAU};

use fnn::Random;

/// A point, and 1 for orange or 0 for blue.
pub type Point = ([f32; 2], [f32; 1]);

/// Draw a data set: two moons, circles, spirals, exclusive or, by number. Coordinates are between -1.5 and 1.5.
#[must_use]
pub fn draw(kind: usize, count: usize, noise: f32, seed: u64) -> Vec<Point> {
    let mut random = Random::new(seed);
    let point = |index: usize| {
        let (class, along) = (index % 2, random.uniform() as f32);
        let [x, y] = match kind {
            0 => moon(class, along),
            1 => circle(class, along, random.uniform() as f32),
            2 => spiral(class, along),
            _ => checks(class, along, random.uniform() as f32, random.uniform() < 0.5),
        };
        let mut blurred = |value: f32| value + noise * random.normal() as f32;
        ([blurred(x), blurred(y)], [class as f32])
    };
    (0..count).map(point).collect()
}

fn moon(class: usize, along: f32) -> [f32; 2] {
    let (sine, cosine) = (PI * along).sin_cos();
    if class == 0 { [cosine - 0.5, sine - 0.25] } else { [0.5 - cosine, 0.25 - sine] }
}

fn circle(class: usize, along: f32, spread: f32) -> [f32; 2] {
    let radius = if class == 0 { 0.95 + 0.25 * spread } else { 0.5 * spread.sqrt() };
    let (sine, cosine) = (TAU * along).sin_cos();
    [radius * cosine, radius * sine]
}

fn spiral(class: usize, along: f32) -> [f32; 2] {
    let (radius, turn) = (0.1 + 1.1 * along, PI * class as f32 + 1.5 * TAU * along);
    let (sine, cosine) = turn.sin_cos();
    [radius * cosine, radius * sine]
}

fn checks(class: usize, x: f32, y: f32, right: bool) -> [f32; 2] {
    let (x, y) = (0.1 + x, 0.1 + y);
    let x = if right { x } else { -x };
    [x, if right == (class == 1) { -y } else { y }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sets_have_two_classes_within_the_square() {
        for kind in 0..4 {
            let points = draw(kind, 100, 0.0, 1);
            assert_eq!(points.iter().filter(|(_, class)| *class == [1.0]).count(), 50);
            assert!(points.iter().all(|([x, y], _)| x.abs() < 1.5 && y.abs() < 1.5), "{kind}");
        }
    }

    #[test]
    fn exclusive_or_is_the_sign_of_the_product() {
        for ([x, y], [class]) in draw(3, 100, 0.0, 1) {
            assert_eq!(x * y < 0.0, class == 1.0);
        }
    }
}
