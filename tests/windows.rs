//! Convolutions and pools of many shapes: strides, paddings, dilations, groups, rectangles. Outputs against loops that
//! follow the definition, gradients against central differences.

#[path = "support/pass.rs"]
#[allow(dead_code)]
mod pass;

use fnn::layers::{AvgPool, Conv, GlobalMaxPool, MaxPool, NoBias, Window, zeroed};
use fnn::{Initializer, Layer, Network, Random, gradient_check, layers::Sample, losses::MeanSquaredError};

/// A window along both axes, as (rows, columns).
#[derive(Clone, Copy)]
struct Geometry {
    input: (usize, usize),
    output: (usize, usize),
    kernel: (usize, usize),
    stride: (usize, usize),
    /// Before the first row and column.
    padding: (usize, usize),
    dilation: (usize, usize),
}

impl Geometry {
    /// The position in a channel of element `(i, j)` of the window of output `(row, column)`, unless it is padding.
    fn place(&self, (row, column): (usize, usize), (i, j): (usize, usize)) -> Option<usize> {
        let row = (row * self.stride.0 + i * self.dilation.0).checked_sub(self.padding.0)?;
        let column = (column * self.stride.1 + j * self.dilation.1).checked_sub(self.padding.1)?;
        (row < self.input.0 && column < self.input.1).then_some(row * self.input.1 + column)
    }

    /// For each output of a channel, the elements of its window: (index in the window, position in the channel).
    fn windows(&self) -> Vec<Vec<(usize, usize)>> {
        let outputs = (0..self.output.0).flat_map(|row| (0..self.output.1).map(move |column| (row, column)));
        let taps = (0..self.kernel.0).flat_map(|i| (0..self.kernel.1).map(move |j| (i, j)));
        let seen = |output| {
            let places = taps.clone().enumerate().map(move |(number, tap)| (number, self.place(output, tap)));
            places.filter_map(|(number, place)| Some((number, place?))).collect()
        };
        outputs.map(seen).collect()
    }
}

fn random<A: Sample<Element = f64>>(seed: u64) -> A {
    let mut random = Random::new(seed);
    let mut sample = zeroed::<A>();
    sample.elements_mut().fill_with(|| 4.0 * random.uniform() - 2.0);
    sample
}

fn flat<A: Sample>(sample: &A) -> &[A::Element] {
    sample.elements()
}

#[track_caller]
fn assert_near(ours: &[f64], naive: &[f64]) {
    assert_eq!(ours.len(), naive.len());
    for (ours, naive) in ours.iter().zip(naive) {
        assert!((ours - naive).abs() < 1e-11 * naive.abs().max(1.0), "{ours} is not {naive}");
    }
}

fn check_gradients<N: Layer<Scalar = f64, Input: Sample<Element = f64>>>(network: &N) {
    let inputs: Vec<N::Input> = (0..2).map(|seed| random(10 + seed)).collect();
    let targets: Vec<N::Output> = (0..2).map(|seed| random(20 + seed)).collect();
    gradient_check(network, &MeanSquaredError, &inputs, &targets).assert(1e-6);
}

/// A convolution's outputs and gradients.
fn check_conv<N: Layer<Scalar = f64, Input: Sample<Element = f64>>>(geometry: Geometry, groups: usize) {
    let mut conv = N::zeroed();
    Initializer::HeUniform.fill(conv.parameters_mut(), 6, 1, &mut Random::new(1));
    let mut arrays = Vec::new();
    conv.for_each(&mut |_, _, values| arrays.push(values.to_vec()));
    let input: N::Input = random(2);

    let (x, w) = (flat(&input), &arrays[0]);
    let filters = N::Output::SHAPE.size(0);
    let (space, taps) = (geometry.input.0 * geometry.input.1, geometry.kernel.0 * geometry.kernel.1);
    let seen = w.len() / filters / taps;
    let mut naive = Vec::new();
    for filter in 0..filters {
        let group = filter / (filters / groups);
        for window in geometry.windows() {
            let mut sum = arrays.get(1).map_or(0.0, |bias| bias[filter]);
            for channel in 0..seen {
                for &(tap, place) in &window {
                    sum += w[(filter * seen + channel) * taps + tap] * x[(group * seen + channel) * space + place];
                }
            }
            naive.push(sum);
        }
    }
    assert_near(flat(&conv.forward(&input)), &naive);
    assert_eq!(N::MACS, (N::Output::LENGTH * seen * taps) as u64);
    check_gradients(&conv);
}

