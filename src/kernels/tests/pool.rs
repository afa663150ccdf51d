//! Pools against their definition, to the bit: a sum's order is that of the taps, whatever the form.

use super::*;
use crate::window::{Axis, Sliding, places};

/// Some planes with a window of any kind on them.
#[derive(Clone)]
struct Pool<S> {
    planes: usize,
    plane: Plane,
    /// Inputs of few distinct values, so that some are equal, for maxima; and any, for means.
    x: [Vec<S>; 2],
    g: Vec<S>,
    expected: Expected,
}

/// By the definition, as [`bits`]: outputs and gradients of inputs. Of means, with padding counted and without.
#[derive(Clone)]
struct Expected {
    largest: Vec<u64>,
    to_largest: Vec<u64>,
    /// Which tap each maximum is.
    places: Vec<u8>,
    means: [Vec<u64>; 2],
    /// Nothing for pairs, which add in another order.
    to_all: Option<[Vec<u64>; 2]>,
}

/// The bits of numbers, but NaN as one.
fn bits<S: Scalar>(numbers: &[S]) -> Vec<u64> {
    let of_number = |number: &S| {
        let x = number.to_f64();
        if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
    };
    numbers.iter().map(of_number).collect()
}

/// For each output of a plane, the positions of its taps on the input, in order.
fn windows(Plane { rows, columns }: Plane) -> Vec<Vec<usize>> {
    let under = |axis: &Sliding, output: usize, tap: usize| {
        let Axis { stride, before, dilation, .. } = axis.window;
        (output * stride + tap * dilation).checked_sub(before).filter(|&at| at < axis.input)
    };
    let window = |place: usize| {
        let taps = (0..rows.window.kernel * columns.window.kernel).filter_map(|tap| {
            let row = under(&rows, place / columns.output, tap / columns.window.kernel)?;
            Some(row * columns.input + under(&columns, place % columns.output, tap % columns.window.kernel)?)
        });
        taps.collect()
    };
    (0..rows.output * columns.output).map(window).collect()
}

/// Which tap of an output reads the input at a position.
fn tap(Plane { rows, columns }: Plane, output: usize, position: usize) -> usize {
    let along = |axis: &Sliding, output: usize, position: usize| {
        (position + axis.window.before - output * axis.window.stride) / axis.window.dilation
    };
    let down = along(&rows, output / columns.output, position / columns.input);
    down * columns.window.kernel + along(&columns, output % columns.output, position % columns.input)
}

/// `dx[q] = Σ given(p)` over the outputs that see q, in the order of the taps that see it: the last output first.
fn spread<S: Scalar>(
    plane: Plane,
    planes: usize,
    windows: &[Vec<usize>],
    given: impl Fn(usize, usize) -> Option<S>,
) -> Vec<S> {
    let (inputs, outputs) = (plane.inputs(), plane.outputs());
    let mut sums = vec![S::ZERO; planes * inputs];
    for index in 0..planes {
        for (output, window) in windows.iter().enumerate().rev() {
            for &at in window {
                if let Some(given) = given(index * outputs + output, at) {
                    let sum = &mut sums[index * inputs + at];
                    // Windows of pairs don't add.
                    *sum = if plane.pairs().is_some() { given } else { *sum + given };
                }
            }
        }
    }
    sums
}

