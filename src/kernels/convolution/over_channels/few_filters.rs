//! The gradient of the weights of few filters that see many channels, over vectors of channels.
//!
//! `dw[f, t][c] += Σ g[f][p] · x[p's tap t][c]`, over the positions p of all samples in order: a [product](Scattered) of
//! gradients, broadcast from where they lie, and of inputs, which are transposed for each block. The taps of a row of the window
//! are its lines. A block is one chain, and the sums of blocks are added: a chain over all positions of a batch would round more.

use super::{Channels, Laid};
use crate::chunks::Chunks;
use crate::kernels::convolution::blocks::{Block, Images, PLACES, Split};
use crate::kernels::convolution::correlation::WeightGradient;
use crate::kernels::convolution::{Rooms, Scratch};
use crate::kernels::elementwise::add_few;
use crate::kernels::product::{Fours, Origin, Place, Row, Scattered, Terms};
use crate::kernels::transpose::add_transposed;
use crate::kernels::vector::{LANES, Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::shape::{first, first_mut};
use crate::window::{ceil_div, even};

/// Channels at a time.
const PANEL: usize = 2 * LANES;
/// The most positions in a block, and the most filters at a time.
const POSITIONS: usize = 256;
const FILTERS: usize = 32;

/// How the gradient is split.
#[derive(Clone, Copy)]
struct Division {
    blocks: Split,
    /// Channels and filters at a time.
    panel: usize,
    filters: usize,
}

impl Division {
    /// The first that fits, of twice the lanes of the widest vector and of as many channels.
    #[inline(always)]
    fn of<S>(images: &Images, samples: usize, filters: usize, scratch: &Scratch<'_, S>) -> Option<Self> {
        let channels = channels(images);
        [PANEL, LANES].into_iter().find_map(|panel| {
            if panel > LANES && images.channels <= LANES {
                return None;
            }
            let numbers = (images.taps() + images.columns.taps().len()) * panel;
            let (_, sums, weights) = scratch.sizes();
            let most = (weights / numbers.max(1)).min(FILTERS);
            if most == 0 {
                return None;
            }
            // Of whole tiles.
            let filters = even(filters, most).next_multiple_of(4).min(most).min(filters);
            let blocks = channels.split_of(samples, POSITIONS, sums / panel)?;
            Some(Self { blocks, panel, filters })
        })
    }
}

/// Each channel by itself.
#[inline(always)]
fn channels(images: &Images) -> Channels {
    Channels { images: Images { channels: 1, ..*images }, inputs: 1, outputs: 1, taps: (0, 0) }
}

/// How many vectors of a sample are transposed, if there is a split.
#[inline(always)]
pub(in crate::kernels::convolution) fn transposed<S>(
    images: &Images,
    filters: usize,
    scratch: &Scratch<'_, S>,
) -> Option<usize> {
    let positions = images.rows.seen(images.rows.count) * images.columns.seen(images.columns.count);
    let vectors = positions * ceil_div(images.channels, LANES);
    Division::of(images, 1, filters, scratch).map(|division| vectors * ceil_div(filters, division.filters))
}

impl<S: Scalar> WeightGradient<'_, '_, S> {
    /// Adds them, over vectors of channels.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn over_channels<V: Simd>(self, simd: V) {
        let Self { images, filters, window: (row, window), outputs: (plane, width), x, g, dw, bias: _, scratch } = self;
        let (samples, groups) = (x.len() / images.sample.max(1), images.groups());
        let Some(Division { blocks, panel, filters: together }) = Division::of(&images, samples, filters, scratch)
        else {
            return;
        };
        let Rooms { sums: room, weights, .. } = scratch.rooms();
        let (channels, of_gradients) = (channels(&images), groups * filters * plane);
        let (taps, steps) = (images.taps(), images.columns.taps());
        let apart = steps.clone().nth(1).map_or(0, |(offset, _)| offset);
        let mut rows = [Row::default(); FILTERS];
        for (index, to) in rows.iter_mut().enumerate() {
            *to = Row { a: (index * plane) as u32, c: (index * steps.len() * panel) as u32 };
        }
        let mut inner = [Place::default(); PLACES];
        for (group, from) in
            (0..groups).flat_map(|group| (0..images.channels).step_by(panel.max(1)).map(move |from| (group, from)))
        {
            let count = panel.min(images.channels - from);
            for filter in (0..filters).step_by(together.max(1)) {
                let some = together.min(filters - filter);
                let (totals, sums) = weights.split_at_mut((some * taps * panel).min(weights.len()));
                totals.fill(S::ZERO);
                for block in images.blocks(samples, blocks) {
                    let (height, seen) = channels.seen(&block);
                    for (number, sample) in block.samples.clone().enumerate() {
                        let to = room.get_mut(number * height * seen * panel..).unwrap_or_default();
                        for first in (0..count).step_by(lanes::<V, S>()) {
                            let at = sample * images.sample + (group * images.channels + from + first) * images.plane();
                            let from = (x.get(at..).unwrap_or_default(), images.plane(), count - first);
                            let to = Laid { numbers: to.get_mut(first..).unwrap_or_default(), pitch: panel };
                            channels.lay(simd, from, &block, to);
                        }
                    }
                    let positions =
                        positions(&images, &block, (of_gradients, width), (height, seen), panel, &mut inner);
                    let at = block.samples.start * of_gradients + (group * filters + filter) * plane;
                    let g = g.get(at..).unwrap_or_default();
                    let line = steps.len() * panel;
                    for (index, (down, _)) in images.rows.taps().enumerate() {
                        let sums = first_mut(&mut *sums, some * line);
                        S::Vector::<V>::scattered(
                            simd,
                            Scattered {
                                columns: count,
                                a: g,
                                rows: first(&rows, some),
                                fours: Fours::NONE,
                                terms: Terms::listed(first(&inner, positions)),
                                b: room.get(down * seen * panel..).unwrap_or_default(),
                                c: sums,
                                lines: (steps.len(), apart * panel, panel),
                                start: Origin::Zero,
                                is_added: false,
                                is_rectified: false,
                            },
                        );
                        for (sums, totals) in sums.blocks(line).zip(totals.blocks_mut(taps * panel)) {
                            let totals = totals.get_mut(index * line..).unwrap_or_default();
                            add_few(simd, sums, first_mut(totals, line));
                        }
                    }
                }
                for (index, totals) in totals.blocks(taps * panel).enumerate() {
                    let at = ((group * filters + filter + index) * images.channels + from) * window;
                    let dw = dw.get_mut(at..).unwrap_or_default();
                    for (index, tap) in images.tap_numbers(row).enumerate() {
                        let totals = totals.get(index * panel..).unwrap_or_default();
                        if taps == window {
                            add_transposed(simd, (totals, panel), (taps, count), (dw, window));
                            break;
                        }
                        let dw = dw.get_mut(tap..).unwrap_or_default().iter_mut().step_by(window.max(1));
                        totals.iter().zip(dw).take(count).for_each(|(&total, dw)| *dw += total);
                    }
                }
            }
        }
    }
}

/// Where the gradient of each position of a block lies, and the first input under it. Returns how many there are.
#[inline(always)]
fn positions(
    images: &Images,
    block: &Block,
    (of_gradients, width): (usize, usize),
    (height, seen): (usize, usize),
    panel: usize,
    to: &mut [Place; PLACES],
) -> usize {
    let Images { rows, columns, .. } = images;
    let (mut count, mut to) = (0, to.iter_mut());
    for sample in 0..block.samples.len() {
        for row in 0..block.rows.len() {
            let a = sample * of_gradients + (rows.first + block.rows.start + row) * width + columns.first;
            let b = (sample * height + row * rows.step) * seen;
            for (column, to) in (0..columns.count).zip(&mut to) {
                *to = Place { a: (a + column) as u32, b: ((b + column * columns.step) * panel) as u32 };
                count += 1;
            }
        }
    }
    count
}

const _: () = assert!(POSITIONS <= PLACES, "the positions of a block fit");
