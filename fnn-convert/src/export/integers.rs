//! Int8 networks in ONNX: operators of real numbers between `DequantizeLinear` and `QuantizeLinear`.
//!
//! An int8 network has the quantization of its input and its output, and factors in between: no integer depends on the scale
//! of a value that is neither. Where the layers behind such a value fix its scale, as sums, softmax and the output do, it is
//! that one ([`scales`]), and otherwise one at which the largest weight of its layer is between ½ and 1.

mod arrays;
mod layers;
mod scales;
#[cfg(test)]
mod tests;

use fnn::graph::{Node, Wiring};
use fnn::quantized::{Arithmetic, QuantizedLayer, QuantizedNetwork};

use self::arrays::{Arrays, Clip, Product};
use self::scales::Wanted;
use super::{Attribute, Builder, OWN_LAYER, Weights, inside};
use crate::error::{Error, Refusal};
use crate::onnx::proto::data_type;

/// 8-bit integers, and the real numbers that they stand for.
#[derive(Clone)]
struct Signal {
    name: String,
    scale: f64,
    zero_point: i32,
}

/// What is written, and the int8 network's arrays.
struct Exporter<'a> {
    builder: Builder<'a>,
    arrays: Arrays,
}

/// An int8 network as a model.
pub(super) fn model<L: QuantizedLayer, A: Arithmetic>(network: &QuantizedNetwork<L, A>) -> Result<Vec<u8>, Error> {
    let Some(graph) = L::GRAPH else {
        let operator = std::any::type_name::<L>().into();
        let reason = "it is a layer by itself: declare a network of it".into();
        return Err(Error::Refused {
            path: "layer".into(),
            refusals: vec![Refusal { node: String::new(), operator, reason }],
        });
    };
    let arrays = Arrays::of(&network.layers);
    let mut exporter = Exporter { builder: Builder::new(Weights::Values(Vec::new())), arrays };
    let (input, output) = (network.input, network.output);
    let wanted = Wanted { scale: Some(output.scale.into()), zero_point: Some(output.zero_point) };
    let given = exporter.quantize("input".into(), input.scale.into(), input.zero_point);
    let last = exporter.add(graph, "", given, wanted);
    exporter.dequantize(&Signal { scale: output.scale.into(), zero_point: output.zero_point, ..last });
    exporter.builder.finish(graph, data_type::FLOAT)
}

