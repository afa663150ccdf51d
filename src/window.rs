//! Windows that slide over images and sequences.

use core::fmt::Debug;

/// How a window slides along one axis, as a type: `KERNEL` elements that lie `DILATION` apart, moved by `STRIDE`, over
/// an axis with `PADDING` elements added before its first, and `AFTER` after its last, by default as many.
///
/// ```
/// use fnn::layers::{Window, Windows};
///
/// type Rows = Window<3, 2, 1>;
/// type Columns = Window<5, 1, 4, 1, 0>;
/// assert_eq!(<(Rows, Columns)>::ROWS.span(), 3);
/// assert_eq!((<(Rows, Columns)>::ROWS.before, <(Rows, Columns)>::ROWS.after), (1, 1));
/// assert_eq!((<(Rows, Columns)>::COLUMNS.before, <(Rows, Columns)>::COLUMNS.after), (4, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window<
    const KERNEL: usize,
    const STRIDE: usize = 1,
    const PADDING: usize = 0,
    const DILATION: usize = 1,
    const AFTER: usize = PADDING,
>;

/// A [`Window`] as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Elements under the window.
    pub kernel: usize,
    /// How far it moves from one output to the next.
    pub stride: usize,
    /// Padding elements before the input's first one.
    pub before: usize,
    /// Padding elements after the input's last one. Which outputs there are follows from them, and kernels need no more.
    pub after: usize,
    /// How far its elements lie apart.
    pub dilation: usize,
}

impl Axis {
    /// A window of a single element: along the rows of a sequence, or over the frames of a stream one by one.
    pub(crate) const STILL: Self = Self { kernel: 1, stride: 1, before: 0, after: 0, dilation: 1 };

    /// How many elements the window spans, including the gaps of its dilation.
    #[must_use]
    pub const fn span(&self) -> usize {
        span(self.kernel, self.dilation)
    }
}

/// How a window slides over a sequence, `Window<…>`, or over an image, `(rows, columns)`.
///
/// The trait is sealed. It is implemented for those types.
///
/// ```compile_fail,E0277
/// use fnn::layers::{Axis, Windows};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Mine;
///
/// impl Windows for Mine {
///     const ROWS: Axis = Axis { kernel: 1, stride: 1, before: 0, after: 0, dilation: 1 };
///     const COLUMNS: Axis = Axis { kernel: 9, stride: 1, before: 4, after: 4, dilation: 1 };
/// }
/// ```
pub trait Windows: Copy + Debug + PartialEq + Send + Sync + 'static + sealed::Sealed {
    /// Along the rows; a sequence has one.
    const ROWS: Axis;
    /// Along the columns.
    const COLUMNS: Axis;
}

impl<const KERNEL: usize, const STRIDE: usize, const PADDING: usize, const DILATION: usize, const AFTER: usize>
    sealed::Sealed for Window<KERNEL, STRIDE, PADDING, DILATION, AFTER>
{
}
impl<const KERNEL: usize, const STRIDE: usize, const PADDING: usize, const DILATION: usize, const AFTER: usize> Windows
    for Window<KERNEL, STRIDE, PADDING, DILATION, AFTER>
{
    const ROWS: Axis = Axis::STILL;
    const COLUMNS: Axis = Axis { kernel: KERNEL, stride: STRIDE, before: PADDING, after: AFTER, dilation: DILATION };
}

impl<R: Windows, C: Windows> sealed::Sealed for (R, C) {}
impl<R: Windows, C: Windows> Windows for (R, C) {
    const ROWS: Axis = R::COLUMNS;
    const COLUMNS: Axis = C::COLUMNS;
}

/// How many elements a window spans, including the gaps of its dilation. Saturates: in no build does an impossible window pass for a
/// small one.
#[must_use]
pub const fn span(kernel: usize, dilation: usize) -> usize {
    dilation.saturating_mul(kernel.saturating_sub(1)).saturating_add(1)
}

/// How many positions a window has on an axis of `size` elements, with this much padding before and after them.
///
/// `⌊(size + before + after − dilation·(kernel − 1) − 1) / stride⌋ + 1`; 1 if it doesn't fit, which is checked
/// elsewhere.
#[must_use]
pub const fn places(size: usize, kernel: usize, stride: usize, before: usize, after: usize, dilation: usize) -> usize {
    match (size + before + after).saturating_sub(span(kernel, dilation)).checked_div(stride) {
        Some(moves) => moves + 1,
        None => 1,
    }
}

/// How many positions a window has with `padding = same`: `⌈size / stride⌉`.
#[must_use]
pub const fn same_places(size: usize, stride: usize) -> usize {
    if stride == 0 { 1 } else { ceil_div(size, stride) }
}

/// `⌊a / b⌋`, or 0 if `b` is 0: without a panic path, at any optimization level.
#[inline(always)]
pub(crate) const fn quotient(a: usize, b: usize) -> usize {
    match a.checked_div(b) {
        Some(quotient) => quotient,
        None => 0,
    }
}

