//! Custom types as layers: networks, and types that implement `Layer`.

use fnn::{
    Layer, Network, Parameters, Scalar, gradient_check,
    layers::{Gradient, Pass, Recorded, Start},
    losses::{CrossEntropy, MeanSquaredError},
    simd::Simd,
};

pub(crate) mod scales {
    use super::*;

    /// `y = gain · x`, element by element.
    #[derive(Clone, Debug, PartialEq, Parameters)]
    #[repr(C)]
    pub(crate) struct Scale<const N: usize, S: Scalar = f32> {
        pub(crate) gain: [S; N],
    }

    impl<const N: usize, S: Scalar> Layer for Scale<N, S> {
        type Input = [S; N];
        type Output = [S; N];
        type Tape<const B: usize> = ();
        type Workspace<const B: usize> = ();
        type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

        const KIND: &'static str = "Scale";
        const MACS: u64 = N as u64;

        fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
            for (y, x) in outputs.iter_mut().zip(inputs) {
                for ((y, &x), &gain) in y.iter_mut().zip(x).zip(&self.gain) {
                    *y = x * gain;
                }
            }
        }

        fn backward<V: Simd, const B: usize>(
            &self,
            _: Pass<'_, V>,
            recorded: Recorded<'_, Self, B>,
            output_gradients: &mut [[S; N]],
            gradient: Gradient<'_, Self>,
            input_gradients: Option<&mut [[S; N]]>,
            (): &mut (),
        ) {
            let gradient = gradient.accumulator();
            for (g, x) in output_gradients.iter().zip(recorded.inputs) {
                for ((&g, &x), gain) in g.iter().zip(x).zip(&mut gradient.gain) {
                    *gain += g * x;
                }
            }
            for (dx, g) in input_gradients.into_iter().flatten().zip(output_gradients) {
                for ((dx, &g), &gain) in dx.iter_mut().zip(g.iter()).zip(&self.gain) {
                    *dx = g * gain;
                }
            }
        }

        fn initialize(&mut self, _: fnn::Initializer, random: &mut fnn::Random) {
            self.gain.fill_with(|| S::from_f64(0.5 + random.uniform()));
        }
    }
}

use scales::Scale;

/// `y = x + offset`, element by element; it overwrites its gradient if it is the first to write it.
#[derive(Clone, Debug, PartialEq, Parameters)]
#[repr(C)]
struct Offset<const N: usize, S: Scalar = f32> {
    offset: [S; N],
}

impl<const N: usize, S: Scalar> Layer for Offset<N, S> {
    type Input = [S; N];
    type Output = [S; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Offset";
    const MACS: u64 = 0;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
        for (y, x) in outputs.iter_mut().zip(inputs) {
            *y = core::array::from_fn(|i| x[i] + self.offset[i]);
        }
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; N]],
        Gradient { weights, start }: Gradient<'_, Self>,
        input_gradients: Option<&mut [[S; N]]>,
        (): &mut (),
    ) {
        for (i, offset) in weights.offset.iter_mut().enumerate() {
            let before = if start == Start::Zero { S::ZERO } else { *offset };
            *offset = output_gradients.iter().fold(before, |sum, g| sum + g[i]);
        }
        input_gradients.into_iter().flatten().zip(output_gradients).for_each(|(dx, g)| *dx = *g);
    }
}

fnn::network! { struct Overwriting: [3] -> [2] { Offset<3>, Tanh, Residual { Offset<3>, Dense(3) }, Dense(2) } }

/// With more samples than one batch, so that the gradient is accumulated too.
#[test]
fn a_layer_may_overwrite_its_gradient() {
    let samples: [[f64; 3]; 19] = core::array::from_fn(|n| [0.1 * n as f64 - 1.0, 0.3, 0.7 - 0.05 * n as f64]);
    let classes: [usize; 19] = core::array::from_fn(|n| n % 2);
    gradient_check(&Overwriting::<f64>::seeded(3), &CrossEntropy, &samples, &classes).assert(1e-6);
}

fnn::network! { struct Encoder: [6] -> [4] { Dense(5), Gelu, Dense(4) } }
fnn::network! { struct Picture: [2, 3] -> [2, 3] { Tanh } }

fnn::network! {
    struct Model: [2, 3] -> [2] {
        picture: Picture,
        Relu,
        Flatten,
        encoder: Encoder,
        scale: scales::Scale<4>,
        Scale<4>,
        Dropout(0.0),
        skip: Residual { Dense(3), self::Scale<3>, Sigmoid, Dense(4) },
        Residual { Scale<4> },
        Concat { { Scale<4> }, { Encoder2 } },
        logits: Dense(2),
    }
}

