//! The data set that is not trained on.

use super::Trainer;
use crate::data::DataSet;
use crate::layer::Layer;

/// What a [`Trainer`] measures after each epoch besides the training set: nothing, `()`, or the data set that
/// [`Trainer::validate`] was given.
#[diagnostic::on_unimplemented(
    message = "the validation set is not one of samples `{I}` with targets `{T}`, as the training set is",
    label = "the training set has samples `{I}` with targets `{T}`",
    note = "both sets go into the same network and the same loss"
)]
pub trait Validation<I, T>: Copy {
    /// The data set, if there is one.
    fn set(&self) -> Option<&DataSet<I, T>>;
}

impl<I, T> Validation<I, T> for () {
    fn set(&self) -> Option<&DataSet<I, T>> {
        None
    }
}

impl<I, T> Validation<I, T> for &DataSet<I, T> {
    fn set(&self) -> Option<&DataSet<I, T>> {
        Some(self)
    }
}

impl<'a, N: Layer, F, O, const SLOTS: usize, V> Trainer<'a, N, F, O, SLOTS, V> {
    /// Measure loss and accuracy on `data` after each epoch.
    ///
    /// It has targets of the type that the training set has.
    pub fn validate<T>(self, data: &'a DataSet<N::Input, T>) -> Trainer<'a, N, F, O, SLOTS, &'a DataSet<N::Input, T>> {
        let Self { network, loss, optimizer, validation: _, settings, callbacks } = self;
        Trainer { network, loss, optimizer, validation: data, settings, callbacks }
    }
}
