//! The gradient of a convolution's weights, over vectors of filters.
//!
//! `dw[c, t][f] += Σ x[p's tap t in c] · g[p][f]`, over the positions p of all samples in order: a [product](Scattered) of
//! inputs, broadcast from where they lie, and of gradients, which are transposed for each block. A block is one chain, and
//! the sums of blocks are added: a chain over all positions of a batch would round more.

use super::PANEL;
use crate::kernels::convolution::Scratch;
use crate::kernels::convolution::blocks::{Block, DEPTH, Images, PLACES, Split};
use crate::kernels::elementwise::add_few;
use crate::kernels::product::{Origin, Place, Scattered};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::shape::first;

/// `dw += g ∗ x`, over all samples of a batch, for all groups.
pub(in crate::kernels::convolution) struct WeightGradient<'a, 'b, S> {
    pub(in crate::kernels::convolution) images: Images,
    /// Filters in a group.
    pub(in crate::kernels::convolution) filters: usize,
    pub(in crate::kernels::convolution) x: &'a [S],
    pub(in crate::kernels::convolution) g: &'a [S],
    pub(in crate::kernels::convolution) dw: &'a mut [S],
    pub(in crate::kernels::convolution) scratch: &'a mut Scratch<'b, S>,
}

/// The split into blocks of positions.
#[inline(always)]
pub(in crate::kernels::convolution) fn split<S>(
    images: &Images,
    samples: usize,
    scratch: &Scratch<'_, S>,
) -> Option<Split> {
    images.split(samples, PLACES / 2, scratch.inputs.len(), scratch.weights.len() / (2 * PANEL * LANES))
}

impl<S: Scalar> Operation for WeightGradient<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        let Self { images, filters, .. } = self;
        let samples = self.x.len() / images.sample.max(1);
        let Some(split) = split(&images, samples, self.scratch) else { return };
        let (groups, panel) = (images.groups(), PANEL * lanes::<V, S>());
        let (taps, filter) = (images.taps(), images.taps() * images.channels);
        let mut rows = [0; DEPTH];
        for group in 0..groups {
            for first in (0..images.channels).step_by(split.channels.max(1)) {
                let count = split.channels.min(images.channels - first);
                for from in (0..filters).step_by(panel) {
                    let width = panel.min(filters - from);
                    self.scratch.weights.fill(S::ZERO);
                    for block in images.blocks(samples, split) {
                        let places = images.places(&block, count);
                        let depth = images.under_taps(places, count, 1, &mut rows);
                        let rows = rows.get(..depth).unwrap_or_default();
                        self.add(simd, &block, (group, from, width), (first, count), rows);
                    }
                    let to = (group * filters + from) * filter + first * taps;
                    let (Some(to), (totals, _)) = (self.dw.get_mut(to..), halves(self.scratch.weights)) else { return };
                    transpose(simd, (totals, panel), (count * taps, width), (to, filter), 1, true);
                }
            }
        }
    }
}

impl<S: Scalar> WeightGradient<'_, '_, S> {
    /// Adds the products of a block to the sums of some filters and channels of a group.
    #[inline(always)]
    fn add<V: Simd>(
        &mut self,
        simd: V,
        block: &Block,
        (group, from, filters): (usize, usize, usize),
        (from_channel, channels): (usize, usize),
        rows: &[u32],
    ) {
        let images = self.images;
        let (places, panel) = (images.places(block, channels), PANEL * lanes::<V, S>());
        let (mut starts, mut inner) = ([0; PLACES], [Place::default(); PLACES]);
        let count = images.starts(block, places, &mut starts);
        for (index, (place, &start)) in inner.iter_mut().zip(&starts).enumerate() {
            *place = Place { a: start, b: (index * panel) as u32 };
        }
        let x = images.numbers(
            simd,
            self.x,
            block,
            (group * images.channels + from_channel, channels),
            self.scratch.inputs,
        );
        let (plane, row) = (images.sums(), images.columns.count);
        let (runs, run) = if block.columns.len() == row {
            (1, block.rows.len() * row)
        } else {
            (block.rows.len(), block.columns.len())
        };
        let mut to = &mut *self.scratch.sums;
        for sample in block.samples.clone() {
            for line in 0..runs {
                let place = (block.rows.start + line) * row + block.columns.start;
                let at = ((sample * images.groups() + group) * self.filters + from) * plane + place;
                let g = self.g.get(at..).unwrap_or_default();
                let Some((run_of, rest)) = to.split_at_mut_checked(run * panel) else { return };
                transpose(simd, (g, plane), (filters, run), (run_of, panel), 1, false);
                to = rest;
            }
        }
        let (totals, sums) = halves(self.scratch.weights);
        S::Vector::<V>::scattered(
            simd,
            Scattered {
                columns: filters,
                a: x,
                rows,
                inner: inner.get(..count).unwrap_or_default(),
                b: &*self.scratch.sums,
                c: &mut *sums,
                pitch: panel,
                lines: (1, 0, 0),
                start: Origin::Zero,
            },
        );
        add_few(simd, first(sums, rows.len() * panel), totals);
    }
}

/// Room for the sums of all blocks, and for those of one.
#[inline(always)]
fn halves<S>(weights: &mut [S]) -> (&mut [S], &mut [S]) {
    let half = weights.len() / 2;
    weights.split_at_mut(half)
}

const _: () = assert!(LANES * PANEL * PLACES <= 16384, "the gradients of a block fit");
