//! Every layer and every loss against central differences, and the check itself against wrong gradients.

use fnn::layers::activation::{
    Elu, Function, Gelu, GeluTanh, HardShrink, HardSigmoid, HardSwish, LeakyRelu, Mish, Relu, Relu6, Selu, Sigmoid,
    Silu, SoftShrink, Softplus, Softsign, Tanh, Threshold,
};
use fnn::layers::{
    Activation, BatchNorm, Concat, Dense, Dropout, Embedding, Flatten, GlobalAvgPool, GroupNorm, LayerNorm, LogSoftmax,
    NoBias, PRelu, Permute, Reshape, Residual, Resize, RmsNorm, Softmax, Sum, Upsample, zeroed,
};
use fnn::{
    Initializer, Layer, Network, Parameters, Random, gradient_check,
    gradient_check::{Deviation, Report},
    layers::Sample,
    losses::{
        BinaryCrossEntropy, BinaryFocal, CosineSimilarity, CrossEntropy, Focal, Hinge, Huber, KullbackLeibler, Loss,
        MeanAbsoluteError, MeanSquaredError,
    },
    train::GradientBuffers,
    weights::Name,
};

/// The tolerance of every gradient; most are far below it.
const TOLERANCE: f64 = 1e-6;

/// Samples of numbers in [−2, 2).
fn samples<A: Sample<Element = f64>>(count: usize, seed: u64) -> Vec<A> {
    let mut random = Random::new(seed);
    let mut samples = vec![zeroed::<A>(); count];
    A::flat_mut(&mut samples).fill_with(|| 4.0 * random.uniform() - 2.0);
    samples
}

/// A network with all weights, biases included, in [−1, 1).
fn drawn<N: Layer>(seed: u64) -> N {
    let mut network = N::zeroed();
    Initializer::HeUniform.fill(network.parameters_mut(), 6, 1, &mut Random::new(seed));
    network
}

/// Check a network with the squared error, on more samples than one batch; and that the previous contents of a gradient are
/// discarded.
fn check<N: Layer<Scalar = f64, Input: Sample<Element = f64>>>(network: &N) -> Report<N> {
    let (inputs, targets) = (samples(11, 1), samples::<N::Output>(11, 2));
    let (mut memory, mut gradients) = (GradientBuffers::<N, 4>::new(), [N::zeroed(), N::zeroed()]);
    gradients[1].parameters_mut().fill(f64::NAN);
    for gradient in &mut gradients {
        memory.set_steps(0);
        memory.gradient(network, &MeanSquaredError, &inputs, &targets, gradient);
    }
    let [expected, found] =
        gradients.each_ref().map(|gradient| gradient.parameters().iter().map(|number| number.to_bits()));
    assert!(found.eq(expected));
    gradients[1].parameters_mut().fill(f64::NAN);
    memory.gradient(network, &MeanSquaredError, &[], &targets, &mut gradients[1]);
    assert!(gradients[1].parameters().iter().all(|&number| number == 0.0), "of no samples");
    gradient_check(network, &MeanSquaredError, &inputs, &targets)
}

/// The row with this name.
fn row<N: Parameters<Scalar = f64>>(report: &Report<N>, wanted: &str) -> Deviation {
    let mut found = None;
    report.for_each(&mut |name: Name<'_>, row| {
        if name.is(wanted) {
            found = Some(*row);
        }
    });
    found.unwrap_or_else(|| panic!("no row `{wanted}` in\n{report}"))
}

mod layers {
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
}

mod losses {
    use super::*;

    /// Check a loss after a layer that mixes the outputs.
    fn check_loss<T, F: Loss<[f64; 4], T>>(loss: &F, targets: &[T]) {
        let report = gradient_check(&drawn::<Dense<3, 4, f64>>(5), loss, &samples(5, 6), targets);
        report.assert(TOLERANCE);
        report.for_each(&mut |_, row| assert_eq!(row.excluded, 0, "{report}"));
    }

    /// Probabilities of four classes.
    fn distributions() -> Vec<[f64; 4]> {
        let distribution = |sample: [f64; 4]| {
            let sum: f64 = sample.iter().map(|x| x.exp()).sum();
            sample.map(|x| x.exp() / sum)
        };
        samples(5, 7).into_iter().map(distribution).collect()
    }

    #[test]
    fn cross_entropy() {
        check_loss(&CrossEntropy, &[0, 1, 2, 3, 1]);
        check_loss(&CrossEntropy, &distributions());
    }