impl Exporter<'_> {
    /// Append a node of the network, whose dotted name is `path`. Returns its output.
    fn add(&mut self, node: &'static Node, path: &str, input: Signal, wanted: Wanted) -> Signal {
        match node.wiring {
            Wiring::Sequence(nodes) => {
                let wanted = self.wanted_between(nodes, path, wanted);
                let layers = nodes.iter().zip(wanted);
                layers.fold(input, |value, (layer, wanted)| self.add(layer, &inside(path, layer), value, wanted))
            }
            Wiring::Sum(_) => self.sum(node, path, &input, wanted),
            Wiring::Product(nodes) => self.product(nodes, path, &input, wanted),
            Wiring::Concat([first, second]) => self.concat([first, second], path, &input, wanted),
            Wiring::Layer(_) => self.layer(node, path, input, wanted),
            _ => {
                self.builder.refuse(node, path, OWN_LAYER);
                input
            }
        }
    }

    /// The sum of branches of the input.
    fn sum(&mut self, node: &'static Node, path: &str, input: &Signal, wanted: Wanted) -> Signal {
        let branches = added(node, path);
        let sum = self.arrays.sum(path, branches.len());
        let scale = self.joined_scale(&branches, &sum.factors).map(|ratio| ratio * input.scale);
        let scale = rounded(scale.or(wanted.scale).unwrap_or(input.scale));
        let mut zero_point = sum.offset;
        let terms = branches.iter().zip(sum.factors).map(|((branch, path), factor)| {
            let wanted = Wanted { scale: Some(scale * factor), zero_point: None };
            let output = self.add(branch, path, input.clone(), wanted);
            zero_point += factor * f64::from(output.zero_point);
            self.dequantize(&Signal { scale: scale * factor, ..output })
        });
        let terms: Vec<String> = terms.collect();
        let operator = if terms.len() == 2 { "Add" } else { "Sum" };
        let sum_of_terms = self.builder.node(path, operator, &terms, &[]);
        let (zero_point, rest) = whole(zero_point);
        let total = self.plus(path, sum_of_terms, rest * scale);
        let output = self.quantize(total, scale, zero_point);
        self.clip(path, output, sum.clip)
    }

    /// The product of two branches of the input. Of the scales of both, only the product is known.
    fn product(&mut self, branches: &'static [Node; 2], path: &str, input: &Signal, wanted: Wanted) -> Signal {
        let Product { zero_points, factor, zero_point, clip } = self.arrays.product(path);
        let scale = rounded(wanted.scale.unwrap_or(input.scale));
        let of_second = 2f64.powi(-7);
        let scales = [factor * scale / of_second, of_second];
        let values = [0, 1].map(|index| {
            let (scale, zero_point) = (scales[index], zero_points[index]);
            let wanted = Wanted { scale: Some(scale), zero_point: Some(zero_point) };
            let output = self.add(&branches[index], &inside(path, &branches[index]), input.clone(), wanted);
            self.dequantize(&Signal { scale, zero_point, ..output })
        });
        let product = self.builder.product(branches, path, values);
        let output = self.quantize(product, scale, zero_point);
        self.clip(path, output, clip)
    }

    /// The channels of two branches of the input.
    fn concat(&mut self, branches: [&'static Node; 2], path: &str, input: &Signal, wanted: Wanted) -> Signal {
        let lines = self.arrays.branches(path);
        let named = branches.map(|branch| (branch, inside(path, branch)));
        let scale = self.joined_scale(&named, &lines.map(|line| line.factor)).map(|ratio| ratio * input.scale);
        let scale = rounded(scale.or(wanted.scale).unwrap_or(input.scale));
        let outputs = [0, 1].map(|index| {
            let wanted = Wanted { scale: Some(scale * lines[index].factor), zero_point: None };
            self.add(branches[index], &inside(path, branches[index]), input.clone(), wanted)
        });
        // A branch whose zero point is known has a whole one here.
        let zero_points = [0, 1].map(|branch| whole(lines[branch].at(outputs[branch].zero_point)));
        let known = zero_points.iter().find(|(_, rest)| *rest == 0.0).or(zero_points.first());
        let zero_point = known.map_or(0, |(zero_point, _)| *zero_point);
        let parts = [0, 1].map(|branch| {
            let (line, output) = (lines[branch], outputs[branch].clone());
            let (own, _) = whole((f64::from(zero_point) - line.offset) / line.factor);
            let part = self.dequantize(&Signal { scale: scale * line.factor, zero_point: own, ..output });
            let rest = line.at(own) - f64::from(zero_point);
            self.plus(path, part, if rest.abs() < NOTHING { 0.0 } else { rest * scale })
        });
        let joined = self.builder.node(path, "Concat", &parts, &[("axis", Attribute::Int(1))]);
        self.quantize(joined, scale, zero_point)
    }

    /// The sum with a number.
    fn plus(&mut self, path: &str, value: String, term: f64) -> String {
        if term == 0.0 {
            return value;
        }
        let term = self.builder.number(term);
        self.builder.node(path, "Add", &[value, term], &[])
    }

    /// The integers for real numbers.
    fn quantize(&mut self, value: String, scale: f64, zero_point: i32) -> Signal {
        let scale = rounded(scale);
        let constants = [self.builder.number(scale), self.integer(zero_point)];
        let inputs: Vec<String> = [value].into_iter().chain(constants).collect();
        let name = self.builder.node("", "QuantizeLinear", &inputs, &[]);
        Signal { name, scale, zero_point }
    }

    /// The real numbers of integers.
    fn dequantize(&mut self, signal: &Signal) -> String {
        let inputs = [signal.name.clone(), self.builder.number(signal.scale), self.integer(signal.zero_point)];
        self.builder.node("", "DequantizeLinear", &inputs, &[])
    }

    /// The real numbers of constant integers, which have a scale for each of the first axis.
    fn constants(&mut self, name: &str, data_type: i32, sizes: &[usize], bytes: Vec<u8>, scales: &[f64]) -> String {
        let integers = self.builder.constant(&format!("{name}.integers"), data_type, sizes, bytes);
        let scales: Vec<f32> = scales.iter().map(|&scale| scale as f32).collect();
        let scales = self.builder.reals(&format!("{name}.scale"), &[scales.len()], &scales);
        self.builder.node("", "DequantizeLinear", &[integers, scales], &[("axis", Attribute::Int(0))])
    }

    /// A zero point, as a constant without a name of its own.
    fn integer(&mut self, integer: i32) -> String {
        self.builder.made += 1;
        let name = format!("zero_point_{}", self.builder.made);
        self.builder.constant(&name, data_type::INT8, &[], vec![integer.clamp(-128, 127) as u8])
    }

    /// Integers that an activation saturates before the ends of their range.
    fn clip(&mut self, path: &str, signal: Signal, Clip { low, high }: Clip) -> Signal {
        if low <= -128.0 && high >= 127.0 {
            return signal;
        }
        let value = self.dequantize(&signal);
        let bound = |integer: f64| (integer - f64::from(signal.zero_point)) * signal.scale;
        let bounds = [self.builder.number(bound(low)), self.builder.number(bound(high))];
        let inputs: Vec<String> = [value].into_iter().chain(bounds).collect();
        let clipped = self.builder.node(path, "Clip", &inputs, &[]);
        self.quantize(clipped, signal.scale, signal.zero_point)
    }
}

/// The branches of a sum, and of a sum in the second one's place, with their dotted names.
fn added(sum: &'static Node, path: &str) -> Vec<(&'static Node, String)> {
    let branch = |branch: &'static Node| match branch.wiring {
        Wiring::Sum(_) => added(branch, &inside(path, branch)),
        _ => vec![(branch, inside(path, branch))],
    };
    sum.nodes().iter().flat_map(branch).collect()
}

/// What rounding may leave of 0, in steps.
const NOTHING: f64 = 1e-6;

/// A zero point, and what is left of the number that it is the nearest to.
fn whole(zero_point: f64) -> (i32, f64) {
    let nearest = zero_point.round().clamp(-128.0, 127.0);
    let rest = zero_point - nearest;
    (nearest as i32, if rest.abs() < NOTHING { 0.0 } else { rest })
}

/// As the file has it.
fn rounded(scale: f64) -> f64 {
    f64::from(scale as f32)
}
