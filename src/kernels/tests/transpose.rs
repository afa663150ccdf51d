//! Transpositions, against their definition.

use super::*;
use crate::kernels::transpose::transpose_to;

/// A matrix that becomes columns `pitch` apart, with gaps between their numbers or none.
#[derive(Clone)]
struct Matrix<S> {
    size: (usize, usize),
    pitch: usize,
    apart: usize,
    scalar: core::marker::PhantomData<S>,
}

impl<S: Scalar> Operation for Matrix<S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { size: (rows, columns), pitch, apart, .. } = self;
        let mut random = Random::new((rows * 1_000 + columns * 10 + apart) as u64);
        let of_row = columns + 3;
        let from = numbers::<S>(rows * of_row, &mut random);
        let before = numbers::<S>((columns - 1) * pitch + (rows - 1) * apart + 1, &mut random);
        for start in [Start::Zero, Start::Sum] {
            let (mut found, mut expected) = (before.clone(), before.clone());
            transpose_to(simd, (&from, of_row), (rows, columns), (&mut found, pitch), apart, start);
            for row in 0..rows {
                for column in 0..columns {
                    let (number, to) = (from[row * of_row + column], &mut expected[column * pitch + row * apart]);
                    *to = if start == Start::Sum { *to + number } else { number };
                }
            }
            assert!(found == expected, "{simd:?} {} {rows} × {columns}, {pitch} and {apart} apart", size_of::<S>());
        }
    }
}

/// Of rows and columns around those of squares, and of several squares of rows, to columns that begin whole pages apart, too.
#[test]
fn transpositions_are_those_of_their_definition() {
    for rows in [1, 2, 15, 16, 17, 31, 33, 127, 128, 129, 300] {
        for columns in [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33] {
            for (pitch, apart) in [(rows, 1), (rows + 1, 1), (1024, 1), (2 * rows, 2), (1024, 3)] {
                everywhere(&Matrix::<f32> { size: (rows, columns), pitch, apart, scalar: core::marker::PhantomData });
                everywhere(&Matrix::<f64> { size: (rows, columns), pitch, apart, scalar: core::marker::PhantomData });
            }
        }
    }
}
