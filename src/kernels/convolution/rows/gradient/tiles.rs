//! The products of a block's gradients and inputs, over vectors of positions: the sums of some filters and some taps stay in registers.

use crate::kernels::assert_in_tests;
use crate::kernels::lane_sums::total_each;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, splat, write};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::balanced;

/// The most filters whose sums stay in registers.
const FILTERS: usize = 6;

/// Where a vector of positions lies: in a copy of inputs, and in the gradients of a filter.
#[derive(Clone, Copy, Default)]
pub(super) struct Position {
    pub(super) x: u32,
    pub(super) g: u32,
}

/// Where a tap of a channel lies, from the place of a vector on, and which total of a filter it has.
#[derive(Clone, Copy, Default)]
pub(super) struct Tap {
    pub(super) x: u32,
    pub(super) total: u32,
}

/// Vectors of positions of a block: for each filter, `pitch` apart.
#[derive(Clone, Copy)]
pub(super) struct Run<'a, S> {
    pub(super) g: &'a [S],
    pub(super) pitch: usize,
    pub(super) vectors: &'a [Position],
}

/// The products of a block, added to `totals[f][t]`, each of [`LANES`] numbers.
pub(super) struct Tiles<'a, 'b, S> {
    pub(super) x: &'a [S],
    pub(super) runs: [Run<'a, S>; 2],
    /// Where taps of channels lie, from the place of a vector on, and which total each has.
    pub(super) offsets: &'a [Tap],
    pub(super) filters: usize,
    pub(super) totals: &'b mut [S],
    /// Of each filter, what the sum of its gradients is added to; or empty.
    pub(super) biases: &'b mut [S],
}

impl<S: Scalar> Operation for Tiles<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        let (depth, filters) = (self.offsets.len(), self.filters);
        let last = self
            .offsets
            .iter()
            .fold(Tap::default(), |most, tap| Tap { x: most.x.max(tap.x), total: most.total.max(tap.total) });
        let offset = last.x as usize;
        let fits = (last.total as usize) < depth
            && filters * depth * LANES <= self.totals.len()
            && self.runs.iter().all(|run| {
                let most = run.vectors.iter().fold(Position::default(), |most, position| Position {
                    x: most.x.max(position.x),
                    g: most.g.max(position.g),
                });
                let last = filters.saturating_sub(1).saturating_mul(run.pitch).saturating_add(most.g as usize);
                run.vectors.is_empty()
                    || most.x as usize + offset + LANES <= self.x.len() && last + LANES <= run.g.len()
            });
        assert_in_tests!(fits, "positions don't fit");
        if !fits || depth == 0 || filters == 0 {
            return;
        }
        if !self.biases.is_empty() {
            for some in balanced(filters, FILTERS) {
                // SAFETY: all vectors can be read of these filters.
                unsafe { self.add_biases(simd, (some.start, some.len())) };
            }
        }
        let many = S::Vector::<V>::REGISTERS >= 32;
        let most = if many { FILTERS } else { 4 };
        for some in balanced(filters, most) {
            let filter = some.start;
            // SAFETY: all vectors can be read under all taps, and there is a total for each filter and tap.
            unsafe {
                match some.len() {
                    6.. if many => self.rows::<V, 6, 4, 3, 2>(simd, filter),
                    5.. if many => self.rows::<V, 5, 5, 4, 3>(simd, filter),
                    4.. if many => self.rows::<V, 4, 6, 5, 3>(simd, filter),
                    3.. if many => self.rows::<V, 3, 8, 6, 4>(simd, filter),
                    4.. => self.rows::<V, 4, 2, 2, 2>(simd, filter),
                    3.. => self.rows::<V, 3, 3, 3, 3>(simd, filter),
                    2 => self.rows::<V, 2, 5, 5, 3>(simd, filter),
                    _ => self.rows::<V, 1, 10, 10, 5>(simd, filter),
                }
            }
        }
    }
}

