//! Convolutions: sums of products at 32 places at once.
//!
//! What lies under the windows is copied as quads: for four taps side by side, the four integers of place after place.
//! `vpdpbusd` multiplies a quad with four weights of a filter as they lie in memory, one filter after the other. A
//! channel's taps of a row make quads; of a pointwise convolution, whose windows have one tap, four channels do.
//!
//! Places are those of padded rows one after the other, so that the integers of neighbouring places are neighbours too,
//! whatever the width of the plane. Some of them are beyond a row's end, and left out of what is written. Where only
//! every n-th row begins a window, rows lie in memory by the remainder of their number by n.

use core::arch::x86_64::*;
use core::slice::ChunksExactMut;

use super::super::products::Finish;
use super::super::requantization::Requantize;
use super::sums::{PLACES, Quads, ROWS, Rows, requantized, starts};
use super::{BYTES, SUMS, Vnni, first};
use crate::kernels::Convolution;

/// Blocks of places that there is room for.
const BLOCKS: usize = 256;

/// Bytes after an image, which vectors read or write beyond it.
const BEYOND: usize = 4 * PLACES + 2 * BYTES;

/// How a convolution's padded rows and its quads lie in memory.
#[derive(Clone, Copy, Debug)]
pub(in crate::quantized) struct Strip {
    convolution: Convolution,
    /// Bytes of a padded row.
    width: usize,
    /// Padded rows of a channel with the same remainder.
    rows: usize,
    /// Rows of taps, each as long as `taps`.
    tap_rows: usize,
    taps: usize,
    pointwise: bool,
}

impl Strip {
    pub(in crate::quantized) const fn new(convolution: Convolution) -> Self {
        let (rows, columns) = (convolution.plane.rows, convolution.plane.columns);
        let (down, along) = (rows.window, columns.window);
        let width = ((columns.output - 1) * along.stride + along.kernel).next_multiple_of(along.stride);
        let padded = (rows.output - 1) * down.stride + (down.kernel - 1) * down.dilation + 1;
        let pointwise = convolution.plane.is_pointwise();
        Self {
            convolution,
            width,
            rows: padded.div_ceil(down.stride),
            tap_rows: if pointwise { 1 } else { convolution.seen * down.kernel },
            taps: if pointwise { convolution.seen } else { along.kernel },
            pointwise,
        }
    }

    /// Whether it is computed so with scratch of these sizes: where a row's taps are neighbours, and there are places
    /// enough for a vector.
    pub(in crate::quantized) const fn fits(&self, image: usize, quads: usize) -> bool {
        let along = self.convolution.plane.columns.window;
        self.convolution.plane.outputs() >= SUMS
            && (along.dilation == 1 || along.kernel == 1)
            && along.stride <= 4
            && self.places().div_ceil(PLACES) <= BLOCKS
            && (self.pointwise || self.convolution.seen * self.channel() + BEYOND <= image)
            && self.tap_rows * self.taps.div_ceil(4) <= quads
    }

    /// Bytes of a padded channel.
    const fn channel(&self) -> usize {
        self.width * self.rows * self.convolution.plane.rows.window.stride
    }

    /// Places of a row, those beyond its end too.
    const fn row(&self) -> usize {
        if self.pointwise {
            self.convolution.plane.columns.output
        } else {
            self.width / self.convolution.plane.columns.window.stride
        }
    }

    /// All places.
    const fn places(&self) -> usize {
        self.convolution.plane.rows.output * self.row()
    }
}

/// 32 places: which are within rows, and the number of outputs before them.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    within: u32,
    before: usize,
}

