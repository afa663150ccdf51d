//! What follows a batch norm, in the same pass over memory.

use crate::real::Real;

/// An activation whose derivative follows from its value.
pub trait Activate: Copy {
    /// What it is the larger of, beside its argument: 0 for `Relu`, −∞ for the identity.
    const FLOOR: Option<f64> = None;

    /// Whether its gradient asks of y only whether it is positive, as its argument is then.
    const ASKS_FOR_SIGN: bool = Self::FLOOR.is_some();

    /// Whether it changes nothing.
    #[inline(always)]
    fn is_identity(self) -> bool {
        false
    }

    /// y = f(x).
    fn value<R: Real>(self, x: R) -> R;

    /// f′(x)·g, given y = f(x).
    fn gradient<R: Real>(self, y: R, g: R) -> R;
}

/// No activation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity;

impl Activate for Identity {
    const FLOOR: Option<f64> = Some(f64::NEG_INFINITY);

    #[inline(always)]
    fn is_identity(self) -> bool {
        true
    }

    #[inline(always)]
    fn value<R: Real>(self, x: R) -> R {
        x
    }

    #[inline(always)]
    fn gradient<R: Real>(self, _: R, g: R) -> R {
        g
    }
}

/// The larger of a number and [a floor](Activate::FLOOR), known at run time: `Relu` and no activation share functions.
#[derive(Clone, Copy, Debug)]
pub struct Floor(pub(super) f64);

impl Activate for Floor {
    const ASKS_FOR_SIGN: bool = true;

    #[inline(always)]
    fn is_identity(self) -> bool {
        self.0 < 0.0
    }

    #[inline(always)]
    fn value<R: Real>(self, x: R) -> R {
        x.max(x.constant(self.0))
    }

    /// That of `Relu`.
    #[inline(always)]
    fn gradient<R: Real>(self, y: R, g: R) -> R {
        y.if_positive(y.constant(1.0), y.constant(0.0)) * g
    }
}
