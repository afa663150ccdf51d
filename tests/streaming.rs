//! Networks on a stream compute what they compute on the whole window.

use fnn::layers::Sample;
use fnn::{Random, Streaming};

/// A stream of random frames.
fn frames<const C: usize>(count: usize, seed: u64) -> Vec<[f32; C]> {
    let mut random = Random::new(seed);
    (0..count).map(|_| std::array::from_fn(|_| random.uniform() as f32 * 2.0 - 1.0)).collect()
}

/// `T` frames from `start` on, as a network takes them.
fn window<const C: usize, const T: usize>(frames: &[[f32; C]], start: usize) -> [[f32; T]; C] {
    std::array::from_fn(|c| std::array::from_fn(|t| frames[start + t][c]))
}

/// Asserts that two samples are the same: bit for bit, except for floating point in vectors, whose sums have another order
/// where a window leaves the input.
fn assert_same<A: Sample<Element = f32>>(given: &A, expected: &A, which: &str) {
    let flat = |sample: &A| sample.elements().to_vec();
    if cfg!(feature = "simd") && !which.starts_with("int8") {
        let near = |(given, expected): (f32, f32)| (given - expected).abs() <= 1e-5 * (1.0 + expected.abs());
        assert!(flat(given).into_iter().zip(flat(expected)).all(near), "{which}: {given:?}, not {expected:?}");
    } else {
        assert_eq!(bits(given), bits(expected), "{which}");
    }
}

fn bits<A: Sample<Element = f32>>(sample: &A) -> Vec<u32> {
    sample.elements().iter().map(|number| number.to_bits()).collect()
}

fnn::network! {
    #[streaming]
    #[quantizable]
    struct Valid: [5, 23] -> [3] {
        Conv1d(8, kernel = 3),
        BatchNorm,
        Relu,
        DepthwiseConv1d(kernel = 4, dilation = 2),
        Conv1d(12, kernel = 1),
        Tanh,
        MaxPool1d(2, stride = 1),
        Conv1d(6, kernel = 2, groups = 2),
        Relu,
        Flatten,
        Dense(7),
        Relu,
        Dense(3),
    }
}

#[test]
fn each_answer_is_that_of_the_window() {
    for seed in 1..=5 {
        let network = Valid::seeded(seed);
        let frames = frames::<5>(60, seed);
        let samples: Vec<_> = (0..38).map(|start| window::<5, 23>(&frames, start)).collect();
        let (folded, int8) = (network.fold_batch_norm(), network.quantize(&samples).unwrap());
        let mut stream = Streaming::<Valid>::new();
        let mut folded_stream = Streaming::<fnn::Folded<Valid>>::new();
        let mut int8_stream = Streaming::<fnn::Quantized<Valid>>::new();
        let mut answers = 0;
        for (t, frame) in frames.iter().enumerate() {
            let answer = stream.push(&network, frame);
            let folded_answer = folded_stream.push(&folded, frame);
            let int8_answer = int8_stream.push(&int8, frame);
            assert_eq!(answer.is_some(), t >= 22);
            let (Some(answer), Some(folded_answer), Some(int8_answer)) = (answer, folded_answer, int8_answer) else {
                continue;
            };
            let window = window::<5, 23>(&frames, t - 22);
            assert_same(&answer, &network.forward(&window), &format!("seed {seed}, frame {t}"));
            assert_same(&folded_answer, &folded.forward(&window), &format!("folded, seed {seed}, frame {t}"));
            assert_same(&int8_answer, &int8.forward(&window), &format!("int8, seed {seed}, frame {t}"));
            answers += 1;
        }
        assert_eq!(answers, 38);
    }
}

fnn::network! {
    /// An answer after every sixth frame.
    #[streaming]
    #[quantizable]
    struct Strided: [4, 31] -> [2] {
        Conv1d(6, kernel = 4, stride = 2),
        PRelu(slopes = each),
        AvgPool1d(3),
        Slice(1, 5),
        Conv1d(5, kernel = 2, dilation = 2, bias = false),
        Gelu,
        GlobalAvgPool,
        Dense(2),
    }
}

