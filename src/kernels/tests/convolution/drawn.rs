//! A drawn convolution, whose outputs and gradients are compared with their definition in `f64`.

use super::super::unfused::Unfused;
use super::super::*;
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
    extent: Extent,
}

/// How much of a convolution is compared; each includes the ones before.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Extent {
    /// Of a batch either the outputs or the rectified ones, by the shape; in `f64` every fourth, by its sizes: that code is the same, with
    /// half of the lanes.
    Drawn,
    /// All, of a shape that is listed for what it reaches.
    Listed,
    /// And gradients of inputs that the widest vectors add to others without spare memory.
    Added,
}

/// By the definition, in `f64`: outputs, and the gradients of weights, which are added to ones, and of inputs.
#[derive(Clone)]
struct Expected {
    y: Vec<f64>,
    dw: Vec<f64>,
    dx: Vec<f64>,
}

impl<S: Scalar> Drawn<S> {
    fn new(convolution: Convolution, groups: usize, extent: Extent) -> Self {
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
        Self { convolution, groups, samples, w, bias, x, g, expected, extent }
    }
}

impl<S: Scalar> Operation for Drawn<S> {
    /// Outputs and gradients.
    type Output = Vec<S>;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Vec<S> {
        let Self { convolution, groups, samples, ref w, ref bias, ref x, ref g, ref expected, .. } = self;
        let Convolution { plane, seen, filters } = convolution;
        let what = format!("{simd:?} {} {convolution:?} × {groups}", size_of::<S>());
        let (outputs, taps) = (plane.outputs(), plane.taps());
        let mut memory = vec![S::from_f64(f64::NAN); SCRATCH];

        let mut y = vec![S::from_f64(UNTOUCHED); g.len()];
        convolution.forward(simd, (w, bias), x, (&mut y, false), ChannelsLast::NONE, Scratch::new(&mut memory));
        let mut rectified = vec![S::from_f64(UNTOUCHED); g.len()];
        convolution.forward(simd, (w, bias), x, (&mut rectified, true), ChannelsLast::NONE, Scratch::new(&mut memory));
        let mut after = y.clone();
        rectify(simd, &mut after);
        assert!(rectified == after, "{what}: sums are rectified otherwise than after they are stored");
        self.check_formats(simd, (w, bias), x, &rectified, &mut memory);
        let (mut dw, mut db, mut dx) = (vec![S::ONE; w.len()], vec![S::ONE; bias.len()], vec![S::ONE; x.len()]);
        let gradients = Gradients { weight: &mut dw, bias: &mut db, input: Some(&mut dx), sum: None };
        convolution.backward(simd, w, (x, g), gradients, Scratch::new(&mut memory));
        let mut alone = vec![S::ONE; w.len()];
        let gradients = Gradients { weight: &mut alone, bias: &mut [], input: None, sum: None };
        convolution.backward(simd, w, (x, g), gradients, Scratch::new(&mut memory));
        assert!(alone == dw, "{what}: weights get another gradient without that of the input");
        self.check_added(simd, w, [x, g, &dx], &mut memory);
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
    fn check_batch<V: Simd>(&self, simd: V, (w, bias): (&[S], &[S]), few: [&[S]; 4], memory: &mut [S]) {
        let Convolution { plane, seen, .. } = self.convolution;
        let lanes = crate::kernels::lanes::<V, S>();
        if lanes == 1 {
            return;
        }
        // Over channels, eight samples are computed at a time.
        let of_batch = lanes.max(8) + 1;
        let samples = few[0].len() / (self.groups * seen * plane.inputs());
        let [x, y, g, dx] = few.map(|numbers| {
            let of_samples = numbers.chunks_exact(numbers.len() / samples).cycle();
            of_samples.take(of_batch).flatten().copied().collect::<Vec<_>>()
        });
        let is_listed = self.extent >= Extent::Listed;
        let is_even = plane.outputs().is_multiple_of(2);
        for is_rectified in [false, true].into_iter().filter(|&is_rectified| is_listed || is_rectified == is_even) {
            let mut expected = y.clone();
            if is_rectified {
                rectify(simd, &mut expected);
            }
            let mut found = vec![S::from_f64(UNTOUCHED); y.len()];
            let output = (found.as_mut_slice(), is_rectified);
            self.convolution.forward(simd, (w, bias), &x, output, ChannelsLast::NONE, Scratch::new(memory));
            assert!(found == expected, "{simd:?} {:?} × {}: a batch has other outputs", self.convolution, self.groups);
        }
        let mut weight = vec![S::ZERO; w.len()];
        let mut found = vec![S::from_f64(UNTOUCHED); dx.len()];
        let gradients = Gradients { weight: &mut weight, bias: &mut [], input: Some(&mut found), sum: None };
        self.convolution.backward(simd, w, (&x, &g), gradients, Scratch::new(memory));
        assert!(found == dx, "{simd:?} {:?} × {}: a batch has other gradients", self.convolution, self.groups);
        if self.extent == Extent::Added {
            self.check_added(simd, w, [&x, &g, &dx], memory);
        }
    }

    /// The gradients of inputs are added to others, in memory of which each number is written once.
    fn check_added<V: Simd>(&self, simd: V, w: &[S], [x, g, dx]: [&[S]; 3], memory: &mut [S]) {
        let what = format!("{simd:?} {} {:?} × {}", size_of::<S>(), self.convolution, self.groups);
        let (mut sum, mut spare) = (x.to_vec(), vec![S::from_f64(UNTOUCHED); dx.len()]);
        let gradients = Gradients {
            weight: &mut vec![S::ZERO; w.len()],
            bias: &mut [],
            input: Some(&mut spare),
            sum: Some(&mut sum),
        };
        self.convolution.backward(simd, w, (x, g), gradients, Scratch::new(memory));
        let expected: Vec<_> = x.iter().zip(dx).map(|(&before, &dx)| before + dx).collect();
        assert!(sum == expected, "{what}: input gradients are added wrongly");
        if self.extent == Extent::Added && crate::kernels::lanes::<V, S>() == crate::kernels::vector::LANES {
            assert!(spare.iter().all(|&number| number == S::from_f64(UNTOUCHED)), "{what}: spare memory is used");
        }
    }
}

impl<S: Scalar> Drawn<S> {
    /// Outputs have the same bits, whatever the format of the batches.
    fn check_formats<V: Simd>(&self, simd: V, weights: (&[S], &[S]), x: &[S], y: &[S], memory: &mut [S]) {
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
                self.convolution.forward(simd, weights, &x, (&mut found, true), format, Scratch::new(memory));
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

/// The input on an axis that an output reads under a tap.
fn position(axis: Sliding, output: usize, tap: usize) -> Option<usize> {
    let Axis { stride, before, dilation, .. } = axis.window;
    (output * stride + tap * dilation).checked_sub(before).filter(|&position| position < axis.input)
}

/// An axis of `input` elements.
pub(super) fn axis(input: usize, window: Axis) -> Option<Sliding> {
    let Axis { kernel, stride, before, after, dilation } = window;
    let fits = window.span() <= input + before + after;
    fits.then(|| Sliding::new(input, places(input, kernel, stride, before, after, dilation), window))
}

/// Compares a listed convolution in all instruction sets: with the definition, and their bits with each other.
pub(super) fn check(rows: Sliding, columns: Sliding, sizes: (usize, usize, usize)) {
    compare(rows, columns, sizes, Extent::Listed);
}

/// As [`check`], but less of it: so many are drawn.
pub(super) fn check_drawn(rows: Sliding, columns: Sliding, sizes: (usize, usize, usize)) {
    compare(rows, columns, sizes, Extent::Drawn);
}

/// [`check`], of axes that a window fits into.
pub(super) fn check_fitting(rows: (usize, Axis), columns: (usize, Axis), sizes: (usize, usize, usize)) {
    let (rows, columns) = fitting(rows, columns);
    check(rows, columns, sizes);
}

/// [`check_fitting`]; and the widest vectors add the gradients of the inputs to others without spare memory.
pub(super) fn check_added(rows: (usize, Axis), columns: (usize, Axis), sizes: (usize, usize, usize)) {
    let (rows, columns) = fitting(rows, columns);
    compare(rows, columns, sizes, Extent::Added);
}

fn fitting(rows: (usize, Axis), columns: (usize, Axis)) -> (Sliding, Sliding) {
    match (axis(rows.0, rows.1), axis(columns.0, columns.1)) {
        (Some(rows), Some(columns)) => (rows, columns),
        _ => panic!("{rows:?} or {columns:?} doesn't fit"),
    }
}

fn compare(rows: Sliding, columns: Sliding, (seen, filters, groups): (usize, usize, usize), extent: Extent) {
    let convolution = Convolution { plane: Plane { rows, columns }, seen, filters };
    let drawn = Drawn::<f32>::new(convolution, groups, extent);
    let all = everywhere(&drawn);
    let plain = all.first().map(|(_, plain)| plain);
    assert!(plain == Some(&drawn.run(Unfused)), "{convolution:?} × {groups}: vectors have other bits than plain loops");
    have_equal_bits(&all, &convolution);
    if extent >= Extent::Listed || (rows.input + columns.input + seen + filters).is_multiple_of(4) {
        have_equal_bits(&everywhere(&Drawn::<f64>::new(convolution, groups, extent)), &convolution);
    }
}

/// Vectors of any width have the same bits; the first two results are those of plain loops.
fn have_equal_bits<S: Scalar>(all: &[(&str, Vec<S>)], convolution: &Convolution) {
    for sets in all.get(2..).unwrap_or_default().windows(2) {
        if let [(one, of_one), (other, of_other)] = sets {
            assert!(of_one == of_other, "{convolution:?}: {one} and {other} have other bits");
        }
    }
}

/// A window with a stride of 1.
pub(super) const fn still(kernel: usize, padding: usize) -> Axis {
    Axis { kernel, stride: 1, before: padding, after: padding, dilation: 1 }
}
