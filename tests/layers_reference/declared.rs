//! Layers in declarations, against `tests/fixtures/layers.py`.

use fnn::layers::Embedding;
use fnn::{Layer, Network, Scalar, layers::Sample};

use crate::fixtures::{Tensors, compare};
use crate::pass::{Passes, passes, samples_of};
use crate::{Row, TOLERANCE, TOLERANCE_F64};

/// The tensors of one layer.
struct Case<'a> {
    tensors: &'a Tensors,
    layer: &'a str,
    tolerance: f64,
    largest: f64,
}

impl<'a> Case<'a> {
    fn find(&self, name: &str) -> Option<&'a [f64]> {
        self.tensors.find(&format!("{}.{name}", self.layer))
    }

    fn get(&self, name: &str) -> &'a [f64] {
        self.find(name).unwrap_or_else(|| panic!("{} has no {name}", self.layer))
    }

    #[track_caller]
    fn compare<S: Scalar>(&mut self, name: &str, ours: &[S]) {
        let what = format!("{}: {name}", self.layer);
        self.largest = self.largest.max(compare(&what, ours, self.get(name), self.tolerance));
    }

    /// Forward and backward, in training and in inference, with all samples in one batch.
    fn check<L: Layer>(&mut self, inputs: &[L::Input]) -> Passes<L> {
        let mut layer = L::zeroed_box();
        let weights = self.find("weights").unwrap_or_default();
        assert_eq!(weights.len(), L::PARAMETERS, "{}", self.layer);
        for (weight, &number) in layer.parameters_mut().iter_mut().zip(weights) {
            *weight = L::Scalar::from_f64(number);
        }
        let mut passes = passes(&*layer, inputs, &samples_of::<L::Output>(self.get("grad_out")));
        self.compare("out", Sample::flat(&passes.outputs));
        let inference = self.find("inference").map_or("out", |_| "inference");
        self.compare(inference, Sample::flat(&layer.forward_all(inputs)));

        layer.absorb(&passes.gradient);
        if self.find("after").is_some() {
            self.compare("after", layer.parameters());
        }
        // Running statistics have no gradient.
        L::running_statistics(&mut |range| passes.gradient.parameters_mut()[range].fill(L::Scalar::ZERO));
        if L::PARAMETERS > 0 {
            self.compare("grad", passes.gradient.parameters());
        }
        passes
    }

    /// A layer whose inputs have a gradient.
    fn check_in<S: Scalar, L: Layer<Scalar = S, Input: Sample<Element = S>>>(mut self) -> f64 {
        let passes = self.check::<L>(&samples_of::<L::Input>(self.get("x")));
        self.compare("grad_x", Sample::flat(&passes.input_gradients));
        self.largest
    }
}

