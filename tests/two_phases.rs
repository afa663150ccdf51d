//! The trainer computes the weight gradients of dense layers after the backward pass, over all samples of a mini-batch.

#![cfg(feature = "std")]

mod support;

use fnn::data::Source;
use fnn::layers::{Deferral, Deferred, Dense, Flatten, Gradient, Layer, Part, Pass, Recorded};
use fnn::losses::{CrossEntropy, Loss, Term};
use fnn::optimizers::{Adam, Clip, Optimizer, Penalty, Schedule, Sgd, State};
use fnn::simd::Simd;
use fnn::train::{GradientBuffers, Progress};
use fnn::{DataSet, InvalidSetting, Network, Parameters, Random, Scalar, Trainer};
use support::{bits, classes};

/// The loss t·y, whose gradient is t, whatever the output.
struct Product;

impl Loss<[f32; 40], [f32; 40]> for Product {
    fn value(&self, output: &[f32; 40], target: &[f32; 40]) -> Term<f32> {
        Term { loss: output.iter().zip(target).map(|(y, t)| y * t).sum(), weight: 1.0 }
    }

    fn gradient(&self, output: &[f32; 40], target: &[f32; 40], gradient: &mut [f32; 40]) -> Term<f32> {
        *gradient = *target;
        self.value(output, target)
    }
}

/// The weights after a step of rate 1 from zero, with each gradient summed from the first sample to the last.
fn step(data: &DataSet<[f32; 33], [f32; 40]>, multiply_add: impl Fn(f32, f32, f32) -> f32) -> Box<Dense<33, 40>> {
    let (mut network, factor) = (Dense::<33, 40>::zeroed_box(), 1.0 / data.len() as f32);
    for (x, t) in data.inputs().iter().zip(data.targets()) {
        for (row, &x) in network.weight.iter_mut().zip(x) {
            row.iter_mut().zip(t).for_each(|(sum, &t)| *sum = multiply_add(x, t, *sum));
        }
        network.bias.iter_mut().zip(t).for_each(|(sum, &t)| *sum += t);
    }
    network.parameters_mut().iter_mut().for_each(|weight| *weight = 0.0 - *weight * factor);
    network
}

/// With multiply-adds that round once or twice: of these two orders, a processor has one.
#[test]
fn a_weight_gradient_is_summed_in_the_order_of_the_samples_whatever_the_chunks_blocks_and_threads() {
    let mut random = Random::new(1);
    let mut numbers = || random.normal() as f32;
    for samples in [1, 31, 33, 100, 300, 1000] {
        let sample = |_| (core::array::from_fn(|_| numbers()), core::array::from_fn(|_| numbers()));
        let data: DataSet<[f32; 33], [f32; 40]> = (0..samples).map(sample).collect();
        let [fused, unfused] =
            [step(&data, f32::mul_add), step(&data, |x, y, sum| sum + x * y)].map(|network| bits(&*network));
        for threads in [1, 3] {
            let trainer = Trainer::new(Dense::<33, 40>::zeroed_box(), Product, Sgd::new(1.0)).batch_size(samples);
            let trained = trainer.shuffle(false).threads(threads).progress(Progress::Silent).fit(&data).unwrap();
            let found = bits(&*trained.network);
            assert!(found == fused || found == unfused, "{samples} samples on {threads} threads");
        }
    }
}

/// An optimizer of which the library knows no more than what it does.
#[derive(Clone)]
struct Unknown<O>(O);

impl<O: Optimizer<SLOTS>, const SLOTS: usize> Optimizer<SLOTS> for Unknown<O> {
    fn update<V: Simd, S: Scalar>(
        &self,
        simd: V,
        step: u64,
        weights: &mut [S],
        gradient: &[S],
        slots: [&mut [S]; SLOTS],
    ) {
        self.0.update(simd, step, weights, gradient, slots);
    }

    fn learning_rate(&self) -> f64 {
        self.0.learning_rate()
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self(self.0.with_learning_rate(learning_rate))
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        self.0.validate::<S>()
    }
}

fnn::network! {
    struct Wide: [33] -> [10] { first: Dense(80), Relu, second: Dense(40), Tanh, logits: Dense(10) }
}