/// `⌈a / b⌉`, or 0 if `b` is 0.
#[inline(always)]
pub(crate) const fn ceil_div(a: usize, b: usize) -> usize {
    let floor = quotient(a, b);
    if floor * b < a && b > 0 { floor + 1 } else { floor }
}

/// The size of parts of `all`, of at most `most`, that are nearly equal; at least 1.
#[inline(always)]
pub(crate) fn even(all: usize, most: usize) -> usize {
    ceil_div(all, ceil_div(all, most.clamp(1, all.max(1)))).max(1)
}

/// `0..all` in parts of `part`, of which the last may be smaller.
#[inline(always)]
pub(crate) fn cut(all: usize, part: usize) -> impl Iterator<Item = core::ops::Range<usize>> {
    (0..all).step_by(part.max(1)).map(move |first| first..all.min(first + part))
}

/// `0..all` in as few parts of at most `most` as there can be, whose sizes differ by one at most.
#[inline(always)]
pub(crate) fn balanced(all: usize, most: usize) -> impl Iterator<Item = core::ops::Range<usize>> {
    let parts = ceil_div(all, most);
    (0..parts).map(move |part| quotient(part * all, parts)..quotient((part + 1) * all, parts))
}

/// The padding before the first element and after the last with `padding = same`: as little as [`same_places`] need,
/// and of an odd number, one more after the last. As in TensorFlow, and ONNX's `SAME_UPPER`.
///
/// At a stride of 1, it is the same for all sizes.
#[must_use]
pub const fn same_padding(size: usize, kernel: usize, stride: usize, dilation: usize) -> (usize, usize) {
    let moves = same_places(size, stride).saturating_sub(1);
    let padding = (moves * stride + span(kernel, dilation)).saturating_sub(size);
    (padding / 2, padding - padding / 2)
}

/// The padding before the first element with `padding = causal`, where no output sees inputs after its own.
#[must_use]
pub const fn causal_padding(kernel: usize, dilation: usize) -> usize {
    span(kernel, dilation) - 1
}

/// How many channels lie from `start` up to, but not including, `end`; at least 1, even if there are none, which is
/// checked elsewhere.
#[must_use]
pub const fn between(start: usize, end: usize) -> usize {
    if end > start { end - start } else { 1 }
}

/// How many channels a filter sees with `groups`; at least 1, even if the groups don't divide them.
#[must_use]
pub const fn part(channels: usize, groups: usize) -> usize {
    match channels.checked_div(groups) {
        None | Some(0) => 1,
        Some(part) => part,
    }
}

/// One axis of an image, with a window on it and the size of the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sliding {
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) window: Axis,
}

/// The most elements that a window may span.
const LARGEST: usize = 1 << 24;

impl Sliding {
    /// An axis whose sizes are consistent.
    #[track_caller]
    pub(crate) const fn new(input: usize, output: usize, window: Axis) -> Self {
        let Axis { kernel, stride, before, after, dilation } = window;
        assert!(input > 0 && output > 0, "an image has at least one element");
        assert!(kernel > 0 && stride > 0 && dilation > 0, "a kernel, a stride and a dilation must be at least 1");
        // So that no position overflows.
        let small = window.span() <= LARGEST && before <= LARGEST && after <= LARGEST;
        let small = small && stride <= LARGEST && dilation <= LARGEST;
        assert!(
            small,
            "a window reaches over at most 16,777,216 elements, as do its stride, its dilation and its padding"
        );
        assert!(window.span() <= input + before + after, "a window is no larger than its padded input");
        let exact = output == places(input, kernel, stride, before, after, dilation);
        assert!(exact, "the output size does not match the window");
        Self { input, output, window }
    }

    /// Whether the window never leaves the input.
    #[inline(always)]
    pub(crate) const fn is_whole(&self) -> bool {
        let Axis { stride, before, .. } = self.window;
        before == 0 && (self.output - 1) * stride + self.window.span() <= self.input
    }

    /// How many of the window's elements lie on the input for an output.
    #[inline(always)]
    pub(crate) const fn taps(&self, output: usize) -> usize {
        let Axis { kernel, stride, before, dilation, .. } = self.window;
        // Element t is at output·stride + t·dilation − before, which must lie in 0..input.
        let start = output * stride;
        let first = ceil_div(before.saturating_sub(start), dilation);
        let end = ceil_div((self.input + before).saturating_sub(start), dilation);
        let end = if end < kernel { end } else { kernel };
        end.saturating_sub(first)
    }

    /// The outputs for which the window's element at index `tap` lies on the input.
    #[inline(always)]
    pub(crate) const fn reach(&self, tap: usize) -> Reach {
        let Axis { stride, before, dilation, .. } = self.window;
        let offset = tap * dilation;
        if self.is_whole() {
            return Reach { first: 0, count: self.output, start: offset };
        }
        // Output o reads the element at o·stride + offset − before, which must lie in 0..input.
        let first = ceil_div(before.saturating_sub(offset), stride);
        let end = ceil_div((self.input + before).saturating_sub(offset), stride);
        let end = if end < self.output { end } else { self.output };
        Reach { first, count: end.saturating_sub(first), start: (first * stride + offset).saturating_sub(before) }
    }
}

