//! Convolutional networks declared with `network!`.

use fnn::{
    DataSet, Network, Random, Trainer,
    losses::{CrossEntropy, MeanSquaredError},
    optimizers::Sgd,
    train::{GradientBuffers, InPlaceBuffers, Progress, evaluate},
};

fnn::network! {
    #[quantizable]
    /// Takes a 28×28 grayscale digit and returns ten class scores.
    pub struct LeNet: [1, 28, 28] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(16, kernel = 5),
        Relu,
        MaxPool2d(2),
        Flatten,
        fc1: Dense(120),
        Relu,
        fc2: Dense(84),
        Relu,
        logits: Dense(10),
    }
}

const BINS: usize = 40;
const FILTERS: usize = 4;

fnn::network! {
    /// Depthwise separable, with every argument.
    struct Keywords: [1, BINS, 49] -> [12] {
        first: Conv2d(2 * FILTERS, kernel = (10, 4), stride = (2, 2), padding = (5, 1), bias = false),
        Relu,
        depthwise: DepthwiseConv2d(kernel = (3, 5), padding = same, multiplier = 2),
        Relu,
        pointwise: Conv2d(6, kernel = 1, groups = 2, init = HeUniform),
        dilated: Conv2d(3, kernel = 3, dilation = (2, 3), padding = (2, 0)),
        Tanh,
        AvgPool2d((2, 3), stride = 2, padding = 1),
        GlobalAvgPool,
        Dense(12),
    }
}

fnn::network! {
    struct Sequence: [3, 50] -> [5, 6] {
        Conv1d(8, kernel = 5, stride = 2, padding = 2),
        Relu,
        MaxPool1d(2),
        Conv1d(5, kernel = 4, padding = same, dilation = 2, groups = 1),
        AvgPool1d(3, stride = 2, padding = 1),
    }
}

fnn::network! { struct Filters<const FILTERS: usize>: [2, 9, 8] -> [3] {
Conv2d(FILTERS, kernel = 3), Relu, DepthwiseConv2d(kernel = 2), Conv2d(5, kernel = (1, 2)), Flatten, Dense(3) } }

/// Leaves numbers in the memory that a function called next has its variables in.
#[inline(never)]
fn write_to_the_stack(value: f32) {
    std::hint::black_box([value; 1 << 17]);
}

#[test]
fn inference_depends_on_nothing_that_was_in_memory() {
    let (lenet, keywords, sequence) = (LeNet::boxed(1), Keywords::boxed(2), Sequence::boxed(3));
    let quantized = lenet.quantize(&[[[[0.5; 28]; 28]; 1], [[[-1.0; 28]; 28]; 1]]).unwrap();
    let answers = |value: f32| {
        write_to_the_stack(value);
        let digit = lenet.forward(&[[[0.25; 28]; 28]; 1]);
        write_to_the_stack(value);
        let word = keywords.forward(&[[[0.25; 49]; BINS]; 1]);
        write_to_the_stack(value);
        let steps = sequence.forward(&[[0.25; 50]; 3]);
        write_to_the_stack(value);
        let by_integers = quantized.forward(&[[[0.25; 28]; 28]; 1]);
        (digit, word, steps, by_integers)
    };
    assert_eq!(answers(0.0), answers(f32::NAN));
    assert_eq!(answers(0.0), answers(f32::MAX));
}

#[test]
fn shapes_weights_and_costs_are_those_of_the_formulas() {
    assert_eq!(LeNet::PARAMETERS, 6 * 25 + 6 + 16 * 6 * 25 + 16 + 256 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10);
    assert_eq!(LeNet::MACS, 24 * 24 * 6 * 25 + 8 * 8 * 16 * 6 * 25 + 256 * 120 + 120 * 84 + 84 * 10);
    let rows: Vec<String> = LeNet::summary().to_string().lines().map(String::from).collect();
    assert!(rows.iter().any(|row| row.contains("conv1") && row.contains("[6, 24, 24]")), "{rows:#?}");
    assert!(rows.iter().any(|row| row.contains("max_pool2d_2") && row.contains("[16, 4, 4]")), "{rows:#?}");

    assert_eq!(Keywords::PARAMETERS, 8 * 40 + (16 * 15 + 16) + (6 * 8 + 6) + (3 * 6 * 9 + 3) + (3 * 12 + 12));
    assert_eq!(Sequence::PARAMETERS, 8 * 3 * 5 + 8 + 5 * 8 * 4 + 5);
    assert_eq!(Filters::<7>::PARAMETERS, 7 * 18 + 7 + 7 * 4 + 7 + 5 * 7 * 2 + 5 + 5 * 6 * 4 * 3 + 3);
}