impl<S: Scalar> Tiles<'_, '_, S> {
    /// The sums of `R` filters, for up to `C` taps at a time, or `D` or `E` of them.
    ///
    /// # Safety
    /// There are as many filters, and all of `run`'s conditions hold.
    #[inline(always)]
    unsafe fn rows<V: Simd, const R: usize, const C: usize, const D: usize, const E: usize>(
        &mut self,
        simd: V,
        filter: usize,
    ) {
        for taps in balanced(self.offsets.len(), C) {
            let (tap, together) = (taps.start, taps.len());
            for lane in (0..LANES).step_by(lanes::<V, S>()) {
                // SAFETY: the caller's promise.
                unsafe {
                    if together <= E {
                        self.tile::<V, R, E>(simd, (filter, tap, together), lane);
                    } else if together <= D {
                        self.tile::<V, R, D>(simd, (filter, tap, together), lane);
                    } else {
                        self.tile::<V, R, C>(simd, (filter, tap, together), lane);
                    }
                }
            }
        }
    }

    /// Adds the sums of some filters' gradients to those of their biases. Then tiles find them in the first-level cache.
    ///
    /// # Safety
    /// There are as many filters, at least one and at most [`FILTERS`], and all of `run`'s conditions hold.
    #[inline(always)]
    unsafe fn add_biases<V: Simd>(&mut self, simd: V, (filter, count): (usize, usize)) {
        let mut sums = [S::ZERO; FILTERS * LANES];
        for lane in (0..LANES).step_by(lanes::<V, S>()) {
            let mut chains = [splat::<V, S>(simd, S::ZERO); FILTERS];
            for run in &self.runs {
                let gs: [_; FILTERS] = core::array::from_fn(|index| {
                    run.g.as_ptr().wrapping_add((filter + index.min(count - 1)) * run.pitch + lane)
                });
                for position in run.vectors {
                    for (chain, g) in chains.iter_mut().zip(gs) {
                        // SAFETY: the caller's promise.
                        *chain = *chain + unsafe { S::Vector::<V>::load(simd, g.add(position.g as usize)) };
                    }
                }
            }
            for (chain, sums) in chains.into_iter().zip(sums.as_chunks_mut::<LANES>().0) {
                write(simd, chain, sums.get_mut(lane..).unwrap_or_default());
            }
        }
        let biases = self.biases.get_mut(filter..filter + count).unwrap_or_default();
        total_each(simd, &sums, biases);
    }

    /// Some lanes of the sums of `R` filters and `C` taps. Those of the first `kept` taps are stored.
    ///
    /// # Safety
    /// As for [`rows`](Self::rows).
    #[inline(always)]
    unsafe fn tile<V: Simd, const R: usize, const C: usize>(
        &mut self,
        simd: V,
        (filter, tap, kept): (usize, usize, usize),
        lane: usize,
    ) {
        let depth = self.offsets.len();
        let mut sums = [[splat::<V, S>(simd, S::ZERO); C]; R];
        // SAFETY: the caller's promise.
        unsafe {
            let mut xs = [self.x.as_ptr(); C];
            for (index, x) in xs.iter_mut().enumerate() {
                *x = x.add(self.offsets.get_unchecked(tap + index.min(kept - 1)).x as usize + lane);
            }
            for run in &self.runs {
                let mut gs = [run.g.as_ptr(); R];
                for (index, g) in gs.iter_mut().enumerate() {
                    *g = g.wrapping_add((filter + index) * run.pitch + lane);
                }
                for &Position { x: at, g: from } in run.vectors {
                    let mut vectors = [splat::<V, S>(simd, S::ZERO); R];
                    for (vector, g) in vectors.iter_mut().zip(gs) {
                        *vector = S::Vector::<V>::load(simd, g.add(from as usize));
                    }
                    for (column, x) in xs.iter().enumerate() {
                        let x = S::Vector::<V>::load(simd, x.add(at as usize));
                        for (sums, &g) in sums.iter_mut().zip(&vectors) {
                            sums[column] = x.mul_add(g, sums[column]);
                        }
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (column, &sum) in sums.iter().enumerate().take(kept) {
                    let total = self.offsets.get_unchecked(tap + column).total as usize;
                    let to = self.totals.as_mut_ptr().add(((filter + row) * depth + total) * LANES + lane);
                    (S::Vector::<V>::load(simd, to) + sum).store(to);
                }
            }
        }
    }
}
