//! Depthwise convolutions with windows of 3 × 3, and those of a single row.
//!
//! A channel is copied with its padding, as many rows at a time as there is room for, so that no place is at an edge.

use super::{Layer, Multiply, write_rows, write_strips};
use crate::chunks::Chunks;
use crate::kernels::{Convolution, Plane};
use crate::quantized::products::Finish;
use crate::quantized::requantization::Requantize;

/// Room for padded rows, and for what is read beyond the last one.
const ROOM: usize = 1024;
const BEYOND: usize = 16;

/// Sums that are kept until they are requantized. An even number.
const SUMS: usize = 128;

/// The size of the window.
const SIZE: usize = 3;

/// The longest window of a single row.
pub(super) const LONGEST: usize = 16;

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::quantized) enum Way {
    /// The input is as large as the window.
    OnePlace,
    /// Four places of a row at a time, whatever the window.
    Places,
    /// Each filter sees one channel, through a window of 3 × 3.
    Square,
    /// Each filter sees one channel, which is a single row, through a window of at most [`LONGEST`].
    Row,
}

impl Way {
    /// That of this convolution.
    pub(in crate::quantized) const fn of(convolution: &Convolution) -> Self {
        let Convolution { plane: Plane { rows, columns }, seen, filters } = *convolution;
        let (down, along) = (rows.window, columns.window);
        let (plane, pitch) = (convolution.plane, pitch(convolution));
        if rows.is_whole() && columns.is_whole() && plane.outputs() == 1 && plane.inputs() == plane.taps() {
            return Self::OnePlace;
        }
        if seen != 1 || filters != 1 || down.dilation != 1 || along.dilation != 1 || pitch > ROOM - BEYOND {
            return Self::Places;
        }
        if down.kernel == SIZE && along.kernel == SIZE && (ROOM - BEYOND) / SIZE >= pitch {
            Self::Square
        } else if rows.input == 1 && rows.output == 1 && down.kernel == 1 && along.kernel <= LONGEST {
            Self::Row
        } else {
            Self::Places
        }
    }
}

/// The length of a row with the padding that windows see.
const fn pitch(convolution: &Convolution) -> usize {
    let columns = convolution.plane.columns;
    columns.output.saturating_sub(1) * columns.window.stride + columns.window.kernel
}

/// A channel's copied rows: how many, and how far apart they begin.
#[derive(Clone, Copy)]
struct Band {
    rows: usize,
    pitch: usize,
}

impl<R: Requantize> Layer<'_, R> {
    /// All outputs of [`Way::Row`].
    #[inline(always)]
    pub(in crate::quantized) fn depthwise_row<M: Multiply>(&self, x: &[i8], y: &mut [i8]) {
        let plane = self.convolution.plane;
        let (columns, along) = (plane.columns, plane.columns.window);
        let before = along.before;
        let Finish { bias, mantissa, shift, requantization } = self.finish;
        let (mut x, mut y) = (x, y);
        let (mut room, mut sums) = ([self.outside; ROOM], [0; SUMS]);
        let filters = self.weights.blocks(along.kernel);
        for (((filter, &bias), &mantissa), &shift) in filters.zip(bias).zip(mantissa).zip(shift) {
            let Some((channel, channels)) = x.split_at_checked(plane.inputs()) else { return };
            let Some((image, images)) = y.split_at_mut_checked(plane.outputs()) else { return };
            // What is read behind a channel without padding is the next one, if there is a next one.
            let padded: &[i8] = if columns.is_whole() && channels.len() >= BEYOND {
                x
            } else {
                let inside = room.get_mut(before..).unwrap_or_default().iter_mut();
                inside.zip(channel).for_each(|(to, &from)| *to = from);
                &room
            };
            let mut column = 0;
            while column < columns.output {
                let part = (columns.output - column).min(SUMS);
                let Some(sums) = sums.get_mut(..part) else { return };
                let under = padded.get(column * along.stride..).unwrap_or_default();
                M::row(under, along.stride, filter, bias, sums);
                let image = image.get_mut(column..).unwrap_or_default();
                write_rows(sums, image, (1, part, part, part), (mantissa, shift, requantization));
                column += part;
            }
            (x, y) = (channels, images);
        }
    }

    /// All outputs of [`Way::Square`].
    #[inline(always)]
    pub(in crate::quantized) fn depthwise_square<M: Multiply>(&self, x: &[i8], y: &mut [i8]) {
        let plane = self.convolution.plane;
        let Plane { rows, columns } = plane;
        let (down, along) = (rows.window, columns.window);
        let pitch = pitch(self.convolution);
        let most = (ROOM - BEYOND).checked_div(pitch).unwrap_or_default();
        let Finish { bias, mantissa, shift, requantization } = self.finish;
        let (filters, _) = self.weights.as_chunks::<{ SIZE * SIZE }>();
        let (mut x, mut y) = (x, y);
        let (mut room, mut sums) = ([self.outside; ROOM], [0; SUMS + 1]);
        for (((filter, &bias), &mantissa), &shift) in filters.iter().zip(bias).zip(mantissa).zip(shift) {
            let Some((channel, channels)) = x.split_at_checked(plane.inputs()) else { break };
            let Some((image, images)) = y.split_at_mut_checked(plane.outputs()) else { break };
            let (mut image, mut done) = (image, 0);
            while done < rows.output {
                let needed = (rows.output - done - 1) * down.stride + SIZE;
                let band = Band { rows: needed.min(most), pitch };
                if needed > most || done > 0 {
                    // Rows move. Otherwise, padding stays where it is.
                    room = [self.outside; ROOM];
                }
                self.copy_rows(channel, (done * down.stride).wrapping_sub(down.before), band, &mut room);
                let steps = (down.stride, along.stride, columns.output);
                let lines = convolve_band::<M, R>(
                    &room,
                    band,
                    (filter, bias),
                    steps,
                    image,
                    &mut sums,
                    (mantissa, shift, requantization),
                );
                image = image.get_mut(lines * columns.output..).unwrap_or_default();
                done += lines;
            }
            (x, y) = (channels, images);
        }
    }

    /// Rows of a channel from a row on, each behind its padding; those that the channel doesn't have are left as they
    /// are.
    #[inline(always)]
    fn copy_rows(&self, channel: &[i8], top: usize, band: Band, room: &mut [i8; ROOM]) {
        let Plane { rows, columns } = self.convolution.plane;
        let above = if top.cast_signed() < 0 { top.wrapping_neg() } else { 0 };
        let row = top.wrapping_add(above);
        let count = band.rows.saturating_sub(above).min(rows.input.saturating_sub(row));
        let width = columns.input.min(band.pitch.saturating_sub(columns.window.before));
        let from = channel.get(row * columns.input..).unwrap_or_default();
        let to = room.get_mut(above * band.pitch + columns.window.before..).unwrap_or_default();
        let pitches = (columns.input, band.pitch);
        let mut column = 0;
        while column < width {
            let (from, to) = (from.get(column..).unwrap_or_default(), to.get_mut(column..).unwrap_or_default());
            column += if width - column >= 4 {
                copy_column::<4>(from, to, pitches, count);
                4
            } else {
                copy_column::<1>(from, to, pitches, count);
                1
            };
        }
    }
}

