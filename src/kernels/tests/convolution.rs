//! Convolutions of random shapes, in every form, against their definition in `f64`.

use super::unfused::Unfused;
use super::*;
use crate::channels_last::{ChannelsLast, Support};
use crate::kernels::elementwise::rectify;
use crate::macro_support::outlined::has_vectors;
use crate::window::{Axis, Sliding, places};

/// A convolution of some numbers; its sizes choose the form.
#[derive(Clone)]
struct Drawn<S> {
    convolution: Convolution,
    groups: usize,
    samples: usize,
    w: Vec<S>,
    bias: Vec<S>,
    x: Vec<S>,
    g: Vec<S>,
    expected: Expected,
}

/// By the definition, in `f64`: outputs, and the gradients of weights, which are added to ones, and of inputs.
#[derive(Clone)]
struct Expected {
    y: Vec<f64>,
    dw: Vec<f64>,
    dx: Vec<f64>,
}

impl<S: Scalar> Drawn<S> {
    fn new(convolution: Convolution, groups: usize) -> Self {
        let Convolution { plane, seen, filters } = convolution;
        let (inputs, outputs, taps) = (plane.inputs(), plane.outputs(), plane.taps());
        let mut random = Random::new((inputs * 1000 + outputs * 10 + seen * filters) as u64);
        let w = numbers::<S>(groups * filters * seen * taps, &mut random);
        let bias = numbers::<S>(groups * filters, &mut random);
        let samples = 1 + (inputs + filters) % 3;
        let x = numbers::<S>(samples * groups * seen * inputs, &mut random);
        let g = numbers::<S>(samples * groups * filters * outputs, &mut random);

        let of_sample = bias.iter().flat_map(|bias| core::iter::repeat_n(bias.to_f64(), outputs));
        let y = core::iter::repeat_n(of_sample, samples).flatten().collect();
        let mut expected = Expected { y, dw: vec![1.0; w.len()], dx: vec![0.0; x.len()] };
        for (sample, filter) in
            (0..samples).flat_map(|sample| (0..groups * filters).map(move |filter| (sample, filter)))
        {
            for pair in 0..seen {
                let from = ((sample * groups + filter / filters) * seen + pair) * inputs;
                for place in 0..outputs {
                    for tap in 0..taps {
                        let row = position(plane.rows, place / plane.columns.output, tap / plane.columns.window.kernel);
                        let column =
                            position(plane.columns, place % plane.columns.output, tap % plane.columns.window.kernel);
                        let (Some(row), Some(column)) = (row, column) else { continue };
                        let at = from + row * plane.columns.input + column;
                        let weight = (filter * seen + pair) * taps + tap;
                        let output = (sample * groups * filters + filter) * outputs + place;
                        expected.y[output] += w[weight].to_f64() * x[at].to_f64();
                        expected.dw[weight] += g[output].to_f64() * x[at].to_f64();
                        expected.dx[at] += g[output].to_f64() * w[weight].to_f64();
                    }
                }
            }
        }
        Self { convolution, groups, samples, w, bias, x, g, expected }
    }
}

