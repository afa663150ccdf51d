//! Normalizations, as exporters take them apart: `(x − mean(x)) / √(mean((x − mean(x))²) + ε)`.
//!
//! Means, deviations and variances are followed as such, until they are a normalization, or are needed as values.

use super::lowering::{Computed, Known, Lowered, Lowering};
use crate::graph::{Operator, ValueId};
use crate::tensor::Tensor;
use crate::tensor::indices::inverse;

/// A part of a normalization of a value over some of its axes.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) of: Computed,
    /// The axes of a sample, in ascending order.
    pub(super) axes: Vec<usize>,
    /// Whether the mean was subtracted before.
    centered: bool,
    pub(super) step: Step,
    /// The index of the node that computes it.
    node: usize,
}

/// Which part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Mean,
    /// `x − mean(x)`
    Centered,
    /// The square, before its mean.
    Square,
    MeanSquare,
    /// `mean + ε`
    Stabilized(f64),
    /// `√(mean + ε)`
    Root(f64),
    /// `1 / √(mean + ε)`
    InverseRoot(f64),
}

impl Moment {
    /// The mean of a value along axes that are kept as sizes of 1.
    pub(super) fn mean(of: &Computed, axes: Vec<usize>, node: usize) -> Self {
        Self { of: of.clone(), axes, centered: false, step: Step::Mean, node }
    }

    /// The square of a value, of which no mean was subtracted.
    pub(super) fn square(of: &Computed, node: usize) -> Self {
        Self { of: of.clone(), axes: Vec::new(), centered: false, step: Step::Square, node }
    }

    /// The next step.
    pub(super) fn then(&self, step: Step) -> Self {
        Self { step, ..self.clone() }
    }

    /// The mean of this, along axes that are kept as sizes of 1.
    pub(super) fn averaged(&self, axes: &[usize]) -> Option<Self> {
        let fits = self.step == Step::Square && (!self.centered || self.axes == axes);
        fits.then(|| Self { axes: axes.to_vec(), ..self.then(Step::MeanSquare) })
    }

    /// `value − self`
    pub(super) fn subtracted_from(&self, value: &Computed) -> Option<Self> {
        let fits = self.step == Step::Mean && same(&self.of, value);
        fits.then(|| Self { centered: true, ..self.then(Step::Centered) })
    }

    /// Whether this divided by `by`, or with `inverse` multiplied by it, is a normalization; its epsilon.
    pub(super) fn normalized_by(&self, by: &Self, inverse: bool) -> Option<f64> {
        let epsilon = match by.step {
            Step::Root(epsilon) if !inverse => epsilon,
            Step::InverseRoot(epsilon) if inverse => epsilon,
            _ => return None,
        };
        let fits = self.step == Step::Centered && by.centered && same(&self.of, &by.of) && self.axes == by.axes;
        fits.then_some(epsilon)
    }

    /// Whether `value` divided by this is divided by the root of its mean square; the epsilon.
    pub(super) fn normalizes(&self, value: &Computed, inverse: bool) -> Option<f64> {
        let epsilon = match self.step {
            Step::Root(epsilon) if !inverse => epsilon,
            Step::InverseRoot(epsilon) if inverse => epsilon,
            _ => return None,
        };
        (!self.centered && same(&self.of, value)).then_some(epsilon)
    }
}

/// Whether two values are the same.
fn same(left: &Computed, right: &Computed) -> bool {
    std::rc::Rc::ptr_eq(&left.expression, &right.expression)
        || (left.expression.made.get().is_some() && left.expression.made.get() == right.expression.made.get())
}

impl Lowering<'_> {
    /// The layer norm of a value over axes, or its RMS norm, without weights.
    pub(super) fn normalize(&mut self, of: &Computed, axes: &[usize], epsilon: f64, centered: bool) -> Lowered<Known> {
        let value = self.value(of)?;
        let rank = of.shape.len();
        let order: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).chain(axes.iter().copied()).collect();
        let value = self.transpose(value, &order)?;
        let shape: Vec<usize> = axes.iter().map(|&axis| of.shape[axis]).collect();
        let length = shape.iter().product();
        let weight = Tensor::reals(&shape, vec![1.0; length]);
        let norm = if centered {
            Operator::LayerNorm { weight, bias: Tensor::reals(&shape, vec![0.0; length]), epsilon }
        } else {
            Operator::RmsNorm { weight, epsilon }
        };
        let value = self.push(norm, &[value])?;
        let value = self.transpose(value, &inverse(&order))?;
        Ok(self.computed(value, &of.shape).into())
    }

    /// A part of a normalization as a value. Only means and what is centered can be computed.
    pub(super) fn moment_value(&mut self, moment: &Moment) -> Lowered<Computed> {
        if moment.step != Step::Mean {
            return Err("it takes a part of a normalization, which isn't a whole one".into());
        }
        let current = std::mem::replace(&mut self.current, moment.node);
        let pooled = self.pool(&moment.of, &moment.axes, Operator::GlobalAveragePool)?;
        let mut shape = moment.of.shape.clone();
        moment.axes.iter().for_each(|&axis| shape[axis] = 1);
        let value = self.reshape(pooled, &shape)?;
        self.current = current;
        Ok(self.computed(value, &shape))
    }

    /// A global pool over any axes of a value. Returns the numbers that remain, as a vector.
    pub(super) fn pool(&mut self, of: &Computed, axes: &[usize], pool: Operator) -> Lowered<ValueId> {
        let value = self.value(of)?;
        let rank = of.shape.len();
        let rest: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
        let order: Vec<usize> = rest.iter().chain(axes).copied().collect();
        let value = self.transpose(value, &order)?;
        // The axes of the remaining numbers are joined, unless there is one already.
        let joined = match rest[..] {
            [_] => value,
            _ => {
                let of_rest: usize = rest.iter().map(|&axis| of.shape[axis]).product();
                let pooled: usize = axes.iter().map(|&axis| of.shape[axis]).product();
                self.reshape(value, &[of_rest, pooled])?
            }
        };
        self.push(pool, &[joined])
    }
}
