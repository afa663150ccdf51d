//! Operations: a macro that defines them, and a function that keeps them apart.

use super::vector::{Operation, Simd, Vector};

/// Runs `operation` in a function that is compiled for the instruction set and never inlined.
#[inline(always)]
pub(crate) fn outlined<V: Simd, O: Operation>(simd: V, operation: O) -> O::Output {
    #[inline(never)]
    fn plain<V: Simd, O: Operation>(simd: V, operation: O) -> O::Output {
        operation.run(simd)
    }
    // Asked in a constant, so that only one of the two is compiled. It is the same wherever vectors and plain loops differ.
    if const { <V::F32 as Vector<f32, V>>::LANES == 1 } { plain(simd, operation) } else { simd.call(operation) }
}

/// Defines an [`Operation`](super::Operation): its captures, and its body, generic over the instruction set.
///
/// A closure can't be generic over the instruction set, so each operation is a struct with the captures as fields.
/// Type parameters come before the `;`, constants of type `usize` after it:
///
/// ```ignore
/// operation! {
///     struct Scale<'a, S: Scalar;> { factor: S, values: &'a mut [S] }
///     fn run(self, simd: V) { scale(simd, self.factor, self.values) }
/// }
/// ```
macro_rules! operation {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident<'a, $($type:ident $(: $bound:path)?),*; $($constant:ident),*>
        $(where [$($where:tt)*])?
        { $($field:ident: $field_type:ty),* $(,)? }
        $(const IS_TINY = $is_tiny:expr;)?
        fn run($self:ident, $simd:ident: $instructions:ident) $(-> $output:ty)? $body:block
    ) => {
        $(#[$attribute])*
        $visibility struct $name<'a, $($type $(: $bound)?,)* $(const $constant: usize),*>
        $(where $($where)*)?
        {
            $($visibility $field: $field_type,)*
        }

        impl<'a, $($type $(: $bound)?,)* $(const $constant: usize),*> $crate::kernels::Operation
            for $name<'a, $($type,)* $($constant),*>
        $(where $($where)*)?
        {
            type Output = $crate::kernels::operation!(@output $($output)?);

            $(const IS_TINY: bool = $is_tiny;)?

            #[inline(always)]
            fn run<$instructions: $crate::kernels::Simd>($self, $simd: $instructions) -> Self::Output $body
        }
    };
    (@output) => { () };
    (@output $output:ty) => { $output };
}
pub(crate) use operation;