/// The number of windows that fit into `size` with its padding.
const fn places(size: usize, kernel: usize, stride: usize, padding: (usize, usize), dilation: usize) -> usize {
    (size + padding.0 + padding.1 - dilation * (kernel - 1) - 1) / stride + 1
}

/// `conv!(C×(H, W), F filters of (rows, columns), stride (…), padding (…), dilation (…), groups G)`; the padding is
/// `(rows, columns)` or `((above, below), (left, right))`
macro_rules! conv {
    ($c:literal x ($h:literal, $w:literal), $f:literal x ($kh:literal, $kw:literal), stride ($sh:literal, $sw:literal),
     padding ($ph:literal, $pw:literal), dilation ($dh:literal, $dw:literal), groups $g:literal $(, $bias:ty)?) => {
        conv!($c x ($h, $w), $f x ($kh, $kw), stride ($sh, $sw), padding (($ph, $ph), ($pw, $pw)), dilation ($dh, $dw),
              groups $g $(, $bias)?)
    };
    ($c:literal x ($h:literal, $w:literal), $f:literal x ($kh:literal, $kw:literal), stride ($sh:literal, $sw:literal),
     padding (($ph:literal, $ah:literal), ($pw:literal, $aw:literal)), dilation ($dh:literal, $dw:literal),
     groups $g:literal $(, $bias:ty)?) => {{
        const OH: usize = places($h, $kh, $sh, ($ph, $ah), $dh);
        const OW: usize = places($w, $kw, $sw, ($pw, $aw), $dw);
        type Rows = Window<$kh, $sh, $ph, $dh, $ah>;
        type Columns = Window<$kw, $sw, $pw, $dw, $aw>;
        let geometry = Geometry {
            input: ($h, $w),
            output: (OH, OW),
            kernel: ($kh, $kw),
            stride: ($sh, $sw),
            padding: ($ph, $pw),
            dilation: ($dh, $dw),
        };
        type Tested = Conv<
            [[[f64; $w]; $h]; $c],
            [[[f64; OW]; OH]; $f],
            [[[[f64; $kw]; $kh]; $c / $g]; $f],
            (Rows, Columns)
            $(, $bias)?
        >;
        check_conv::<Tested>(geometry, $g);
    }};
}

#[test]
fn convolutions() {
    conv!(1 x (1, 1), 1 x (1, 1), stride (1, 1), padding (0, 0), dilation (1, 1), groups 1);
    conv!(3 x (4, 5), 2 x (1, 1), stride (1, 1), padding (0, 0), dilation (1, 1), groups 1);
    conv!(2 x (5, 9), 3 x (3, 2), stride (1, 1), padding (0, 0), dilation (1, 1), groups 1);
    conv!(2 x (6, 5), 3 x (2, 5), stride (2, 1), padding (0, 2), dilation (1, 1), groups 1);
    conv!(1 x (7, 8), 2 x (3, 3), stride (3, 2), padding (2, 1), dilation (2, 1), groups 1);
    conv!(4 x (5, 5), 6 x (3, 3), stride (1, 2), padding (1, 1), dilation (1, 2), groups 2);
    conv!(3 x (5, 6), 6 x (2, 3), stride (1, 1), padding (1, 0), dilation (1, 1), groups 3);
    conv!(4 x (4, 4), 2 x (4, 4), stride (1, 1), padding (0, 0), dilation (1, 1), groups 2);
    conv!(1 x (2, 3), 1 x (3, 3), stride (5, 5), padding (4, 3), dilation (3, 3), groups 1);
    conv!(1 x (3, 19), 2 x (1, 17), stride (1, 1), padding (0, 0), dilation (1, 1), groups 1);
    conv!(2 x (3, 20), 1 x (2, 2), stride (1, 2), padding (0, 0), dilation (1, 1), groups 1, NoBias<f64>);
}

