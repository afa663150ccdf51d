//! Layers.

use super::*;

#[test]
fn dense() {
    check(&drawn::<Dense<4, 3, f64>>(1)).assert(TOLERANCE);
    check(&drawn::<Dense<4, 3, f64, NoBias<f64>>>(1)).assert(TOLERANCE);
}

fn check_activation<F: Function>() {
    let report = check(&Activation::<F, [[f64; 3]; 2]>::new());
    report.assert(TOLERANCE);
    assert_eq!(row(&report, "inputs").excluded, 0, "{report}");
}

#[test]
fn activations() {
    check_activation::<Relu>();
    check_activation::<LeakyRelu<{ f64::to_bits(0.1) }>>();
    check_activation::<Elu<{ f64::to_bits(0.5) }>>();
    check_activation::<Gelu>();
    check_activation::<GeluTanh>();
    check_activation::<Silu>();
    check_activation::<Sigmoid>();
    check_activation::<Tanh>();
    check_activation::<Softplus>();
    check_activation::<Softplus<{ f64::to_bits(2.5) }>>();
    check_activation::<Relu6>();
    check_activation::<HardSigmoid>();
    check_activation::<HardSwish>();
    check_activation::<Mish>();
    check_activation::<Selu>();
    check_activation::<Softsign>();
    check_activation::<Threshold<{ f64::to_bits(0.25) }, { f64::to_bits(-1.0) }>>();
    check_activation::<HardShrink>();
    check_activation::<SoftShrink<{ f64::to_bits(0.25) }>>();
}

#[test]
fn softmax() {
    check(&Softmax::<5, f64>::zeroed()).assert(TOLERANCE);
    check(&Softmax::<4, f64, [[[f64; 4]; 2]; 3]>::zeroed()).assert(TOLERANCE);
    check(&Softmax::<8, f64, [[[f64; 4]; 2]; 3]>::zeroed()).assert(TOLERANCE);
}

#[test]
fn log_softmax() {
    check(&LogSoftmax::<5, f64>::zeroed()).assert(TOLERANCE);
    check(&LogSoftmax::<4, f64, [[f64; 4]; 3]>::zeroed()).assert(TOLERANCE);
}

#[test]
fn learned_slopes() {
    check(&drawn::<PRelu<[[f64; 3]; 2], [f64; 1]>>(1)).assert(TOLERANCE);
    check(&drawn::<PRelu<[[f64; 3]; 2], [f64; 2]>>(1)).assert(TOLERANCE);
}

#[test]
fn batch_normalization() {
    check(&drawn::<BatchNorm<[f64; 3]>>(1)).assert(TOLERANCE);
    check(&drawn::<BatchNorm<[[f64; 4]; 3], { f64::to_bits(0.1) }>>(2)).assert(TOLERANCE);
    check(&drawn::<BatchNorm<[[[f64; 2]; 2]; 2]>>(3)).assert(TOLERANCE);
}

#[test]
fn layer_normalization() {
    check(&drawn::<LayerNorm<[f64; 5]>>(1)).assert(TOLERANCE);
    check(&drawn::<LayerNorm<[[f64; 4]; 3]>>(2)).assert(TOLERANCE);
    check(&drawn::<LayerNorm<[[f64; 4]; 3], [f64; 4]>>(3)).assert(TOLERANCE);
    check(&drawn::<LayerNorm<[[[f64; 2]; 3]; 2], [[f64; 2]; 3]>>(4)).assert(TOLERANCE);
    check(&drawn::<RmsNorm<[f64; 5]>>(5)).assert(TOLERANCE);
    check(&drawn::<RmsNorm<[[f64; 4]; 3], [f64; 4], { f64::to_bits(0.1) }>>(6)).assert(TOLERANCE);
}

#[test]
fn group_normalization() {
    check(&drawn::<GroupNorm<[f64; 6], 2>>(1)).assert(TOLERANCE);
    check(&drawn::<GroupNorm<[[f64; 3]; 4], 2>>(2)).assert(TOLERANCE);
    check(&drawn::<GroupNorm<[[[f64; 2]; 3]; 2], 2>>(3)).assert(TOLERANCE);
    check(&drawn::<GroupNorm<[[[f64; 2]; 3]; 3], 1>>(4)).assert(TOLERANCE);
}

