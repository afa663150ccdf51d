//! Safe code that tries to cause undefined behaviour: sizes that overflow, slices of wrong lengths, memory of wrong types. What the
//! compiler doesn't reject (see `tests/ui/sound` and `tests/ui/first_use`) may panic or do nothing, but never accesses memory out of
//! bounds. Run it under AddressSanitizer (`tests/sanitizer.sh`) and under Miri (`tests/miri/check.sh`).

#![forbid(unsafe_code)]

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fnn::layers::activation::Tanh;
use fnn::layers::{Activation, Chance, Dense, Gradient, NoBias, Pass, Recorded, Start, zeroed};
use fnn::macro_support::kernels::{input_gradient, matmul, weight_gradient};
use fnn::macro_support::{self, Larger, Place, batch, outlined, workspace};
use fnn::simd::{Operation, Portable, Simd, dispatch};
use fnn::{Layer, Network, Parameters, Scalar};

/// Try something that may panic.
fn attempt(hostile: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(hostile));
}

/// Sizes whose products overflow to small ones.
const SIZES: &[usize] = if cfg!(miri) {
    &[0, 2, 3, usize::MAX / 2 + 1]
} else {
    &[0, 1, 2, 3, 17, 1 << (usize::BITS / 2), usize::MAX / 2 + 1, usize::MAX / 4 + 1, usize::MAX / 16 + 2, usize::MAX]
};
/// The lengths of the slices for these sizes.
const LENGTHS: &[usize] = if cfg!(miri) { &[6] } else { &[0, 1, 6, 35] };

/// The three products of a dense layer, with any sizes and slices of any lengths.
struct Products;

impl Operation for Products {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        for (k, n) in SIZES.iter().flat_map(|&k| SIZES.iter().map(move |&n| (k, n))) {
            for &length in LENGTHS {
                products::<V, f32>(simd, (k, n), length);
            }
            products::<V, f64>(simd, (k, n), 6);
        }
    }
}

/// With memory of exactly this length, so that a sanitizer sees every access past its end.
fn products<V: Simd, S: Scalar>(simd: V, size: (usize, usize), length: usize) {
    let numbers = || vec![S::ONE; length];
    let (a, b, bias) = (numbers(), numbers(), numbers());
    // Debug builds report the overflow of a product.
    attempt(|| matmul(simd, size, &a, &b, &mut numbers(), &bias));
    attempt(|| matmul(simd, size, &a, &b, &mut numbers(), &[]));
    attempt(|| input_gradient(simd, size, &a, &b, &mut numbers()));
    for start in [Start::Zero, Start::Sum] {
        attempt(|| weight_gradient(simd, size, &a, &b, &mut numbers(), start));
    }
}

#[test]
fn sizes_that_wrap_reach_no_memory() {
    dispatch(Products);
    Products.run(Portable);
}

/// Sizes that don't fit leave the output unchanged.
struct Untouched;

impl Operation for Untouched {
    type Output = [f32; 4];

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> [f32; 4] {
        let (g, w, mut dx) = ([1.0; 4], [2.0; 4], [7.0; 4]);
        // 2 · 2⁶³ is 0, and 2 · (2⁶³ + 1) is 2.
        for o in [usize::MAX / 2 + 1, usize::MAX / 2 + 2] {
            attempt(|| input_gradient(simd, (2, o), &g, &w, &mut dx));
        }
        dx
    }
}

#[test]
fn products_that_do_not_fit_write_nothing() {
    assert_eq!(dispatch(Untouched), [7.0; 4]);
    assert_eq!(Untouched.run(Portable), [7.0; 4]);
}

struct Fitting;

impl Operation for Fitting {
    type Output = ([f32; 3], [f32; 6], [f32; 2]);

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Self::Output {
        let w = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let (mut y, mut dw, mut dx) = ([0.0; 3], [9.0; 6], [9.0; 2]);
        matmul(simd, (2, 3), &[1.0, 1.0], &w, &mut y, &[]);
        weight_gradient(simd, (2, 3), &[1.0, 2.0], &[1.0, 10.0, 100.0], &mut dw, Start::Zero);
        input_gradient(simd, (2, 3), &[1.0, 1.0, 1.0], &w, &mut dx);
        (y, dw, dx)
    }
}

