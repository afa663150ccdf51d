//! Batches of images that lie *channels last*, `[position][channel]`, between two layers.
//!
//! A sample's type says that its channels lie one after the other. With vectors over channels, all lanes are in use whatever the
//! plane, no position of a window has to be copied, and nothing is transposed. So, in inference with vectors, a batch between two
//! layers lies channels last if the one that writes it can write it like that, and the one that reads it can read it. The
//! inputs and the outputs of a network lie as their types say, and so does everything in training.

/// Which of a layer's two batches lie channels last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelsLast {
    /// The inputs.
    pub input: bool,
    /// The outputs.
    pub output: bool,
}

/// When a layer can read or write a batch that lies channels last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Never.
    Never,
    /// If its other batch lies channels last, too.
    Both,
    /// Always.
    Always,
}

/// What a layer supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats {
    /// Of its inputs.
    pub input: Support,
    /// Of its outputs.
    pub output: Support,
}

impl Formats {
    /// Channels first only.
    pub const FIRST: Self = Self { input: Support::Never, output: Support::Never };
    /// Inputs and outputs in the same format: a layer that computes each number, or each channel, by itself.
    pub const SAME: Self = Self { input: Support::Both, output: Support::Both };

    /// The same, for a layer that reads its input as another type.
    #[must_use]
    pub const fn behind_view(self) -> Self {
        Self { input: Support::Never, output: self.output }
    }

    /// Whether there is nothing but channels first.
    #[must_use]
    pub const fn are_first(self) -> bool {
        matches!((self.input, self.output), (Support::Never, Support::Never))
    }
}

impl ChannelsLast {
    /// Neither of them.
    pub const NONE: Self = Self { input: false, output: false };

    /// The formats of a chain of layers: a batch lies channels last between two that both support it.
    #[must_use]
    pub const fn between<const N: usize>(layers: [Formats; N], has_vectors: bool) -> [Self; N] {
        let mut formats = [Self::NONE; N];
        let mut next = 1;
        while has_vectors && next < N {
            let writes = !matches!(layers[next - 1].output, Support::Never);
            let reads = !matches!(layers[next].input, Support::Never);
            (formats[next - 1].output, formats[next].input) = (writes && reads, writes && reads);
            next += 1;
        }
        // A layer that needs both or none may lose one to the layer beside it, and take the other from the next.
        let mut is_changed = true;
        while is_changed {
            is_changed = false;
            let mut layer = 0;
            while layer < N {
                let Self { input, output } = formats[layer];
                if input && !output && matches!(layers[layer].input, Support::Both) {
                    (formats[layer].input, formats[layer - 1].output, is_changed) = (false, false, true);
                }
                if output && !input && matches!(layers[layer].output, Support::Both) {
                    (formats[layer].output, formats[layer + 1].input, is_changed) = (false, false, true);
                }
                layer += 1;
            }
        }
        formats
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelsLast, Formats, Support};

    const BEGINS: Formats = Formats { input: Support::Never, output: Support::Always };
    const ENDS: Formats = Formats { input: Support::Always, output: Support::Never };
    const GOES_ON: Formats = Formats { input: Support::Both, output: Support::Always };

    /// Where batches between these layers lie channels last.
    fn between<const N: usize>(layers: [Formats; N]) -> Vec<bool> {
        let formats = ChannelsLast::between(layers, true);
        assert!(!formats[0].input && !formats[N - 1].output, "a network's own batches lie as their types say");
        let pairs = formats.windows(2).map(|pair| (pair[0].output, pair[1].input));
        pairs.inspect(|(written, read)| assert_eq!(written, read)).map(|(written, _)| written).collect()
    }

    #[test]
    fn batches_lie_channels_last_between_layers_that_both_support_it() {
        let same = Formats::SAME;
        assert_eq!(between([BEGINS, same, same, ENDS]), [true; 3]);
        assert_eq!(between([BEGINS, same, same, Formats::FIRST]), [false; 3]);
        assert_eq!(between([same, same, ENDS]), [false; 2]);
        assert_eq!(between([BEGINS, same, ENDS.behind_view()]), [false; 2]);
        assert_eq!(between([Formats::FIRST, GOES_ON, same, GOES_ON, ENDS]), [false, true, true, true]);
        assert_eq!(between([BEGINS, GOES_ON, GOES_ON, Formats::FIRST]), [false; 3]);
        assert_eq!(between([Formats::FIRST, GOES_ON, ENDS, BEGINS, ENDS]), [false, true, false, true]);
        assert_eq!(ChannelsLast::between([BEGINS, ENDS], false), [ChannelsLast::NONE; 2]);
    }
}
