//! Rows of a scattered product that lie equally far apart, as those of neighbouring positions do.
//!
//! If a product has a single vector of columns, each number of A is loaded for one multiplication, and a processor loads hardly more than
//! it multiplies. Twelve rows that lie anywhere take as many pointers, which leaves too few registers; four neighbouring rows share one. So
//! a tile has six times four rows, and those that are left over are in tiles of twelve. And if terms lie as far apart in A as rows do, as the
//! taps of a row of a window do, neighbouring rows read the same numbers with neighbouring terms: of three terms at a time, or two, each
//! number is loaded once.

use super::walks::{OneByOne, Shared};
use super::{Place, Row, Scattered};
use crate::kernels::vector::Simd;
use crate::scalar::Scalar;

/// Neighbouring rows that share a pointer.
pub(crate) const TOGETHER: usize = 4;
/// Pointers of a tile.
pub(super) const POINTERS: usize = 6;
/// Neighbouring terms at a time.
const TERMS: usize = 3;
/// Rows of a tile that share no pointer.
const ALONE: usize = 12;

/// How many fours the first rows are: four rows each, of which every one lies `step` numbers behind the one before it in A.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fours {
    pub(crate) count: usize,
    pub(crate) step: usize,
}

impl Fours {
    /// Rows that lie anywhere.
    pub(crate) const NONE: Self = Self { count: 0, step: 0 };

    /// Whether some rows lie so.
    #[inline(always)]
    pub(super) fn fit(self, rows: &[Row]) -> bool {
        let (fours, _) = rows.as_chunks::<TOGETHER>();
        let is_four = |four: &[Row; TOGETHER]| {
            let places = four.map(|row| row.a as usize);
            places.iter().zip(places.iter().skip(1)).all(|(&row, &next)| row.saturating_add(self.step) == next)
        };
        self.count <= fours.len() && fours.iter().take(self.count).all(is_four)
    }
}

/// The length of the runs into which all terms divide, of terms that lie `step` numbers apart in A; or 1.
#[inline(always)]
pub(super) fn neighbours(terms: &[Place], step: usize) -> usize {
    let is_next = |term: &Place, next: &Place| (term.a as usize).saturating_add(step) == next.a as usize;
    let pairs = || terms.iter().zip(terms.get(1..).unwrap_or_default());
    let count = 1 + pairs().take_while(|(term, next)| is_next(term, next)).count();
    if count == 1 || !terms.len().is_multiple_of(count) {
        return 1;
    }
    // Those at the end of one and at the beginning of the next may lie anywhere.
    let are_all = pairs().enumerate().all(|(index, (term, next))| (index + 1) % count == 0 || is_next(term, next));
    if are_all { count } else { 1 }
}

impl<S: Scalar> Scattered<'_, S> {
    /// All rows of a product that fits, has a single vector of columns, and some fours.
    #[inline(always)]
    pub(super) fn in_fours<V: Simd>(&mut self, simd: V) {
        let (mut row, mut left) = (0, self.fours.count);
        let neighbours = neighbours(self.terms.inner, self.fours.step);
        let shared = Shared::<TERMS> { neighbours };
        // SAFETY: the product fits, so that it has the fours; and it has one vector of columns.
        unsafe {
            while left > 0 {
                let fours = left.min(if 2 * left > POINTERS { POINTERS } else { POINTERS / 2 });
                let (tile, at) = ((row, fours), &mut (0, 0));
                match (2 * left > POINTERS, neighbours > 1) {
                    (true, true) => self.tile::<V, POINTERS, TOGETHER, 1>(simd, tile, shared, at),
                    (true, false) => self.tile::<V, POINTERS, TOGETHER, 1>(simd, tile, OneByOne, at),
                    (false, true) => self.tile::<V, { POINTERS / 2 }, TOGETHER, 1>(simd, tile, shared, at),
                    (false, false) => self.tile::<V, { POINTERS / 2 }, TOGETHER, 1>(simd, tile, OneByOne, at),
                };
                (row, left) = (row + fours * TOGETHER, left - fours);
            }
            while row < self.rows.len() {
                let (left, at) = (self.rows.len() - row, &mut (0, 0));
                row += if 2 * left > ALONE {
                    self.tile::<V, ALONE, 1, 1>(simd, (row, left), OneByOne, at);
                    ALONE
                } else {
                    self.tile::<V, { ALONE / 2 }, 1, 1>(simd, (row, left), OneByOne, at);
                    ALONE / 2
                };
            }
        }
    }
}