/// Copies N integers of each of `count` rows, which are so far apart.
#[inline(always)]
fn copy_column<const N: usize>(from: &[i8], to: &mut [i8], (pitch, to_pitch): (usize, usize), count: usize) {
    let Some(last) = count.checked_sub(1) else { return };
    if from.len() < last * pitch + N || to.len() < last * to_pitch + N {
        return;
    }
    let (mut from, mut to) = (from.as_ptr().cast::<[i8; N]>(), to.as_mut_ptr().cast::<[i8; N]>());
    for row in 0..count {
        // SAFETY: the last of these rows lies in both slices, and they aren't moved on behind it.
        unsafe {
            *to = *from;
            if row < last {
                (from, to) = (from.byte_add(pitch), to.byte_add(to_pitch));
            }
        }
    }
}

/// The outputs of as many rows as the copied ones give, but no more than there is room for. Returns how many.
#[inline(always)]
fn convolve_band<M: Multiply, R: Requantize>(
    room: &[i8; ROOM],
    Band { rows, pitch }: Band,
    (filter, bias): (&[i8; SIZE * SIZE], i32),
    (down, along, width): (usize, usize, usize),
    y: &mut [i8],
    sums: &mut [i32; SUMS + 1],
    finish: (i32, u8, R),
) -> usize {
    let all = if rows < SIZE { 0 } else { (rows - SIZE).checked_div(down).unwrap_or_default() + 1 };
    if M::STRIPS && down == 1 && along == 1 {
        convolve_strips::<M, R>(room, pitch, (filter, bias), (all, width), y, sums, finish);
        return all;
    }
    // The places between the end of a row and the start of the next one are computed, too.
    let together = if down == 1 && along == 1 { SUMS.checked_div(pitch).unwrap_or_default().max(1) } else { 1 };
    let (mut y, mut line) = (y, 0);
    while line < all {
        let lines = together.min(all - line);
        let mut column = 0;
        while column < width {
            let part = (width - column).min(SUMS);
            let places = (lines - 1) * pitch + part;
            let x = room.get(line * down * pitch + column * along..).unwrap_or_default();
            let Some(room) = sums.get_mut(..=places) else { return all };
            M::three_by_three(x, pitch, along, filter, bias, room);
            let y = y.get_mut(column..).unwrap_or_default();
            write_rows(sums, y, (lines, pitch, width, part), finish);
            column += part;
        }
        y = y.get_mut(lines * width..).unwrap_or_default();
        line += lines;
    }
    all
}

/// The outputs of rows of `width` places, in strips of two columns.
#[inline(always)]
fn convolve_strips<M: Multiply, R: Requantize>(
    x: &[i8; ROOM],
    pitch: usize,
    (filter, bias): (&[i8; SIZE * SIZE], i32),
    (rows, width): (usize, usize),
    y: &mut [i8],
    sums: &mut [i32; SUMS + 1],
    finish: (i32, u8, R),
) {
    let (sums, _) = sums.as_chunks_mut::<2>();
    let mut row = 0;
    while row < rows {
        let part = (rows - row).min(SUMS / 2);
        let together = (SUMS / 2).checked_div(part).unwrap_or_default();
        let mut column = 0;
        while column < width {
            let columns = (width - column).min(2 * together);
            let Some(sums) = sums.get_mut(..columns.div_ceil(2) * part) else { return };
            M::strips(x.get(row * pitch + column..).unwrap_or_default(), pitch, filter, bias, part, sums);
            let y = y.get_mut(row * width + column..).unwrap_or_default();
            write_strips(sums, y, (part, width, columns), finish);
            column += columns;
        }
        row += part;
    }
}
