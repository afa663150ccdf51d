//! Each kind of int8 layer.

use fnn::graph::Node;
use fnn::weights::Layout;

use super::super::{Attribute, NOT_EXPORTED, Weights};
use super::arrays::{Filters, Line};
use super::scales::{Wanted, places};
use super::{Exporter, Signal, rounded, whole};
use crate::onnx::proto::data_type;

impl Exporter<'_> {
    /// Append a layer. Returns its output.
    pub(super) fn layer(&mut self, node: &Node, path: &str, input: Signal, wanted: Wanted) -> Signal {
        match node.kind {
            "Dropout" | "Identity" => input,
            "Dense" | "Conv1d" | "Conv2d" | "DepthwiseConv1d" | "DepthwiseConv2d" => {
                self.filters(node, path, input, wanted)
            }
            "GlobalAvgPool" if self.arrays.array(path, "mantissa").is_some() => self.mean(node, path, input),
            "MaxPool1d" | "MaxPool2d" | "AvgPool1d" | "AvgPool2d" | "GlobalMaxPool" | "GlobalAvgPool"
            | "Upsample1d" | "Upsample2d" | "Resize1d" | "Resize2d" | "ZeroPad1d" | "ZeroPad2d" | "Flatten"
            | "Reshape" | "Permute" | "Slice" => {
                let zero_point = self.arrays.integer(path, "zero_point").unwrap_or(input.zero_point);
                self.float(node, path, Signal { zero_point, ..input.clone() }, input.scale, zero_point)
            }
            "Softmax" => self.of_row(node, path, input, (1.0 / 256.0, -128)),
            "LogSoftmax" => self.of_row(node, path, input, (1.0 / 16.0, 127)),
            "PRelu" => self.prelu(node, path, input),
            "BatchNorm" | "Normalize" if self.arrays.array(path, "term").is_some() => {
                self.product_and_sum(node, path, &input, wanted)
            }
            "BatchNorm" | "Normalize" if self.arrays.array(path, "factor").is_some() => {
                self.affine(node, path, &input, wanted)
            }
            _ if self.arrays.array(path, "table").is_some() => self.table(path, &input, wanted),
            // Saturation of the layer before it, or folded into that.
            "Relu" | "Relu6" | "Clip" | "BatchNorm" => input,
            _ => {
                self.builder.refuse(node, path, NOT_EXPORTED);
                input
            }
        }
    }

    /// An operator of real numbers, whose outputs are quantized.
    fn float(&mut self, node: &Node, path: &str, input: Signal, scale: f64, zero_point: i32) -> Signal {
        let x = self.dequantize(&input);
        let y = self.builder.layer(node, path, 0, x);
        self.quantize(y, scale, zero_point)
    }

    /// A dense layer or a convolution.
    fn filters(&mut self, node: &Node, path: &str, input: Signal, wanted: Wanted) -> Signal {
        let Filters { weight, bias, factor, zero_point, clip } = self.arrays.filters(path);
        let sizes = stored_sizes(node, "weight");
        let rows: Vec<&[f64]> = weight.chunks(weight.len() / factor.len().max(1)).collect();
        let largest = |row: &[f64]| row.iter().fold(0.0, |largest: f64, weight| largest.max(weight.abs()));
        let largest = rows.iter().zip(&factor).map(|(row, factor)| factor * largest(row)).fold(0.0, f64::max);
        let scale = wanted.scale.map_or_else(|| chosen(input.scale, largest), rounded);
        // A convolution knows the zero point of its input. For a dense layer, whose bias makes up for it, any will do.
        let before = self.arrays.integer(path, "zero_point").unwrap_or(input.zero_point);
        let scales: Vec<f64> = factor.iter().map(|factor| (factor * scale / input.scale).max(SMALLEST)).collect();
        let biases: Vec<i32> = bias
            .iter()
            .zip(&rows)
            .map(|(bias, row)| (bias + f64::from(before) * row.iter().sum::<f64>()) as i32)
            .collect();
        let bytes = weight.iter().map(|&weight| weight as i8 as u8).collect();
        let mut values =
            vec![("weight", self.constants(&format!("{path}.weight"), data_type::INT8, &sizes, bytes, &scales))];
        if biases.iter().any(|&bias| bias != 0) {
            let bytes = biases.iter().flat_map(|bias| bias.to_le_bytes()).collect();
            let scales: Vec<f64> = scales.iter().map(|scale| rounded(*scale) * input.scale).collect();
            let name = format!("{path}.bias");
            values.push(("bias", self.constants(&name, data_type::INT32, &[biases.len()], bytes, &scales)));
        }
        self.builder.weights = Weights::Values(values);
        let output = self.float(node, path, Signal { zero_point: before, ..input }, scale, zero_point);
        self.clip(path, output, clip)
    }

    /// The mean of each channel, with a quantization of its own.
    fn mean(&mut self, node: &Node, path: &str, input: Signal) -> Signal {
        let scale = input.scale / (self.arrays.factor(path, "") * places(node));
        let zero_point = self.arrays.integer(path, "output.zero_point").unwrap_or(0);
        let offset = self.arrays.number(path, "offset").unwrap_or(0.0);
        let (before, _) = whole(-offset / places(node));
        let output = self.float(node, path, Signal { zero_point: before, ..input }, scale, zero_point);
        self.clip(path, output, self.arrays.clip(path, "output."))
    }

    /// Softmax and its logarithm, whose outputs have this quantization. The scale of the scores is that of the table, where
    /// it isn't nearly that of the input.
    fn of_row(&mut self, node: &Node, path: &str, input: Signal, (scale, zero_point): (f64, i32)) -> Signal {
        let own = self.arrays.scale_of_scores(path).unwrap_or(input.scale);
        let near = (own / input.scale - 1.0).abs() < 1e-4;
        let input = Signal { scale: if near { input.scale } else { own }, ..input };
        self.float(node, path, input, scale, zero_point)
    }

    /// What happens to numbers above 0 in a rectifier with slopes.
    pub(super) fn positive(&self, path: &str) -> Line {
        self.arrays
            .line(path, "positive.")
            .unwrap_or_else(|| Line { factor: self.arrays.factor(path, "positive."), offset: f64::NAN })
    }

    fn prelu(&mut self, node: &Node, path: &str, input: Signal) -> Signal {
        let before = self.arrays.integer(path, "zero_point").unwrap_or(input.zero_point);
        let positive = self.positive(path);
        let lines = self.arrays.lines(path);
        let (slopes, zero_point): (Vec<f32>, i32) = match self.arrays.integer(path, "output.zero_point") {
            Some(zero_point) => {
                let none = self.arrays.number(path, "slope_zero_point").unwrap_or(0.0);
                let unit = self.arrays.factor(path, "negative.") / positive.factor;
                let slopes = self.arrays.array(path, "slope").unwrap_or_default();
                (slopes.iter().map(|slope| ((slope - none) * unit) as f32).collect(), zero_point)
            }
            None => {
                let slopes = lines.iter().map(|line| (line.factor / positive.factor) as f32).collect();
                (slopes, whole(positive.at(before)).0)
            }
        };
        let mut sizes = vec![1; node.input.rank()];
        sizes[0] = slopes.len();
        let slopes = self.builder.reals(&format!("{path}.weight"), &sizes, &slopes);
        self.builder.weights = Weights::Values(vec![("weight", slopes)]);
        let scale = input.scale / positive.factor;
        let output = self.float(node, path, Signal { zero_point: before, ..input }, scale, zero_point);
        self.clip(path, output, self.arrays.clip(path, "output."))
    }

    /// A factor and an offset for each channel.
    fn affine(&mut self, node: &Node, path: &str, input: &Signal, wanted: Wanted) -> Signal {
        let lines = self.arrays.lines(path);
        let largest = lines.iter().fold(0.0, |largest: f64, line| largest.max(line.factor.abs()));
        let scale = wanted.scale.map_or_else(|| chosen(input.scale, largest), rounded);
        let zero_point = wanted.zero_point.unwrap_or(0);
        let factors = lines.iter().map(|line| (line.factor * scale / input.scale) as f32).collect();
        let terms = lines.iter().map(|line| ((line.at(input.zero_point) - f64::from(zero_point)) * scale) as f32);
        let terms: Vec<f32> = terms.collect();
        let x = self.dequantize(input);
        let product = self.with_channels(node, path, "Mul", (x, "weight"), factors);
        let sum = self.with_channels(node, path, "Add", (product, "bias"), terms);
        self.quantize(sum, scale, zero_point)
    }

    /// A real number for each channel.
    fn with_channels(
        &mut self,
        node: &Node,
        path: &str,
        operator: &str,
        (value, name): (String, &str),
        numbers: Vec<f32>,
    ) -> String {
        let mut channels = vec![1; node.input.rank()];
        channels[0] = numbers.len();
        let numbers = self.builder.reals(&format!("{path}.{name}"), &channels, &numbers);
        self.builder.node(path, operator, &[value, numbers], &[])
    }

    /// A product and a sum with an integer for each channel, each of which is rounded.
    fn product_and_sum(&mut self, node: &Node, path: &str, input: &Signal, wanted: Wanted) -> Signal {
        let sum = self.arrays.exact_sum(path);
        let (of_product, of_term) = (sum.factors[0], sum.factors[1]);
        let integers = |name: &str, zero_point: &str| -> Vec<f64> {
            let zero_point = self.arrays.number(path, zero_point).unwrap_or(0.0);
            let integers = self.arrays.array(path, name).unwrap_or_default();
            integers.iter().map(|integer| integer - zero_point).collect()
        };
        let (factors, terms) = (integers("factor", "factor_zero_point"), integers("term", "sum.around.zero_point"));
        let largest = factors.iter().fold(0.0, |largest: f64, factor| largest.max(factor.abs()));
        let step = self.arrays.factor(path, "scale.");
        let scale = wanted.scale.unwrap_or_else(|| chosen(input.scale, step * largest) / of_product);
        let (scale, between) = (rounded(scale), rounded(scale * of_product));
        let before = self.arrays.integer(path, "zero_point").unwrap_or(input.zero_point);
        let x = self.dequantize(&Signal { zero_point: before, ..input.clone() });
        let factors = factors.iter().map(|factor| (factor * step * between / input.scale) as f32).collect();
        let product = self.with_channels(node, path, "Mul", (x, "weight"), factors);
        let product_point = self.arrays.integer(path, "product.zero_point").unwrap_or(0);
        let product = self.quantize(product, between, product_point);
        let product = self.clip(path, product, self.arrays.clip(path, "product."));
        let product = self.dequantize(&product);
        let terms = terms.iter().map(|term| (term * of_term * scale) as f32).collect();
        let total = self.with_channels(node, path, "Add", (product, "bias"), terms);
        let zero_point = self.arrays.integer(path, "sum.output.zero_point").unwrap_or(0);
        let output = self.quantize(total, scale, zero_point);
        self.clip(path, output, sum.clip)
    }

    /// An activation: its value at each integer. The table begins at 0 and ends at −1, as indices do.
    fn table(&mut self, path: &str, input: &Signal, wanted: Wanted) -> Signal {
        let table = self.arrays.array(path, "table").unwrap_or_default();
        let bytes = table.iter().map(|&value| value as i8 as u8).collect();
        let table = self.builder.constant(&format!("{path}.table"), data_type::INT8, &[256], bytes);
        let to = [("to", Attribute::Int(data_type::INT32.into()))];
        let index = self.builder.node(path, "Cast", std::slice::from_ref(&input.name), &to);
        let name = self.builder.node(path, "Gather", &[table, index], &[("axis", Attribute::Int(0))]);
        let scale = rounded(wanted.scale.unwrap_or(1.0 / 128.0));
        Signal { name, scale, zero_point: wanted.zero_point.unwrap_or(0) }
    }
}

/// The scale of weights that are all 0, and of those that don't matter.
const SMALLEST: f64 = 1e-30;

/// The scale of outputs whose largest factor is `largest`, if nothing fixes it: a power of two times that of the input, at
/// which the largest weight is between ½ and 1.
fn chosen(input: f64, largest: f64) -> f64 {
    let power = if largest > 0.0 { (-largest.log2()).floor().clamp(-60.0, 60.0) } else { 0.0 };
    rounded(input * power.exp2())
}

/// The sizes of a layer's weights in files.
fn stored_sizes(node: &Node, name: &str) -> Vec<usize> {
    let mut sizes = Vec::new();
    node.for_each_weight(&mut |weight| {
        if weight.name.to_string() == name {
            sizes = match weight.layout {
                Layout::Transposed(shape) => shape.sizes().iter().rev().copied().collect(),
                layout => layout.shape().sizes().to_vec(),
            };
        }
    });
    sizes
}
