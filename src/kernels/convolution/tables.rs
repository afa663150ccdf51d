//! Tables of the places of a product's [terms](Terms): those under the taps of some channels.
//!
//! A term lies at the sum of a place of its channel, one of its row of taps, and one of its column. Windows of long rows have a table of a row
//! and one of the rows; others a single table, of a few channels.

use super::blocks::DEPTH;
use crate::kernels::product::{Place, Terms};
use crate::kernels::vector::{Simd, Vector};
use crate::scalar::Scalar;
use crate::window::quotient;

/// A row of as many taps has a table, which is repeated for the window's rows.
const ROW: usize = 6;
/// The same with 16 registers, which don't hold all pointers: each repetition of a table takes more time.
const LONG_ROW: usize = 16;

/// Room for the tables.
pub(super) struct Tables {
    inner: [Place; DEPTH],
    outer: [Place; DEPTH],
}

impl Tables {
    pub(super) const fn new() -> Self {
        let none = Place { a: 0, b: 0 };
        Self { inner: [none; DEPTH], outer: [none; DEPTH] }
    }

    /// The terms of some channels, `apart` from one to the next, with rows and columns of taps.
    #[inline(always)]
    pub(super) fn list<V: Simd, S: Scalar>(
        &mut self,
        (channels, apart): (usize, (usize, usize)),
        rows: impl ExactSizeIterator<Item = Place>,
        columns: impl ExactSizeIterator<Item = Place>,
    ) -> Terms<'_> {
        let rows = write(&mut self.outer, rows);
        let far = |channels: usize| (channels * apart.0, channels * apart.1);
        if columns.len() >= const { if S::Vector::<V>::REGISTERS >= 32 { ROW } else { LONG_ROW } } {
            let columns = write(&mut self.inner, columns);
            let (inner, outer) = (self.inner.get(..columns), self.outer.get(..rows));
            let (inner, outer) = (inner.unwrap_or_default(), outer.unwrap_or_default());
            return Terms { inner, outer, repeats: channels, apart };
        }
        let mut of_row = [Place::default(); LONG_ROW];
        let columns = write(&mut of_row, columns);
        let of_row = of_row.get(..columns).unwrap_or_default();
        let together = channels_together(channels, rows * columns);
        let mut to = self.inner.iter_mut();
        for channel in 0..together {
            let (a, b) = far(channel);
            for row in self.outer.iter().take(rows) {
                let (a, b) = (a as u32 + row.a, b as u32 + row.b);
                for (place, to) in of_row.iter().zip(&mut to) {
                    *to = Place { a: a + place.a, b: b + place.b };
                }
            }
        }
        let inner = self.inner.get(..together * rows * columns).unwrap_or_default();
        Terms::repeated(inner, quotient(channels, together), far(together))
    }

    /// How many places are written for some channels, with 32 registers.
    pub(super) fn len(channels: usize, (rows, columns): (usize, usize)) -> usize {
        if columns >= ROW {
            rows + columns
        } else {
            rows + channels_together(channels, rows * columns) * rows * columns
        }
    }
}

/// Writes places into a table. Returns how many.
#[inline(always)]
fn write(table: &mut [Place], places: impl Iterator<Item = Place>) -> usize {
    let mut count = 0;
    for (to, place) in table.iter_mut().zip(places) {
        *to = place;
        count += 1;
    }
    count
}

/// Channels of `count` that share a table of places, which is [repeated](Terms) for the others: as few as have
/// some dozen taps, since a short table is made in less time, and a few more repetitions cost nothing.
fn channels_together(count: usize, taps: usize) -> usize {
    const FEW: usize = 32;
    let together = (1..=count).find(|&some| some * taps >= FEW && count.is_multiple_of(some)).unwrap_or(count);
    if together * taps > DEPTH { 1 } else { together }
}