#[test]
fn gradients_are_those_of_differences() {
    use fnn::{gradient_check, losses::MeanSquaredError};

    let mut random = Random::new(5);
    let inputs: [[[f64; 50]; 3]; 3] = [[[0.0; 50]; 3]; 3].map(|x| x.map(|x| x.map(|_| random.normal())));
    let network = Sequence::<f64>::seeded(3);
    gradient_check(&network, &MeanSquaredError, &inputs, &[[[0.5; 6]; 5]; 3]).assert(1e-6);

    let inputs = [[[0.0; 8]; 9]; 2].map(|x| x.map(|x| x.map(|_| random.normal())));
    let network = Filters::<2, f64>::seeded(3);
    gradient_check(&network, &MeanSquaredError, &[inputs], &[[0.5, -0.5, 1.0]]).assert(1e-6);
}

fnn::network! {
    struct Bars: [1, 8, 9] -> [2] {
        Conv2d(4, kernel = 3, padding = 1),
        Relu,
        MaxPool2d(2),
        Flatten,
        Dense(2),
    }
}

/// A bright bar: class 0 along a row, class 1 along a column.
fn bars(count: usize, seed: u64) -> DataSet<[[[f32; 9]; 8]; 1], usize> {
    let mut random = Random::new(seed);
    let bar = |_| {
        let (class, place) = (usize::from(random.uniform() < 0.5), (random.uniform() * 8.0) as usize);
        let mut image = [[0.0; 9]; 8];
        for (row, pixels) in image.iter_mut().enumerate() {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let bright = if class == 0 { row == place } else { column == place };
                *pixel = 0.1 * random.normal() as f32 + if bright { 1.0 } else { 0.0 };
            }
        }
        ([image], class)
    };
    (0..count).map(bar).collect()
}

#[test]
fn a_network_of_convolutions_learns() {
    let (training, test) = (bars(256, 1), bars(64, 2));
    let trained = Trainer::new(Bars::seeded(1), CrossEntropy, Sgd::new(0.05).momentum(0.9))
        .batch_size(32)
        .epochs(6)
        .progress(Progress::Silent)
        .fit(&training)
        .unwrap();
    let evaluation = evaluate(&*trained.network, &CrossEntropy, &test);
    assert!(evaluation.accuracy.unwrap() > 0.95, "{evaluation:?}");
}

fnn::network! {
    struct Together: [2, 7, 5] -> [3] {
        first: Conv2d(4, kernel = 3, padding = same), Relu, MaxPool2d(3, stride = 1, padding = 1),
        depthwise: DepthwiseConv2d(kernel = 3, padding = same), Relu,
        pointwise: Conv2d(8, kernel = 1), Relu,
        last: DepthwiseConv2d(kernel = 2, stride = 2), LeakyRelu(0.1),
        GlobalMaxPool,
        out: Dense(3),
    }
}
fnn::network! {
    /// The same layers with views around an activation, which then is a pass over memory of its own, as its derivative is.
    struct Apart: [2, 7, 5] -> [3] {
        first: Conv2d(4, kernel = 3, padding = same), Reshape(140), Relu, Reshape(4, 7, 5), MaxPool2d(3, stride = 1, padding = 1),
        depthwise: DepthwiseConv2d(kernel = 3, padding = same), Reshape(140), Relu, Reshape(4, 7, 5),
        pointwise: Conv2d(8, kernel = 1), Reshape(280), Relu, Reshape(8, 7, 5),
        last: DepthwiseConv2d(kernel = 2, stride = 2), Reshape(48), LeakyRelu(0.1), Reshape(8, 3, 2),
        GlobalMaxPool,
        out: Dense(3),
    }
}

