//! Samples with channels: sequences and images.

use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::parameters::Parameters;

/// A sample whose outermost axis is that of its channels: `[S; C]`, `[[S; length]; C]`, `[[[S; columns]; rows]; C]`.
///
/// The trait is sealed: arrays of samples implement it.
pub trait Channels: Sample<Element: Scalar> {
    /// A number for each channel: `[S; C]`.
    type Each: Channels<Element = Self::Element> + Parameters<Scalar = Self::Element>;
    /// How many channels there are: C.
    const CHANNELS: usize;
    /// How many numbers a channel has.
    const SPACE: usize = Self::LENGTH / Self::CHANNELS;
}

impl<A: Sample<Element: Scalar>, const C: usize> Channels for [A; C] {
    type Each = [A::Element; C];
    const CHANNELS: usize = C;
}

/// Channels of rows of columns, `[[[S; columns]; rows]; channels]`, or a sequence, `[[S; length]; channels]`, which is
/// an image of one row.
///
/// The trait is sealed: those arrays implement it.
pub trait Image: Channels {
    /// Rows of a channel; 1 of a sequence.
    const ROWS: usize;
    /// Columns of a channel; the length of a sequence.
    const COLUMNS: usize;
}

impl<S: Scalar, const COLUMNS: usize, const ROWS: usize, const C: usize> Image for [[[S; COLUMNS]; ROWS]; C] {
    const ROWS: usize = ROWS;
    const COLUMNS: usize = COLUMNS;
}

impl<S: Scalar, const LENGTH: usize, const C: usize> Image for [[S; LENGTH]; C] {
    const ROWS: usize = 1;
    const COLUMNS: usize = LENGTH;
}
