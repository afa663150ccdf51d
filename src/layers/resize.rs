//! Linear interpolation.

use core::marker::PhantomData;

use super::windowed::per_axis;
use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::image::Image;
use crate::kernels::Simd;
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;

/// An image or a sequence in another size, by linear interpolation.
///
/// `I` is the input, an image `[[[S; columns]; rows]; C]` or a sequence `[[S; length]; C]`; `O` is the output, with the same
/// channels. On each axis, output i of m lies at `(i + ½)·n/m − ½` among the n inputs, or with `ALIGN_CORNERS` at
/// `i·(n − 1)/(m − 1)`, so that the first and the last element stay. It is the mean of its two neighbours on each axis, weighted
/// by how near they are; at the ends, there is only one. Backward, dx is the sum of `g·weight` over the outputs that an input
/// is a neighbour of. No weights, four multiply-accumulates per output, no tape.
///
/// An image that becomes smaller than half isn't smoothed before: put an [`AvgPool`](super::AvgPool) before the layer.
///
/// Declared as `Resize2d(56)`, `Resize2d((rows, columns))` or `Resize2d(56, align_corners = true)`, for sequences as
/// `Resize1d(64)`. The same as PyTorch's `Upsample` in modes "bilinear" and "linear", and TensorFlow's `ResizeBilinear`.
///
/// ```
/// use fnn::{Network, layers::Resize};
///
/// let resize = Resize::<[[f32; 2]; 1], [[f32; 4]; 1]>::new();
/// assert_eq!(resize.forward(&[[1.0, 2.0]]), [[1.0, 1.25, 1.75, 2.0]]);
///
/// let aligned = Resize::<[[f32; 2]; 1], [[f32; 3]; 1], true>::new();
/// assert_eq!(aligned.forward(&[[1.0, 2.0]]), [[1.0, 1.5, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Resize<I, O, const ALIGN_CORNERS: bool = false>(PhantomData<(I, O)>);

without_weights!(
    [I: Image, O: Image<Element = I::Element>, const ALIGN_CORNERS: bool] Resize<I, O, ALIGN_CORNERS>,
    I::Element
);

/// One axis: where each output lies among the inputs.
#[derive(Clone, Copy)]
struct Axis {
    inputs: usize,
    outputs: usize,
    align_corners: bool,
}

/// Two neighbours of an output, and their weights, whose sum is [`Axis::whole`].
struct Neighbors {
    first: usize,
    second: usize,
    weights: [usize; 2],
}

impl Axis {
    #[track_caller]
    const fn new(inputs: usize, outputs: usize, align_corners: bool) -> Self {
        assert!(inputs > 0 && outputs > 0, "rows and columns have at least one element");
        let fits = match outputs.checked_mul(2) {
            Some(twice) => twice.checked_mul(inputs).is_some(),
            None => false,
        };
        assert!(fits, "the sizes are too large to interpolate between");
        Self { inputs, outputs, align_corners }
    }

    /// The number of steps from one input to the next, in which positions are whole numbers.
    const fn whole(&self) -> usize {
        match (self.align_corners, self.outputs) {
            (true, 1) => 1,
            (true, outputs) => outputs - 1,
            (false, outputs) => 2 * outputs,
        }
    }

    #[inline(always)]
    fn neighbors(&self, output: usize) -> Neighbors {
        let steps = if self.align_corners {
            output * (self.inputs - 1)
        } else {
            ((2 * output + 1) * self.inputs).saturating_sub(self.outputs)
        };
        let whole = self.whole();
        let first = steps.checked_div(whole).unwrap_or_default();
        let rest = steps - first * whole;
        // Behind the last input, both neighbours are that one.
        Neighbors { first, second: (first + 1).min(self.inputs - 1), weights: [whole - rest, rest] }
    }
}

impl<I: Image, O: Image<Element = I::Element>, const ALIGN_CORNERS: bool> Resize<I, O, ALIGN_CORNERS> {
    const AXES: [Axis; 2] = {
        assert!(I::SHAPE.rank() == O::SHAPE.rank(), "the input and the output are both images or both sequences");
        assert!(I::CHANNELS == O::CHANNELS, "resizing keeps the channels");
        [Axis::new(I::ROWS, O::ROWS, ALIGN_CORNERS), Axis::new(I::COLUMNS, O::COLUMNS, ALIGN_CORNERS)]
    };

    /// The sum of the weights of each output's neighbours.
    pub(crate) const WHOLE: usize = {
        let [rows, columns] = Self::AXES;
        match rows.whole().checked_mul(columns.whole()) {
            Some(whole) => whole,
            None => panic!("the sizes are too large to interpolate between"),
        }
    };

    /// Call `each` with the index of an output in its channel, and the index and weight of its four neighbours, for all places.
    #[inline(always)]
    pub(crate) fn for_each_place(mut each: impl FnMut(usize, [(usize, usize); 4])) {
        let [rows, columns] = const { Self::AXES };
        let mut index = 0;
        for row in 0..rows.outputs {
            let above = rows.neighbors(row);
            let starts = [above.first * columns.inputs, above.second * columns.inputs];
            for column in 0..columns.outputs {
                let beside = columns.neighbors(column);
                let [[a, b], [c, d]] = above.weights.map(|down| beside.weights.map(|along| down * along));
                let [upper, lower] = starts.map(|start| [start + beside.first, start + beside.second]);
                each(index, [(upper[0], a), (upper[1], b), (lower[0], c), (lower[1], d)]);
                index += 1;
            }
        }
    }

    /// The weights as shares of 1.
    #[inline(always)]
    fn shares(neighbors: [(usize, usize); 4]) -> [(usize, I::Element); 4] {
        let whole = I::Element::from_usize(const { Self::WHOLE });
        neighbors.map(|(index, weight)| (index, I::Element::from_usize(weight) / whole))
    }
}

impl<S: Scalar, I: Image<Element = S>, O: Image<Element = S>, const ALIGN_CORNERS: bool> Layer
    for Resize<I, O, ALIGN_CORNERS>
{
    type Input = I;
    type Output = O;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = if I::SHAPE.rank() == 2 { "Resize1d" } else { "Resize2d" };
    const MACS: u64 = 4 * O::LENGTH as u64;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(
        const {
            &[
                Attribute::sizes("size", per_axis::<I>(O::ROWS, O::COLUMNS)),
                Attribute::switch("align_corners", ALIGN_CORNERS),
            ]
        },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[I], outputs: &mut [O], (): &mut ()) {
        Self::for_each_place(|index, neighbors| {
            let shares = Self::shares(neighbors);
            let channels = I::flat(inputs).blocks(I::SPACE.max(1));
            for (x, y) in channels.zip(O::flat_mut(outputs).blocks_mut(O::SPACE.max(1))) {
                let Some(y) = y.get_mut(index) else { continue };
                let product = |(index, share): (usize, S)| x.get(index).copied().unwrap_or(S::ZERO) * share;
                *y = shares.map(product).into_iter().sum();
            }
        });
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [O],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [I]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        I::flat_mut(dx).fill(S::ZERO);
        Self::for_each_place(|index, neighbors| {
            let shares = Self::shares(neighbors);
            let channels = I::flat_mut(dx).blocks_mut(I::SPACE.max(1));
            for (dx, g) in channels.zip(O::flat(output_gradients).blocks(O::SPACE.max(1))) {
                let Some(&g) = g.get(index) else { continue };
                for (index, share) in shares {
                    if let Some(dx) = dx.get_mut(index) {
                        *dx += g * share;
                    }
                }
            }
        });
    }
}