/// Outputs `first .. first + count`, and the input from which the first of them reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) start: usize,
}

mod sealed {
    pub trait Sealed {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reach_is_what_trying_every_output_finds() {
        for input in 1..9usize {
            for kernel in 1..5 {
                for (stride, before, dilation) in (0..27).map(|n| (1 + n % 3, n / 3 % 3, 1 + n / 9)) {
                    // As much padding after the last element, less, or more.
                    let after = (before + kernel + input) % 4;
                    let window = Axis { kernel, stride, before, after, dilation };
                    if window.span() > input + before + after {
                        continue;
                    }
                    let output = places(input, kernel, stride, before, after, dilation);
                    let sliding = Sliding::new(input, output, window);
                    let mut seen = vec![0; output];
                    for tap in 0..kernel {
                        let position = |output: usize| (output * stride + tap * dilation).checked_sub(before);
                        let inside = |output: &usize| position(*output).is_some_and(|position| position < input);
                        let outputs = (0..output).filter(inside);
                        let Reach { first, count, start } = sliding.reach(tap);
                        outputs.clone().for_each(|output| seen[output] += 1);
                        assert!(outputs.eq(first..first + count), "{sliding:?} {tap}");
                        assert!(count == 0 || position(first) == Some(start), "{sliding:?} {tap}");
                    }
                    assert!(seen.into_iter().eq((0..output).map(|output| sliding.taps(output))), "{sliding:?}");
                }
            }
        }
    }

    /// Taps that lie 2⁶⁴ − 16 numbers apart, where rows have 6 of them, would lie 16 before one another.
    #[test]
    #[should_panic(expected = "a window reaches over at most 16,777,216 elements")]
    fn no_place_overflows() {
        let apart = usize::MAX / 6 - 2;
        assert_eq!(apart.wrapping_mul(6), 0_usize.wrapping_sub(16));
        Sliding::new(8, 8, Axis { kernel: 3, stride: 1, before: apart, after: apart, dilation: apart });
    }

    /// A window of 2⁶³ + 1 numbers, two apart, would span 2⁶⁴ + 1.
    #[test]
    #[should_panic(expected = "a window reaches over at most 16,777,216 elements")]
    fn no_span_overflows() {
        Sliding::new(8, 8, Axis { kernel: usize::MAX / 2 + 2, stride: 1, before: 0, after: 0, dilation: 2 });
    }

    /// Of a single number, too, a dilation is a factor of positions.
    #[test]
    #[should_panic(expected = "a window reaches over at most 16,777,216 elements")]
    fn no_dilation_is_too_large() {
        Sliding::new(8, 8, Axis { kernel: 1, stride: 1, before: 0, after: 0, dilation: usize::MAX });
    }

    #[test]
    fn places_are_those_of_the_formula() {
        assert_eq!(places(28, 5, 1, 0, 0, 1), 24);
        assert_eq!(places(9, 3, 2, 1, 1, 1), 5);
        assert_eq!(places(9, 3, 2, 0, 1, 1), 4);
        assert_eq!(places(10, 3, 1, 0, 0, 2), 6);
        assert_eq!((places(3, 5, 1, 0, 0, 1), places(3, 3, 0, 0, 0, 1)), (1, 1));
    }

    /// The cases of TensorFlow's documentation of `same`, worked out by hand, and the formula's properties for all.
    #[test]
    fn same_padding_is_the_least_that_gives_every_stride_a_place() {
        assert_eq!(same_padding(13, 6, 5, 1), (1, 2));
        assert_eq!(same_padding(224, 3, 2, 1), (0, 1));
        assert_eq!((same_padding(7, 4, 1, 3), same_padding(1, 4, 1, 3)), ((4, 5), (4, 5)));
        assert_eq!((same_padding(4, 1, 3, 1), same_places(4, 3), same_places(4, 0)), ((0, 0), 2, 1));
        assert_eq!((causal_padding(4, 3), causal_padding(1, 7)), (9, 0));
        for (size, kernel, stride, dilation) in
            (0..1200).map(|n| (1 + n % 10, 1 + n / 10 % 5, 1 + n / 50 % 6, 1 + n / 300))
        {
            let (before, after) = same_padding(size, kernel, stride, dilation);
            let output = same_places(size, stride);
            assert_eq!(places(size, kernel, stride, before, after, dilation), output);
            assert!(after == before || after == before + 1);
            assert!(span(kernel, dilation) <= size + before + after);
            let less = (before + after)
                .checked_sub(1)
                .map(|less| size + less >= (output - 1) * stride + span(kernel, dilation));
            assert!(less != Some(true), "{size} {kernel} {stride} {dilation}");
        }
    }
}