#[test]
fn strides_compute_every_few_frames() {
    for seed in 1..=5 {
        let network = Strided::seeded(seed);
        let frames = frames::<4>(90, seed);
        let samples: Vec<_> = (0..60).map(|start| window::<4, 31>(&frames, start)).collect();
        let int8 = network.quantize(&samples).unwrap();
        let (mut stream, mut int8_stream) = (Streaming::new(), Streaming::new());
        let mut answers = 0;
        for (t, frame) in frames.iter().enumerate() {
            let (answer, int8_answer) = (stream.push(&network, frame), int8_stream.push(&int8, frame));
            assert_eq!(answer.is_some(), int8_answer.is_some());
            let (Some(answer), Some(int8_answer)) = (answer, int8_answer) else { continue };
            // Of the 31 frames of a window, the strides leave the last five over.
            assert_eq!(t, 25 + 6 * answers);
            if let Some(window) = samples.get(6 * answers) {
                assert_same(&answer, &network.forward(window), &format!("seed {seed}, frame {t}"));
                assert_same(&int8_answer, &int8.forward(window), &format!("int8, seed {seed}, frame {t}"));
            }
            answers += 1;
        }
        assert_eq!(answers, 11);
    }
}

fnn::network! {
    /// A position of the output for every frame, from the first one on.
    #[streaming]
    #[quantizable]
    struct Causal: [3, 40] -> [4, 20] {
        Conv1d(8, kernel = 3, dilation = 2, padding = causal),
        Relu,
        Conv1d(6, kernel = 3, stride = 2, padding = causal),
        HardSwish,
        DepthwiseConv1d(kernel = 3, padding = (2, 0)),
        Conv1d(4, kernel = 1),
    }
}

#[test]
fn causal_padding_is_silence_before_the_first_frame() {
    for seed in 1..=5 {
        let network = Causal::seeded(seed);
        let frames = frames::<3>(40, seed);
        let whole = window::<3, 40>(&frames, 0);
        let int8 = network.quantize(&[whole]).unwrap();
        let (expected, int8_expected) = (network.forward(&whole), int8.forward(&whole));
        let (mut stream, mut int8_stream) = (Streaming::<Causal>::new(), Streaming::new());
        for _ in 0..2 {
            for (t, frame) in frames.iter().enumerate() {
                let (answer, int8_answer) = (stream.push(&network, frame), int8_stream.push(&int8, frame));
                assert_eq!(answer.is_some(), t % 2 == 0);
                let (Some(answer), Some(int8_answer)) = (answer, int8_answer) else { continue };
                assert_same(&answer, &expected.map(|channel| channel[t / 2]), &format!("seed {seed}, frame {t}"));
                assert_same(&int8_answer, &int8_expected.map(|channel| channel[t / 2]), &format!("int8, frame {t}"));
            }
            stream.reset();
            int8_stream.reset();
        }
    }
}

fnn::network! {
    /// Pools whose elements lie apart; and after `Flatten`, where all frames have come, padding and blocks.
    #[streaming]
    #[quantizable]
    struct Apart: [3, 14] -> [2] {
        MaxPool1d(3, stride = 1, dilation = 2),
        Identity,
        AvgPool1d(2, stride = 1, dilation = 3),
        Flatten,
        Reshape(3, 7),
        Conv1d(4, kernel = 3, padding = same),
        Residual { Conv1d(4, kernel = 3, padding = 1), MaxPool1d(3, stride = 1, padding = 1) },
        Concat { { AvgPool1d(3, stride = 1, padding = 1) }, {} },
        Flatten,
        Dense(2),
    }
}

