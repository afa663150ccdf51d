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
    Reciprocal,
    Sqrt,
}

/// A function of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Max,
    Min,
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
        }
    }

    /// Its parts, itself excluded, those that it starts from first.
    fn parts<'a>(&'a self, parts: &mut Vec<&'a Expression>) {
        let mut visit = |part: &'a Expression| {
            part.parts(parts);
            if !matches!(part.form, Form::Number(_)) && !parts.iter().any(|known| Rc::ptr_eq(known, part)) {
                parts.push(part);
            }
        };
        match &self.form {
            Form::Variable | Form::Number(_) => {}
            Form::Unary(_, argument) => visit(argument),
            Form::Binary(_, left, right) => {
                visit(left);
                visit(right);
            }
        }
    }

    /// The activation that it is, and of which of its parts.
    pub(super) fn recognize(&self) -> Option<(Activation, &Expression)> {
        let mut parts = Vec::new();
        self.parts(&mut parts);
        parts.into_iter().find_map(|part| Some((self.recognize_of(part)?, part)))
    }

    /// The activation that it is as a function of `part`.
    fn recognize_of(&self, part: &Term) -> Option<Activation> {
        let is = |activation: &Activation| {
            points().all(|x| {
                let y = self.at(x, Some(part));
                (y - activation.at(x)).abs() <= 2e-6 * (1.0 + y.abs())
            })
        };
        let slope = -self.at(-1.0, Some(part));
        let candidates = [
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
            Activation::Elu(1.0),
            Activation::LeakyRelu(slope),
        ];
        candidates.into_iter().find(|candidate| {
            // A slope of 1 is the identity, and a negative one can't be declared.
            !matches!(candidate, Activation::LeakyRelu(slope) if !(0.0..1.0).contains(slope)) && is(candidate)
        })
    }
}

/// Where functions are compared: more densely around 0, and at no zero of a derivative.
fn points() -> impl Iterator<Item = f64> {
    (-60..=60).map(|index| f64::from(index) * 0.1037 + 0.0113).flat_map(|x| [x, 3.1 * x])
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
        }
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
        }
    }
}

/// Selu's `alpha` and `gamma`.
pub(super) const SELU: (f64, f64) = (1.673_263_242_354_377_2, 1.050_700_987_355_480_5);
