//! Convolutions of images and of sequences.

use core::marker::PhantomData;

use super::windowed::Windowed;
use super::{Bias, Windows};
use crate::channels_last::{ChannelsLast, Formats};
use crate::descent::Descend;
use crate::graph::{Attribute, Node};
use crate::image::{Channels, Image};
#[cfg(feature = "simd")]
use crate::kernels::{CACHE_LINE, SCRATCH};
use crate::kernels::{Convolution, Gradients, Plane, Scratch, Simd};
use crate::layer::{Gradient, Layer, Onto, Pass, Recorded};
#[cfg(feature = "simd")]
use crate::pod::Pod;
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Roles, weight_and_vector};
use crate::window::Sliding;

/// A convolution: each of F filters slides over the image and computes one output channel.
///
/// `I` is the input, an image `[[[S; columns]; rows]; C]` or a sequence `[[S; length]; C]`; `O` is the output,
/// with F channels; `W` are the filters, `[[[[S; kernel columns]; kernel rows]; C / groups]; F]`; `K` says how they
/// slide, `(rows, columns)`, each a [`Window`](super::Window). With groups, the channels and the filters are split into
/// that many parts, and a filter sees only the channels of its own part; with one group per channel, the convolution is
/// *depthwise*. Sizes that don't fit are a compile error.
///
/// `y[f, p] = b[f] + Σ w[f, c, t] · x[c, s·p + d·t − a]`, summed over the filter's channels c and over the positions t
/// in it, where p are the output positions, s is the stride, d the dilation and a the padding before the image; x is 0
/// outside the image. (Strictly, a cross-correlation.) On each axis, the output has
/// `⌊(size + a + b − d·(kernel − 1) − 1) / s⌋ + 1` elements, where b is the padding after the image. Padding is written
/// - `padding = 1`: at all ends; `padding = (rows, columns)`: at both ends of an axis;
/// - `padding = ((above, below), (left, right))`, for sequences `padding = (before, after)`: for each end;
/// - `padding = same`: as little as gives `⌈size / s⌉` elements; of an odd number, the extra zero is added after the
///   last element. As in TensorFlow, and ONNX's `SAME_UPPER`; at a stride of 1, as in PyTorch;
/// - `padding = causal`, for sequences: `d·(kernel − 1)` before the first element, so that no output sees later inputs.
///
/// Backward, with `g` the loss's gradient with respect to `y`: `dw[f, c, t] = Σ g[f, p] · x[c, s·p + d·t − a]`, `db[f]
/// = Σ g[f, p]`, both summed over the batch, and `dx[c, q] = Σ w[f, c, t] · g[f, p]` over all that read it, where `q =
/// s·p + d·t − a`.
///
/// Declared as `Conv2d(F, kernel = 3)` or `Conv2d(F, kernel = (rows, columns), stride = 1, padding = 0, dilation = 1,
/// groups = 1, bias = true)`, as `DepthwiseConv2d(kernel = 3, multiplier = 1)`, which has `multiplier` filters per
/// channel, and, for sequences, as `Conv1d(F, kernel = 3)` and `DepthwiseConv1d(kernel = 3)`. `F·(C / groups)·kernel + F` weights, where the kernel is
/// rows times columns; multiply-accumulates: the elements of `O` times the weights of one filter.
///
/// With the feature `simd`, the workspace holds 32,784 numbers (16 of them for alignment), whatever the layer's size; without it, it is empty. They
/// count towards [`WORKSPACE`](crate::Network::WORKSPACE), not towards
/// [`RAM_INFERENCE`](crate::Network::RAM_INFERENCE).
///
/// LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998; depthwise:
/// Sifre, "Rigid-motion scattering for image classification", 2014.
///
/// ```
/// use fnn::{Network, layers::{Conv, Window}};
///
/// // One filter for one channel: the difference between an element and the one to its left.
/// type Differences = Conv<[[f32; 4]; 1], [[f32; 3]; 1], [[[f32; 2]; 1]; 1], Window<2>>;
/// let conv = Differences::new([[[-1.0, 1.0]]], [0.0]);
/// assert_eq!(conv.forward(&[[1.0, 4.0, 9.0, 16.0]]), [[3.0, 5.0, 7.0]]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Conv<I, O: Channels, W, K, B = <O as Channels>::Each> {
    /// `weight[f][c][row][column]`, or `weight[f][c][position]` of a sequence, is the weight of filter f for channel c
    /// of its group.
    pub weight: W,
    /// The bias of each output channel.
    pub bias: B,
    shape: PhantomData<(I, O, K)>,
}

