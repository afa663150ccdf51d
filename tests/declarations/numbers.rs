//! What a declaration evaluates to: its constants, its table, its outputs.

use approx::assert_relative_eq;
use fnn::{Folded, Layer, Network, Quantized};

const UNITS: usize = 128;

fnn::network! {
    #[derive(Debug)]
    struct Digits: [1, 28, 28] -> [10] {
        Flatten,
        hidden: Dense(UNITS),
        Relu,
        middle: Dense(20, bias = false),
        Sigmoid,
        Dropout(0.25),
        skip: Residual { Dense(2 * 4), Silu, Dense(20) },
        logits: Dense(10),
    }
}

#[test]
fn constants_count_what_is_there() {
    let weights = (784 * 128 + 128) + 128 * 20 + (20 * 8 + 8) + (8 * 20 + 20) + (20 * 10 + 10);
    assert_eq!(Digits::PARAMETERS, weights);
    assert_eq!(Digits::FLASH, 4 * weights);
    assert_eq!(size_of::<Digits>(), 4 * weights);
    assert_eq!(size_of::<Digits<f64>>(), 8 * weights);
    assert_eq!(Digits::MACS, 784 * 128 + 128 * 20 + 20 * 8 + 8 * 20 + 20 * 10);
    assert_eq!(Digits::boxed(1).parameters().len(), weights);
}

/// What training records per sample: the batches between stages (an activation right after a dense layer works in place: 128, 20,
/// 20 after the dropout, 20 after the block), and in the block 8 before Silu, 8 after it, and its output, 20.
#[test]
fn the_tape_is_as_large_as_what_is_remembered() {
    const BYTES: usize = 4 * (128 + 20 + 20 + 20 + (8 + 8) + 20);
    assert_eq!(size_of::<<Digits as Layer>::Tape<1>>(), BYTES);
    assert_eq!(size_of::<<Digits<f64> as Layer>::Tape<1>>(), 2 * BYTES);
    assert_eq!(size_of::<<Digits as Layer>::Tape<7>>(), 7 * BYTES);
}

/// Two buffers that batches alternate between: here 128 and 20 numbers for odd ones, 20 for even ones; and the block's own: 8, 8;
/// in training, also the gradient of the skip connection, 20.
#[test]
fn the_workspace_is_two_pieces_in_turn() {
    const BYTES: usize = 4 * (128 + 20 + (8 + 8));
    assert_eq!(Digits::RAM_INFERENCE, BYTES);
    assert_eq!(size_of::<<Digits as Layer>::Workspace<3>>(), 3 * BYTES);
    assert_eq!(size_of::<<Digits as Layer>::TrainingWorkspace<3>>(), 3 * (BYTES + 4 * 20));
}

fn workspaces<N: Layer>() -> (usize, usize) {
    (size_of::<N::Workspace<1>>() / 4, size_of::<N::TrainingWorkspace<1>>() / 4)
}

/// A block holds no more than it has to: the inputs around it are in a buffer outside of it, and so are its outputs.
#[test]
fn blocks_hold_in_inference_what_is_needed_at_the_same_time() {
    fnn::network! {
        struct Skip: [100] -> [10] { Residual { Dense(30), Relu, Dense(100) }, Dense(10) }
    }
    fnn::network! {
        struct Added: [100] -> [10] { Sum { { Dense(30), Relu, Dense(50) }, { Dense(40), Relu, Dense(50) } }, Dense(10) }
    }
    fnn::network! {
        struct Beside: [100] -> [10] { Concat { { Dense(30), Relu, Dense(50) }, { Dense(20) } }, Dense(10) }
    }
    // The block's output; inside, 30; in training, the gradient around it.
    assert_eq!(workspaces::<Skip>(), (100 + 30, 100 + 30 + 100));
    assert_eq!(Skip::RAM_INFERENCE, 4 * (100 + 30));
    // The block's output; inside of one branch at a time, 30, or 40 and the other term of the sum. In training, the gradients
    // of the second branch's output and input.
    assert_eq!(workspaces::<Added>(), (50 + (40 + 50), 50 + 40 + (50 + 100)));
    // The block's output; one branch at a time, 30 and its output, or 20. In training, the gradients of both outputs and of
    // the second branch's input.
    assert_eq!(workspaces::<Beside>(), (70 + (30 + 50), 70 + 30 + (50 + 20 + 100)));
}

