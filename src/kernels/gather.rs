//! Items from all over memory, side by side.

use alloc::vec::Vec;

/// How many items ahead memory is asked for: a few kilobytes each are a first-level cache together.
const AHEAD: usize = 4;

/// Bytes that a processor asks memory for at a time.
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
const LINE: usize = 64;

/// Add to `to` the items at `places` of `all`, which has them.
///
/// A processor sees that memory is read in a row, but not where the next row of a shuffled mini-batch begins.
pub(crate) fn gather<A: Copy>(all: &[A], places: &[usize], to: &mut Vec<A>) {
    for (number, &place) in places.iter().enumerate() {
        if let Some(item) = places.get(number + AHEAD).and_then(|&later| all.get(later)) {
            prefetch(item);
        }
        to.extend_from_slice(&all[place..=place]);
    }
}

/// Ask for the memory of `item`, without waiting for it. Does nothing where there is no such instruction.
#[inline(always)]
fn prefetch<A>(item: &A) {
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    for offset in (0..size_of::<A>()).step_by(LINE) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the place is inside of the item; and the instruction reads nothing that the program sees.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(item).cast::<i8>().add(offset)) };
    }
    let _ = item;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_the_order_of_their_places() {
        let all: Vec<[u8; 100]> = (0..50).map(|item| [item; 100]).collect();
        let places = [3, 49, 0, 0, 7, 48, 1];
        let mut to = alloc::vec![[99; 100]];
        gather(&all, &places, &mut to);
        assert!(to.iter().zip([99, 3, 49, 0, 0, 7, 48, 1]).all(|(item, number)| *item == [number; 100]));
        gather(&all, &[], &mut to);
        assert_eq!(to.len(), 8);
    }
}
