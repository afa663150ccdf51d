//! Functions of one number, as exporters take them apart: `x · (1 + erf(x / √2)) / 2` is a GELU.
//!
//! Operators on single numbers are collected as an expression of the value that they start from, and recognized when
//! its result is needed: an expression is an activation if both give the same numbers everywhere. So any way to take
//! an activation apart is understood.

use std::cell::Cell;
use std::rc::Rc;

use crate::graph::{Activation, ValueId};

/// A function of a number `x`, shared by all expressions that it is part of.
pub(super) type Expression = Rc<Term>;

/// A part of an expression.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) form: Form,
    /// How many terms it consists of.
    size: usize,
    /// The index of the node that it comes from.
    pub(super) node: usize,
    /// Its value in the graph, once it has been needed.
    pub(super) made: Cell<Option<ValueId>>,
}

/// How a term is computed.
#[derive(Debug)]
pub(super) enum Form {
    Variable,
    Number(f64),
    Unary(Unary, Expression),
    Binary(Binary, Expression, Expression),
    /// The second where the first is true, the third where it isn't.
    Choice(Expression, Expression, Expression),
}

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unary {
    /// One that can be declared.
    Declared(Activation),
    /// `clip(alpha · x + beta, 0, 1)`
    HardSigmoid(f64, f64),
    /// `max(x, 0) + min(alpha · (e^(x / alpha) − 1), 0)`
    Celu(f64),
    Abs,
    Erf,
    Exp,
    Log,
    Negative,
    Not,
    Reciprocal,
    Sqrt,
}

/// A function of two numbers. A truth value is 1 or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Max,
    Min,
    Less,
    LessOrEqual,
    Equal,
    And,
    Or,
}

/// Larger expressions are no activations.
pub(super) const MAX_TERMS: usize = 24;

impl Term {
    fn new(form: Form, size: usize, node: usize) -> Expression {
        Rc::new(Self { form, size, node, made: Cell::new(None) })
    }

    /// The value itself.
    pub(super) fn variable(value: ValueId) -> Expression {
        let variable = Self::new(Form::Variable, 1, 0);
        variable.made.set(Some(value));
        variable
    }

    pub(super) fn number(number: f64) -> Expression {
        Self::new(Form::Number(number), 1, 0)
    }

    pub(super) fn unary(function: Unary, argument: &Expression, node: usize) -> Expression {
        Self::new(Form::Unary(function, argument.clone()), argument.size + 1, node)
    }

    pub(super) fn binary(function: Binary, left: &Expression, right: &Expression, node: usize) -> Expression {
        Self::new(Form::Binary(function, left.clone(), right.clone()), left.size + right.size + 1, node)
    }

    pub(super) fn choice(condition: &Expression, yes: &Expression, no: &Expression, node: usize) -> Expression {
        let size = condition.size + yes.size + no.size + 1;
        Self::new(Form::Choice(condition.clone(), yes.clone(), no.clone()), size, node)
    }

    pub(super) fn is_large(&self) -> bool {
        self.size > MAX_TERMS
    }

    /// The function at `x`; `hole`, if given, is the term that `x` stands for.
    fn at(&self, x: f64, hole: Option<&Term>) -> f64 {
        if hole.is_some_and(|hole| std::ptr::eq(hole, self)) {
            return x;
        }
        match &self.form {
            // If something else is the variable, the value that the expression starts from is unknown.
            Form::Variable => {
                if hole.is_none() {
                    x
                } else {
                    f64::NAN
                }
            }
            Form::Number(number) => *number,
            Form::Unary(function, argument) => function.at(argument.at(x, hole)),
            Form::Binary(function, left, right) => function.at(left.at(x, hole), right.at(x, hole)),
            Form::Choice(condition, yes, no) => match condition.at(x, hole) {
                truth if truth.is_nan() => truth,
                0.0 => no.at(x, hole),
                _ => yes.at(x, hole),
            },
        }
    }