/// A stack of ResNet-8: its input, what is inside of the block, its output.
#[test]
fn three_buffers_are_enough_for_a_residual_block_of_convolutions() {
    fnn::network! {
        struct Stack: [3, 32, 32] -> [10] {
            Conv2d(16, kernel = 3, padding = same),
            Relu,
            Residual { Conv2d(16, kernel = 3, padding = same), Relu, Conv2d(16, kernel = 3, padding = same) },
            Relu,
            GlobalAvgPool,
            Dense(10),
        }
    }
    assert_eq!(Stack::RAM_INFERENCE, 3 * (4 * 16 * 32 * 32));
    let (network, inputs) = (Stack::boxed(1), [[[[0.5; 32]; 32]; 3]]);
    let (mut outputs, mut workspace) = ([[0.0; 10]], fnn::layers::zeroed_box::<<Stack as Layer>::Workspace<1>>());
    network.forward_into(&inputs, &mut outputs, &mut workspace);
    let mut buffers = fnn::train::GradientBuffers::<Stack, 1>::boxed();
    assert_eq!(buffers.forward(&*network, &inputs).outputs(), outputs);
}

/// Weights and gradient, tape and workspace, outputs and their gradient, the seed and the step count.
#[test]
fn training_needs_the_gradient_and_the_tape_too() {
    let tape = 128 + 20 + 20 + 20 + (8 + 8) + 20;
    let workspace = 128 + 20 + (8 + 8) + 20;
    let bytes = 2 * Digits::FLASH + 4 * (tape + workspace + 10 + 10);
    assert_eq!(Digits::RAM_TRAINING, bytes + 8 + 8);
    assert_eq!(<Digits<f64> as Network>::RAM_TRAINING, 2 * bytes + 8 + 8);
}

#[test]
fn the_summary_is_a_table() {
    let table = "\
Digits: [1, 28, 28] -> [10]
layer      kind      output  weights  multiply-accumulates
flatten_1  Flatten   [784]
hidden     Dense     [128]    100480                100352
relu_1     Relu      [128]
middle     Dense     [20]       2560                  2560
sigmoid_1  Sigmoid   [20]
dropout_1  Dropout   [20]
skip       Residual  [20]        348                   320
  dense_1  Dense     [8]         168                   160
  silu_1   Silu      [8]
  dense_2  Dense     [20]        180                   160
logits     Dense     [10]        210                   200
total                [10]     103598                103432
414392 bytes of weights; 656 bytes of memory for inference, 830512 for training";
    let summary = Digits::summary().to_string();
    assert_eq!(summary.lines().map(str::trim_end).collect::<Vec<_>>(), table.lines().collect::<Vec<_>>());
}

/// The generated function only calls the layers in order.
#[test]
fn forward_is_the_layers_one_by_one() {
    let network = Digits::boxed(3);
    let image = [core::array::from_fn(|row| core::array::from_fn(|column| ((row * 5 + column * 3) % 9) as f32 / 9.0))];
    let x = network.flatten_1.forward(&image);
    let x = network.relu_1.forward(&network.hidden.forward(&x));
    let x = network.sigmoid_1.forward(&network.middle.forward(&x));
    let x = network.skip.forward(&network.dropout_1.forward(&x));
    let scores = network.logits.forward(&x);
    assert_eq!(network.forward(&image), scores);
    assert!(scores.iter().all(|score| score.abs() > 1e-6), "{scores:?}");
    assert_eq!(network.forward_all(&[image; 3]).len(), 3);
}

/// A seed gives the same weights in `f32` and in `f64` up to rounding, and so nearly the same outputs.
#[test]
fn the_same_network_computes_in_f64() {
    let (single, double) = (Digits::boxed(5), Digits::<f64>::boxed(5));
    for (&single, &double) in single.parameters().iter().zip(double.parameters()) {
        assert_eq!(single, double as f32);
    }
    let scores = single.forward(&[[[0.5; 28]; 28]]);
    let exact: [f64; 10] = double.forward(&[[[0.5; 28]; 28]]);
    for (score, exact) in scores.into_iter().zip(exact) {
        assert_relative_eq!(f64::from(score), exact, epsilon = 1e-5);
    }
}

fnn::network! { struct Weightless: [2, 3] { Relu, Flatten, Softmax } }

#[test]
fn a_network_may_have_no_weights() {
    assert_eq!((Weightless::PARAMETERS, Weightless::MACS, Weightless::FLASH), (0, 0, 0));
    assert_eq!(Weightless::seeded(1).parameters(), [0.0; 0]);
    assert_eq!(Weightless::zeroed().forward(&[[-1.0; 3]; 2]), [1.0 / 6.0; 6]);
}

fnn::network! { struct Views: [2, 3] -> [3, 2] { Flatten, Reshape(3, 2), Identity } }

