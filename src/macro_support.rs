//! What generated code uses, and users do not. None of it is stable.
//!
//! Whatever the macros of `fnn-macros` write reaches the library through this module, `fnn::layers` and `fnn::quantized`, and
//! through nothing else.

pub(crate) mod const_checks;
mod methods;
pub mod outlined;

pub use fnn_macros::{declare, kinds};

#[cfg(feature = "std")]
pub use crate::Error;
pub use crate::layer::{Gradient, InvalidInput, Layer, OutputKind, Pass, Recorded, Row, largest};
pub use crate::layers::FreezeStatistics;
pub use crate::network::{FoldBatchNorm, Folded, Network, Summary};
pub use crate::optimizers::Optimizer;
pub use crate::pod::Pod;
#[cfg(feature = "alloc")]
pub use crate::quantized::Calibration;
pub use crate::quantized::{Aware, QuantizationAware, Quantize, Quantized};
pub use crate::random::Random;
pub use crate::scalar::Scalar;
pub use crate::shape::Sample;
pub use crate::simd::Simd;
pub use crate::train::TrainInPlace;
pub use crate::weights::parameters::MadeOf;
pub use crate::weights::{Field, Initializer, Layout, LoadOptions, Name, Parameters, Roles, Visitor, WeightsError};

/// The kernels, for their benchmarks.
pub mod kernels {
    pub use crate::kernels::{Start, input_gradient, matmul, weight_gradient};
}

pub use crate::__constructors as constructors;
pub use crate::__methods as methods;
pub use crate::__with_heap as with_heap;
pub use crate::layer_gradient::{Descend, Descent, Either, RoomFor, descend};
pub use crate::memory::{Larger, batch, workspace};
pub use crate::network::fold::{FoldIf, FoldWith, copy_weights};
pub use crate::network::{assert_forward_fits, forward};
#[cfg(feature = "alloc")]
pub use crate::quantized::conversion::{observe_layer, outputs, pass_through, quantize_layer};
pub use crate::quantized::layer::{forward_layer, forward_nothing};
pub use crate::shape::{first, first_mut, view, view_mut};
pub use crate::train::fine_tune::split;
pub use crate::weights::safetensors::include;
pub use crate::window::{part, places, same_padding};
#[cfg(feature = "alloc")]
pub use alloc::vec::Vec;
pub use const_checks::{
    check_axes, check_budget, check_concat, check_groups, check_input, check_not_negative, check_output,
    check_pool_padding, check_positive, check_probability, check_projection, check_rank, check_reshape, check_residual,
    check_same_padding, check_size, check_sum, check_window,
};

/// Weights that are made of `S`: `Parameters<Scalar = S>`, in words that say so.
///
/// The derive's `unsafe impl` rests on `MADE` alone, which it gives to [`Parameters::made_of`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold weights of type `{S}`",
    label = "expected weights",
    note = "weights are `{S}`, arrays of it and types that derive `Parameters`; a layer's other settings belong in \
            const parameters"
)]
pub trait Weights<S: Scalar>: Sized {
    const MADE: MadeOf<Self, S>;

    const LAYOUT: Layout;

    /// [`Parameters::roles`], and where the weights that come next begin.
    fn roles(start: usize, visitor: &mut impl Roles) -> usize;

    fn absorb(&mut self, gradient: &Self);
}

#[diagnostic::do_not_recommend]
impl<S: Scalar, P: Parameters<Scalar = S>> Weights<S> for P {
    const MADE: MadeOf<Self, S> = MadeOf::PROOF;

    const LAYOUT: Layout = P::LAYOUT;

    fn roles(start: usize, visitor: &mut impl Roles) -> usize {
        <P as Parameters>::roles(start, visitor);
        start + P::PARAMETERS
    }

    fn absorb(&mut self, gradient: &Self) {
        Parameters::absorb(self, gradient);
    }
}

/// A copy of weights, as every network is.
#[must_use]
pub fn copy<P: Parameters>(weights: &P) -> P {
    let mut copy = P::zeroed();
    copy_weights(weights, &mut copy);
    copy
}

/// A network as text: its name, and each array of its weights by its dotted name.
///
/// # Errors
/// Those of the formatter.
pub fn debug<P: Parameters>(weights: &P, name: &str, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
    write!(f, "{name} ")?;
    let mut arrays = f.debug_map();
    weights.for_each(&mut |name, _, values| {
        arrays.entry(&format_args!("{name}"), &values);
    });
    arrays.finish()
}

/// Every type is itself, and nothing where something is not `true`.
pub trait Itself<const TRUE: bool> {
    type Type;
}

impl<T> Itself<true> for T {
    type Type = T;
}

/// [`Layer`], in words that say so.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "expected a layer",
    note = "layers are networks, and types of your own that derive `Parameters` and implement `Layer`"
)]
pub trait IsLayer {}

#[diagnostic::do_not_recommend]
impl<L: Layer> IsLayer for L {}

/// That a type is one, with the arguments that it is given.
#[must_use]
pub const fn is_type<T>() -> bool {
    true
}

/// That a type is a layer.
#[must_use]
pub const fn is_layer<L: IsLayer>() -> bool {
    true
}

/// [`Quantize`] and [`QuantizationAware`], in words that say so.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be quantized to int8",
    label = "expected a quantizable layer",
    note = "add `#[quantizable]` to a network's declaration; implement `Quantize` and `QuantizationAware` for a layer of \
            your own"
)]
pub trait IsQuantizable {}

#[diagnostic::do_not_recommend]
impl<L: Quantize + QuantizationAware> IsQuantizable for L {}

/// That a type is a layer with a form in 8 bits.
#[must_use]
pub const fn is_quantizable<L: IsQuantizable>() -> bool {
    true
}

/// Whether a type has a folded form: `Folds::<T>::FOLDS`, an associated constant where it has one, and that of
/// [`Unfolded`] where it hasn't.
#[derive(Debug)]
pub struct Folds<T>(core::marker::PhantomData<T>);

impl<T: FoldBatchNorm> Folds<T> {
    pub const FOLDS: bool = true;
}

pub trait Unfolded {
    const FOLDS: bool = false;
}

impl<T> Unfolded for Folds<T> {}

/// A number as a const generic: its bits.
#[must_use]
pub const fn bits(value: f64) -> u64 {
    value.to_bits()
}

#[cfg(feature = "alloc")]
pub use alloc::boxed::Box;
#[cfg(feature = "std")]
pub use std::path::Path;
