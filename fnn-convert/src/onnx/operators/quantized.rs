//! Quantized operators: the layers of real numbers that they stand for, with the quantization of their outputs.

use std::rc::Rc;

use super::super::lowering::{Known, Lowered, Lowering};
use super::Call;
use crate::graph::{Activation, Operator, Rounding, ValueId};
use crate::tensor::{Numbers, Quantization, Tensor};

impl Lowering<'_> {
    /// A value that is rounded to 8 bits.
    pub(super) fn quantize(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let value = self.value(&input)?;
        let quantization = activations(call, 1, 2)?;
        let value = self.quantized(value, quantization)?;
        Ok(self.computed(value, &input.shape).into())
    }

    /// Integers as the real numbers that they stand for: nothing changes.
    pub(super) fn dequantize(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let value = self.value(&input)?;
        let given = activations(call, 1, 2)?;
        match &self.graph.values[value.0].quantization {
            Some(own) if agree(own, &given) => Ok(self.computed(value, &input.shape).into()),
            Some(_) => Err("its scale or zero point isn't that of the integers that it takes".into()),
            None => {
                let value = self.quantized(value, given)?;
                Ok(self.computed(value, &input.shape).into())
            }
        }
    }

    /// A convolution or a dense layer of integers, as one of real numbers and the rounding of its output.
    pub(super) fn integer_layer(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let convolution = call.operator() == "QLinearConv";
        let (bias, output) = if convolution { (8, 6) } else { (6, 7) };
        let input = activations(call, 1, 2)?;
        let weight = dequantized(&*call.required(3, "weight")?, call, (4, 5), 0)?;
        let mut inputs = vec![call.inputs[0].clone(), Some(Known::Constant(Rc::new(weight.clone())))];
        if let Some(integers) = call.constant(bias, "bias")? {
            // A bias has the scale of the sums.
            let scales = weight.quantization.as_ref().map_or(&[][..], |quantization| &quantization.scales);
            let own = scales.iter().map(|scale| input.scales[0] * scale).collect::<Vec<_>>();
            let zero_points = vec![0; own.len()];
            let bias = with_quantization(&integers, Quantization { scales: own, zero_points, axis: 0 })?;
            inputs.push(Some(Known::Constant(Rc::new(bias))));
        }
        let layer = Call { attributes: call.attributes, inputs, outputs: 1 };
        let computed = if convolution { self.conv(&layer)? } else { self.gemm(&layer)? };
        let value = self.value(&computed)?;
        let value = self.quantized(value, activations(call, output, output + 1)?)?;
        Ok(self.computed(value, &computed.shape).into())
    }

    /// A value with this quantization. Where that cuts off what is below 0, so does a rectifier, which quantizing has
    /// removed from the model.
    fn quantized(&mut self, value: ValueId, quantization: Quantization) -> Lowered<ValueId> {
        self.graph.rounding = Rounding::Onnx;
        let mut value = value;
        let maker = self.graph.maker(value).map(|maker| &self.graph.nodes[maker].operator);
        let of_sums = matches!(
            maker,
            Some(
                Operator::Conv { .. }
                    | Operator::Dense { .. }
                    | Operator::Scale { .. }
                    | Operator::Sum
                    | Operator::Product
            )
        );
        if of_sums && self.graph.values[value.0].quantization.is_none() && quantization.zero_points[0] == -128 {
            let largest = 255.0 * quantization.scales[0];
            let six = (largest - 6.0).abs() <= quantization.scales[0] / 2.0;
            let activation = if six { Activation::Relu6 } else { Activation::Relu };
            value = self.push(Operator::Activation(activation), &[value])?;
        }
        // What a reshape takes is rounded to the same integers.
        let mut source = value;
        while self.graph.values[source.0].quantization.is_none() {
            self.graph.values[source.0].quantization = Some(quantization.clone());
            match self.graph.maker(source).map(|maker| &self.graph.nodes[maker]) {
                Some(node) if matches!(node.operator, Operator::Reshape { .. } | Operator::Transpose { .. }) => {
                    source = node.inputs[0];
                }
                _ => break,
            }
        }
        let own = &mut self.graph.values[value.0].quantization;
        match own {
            None => *own = Some(quantization),
            Some(own) if agree(own, &quantization) => {}
            Some(_) => return Err("it requantizes integers, for which there is no layer".into()),
        }
        Ok(value)
    }
}

