//! The gradients of a convolution's inputs, tap by tap, over vectors of channels.
//!
//! `dx[p's tap t][c] += Σ w[f, t][c] · g[f][p]`, over the filters f: for each tap, a [product](Scattered) of gradients, broadcast from
//! where they lie, and of weights, which are transposed for each block, added to where the tap lies on the inputs. So nothing is
//! multiplied by zeros, whatever the padding, the stride or the dilation, and a plane's edge costs no more than its middle. In the
//! end, the sums of a block are transposed.
//!
//! The products of some filters are a chain, and those chains are added: filters by filters, and in each tap by tap.

use super::blocks::{Block, DEPTH, Images, PLACES, Runs};
use super::{Rooms, Scratch};
use crate::kernels::product::{Fours, Origin, Place, Row, Scattered, Start, Terms};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{LANES, Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::window::{ceil_div, cut, even, quotient};

/// Vectors of channels at a time.
const PANEL: usize = 2;
/// The most filters in a chain.
const FILTERS: usize = 64;

/// `dx = w ∗ g`, for all samples of a batch and all groups.
pub(super) struct Spread<'a, 'b, S> {
    /// The images of the inputs.
    pub(super) images: Images,
    /// Filters in a group.
    pub(super) filters: usize,
    /// Taps in a row of the window, and in all of it.
    pub(super) window: (usize, usize),
    /// Outputs of a filter, and in a row of them.
    pub(super) outputs: (usize, usize),
    pub(super) w: &'a [S],
    pub(super) g: &'a [S],
    pub(super) dx: &'a mut [S],
    pub(super) start: Start,
    pub(super) scratch: &'a mut Scratch<'b, S>,
}

/// Vectors of channels at a time.
fn panel(channels: usize, lanes: usize) -> usize {
    ceil_div(channels, lanes).min(PANEL)
}

/// Whether there is room for sums, for a number of them and for weights.
pub(super) fn fits<S>(images: &Images, scratch: &Scratch<'_, S>) -> bool {
    let (_, sums, weights) = scratch.sizes();
    images.taps() > 0 && images.taps() <= DEPTH && sums >= PLACES * PANEL * LANES && weights >= FILTERS * PANEL * LANES
}

/// What the gradients of a sample cost for a group, in multiplications of vectors.
pub(super) fn work(images: &Images, filters: usize) -> usize {
    let vectors = ceil_div(images.channels, LANES);
    let chains = ceil_div(filters, FILTERS);
    let panels = ceil_div(vectors, PANEL);
    // A single vector shares what is broadcast with no other.
    let product = filters * vectors;
    let product = if vectors == 1 { product + product / 4 } else { product };
    let each = product + chains * (4 * vectors + 10 * panels);
    let laid = 8 * images.taps() * filters * vectors;
    let laid = ceil_div(laid * images.plane(), PLACES);
    images.products() * each + 22 * images.plane() * vectors + laid
}

impl<S: Scalar> Spread<'_, '_, S> {
    #[inline(always)]
    pub(super) fn run<V: Simd>(mut self, simd: V) {
        let images = self.images;
        if !fits(&images, self.scratch) {
            return;
        }
        let (height, width) = (images.rows.input, images.columns.input);
        let columns = even(width, PLACES);
        let rows = even(height, quotient(PLACES, columns));
        let samples = if (rows, columns) == (height, width) { quotient(PLACES, rows * columns) } else { 1 };
        let panel = panel(images.channels, lanes::<V, S>()) * lanes::<V, S>();
        for samples in cut(self.dx.len() / images.sample.max(1), samples) {
            for rows in cut(height, rows) {
                for columns in cut(width, columns) {
                    let block = Block { samples: samples.clone(), rows: rows.clone(), columns };
                    for group in 0..images.groups() {
                        for channels in cut(images.channels, panel) {
                            self.block(simd, &block, group, (channels.start, channels.len(), panel));
                        }
                    }
                }
            }
        }
    }

    /// The gradients of some channels of a block's inputs, each with as many numbers as a panel.
    #[inline(always)]
    fn block<V: Simd>(
        &mut self,
        simd: V,
        block: &Block,
        group: usize,
        (channel, channels, panel): (usize, usize, usize),
    ) {
        let Self { images, filters, window: (_, window), outputs: (plane, _), .. } = *self;
        let places = block.samples.len() * block.rows.len() * block.columns.len();
        let Some(sums) = self.scratch.rooms().sums.get_mut(..places * panel) else { return };
        sums.fill(S::ZERO);
        let mut inner = [Place::default(); FILTERS];
        for (filter, place) in inner.iter_mut().enumerate() {
            *place = Place { a: (filter * plane) as u32, b: (filter * panel) as u32 };
        }
        let mut rows = [Row::default(); PLACES];
        let across = images.columns.taps().len();
        for some in cut(filters, even(filters, FILTERS)) {
            let first = group * filters + some.start;
            let inner = inner.get(..some.len()).unwrap_or_default();
            let g = self.g.get((block.samples.start * images.groups() * filters + first) * plane..).unwrap_or_default();
            let together = quotient(self.scratch.sizes().2, some.len() * panel);
            for down in 0..images.rows.taps().len() {
                let numbers = images.tap_numbers(self.window.0).skip(down * across);
                for (taps, number) in cut(across, together).zip(numbers.step_by(together.max(1))) {
                    // Taps of a row of the window lie side by side.
                    let apart = some.len() * panel;
                    for filter in 0..some.len() {
                        let at = ((first + filter) * images.channels + channel) * window + number;
                        let from = self.w.get(at..).unwrap_or_default();
                        let to = self.scratch.rooms().weights.get_mut(filter * panel..).unwrap_or_default();
                        transpose(simd, (from, window), (channels, taps.len()), (to, apart));
                    }
                    for (index, right) in taps.enumerate() {
                        let count = self.places(block, (down, right), panel, &mut rows);
                        let Rooms { sums, weights, .. } = self.scratch.rooms();
                        S::Vector::<V>::scattered(
                            simd,
                            Scattered {
                                columns: channels,
                                a: g,
                                rows: rows.get(..count).unwrap_or_default(),
                                fours: Fours::NONE,
                                terms: Terms::listed(inner),
                                b: weights.get(index * apart..).unwrap_or_default(),
                                c: sums,
                                lines: (1, 0, 0),
                                start: Origin::Zero,
                                is_added: true,
                                is_rectified: false,
                            },
                        );
                    }
                }
            }
        }
        self.store(simd, block, group, (channel, channels, panel));
    }

    /// Where the gradients of the outputs lie of which a tap lies on the block, and where the tap does. Returns how many there are.
    #[inline(always)]
    fn places(&self, block: &Block, (down, right): (usize, usize), panel: usize, to: &mut [Row; PLACES]) -> usize {
        let (Images { rows, columns, .. }, (plane, width)) = (&self.images, self.outputs);
        let sample = self.images.groups() * self.filters * plane;
        let (under, along) = (rows.sums_on(down, &block.rows), columns.sums_on(right, &block.columns));
        let (mut count, mut to) = (0, to.iter_mut());
        for number in 0..block.samples.len() {
            for row in under.clone() {
                let place = number * block.rows.len() + rows.element(row, down) - block.rows.start;
                let place = place * block.columns.len() + columns.element(along.start, right) - block.columns.start;
                let (a, c) = (number * sample + row * width + along.start, place * panel);
                for (column, to) in (0..along.len()).zip(&mut to) {
                    *to = Row { a: (a + column) as u32, c: (c + column * columns.step * panel) as u32 };
                    count += 1;
                }
            }
        }
        count
    }

    /// Transposes the sums of a block into dx.
    #[inline(always)]
    fn store<V: Simd>(
        &mut self,
        simd: V,
        block: &Block,
        group: usize,
        (channel, channels, panel): (usize, usize, usize),
    ) {
        let (images, runs) = (self.images, Runs::dense(block, self.images.columns.input));
        for (index, sample) in block.samples.clone().enumerate() {
            let sums = self.scratch.rooms().sums.get(index * runs.sums() * panel..).unwrap_or_default();
            let at = sample * images.sample + (group * images.channels + channel) * images.plane();
            let dx = self.dx.get_mut(at..).unwrap_or_default();
            runs.store(simd, (sums, panel), channels, (dx, images.plane()), self.start);
        }
    }
}