pub(crate) fn row<F, D>(tensors: &Tensors, layer: &'static str) -> Row
where
    F: Layer<Scalar = f32, Input: Sample<Element = f32>>,
    D: Layer<Scalar = f64, Input: Sample<Element = f64>>,
{
    let case = |tolerance| Case { tensors, layer, tolerance, largest: 0.0 };
    Row {
        layer: layer.into(),
        graph: Some(F::graph()),
        single: case(TOLERANCE).check_in::<f32, F>(),
        double: Some(case(TOLERANCE_F64).check_in::<f64, D>()),
    }
}

/// A network for each row of the table, of mostly one layer, and `declared`, which checks all of them.
macro_rules! layers {
    ($($name:ident: $input:tt -> $output:tt { $($layer:tt)* })*) => {
        $(mod $name {
            fnn::network! { pub(super) struct Declared: $input -> $output { layer: $($layer)* } }
        })*

        fn declared(tensors: &Tensors) -> Vec<Row> {
            vec![$(row::<$name::Declared<f32>, $name::Declared<f64>>(tensors, stringify!($name))),*]
        }
    };
}
pub(crate) use layers;

layers! {
    dense: [7] -> [5] { Dense(5) }
    dense_without_bias: [7] -> [5] { Dense(5, bias = false) }

    conv2d_rectangle: [3, 7, 8] -> [4, 6, 5] { Conv2d(4, kernel = (2, 4)) }
    conv2d_strides: [3, 8, 9] -> [4, 3, 3] { Conv2d(4, kernel = (3, 2), stride = (2, 3)) }
    conv2d_paddings: [2, 5, 6] -> [3, 5, 7] { Conv2d(3, kernel = (3, 4), padding = (1, 2), bias = false) }
    conv2d_dilations: [2, 8, 7] -> [3, 4, 4] { Conv2d(3, kernel = (3, 2), dilation = (2, 3)) }
    conv2d_groups: [6, 5, 6] -> [9, 4, 4] { Conv2d(9, kernel = (2, 3), groups = 3) }
    conv2d_same: [2, 6, 7] -> [3, 6, 7] { Conv2d(3, kernel = (3, 5), padding = same) }
    conv2d_same_even: [2, 6, 7] -> [3, 6, 7] { Conv2d(3, kernel = (2, 4), padding = same) }
    conv2d_same_dilated: [2, 6, 7] -> [3, 6, 7] { Conv2d(3, kernel = (3, 2), padding = same, dilation = (2, 3)) }
    conv2d_pointwise: [5, 4, 5] -> [3, 4, 3] { Conv2d(3, kernel = 1, stride = (1, 2)) }
    conv2d_everything: [4, 7, 8] -> [6, 5, 7] {
        Conv2d(6, kernel = (3, 2), stride = (2, 1), padding = (2, 1), dilation = (1, 3), groups = 2)
    }
    conv2d_larger: [8, 9, 11] -> [16, 9, 11] { Conv2d(16, kernel = 3, padding = 1) }
    depthwise_multiplier: [3, 6, 5] -> [6, 4, 3] { DepthwiseConv2d(kernel = 3, multiplier = 2) }
    depthwise_everything: [4, 8, 6] -> [12, 3, 9] {
        DepthwiseConv2d(kernel = (3, 2), multiplier = 3, stride = (2, 1), padding = (1, 2), dilation = (2, 1))
    }
    depthwise_same: [5, 6, 9] -> [5, 6, 9] { DepthwiseConv2d(kernel = (3, 5), padding = same, bias = false) }
    conv1d_plain: [3, 11] -> [4, 8] { Conv1d(4, kernel = 4) }
    conv1d_same: [3, 11] -> [4, 11] { Conv1d(4, kernel = 4, padding = same, dilation = 3) }
    conv1d_everything: [4, 13] -> [6, 8] {
        Conv1d(6, kernel = 3, stride = 2, padding = 3, dilation = 2, groups = 2, bias = false)
    }

    maxpool2d_rectangle: [2, 6, 8] -> [2, 5, 3] { MaxPool2d((2, 3), stride = (1, 2)) }
    maxpool2d_padding: [2, 7, 6] -> [2, 3, 3] { MaxPool2d((4, 3), stride = (3, 2), padding = (2, 1)) }
    maxpool1d_padding: [3, 9] -> [3, 5] { MaxPool1d(3, stride = 2, padding = 1) }
    avgpool2d_rectangle: [2, 6, 8] -> [2, 5, 3] { AvgPool2d((2, 3), stride = (1, 2)) }
    avgpool2d_padding: [2, 7, 6] -> [2, 3, 3] { AvgPool2d((4, 3), stride = (3, 2), padding = (2, 1)) }
    avgpool1d_padding: [3, 9] -> [3, 5] { AvgPool1d(3, stride = 2, padding = 1) }
    global_avg_pool_2d: [4, 5, 6] -> [4] { GlobalAvgPool }
    global_avg_pool_1d: [4, 7] -> [4] { GlobalAvgPool }
    global_max_pool_2d: [4, 5, 6] -> [4] { GlobalMaxPool }
    global_max_pool_1d: [4, 7] -> [4] { GlobalMaxPool }
    global_max_pool_ties: [4, 5, 6] -> [4] { GlobalMaxPool }
    upsample2d: [2, 3, 4] -> [2, 6, 12] { Upsample2d((2, 3)) }
    upsample1d: [2, 5] -> [2, 15] { Upsample1d(3) }

    batchnorm_row: [6] -> [6] { BatchNorm }
    batchnorm_sequence: [4, 5] -> [4, 5] { BatchNorm(epsilon = 1e-3, momentum = 0.3) }
    batchnorm_image: [3, 4, 5] -> [3, 4, 5] { BatchNorm(epsilon = 1e-2, momentum = 0.05) }
    layernorm_row: [9] -> [9] { LayerNorm }
    layernorm_image: [3, 4, 5] -> [3, 4, 5] { LayerNorm(epsilon = 1e-3) }
    layernorm_one_axis: [3, 4, 5] -> [3, 4, 5] { LayerNorm(axes = 1) }
    layernorm_two_axes: [3, 4, 5] -> [3, 4, 5] { LayerNorm(epsilon = 0.1, axes = 2) }
    groupnorm_row: [6] -> [6] { GroupNorm(3) }
    groupnorm_sequence: [4, 5] -> [4, 5] { GroupNorm(1, epsilon = 1e-3) }
    groupnorm_image: [4, 3, 5] -> [4, 3, 5] { GroupNorm(2) }
    groupnorm_each: [4, 3, 5] -> [4, 3, 5] { GroupNorm(4) }
    rmsnorm_row: [9] -> [9] { RmsNorm }
    rmsnorm_image: [3, 4, 5] -> [3, 4, 5] { RmsNorm(epsilon = 1e-3) }
    rmsnorm_one_axis: [3, 4, 5] -> [3, 4, 5] { RmsNorm(epsilon = 0.1, axes = 1) }
    local_response_norm: [6, 5] -> [6, 5] { LocalResponseNorm(3) }
    local_response_norm_image: [6, 3, 4] -> [6, 3, 4] { LocalResponseNorm(5, alpha = 2.0, beta = 0.6, k = 1.5) }
    local_response_norm_even: [7, 4] -> [7, 4] { LocalResponseNorm(4, alpha = 3.0, beta = 1.2) }

    relu: [4, 5] -> [4, 5] { Relu }
    leaky_relu: [4, 5] -> [4, 5] { LeakyRelu }
    leaky_relu_slope: [4, 5] -> [4, 5] { LeakyRelu(0.3) }
    elu: [4, 5] -> [4, 5] { Elu }
    elu_alpha: [4, 5] -> [4, 5] { Elu(0.5) }
    gelu: [4, 5] -> [4, 5] { Gelu }
    gelu_tanh: [4, 5] -> [4, 5] { Gelu(tanh) }
    silu: [4, 5] -> [4, 5] { Silu }
    sigmoid: [4, 5] -> [4, 5] { Sigmoid }
    tanh: [4, 5] -> [4, 5] { Tanh }
    softplus: [4, 5] -> [4, 5] { Softplus }
    softplus_beta: [4, 5] -> [4, 5] { Softplus(2.5) }
    relu6: [4, 5] -> [4, 5] { Relu6 }
    hard_sigmoid: [4, 5] -> [4, 5] { HardSigmoid }
    hard_swish: [4, 5] -> [4, 5] { HardSwish }
    mish: [4, 5] -> [4, 5] { Mish }
    selu: [4, 5] -> [4, 5] { Selu }
    prelu: [4, 5] -> [4, 5] { PRelu }
    prelu_each: [4, 5] -> [4, 5] { PRelu(each) }
    softmax: [6] -> [6] { Softmax }
    log_softmax: [6] -> [6] { LogSoftmax }

    residual: [6] -> [6] { Residual { Dense(4), Tanh, Dense(6) } }
    residual_projected: [2, 6, 5] -> [4, 3, 3] {
        Residual {
            { Conv2d(3, kernel = 3, stride = 2, padding = 1), Silu, Conv2d(4, kernel = 3, padding = 1) },
            { Conv2d(4, kernel = 1, stride = 2, bias = false) },
        }
    }
    concat: [2, 4, 5] -> [7, 4, 5] {
        Concat { { Conv2d(3, kernel = 1), Tanh }, { Conv2d(2, kernel = (3, 5), padding = same) }, {} }
    }
    product: [6] -> [6] { Product { { Dense(4), Tanh, Dense(6) }, {} } }
    gated: [2, 5] -> [3, 4] { Product { { Conv1d(3, kernel = 2) }, { Conv1d(3, kernel = 2), Sigmoid } } }
    squeeze_and_excitation: [8, 3, 5] -> [8, 3, 5] {
        Product { {}, { GlobalAvgPool, Dense(4), Relu, Dense(8), Sigmoid } }
    }

    clip: [4, 5] -> [4, 5] { Clip(-1.5, 2.0) }
    clip_below: [4, 5] -> [4, 5] { Clip(min = 0.5) }
    clip_above: [4, 5] -> [4, 5] { Clip(max = -0.25) }
    slice_row: [7] -> [3] { Slice(2, 5) }
    slice_image: [3, 4, 5] -> [2, 4, 5] { Slice(0, 2) }
    sum: [6] -> [6] { Sum { { Dense(4), Tanh, Dense(6) }, { Dense(6) }, {} } }
    permute_matrix: [3, 5] -> [5, 3] { Permute(1, 0) }
    permute_image: [2, 3, 4] -> [4, 2, 3] { Permute(2, 0, 1) }
    permute_volume: [2, 3, 4, 5] -> [3, 5, 2, 4] { Permute(1, 3, 0, 2) }
    softmax_rows: [3, 4, 5] -> [3, 4, 5] { Softmax(axes = 1) }
    log_softmax_rows: [3, 4, 5] -> [3, 4, 5] { LogSoftmax(axes = 1) }
    softmax_images: [3, 4, 5] -> [3, 4, 5] { Softmax(axes = 2) }
    log_softmax_images: [3, 4, 5] -> [3, 4, 5] { LogSoftmax(axes = 2) }
    softsign: [4, 5] -> [4, 5] { Softsign }
    normalize: [3, 4, 5] -> [3, 4, 5] { Normalize }
    flatten: [2, 3, 4] -> [24] { Flatten }
    reshape: [24] -> [2, 3, 4] { Reshape(2, 3, 4) }
    identity: [2, 3] -> [2, 3] { Identity }
    two_inputs: [10] -> [8] { Concat { { Slice(0, 4), Dense(3) }, { Slice(4, 10), Dense(5), Tanh } } }

    resize2d: [2, 3, 4] -> [2, 7, 5] { Resize2d((7, 5)) }
    resize2d_smaller: [2, 7, 4] -> [2, 2, 3] { Resize2d((2, 3)) }
    resize2d_aligned: [2, 3, 4] -> [2, 5, 7] { Resize2d((5, 7), align_corners = true) }
    resize2d_single: [2, 3, 1] -> [2, 1, 4] { Resize2d((1, 4), align_corners = true) }
    resize1d: [2, 5] -> [2, 8] { Resize1d(8) }
    resize1d_aligned: [2, 9] -> [2, 4] { Resize1d(4, align_corners = true) }

    threshold: [4, 5] -> [4, 5] { Threshold(0.75) }
    threshold_value: [4, 5] -> [4, 5] { Threshold(-1.5, value = 2.0) }
    hard_shrink: [4, 5] -> [4, 5] { HardShrink }
    hard_shrink_lambda: [4, 5] -> [4, 5] { HardShrink(0.75) }
    soft_shrink: [4, 5] -> [4, 5] { SoftShrink }
    soft_shrink_lambda: [4, 5] -> [4, 5] { SoftShrink(0.75) }
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let tensors = Tensors::read("layers");
    let mut rows = declared(&tensors);
    let case = |tolerance| Case { tensors: &tensors, layer: "embedding", tolerance, largest: 0.0 };
    let tokens: Vec<_> = case(0.0).get("x").as_chunks::<4>().0.iter().map(|tokens| tokens.map(|t| t as u16)).collect();
    let (mut single, mut double) = (case(TOLERANCE), case(TOLERANCE_F64));
    single.check::<Embedding<4, 5, 3, f32>>(&tokens);
    double.check::<Embedding<4, 5, 3, f64>>(&tokens);
    rows.push(Row {
        layer: "embedding".into(),
        graph: Some(Embedding::<4, 5, 3, f32>::graph()),
        single: single.largest,
        double: Some(double.largest),
    });
    rows
}
