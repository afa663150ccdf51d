//! Custom training loops: randomness that differs from step to step, and gradients from the caller's output gradients.

use std::sync::Mutex;

use approx::assert_relative_eq;
use fnn::layers::{Dense, Sample, zeroed};
use fnn::losses::{CrossEntropy, Loss, MeanSquaredError};
use fnn::optimizers::{Optimizer, Schedule, Sgd, State};
use fnn::train::{FineTune, FineTuneBuffers, GradientBuffers, InPlaceBuffers};
use fnn::{Network, Parameters, Random};

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Dropping: [2] -> [1] { hidden: Dense(32), Tanh, Dropout(0.5), out: Dense(1) }
}

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Mask: [16] -> [1] { Dropout(0.5), out: Dense(1) }
}

fnn::network! {
    #[split(Features, Head, at = mid)]
    #[derive(Clone, Debug, PartialEq)]
    struct Deep: [6] -> [3] {
        first: Dense(8),
        norm: LayerNorm,
        Relu,
        mid: Dense(7),
        Dropout(0.3),
        skip: Residual { Dense(5), Tanh, Dropout(0.2), Dense(7) },
        Concat { { Dense(4), Dropout(0.25) }, { Dense(2) } },
        logits: Dense(3),
    }
}

fn samples<A: Sample<Element = S>, S: fnn::Scalar, const N: usize>(seed: u64) -> [A; N] {
    let (mut random, mut samples) = (Random::new(seed), [zeroed::<A>(); N]);
    A::flat_mut(&mut samples).fill_with(|| S::from_f64(random.uniform() * 2.0 - 1.0));
    samples
}

#[track_caller]
fn assert_same_bits(one: &impl Parameters<Scalar = f32>, other: &impl Parameters<Scalar = f32>) {
    let bits = |weights: &[f32]| weights.iter().map(|weight| weight.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(one.parameters()), bits(other.parameters()));
}

#[test]
fn every_hidden_unit_trains() {
    let start = Dropping::seeded(1);
    let (mut network, mut in_place, mut gradient) = (start.clone(), start.clone(), Dropping::zeroed());
    let mut buffers = GradientBuffers::<Dropping, 1>::new();
    let mut less = InPlaceBuffers::<Dropping, 1>::new();
    let (sgd, mut state, mut random) = (Sgd::new(0.01), State::new(), Random::new(2));
    for _ in 0..100 {
        let input = [random.uniform() as f32, random.uniform() as f32];
        let target = [input[0] - input[1]];
        buffers.gradient(&network, &MeanSquaredError, &[input], &[target], &mut gradient);
        sgd.step(&mut network, &gradient, &mut state);
        less.train(&mut in_place, &MeanSquaredError, &sgd, &[input], &[target]);
    }
    for trained in [&network, &in_place] {
        let moved = (0..32).filter(|&unit| trained.hidden.bias[unit] != start.hidden.bias[unit]).count();
        assert_eq!(moved, 32);
    }
    assert_eq!((buffers.steps(), less.steps()), (100, 100));
}

/// Which of 16 inputs of 1 are dropped, for each of four samples: where the input gradient is 0.
fn masks<const B: usize>(buffers: &mut GradientBuffers<Mask, B>) -> [[bool; 16]; 4] {
    let (mut network, mut by_inputs) = (Mask::zeroed(), [[0.0; 16]; 4]);
    network.out.weight = [[1.0]; 16];
    let mut gradient = Mask::zeroed();
    buffers.gradients(&network, &MeanSquaredError, &[[1.0; 16]; 4], &[[99.0]; 4], &mut gradient, &mut by_inputs);
    by_inputs.map(|gradient| gradient.map(|gradient| gradient == 0.0))
}