impl<S: Scalar> Operation for Drawn<S> {
    /// Outputs and gradients.
    type Output = Vec<S>;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Vec<S> {
        let Self { convolution, groups, samples, ref w, ref bias, ref x, ref g, ref expected } = self;
        let Convolution { plane, seen, filters } = convolution;
        let what = format!("{simd:?} {} {convolution:?} × {groups}", size_of::<S>());
        let (outputs, taps) = (plane.outputs(), plane.taps());
        let mut memory = [INPUTS, PATCHES, WEIGHTS].map(|size| vec![S::from_f64(f64::NAN); size]);

        let mut y = vec![S::from_f64(UNTOUCHED); g.len()];
        convolution.forward(simd, (w, bias), x, (&mut y, false), ChannelsLast::NONE, scratch(&mut memory));
        let mut rectified = vec![S::from_f64(UNTOUCHED); g.len()];
        convolution.forward(simd, (w, bias), x, (&mut rectified, true), ChannelsLast::NONE, scratch(&mut memory));
        let mut after = y.clone();
        rectify(simd, &mut after);
        assert!(rectified == after, "{what}: sums are rectified otherwise than after they are stored");
        self.check_formats(simd, (w, bias), x, &rectified, &mut memory);
        let (mut dw, mut db, mut dx) = (vec![S::ONE; w.len()], vec![S::ONE; bias.len()], vec![S::ONE; x.len()]);
        let gradients = Gradients { weight: &mut dw, bias: &mut db, input: Some(&mut dx) };
        convolution.backward(simd, w, (x, g), gradients, scratch(&mut memory));
        let mut alone = vec![S::ONE; w.len()];
        let gradients = Gradients { weight: &mut alone, bias: &mut [], input: None };
        convolution.backward(simd, w, (x, g), gradients, scratch(&mut memory));
        assert!(alone == dw, "{what}: weights get another gradient without that of the input");
        self.check_batch(simd, (w, bias), [x, &y, g, &dx], &mut memory);

        assert_close(&y, &expected.y, seen * taps, &format!("{what}, forward"));
        assert_close(&dw, &expected.dw, samples * outputs, &format!("{what}, weight gradient"));
        assert_close(&dx, &expected.dx, filters * taps, &format!("{what}, input gradient"));
        for (filter, db) in db.iter().enumerate() {
            let g = g.chunks_exact(outputs).skip(filter).step_by(bias.len()).flatten();
            let sum = 1.0 + g.map(|g| g.to_f64()).sum::<f64>();
            assert_close(&[*db], &[sum], samples * outputs, &format!("{what}, bias gradient of {filter}"));
        }
        [y, dw, db, dx].concat()
    }
}

impl<S: Scalar> Drawn<S> {
    /// Samples of a batch that fills vectors, and those left over, get the bits that they get in a batch of few.
    fn check_batch<V: Simd>(&self, simd: V, (w, bias): (&[S], &[S]), few: [&[S]; 4], memory: &mut [Vec<S>; 3]) {
        let Convolution { plane, seen, .. } = self.convolution;
        let lanes = crate::kernels::lanes::<V, S>();
        if lanes == 1 {
            return;
        }
        let samples = few[0].len() / (self.groups * seen * plane.inputs());
        let [x, y, g, dx] = few.map(|numbers| {
            let of_samples = numbers.chunks_exact(numbers.len() / samples).cycle();
            of_samples.take(lanes + 1).flatten().copied().collect::<Vec<_>>()
        });
        let (mut found, mut weight) = (vec![S::from_f64(UNTOUCHED); y.len()], vec![S::ZERO; w.len()]);
        self.convolution.forward(simd, (w, bias), &x, (&mut found, false), ChannelsLast::NONE, scratch(memory));
        assert!(found == y, "{simd:?} {:?} × {}: a batch has other outputs", self.convolution, self.groups);
        let mut found = vec![S::from_f64(UNTOUCHED); dx.len()];
        let gradients = Gradients { weight: &mut weight, bias: &mut [], input: Some(&mut found) };
        self.convolution.backward(simd, w, (&x, &g), gradients, scratch(memory));
        assert!(found == dx, "{simd:?} {:?} × {}: a batch has other gradients", self.convolution, self.groups);
    }
}

fn scratch<S>([inputs, sums, weights]: &mut [Vec<S>; 3]) -> Scratch<'_, S> {
    Scratch { inputs, sums, weights }
}

/// The input on an axis that an output reads under a tap.
fn position(axis: Sliding, output: usize, tap: usize) -> Option<usize> {
    let Axis { stride, before, dilation, .. } = axis.window;
    (output * stride + tap * dilation).checked_sub(before).filter(|&position| position < axis.input)
}

/// An axis of `input` elements.
fn axis(input: usize, window: Axis) -> Option<Sliding> {
    let Axis { kernel, stride, before, after, dilation } = window;
    let fits = window.span() <= input + before + after;
    fits.then(|| Sliding::new(input, places(input, kernel, stride, before, after, dilation), window))
}

fn check(rows: Sliding, columns: Sliding, (seen, filters, groups): (usize, usize, usize)) {
    let convolution = Convolution { plane: Plane { rows, columns }, seen, filters };
    let drawn = Drawn::<f32>::new(convolution, groups);
    let all = everywhere(&drawn);
    let plain = all.first().map(|(_, plain)| plain);
    assert!(plain == Some(&drawn.run(Unfused)), "{convolution:?} × {groups}: vectors have other bits than plain loops");
    have_equal_bits(&all, &convolution);
    have_equal_bits(&everywhere(&Drawn::<f64>::new(convolution, groups)), &convolution);
}

