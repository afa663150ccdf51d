//! Convolutions of all kinds against the formula, in 64 bits.

use alloc::vec;
use alloc::vec::Vec;

use super::super::drawn::{Case, Numbers};
use super::{Quads, Strip, Vnni};
use crate::random::Random;

/// An integer that no kernel may touch.
const UNTOUCHED: i8 = 99;

/// Whether it is computed in strips; those that are have to be right.
fn check(case: Case, random: &mut Random) -> bool {
    let Some(simd) = Vnni::detect() else { return true };
    let strip = Strip::new(case.convolution);
    let mut image = vec![random.uniform() as u8; 1 << 15];
    let mut quads: Vec<Quads> = vec![[[77; 64]; 2]; 100];
    if !strip.fits(image.len(), quads.len()) {
        return false;
    }
    let numbers = Numbers::draw(case, random);
    let expected = numbers.expected();
    let mut y = vec![UNTOUCHED; expected.len() + 1];
    let (last, outputs) = y.split_last_mut().unwrap();
    let filters = (&*numbers.weights, numbers.finish(), &mut *vec![0; numbers.bias.len()]);
    simd.convolution(&strip, (&numbers.x, numbers.outside), filters, outputs, (&mut image, &mut quads));
    assert_eq!((&*outputs, *last), (&*expected, UNTOUCHED), "{case:?}");
    true
}

#[test]
fn convolutions_are_the_formula_for_all_sizes() {
    let mut random = Random::new(11);
    let strips = (0..1500).filter(|_| check(Case::draw(&mut random), &mut random)).count();
    assert!(strips > 500, "{strips} of 1500");
}
