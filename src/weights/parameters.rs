//! Weights as plain old data: one flat slice for optimizers, dotted names for people and files.

use core::marker::PhantomData;
use core::ops::Range;

use crate::scalar::Scalar;
use crate::shape::{Sample, Shape};
use crate::weights::layout::Layout;
use crate::weights::name::{Name, Visitor};

/// Something that is made of weights and of nothing else, so that all of them can be seen as one flat slice.
///
/// A network is one, a layer is one, and so are their gradients, momentums and averages: *the same type* holds
/// weights, or the gradient of weights.
///
/// Derive it for a layer of your own; the derive asks for `#[repr(C)]` and for a type parameter for the scalar,
/// last in the list:
///
/// ```
/// use fnn::{Parameters, Scalar};
///
/// #[derive(Parameters)]
/// #[repr(C)]
/// struct Affine<const N: usize, S: Scalar = f32> {
///     gain: [S; N],
///     shift: [S; N],
/// }
///
/// let affine = Affine { gain: [1.0; 2], shift: [0.5; 2] };
/// assert_eq!(affine.parameters(), [1.0, 1.0, 0.5, 0.5]);
/// affine.for_each(&mut |name, _, values| println!("{name}: {values:?}"));
/// ```
///
/// # Safety
/// The type is an array of [`Parameters::Scalar`] in all but name: its size is a multiple of the scalar's, its
/// alignment is the scalar's or, if it is empty, at most that, every bit pattern of it is a value, and it has no padding
/// and nothing to drop. [`PARAMETERS`](Self::PARAMETERS) is what is provided.
pub unsafe trait Parameters: Sized + Send + Sync + 'static {
    /// The number that the weights are made of.
    type Scalar: Scalar;

    /// How many weights there are. A compile error where the type isn't as large as the arrays of its
    /// [`LAYOUT`](Self::LAYOUT) together, or is aligned to more than its scalar.
    const PARAMETERS: usize = count::<Self>();

    /// How they lie in memory: their arrays, with their names and their shapes, in the order of
    /// [`parameters`](Self::parameters).
    const LAYOUT: Layout;

    /// Visit the ranges of [`parameters`](Self::parameters), which begin at `start`, and the [`Role`] of each: all of
    /// them, in their order. As provided, everything is [`Role::Weight`].
    #[inline]
    fn roles(start: usize, visitor: &mut impl Roles) {
        visitor(Role::Weight, start..start + Self::PARAMETERS);
    }

    /// Visit the ranges of [`parameters`](Self::parameters) that aren't trained but measured, in their order.
    #[inline]
    fn running_statistics(visitor: &mut impl FnMut(Range<usize>)) {
        Self::roles(0, &mut |role, range| {
            if role == Role::RunningStatistics {
                visit_some(range, visitor);
            }
        });
    }

    /// Visit the ranges of [`parameters`](Self::parameters) that are trained: those between the
    /// [`running_statistics`](Self::running_statistics) ones, as few and as long as they can be. An optimizer moves these and no others.
    #[inline]
    fn trained(visitor: &mut impl FnMut(Range<usize>)) {
        let mut start = 0;
        Self::running_statistics(&mut |range| {
            visit_some(start..range.start, visitor);
            start = range.end;
        });
        visit_some(start..Self::PARAMETERS, visitor);
    }

    /// Take over what a mini-batch has measured, which backpropagation leaves in the measured part of its gradient. As
    /// provided, that is nothing.
    ///
    /// [`Optimizer::step`](crate::optimizers::Optimizer::step) and the trainer call it, once a step.
    fn absorb(&mut self, _gradient: &Self) {}

    /// What the derive shows a field and its proof: they are of one type.
    #[doc(hidden)]
    #[inline(always)]
    fn made_of<T>(_field: *const T, _proof: MadeOf<T, Self::Scalar>) {}

    /// All weights.
    #[inline(always)]
    fn parameters(&self) -> &[Self::Scalar] {
        if Self::PARAMETERS == 0 {
            return &[];
        }
        // SAFETY: the trait promises an array of scalars.
        unsafe { core::slice::from_raw_parts(core::ptr::from_ref(self).cast(), Self::PARAMETERS) }
    }

    /// All weights, to write.
    #[inline(always)]
    fn parameters_mut(&mut self) -> &mut [Self::Scalar] {
        if Self::PARAMETERS == 0 {
            return &mut [];
        }
        // SAFETY: the trait promises an array of scalars; the borrow is exclusive.
        unsafe { core::slice::from_raw_parts_mut(core::ptr::from_mut(self).cast(), Self::PARAMETERS) }
    }

    /// With all weights zero: an empty gradient, an optimizer's first state.
    #[must_use]
    fn zeroed() -> Self {
        const { assert_weights::<Self>() }
        // SAFETY: the trait promises an array of scalars, of which zero bytes are the zeros.
        unsafe { core::mem::zeroed() }
    }

    /// [`zeroed`](Self::zeroed), built in place on the heap, whatever its size.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn zeroed_box() -> alloc::boxed::Box<Self> {
        const { assert_weights::<Self>() }
        // SAFETY: as in `zeroed`.
        unsafe { crate::pod::zeroed_box() }
    }

    /// A copy on the heap, which doesn't pass through the stack.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn boxed_copy(&self) -> alloc::boxed::Box<Self> {
        let mut copy = Self::zeroed_box();
        copy.parameters_mut().copy_from_slice(self.parameters());
        copy
    }

    /// Visit each array of weights with its dotted name (`conv1.weight`) and its shape.
    fn for_each(&self, visitor: &mut Visitor<'_, Self::Scalar>) {
        Self::LAYOUT.visit(Name::ROOT, self.parameters(), visitor);
    }
}

