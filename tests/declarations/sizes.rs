//! Sizes and arguments: their forms and values.

use fnn::layers::activation::{Elu, GeluTanh, LeakyRelu};
use fnn::layers::{Activation, Conv, Dense, Dropout, NoBias, Window};
use fnn::{Initializer, Random, layers::Sample};

const UNITS: usize = 6;

mod elsewhere {
    pub(crate) const WIDTH: usize = 3;

    pub(crate) const fn half(size: usize) -> usize {
        size / 2
    }

    pub(crate) trait Sized {
        const SIZE: usize;
    }

    impl Sized for u8 {
        const SIZE: usize = 5;
    }
}

fnn::network! {
    struct Expressions: [1 + 1, elsewhere::WIDTH, { let two = 2; two * UNITS }] -> [elsewhere::half(UNITS)] {
        Flatten,
        Dense(if UNITS > 5 { 9 } else { 1 }),
        Dense(<u8 as elsewhere::Sized>::SIZE),
        Dense(size_of::<[u8; 4]>()),
        Dense(0x10),
        Dense(1_1usize),
        Dense((UNITS - 2) * 2),
        Dense(UNITS / 2),
    }
}

/// The compiler computes the sizes: the types of the weights show them.
#[test]
fn a_size_is_any_const_expression() {
    let network = Expressions::zeroed();
    let _: &Dense<72, 9> = &network.dense_1;
    let _: &Dense<9, 5> = &network.dense_2;
    let _: &Dense<5, 4> = &network.dense_3;
    let _: &Dense<4, 16> = &network.dense_4;
    let _: &Dense<16, 11> = &network.dense_5;
    let _: &Dense<11, 8> = &network.dense_6;
    let _: &Dense<8, 3> = &network.dense_7;
    let output: [f32; 3] = network.forward(&[[[1.0; 12]; 3]; 2]);
    assert_eq!(output, [0.0; 3]);
}

fnn::network! {
    struct Arguments: [2] {
        positional: Dense(3),
        named: Dense(units = 3,),
        without_bias: Dense(3, bias = false),
        with_bias: Dense(bias = true, 3),
        slope: LeakyRelu(0.1),
        named_slope: LeakyRelu(slope = 2.0 * 0.1),
        default_slope: LeakyRelu,
        none: LeakyRelu(),
        exact: Gelu(exact),
        tanh: Gelu(form = tanh),
        alpha: Elu(RATE),
        drop: Dropout(probability = RATE),
        softmax: Softmax(),
    }
}

const RATE: f64 = 0.25;

#[test]
fn arguments_go_by_position_or_by_name() {
    let network = Arguments::zeroed();
    let _: &Dense<2, 3> = &network.positional;
    let _: &Dense<3, 3> = &network.named;
    let _: &Dense<3, 3, f32, NoBias<f32>> = &network.without_bias;
    let _: &Dense<3, 3> = &network.with_bias;
    let _: &Activation<LeakyRelu<{ 0.1f64.to_bits() }>, [f32; 3]> = &network.slope;
    let _: &Activation<LeakyRelu<{ 0.2f64.to_bits() }>, [f32; 3]> = &network.named_slope;
    let _: &Activation<LeakyRelu<{ 0.01f64.to_bits() }>, [f32; 3]> = &network.default_slope;
    let _: &Activation<LeakyRelu<{ 0.01f64.to_bits() }>, [f32; 3]> = &network.none;
    let _: &Activation<GeluTanh, [f32; 3]> = &network.tanh;
    let _: &Activation<Elu<{ 0.25f64.to_bits() }>, [f32; 3]> = &network.alpha;
    let _: &Dropout<[f32; 3], { 0.25f64.to_bits() }> = &network.drop;
}

const KERNEL: usize = 3;

fnn::network! {
    struct Windows: [1, 9, 7] {
        Conv2d(2, kernel = (KERNEL, 2), stride = (2, 1), padding = KERNEL - 2),
        same: Conv2d(4, kernel = KERNEL, padding = same, bias = false),
    }
}

