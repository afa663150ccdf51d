//! What every instruction set has in common: its token, its vectors, and what they are as [`Vector`]s and as numbers.

/// An instruction set and its two kinds of vectors, by the names of their instructions.
macro_rules! define_instruction_set {
    (
        $(#[$document:meta])* $token:ident ($($feature:tt),*) found by $detected:ident as $features:literal, $registers:literal registers;
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
            #[allow(dead_code, reason = "where every processor has it, only tests ask")]
            pub(super) fn detect() -> Option<Self> {
                ($(std::arch::$detected!($feature))&&*).then_some(Self(()))
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

        impl crate::kernels::vector::sealed::Sealed for $token {}
        impl crate::kernels::Simd for $token {
            type F32 = define_instruction_set!(@of f32 $($scalar $vector)*);
            type F64 = define_instruction_set!(@of f64 $($scalar $vector)*);

            #[cfg_attr(debug_assertions, inline)]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn run<O: crate::kernels::Operation>(self, operation: O) -> O::Output {
                #[target_feature(enable = $features)]
                fn compiled<O: crate::kernels::Operation>(simd: $token, operation: O) -> O::Output {
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
            fn call<O: crate::kernels::Operation>(self, operation: O) -> O::Output {
                #[inline(never)]
                #[target_feature(enable = $features)]
                fn compiled<O: crate::kernels::Operation>(simd: $token, operation: O) -> O::Output {
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

            define_instruction_set!(@operators $vector: Add add $add, Sub sub $sub, Mul mul $mul, Div div $div);

            impl core::ops::Neg for $vector {
                type Output = Self;

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn neg(self) -> Self {
                    // SAFETY: a vector is made from a token, the proof of its instruction set.
                    Self(unsafe { $xor(self.0, $splat(-0.0)) })
                }
            }

            impl crate::real::Real for $vector {
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

                crate::kernels::functions::vector_functions!($scalar, $lanes);
            }

            impl crate::kernels::Vector<$scalar, $token> for $vector {
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
                fn product(simd: $token, product: crate::kernels::product::Product<'_, $scalar>) {
                    #[inline(never)]
                    #[target_feature(enable = $features)]
                    fn compiled(simd: $token, product: crate::kernels::product::Product<'_, $scalar>) {
                        crate::kernels::Operation::run(product, simd);
                    }
                    // SAFETY: the token is the proof that the processor has the instruction set.
                    unsafe { compiled(simd, product) }
                }

                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
                fn dot_products(simd: $token, products: crate::kernels::dot_products::DotProducts<'_, $scalar>) {
                    #[inline(never)]
                    #[target_feature(enable = $features)]
                    fn compiled(simd: $token, products: crate::kernels::dot_products::DotProducts<'_, $scalar>) {
                        crate::kernels::Operation::run(products, simd);
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
        impl core::ops::$trait for $vector {
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
pub(super) use define_instruction_set;
