//! One tile of a product: some rows and some vectors of columns of C, kept in registers from the first product to the
//! last.

use super::{CHAINS, Origin, has_few_registers};
use crate::kernels::request;
use crate::kernels::vector::{Simd, Vector, splat};
use crate::real::Real;
use crate::scalar::Scalar;

/// Some rows of B, and the columns of A that they meet.
pub(super) struct Block<'a, S> {
    pub(super) a: *const S,
    pub(super) strides: (usize, usize),
    /// The number of each row in A, unless they are in order.
    pub(super) rows: Option<&'a [usize]>,
    pub(super) b: *const S,
    /// How many numbers can be read starting at `b`.
    pub(super) available: usize,
    /// How far behind the numbers of B that they multiply tiles request others, [with few registers](super::has_few_registers); or 0.
    pub(super) ahead: usize,
    pub(super) c: *mut S,
    /// The row strides of B and C.
    pub(super) pitches: (usize, usize),
    pub(super) inner: usize,
    pub(super) columns: usize,
    pub(super) start: Origin<'a, S>,
    /// The chains of each sum: 1, 2 or [`CHAINS`].
    pub(super) chains: usize,
    /// The rows of B of a chain; the last one may have fewer.
    pub(super) length: usize,
    /// Whether the sums are added to the existing values.
    pub(super) is_added: bool,
    /// Whether the larger of 0 and a sum is stored.
    pub(super) is_rectified: bool,
}

/// The bytes of each row of A that are requested before they are multiplied, where rows lie anywhere.
const AHEAD: usize = 1024;

/// Where a tile is in C.
#[derive(Clone, Copy)]
pub(super) struct Tile<S> {
    /// Its first element, and the row stride.
    pub(super) c: *mut S,
    pub(super) pitch: usize,
    /// The first row and column.
    pub(super) row: usize,
    pub(super) column: usize,
    /// How many lanes of the last vector of columns there are.
    pub(super) last: usize,
}

/// The sums of a tile.
pub(super) type Sums<T, const R: usize, const C: usize> = [[T; C]; R];