impl Vnni {
    /// The convolution of `x`, with `outside` for padding, into `y`, in scratch that it [`fits`](Strip::fits). `start` is
    /// for one number a filter.
    #[inline(always)]
    pub(in crate::quantized) fn convolution<R: Requantize>(
        self,
        strip: &Strip,
        (x, outside): (&[i8], i8),
        (weights, finish, start): (&[i8], Finish<'_, R>, &mut [i32]),
        y: &mut [i8],
        (image, quads): (&mut [u8], &mut [Quads]),
    ) {
        // SAFETY: the token is the proof that the processor has the instructions.
        unsafe { convolution(strip, (x, outside), (weights, finish, start), y, (image, quads)) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512vbmi2")]
fn convolution<R: Requantize>(
    strip: &Strip,
    (x, outside): (&[i8], i8),
    (weights, finish, start): (&[i8], Finish<'_, R>, &mut [i32]),
    y: &mut [i8],
    (image, quads): (&mut [u8], &mut [Quads]),
) {
    let Convolution { plane, seen, filters } = strip.convolution;
    let length = seen * plane.taps();
    starts(weights, length, finish.bias, start);
    let mut blocks = [Block::default(); BLOCKS];
    let blocks = blocks.get_mut(..strip.places().div_ceil(PLACES)).unwrap_or_default();
    mark(strip, blocks);
    if !strip.pointwise {
        image.fill((outside as u8) ^ 0x80);
    }
    let quads = quads.get_mut(..strip.tap_rows * strip.taps.div_ceil(4)).unwrap_or_default();
    let (order, rows) = (Order::new(strip), Rows { weights, length, taps: strip.taps });
    let groups = x.chunks_exact(seen * plane.inputs()).zip(y.chunks_exact_mut(filters * plane.outputs()));
    for (group, (x, y)) in groups.enumerate() {
        let number = group * filters;
        if !strip.pointwise {
            pad(strip, x, outside, image);
        }
        for (block, &places) in blocks.iter().enumerate() {
            if strip.pointwise {
                gather_channels(plane.inputs(), block * PLACES, x, quads);
            } else {
                gather_windows(strip, order, block * PLACES, image, quads);
            }
            let mut done = 0;
            while done < filters {
                let at = Filters { rows, start, finish, first: number + done };
                let y = y.get_mut(done * plane.outputs()..).unwrap_or_default();
                let planes = y.chunks_exact_mut(plane.outputs());
                done += match filters - done {
                    ROWS.. => at.apply::<ROWS>(quads, places, planes),
                    4.. => at.apply::<4>(quads, places, planes),
                    2.. => at.apply::<2>(quads, places, planes),
                    _ => at.apply::<1>(quads, places, planes),
                };
            }
        }
    }
}

/// Which places are within rows.
fn mark(strip: &Strip, blocks: &mut [Block]) {
    let (row, columns) = (strip.row(), strip.convolution.plane.columns.output);
    if row == columns {
        for (index, block) in blocks.iter_mut().enumerate() {
            let places = strip.places() - index * PLACES;
            *block = Block { within: first(places) as u32, before: index * PLACES };
        }
        return;
    }
    for start in (0..strip.places()).step_by(row.max(1)) {
        for place in start..start + columns {
            if let Some(block) = blocks.get_mut(place / PLACES) {
                block.within |= 1 << (place % PLACES);
            }
        }
    }
    let mut before = 0;
    for block in blocks {
        block.before = before;
        before += block.within.count_ones() as usize;
    }
}

/// Copy channels into the middle of their padding, and add 128. The padding stays as it is.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn pad(strip: &Strip, x: &[i8], outside: i8, image: &mut [u8]) {
    let plane = strip.convolution.plane;
    let (rows, left) = (plane.rows, plane.columns.window.before);
    let count = plane.columns.input.min(strip.width.saturating_sub(left));
    let (outside, sign) = (_mm512_set1_epi8(outside), _mm512_set1_epi8(i8::MIN));
    // In the order of memory: what a vector writes behind a row is padding, or is written after that.
    for (channel, x) in x.chunks_exact(plane.inputs()).enumerate() {
        for slot in 0..strip.rows * rows.window.stride {
            // Most windows go on by one row, and no division is needed.
            let stride = rows.window.stride;
            let padded = if stride == 1 { slot } else { slot % strip.rows * stride + slot / strip.rows };
            let row = padded.wrapping_sub(rows.window.before);
            if row >= rows.input {
                continue;
            }
            let start = row * plane.columns.input;
            let from = x.get(start..start + count).unwrap_or_default();
            let to = image.get_mut(channel * strip.channel() + slot * strip.width + left..).unwrap_or_default();
            if let (..=16, Some(to)) = (from.len(), to.get_mut(..16)) {
                // SAFETY: as below. Short rows take short vectors, fewer of which lie across the ends of cache lines.
                unsafe {
                    let (outside, sign) = (_mm512_castsi512_si128(outside), _mm512_castsi512_si128(sign));
                    let bytes = _mm_mask_loadu_epi8(outside, first(from.len()) as u16, from.as_ptr());
                    _mm_storeu_si128(to.as_mut_ptr().cast(), _mm_xor_si128(bytes, sign));
                }
                continue;
            }
            for (index, from) in from.chunks(BYTES).enumerate() {
                let Some(to) = to.get_mut(index * BYTES..(index + 1) * BYTES) else { continue };
                // SAFETY: bytes that the slice doesn't have are masked, and not touched; as many as a vector has are
                // written over as many.
                unsafe {
                    let bytes = _mm512_mask_loadu_epi8(outside, first(from.len()), from.as_ptr());
                    _mm512_storeu_si512(to.as_mut_ptr().cast(), _mm512_xor_si512(bytes, sign));
                }
            }
        }
    }
}

/// How bytes of rows become quads.
#[derive(Clone, Copy)]
struct Order {
    /// A lane of 16 bytes takes those of four places, wherever they lie in 64.
    words: __m512i,
    /// Of a lane, four bytes for each place.
    bytes: __m512i,
    /// The same for the last quad of a row of taps, with zeros for what isn't a tap.
    last: __m512i,
}

impl Order {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn new(strip: &Strip) -> Self {
        let stride = strip.convolution.plane.columns.window.stride;
        let (mut words, mut bytes, mut last) = ([0; 16], [0; 64], [0; 64]);
        let taps_of_last = strip.taps - (strip.taps - 1) / 4 * 4;
        for (index, word) in words.iter_mut().enumerate() {
            *word = (index / 4 * stride + index % 4).min(15) as i32;
        }
        for (index, (byte, last)) in bytes.iter_mut().zip(&mut last).enumerate() {
            *byte = (index / 4 % 4 * stride + index % 4) as i8;
            *last = if index % 4 < taps_of_last { *byte } else { i8::MIN };
        }
        // SAFETY: there are as many bytes as a vector has.
        unsafe {
            Self {
                words: _mm512_loadu_si512(words.as_ptr().cast()),
                bytes: _mm512_loadu_si512(bytes.as_ptr().cast()),
                last: _mm512_loadu_si512(last.as_ptr().cast()),
            }
        }
    }
}

/// The quads of each row of taps, at the places from `place` on.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn gather_windows(strip: &Strip, order: Order, place: usize, image: &[u8], quads: &mut [Quads]) {
    let rows = strip.convolution.plane.rows.window;
    let stride = strip.convolution.plane.columns.window.stride;
    let of_row = strip.taps.div_ceil(4);
    let channels = quads.chunks_exact_mut(of_row * rows.kernel).take(strip.convolution.seen);
    for (channel, quads) in channels.enumerate() {
        for (tap, quads) in quads.chunks_exact_mut(of_row).enumerate() {
            let tap = tap * rows.dilation;
            // Most windows go on by one row, and no division is needed.
            let (part, index) = if rows.stride == 1 { (0, tap) } else { (tap % rows.stride, tap / rows.stride) };
            let start = channel * strip.channel() + (part * strip.rows + index) * strip.width + place * stride;
            for (quad, to) in quads.iter_mut().enumerate() {
                let bytes = if quad + 1 == of_row { order.last } else { order.bytes };
                for (half, to) in to.0.iter_mut().enumerate() {
                    let start = start + half * SUMS * stride + 4 * quad;
                    let Some(from) = image.get(start..start + BYTES) else { continue };
                    // SAFETY: as many bytes as a vector has are read, and written.
                    unsafe {
                        let from = _mm512_loadu_si512(from.as_ptr().cast());
                        let quad = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(order.words, from), bytes);
                        _mm512_storeu_si512(to.as_mut_ptr().cast(), quad);
                    }
                }
            }
        }
    }
}

/// The quads of four channels each, at the places from `place` on.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn gather_channels(plane: usize, place: usize, x: &[i8], quads: &mut [Quads]) {
    let mask = first(plane.saturating_sub(place).min(PLACES)) as u32;
    for (four, to) in x.chunks(4 * plane).zip(quads) {
        let mut channels = [_mm256_setzero_si256(); 4];
        for (channel, from) in channels.iter_mut().zip(four.chunks_exact(plane)) {
            let from = from.get(place..).unwrap_or_default();
            // SAFETY: bytes that the slice doesn't have are masked, and not touched.
            let bytes = unsafe { _mm256_maskz_loadu_epi8(mask, from.as_ptr()) };
            *channel = _mm256_xor_si256(bytes, _mm256_set1_epi8(i8::MIN));
        }
        let [a, b, c, d] = channels;
        let (ab, cd) = (_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d));
        let (upper_ab, upper_cd) = (_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d));
        let both = |low, high| _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
        let lower = both(_mm256_unpacklo_epi16(ab, cd), _mm256_unpackhi_epi16(ab, cd));
        let upper = both(_mm256_unpacklo_epi16(upper_ab, upper_cd), _mm256_unpackhi_epi16(upper_ab, upper_cd));
        let halves = [_mm512_shuffle_i64x2::<0x88>(lower, upper), _mm512_shuffle_i64x2::<0xdd>(lower, upper)];
        for (to, half) in to.0.iter_mut().zip(halves) {
            // SAFETY: as many bytes as a vector has are written.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), half) };
        }
    }
}