    #[test]
    fn weighted_and_smoothed_cross_entropy() {
        let classes = [0, 1, 2, 3, 1];
        check_loss(&CrossEntropy.class_weights([0.5, 2.0, 0.0, 7.0]), &classes);
        check_loss(&CrossEntropy.label_smoothing(0.1), &classes);
        let both = CrossEntropy.label_smoothing(0.1).class_weights([0.5, 2.0, 0.1, 7.0]);
        check_loss(&both, &classes);
        check_loss(&both, &distributions());
    }

    #[test]
    fn binary_cross_entropy() {
        check_loss(&BinaryCrossEntropy, &distributions());
        check_loss(&BinaryCrossEntropy, &[[0.0, 1.0, 1.0, 0.0]; 5]);
    }

    #[test]
    fn focal() {
        for gamma in [0.0, 0.5, 1.0, 2.0, 3.5] {
            check_loss(&Focal::new(gamma), &[0, 1, 2, 3, 1]);
            check_loss(&BinaryFocal::new(gamma), &[[0.0, 1.0, 1.0, 0.0]; 5]);
            check_loss(&BinaryFocal::new(gamma).alpha(0.2), &distributions());
        }
    }

    #[test]
    fn kullback_leibler() {
        check_loss(&KullbackLeibler, &distributions());
        check_loss(&KullbackLeibler, &[[0.0, 0.25, 0.75, 0.0]; 5]);
    }

    #[test]
    fn cosine_similarity() {
        check_loss(&CosineSimilarity, &samples(5, 8));
    }

    #[test]
    fn hinge() {
        for hinge in [Hinge::default(), Hinge::new(2.5), Hinge::new(0.75).squared()] {
            check_loss(&hinge, &[0, 1, 2, 3, 1]);
            check_loss(&hinge, &[[-1.0, 1.0, 1.0, -1.0]; 5]);
        }
    }

    #[test]
    fn errors() {
        let targets = samples(5, 8);
        check_loss(&MeanSquaredError, &targets);
        check_loss(&MeanAbsoluteError, &targets);
        check_loss(&Huber::new(0.7), &targets);
    }

    /// The loss consists of rounding errors only.
    #[test]
    fn a_loss_of_nearly_nothing() {
        let apart = Dense::<1, 2, f64> { weight: [[18.0, -18.0]], bias: [0.0; 2] };
        gradient_check(&apart, &CrossEntropy, &[[1.0]], &[0]).assert(TOLERANCE);
        gradient_check(&apart, &BinaryCrossEntropy, &[[1.0]], &[[1.0, 0.0]]).assert(TOLERANCE);
    }

    /// The loss is a few thousand here, so its numerical gradient has that many fewer digits.
    #[test]
    fn logits_of_ten_thousand() {
        let apart = Dense::<1, 4, f64> { weight: [[1e4, -1e4, 0.5, 0.25]], bias: [0.0; 4] };
        let classes = gradient_check(&apart, &CrossEntropy, &[[1.0], [-0.5]], &[1, 1]);
        classes.assert(TOLERANCE);
        gradient_check(&apart, &BinaryCrossEntropy, &[[1.0]], &[[0.0, 1.0, 0.0, 1.0]]).assert(TOLERANCE);
    }
}

mod mistakes {
    use std::panic::catch_unwind;

    use fnn::{
        Scalar,
        layers::{Gradient, Pass, Recorded},
        simd::Simd,
    };

    use super::*;

    /// `y = gain·x + shift` with a mistake in its backward pass, if `MISTAKE` says so.
    #[derive(Parameters)]
    #[repr(C)]
    struct Affine<const MISTAKE: u8, S: Scalar = f32> {
        gain: [S; 3],
        shift: [S; 3],
    }

    const NONE: u8 = 0;
    /// The gain's gradient is too large by a factor of 1.001.
    const FACTOR: u8 = 1;
    /// The last element of the shift's gradient is missing.
    const ELEMENT: u8 = 2;
    /// The input gradient lacks the gain.
    const INPUT: u8 = 3;
    /// The gain's gradient is set instead of added.
    const OVERWRITTEN: u8 = 4;
    /// The shift's gradient is NaN.
    const UNDEFINED: u8 = 5;
    /// The shift's gradient is added to the previous contents even by the first write.
    const FORGOTTEN: u8 = 6;

