//! Convolutions of all kinds against the formula, by the instructions of each processor.

use alloc::vec;

use super::super::drawn::{Case, Numbers};
use super::super::dsp::Dsp;
use super::{Layer, Multiply, Plain, Way, in_one_row};
use crate::random::Random;

/// An integer that no kernel may touch.
const UNTOUCHED: i8 = 99;

fn check<M: Multiply>(case: Case, numbers: &Numbers) {
    let convolution = &in_one_row(case.convolution);
    let Numbers { x, outside, weights, .. } = numbers;
    let expected = numbers.expected();
    let mut y = vec![UNTOUCHED; expected.len() + 1];
    let (last, outputs) = y.split_last_mut().unwrap();
    let taps = convolution.seen * convolution.plane.taps();
    let mut room = vec![u32::MAX; 2 * taps.next_multiple_of(4)];
    let layer = Layer { convolution, weights, finish: numbers.finish(), outside: *outside };
    layer.apply::<M>(x, outputs, &mut room);
    assert_eq!((&*outputs, *last), (&*expected, UNTOUCHED), "{case:?}");
}

#[test]
fn convolutions_are_the_formula_for_all_sizes() {
    let mut random = Random::new(12);
    for _ in 0..600 {
        let case = Case::draw(&mut random);
        let numbers = Numbers::draw(case, &mut random);
        check::<Plain>(case, &numbers);
        check::<Dsp>(case, &numbers);
    }
}

#[test]
fn convolutions_in_one_place_are_the_formula() {
    let mut random = Random::new(13);
    for _ in 0..300 {
        let case = Case::draw(&mut random).in_one_place();
        assert_eq!(Way::of(&in_one_row(case.convolution)), Way::OnePlace);
        let numbers = Numbers::draw(case, &mut random);
        check::<Plain>(case, &numbers);
        check::<Dsp>(case, &numbers);
    }
}

/// Windows of every length up to that of the longest filter taken as a whole, and longer ones.
#[test]
fn depthwise_convolutions_of_a_row_are_the_formula() {
    let mut random = Random::new(13);
    let mut rows = 0;
    for _ in 0..400 {
        let case = Case::draw_row(&mut random);
        rows += usize::from(Way::of(&case.convolution) == Way::Row);
        let numbers = Numbers::draw(case, &mut random);
        check::<Plain>(case, &numbers);
        check::<Dsp>(case, &numbers);
    }
    assert!((1..400).contains(&rows), "{rows}");
}

/// Memory is aligned wherever it starts, and all of it but the bytes before is used.
#[test]
fn memory_is_aligned() {
    #[derive(Clone, Copy)]
    #[repr(C, align(4))]
    struct Memory(i8, i8, i8, [i8; 8 * 3 + 27]);

    let mut memory = Memory(1, 2, 3, [4; 51]);
    let words: &mut [u32] = crate::memory::aligned(&mut memory.3);
    assert_eq!(words.len(), (51 - 1) / 4);
    words.fill(u32::MAX);
    assert_eq!((memory.0, memory.1, memory.2), (1, 2, 3));
    assert_eq!((memory.3[0], memory.3[1], memory.3[48], memory.3[49]), (4, -1, -1, 4));
}
