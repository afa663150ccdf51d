//! What scattered products cost, in multiplications of vectors, with 32 registers.

use super::fours::{POINTERS, TOGETHER};
use crate::window::quotient;

/// What a product of some rows with some vectors of columns costs for each number of a row, in multiplications, with 32 registers; and how
/// many tiles it has.
pub(crate) fn work(rows: usize, vectors: usize) -> (usize, usize) {
    // In a cycle, a processor loads two numbers and starts two multiplications, which take four. Measured, a tile of one row or one column
    // takes a fourth longer than its loads.
    let cost = |rows: usize, vectors: usize| {
        let most = rows.max(vectors);
        let loads = if rows.min(vectors) == 1 { most + most / 4 + 2 } else { rows + vectors + 2 };
        (rows * vectors).max(loads).max(8)
    };
    let of_rows = |rows: usize| {
        let tiles = |tile: usize, count: usize| (count * cost(rows, tile), count);
        let sum = |one: (usize, usize), other: (usize, usize)| (one.0 + other.0, one.1 + other.1);
        match rows {
            0..=2 => {
                let most = if rows == 2 { 4 } else { 8 };
                let halves =
                    [4, 2, 1].map(|tile| if tile < most && vectors & tile > 0 { tiles(tile, 1) } else { (0, 0) });
                halves.into_iter().fold(tiles(most, quotient(vectors, most)), sum)
            }
            7.. if vectors <= 3 => tiles(vectors, 1),
            7.. => sum(tiles(2, (vectors - vectors % 2 * 3) / 2), tiles(3, vectors % 2)),
            _ => {
                // Of about the same size.
                let count = vectors.div_ceil(4);
                let (tile, larger) = (quotient(vectors, count), vectors.checked_rem(count).unwrap_or_default());
                sum(tiles(tile, count - larger), tiles(tile + 1, larger))
            }
        }
    };
    let most = if vectors == 1 { 12 } else { 8 };
    let (whole, rest) = (quotient(rows, most), rows % most);
    let ((each, tiles), rest_of) =
        (of_rows(most), |rest: usize| of_rows(if rest == 1 { 1 } else { rest.next_multiple_of(2) }));
    if whole > 0 && rest > 0 && 2 * rest <= most {
        let (half, of_half) = rest_of((most + rest).div_ceil(2));
        return ((whole - 1) * each + 2 * half, (whole - 1) * tiles + 2 * of_half);
    }
    let (last, more) = if rest > 0 { rest_of(rest) } else { (0, 0) };
    (whole * each + last, whole * tiles + more)
}

/// What a product of some rows, of which the first are some fours, with a vector of columns costs for each number of a row, in
/// multiplications, if neighbouring terms share what they read or not; and how many tiles it has.
pub(crate) fn work_in_fours(fours: usize, rows: usize, is_shared: bool) -> (usize, usize) {
    let tile = if is_shared { 25 } else { 28 };
    let (whole, rest) = (quotient(fours, POINTERS), fours % POINTERS);
    let (of_rest, tiles) = match rest {
        0 => (0, 0),
        _ if 2 * rest <= POINTERS => (quotient(tile, 2) + 1, 1),
        _ => (tile, 1),
    };
    let (alone, of_alone) = work(rows - fours * TOGETHER, 1);
    (tile * whole + of_rest + alone, whole + tiles + of_alone)
}
