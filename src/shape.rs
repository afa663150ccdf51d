//! Shapes and samples: nested arrays, and their sizes as constants.

use core::fmt;
use core::ops::Range;

use crate::pod::Pod;

/// The maximum number of dimensions of a sample.
const MAX_RANK: usize = 4;

/// The dimensions of a sample, outermost first: `[1, 28, 28]` is one channel of 28 rows of 28 columns.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    rank: usize,
    sizes: [usize; MAX_RANK],
}

impl Shape {
    /// The shape of a single number.
    pub const SCALAR: Self = Self { rank: 0, sizes: [0; MAX_RANK] };

    /// The shape of an array of `size` samples of this shape.
    #[must_use]
    pub const fn repeated(self, size: usize) -> Self {
        assert!(self.rank < MAX_RANK, "a sample has at most four dimensions");
        let mut sizes = [0; MAX_RANK];
        sizes[0] = size;
        let mut axis = 0;
        while axis < self.rank {
            sizes[axis + 1] = self.sizes[axis];
            axis += 1;
        }
        Self { rank: self.rank + 1, sizes }
    }

    /// The number of dimensions.
    #[must_use]
    pub const fn rank(&self) -> usize {
        self.rank
    }

    /// The size of dimension `axis`, or 1 past the last one.
    #[must_use]
    pub const fn size(&self, axis: usize) -> usize {
        if axis < self.rank && axis < MAX_RANK { self.sizes[axis] } else { 1 }
    }

    /// The sizes of all dimensions, outermost first.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        self.sizes.get(..self.rank).unwrap_or_default()
    }

    /// The number of elements: the product of the sizes.
    #[must_use]
    pub const fn length(&self) -> usize {
        let mut length = 1;
        let mut axis = 0;
        while axis < MAX_RANK {
            length *= self.size(axis);
            axis += 1;
        }
        length
    }

    /// The shape of the transposed matrix, if it has two dimensions.
    pub(crate) const fn transposed(mut self) -> Self {
        let rows = self.sizes[0];
        self.sizes[0] = self.sizes[1];
        self.sizes[1] = rows;
        self
    }

    /// `==` for const contexts.
    #[must_use]
    pub const fn equals(&self, other: &Self) -> bool {
        if self.rank != other.rank {
            return false;
        }
        let mut axis = 0;
        while axis < self.rank {
            if self.sizes[axis] != other.sizes[axis] {
                return false;
            }
            axis += 1;
        }
        true
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sizes()).finish()
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The input or output of a layer: a number, or arrays nested up to four deep.
///
/// There is no tensor type: a sample of 784 numbers is `[f32; 784]`, a grayscale image is `[[[f32; 28]; 28]; 1]`
/// (channels, rows, columns), and a batch is a slice of samples, contiguous in memory.
///
/// The trait is sealed. It is implemented for numbers and arrays of samples.
///
/// ```
/// use fnn::layers::Sample;
///
/// let batch = [[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(<[f32; 2]>::SHAPE.sizes(), [2]);
/// assert_eq!(Sample::flat(&batch), [1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(batch[1].elements(), [3.0, 4.0]);
/// ```
pub trait Sample: Pod + PartialEq + fmt::Debug + sealed::Sealed {
    /// The innermost type: a number.
    type Element: Sample;
    /// The same shape with another element type.
    type Of<E: Sample<Element = E>>: Sample<Element = E>;
    /// The dimensions, outermost first.
    const SHAPE: Shape;
    /// The number of elements.
    const LENGTH: usize = Self::SHAPE.length();

    /// All elements of a batch, sample after sample.
    fn flat(samples: &[Self]) -> &[Self::Element];

    /// All elements of a batch, sample after sample, mutable.
    fn flat_mut(samples: &mut [Self]) -> &mut [Self::Element];

    /// All elements of a sample.
    #[inline(always)]
    fn elements(&self) -> &[Self::Element] {
        Self::flat(core::slice::from_ref(self))
    }

    /// All elements of a sample, mutable.
    #[inline(always)]
    fn elements_mut(&mut self) -> &mut [Self::Element] {
        Self::flat_mut(core::slice::from_mut(self))
    }

    /// Whether every element is finite: neither infinite nor NaN.
    fn all_finite(&self) -> bool;
}

macro_rules! number_samples {
    ($($number:ty),*: $value:ident => $finite:expr) => {$(
        impl sealed::Sealed for $number {}
        impl Sample for $number {
            type Element = Self;
            type Of<E: Sample<Element = E>> = E;
            const SHAPE: Shape = Shape::SCALAR;

            #[inline(always)]
            fn flat(samples: &[Self]) -> &[Self] {
                samples
            }

            #[inline(always)]
            fn flat_mut(samples: &mut [Self]) -> &mut [Self] {
                samples
            }

            #[inline(always)]
            fn all_finite(&self) -> bool {
                let $value = self;
                $finite
            }
        }
    )*};
}
number_samples!(f32, f64: number => number.is_finite());
number_samples!(u8, u16, u32, usize, i8, i32: _number => true);

