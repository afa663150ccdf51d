//! What the networks that a network becomes have to know of a layer.

/// How a layer computes: which layers share memory, start from which weights, and are folded into others.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// It has weights to draw, and its backward pass has no use for its outputs, so that an activation right after it
    /// may take their place. The library implements `Descend` for it.
    Linear,
    /// It has no weights to draw; of its outputs, its backward pass has no use either.
    Weightless,
    /// As `Weightless`; in inference, it is a factor and an offset for each channel, which a linear layer right before it
    /// can take over.
    Affine,
    /// An activation; `in_place` where its derivative follows from its output; `rectifier` where the layer before it
    /// starts from He's weights.
    Activation { in_place: bool, rectifier: bool },
    /// The same memory under another type.
    View,
    /// Anything else.
    Other,
}

/// What a layer is in a network in 8 bits.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Int8 {
    /// It cannot be quantized.
    Unsupported,
    /// Nothing: in inference it changes the shape, or nothing at all.
    Nothing,
    /// A layer of integers.
    Layer(Outputs),
    /// Saturation, which costs nothing right after a layer of exact sums; elsewhere, a layer of integers whose outputs
    /// are [`Outputs::Calibrated`].
    Saturation,
}

/// Which numbers the integers stand for that come out of a layer.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Outputs {
    /// What the layer itself makes of those that go in.
    OfInputs,
    /// Always the same ones.
    Fixed,
    /// Those that samples show.
    Calibrated,
    /// Those that samples show; before they are rounded, they are exact sums of 32 bits.
    Sums,
}

impl Int8 {
    /// Whether what comes out are exact sums, which saturate at no cost.
    pub(crate) fn is_sum(self) -> bool {
        self == Self::Layer(Outputs::Sums)
    }

    /// Whether samples decide which numbers come out.
    pub(crate) fn is_calibrated(self) -> bool {
        matches!(self, Self::Layer(Outputs::Sums | Outputs::Calibrated) | Self::Saturation)
    }

    /// Whether the same numbers come out of any network.
    pub(crate) fn is_fixed(self) -> bool {
        self == Self::Layer(Outputs::Fixed)
    }
}