/// Vectors of any width have the same bits; the first two results are those of plain loops.
fn have_equal_bits<S: Scalar>(all: &[(&str, Vec<S>)], convolution: &Convolution) {
    for sets in all.get(2..).unwrap_or_default().windows(2) {
        if let [(one, of_one), (other, of_other)] = sets {
            assert!(of_one == of_other, "{convolution:?}: {one} and {other} have other bits");
        }
    }
}

const fn still(kernel: usize, padding: usize) -> Axis {
    Axis { kernel, stride: 1, before: padding, after: padding, dilation: 1 }
}

/// Every width around those of vectors, depthwise.
#[test]
fn depthwise_convolutions_are_those_of_their_definition_for_all_widths() {
    for width in 1..=40 {
        for (kernel, padding) in [(3, 1), (1, 0), (2, 1), (5, 2)] {
            let sizes = (axis(4 + width % 3, still(3, 1)), axis(width, still(kernel, padding)));
            if let (Some(rows), Some(columns)) = sizes {
                check(rows, columns, (1, 1, 2));
            }
        }
    }
}

/// Channels around the lanes of a vector, on small planes, with all strides.
#[test]
fn depthwise_convolutions_over_channels_are_those_of_their_definition() {
    let mut random = Random::new(14);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 40 {
        let mut window = || {
            let (kernel, stride, before, after, dilation) =
                (draw(1, 5), draw(1, 3), draw(0, 3), draw(0, 3), draw(1, 2));
            Axis { kernel, stride, before, after, dilation }
        };
        let windows = (window(), window());
        let sizes = (axis(draw(1, 12), windows.0), axis(draw(1, 12), windows.1));
        let (Some(rows), Some(columns)) = sizes else { continue };
        check(rows, columns, (1, draw(1, 3), draw(5, 35)));
        drawn += 1;
    }
    // Rows too long to be transposed: over strips, for a filter or several.
    for (height, width, kernel, sizes) in [
        (20, 200, (3, 3), (1, 1, 2)),
        (1, 700, (1, 3), (1, 1, 1)),
        (1, 1000, (1, 5), (1, 2, 3)),
        (8, 170, (3, 3), (1, 3, 4)),
    ] {
        let (rows, columns) = (axis(height, still(kernel.0, kernel.0 / 2)), axis(width, still(kernel.1, 1)));
        if let (Some(rows), Some(columns)) = (rows, columns) {
            check(rows, columns, sizes);
        }
    }
    // Bands of rows that see nothing but padding, and rows behind the last window of a stride.
    let window = |kernel, stride, before, after, dilation| Axis { kernel, stride, before, after, dilation };
    for (rows, columns, sizes) in [
        ((97, window(4, 1, 8, 22, 5)), (210, window(3, 2, 1, 1, 1)), (1, 1, 3)),
        ((12, window(3, 1, 52, 94, 30)), (22, window(19, 1, 9, 2, 1)), (1, 1, 5)),
        ((58, window(14, 6, 0, 0, 1)), (64, window(4, 1, 9, 212, 35)), (1, 2, 1)),
    ] {
        let (Some(rows), Some(columns)) = (axis(rows.0, rows.1), axis(columns.0, columns.1)) else {
            panic!("{rows:?} or {columns:?} doesn't fit")
        };
        check(rows, columns, sizes);
    }
    // Large windows, whose rows share most of what they read: with all padding, strides, dilations, and planes of several blocks.
    for (rows, columns, sizes) in [
        ((10, window(10, 1, 8, 8, 1)), (6, window(9, 1, 4, 4, 1)), (1, 1, 33)),
        ((32, window(11, 2, 0, 0, 1)), (45, window(11, 1, 0, 0, 1)), (1, 1, 13)),
        ((19, window(11, 1, 5, 5, 1)), (19, window(11, 1, 5, 5, 1)), (1, 2, 9)),
        ((23, window(7, 4, 9, 5, 2)), (13, window(5, 2, 2, 3, 1)), (1, 1, 20)),
        ((9, window(8, 3, 7, 7, 1)), (17, window(3, 1, 1, 1, 1)), (1, 3, 5)),
    ] {
        let (Some(rows), Some(columns)) = (axis(rows.0, rows.1), axis(columns.0, columns.1)) else {
            panic!("{rows:?} or {columns:?} doesn't fit")
        };
        check(rows, columns, sizes);
    }
    // A plane in several bands of rows.
    let window = Axis { kernel: 3, stride: 2, before: 1, after: 1, dilation: 1 };
    if let (Some(rows), Some(columns)) = (axis(50, window), axis(40, window)) {
        check(rows, columns, (1, 1, 17));
    }
}

