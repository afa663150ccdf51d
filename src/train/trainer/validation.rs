//! The validation set.

use super::Trainer;
use crate::data::Source;
use crate::layer::Layer;

/// The validation set of a [`Trainer`]: `()` for none, or the source given to [`Trainer::validate`].
#[diagnostic::on_unimplemented(
    message = "the validation set must have samples `{I}` and targets `{T}`, like the training set",
    label = "the training set has samples `{I}` and targets `{T}`",
    note = "both sets go into the same network and the same loss"
)]
pub trait Validation<I, T>: Copy {
    /// The validation set, if there is one.
    fn set(&self) -> Option<&(dyn Source<Input = I, Target = T> + '_)>;
}

impl<I, T> Validation<I, T> for () {
    fn set(&self) -> Option<&(dyn Source<Input = I, Target = T> + '_)> {
        None
    }
}

impl<S: Source> Validation<S::Input, S::Target> for &S {
    fn set(&self) -> Option<&(dyn Source<Input = S::Input, Target = S::Target> + '_)> {
        Some(*self)
    }
}

impl<'a, N: Layer, F, O, const SLOTS: usize, V> Trainer<'a, N, F, O, SLOTS, V> {
    /// Evaluate the network on `data`, a [`DataSet`](crate::DataSet) or another [`Source`], after each epoch.
    ///
    /// Its targets must have the type of the training set's targets.
    pub fn validate<S: Source<Input = N::Input>>(self, data: &'a S) -> Trainer<'a, N, F, O, SLOTS, &'a S> {
        let Self { network, loss, optimizer, validation: _, settings, saving, observers } = self;
        Trainer { network, loss, optimizer, validation: data, settings, saving, observers }
    }
}
