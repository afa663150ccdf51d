//! AVX-512, and AVX2 with FMA.

use core::arch::x86_64::*;
use core::ops::{Add, Div, Mul, Neg, Sub};

use super::dot_products::DotProducts;
use super::functions::{self, Lanes, vector_functions};
use super::product::Product;
use super::vector::{Operation, Simd, Vector, sealed};
use crate::real::Real;

/// An instruction set and its two kinds of vectors, by the names of their instructions.
macro_rules! instruction_set {
    (
        $(#[$document:meta])* $token:ident ($($feature:tt),*) as $features:literal, $registers:literal registers;
        $($vector:ident = [$scalar:ident; $lanes:literal] in $register:ident {
            $splat:ident $load:ident $store:ident $add:ident $sub:ident $mul:ident $div:ident $mul_add:ident
            $max:ident $sqrt:ident $xor:ident $and_not:ident
            where_positive($positive:ident, $yes:ident, $no:ident): $where_positive:expr,
            load_first($from:ident, $count:ident): $load_first:expr,
            load_masked($from_masked:ident, $count_masked:ident): $load_masked:expr,
            store_first($value:ident, $to:ident, $stored:ident): $store_first:expr,
            store_masked($value_masked:ident, $to_masked:ident, $stored_masked:ident): $store_masked:expr,
            interleave($one:ident, $other:ident): $interleave:expr,
            separate($even:ident, $odd:ident): $separate:expr,
            where_equal($left:ident, $right:ident, $equal:ident, $unequal:ident): $where_equal:expr,
        })*
    ) => {
        $(#[$document])*
        #[derive(Clone, Copy, Debug)]
        pub(super) struct $token(());

        impl $token {
            /// Whether the compiler may assume it.
            pub(super) const KNOWN: bool = cfg!(all($(target_feature = $feature),*));

            /// The token, where this processor has the instruction set.
            #[cfg(feature = "std")]
            pub(super) fn detect() -> Option<Self> {
                ($(std::arch::is_x86_feature_detected!($feature))&&*).then_some(Self(()))
            }

            /// The token.
            ///
            /// # Safety
            /// The processor has the instruction set.
            #[cfg_attr(debug_assertions, inline)]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub(super) const unsafe fn assume() -> Self {
                Self(())
            }
        }

        impl sealed::Sealed for $token {}
        impl Simd for $token {
            type F32 = instruction_set!(@of f32 $($scalar $vector)*);
            type F64 = instruction_set!(@of f64 $($scalar $vector)*);

            #[cfg_attr(debug_assertions, inline)]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn run<O: Operation>(self, operation: O) -> O::Output {
                #[target_feature(enable = $features)]
                fn compiled<O: Operation>(simd: $token, operation: O) -> O::Output {
                    operation.run(simd)
                }
                if Self::KNOWN {
                    return operation.run(self);
                }
                // SAFETY: the token is the proof that the processor has the instruction set.
                unsafe { compiled(self, operation) }
            }

            #[cfg_attr(debug_assertions, inline)]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn call<O: Operation>(self, operation: O) -> O::Output {
                #[inline(never)]
                #[target_feature(enable = $features)]
                fn compiled<O: Operation>(simd: $token, operation: O) -> O::Output {
                    operation.run(simd)
                }
                // SAFETY: the token is the proof that the processor has the instruction set.
                unsafe { compiled(self, operation) }
            }
        }

        $(
            #[doc = concat!("Vectors of ", stringify!($lanes), " `", stringify!($scalar), "`.")]
            #[derive(Clone, Copy, Debug)]
            #[repr(transparent)]
            pub(super) struct $vector($register);

            instruction_set!(@operators $vector: Add add $add, Sub sub $sub, Mul mul $mul, Div div $div);

            impl Neg for $vector {
                type Output = Self;

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn neg(self) -> Self {
                    // SAFETY: a vector is made from a token, the proof of its instruction set.
                    Self(unsafe { $xor(self.0, $splat(-0.0)) })
                }
            }

            impl Real for $vector {
                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn constant(self, value: f64) -> Self {
                    // SAFETY: a vector is made from a token, the proof of its instruction set.
                    Self(unsafe { $splat(value as $scalar) })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn mul_add(self, factor: Self, summand: Self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $mul_add(self.0, factor.0, summand.0) })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn abs(self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $and_not($splat(-0.0), self.0) })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn max(self, other: Self) -> Self {
                    // The instruction returns its second operand where one is NaN.
                    // SAFETY: as above.
                    Self(unsafe { $max(other.0, self.0) })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn if_positive(self, yes: Self, no: Self) -> Self {
                    let ($positive, $yes, $no) = (self.0, yes.0, no.0);
                    // SAFETY: as above.
                    Self(unsafe { $where_positive })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn sqrt(self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $sqrt(self.0) })
                }

                vector_functions!($scalar, $lanes);
            }

            impl Vector<$scalar, $token> for $vector {
                const LANES: usize = $lanes;
                const REGISTERS: usize = $registers;

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn splat(_: $token, value: $scalar) -> Self {
                    // SAFETY: the token is the proof of the instruction set.
                    Self(unsafe { $splat(value) })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                unsafe fn load(_: $token, from: *const $scalar) -> Self {
                    // SAFETY: the token, and the caller's promise.
                    Self(unsafe { $load(from) })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                unsafe fn load_first(_: $token, $from: *const $scalar, $count: usize) -> Self {
                    // SAFETY: the token, and the caller's promise.
                    Self(unsafe { $load_first })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                unsafe fn load_masked(_: $token, $from_masked: *const $scalar, $count_masked: usize) -> Self {
                    // SAFETY: the token, and the caller's promise.
                    Self(unsafe { $load_masked })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                unsafe fn store(self, to: *mut $scalar) {
                    // SAFETY: a vector is made from a token; the caller's promise.
                    unsafe { $store(to, self.0) }
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                unsafe fn store_first(self, $to: *mut $scalar, $stored: usize) {
                    let $value = self.0;
                    // SAFETY: a vector is made from a token; the caller's promise.
                    unsafe { $store_first }
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                unsafe fn store_masked(self, $to_masked: *mut $scalar, $stored_masked: usize) {
                    let $value_masked = self.0;
                    // SAFETY: a vector is made from a token; the caller's promise.
                    unsafe { $store_masked }
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn interleave(self, other: Self) -> (Self, Self) {
                    let ($one, $other) = (self.0, other.0);
                    // SAFETY: a vector is made from a token.
                    let (low, high) = unsafe { $interleave };
                    (Self(low), Self(high))
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn separate(self, other: Self) -> (Self, Self) {
                    let ($even, $odd) = (self.0, other.0);
                    // SAFETY: a vector is made from a token.
                    let (even, odd) = unsafe { $separate };
                    (Self(even), Self(odd))
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn if_equal(self, other: Self, yes: Self, no: Self) -> Self {
                    let ($left, $right, $equal, $unequal) = (self.0, other.0, yes.0, no.0);
                    // SAFETY: a vector is made from a token.
                    Self(unsafe { $where_equal })
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn product(simd: $token, product: Product<'_, $scalar>) {
                    #[inline(never)]
                    #[target_feature(enable = $features)]
                    fn compiled(simd: $token, product: Product<'_, $scalar>) {
                        product.run(simd);
                    }
                    // SAFETY: the token is the proof that the processor has the instruction set.
                    unsafe { compiled(simd, product) }
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn dot_products(simd: $token, products: DotProducts<'_, $scalar>) {
                    #[inline(never)]
                    #[target_feature(enable = $features)]
                    fn compiled(simd: $token, products: DotProducts<'_, $scalar>) {
                        products.run(simd);
                    }
                    // SAFETY: the token is the proof that the processor has the instruction set.
                    unsafe { compiled(simd, products) }
                }
            }
        )*
    };
    (@of f32 f32 $vector:ident $($rest:tt)*) => { $vector };
    (@of f64 f32 $other:ident f64 $vector:ident) => { $vector };
    (@operators $vector:ident: $($trait:ident $method:ident $instruction:ident),*) => {$(
        impl $trait for $vector {
            type Output = Self;

            #[cfg_attr(debug_assertions, inline)]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn $method(self, other: Self) -> Self {
                // SAFETY: a vector is made from a token, the proof of its instruction set.
                Self(unsafe { $instruction(self.0, other.0) })
            }
        }
    )*};
}

instruction_set! {
    /// AVX-512, as every processor of the level x86-64-v4 has it.
    Avx512("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt", "f16c")
    as "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c", 32 registers;
    F32x16 = [f32; 16] in __m512 {
        _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps
        _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_fmadd_ps
        _mm512_max_ps _mm512_sqrt_ps _mm512_xor_ps _mm512_andnot_ps
        where_positive(x, yes, no): _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_setzero_ps()), no, yes),
        load_first(from, count): match count {
            1 => _mm512_zextps128_ps512(_mm_load_ss(from)),
            2 => _mm512_zextps128_ps512(_mm_castpd_ps(_mm_load_sd(from.cast()))),
            4 => _mm512_zextps128_ps512(_mm_loadu_ps(from)),
            8 => _mm512_zextps256_ps512(_mm256_loadu_ps(from)),
            _ => _mm512_maskz_loadu_ps(first_16(count), from),
        },
        load_masked(from, count): _mm512_maskz_loadu_ps(first_16(count), from),
        store_first(value, to, count): match count {
            1 => _mm_store_ss(to, _mm512_castps512_ps128(value)),
            2 => _mm_store_sd(to.cast(), _mm_castps_pd(_mm512_castps512_ps128(value))),
            4 => _mm_storeu_ps(to, _mm512_castps512_ps128(value)),
            8 => _mm256_storeu_ps(to, _mm512_castps512_ps256(value)),
            _ => _mm512_mask_storeu_ps(to, first_16(count), value),
        },
        store_masked(value, to, count): _mm512_mask_storeu_ps(to, first_16(count), value),
        interleave(a, b): {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            (_mm512_permutex2var_ps(a, low, b), _mm512_permutex2var_ps(a, high, b))
        },
        separate(a, b): {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            (_mm512_permutex2var_ps(a, even, b), _mm512_permutex2var_ps(a, odd, b))
        },
        where_equal(x, y, yes, no): _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(x, y), no, yes),
    }
    F64x8 = [f64; 8] in __m512d {
        _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd
        _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_fmadd_pd
        _mm512_max_pd _mm512_sqrt_pd _mm512_xor_pd _mm512_andnot_pd
        where_positive(x, yes, no): _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_GT_OQ>(x, _mm512_setzero_pd()), no, yes),
        load_first(from, count): match count {
            1 => _mm512_zextpd128_pd512(_mm_load_sd(from)),
            2 => _mm512_zextpd128_pd512(_mm_loadu_pd(from)),
            4 => _mm512_zextpd256_pd512(_mm256_loadu_pd(from)),
            _ => _mm512_maskz_loadu_pd(first_8(count), from),
        },
        load_masked(from, count): _mm512_maskz_loadu_pd(first_8(count), from),
        store_first(value, to, count): match count {
            1 => _mm_store_sd(to, _mm512_castpd512_pd128(value)),
            2 => _mm_storeu_pd(to, _mm512_castpd512_pd128(value)),
            4 => _mm256_storeu_pd(to, _mm512_castpd512_pd256(value)),
            _ => _mm512_mask_storeu_pd(to, first_8(count), value),
        },
        store_masked(value, to, count): _mm512_mask_storeu_pd(to, first_8(count), value),
        interleave(a, b): {
            let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
            let high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
            (_mm512_permutex2var_pd(a, low, b), _mm512_permutex2var_pd(a, high, b))
        },
        separate(a, b): {
            let even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
            let odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
            (_mm512_permutex2var_pd(a, even, b), _mm512_permutex2var_pd(a, odd, b))
        },
        where_equal(x, y, yes, no): _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_EQ_OQ>(x, y), no, yes),
    }
}

instruction_set! {
    /// AVX2 and FMA, as every processor of the level x86-64-v3 has them.
    Avx2("avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt", "f16c") as "avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c", 16 registers;
    F32x8 = [f32; 8] in __m256 {
        _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps
        _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_fmadd_ps
        _mm256_max_ps _mm256_sqrt_ps _mm256_xor_ps _mm256_andnot_ps
        where_positive(x, yes, no): _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_setzero_ps())),
        load_first(from, count): match count {
            1 => _mm256_zextps128_ps256(_mm_load_ss(from)),
            2 => _mm256_zextps128_ps256(_mm_castpd_ps(_mm_load_sd(from.cast()))),
            4 => _mm256_zextps128_ps256(_mm_loadu_ps(from)),
            _ => _mm256_maskload_ps(from, mask_8(count)),
        },
        load_masked(from, count): _mm256_maskload_ps(from, mask_8(count)),
        store_first(value, to, count): match count {
            1 => _mm_store_ss(to, _mm256_castps256_ps128(value)),
            2 => _mm_store_sd(to.cast(), _mm_castps_pd(_mm256_castps256_ps128(value))),
            4 => _mm_storeu_ps(to, _mm256_castps256_ps128(value)),
            8.. => _mm256_storeu_ps(to, value),
            _ => _mm256_maskstore_ps(to, mask_8(count), value),
        },
        store_masked(value, to, count): if count >= 8 {
            _mm256_storeu_ps(to, value);
        } else {
            _mm256_maskstore_ps(to, mask_8(count), value);
        },
        interleave(a, b): {
            let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            (_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high))
        },
        separate(a, b): {
            // Halves of a vector are shuffled each by itself, and then their quarters put in order.
            let ordered = |mixed| _mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(_mm256_castps_pd(mixed)));
            (ordered(_mm256_shuffle_ps::<0x88>(a, b)), ordered(_mm256_shuffle_ps::<0xdd>(a, b)))
        },
        where_equal(x, y, yes, no): _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_EQ_OQ>(x, y)),
    }
    F64x4 = [f64; 4] in __m256d {
        _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd
        _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_fmadd_pd
        _mm256_max_pd _mm256_sqrt_pd _mm256_xor_pd _mm256_andnot_pd
        where_positive(x, yes, no): _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_GT_OQ>(x, _mm256_setzero_pd())),
        load_first(from, count): match count {
            1 => _mm256_zextpd128_pd256(_mm_load_sd(from)),
            2 => _mm256_zextpd128_pd256(_mm_loadu_pd(from)),
            _ => _mm256_maskload_pd(from, mask_4(count)),
        },
        load_masked(from, count): _mm256_maskload_pd(from, mask_4(count)),
        store_first(value, to, count): match count {
            1 => _mm_store_sd(to, _mm256_castpd256_pd128(value)),
            2 => _mm_storeu_pd(to, _mm256_castpd256_pd128(value)),
            4.. => _mm256_storeu_pd(to, value),
            _ => _mm256_maskstore_pd(to, mask_4(count), value),
        },
        store_masked(value, to, count): if count >= 4 {
            _mm256_storeu_pd(to, value);
        } else {
            _mm256_maskstore_pd(to, mask_4(count), value);
        },
        interleave(a, b): {
            let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            (_mm256_permute2f128_pd::<0x20>(low, high), _mm256_permute2f128_pd::<0x31>(low, high))
        },
        separate(a, b): {
            let (even, odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            (_mm256_permute4x64_pd::<0xd8>(even), _mm256_permute4x64_pd::<0xd8>(odd))
        },
        where_equal(x, y, yes, no): _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_EQ_OQ>(x, y)),
    }
}

