//! The taps of a window that doesn't leave the input, in the order of a filter's weights.

use super::window::Plane;

/// The taps of a filter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taps {
    /// Three loops, one in the other: how often each runs, and how far the input moves on.
    loops: [(usize, usize); 3],
    /// How many there are.
    pub(crate) count: usize,
    /// How far the last one's input is behind the first one's.
    pub(crate) reach: usize,
}

impl Taps {
    /// Those of a filter that sees some channels of a plane.
    #[inline(always)]
    pub(crate) const fn new(plane: &Plane, channels: usize) -> Self {
        let Plane { rows, columns } = plane;
        let mut loops = [
            (channels, plane.inputs()),
            (rows.window.kernel, rows.window.dilation * columns.input),
            (columns.window.kernel, columns.window.dilation),
        ];
        // The innermost should be a long one.
        let mut turns = 0;
        while turns < 2 {
            if loops[2].0 == 1 {
                loops = [(1, 0), loops[0], loops[1]];
            }
            turns += 1;
        }
        let [channels, rows, columns] = loops;
        let count = channels.0 * rows.0 * columns.0;
        let reach = channels.0.saturating_sub(1) * channels.1
            + rows.0.saturating_sub(1) * rows.1
            + columns.0.saturating_sub(1) * columns.1;
        Self { loops, count, reach }
    }

    /// Visits their inputs' indices, from that of the first one on.
    #[inline(always)]
    pub(crate) fn each(&self, start: usize, visit: impl FnMut(usize)) {
        let [_, _, columns] = self.loops;
        self.each_of(columns, start, visit);
    }

    /// [`each`](Self::each), with loops of their own for the most frequent windows, whose rows are visited without one.
    #[cfg(any(fnn_without_vectors, test))]
    #[inline(always)]
    pub(crate) fn each_in_place(&self, start: usize, visit: impl FnMut(usize)) {
        let [_, _, columns] = self.loops;
        match columns {
            (3, 1) => self.each_of((3, 1), start, visit),
            (4, 1) => self.each_of((4, 1), start, visit),
            (5, 1) => self.each_of((5, 1), start, visit),
            _ => self.each_of(columns, start, visit),
        }
    }

    #[inline(always)]
    fn each_of(&self, (columns, to_column): (usize, usize), start: usize, mut visit: impl FnMut(usize)) {
        let [(channels, to_channel), (rows, to_row), _] = self.loops;
        let mut channel = start;
        for _ in 0..channels {
            let mut row = channel;
            for _ in 0..rows {
                let mut at = row;
                for _ in 0..columns {
                    visit(at);
                    at += to_column;
                }
                row += to_row;
            }
            channel += to_channel;
        }
    }
}
