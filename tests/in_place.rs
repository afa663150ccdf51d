//! Training in place gives the same weights as the ordinary step, bit for bit, in less memory.

use fnn::layers::zeroed;
use fnn::{
    Network, Parameters, Random,
    layers::Sample,
    losses::{CrossEntropy, MeanSquaredError},
    optimizers::{Adam, Optimizer, Schedule, Sgd, State},
    train::{GradientBuffers, InPlaceBuffers},
};

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Inner<const HIDDEN: usize>: [12] -> [5] {
        Dense(HIDDEN),
        Tanh,
        Dense(5),
    }
}

fnn::network! {
    /// Every combination of consecutive layers.
    #[derive(Clone, Debug, PartialEq)]
    struct Mixed: [1, 6, 6] -> [5] {
        conv: Conv2d(3, kernel = 3, bias = false),
        norm: BatchNorm,
        Relu,
        pool: MaxPool2d(2),
        Flatten,
        slopes: PRelu,
        skip: Residual { Dense(6), Silu, Dense(12) },
        Concat { { Slice(2, 9), Dense(8), Clip(-1.0, 1.0) }, { Dense(4), Relu } },
        Sum { { Dense(12), Clip(max = 0.5) }, {}, { Dense(12), Tanh } },
        inner: Inner<7>,
    }
}

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Tiny: [2] -> [2] { Dense(3), Tanh, Dense(2, bias = false) }
}

fnn::network! {
    /// Widths that are no multiple of a vector or of a register block.
    #[derive(Clone, Debug, PartialEq)]
    struct Wide: [5] -> [3] { Dense(71), Tanh, Dense(39), Relu, Dense(3) }
}

fnn::network! {
    /// More layers than the compiler's limit for nested types.
    struct Tall: [1] -> [70] {
        Dense(1), Dense(2), Dense(3), Dense(4), Dense(5), Dense(6), Dense(7), Dense(8), Dense(9), Dense(10),
        Dense(11), Dense(12), Dense(13), Dense(14), Dense(15), Dense(16), Dense(17), Dense(18), Dense(19), Dense(20),
        Dense(21), Dense(22), Dense(23), Dense(24), Dense(25), Dense(26), Dense(27), Dense(28), Dense(29), Dense(30),
        Dense(31), Dense(32), Dense(33), Dense(34), Dense(35), Dense(36), Dense(37), Dense(38), Dense(39), Dense(40),
        Dense(41), Dense(42), Dense(43), Dense(44), Dense(45), Dense(46), Dense(47), Dense(48), Dense(49), Dense(50),
        Dense(51), Dense(52), Dense(53), Dense(54), Dense(55), Dense(56), Dense(57), Dense(58), Dense(59), Dense(60),
        Dense(61), Dense(62), Dense(63), Dense(64), Dense(65), Dense(66), Dense(67), Dense(68), Dense(69), Dense(70),
    }
}

/// Numbers between −1 and 1.
fn samples<A: Sample<Element = f32>, const N: usize>(random: &mut Random) -> [A; N] {
    let mut samples = [zeroed::<A>(); N];
    A::flat_mut(&mut samples).fill_with(|| random.uniform() as f32 * 2.0 - 1.0);
    samples
}

fn same_bits(one: &impl Parameters<Scalar = f32>, other: &impl Parameters<Scalar = f32>) -> bool {
    let bits = |weight: &f32| weight.to_bits();
    one.parameters().iter().map(bits).eq(other.parameters().iter().map(bits))
}

#[test]
fn every_step_comes_to_the_same_bits() {
    let mut random = Random::new(1);
    let optimizer = Sgd::new(0.05).weight_decay(1e-2).scheduled(Schedule::cosine(20).warm_up(3));
    let mut ordinary = Mixed::seeded(2);
    let mut in_place = ordinary.clone();
    let mut gradient = Mixed::zeroed();
    let mut state = State::new();
    let mut memory = GradientBuffers::<Mixed, 4>::new();
    let mut less = InPlaceBuffers::<Mixed, 4>::new();
    for step in 0..20 {
        let inputs = samples::<_, 4>(&mut random);
        let targets = [0, 1, 2, 3 + step % 2];
        let count = 1 + step % 4;
        let (inputs, targets) = (&inputs[..count], &targets[..count]);
        let loss = memory.gradient(&ordinary, &CrossEntropy, inputs, targets, &mut gradient);
        optimizer.step(&mut ordinary, &gradient, &mut state);
        assert_eq!(less.train(&mut in_place, &CrossEntropy, &optimizer, inputs, targets), loss);
        assert!(same_bits(&ordinary, &in_place), "step {step}");
    }
    assert!(!same_bits(&ordinary, &Mixed::seeded(2)));
}