    impl<const MISTAKE: u8, S: Scalar> Layer for Affine<MISTAKE, S> {
        type Input = [S; 3];
        type Output = [S; 3];
        type Tape<const B: usize> = ();
        type Workspace<const B: usize> = ();
        type TrainingWorkspace<const B: usize> = Self::Workspace<B>;
        const KIND: &'static str = "Affine";
        const MACS: u64 = 3;

        fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; 3]], outputs: &mut [[S; 3]], (): &mut ()) {
            for (y, x) in outputs.iter_mut().zip(inputs) {
                for i in 0..3 {
                    y[i] = self.gain[i] * x[i] + self.shift[i];
                }
            }
        }

        fn backward<V: Simd, const B: usize>(
            &self,
            _: Pass<'_, V>,
            recorded: Recorded<'_, Self, B>,
            output_gradients: &mut [[S; 3]],
            gradient: Gradient<'_, Self>,
            mut input_gradients: Option<&mut [[S; 3]]>,
            (): &mut (),
        ) {
            let factor = S::from_f64(if MISTAKE == FACTOR { 1.001 } else { 1.0 });
            let gradient = if MISTAKE == FORGOTTEN {
                let Gradient { weights, start } = gradient;
                Gradient::new(&mut weights.gain, start).accumulator();
                weights
            } else {
                gradient.accumulator()
            };
            for (sample, (x, g)) in recorded.inputs.iter().zip(output_gradients).enumerate() {
                for i in 0..3 {
                    gradient.gain[i] =
                        g[i] * x[i] * factor + if MISTAKE == OVERWRITTEN { S::ZERO } else { gradient.gain[i] };
                    gradient.shift[i] += match (MISTAKE, i) {
                        (ELEMENT, 2) => S::ZERO,
                        (UNDEFINED, 1) => S::from_f64(f64::NAN),
                        _ => g[i],
                    };
                    if let Some(dx) = &mut input_gradients {
                        dx[sample][i] = if MISTAKE == INPUT { g[i] } else { g[i] * self.gain[i] };
                    }
                }
            }
        }
    }

    fnn::network! { struct Wrapped<const MISTAKE: u8>: [3] -> [3] { first: Dense(3), Relu, affine: Affine<MISTAKE> } }

    /// The names of the wrong rows, and the panic message.
    fn caught<const MISTAKE: u8>() -> (Vec<String>, String) {
        let report = check(&drawn::<Wrapped<MISTAKE, f64>>(2));
        let mut names = Vec::new();
        report.for_each(&mut |name, row| {
            if row.largest() > TOLERANCE {
                names.push(name.to_string());
            }
        });
        let words = catch_unwind(|| report.assert(TOLERANCE)).err();
        (names, words.and_then(|words| words.downcast().ok()).map_or_else(String::new, |words| *words))
    }

    #[test]
    fn a_right_layer_is_not_caught() {
        assert_eq!(caught::<NONE>(), (vec![], String::new()));
    }

    #[test]
    fn a_wrong_factor_is_caught_and_named() {
        let (names, words) = caught::<FACTOR>();
        assert_eq!(names, ["affine.gain"]);
        assert!(words.contains("by more than 1e-6 in affine.gain\n"), "{words}");
        let deviation = row(&check(&drawn::<Wrapped<FACTOR, f64>>(2)), "affine.gain").deviation;
        approx::assert_relative_eq!(deviation, 0.001 / 1.001, max_relative = 1e-6);
    }

    #[test]
    fn a_wrong_element_is_caught_and_named() {
        let (names, words) = caught::<ELEMENT>();
        assert_eq!(names, ["affine.shift"]);
        let report = check(&drawn::<Wrapped<ELEMENT, f64>>(2));
        let row = row(&report, "affine.shift");
        assert_eq!((row.index, row.deviation, row.gradient), (2, 1.0, 0.0));
        assert!(words.lines().any(|line| line.starts_with("affine.shift") && line.contains("[2]")), "{words}");
    }

    #[test]
    fn a_wrong_input_gradient_is_wrong_for_all_layers_before() {
        let (names, _) = caught::<INPUT>();
        assert_eq!(names, ["first.weight", "first.bias", "inputs"]);
    }

    #[test]
    fn a_gradient_that_is_set_and_not_added_is_caught() {
        assert_eq!(caught::<OVERWRITTEN>().0, ["affine.gain"]);
    }

    #[test]
    fn a_gradient_that_is_added_to_what_was_there_before_is_caught() {
        let network = drawn::<Wrapped<FORGOTTEN, f64>>(2);
        let report = gradient_check(&network, &MeanSquaredError, &samples(11, 1), &samples(11, 2));
        assert!(row(&report, "affine.shift").deviation.is_nan() || report.worst().is_infinite(), "{report}");
        assert!(row(&report, "affine.gain").deviation < TOLERANCE, "{report}");
    }

    #[test]
    fn a_nan_gradient_is_caught() {
        let (names, words) = caught::<UNDEFINED>();
        assert_eq!(names, ["affine.shift"]);
        assert!(words.contains("NaN"), "{words}");
    }

    #[test]
    #[should_panic = "by more than 1e-6 in weight, bias, inputs"]
    fn a_nan_loss_does_not_pass() {
        gradient_check(&drawn::<Dense<3, 2, f64>>(1), &CrossEntropy, &samples(2, 1), &[0, 2]).assert(TOLERANCE);
    }

    #[test]
    #[should_panic = "in inputs"]
    fn no_samples_do_not_pass() {
        gradient_check(&drawn::<Dense<3, 2, f64>>(1), &CrossEntropy, &[], &[0; 0]).assert(TOLERANCE);
    }

    #[test]
    fn a_wrong_loss_is_caught() {
        /// The squared error with a gradient that lacks the factor 2.
        struct Halved;
        impl Loss<[f64; 2], [f64; 2]> for Halved {
            fn value(&self, output: &[f64; 2], target: &[f64; 2]) -> fnn::losses::Term<f64> {
                MeanSquaredError.value(output, target)
            }

            fn gradient(
                &self,
                output: &[f64; 2],
                target: &[f64; 2],
                gradient: &mut [f64; 2],
            ) -> fnn::losses::Term<f64> {
                let term = MeanSquaredError.gradient(output, target, gradient);
                *gradient = gradient.map(|g| g / 2.0);
                term
            }
        }
        let report = gradient_check(&drawn::<Dense<3, 2, f64>>(1), &Halved, &samples(3, 1), &samples::<[f64; 2]>(3, 2));
        approx::assert_relative_eq!(report.worst(), 0.5, max_relative = 1e-6);
    }
}

