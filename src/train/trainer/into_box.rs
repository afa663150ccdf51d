//! Networks by value, or in a box.

use crate::layer::Layer;

/// A network to train or evaluate, by value or in a `Box`.
///
/// Implemented for every [`Layer`] and every box of a layer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a network",
    label = "expected a network, by value or in a `Box`",
    note = "declare a network with `network!`, and create it with `seeded(seed)` or `boxed(seed)`"
)]
pub trait IntoBox<N> {
    /// Move the network to the heap.
    fn into_box(self) -> Box<N>;

    /// Borrow the network.
    fn as_network(&self) -> &N;
}

impl<N: Layer> IntoBox<N> for N {
    fn into_box(self) -> Box<N> {
        Box::new(self)
    }

    fn as_network(&self) -> &N {
        self
    }
}

impl<N: Layer> IntoBox<N> for Box<N> {
    fn into_box(self) -> Box<N> {
        self
    }

    fn as_network(&self) -> &N {
        self
    }
}
