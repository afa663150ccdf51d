//! Convolutions on processors without vectors: four places of a row at a time, whose sums stay in registers.
//!
//! The inputs of four places are copied once for all filters, tap by tap. How they lie there, and how a filter is
//! multiplied with them, depends on the processor ([`Multiply`]). Sizes are known only at run time, so that all layers
//! share one copy of the code.

mod depthwise;
mod one_place;
#[cfg(not(fnn_dsp))]
mod plain;
mod taps;
#[cfg(all(test, feature = "alloc"))]
mod tests;

pub(super) use depthwise::Way;
#[cfg(any(fnn_dsp, test))]
pub(super) use one_place::channels;
#[cfg(not(fnn_dsp))]
use plain::Plain;
use taps::Places;

use super::products::Finish;
use super::requantization::{Once, Requantize};
use crate::kernels::{Convolution, Taps};

/// Places that are computed together.
const PLACES: usize = 4;

/// Filters whose sums are kept until they are requantized.
const FILTERS: usize = 32;

/// How a processor multiplies.
pub(super) trait Multiply {
    /// Numbers for each tap.
    const NUMBERS: usize;
    /// Taps are copied in multiples of this many.
    const TAPS: usize;

    /// The inputs of four places as they are multiplied, from `taps` numbers, which are the last of `inputs`: each has
    /// the inputs under a tap as its bytes, the first place's lowest.
    fn arrange(inputs: &mut [u32], taps: usize);

    /// For each filter of `taps` weights, its bias and the products with the inputs of four places.
    fn filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; PLACES]]);

    /// Whether [`images`](Self::images) can finish all filters of a layer.
    fn accumulates<R: Requantize>(_finish: &Finish<'_, R>, _taps: usize) -> bool {
        false
    }

    /// The same, requantized and written to the first four places of images, which have `outputs` places each.
    #[inline(always)]
    fn images(
        _filters: &[i8],
        _taps: usize,
        _: Finish<'_, Once>,
        _inputs: &[u32],
        _images: &mut [i8],
        _outputs: usize,
    ) {
    }

    /// For places side by side, the bias and the products with a window of 3 × 3: the first place's begins at `x[0]`, the
    /// next one's `stride` further, and its rows are `pitch` apart. Sums for one place more than there are may be written.
    fn three_by_three(x: &[i8], pitch: usize, stride: usize, filter: &[i8; 9], bias: i32, sums: &mut [i32]);

    /// Whether windows of 3 × 3 that move by 1 go down in [`strips`](Self::strips).
    const STRIPS: bool = false;

    /// The bias and the products with a window of 3 × 3 that moves by 1, for strips of two columns and `rows` rows of places, side
    /// by side, as many as there are sums for. The first place's window begins at `x[0]`, and its rows are `pitch` apart.
    #[inline(always)]
    fn strips(_x: &[i8], _pitch: usize, _filter: &[i8; 9], _bias: i32, _rows: usize, _sums: &mut [[i32; 2]]) {}

    /// For each row of weights, the requantized sum of its products with `x`, with room for as many words as `x` has integers.
    fn rows<R: Requantize>(x: &[i8], weights: &[i8], finish: Finish<'_, R>, y: &mut [i8], room: &mut [u32]);

    /// For each row of `taps` weights, the requantized sum of its products with its own row of `x`.
    #[inline(always)]
    fn channels<R: Requantize>(x: &[i8], weights: &[i8], taps: usize, finish: Finish<'_, R>, y: &mut [i8])
    where
        Self: Sized,
    {
        one_place::channels::<Self, R>(x, weights, taps, finish, y, 0);
    }

    /// `sum` and the products of inputs and weights.
    fn dot(x: &[i8], weights: &[i8], sum: i32) -> i32;

    /// For places side by side, the bias and the products with a filter of at most 16 weights: the first place's window
    /// begins at `x[0]`, the next one's `stride` further. There are three numbers behind the last one's.
    fn row(x: &[i8], stride: usize, filter: &[i8], bias: i32, sums: &mut [i32]);
}

/// A convolution and its weights.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a, R> {
    pub(super) convolution: &'a Convolution,
    /// Filter after filter.
    pub(super) weights: &'a [i8],
    pub(super) finish: Finish<'a, R>,
    /// What lies in the padding.
    pub(super) outside: i8,
}

/// The same convolution, with a single row of places if its windows are single elements side by side.
pub(super) const fn in_one_row(convolution: Convolution) -> Convolution {
    Convolution { plane: convolution.plane.in_one_row(), ..convolution }
}

/// All outputs, with one function for all layers of a way, and room for the inputs of four places.
#[cfg(fnn_without_vectors)]
#[inline(always)]
pub(super) fn convolve<R: Requantize>(way: Way, layer: Layer<'_, R>, x: &[i8], y: &mut [i8], room: &mut [u32]) {
    match way {
        Way::OnePlace => one_place(layer, x, y, room),
        Way::Places => places(layer, x, y, room),
        Way::Square => square(layer, x, y),
        Way::Row => row(layer, x, y),
    }
}

