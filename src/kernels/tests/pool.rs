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