impl Lanes for F32x16 {
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn min(self, other: Self) -> Self {
        // SAFETY: a vector is made from a token, the proof of its instruction set.
        Self(unsafe { _mm512_min_ps(other.0, self.0) })
    }

    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn round(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
    }

    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn times_power_of_two(self, n: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_scalef_ps(self.0, n.0) })
    }
}

impl Lanes for F32x8 {
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn min(self, other: Self) -> Self {
        // SAFETY: a vector is made from a token, the proof of its instruction set.
        Self(unsafe { _mm256_min_ps(other.0, self.0) })
    }

    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn round(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
    }

    /// In two steps, since 2ⁿ itself may be no normal number; the first one rounds nothing.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn times_power_of_two(self, n: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            let n = _mm256_cvtps_epi32(n.0);
            let half = _mm256_srai_epi32::<1>(n);
            let rest = _mm256_sub_epi32(n, half);
            // 127 is the exponent of 1, which stands above 23 bits.
            let one = _mm256_set1_epi32(127);
            let half = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(half, one)));
            let rest = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(rest, one)));
            Self(_mm256_mul_ps(_mm256_mul_ps(self.0, half), rest))
        }
    }
}

/// The mask of the first `count` of 16 lanes.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn first_16(count: usize) -> __mmask16 {
    if count >= 16 { !0 } else { !(!0 << count) }
}

/// The mask of the first `count` of 8 lanes.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn first_8(count: usize) -> __mmask8 {
    if count >= 8 { !0 } else { !(!0 << count) }
}

/// The mask of the first `count` of 8 lanes.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn mask_8(count: usize) -> __m256i {
    const MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: called where there is AVX2; 8 masks can be read from each of the first 9 on.
    unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(8 - count.min(8)).cast()) }
}

/// The mask of the first `count` of 4 lanes.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn mask_4(count: usize) -> __m256i {
    const MASKS: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];
    // SAFETY: called where there is AVX2; 4 masks can be read from each of the first 5 on.
    unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(4 - count.min(4)).cast()) }
}
