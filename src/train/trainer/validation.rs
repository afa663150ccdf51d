//! The validation set.

use super::Trainer;
use crate::data::DataSet;
use crate::layer::Layer;

/// The validation set of a [`Trainer`]: `()` for none, or the data set given to [`Trainer::validate`].
#[diagnostic::on_unimplemented(
    message = "the validation set must have samples `{I}` and targets `{T}`, like the training set",
    label = "the training set has samples `{I}` and targets `{T}`",
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
    /// Evaluate the network on `data` after each epoch.
    ///
    /// Its targets must have the type of the training set's targets.
    pub fn validate<T>(self, data: &'a DataSet<N::Input, T>) -> Trainer<'a, N, F, O, SLOTS, &'a DataSet<N::Input, T>> {
        let Self { network, loss, optimizer, validation: _, settings, saving, callbacks } = self;
        Trainer { network, loss, optimizer, validation: data, settings, saving, callbacks }
    }
}