#[test]
fn shapes() {
    check(&Upsample::<[[[f64; 3]; 2]; 2], [[[f64; 6]; 6]; 2]>::new()).assert(TOLERANCE);
    check(&Upsample::<[[f64; 3]; 2], [[f64; 12]; 2]>::new()).assert(TOLERANCE);
    check(&Resize::<[[[f64; 3]; 2]; 2], [[[f64; 4]; 5]; 2]>::new()).assert(TOLERANCE);
    check(&Resize::<[[[f64; 4]; 5]; 2], [[[f64; 1]; 3]; 2], true>::new()).assert(TOLERANCE);
    check(&Resize::<[[f64; 7]; 2], [[f64; 3]; 2]>::new()).assert(TOLERANCE);
    check(&Reshape::<[[f64; 3]; 4], [f64; 12]>::new()).assert(TOLERANCE);
    check(&Permute::<[[f64; 3]; 4], [[f64; 4]; 3], 1, 0>::new()).assert(TOLERANCE);
    check(&Permute::<[[[f64; 4]; 3]; 2], [[[f64; 2]; 4]; 3], 1, 2, 0>::new()).assert(TOLERANCE);
    check(&Permute::<[[[[f64; 2]; 3]; 1]; 2], [[[[f64; 1]; 2]; 2]; 3], 2, 0, 3, 1>::new()).assert(TOLERANCE);
    check(&GlobalAvgPool::<[[[f64; 3]; 2]; 4]>::new()).assert(TOLERANCE);
}

#[test]
fn branches() {
    type Small = Dense<4, 2, f64>;
    type Large = Residual<Dense<4, 4, f64>>;
    check(&drawn::<Concat<Small, Large, [f64; 6]>>(1)).assert(TOLERANCE);
    check(&drawn::<Concat<Small, Concat<Large, Dense<4, 1, f64>, [f64; 5]>, [f64; 7]>>(2)).assert(TOLERANCE);
    check(&drawn::<Sum<Dense<4, 3, f64>, Dense<4, 3, f64, NoBias<f64>>>>(3)).assert(TOLERANCE);
}

/// Blocks whose convolutions add their input gradients to those of the other branch, with outputs that no backward pass reads.
#[test]
fn branches_of_convolutions() {
    fnn::network! {
        struct Shortcut: [3, 4, 5] -> [3, 4, 5] {
            Residual {
                Conv2d(4, kernel = 3, padding = same),
                BatchNorm,
                Tanh,
                Conv2d(3, kernel = 1),
                BatchNorm,
            },
            Tanh,
        }
    }
    fnn::network! {
        struct Projected: [2, 6, 4] -> [5, 3, 2] {
            Residual {
                { Conv2d(5, kernel = 3, stride = 2, padding = 1), BatchNorm },
                { Conv2d(5, kernel = 1, stride = 2) },
            },
            Tanh,
        }
    }
    check(&drawn::<Shortcut<f64>>(1)).assert(TOLERANCE);
    check(&drawn::<Projected<f64>>(2)).assert(TOLERANCE);
}