#[cfg(fnn_without_vectors)]
#[inline(never)]
fn one_place<R: Requantize>(layer: Layer<'_, R>, x: &[i8], y: &mut [i8], room: &mut [u32]) {
    layer.one_place::<Native>(x, y, room);
}

#[cfg(fnn_without_vectors)]
#[inline(never)]
fn places<R: Requantize>(layer: Layer<'_, R>, x: &[i8], y: &mut [i8], room: &mut [u32]) {
    layer.place_by_place::<Native>(x, y, room);
}

#[cfg(fnn_without_vectors)]
#[inline(never)]
fn square<R: Requantize>(layer: Layer<'_, R>, x: &[i8], y: &mut [i8]) {
    layer.depthwise_square::<Native>(x, y);
}

#[cfg(fnn_without_vectors)]
#[inline(never)]
fn row<R: Requantize>(layer: Layer<'_, R>, x: &[i8], y: &mut [i8]) {
    layer.depthwise_row::<Native>(x, y);
}

/// How this processor multiplies.
#[cfg(fnn_dsp)]
type Native = super::dsp::Dsp;
#[cfg(all(fnn_without_vectors, not(fnn_dsp)))]
type Native = Plain;

impl<R: Requantize> Layer<'_, R> {
    /// All outputs, with room for the inputs of four places.
    #[cfg(test)]
    pub(super) fn apply<M: Multiply>(&self, x: &[i8], y: &mut [i8], room: &mut [u32]) {
        match Way::of(self.convolution) {
            Way::OnePlace => self.one_place::<M>(x, y, room),
            Way::Places => self.place_by_place::<M>(x, y, room),
            Way::Square => self.depthwise_square::<M>(x, y),
            Way::Row => self.depthwise_row::<M>(x, y),
        }
    }

    /// All outputs of [`Way::Places`], or of any other, with room for the inputs of four places.
    #[inline(always)]
    fn place_by_place<M: Multiply>(&self, x: &[i8], y: &mut [i8], room: &mut [u32]) {
        let Convolution { plane, seen, filters } = *self.convolution;
        let (inputs, outputs, taps) = (plane.inputs(), plane.outputs(), seen * plane.taps());
        let Finish { bias, mantissa, shift, .. } = self.finish;
        let (mut x, mut y, mut weights) = (x, y, self.weights);
        let (mut bias, mut mantissa, mut shift) = (bias, mantissa, shift);
        let mut sums = [[0; PLACES]; FILTERS];
        let whole = taps.next_multiple_of(M::TAPS);
        let (under, accumulates) = (Taps::new(&plane, seen), M::accumulates(&self.finish, taps));
        let Some(room) = room.get_mut(..whole * M::NUMBERS) else { return };
        loop {
            // The next group.
            let Some((channels, channels_left)) = x.split_at_checked(seen * inputs) else { return };
            let Some((images, images_left)) = y.split_at_mut_checked(filters * outputs) else { return };
            let Some((rows, rows_left)) = weights.split_at_checked(filters * taps) else { return };
            let Some((biases, biases_left)) = bias.split_at_checked(filters) else { return };
            let Some((mantissas, mantissas_left)) = mantissa.split_at_checked(filters) else { return };
            let Some((shifts, shifts_left)) = shift.split_at_checked(filters) else { return };
            if filters == 0 {
                return;
            }
            let finish = Finish { bias: biases, mantissa: mantissas, shift: shifts, ..self.finish };
            let mut place = 0;
            for row in 0..plane.rows.output {
                let mut column = 0;
                while column < plane.columns.output {
                    let count = (plane.columns.output - column).min(PLACES);
                    let (plane, outside) = (&plane, self.outside);
                    let start = room.len() - whole;
                    if let Some(to) = room.get_mut(start..start + taps) {
                        Places { plane, channels: seen, taps: &under, x: channels, outside, row, column, count }
                            .write(to);
                    }
                    M::arrange(room, whole);
                    let all = images.get_mut(place..).unwrap_or_default();
                    match finish.requantization.once() {
                        Some(&requantization) if accumulates && count == PLACES => {
                            let finish = Finish { bias: biases, mantissa: mantissas, shift: shifts, requantization };
                            M::images(rows, taps, finish, room, all, outputs);
                        }
                        _ => filter_all::<M, R>(rows, taps, finish, room, all, (count, outputs), &mut sums),
                    }
                    column += count;
                    place += count;
                }
            }
            (x, y, weights) = (channels_left, images_left, rows_left);
            (bias, mantissa, shift) = (biases_left, mantissas_left, shifts_left);
        }
    }
}

