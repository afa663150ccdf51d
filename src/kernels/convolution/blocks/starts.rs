//! Where the first numbers of sums lie, and where the sums do: in order, or in fours that lie equally far apart.

use super::{Block, Images, PLACES, Places, Stored};
use crate::kernels::convolution::track::Stretch;
use crate::kernels::product::{Fours, Row, TOGETHER};
use crate::window::ceil_div;

/// Which sums of a plane come one after the other.
#[derive(Clone, Copy)]
pub(in crate::kernels::convolution) struct Line {
    /// Whether it is those of a column, and not of a row.
    is_down: bool,
    /// How many sums further on the next one is: the one that reads with a tap what this one reads with the next, if there is such a sum.
    every: usize,
    /// How many sums there are in a row or a column.
    pub(in crate::kernels::convolution) length: usize,
    /// Whether neighbours read the same numbers.
    pub(in crate::kernels::convolution) is_shared: bool,
}

impl Line {
    /// For the sums of two stretches.
    pub(in crate::kernels::convolution) fn of(images: &Images, (down, along): (&Stretch, &Stretch)) -> Self {
        let is_down = along.sums.len() < TOGETHER && down.sums.len() > along.sums.len();
        let (track, stretch) = if is_down { (&images.rows, down) } else { (&images.columns, along) };
        // Taps of a column are neighbours if rows have a single one.
        let are_neighbours = stretch.taps.len() > 1 && (!is_down || along.taps.len() == 1);
        let (length, every) = (stretch.sums.len(), track.sums_between_taps());
        let is_shared = are_neighbours && every > 0 && length >= every * TOGETHER;
        Self { is_down, every: if is_shared { every } else { 1 }, length, is_shared }
    }

    /// The sums that come one after the other, from each of the first ones on: the first, and how many.
    fn parts(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.every).map(move |first| (first, ceil_div(self.length.saturating_sub(first), self.every)))
    }

    /// How many fours of sums a line has.
    pub(in crate::kernels::convolution) fn fours(self) -> usize {
        self.parts().map(|(_, count)| count / TOGETHER).sum()
    }
}

impl Images {
    /// Where the first number of each sum of a stretch of a block's rows and one of its columns lies, and where the sum does,
    /// from the first sum of the block on. Returns how many there are.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn starts(
        &self,
        block: &Block,
        places: Places,
        (rows, columns): (&Stretch, &Stretch),
        stored: Stored,
        to: &mut [Row; PLACES],
    ) -> usize {
        let (mut count, mut to) = (0, to.iter_mut());
        for sample in 0..block.samples.len() {
            for row in 0..rows.sums.len() {
                let start = sample * places.sample
                    + (rows.start + row * self.rows.step) * places.row
                    + columns.start * places.column;
                let sum = sample * stored.sample
                    + (rows.sums.start + row - block.rows.start) * stored.row
                    + (columns.sums.start - block.columns.start) * stored.column;
                for (column, to) in (0..columns.sums.len()).zip(&mut to) {
                    *to = Row {
                        a: (start + column * self.columns.step * places.column) as u32,
                        c: (sum + column * stored.column) as u32,
                    };
                    count += 1;
                }
            }
        }
        count
    }

    /// The same in another order: fours of neighbours on a [line](Line) first. Returns how many sums there are, and the fours.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn starts_in_fours(
        &self,
        block: &Block,
        places: Places,
        (rows, columns): (&Stretch, &Stretch),
        stored: Stored,
        line: Line,
        to: &mut [Row; PLACES],
    ) -> (usize, Fours) {
        // How many sums there are, and how far neighbours lie apart.
        let down = (rows.sums.len(), self.rows.step * places.row, stored.row);
        let along = (columns.sums.len(), self.columns.step * places.column, stored.column);
        let (lines, of_line) = if line.is_down { (along, down) } else { (down, along) };
        let start = rows.start * places.row + columns.start * places.column;
        let sum = (rows.sums.start - block.rows.start) * stored.row
            + (columns.sums.start - block.columns.start) * stored.column;
        let (mut count, mut to) = (0, to.iter_mut());
        let mut write = |is_four: bool| {
            for sample in 0..block.samples.len() {
                let (start, sum) = (start + sample * places.sample, sum + sample * stored.sample);
                for number in 0..lines.0 {
                    let (start, sum) = (start + number * lines.1, sum + number * lines.2);
                    for (first, all) in line.parts() {
                        let in_fours = all - all % TOGETHER;
                        let some = if is_four { 0..in_fours } else { in_fours..all };
                        for (at, to) in some.map(|at| first + at * line.every).zip(&mut to) {
                            *to = Row { a: (start + at * of_line.1) as u32, c: (sum + at * of_line.2) as u32 };
                            count += 1;
                        }
                    }
                }
            }
            count
        };
        let fours = Fours { count: write(true) / TOGETHER, step: line.every * of_line.1 };
        (write(false), fours)
    }
}
