//! Normalizations, as exporters take them apart: `(x − mean(x)) / √(mean((x − mean(x))²) + ε)`, or `eˣ / Σ eˣ`.
//!
//! Means, deviations, variances and sums are followed as such, until they are a normalization, or are needed as values.

use super::expression::{Binary, Form, Unary};
use super::lowering::{Computed, Known, Lowered, Lowering};
use crate::graph::{Operator, ValueId};
use crate::tensor::Tensor;
use crate::tensor::indices::to_back;

/// A part of a normalization of a value over some of its axes.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) of: Computed,
    /// The axes of a sample, in ascending order.
    pub(super) axes: Vec<usize>,
    /// Whether the mean, or the largest number, was subtracted before.
    shifted: bool,
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
    /// `mean(x)²`
    SquareOfMean,
    /// `mean + ε`
    Stabilized(f64),
    /// `√(mean + ε)`
    Root(f64),
    /// `1 / √(mean + ε)`
    InverseRoot(f64),
    /// `√(sum of squares + ε)`
    Norm(f64),
    Largest,
    /// `x − max(x)`
    Shifted,
    /// `e^(x − max(x))`
    Exponential,
    /// The sum of exponentials.
    Sum,
    /// Its logarithm.
    LogSum,
}

impl Moment {
    /// The first step of a normalization of a value along axes that are kept as sizes of 1.
    pub(super) fn new(of: &Computed, axes: Vec<usize>, step: Step, node: usize) -> Self {
        Self { of: of.clone(), axes, shifted: false, step, node }
    }

    /// The next step.
    fn then(&self, step: Step) -> Self {
        Self { step, ..self.clone() }
    }

    /// The mean of this, along axes that are kept as sizes of 1.
    pub(super) fn averaged(&self, axes: &[usize]) -> Option<Self> {
        let fits = self.step == Step::Square && (!self.shifted || self.axes == axes);
        fits.then(|| Self { axes: axes.to_vec(), ..self.then(Step::MeanSquare) })
    }

    /// The sum of this, along axes that are kept as sizes of 1.
    pub(super) fn summed(&self, axes: &[usize]) -> Option<Self> {
        (self.step == Step::Exponential && self.axes == axes).then(|| self.then(Step::Sum))
    }

    /// `value − self`
    fn subtracted_from(&self, value: &Computed) -> Option<Self> {
        let step = match self.step {
            Step::Mean => Step::Centered,
            Step::Largest => Step::Shifted,
            _ => return None,
        };
        same(&self.of, value).then(|| Self { shifted: true, ..self.then(step) })
    }

    /// Whether both are parts of normalizations of the same value along the same axes.
    fn is_beside(&self, other: &Self) -> bool {
        same(&self.of, &other.of) && self.axes == other.axes
    }

    /// The square.
    fn squared(&self) -> Option<Self> {
        match self.step {
            Step::Centered => Some(self.then(Step::Square)),
            Step::Mean => Some(self.then(Step::SquareOfMean)),
            _ => None,
        }
    }

    /// The sum with a number: something small, so that the result isn't 0.
    fn plus(&self, number: f64) -> Option<Self> {
        match self.step {
            Step::MeanSquare => Some(self.then(Step::Stabilized(number))),
            Step::Root(0.0) => Some(self.then(Step::Root(number * number))),
            _ => self.at_least(number),
        }
    }

    /// The larger one of a norm and a number.
    pub(super) fn at_least(&self, number: f64) -> Option<Self> {
        (self.step == Step::Norm(0.0) && number >= 0.0).then(|| self.then(Step::Norm(number * number)))
    }

    /// The result of an operator on this alone.
    pub(super) fn function(&self, operator: &str) -> Option<Self> {
        Some(self.then(match (operator, self.step) {
            ("Sqrt", Step::Stabilized(epsilon)) => Step::Root(epsilon),
            ("Sqrt", Step::MeanSquare) => Step::Root(0.0),
            ("Reciprocal", Step::Root(epsilon)) => Step::InverseRoot(epsilon),
            ("Exp", Step::Shifted) => Step::Exponential,
            ("Log", Step::Sum) => Step::LogSum,
            _ => return None,
        }))
    }

