//! Sums, products and functions of each number.

use std::rc::Rc;

use super::Call;
use super::pads::MAX_SHIFT;
use crate::graph::{Activation, Operator};
use crate::onnx::attributes::shortest;
use crate::onnx::expression::{Binary, Expression, SELU, Term, Unary};
use crate::onnx::lowering::{Computed, Known, Lowered, Lowering};
use crate::tensor::Tensor;

impl Lowering<'_> {
    /// Operators on two and more values.
    pub(super) fn arithmetic(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let mut inputs = Vec::new();
        for input in &call.inputs {
            inputs.push(input.clone().ok_or("an input is left out")?);
        }
        let function = match call.operator() {
            "Add" | "Sum" | "Mean" => Binary::Add,
            "Sub" => Binary::Subtract,
            "Mul" => Binary::Multiply,
            "Div" => Binary::Divide,
            "Pow" => Binary::Power,
            "Max" => Binary::Max,
            "Less" | "Greater" => Binary::Less,
            "LessOrEqual" | "GreaterOrEqual" => Binary::LessOrEqual,
            "Equal" => Binary::Equal,
            "And" => Binary::And,
            "Or" => Binary::Or,
            _ => Binary::Min,
        };
        if call.operator().starts_with("Greater") {
            inputs.reverse();
        }
        let count = inputs.len();
        let mut inputs = inputs.into_iter();
        let mut result = inputs.next().ok_or("it has no inputs")?;
        for input in inputs {
            result = self.pair(function, &result, &input)?;
        }
        if call.operator() == "Mean" {
            let count = Known::Constant(Rc::new(Tensor::real(count as f32)));
            result = self.pair(Binary::Divide, &result, &count)?;
        }
        Ok(result)
    }

    fn pair(&mut self, function: Binary, left: &Known, right: &Known) -> Lowered<Known> {
        if let Some(known) = self.pair_of_moments(function, left, right)? {
            return Ok(known);
        }
        match (left, right) {
            (Known::Constant(left), Known::Constant(right)) => {
                let (left, right) = (left.as_real(), right.as_real());
                match (left, right) {
                    (Some(left), Some(right)) => {
                        let result = function.at(left.into(), right.into()) as f32;
                        Ok(Known::Constant(Rc::new(Tensor::real(result))))
                    }
                    _ => Err("it combines several constants".into()),
                }
            }
            (Known::Constant(constant), value) => {
                let value = self.as_computed(value)?;
                self.with_constant(function, &value, constant, true)
            }
            (value, Known::Constant(constant)) => {
                let value = self.as_computed(value)?;
                self.with_constant(function, &value, constant, false)
            }
            (left, right) => {
                let (left, right) = (self.as_computed(left)?, self.as_computed(right)?);
                self.of_values(function, &left, &right)
            }
        }
    }

    /// Two values that depend on the input.
    fn of_values(&mut self, function: Binary, left: &Computed, right: &Computed) -> Lowered<Known> {
        if function == Binary::Multiply
            && let Some(known) = self.by_channels(left, right)?
        {
            return Ok(known);
        }
        if left.shape != right.shape {
            let (left, right) = (self.whole_shape(&left.shape), self.whole_shape(&right.shape));
            return Err(format!("it combines values of different shapes, {left:?} and {right:?}").into());
        }
        if left.base == right.base {
            let expression = Term::binary(function, &left.expression, &right.expression, self.current);
            return self.limited(left, expression);
        }
        let (one, other) = (self.folded(left)?, self.folded(right)?);
        let other = match function {
            Binary::Add => other,
            Binary::Subtract => self.scale(self.current, other, -1.0, 0.0)?,
            Binary::Max | Binary::Min => {
                let value = self.extreme(self.current, [one, other], function == Binary::Max)?;
                return Ok(self.computed(value, &left.shape).into());
            }
            Binary::Multiply => {
                let product = self.push(Operator::Product, &[one, other])?;
                return Ok(self.computed(product, &left.shape).into());
            }
            _ => {
                return Err(
                    "it combines two different values that depend on the input, other than by a sum, a product \
                            or the larger one"
                        .into(),
                );
            }
        };
        let sum = self.push(Operator::Sum, &[one, other])?;
        Ok(self.computed(sum, &left.shape).into())
    }

    /// The product of a value and a number for each of its channels, in any order.
    fn by_channels(&mut self, left: &Computed, right: &Computed) -> Lowered<Option<Known>> {
        let by_channels = |whole: &Computed, factors: &Computed| match (&whole.shape[..], &factors.shape[..]) {
            ([channels, places @ ..], [factors, ones @ ..]) => {
                channels == factors && places.len() == ones.len() && places != ones && ones.iter().all(|&one| one == 1)
            }
            _ => false,
        };
        let (whole, factors) = match () {
            () if by_channels(left, right) => (left, right),
            () if by_channels(right, left) => (right, left),
            () => return Ok(None),
        };
        let (value, each) = (self.value(whole)?, self.value(factors)?);
        let each = self.reshape(each, &whole.shape[..1])?;
        let product = self.push(Operator::Product, &[value, each])?;
        Ok(Some(self.computed(product, &whole.shape).into()))
    }

    /// A value and a constant, which comes first or second.
    fn with_constant(&mut self, function: Binary, value: &Computed, constant: &Tensor, first: bool) -> Lowered<Known> {
        let reals = constant.as_reals().ok_or("it combines real numbers and integers")?;
        let whole = self.whole_shape(&value.shape);
        if let (Some(number), true) = (constant.as_real(), constant.shape.len() <= whole.len()) {
            let number = Term::number(shortest(number));
            let expression = match first {
                true => Term::binary(function, &number, &value.expression, self.current),
                false => Term::binary(function, &value.expression, &number, self.current),
            };
            return self.limited(value, expression);
        }
        let mapped =
            |function: fn(f32) -> f32| Tensor::reals(&constant.shape, reals.iter().copied().map(function).collect());
        let number = Tensor::real;
        let (weight, bias) = match (function, first) {
            (Binary::Add, _) => (number(1.0), constant.clone()),
            (Binary::Subtract, true) => (number(-1.0), constant.clone()),
            (Binary::Subtract, false) => (number(1.0), mapped(|x| -x)),
            (Binary::Multiply, _) => (constant.clone(), number(0.0)),
            (Binary::Divide, false) => (mapped(|x| 1.0 / x), number(0.0)),
            (Binary::Max | Binary::Min, _) if reals.iter().all(|bound| bound.abs() <= MAX_SHIFT) => {
                // max(x, c) = max(x − c, 0) + c, and min(x, c) = c − max(c − x, 0).
                let largest = function == Binary::Max;
                let sign = number(if largest { 1.0 } else { -1.0 });
                let away = if largest { mapped(|x| -x) } else { constant.clone() };
                let difference = self.scaled(value, &sign, &away)?;
                let excess = self.activated(&difference, Activation::Relu);
                return self.scaled(&excess, &sign, constant).map(Known::from);
            }
            (Binary::Max | Binary::Min, _) => {
                let reason = format!(
                    "its constant of {:?} has bounds beyond {MAX_SHIFT}, and isn't a single number",
                    constant.shape
                );
                return Err(reason.into());
            }
            _ => return Err(format!("its constant of {:?} isn't a single number", constant.shape).into()),
        };
        self.scaled(value, &weight, &bias).map(Known::from)
    }

    /// An activation of a value.
    fn activated(&self, value: &Computed, activation: Activation) -> Computed {
        let expression = Term::unary(Unary::Declared(activation), &value.expression, self.current);
        Computed { expression, ..value.clone() }
    }

    /// `Where`: one of two functions of each number, by a third one.
    pub(super) fn choice(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let mut inputs = Vec::new();
        for index in 0..3 {
            inputs.push(call.input(index).cloned().ok_or("an input is left out")?);
        }
        if let Some(known) = self.parametric_rectifier(&inputs)? {
            return Ok(known);
        }
        let mut of: Option<Computed> = None;
        let mut expressions = Vec::new();
        for input in &inputs {
            if let Known::Constant(constant) = input {
                let number = constant.as_real().ok_or("it chooses by, or between, constants for each number")?;
                expressions.push(Term::number(shortest(number)));
                continue;
            }
            let value = self.as_computed(input)?;
            let of = of.get_or_insert_with(|| value.clone());
            if of.base != value.base || of.shape != value.shape {
                return Err("it chooses between values that aren't functions of the same numbers".into());
            }
            expressions.push(value.expression);
        }
        match (of, &expressions[..]) {
            (Some(of), [condition, yes, no]) => {
                let expression = Term::choice(condition, yes, no, self.current);
                self.limited(&of, expression)
            }
            _ => Err("it chooses between constants".into()),
        }
    }

    /// An expression as a value; a large one is computed up to here.
    fn limited(&mut self, of: &Computed, expression: Expression) -> Lowered<Known> {
        let large = expression.is_large();
        let computed = Computed { expression, ..of.clone() };
        if large {
            let value = self.folded(&computed)?;
            return Ok(self.computed(value, &of.shape).into());
        }
        Ok(Known::Computed(computed))
    }

    /// A function of each number.
    pub(super) fn function(&mut self, call: &Call<'_>) -> Lowered<Known> {
        if let Some(Known::Moment(moment)) = call.input(0) {
            let next = match call.operator() {
                "Clip" => match self.clip(call)? {
                    Unary::Declared(Activation::Clip(low, f64::INFINITY)) => moment.at_least(low),
                    _ => None,
                },
                operator => moment.function(operator),
            };
            if let Some(next) = next {
                return Ok(Known::Moment(next));
            }
        }
        let attributes = &call.attributes;
        let alpha = |default| attributes.float("alpha", default);
        use Activation as A;
        let function = match call.operator() {
            "Relu" => Unary::Declared(A::Relu),
            "Sigmoid" => Unary::Declared(A::Sigmoid),
            "Tanh" => Unary::Declared(A::Tanh),
            "HardSwish" => Unary::Declared(A::HardSwish),
            "Mish" => Unary::Declared(A::Mish),
            "Softplus" => Unary::Declared(A::Softplus(1.0)),
            "Softsign" => Unary::Declared(A::Softsign),
            "LeakyRelu" if alpha(0.01) >= 0.0 => Unary::Declared(A::LeakyRelu(alpha(0.01))),
            "Elu" if alpha(1.0) >= 0.0 => Unary::Declared(A::Elu(alpha(1.0))),
            "Celu" => Unary::Celu(alpha(1.0)),
            "ThresholdedRelu" => Unary::Declared(A::Threshold(alpha(1.0), 0.0)),
            "Shrink" => return self.shrink(call),
            "Swish" if alpha(1.0) == 1.0 => Unary::Declared(A::Silu),
            "Selu" => {
                let given = (alpha(SELU.0), attributes.float("gamma", SELU.1));
                return self.selu(call, given);
            }
            "Gelu" => match attributes.word("approximate", "none")? {
                "none" => Unary::Declared(A::Gelu),
                "tanh" => Unary::Declared(A::GeluTanh),
                other => return Err(format!("its approximation is {other}").into()),
            },
            "HardSigmoid" => Unary::HardSigmoid(alpha(0.2), attributes.float("beta", 0.5)),
            "Clip" => self.clip(call)?,
            "Abs" => Unary::Abs,
            "Erf" => Unary::Erf,
            "Exp" => Unary::Exp,
            "Log" => Unary::Log,
            "Neg" => Unary::Negative,
            "Not" => Unary::Not,
            "Reciprocal" => Unary::Reciprocal,
            "Sqrt" => Unary::Sqrt,
            "Swish" if alpha(1.0) != 0.0 => {
                // x · σ(αx) = silu(αx) / α
                let (input, alpha) = (self.first(call)?, alpha(1.0));
                let times = |factor: f64, term: &Expression, node| {
                    Term::binary(Binary::Multiply, &Term::number(factor), term, node)
                };
                let scaled = times(alpha, &input.expression, self.current);
                let silu = Term::unary(Unary::Declared(A::Silu), &scaled, self.current);
                return self.limited(&input, times(1.0 / alpha, &silu, self.current));
            }
            "LeakyRelu" | "Elu" | "Swish" => return Err(format!("its alpha is {}", alpha(0.0)).into()),
            other => return Err(unsupported(other).into()),
        };
        let input = self.first(call)?;
        let expression = Term::unary(function, &input.expression, self.current);
        self.limited(&input, expression)
    }

    /// Numbers within ±lambda become 0, and others nearer to it.
    fn shrink(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let (lambda, bias) = (call.attributes.float("lambd", 0.5), call.attributes.float("bias", 0.0));
        if !(0.0..=lambda).contains(&bias) {
            return Err(format!("its `bias` is {bias}, which isn't between 0 and its `lambd` of {lambda}").into());
        }
        let hard = if bias == lambda { input } else { self.activated(&input, Activation::HardShrink(lambda)) };
        let soft = if bias == 0.0 { hard } else { self.activated(&hard, Activation::SoftShrink(bias)) };
        Ok(soft.into())
    }

    /// SELU with any constants: `gamma · ELU(x, alpha)`.
    fn selu(&mut self, call: &Call<'_>, (alpha, gamma): (f64, f64)) -> Lowered<Known> {
        let input = self.first(call)?;
        let usual = (alpha - SELU.0).abs() < 1e-6 && (gamma - SELU.1).abs() < 1e-6;
        let expression = if usual {
            Term::unary(Unary::Declared(Activation::Selu), &input.expression, self.current)
        } else if alpha >= 0.0 {
            let elu = Term::unary(Unary::Declared(Activation::Elu(alpha)), &input.expression, self.current);
            Term::binary(Binary::Multiply, &elu, &Term::number(gamma), self.current)
        } else {
            return Err(format!("its alpha is {alpha}").into());
        };
        self.limited(&input, expression)
    }

    /// Bounds as attributes before opset 11, as inputs from then on.
    fn clip(&mut self, call: &Call<'_>) -> Lowered<Unary> {
        let bound = |index, name: &str, default: f64| {
            if call.attributes.opset < 11 {
                // The smallest and the largest 32-bit float stand for none.
                let bound = call.attributes.float(name, default);
                return Ok(if bound.abs() >= 3.4e38 { default } else { bound });
            }
            match call.reals_if_given(index, name)? {
                None => Ok(default),
                Some(tensor) => match tensor.as_real() {
                    Some(bound) if bound.abs() >= 3.4e38 => Ok(f64::from(bound.signum()) * f64::INFINITY),
                    Some(bound) => Ok(shortest(bound)),
                    None => Err(super::super::lowering::Fault::from("its bounds aren't single numbers")),
                },
            }
        };
        let (low, high) = (bound(1, "min", f64::NEG_INFINITY)?, bound(2, "max", f64::INFINITY)?);
        if low.is_nan() || high.is_nan() {
            return Err("its bounds are NaN".into());
        }
        // Where they cross, everything is the upper one.
        Ok(Unary::Declared(Activation::Clip(low.min(high), high)))
    }
}