mod kinks {
    use super::*;

    type Rectifier = Activation<Relu, [f64; 4]>;

    #[test]
    fn elements_at_and_near_a_kink_are_excluded_and_the_report_says_so() {
        let inputs = [[0.0, 1.0, -1.0, 1e-6], [-1e-6, 1e-3, 1.0, -0.5]];
        let report = gradient_check(&Rectifier::new(), &MeanSquaredError, &inputs, &samples::<[f64; 4]>(2, 3));
        report.assert(TOLERANCE);
        let row = row(&report, "inputs");
        assert_eq!((row.elements, row.excluded), (8, 3), "{report}");
        let table = report.to_string();
        assert!(table.contains("3 of 8") && table.contains("excluded: the loss has a kink there"), "{table}");
    }

    #[test]
    fn nothing_is_said_of_kinks_where_there_are_none() {
        let report = gradient_check(&Rectifier::new(), &MeanSquaredError, &samples(3, 1), &samples::<[f64; 4]>(3, 3));
        assert!(!report.to_string().contains("kink"), "{report}");
    }

    #[test]
    #[should_panic = "in inputs"]
    fn what_is_excluded_altogether_does_not_pass() {
        gradient_check(&Rectifier::new(), &MeanAbsoluteError, &[[0.0; 4]], &[[1.0; 4]]).assert(TOLERANCE);
    }

    #[test]
    fn an_absolute_error_of_nothing_is_excluded() {
        let network = Dense::<1, 2, f64> { weight: [[1.0, 2.0]], bias: [0.5, 0.0] };
        let report = gradient_check(&network, &MeanAbsoluteError, &[[2.0], [1.0]], &[[2.5, 3.0], [0.0; 2]]);
        report.assert(TOLERANCE);
        assert_eq!(row(&report, "weight").excluded, 1, "{report}");
        assert_eq!(row(&report, "bias").excluded, 1, "{report}");
    }

    /// Hundreds of kinks around each weight: shorter steps avoid most of them.
    #[test]
    fn a_network_of_many_rectifiers_is_mostly_smooth() {
        fnn::network! { struct Rectified: [6] -> [3] { Dense(24), Relu, Dense(24), Relu, Dense(3) } }
        let report = check(&Rectified::<f64>::seeded(1));
        report.assert(TOLERANCE);
        report.for_each(&mut |name, row| assert!(row.excluded * 10 <= row.elements, "{name}\n{report}"));
    }
}