/// Planes too large for a strip: they are split into bands.
#[test]
fn convolutions_of_large_planes_are_those_of_their_definition() {
    for (height, width) in [(90, 60), (5, 1500), (3, 5000)] {
        let (Some(rows), Some(columns)) = (axis(height, still(3, 1)), axis(width, still(3, 1))) else { continue };
        check(rows, columns, (1, 1, 1));
    }
}

#[test]
fn convolutions_of_drawn_shapes_are_those_of_their_definition() {
    let mut random = Random::new(12);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 180 {
        let mut window = || {
            let (kernel, stride, before, after, dilation) =
                (draw(1, 4), draw(1, 2), draw(0, 3), draw(0, 3), draw(1, 2));
            Axis { kernel, stride, before, after, dilation }
        };
        let windows = (window(), window());
        let sizes = (axis(draw(1, 9), windows.0), axis(draw(1, 37), windows.1));
        let (Some(rows), Some(columns)) = sizes else { continue };
        check(rows, columns, (draw(1, 3), draw(1, 6), draw(1, 3)));
        drawn += 1;
    }
}

/// Planes whose outputs are multiplied in several parts, each of which pads the rows that it sees.
#[test]
fn products_of_parts_of_a_plane_are_those_of_their_definition() {
    for (height, width) in [(23, 17), (9, 40), (3, 150), (40, 5)] {
        for (stride, padding, after, dilation) in [
            (1, 1, 1, 1),
            (2, 1, 1, 1),
            (1, 2, 2, 2),
            (2, 3, 3, 1),
            (1, 0, 0, 1),
            (2, 0, 1, 1),
            (1, 5, 0, 2),
            (1, 0, 4, 1),
        ] {
            let window = Axis { kernel: 3, stride, before: padding, after, dilation };
            if let (Some(rows), Some(columns)) = (axis(height, window), axis(width, window)) {
                check(rows, columns, (2, 5, 1));
            }
        }
    }
}

/// Numbers of filters around those of vectors, on planes of any size, whose strides leave phases without taps.
#[test]
fn convolutions_of_vectors_of_filters_are_those_of_their_definition() {
    let mut random = Random::new(13);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 30 {
        let mut window = || {
            let (kernel, stride, before, after, dilation) =
                (draw(1, 5), draw(1, 3), draw(0, 4), draw(0, 4), draw(1, 2));
            Axis { kernel, stride, before, after, dilation }
        };
        let windows = (window(), window());
        let sizes = (axis(draw(1, 9), windows.0), axis(draw(1, 20), windows.1));
        let (Some(rows), Some(columns)) = sizes else { continue };
        check(rows, columns, (draw(1, 20), draw(6, 40), draw(1, 2)));
        drawn += 1;
    }
}

/// Filters of more than one chain, for channels that fill vectors or nearly do: of planes in one block, in blocks of rows and in parts
/// of rows, with strides, dilations, padding and groups.
#[test]
fn input_gradients_of_many_filters_are_those_of_their_definition() {
    let window = |kernel, stride, before, after, dilation| Axis { kernel, stride, before, after, dilation };
    for (rows, columns, sizes) in [
        ((8, still(3, 1)), (8, still(3, 1)), (32, 64, 1)),
        ((7, window(5, 1, 2, 3, 1)), (5, window(4, 1, 0, 1, 1)), (30, 34, 2)),
        ((3, still(2, 0)), (260, window(3, 1, 2, 0, 1)), (32, 33, 1)),
        ((1, still(1, 0)), (520, still(2, 0)), (32, 33, 1)),
        ((11, window(3, 1, 1, 1, 2)), (6, window(3, 2, 1, 1, 1)), (32, 34, 1)),
        ((10, window(2, 3, 0, 0, 1)), (6, window(3, 1, 0, 0, 1)), (64, 70, 1)),
        ((4, still(7, 3)), (3, still(7, 3)), (32, 33, 1)),
    ] {
        let (Some(rows), Some(columns)) = (axis(rows.0, rows.1), axis(columns.0, columns.1)) else {
            panic!("{rows:?} or {columns:?} doesn't fit")
        };
        check(rows, columns, sizes);
    }
}