#[test]
fn masks_differ_between_samples_blocks_and_steps_and_follow_from_seed_and_step() {
    let mut buffers = GradientBuffers::<Mask, 2>::new();
    let calls = [(); 3].map(|()| masks(&mut buffers));
    let all: Vec<_> = calls.iter().flatten().collect();
    for (index, mask) in all.iter().enumerate() {
        assert!(!all[..index].contains(mask), "sample {index} drops what another does");
        assert!((1..16).contains(&mask.iter().filter(|&&dropped| dropped).count()));
    }
    // Buffers of another size, set to the seed and step of the loop.
    let mut resumed = GradientBuffers::<Mask, 3>::new();
    resumed.set_steps(2);
    assert_eq!(masks(&mut resumed), calls[2]);
    assert_eq!((resumed.seed(), resumed.steps()), (0, 3));
    resumed.set_steps(0);
    assert_eq!(masks(&mut resumed), calls[0]);
    resumed.set_steps(0);
    resumed.set_seed(1);
    assert_ne!(masks(&mut resumed), calls[0]);
}

#[test]
fn training_in_place_drops_the_same() {
    let (inputs, targets) = (samples::<[f32; 6], f32, 4>(1), [0, 1, 2, 1]);
    let optimizer = Sgd::new(0.1).scheduled(Schedule::exponential(0.9));
    for seed in [0, 5] {
        let (mut ordinary, mut in_place) = (Deep::seeded(1), Deep::seeded(1));
        let whole = Deep::seeded(1);
        let (frozen, head) = whole.split();
        let mut tuned = FineTune { frozen, head: head.clone() };
        let mut by_head = tuned.head.clone();
        let mut buffers = GradientBuffers::<Deep, 4>::new();
        let mut less = InPlaceBuffers::<Deep, 4>::new();
        let mut tuning = FineTuneBuffers::<Features, Head, 4>::new();
        let mut alone = InPlaceBuffers::<Head, 4>::new();
        buffers.set_seed(seed);
        less.set_seed(seed);
        tuning.head.set_seed(seed);
        alone.set_seed(seed);
        let (mut gradient, mut state) = (Deep::zeroed(), State::new());
        for step in 0..12 {
            if step == 6 {
                // As if the loop resumed.
                less = InPlaceBuffers::new();
                less.set_seed(seed);
                less.set_steps(6);
            }
            let loss = buffers.gradient(&ordinary, &CrossEntropy, &inputs, &targets, &mut gradient);
            optimizer.step(&mut ordinary, &gradient, &mut state);
            assert_eq!(less.train(&mut in_place, &CrossEntropy, &optimizer, &inputs, &targets), loss, "step {step}");
            assert_same_bits(&ordinary, &in_place);

            tuning.train(&mut tuned, &CrossEntropy, &optimizer, &inputs, &targets);
            let features = inputs.map(|input| tuned.frozen.forward(&input));
            alone.train(&mut by_head, &CrossEntropy, &optimizer, &features, &targets);
            // One sample at a time rounds differently than four.
            assert_relative_eq!(tuned.head.parameters(), by_head.parameters(), epsilon = 1e-5);
        }
        assert_eq!((tuning.head.steps(), alone.steps()), (12, 12));
    }
}

static BUFFERS: Mutex<GradientBuffers<Dropping, 1>> = Mutex::new(GradientBuffers::new());
static IN_PLACE: Mutex<InPlaceBuffers<Dropping, 1>> = Mutex::new(InPlaceBuffers::new());
static FINE_TUNE: Mutex<FineTuneBuffers<Features, Head, 1>> = Mutex::new(FineTuneBuffers::new());
static MOMENTUM: Mutex<FineTuneBuffers<Features, Head, 1, 1>> = Mutex::new(FineTuneBuffers::new());
static STATE: Mutex<State<Dropping, 2>> = Mutex::new(State::new());
static NETWORK: Mutex<Dropping> = Mutex::new(Dropping::zeroed());
static WORKSPACE: Mutex<<Dropping as fnn::Layer>::Workspace<1>> = Mutex::new(fnn::layers::zeroed());