/// Weights move along the gradient in registers if the library knows the optimizer, and along one in memory otherwise.
#[test]
fn an_optimizer_that_the_library_knows_gives_the_bits_of_one_that_it_does_not() {
    fn check<const SLOTS: usize>(optimizer: &impl Optimizer<SLOTS>) {
        let data = classes::<33, 10>(300, 2);
        for batch in [64, 40, 300] {
            for threads in [1, 2] {
                let known = Trainer::new(Wide::boxed(5), CrossEntropy, optimizer.clone()).batch_size(batch).epochs(2);
                let known = known.threads(threads).progress(Progress::Silent).fit(&data).unwrap().network;
                let unknown = Trainer::new(Wide::boxed(5), CrossEntropy, Unknown(optimizer.clone()));
                let unknown = unknown.batch_size(batch).epochs(2).threads(threads).progress(Progress::Silent);
                assert_eq!(bits(&*known), bits(&*unknown.fit(&data).unwrap().network), "{batch}, {threads} threads");
            }
        }
    }
    check(&Sgd::new(0.1));
    check(&Sgd::new(0.1).decay_weights_only());
    check(&Sgd::new(0.1).scheduled(Schedule::cosine(20).warm_up(3)));
    check(&Adam::new(0.01));
}

fnn::network! {
    struct Encoder: [20] -> [30] { wide: Dense(64), Tanh, narrow: Dense(30) }
}

fnn::network! {
    /// Layers that wait, that don't, and that contain both; views, and activations with and without a buffer.
    struct Mixed: [20] -> [4] {
        encoder: Encoder,
        norm: LayerNorm,
        Gelu,
        Reshape(3, 10),
        conv: Conv1d(4, kernel = 3),
        Relu,
        Flatten,
        first: Dense(50, bias = false),
        Relu,
        Residual { inside: Dense(50), Relu },
        small: Dense(6),
        slope: PRelu,
        second: Dense(180),
        Sigmoid,
        logits: Dense(4),
    }
}

/// Steps of the trainer, and of a loop with a gradient in memory, in 64 bits.
fn assert_steps_are_those_of_a_loop<const SLOTS: usize>(
    optimizer: &impl Optimizer<SLOTS>,
    batch_size: usize,
    clip: Option<Clip>,
    penalty: Option<Penalty>,
) {
    let data = classes::<20, 4>(700, 1).map_inputs(|input| input.map(f64::from));
    let start = || {
        let mut network = Mixed::<f64>::zeroed_box();
        let seeded = Mixed::boxed(3);
        network.parameters_mut().iter_mut().zip(seeded.parameters()).for_each(|(wide, &weight)| *wide = weight.into());
        network
    };
    let mut trainer = Trainer::new(start(), CrossEntropy, optimizer.clone()).batch_size(batch_size).shuffle(false);
    if let Some(clip) = clip {
        trainer = trainer.clip(clip);
    }
    if let Some(penalty) = penalty {
        trainer = trainer.penalty(penalty);
    }
    let trained = trainer.threads(2).progress(Progress::Silent).fit(&data).unwrap().network;

    let (mut network, mut gradient) = (start(), Mixed::<f64>::zeroed_box());
    let (mut buffers, mut state) = (GradientBuffers::<Mixed<f64>, 64>::boxed(), State::boxed());
    for (inputs, targets) in data.inputs().chunks(batch_size).zip(data.targets().chunks(batch_size)) {
        buffers.gradient(&network, &CrossEntropy, inputs, targets, &mut gradient);
        penalty.inspect(|penalty| penalty.add_gradient(&*network, &mut *gradient));
        clip.inspect(|clip| clip.apply(&mut *gradient));
        optimizer.step(&mut *network, &gradient, &mut state);
    }
    let (mut error, mut moved): (f64, f64) = (0.0, 0.0);
    for ((found, expected), before) in trained.parameters().iter().zip(network.parameters()).zip(start().parameters()) {
        error = error.max((found - expected).abs());
        moved = moved.max((found - before).abs());
    }
    assert!(error < 1e-10 && moved > 1e-4, "batches of {batch_size}: an error of {error} in steps of up to {moved}");
}

#[test]
fn steps_are_those_of_a_loop_that_stores_the_gradient() {
    let sgd = Sgd::new(0.05);
    // Of 300 and 530, the last round has two chunks and one.
    for batch_size in [7, 64, 200, 300, 530, 700] {
        assert_steps_are_those_of_a_loop(&sgd, batch_size, None, None);
        assert_steps_are_those_of_a_loop(&sgd.momentum(0.9), batch_size, Some(Clip::Norm(0.1)), None);
    }
    let penalty = Some(Penalty::elastic(1e-3, 1e-2).weights_only());
    assert_steps_are_those_of_a_loop(&sgd.weight_decay(0.1).decay_weights_only(), 64, None, penalty);
    assert_steps_are_those_of_a_loop(&sgd, 300, Some(Clip::Value(1e-3)), penalty);
    assert_steps_are_those_of_a_loop(&Adam::new(1e-4).epsilon(1e-2), 100, Some(Clip::Norm(0.05)), penalty);
}