    /// The terms that it is computed from.
    fn arguments(&self) -> impl Iterator<Item = &Expression> {
        let arguments = match &self.form {
            Form::Variable | Form::Number(_) => [None; 3],
            Form::Unary(_, argument) => [Some(argument), None, None],
            Form::Binary(_, left, right) => [Some(left), Some(right), None],
            Form::Choice(condition, yes, no) => [Some(condition), Some(yes), Some(no)],
        };
        arguments.into_iter().flatten()
    }

    /// The constants in it.
    fn numbers(&self, numbers: &mut Vec<f64>) {
        if let Form::Number(number) = self.form
            && !numbers.contains(&number)
        {
            numbers.push(number);
        }
        self.arguments().for_each(|argument| argument.numbers(numbers));
    }

    /// Its parts, itself excluded, those that it starts from first.
    fn parts<'a>(&'a self, parts: &mut Vec<&'a Expression>) {
        for part in self.arguments() {
            part.parts(parts);
            if !matches!(part.form, Form::Number(_)) && !parts.iter().any(|known| Rc::ptr_eq(known, part)) {
                parts.push(part);
            }
        }
    }

    /// The activation that it is, and of which of its parts.
    pub(super) fn recognize(&self) -> Option<(Activation, &Expression)> {
        let (parts, numbers) = self.parts_and_numbers();
        parts.into_iter().find_map(|part| Some((self.recognize_of(part, 1.0, &numbers)?, part)))
    }

    /// The activation that it is times a factor, and of which of its parts.
    pub(super) fn recognize_scaled(&self) -> Option<(Activation, f64, &Expression)> {
        let (parts, numbers) = self.parts_and_numbers();
        parts.into_iter().find_map(|part| {
            let factor = self.at(FAR, Some(part)) / FAR;
            let possible = factor.is_finite() && factor > 0.0;
            Some((self.recognize_of(part, factor, &numbers).filter(|_| possible)?, factor, part))
        })
    }

    /// Its parts, as [`parts`](Self::parts) has them, and the constants in it.
    fn parts_and_numbers(&self) -> (Vec<&Expression>, Vec<f64>) {
        let (mut parts, mut numbers) = (Vec::new(), Vec::new());
        self.parts(&mut parts);
        self.numbers(&mut numbers);
        (parts, numbers)
    }

    /// The activation that it is as a function of `part`, times a factor. Its parameter, if it has one, is one of `numbers`,
    /// the constants of the expression, or follows from its value somewhere.
    fn recognize_of(&self, part: &Term, factor: f64, numbers: &[f64]) -> Option<Activation> {
        let at = |x| self.at(x, Some(part)) / factor;
        let is = |activation: &Activation| {
            points(numbers).all(|x| {
                let y = at(x);
                // From infinity, everything is nearer than a share of it.
                y.is_finite() && (y - activation.at(x)).abs() <= 2e-6 * (1.0 + y.abs())
            })
        };
        let lowest = at(-FAR);
        let known = [
            Activation::Relu,
            Activation::Relu6,
            Activation::Sigmoid,
            Activation::Tanh,
            Activation::Silu,
            Activation::HardSigmoid,
            Activation::HardSwish,
            Activation::Mish,
            Activation::Selu,
            Activation::Softsign,
            Activation::Gelu,
            Activation::GeluTanh,
            Activation::Softplus(1.0),
            Activation::LeakyRelu(-at(-1.0)),
            Activation::Elu(-lowest),
            Activation::Clip(bound(lowest), bound(at(FAR))),
        ];
        let parametric = numbers.iter().flat_map(|&number| {
            [
                Activation::Softplus(number),
                Activation::Threshold(number, lowest),
                Activation::HardShrink(number),
                Activation::SoftShrink(number),
            ]
        });
        known.into_iter().chain(parametric).find(|candidate| {
            let possible = match *candidate {
                // A slope of 1 is the identity, and a negative one can't be declared.
                Activation::LeakyRelu(slope) => (0.0..1.0).contains(&slope),
                Activation::Elu(alpha) => alpha > 0.0 && alpha.is_finite(),
                Activation::Softplus(number) | Activation::HardShrink(number) | Activation::SoftShrink(number) => {
                    number > 0.0
                }
                Activation::Threshold(_, value) => value.abs() < FAR,
                Activation::Clip(low, high) => low < high && (low, high) != (f64::NEG_INFINITY, f64::INFINITY),
                _ => true,
            };
            possible && is(candidate)
        })
    }
}

