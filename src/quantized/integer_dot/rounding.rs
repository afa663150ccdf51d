//! How vectors of sums become integers. Each form is compiled twice: for the rounding that has instructions, and for all others, whose
//! formula is called for 16 sums at a time. With one form for all, sums would be stored for a call that [`Once`] never makes.

use super::super::products::Finish;
use super::super::requantization::{Once, Rounding};
use super::instructions::{Instructions, SUMS};
use crate::kernels::inlined;

/// A rounding of sums.
pub(super) trait Round: Copy {
    /// The integers for 16 sums.
    fn integers<V: Instructions>(self, simd: V, sums: V::Sums, mantissa: V::Sums, shift: V::Sums) -> V::Integers;
}

impl Round for Once {
    inlined! {
        fn integers<V: Instructions>(self, simd: V, sums: V::Sums, mantissa: V::Sums, shift: V::Sums) -> V::Integers {
            simd.once(sums, mantissa, shift, simd.sums(self.rounding))
        }
    }
}

impl Round for Rounding<'_> {
    inlined! {
        fn integers<V: Instructions>(self, simd: V, sums: V::Sums, mantissa: V::Sums, shift: V::Sums) -> V::Integers {
            let mut numbers = [[0i32; SUMS]; 3];
            for (to, from) in numbers.iter_mut().zip([sums, mantissa, shift]) {
                simd.store_sums(from, to);
            }
            simd.load_integers(&self.formula.requantize_all(&numbers))
        }
    }
}

/// Runs work with the rounding that has instructions, if sums are finished by it, or else with any.
macro_rules! run {
    ($simd:ident, $finish:ident => $work:expr) => {
        match $finish.rounded_once() {
            Some($finish) => $simd.run($work),
            None => $simd.run($work),
        }
    };
}
pub(super) use run;

impl<'a> Finish<'a, Rounding<'a>> {
    /// The same for [`Once`], if it is that.
    pub(super) fn rounded_once(&self) -> Option<Finish<'a, Once>> {
        let Self { bias, mantissa, shift, requantization } = *self;
        requantization.once.map(|requantization| Finish { bias, mantissa, shift, requantization })
    }
}
