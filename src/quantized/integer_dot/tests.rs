//! Convolutions of all kinds against the formula, in 64 bits.

use alloc::vec;
use alloc::vec::Vec;

use super::super::drawn::{Case, Numbers};
use super::super::products::{Finish, products};
use super::super::requantization::Once;
use super::{IntegerDot, Quads, Strip, Tables};
use crate::random::Random;

/// Of the cases that processors compute, the share that an emulator has time for.
const SHARE: usize = if cfg!(target_arch = "aarch64") { 10 } else { 1 };

/// An integer that no kernel may touch.
const UNTOUCHED: i8 = 99;

/// Whether it is computed in strips; those that are have to be right, with all instructions that the processor has.
fn check(case: Case, random: &mut Random) -> bool {
    let strip = Strip::new(case.convolution);
    let mut image = vec![random.uniform() as u8; 1 << 15];
    let mut quads: Vec<Quads> = vec![Quads([[77; 64]; 2]); 100];
    if !strip.fits(image.len(), quads.len()) {
        return false;
    }
    let numbers = Numbers::draw(case, random);
    let expected = numbers.expected();
    for simd in IntegerDot::all() {
        let mut y = vec![UNTOUCHED; expected.len() + 1];
        let (last, outputs) = y.split_last_mut().unwrap();
        let (finish, start) = (numbers.finish(), &mut *vec![0; numbers.bias.len()]);
        let filters = (&*numbers.weights, finish.of_any_layer(), start);
        simd.convolution(&strip, (&numbers.x, numbers.outside), filters, outputs, (&mut image, &mut quads));
        assert_eq!((&*outputs, *last), (&*expected, UNTOUCHED), "{simd:?}, {case:?}");
    }
    true
}

#[test]
fn processors_with_vectors_have_dot_products() {
    #[cfg(target_arch = "x86_64")]
    let has_vectors = std::arch::is_x86_feature_detected!("avx2");
    #[cfg(target_arch = "aarch64")]
    let has_vectors = true;
    assert_eq!(IntegerDot::all().next().is_some(), has_vectors);
}

#[test]
fn convolutions_are_the_formula_for_all_sizes() {
    let mut random = Random::new(11);
    let strips = (0..1500 / SHARE).filter(|_| check(Case::draw(&mut random), &mut random)).count();
    assert!(strips > 500 / SHARE, "{strips} of {}", 1500 / SHARE);
}

/// The same for depthwise convolutions of small planes.
fn check_narrow(simd: IntegerDot, case: Case, random: &mut Random) -> bool {
    let tables = Tables::new(case.convolution);
    let Some(narrow) = simd.table(&tables) else { return false };
    let mut numbers = Numbers::draw(case, random);
    // Padding behind a ReLU, for which there is a form of its own.
    if random.uniform() < 0.5 {
        numbers.outside = i8::MIN;
    }
    let expected = numbers.expected();
    let mut y = vec![UNTOUCHED; expected.len() + 1];
    let (last, outputs) = y.split_last_mut().unwrap();
    let (finish, start) = (numbers.finish(), &mut *vec![0; numbers.bias.len()]);
    let filters = (&*numbers.weights, finish.of_any_layer(), start);
    simd.narrow(narrow, (&numbers.x, numbers.outside), filters, outputs);
    assert_eq!((&*outputs, *last), (&*expected, UNTOUCHED), "{simd:?}, {case:?}");
    true
}

#[test]
fn depthwise_convolutions_of_small_planes_are_the_formula() {
    for simd in IntegerDot::all() {
        let mut random = Random::new(12);
        let narrow = (0..3000 / SHARE).filter(|_| check_narrow(simd, Case::draw(&mut random), &mut random)).count();
        assert!(narrow > 300 / SHARE, "{simd:?}: {narrow} of {}", 3000 / SHARE);
    }
}

/// Batches of any size, of rows of any number and length.
#[test]
fn outputs_of_batches_are_those_of_their_samples() {
    let mut random = Random::new(13);
    for inputs in (1..=70).chain([127, 128, 129, 784]).step_by(SHARE) {
        for (outputs, samples) in [(1, 1), (2, 33), (3, 15), (7, 16), (8, 17), (9, 31), (12, 32), (15, 64), (29, 40)] {
            let mut integers = |count: usize| -> Vec<i8> {
                let extreme = outputs % 2 == 0;
                let integer = |uniform: f64| (uniform * 256.0).floor() as i32 - 128;
                let all = (0..count).map(|_| integer(random.uniform()));
                all.map(|x| if extreme { if x < 0 { -128 } else { 127 } } else { x as i8 }).collect()
            };
            let (x, weights) = (integers(samples * inputs), integers(outputs * inputs));
            let bias: Vec<i32> = integers(outputs).into_iter().map(|bias| i32::from(bias) * 500).collect();
            let mantissa: Vec<i32> = bias.iter().map(|bias| (1 << 30) + (bias << 10)).collect();
            let shift: Vec<u8> = integers(outputs).into_iter().map(|shift| shift.unsigned_abs() % 12).collect();
            let finish = Finish { bias: &bias, mantissa: &mantissa, shift: &shift, requantization: Once::at(3) };
            let mut expected = vec![0; samples * outputs];
            for (x, y) in x.chunks(inputs).zip(expected.chunks_mut(outputs)) {
                products(x, &weights, finish, |row, integer| y[row] = integer);
            }
            for simd in IntegerDot::all() {
                let mut y = vec![UNTOUCHED; samples * outputs + 1];
                let (last, results) = y.split_last_mut().unwrap();
                let filters = (&*weights, finish.of_any_layer(), &mut *vec![0; outputs]);
                simd.batch(&x, filters, results, &mut vec![Quads([[77; 64]; 2]); inputs.div_ceil(4)]);
                let what = (simd, samples, inputs, outputs);
                assert_eq!((&*results, *last), (&*expected, UNTOUCHED), "{what:?}");
            }
        }
    }
}

/// Numbers of all sizes, those around each half, and those that aren't.
#[cfg(target_arch = "x86_64")]
#[test]
fn numbers_are_quantized_as_by_plain_loops() {
    use super::super::Quantization;
    use super::super::quantization::{nearest, saturate};

    let mut random = Random::new(14);
    let around = |x: f32| [x.next_down(), x, x.next_up()];
    let mut values: Vec<f32> = (-1200..=1200).flat_map(|quarters| around(quarters as f32 * 0.25)).collect();
    values.extend([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, f32::MIN_POSITIVE, -0.0, 1e-45]);
    values.extend((0..2000 / SHARE).map(|_| f32::from_bits(random.next_u64() as u32)));
    for (scale, zero_point) in [(1.0, 0), (1.0, -128), (0.25, 127), (0.017, 3), (3.3e-5, -7), (0.0, 1), (f32::NAN, 1)] {
        let expected: Vec<i8> = values.iter().map(|x| saturate(nearest(x / scale) + zero_point)).collect();
        for count in [values.len(), 1, 15, 16, 17, 31, 32, 33] {
            for simd in IntegerDot::all() {
                let mut integers = vec![UNTOUCHED; count + 1];
                let (quantization, results) = (Quantization { scale, zero_point }, &mut integers[..count]);
                match simd {
                    IntegerDot::Avx512(simd) => simd.quantize(quantization, &values, results),
                    IntegerDot::Avx2(simd) => simd.quantize(quantization, &values, results),
                    IntegerDot::AvxVnni(_) => continue,
                }
                let what = (simd, scale, zero_point);
                assert_eq!((&integers[..count], integers[count]), (&expected[..count], UNTOUCHED), "{what:?}");
            }
        }
    }
}