#[test]
fn pools_with_gaps_and_whatever_comes_after_all_positions() {
    for seed in 1..=5 {
        let network = Apart::seeded(seed);
        let frames = frames::<3>(40, seed);
        let samples: Vec<_> = (0..27).map(|start| window::<3, 14>(&frames, start)).collect();
        let int8 = network.quantize(&samples).unwrap();
        let (mut stream, mut int8_stream) = (Streaming::new(), Streaming::new());
        let mut answers = 0;
        for (t, frame) in frames.iter().enumerate() {
            let (answer, int8_answer) = (stream.push(&network, frame), int8_stream.push(&int8, frame));
            assert_eq!((answer.is_some(), int8_answer.is_some()), (t >= 13, t >= 13));
            let (Some(answer), Some(int8_answer)) = (answer, int8_answer) else { continue };
            let window = &samples[answers];
            assert_same(&answer, &network.forward(window), &format!("seed {seed}, frame {t}"));
            assert_same(&int8_answer, &int8.forward(window), &format!("int8, seed {seed}, frame {t}"));
            answers += 1;
        }
        assert_eq!(answers, 27);
    }
}

/// Its memory lies in a `static`, as zeros.
#[test]
fn a_stream_lives_in_a_static() {
    use std::sync::Mutex;

    static STREAM: Mutex<Streaming<Valid>> = Mutex::new(Streaming::new());
    let network = Valid::seeded(1);
    let answers = frames::<5>(23, 1).iter().filter_map(|frame| STREAM.lock().unwrap().push(&network, frame)).count();
    assert_eq!(answers, 1);
}

/// Int8 answers are the integers of the window's, and no rounding hides a difference.
#[test]
fn integers_are_those_of_the_window() {
    let network = Valid::seeded(7);
    let frames = frames::<5>(23, 7);
    let whole = window::<5, 23>(&frames, 0);
    let int8 = network.quantize(&[whole]).unwrap();
    let integers = int8.quantize(&whole);
    let mut stream = Streaming::new();
    let answers = (0..23).filter_map(|t| stream.push_integers(&int8, &integers.map(|channel| channel[t])));
    assert_eq!(answers.collect::<Vec<_>>(), [int8.forward_integers(&integers)]);
}

fnn::network! {
    /// A layer of the networks below.
    #[streaming]
    #[quantizable]
    struct Encoder: [3, 24] -> [6, 10] {
        Conv1d(4, kernel = 3),
        Relu,
        Conv1d(6, kernel = 4, stride = 2),
    }
}

fnn::network! {
    /// A network, and blocks whose branches answer at different frames: with strides, the first branch of `last` is one frame
    /// behind the second one.
    #[streaming]
    #[quantizable]
    struct Nested: [3, 24] -> [2] {
        encoder: Encoder,
        Relu,
        Residual { Conv1d(5, kernel = 1), Tanh, Conv1d(6, kernel = 1) },
        Product { {}, { Conv1d(6, kernel = 1), Sigmoid } },
        Concat { { Conv1d(4, kernel = 3) }, { DepthwiseConv1d(kernel = 2, dilation = 2), BatchNorm }, { MaxPool1d(3, stride = 1) } },
        last: Sum { { Conv1d(5, kernel = 2, stride = 2), Relu }, { Conv1d(5, kernel = 1, stride = 2) }, { Conv1d(5, kernel = 2, stride = 2), Tanh } },
        Relu,
        Flatten,
        Residual { Dense(20) },
        Product { { Dense(2) }, { Dense(2), Sigmoid } },
    }
}

#[test]
fn networks_and_blocks_are_layers_on_a_stream() {
    for seed in 1..=5 {
        let network = Nested::seeded(seed);
        let frames = frames::<3>(80, seed);
        let samples: Vec<_> = (0..57).map(|start| window::<3, 24>(&frames, start)).collect();
        let (folded, int8) = (network.fold_batch_norm(), network.quantize(&samples).unwrap());
        let (mut stream, mut folded_stream) = (Streaming::<Nested>::new(), Streaming::<fnn::Folded<Nested>>::new());
        let mut int8_stream = Streaming::<fnn::Quantized<Nested>>::new();
        let mut answers = 0;
        for (t, frame) in frames.iter().enumerate() {
            let answer = stream.push(&network, frame);
            let (folded_answer, int8_answer) = (folded_stream.push(&folded, frame), int8_stream.push(&int8, frame));
            assert_eq!(answer.is_some(), t >= 23 && (t - 23) % 4 == 0, "frame {t}");
            assert_eq!((folded_answer.is_some(), int8_answer.is_some()), (answer.is_some(), answer.is_some()));
            let (Some(answer), Some(folded_answer), Some(int8_answer)) = (answer, folded_answer, int8_answer) else {
                continue;
            };
            let window = &samples[t - 23];
            assert_same(&answer, &network.forward(window), &format!("seed {seed}, frame {t}"));
            assert_same(&folded_answer, &folded.forward(window), &format!("folded, seed {seed}, frame {t}"));
            assert_same(&int8_answer, &int8.forward(window), &format!("int8, seed {seed}, frame {t}"));
            answers += 1;
        }
        assert_eq!(answers, 15);
    }
}

