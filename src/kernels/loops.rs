//! The products of a dense layer as plain loops, for processors without vectors and for unknown ones.
//!
//! A few numbers at a time stay in registers while the weights stream by, so a multiply-accumulate takes little more
//! than a load and a multiplication. Every sum is computed in the order of its definition; with fused multiply-adds, in that of
//! the kernels for vectors.

use core::ops::Range;
use core::slice::from_mut;

use super::product::{CHAINS, is_chained};
use super::vector::{Simd, multiply_add};
use crate::chunks::Chunks;
use crate::scalar::Scalar;
use crate::shape::within;

/// The numbers kept in registers at a time: half of the registers of a Cortex-M4F.
const TILE: usize = 16;

/// Up to this many columns, each tile passes over all rows; with more, they would not fit into a cache.
const FEW: usize = 4 * TILE;

/// An operation on the columns `column..column + C` of a matrix.
trait Columns {
    fn work<const C: usize>(&mut self, column: usize);
}

/// Applies it to all of `columns`, as many as possible at a time.
#[inline(always)]
fn in_tiles(columns: usize, worker: &mut impl Columns) {
    #[inline(always)]
    fn tiles<const C: usize>(first: usize, columns: usize, worker: &mut impl Columns) -> usize {
        let mut column = first;
        while column + C <= columns {
            worker.work::<C>(column);
            column += C;
        }
        column
    }
    let column = tiles::<TILE>(0, columns, worker);
    let column = tiles::<8>(column, columns, worker);
    let column = tiles::<4>(column, columns, worker);
    let column = tiles::<2>(column, columns, worker);
    tiles::<1>(column, columns, worker);
}

/// `each!(C, |column| …)` for each of the columns of a tile, without a loop, which at `opt-level = "s"` would stay one and keep the
/// columns' numbers in memory.
macro_rules! each {
    ($count:ident, |$column:ident| $work:expr) => {
        each!($count, $column, $work, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    ($count:ident, $column:ident, $work:expr, $($number:literal)*) => {{
        const { assert!($count <= TILE) }
        $(if $number < $count {
            let $column = $number;
            $work;
        })*
    }};
}

/// `sums += a · b`
#[inline(always)]
fn add_row<V: Simd, S: Scalar, const C: usize>(simd: V, a: S, b: &[S; C], sums: &mut [S; C]) {
    each!(C, |column| sums[column] = multiply_add(simd, a, b[column], sums[column]));
}

/// `sum + a · b`
#[inline(always)]
fn add_products<V: Simd, S: Scalar, const C: usize>(simd: V, a: &[S; C], b: &[S; C], mut sum: S) -> S {
    each!(C, |column| sum = multiply_add(simd, a[column], b[column], sum));
    sum
}

/// How many rows of `width` numbers have `C` columns from `column` on.
#[inline(always)]
const fn rows<const C: usize>(length: usize, width: usize, column: usize) -> usize {
    match length.checked_sub(column + C) {
        Some(rest) if width > 0 => rest / width + 1,
        _ => 0,
    }
}

/// `C` columns of each row of a matrix of `width` columns.
///
/// The same as `chunks` and `first_chunk`, without their checks in each row.
#[inline(always)]
fn columns<S, const C: usize>(matrix: &[S], width: usize, column: usize) -> impl Iterator<Item = &[S; C]> {
    let first = matrix.as_ptr();
    // SAFETY: that many rows have the columns: (rows − 1) · width + column + C is at most the length.
    (0..rows::<C>(matrix.len(), width, column)).map(move |row| unsafe { &*first.add(row * width + column).cast() })
}

/// [`columns`], mutable; rows must not overlap.
#[inline(always)]
fn columns_mut<S, const C: usize>(matrix: &mut [S], width: usize, column: usize) -> impl Iterator<Item = &mut [S; C]> {
    let count = if C <= width { rows::<C>(matrix.len(), width, column) } else { 0 };
    let first = matrix.as_mut_ptr();
    // SAFETY: as in `columns`; the columns of one row are at least `width` before those of the next.
    (0..count).map(move |row| unsafe { &mut *first.add(row * width + column).cast() })
}

/// `c = bias + a · B`, for one row a and one row c: the rows of `b` have the length of `c`, and `bias` that length or
/// none.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn row_product<V: Simd, S: Scalar>(simd: V, a: &[S], b: &[S], c: &mut [S], bias: &[S]) {
    in_tiles(c.len(), &mut RowProduct { simd, a, b, c, bias });
}

struct RowProduct<'a, V, S> {
    simd: V,
    a: &'a [S],
    b: &'a [S],
    c: &'a mut [S],
    bias: &'a [S],
}

