//! The inputs of four neighbouring places, tap by tap.

use super::PLACES;
use crate::kernels::{Plane, Taps};
use crate::window::Axis;

/// Columns of a window for which the way to read inputs at the edge is worked out once.
const COLUMNS: usize = 8;

/// Four places of a row, and the image that they are in.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) plane: &'a Plane,
    /// The channels that a filter sees,
    pub(super) channels: usize,
    /// and its taps.
    pub(super) taps: &'a Taps,
    pub(super) x: &'a [i8],
    /// What lies in the padding.
    pub(super) outside: i8,
    /// The first place.
    pub(super) row: usize,
    pub(super) column: usize,
    /// Places of the four that there are; what is read for the others is any number.
    pub(super) count: usize,
}

/// Four bytes as a number, the first one lowest.
#[inline(always)]
fn number([one, two, three, four]: [i8; PLACES]) -> u32 {
    // Not `map`, which stays a loop at `opt-level = "z"`.
    u32::from_le_bytes([one as u8, two as u8, three as u8, four as u8])
}

impl Places<'_> {
    /// The input's row and column under the first tap of the first place, which wrap around where they are outside.
    #[inline(always)]
    const fn corner(&self) -> (usize, usize) {
        let (down, along) = (self.plane.rows.window, self.plane.columns.window);
        let row = (self.row * down.stride).wrapping_sub(down.before);
        (row, (self.column * along.stride).wrapping_sub(along.before))
    }

    /// Writes, for each tap of all channels in the order of a filter's weights, the inputs of the four places.
    #[inline(always)]
    pub(super) fn write(&self, to: &mut [u32]) {
        let Plane { rows, columns } = self.plane;
        let (row, column) = self.corner();
        let last = column.wrapping_add((self.count - 1) * columns.window.stride + columns.window.span());
        let whole_rows = row < rows.input && row + rows.window.span() <= rows.input;
        if whole_rows && column < columns.input && last <= columns.input {
            self.write_inside(row * columns.input + column, to);
        } else {
            self.write_at_the_edge((row, column), to);
        }
    }

    /// [`write`](Self::write), where no tap is outside.
    #[inline(always)]
    fn write_inside(&self, start: usize, to: &mut [u32]) {
        let (taps, stride) = (self.taps, self.plane.columns.window.stride);
        match stride {
            1 => visit(taps, self.x, start, to, |&bytes: &[i8; 4]| bytes),
            2 => visit(taps, self.x, start, to, |&[one, _, two, _, three, _, four]: &[i8; 7]| [one, two, three, four]),
            _ => {
                let x = |at: usize| self.x.get(at).copied().unwrap_or_default();
                let mut to = to.iter_mut();
                taps.each(start, |at| {
                    if let Some(to) = to.next() {
                        *to = number([x(at), x(at + stride), x(at + 2 * stride), x(at + 3 * stride)]);
                    }
                });
            }
        }
    }

    /// [`write`](Self::write), where some taps are outside.
    #[inline(always)]
    fn write_at_the_edge(&self, (first_row, first_column): (usize, usize), to: &mut [u32]) {
        let Plane { rows, columns } = self.plane;
        let (Axis { kernel, stride, dilation, .. }, width) = (columns.window, columns.input);
        let outside = number([self.outside; PLACES]);
        let shifted = stride == 1 && width >= PLACES && kernel <= COLUMNS;
        let mut edges = [Edge::default(); COLUMNS];
        if shifted {
            let mut column = first_column;
            for edge in edges.iter_mut().take(kernel) {
                *edge = Edge::at(column, width, outside);
                column = column.wrapping_add(dilation);
            }
        }
        let mut to = to.iter_mut();
        let mut channel = 0;
        for _ in 0..self.channels {
            let mut row = first_row;
            for _ in 0..rows.window.kernel {
                let to = to.by_ref().take(kernel);
                let start = |row: usize| channel + row * width;
                let line = if row < rows.input { self.x.get(start(row)..start(row + 1)) } else { None };
                match line {
                    None => to.for_each(|to| *to = outside),
                    Some(line) if shifted => to.zip(&edges).for_each(|(to, edge)| *to = edge.read(line)),
                    Some(line) => {
                        let mut column = first_column;
                        for to in to {
                            let input = |place: usize| {
                                line.get(column.wrapping_add(place * stride)).copied().unwrap_or(self.outside)
                            };
                            *to = number([input(0), input(1), input(2), input(3)]);
                            column = column.wrapping_add(dilation);
                        }
                    }
                }
                row = row.wrapping_add(rows.window.dilation);
            }
            channel += self.plane.inputs();
        }
    }
}

/// For each tap, from an index on, writes the four inputs that are picked from some at the index.
#[inline(always)]
fn visit<const BYTES: usize>(
    taps: &Taps,
    x: &[i8],
    start: usize,
    to: &mut [u32],
    pick: impl Fn(&[i8; BYTES]) -> [i8; PLACES],
) {
    let last = start + taps.reach;
    if to.len() < taps.count {
        return;
    }
    if x.len() < last + BYTES {
        // What lies behind the image belongs to no place.
        let mut to = to.iter_mut();
        return taps.each(start, |at| {
            let mut bytes = [0; BYTES];
            for (to, &from) in bytes.iter_mut().zip(x.get(at..).unwrap_or_default()) {
                *to = from;
            }
            if let Some(to) = to.next() {
                *to = number(pick(&bytes));
            }
        });
    }
    let (x, mut to) = (x.as_ptr(), to.as_mut_ptr());
    taps.each_in_place(start, |at| {
        // SAFETY: indices grow up to the last one, from which on `BYTES` bytes are in the slice, and there are as many
        // numbers as visits.
        unsafe {
            *to = number(pick(&*x.add(at).cast()));
            to = to.add(1);
        }
    });
}

/// How to read four neighbouring inputs, some of which are outside: four others, turned, without those that don't
/// belong, and what is outside.
#[derive(Clone, Copy, Default)]
struct Edge {
    at: usize,
    turn: u32,
    mask: u32,
    outside: u32,
}

impl Edge {
    /// From a column on, which wraps around if it is before the first one, of a row of at least four.
    #[inline(always)]
    fn at(column: usize, width: usize, outside: u32) -> Self {
        let last = width - PLACES;
        let (at, turn, mask) = if column <= last {
            (column, 0, u32::MAX)
        } else if column.cast_signed() < 0 {
            let beyond = column.wrapping_neg();
            (0, 32 - 8 * (beyond as u32 % 4), if beyond < PLACES { u32::MAX << (8 * beyond) } else { 0 })
        } else {
            let beyond = column - last;
            (last, 8 * (beyond as u32 % 4), if beyond < PLACES { u32::MAX >> (8 * beyond) } else { 0 })
        };
        Self { at, turn, mask, outside: outside & !mask }
    }

    #[inline(always)]
    fn read(&self, line: &[i8]) -> u32 {
        let bytes = line.get(self.at..).and_then(|line| line.first_chunk()).copied().unwrap_or_default();
        number(bytes).rotate_right(self.turn) & self.mask | self.outside
    }
}