/// The proof that a `T` is made of weights `S`: there is none for any other type.
#[doc(hidden)]
#[derive(Debug)]
pub struct MadeOf<T, S>(PhantomData<fn() -> (T, S)>);

impl<P: Parameters<Scalar = S>, S: Scalar> MadeOf<P, S> {
    /// The proof.
    pub const PROOF: Self = Self(PhantomData);
}

/// How many weights there are: as many as the layout has, which are all that there is.
#[track_caller]
const fn count<P: Parameters>() -> usize {
    let length = P::LAYOUT.length();
    assert!(align_of::<P>() <= align_of::<P::Scalar>(), "weights are aligned as their scalar is, not to more");
    assert!(size_of::<P>() == length * size_of::<P::Scalar>(), "weights are the arrays of their layout, and no more");
    length
}

/// Check that a type is nothing but its weights: for whoever relies on it without asking how many they are.
#[track_caller]
pub(crate) const fn assert_weights<P: Parameters>() {
    assert!(size_of::<P>() == P::PARAMETERS * size_of::<P::Scalar>(), "weights are numbers, and nothing else");
}

/// What a range of weights is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Weights that inputs are multiplied with and summed up, or that are looked up: matrices, filters, tables.
    Weight,
    /// Numbers that stand by themselves, one for each channel: biases, what normalisations scale and shift with, slopes.
    /// Weight decay and penalties leave them out where one asks for that. So are all arrays of one dimension in a layer
    /// of your own.
    Vector,
    /// Numbers that aren't trained but measured: the running statistics of batch normalisation.
    RunningStatistics,
}

/// What is called with each range of weights and its [`Role`]: any closure that takes both.
///
/// By type and not by `dyn`, so that in the end nothing is left of a visit but the work on the ranges.
pub trait Roles: FnMut(Role, Range<usize>) {}

impl<F: FnMut(Role, Range<usize>)> Roles for F {}

/// The roles of weights that are [`Role::Weight`], and of a bias or the like after them.
#[inline]
pub(crate) fn weight_and_vector<W: Parameters, B: Parameters>(start: usize, visitor: &mut impl Roles) {
    let end = start + W::PARAMETERS;
    visitor(Role::Weight, start..end);
    visitor(Role::Vector, end..end + B::PARAMETERS);
}

/// Visit the trained ranges by their roles, or where these make no difference, all as [`Role::Weight`], as few and as
/// long as they can be.
#[inline]
pub(crate) fn visit_trained<P: Parameters>(by_role: bool, visitor: &mut impl Roles) {
    if by_role {
        P::roles(0, &mut |role, range| {
            if role != Role::RunningStatistics && !range.is_empty() {
                visitor(role, range);
            }
        });
    } else {
        P::trained(&mut |range| visitor(Role::Weight, range));
    }
}

/// Visit a range that isn't empty.
#[inline]
fn visit_some(range: Range<usize>, visitor: &mut impl FnMut(Range<usize>)) {
    if !range.is_empty() {
        visitor(range);
    }
}

macro_rules! scalar_parameters {
    ($($number:ty),*) => {$(
        // SAFETY: a number is an array of one number.
        unsafe impl Parameters for $number {
            type Scalar = Self;

            const LAYOUT: Layout = Layout::Array(Shape::SCALAR);

            fn roles(start: usize, visitor: &mut impl Roles) {
                visitor(Role::Vector, start..start + 1);
            }
        }
    )*};
}
scalar_parameters!(f32, f64);

// SAFETY: an array of arrays of scalars is an array of scalars.
unsafe impl<P: Parameters + Sample, const N: usize> Parameters for [P; N] {
    type Scalar = P::Scalar;

    const LAYOUT: Layout = Layout::Array(Self::SHAPE);

    fn roles(start: usize, visitor: &mut impl Roles) {
        let role = if Self::SHAPE.rank() > 1 { Role::Weight } else { Role::Vector };
        visitor(role, start..start + Self::PARAMETERS);
    }
}

// SAFETY: there is nothing.
unsafe impl<S: Scalar> Parameters for PhantomData<S> {
    type Scalar = S;

    const LAYOUT: Layout = Layout::NOTHING;
}