/// Few filters for numbers of channels around those of vectors, in one block of positions or several.
#[test]
fn gradients_of_few_filters_are_those_of_their_definition() {
    let mut random = Random::new(15);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 25 {
        let mut window = || {
            let (kernel, stride, before, after, dilation) =
                (draw(1, 5), draw(1, 3), draw(0, 4), draw(0, 4), draw(1, 2));
            Axis { kernel, stride, before, after, dilation }
        };
        let windows = (window(), window());
        let sizes = (axis(draw(1, 20), windows.0), axis(draw(1, 30), windows.1));
        let (Some(rows), Some(columns)) = sizes else { continue };
        check(rows, columns, (draw(5, 40), draw(1, 7), draw(1, 2)));
        drawn += 1;
    }
    // More filters and channels than fit at a time; and lines of several vectors.
    if let (Some(rows), Some(columns)) = (axis(6, still(9, 4)), axis(7, still(9, 4))) {
        check(rows, columns, (34, 7, 1));
        check(rows, columns, (5, 6, 1));
    }
    if let (Some(rows), Some(columns)) = (axis(2, still(1, 0)), axis(700, still(7, 3))) {
        check(rows, columns, (2, 3, 1));
    }
}

/// Windows larger than their planes, most of whose taps lie on the zeros around them, and strides whose phases read few taps.
#[test]
fn convolutions_of_windows_larger_than_planes_are_those_of_their_definition() {
    let axis = |input, (kernel, stride, before, after, dilation): (usize, usize, usize, usize, usize)| {
        axis(input, Axis { kernel, stride, before, after, dilation })
    };
    for (rows, columns) in [
        (axis(3, (6, 1, 5, 5, 2)), axis(3, (6, 1, 5, 5, 2))),
        (axis(2, (5, 1, 2, 2, 1)), axis(5, (11, 1, 5, 5, 1))),
        (axis(4, (8, 2, 7, 7, 2)), axis(21, (3, 2, 2, 2, 2))),
        (axis(1, (7, 2, 4, 3, 1)), axis(6, (3, 1, 1, 1, 1))),
        (axis(9, (5, 1, 6, 6, 3)), axis(3, (5, 1, 6, 6, 3))),
        (axis(12, (5, 1, 0, 0, 2)), axis(5, (4, 1, 0, 0, 1))),
        (axis(10, (7, 3, 0, 2, 1)), axis(11, (6, 3, 1, 4, 1))),
        // Sums that read nothing but zeros.
        (axis(2, (2, 1, 4, 5, 3)), axis(3, (2, 2, 3, 4, 1))),
    ] {
        let (Some(rows), Some(columns)) = (rows, columns) else { continue };
        for sizes in [(1, 20, 1), (5, 9, 2), (13, 40, 1), (40, 13, 1), (33, 3, 1)] {
            check(rows, columns, sizes);
        }
    }
}

/// Planes of one number under windows with a stride: batches whose gradients of inputs are stored for each filter.
#[test]
fn convolutions_of_a_single_number_are_those_of_their_definition() {
    for (kernel, stride, padding) in [(3, 2, 1), (1, 2, 0), (2, 6, 1), (3, 1, 1)] {
        let window = Axis { kernel, stride, before: padding, after: padding, dilation: 1 };
        let (Some(rows), Some(columns)) = (axis(1, window), axis(1, window)) else { panic!("{window:?} doesn't fit") };
        for sizes in [(2, 13, 1), (4, 4, 1), (3, 5, 1), (3, 5, 3), (1, 7, 2)] {
            check(rows, columns, sizes);
        }
    }
}

/// Rows of less than a vector, several of which share a tile, for numbers of filters around those of a tile.
#[test]
fn convolutions_of_short_rows_are_those_of_their_definition() {
    for (height, width) in [(5, 15), (9, 12), (3, 13), (2, 31)] {
        for filters in [1, 2, 3, 5, 6, 7, 11] {
            let (Some(rows), Some(columns)) = (axis(height, still(3, 1)), axis(width, still(3, 1))) else { continue };
            check(rows, columns, (2, filters, 1));
        }
    }
}

