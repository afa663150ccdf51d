//! Convolutions of all kinds against the formula, in 64 bits.

use alloc::vec;
use alloc::vec::Vec;

use super::super::products::Finish;
use super::super::requantization::{Once, Requantize};
use super::{Quads, Strip, Vnni};
use crate::kernels::{Convolution, Plane};
use crate::random::Random;
use crate::window::{Axis, Sliding, places};

/// An integer that no kernel may touch.
const UNTOUCHED: i8 = 99;

/// A convolution, its groups, and whether its integers are the largest ones.
#[derive(Clone, Copy, Debug)]
struct Case {
    convolution: Convolution,
    groups: usize,
    extreme: bool,
}

impl Case {
    fn draw(random: &mut Random) -> Self {
        let mut below = |n: usize| (random.uniform() * n as f64) as usize;
        let pointwise = below(3) == 0;
        let mut sliding = |dilations: usize| {
            let (kernel, stride) = if pointwise { (1, 1) } else { (1 + below(7), 1 + below(4)) };
            let (before, after) = if pointwise { (0, 0) } else { (below(4), below(4)) };
            let dilation = if pointwise { 1 } else { 1 + below(dilations) };
            let window = Axis { kernel, stride, before, after, dilation };
            let input = (kernel - 1) * dilation + 1 + below(40);
            Sliding::new(input, places(input, kernel, stride, before, after, dilation), window)
        };
        let plane = Plane { rows: sliding(3), columns: sliding(1) };
        let (seen, filters) = (1 + below(9), 1 + below(20));
        let convolution = Convolution { plane, seen, filters };
        Self { convolution, groups: 1 + below(3), extreme: below(4) == 0 }
    }

    fn integers(self, count: usize, random: &mut Random) -> Vec<i8> {
        let integer = |uniform: f64| (uniform * 256.0).floor() as i32 - 128;
        let all = (0..count).map(|_| integer(random.uniform()));
        all.map(|integer| if self.extreme { if integer < 0 { -128 } else { 127 } } else { integer as i8 }).collect()
    }

    /// What lies under a tap of a channel, or `outside`.
    fn under(self, x: &[i8], outside: i8, channel: usize, [row, column]: [isize; 2]) -> i8 {
        let Plane { rows, columns } = self.convolution.plane;
        let inside = (0..rows.input as isize).contains(&row) && (0..columns.input as isize).contains(&column);
        if inside { x[(channel * rows.input + row as usize) * columns.input + column as usize] } else { outside }
    }

    /// The formula, one output after the other.
    fn expected(self, x: &[i8], outside: i8, weights: &[i8], finish: Finish<'_, impl Requantize>) -> Vec<i8> {
        let Convolution { plane: Plane { rows, columns }, seen, filters } = self.convolution;
        let at = |sliding: Sliding, place: usize, tap: usize| {
            let Axis { stride, before, dilation, .. } = sliding.window;
            (place * stride + tap * dilation) as isize - before as isize
        };
        let mut y = Vec::new();
        for filter in 0..self.groups * filters {
            for (row, column) in (0..rows.output).flat_map(|row| (0..columns.output).map(move |column| (row, column))) {
                let mut weights = weights[filter * seen * self.convolution.plane.taps()..].iter();
                let mut sum = i64::from(finish.bias[filter]);
                for channel in filter / filters * seen..(filter / filters + 1) * seen {
                    for (down, along) in (0..rows.window.kernel)
                        .flat_map(|down| (0..columns.window.kernel).map(move |along| (down, along)))
                    {
                        let place = [at(rows, row, down), at(columns, column, along)];
                        let integer = self.under(x, outside, channel, place);
                        sum += i64::from(*weights.next().unwrap()) * i64::from(integer);
                    }
                }
                let sum = i32::try_from(sum).unwrap();
                y.push(finish.requantization.requantize(sum, finish.mantissa[filter], finish.shift[filter]));
            }
        }
        y
    }

    /// Whether it is computed in strips; those that are have to be right.
    fn check(self, random: &mut Random) -> bool {
        let Some(simd) = Vnni::detect() else { return true };
        let Convolution { plane, seen, filters } = self.convolution;
        let strip = Strip::new(self.convolution);
        let mut image = vec![random.uniform() as u8; 1 << 15];
        let mut quads: Vec<Quads> = vec![[[77; 64]; 2]; 100];
        if !strip.fits(image.len(), quads.len()) {
            return false;
        }
        let count = self.groups * filters;
        let x = self.integers(self.groups * seen * plane.inputs(), random);
        let weights = self.integers(count * seen * plane.taps(), random);
        let outside = self.integers(1, random)[0];
        let bias: Vec<i32> = self.integers(count, random).into_iter().map(|bias| i32::from(bias) * 500).collect();
        let mantissa: Vec<i32> = bias.iter().map(|bias| (1 << 30) + (bias << 10)).collect();
        let shift: Vec<u8> = self.integers(count, random).into_iter().map(|shift| shift.unsigned_abs() % 12).collect();
        let finish = Finish { bias: &bias, mantissa: &mantissa, shift: &shift, requantization: Once::at(3) };
        let mut y = vec![UNTOUCHED; count * plane.outputs() + 1];
        let (last, outputs) = y.split_last_mut().unwrap();
        let filters = (&*weights, finish, &mut *vec![0; count]);
        simd.convolution(&strip, (&x, outside), filters, outputs, (&mut image, &mut quads));
        assert_eq!((&*outputs, *last), (&*self.expected(&x, outside, &weights, finish), UNTOUCHED), "{self:?}");
        true
    }
}

#[test]
fn convolutions_are_the_formula_for_all_sizes() {
    let mut random = Random::new(11);
    let strips = (0..1500).filter(|_| Case::draw(&mut random).check(&mut random)).count();
    assert!(strips > 500, "{strips} of 1500");
}
