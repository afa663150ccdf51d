//! A network split at a layer: its parts are borrowed from it, and training changes only the head.

use fnn::{
    Network,
    layers::Sample,
    losses::CrossEntropy,
    optimizers::{Optimizer, Sgd, State},
    train::{FineTune, FineTuneBuffers, GradientBuffers},
};

fnn::network! {
    #[split(Features, Head, at = narrow)]
    #[budget(flash = 8 KiB)]
    #[derive(Clone, Debug, PartialEq)]
    struct Whole: [1, 6, 6] -> [3] {
        conv: Conv2d(4, kernel = 3),
        norm: BatchNorm,
        Relu,
        skip: Residual { Conv2d(4, kernel = 3, padding = same), Relu },
        Flatten,
        narrow: Dense(8),
        Tanh,
        logits: Dense(3),
    }
}

fnn::network! {
    #[split(First, Second, at = r#last,)]
    struct Wide<const HIDDEN: usize>: [2] -> [1] {
        Dense(HIDDEN),
        Relu,
        last: Dense(1),
    }
}

const SAMPLE: [[[f32; 6]; 6]; 1] = [[[0.5, -1.0, 2.0, 0.0, 0.25, 1.0]; 6]];

#[test]
fn the_parts_are_the_network_s_own_weights() {
    let whole = Whole::seeded(1);
    let (features, head) = whole.split();
    assert_eq!(whole.parameters(), [features.parameters(), head.parameters()].concat());
    assert!(std::ptr::eq(features.parameters().as_ptr(), whole.parameters().as_ptr()));
    assert!(std::ptr::eq(&raw const head.narrow, &raw const whole.narrow));
    assert_eq!((&features.conv, &head.logits), (&whole.conv, &whole.logits));
    assert_eq!((Features::FLASH + Head::FLASH, Features::MACS + Head::MACS), (Whole::FLASH, Whole::MACS));
    assert_eq!((<[f32; 64]>::SHAPE, <[f32; 3]>::SHAPE), (output_of::<Features>(), output_of::<Head>()));
}

fn output_of<N: Network>() -> fnn::layers::Shape {
    N::Output::SHAPE
}

#[test]
fn one_part_after_the_other_is_the_network() {
    let whole = Whole::seeded(2);
    let (frozen, head) = whole.split();
    let expected = whole.forward(&SAMPLE);
    assert_eq!(head.forward(&frozen.forward(&SAMPLE)), expected);
    assert_eq!(FineTune { frozen, head: head.clone() }.forward(&SAMPLE), expected);

    let wide = Wide::<7>::seeded(1);
    let (first, second) = wide.split();
    assert_eq!(Second::<7>::forward(second, &First::<7>::forward(first, &[1.0, 2.0])), wide.forward(&[1.0, 2.0]));
}

#[test]
fn only_the_head_learns_and_as_it_would_alone() {
    let whole = Whole::seeded(3);
    let (frozen, head) = whole.split();
    let (inputs, targets) = ([SAMPLE, [[[0.1; 6]; 6]], [[[-0.3; 6]; 6]]], [2, 0, 1]);
    let optimizer = Sgd::new(0.1);

    let mut network = FineTune { frozen, head: head.clone() };
    let mut memory = FineTuneBuffers::<Features, Head, 3>::new();
    let losses = [(); 5].map(|()| memory.train(&mut network, &CrossEntropy, &optimizer, &inputs, &targets));
    assert!(losses.is_sorted_by(|before, after| before > after), "{losses:?}");

    let features = inputs.each_ref().map(|input| frozen.forward(input));
    let (mut alone, mut gradient) = (head.clone(), Head::zeroed());
    for loss in losses {
        let mut memory = GradientBuffers::<_, 3>::new();
        assert_eq!(memory.gradient(&alone, &CrossEntropy, &features, &targets, &mut gradient), loss);
        optimizer.step(&mut alone, &gradient, &mut State::new());
    }
    assert_eq!(network.head, alone);
    assert_eq!(whole, Whole::seeded(3));
}