impl<A: Sample, const N: usize> sealed::Sealed for [A; N] {}
impl<A: Sample, const N: usize> Sample for [A; N] {
    type Element = A::Element;
    type Of<E: Sample<Element = E>> = [A::Of<E>; N];
    const SHAPE: Shape = A::SHAPE.repeated(N);

    #[inline(always)]
    fn flat(samples: &[Self]) -> &[A::Element] {
        A::flat(samples.as_flattened())
    }

    #[inline(always)]
    fn flat_mut(samples: &mut [Self]) -> &mut [A::Element] {
        A::flat_mut(samples.as_flattened_mut())
    }

    #[inline(always)]
    fn all_finite(&self) -> bool {
        // No early exit, so that the loop vectorizes.
        self.iter().fold(true, |finite, sample| finite & sample.all_finite())
    }
}

/// The same elements as samples of another shape of the same length.
///
/// Used by `Flatten`. A different length is a compile error.
#[inline(always)]
pub(crate) fn reshape<A: Sample, B: Sample<Element = A::Element>>(samples: &[A]) -> &[B] {
    const { assert_same_length::<A, B>() }
    view(samples)
}

/// [`reshape`], mutable.
#[inline(always)]
pub(crate) fn reshape_mut<A: Sample, B: Sample<Element = A::Element>>(samples: &mut [A]) -> &mut [B] {
    const { assert_same_length::<A, B>() }
    view_mut(samples)
}

#[track_caller]
const fn assert_same_length<A: Sample, B: Sample>() {
    assert!(A::LENGTH == B::LENGTH, "a reshaped sample keeps its number of elements");
}

/// `reshape`, or an empty slice if the lengths differ.
///
/// It connects layers whose shapes only the compiler knows: the network's declaration checks those separately, so that
/// one mistake gives one error.
#[inline(always)]
pub fn view<A: Sample, B: Sample<Element = A::Element>>(samples: &[A]) -> &[B] {
    if A::LENGTH != B::LENGTH {
        return &[];
    }
    // SAFETY: both types are nested arrays of the same element type and length, so their size and alignment are equal.
    unsafe { core::slice::from_raw_parts(samples.as_ptr().cast(), samples.len()) }
}

/// [`view`], mutable.
#[inline(always)]
pub fn view_mut<A: Sample, B: Sample<Element = A::Element>>(samples: &mut [A]) -> &mut [B] {
    if A::LENGTH != B::LENGTH {
        return &mut [];
    }
    // SAFETY: as in `view`; the borrow is exclusive.
    unsafe { core::slice::from_raw_parts_mut(samples.as_mut_ptr().cast(), samples.len()) }
}

/// The sample that these elements are, if there are as many as it has.
#[inline(always)]
pub(crate) fn sample_mut<A: Sample>(elements: &mut [A::Element]) -> Option<&mut A> {
    if elements.len() != A::LENGTH {
        return None;
    }
    // SAFETY: a sample is nested arrays of its elements, so it has their alignment and is as large as `LENGTH` of them,
    // which lie here; the borrow is exclusive.
    Some(unsafe { &mut *elements.as_mut_ptr().cast::<A>() })
}

/// Numbers as samples, the reverse of [`Sample::flat`]. Numbers that don't fill a sample are left out.
#[inline(always)]
pub(crate) fn samples<A: Sample>(numbers: &[A::Element]) -> &[A] {
    let count = numbers.len().checked_div(A::LENGTH).unwrap_or(0);
    // SAFETY: a sample is an array of `LENGTH` elements, or nested arrays of that many.
    unsafe { core::slice::from_raw_parts(numbers.as_ptr().cast(), count) }
}

/// [`samples`], mutable.
#[inline(always)]
pub(crate) fn samples_mut<A: Sample>(numbers: &mut [A::Element]) -> &mut [A] {
    let count = numbers.len().checked_div(A::LENGTH).unwrap_or(0);
    // SAFETY: as in `samples`; the borrow is exclusive.
    unsafe { core::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), count) }
}

/// The first `count` samples, or all if there are fewer, without a panic path.
#[inline(always)]
pub fn first<A>(samples: &[A], count: usize) -> &[A] {
    samples.get(..count).unwrap_or(samples)
}

/// [`first`], mutable.
#[inline(always)]
pub fn first_mut<A>(samples: &mut [A], count: usize) -> &mut [A] {
    let count = count.min(samples.len());
    samples.get_mut(..count).unwrap_or_default()
}

/// Slices a range that lies within the slice, without a panic path.
#[inline(always)]
pub(crate) fn within<'a, A>(all: &'a mut [A], range: &Range<usize>) -> &'a mut [A] {
    all.get_mut(range.clone()).unwrap_or_default()
}

mod sealed {
    pub trait Sealed {}
}