/// The same weights, loss and slots as by the ordinary step, for an optimizer with slots.
fn check_slots<const SLOTS: usize, const B: usize>(optimizer: &impl Optimizer<SLOTS>) {
    let mut random = Random::new(6);
    let mut ordinary = Wide::seeded(2);
    let mut in_place = ordinary.clone();
    let (mut gradient, mut state) = (Wide::zeroed(), State::<_, SLOTS>::new());
    let mut memory = GradientBuffers::<Wide, B>::new();
    let mut less = InPlaceBuffers::<Wide, B, SLOTS>::new();
    for step in 0..12 {
        if step == 6 {
            // As if the loop resumed.
            let slots = less.slots_mut().each_ref().map(Wide::clone);
            less = InPlaceBuffers::new();
            *less.slots_mut() = slots;
            less.set_steps(6);
        }
        let (inputs, targets) = (samples::<[f32; 5], B>(&mut random), [step % 3; B]);
        let loss = memory.gradient(&ordinary, &CrossEntropy, &inputs, &targets, &mut gradient);
        optimizer.step(&mut ordinary, &gradient, &mut state);
        assert_eq!(less.train(&mut in_place, &CrossEntropy, optimizer, &inputs, &targets).to_bits(), loss.to_bits());
        assert!(same_bits(&ordinary, &in_place), "step {step}");
        assert!(state.slots.iter().zip(less.slots_mut()).all(|(one, other)| same_bits(one, other)), "step {step}");
    }
    assert!(SLOTS == 0 || less.slots_mut()[0].parameters().iter().any(|&slot| slot != 0.0));
}

#[test]
fn optimizers_with_slots_come_to_the_same_bits() {
    check_slots::<0, 1>(&Sgd::new(0.05));
    check_slots::<1, 1>(&Sgd::new(0.05).weight_decay(1e-2).momentum(0.9).nesterov());
    check_slots::<1, 3>(&Sgd::new(0.05).momentum(0.9).decay_weights_only());
    check_slots::<2, 1>(&Adam::new(0.01).scheduled(Schedule::cosine(20)));
    check_slots::<2, 3>(&Adam::new(0.01));
}

/// Blocks, norms and nested networks have their slots, too.
#[test]
fn momentum_in_every_kind_of_layer() {
    let mut random = Random::new(8);
    let optimizer = Sgd::new(0.02).momentum(0.8);
    let mut ordinary = Mixed::seeded(2);
    let mut in_place = ordinary.clone();
    let (mut gradient, mut state) = (Mixed::zeroed(), State::new());
    let (mut memory, mut less) = (GradientBuffers::<Mixed, 4>::new(), InPlaceBuffers::<Mixed, 4, 1>::new());
    for step in 0..10 {
        let (inputs, targets) = (samples::<_, 4>(&mut random), [0, 1, 2, 3 + step % 2]);
        memory.gradient(&ordinary, &CrossEntropy, &inputs, &targets, &mut gradient);
        optimizer.step(&mut ordinary, &gradient, &mut state);
        less.train(&mut in_place, &CrossEntropy, &optimizer, &inputs, &targets);
        assert!(same_bits(&ordinary, &in_place), "step {step}");
    }
}