#[test]
fn embedding() {
    // Tokens have no gradient, so only the weights are checked, within a network that takes real numbers.
    #[derive(Parameters)]
    #[repr(C)]
    struct Tokens<S: fnn::Scalar = f32> {
        embedding: Embedding<3, 4, 2, S>,
    }
    impl<S: fnn::Scalar> Layer for Tokens<S> {
        type Input = [S; 3];
        type Output = [[S; 2]; 3];
        type Tape<const B: usize> = ();
        type Workspace<const B: usize> = ();
        type TrainingWorkspace<const B: usize> = Self::Workspace<B>;
        const KIND: &'static str = "Tokens";
        const MACS: u64 = 0;

        fn forward_batch<V: fnn::simd::Simd, const B: usize>(
            &self,
            simd: V,
            inputs: &[[S; 3]],
            outputs: &mut [[[S; 2]; 3]],
            (): &mut (),
        ) {
            for (x, y) in inputs.iter().zip(outputs) {
                let y = core::slice::from_mut(y);
                self.embedding.forward_batch::<V, B>(simd, &[tokens(x)], y, &mut ());
            }
        }

        fn backward<V: fnn::simd::Simd, const B: usize>(
            &self,
            pass: fnn::layers::Pass<'_, V>,
            recorded: fnn::layers::Recorded<'_, Self, B>,
            output_gradients: &mut [[[S; 2]; 3]],
            gradient: fnn::layers::Gradient<'_, Self>,
            input_gradients: Option<&mut [[S; 3]]>,
            (): &mut (),
        ) {
            let inputs: Vec<_> = recorded.inputs.iter().map(tokens).collect();
            let recorded = fnn::layers::Recorded { inputs: &inputs, outputs: recorded.outputs, tape: &() };
            let gradient = fnn::layers::Gradient::new(&mut gradient.weights.embedding, gradient.start);
            self.embedding.backward::<V, B>(pass, recorded, output_gradients, gradient, None, &mut ());
            input_gradients.into_iter().flatten().for_each(|dx| *dx = [S::ZERO; 3]);
        }
    }
    /// Numbers in [−2, 2) as tokens 0 to 4, where 4 is not in the vocabulary.
    fn tokens<S: fnn::Scalar>(numbers: &[S; 3]) -> [u16; 3] {
        numbers.map(|number| (number.to_f64() * 1.25 + 2.5) as u16)
    }
    check(&drawn::<Tokens<f64>>(1)).assert(TOLERANCE);
}

#[test]
fn flatten() {
    check(&Flatten::<[[f64; 3]; 2], 6>::zeroed()).assert(TOLERANCE);
}

#[test]
fn dropout_drops_the_same_elements_throughout() {
    let dropout = Dropout::<[f64; 20], { f64::to_bits(0.5) }>::zeroed();
    let report = check(&dropout);
    report.assert(TOLERANCE);
    assert_eq!(row(&report, "inputs").excluded, 0, "{report}");
}

#[test]
fn residual() {
    check(&drawn::<Residual<Dense<4, 4, f64>>>(1)).assert(TOLERANCE);
}

/// The code of a block has that of its layers once, so that a deep nest compiles in no time. With two calls of the
/// backward pass inside, for one gradient more or less, these twelve levels would be 4096 copies.
#[test]
fn blocks_in_blocks() {
    type Three<L> = Residual<Residual<Residual<L>>>;
    type Twelve = Three<Three<Three<Three<Dense<2, 2, f64>>>>>;
    check(&drawn::<Twelve>(1)).assert(TOLERANCE);

    type One = Dense<2, 1, f64>;
    type Two<L, const A: usize, const B: usize> = Concat<One, Concat<One, L, [f64; A]>, [f64; B]>;
    type Thirteen = Two<Two<Two<Two<Two<Two<One, 2, 3>, 4, 5>, 6, 7>, 8, 9>, 10, 11>, 12, 13>;
    check(&drawn::<Thirteen>(2)).assert(TOLERANCE);
}

fnn::network! { struct Inner: [6] -> [4] { Dense(5), Gelu, Dense(4) } }
fnn::network! {
    struct Whole: [2, 3] -> [4] {
        Flatten,
        inner: Inner,
        Tanh,
        skip: Residual { Dense(7, bias = false), Relu, Dropout(0.2), Residual { Dense(7), Sigmoid }, Dense(4) },
        LeakyRelu(0.2),
        Dense(5),
        Elu,
        Dense(4),
        Softplus,
        Dense(4),
        Softmax,
    }
}

#[test]
fn a_network_of_all_of_them() {
    let report = check(&Whole::<f64>::seeded(3));
    report.assert(TOLERANCE);
    assert_eq!(row(&report, "inner.dense_1.weight").elements, 30);
    assert_eq!(row(&report, "inputs").elements, 66);
}
