//! A sample gives the same bits in any batch, and a training gives the same weights on all processors of a family.

#![cfg(feature = "std")]

#[path = "support/instruction_sets.rs"]
mod instruction_sets;
mod support;
#[path = "support/trainings.rs"]
mod trainings;

use fnn::layers::{Dense, Layer, Sample, zeroed};
use fnn::losses::{CrossEntropy, MeanSquaredError};
use fnn::optimizers::Adam;
use fnn::simd::InstructionSet;
use fnn::train::{GradientBuffers, Progress};
use fnn::{DataSet, Network, Random, Scalar, Trainer};
use instruction_sets::{assert_families, on_each};
use support::bits;
use trainings::numbers;

#[test]
fn an_instruction_set_can_be_selected() {
    let sets = on_each(|selected| (selected, InstructionSet::current()));
    assert!(!sets.is_empty() && sets.iter().all(|(set, (selected, current))| set == selected && set == current));
    // The best one is selected again, and the best one before it where there is no such one.
    let best = sets[0].0;
    let others = on_each(|set| (InstructionSet::Avx512.select(), InstructionSet::Neon.select(), set.select()));
    for (set, (highest, low, again)) in others {
        assert!(highest == best && (low <= InstructionSet::Neon || sets.len() == 1) && again == set);
    }
}

fn drawn<L: Layer>() -> Box<L> {
    let (mut random, mut layer) = (Random::new(7), L::zeroed_box());
    layer.parameters_mut().fill_with(|| L::Scalar::from_f64(2.0 * random.uniform() - 1.0));
    layer
}

/// Outputs and gradients of batches: bytes.
fn passes<L: Layer<Input: Sample<Element = L::Scalar>>>(layer: &L, batch: usize) -> Vec<f64> {
    let (inputs, targets) = (numbers::<_, L::Input>(batch, 1), numbers::<_, L::Output>(batch, 2));
    let mut gradient = L::zeroed_box();
    let mut by_inputs = vec![zeroed::<L::Input>(); batch];
    GradientBuffers::<L, 64>::boxed().gradients(
        layer,
        &MeanSquaredError,
        &inputs,
        &targets,
        &mut gradient,
        &mut by_inputs,
    );
    let outputs = layer.forward_all(&inputs);
    let all = [gradient.parameters(), L::Input::flat(&by_inputs), L::Output::flat(&outputs)];
    all.into_iter().flatten().map(|number| number.to_f64()).collect()
}

/// Batches of 1 to 40 give each sample the outputs that it has alone, and its input gradient; all instruction sets of a
/// family that are compared give the same.
fn check<L: Layer<Input: Sample<Element = L::Scalar>>>(what: &str, is_compared: fn(InstructionSet) -> bool) {
    let layer = drawn::<L>();
    let inputs = numbers::<_, L::Input>(40, 1);
    on_each(|set| {
        let single: Vec<_> = inputs.iter().map(|input| layer.forward(input)).collect();
        for batch in 1..=40 {
            assert!(layer.forward_all(&inputs[..batch]) == single[..batch], "{what}: a batch of {batch} on {set:?}");
        }
    });
    for batch in [1, 3, 8, 11, 33] {
        let mut results = on_each(|_| passes(&*layer, batch));
        results.retain(|(set, _)| is_compared(*set));
        assert_families(&results, &format!("{what}, batch of {batch}"));
    }
}

macro_rules! dense {
    ($($inputs:literal $outputs:literal),*) => {$(
        check::<Dense<$inputs, $outputs>>(concat!(stringify!($inputs), " to ", stringify!($outputs)), |_| true);
        check::<Dense<$inputs, $outputs, f64>>(concat!(stringify!($inputs), " to ", stringify!($outputs), " in f64"), |_| true);
    )*};
}

#[test]
fn dense_layers_sum_in_an_order_of_their_shape() {
    dense!(1 1, 3 2, 2 8, 8 1, 4 16, 5 16, 16 3, 20 10, 33 1, 64 32, 33 33, 61 97, 300 1, 200 10, 300 40, 20 200);
}

fnn::network! {
    /// A window larger than its plane.
    struct Large: [5, 3, 4] -> [20, 1, 3] { Conv2d(20, kernel = 6, padding = ((4, 4), (5, 4)), dilation = 2) }
}
fnn::network! {
    /// Phases that read few taps.
    struct Phases: [4, 9, 7] -> [18, 2, 4] { Conv2d(18, kernel = (7, 5), stride = (3, 2), padding = (1, 2)) }
}
fnn::network! {
    /// Rows of less than a vector.
    struct Short: [6, 12, 12] -> [5, 8, 8] { Conv2d(5, kernel = 5) }
}

#[test]
fn convolutions_sum_in_an_order_of_their_shape() {
    // The fused plain loops of convolutions add in another order than vectors.
    let is_vectors = |set| set != InstructionSet::Portable;
    check::<Large>("a window larger than its plane", is_vectors);
    check::<Phases>("a stride", is_vectors);
    check::<Short>("short rows", is_vectors);
}

/// The fingerprint of a set's family.
const fn expected(set: InstructionSet, [fused, unfused]: [u64; 2]) -> u64 {
    if set.is_fused() { fused } else { unfused }
}

/// The weights of two trainings, the same on every machine. That they are right is what other tests show.
#[test]
fn a_training_gives_the_same_weights_on_every_processor_of_a_family() {
    for (set, found) in on_each(|_| [1, 2].map(trainings::mixed)) {
        assert!(found == [expected(set, trainings::MIXED); 2], "{set:?}: {found:x?}");
    }
}

#[test]
fn a_training_of_planes_gives_the_same_weights_on_every_processor_of_a_family() {
    for (set, found) in on_each(|_| [trainings::planes(), trainings::usual()]) {
        // With the feature `fused`, convolutions of plain loops add in another order than those of vectors.
        if set != InstructionSet::Portable || !cfg!(feature = "fused") {
            assert!(
                found == [trainings::PLANES, trainings::USUAL].map(|family| expected(set, family)),
                "{set:?}: {found:#x?}"
            );
        }
    }
}

fnn::network! {
    struct Norms: [3, 7, 9] -> [4] { BatchNorm, Tanh, AvgPool2d(2), BatchNorm, Flatten, Dense(4) }
}

#[test]
fn statistics_of_a_batch_are_the_same_on_every_processor_of_a_family() {
    let inputs = numbers::<f32, [[[f32; 9]; 7]; 3]>(150, 5);
    let data: DataSet<_, usize> = inputs.into_iter().enumerate().map(|(index, input)| (input, index % 4)).collect();
    let trained = on_each(|_| {
        let trainer = Trainer::new(Norms::boxed(3), CrossEntropy, Adam::new(1e-2)).batch_size(50);
        bits(&*trainer.epochs(2).progress(Progress::Silent).fit(&data).unwrap().network)
    });
    assert_families(&trained, "batch norms of planes");
}
