//! Copies of images, with zeros around them.

use super::{Block, Images, Places};
use crate::chunks::Chunks;
use crate::kernels::assert_in_tests;
use crate::kernels::vector::{Operation, Simd, Vector, lanes, read, splat, write};
use crate::scalar::Scalar;

/// The copy of [`Images::numbers`], with all registers to itself.
pub(super) struct Pad<'a, 'b, S> {
    pub(super) images: &'a Images,
    pub(super) x: &'a [S],
    pub(super) block: &'a Block,
    pub(super) channels: usize,
    pub(super) room: &'b mut [S],
}

impl<S: Scalar> Operation for Pad<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { images, x, block, channels, room } = self;
        let places = images.places(block, channels);
        for sample in 0..block.samples.len() {
            let x = x.get(sample * images.sample..).unwrap_or_default();
            for (channel, x) in x.blocks(images.plane()).enumerate().take(channels) {
                let to = room.get_mut(sample * places.sample + channel * places.channel..).unwrap_or_default();
                if images.parts > 1 {
                    images.pad_in_parts(simd, x, block, places, to);
                } else {
                    images.pad(simd, x, block, places.row, to);
                }
            }
        }
    }
}

impl Images {
    /// The numbers of a channel that a block reads, with zeros around them, to rows of `width`. Writes up to a vector more.
    #[inline(always)]
    fn pad<V: Simd, S: Scalar>(&self, simd: V, x: &[S], block: &Block, width: usize, to: &mut [S]) {
        let (lanes, zero) = (lanes::<V, S>(), splat::<V, S>(simd, S::ZERO));
        let (rows, left) = (self.rows.read(&block.rows), self.columns.read(&block.columns).start);
        let (above, height) = (rows.start, rows.len());
        // The part of a row that there is, in the image and in the copy.
        let skip = self.columns.before.saturating_sub(left).min(width);
        let from = left.saturating_sub(self.columns.before).min(self.columns.input);
        let count = (width - skip).min(self.columns.input - from);
        let fits = height.saturating_mul(width).saturating_add(lanes) <= to.len() && self.plane() <= x.len();
        assert_in_tests!(fits, "a channel doesn't fit");
        if !fits {
            return;
        }
        if count <= lanes {
            // Rows of a vector: the zeros of all first, and then two instructions for each.
            let first = self.rows.before.saturating_sub(above).min(height);
            let image = above + first - self.rows.before.min(above + first);
            let rows = (height - first).min(self.rows.input - image.min(self.rows.input));
            // SAFETY: `fits` has checked that `to` has room for all rows and a vector, and that the image has these rows.
            unsafe {
                for at in (0..height * width).step_by(lanes) {
                    zero.store(to.as_mut_ptr().add(at));
                }
                let mut x = x.as_ptr().wrapping_add(image * self.columns.input + from);
                let mut to = to.as_mut_ptr().wrapping_add(first * width + skip);
                if count == width && width == self.columns.input {
                    // Rows without zeros between them are one.
                    for at in (0..rows * width).step_by(lanes) {
                        let count = lanes.min(rows * width - at);
                        S::Vector::<V>::load_masked(simd, x.add(at), count).store_masked(to.add(at), count);
                    }
                    return;
                }
                for _ in 0..rows {
                    S::Vector::<V>::load_masked(simd, x, count).store_masked(to, count);
                    (x, to) = (x.wrapping_add(self.columns.input), to.wrapping_add(width));
                }
            }
            return;
        }
        for row in 0..height {
            let image = (above + row).wrapping_sub(self.rows.before);
            let end = if image < self.rows.input { count } else { 0 };
            let to = to.as_mut_ptr().wrapping_add(row * width);
            // SAFETY: as `fits` has checked, `to` has room for all rows and a vector; no more of a row of the image is read than it has. What
            // reaches over the end of a row is overwritten by the next.
            unsafe {
                let mut at = 0;
                while at < if end == 0 { width } else { skip } {
                    zero.store(to.add(at));
                    at += lanes;
                }
                if end == 0 {
                    continue;
                }
                let (x, to) = (x.as_ptr().add(image * self.columns.input + from), to.add(skip));
                let mut at = 0;
                while at + lanes <= end {
                    S::Vector::<V>::load(simd, x.add(at)).store(to.add(at));
                    at += lanes;
                }
                if at < end {
                    S::Vector::<V>::load_masked(simd, x.add(at), end - at).store(to.add(at));
                    at += lanes;
                }
                while at < width - skip {
                    zero.store(to.add(at));
                    at += lanes;
                }
            }
        }
    }

    /// [`pad`](Self::pad), in parts.
    #[inline(always)]
    fn pad_in_parts<V: Simd, S: Scalar>(&self, simd: V, x: &[S], block: &Block, places: Places, to: &mut [S]) {
        let (rows, left) = (self.rows.read(&block.rows), self.columns.read(&block.columns).start);
        let (lanes, parts) = (lanes::<V, S>(), self.parts);
        let width = self.columns.seen(block.columns.len());
        let skip = self.columns.before.saturating_sub(left).min(width);
        let from = left.saturating_sub(self.columns.before).min(self.columns.input);
        let count = (width - skip).min(self.columns.input - from);
        for (row, to) in to.blocks_mut(places.row).enumerate().take(rows.len()) {
            for to in to.parts_mut(lanes) {
                write(simd, splat(simd, S::ZERO), to);
            }
            let image = (rows.start + row).wrapping_sub(self.rows.before);
            if image >= self.rows.input {
                continue;
            }
            let start = image * self.columns.input + from;
            let Some(x) = x.get(start..start + count) else { return };
            if parts == 2 && places.part >= lanes {
                // The first number is in the part of its parity, and the next in the other.
                let (one, other) = (skip % 2 * places.part + skip / 2, (skip + 1) % 2 * places.part + skip.div_ceil(2));
                for (index, x) in x.parts(2 * lanes).enumerate() {
                    let (low, high) = x.split_at(x.len().min(lanes));
                    let (even, odd) = read(simd, low).separate(read(simd, high));
                    let (at, half) = (index * lanes, x.len() / 2);
                    let ends = (one + at..one + at + x.len() - half, other + at..other + at + half);
                    write(simd, even, to.get_mut(ends.0).unwrap_or_default());
                    write(simd, odd, to.get_mut(ends.1).unwrap_or_default());
                }
                continue;
            }
            for part in 0..parts.min(count) {
                let to = to.get_mut(self.place(skip + part, places.part)..).unwrap_or_default();
                to.iter_mut().zip(x.iter().skip(part).step_by(parts)).for_each(|(to, &x)| *to = x);
            }
        }
    }
}