fnn::network! {
    #[streaming]
    #[quantizable]
    struct Head: [6, 10] -> [2] { MaxPool1d(2, stride = 1), Flatten, Dense(2) }
}

fnn::network! {
    /// Its last layer takes all positions.
    #[streaming]
    #[quantizable]
    struct InParts: [3, 24] -> [2] { encoder: Encoder, Relu, head: Head }
}

#[test]
fn a_network_that_takes_all_positions_is_the_last_layer() {
    let network = InParts::seeded(1);
    let frames = frames::<3>(60, 1);
    let samples: Vec<_> = (0..37).map(|start| window::<3, 24>(&frames, start)).collect();
    let int8 = network.quantize(&samples).unwrap();
    let (mut stream, mut int8_stream) = (Streaming::<InParts>::new(), Streaming::<fnn::Quantized<InParts>>::new());
    for (t, frame) in frames.iter().enumerate() {
        let (answer, int8_answer) = (stream.push(&network, frame), int8_stream.push(&int8, frame));
        // Of the 24 frames of a window, the strides leave none over.
        assert_eq!((answer.is_some(), int8_answer.is_some()), (t >= 23 && t % 2 == 1, t >= 23 && t % 2 == 1), "{t}");
        let (Some(answer), Some(int8_answer)) = (answer, int8_answer) else { continue };
        assert_same(&answer, &network.forward(&samples[t - 23]), &format!("frame {t}"));
        assert_same(&int8_answer, &int8.forward(&samples[t - 23]), &format!("int8, frame {t}"));
    }
}

fnn::network! {
    /// Blocks of causal layers: a temporal convolutional network.
    #[streaming]
    #[quantizable]
    struct CausalBlocks: [3, 40] -> [4, 20] {
        Residual { Conv1d(5, kernel = 3, padding = causal), Relu, Conv1d(3, kernel = 3, dilation = 2, padding = causal) },
        Relu,
        Conv1d(4, kernel = 3, stride = 2, padding = causal),
        Residual { { Conv1d(4, kernel = 2, padding = causal), Relu }, { Conv1d(4, kernel = 1) } },
        Sum { { Residual { Conv1d(4, kernel = 4, padding = causal) } }, {} },
    }
}

#[test]
fn blocks_of_causal_layers_answer_at_once() {
    for seed in 1..=5 {
        let network = CausalBlocks::seeded(seed);
        let frames = frames::<3>(40, seed);
        let whole = window::<3, 40>(&frames, 0);
        let int8 = network.quantize(&[whole]).unwrap();
        let (expected, int8_expected) = (network.forward(&whole), int8.forward(&whole));
        let (mut stream, mut int8_stream) = (Streaming::<CausalBlocks>::new(), Streaming::new());
        for (t, frame) in frames.iter().enumerate() {
            let (answer, int8_answer) = (stream.push(&network, frame), int8_stream.push(&int8, frame));
            assert_eq!((answer.is_some(), int8_answer.is_some()), (t % 2 == 0, t % 2 == 0));
            let (Some(answer), Some(int8_answer)) = (answer, int8_answer) else { continue };
            assert_same(&answer, &expected.map(|channel| channel[t / 2]), &format!("seed {seed}, frame {t}"));
            assert_same(&int8_answer, &int8_expected.map(|channel| channel[t / 2]), &format!("int8, frame {t}"));
        }
    }
}
