//! The operators of the intermediate form.

use crate::tensor::Tensor;

/// What a node computes, on samples with the channels outermost.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// `[I]` to `[O]`.
    Dense {
        /// `[O, I]`
        weight: Tensor,
        /// `[O]`
        bias: Option<Tensor>,
    },
    /// `[C, …]` to `[O, …]`, along one or two axes.
    Conv {
        /// `[O, C / groups, …]`; of a depthwise convolution `[C · multiplier, 1, …]`.
        weight: Tensor,
        /// `[O]`
        bias: Option<Tensor>,
        /// One for each axis.
        windows: Vec<Window>,
        /// In how many parts the channels are filtered separately.
        groups: usize,
    },
    /// The largest number of each window; padding never is.
    MaxPool {
        /// One for each axis.
        windows: Vec<Window>,
    },
    /// The mean of each window.
    AveragePool {
        /// One for each axis.
        windows: Vec<Window>,
        /// Whether padding counts as zeros.
        count_padding: bool,
    },
    /// The mean of each channel: `[C, …]` to `[C]`.
    GlobalAveragePool,
    /// The largest number of each channel: `[C, …]` to `[C]`.
    GlobalMaxPool,
    /// Batch normalization with running statistics, `[C]` each.
    BatchNorm {
        /// The scale.
        weight: Tensor,
        /// The shift.
        bias: Tensor,
        /// The running mean.
        mean: Tensor,
        /// The running variance.
        variance: Tensor,
        /// Added to the variance.
        epsilon: f64,
    },
    /// A product with `weight` and a sum with `bias`, which are broadcast: both have the same shape, as many axes as
    /// the input, and sizes of 1 where they are the same for the whole axis.
    Scale {
        /// The factors.
        weight: Tensor,
        /// The terms.
        bias: Tensor,
    },
    /// Normalizes over the last axes.
    LayerNorm {
        /// The shape of the last axes.
        weight: Tensor,
        /// The shape of the last axes.
        bias: Tensor,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Divides by the root of the mean square over the last axes.
    RmsNorm {
        /// The shape of the last axes.
        weight: Tensor,
        /// Added to the mean square.
        epsilon: f64,
    },
    /// Normalizes over groups of channels.
    GroupNorm {
        /// The number of groups.
        groups: usize,
        /// `[C]`
        weight: Tensor,
        /// `[C]`
        bias: Tensor,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Divides by a power of the mean square of channels around each.
    LocalResponseNorm {
        /// How many channels.
        size: usize,
        /// The factor of the mean square.
        alpha: f64,
        /// The power.
        beta: f64,
        /// Added to the mean square.
        k: f64,
    },
    /// A function of each number.
    Activation(Activation),
    /// `x` above 0, `slope · x` below.
    PRelu {
        /// `[1]`, or `[C]`.
        slopes: Tensor,
    },
    /// Softmax over the last `axes` axes.
    Softmax {
        /// How many axes.
        axes: usize,
    },
    /// Logarithms of the softmax over the last `axes` axes.
    LogSoftmax {
        /// How many axes.
        axes: usize,
    },
    /// The sum of two and more values of the same shape.
    Sum,
    /// The product of two values: the second one has the shape of the first, or is one number for each of its channels.
    Product,
    /// Two and more values, one after the other along the channels.
    Concat,
    /// The channels from `start` to `end`.
    Slice {
        /// The first one.
        start: usize,
        /// The first one that isn't taken.
        end: usize,
    },
    /// The same numbers in another shape.
    Reshape {
        /// The shape.
        shape: Vec<usize>,
    },
    /// Axes in another order: axis `i` of the output is axis `axes[i]` of the input.
    Transpose {
        /// The order.
        axes: Vec<usize>,
    },
    /// Each number repeated along the axes behind the channels.
    Upsample {
        /// One for each axis.
        factors: Vec<usize>,
    },
    /// Linear interpolation along the axes behind the channels.
    Resize {
        /// Of the output, one for each axis.
        sizes: Vec<usize>,
        /// Whether the first and the last element stay.
        align_corners: bool,
    },
    /// Zeros before and after the axes behind the channels.
    ZeroPad {
        /// One pair for each axis.
        padding: Vec<(usize, usize)>,
    },
    /// Rows by tokens: `[N]` to `[N, width]`.
    Embedding {
        /// `[vocabulary, width]`
        weight: Tensor,
    },
}

/// A window that slides along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its size.
    pub kernel: usize,
    /// The distance of its positions.
    pub stride: usize,
    /// The distance of its elements.
    pub dilation: usize,
    /// Before the first element, and after the last one.
    pub padding: (usize, usize),
}

impl Operator {
    /// Whether each number of the output is one of the input, or 0.
    pub(crate) fn only_moves(&self) -> bool {
        matches!(
            self,
            Self::MaxPool { .. }
                | Self::GlobalMaxPool
                | Self::Reshape { .. }
                | Self::Transpose { .. }
                | Self::Upsample { .. }
                | Self::ZeroPad { .. }
                | Self::Slice { .. }
        )
    }
}

/// A function of each number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `tanh x`
    Tanh,
    /// `x · sigmoid(x)`
    Silu,
    /// `min(max(x / 6 + 1/2, 0), 1)`
    HardSigmoid,
    /// `x · hard_sigmoid(x)`
    HardSwish,
    /// `x · tanh(softplus(x))`
    Mish,
    /// Self-normalizing: with its usual constants.
    Selu,
    /// `x / (1 + |x|)`
    Softsign,
    /// `x` above 0, `slope · x` below.
    LeakyRelu(f64),
    /// `x` above 0, `alpha · (eˣ − 1)` below.
    Elu(f64),
    /// `log(1 + e^(beta · x)) / beta`
    Softplus(f64),
    /// By the error function.
    Gelu,
    /// The approximation by tanh.
    GeluTanh,
    /// Between a lowest and a highest number; each may be infinite.
    Clip(f64, f64),
    /// `x` above the first number, otherwise the second one.
    Threshold(f64, f64),
    /// `x` beyond ±lambda, otherwise 0.
    HardShrink(f64),
    /// Nearer to 0 by lambda, at most 0.
    SoftShrink(f64),
}
