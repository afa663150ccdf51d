//! Weights as plain old data: one flat slice for optimizers, dotted names for users and files.

use core::marker::PhantomData;
use core::ops::Range;

use crate::scalar::Scalar;
use crate::shape::{Sample, Shape};
use crate::weights::layout::Layout;
use crate::weights::name::Visitor;

/// A type that consists only of weights, so that all of them can be accessed as one flat slice.
///
/// Networks and layers implement it, and so do their gradients, momentums and averages: *the same type* holds weights
/// or the gradient of weights.
///
/// Derive it for a custom layer; the derive needs `#[repr(C)]` and a type parameter for the scalar, last in the list:
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
/// The type must be equivalent to an array of [`Parameters::Scalar`]: its size is a multiple of the scalar's, its
/// alignment is the scalar's (at most, if it is empty), every bit pattern is valid, and it has no padding and no drop
/// glue. [`PARAMETERS`](Self::PARAMETERS) must not be overridden.
pub unsafe trait Parameters: Sized + Send + Sync + 'static {
    /// The type of the weights.
    type Scalar: Scalar;

    /// The number of weights. A compile error if the size of the type differs from the total of its
    /// [`LAYOUT`](Self::LAYOUT), or if its alignment exceeds the scalar's.
    const PARAMETERS: usize = count::<Self>();

    /// The layout in memory: the arrays with their names and shapes, in the order of [`parameters`](Self::parameters).
    const LAYOUT: Layout;

    /// Visit all ranges of [`parameters`](Self::parameters) in order, with the [`Role`] of each; indices begin at
    /// `start`. By default, everything is [`Role::Weight`].
    #[inline]
    fn roles(start: usize, visitor: &mut impl Roles) {
        visitor(Role::Weight, start..start + Self::PARAMETERS);
    }

    /// Visit the ranges of [`parameters`](Self::parameters) that are running statistics instead of trained weights, in
    /// order.
    #[inline]
    fn running_statistics(visitor: &mut impl FnMut(Range<usize>)) {
        visit_roles::<Self>(&mut |role, range| {
            if role == Role::RunningStatistics {
                visit_some(range, visitor);
            }
        });
    }

    /// Visit the ranges of [`parameters`](Self::parameters) that are trained: those between the
    /// [`running_statistics`](Self::running_statistics), as few and as long as possible. Optimizers update these and
    /// no others.
    #[inline(always)]
    fn trained(visitor: &mut impl FnMut(Range<usize>)) {
        let mut start = 0;
        Self::running_statistics(&mut |range| {
            visit_some(start..range.start, visitor);
            start = range.end;
        });
        visit_some(start..Self::PARAMETERS, visitor);
    }

    /// Update the running statistics from a mini-batch; backpropagation leaves its statistics in place of their
    /// gradient. By default, there are none.
    ///
    /// [`Optimizer::step`](crate::optimizers::Optimizer::step) and the trainer call it once per step.
    fn absorb(&mut self, _gradient: &Self) {}

    /// Called by the derive with each field and its proof, so that both have the same type.
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

    /// All weights, mutable.
    #[inline(always)]
    fn parameters_mut(&mut self) -> &mut [Self::Scalar] {
        if Self::PARAMETERS == 0 {
            return &mut [];
        }
        // SAFETY: the trait promises an array of scalars; the borrow is exclusive.
        unsafe { core::slice::from_raw_parts_mut(core::ptr::from_mut(self).cast(), Self::PARAMETERS) }
    }

    /// All weights zero: an empty gradient, or an optimizer's initial state.
    #[must_use]
    fn zeroed() -> Self {
        const { assert_weights::<Self>() }
        zeroed()
    }

    /// [`zeroed`](Self::zeroed), built in place on the heap, for any size.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn zeroed_box() -> alloc::boxed::Box<Self> {
        const { assert_weights::<Self>() }
        // SAFETY: as in `zeroed`.
        unsafe { crate::pod::zero_bytes_box() }
    }

    /// A copy on the heap, made without a temporary on the stack.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn boxed_copy(&self) -> alloc::boxed::Box<Self> {
        let mut copy = Self::zeroed_box();
        copy.parameters_mut().copy_from_slice(self.parameters());
        copy
    }

    /// Visit each array of weights with its dotted name (`conv1.weight`) and its shape.
    fn for_each(&self, visitor: &mut Visitor<'_, Self::Scalar>) {
        Self::LAYOUT.visit(self.parameters(), visitor);
    }
}

