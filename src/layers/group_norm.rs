//! Group normalization.

use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::image::Channels;
use crate::kernels::groups::{Gradients, Normalize, Sizes};
use crate::kernels::{Moments, Simd, sum, sum_of};
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::setting::epsilon;
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Role, Roles};

/// Splits the channels of each sample into groups, normalizes each group to mean 0 and variance 1, then scales and
/// shifts each channel by learned weights.
///
/// `y[c] = w[c]·x̂[c] + b[c]` with `x̂ = (x − μ) / √(σ² + ε)`, for samples `A` of any shape whose outermost axis is
/// the channels; μ and σ² are the mean and the variance of a group's n numbers. Samples don't depend on one another, so
/// training and inference compute the same, at any batch size. With one group, it is a [`LayerNorm`] of the
/// whole sample but for w and b; with one group per channel, it is called instance normalization. Backward, with
/// `h = w·g`: `dx = (h − Σh/n − x̂·Σ(h·x̂)/n) / √(σ² + ε)`, `dw[c] = Σ g·x̂` and `db[c] = Σ g`.
///
/// Declared as `GroupNorm(groups)` or `GroupNorm(groups, epsilon = 1e-5)`; the number of groups divides that of the
/// channels. `2·C` weights; one multiply-accumulate per element of `A`. Wu and He, "Group normalization", ECCV 2018.
///
/// [`LayerNorm`]: super::LayerNorm
///
/// ```
/// use fnn::{Network, layers::GroupNorm};
///
/// let norm = GroupNorm::<[[f32; 2]; 2], 2> { weight: [1.0, 2.0], bias: [0.0, 5.0] };
/// let [[a, b], [c, d]] = norm.forward(&[[3.0, 7.0], [-10.0, -20.0]]);
/// assert!((a + 1.0).abs() < 1e-5 && (b - 1.0).abs() < 1e-5);
/// assert!((c - 7.0).abs() < 1e-5 && (d - 3.0).abs() < 1e-5);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct GroupNorm<A: Channels, const GROUPS: usize, const EPSILON: u64 = { f64::to_bits(1e-5) }> {
    /// The scale of each normalized channel.
    pub weight: A::Each,
    /// The shift of each normalized channel.
    pub bias: A::Each,
}

// SAFETY: `repr(C)`, and both fields are arrays of scalars.
unsafe impl<A: Channels, const GROUPS: usize, const EPSILON: u64> Parameters for GroupNorm<A, GROUPS, EPSILON> {
    type Scalar = A::Element;

    const LAYOUT: Layout =
        Layout::Fields(const { &[Field::new("weight", A::Each::LAYOUT), Field::new("bias", A::Each::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        visitor(Role::Vector, start..start + Self::PARAMETERS);
    }
}

impl<A: Channels, const GROUPS: usize, const EPSILON: u64> GroupNorm<A, GROUPS, EPSILON> {
    /// Channels in a group.
    const CHANNELS: usize = {
        assert!(GROUPS > 0 && A::CHANNELS % GROUPS == 0, "the groups divide the channels");
        A::CHANNELS / GROUPS
    };
    /// Numbers in a group.
    const GROUP: usize = Self::CHANNELS * A::SPACE;

    const SIZES: Sizes = Sizes { space: A::SPACE, channels: Self::CHANNELS, groups: GROUPS };

    /// The scales and the shifts of each group's channels.
    #[inline(always)]
    fn groups(&self) -> impl Iterator<Item = (&[A::Element], &[A::Element])> {
        let (weight, bias) = (self.weight.parameters(), self.bias.parameters());
        weight.blocks(Self::CHANNELS).zip(bias.blocks(Self::CHANNELS))
    }
}

impl<S: Scalar, A: Channels<Element = S>, const GROUPS: usize, const EPSILON: u64> Layer
    for GroupNorm<A, GROUPS, EPSILON>
{
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "GroupNorm";
    const MACS: u64 = A::LENGTH as u64;
    const GRAPH: Node =
        Node::layer::<Self>(const { &[Attribute::count("groups", GROUPS), Attribute::bits("epsilon", EPSILON)] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        let epsilon = epsilon::<S, EPSILON>();
        if const { V::FUSED && Self::SIZES.fill_vectors() } {
            let (weight, bias) = (self.weight.parameters(), self.bias.parameters());
            let (x, y) = (A::flat(inputs), A::flat_mut(outputs));
            return simd.call(Normalize { sizes: Self::SIZES, epsilon, weight, bias, x, y });
        }
        let samples = A::flat(inputs).blocks(A::LENGTH).zip(A::flat_mut(outputs).blocks_mut(A::LENGTH));
        for (x, y) in samples {
            let groups = x.blocks(Self::GROUP).zip(y.blocks_mut(Self::GROUP));
            for ((x, y), (weight, bias)) in groups.zip(self.groups()) {
                let moments = Moments::of(x, epsilon);
                let channels = x.blocks(A::SPACE).zip(y.blocks_mut(A::SPACE));
                for ((x, y), (&weight, &bias)) in channels.zip(weight.iter().zip(bias)) {
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y = moments.normalize(x) * weight + bias;
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [A],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        let gradient = gradient.accumulator();
        let epsilon = epsilon::<S, EPSILON>();
        if const { V::FUSED && Self::SIZES.fill_vectors() } {
            return pass.simd.call(Gradients {
                sizes: Self::SIZES,
                epsilon,
                weight: self.weight.parameters(),
                x: A::flat(recorded.inputs),
                g: A::flat(output_gradients),
                dx: input_gradients.map(A::flat_mut),
                by_weight: gradient.weight.parameters_mut(),
                by_bias: gradient.bias.parameters_mut(),
            });
        }
        let mut dx = input_gradients.map(|dx| A::flat_mut(dx).blocks_mut(Self::GROUP));
        let gradients = A::flat_mut(output_gradients).blocks_mut(A::LENGTH);
        for (x, g) in A::flat(recorded.inputs).blocks(A::LENGTH).zip(gradients) {
            let groups = x.blocks(Self::GROUP).zip(g.blocks_mut(Self::GROUP));
            let sums = gradient.weight.parameters_mut().blocks_mut(Self::CHANNELS);
            let sums = sums.zip(gradient.bias.parameters_mut().blocks_mut(Self::CHANNELS));
            for (((x, g), (dw, db)), (weight, _)) in groups.zip(sums).zip(self.groups()) {
                let moments = Moments::of(x, epsilon);
                let channels = x.blocks(A::SPACE).zip(g.blocks_mut(A::SPACE));
                for (((x, g), (dw, db)), &weight) in channels.zip(dw.iter_mut().zip(db)).zip(weight) {
                    *dw += sum_of(x, g, |x, g| moments.normalize(x) * g);
                    *db += sum(g);
                    for g in g {
                        *g *= weight;
                    }
                }
                if let Some(dx) = dx.as_mut().and_then(Iterator::next) {
                    moments.gradient(x, g, dx, false);
                }
            }
        }
    }

    /// Scales of 1 and shifts of 0: only normalizes at first.
    fn initialize(&mut self, _: Initializer, _: &mut Random) {
        self.weight.parameters_mut().fill(S::ONE);
    }
}