/// Filters from number `first` on.
#[derive(Clone, Copy)]
struct Filters<'a, R> {
    rows: Rows<'a>,
    start: &'a [i32],
    finish: Finish<'a, R>,
    first: usize,
}

impl<R: Requantize> Filters<'_, R> {
    /// N filters at 32 places, each into a plane. Tells N.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512vbmi2")]
    fn apply<const N: usize>(self, quads: &[Quads], places: Block, planes: ChunksExactMut<'_, i8>) -> usize {
        let mut sums = [[_mm512_setzero_si512(); 2]; N];
        self.rows.sums(self.first, self.start, quads, &mut sums);
        for ((filter, &sums), y) in sums.iter().enumerate().zip(planes) {
            write(requantized(sums, self.first + filter, self.finish), places, y);
        }
        N
    }
}

/// The integers within rows, to where they belong. What is behind them is written later.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn write(integers: __m256i, Block { within, before }: Block, y: &mut [i8]) {
    let integers = _mm256_maskz_compress_epi8(within, integers);
    let y = y.get_mut(before..).unwrap_or_default();
    let count = y.len().min(PLACES);
    // SAFETY: no more is written than the slice has room for.
    unsafe {
        if count == PLACES {
            _mm256_storeu_si256(y.as_mut_ptr().cast(), integers);
        } else {
            _mm256_mask_storeu_epi8(y.as_mut_ptr(), first(count) as u32, integers);
        }
    }
}
