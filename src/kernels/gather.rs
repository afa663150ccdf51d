//! Gathering scattered items.

use alloc::vec::Vec;

use super::request::item_for_reading;

/// How many items ahead to request: at a few kilobytes each, they fill a first-level cache.
const AHEAD: usize = 4;

/// Appends to `to` the items of `all` at `places`, which must be in range.
///
/// Hardware prefetches sequential reads, but can't predict where the next item of a shuffled mini-batch begins.
pub(crate) fn gather<A: Copy>(all: &[A], places: &[usize], to: &mut Vec<A>) {
    for (number, &place) in places.iter().enumerate() {
        if let Some(item) = places.get(number + AHEAD).and_then(|&later| all.get(later)) {
            item_for_reading(item);
        }
        to.extend_from_slice(&all[place..=place]);
    }
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