/// [`Parameters::zeroed`], as a constant.
#[doc(hidden)]
#[must_use]
pub const fn zeroed<P: Parameters>() -> P {
    const { assert_weights::<P>() }
    // SAFETY: `Parameters` promises an array of scalars, of which zero bytes are the zeros.
    unsafe { core::mem::zeroed() }
}

/// Proof that a `T` consists of weights of type `S`. It exists for no other types.
#[doc(hidden)]
#[derive(Debug)]
pub struct MadeOf<T, S>(PhantomData<fn() -> (T, S)>);

impl<P: Parameters<Scalar = S>, S: Scalar> MadeOf<P, S> {
    /// The proof.
    pub const PROOF: Self = Self(PhantomData);
}

/// The number of weights, checked against the layout and the size of the type.
#[track_caller]
const fn count<P: Parameters>() -> usize {
    let length = P::LAYOUT.length();
    assert!(align_of::<P>() <= align_of::<P::Scalar>(), "weights must have the alignment of their scalar");
    assert!(
        size_of::<P>() == length * size_of::<P::Scalar>(),
        "weights must consist of exactly the arrays of their layout"
    );
    length
}

/// The name of the first array of weights that contains NaN or infinity, and the first such number in it.
#[cfg(feature = "alloc")]
pub(crate) fn first_non_finite<P: Parameters>(weights: &P) -> Option<(alloc::string::String, P::Scalar)> {
    let mut found = None;
    weights.for_each(&mut |name, _, values| {
        if let (None, Some(&value)) = (&found, values.iter().find(|value| !value.is_finite())) {
            found = Some((alloc::string::ToString::to_string(&name), value));
        }
    });
    found
}

/// Check that a type consists only of its weights, for code that relies on it without using `PARAMETERS`.
#[track_caller]
pub(crate) const fn assert_weights<P: Parameters>() {
    assert!(size_of::<P>() == P::PARAMETERS * size_of::<P::Scalar>(), "weights are numbers, and nothing else");
}

/// Numbers as weights, the reverse of [`Parameters::parameters`], if their number is right.
#[inline(always)]
pub(crate) fn from_numbers<P: Parameters>(numbers: &[P::Scalar]) -> Option<&P> {
    const { assert_weights::<P>() }
    // SAFETY: the trait promises an array of scalars, and there are as many.
    (numbers.len() == P::PARAMETERS).then(|| unsafe { &*numbers.as_ptr().cast() })
}

/// [`from_numbers`], mutable.
#[inline(always)]
pub(crate) fn from_numbers_mut<P: Parameters>(numbers: &mut [P::Scalar]) -> Option<&mut P> {
    const { assert_weights::<P>() }
    // SAFETY: as in `from_numbers`; the borrow is exclusive.
    (numbers.len() == P::PARAMETERS).then(|| unsafe { &mut *numbers.as_mut_ptr().cast() })
}

/// The numbers of weights that lie side by side, such as an optimizer's slots.
#[cfg(feature = "std")]
pub(crate) fn all_numbers<P: Parameters>(weights: &[P]) -> &[P::Scalar] {
    const { assert_weights::<P>() }
    // SAFETY: the trait promises arrays of scalars, and each has as many.
    unsafe { core::slice::from_raw_parts(weights.as_ptr().cast(), weights.len() * P::PARAMETERS) }
}

/// [`all_numbers`], mutable.
#[cfg(feature = "std")]
pub(crate) fn all_numbers_mut<P: Parameters>(weights: &mut [P]) -> &mut [P::Scalar] {
    const { assert_weights::<P>() }
    // SAFETY: as in `all_numbers`; the borrow is exclusive.
    unsafe { core::slice::from_raw_parts_mut(weights.as_mut_ptr().cast(), weights.len() * P::PARAMETERS) }
}

/// The same weights as another type that has as many of them. Another number is a compile error.
#[inline(always)]
pub(crate) fn same_weights<P: Parameters, Q: Parameters<Scalar = P::Scalar>>(weights: &P) -> &Q {
    const {
        assert!(P::PARAMETERS == Q::PARAMETERS, "weights of another number");
        Place::after(0)
    }
    .of(weights)
}

/// Where the weights `Q` of a layer lie among the weights `P` of a network.
#[doc(hidden)]
#[derive(Debug)]
pub struct Place<P, Q> {
    /// How many bytes of `P` lie before them.
    offset: usize,
    types: PhantomData<fn(P) -> Q>,
}