impl<S: Scalar> Block<'_, S> {
    /// A tile of `R` rows and `C` vectors of columns, the last of which may reach over the end. `is_width_constant` says whether
    /// the number of columns is a constant where this is inlined.
    ///
    /// Chains are computed side by side if `U` is their number, which hides the latency of a multiplication in a tile of
    /// few sums; otherwise one after the other.
    ///
    /// # Safety
    /// A and C have the rows, B and C the columns but for those over the end.
    // In debug builds, everything inlined into one function has its own place on the stack.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) unsafe fn tile<V: Simd, const R: usize, const C: usize, const U: usize>(
        &self,
        simd: V,
        row: usize,
        column: usize,
        is_width_constant: bool,
    ) {
        // SAFETY: the caller's promise; nothing is copied.
        unsafe { self.tile_with::<V, R, C, U, false>(simd, row, column, is_width_constant, (core::ptr::null_mut(), 0)) }
    }

    /// [`tile`](Self::tile), which, if `COPIES`, has whole vectors and one chain, and copies its columns of B to a panel with rows so far
    /// apart, beside the products.
    ///
    /// # Safety
    /// As for `tile`; if it copies, the panel holds them.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) unsafe fn tile_with<V: Simd, const R: usize, const C: usize, const U: usize, const COPIES: bool>(
        &self,
        simd: V,
        row: usize,
        column: usize,
        is_width_constant: bool,
        panel: (*mut S, usize),
    ) {
        let lanes = S::Vector::<V>::LANES;
        let tile = Tile {
            c: self.c.wrapping_add(row * self.pitches.1 + column),
            pitch: self.pitches.1,
            row,
            column,
            last: lanes.min(self.columns - column - (C - 1) * lanes),
        };
        let zero = [[splat::<V, S>(simd, S::ZERO); C]; R];
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums = [zero; U];
            sums[0] = tile.origin(simd, self.start);
            self.multiply::<V, R, C, U, COPIES>(simd, tile, 0, &mut sums, panel);
            let mut total = sums[0];
            if U == CHAINS {
                total = add(add(sums[0], sums[1 % U]), add(sums[2 % U], sums[3 % U]));
            } else if self.chains > 1 {
                let mut third = zero;
                for number in 1..self.chains {
                    let mut sums = [zero];
                    self.multiply::<V, R, C, 1, false>(simd, tile, number, &mut sums, panel);
                    match number {
                        1 => total = add(total, sums[0]),
                        2 => third = sums[0],
                        _ => total = add(total, add(third, sums[0])),
                    }
                }
            }
            if self.is_added {
                total = add(tile.existing(simd), total);
            }
            if self.is_rectified {
                total = rectified(total);
            }
            tile.store::<V, R, C>(&total, is_width_constant);
        }
    }

    /// Adds to the sums of chain `first` and those after it.
    ///
    /// # Safety
    /// As for [`tile_with`](Self::tile_with).
    #[inline(always)]
    unsafe fn multiply<V: Simd, const R: usize, const C: usize, const U: usize, const COPIES: bool>(
        &self,
        simd: V,
        tile: Tile<S>,
        first: usize,
        sums: &mut [Sums<S::Vector<V>, R, C>; U],
        (mut panel, panel_pitch): (*mut S, usize),
    ) {
        let (lanes, (pitch, _)) = (S::Vector::<V>::LANES, self.pitches);
        // A chain is a range of rows of B, the last of which may be shorter or empty.
        let length = self.length;
        let from = (first * length).min(self.inner);
        let longest = length.min(self.inner - from);
        let shortest = longest.min(self.inner.saturating_sub(from + (U - 1) * length));
        // For these rows of B, a full load may overrun into the next row. The lanes past the end are not stored.
        let rows = if tile.last == lanes {
            self.inner
        } else {
            (self.available + pitch).saturating_sub(tile.column + C * lanes) / pitch
        };
        let whole = shortest.min(rows.saturating_sub(from + (U - 1) * length));

        // A pointer to each row of A, and one index for all of them; hidden, as the compiler would rather add the stride to
        // one of them again and again, one addition after the other.
        let mut a = [self.a; R];
        for (r, a) in a.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *a = unsafe { self.row_of_a(tile.row + r) }.wrapping_add(from * self.strides.1);
            if R > 4 {
                *a = hidden(*a);
            }
        }
        let b = self.b.wrapping_add(from * pitch + tile.column);
        let (mut next, mut at) = (b, 0);
        // Tiles of fewer rows have fewer registers, or are the last ones.
        let part =
            if R == 8 && U == 1 && self.rows.is_some() { request::CACHE_LINE / size_of::<S>() } else { usize::MAX };
        let mut left = whole;
        // SAFETY: the caller's promise; masked loads touch no column over the end.
        unsafe {
            while left > 0 {
                if R == 8 && U == 1 {
                    self.request_rows::<V, R, C>(tile, &a, whole - left);
                }
                let now = left.min(part);
                left -= now;
                for _ in 0..now {
                    for (u, sums) in sums.iter_mut().enumerate() {
                        let mut bs = [splat::<V, S>(simd, S::ZERO); C];
                        for (v, to) in bs.iter_mut().enumerate() {
                            *to = S::Vector::<V>::load(simd, next.add(u * length * pitch + v * lanes));
                        }
                        if const { has_few_registers::<V, S>() && R > 1 && R <= 4 && U == 1 } && self.ahead > 0 {
                            request::run_for_reading(next.wrapping_add(self.ahead), C * lanes);
                        }
                        if COPIES {
                            for (v, &b) in bs.iter().enumerate() {
                                b.store(panel.wrapping_add(v * lanes));
                            }
                            panel = panel.wrapping_add(panel_pitch);
                        }
                        for (sums, a) in sums.iter_mut().zip(a) {
                            let a = splat::<V, S>(simd, *a.add(at + u * length * self.strides.1));
                            for (sum, &b) in sums.iter_mut().zip(&bs) {
                                *sum = b.mul_add(a, *sum);
                            }
                        }
                    }
                    at += self.strides.1;
                    next = next.wrapping_add(pitch);
                    if R == 1 && U == 1 {
                        // Not unrolled: a row of A streams all of B through the processor, whose prefetcher follows each load
                        // instruction by itself. Four times as many instructions take it 1.6 times as long.
                        next = hidden(next);
                    }
                }
            }
            for k in whole..longest {
                for (u, sums) in sums.iter_mut().enumerate() {
                    let k = u * length + k;
                    if from + k < self.inner {
                        let mut bs = [splat::<V, S>(simd, S::ZERO); C];
                        for (v, to) in bs.iter_mut().enumerate() {
                            let from = b.add(k * pitch + v * lanes);
                            *to = S::Vector::<V>::load_masked(simd, from, tile.count(v, C, lanes));
                        }
                        for (sums, a) in sums.iter_mut().zip(a) {
                            let a = splat::<V, S>(simd, *a.add(k * self.strides.1));
                            for (sum, &b) in sums.iter_mut().zip(&bs) {
                                *sum = b.mul_add(a, *sum);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Asks for numbers of the tile's rows of A, if these lie anywhere in memory, some time before the column `column` of A is multiplied:
    /// by the first tile that reads them; and by the last one, for the first numbers of the next tile's.
    #[inline(always)]
    fn request_rows<V: Simd, const R: usize, const C: usize>(&self, tile: Tile<S>, a: &[*const S; R], column: usize) {
        let Some(rows) = self.rows else { return };
        let ahead = column + AHEAD / size_of::<S>();
        if ahead < self.inner {
            if tile.column == 0 {
                a.iter().for_each(|a| request::for_reading(a.wrapping_add(ahead * self.strides.1)));
            }
        } else if tile.column + C * S::Vector::<V>::LANES >= self.columns {
            for row in rows.iter().skip(tile.row + R).take(R) {
                let place = row * self.strides.0 + (ahead - self.inner) * self.strides.1;
                request::for_reading(self.a.wrapping_add(place));
            }
        }
    }

    /// Where a row of A begins.
    ///
    /// # Safety
    /// There is such a row.
    #[inline(always)]
    unsafe fn row_of_a(&self, row: usize) -> *const S {
        let row = match self.rows {
            // SAFETY: the caller's promise.
            Some(rows) => unsafe { *rows.get_unchecked(row) },
            None => row,
        };
        self.a.wrapping_add(row * self.strides.0)
    }
}

impl<S: Scalar> Tile<S> {
    /// How many lanes of vector `vector` of `of` there are.
    #[inline(always)]
    const fn count(&self, vector: usize, of: usize, lanes: usize) -> usize {
        if vector + 1 == of { self.last } else { lanes }
    }

    /// What the sums start from.
    ///
    /// # Safety
    /// C and the start have `R` rows and `C` vectors of columns, but for those over the end.
    #[inline(always)]
    pub(super) unsafe fn origin<V: Simd, const R: usize, const C: usize>(
        &self,
        simd: V,
        start: Origin<'_, S>,
    ) -> Sums<S::Vector<V>, R, C> {
        let lanes = S::Vector::<V>::LANES;
        let mut sums = [[splat::<V, S>(simd, S::ZERO); C]; R];
        // SAFETY: the caller's promise; masked loads touch no column over the end.
        unsafe {
            match start {
                Origin::Row(start) if !start.is_empty() => {
                    for v in 0..C {
                        let from = start.as_ptr().add(self.column + v * lanes);
                        let start = S::Vector::<V>::load_masked(simd, from, self.count(v, C, lanes));
                        for sums in &mut sums {
                            sums[v] = start;
                        }
                    }
                }
                Origin::Column(start) if !start.is_empty() => {
                    for (r, sums) in sums.iter_mut().enumerate() {
                        *sums = [splat(simd, *start.as_ptr().add(self.row + r)); C];
                    }
                }
                Origin::Zero | Origin::Row(_) | Origin::Column(_) => {}
                Origin::Sum => sums = self.existing(simd),
            }
        }
        sums
    }

    /// The existing values.
    ///
    /// # Safety
    /// As for [`origin`](Self::origin).
    #[inline(always)]
    unsafe fn existing<V: Simd, const R: usize, const C: usize>(&self, simd: V) -> Sums<S::Vector<V>, R, C> {
        let lanes = S::Vector::<V>::LANES;
        let mut sums = [[splat::<V, S>(simd, S::ZERO); C]; R];
        for (r, sums) in sums.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the caller's promise; masked loads touch no column over the end.
                unsafe {
                    let from = self.c.add(r * self.pitch + v * lanes);
                    *sum = S::Vector::<V>::load_masked(simd, from, self.count(v, C, lanes));
                }
            }
        }
        sums
    }

    /// Stores the sums.
    ///
    /// # Safety
    /// As for [`origin`](Self::origin).
    #[inline(always)]
    pub(super) unsafe fn store<V: Simd, const R: usize, const C: usize>(
        &self,
        sums: &Sums<S::Vector<V>, R, C>,
        is_width_constant: bool,
    ) {
        let lanes = S::Vector::<V>::LANES;
        for (r, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                // SAFETY: the caller's promise; no column over the end is touched.
                unsafe {
                    let (to, count) = (self.c.add(r * self.pitch + v * lanes), self.count(v, C, lanes));
                    if is_width_constant {
                        sum.store_first(to, count);
                    } else {
                        sum.store_masked(to, count);
                    }
                }
            }
        }
    }
}

/// Sums of sums.
#[inline(always)]
fn add<T: Real, const R: usize, const C: usize>(mut one: Sums<T, R, C>, other: Sums<T, R, C>) -> Sums<T, R, C> {
    for (one, other) in one.as_flattened_mut().iter_mut().zip(other.as_flattened()) {
        *one = *one + *other;
    }
    one
}

/// The larger of 0 and each sum.
#[inline(always)]
pub(super) fn rectified<T: Real, const R: usize, const C: usize>(mut sums: Sums<T, R, C>) -> Sums<T, R, C> {
    for sum in sums.as_flattened_mut() {
        *sum = sum.max(sum.constant(0.0));
    }
    sums
}

/// Hides the pointer's value from the compiler.
#[allow(clippy::pointers_in_nomem_asm_block, reason = "nothing is read or written through the pointer")]
#[inline(always)]
fn hidden<S>(pointer: *const S) -> *const S {
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    {
        let mut pointer = pointer;
        // SAFETY: the assembly is empty.
        unsafe { core::arch::asm!("/* {0} */", inout(reg) pointer, options(readonly, nostack, preserves_flags)) };
        return pointer;
    }
    #[allow(unreachable_code)]
    pointer
}
