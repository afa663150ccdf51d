//! The operators of ONNX, each as the library's.

mod arithmetic;
mod joins;
mod linear;
mod maps;
mod norms;
mod pads;
mod pools;
pub(super) mod quantized;
mod resizes;
mod shapes;
mod transposed;
mod volumes;

use std::rc::Rc;

use super::attributes::Attributes;
use super::lowering::{Computed, Known, Lowered, Lowering};
use crate::tensor::Tensor;

/// A node with what is known of its inputs.
pub(super) struct Call<'a> {
    pub(super) attributes: Attributes<'a>,
    /// `None` is left out.
    pub(super) inputs: Vec<Option<Known>>,
    /// The number of outputs.
    pub(super) outputs: usize,
}

impl Call<'_> {
    fn operator(&self) -> &str {
        &self.attributes.node.op_type
    }

    fn input(&self, index: usize) -> Option<&Known> {
        self.inputs.get(index)?.as_ref()
    }

    /// An input that must be constant, if it is given.
    fn constant(&self, index: usize, what: &str) -> Lowered<Option<Rc<Tensor>>> {
        match self.input(index) {
            None => Ok(None),
            Some(Known::Constant(tensor)) => Ok(Some(tensor.clone())),
            Some(Known::GivenAtRunTime(name)) => {
                Err(format!("its {what} is the input `{name}`, which is known at run time only").into())
            }
            Some(_) => Err(format!("its {what} depends on the input, and is known at run time only").into()),
        }
    }

    /// An input that must be given, and constant.
    fn required(&self, index: usize, what: &str) -> Lowered<Rc<Tensor>> {
        self.constant(index, what)?.ok_or_else(|| format!("its {what} is left out").into())
    }

    /// A constant of reals.
    fn reals(&self, index: usize, what: &str) -> Lowered<Rc<Tensor>> {
        real(self.required(index, what)?, what)
    }

    /// A constant of reals, if it is given.
    fn reals_if_given(&self, index: usize, what: &str) -> Lowered<Option<Rc<Tensor>>> {
        self.constant(index, what)?.map(|tensor| real(tensor, what)).transpose()
    }

    /// A constant of integers, if it is given.
    fn integers(&self, index: usize, what: &str) -> Lowered<Option<Vec<i64>>> {
        let integers =
            |tensor: Rc<Tensor>| tensor.to_integers().ok_or_else(|| format!("its {what} isn't of integers").into());
        self.constant(index, what)?.map(integers).transpose()
    }

    /// Integers that are an input since some version, and an attribute before, if they are given.
    fn integers_or_attribute(&self, index: usize, name: &str) -> Lowered<Option<Vec<i64>>> {
        Ok(self.integers(index, name)?.or_else(|| self.attributes.ints(name).map(<[i64]>::to_vec)))
    }
}

fn real(tensor: Rc<Tensor>, what: &str) -> Lowered<Rc<Tensor>> {
    match tensor.as_reals() {
        Some(_) => Ok(tensor),
        None => Err(format!("its {what} isn't of real numbers").into()),
    }
}

impl Lowering<'_> {
    /// The outputs of a node of which an input depends on the model's.
    pub(super) fn lower(&mut self, call: &Call<'_>) -> Lowered<Vec<Known>> {
        let output = match call.operator() {
            "Conv" => self.conv(call).map(Known::from),
            "ConvTranspose" => self.conv_transpose(call),
            "Gemm" => self.gemm(call).map(Known::from),
            "MatMul" => self.matmul(call),
            "MaxPool" => self.max_pool(call),
            "AveragePool" => self.average_pool(call),
            "GlobalAveragePool" | "GlobalMaxPool" => self.global_pool(call),
            "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceSum" | "ReduceL1" | "ReduceL2" | "ReduceLogSumExp" => {
                self.reduce(call)
            }
            "BatchNormalization" => self.batch_norm(call),
            "InstanceNormalization" => self.instance_norm(call),
            "GroupNormalization" => self.group_norm(call),
            "LayerNormalization" => self.layer_norm(call),
            "RMSNormalization" => self.rms_norm(call),
            "MeanVarianceNormalization" => self.mean_variance_norm(call),
            "LRN" => self.local_response_norm(call),
            "LpNormalization" => self.lp_norm(call),
            "Softmax" | "LogSoftmax" => self.softmax(call),
            "PRelu" => self.prelu(call),
            "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Max" | "Min" | "Sum" | "Mean" | "Less" | "LessOrEqual"
            | "Greater" | "GreaterOrEqual" | "Equal" | "And" | "Or" => self.arithmetic(call),
            "Where" => self.choice(call),
            "Concat" => self.concat(call),
            "Slice" => self.slice(call),
            "Split" => return self.split(call),
            "Gather" => self.gather(call),
            "Tile" => self.tile(call),
            "Pad" => self.pad(call),
            "CenterCropPad" => self.center_crop_pad(call),
            "DepthToSpace" | "SpaceToDepth" => self.depth_and_space(call),
            "Resize" | "Upsample" => self.resize(call),
            "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => self.reshaped(call),
            "Transpose" => self.transposed(call),
            "Identity" | "Dropout" | "Cast" | "CastLike" | "Expand" => self.unchanged(call),
            "Shape" | "Size" => self.shape_of(call),
            "QuantizeLinear" => self.quantize(call),
            "DequantizeLinear" => self.dequantize(call),
            "QLinearConv" | "QGemm" => self.integer_layer(call),
            _ => self.function(call),
        };
        let further =
            Known::Further(format!("it takes a further output of {}, which can't be declared", call.operator()));
        let mut outputs = vec![further; call.outputs.max(1)];
        outputs[0] = output?;
        Ok(outputs)
    }

    /// The first input, which depends on the model's.
    fn first(&mut self, call: &Call<'_>) -> Lowered<Computed> {
        let known = call.input(0).cloned().ok_or("its first input is left out")?;
        self.as_computed(&known)
    }

    /// An input as a value that depends on the model's.
    pub(super) fn as_computed(&mut self, known: &Known) -> Lowered<Computed> {
        match known {
            Known::Computed(computed) => Ok(computed.clone()),
            Known::Moment(moment) => self.moment_value(moment),
            Known::Padded(padded) => self.padded_with(&padded.input, padded.number, &padded.ends),
            Known::Constant(_) => Err("it takes a constant where only a computed value is supported".into()),
            Known::GivenAtRunTime(name) => Err(format!("it takes the further input `{name}`").into()),
            Known::Further(reason) => Err(reason.clone().into()),
            Known::Refused => Err("it depends on a node that can't be declared".into()),
        }
    }

    /// The first input of an operator that has a batch axis and a channel axis.
    fn image(&mut self, call: &Call<'_>) -> Lowered<Computed> {
        if self.batch.is_none() {
            return Err("its first axis is the batch, but the model is said to have none".into());
        }
        let computed = self.first(call)?;
        match computed.shape.len() {
            0 => Err("its input has no channels".into()),
            _ => Ok(computed),
        }
    }
}