#[test]
fn products_that_fit_are_right() {
    let expected = ([5.0, 7.0, 9.0], [1.0, 10.0, 100.0, 2.0, 20.0, 200.0], [6.0, 15.0]);
    assert_eq!(dispatch(Fitting), expected);
    assert_eq!(Fitting.run(Portable), expected);
}

#[test]
fn a_bias_is_of_the_layer_s_length_or_none() {
    let weight = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert_eq!(Dense::<2, 3> { weight, bias: [1.0, 0.0, -1.0] }.forward(&[1.0, 1.0]), [6.0, 7.0, 8.0]);
    let mut dense = Dense::<2, 3, f32, NoBias<f32>>::zeroed();
    dense.weight = weight;
    assert_eq!(dense.forward(&[1.0, 1.0]), [5.0, 7.0, 9.0]);
}

#[test]
fn memory_holds_what_was_written_whatever_its_type() {
    // 5 bytes or 4, and 3 bytes of padding.
    let mut memory = zeroed::<Larger<[u8; 5], [f32; 1]>>();
    *workspace::<[u8; 5], _>(&mut memory) = [0x00, 0x00, 0x80, 0x3f, 0xff];
    let one = f32::from_bits(u32::from_ne_bytes([0x00, 0x00, 0x80, 0x3f]));
    assert_eq!(batch::<[f32; 1], 1, _>(&mut memory, usize::MAX), [[one]]);
    assert_eq!(workspace::<[u8; 5], _>(&mut memory)[4], 0xff);
    assert!(batch::<[f32; 1], 0, _>(&mut memory, 3).is_empty());
    // An empty array needs no memory.
    assert_eq!(workspace::<[f32; 0], _>(&mut zeroed::<Larger<[f32; 0], ()>>()), &[]);
}

#[test]
fn views_of_another_length_are_empty() {
    let samples = [[[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]]];
    assert_eq!(macro_support::view::<_, [f32; 6]>(&samples), [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]);
    assert_eq!(macro_support::view::<_, [f32; 7]>(&samples), [[0.0_f32; 7]; 0]);
    assert_eq!(macro_support::view_mut::<[[f32; 0]; 3], [f32; 1]>(&mut [[[]; 3]; 9]), [[0.0_f32]; 0]);
    assert_eq!(macro_support::first(&samples, usize::MAX), samples);
    assert_eq!(macro_support::outputs::<[f32; 2], [f32; 3]>(&[[1.0, 2.0]]), [[0.0_f32; 3]; 0]);
    let mut integers = [7_i8; 5];
    macro_support::forward_nothing::<[i8; 2], [i8; 5]>(&[1, 2], &mut integers);
    assert_eq!(integers, [1, 2, 7, 7, 7]);
}

#[test]
fn layers_in_8_bits_take_views_and_no_more() {
    use fnn::quantized::Quantize;

    let dense = Dense::<2, 1> { weight: [[0.5], [-0.25]], bias: [0.125] };
    let quantized = dense.quantize(&[[1.0, -1.0]]).unwrap();
    let integers = quantized.quantize(&[1.0, -1.0]);
    let mut inside = [[0_i8; 1]; 1];
    let input = [[integers[0]], [integers[1]]];
    macro_support::forward_layer::<Dense<2, 1>, fnn::quantized::Native, _, _, _, _>(
        &quantized.layers,
        &input,
        &mut inside,
        // Any memory that is large enough.
        &mut [0_i8; 64],
        &mut (),
    );
    assert_eq!(inside[0], quantized.forward_integers(&integers));
    // For samples of another length, the result is empty.
    assert_eq!(macro_support::pass_through(&dense, &[[1.0_f32; 3]; 2]), [[0.0_f32; 1]; 0]);
    assert_eq!(macro_support::pass_through(&dense, &[[[1.0_f32], [2.0]]]), [[0.125_f32]]);
}

#[test]
fn parts_of_weights_are_where_they_are() {
    let dense = Dense::<2, 3> { weight: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], bias: [7.0, 8.0, 9.0] };
    let (weight, rest): (&[[f32; 2]; 4], &[f32; 1]) = macro_support::split(&dense);
    assert_eq!((weight, rest), (&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], &[9.0]));
    let mut other = [[0.0_f32; 3]; 1];
    macro_support::copy_weights(&[[1.0, 2.0, 3.0]; 1], &mut other);
    assert_eq!(other, [[1.0, 2.0, 3.0]]);
}