/// Applies all filters to the inputs of four places, of which the first `count` of each image are written.
#[inline(never)]
fn filter_all<M: Multiply, R: Requantize>(
    filters: &[i8],
    taps: usize,
    finish: Finish<'_, R>,
    inputs: &[u32],
    images: &mut [i8],
    (count, outputs): (usize, usize),
    sums: &mut [[i32; PLACES]; FILTERS],
) {
    let Finish { mut bias, mut mantissa, mut shift, requantization } = finish;
    let (mut filters, mut images) = (filters, images);
    while !bias.is_empty() {
        M::filters(filters, taps, bias, inputs, sums);
        let factors = (mantissa, shift, requantization);
        match count {
            PLACES => write::<PLACES, R>(sums, factors, images, outputs, bias.len()),
            3 => write::<3, R>(sums, factors, images, outputs, bias.len()),
            2 => write::<2, R>(sums, factors, images, outputs, bias.len()),
            _ => write::<1, R>(sums, factors, images, outputs, bias.len()),
        }
        images = images.get_mut(FILTERS * outputs..).unwrap_or_default();
        filters = filters.get(FILTERS * taps..).unwrap_or_default();
        bias = bias.get(FILTERS..).unwrap_or_default();
        mantissa = mantissa.get(FILTERS..).unwrap_or_default();
        shift = shift.get(FILTERS..).unwrap_or_default();
    }
}

/// Requantizes sums of N places, for as many filters as there are, at most `count`, and writes them to the first places
/// of their images, which have `outputs` places each.
#[inline(never)]
fn write<const N: usize, R: Requantize>(
    sums: &[[i32; PLACES]; FILTERS],
    (mantissa, shift, requantization): (&[i32], &[u8], R),
    images: &mut [i8],
    outputs: usize,
    count: usize,
) {
    let count = count.min(FILTERS).min(mantissa.len()).min(shift.len());
    let Some(last) = count.checked_sub(1) else { return };
    if images.len() < last * outputs + N {
        return;
    }
    let mut image = images.as_mut_ptr();
    for (number, ((sums, &mantissa), &shift)) in sums.iter().zip(mantissa).zip(shift).enumerate() {
        for (place, &sum) in sums.iter().take(N).enumerate() {
            // SAFETY: N places from that of the last filter on are in the slice, and earlier ones before them.
            unsafe { *image.add(place) = requantization.requantize(sum, mantissa, shift) };
        }
        if number == last {
            return;
        }
        // SAFETY: there is another filter.
        unsafe { image = image.add(outputs) };
    }
}

/// Requantizes the sums of one output in the shortest way: `for_each!((mantissa, shift, requantization), |requantize| …)`.
macro_rules! for_each {
    (($mantissa:ident, $shift:ident, $requantization:ident), |$requantize:ident| $work:expr) => {{
        #[cfg(any(fnn_dsp, test))]
        if let Some(once) = $requantization.once().filter(|once| once.accumulates($shift)) {
            let output = once.accumulated($mantissa, $shift);
            let $requantize = |sum: i32| output.requantize(sum);
            return $work;
        }
        let $requantize = |sum: i32| $requantization.requantize(sum, $mantissa, $shift);
        $work
    }};
}

/// Requantizes the first `part` sums of each of `lines` rows, which are `pitch` apart, and writes them to rows of `width`.
#[inline(never)]
fn write_rows<R: Requantize>(
    sums: &[i32],
    y: &mut [i8],
    (lines, pitch, width, part): (usize, usize, usize, usize),
    (mantissa, shift, requantization): (i32, u8, R),
) {
    let Some(last) = lines.checked_sub(1) else { return };
    if sums.len() < last * pitch + part || y.len() < last * width + part {
        return;
    }
    for_each!((mantissa, shift, requantization), |requantize| {
        let (mut sums, mut y) = (sums.as_ptr(), y.as_mut_ptr());
        for line in 0..lines {
            for place in 0..part {
                // SAFETY: `part` places from the start of the last row on are in both slices, and earlier rows before it.
                unsafe { *y.add(place) = requantize(*sums.add(place)) };
            }
            if line < last {
                // SAFETY: there is another row.
                unsafe { (sums, y) = (sums.add(pitch), y.add(width)) };
            }
        }
    })
}

/// Requantizes the sums of strips of `rows` rows and writes them to the first `part` columns of rows of `width`. The last strip has
/// one column if their number is odd.
#[inline(never)]
fn write_strips<R: Requantize>(
    sums: &[[i32; 2]],
    y: &mut [i8],
    (rows, width, part): (usize, usize, usize),
    (mantissa, shift, requantization): (i32, u8, R),
) {
    let Some(last) = rows.checked_sub(1) else { return };
    if sums.len() < part.div_ceil(2) * rows || y.len() < last * width + part {
        return;
    }
    for_each!((mantissa, shift, requantization), |requantize| {
        let mut sums = sums.as_ptr();
        let mut column = 0;
        while column < part {
            // SAFETY: `part` places from the start of the last row on are in the slice, and there are sums for all of them.
            unsafe {
                let mut to = y.as_mut_ptr().add(column);
                if column + 1 < part {
                    for _ in 0..rows {
                        let [one, other] = *sums;
                        to.cast::<[i8; 2]>().write([requantize(one), requantize(other)]);
                        (sums, to) = (sums.add(1), to.wrapping_add(width));
                    }
                } else {
                    for _ in 0..rows {
                        *to = requantize((*sums)[0]);
                        (sums, to) = (sums.add(1), to.wrapping_add(width));
                    }
                }
            }
            column += 2;
        }
    })
}
