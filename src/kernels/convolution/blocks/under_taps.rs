//! Where the numbers under each tap lie, in images or in a copy.

use super::{DEPTH, Images, Places};
use crate::kernels::convolution::track::Stretch;

impl Images {
    /// Channel by channel, where the numbers under each tap of a stretch lie, from the first number of a sum on; and the
    /// channel, and the tap's indices in both directions and its row and column in the window.
    #[inline(always)]
    pub(in super::super) fn for_each_tap(
        &self,
        places: Places,
        channels: usize,
        (rows, columns): (&Stretch, &Stretch),
        mut visit: impl FnMut(usize, usize, [(usize, usize); 2]),
    ) {
        for channel in 0..channels {
            for (down, row) in self.under_rows(rows, places) {
                for (right, column) in self.under_columns(columns, places) {
                    visit(channel * places.channel + down + right, channel, [row, column]);
                }
            }
        }
    }

    /// Where the numbers under the rows of taps of a stretch lie, and each row's index and number.
    #[inline(always)]
    pub(in super::super) fn under_rows(
        &self,
        rows: &Stretch,
        places: Places,
    ) -> impl ExactSizeIterator<Item = (usize, (usize, usize))> {
        self.rows.under(rows).map(move |(down, index, row)| (self.row_place(down, places), (index, row)))
    }

    /// The same for its columns of taps.
    #[inline(always)]
    pub(in super::super) fn under_columns(
        &self,
        columns: &Stretch,
        places: Places,
    ) -> impl ExactSizeIterator<Item = (usize, (usize, usize))> {
        self.columns.under(columns).map(move |(right, index, column)| {
            let part = if self.is_dense { index * places.part } else { self.place(right, places.part) };
            (part * places.column, (index, column))
        })
    }

    /// Where the numbers under each tap of all sums lie, times a factor. Returns how many there are.
    #[inline(always)]
    pub(in super::super) fn under_taps(
        &self,
        places: Places,
        channels: usize,
        factor: usize,
        to: &mut [u32; DEPTH],
    ) -> usize {
        let mut count = 0;
        let all = (&self.rows.whole(0..self.rows.count), &self.columns.whole(0..self.columns.count));
        self.for_each_tap(places, channels, all, |place, _, _| {
            if let Some(to) = to.get_mut(count) {
                *to = (place * factor) as u32;
            }
            count += 1;
        });
        count.min(DEPTH)
    }
}