#[test]
fn more_samples_than_there_is_room_for_are_more_steps() {
    let mut random = Random::new(3);
    let (inputs, targets) = (samples::<[f32; 2], 5>(&mut random), samples::<[f32; 2], 5>(&mut random));
    let optimizer = Sgd::new(0.1);
    let (mut at_once, mut one_by_one) = (Tiny::seeded(1), Tiny::seeded(1));
    let loss = InPlaceBuffers::<_, 2>::new().train(&mut at_once, &MeanSquaredError, &optimizer, &inputs, &targets);
    let mut memory = InPlaceBuffers::<_, 2>::new();
    let mut sum = 0.0;
    for (inputs, targets) in inputs.chunks(2).zip(targets.chunks(2)) {
        sum += memory.train(&mut one_by_one, &MeanSquaredError, &optimizer, inputs, targets) * inputs.len() as f32;
    }
    assert!(same_bits(&at_once, &one_by_one));
    assert!((loss - sum / 5.0).abs() < 1e-6);

    let before = at_once.clone();
    let nothing = InPlaceBuffers::<_, 2>::new().train(&mut at_once, &MeanSquaredError, &optimizer, &inputs, &[]);
    assert!(nothing == 0.0 && same_bits(&at_once, &before));
}

#[test]
fn networks_in_f64_train_too() {
    let (input, target) = ([[0.5, -0.25]], [[1.0, 0.0]]);
    let mut network: Tiny<f64> = Network::seeded(1);
    let (mut ordinary, mut gradient) = (network.clone(), Parameters::zeroed());
    let optimizer = Sgd::new(0.1);
    InPlaceBuffers::<_, 1>::new().train(&mut network, &MeanSquaredError, &optimizer, &input, &target);
    GradientBuffers::<_, 1>::new().gradient(&ordinary, &MeanSquaredError, &input, &target, &mut gradient);
    optimizer.step(&mut ordinary, &gradient, &mut State::new());
    assert_eq!(network, ordinary);
}

/// The weights, the seed and the step count, the outputs and their gradient, the tape, a buffer for the gradient between the
/// stages, and the largest layer: 2·3 + 3 numbers.
#[test]
fn only_one_layer_s_gradient_is_held() {
    let numbers = (9 + 6) + (2 + 2) + 3 + 3 + 9;
    assert_eq!(Tiny::RAM_TRAINING_IN_PLACE, 4 * numbers + 16);
    assert_eq!(Tiny::RAM_TRAINING, 4 * (2 * (9 + 6) + (2 + 2) + 3 + 3) + 16);
    // Where vectors are as wide as a cache line, each part is aligned to one.
    let aligned = |bytes: usize| bytes.next_multiple_of(align_of::<InPlaceBuffers<Tiny, 3>>());
    let bytes = aligned(4 * 3 * (2 + 2 + 3 + 3)) + aligned(4 * 9);
    assert_eq!(size_of::<InPlaceBuffers<Tiny, 3>>(), aligned(bytes + 16));
    assert_eq!(size_of::<InPlaceBuffers<Tiny, 3, 2>>(), aligned(bytes + aligned(2 * Tiny::FLASH) + 16));
}

#[test]
fn one_sample_at_a_time_and_a_decay_without_biases() {
    let mut random = Random::new(4);
    let optimizer = Sgd::new(0.05).weight_decay(0.1).decay_weights_only();
    let mut ordinary = Wide::seeded(5);
    let mut in_place = ordinary.clone();
    let (mut gradient, mut state) = (Wide::zeroed(), State::new());
    let mut memory = GradientBuffers::<Wide, 1>::new();
    let mut less = InPlaceBuffers::<Wide, 1>::new();
    for step in 0..20 {
        let (inputs, targets) = (samples::<[f32; 5], 1>(&mut random), [step % 3]);
        let loss = memory.gradient(&ordinary, &CrossEntropy, &inputs, &targets, &mut gradient);
        optimizer.step(&mut ordinary, &gradient, &mut state);
        assert_eq!(less.train(&mut in_place, &CrossEntropy, &optimizer, &inputs, &targets).to_bits(), loss.to_bits());
        assert!(same_bits(&ordinary, &in_place), "step {step}");
    }
}

#[test]
fn many_layers_of_different_types() {
    let mut network = Tall::zeroed();
    let mut memory = InPlaceBuffers::<Tall, 1>::new();
    // At first, only the last layer's biases leave zero: each moves a fiftieth of the way from 0 to 1.
    let loss = memory.train(&mut network, &MeanSquaredError, &Sgd::new(0.7), &[[1.0]], &[[1.0; 70]]);
    assert_eq!(loss, 1.0);
    assert!(network.forward(&[1.0]).iter().all(|&output| (output - 0.02).abs() < 1e-6));
}