impl<P: Parameters, Q: Parameters<Scalar = P::Scalar>> Place<P, Q> {
    /// This many bytes into the network.
    ///
    /// # Panics
    /// Unless all of `Q` lies in `P` there: in a constant, that is a compile error.
    #[must_use]
    #[track_caller]
    pub const fn after(offset: usize) -> Self {
        assert_weights::<P>();
        assert_weights::<Q>();
        assert!(align_of::<Q>() <= align_of::<P>(), "weights of a larger alignment");
        assert!(offset.is_multiple_of(size_of::<P::Scalar>()), "weights begin inside of a number");
        assert!(
            offset <= size_of::<P>() && size_of::<Q>() <= size_of::<P>() - offset,
            "weights outside of the network's"
        );
        Self { offset, types: PhantomData }
    }

    /// The layer of a network.
    #[inline(always)]
    pub(crate) const fn of<'a>(&self, network: &'a P) -> &'a Q {
        // SAFETY: the trait promises that both are arrays of the same scalars, and `after` found `Q` inside of `P`, and aligned there.
        unsafe { &*core::ptr::from_ref(network).cast::<u8>().add(self.offset).cast() }
    }

    /// [`of`](Self::of), mutable.
    #[inline(always)]
    pub(crate) const fn of_mut<'a>(&self, network: &'a mut P) -> &'a mut Q {
        // SAFETY: as in `of`; the borrow is exclusive.
        unsafe { &mut *core::ptr::from_mut(network).cast::<u8>().add(self.offset).cast() }
    }
}

/// The role of a range of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Weights that are multiplied with inputs and summed, or looked up: matrices, filters, tables.
    Weight,
    /// One number per channel: biases, the scales and shifts of normalization layers, slopes. Weight decay and
    /// penalties can exclude them. In a custom layer, all one-dimensional arrays have this role.
    Vector,
    /// Running statistics, which are not trained, such as those of batch normalization.
    RunningStatistics,
}

/// A visitor of ranges of weights with their [`Role`]: any closure with these two arguments.
///
/// It is a type parameter instead of a `dyn`, so that visits compile to nothing but the work on the ranges.
pub trait Roles: FnMut(Role, Range<usize>) {}

impl<F: FnMut(Role, Range<usize>)> Roles for F {}

/// Roles of an array that is [`Role::Weight`], followed by one that is [`Role::Vector`], such as a bias.
#[inline]
pub(crate) fn weight_and_vector<W: Parameters, B: Parameters>(start: usize, visitor: &mut impl Roles) {
    let end = start + W::PARAMETERS;
    visitor(Role::Weight, start..end);
    visitor(Role::Vector, end..end + B::PARAMETERS);
}

/// Visit the trained ranges by role, or if roles make no difference, all of them as [`Role::Weight`], as few and as
/// long as possible.
#[inline]
pub(crate) fn visit_trained<P: Parameters>(by_role: bool, visitor: &mut impl Roles) {
    if by_role {
        visit_roles::<P>(&mut |role, range| {
            if role != Role::RunningStatistics && !range.is_empty() {
                visitor(role, range);
            }
        });
    } else {
        P::trained(&mut |range| visitor(Role::Weight, range));
    }
}

/// The weights up to which a step is so short that visits of their ranges would take a part of it.
const FEW: usize = 1024;

/// Visit all ranges. The layers of a network of some size are visited by one function for all visitors: for each, they would take long
/// to compile.
#[inline(always)]
fn visit_roles<P: Parameters>(visitor: &mut impl Roles) {
    if const { cfg!(feature = "std") && P::PARAMETERS > FEW } {
        roles_for::<P>(visitor);
    } else {
        P::roles(0, visitor);
    }
}

/// [`Parameters::roles`], for any visitor.
#[inline(never)]
fn roles_for<P: Parameters>(mut visitor: &mut dyn FnMut(Role, Range<usize>)) {
    P::roles(0, &mut visitor);
}

/// Visit a range unless it is empty.
#[inline]
fn visit_some(range: Range<usize>, visitor: &mut impl FnMut(Range<usize>)) {
    if !range.is_empty() {
        visitor(range);
    }
}

macro_rules! scalar_parameters {
    ($($number:ty),*) => {$(
        // SAFETY: a number is equivalent to an array of one number.
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

// SAFETY: the type is empty.
unsafe impl<S: Scalar> Parameters for PhantomData<S> {
    type Scalar = S;

    const LAYOUT: Layout = Layout::NOTHING;
}
