//! Functions of each number, sums and products, and what the last layers of a network are.
//!
//! Some functions are several operators in a model, such as `x · sigmoid(x)`. What has been computed of a value's numbers
//! so far is held as a [`Column`] until something else is done with them. In an int8 model, a column also has the result
//! for each of the 256 integers, by the arithmetic of TensorFlow Lite's reference kernels.

use super::super::tables;
use super::{Held, Lowering, Source, Stop, activations, fused_activation, operators, sample};
use crate::graph::{Activation, Operator, ValueId};
use crate::tensor::{Quantization, Tensor};

/// What is computed of each number of a value.
#[derive(Clone)]
pub(super) struct Column {
    function: Function,
    results: Results,
}

#[derive(Clone, Copy, PartialEq)]
enum Function {
    Identity,
    Known(Activation),
    Exp,
    OnePlusExp,
}

/// The results for integers from −128 to 127.
#[derive(Clone)]
enum Results {
    /// In a float model, there are no integers.
    None,
    Integers(Box<[i8; 256]>, Quantization),
    Reals(Box<[f32; 256]>),
}

impl Lowering<'_> {
    /// A tensor's value, and what is computed of its numbers.
    fn column(&self, tensor: usize) -> Result<(Held, Column), Stop> {
        let held = self.held[tensor].clone().ok_or(Stop::Missing)?;
        let column = held.column.clone().unwrap_or_else(|| Column {
            function: Function::Identity,
            results: match &self.graph.values[held.value.0].quantization {
                Some(quantization) => Results::Integers(Box::new(tables::identity()), quantization.clone()),
                None => Results::None,
            },
        });
        Ok((held, column))
    }

    /// The node for a column.
    pub(super) fn apply(&mut self, value: ValueId, column: &Column, tensor: usize) -> Result<ValueId, Stop> {
        let activation = match column.function {
            Function::Known(activation) => activation,
            Function::Identity => match &column.results {
                Results::Integers(table, to) => {
                    let from = self.graph.values[value.0].quantization.as_ref();
                    if **table == tables::identity() && from == Some(to) {
                        return Ok(value);
                    }
                    Activation::Clip(f64::NEG_INFINITY, f64::INFINITY)
                }
                Results::None | Results::Reals(_) => return Ok(value),
            },
            Function::Exp | Function::OnePlusExp => {
                return Err("it computes exponentials that aren't part of a softplus".into());
            }
        };
        let name = self.model.tensors[tensor].name.clone();
        let path = operators::path(&name);
        let value = self.push_named(&name, path, "activation", Operator::Activation(activation), &[value])?;
        match &column.results {
            Results::None => {}
            Results::Integers(table, quantization) => {
                self.graph.values[value.0].quantization = Some(quantization.clone());
                if let Some(node) = self.graph.nodes.last_mut() {
                    node.integers.table = Some(table.clone());
                }
            }
            Results::Reals(_) => return Err("it mixes integers and real numbers".into()),
        }
        Ok(value)
    }

    /// An operator of one computed tensor and nothing else.
    pub(super) fn elementwise(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let input = source.inputs.first().copied().flatten().ok_or("it has no input")?;
        let output = source.outputs[0];
        let (held, column) = self.column(input)?;
        let quantization = activations(&self.model.tensors[output])?;
        let to_reals = quantization.is_none();
        match (source.code, column.results) {
            // The input or the output of an int8 model in real numbers: the same integers inside.
            (operators::QUANTIZE, Results::None) if held.value == self.graph.input && self.takers[input] == 1 => {
                self.graph.values[held.value.0].quantization = quantization;
                Ok(held)
            }
            (operators::QUANTIZE, Results::Reals(reals)) => {
                let to = quantization.ok_or("its output has no scale")?;
                let results = Results::Integers(Box::new(tables::quantized(&reals, &to)), to);
                Ok(Held { column: Some(Column { function: column.function, results }), ..held })
            }
            (operators::QUANTIZE, Results::Integers(table, from)) => {
                let to = quantization.ok_or("its output has no scale")?;
                let results = Results::Integers(Box::new(tables::rescaled(&table, &from, &to)), to);
                Ok(Held { column: Some(Column { function: column.function, results }), ..held })
            }
            (operators::QUANTIZE, Results::None) => Err("it quantizes a value inside a float model".into()),
            (operators::DEQUANTIZE, Results::Integers(table, from)) => {
                let results = Results::Reals(Box::new(tables::dequantized(&table, &from)));
                Ok(Held { column: Some(Column { function: column.function, results }), ..held })
            }
            (operators::DEQUANTIZE, _) => Err("it dequantizes what isn't quantized".into()),
            (_, results) => {
                let activation = self.function(source)?;
                let function = match (column.function, source.code) {
                    (Function::Identity, operators::EXP) => Function::Exp,
                    (Function::OnePlusExp, operators::LOG) => Function::Known(Activation::Softplus(1.0)),
                    (_, operators::EXP | operators::LOG) => {
                        return Err("it is supported as a part of a softplus only".into());
                    }
                    (Function::Identity, _) => Function::Known(activation),
                    // A function of a function: two layers.
                    _ => {
                        let held = self.materialized(input)?;
                        self.held[input] = Some(held);
                        return self.elementwise(source);
                    }
                };
                let results = match results {
                    Results::None => Results::None,
                    Results::Reals(reals) if to_reals => {
                        Results::Reals(Box::new(tables::reals(source.code, activation, &reals)))
                    }
                    Results::Integers(table, from) => {
                        let to = quantization.ok_or("its output has no scale")?;
                        let table = tables::integers(source.code, activation, &table, &from, &to)?;
                        Results::Integers(Box::new(table), to)
                    }
                    Results::Reals(_) => return Err("it mixes integers and real numbers".into()),
                };
                Ok(Held { column: Some(Column { function, results }), ..held })
            }
        }
    }

    /// The function of an operator.
    fn function(&self, source: &Source<'_>) -> Result<Activation, Stop> {
        Ok(match source.code {
            operators::RELU => Activation::Relu,
            operators::RELU6 => Activation::Relu6,
            operators::RELU_N1_TO_1 => Activation::Clip(-1.0, 1.0),
            operators::LOGISTIC => Activation::Sigmoid,
            operators::TANH => Activation::Tanh,
            operators::HARD_SWISH => Activation::HardSwish,
            operators::ELU => Activation::Elu(1.0),
            operators::LEAKY_RELU => {
                let options = source.options.ok_or("it has no options")?;
                Activation::LeakyRelu(f64::from(options.real(0)?))
            }
            operators::GELU => match source.options.map_or(Ok(0), |options| options.byte(0))? {
                0 => Activation::Gelu,
                _ => Activation::GeluTanh,
            },
            // Parts of a softplus, which are recognized together.
            operators::EXP | operators::LOG => Activation::Softplus(1.0),
            _ => return Err("there is no such layer".into()),
        })
    }

    /// A sum or a product.
    pub(super) fn binary(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let &[Some(one), Some(other)] = &source.inputs[..] else { return Err("it doesn't have two inputs".into()) };
        let fused = source.options.map_or(Ok(0), |options| options.byte(0))?;
        match (self.constant(one).is_some(), self.constant(other).is_some()) {
            (false, true) => self.by_constant(source, one, 1, fused),
            (true, false) => self.by_constant(source, other, 0, fused),
            _ if source.code == operators::MUL => self.product(source, one, other, fused),
            _ => {
                let (mut one, mut other) = (self.in_any_order(one)?, self.in_any_order(other)?);
                if one.flattened != other.flattened {
                    (one, other) = (self.straight(one)?, self.straight(other)?);
                }
                if one.axes != other.axes {
                    let shape = self.of_input(source, 0)?;
                    other = self.in_shape(source, other, &shape)?;
                }
                let flattened = one.flattened;
                let sum = self.finish(source, Operator::Sum, &[one.value, other.value], one.axes, fused)?;
                Ok(Held { flattened, ..sum })
            }
        }
    }

    fn of_input(&self, source: &Source<'_>, number: usize) -> Result<Vec<usize>, Stop> {
        let tensor = source.inputs.get(number).copied().flatten().ok_or("it has no input")?;
        Ok(sample(&self.model.tensors[tensor])?)
    }

    /// A product: `x · sigmoid(x)` and `x · hard_sigmoid(x)` are activations.
    fn product(&mut self, source: &Source<'_>, one: usize, other: usize, fused: u8) -> Result<Held, Stop> {
        let ((held, first), (second_held, second)) = (self.column(one)?, self.column(other)?);
        let (activation, function, linear) = match (first.function, second.function) {
            (Function::Identity, Function::Known(function)) => (Some(function), &second, &first),
            (Function::Known(function), Function::Identity) => (Some(function), &first, &second),
            _ => (None, &first, &second),
        };
        let activation = match activation {
            Some(Activation::Sigmoid) => Activation::Silu,
            Some(Activation::HardSigmoid) => Activation::HardSwish,
            _ => return self.product_of_values(source, one, other, fused),
        };
        if held.value != second_held.value || fused != 0 {
            return self.product_of_values(source, one, other, fused);
        }
        let results = match (&linear.results, &function.results) {
            (Results::None, Results::None) => Results::None,
            (Results::Integers(x, from), Results::Integers(y, by)) => {
                let to = activations(&self.model.tensors[source.outputs[0]])?.ok_or("its output has no scale")?;
                Results::Integers(Box::new(tables::product((x, from), (y, by), &to)), to)
            }
            _ => return Err("it mixes integers and real numbers".into()),
        };
        Ok(Held { column: Some(Column { function: Function::Known(activation), results }), ..held })
    }

    /// The product of two values of one shape, or of a value and a number for each of its channels.
    fn product_of_values(&mut self, source: &Source<'_>, one: usize, other: usize, fused: u8) -> Result<Held, Stop> {
        let (mut whole, mut factors) = (self.in_any_order(one)?, self.in_any_order(other)?);
        let size = |lowering: &Self, held: &Held| lowering.graph.shape(held.value).iter().product::<usize>();
        if size(self, &whole) < size(self, &factors) {
            (whole, factors) = (factors, whole);
        }
        if size(self, &whole) == size(self, &factors) {
            if whole.flattened != factors.flattened {
                (whole, factors) = (self.straight(whole)?, self.straight(factors)?);
            }
            if whole.axes != factors.axes {
                let shape = self.of_input(source, 0)?;
                (whole, factors) = (self.in_shape(source, whole, &shape)?, self.in_shape(source, factors, &shape)?);
            }
        } else {
            let channels = self.graph.shape(whole.value)[0];
            let wide = self.of_input(source, 0)?.len() == self.of_input(source, 1)?.len();
            if !wide || size(self, &factors) != channels || factors.flattened.is_some() {
                return Err("one of its inputs is neither of the other's shape nor a number for each channel".into());
            }
            factors = self.in_shape(source, factors, &[channels])?;
        }
        let flattened = whole.flattened.clone();
        let product = self.finish(source, Operator::Product, &[whole.value, factors.value], whole.axes, fused)?;
        Ok(Held { flattened, ..product })
    }

    /// A sum with a constant, or a product with one.
    fn by_constant(&mut self, source: &Source<'_>, tensor: usize, constant: usize, fused: u8) -> Result<Held, Stop> {
        let (held, column) = self.column(tensor)?;
        let numbers = self.reals(source, constant)?;
        let values = numbers.as_reals().unwrap_or_default();
        // `1 + eˣ`
        if let ([number], Function::Exp, operators::ADD, 0) = (values, column.function, source.code, fused)
            && (*number - 1.0).abs() < 0.02
        {
            let results = match column.results {
                Results::Integers(table, from) => {
                    let to = activations(&self.model.tensors[source.outputs[0]])?.ok_or("its output has no scale")?;
                    let constant = self.input_constant(source, constant)?;
                    let table = tables::sum((&table, &from), &constant, &to)?;
                    Results::Integers(Box::new(table), to)
                }
                results => results,
            };
            return Ok(Held { column: Some(Column { function: Function::OnePlusExp, results }), ..held });
        }
        let held = self.materialized(tensor)?;
        let channels = self.graph.shape(held.value)[0];
        let per_channel: Vec<f32> = match values.len() {
            1 => vec![values[0]; channels],
            count if count == channels && numbers.shape.last() == Some(&channels) => values.to_vec(),
            _ => {
                return Err(
                    format!("its constant is {:?}, neither one number nor one per channel", numbers.shape).into()
                );
            }
        };
        // As many axes as the value.
        let shape: Vec<usize> = self
            .graph
            .shape(held.value)
            .iter()
            .enumerate()
            .map(|(axis, &size)| if axis == 0 { size } else { 1 })
            .collect();
        let fill = |number: f32| Tensor::reals(&shape, vec![number; channels]);
        let given = Tensor::reals(&shape, per_channel);
        // A sum right behind a product is one layer with it.
        if source.code == operators::ADD
            && let Some(node) = self.graph.maker(held.value)
            && let Operator::Scale { bias, .. } = &mut self.graph.nodes[node].operator
            && bias.as_reals().is_some_and(|bias| bias.iter().all(|&bias| bias == 0.0))
            && self.takers[tensor] == 1
        {
            *bias = given;
            let quantization = activations(&self.model.tensors[source.outputs[0]])?;
            if quantization.is_some() {
                let (product, constant) =
                    (self.graph.values[held.value.0].quantization.clone(), self.input_constant(source, constant)?);
                let node = &mut self.graph.nodes[node];
                node.integers.terms = Some(constant);
                node.integers.between = product;
            }
            let mut value = held.value;
            if let Some(activation) = fused_activation(fused)? {
                value = self.push(source, Operator::Activation(activation), &[value])?;
            }
            self.graph.values[value.0].quantization = quantization;
            return Ok(Held { value, axes: held.axes, flattened: None, column: None });
        }
        let operator = match source.code {
            operators::MUL => Operator::Scale { weight: given, bias: fill(0.0) },
            _ => Operator::Scale { weight: fill(1.0), bias: given },
        };
        let integers = self.input_constant(source, constant)?;
        let count = self.graph.nodes.len();
        let held = self.finish(source, operator, &[held.value], held.axes, fused)?;
        if self.graph.values[held.value.0].quantization.is_some() {
            let own = &mut self.graph.nodes[count].integers;
            match source.code {
                operators::MUL => own.factors = Some(integers),
                _ => own.terms = Some(integers),
            }
        }
        Ok(held)
    }

    /// Values one after the other along the channels.
    pub(super) fn concatenation(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let options = source.options.ok_or("it has no options")?;
        let inputs =
            (0..source.inputs.len()).map(|number| self.input(source, number)).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = inputs.first() else { return Err("it has no input".into()) };
        let last = i32::try_from(first.axes.len()).unwrap_or_default();
        if ![-1, last].contains(&options.integer(0, 0)?) {
            return Err("it is supported along the channels only".into());
        }
        if inputs.iter().any(|held| held.axes != first.axes) {
            return Err("its inputs have different layouts".into());
        }
        let values: Vec<ValueId> = inputs.iter().map(|held| held.value).collect();
        let axes = first.axes.clone();
        self.finish(source, Operator::Concat, &values, axes, options.byte(1)?)
    }

    /// Softmax and its logarithms over a row of numbers.
    pub(super) fn softmax(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let beta = match source.options {
            Some(options) if source.code == operators::SOFTMAX => options.real(0)?,
            _ => 1.0,
        };
        #[allow(clippy::float_cmp, reason = "it is stored as it was written")]
        if beta != 1.0 {
            return Err(format!("its beta is {beta}; 1 is supported").into());
        }
        let shape = self.of_input(source, 0)?;
        let places: usize = shape[..shape.len() - 1].iter().product();
        if places != 1 {
            return Err("it is computed at each place of an image; that of a vector is supported".into());
        }
        let row = self.in_shape(source, held, &shape[shape.len() - 1..])?;
        let operator = match source.code {
            operators::SOFTMAX => Operator::Softmax { axes: 1 },
            _ => Operator::LogSoftmax { axes: 1 },
        };
        let axes = shape[1..].iter().map(|_| None).chain([Some(0)]).collect();
        self.finish(source, operator, &[row.value], axes, 0)
    }

    /// A slope for all numbers, or for each channel.
    pub(super) fn prelu(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let slopes = self.reals(source, 1)?;
        let channels = self.graph.shape(held.value)[0];
        let numbers = slopes.as_reals().unwrap_or_default();
        if numbers.len() != 1 && (numbers.len() != channels || slopes.shape.last() != Some(&channels)) {
            return Err(format!("its slopes are {:?}, neither one nor one per channel", slopes.shape).into());
        }
        let slopes = Tensor::reals(&[numbers.len()], numbers.to_vec());
        let integers = self.input_constant(source, 1)?;
        let held = self.finish(source, Operator::PRelu { slopes }, &[held.value], held.axes, 0)?;
        if self.graph.values[held.value.0].quantization.is_some()
            && let Some(node) = self.graph.nodes.last_mut()
        {
            node.integers.factors = Some(integers);
        }
        Ok(held)
    }
}