/// Mini-batches of 10 and of 17 chunks, of which the last round has two and one, the last of them short: some weights are
/// summed chunk by chunk, the others over all samples, round by round.
#[test]
fn rounds_of_several_sizes_give_the_same_bits_at_any_number_of_threads() {
    let data = classes::<20, 4>(530, 1);
    for (batch_size, clip) in [(300, None), (530, None), (530, Some(Clip::Norm(0.1)))] {
        let train = |threads| {
            let trainer = Trainer::new(Mixed::boxed(3), CrossEntropy, Adam::new(1e-3)).batch_size(batch_size);
            let trainer = clip.into_iter().fold(trainer.epochs(2), Trainer::clip);
            bits(&*trainer.threads(threads).progress(Progress::Silent).fit(&data).unwrap().network)
        };
        let one = train(1);
        for threads in [2, 3, 8] {
            assert!(train(threads) == one, "mini-batches of {batch_size}, {threads} threads");
        }
    }
}

fn assert_rows_are_read_where_they_lie<N: Network<Input = [[f32; 7]; 6], Output = [f32; 4], Scalar = f32>>(
    seeded: fn() -> Box<N>,
) {
    assert!(N::READS_ROWS);
    let data = classes::<42, 4>(200, 1)
        .map_inputs(|input| core::array::from_fn(|row| core::array::from_fn(|at| input[7 * row + at])));
    let trainer = || Trainer::new(seeded(), CrossEntropy, Sgd::new(0.1)).batch_size(70).progress(Progress::Silent);
    let in_memory = trainer().fit(&data).unwrap().network;
    // Samples that are read for the mini-batch are in order.
    let read = trainer().fit(&(&data).map(|&input, target, _| (input, target))).unwrap().network;
    assert!(bits(&*in_memory) == bits(&*read) && bits(&*in_memory) != bits(&*seeded()));
}

fnn::network! {
    struct Viewed: [6, 7] -> [4] { Flatten, hidden: Dense(30), Tanh, logits: Dense(4) }
}

fnn::network! {
    struct Body: [42] -> [20] { hidden: Dense(30), Relu, out: Dense(20) }
}

fnn::network! {
    struct Nested: [6, 7] -> [4] { Flatten, Reshape(42), body: Body, Relu, wide: Dense(100), Relu, logits: Dense(4) }
}

#[test]
fn samples_are_read_where_they_lie_through_views_and_networks() {
    assert_rows_are_read_where_they_lie(|| Viewed::boxed(3));
    assert_rows_are_read_where_they_lie(|| Nested::boxed(3));
    // A single output, few weights, a layer that isn't dense.
    const {
        assert!(!Dense::<2000, 1>::READS_ROWS && !Dense::<20, 30>::READS_ROWS);
        assert!(!Flatten::<[[f32; 7]; 6], 42>::READS_ROWS);
    }
}

#[test]
fn the_parts_of_a_network_are_those_of_its_layers_in_order() {
    let (mut parts, mut end) = (Vec::new(), 0);
    <Mixed>::parts(0, &mut |part| match &part {
        Part::Accumulated(range) => {
            assert_eq!(range.start, end);
            end = range.end;
        }
        Part::Deferred(dense) => {
            assert_eq!(dense.start, end);
            end += dense.inputs * dense.outputs + if dense.bias { dense.outputs } else { 0 };
            parts.push((dense.inputs, dense.outputs, dense.bias));
        }
        _ => unreachable!(),
    });
    assert_eq!(end, <Mixed>::PARAMETERS);
    let deferred = [(20, 64, true), (64, 30, true), (32, 50, false), (6, 180, true)];
    assert_eq!(parts, deferred);
    let weights: usize = deferred.iter().map(|&(i, o, bias)| i * o + if bias { o } else { 0 }).sum();
    assert_eq!(<Mixed>::ACCUMULATED, <Mixed>::PARAMETERS - weights);
    // The gradients of the outputs of `encoder`, and in it of `wide`; of `first` and `second`.
    assert_eq!(<Mixed>::RECORDED, 30 + 64 + 50 + 180);
}

