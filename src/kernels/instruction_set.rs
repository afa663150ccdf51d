//! The code shared by all instruction sets: the token, the vectors, and their [`Vector`](super::Vector) and arithmetic
//! traits.
//!
//! [`define_instruction_set`] is a list of instructions, by their names. It generates a token for the processor's
//! features, and a vector type for each list of instructions: everything that follows from the names of instructions
//! alone is written here, once.
//!
//! | macro | generates |
//! |---|---|
//! | `token` | the token, the proof that the instruction set is available, and functions compiled for it |
//! | `arithmetic` | a vector's `+ − · /` and sign |
//! | `real` | a vector as a number: [`Real`](crate::real::Real) |
//! | `vector` | a vector as lanes in memory: [`Vector`](super::Vector) |
//! | `kernels` | the kernels that are compiled for it, and not for each network |

/// An instruction set and its two kinds of vectors, by the names of their instructions.
macro_rules! define_instruction_set {
    (
        $(#[$document:meta])* $token:ident ($($feature:tt),*) found by $detected:ident as $features:literal,
        $registers:literal registers, functions of $functions:ident;
        $($vector:ident = [$scalar:ident; $lanes:literal] in $register:ident {
            $splat:ident $load:ident $store:ident $add:ident $sub:ident $mul:ident $div:ident $mul_add:ident
            $max:ident $sqrt:ident $xor:ident $and_not:ident
            where_positive $where_positive:tt: $if_positive:expr,
            $($rest:tt)*
        })*
    ) => {
        crate::kernels::instruction_set::token! {
            $(#[$document])* $token ($($feature),*) found by $detected as $features; $($scalar $vector)*
        }
        $(
            #[doc = concat!("Vectors of ", stringify!($lanes), " `", stringify!($scalar), "`.")]
            #[derive(Clone, Copy, Debug)]
            #[repr(transparent)]
            pub(super) struct $vector($register);

            crate::kernels::instruction_set::arithmetic! {
                $vector, $splat, $xor: Add add $add, Sub sub $sub, Mul mul $mul, Div div $div
            }
            crate::kernels::instruction_set::real! {
                $vector = [$scalar; $lanes] with functions of $functions:
                $splat $mul_add $max $sqrt $and_not, where_positive $where_positive: $if_positive
            }
            crate::kernels::instruction_set::vector! {
                $token as $features, $registers registers; $vector = [$scalar; $lanes]: $splat $load $store, $($rest)*
            }
        )*
    };
}

/// Functions inlined into code compiled for an instruction set. Not forced in debug builds, which reserve stack for
/// everything inlined.
macro_rules! inlined {
    ($($function:item)*) => {$(
        #[cfg_attr(debug_assertions, inline)]
        #[cfg_attr(not(debug_assertions), inline(always))]
        $function
    )*};
}

/// The token of an instruction set.
macro_rules! token {
    (
        $(#[$document:meta])* $token:ident ($($feature:tt),*) found by $detected:ident as $features:literal;
        f32 $f32:ident f64 $f64:ident
    ) => {
        $(#[$document])*
        #[derive(Clone, Copy, Debug)]
        pub(super) struct $token(());

        impl $token {
            /// Whether the compiler may assume it.
            pub(super) const KNOWN: bool = cfg!(all($(target_feature = $feature),*));

            /// The token, if this processor has the instruction set.
            #[cfg(feature = "std")]
            #[allow(dead_code, reason = "where every processor has it, only tests ask")]
            pub(super) fn detect() -> Option<Self> {
                ($($detected!($feature))&&*).then_some(Self(()))
            }

            crate::kernels::instruction_set::inlined! {
                /// The token.
                ///
                /// # Safety
                /// The processor has the instruction set.
                pub(super) const unsafe fn assume() -> Self {
                    Self(())
                }
            }
        }

        impl crate::kernels::vector::sealed::Sealed for $token {}
        impl crate::kernels::Simd for $token {
            type F32 = $f32;
            type F64 = $f64;

            const SET: crate::kernels::InstructionSet = crate::kernels::InstructionSet::$token;

            crate::kernels::instruction_set::inlined! {
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
        }
    };
}

/// The arithmetic operators.
macro_rules! arithmetic {
    ($vector:ident, $splat:ident, $xor:ident: $($trait:ident $method:ident $instruction:ident),*) => {
        $(impl core::ops::$trait for $vector {
            type Output = Self;

            crate::kernels::instruction_set::inlined! {
                fn $method(self, other: Self) -> Self {
                    // SAFETY: a vector is made from a token, the proof of its instruction set.
                    Self(unsafe { $instruction(self.0, other.0) })
                }
            }
        })*

        impl core::ops::Neg for $vector {
            type Output = Self;

            crate::kernels::instruction_set::inlined! {
                fn neg(self) -> Self {
                    // SAFETY: a vector is made from a token, the proof of its instruction set.
                    Self(unsafe { $xor(self.0, $splat(-0.0)) })
                }
            }
        }
    };
}

/// A vector as a number.
macro_rules! real {
    (
        $vector:ident = [$scalar:ident; $lanes:literal] with functions of $functions:ident:
        $splat:ident $mul_add:ident $max:ident $sqrt:ident $and_not:ident,
        where_positive($positive:ident, $yes:ident, $no:ident): $if_positive:expr
    ) => {
        impl crate::real::Real for $vector {
            crate::kernels::instruction_set::inlined! {
                fn constant(self, value: f64) -> Self {
                    // SAFETY: a vector is made from a token, the proof of its instruction set.
                    Self(unsafe { $splat(value as $scalar) })
                }

                fn mul_add(self, factor: Self, summand: Self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $mul_add(self.0, factor.0, summand.0) })
                }

                fn abs(self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $and_not($splat(-0.0), self.0) })
                }

                fn max(self, other: Self) -> Self {
                    // The instruction returns its second operand if one is NaN.
                    // SAFETY: as above.
                    Self(unsafe { $max(other.0, self.0) })
                }

                fn if_positive(self, yes: Self, no: Self) -> Self {
                    let ($positive, $yes, $no) = (self.0, yes.0, no.0);
                    // SAFETY: as above.
                    Self(unsafe { $if_positive })
                }

                fn sqrt(self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $sqrt(self.0) })
                }
            }

            crate::kernels::functions::vector_functions!($scalar, $lanes of $functions);
        }
    };
}