/// Why an operator can't be declared.
fn unsupported(operator: &str) -> String {
    let reason = match operator {
        "LSTM" | "GRU" | "RNN" | "Scan" | "Loop" | "CausalConvWithState" => {
            "networks are feed-forward; recurrent layers aren't supported"
        }
        "Attention" | "LinearAttention" | "FlexAttention" | "SwiGLU" | "RotaryEmbedding" | "DeformConv" | "Det" => {
            "it multiplies values that depend on the input"
        }
        "SoftmaxCrossEntropyLoss" | "NegativeLogLikelihoodLoss" => "it is a loss: a network ends before it",
        "Hardmax" | "ArgMax" | "ArgMin" | "TopK" | "Unique" | "NonZero" | "NonMaxSuppression" | "OneHot" => {
            "its output is a choice of the largest, or an index, through which nothing trains"
        }
        "Floor" | "Ceil" | "Round" | "Sign" => "its output has no slope, so that nothing trains through it",
        "Bernoulli" | "RandomNormalLike" | "RandomUniformLike" | "Multinomial" => "its output is random",
        "LpPool" | "ReduceProd" | "ReduceSumSquare" => {
            "it sums powers, or multiplies numbers of the input, for which there is no layer"
        }
        "QLinearMatMul" | "DynamicQuantizeLinear" => "this quantized operator isn't supported",
        other => return format!("the operator {other} isn't supported"),
    };
    reason.into()
}