/// A view at the end of a network has to copy.
#[test]
fn views_keep_the_order_of_the_elements() {
    assert_eq!(Views::zeroed().forward(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
}

/// A budget can be a compile error.
const _: () = assert!(Digits::FLASH < 512 * 1024 && Digits::RAM_INFERENCE < 1024);

const KERNELS: usize = 4;

fnn::network! {
    /// It needs exactly its budget: 4·(1·9 + 1) + 4·4·4 + 1 weights, and the convolution's outputs.
    #[budget(flash = 420 B, macs = KERNELS as u64 * 16 * 9 + 64)]
    #[derive(Clone)]
    struct Just: [1, 6, 6] -> [1] {
        Conv2d(KERNELS, kernel = 3),
        Relu,
        Flatten,
        Dense(1),
    }
}

fnn::network! {
    #[budget(flash = FLASH, ram = 1 KiB, ram_training = 0x1 MiB, ram_training_in_place = 1 KiB)]
    struct Forwarded<const HIDDEN: usize, const FLASH: usize>: [2] -> [1] { Dense(HIDDEN), Tanh, Dense(1) }
}

fnn::network! {
    /// It needs exactly its budgets. Floats: 4·(9 + 1) + 4·4 + 1 + 5 of 4 bytes; folded, without the batch norm's 17. Int8:
    /// 16 bytes for the quantization of the input and output, 4·(9 + 9) + 8 for the convolution, 4 + 9 + 4 for the dense
    /// layer, and 3 of padding.
    #[budget(flash = 248 B, folded(flash = 180 B, ram = 16 B, macs = 40), int8(flash = 116 B, ram = 103 B))]
    #[quantizable]
    struct Forms: [1, 3, 3] -> [1] {
        Conv2d(KERNELS, kernel = 3),
        BatchNorm,
        Relu,
        Flatten,
        Dense(1),
    }
}

#[test]
fn a_budget_that_is_kept_says_nothing() {
    assert_eq!((Just::FLASH, Just::MACS), (420, 640));
    let _ = Just::seeded(1).clone();
    assert_eq!((Forms::FLASH, Folded::<Forms>::FLASH, Quantized::<Forms>::FLASH), (248, 180, 116));
    assert_eq!(Forwarded::<4, 68>::FLASH, 68);
    let _ = Forwarded::<4, 68>::seeded(1).forward(&[0.0; 2]);
}

/// Without SIMD, a convolution needs no scratch; budgets and summaries count that. The host needs more.
#[test]
fn ram_figures_leave_out_the_scratch_of_vectors() {
    assert_eq!(Just::RAM_INFERENCE, 4 * 4 * 4 * 4);
    // Weights and gradient; tape, workspace, the output and its gradient; the seed and the step count.
    assert_eq!(Just::RAM_TRAINING, 2 * 420 + 4 * (64 + 64 + 2) + 16);
    // The same with the gradient of the largest layer only.
    assert_eq!(Just::RAM_TRAINING_IN_PLACE, 420 + 4 * (64 + 64 + 2) + 4 * (64 + 1) + 16);
    assert!(Just::summary().to_string().contains("256 bytes of memory for inference, 1376 for training"));
    assert_eq!(Just::WORKSPACE, size_of::<<Just as Layer>::Workspace<1>>());
    let scratch = Just::WORKSPACE - Just::RAM_INFERENCE;
    assert_eq!(scratch > 0, cfg!(feature = "simd"));
    // Of two members that share memory, the larger one without SIMD counts: the block's.
    assert_eq!(Wide::RAM_INFERENCE, 4 * (50_000 + 50_000));
    assert_eq!(Wide::WORKSPACE, Wide::RAM_INFERENCE + scratch);
}

fnn::network! {
    struct Wide: [1, 50_000] -> [1, 50_000] {
        Conv1d(1, kernel = 3, padding = same),
        Residual { Conv1d(1, kernel = 1), Conv1d(1, kernel = 1) },
    }
}

fnn::network! {
    /// More multiply-accumulates than fit into 32 bits, in the budget too.
    #[budget(macs = 3_786_080_256, flash = 1 MiB)]
    struct Photo: [3, 224, 224] {
        Conv2d(64, kernel = 3, padding = same),
        Relu,
        Conv2d(64, kernel = 3, padding = same),
        Relu,
        Conv2d(64, kernel = 3, padding = same),
    }
}

/// PIXELS · 64 filters · 9 · (3 + 64 + 64) channels, on a 32-bit target too.
#[test]
fn multiply_accumulates_are_counted_beyond_32_bits() {
    assert_eq!(Photo::MACS, 224 * 224 * 64 * 9 * (3 + 64 + 64));
    assert!(Photo::summary().to_string().contains("3786080256"));
}