#[test]
fn buffers_and_states_live_in_statics() {
    assert_eq!(BUFFERS.lock().unwrap().steps(), 0);
    assert_eq!(IN_PLACE.lock().unwrap().steps(), 0);
    assert_eq!(FINE_TUNE.lock().unwrap().head.steps(), 0);
    assert_eq!(MOMENTUM.lock().unwrap().head.steps(), 0);
    assert_eq!(*STATE.lock().unwrap(), State::new());
}

/// Arrays of numbers are weights and memory; only weights have the method.
#[test]
fn arrays_and_networks_start_as_zeros_where_both_traits_are_imported() {
    use fnn::Parameters;
    use fnn::layers::{Pod, zeroed_box};

    fn bytes<T: Pod>(_: &T) -> usize {
        T::INITIALIZED
    }
    let array = <[f32; 4]>::zeroed();
    assert_eq!((array, bytes(&array)), ([0.0; 4], 16));
    assert_eq!((zeroed::<[f32; 4]>(), *zeroed_box::<[f32; 4]>(), *<[f32; 4]>::zeroed_box()), (array, array, array));
    assert!(Dropping::zeroed().parameters().iter().all(|&weight| weight == 0.0));
    assert_eq!(f32::zeroed(), 0.0);
}

#[test]
fn a_network_in_a_static_gets_its_initial_weights_in_place() {
    let (mut network, expected) = (NETWORK.lock().unwrap(), Dropping::seeded(3));
    assert!(network.parameters().iter().all(|&weight| weight == 0.0));
    for earlier in [0.0, f32::NAN] {
        network.parameters_mut().fill(earlier);
        network.reseed(3);
        assert_same_bits(&*network, &expected);
    }
    let (inputs, mut outputs) = (samples::<_, f32, 1>(1), [fnn::layers::zeroed()]);
    network.forward_into(&inputs, &mut outputs, &mut WORKSPACE.lock().unwrap());
    assert_eq!(outputs[0], expected.forward(&inputs[0]));
}

/// Bit for bit for one sample, whose mean is itself; up to rounding for several.
#[test]
fn a_gradient_from_output_gradients_is_that_by_the_loss() {
    let (inputs, targets) = (samples::<[f32; 6], f32, 4>(1), [0, 1, 2, 1]);
    let network = Deep::seeded(1);
    for count in [1, 3, 4] {
        let (inputs, targets) = (&inputs[..count], &targets[..count]);
        let (mut expected, mut found) = (Deep::zeroed(), Deep::zeroed());
        let (mut by_inputs, mut by_same_inputs) = ([[0.0; 6]; 4], [[0.0; 6]; 4]);
        let mut buffers = GradientBuffers::<Deep, 4>::new();
        let loss = buffers.gradients(&network, &CrossEntropy, inputs, targets, &mut expected, &mut by_inputs[..count]);

        buffers.set_steps(0);
        let pass = buffers.forward(&network, inputs);
        let (mut output_gradients, mut sum) = (vec![[0.0; 3]; count], 0.0);
        for ((output, target), gradient) in pass.outputs().iter().zip(targets).zip(&mut output_gradients) {
            sum += CrossEntropy.gradient(output, target, gradient).loss;
            *gradient = gradient.map(|gradient| gradient / count as f32);
        }
        assert_relative_eq!(sum / count as f32, loss, max_relative = 1e-6);
        pass.backward_to_inputs(&output_gradients, &mut found, &mut by_same_inputs[..count]);
        if count == 1 {
            assert_same_bits(&found, &expected);
            assert_eq!(by_same_inputs, by_inputs);
        }
        assert_relative_eq!(found.parameters(), expected.parameters(), epsilon = 1e-6);
        assert_relative_eq!(Sample::flat(&by_same_inputs), Sample::flat(&by_inputs), epsilon = 1e-6);
        assert_eq!(buffers.steps(), 1);
    }
}

