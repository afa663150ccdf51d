//! `simd128` of WebAssembly.
//!
//! It has no fused multiply-add whose bits are the same everywhere (that of relaxed SIMD may round once or twice), so it computes
//! the bits of plain loops: functions are those of scalars, lane by lane; gradients of a convolution's weights have a form of their own
//! (`kernels/convolution/sums_in_parts`); and other kernels whose sums would have another order than in plain loops are plain loops, which
//! the compiler may vectorize: norms are.

#![allow(
    unused_unsafe,
    reason = "in a module of WebAssembly, no instruction can be missing: it wouldn't have been loaded"
)]

use core::arch::wasm32::*;

use super::instruction_set::define_instruction_set;

/// Whether a module has a feature, which is known when it is built.
macro_rules! is_part_of_the_build {
    ($feature:literal) => {
        cfg!(target_feature = $feature)
    };
}

define_instruction_set! {
    /// `simd128`, which a module of WebAssembly has or hasn't as a whole.
    Simd128("simd128") found by is_part_of_the_build as "simd128", 16 registers, functions of lanes;
    F32x4 = [f32; 4] in v128 {
        f32x4_splat load_4 store_4
        f32x4_add f32x4_sub f32x4_mul f32x4_div mul_add_4
        max_4 f32x4_sqrt v128_xor and_not
        where_positive(x, yes, no): v128_bitselect(yes, no, f32x4_gt(x, f32x4_splat(0.0))),
        load_first(from, count): load_first_4(from, count),
        load_masked(from, count): load_first_4(from, count),
        store_first(value, to, count): store_first_4(value, to, count),
        store_masked(value, to, count): store_first_4(value, to, count),
        interleave(a, b): (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b)),
        separate(a, b): (i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b)),
        where_equal(x, y, yes, no): v128_bitselect(yes, no, f32x4_eq(x, y)),
    }
    F64x2 = [f64; 2] in v128 {
        f64x2_splat load_2 store_2
        f64x2_add f64x2_sub f64x2_mul f64x2_div mul_add_2
        max_2 f64x2_sqrt v128_xor and_not
        where_positive(x, yes, no): v128_bitselect(yes, no, f64x2_gt(x, f64x2_splat(0.0))),
        load_first(from, count): load_first_2(from, count),
        load_masked(from, count): load_first_2(from, count),
        store_first(value, to, count): store_first_2(value, to, count),
        store_masked(value, to, count): store_first_2(value, to, count),
        interleave(a, b): (i64x2_shuffle::<0, 2>(a, b), i64x2_shuffle::<1, 3>(a, b)),
        separate(a, b): (i64x2_shuffle::<0, 2>(a, b), i64x2_shuffle::<1, 3>(a, b)),
        where_equal(x, y, yes, no): v128_bitselect(yes, no, f64x2_eq(x, y)),
    }
}

/// `b & !a`.
#[inline]
#[target_feature(enable = "simd128")]
fn and_not(a: v128, b: v128) -> v128 {
    v128_andnot(b, a)
}

/// Operations that are several instructions, or have reordered operands or pointers of another type.
macro_rules! instructions {
    ($scalar:ident: $load:ident $store:ident, $mul_add:ident $mul:ident $add:ident, $max:ident $pmax:ident) => {
        /// The numbers at `from`.
        ///
        /// # Safety
        /// A vector of numbers can be read there.
        #[inline]
        #[target_feature(enable = "simd128")]
        unsafe fn $load(from: *const $scalar) -> v128 {
            // SAFETY: the caller's promise; no alignment is needed.
            unsafe { v128_load(from.cast()) }
        }

        /// All lanes, to `to`.
        ///
        /// # Safety
        /// A vector of numbers can be written there.
        #[inline]
        #[target_feature(enable = "simd128")]
        unsafe fn $store(to: *mut $scalar, value: v128) {
            // SAFETY: the caller's promise; no alignment is needed.
            unsafe { v128_store(to.cast(), value) }
        }

        /// `a · b + c`, rounded twice.
        #[inline]
        #[target_feature(enable = "simd128")]
        fn $mul_add(a: v128, b: v128, c: v128) -> v128 {
            $add($mul(a, b), c)
        }

        /// The larger of two; `b` if one is NaN, or if they are equal.
        #[inline]
        #[target_feature(enable = "simd128")]
        fn $max(a: v128, b: v128) -> v128 {
            $pmax(b, a)
        }
    };
}

instructions!(f32: load_4 store_4, mul_add_4 f32x4_mul f32x4_add, max_4 f32x4_pmax);
instructions!(f64: load_2 store_2, mul_add_2 f64x2_mul f64x2_add, max_2 f64x2_pmax);

/// The first `count` of 4 numbers, followed by zeros.
///
/// # Safety
/// `count` numbers can be read there.
#[inline]
#[target_feature(enable = "simd128")]
unsafe fn load_first_4(from: *const f32, count: usize) -> v128 {
    // SAFETY: the caller's promise; no alignment is needed.
    unsafe {
        match count {
            0 => f32x4_splat(0.0),
            1 => v128_load32_zero(from.cast()),
            2 => v128_load64_zero(from.cast()),
            3 => v128_load32_lane::<2>(v128_load64_zero(from.cast()), from.add(2).cast()),
            _ => v128_load(from.cast()),
        }
    }
}

/// The first `count` of 2 numbers, followed by zeros.
///
/// # Safety
/// `count` numbers can be read there.
#[inline]
#[target_feature(enable = "simd128")]
unsafe fn load_first_2(from: *const f64, count: usize) -> v128 {
    // SAFETY: the caller's promise; no alignment is needed.
    unsafe {
        match count {
            0 => f64x2_splat(0.0),
            1 => v128_load64_zero(from.cast()),
            _ => v128_load(from.cast()),
        }
    }
}

/// The first `count` of 4 lanes, to `to`.
///
/// # Safety
/// `count` numbers can be written there.
#[inline]
#[target_feature(enable = "simd128")]
unsafe fn store_first_4(value: v128, to: *mut f32, count: usize) {
    // SAFETY: the caller's promise; no alignment is needed.
    unsafe {
        match count {
            0 => {}
            1 => v128_store32_lane::<0>(value, to.cast()),
            2 => v128_store64_lane::<0>(value, to.cast()),
            3 => {
                v128_store64_lane::<0>(value, to.cast());
                v128_store32_lane::<2>(value, to.add(2).cast());
            }
            _ => v128_store(to.cast(), value),
        }
    }
}

/// The first `count` of 2 lanes, to `to`.
///
/// # Safety
/// `count` numbers can be written there.
#[inline]
#[target_feature(enable = "simd128")]
unsafe fn store_first_2(value: v128, to: *mut f64, count: usize) {
    // SAFETY: the caller's promise; no alignment is needed.
    unsafe {
        match count {
            0 => {}
            1 => v128_store64_lane::<0>(value, to.cast()),
            _ => v128_store(to.cast(), value),
        }
    }
}