/// Whether two quantizations are one, but for how their scale was computed.
fn agree(one: &Quantization, other: &Quantization) -> bool {
    let mut scales = one.scales.iter().zip(&other.scales);
    one.zero_points == other.zero_points && scales.all(|(one, other)| (one / other - 1.0).abs() < 1e-6)
}

/// The scale and the zero point of a value, counted from −128.
fn activations(call: &Call<'_>, scale: usize, zero_point: usize) -> Lowered<Quantization> {
    let scales = call.reals(scale, "scale")?;
    let Some(scale) = scales.as_real().filter(|scale| scale.is_finite() && *scale > 0.0) else {
        return Err("its scale isn't one number above 0".into());
    };
    let zero_point = match call.constant(zero_point, "zero point")? {
        None => 0 - 128,
        Some(tensor) => match (&tensor.numbers, tensor.to_integers().as_deref()) {
            (Numbers::I8(_), Some(&[zero_point])) => zero_point,
            (Numbers::U8(_), Some(&[zero_point])) => zero_point - 128,
            _ => return Err("its zero point isn't one number of 8 bits".into()),
        },
    };
    Ok(Quantization { scales: vec![scale], zero_points: vec![zero_point as i32], axis: 0 })
}

/// A constant of integers as real numbers that know their quantization.
pub(in crate::onnx) fn dequantized_constant(inputs: &[Option<&Tensor>], axis: i64) -> Result<Tensor, String> {
    let [Some(integers), Some(scale), zero_point @ ..] = inputs else { return Err("its scale is left out".into()) };
    let zero_point = zero_point.first().copied().flatten();
    // One scale has no axis.
    let one = scale.numbers.len() == 1;
    let axis = if one { 0 } else { crate::onnx::axes::axis_of(axis, integers.shape.len())? };
    with_quantization(integers, quantization(scale, zero_point, axis)?)
}

fn dequantized(
    integers: &Tensor,
    call: &Call<'_>,
    (scale, zero_point): (usize, usize),
    axis: usize,
) -> Lowered<Tensor> {
    let (scale, zero_point) = (call.reals(scale, "scale")?, call.constant(zero_point, "zero point")?);
    Ok(with_quantization(integers, quantization(&scale, zero_point.as_deref(), axis)?)?)
}

fn quantization(scale: &Tensor, zero_point: Option<&Tensor>, axis: usize) -> Result<Quantization, String> {
    let scales = scale.as_reals().ok_or("its scale isn't of real numbers")?.to_vec();
    if scales.iter().any(|scale| !(scale.is_finite() && *scale > 0.0)) || scales.is_empty() {
        return Err("a scale isn't above 0".into());
    }
    let zero_points = match zero_point {
        None => vec![0; scales.len()],
        Some(zero_points) => {
            let zero_points = zero_points.to_integers().ok_or("its zero point isn't of integers")?;
            zero_points.iter().map(|&zero_point| zero_point as i32).collect()
        }
    };
    if zero_points.len() != scales.len() {
        return Err(format!("it has {} scales, but {} zero points", scales.len(), zero_points.len()));
    }
    Ok(Quantization { scales, zero_points, axis })
}

/// Integers as real numbers that know their quantization.
fn with_quantization(integers: &Tensor, quantization: Quantization) -> Result<Tensor, String> {
    let channels =
        if quantization.scales.len() == 1 { Some(1) } else { integers.shape.get(quantization.axis).copied() };
    if channels != Some(quantization.scales.len()) {
        return Err(format!("{:?} integers don't have {} scales", integers.shape, quantization.scales.len()));
    }
    let integers = Tensor { quantization: Some(quantization), ..integers.clone() };
    let reals = integers.dequantized().ok_or("what it dequantizes isn't of integers")?;
    Ok(Tensor { numbers: Numbers::F32(reals), ..integers })
}