    /// Whether this divided by `by`, or with `inverse` multiplied by it, is a normalization; its epsilon.
    fn normalized_by(&self, by: &Self, inverse: bool) -> Option<f64> {
        let epsilon = by.epsilon(inverse)?;
        (self.step == Step::Centered && by.shifted && self.is_beside(by)).then_some(epsilon)
    }

    /// Whether `value` divided by this is divided by the root of its mean square; the epsilon.
    fn normalizes(&self, value: &Computed, inverse: bool) -> Option<f64> {
        let epsilon = self.epsilon(inverse)?;
        (!self.shifted && same(&self.of, value)).then_some(epsilon)
    }

    /// The epsilon of a root, or of the inverse of one.
    fn epsilon(&self, inverse: bool) -> Option<f64> {
        match self.step {
            Step::Root(epsilon) if !inverse => Some(epsilon),
            Step::InverseRoot(epsilon) if inverse => Some(epsilon),
            _ => None,
        }
    }
}

/// Whether two values are the same.
fn same(left: &Computed, right: &Computed) -> bool {
    std::rc::Rc::ptr_eq(&left.expression, &right.expression)
        || (left.expression.made.get().is_some() && left.expression.made.get() == right.expression.made.get())
}

/// What a value is the square of.
pub(super) fn square_of(value: &Computed) -> Option<Computed> {
    let root = match &value.expression.form {
        Form::Binary(Binary::Multiply, left, right) if std::rc::Rc::ptr_eq(left, right) => left,
        Form::Binary(Binary::Power, root, exponent) if matches!(exponent.form, Form::Number(2.0)) => root,
        _ => return None,
    };
    Some(Computed { expression: root.clone(), ..value.clone() })
}

/// What a value is `e` to the power of.
pub(super) fn exponent_of(value: &Computed) -> Option<Computed> {
    match &value.expression.form {
        Form::Unary(Unary::Exp, exponent) => Some(Computed { expression: exponent.clone(), ..value.clone() }),
        _ => None,
    }
}