impl<V: Simd, S: Scalar> Columns for RowProduct<'_, V, S> {
    #[inline(always)]
    fn work<const C: usize>(&mut self, column: usize) {
        let width = self.c.len();
        let Some(c) = columns_mut::<S, C>(self.c, width, column).next() else { return };
        let start = columns(self.bias, width, column).next().copied().unwrap_or([S::ZERO; C]);
        let chain = |rows: Range<usize>, mut sums: [S; C]| {
            let b = self.b.get(rows.start * width..).unwrap_or_default();
            let a = self.a.get(rows).unwrap_or_default();
            for (&a, b) in a.iter().zip(columns::<S, C>(b, width, column)) {
                add_row(self.simd, a, b, &mut sums);
            }
            sums
        };
        let inputs = self.a.len();
        *c = if is_chained::<V>(inputs, width) {
            // The order of `product`.
            let quarter = inputs.div_ceil(CHAINS);
            let part =
                |number: usize, start| chain(inputs.min(number * quarter)..inputs.min((number + 1) * quarter), start);
            let [one, two, three, four] =
                [part(0, start), part(1, [S::ZERO; C]), part(2, [S::ZERO; C]), part(3, [S::ZERO; C])];
            core::array::from_fn(|column| (one[column] + two[column]) + (three[column] + four[column]))
        } else {
            chain(0..inputs, start)
        };
    }
}

/// `dW[i][o] += x[i] · g[o]`: a sample's weight gradient.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn add_outer_product<V: Simd, S: Scalar>(simd: V, x: &[S], g: &[S], dw: &mut [S]) {
    if g.len() <= FEW {
        return in_tiles(g.len(), &mut OuterProduct { simd, x, g, dw });
    }
    for (&x, dw) in x.iter().zip(dw.blocks_mut(g.len())) {
        for (dw, &g) in dw.iter_mut().zip(g) {
            *dw = multiply_add(simd, x, g, *dw);
        }
    }
}

struct OuterProduct<'a, V, S> {
    simd: V,
    x: &'a [S],
    g: &'a [S],
    dw: &'a mut [S],
}

impl<V: Simd, S: Scalar> Columns for OuterProduct<'_, V, S> {
    #[inline(always)]
    fn work<const C: usize>(&mut self, column: usize) {
        let width = self.g.len();
        let Some(&g) = columns::<S, C>(self.g, width, column).next() else { return };
        for (&x, dw) in self.x.iter().zip(columns_mut::<S, C>(self.dw, width, column)) {
            add_row(self.simd, x, &g, dw);
        }
    }
}

/// `dx[i] = Σₒ g[o] · W[i][o]`: a sample's input gradient.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn dot_products<V: Simd, S: Scalar>(simd: V, g: &[S], w: &[S], dx: &mut [S]) {
    dx.fill(S::ZERO);
    if g.len() <= FEW {
        return in_tiles(g.len(), &mut AddDotProducts { simd, g, w, dx });
    }
    for (dx, w) in dx.iter_mut().zip(w.blocks(g.len())) {
        *dx = g.iter().zip(w).fold(*dx, |sum, (&g, &w)| multiply_add(simd, g, w, sum));
    }
}

struct AddDotProducts<'a, V, S> {
    simd: V,
    g: &'a [S],
    w: &'a [S],
    dx: &'a mut [S],
}