#[test]
fn places_are_inside_of_the_network() {
    for (offset, expected) in [(0, true), (24, true), (28, false), (26, false), (36, false), (usize::MAX - 3, false)] {
        assert_eq!(catch_unwind(|| Place::<Dense<2, 3>, [f32; 3]>::after(offset)).is_ok(), expected, "{offset}");
    }
    // Nothing, but at an address that a network of nothing may not have.
    assert!(catch_unwind(|| Place::<PhantomData<f32>, [f32; 0]>::after(0)).is_err());
}

fnn::network! {
    #[derive(Clone, Debug)]
    struct Mixed: [2, 7, 6] -> [4] {
        conv: Conv2d(3, kernel = 3, padding = same),
        norm: BatchNorm,
        Relu,
        skip: Residual { Conv2d(3, kernel = (1, 3), padding = same), GroupNorm(3), Tanh },
        pool: MaxPool2d(2),
        AvgPool2d(2, stride = 1),
        Flatten,
        slopes: PRelu,
        Concat { { Dense(8), LayerNorm }, { Dense(5), RmsNorm } },
        Dropout(0.5),
        out: Dense(4),
        LogSoftmax,
    }
}

/// A whole pass with slices of any lengths, where a layer expects one length.
struct Passes<'a>(&'a Mixed, [usize; 5]);

impl Operation for Passes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        const B: usize = 2;
        let Self(network, [inputs, outputs, recorded, gradients, by_inputs]) = self;
        let inputs = vec![[[[0.5; 6]; 7]; 2]; inputs];
        let (mut outputs, mut gradients) = (vec![[0.25; 4]; outputs], vec![[1.0; 4]; gradients]);
        let mut by_inputs = vec![[[[0.0; 6]; 7]; 2]; by_inputs];
        let mut tape = Box::new(zeroed::<<Mixed as Layer>::Tape<B>>());
        let mut workspace = Box::new(zeroed::<<Mixed as Layer>::Workspace<B>>());
        let mut training = Box::new(zeroed::<<Mixed as Layer>::TrainingWorkspace<B>>());
        let mut gradient = Mixed::zeroed();
        let pass = Pass::new(simd, Chance { seed: 1, samples: &[usize::MAX], ..Chance::default() });
        attempt(|| {
            network.forward_batch::<V, B>(simd, &inputs, &mut outputs, &mut workspace);
        });
        attempt(|| {
            network.forward_train::<V, B>(pass, &inputs, &mut outputs, &mut tape, &mut training);
        });
        attempt(|| outlined::forward_batch::<_, V, B>(network, simd, &inputs, &mut outputs, &mut workspace));
        attempt(|| outlined::forward_train::<_, V, B>(network, pass, &inputs, &mut outputs, &mut tape, &mut training));
        let tanh = Activation::<Tanh, [f32; 4]>::new();
        attempt(|| outlined::forward_in_place(&tanh, simd, &mut outputs));
        attempt(|| outlined::backward_in_place(&tanh, simd, &outputs, &mut gradients));
        for start in [Start::Zero, Start::Sum] {
            let outputs = macro_support::first(&outputs, recorded);
            let recorded = Recorded::<Mixed, B> { inputs: &inputs, outputs, tape: &tape };
            attempt(|| {
                let gradient = Gradient::new(&mut gradient, start);
                network.backward(pass, recorded, &mut gradients, gradient, Some(&mut by_inputs), &mut training);
            });
        }
    }
}

#[test]
fn passes_over_slices_of_other_lengths_reach_no_memory() {
    let network = Mixed::seeded(1);
    // Each length in turn differs from that of the batch.
    let (others, places): (&[usize], _) = if cfg!(miri) { (&[5], 0..1) } else { (&[0, 1, 5], 0..5) };
    for &other in others {
        for place in places.clone() {
            let mut lengths = [2; 5];
            lengths[place] = other;
            dispatch(Passes(&network, lengths));
            Passes(&network, lengths).run(Portable);
        }
    }
}

