//! Maxima of adjacent windows, against their definition.

use super::*;
use crate::window::{Axis, Sliding};

/// Windows of `rows` × 2 that cover an image of `columns` pairs, with equal numbers and NaN in it.
#[derive(Clone)]
struct Pairs<S> {
    rows: usize,
    columns: usize,
    scalar: core::marker::PhantomData<S>,
}

impl<S: Scalar> Operation for Pairs<S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { rows, columns, .. } = self;
        let (width, places) = (2 * columns, 3);
        let axis = |kernel| Axis { kernel, stride: kernel, before: 0, after: 0, dilation: 1 };
        let plane = Plane {
            rows: Sliding::new(places * rows, places, axis(rows)),
            columns: Sliding::new(width, columns, axis(2)),
        };
        let mut random = Random::new((100 * rows + columns) as u64);
        // Few distinct values, so that some are equal.
        let mut value =
            || S::from_f64([-1.0, 0.0, 2.0, f64::NEG_INFINITY, f64::NAN][(random.uniform() * 4.2) as usize]);
        let x: Vec<S> = (0..places * rows * width).map(|_| value()).collect();
        let g: Vec<S> = (1..=places * columns).map(|g| S::from_f64(g as f64)).collect();
        let (mut y, mut dx, mut rest) = (vec![S::ONE; g.len()], vec![S::ONE; x.len()], g.clone());
        maximum(simd, &plane, &x, &mut y);
        maximum_gradient(simd, &plane, (&x, &y), &mut rest, &mut dx);

        let mut expected = vec![0.0; x.len()];
        for (place, (&y, g)) in y.iter().zip(&g).enumerate() {
            let corner = place / columns * rows * width + place % columns * 2;
            let window = (0..2 * rows).map(|tap| corner + tap / 2 * width + tap % 2);
            let values = || window.clone().map(|at| x[at].to_f64());
            if values().any(f64::is_nan) {
                assert!(y.to_f64().is_nan(), "{simd:?} {rows} {columns}");
                continue;
            }
            let largest = values().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(y.to_f64(), largest, "{simd:?} {rows} {columns}");
            if let Some(first) = window.clone().find(|&at| x[at].to_f64() == largest) {
                expected[first] = g.to_f64();
            }
        }
        let found: Vec<_> = dx.iter().map(|dx| dx.to_f64()).collect();
        assert_eq!(found, expected, "{simd:?} {rows} {columns}");
    }
}

#[test]
fn maxima_of_pairs_are_those_of_the_definition() {
    for columns in 1..=40 {
        for rows in 1..=3 {
            everywhere(&Pairs::<f32> { rows, columns, scalar: core::marker::PhantomData });
            everywhere(&Pairs::<f64> { rows, columns, scalar: core::marker::PhantomData });
        }
    }
}

/// Windows of any kind, with equal numbers and NaN under them.
#[derive(Clone)]
struct Windows<S> {
    rows: Sliding,
    columns: Sliding,
    scalar: core::marker::PhantomData<S>,
}

impl<S: Scalar> Operation for Windows<S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { rows, columns, .. } = self;
        let plane = Plane { rows, columns };
        let what = format!("{simd:?} {plane:?}");
        let mut random = Random::new((plane.inputs() * 100 + plane.taps()) as u64);
        let mut value =
            || S::from_f64([-1.0, 0.0, 2.0, 3.0, 4.0, f64::NEG_INFINITY, f64::NAN][(random.uniform() * 6.1) as usize]);
        let x: Vec<S> = (0..plane.inputs()).map(|_| value()).collect();
        let g: Vec<S> = (1..=plane.outputs()).map(|g| S::from_f64(g as f64)).collect();
        let (mut y, mut dx, mut rest) = (vec![S::ONE; g.len()], vec![S::ONE; x.len()], g.clone());
        maximum(simd, &plane, &x, &mut y);
        maximum_gradient(simd, &plane, (&x, &y), &mut rest, &mut dx);

        let under = |axis: &Sliding, output: usize, tap: usize| {
            let Axis { stride, before, dilation, .. } = axis.window;
            (output * stride + tap * dilation).checked_sub(before).filter(|&at| at < axis.input)
        };
        let mut expected = vec![0.0; x.len()];
        for (place, (&y, g)) in y.iter().zip(&g).enumerate() {
            let (row, column) = (place / columns.output, place % columns.output);
            let window: Vec<usize> = (0..plane.taps())
                .filter_map(|tap| {
                    let row = under(&rows, row, tap / columns.window.kernel)?;
                    Some(row * columns.input + under(&columns, column, tap % columns.window.kernel)?)
                })
                .collect();
            if window.iter().any(|&at| x[at].to_f64().is_nan()) {
                assert!(y.to_f64().is_nan(), "{what}");
                continue;
            }
            let largest = window.iter().map(|&at| x[at].to_f64()).fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(y.to_f64(), largest, "{what}");
            if let Some(&first) = window.iter().find(|&&at| x[at].to_f64() == largest) {
                expected[first] += g.to_f64();
            }
        }
        let found: Vec<_> = dx.iter().map(|dx| dx.to_f64()).collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn maxima_of_drawn_windows_are_those_of_the_definition() {
    let mut random = Random::new(3);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 200 {
        let mut axis = |size: usize| {
            let (kernel, stride, dilation) = (draw(1, 5), draw(1, 3), draw(1, 2));
            let (before, after) = (draw(0, kernel - 1), draw(0, kernel - 1));
            let window = Axis { kernel, stride, before, after, dilation };
            let fits = window.span() <= size + before + after;
            fits.then(|| {
                Sliding::new(size, crate::window::places(size, kernel, stride, before, after, dilation), window)
            })
        };
        let sizes = (axis(1 + drawn % 9), axis(1 + drawn % 41));
        drawn += 1;
        let (Some(rows), Some(columns)) = sizes else { continue };
        everywhere(&Windows::<f32> { rows, columns, scalar: core::marker::PhantomData });
        everywhere(&Windows::<f64> { rows, columns, scalar: core::marker::PhantomData });
    }
}