fnn::network! { struct Encoder2: [4] -> [3] { Dense(3) } }

#[test]
fn networks_nest_and_types_of_ones_own_are_layers() {
    let network = Model::seeded(1);
    let _: &Encoder = &network.encoder;
    let _: &Scale<4> = &network.scale_1;
    assert_eq!(Model::MACS, Encoder::MACS + 4 + 4 + (12 + 3 + 12) + 4 + (4 + 12) + 14);
    let _: [f32; 2] = network.forward(&[[1.0; 3]; 2]);
}

/// Backpropagation reaches all of it.
#[test]
fn their_gradients_are_right() {
    let samples = [[[0.3, -0.7, 0.2], [0.9, -0.1, 0.4]], [[-0.6, 0.8, 0.5], [0.1, -0.2, -0.9]]];
    gradient_check(&Model::<f64>::seeded(2), &CrossEntropy, &samples, &[0, 1]).assert(1e-6);
}

fnn::network! { struct First: [3] { Scale<3> } }
fnn::network! { struct Last: [4] -> [3] { Dense(3), Scale<3> } }
fnn::network! { struct Generic<const N: usize>: [N] -> [4] { scale: Scale<N>, Tanh, Twice<3, N> } }
fnn::network! { struct Twice<const M: usize, const N: usize>: [N] -> [4] { Scale<N>, Scale<N>, by: Ends<N, 4> } }
fnn::network! { struct Ends<const M: usize, const N: usize>: [M] -> [N] { Dense(N) } }
fnn::network! { struct Mixed<const N: usize>: [3] -> [2] { First, Dense(N), Tanh, Dense(4), Last, Dense(2) } }

#[test]
fn they_stand_first_and_last_and_take_const_parameters() {
    let mut first = First::zeroed();
    first.scale_1.gain = [1.0, 2.0, 3.0];
    assert_eq!(first.forward(&[1.0, 10.0, 100.0]), [1.0, 20.0, 300.0]);
    assert_eq!(Last::PARAMETERS, 15 + 3);

    let network = Generic::<5, f64>::seeded(1);
    assert_eq!(network.scale.gain.len(), 5);
    gradient_check(&network, &MeanSquaredError, &[[0.1, 0.2, 0.3, 0.4, 0.5]], &[[1.0; 4]]).assert(1e-6);
    let network = Mixed::<6, f64>::seeded(1);
    gradient_check(&network, &MeanSquaredError, &[[0.1, 0.2, 0.3]], &[[1.0, 2.0]]).assert(1e-6);
}

/// A tuple struct, whose weights are named by numbers, with the scalar's bound in a `where` clause.
#[derive(Parameters)]
#[repr(C)]
struct Pair<A, const N: usize, S>(A, [[S; N]; 2])
where
    A: Parameters<Scalar = S>,
    S: Scalar;

#[derive(Parameters)]
#[repr(transparent)]
struct Whole<S: Scalar = f32> {
    r#type: Pair<S, 3, S>,
}

#[test]
fn derived_weights_are_one_slice_with_names() {
    let whole = Whole { r#type: Pair(1.0, [[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]]) };
    assert_eq!(whole.parameters(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    let mut names = Vec::new();
    whole.for_each(&mut |name, shape, _| names.push(format!("{name} {shape}")));
    assert_eq!(names, ["type.0 []", "type.1 [2, 3]"]);
    assert_eq!(Whole::<f64>::PARAMETERS, 7);
}

#[test]
fn a_network_is_a_layer_for_whoever_is_generic_over_layers() {
    fn weights<L: Layer>() -> (usize, u64, String) {
        (L::PARAMETERS, L::MACS, L::summary().to_string())
    }
    let (parameters, macs, summary) = weights::<Last<f64>>();
    assert_eq!((parameters, macs), (Last::PARAMETERS, 12 + 3));
    assert!(summary.starts_with("Last: [4] -> [3]\n"), "{summary}");
}

fnn::network! { struct Flat: [2, 3] -> [3, 2] { Reshape(3, 2) } }
fnn::network! {
    struct Hidden: [2, 3] -> [3, 2] {
        flat: Flat,
        Flatten,
        Residual { Reshape(2, 3), flat: Flat, Flatten },
        Reshape(2, 3),
        Residual { flat: Flat, Reshape(2, 3) },
        last: Flat,
    }
}

/// The macro assumes nothing about shapes that it can't know.
#[test]
fn shapes_that_the_macro_does_not_know_are_the_compilers() {
    let outputs = Hidden::zeroed().forward(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(outputs, [[4.0, 8.0], [12.0, 16.0], [20.0, 24.0]]);
}