/// A custom layer whose memory has another number type than the network.
mod own {
    use fnn::layers::{Gradient, Pass, Recorded};
    use fnn::quantized::RoundWeights;
    use fnn::simd::Simd;
    use fnn::{Layer, Parameters, Scalar};

    #[derive(Clone, Debug, Parameters)]
    #[repr(C)]
    pub(crate) struct Masked<S: Scalar = f32> {
        pub(crate) weight: [S; 3],
    }

    impl<S: Scalar> Layer for Masked<S> {
        type Input = [S; 3];
        type Output = [S; 3];
        type Tape<const B: usize> = (u32, u8);
        type Workspace<const B: usize> = [u8; 5];
        type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

        const KIND: &'static str = "Masked";
        const MACS: u64 = 3;

        fn forward_batch<V: Simd, const B: usize>(
            &self,
            _: V,
            inputs: &[[S; 3]],
            outputs: &mut [[S; 3]],
            mask: &mut [u8; 5],
        ) {
            for (x, y) in inputs.iter().zip(outputs) {
                for (mask, &x) in mask.iter_mut().zip(x) {
                    *mask = u8::from(x > S::ZERO);
                }
                for ((y, &mask), &weight) in y.iter_mut().zip(&*mask).zip(&self.weight) {
                    *y = if mask == 1 { weight } else { S::ZERO };
                }
            }
        }

        fn backward<V: Simd, const B: usize>(
            &self,
            _: Pass<'_, V>,
            recorded: Recorded<'_, Self, B>,
            output_gradients: &mut [[S; 3]],
            gradient: Gradient<'_, Self>,
            _: Option<&mut [[S; 3]]>,
            _: &mut [u8; 5],
        ) {
            let gradient = gradient.accumulator();
            for (x, g) in recorded.inputs.iter().zip(output_gradients) {
                for ((sum, &x), &g) in gradient.weight.iter_mut().zip(x).zip(&*g) {
                    *sum += if x > S::ZERO { g } else { S::ZERO };
                }
            }
        }
    }

    impl RoundWeights for Masked {
        type Memory = [f32; 3];

        fn round_weights(&self, rounded: &mut Self) {
            rounded.weight = self.weight.map(f32::round);
        }
    }

    fnn::network! {
        #[derive(Clone, Debug)]
        pub(crate) struct Net: [3] -> [2] {
            hidden: Dense(3),
            mask: Masked,
            out: Dense(2),
        }
    }
}

#[test]
fn memory_of_own_layers_may_be_of_other_numbers() {
    use fnn::losses::MeanSquaredError;
    use fnn::optimizers::Sgd;
    use fnn::train::{GradientBuffers, InPlaceBuffers};

    let mut network = own::Net::zeroed();
    network.hidden.weight = [[1.0, -1.0, 1.0]; 3];
    network.mask.weight = [2.0, 3.0, 4.0];
    network.out.weight = [[1.0, 10.0]; 3];
    let x = [1.0, 1.0, 0.0];
    // (2, −2, 2) → (2, 0, 4) → (6, 60)
    assert_eq!(network.forward(&x), [6.0, 60.0]);

    // ∂L/∂y = 2·(y − t)/2 = (1, 0); to the mask's weights it goes through `out`.
    let mut gradient = own::Net::zeroed();
    let loss = GradientBuffers::<own::Net, 2>::new().gradient(
        &network,
        &MeanSquaredError,
        &[x],
        &[[5.0, 60.0]],
        &mut gradient,
    );
    assert_eq!((loss, gradient.mask.weight, gradient.out.bias), (0.5, [1.0, 0.0, 1.0], [1.0, 0.0]));

    let mut buffers = InPlaceBuffers::<own::Net, 2>::boxed();
    buffers.train(&mut network, &MeanSquaredError, &Sgd::new(1.0), &[x], &[[5.0, 60.0]]);
    assert_eq!(network.mask.weight, [1.0, 3.0, 3.0]);
}

#[test]
fn own_layers_are_rounded_in_memory_of_their_own() {
    use fnn::quantized::FakeWeights;

    let layer = FakeWeights { layer: own::Masked { weight: [1.25, 2.75, 0.4] } };
    assert_eq!(layer.forward(&[1.0, 1.0, -1.0]), [1.0, 3.0, 0.0]);
    assert_eq!(FakeWeights::<own::Masked>::PARAMETERS, 3);
}