/// Numbers of filters and channels around those of a tile, pointwise and not.
#[test]
fn convolutions_of_many_channels_are_those_of_their_definition() {
    for (seen, filters) in [(1, 4), (3, 16), (16, 5), (17, 33), (64, 9), (300, 4)] {
        for (kernel, padding) in [(1, 0), (3, 1)] {
            let (Some(rows), Some(columns)) = (axis(5, still(kernel, padding)), axis(7, still(kernel, padding))) else {
                continue;
            };
            check(rows, columns, (seen, filters, 1));
        }
    }
}

/// The same convolution, of batches that lie channels last where it supports that.
impl<S: Scalar> Drawn<S> {
    /// Outputs have the same bits, whatever the format of the batches.
    fn check_formats<V: Simd>(&self, simd: V, weights: (&[S], &[S]), x: &[S], y: &[S], memory: &mut [Vec<S>; 3]) {
        let Convolution { plane, seen, filters } = self.convolution;
        let supported = self.convolution.formats(self.groups);
        let are_last = |support| if support == Support::Never { &[false][..] } else { &[false, true] };
        let is_one_of = |support, other: bool| support != Support::Both || other;
        for &input in are_last(supported.input) {
            for &output in are_last(supported.output) {
                let is_supported =
                    (!input || is_one_of(supported.input, output)) && (!output || is_one_of(supported.output, input));
                if !is_supported || !has_vectors::<V, S>() {
                    continue;
                }
                let last = |of: &[S], channels, positions, is_last| {
                    if is_last { turned(of, channels, positions) } else { of.to_vec() }
                };
                let x = last(x, self.groups * seen, plane.inputs(), input);
                let mut found = vec![S::from_f64(UNTOUCHED); y.len()];
                let format = ChannelsLast { input, output };
                self.convolution.forward(simd, weights, &x, (&mut found, true), format, scratch(memory));
                let expected = last(y, self.groups * filters, plane.outputs(), output);
                assert!(found == expected, "{simd:?} {:?} × {}: {format:?}", self.convolution, self.groups);
            }
        }
    }
}

/// A batch of images, channels last.
fn turned<S: Scalar>(images: &[S], channels: usize, positions: usize) -> Vec<S> {
    let of_sample = |sample: &[S]| {
        let places = (0..positions).flat_map(|position| (0..channels).map(move |channel| (position, channel)));
        places.map(|(position, channel)| sample[channel * positions + position]).collect::<Vec<_>>()
    };
    images.chunks_exact(channels * positions).flat_map(of_sample).collect()
}

/// Shapes with whole vectors of channels, in all formats that they support: several samples in a block, planes of several
/// blocks, windows larger than the plane, strides and dilations, and more weights than there is room for.
#[test]
fn the_format_of_a_batch_changes_no_bit_of_a_convolution() {
    let window = |kernel, stride, padding, dilation| Axis { kernel, stride, before: padding, after: padding, dilation };
    let shapes = [
        ((25, window(3, 1, 1, 1)), (5, window(3, 1, 1, 1)), (1, 1, 64)),
        ((9, window(5, 2, 4, 1)), (7, window(3, 1, 2, 2)), (1, 1, 48)),
        ((2, window(5, 1, 2, 1)), (1, window(1, 1, 0, 1)), (1, 1, 16)),
        ((3, window(1, 1, 0, 1)), (600, window(3, 1, 1, 1)), (1, 1, 16)),
        ((10, window(9, 1, 4, 1)), (10, window(9, 1, 4, 1)), (1, 1, 144)),
        ((7, still(1, 0)), (5, still(1, 0)), (64, 64, 1)),
        ((2, still(1, 0)), (2, still(1, 0)), (3, 16, 1)),
        ((3, still(1, 0)), (5, still(1, 0)), (300, 48, 1)),
        ((9, window(10, 2, 5, 1)), (10, window(4, 2, 1, 1)), (1, 64, 1)),
        ((40, window(3, 1, 1, 1)), (40, window(3, 2, 1, 1)), (3, 32, 1)),
        ((6, window(3, 1, 1, 1)), (5, window(3, 1, 1, 1)), (40, 80, 1)),
    ];
    let supported = shapes.into_iter().filter(|&(rows, columns, (seen, filters, groups))| {
        let (Some(rows), Some(columns)) = (axis(rows.0, rows.1), axis(columns.0, columns.1)) else { return false };
        check(rows, columns, (seen, filters, groups));
        !Convolution { plane: Plane { rows, columns }, seen, filters }.formats(groups).are_first()
    });
    assert_eq!(supported.count(), if cfg!(feature = "simd") { shapes.len() } else { 0 });
}