/// A vector as lanes in memory, with its kernels.
macro_rules! vector {
    (
        $token:ident as $features:literal, $registers:literal registers;
        $vector:ident = [$scalar:ident; $lanes:literal]: $splat:ident $load:ident $store:ident,
        load_first($from:ident, $count:ident): $load_first:expr,
        load_masked($from_masked:ident, $count_masked:ident): $load_masked:expr,
        store_first($value:ident, $to:ident, $stored:ident): $store_first:expr,
        store_masked($value_masked:ident, $to_masked:ident, $stored_masked:ident): $store_masked:expr,
        interleave($one:ident, $other:ident): $interleave:expr,
        separate($even:ident, $odd:ident): $separate:expr,
        where_equal($left:ident, $right:ident, $equal:ident, $unequal:ident): $where_equal:expr,
        $(sum_of_lanes($summed:ident): $sum:expr,)?
        $(columns($matrix:ident, $pitch:ident, $rows:ident): $columns:expr,)?
        $(store_every_second($second:ident, $place:ident, $places:ident, $is_sum:ident): $every_second:expr,)?
    ) => {
        impl crate::kernels::vector::Vector<$scalar, $token> for $vector {
            const LANES: usize = $lanes;
            const REGISTERS: usize = $registers;

            crate::kernels::instruction_set::inlined! {
                fn splat(_: $token, value: $scalar) -> Self {
                    // SAFETY: the token is the proof of the instruction set.
                    Self(unsafe { $splat(value) })
                }

                unsafe fn load(_: $token, from: *const $scalar) -> Self {
                    // SAFETY: the token, and the caller's promise.
                    Self(unsafe { $load(from) })
                }

                unsafe fn load_first(_: $token, $from: *const $scalar, $count: usize) -> Self {
                    // SAFETY: the token, and the caller's promise.
                    Self(unsafe { $load_first })
                }

                unsafe fn load_masked(_: $token, $from_masked: *const $scalar, $count_masked: usize) -> Self {
                    // SAFETY: the token, and the caller's promise.
                    Self(unsafe { $load_masked })
                }

                unsafe fn store(self, to: *mut $scalar) {
                    // SAFETY: a vector is made from a token; the caller's promise.
                    unsafe { $store(to, self.0) }
                }

                unsafe fn store_first(self, $to: *mut $scalar, $stored: usize) {
                    let $value = self.0;
                    // SAFETY: a vector is made from a token; the caller's promise.
                    unsafe { $store_first }
                }

                unsafe fn store_masked(self, $to_masked: *mut $scalar, $stored_masked: usize) {
                    let $value_masked = self.0;
                    // SAFETY: a vector is made from a token; the caller's promise.
                    unsafe { $store_masked }
                }

                fn interleave(self, other: Self) -> (Self, Self) {
                    let ($one, $other) = (self.0, other.0);
                    // SAFETY: a vector is made from a token.
                    let (low, high) = unsafe { $interleave };
                    (Self(low), Self(high))
                }

                fn separate(self, other: Self) -> (Self, Self) {
                    let ($even, $odd) = (self.0, other.0);
                    // SAFETY: a vector is made from a token.
                    let (even, odd) = unsafe { $separate };
                    (Self(even), Self(odd))
                }

                fn if_equal(self, other: Self, yes: Self, no: Self) -> Self {
                    let ($left, $right, $equal, $unequal) = (self.0, other.0, yes.0, no.0);
                    // SAFETY: a vector is made from a token.
                    Self(unsafe { $where_equal })
                }

                $(fn sum_of_lanes(self) -> Self {
                    let $summed = self.0;
                    // SAFETY: a vector is made from a token.
                    Self(unsafe { $sum })
                })?

                $(unsafe fn columns(
                    _: $token,
                    $matrix: *const $scalar,
                    $pitch: usize,
                    $rows: usize,
                ) -> Option<[Self; 4]> {
                    // SAFETY: the token, and the caller's promise.
                    Some(unsafe { $columns }.map(Self))
                })?

                $(unsafe fn store_every_second(self, $place: *mut $scalar, $places: usize, $is_sum: bool) -> bool {
                    let $second = self.0;
                    // SAFETY: the vector is the proof of the instruction set, and the caller's promise.
                    unsafe { $every_second };
                    true
                })?
            }

            crate::kernels::instruction_set::kernels! { $scalar with $token as $features }
        }
    };
}

