//! The storage for networks during the check: the heap if there is one, or else the stack.

#[cfg(feature = "alloc")]
pub(super) type Place<T> = alloc::boxed::Box<T>;
#[cfg(not(feature = "alloc"))]
pub(super) type Place<T> = T;

use super::Memory;
use crate::layer::Layer;
use crate::pod::Pod;
use crate::weights::parameters::Parameters;

/// Weights of zero.
pub(super) fn weights<P: Parameters>() -> Place<P> {
    #[cfg(feature = "alloc")]
    return P::zeroed_box();
    #[cfg(not(feature = "alloc"))]
    return P::zeroed();
}

/// An array of zeros.
pub(super) fn numbers<A: Pod>() -> Place<A> {
    #[cfg(feature = "alloc")]
    return crate::pod::zeroed_box();
    #[cfg(not(feature = "alloc"))]
    return crate::pod::zeroed();
}

/// Buffers for backpropagation.
pub(super) fn memory<N: Layer>() -> Place<Memory<N>> {
    #[cfg(feature = "alloc")]
    return Memory::boxed();
    #[cfg(not(feature = "alloc"))]
    return Memory::new();
}
