//! One tile of a product: some rows and some vectors of columns of C, kept in registers from the first product to the
//! last.

use super::Origin;
use crate::kernels::vector::{Simd, Vector};
use crate::real::Real;
use crate::scalar::Scalar;

/// Some rows of B, and the columns of A that they meet.
pub(super) struct Block<'a, S> {
    pub(super) a: *const S,
    pub(super) strides: (usize, usize),
    pub(super) b: *const S,
    /// How many numbers can be read starting at `b`.
    pub(super) available: usize,
    pub(super) c: *mut S,
    /// The row strides of B and C.
    pub(super) pitches: (usize, usize),
    pub(super) inner: usize,
    pub(super) columns: usize,
    pub(super) start: Origin<'a, S>,
}

impl<S: Scalar> Block<'_, S> {
    /// A tile of `R` rows and `C` vectors of columns, the last of which may reach over the end; the sums of `U`
    /// successive products are kept apart, for tiles with too few numbers to hide the latency of a multiplication.
    /// `constant` says whether the number of columns is a constant where this is inlined.
    ///
    /// # Safety
    /// A and C have the rows, B and C the columns but for those over the end.
    #[inline(always)]
    pub(super) unsafe fn tile<V: Simd, const R: usize, const C: usize, const U: usize>(
        &self,
        simd: V,
        row: usize,
        column: usize,
        constant: bool,
    ) {
        let lanes = S::Vector::<V>::LANES;
        let width = (C - 1) * lanes;
        // How many lanes of the last vector there are.
        let last = lanes.min(self.columns - column - width);
        let count = |vector| if vector + 1 == C { last } else { lanes };
        let a = self.a.wrapping_add(row * self.strides.0);
        let b = self.b.wrapping_add(column);
        let c = self.c.wrapping_add(row * self.pitches.1 + column);

        let mut sums = [[[S::Vector::<V>::splat(simd, S::ZERO); C]; R]; U];
        // SAFETY: the caller's promise; masked loads and stores touch no column over the end.
        unsafe {
            match self.start {
                Origin::Row(start) if !start.is_empty() => {
                    for v in 0..C {
                        let start = start.as_ptr().add(column + v * lanes);
                        let start = S::Vector::<V>::load_masked(simd, start, count(v));
                        for sums in &mut sums[0] {
                            sums[v] = start;
                        }
                    }
                }
                Origin::Column(start) if !start.is_empty() => {
                    for (r, sums) in sums[0].iter_mut().enumerate() {
                        *sums = [S::Vector::<V>::splat(simd, *start.as_ptr().add(row + r)); C];
                    }
                }
                Origin::Zero | Origin::Row(_) | Origin::Column(_) => {}
                Origin::Sum => {
                    for (r, sums) in sums[0].iter_mut().enumerate() {
                        for (v, sum) in sums.iter_mut().enumerate() {
                            *sum = S::Vector::<V>::load_masked(simd, c.add(r * self.pitches.1 + v * lanes), count(v));
                        }
                    }
                }
            }

            // For these rows of B, a full load may overrun into the next row. The lanes past the end are not stored.
            let reach = column + width + lanes;
            let whole = if last == lanes {
                self.inner
            } else {
                (self.available + self.pitches.0).saturating_sub(reach) / self.pitches.0
            };
            let whole = whole.min(self.inner) / U * U;
            let mut k = 0;
            let mut next = b;
            // Rows of A in fours, so that the processor's addressing modes (base + 1, 2 or 4 times an index) reach all
            // with few registers.
            let mut bases = [a; 4];
            for (four, base) in bases.iter_mut().enumerate() {
                *base = a.wrapping_add(4 * four * self.strides.0);
            }
            while k < whole {
                for (u, sums) in sums.iter_mut().enumerate() {
                    let mut bs = [S::Vector::<V>::splat(simd, S::ZERO); C];
                    for (v, to) in bs.iter_mut().enumerate() {
                        *to = S::Vector::<V>::load(simd, next.add(u * self.pitches.0 + v * lanes));
                    }
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let a = *bases[r / 4].add(r % 4 * self.strides.0 + u * self.strides.1);
                        let a = S::Vector::<V>::splat(simd, a);
                        for (sum, &b) in sums.iter_mut().zip(&bs) {
                            *sum = b.mul_add(a, *sum);
                        }
                    }
                }
                for base in &mut bases {
                    *base = base.wrapping_add(U * self.strides.1);
                }
                next = next.wrapping_add(U * self.pitches.0);
                if R == 1 && U == 1 {
                    next = rolled(next);
                }
                k += U;
            }
            while k < self.inner {
                for (u, sums) in sums.iter_mut().enumerate() {
                    if k + u < self.inner {
                        let mut bs = [S::Vector::<V>::splat(simd, S::ZERO); C];
                        for (v, to) in bs.iter_mut().enumerate() {
                            let from = b.add((k + u) * self.pitches.0 + v * lanes);
                            *to = S::Vector::<V>::load_masked(simd, from, count(v));
                        }
                        for (r, sums) in sums.iter_mut().enumerate() {
                            let a = *a.add(r * self.strides.0 + (k + u) * self.strides.1);
                            let a = S::Vector::<V>::splat(simd, a);
                            for (sum, &b) in sums.iter_mut().zip(&bs) {
                                *sum = b.mul_add(a, *sum);
                            }
                        }
                    }
                }
                k += U;
            }

            let mut step = U / 2;
            while step > 0 {
                let (low, high) = sums.split_at_mut(step);
                for (low, high) in low.as_flattened_mut().iter_mut().zip(high.as_flattened()) {
                    for (low, &high) in low.iter_mut().zip(high) {
                        *low = *low + high;
                    }
                }
                step /= 2;
            }
            for (r, sums) in sums[0].iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    let to = c.add(r * self.pitches.1 + v * lanes);
                    if constant {
                        sum.store_first(to, count(v));
                    } else {
                        sum.store_masked(to, count(v));
                    }
                }
            }
        }
    }
}

/// Hides the pointer's value from the compiler, so that it doesn't unroll the loop.
///
/// One row of A streams all of B through the processor, whose prefetcher follows each load instruction by itself: four
/// times as many instructions take it 1.6 times as long.
#[allow(clippy::pointers_in_nomem_asm_block, reason = "nothing is read or written through the pointer")]
#[inline(always)]
fn rolled<S>(pointer: *const S) -> *const S {
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