#[test]
fn what_fine_tuning_takes_is_what_it_takes() {
    type Tuned<'a> = FineTune<'a, Features, Head>;
    assert_eq!(Tuned::FLASH, Features::FLASH);
    // Where vectors are as wide as a cache line, each part is aligned to one.
    let aligned = |bytes: usize| bytes.next_multiple_of(align_of::<FineTuneBuffers<Features, Head, 1>>());
    let of_head = size_of::<fnn::train::InPlaceBuffers<Head, 1>>();
    let buffers = aligned(4 * 64) + aligned(Features::WORKSPACE) + of_head;
    assert_eq!(size_of::<FineTuneBuffers<Features, Head, 1>>(), buffers);
    if aligned(1) == align_of::<f32>() {
        let scratch = Features::WORKSPACE - Features::RAM_INFERENCE;
        assert_eq!(Tuned::RAM_TRAINING, size_of::<Head>() + buffers - scratch);
    }
    // The head; per sample the features, the frozen layers' workspace, a tape of 8, a buffer of 8, scores and their gradient; the
    // largest gradient; the seed and the step count.
    let numbers = Head::PARAMETERS + 64 + Features::RAM_INFERENCE / 4 + 8 + 8 + 3 + 3 + (64 * 8 + 8);
    assert_eq!(Tuned::RAM_TRAINING, 4 * numbers + 16);
}

#[cfg(feature = "std")]
#[test]
fn the_parts_are_networks_like_any() {
    let data: fnn::DataSet<[f32; 64], usize> = [([0.5; 64], 1), ([-0.5; 64], 2)].into_iter().collect();
    let trainer =
        fnn::Trainer::new(Head::seeded(1), CrossEntropy, Sgd::new(0.1)).progress(fnn::train::Progress::Silent);
    let trained = trainer.epochs(3).fit(&data).unwrap();
    assert!(trained.history.epochs[2].training.loss < trained.history.epochs[0].training.loss);
    assert!(Features::summary().to_string().contains("conv2d_1"));
}

/// Features that are folded, or quantized to int8, for a head in `f32`.
#[cfg(feature = "alloc")]
mod forms {
    use super::*;
    use fnn::train::InPlaceBuffers;
    use fnn::{Folded, Quantized, Random};

    fnn::network! {
        #[split(Seen, Decided, at = logits)]
        #[quantizable]
        #[derive(Clone)]
        struct Gestures: [1, 8, 8] -> [4] {
            conv: Conv2d(6, kernel = 3),
            norm: BatchNorm,
            Relu,
            MaxPool2d(2),
            skip: Residual { Conv2d(6, kernel = 3, padding = same), BatchNorm, Tanh },
            Flatten,
            hidden: Dense(16),
            Relu,
            logits: Dense(4),
        }
    }

    type Image = [[[f32; 8]; 8]; 1];

    /// Noisy images, brighter in one quarter, which is the class.
    fn samples(count: usize) -> (Vec<Image>, Vec<usize>) {
        let mut random = Random::new(5);
        let one = |class: usize, random: &mut Random| {
            let bright = |row: usize, column: usize| (row / 4, column / 4) == (class / 2, class % 2);
            [std::array::from_fn(|row| {
                std::array::from_fn(|column| random.uniform() as f32 + if bright(row, column) { 1.0 } else { 0.0 })
            })]
        };
        (0..count).map(|index| (one(index % 4, &mut random), index % 4)).unzip()
    }

    fn gestures() -> Gestures {
        let mut network = Gestures::seeded(3);
        network.norm.running_mean = [0.1, -0.2, 0.3, 0.0, 0.2, 0.1];
        network.norm.running_var = [0.5, 2.0, 1.5, 0.7, 1.0, 1.2];
        network
    }

    #[test]
    fn a_head_learns_on_features_in_int8() {
        let (images, classes) = samples(80);
        let network = gestures();
        let (features, head) = network.split();
        let quantized: Quantized<Seen> = features.quantize(&images).unwrap();
        let mut tuned = FineTune { frozen: &quantized, head: head.clone() };
        let mut memory = FineTuneBuffers::<Quantized<Seen>, Decided, 4>::new();
        let correct = |tuned: &FineTune<'_, Quantized<Seen>, Decided>| {
            let right = |(image, class): (&Image, &usize)| fnn::metrics::highest(&tuned.forward(image)) == Some(*class);
            images.iter().zip(&classes).map(right).filter(|right| *right).count()
        };
        assert!(correct(&tuned) < 60);
        for _ in 0..40 {
            memory.train(&mut tuned, &CrossEntropy, &Sgd::new(0.1), &images, &classes);
        }
        assert_eq!(correct(&tuned), 80);

