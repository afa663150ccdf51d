//! Samples with channels: sequences and images.

use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::parameters::Parameters;

/// A sample whose outermost axis is the channels: `[S; C]`, `[[S; length]; C]`, `[[[S; columns]; rows]; C]`.
///
/// The trait is sealed. It is implemented for arrays of samples.
pub trait Channels: Sample<Element: Scalar> {
    /// One number per channel: `[S; C]`.
    type Each: Channels<Element = Self::Element> + Parameters<Scalar = Self::Element>;
    /// The number of channels, C.
    const CHANNELS: usize;
    /// The number of elements in a channel.
    const SPACE: usize = {
        assert!(Self::CHANNELS > 0, "a sample has at least one channel: its outermost axis must not have length 0");
        Self::LENGTH / Self::CHANNELS
    };
}

impl<A: Sample<Element: Scalar>, const C: usize> Channels for [A; C] {
    type Each = [A::Element; C];
    const CHANNELS: usize = C;
}

/// An image, `[[[S; columns]; rows]; channels]`, or a sequence, `[[S; length]; channels]`, which counts as an image of
/// one row.
///
/// The trait is sealed. It is implemented for those arrays.
pub trait Image: Channels {
    /// The rows of a channel; 1 for a sequence.
    const ROWS: usize;
    /// The columns of a channel; the length of a sequence.
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