/// In every form: padding at one end, more than a window spans, and more at one end than at the other.
#[test]
fn convolutions_with_padding_of_two_ends() {
    conv!(2 x (5, 6), 3 x (3, 2), stride (1, 1), padding ((0, 2), (1, 0)), dilation (1, 1), groups 1);
    conv!(2 x (5, 6), 3 x (3, 3), stride (1, 1), padding ((2, 0), (0, 2)), dilation (1, 1), groups 1);
    conv!(1 x (7, 6), 2 x (3, 3), stride (2, 2), padding ((0, 1), (1, 2)), dilation (1, 1), groups 1);
    conv!(1 x (4, 5), 2 x (2, 2), stride (1, 2), padding ((5, 0), (0, 6)), dilation (2, 1), groups 1);
    conv!(3 x (3, 4), 2 x (1, 1), stride (1, 1), padding ((0, 1), (2, 0)), dilation (1, 1), groups 1);
    conv!(4 x (4, 6), 8 x (3, 2), stride (1, 1), padding ((0, 2), (1, 0)), dilation (1, 1), groups 2);
    conv!(3 x (3, 4), 5 x (1, 1), stride (1, 1), padding ((0, 1), (2, 0)), dilation (1, 1), groups 1);
    conv!(3 x (5, 7), 4 x (2, 3), stride (2, 3), padding ((4, 1), (0, 3)), dilation (1, 2), groups 1, NoBias<f64>);
    conv!(4 x (1, 9), 4 x (1, 3), stride (1, 1), padding ((0, 0), (4, 0)), dilation (1, 2), groups 4);
}

/// With SIMD and four filters or more, a convolution is a matrix product.
#[test]
fn convolutions_of_many_filters() {
    conv!(3 x (4, 5), 5 x (1, 1), stride (1, 1), padding (0, 0), dilation (1, 1), groups 1);
    conv!(4 x (3, 3), 8 x (1, 1), stride (1, 1), padding (0, 0), dilation (1, 1), groups 2);
    conv!(3 x (4, 5), 4 x (1, 1), stride (2, 1), padding (0, 1), dilation (1, 1), groups 1);
    conv!(2 x (5, 9), 5 x (3, 2), stride (1, 1), padding (0, 0), dilation (1, 1), groups 1);
    conv!(1 x (7, 8), 4 x (3, 3), stride (3, 2), padding (2, 1), dilation (2, 1), groups 1);
    conv!(4 x (5, 5), 8 x (3, 3), stride (1, 2), padding (1, 1), dilation (1, 2), groups 2);
    conv!(1 x (12, 14), 4 x (2, 2), stride (1, 1), padding (0, 0), dilation (1, 1), groups 1);
    conv!(1 x (17, 9), 4 x (2, 3), stride (1, 1), padding (1, 1), dilation (1, 1), groups 1, NoBias<f64>);
}

/// A convolution large enough that its product is split into parts, against plain loops.
fn check_products<I: Sample<Element = f64>, N: Layer<Scalar = f64, Input = I, Output: Sample<Element = f64>>>() {
    let mut conv = N::zeroed_box();
    Initializer::HeUniform.fill(conv.parameters_mut(), 6, 1, &mut Random::new(1));
    let (inputs, gradients): ([I; 2], [N::Output; 2]) = ([random(2), random(3)], [random(4), random(5)]);
    let (ours, plain) = (pass::passes(&*conv, &inputs, &gradients), pass::portable_passes(&*conv, &inputs, &gradients));
    assert_near(N::Output::flat(&ours.outputs), N::Output::flat(&plain.outputs));
    assert_near(I::flat(&ours.input_gradients), I::flat(&plain.input_gradients));
    assert_near(ours.gradient.parameters(), plain.gradient.parameters());
    assert!(plain.gradient.parameters().iter().all(|&number| number != 0.0));
}

type Square<const KERNEL: usize, const STRIDE: usize = 1, const PADDING: usize = 0> =
    (Window<KERNEL, STRIDE, PADDING>, Window<KERNEL, STRIDE, PADDING>);