/// A number beyond all bounds of activations.
const FAR: f64 = 1e30;

/// A bound that is there, or none.
fn bound(value: f64) -> f64 {
    if value.abs() >= FAR { value * f64::INFINITY } else { value }
}

/// Where functions are compared: more densely around 0, at no zero of a derivative, and beside the constants, where they may
/// have a corner or a step.
fn points(numbers: &[f64]) -> impl Iterator<Item = f64> {
    let beside = |&number: &f64| {
        let distance = 1e-3 * (1.0 + number.abs());
        [number - distance, number + distance, -number - distance, -number + distance]
    };
    let even = (-60..=60).map(|index| f64::from(index) * 0.1037 + 0.0113).flat_map(|x| [x, 3.1 * x]);
    even.chain(numbers.iter().flat_map(beside))
}

impl Unary {
    fn at(self, x: f64) -> f64 {
        match self {
            Self::Declared(activation) => activation.at(x),
            Self::HardSigmoid(alpha, beta) => (alpha * x + beta).clamp(0.0, 1.0),
            Self::Celu(alpha) => x.max(0.0) + (alpha * (x / alpha).exp_m1()).min(0.0),
            Self::Abs => x.abs(),
            Self::Erf => libm::erf(x),
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::Negative => -x,
            Self::Not => f64::from(x == 0.0),
            Self::Reciprocal => 1.0 / x,
            Self::Sqrt => x.sqrt(),
        }
    }
}

impl Binary {
    pub(super) fn at(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Power => left.powf(right),
            Self::Max => left.max(right),
            Self::Min => left.min(right),
            // What is compared with an unknown value is unknown.
            _ if left.is_nan() || right.is_nan() => f64::NAN,
            Self::Less => f64::from(left < right),
            Self::LessOrEqual => f64::from(left <= right),
            Self::Equal => f64::from(left == right),
            Self::And => f64::from(left != 0.0 && right != 0.0),
            Self::Or => f64::from(left != 0.0 || right != 0.0),
        }
    }

    /// Whether the result is a truth value.
    pub(super) fn is_truth(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual | Self::Equal | Self::And | Self::Or)
    }
}

impl Activation {
    /// The function at `x`.
    fn at(self, x: f64) -> f64 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        match self {
            Self::Relu => x.max(0.0),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Silu => x * sigmoid(x),
            Self::HardSigmoid => (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Mish => x * softplus(x).tanh(),
            Self::Selu => SELU.1 * (x.max(0.0) + (SELU.0 * x.exp_m1()).min(0.0)),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::LeakyRelu(slope) => x.max(0.0) + slope * x.min(0.0),
            Self::Elu(alpha) => x.max(0.0) + alpha * x.min(0.0).exp_m1(),
            Self::Softplus(beta) => softplus(beta * x) / beta,
            Self::Gelu => 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)),
            Self::GeluTanh => {
                0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
            }
            Self::Clip(low, high) => x.max(low).min(high),
            Self::Threshold(threshold, value) => {
                if x > threshold {
                    x
                } else {
                    value
                }
            }
            Self::HardShrink(lambda) => {
                if x.abs() > lambda {
                    x
                } else {
                    0.0
                }
            }
            Self::SoftShrink(lambda) => x - x.clamp(-lambda, lambda),
        }
    }
}

/// Selu's `alpha` and `gamma`.
pub(super) const SELU: (f64, f64) = (1.673_263_242_354_377_2, 1.050_700_987_355_480_5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_infinite_is_no_activation() {
        let x = Term::new(Form::Variable, 1, 0);
        for (function, number) in
            [(Binary::Divide, 0.0), (Binary::Multiply, f64::INFINITY), (Binary::Add, f64::INFINITY)]
        {
            let term = Term::binary(function, &x, &Term::number(number), 0);
            assert!(term.recognize().is_none() && term.recognize_scaled().is_none(), "{function:?}");
        }
        let rectifier = Term::binary(Binary::Max, &x, &Term::number(0.0), 0);
        assert!(matches!(rectifier.recognize(), Some((Activation::Relu, _))));
    }
}