impl<V: Simd, S: Scalar> Columns for AddDotProducts<'_, V, S> {
    #[inline(always)]
    fn work<const C: usize>(&mut self, column: usize) {
        let width = self.g.len();
        let Some(&g) = columns::<S, C>(self.g, width, column).next() else { return };
        for (dx, w) in self.dx.iter_mut().zip(columns::<S, C>(self.w, width, column)) {
            *dx = add_products(self.simd, &g, w, *dx);
        }
    }
}

/// How weights move along their gradient.
pub(crate) trait Update<S, const SLOTS: usize> {
    /// Moves some weights, with the optimizer's numbers for them.
    fn update(&self, weights: &mut [S], gradient: &[S], slots: [&mut [S]; SLOTS]);
}

impl<S, U: Update<S, SLOTS>, const SLOTS: usize> Update<S, SLOTS> for &U {
    #[inline(always)]
    fn update(&self, weights: &mut [S], gradient: &[S], slots: [&mut [S]; SLOTS]) {
        (**self).update(weights, gradient, slots);
    }
}

/// One sample's input gradient, `dx[i] = Σₒ g[o] · W[i][o]`, and a step along its weight gradient
/// `dW[i][o] = x[i] · g[o]`, with which `update` moves some weights at a time. Passes over the weights once.
#[inline(always)]
pub(crate) fn descend<V: Simd, S: Scalar, const SLOTS: usize>(
    simd: V,
    x: &[S],
    g: &[S],
    (w, mut slots): (&mut [S], [&mut [S]; SLOTS]),
    mut dx: Option<&mut [S]>,
    update: impl Update<S, SLOTS>,
) {
    if let Some(dx) = &mut dx {
        dx.fill(S::ZERO);
    }
    if g.len() <= FEW {
        return in_tiles(g.len(), &mut Descend { simd, x, g, w, slots, dx, update });
    }
    for (row, (x, w)) in x.blocks(1).zip(w.blocks_mut(g.len())).enumerate() {
        let dx = dx.as_deref_mut().and_then(|dx| dx.get_mut(row..=row));
        let slots = slots.each_mut().map(|slot| within(slot, &(row * g.len()..(row + 1) * g.len())));
        in_tiles(g.len(), &mut Descend { simd, x, g, w, slots, dx, update: &update });
    }
}

struct Descend<'a, V, S, U, const SLOTS: usize> {
    simd: V,
    x: &'a [S],
    g: &'a [S],
    w: &'a mut [S],
    slots: [&'a mut [S]; SLOTS],
    dx: Option<&'a mut [S]>,
    update: U,
}

/// A step of a row of weights along `x · g`; without the optimizer's rows for it, none.
#[inline(always)]
fn step<S: Scalar, const C: usize, const SLOTS: usize>(
    w: &mut [S; C],
    slots: [Option<&mut [S; C]>; SLOTS],
    (x, g): (S, &[S; C]),
    update: &impl Update<S, SLOTS>,
) {
    if slots.iter().any(Option::is_none) {
        return;
    }
    let mut slots = slots.map(|slot| slot.map_or(<&mut [S]>::default(), |slot| slot));
    each!(C, |column| {
        let slots = slots.each_mut().map(|slot| slot.get_mut(column..=column).unwrap_or_default());
        update.update(from_mut(&mut w[column]), &[x * g[column]], slots);
    });
}

impl<V: Simd, S: Scalar, U: Update<S, SLOTS>, const SLOTS: usize> Columns for Descend<'_, V, S, U, SLOTS> {
    #[inline(always)]
    fn work<const C: usize>(&mut self, column: usize) {
        let width = self.g.len();
        let Some(g) = columns::<S, C>(self.g, width, column).next() else { return };
        let rows = self.x.iter().zip(columns_mut::<S, C>(self.w, width, column));
        let mut slots = self.slots.each_mut().map(|slot| columns_mut::<S, C>(slot, width, column));
        match &mut self.dx {
            Some(dx) => {
                for ((&x, w), dx) in rows.zip(dx.iter_mut()) {
                    *dx = add_products(self.simd, g, w, *dx);
                    step(w, slots.each_mut().map(Iterator::next), (x, g), &self.update);
                }
            }
            None => rows.for_each(|(&x, w)| step(w, slots.each_mut().map(Iterator::next), (x, g), &self.update)),
        }
    }
}