#[test]
fn products_in_parts() {
    // More than 256 numbers per filter, in channels of 9; more filters than one tile.
    check_products::<_, Conv<[[[f64; 6]; 5]; 33], [[[f64; 6]; 5]; 70], [[[[f64; 3]; 3]; 33]; 70], Square<3, 1, 1>>>();
    // A single channel with more than that.
    check_products::<_, Conv<[[[f64; 20]; 18]; 2], [[[f64; 4]; 2]; 4], [[[[f64; 17]; 17]; 2]; 4], Square<17>>>();
    // More outputs per row than are computed at a time.
    check_products::<_, Conv<[[[f64; 150]; 3]; 1], [[[f64; 150]; 3]; 4], [[[[f64; 3]; 3]; 1]; 4], Square<3, 1, 1>>>();
    // A single window larger than the scratch.
    check_products::<_, Conv<[[f64; 17000]; 1], [[f64; 2]; 4], [[[f64; 16999]; 1]; 4], Window<16999>>>();
    // A single output.
    check_products::<_, Conv<[[[f64; 1]; 1]; 9], [[[f64; 1]; 1]; 5], [[[[f64; 1]; 1]; 9]; 5], Square<1>>>();
}

#[test]
fn padding_same_adds_one_more_at_the_end() {
    type Even = Conv<[[f64; 5]; 1], [[f64; 5]; 1], [[[f64; 4]; 1]; 1], Window<4, 1, 1, 1, 2>>;
    let conv = Even::new([[[1.0, 10.0, 100.0, 1000.0]]], [0.0]);
    let (a, b, c, d, e) = (1.0, 2.0, 3.0, 4.0, 5.0);
    let expected = [
        10.0 * a + 100.0 * b + 1000.0 * c,
        a + 10.0 * b + 100.0 * c + 1000.0 * d,
        b + 10.0 * c + 100.0 * d + 1000.0 * e,
        c + 10.0 * d + 100.0 * e,
        d + 10.0 * e,
    ];
    assert_eq!(conv.forward(&[[a, b, c, d, e]]), [expected]);
    check_gradients(&conv);
    type Dilated = Conv<[[f64; 7]; 2], [[f64; 7]; 3], [[[f64; 3]; 2]; 3], Window<3, 1, 2, 2>>;
    let geometry =
        Geometry { input: (1, 7), output: (1, 7), kernel: (1, 3), stride: (1, 1), padding: (0, 2), dilation: (1, 2) };
    check_conv::<Dilated>(geometry, 1);
}

#[test]
fn a_sequence_is_an_image_of_one_row() {
    type Sequence = Conv<[[f64; 9]; 2], [[f64; 4]; 3], [[[f64; 3]; 2]; 3], Window<3, 2>>;
    let geometry =
        Geometry { input: (1, 9), output: (1, 4), kernel: (1, 3), stride: (1, 2), padding: (0, 0), dilation: (1, 1) };
    check_conv::<Sequence>(geometry, 1);
    assert_eq!(<Sequence as Layer>::KIND, "Conv1d");
}

/// A pool's outputs, with `pool` applied to the numbers of each window, and its gradients.
fn check_pool<N: Layer<Scalar = f64, Input: Sample<Element = f64>>>(geometry: Geometry, pool: impl Fn(&[f64]) -> f64) {
    let layer = N::zeroed();
    let input: N::Input = random(3);
    let channels = flat(&input).chunks_exact(geometry.input.0 * geometry.input.1);
    let numbers = |x: &[f64], window: &[(usize, usize)]| window.iter().map(|&(_, place)| x[place]).collect::<Vec<_>>();
    let naive: Vec<_> =
        channels.flat_map(|x| geometry.windows().into_iter().map(|window| pool(&numbers(x, &window)))).collect();
    assert_near(flat(&layer.forward(&input)), &naive);
    check_gradients(&layer);
}

