//! A convolution in either direction, as sums over channels and taps, and the blocks into which it is split.

mod copies;
mod dense;
mod runs;
mod starts;
mod under_taps;

use core::ops::Range;

use self::copies::Pad;
pub(super) use self::runs::Runs;
pub(super) use self::starts::Line;
use super::track::{Stretch, Track};
use crate::kernels::vector::{LANES, Simd};
use crate::scalar::Scalar;
use crate::window::{ceil_div, cut, even, quotient};

/// The most sums in a block.
pub(super) const PLACES: usize = 512;
/// The most products that are added to a sum at a time, and the most numbers of a filter that a matrix product has at a time.
pub(super) const DEPTH: usize = 256;

/// The images that a convolution reads, channel by channel in each sample.
#[derive(Clone, Copy)]
pub(super) struct Images {
    pub(super) rows: Track,
    pub(super) columns: Track,
    /// Channels in a group.
    pub(super) channels: usize,
    /// Numbers in a sample, of all groups.
    pub(super) sample: usize,
    pub(super) is_copied: bool,
    /// How many parts a copied row has: with a step of s, every s-th number is in the same part, so that the numbers of
    /// neighbouring sums lie side by side.
    pub(super) parts: usize,
    /// Whether there is a copy for each column of taps, of what they multiply, so that rows of sums are one.
    pub(super) is_dense: bool,
}

/// How sums are split: sums of whole samples if several samples fit, or else some rows, or else a part of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub(super) samples: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Channels at a time.
    pub(super) channels: usize,
}

/// Some sums of some samples.
#[derive(Clone)]
pub(super) struct Block {
    pub(super) samples: Range<usize>,
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

/// Where the numbers that a block reads are.
#[derive(Clone, Copy)]
pub(super) struct Places {
    /// The strides between samples, channels, rows, columns, and parts of a row.
    pub(super) sample: usize,
    pub(super) channel: usize,
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) part: usize,
}

/// Where the sums of a block are stored: the strides between samples, rows and columns.
#[derive(Clone, Copy)]
pub(super) struct Stored {
    pub(super) sample: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Stored {
    /// The sums of a block one after the other, `pitch` numbers from one to the next.
    pub(super) const fn in_order(block: &Block, pitch: usize) -> Self {
        let row = (block.columns.end - block.columns.start) * pitch;
        Self { sample: (block.rows.end - block.rows.start) * row, row, column: pitch }
    }
}

impl Images {
    /// Images, channel by channel in each `sample`.
    pub(super) const fn new(rows: Track, columns: Track, channels: usize, sample: usize) -> Self {
        Self { rows, columns, channels, sample, is_copied: false, parts: 1, is_dense: false }
    }

    /// The same images without the taps that lie on zeros for all sums, as those of a wide window on a narrow plane.
    pub(super) fn without_idle_taps(mut self) -> Self {
        (self.rows, self.columns) = (self.rows.without_idle_taps(), self.columns.without_idle_taps());
        self
    }

    /// The same images, whose sums leave out the taps that lie on zeros: they are read as they stand.
    pub(super) const fn sparse(mut self) -> Self {
        (self.rows, self.columns) = (self.rows.sparse(), self.columns.sparse());
        self
    }

    /// The same images, whose sums leave out the rows of taps that lie on zeros.
    pub(super) const fn sparse_rows(mut self) -> Self {
        self.rows = self.rows.sparse();
        self
    }

    /// The same images, whose sums leave out the columns of taps that lie on zeros.
    pub(super) const fn sparse_columns(mut self) -> Self {
        self.columns = self.columns.sparse();
        self
    }

    #[inline(always)]
    pub(super) const fn plane(&self) -> usize {
        self.rows.input * self.columns.input
    }

    /// The number of groups.
    #[inline(always)]
    pub(super) const fn groups(&self) -> usize {
        quotient(self.sample, self.plane() * self.channels)
    }

