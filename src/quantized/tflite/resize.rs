//! Linear interpolation.

use core::marker::PhantomData;

use super::super::layer::{QuantizedLayer, Trace};
use crate::chunks::Chunks;
use crate::image::Image;
use crate::pod::Pod;
use crate::shape::{Sample, Shape};

/// The distance of two neighbours, in which positions are whole numbers.
const STEPS: i32 = 1 << 10;

/// Linear interpolation between neighbours, at positions that are rounded to 1/1024 of their distance: the type
/// [`Resize`](crate::layers::Resize), as TensorFlow Lite's `RESIZE_BILINEAR` computes it in 8 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Resize<I, O, const ALIGN_CORNERS: bool>(PhantomData<(I, O)>);

// SAFETY: the type is empty.
unsafe impl<I: Sample, O: Sample, const ALIGN_CORNERS: bool> Pod for Resize<I, O, ALIGN_CORNERS> {}

crate::stored!(
    [I: Sample, O: Sample, const ALIGN_CORNERS: bool] Resize<I, O, ALIGN_CORNERS> {},
    &[("input", I::SHAPE), ("output", O::SHAPE), ("align_corners", Shape::SCALAR.repeated(ALIGN_CORNERS as usize))]
);

/// One axis.
#[derive(Clone, Copy)]
struct Axis {
    /// The index of the last input.
    last: i32,
    /// The distance of two outputs.
    scale: i32,
    align_corners: bool,
}

/// The neighbours of an output, and their weights, whose sum is [`STEPS`].
struct Neighbors {
    first: usize,
    second: usize,
    weights: [i32; 2],
}

impl Axis {
    #[track_caller]
    const fn new(inputs: usize, outputs: usize, align_corners: bool) -> Self {
        assert!(inputs > 0 && outputs > 0, "rows and columns have at least one element");
        assert!(inputs < 1 << 16 && outputs < 1 << 16, "the sizes are too large to interpolate between in 8 bits");
        // The last output lies at the last input.
        let fewer = (align_corners && outputs > 1) as usize;
        let (distances, of) = (inputs - fewer, outputs - fewer);
        let scale = (distances * STEPS as usize + of / 2) / of;
        Self { last: inputs as i32 - 1, scale: scale as i32, align_corners }
    }

    #[inline(always)]
    fn neighbors(&self, output: i32) -> Neighbors {
        // The center of an element is half a distance behind its start.
        let center = if self.align_corners { 0 } else { self.scale / 2 - STEPS / 2 };
        let position = output.wrapping_mul(self.scale).wrapping_add(center);
        let first = (position / STEPS).clamp(0, self.last);
        let second = ((position + (STEPS - 1)) / STEPS).clamp(0, self.last);
        let rest = position.wrapping_sub(first.wrapping_mul(STEPS));
        Neighbors { first: first as usize, second: second as usize, weights: [STEPS - rest, rest] }
    }
}

impl<I: Image, O: Image, const ALIGN_CORNERS: bool> Resize<I, O, ALIGN_CORNERS> {
    const AXES: [Axis; 2] =
        [Axis::new(I::ROWS, O::ROWS, ALIGN_CORNERS), Axis::new(I::COLUMNS, O::COLUMNS, ALIGN_CORNERS)];
}

impl<I: Image<Element = f32>, O: Image<Element = f32>, const ALIGN_CORNERS: bool> QuantizedLayer
    for Resize<I, O, ALIGN_CORNERS>
{
    type Input = I::Of<i8>;
    type Output = O::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &I::Of<i8>, y: &mut O::Of<i8>, (): &mut (), _: &mut T) {
        let [rows, columns] = const { Self::AXES };
        let channels = x.elements().blocks(I::SPACE.max(1));
        for (x, y) in channels.zip(y.elements_mut().blocks_mut(O::SPACE.max(1))) {
            let at =
                |row: usize, column: usize| i32::from(x.get(row * I::COLUMNS + column).copied().unwrap_or_default());
            for (row, y) in y.chunks_mut(O::COLUMNS.max(1)).enumerate() {
                let down = rows.neighbors(row as i32);
                for (column, y) in y.iter_mut().enumerate() {
                    let along = columns.neighbors(column as i32);
                    let [upper, lower] = [down.first, down.second].map(|row| {
                        let products = at(row, along.first).wrapping_mul(along.weights[0]);
                        products.wrapping_add(at(row, along.second).wrapping_mul(along.weights[1]))
                    });
                    let sum = upper.wrapping_mul(down.weights[0]).wrapping_add(lower.wrapping_mul(down.weights[1]));
                    // Halves away from zero.
                    const WHOLE: i32 = STEPS * STEPS;
                    let half = if sum > 0 { WHOLE / 2 } else { -WHOLE / 2 };
                    *y = (sum.wrapping_add(half) / WHOLE) as i8;
                }
            }
        }
    }
}