        // The same, bit for bit, as training the head on the dequantized outputs of the features.
        let seen: Vec<_> = images.iter().map(|image| quantized.forward(image)).collect();
        let (mut alone, mut buffers) = (head.clone(), InPlaceBuffers::<Decided, 4>::new());
        for _ in 0..40 {
            buffers.train(&mut alone, &CrossEntropy, &Sgd::new(0.1), &seen, &classes);
        }
        assert_eq!(alone.parameters(), tuned.head.parameters());
        // In RAM are the head, its gradient and activations; no weight of the features.
        const { assert!(FineTune::<Quantized<Seen>, Decided>::RAM_TRAINING < 3000) }
        assert_eq!(FineTune::<Quantized<Seen>, Decided>::FLASH, size_of::<Quantized<Seen>>());
    }

    #[test]
    fn the_features_of_a_split_network_fold() {
        let (images, _) = samples(8);
        let network = gestures();
        let (features, head) = network.split();
        let folded: Folded<Seen> = features.fold_batch_norm();
        let tuned = FineTune { frozen: &folded, head: head.clone() };
        for image in &images {
            for (one, other) in tuned.forward(image).iter().zip(network.forward(image)) {
                assert!((one - other).abs() < 1e-5, "{one} {other}");
            }
        }
    }

    fnn::network! {
        /// A head with norms of its own, and a nested one.
        #[split(Before, After, at = hidden, statistics = frozen)]
        #[derive(Clone)]
        struct Normed: [6] -> [3] {
            wide: Dense(10, bias = false),
            first: BatchNorm,
            Relu,
            hidden: Dense(8),
            second: BatchNorm,
            Tanh,
            skip: Residual { Dense(8), BatchNorm },
            logits: Dense(3),
        }
    }

    fnn::network! {
        /// Split where a norm is merged into the layer before it, so that its folded form has no parts.
        #[split(Linear, Norm, at = norm)]
        struct Between: [2] -> [2] { linear: Dense(2), norm: BatchNorm }
    }

    #[test]
    fn a_folded_network_splits_into_its_folded_parts() {
        let mut network = Normed::seeded(4);
        let mut random = Random::new(5);
        network.parameters_mut().iter_mut().for_each(|weight| *weight += 0.5 * random.uniform() as f32);
        let folded: Folded<Normed> = network.fold_batch_norm();
        let (before, after): (&Folded<Before>, &Folded<After>) = folded.split();
        assert_eq!(folded.parameters(), [before.parameters(), after.parameters()].concat());
        assert!(std::ptr::eq(before.parameters().as_ptr(), folded.parameters().as_ptr()));

        let (first, second) = network.split();
        assert_eq!(before.parameters(), first.fold_batch_norm().parameters());
        assert_eq!(after.parameters(), second.fold_batch_norm().parameters());
        let input = [0.3, -1.0, 0.2, 0.9, -0.4, 0.1];
        let mut tuned = FineTune { frozen: before, head: after.clone() };
        assert_eq!(tuned.forward(&input), folded.forward(&input));
        for (one, other) in tuned.forward(&input).iter().zip(network.forward(&input)) {
            assert!((one - other).abs() < 1e-5, "{one} {other}");
        }

        // With momentum, the head learns as it would alone.
        let (mut memory, mut alone) = (
            FineTuneBuffers::<Folded<Before>, Folded<After>, 1, 1>::new(),
            InPlaceBuffers::<Folded<After>, 1, 1>::new(),
        );
        let (mut head, features, sgd) = (after.clone(), before.forward(&input), Sgd::new(0.01).momentum(0.5));
        let losses = [(); 6].map(|()| memory.train(&mut tuned, &CrossEntropy, &sgd, &[input], &[1]));
        assert!(losses.is_sorted_by(|before, after| before > after), "{losses:?}");
        for loss in losses {
            assert_eq!(alone.train(&mut head, &CrossEntropy, &sgd, &[features], &[1]), loss);
        }
        assert_eq!(tuned.head.parameters(), head.parameters());
        assert_eq!(Between::seeded(1).fold_batch_norm().parameters().len(), 6);
    }

    #[test]
    fn a_folded_network_trains_in_place() {
        let (images, classes) = samples(12);
        let folded: Folded<Gestures> = gestures().fold_batch_norm();
        let (mut at_once, mut in_place) = (folded.clone(), folded.clone());
        let mut gradient = Folded::<Gestures>::zeroed();
        let mut buffers = GradientBuffers::<Folded<Gestures>, 4>::new();
        let mut memory = InPlaceBuffers::<Folded<Gestures>, 4>::new();
        let (sgd, mut state) = (Sgd::new(0.05), State::new());
        for (images, classes) in images.chunks(4).zip(classes.chunks(4)) {
            buffers.gradient(&at_once, &CrossEntropy, images, classes, &mut gradient);
            sgd.step(&mut at_once, &gradient, &mut state);
            memory.train(&mut in_place, &CrossEntropy, &sgd, images, classes);
        }
        assert_eq!(at_once.parameters(), in_place.parameters());
        assert_ne!(at_once.parameters(), folded.parameters());
    }
}