/// `pool!(C×(H, W), (rows, columns), stride (…), padding (…))`, with padding as for `conv!`
macro_rules! pool {
    ($c:literal x ($h:literal, $w:literal), ($kh:literal, $kw:literal), stride ($sh:literal, $sw:literal),
     padding ($ph:literal, $pw:literal)) => {
        pool!($c x ($h, $w), ($kh, $kw), stride ($sh, $sw), padding (($ph, $ph), ($pw, $pw)))
    };
    ($c:literal x ($h:literal, $w:literal), ($kh:literal, $kw:literal), stride ($sh:literal, $sw:literal),
     padding (($ph:literal, $ah:literal), ($pw:literal, $aw:literal))) => {{
        const OH: usize = places($h, $kh, $sh, ($ph, $ah), 1);
        const OW: usize = places($w, $kw, $sw, ($pw, $aw), 1);
        type Slide = (Window<$kh, $sh, $ph, 1, $ah>, Window<$kw, $sw, $pw, 1, $aw>);
        let geometry = Geometry {
            input: ($h, $w),
            output: (OH, OW),
            kernel: ($kh, $kw),
            stride: ($sh, $sw),
            padding: ($ph, $pw),
            dilation: (1, 1),
        };
        type Input = [[[f64; $w]; $h]; $c];
        type Output = [[[f64; OW]; OH]; $c];
        check_pool::<MaxPool<Input, Output, Slide>>(geometry, |x| x.iter().copied().fold(f64::MIN, f64::max));
        check_pool::<AvgPool<Input, Output, Slide>>(geometry, |x| x.iter().sum::<f64>() / f64::from($kh * $kw));
        check_pool::<AvgPool<Input, Output, Slide, false>>(geometry, |x| x.iter().sum::<f64>() / x.len() as f64);
    }};
}

#[test]
fn pools() {
    pool!(1 x (1, 1), (1, 1), stride (1, 1), padding (0, 0));
    pool!(2 x (4, 6), (2, 2), stride (2, 2), padding (0, 0));
    pool!(2 x (5, 7), (2, 3), stride (2, 3), padding (0, 0));
    pool!(3 x (5, 4), (3, 2), stride (1, 2), padding (1, 1));
    pool!(1 x (7, 9), (3, 4), stride (2, 3), padding (1, 2));
    pool!(1 x (2, 20), (2, 5), stride (1, 1), padding (0, 2));
    pool!(2 x (5, 6), (3, 2), stride (2, 2), padding ((0, 2), (1, 0)));
    pool!(1 x (4, 5), (4, 3), stride (1, 2), padding ((3, 1), (0, 2)));
    pool!(1 x (3, 1), (2, 3), stride (3, 1), padding ((1, 1), (1, 2)));
}

#[test]
fn the_first_of_equal_maxima_gets_the_gradient_and_nan_goes_through() {
    use fnn::train::GradientBuffers;

    type Pool = MaxPool<[[f64; 4]; 1], [[f64; 2]; 1], Window<3, 1>>;
    let (mut gradient, mut by_input) = (Pool::new(), [[[0.0; 4]; 1]]);
    let mut memory = GradientBuffers::<Pool, 1>::new();
    // The gradient of (1·7 + 2·7): with targets of 0, 2/2·(7 − 0) for each output.
    memory.gradients(
        &Pool::new(),
        &MeanSquaredError,
        &[[[5.0, 7.0, 7.0, 1.0]]],
        &[[[0.0, 0.0]]],
        &mut gradient,
        &mut by_input,
    );
    assert_eq!(by_input, [[[0.0, 14.0, 0.0, 0.0]]]);

    let [[first, second]] = Pool::new().forward(&[[f64::NAN, 2.0, 9.0, 3.0]]);
    assert!(first.is_nan() && second == 9.0);
    let nothing = f64::NEG_INFINITY;
    assert_eq!(Pool::new().forward(&[[nothing; 4]]), [[nothing; 2]]);
}

/// As for pools with windows: NaN is propagated from any of the parts that are compared at a time, and from the tail.
#[test]
fn a_global_maximum_is_the_largest_of_all_and_nan_goes_through() {
    type Pool = GlobalMaxPool<[[f64; 21]; 2]>;
    let rising: [f64; 21] = std::array::from_fn(|index| index as f64 - 30.0);
    for largest in 0..21 {
        let mut x = [rising; 2];
        x[0][largest] = f64::NAN;
        x[1][largest] = 1.0;
        let [nan, one] = Pool::new().forward(&x);
        assert!(nan.is_nan() && one == 1.0, "{nan}, {one}");
    }
    assert_eq!(Pool::new().forward(&[[f64::NEG_INFINITY; 21], rising]), [f64::NEG_INFINITY, -10.0]);
}