impl<S: Scalar> Pool<S> {
    fn new(planes: usize, plane: Plane) -> Self {
        let (inputs, outputs, windows) = (plane.inputs(), plane.outputs(), windows(plane));
        let mut random = Random::new((inputs * 100 + plane.taps()) as u64);
        // Zeros of both signs are equal.
        let values = [-1.0, 0.0, 2.0, -0.0, 4.0, f64::NEG_INFINITY, f64::NAN];
        let x: Vec<S> = (0..planes * inputs).map(|_| S::from_f64(values[(random.uniform() * 6.1) as usize])).collect();
        let mut g: Vec<S> = numbers(planes * outputs, &mut random);
        g[0] = -S::ZERO;

        let (mut largest, mut givers) = (Vec::new(), Vec::new());
        for x in x.chunks(inputs) {
            for window in &windows {
                let mut first = None;
                for &at in window {
                    if first.is_none_or(|first: usize| x[at] > x[first] || x[at].to_f64().is_nan()) {
                        first = Some(at);
                    }
                }
                let y = first.map_or(S::from_f64(f64::NEG_INFINITY), |first| x[first]);
                largest.push(y);
                givers.push(first.filter(|_| !y.to_f64().is_nan()));
            }
        }
        let to_largest = spread(plane, planes, &windows, |place, at| (givers[place] == Some(at)).then_some(g[place]));

        let place =
            |(place, giver): (usize, &Option<usize>)| giver.map_or(u8::MAX, |at| tap(plane, place % outputs, at) as u8);
        let places = givers.iter().enumerate().map(place).collect();

        let any: Vec<S> = numbers(x.len(), &mut random);
        let parts = [true, false].map(|counts_padding| {
            let of_window =
                |window: &Vec<usize>| S::ONE / S::from_usize(if counts_padding { plane.taps() } else { window.len() });
            windows.iter().map(of_window).collect::<Vec<_>>()
        });
        let sums: Vec<S> = any
            .chunks(inputs)
            .flat_map(|x| windows.iter().map(move |window| window.iter().fold(S::ZERO, |sum, &at| sum + x[at])))
            .collect();
        let means = parts.each_ref().map(|parts| {
            let means: Vec<S> = sums.iter().zip(parts.iter().cycle()).map(|(&sum, &part)| sum * part).collect();
            bits(&means)
        });
        let to_all = parts
            .each_ref()
            .map(|parts| bits(&spread(plane, planes, &windows, |place, _| Some(g[place] * parts[place % outputs]))));
        let to_all = plane.pairs().is_none().then_some(to_all);
        let expected = Expected { largest: bits(&largest), to_largest: bits(&to_largest), places, means, to_all };
        Self { planes, plane, x: [x, any], g, expected }
    }
}

impl<S: Scalar> Operation for Pool<S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { planes, plane, x: [x, any], g, expected } = self;
        let what = format!("{simd:?}, {planes} planes, {plane:?}");
        let (mut y, mut dx, mut rest) = (vec![S::ONE; g.len()], vec![S::ONE; x.len()], g.clone());
        maximum(simd, &plane, &x, &mut y);
        assert_eq!(bits(&y), expected.largest, "{what}");
        maximum_gradient(simd, &plane, (&x, &y, &[]), &mut rest, &mut dx);
        assert_eq!(bits(&dx), expected.to_largest, "{what}");
        // More than there are taps where places are stored.
        const UNSET: u8 = u8::MAX - 1;
        let mut places = vec![UNSET; g.len()];
        y.fill(S::ONE);
        maximum_with_places(simd, &plane, &x, &mut y, &mut places);
        assert_eq!(bits(&y), expected.largest, "{what}, with places");
        if places.iter().any(|&place| place != UNSET) {
            assert_eq!(places, expected.places, "{what}, places");
        }
        dx.fill(S::ONE);
        rest.copy_from_slice(&g);
        maximum_gradient(simd, &plane, (&x, &y, &places), &mut rest, &mut dx);
        assert_eq!(bits(&dx), expected.to_largest, "{what}, from places");

        for (index, counts_padding) in [true, false].into_iter().enumerate() {
            y.fill(S::ONE);
            average(simd, &plane, counts_padding, &any, &mut y);
            assert_eq!(bits(&y), expected.means[index], "{what}");
            dx.fill(S::ONE);
            rest.copy_from_slice(&g);
            average_gradient(simd, &plane, counts_padding, &mut rest, &mut dx);
            if let Some(to_all) = &expected.to_all {
                assert_eq!(bits(&dx), to_all[index], "{what}");
            }
        }
    }
}