/// Kernels that aren't generic, so compiled once, in this crate, for all networks.
macro_rules! kernels {
    (f32 with $token:ident as $features:literal) => {
        crate::kernels::instruction_set::kernels! {
            products of f32 with $token as $features,
            convolution: crate::kernels::convolution::Forward<'_, '_, f32>,
            convolution_gradients: crate::kernels::convolution::Backward<'_, '_, f32>
        }
    };
    // Convolutions in `f64` are rare: crates that have them compile them.
    (f64 with $token:ident as $features:literal) => {
        crate::kernels::instruction_set::kernels! { products of f64 with $token as $features }
    };
    (
        products of $scalar:ident with $token:ident as $features:literal $(, $name:ident: $operation:ty)*
    ) => {
        crate::kernels::instruction_set::kernels! {
            $token as $features:
            product: crate::kernels::product::Product<'_, $scalar>,
            scattered: crate::kernels::product::Scattered<'_, $scalar>,
            dot_products: crate::kernels::dot_products::DotProducts<'_, $scalar>,
            outer_products: crate::kernels::outer_products::Block<'_, $scalar>
            $(, $name: $operation)*
        }
    };
    ($token:ident as $features:literal: $($name:ident: $operation:ty),*) => {
        crate::kernels::instruction_set::inlined! {
            $(fn $name(simd: $token, operation: $operation) {
                #[inline(never)]
                #[target_feature(enable = $features)]
                fn compiled(simd: $token, operation: $operation) {
                    crate::kernels::Operation::run(operation, simd);
                }
                // SAFETY: the token is the proof that the processor has the instruction set.
                unsafe { compiled(simd, operation) }
            })*
        }
    };
}

pub(crate) use inlined;
pub(super) use {arithmetic, define_instruction_set, kernels, real, token, vector};
