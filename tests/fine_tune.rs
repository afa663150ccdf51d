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
    let scratch = Features::WORKSPACE - Features::RAM_INFERENCE;
    let buffers = size_of::<FineTuneBuffers<Features, Head, 1>>() - scratch;
    assert_eq!(Tuned::RAM_TRAINING, size_of::<Head>() + buffers);
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