impl Lowering<'_> {
    /// Two steps of a normalization, or a step and a value or a number; `None` if this is none.
    pub(super) fn pair_of_moments(&mut self, function: Binary, left: &Known, right: &Known) -> Lowered<Option<Known>> {
        use Binary as B;
        let number = |known: &Known| match known {
            Known::Constant(tensor) => tensor.as_real().map(super::attributes::shortest),
            _ => None,
        };
        let next = match (function, left, right) {
            (B::Multiply, Known::Moment(one), Known::Moment(other)) => {
                if let Some(epsilon) = one.normalized_by(other, true).or_else(|| other.normalized_by(one, true)) {
                    return self.normalize(&one.of, &one.axes, epsilon, true).map(Known::from).map(Some);
                }
                if one.step == other.step && one.is_beside(other) { one.squared() } else { None }
            }
            (B::Divide, Known::Moment(one), Known::Moment(other)) => {
                if let Some(epsilon) = one.normalized_by(other, false) {
                    return self.normalize(&one.of, &one.axes, epsilon, true).map(Known::from).map(Some);
                }
                if one.step == Step::Exponential && other.step == Step::Sum && other.shifted && one.is_beside(other) {
                    return self.softmax_over(&one.of, &one.axes, false).map(Some);
                }
                None
            }
            (B::Subtract, Known::Moment(one), Known::Moment(other)) if one.is_beside(other) => {
                match (one.step, other.step) {
                    (Step::Shifted, Step::LogSum) if other.shifted => {
                        return self.softmax_over(&one.of, &one.axes, true).map(Some);
                    }
                    // mean(x²) − mean(x)²
                    (Step::MeanSquare, Step::SquareOfMean) if !one.shifted => {
                        Some(Moment { shifted: true, ..one.clone() })
                    }
                    _ => None,
                }
            }
            (B::Subtract, Known::Computed(value), Known::Moment(part)) => {
                if part.step == Step::LogSum && !part.shifted && same(&part.of, value) {
                    return self.softmax_over(value, &part.axes, true).map(Some);
                }
                part.subtracted_from(value)
            }
            (B::Divide, Known::Computed(value), Known::Moment(part)) => match part.step {
                Step::Sum if !part.shifted && exponent_of(value).is_some_and(|exponent| same(&part.of, &exponent)) => {
                    return self.softmax_over(&part.of, &part.axes, false).map(Some);
                }
                Step::Norm(epsilon) if same(&part.of, value) => {
                    return self.divided_by_norm(value, &part.axes, epsilon).map(Some);
                }
                _ => match part.normalizes(value, false) {
                    Some(epsilon) => {
                        return self.normalize(value, &part.axes, epsilon, false).map(Known::from).map(Some);
                    }
                    None => None,
                },
            },
            (B::Multiply, Known::Computed(value), Known::Moment(root))
            | (B::Multiply, Known::Moment(root), Known::Computed(value)) => match root.normalizes(value, true) {
                Some(epsilon) => return self.normalize(value, &root.axes, epsilon, false).map(Known::from).map(Some),
                None => None,
            },
            (B::Power, Known::Moment(one), exponent) => match (one.step, number(exponent)) {
                (_, Some(2.0)) => one.squared(),
                (Step::Stabilized(epsilon), Some(0.5)) => Some(one.then(Step::Root(epsilon))),
                (Step::Stabilized(epsilon), Some(-0.5)) => Some(one.then(Step::InverseRoot(epsilon))),
                _ => None,
            },
            (B::Add, Known::Moment(one), other) | (B::Add, other, Known::Moment(one)) => {
                number(other).and_then(|number| one.plus(number))
            }
            (B::Max, Known::Moment(one), other) | (B::Max, other, Known::Moment(one)) => {
                number(other).and_then(|number| one.at_least(number))
            }
            (B::Divide, one, Known::Moment(root)) => match (number(one), root.step) {
                (Some(1.0), Step::Root(epsilon)) => Some(root.then(Step::InverseRoot(epsilon))),
                _ => None,
            },
            _ => None,
        };
        Ok(next.map(Known::Moment))
    }

    /// The softmax of a value over axes, or its logarithms.
    pub(super) fn softmax_over(&mut self, of: &Computed, axes: &[usize], logarithms: bool) -> Lowered<Known> {
        let value = self.value(of)?;
        let order = to_back(axes, of.shape.len());
        let axes = axes.len();
        let softmax = if logarithms { Operator::LogSoftmax { axes } } else { Operator::Softmax { axes } };
        let value = self.push_ordered(softmax, value, &order)?;
        Ok(self.computed(value, &of.shape).into())
    }

    /// A value divided by its Euclidean norm over axes.
    pub(super) fn divided_by_norm(&mut self, of: &Computed, axes: &[usize], epsilon: f64) -> Lowered<Known> {
        let count = axes.iter().map(|&axis| of.shape[axis]).product::<usize>() as f64;
        // Zeros stay zeros.
        let normalized = self.normalize(of, axes, (epsilon / count).max(1e-30), false)?;
        self.times(&normalized, (1.0 / count.sqrt()) as f32).map(Known::from)
    }

    /// The layer norm of a value over axes, or its RMS norm, without weights.
    pub(super) fn normalize(
        &mut self,
        of: &Computed,
        axes: &[usize],
        epsilon: f64,
        centered: bool,
    ) -> Lowered<Computed> {
        let value = self.value(of)?;
        let shape: Vec<usize> = axes.iter().map(|&axis| of.shape[axis]).collect();
        let length = shape.iter().product();
        let weight = Tensor::reals(&shape, vec![1.0; length]);
        let norm = if centered {
            Operator::LayerNorm { weight, bias: Tensor::reals(&shape, vec![0.0; length]), epsilon }
        } else {
            Operator::RmsNorm { weight, epsilon }
        };
        let value = self.push_ordered(norm, value, &to_back(axes, of.shape.len()))?;
        Ok(self.computed(value, &of.shape))
    }

    /// A part of a normalization as a value. Only means and largest numbers can be computed.
    pub(super) fn moment_value(&mut self, moment: &Moment) -> Lowered<Computed> {
        let pool = match moment.step {
            Step::Mean => Operator::GlobalAveragePool,
            Step::Largest => Operator::GlobalMaxPool,
            _ => return Err("it uses an intermediate value of a normalization, for which there is no layer".into()),
        };
        let current = std::mem::replace(&mut self.current, moment.node);
        let computed = self.reduced(&moment.of, &moment.axes, pool, true)?;
        self.current = current;
        Ok(computed)
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
