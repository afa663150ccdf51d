//! Nearest-neighbour upsampling.

use core::marker::PhantomData;

use super::windowed::per_axis;
use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::image::Image;
use crate::kernels::Simd;
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;

/// Each element repeated along both axes ("nearest" interpolation): `y[c, i, j] = x[c, ⌊i/r⌋, ⌊j/s⌋]`.
///
/// `I` is the input, an image `[[[S; columns]; rows]; C]` or a sequence `[[S; length]; C]`; `O` is the output, whose
/// rows and columns are multiples of the input's. Backward, `dx[c, p]` is the sum of g over all copies of p. No
/// weights, no multiply-accumulates.
///
/// Declared as `Upsample2d(2)` or `Upsample2d((rows, columns))`, for sequences as `Upsample1d(2)`. The same as
/// PyTorch's `Upsample` in mode "nearest".
///
/// ```
/// use fnn::{Network, layers::Upsample};
///
/// let upsample = Upsample::<[[f32; 2]; 1], [[f32; 6]; 1]>::new();
/// assert_eq!(upsample.forward(&[[1.0, 2.0]]), [[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Upsample<I, O>(PhantomData<(I, O)>);

without_weights!([I: Image, O: Image<Element = I::Element>] Upsample<I, O>, I::Element);

impl<I: Image, O: Image<Element = I::Element>> Upsample<I, O> {
    /// How many times a row and a column are repeated.
    const REPEATED: (usize, usize) = {
        assert!(I::SHAPE.rank() == O::SHAPE.rank(), "the input and the output are both images or both sequences");
        assert!(I::CHANNELS == O::CHANNELS, "upsampling keeps the channels");
        assert!(O::LENGTH > 0, "rows and columns are repeated at least once");
        assert!(
            O::ROWS % I::ROWS == 0 && O::COLUMNS % I::COLUMNS == 0,
            "rows and columns are repeated a whole number of times"
        );
        (O::ROWS / I::ROWS, O::COLUMNS / I::COLUMNS)
    };

    /// The formula, for elements of any type.
    #[inline(always)]
    pub(crate) fn repeat<E: Copy>(inputs: &[E], outputs: &mut [E]) {
        let (rows, columns) = const { Self::REPEATED };
        let groups = outputs.blocks_mut(rows * O::COLUMNS);
        for (x, group) in inputs.blocks(I::COLUMNS).zip(groups) {
            for y in group.blocks_mut(O::COLUMNS) {
                for (&x, y) in x.iter().zip(y.blocks_mut(columns)) {
                    y.fill(x);
                }
            }
        }
    }
}

impl<S: Scalar, I: Image<Element = S>, O: Image<Element = S>> Layer for Upsample<I, O> {
    type Input = I;
    type Output = O;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = if I::SHAPE.rank() == 2 { "Upsample1d" } else { "Upsample2d" };
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node =
        Node::layer::<Self>(const { &[Attribute::sizes("factor", per_axis::<I>(Self::REPEATED.0, Self::REPEATED.1))] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[I], outputs: &mut [O], (): &mut ()) {
        Self::repeat(I::flat(inputs), O::flat_mut(outputs));
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
        let (rows, columns) = const { Self::REPEATED };
        let groups = O::flat(output_gradients).blocks(rows * O::COLUMNS);
        for (dx, group) in I::flat_mut(dx).blocks_mut(I::COLUMNS).zip(groups) {
            dx.fill(S::ZERO);
            for g in group.blocks(O::COLUMNS) {
                for (dx, g) in dx.iter_mut().zip(g.blocks(columns)) {
                    *dx += g.iter().copied().sum();
                }
            }
        }
    }
}
