//! The properties of a layer that decide how it is staged, folded and quantized, and how it computes on a stream.

/// How a layer computes: this decides which layers share memory, their default initializers, and what is folded.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// Has weights to initialize, and a backward pass that doesn't need its outputs, so that an activation right after
    /// it can overwrite them. The library implements `Descend` for it. `activated` if it computes such an activation itself,
    /// as one layer with it.
    Linear { activated: bool },
    /// Has no weights to initialize; its backward pass doesn't need its outputs either.
    Weightless,
    /// Like `Weightless`; in inference, it is a factor and an offset per channel, which can be folded into a linear
    /// layer right before it. Without memory for the gradients of its inputs, these overwrite those of its outputs.
    Affine,
    /// Adds the outputs of branches. Its backward pass doesn't need its outputs, and it computes an activation right after it, as one
    /// layer with it.
    Sum,
    /// An activation; `in_place` if its derivative follows from its output; `rectifier` if He's initialization is the
    /// default for the layer before it.
    Activation { in_place: bool, rectifier: bool },
    /// Each output is one of the inputs, the largest of some: the derivative of an activation before it is computed at the outputs, of which
    /// there are fewer.
    Maximum,
    /// The same memory as another type.
    View,
    /// Anything else.
    Other,
}

/// How a layer is quantized.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Int8 {
    /// Cannot be quantized.
    Unsupported,
    /// Left out: in inference it changes only the shape, or nothing at all.
    Nothing,
    /// An integer layer.
    Layer(Outputs),
    /// Saturation, which costs nothing right after a layer of exact sums; elsewhere, an integer layer whose outputs
    /// are [`Outputs::Calibrated`].
    Saturation,
}

/// How a layer's outputs are quantized.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Outputs {
    /// By the layer, from the quantization of its inputs.
    OfInputs,
    /// Always the same way.
    Fixed,
    /// By calibration.
    Calibrated,
    /// By calibration; before rounding, they are exact 32-bit sums.
    Sums,
}

impl Int8 {
    /// Whether the outputs are exact sums, which saturate at no cost.
    pub(crate) fn is_sum(self) -> bool {
        self == Self::Layer(Outputs::Sums)
    }

    /// Whether the outputs are calibrated on samples.
    pub(crate) fn is_calibrated(self) -> bool {
        matches!(self, Self::Layer(Outputs::Sums | Outputs::Calibrated) | Self::Saturation)
    }

    /// Whether the quantization is the same in every network.
    pub(crate) fn is_fixed(self) -> bool {
        self == Self::Layer(Outputs::Fixed)
    }
}

/// How a layer of `[channels, length]` computes on a stream of frames, each of which is one position.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Stream {
    /// Each frame by itself.
    Frames,
    /// From the last frames: as many as the window spans whose size is the argument `size`. `padded` if it may be padded
    /// before the first frame.
    Window { size: &'static str, padded: bool },
    /// From all positions of the network's window at once; the layers after it see no frames.
    Positions,
    /// As a network by itself: a block, or a network that is a layer of another one.
    Inner,
    /// Not at all: why.
    Never(&'static str),
}

/// Why a layer can't compute on a stream: a new frame changes all earlier outputs.
pub(super) const MIXES_TIME: &str = "mixes all of time";
/// It has outputs for which there is no frame.
pub(super) const MORE_FRAMES: &str = "gives more frames than it takes";
/// It takes another shape.
pub(super) const IMAGES: &str = "takes images instead of frames";
