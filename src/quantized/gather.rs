//! The elements under a window of a channel of integers.

#[cfg(not(fnn_without_vectors))]
use crate::chunks::Chunks;
use crate::kernels::Plane;
use crate::window::Axis;

/// Copies the elements under the window for the output at (`row`, `column`) into `patch`, with `outside` for padding.
#[cfg(not(fnn_without_vectors))]
#[inline(always)]
pub(super) fn gather(plane: &Plane, channel: &[i8], (row, column): (usize, usize), outside: i8, patch: &mut [i8]) {
    let Axis { kernel, stride, before, dilation, .. } = plane.columns.window;
    let whole = plane.columns.is_whole() && dilation == 1;
    for (tap, patch) in patch.blocks_mut(kernel.max(1)).enumerate() {
        let line = line(plane, channel, row, tap);
        if whole {
            let start = column * stride;
            let under = line.get(start..start + kernel).unwrap_or_default();
            if under.is_empty() {
                patch.fill(outside);
            }
            for (to, &from) in patch.iter_mut().zip(under) {
                *to = from;
            }
        } else {
            for (tap, to) in patch.iter_mut().enumerate() {
                let position = (column * stride + tap * dilation).wrapping_sub(before);
                *to = line.get(position).copied().unwrap_or(outside);
            }
        }
    }
}

/// Combines the elements under the window, without padding; returns how many there are, too.
#[inline(always)]
pub(super) fn fold(
    plane: &Plane,
    channel: &[i8],
    (row, column): (usize, usize),
    first: i32,
    combine: impl Fn(i32, i32) -> i32,
) -> (i32, usize) {
    let Axis { kernel, stride, before, dilation, .. } = plane.columns.window;
    let (mut value, mut count) = (first, 0);
    for tap in 0..plane.rows.window.kernel {
        let line = line(plane, channel, row, tap);
        for tap in 0..kernel {
            let position = (column * stride + tap * dilation).wrapping_sub(before);
            if let Some(&element) = line.get(position) {
                value = combine(value, i32::from(element));
                count += 1;
            }
        }
    }
    (value, count)
}

/// The row of the channel under the window's row `tap`; `None` if that is padding.
#[inline(always)]
fn line<'a>(plane: &Plane, channel: &'a [i8], row: usize, tap: usize) -> &'a [i8] {
    let Axis { stride, before, dilation, .. } = plane.rows.window;
    let columns = plane.columns.input;
    let row = (row * stride + tap * dilation).wrapping_sub(before);
    if row >= plane.rows.input {
        return &[];
    }
    channel.get(row * columns..(row + 1) * columns).unwrap_or_default()
}