impl<I, O: Channels, W, K, B> Conv<I, O, W, K, B> {
    /// A convolution with these weights.
    #[must_use]
    pub const fn new(weight: W, bias: B) -> Self {
        Self { weight, bias, shape: PhantomData }
    }
}

// SAFETY: `repr(C)`, and both fields that are not zero-sized are arrays of scalars.
unsafe impl<S, I, O, W, K, B> Parameters for Conv<I, O, W, K, B>
where
    S: Scalar,
    I: Image<Element = S>,
    O: Image<Element = S>,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    K: Windows,
    B: Bias<O::Each>,
{
    type Scalar = S;

    const LAYOUT: Layout = Layout::Fields(const { &[Field::new("weight", W::LAYOUT), Field::new("bias", B::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        weight_and_vector::<W, B>(start, visitor);
    }
}

impl<S, I, O, W, K, B> Conv<I, O, W, K, B>
where
    S: Scalar,
    I: Image<Element = S>,
    O: Image<Element = S>,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    K: Windows,
{
    /// Channels that a filter sees.
    const SEEN: usize = W::SHAPE.size(1);
    pub(crate) const CONVOLUTION: Convolution = {
        let plane = Plane {
            rows: Sliding::new(I::ROWS, O::ROWS, K::ROWS),
            columns: Sliding::new(I::COLUMNS, O::COLUMNS, K::COLUMNS),
        };
        assert!(I::SHAPE.rank() == O::SHAPE.rank(), "the input and the output are both images or both sequences");
        assert!(W::SHAPE.rank() == O::SHAPE.rank() + 1, "a filter has channels and positions");
        assert!(W::SHAPE.size(0) == O::CHANNELS, "each filter computes one channel");
        assert!(W::LENGTH == O::CHANNELS * Self::SEEN * plane.taps(), "filters are as large as the window");
        assert!(Self::SEEN > 0 && I::CHANNELS.is_multiple_of(Self::SEEN), "the groups divide the channels");
        let groups = I::CHANNELS / Self::SEEN;
        assert!(O::CHANNELS.is_multiple_of(groups), "the groups divide the filters");
        Convolution { plane, seen: Self::SEEN, filters: O::CHANNELS / groups }
    };
    const DEPTHWISE: bool = Self::SEEN == 1 && I::CHANNELS > 1;
}

impl<S, I, O, W, K, B> Conv<I, O, W, K, B>
where
    S: Scalar,
    I: Image<Element = S>,
    O: Image<Element = S>,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    K: Windows,
    B: Bias<O::Each>,
{
    /// The convolution of a batch, or the larger of 0 and that.
    #[inline(always)]
    pub(super) fn convolve<V: Simd>(
        &self,
        simd: V,
        inputs: &[I],
        (outputs, is_rectified): (&mut [O], bool),
        format: ChannelsLast,
        workspace: &mut Workspace<S>,
    ) {
        let convolution = const { Self::CONVOLUTION };
        let (weights, outputs) = ((self.weight.parameters(), self.bias.parameters()), O::flat_mut(outputs));
        convolution.forward(simd, weights, I::flat(inputs), (outputs, is_rectified), format, scratch(workspace));
    }

    /// The gradients of the weights, and of the inputs: these are overwritten, or added to the second, for which the first is spare.
    #[inline(always)]
    fn differentiate<V: Simd>(
        &self,
        simd: V,
        inputs: &[I],
        output_gradients: &[O],
        gradient: Gradient<'_, Self>,
        (by_inputs, sum): (Option<&mut [I]>, Option<&mut [I]>),
        workspace: &mut Workspace<S>,
    ) {
        let gradient = gradient.accumulator();
        let convolution = const { Self::CONVOLUTION };
        let gradients = Gradients {
            weight: gradient.weight.parameters_mut(),
            bias: gradient.bias.parameters_mut(),
            input: by_inputs.map(I::flat_mut),
            sum: sum.map(I::flat_mut),
        };
        let images = (I::flat(inputs), O::flat(output_gradients));
        convolution.backward(simd, self.weight.parameters(), images, gradients, scratch(workspace));
    }

    const ATTRIBUTES: [Attribute; 8] = [
        Attribute::sizes("kernel", Windowed::<I, K>::KERNEL),
        Attribute::sizes("stride", Windowed::<I, K>::STRIDE),
        Attribute::ends("padding", Windowed::<I, K>::BEFORE, Windowed::<I, K>::AFTER),
        Attribute::sizes("dilation", Windowed::<I, K>::DILATION),
        Attribute::count("filters", O::CHANNELS),
        Attribute::count("groups", I::CHANNELS / Self::SEEN),
        Attribute::count("multiplier", Self::CONVOLUTION.filters),
        Attribute::switch("bias", B::LAYOUT.length() > 0),
    ];
}

/// With vectors, a convolution is a product of inputs with zeros around them and of weights in another order.
#[cfg(feature = "simd")]
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Workspace<S> {
    /// For inputs, sums and weights, and what lies before the first line of the cache.
    numbers: [S; SCRATCH + LINE],
}

/// The most numbers in a line of the cache.
#[cfg(feature = "simd")]
const LINE: usize = CACHE_LINE / size_of::<f32>();

#[cfg(feature = "simd")]
// SAFETY: an array of numbers, without padding.
#[cfg(feature = "simd")]
unsafe impl<S: Scalar> Pod for Workspace<S> {
    const INITIALIZED: usize = size_of::<Self>();
    const VECTOR_SCRATCH: usize = size_of::<Self>();
}

/// Without vectors, it needs none.
#[cfg(not(feature = "simd"))]
type Workspace<S> = PhantomData<S>;

#[cfg(feature = "simd")]
#[inline(always)]
fn scratch<S: Scalar>(workspace: &mut Workspace<S>) -> Scratch<'_, S> {
    // From a line's beginning on: a vector across the end of a cache line is two accesses.
    let before = workspace.numbers.as_ptr().align_offset(CACHE_LINE).min(LINE);
    let numbers = workspace.numbers.get_mut(before..).unwrap_or_default();
    Scratch::new(numbers)
}

#[cfg(not(feature = "simd"))]
#[inline(always)]
fn scratch<S: Scalar>(_: &mut Workspace<S>) -> Scratch<'_, S> {
    Scratch::new(&mut [])
}

impl<S, I, O, W, K, B> Descend for Conv<I, O, W, K, B>
where
    S: Scalar,
    I: Image<Element = S>,
    O: Image<Element = S>,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    K: Windows,
    B: Bias<O::Each>,
{
}

impl<S, I, O, W, K, B> Layer for Conv<I, O, W, K, B>
where
    S: Scalar,
    I: Image<Element = S>,
    O: Image<Element = S>,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    K: Windows,
    B: Bias<O::Each>,
{
    type Input = I;
    type Output = O;
    type Tape<const N: usize> = ();
    type Workspace<const N: usize> = Workspace<S>;
    type TrainingWorkspace<const N: usize> = Self::Workspace<N>;

    const KIND: &'static str = match (I::SHAPE.rank(), Self::SEEN) {
        _ if Self::DEPTHWISE && I::SHAPE.rank() == 2 => "DepthwiseConv1d",
        _ if Self::DEPTHWISE => "DepthwiseConv2d",
        (2, _) => "Conv1d",
        _ => "Conv2d",
    };
    const MACS: u64 = O::LENGTH as u64 * Self::SEEN as u64 * K::ROWS.kernel as u64 * K::COLUMNS.kernel as u64;
    const READS_OUTPUTS: bool = false;
    const GRAPH: Node = Node::layer::<Self>(const { &Self::ATTRIBUTES });

    #[inline(always)]
    fn forward_batch<V: Simd, const N: usize>(
        &self,
        simd: V,
        inputs: &[I],
        outputs: &mut [O],
        workspace: &mut Workspace<S>,
    ) {
        self.convolve(simd, inputs, (outputs, false), ChannelsLast::NONE, workspace);
    }

    const FORMATS: Formats = Self::CONVOLUTION.formats(I::CHANNELS / Self::SEEN);

    #[inline(always)]
    fn forward_formatted<V: Simd, const N: usize>(
        &self,
        simd: V,
        inputs: &[I],
        outputs: &mut [O],
        format: ChannelsLast,
        workspace: &mut Workspace<S>,
    ) {
        self.convolve(simd, inputs, (outputs, false), format, workspace);
    }

    #[inline(always)]
    fn backward<V: Simd, const N: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, N>,
        output_gradients: &mut [O],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [I]>,
        workspace: &mut Workspace<S>,
    ) {
        self.differentiate(pass.simd, recorded.inputs, output_gradients, gradient, (input_gradients, None), workspace);
    }

    #[inline(always)]
    fn backward_onto<V: Simd, const N: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, N>,
        output_gradients: &mut [O],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<Onto<'_, I>>,
        workspace: &mut Workspace<S>,
    ) {
        let by_inputs = input_gradients.map(|Onto { sum, spare }| (spare, sum)).unzip();
        self.differentiate(pass.simd, recorded.inputs, output_gradients, gradient, by_inputs, workspace);
    }

    /// Draws the weights; biases start at 0.
    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        let Convolution { plane, seen, filters } = Self::CONVOLUTION;
        let (fan_in, fan_out) = (seen * plane.taps(), filters * plane.taps());
        initializer.fill(self.weight.parameters_mut(), fan_in, fan_out, random);
    }
}