#[test]
fn an_output_without_a_gradient_counts_as_zero_and_no_sample_gives_zeros() {
    let (network, inputs) = (Deep::seeded(1), samples::<[f32; 6], f32, 2>(1));
    let (mut one, mut two) = (Deep::zeroed(), Deep::zeroed());
    let mut buffers = GradientBuffers::<Deep, 2>::new();
    buffers.forward(&network, &inputs).backward(&[[1.0, 2.0, 3.0]], &mut one);
    buffers.set_steps(0);
    buffers.forward(&network, &inputs).backward(&[[1.0, 2.0, 3.0], [0.0; 3]], &mut two);
    assert_same_bits(&one, &two);
    assert!(one.parameters().iter().any(|&gradient| gradient != 0.0));
    one.parameters_mut().fill(f32::NAN);
    buffers.forward(&network, &[]).backward(&[], &mut one);
    assert_same_bits(&one, &Deep::zeroed());
}

#[test]
fn input_gradients_that_belong_to_no_sample_stay_as_they_are() {
    let (network, mut gradient) = (Dense::<1, 1> { weight: [[3.0]], bias: [0.0] }, Dense::zeroed());
    let mut by_inputs = [[7.0]; 4];
    let (inputs, targets) = ([[1.0], [2.0], [5.0]], [[2.0]; 2]);
    let mut buffers = GradientBuffers::<_, 2>::new();
    buffers.gradients(&network, &MeanSquaredError, &inputs, &targets, &mut gradient, &mut by_inputs);
    // 2·(3 − 2)·3 / 2, and 2·(6 − 2)·3 / 2
    assert_eq!(by_inputs, [[3.0], [12.0], [7.0], [7.0]]);
}

/// `∂f/∂w` of every weight, by central differences.
fn differences<P: Parameters<Scalar = f64>>(network: &mut P, mut f: impl FnMut(&P) -> f64) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let mut slopes = Vec::new();
    for index in 0..P::PARAMETERS {
        let before = network.parameters()[index];
        let [above, below] = [before + STEP, before - STEP].map(|weight| {
            network.parameters_mut()[index] = weight;
            f(network)
        });
        network.parameters_mut()[index] = before;
        slopes.push((above - below) / (2.0 * STEP));
    }
    slopes
}

fnn::network! {
    #[derive(Clone)]
    struct Generator: [2] -> [3] { Dense(5), Tanh, out: Dense(3) }
}

fnn::network! {
    #[derive(Clone)]
    struct Discriminator: [3] -> [1] { Dense(4), Silu, Residual { Dense(4), Tanh }, out: Dense(1) }
}

/// Goodfellow and others, "Generative adversarial nets", NeurIPS 2014: the generator's loss `−ln σ(D(G(z)))`.
#[test]
fn a_generator_is_trained_through_its_discriminator() {
    let mut generator = Generator::<f64>::seeded(1);
    let discriminator = Discriminator::<f64>::seeded(2);
    let noise = samples::<[f64; 2], f64, 3>(3);
    let (mut of_generator, mut of_discriminator) = (GradientBuffers::<_, 3>::new(), GradientBuffers::<_, 3>::new());
    let (mut gradient, mut unused) = (Generator::<f64>::zeroed(), Discriminator::<f64>::zeroed());

    let generated = of_generator.forward(&generator, &noise);
    let scores = of_discriminator.forward(&discriminator, generated.outputs());
    let slopes: Vec<[f64; 1]> = scores.outputs().iter().map(|&[score]| [-1.0 / (1.0 + score.exp())]).collect();
    let mut by_generated = [[0.0; 3]; 3];
    scores.backward_to_inputs(&slopes, &mut unused, &mut by_generated);
    generated.backward(&by_generated, &mut gradient);

    let expected = differences(&mut generator, |generator| {
        let loss = |noise| {
            let [score] = discriminator.forward(&generator.forward(noise));
            (-score).exp().ln_1p()
        };
        noise.iter().map(loss).sum()
    });
    assert_relative_eq!(gradient.parameters(), &expected[..], epsilon = 1e-9, max_relative = 1e-6);
}

