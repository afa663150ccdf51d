//! Drawn convolutions, and the formula that all ways to compute them are compared with.

use alloc::vec::Vec;

use super::products::Finish;
use super::requantization::{Once, Requantize};
use crate::kernels::{Convolution, Plane};
use crate::random::Random;
use crate::window::{Axis, Sliding, places};

/// A convolution, its groups, and whether its integers are the largest ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) convolution: Convolution,
    groups: usize,
    extreme: bool,
}

impl Case {
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut below = |n: usize| (random.uniform() * n as f64) as usize;
        // A third each: pointwise, depthwise with windows of 3 × 3, and any.
        let (pointwise, depthwise) = (below(3) == 0, below(2) == 0);
        let mut sliding = |dilations: usize| {
            let (kernel, stride) = match (pointwise, depthwise) {
                (true, _) => (1, 1),
                (_, true) => (3, 1 + below(3)),
                _ => (1 + below(7), 1 + below(4)),
            };
            let (before, after) = if pointwise { (0, 0) } else { (below(4), below(4)) };
            let dilation = if pointwise || depthwise { 1 } else { 1 + below(dilations) };
            let window = Axis { kernel, stride, before, after, dilation };
            let input = (kernel - 1) * dilation + 1 + below(40);
            Sliding::new(input, places(input, kernel, stride, before, after, dilation), window)
        };
        let plane = Plane { rows: sliding(3), columns: sliding(1) };
        let (seen, filters) = if depthwise && !pointwise { (1, 1) } else { (1 + below(9), 1 + below(20)) };
        let convolution = Convolution { plane, seen, filters };
        Self { convolution, groups: 1 + below(3), extreme: below(4) == 0 }
    }

    /// The same with inputs as large as the window, so that there is one place.
    pub(super) fn in_one_place(mut self) -> Self {
        let Plane { rows, columns } = &mut self.convolution.plane;
        for sliding in [rows, columns] {
            let window = Axis { before: 0, after: 0, dilation: 1, ..sliding.window };
            *sliding = Sliding::new(window.kernel, 1, window);
        }
        self
    }

    /// Depthwise, on a single row.
    pub(super) fn draw_row(random: &mut Random) -> Self {
        let mut below = |n: usize| (random.uniform() * n as f64) as usize;
        let (kernel, stride, before, after) = (1 + below(20), 1 + below(3), below(4), below(4));
        let (input, window) = (kernel + below(300), Axis { kernel, stride, before, after, dilation: 1 });
        let columns = Sliding::new(input, places(input, kernel, stride, before, after, 1), window);
        let plane = Plane { rows: Sliding::new(1, 1, Axis::STILL), columns };
        let convolution = Convolution { plane, seen: 1, filters: 1 };
        Self { convolution, groups: 1 + below(9), extreme: below(4) == 0 }
    }

    fn integers(self, count: usize, random: &mut Random) -> Vec<i8> {
        let integer = |uniform: f64| (uniform * 256.0).floor() as i32 - 128;
        let all = (0..count).map(|_| integer(random.uniform()));
        all.map(|integer| if self.extreme { if integer < 0 { -128 } else { 127 } } else { integer as i8 }).collect()
    }

    /// The inputs with `outside` around them, as far as windows reach, and the sizes of a channel.
    fn padded(self, x: &[i8], outside: i8) -> (Vec<i8>, [usize; 2]) {
        let Plane { rows, columns } = self.convolution.plane;
        let [height, width] = [rows, columns].map(|axis| (axis.output - 1) * axis.window.stride + axis.window.span());
        let place = |at: usize, axis: Sliding| at.checked_sub(axis.window.before).filter(|&at| at < axis.input);
        let mut padded = Vec::new();
        for channel in x.chunks(rows.input * columns.input) {
            for row in 0..height {
                let row = place(row, rows).map(|row| &channel[row * columns.input..]);
                let number = |column| Some(row?[place(column, columns)?]);
                padded.extend((0..width).map(|column| number(column).unwrap_or(outside)));
            }
        }
        (padded, [height, width])
    }

    /// The formula, one output after the other.
    fn expected(self, x: &[i8], outside: i8, weights: &[i8], finish: Finish<'_, impl Requantize>) -> Vec<i8> {
        let Convolution { plane: Plane { rows, columns }, seen, filters } = self.convolution;
        let (x, [height, width]) = self.padded(x, outside);
        let mut y = Vec::new();
        for filter in 0..self.groups * filters {
            for place in 0..rows.output * columns.output {
                let (row, column) = (place / columns.output, place % columns.output);
                let mut weights = weights[filter * seen * self.convolution.plane.taps()..].iter();
                let mut sum = i64::from(finish.bias[filter]);
                for channel in filter / filters * seen..(filter / filters + 1) * seen {
                    for down in 0..rows.window.kernel {
                        let row = channel * height + row * rows.window.stride + down * rows.window.dilation;
                        let from = row * width + column * columns.window.stride;
                        for along in 0..columns.window.kernel {
                            let integer = x[from + along * columns.window.dilation];
                            sum += i64::from(*weights.next().unwrap()) * i64::from(integer);
                        }
                    }
                }
                let sum = i32::try_from(sum).unwrap();
                y.push(finish.requantization.requantize(sum, finish.mantissa[filter], finish.shift[filter]));
            }
        }
        y
    }
}

/// The inputs and the weights of a convolution.
pub(super) struct Numbers {
    case: Case,
    pub(super) x: Vec<i8>,
    pub(super) outside: i8,
    pub(super) weights: Vec<i8>,
    pub(super) bias: Vec<i32>,
    mantissa: Vec<i32>,
    shift: Vec<u8>,
}

impl Numbers {
    pub(super) fn draw(case: Case, random: &mut Random) -> Self {
        let Convolution { plane, seen, filters } = case.convolution;
        let count = case.groups * filters;
        let bias: Vec<i32> = case.integers(count, random).into_iter().map(|bias| i32::from(bias) * 500).collect();
        Self {
            case,
            x: case.integers(case.groups * seen * plane.inputs(), random),
            outside: case.integers(1, random)[0],
            weights: case.integers(count * seen * plane.taps(), random),
            mantissa: bias.iter().map(|bias| (1 << 30) + (bias << 10)).collect(),
            shift: case.integers(count, random).into_iter().map(|shift| shift.unsigned_abs() % 12).collect(),
            bias,
        }
    }

    pub(super) fn finish(&self) -> Finish<'_, Once> {
        let Self { bias, mantissa, shift, .. } = self;
        Finish { bias, mantissa, shift, requantization: Once::at(3) }
    }

    pub(super) fn expected(&self) -> Vec<i8> {
        self.case.expected(&self.x, self.outside, &self.weights, self.finish())
    }
}
