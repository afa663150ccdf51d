//! Networks on points of the plane.

use std::cell::RefCell;

use crate::exchange::{put_numbers, put_text};
use crate::networks::{Deep, Large, Neuron, Small, Wide};
use crate::points::{self, Point};
use crate::run::{Measure, Run, Settings, Training};

/// Points to train on; as many again are kept for validation.
const POINTS: usize = 240;
const NOISE: f32 = 0.06;

/// What the page shows.
struct Plane {
    training: Vec<Point>,
    validation: Vec<Point>,
    run: Box<dyn Training>,
}

thread_local! {
    static PLANE: RefCell<Option<Plane>> = const { RefCell::new(None) };
}

/// Call `read` with the plane, if there is one yet.
fn with<T: Default>(read: impl FnOnce(&mut Plane) -> T) -> T {
    PLANE.with_borrow_mut(|plane| plane.as_mut().map_or_else(T::default, read))
}

/// Start with a data set, a network, and settings, all by number.
#[unsafe(no_mangle)]
pub extern "C" fn plane_start(
    data: usize,
    network: usize,
    loss: usize,
    optimizer: usize,
    learning_rate: f64,
    batch: usize,
    seed: u32,
) {
    let measure = if loss == 0 { Measure::CrossEntropy } else { Measure::SquaredError };
    let settings = Settings { measure, optimizer, learning_rate, batch: batch.max(1), seed: seed.into() };
    let run: Box<dyn Training> = match network {
        0 => Box::new(Run::<Neuron>::new(settings)),
        1 => Box::new(Run::<Small>::new(settings)),
        2 => Box::new(Run::<Wide>::new(settings)),
        3 => Box::new(Run::<Deep>::new(settings)),
        _ => Box::new(Run::<Large>::new(settings)),
    };
    let draw = |seed: u64| points::draw(data, POINTS, NOISE, seed);
    // A set that the user draws begins empty.
    let sets = if data < 4 { (draw(1), draw(2)) } else { (Vec::new(), Vec::new()) };
    PLANE.set(Some(Plane { training: sets.0, validation: sets.1, run }));
}

/// Add a point that the user has drawn: three of four are for training, one is for validation.
#[unsafe(no_mangle)]
pub extern "C" fn plane_add(x: f32, y: f32, class: usize) {
    with(|Plane { training, validation, .. }| {
        let set = if training.len() <= 3 * validation.len() + 2 { training } else { validation };
        set.push(([x, y], [f32::from(u8::from(class == 1))]));
    });
}

/// Take steps.
#[unsafe(no_mangle)]
pub extern "C" fn plane_steps(count: usize) {
    with(|Plane { training, run, .. }| run.steps(training, count));
}

/// The points: x, y, class, and 1 if it is for validation.
#[unsafe(no_mangle)]
pub extern "C" fn plane_points() -> usize {
    with(|Plane { training, validation, .. }| {
        put_numbers(|numbers| {
            for (set, kind) in [(training, 0.0), (validation, 1.0)] {
                numbers.extend(set.iter().flat_map(|([x, y], [class])| [*x, *y, *class, kind]));
            }
        })
    })
}

/// Steps taken, loss and accuracy on the training set, loss and accuracy on the validation set.
#[unsafe(no_mangle)]
pub extern "C" fn plane_progress() -> usize {
    with(|Plane { training, validation, run }| {
        let ((loss, right), (later, later_right)) = (run.evaluate(training), run.evaluate(validation));
        put_numbers(|numbers| numbers.extend([run.count() as f32, loss, right, later, later_right]))
    })
}

/// The outputs of all units over a square grid of points from -`reach` to `reach`, row by row from the top, unit after unit for
/// each point.
#[unsafe(no_mangle)]
pub extern "C" fn plane_surface(side: usize, reach: f32) -> usize {
    with(|Plane { run, .. }| {
        put_numbers(|numbers| {
            let at = |index: usize| reach * ((2 * index + 1) as f32 / side as f32 - 1.0);
            for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
                run.append_units([at(column), -at(row)], numbers);
            }
        })
    })
}

/// All weights: for each layer those of input 0, of input 1, and so on, then the biases.
#[unsafe(no_mangle)]
pub extern "C" fn plane_weights() -> usize {
    with(|Plane { run, .. }| put_numbers(|numbers| numbers.extend(run.parameters())))
}

/// The number of units in each layer, beginning with the inputs.
#[unsafe(no_mangle)]
pub extern "C" fn plane_units() -> usize {
    with(|Plane { run, .. }| put_numbers(|numbers| numbers.extend(run.units().iter().map(|&units| units as f32))))
}

/// The declaration of the network, its table, and its costs.
#[unsafe(no_mangle)]
pub extern "C" fn plane_description() -> usize {
    with(|Plane { run, .. }| put_text(run.describe()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_moons_are_learned() {
        plane_start(0, 3, 0, 2, 0.01, 16, 1);
        plane_steps(2000);
        let right = with(|plane| plane.run.evaluate(&plane.validation).1);
        assert!(right > 0.98, "{right}");
    }

    #[test]
    fn a_spiral_needs_the_large_network() {
        let right = |network: usize| {
            plane_start(2, network, 0, 2, 0.02, 32, 1);
            plane_steps(4000);
            with(|plane| plane.run.evaluate(&plane.validation).1)
        };
        assert!(right(0) < 0.8);
        assert!(right(4) > 0.95);
    }

    #[test]
    fn drawn_points_go_into_both_sets() {
        plane_start(4, 1, 1, 0, 0.1, 8, 1);
        (0..12).for_each(|index| plane_add(0.1 * index as f32, 0.5, index % 2));
        assert_eq!(with(|plane| (plane.training.len(), plane.validation.len())), (9, 3));
        assert_eq!(plane_surface(4, 1.0), 16 * 5);
    }
}