    /// The same images, which are copied even if no sum reads zeros around them.
    #[inline(always)]
    pub(super) const fn copied(mut self) -> Self {
        self.is_copied = true;
        self
    }

    #[inline(always)]
    pub(super) fn taps(&self) -> usize {
        self.rows.taps().len() * self.columns.taps().len()
    }

    /// Sums in a plane.
    #[inline(always)]
    pub(super) const fn sums(&self) -> usize {
        self.rows.count * self.columns.count
    }

    /// Taps of the sums of a plane that lie on it.
    pub(super) fn products(&self) -> usize {
        self.rows.products() * self.columns.products()
    }

    /// Whether no sum reads zeros around the images.
    #[inline(always)]
    pub(super) const fn is_whole(&self) -> bool {
        self.rows.is_whole() && self.columns.is_whole()
    }

    /// Whether separate products without padding are worth estimating, for some samples: not for a few of them, if few
    /// products are with padding. With a stride they may be, as they save a copy.
    pub(super) fn may_be_sparse(&self, samples: usize) -> bool {
        !self.is_whole() && (samples >= LANES || !self.is_nearly_whole())
    }

    /// What such products take longer than estimated, if all take some time: a little, if few are saved.
    pub(super) fn sparse_margin(&self, all: usize) -> usize {
        if self.is_nearly_whole() { all / 64 } else { 0 }
    }

    /// Whether few products are with padding, and all positions are next to each other.
    fn is_nearly_whole(&self) -> bool {
        let is_dense = self.rows.step == 1 && self.columns.step == 1;
        is_dense && 8 * self.products() > 7 * self.sums() * self.taps()
    }

    /// Whether the images are read as they stand.
    #[inline(always)]
    pub(super) const fn is_in_place(&self) -> bool {
        !self.is_copied && self.rows.is_in_place() && self.columns.is_in_place()
    }

    /// Which taps of a window with rows of `row` the sums read, in order.
    #[inline(always)]
    pub(super) fn tap_numbers(&self, row: usize) -> impl Iterator<Item = usize> {
        let columns = self.columns.numbers(0..self.columns.taps().len());
        let rows = self.rows.numbers(0..self.rows.taps().len());
        rows.flat_map(move |down| columns.clone().map(move |right| down * row + right))
    }

    /// A block's sums, cut where the taps that they read change.
    #[inline(always)]
    pub(super) fn for_each_stretch(&self, block: &Block, mut visit: impl FnMut(&Stretch, &Stretch)) {
        for rows in self.rows.stretches(block.rows.clone()) {
            for columns in self.columns.stretches(block.columns.clone()) {
                visit(&rows, &columns);
            }
        }
    }

    /// Numbers that some sums of a channel read.
    #[inline(always)]
    const fn seen(&self, rows: usize, columns: usize) -> usize {
        if self.is_dense {
            return self.columns.len() * self.dense_plane(rows, columns);
        }
        self.rows.seen(rows).saturating_mul(self.part(columns)).saturating_mul(self.parts)
    }

    /// Numbers in a part of a row.
    #[inline(always)]
    const fn part(&self, columns: usize) -> usize {
        ceil_div(self.columns.seen(columns), self.parts)
    }

    /// Where a number of a row lies, in parts.
    #[inline(always)]
    const fn place(&self, at: usize, part: usize) -> usize {
        let index = quotient(at, self.parts);
        (at - index * self.parts) * part + index
    }

    /// The same images, copied in parts.
    #[inline(always)]
    pub(super) const fn in_parts(mut self) -> Self {
        (self.is_copied, self.parts) = (true, self.columns.step);
        self
    }

