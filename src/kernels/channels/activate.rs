//! What follows a batch norm, in the same pass over memory.

use crate::real::Real;

/// An activation whose derivative follows from its value.
pub(crate) trait Activate: Copy {
    /// Whether it changes nothing.
    const IS_IDENTITY: bool = false;

    /// y = f(x).
    fn value<R: Real>(self, x: R) -> R;

    /// f′(x)·g, given y = f(x).
    fn gradient<R: Real>(self, y: R, g: R) -> R;
}

/// No activation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity;

impl Activate for Identity {
    const IS_IDENTITY: bool = true;

    #[inline(always)]
    fn value<R: Real>(self, x: R) -> R {
        x
    }

    #[inline(always)]
    fn gradient<R: Real>(self, _: R, g: R) -> R {
        g
    }
}
