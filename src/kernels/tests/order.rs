//! The products of a dense layer, bit for bit: each sum is in the order that its kernel states, whatever the batch, the tile
//! and the width of the vectors, and in debug and release builds alike.

use super::{everywhere, numbers};
use crate::kernels::vector::{self, Vector};
use crate::kernels::{Operation, Simd, Start, input_gradient, matmul, matmul_rows, weight_gradient};
use crate::random::Random;
use crate::scalar::Scalar;

/// The operands of a dense layer's products, for a number of samples.
#[derive(Clone)]
struct Dense {
    /// Samples, inputs and outputs.
    size: (usize, usize, usize),
    x: Vec<f32>,
    w: Vec<f32>,
    bias: Vec<f32>,
    g: Vec<f32>,
}

/// Outputs, weight gradients and input gradients, or their bits.
type Results<T> = [Vec<T>; 3];

impl Operation for Dense {
    /// Whether multiply-adds are fused, and the results.
    type Output = (bool, Results<f32>);

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Self::Output {
        let Self { size: (samples, inputs, outputs), x, w, bias, g } = self;
        let (mut y, mut dw, mut dx) =
            (vec![9.0; samples * outputs], vec![0.5; inputs * outputs], vec![9.0; samples * inputs]);
        matmul(simd, (inputs, outputs), &x, &w, &mut y, &bias);
        weight_gradient(simd, (inputs, outputs), &x, &g, &mut dw, Start::Sum);
        input_gradient(simd, (inputs, outputs), &g, &w, &mut dx);
        if outputs > 1 {
            // Rows that lie anywhere, some of them more than once.
            let numbers: Vec<_> = (0..samples + 3).map(|row| 5 * row % samples).collect();
            let mut rows = vec![9.0; numbers.len() * outputs];
            matmul_rows(simd, (inputs, outputs), (&x, Some(&numbers)), &w, &mut rows, &bias);
            let expected: Vec<_> = numbers.iter().flat_map(|&row| &y[row * outputs..][..outputs]).copied().collect();
            assert_eq!(rows, expected, "{simd:?} {:?}", self.size);
        }
        (V::FUSED, [y, dw, dx])
    }
}

impl Dense {
    fn new(size: (usize, usize, usize)) -> Self {
        let (samples, inputs, outputs) = size;
        let mut random = Random::new((inputs * 100 + outputs) as u64);
        let [w, bias] = [inputs * outputs, outputs].map(|count| numbers(count, &mut random));
        let [x, g] = [samples * inputs, samples * outputs].map(|count| numbers(count, &mut random));
        Self { size, x, w, bias, g }
    }

    /// One number at a time, in the stated order.
    fn in_order(&self, is_fused: bool) -> Results<f32> {
        let (samples, inputs, outputs) = self.size;
        let (x, w) = (|m: usize, i: usize| self.x[m * inputs + i], |i: usize, o: usize| self.w[i * outputs + o]);
        let g = |m: usize, o: usize| self.g[m * outputs + o];
        let add = |sum: f32, (x, y): (f32, f32)| if is_fused { x.mul_add(y, sum) } else { sum + x * y };
        let y = pairs(samples, outputs, |m, o| {
            let terms = |range: core::ops::Range<usize>| range.map(move |i| (x(m, i), w(i, o)));
            if is_fused && outputs == 1 {
                let lane = |lane: usize| (lane..inputs).step_by(16).map(|i| (x(m, i), w(i, o))).fold(0.0, add);
                let mut lanes: Vec<f32> = (0..16).map(lane).collect();
                while lanes.len() > 1 {
                    let upper = lanes.split_off(lanes.len() / 2);
                    lanes.iter_mut().zip(upper).for_each(|(lower, upper)| *lower += upper);
                }
                return lanes[0] + self.bias[0];
            }
            if is_fused && outputs <= 32 && inputs >= 4 {
                let quarter = inputs.div_ceil(4);
                let part = |part: usize| terms((part * quarter).min(inputs)..((part + 1) * quarter).min(inputs));
                let [one, two, three, four] = [(0, self.bias[o]), (1, 0.0), (2, 0.0), (3, 0.0)]
                    .map(|(number, start)| part(number).fold(start, add));
                return (one + two) + (three + four);
            }
            terms(0..inputs).fold(self.bias[o], add)
        });
        let dw = pairs(inputs, outputs, |i, o| (0..samples).map(|m| (x(m, i), g(m, o))).fold(0.5, add));
        let dx = pairs(samples, inputs, |m, i| (0..outputs).map(|o| (g(m, o), w(i, o))).fold(0.0, add));
        [y, dw, dx]
    }
}

/// A function of rows and columns, row by row.
fn pairs(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .map(|(row, column)| value(row, column))
        .collect()
}

fn bits(results: &Results<f32>) -> Results<u32> {
    results.clone().map(|numbers| numbers.into_iter().map(f32::to_bits).collect())
}

fn check(size: (usize, usize, usize)) {
    let dense = Dense::new(size);
    for (name, (is_fused, found)) in everywhere(&dense) {
        let names = ["outputs", "weight gradient", "input gradient"];
        let (found, expected) = (bits(&found), bits(&dense.in_order(is_fused)));
        for ((found, expected), what) in found.iter().zip(&expected).zip(names) {
            assert!(found == expected, "{name}, {size:?}: {what}");
        }
    }
}

#[test]
fn sums_of_a_dense_layer_are_in_an_order_that_depends_on_nothing_but_its_shape() {
    let shapes = [
        (1, 1),
        (3, 2),
        (2, 8),
        (8, 1),
        (4, 16),
        (5, 16),
        (6, 17),
        (16, 3),
        (20, 10),
        (33, 1),
        (64, 32),
        (33, 33),
        (61, 97),
        (300, 1),
        (150, 10),
        (300, 40),
        (20, 200),
        (1, 140),
        (13, 64),
        (260, 20),
    ];
    for (inputs, outputs) in shapes {
        // Each tile and each rest; the larger shapes, of several blocks, take long under an emulator.
        let batches: &[usize] =
            if inputs * outputs < 3000 { &[1, 2, 3, 4, 5, 7, 8, 9, 12, 17, 33] } else { &[1, 5, 6, 11, 35] };
        for &samples in batches {
            check((samples, inputs, outputs));
        }
    }
}

/// The sum of a vector's lanes.
#[derive(Clone)]
struct SumOfLanes<S>(core::marker::PhantomData<S>);

impl<S: Scalar> Operation for SumOfLanes<S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let numbers = numbers::<S>(vector::lanes::<V, S>(), &mut Random::new(16));
        let mut found = numbers.clone();
        vector::write(simd, vector::read::<V, S>(simd, &numbers).sum_of_lanes(), &mut found);
        let mut sums = numbers;
        while sums.len() > 1 {
            let (low, high) = sums.split_at(sums.len() / 2);
            sums = low.iter().zip(high).map(|(&low, &high)| low + high).collect();
        }
        assert_eq!(found, vec![sums[0]; found.len()], "{simd:?} {}", size_of::<S>());
    }
}

#[test]
fn lanes_are_added_to_those_half_a_vector_away() {
    everywhere(&SumOfLanes::<f32>(core::marker::PhantomData));
    everywhere(&SumOfLanes::<f64>(core::marker::PhantomData));
}