    /// A split into blocks of at most `places` sums, whose images fit into `room` numbers, and of as many channels at a time
    /// as have at most `depth` taps, if there is one.
    #[inline(always)]
    pub(super) fn split(
        &self,
        samples: usize,
        places: usize,
        room: usize,
        (taps, depth): (usize, usize),
    ) -> Option<Split> {
        let depth = depth.min(DEPTH);
        if self.taps() == 0 || taps > depth || places == 0 {
            return None;
        }
        let mut channels = even(self.channels, quotient(depth, taps));
        let mut columns = self.columns.count.min(places);
        let mut rows = self.rows.count.min(quotient(places, columns)).max(1);
        // Copies are written in whole vectors, of which the last one may reach over the end.
        let room = if self.is_in_place() { usize::MAX } else { room.saturating_sub(LANES) };
        while self.seen(rows, columns).saturating_mul(channels) > room {
            if rows > 8 || rows > 1 && channels == 1 {
                rows -= 1;
            } else if channels > 1 {
                channels = channels.div_ceil(2);
            } else if columns > 1 {
                columns = columns.div_ceil(2);
            } else {
                return None;
            }
        }
        let mut together = 1;
        if (rows, columns) == (self.rows.count, self.columns.count) {
            let fit = quotient(room, self.seen(rows, columns) * channels);
            together = quotient(places, rows * columns).min(fit).min(samples).max(1);
        }
        Some(Split { samples: together, rows, columns, channels })
    }

    /// The blocks of some samples, in order.
    #[inline(always)]
    pub(super) fn blocks(&self, samples: usize, split: Split) -> impl Iterator<Item = Block> + use<> {
        let (rows, columns) = (self.rows.count, self.columns.count);
        cut(samples, split.samples).flat_map(move |samples| {
            cut(rows, split.rows).flat_map(move |rows| {
                let samples = samples.clone();
                cut(columns, split.columns).map(move |columns| Block {
                    samples: samples.clone(),
                    rows: rows.clone(),
                    columns,
                })
            })
        })
    }

    /// Where a block's numbers are: in the images, or in a copy of some channels with zeros around them.
    #[inline(always)]
    pub(super) fn places(&self, block: &Block, channels: usize) -> Places {
        if self.is_in_place() {
            return Places { sample: self.sample, channel: self.plane(), row: self.columns.input, column: 1, part: 0 };
        }
        let (rows, columns) = (block.rows.len(), block.columns.len());
        if self.is_dense {
            // The copies for a column of taps lie together.
            let channel = self.dense_plane(rows, columns);
            let (sample, part) = (channels * channel, block.samples.len() * channels * channel);
            return Places { sample, channel, row: columns, column: 1, part };
        }
        let part = self.part(columns);
        let row = part * self.parts;
        let channel = self.rows.seen(rows) * row;
        Places { sample: channels * channel, channel, row, column: 1, part }
    }

    /// What a copy costs of what some rows of sums of a sample read, if there is one, in multiplications of vectors of `lanes`.
    pub(super) fn copies(&self, rows: usize, lanes: usize) -> usize {
        if self.is_dense {
            return self.dense_copies(rows, lanes);
        }
        let width = self.columns.seen(self.columns.count);
        let row = match self.parts {
            _ if self.is_in_place() => 0,
            1 => 8 * ceil_div(width, lanes),
            2 => 80 * ceil_div(width, 2 * lanes),
            _ => 6 * width,
        };
        self.channels * self.rows.seen(rows) * row
    }

    /// The numbers that a block reads of some channels, from the first of them on: the images themselves, or a copy.
    #[inline(always)]
    pub(super) fn numbers<'a, V: Simd, S: Scalar>(
        &self,
        simd: V,
        x: &'a [S],
        block: &Block,
        (first, channels): (usize, usize),
        room: &'a mut [S],
    ) -> &'a [S] {
        let from = block.samples.start * self.sample + first * self.plane();
        let x = x.get(from..).unwrap_or_default();
        if self.is_in_place() {
            let above = self.rows.read(&block.rows).start - self.rows.before;
            let left = self.columns.read(&block.columns).start - self.columns.before;
            return x.get(above * self.columns.input + left..).unwrap_or_default();
        }
        if self.is_dense {
            simd.call(dense::Lay { images: self, x, block, channels, room: &mut *room });
            return room;
        }
        simd.call(Pad { images: self, x, block, channels, room: &mut *room });
        room
    }
}
