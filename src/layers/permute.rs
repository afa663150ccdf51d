//! Axes in another order.

use core::marker::PhantomData;

use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::kernels::Simd;
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;
use crate::shape::Sample;

/// A sample with its axes in another order: axis `i` of the output `O` is axis `ORDER[i]` of the input `I`. With the order
/// (1, 0), `y[j][i] = x[i][j]`.
///
/// The four const parameters are the order; a sample of fewer axes has the rest in place. Backward, the gradient's axes
/// are put back. No weights, no multiply-accumulates.
///
/// Declared as `Permute(1, 0)` or `Permute(2, 0, 1)`, one number for each axis, counted from 0: between an
/// [`Embedding`](super::Embedding), which gives `[N, width]`, and a `Conv1d`, which takes `[channels, length]`. The same as
/// PyTorch's `permute` and Keras's `Permute`, without the axis of the batch.
///
/// ```
/// use fnn::{Network, layers::Permute};
///
/// let transpose = Permute::<[[f32; 3]; 2], [[f32; 2]; 3], 1, 0>::new();
/// assert_eq!(transpose.forward(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Permute<I, O, const FIRST: usize, const SECOND: usize, const THIRD: usize = 2, const FOURTH: usize = 3>(
    PhantomData<(I, O)>,
);

without_weights!(
    [
        I: Sample<Element: Scalar>, O: Sample<Element = I::Element>,
        const FIRST: usize, const SECOND: usize, const THIRD: usize, const FOURTH: usize
    ] Permute<I, O, FIRST, SECOND, THIRD, FOURTH>, I::Element
);

/// The largest rank of a sample.
const AXES: usize = 4;

impl<I, O, const FIRST: usize, const SECOND: usize, const THIRD: usize, const FOURTH: usize>
    Permute<I, O, FIRST, SECOND, THIRD, FOURTH>
where
    I: Sample<Element: Scalar>,
    O: Sample<Element = I::Element>,
{
    /// For each axis of the output, its size, and the distance of neighbours in the input.
    const STEPS: [(usize, usize); AXES] = {
        let (from, to, order) = (I::SHAPE, O::SHAPE, [FIRST, SECOND, THIRD, FOURTH]);
        let mut steps = [(1, 0); AXES];
        let mut axis = 0;
        while axis < AXES {
            let source = order[axis];
            let mut before = 0;
            while before < axis {
                assert!(order[before] != source, "each axis stands once in the order");
                before += 1;
            }
            if axis < from.rank() {
                assert!(source < from.rank() && from.rank() == to.rank(), "the order has each axis of the input");
                assert!(from.size(source) == to.size(axis), "the output has the sizes of the input in this order");
                let mut step = 1;
                let mut inner = source + 1;
                while inner < from.rank() {
                    step *= from.size(inner);
                    inner += 1;
                }
                steps[axis] = (to.size(axis), step);
            } else {
                assert!(source == axis, "axes that a sample doesn't have stay in place");
            }
            axis += 1;
        }
        steps
    };

    /// `y`, from `x`: a sample's elements, whatever they are.
    #[inline(always)]
    pub(crate) fn permute<E: Copy>(x: &[E], y: &mut [E]) {
        Self::for_each(|to, from| {
            if let (Some(y), Some(x)) = (y.get_mut(to), x.get(from)) {
                *y = *x;
            }
        });
    }

    /// Call `each` with an element of the output and of the input that it is.
    #[inline(always)]
    fn for_each(mut each: impl FnMut(usize, usize)) {
        let [(first, a), (second, b), (third, c), (fourth, d)] = const { Self::STEPS };
        let mut to = 0;
        for i in 0..first {
            for j in 0..second {
                for k in 0..third {
                    for l in 0..fourth {
                        each(to, i * a + j * b + k * c + l * d);
                        to += 1;
                    }
                }
            }
        }
    }
}

impl<S, I, O, const FIRST: usize, const SECOND: usize, const THIRD: usize, const FOURTH: usize> Layer
    for Permute<I, O, FIRST, SECOND, THIRD, FOURTH>
where
    S: Scalar,
    I: Sample<Element = S>,
    O: Sample<Element = S>,
{
    type Input = I;
    type Output = O;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Permute";
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(
        const {
            &[
                Attribute::count("first", FIRST),
                Attribute::count("second", SECOND),
                Attribute::count("third", THIRD),
                Attribute::count("fourth", FOURTH),
            ]
        },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[I], outputs: &mut [O], (): &mut ()) {
        for (x, y) in I::flat(inputs).blocks(I::LENGTH).zip(O::flat_mut(outputs).blocks_mut(O::LENGTH)) {
            Self::permute(x, y);
        }
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
        let gradients = O::flat(output_gradients).blocks(O::LENGTH);
        for (dx, g) in I::flat_mut(dx).blocks_mut(I::LENGTH).zip(gradients) {
            Self::for_each(|to, from| {
                if let (Some(dx), Some(g)) = (dx.get_mut(from), g.get(to)) {
                    *dx = *g;
                }
            });
        }
    }
}
