//! The layers that a declaration can name. One kind a file: formula, forward, backward.
//!
//! | kind | in | out | weights |
//! |---|---|---|---|
//! | [`Dense`] | `[I]` | `[O]` | `I·O + O` |
//! | [`Activation`] of a function of [`activation`] | any | the same | – |
//! | [`Softmax`] | `[N]` | `[N]` | – |
//! | [`Dropout`] | any | the same | – |
//! | [`Flatten`] | any | `[N]` | – |
//! | [`Residual`] | any | the same | those inside |

pub mod activation;
mod dense;
mod dropout;
mod flatten;
mod residual;
mod softmax;

pub use activation::Activation;
pub use dense::{Bias, Dense, NoBias};
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use residual::Residual;
pub use softmax::Softmax;
pub(crate) use softmax::softmax_in_place;