/// `(9 + 2·1 − 3) / 2 + 1 = 5` rows, `(7 + 2·1 − 2) / 1 + 1 = 8` columns.
#[test]
fn a_window_takes_a_size_for_both_axes_or_for_each() {
    type First =
        Conv<[[[f32; 7]; 9]; 1], [[[f32; 8]; 5]; 2], [[[[f32; 2]; 3]; 1]; 2], (Window<3, 2, 1>, Window<2, 1, 1>)>;
    let network = Windows::zeroed();
    let _: &First = &network.conv2d_1;
    let output: [[[f32; 8]; 5]; 4] = network.forward(&[[[1.0; 7]; 9]; 1]);
    assert_eq!(output, [[[0.0; 8]; 5]; 4]);
}

fnn::network! {
    struct Initialized: [3] {
        before_relu: Dense(5),
        Dropout(0.5),
        Relu,
        before_tanh: Dense(5),
        Tanh,
        before_dense: Dense(5),
        LayerNorm,
        asked: Dense(5, init = LeCunUniform),
        Relu,
        constant: Dense(5, init = Constant(-0.5)),
        by_path: Dense(5, init = fnn::Initializer::HeUniform),
        computed: Dense(2, init = small()),
    }
}

const fn small() -> Initializer {
    Initializer::Constant(0.125)
}

/// One generator draws the weights of all layers in order; biases are 0.
#[test]
fn weights_are_drawn_as_asked_or_as_suits_what_follows() {
    let network = Initialized::seeded(7);
    let mut random = Random::new(7);
    let mut first = [[0.0; 5]; 3];
    Initializer::HeNormal.fill(Sample::flat_mut(&mut first), 3, 5, &mut random);
    assert_eq!(network.before_relu.weight, first);
    let mut draw = |initializer: Initializer| {
        let mut weight = [[0.0f32; 5]; 5];
        initializer.fill(Sample::flat_mut(&mut weight), 5, 5, &mut random);
        weight
    };
    assert_eq!(network.before_tanh.weight, draw(Initializer::GlorotUniform));
    assert_eq!(network.before_dense.weight, draw(Initializer::GlorotUniform));
    assert_eq!(network.asked.weight, draw(Initializer::LeCunUniform));
    assert_eq!(network.constant.weight, [[-0.5; 5]; 5]);
    assert_eq!(network.by_path.weight, draw(Initializer::HeUniform));
    assert_eq!(network.computed.weight, [[0.125; 2]; 5]);
    assert_eq!(network.before_relu.bias, [0.0; 5]);
}

fnn::network! {
    struct Named: [2] {
        a: Dense(2, init = HeNormal),
        b: Dense(2, init = HeUniform),
        c: Dense(2, init = GlorotNormal),
        d: Dense(2, init = GlorotUniform),
        e: Dense(2, init = LeCunNormal),
        f: Dense(2, init = LeCunUniform),
        g: Dense(2, init = Constant(1.0)),
    }
}

/// Every initializer is available by its name.
#[test]
fn the_macro_knows_every_initializer() {
    let network = Named::seeded(3);
    let mut random = Random::new(3);
    let mut draw = |initializer: Initializer| {
        let mut weight = [[0.0f32; 2]; 2];
        initializer.fill(Sample::flat_mut(&mut weight), 2, 2, &mut random);
        weight
    };
    assert_eq!(network.a.weight, draw(Initializer::HeNormal));
    assert_eq!(network.b.weight, draw(Initializer::HeUniform));
    assert_eq!(network.c.weight, draw(Initializer::GlorotNormal));
    assert_eq!(network.d.weight, draw(Initializer::GlorotUniform));
    assert_eq!(network.e.weight, draw(Initializer::LeCunNormal));
    assert_eq!(network.f.weight, draw(Initializer::LeCunUniform));
    assert_eq!(network.g.weight, draw(Initializer::Constant(1.0)));
}