fn check(planes: usize, rows: Sliding, columns: Sliding) {
    let plane = Plane { rows, columns };
    everywhere(&Pool::<f32>::new(planes, plane));
    everywhere(&Pool::<f64>::new(planes, plane));
}

/// A window on an axis, if it fits.
fn axis(
    size: usize,
    kernel: usize,
    stride: usize,
    (before, after): (usize, usize),
    dilation: usize,
) -> Option<Sliding> {
    let window = Axis { kernel, stride, before, after, dilation };
    let fits = window.span() <= size + before + after;
    fits.then(|| Sliding::new(size, places(size, kernel, stride, before, after, dilation), window))
}

#[test]
fn pools_of_adjacent_pairs_are_those_of_the_definition() {
    for columns in 1..=40 {
        for rows in 1..=3 {
            let sides = (axis(3 * rows, rows, rows, (0, 0), 1), axis(2 * columns, 2, 2, (0, 0), 1));
            let (Some(rows), Some(columns)) = sides else { continue };
            for planes in [1, 17] {
                check(planes, rows, columns);
            }
        }
    }
}

#[test]
fn pools_of_drawn_windows_are_those_of_the_definition() {
    let mut random = Random::new(3);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 120 {
        let mut side = |size: usize| {
            let (kernel, stride, dilation) = (draw(1, 5), draw(1, 3), draw(1, 2));
            let padding = (draw(0, kernel - 1), draw(0, kernel - 1));
            axis(size, kernel, stride, padding, dilation)
        };
        let sides = (side(1 + drawn % 9), side(1 + drawn % 41));
        drawn += 1;
        let (Some(rows), Some(columns)) = sides else { continue };
        // Fewer than half a vector; and one to three vectors with the rest of another, or one to two stacks.
        let many = if drawn % 2 == 0 { 16 + drawn % 33 } else { 64 + drawn % 61 };
        for planes in [1 + drawn % 3, many] {
            check(planes, rows, columns);
        }
    }
}

/// Planes in bands that overlap, that lie side by side, with rows between them that no window sees, and behind the last; windows
/// of many taps; and rows longer than a band.
#[test]
fn pools_of_large_planes_are_those_of_the_definition() {
    let sides = [
        (axis(40, 3, 1, (1, 1), 1), axis(37, 3, 2, (1, 1), 1)),
        (axis(41, 4, 4, (0, 0), 1), axis(50, 3, 3, (1, 0), 1)),
        (axis(45, 2, 5, (0, 0), 1), axis(33, 2, 1, (0, 1), 3)),
        (axis(21, 5, 2, (0, 0), 1), axis(21, 9, 2, (0, 0), 1)),
        (axis(30, 7, 1, (3, 3), 2), axis(32, 7, 1, (3, 3), 1)),
        (axis(2, 2, 1, (0, 0), 1), axis(600, 3, 2, (1, 1), 1)),
    ];
    for (rows, columns) in sides {
        let (Some(rows), Some(columns)) = (rows, columns) else { panic!("a window doesn't fit") };
        check(17, rows, columns);
    }
}

/// Windows of one column, which lie under every column, and windows that move by 1 over sequences: rows of one number to some
/// vectors, windows that leave the input on either side or are longer than it, and more planes than fit at once.
#[test]
fn pools_of_one_column_are_those_of_the_definition() {
    let mut random = Random::new(5);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let still = |size: usize| axis(size, 1, 1, (0, 0), 1);
    for index in 0..60 {
        let (kernel, stride, dilation) = (draw(1, 6), [1, 1, 2, 4][index % 4], draw(1, 2));
        let padding = (draw(0, kernel - 1), draw(0, kernel - 1));
        let size = if index % 3 == 0 { draw(30, 150) } else { draw(1, 12) };
        let (Some(rows), Some(columns)) = (axis(size, kernel, stride, padding, dilation), still(draw(1, 40))) else {
            continue;
        };
        check(1 + index % 5, rows, columns);
        let one = still(1);
        check(1 + index % 40, one.unwrap_or(columns), rows);
    }
}