/// Chopra, Hadsell and LeCun, "Learning a similarity metric discriminatively", CVPR 2005: one network, used twice.
#[test]
fn weights_that_are_used_twice_add_up_their_gradients() {
    let mut network = Generator::<f64>::seeded(1);
    let [one, other] = samples::<[f64; 2], f64, 2>(4);
    let distance = |network: &Generator<f64>| {
        let (one, other) = (network.forward(&one), network.forward(&other));
        one.iter().zip(other).map(|(one, other)| (one - other) * (one - other)).sum::<f64>()
    };
    let (mut first, mut second) = (GradientBuffers::<_, 1>::new(), GradientBuffers::<_, 1>::new());
    let (one, other) = ([one], [other]);
    let (one, other) = (first.forward(&network, &one), second.forward(&network, &other));
    let difference: [f64; 3] = core::array::from_fn(|i| 2.0 * (one.outputs()[0][i] - other.outputs()[0][i]));
    let mut gradient = Generator::<f64>::zeroed();
    one.backward(&[difference], &mut gradient);
    other.adding().backward(&[difference.map(|slope| -slope)], &mut gradient);
    let expected = differences(&mut network, distance);
    assert_relative_eq!(gradient.parameters(), &expected[..], epsilon = 1e-9, max_relative = 1e-6);
}

/// Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015: a weighted sum of the losses for the classes
/// and for the teacher's probabilities. Both are cross-entropies, so the gradient of the logits is
/// `0.3·(p − one-hot) + 0.7·(p − teacher's)`.
#[test]
fn two_losses_are_one_gradient() {
    let softmax = |logits: &[f64; 3]| {
        let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
        logits.map(|logit| logit.exp() / total)
    };
    let (teacher, student) = (Dense::<4, 3, f64>::seeded(1), Dense::<4, 3, f64>::seeded(2));
    let inputs = samples::<[f64; 4], f64, 2>(5);
    let classes = [2, 0];
    let soft = inputs.map(|input| softmax(&teacher.forward(&input)));

    let mut buffers = GradientBuffers::<_, 2>::new();
    let mut gradient = Dense::zeroed();
    let pass = buffers.forward(&student, &inputs);
    let (mut by_class, mut by_teacher) = ([[0.0; 3]; 2], [[0.0; 3]; 2]);
    for (n, output) in pass.outputs().iter().enumerate() {
        CrossEntropy.gradient(output, &classes[n], &mut by_class[n]);
        CrossEntropy.gradient(output, &soft[n], &mut by_teacher[n]);
    }
    let both = [0, 1].map(|n| core::array::from_fn(|i| 0.3 * by_class[n][i] + 0.7 * by_teacher[n][i]));
    pass.backward(&both, &mut gradient);

    let mut expected = Dense::<4, 3, f64>::zeroed();
    for (n, input) in inputs.iter().enumerate() {
        let p = softmax(&student.forward(input));
        for o in 0..3 {
            let hard = if classes[n] == o { 1.0 } else { 0.0 };
            let slope = 0.3 * (p[o] - hard) + 0.7 * (p[o] - soft[n][o]);
            expected.bias[o] += slope;
            for (weight, x) in expected.weight.iter_mut().zip(input) {
                weight[o] += x * slope;
            }
        }
    }
    assert_relative_eq!(gradient.parameters(), expected.parameters(), max_relative = 1e-12);
}

/// A vector across the end of a cache line is two accesses.
#[test]
#[cfg(all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn buffers_begin_with_a_cache_line() {
    type Buffers = InPlaceBuffers<Deep, 16, 1>;
    let network = Deep::seeded(1);
    // Among other memory of all sizes.
    let others: Vec<_> = (0..20).map(|index| vec![0_u8; 1 << index]).collect();
    for _ in others {
        let mut buffers = GradientBuffers::<Deep, 16>::boxed();
        let mut pass = buffers.forward(&network, &[[0.5; 6]; 16]);
        assert!(pass.outputs().as_ptr().addr().is_multiple_of(64));
        assert!(pass.output_gradients().as_ptr().addr().is_multiple_of(64));
        assert!(Buffers::boxed().slots_mut().as_ptr().addr().is_multiple_of(64));
    }
    assert_eq!(align_of::<FineTuneBuffers<Features, Head, 16>>(), 64);
}