/// In inference, in training, and where each layer is updated right away.
#[test]
fn a_convolution_and_its_activation_compute_what_they_do_apart() {
    let number = |index: usize| ((index * 31 + index / 7) % 23) as f32 / 7.0 - 1.5;
    let inputs: Vec<[[[f32; 5]; 7]; 2]> = (0..20)
        .map(|sample| {
            let row = |row: usize| core::array::from_fn(|column| number(sample * 70 + row * 5 + column));
            core::array::from_fn(|channel| core::array::from_fn(|place| row(channel * 7 + place)))
        })
        .collect();
    let targets: Vec<[f32; 3]> = (0..20).map(|sample| [0, 1, 2].map(|place| number(sample * 3 + place))).collect();
    let (mut together, mut apart) = (Together::seeded(3), Apart::zeroed());
    apart.parameters_mut().copy_from_slice(together.parameters());
    assert_eq!(together.forward_all(&inputs), apart.forward_all(&inputs));
    let mut by_inputs = [vec![[[[0.0; 5]; 7]; 2]; 20], vec![[[[0.0; 5]; 7]; 2]; 20]];
    let (mut one, mut other) = (Together::zeroed(), Apart::zeroed());
    let [by_one, by_other] = &mut by_inputs;
    GradientBuffers::<_, 20>::boxed().gradients(&together, &MeanSquaredError, &inputs, &targets, &mut one, by_one);
    GradientBuffers::<_, 20>::boxed().gradients(&apart, &MeanSquaredError, &inputs, &targets, &mut other, by_other);
    assert!(one.parameters() == other.parameters() && by_one == by_other);
    assert!(one.first.bias.iter().all(|&slope| slope != 0.0));

    let mut buffers = (InPlaceBuffers::<Together, 20>::new(), InPlaceBuffers::<Apart, 20>::new());
    buffers.0.train(&mut together, &MeanSquaredError, &Sgd::new(0.1), &inputs, &targets);
    buffers.1.train(&mut apart, &MeanSquaredError, &Sgd::new(0.1), &inputs, &targets);
    assert!(together.parameters() == apart.parameters());
}

fnn::network! {
    /// As many channels as fill vectors, so that batches between layers lie channels last.
    struct Wide<const FILTERS: usize>: [2, 9, 6] -> [5] {
        first: Conv2d(32, kernel = (5, 3), stride = 2, padding = 1),
        relu: Relu,
        depthwise: DepthwiseConv2d(kernel = 3, padding = same),
        tanh: Tanh,
        gelu: Gelu,
        pointwise: Conv2d(FILTERS, kernel = 1),
        last: DepthwiseConv2d(kernel = 3, stride = 2, bias = false),
        pool: GlobalAvgPool,
        scores: Dense(5),
    }
}

#[test]
fn a_network_computes_what_its_layers_compute_one_by_one() {
    let network = Wide::<48>::seeded(3);
    let mut random = Random::new(4);
    let mut inputs = [[[[0.0f32; 6]; 9]; 2]; 7];
    inputs
        .as_flattened_mut()
        .as_flattened_mut()
        .as_flattened_mut()
        .iter_mut()
        .for_each(|x| *x = random.uniform() as f32 - 0.5);
    let by_layers = inputs.map(|x| {
        let x = network.tanh.forward(&network.depthwise.forward(&network.relu.forward(&network.first.forward(&x))));
        let x = network.last.forward(&network.pointwise.forward(&network.gelu.forward(&x)));
        network.scores.forward(&network.pool.forward(&x))
    });
    assert_eq!(network.forward_all(&inputs), by_layers);
    assert_eq!(inputs.map(|x| network.forward(&x)), by_layers);
    // With vectors, batches between these layers lie channels last.
    let has_two_formats = |formats: bool| assert_eq!(formats, cfg!(feature = "simd"));
    has_two_formats(!formats_are_first(&network.depthwise));
    has_two_formats(!formats_are_first(&network.pointwise));
}

/// Whether a layer reads and writes nothing but channels first.
fn formats_are_first<L: fnn::layers::Layer>(_: &L) -> bool {
    L::FORMATS.are_first()
}

/// Columns of a sequence in which the taps of a window lie further apart than 65,535.
const LONG: usize = 66_010;

fnn::network! {
    struct Far: [16, LONG] -> [16] {
        first: Conv1d(16, kernel = 1),
        far: DepthwiseConv1d(kernel = 2, dilation = 66_000),
        pool: GlobalAvgPool,
    }
}

#[test]
fn taps_may_lie_any_distance_apart() {
    let mut network = Far::boxed(1);
    network.parameters_mut().fill(0.0);
    // Sums over channels, of which the second tap is taken.
    network.parameters_mut()[..16 * 16].fill(1.0);
    network.parameters_mut()[16 * 16 + 16..]
        .iter_mut()
        .take(2 * 16)
        .skip(1)
        .step_by(2)
        .for_each(|weight| *weight = 1.0);
    let mut input = fnn::layers::zeroed_box::<[[f32; LONG]; 16]>();
    input[3].iter_mut().enumerate().for_each(|(column, x)| *x = column as f32);
    let mean = (66_000 + 66_009) as f32 / 2.0;
    let outputs = network.forward_all(std::slice::from_ref(&*input));
    assert_eq!(outputs, [[mean; 16]]);
}
