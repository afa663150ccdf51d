//! Losses that are means over the elements of a sample.

use super::Term;
use crate::chunks::Chunks;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The mean of `loss` over pairs of output and target.
#[inline(always)]
pub(super) fn mean<S: Scalar, A: Sample<Element = S>>(output: &A, target: &A, loss: impl Fn(S, S) -> S) -> Term<S> {
    let sum: S = output.elements().iter().zip(target.elements()).map(|(&x, &t)| loss(x, t)).sum();
    Term::of(sum / S::from_f64(A::LENGTH as f64))
}

/// [`mean`], and its gradient: `loss` returns the loss of a pair and its derivative with respect to the output.
#[inline(always)]
pub(super) fn mean_gradient<S: Scalar, A: Sample<Element = S>>(
    output: &A,
    target: &A,
    gradient: &mut A,
    loss: impl Fn(S, S) -> (S, S),
) -> Term<S> {
    let share = S::from_f64(1.0 / A::LENGTH as f64);
    // Long sums use several partial sums, which fit a vector register; a single sum would stall on the latency of each
    // addition.
    let mut sums = [S::ZERO; PARTS];
    let parts = if A::LENGTH < MANY { 1 } else { PARTS };
    let pairs = output.elements().parts(parts).zip(target.elements().parts(parts));
    for (gradients, (outputs, targets)) in gradient.elements_mut().parts_mut(parts).zip(pairs) {
        for (((sum, gradient), &x), &t) in sums.iter_mut().zip(gradients).zip(outputs).zip(targets) {
            let (value, derivative) = loss(x, t);
            *sum += value;
            *gradient = derivative * share;
        }
    }
    let sum: S = if parts == 1 { sums[0] } else { sums.into_iter().sum() };
    Term::of(sum / S::from_f64(A::LENGTH as f64))
}

/// The number of elements from which partial sums are used, and the number of partial sums.
const MANY: usize = 64;
const PARTS: usize = 8;

/// Whether all elements are valid.
pub(super) fn all<A: Sample>(sample: &A, holds: impl Fn(A::Element) -> bool) -> bool {
    sample.elements().iter().all(|&element| holds(element))
}

/// [`Loss::check`](super::Loss::check) for targets that may be any finite number.
pub(super) fn check_finite<S: Scalar, A: Sample<Element = S>>(target: &A) -> Result<(), &'static str> {
    if all(target, S::is_finite) { Ok(()) } else { Err("finite numbers") }
}