/// Every weight of `Mixed` moves, so none is left out.
#[test]
fn every_weight_is_updated() {
    let data = classes::<20, 4>(600, 1);
    for batch_size in [60, 600] {
        let trainer = Trainer::new(Mixed::boxed(3), CrossEntropy, Adam::new(1e-3)).batch_size(batch_size);
        let trained = trainer.epochs(20).progress(Progress::Silent).fit(&data).unwrap().network;
        let start = Mixed::boxed(3);
        let pairs = trained.parameters().iter().zip(start.parameters());
        let still = pairs.filter(|(now, before)| now == before).count();
        // Units of `Relu` that no sample activates.
        assert!(still < 200, "{still} weights have not moved");
    }
}

fnn::network! {
    /// More parts, waiting or not in turns, than threads share at a time.
    struct Deep: [20] -> [4] {
        a: Dense(36), n1: LayerNorm, Tanh,
        b: Dense(36), n2: LayerNorm, Tanh,
        c: Dense(36), n3: LayerNorm, Tanh,
        d: Dense(36), n4: LayerNorm, Tanh,
        e: Dense(36), n5: LayerNorm, Tanh,
        f: Dense(36), n6: LayerNorm, Tanh,
        g: Dense(36), n7: LayerNorm, Tanh,
        h: Dense(36), n8: LayerNorm, Tanh,
        i: Dense(36), n9: LayerNorm, Tanh,
        j: Dense(36), n10: LayerNorm, Tanh,
        logits: Dense(4),
    }
}

#[test]
fn many_layers_are_updated_in_several_groups() {
    let data = classes::<20, 4>(64, 1);
    let (mut expected, mut gradient) = (Deep::<f32>::boxed(3), Deep::<f32>::zeroed_box());
    let (mut buffers, mut state) = (GradientBuffers::<Deep, 64>::boxed(), State::boxed());
    buffers.gradient(&expected, &CrossEntropy, data.inputs(), data.targets(), &mut gradient);
    Sgd::new(0.1).step(&mut *expected, &gradient, &mut state);
    let train = |threads| {
        let trainer = Trainer::new(Deep::boxed(3), CrossEntropy, Sgd::new(0.1)).batch_size(64).shuffle(false);
        trainer.threads(threads).progress(Progress::Silent).fit(&data).unwrap().network
    };
    let one = train(1);
    for (found, expected) in one.parameters().iter().zip(expected.parameters()) {
        assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
    }
    for threads in [2, 3, 8] {
        assert_eq!(bits(&*train(threads)), bits(&*one), "{threads} threads");
    }
}

/// A factor for each number; which of them are trained, it doesn't say.
#[derive(Clone, Debug, Parameters)]
#[repr(C)]
struct Forgetful<S: Scalar> {
    factors: [S; 3],
}

impl<S: Scalar> Layer for Forgetful<S> {
    type Input = [S; 3];
    type Output = [S; 3];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = ();
    const KIND: &'static str = "Forgetful";
    const MACS: u64 = 3;
    const ACCUMULATED: usize = 0;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; 3]], outputs: &mut [[S; 3]], (): &mut ()) {
        outputs.copy_from_slice(inputs);
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        _: &mut [[S; 3]],
        _: Gradient<'_, Self>,
        _: Option<&mut [[S; 3]]>,
        (): &mut (),
    ) {
    }

    fn backward_deferring<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        _: &mut [[S; 3]],
        _: Deferral<'_, S>,
        _: Option<&mut [[S; 3]]>,
        (): &mut (),
    ) {
    }

    fn parts(start: usize, visitor: &mut impl FnMut(Part)) {
        visitor(Part::Accumulated(start..start + 1));
        visitor(Part::Deferred(Deferred { start: start + 2, inputs: usize::MAX, outputs: 1, bias: true }));
    }
}

#[test]
fn weights_that_no_part_has_are_an_error() {
    let data: DataSet<[f32; 3], usize> = [([0.5; 3], 1)].into();
    let network = Box::new(Forgetful { factors: [1.0; 3] });
    let error = Trainer::new(network, CrossEntropy, Sgd::new(0.1)).progress(Progress::Silent).fit(&data).unwrap_err();
    let expected =
        "layers whose `parts` are all of their weights in order, and whose `ACCUMULATED` weights are accumulated";
    let found = format!("parts of {} of 3 weights in another order, of which 1 of 0 are accumulated", usize::MAX);
    assert_eq!(error.to_string(), format!("network: expected {expected}, found {found}"));
}
