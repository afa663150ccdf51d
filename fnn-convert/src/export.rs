//! Networks as ONNX files.

mod integers;
mod layers;

use fnn::Network;
use fnn::graph::{Node, Wiring};
use fnn::quantized::{Arithmetic, QuantizedLayer, QuantizedNetwork};
use fnn::weights::Layout;
use prost::Message;

use crate::error::{Error, Refusal};
use crate::onnx::proto::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, attribute_type, data_type,
};

/// The version of the operators that are written: old enough for any run time, and with `LayerNormalization`.
const OPSET: i64 = 17;
/// The version of the file format that belongs to it.
const IR_VERSION: i64 = 8;
/// Why a layer of one's own is refused.
const OWN_LAYER: &str = "it is a custom layer, whose formula isn't known";
/// Why a layer of the library is refused, if it is.
const NOT_EXPORTED: &str = "it cannot be exported to ONNX";

/// Networks in floats, for [`ToOnnx`].
#[derive(Clone, Copy, Debug)]
pub enum InFloats {}

/// Int8 networks, for [`ToOnnx`].
#[derive(Clone, Copy, Debug)]
pub enum InIntegers {}

/// Writes a network as an ONNX file: a network in floats, or an int8 network. Which of both it is, rustc finds out.
pub trait ToOnnx<Numbers = InFloats> {
    /// The network as the bytes of an ONNX file, for a batch of any size: the input is `input`, the output `output`, both
    /// are real numbers, but tokens are 64-bit integers, and weights have the names that they have in
    /// [`save`](Network::save).
    ///
    /// Operators are those of opset 17. Dropout is left out, since the file is for inference; an activation that ONNX
    /// lacks is written as others, such as SiLU as `x · sigmoid(x)`.
    ///
    /// An int8 network ([`Quantized`](fnn::Quantized)) is written in QDQ form: operators of real numbers between
    /// `DequantizeLinear` and `QuantizeLinear`, with the network's 8-bit weights and a scale for each output. ONNX Runtime
    /// computes the same integers, but where a number lies within the rounding of a 32-bit float between two. An
    /// activation that is neither saturation nor `PRelu` is a table, `Gather`. The scale of values between two layers
    /// isn't part of an int8 network, and no integer depends on it: if the layers behind don't fix it, the largest weight
    /// of the layer is between ½ and 1.
    ///
    /// # Errors
    /// If the network has layers of a type of one's own, whose formula the library doesn't know, or average pools with a
    /// dilation, which opset 17 lacks: all of them at once. If an int8 network is a layer by itself.
    ///
    /// ```
    /// use fnn_convert::ToOnnx;
    ///
    /// fnn::network! {
    ///     #[quantizable]
    ///     struct Digits: [1, 8, 8] -> [10] {
    ///         conv: Conv2d(4, kernel = 3),
    ///         Relu,
    ///         Flatten,
    ///         logits: Dense(10),
    ///     }
    /// }
    ///
    /// let network = Digits::seeded(1);
    /// let file: Vec<u8> = network.to_onnx()?;
    /// let in_int8: Vec<u8> = network.quantize(&[[[[0.5; 8]; 8]]])?.to_onnx()?;
    /// # let _ = (file, in_int8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn to_onnx(&self) -> Result<Vec<u8>, Error>;
}

impl<N: Network<Scalar = f32>> ToOnnx<InFloats> for N {
    fn to_onnx(&self) -> Result<Vec<u8>, Error> {
        let graph = N::graph();
        let mut builder = Builder::new(Weights::Reals(self.parameters()));
        let tokens = first_layer(graph).is_some_and(|node| node.kind == "Embedding");
        let output = builder.add(graph, "", 0, "input".into());
        if output == "input" {
            // A network without nodes.
            builder.node("", "Identity", &[output], &[]);
        }
        builder.finish(graph, if tokens { data_type::INT64 } else { data_type::FLOAT })
    }
}

impl<L: QuantizedLayer, A: Arithmetic> ToOnnx<InIntegers> for QuantizedNetwork<L, A> {
    fn to_onnx(&self) -> Result<Vec<u8>, Error> {
        integers::model(self)
    }
}

/// The first layer of a network.
fn first_layer(node: &'static Node) -> Option<&'static Node> {
    match node.wiring {
        Wiring::Sequence(nodes) => nodes.first().and_then(first_layer),
        Wiring::Layer(_) => Some(node),
        _ => None,
    }
}

/// A tensor whose first size is the batch.
fn value_info(name: &str, elem_type: i32, sizes: &[usize]) -> ValueInfoProto {
    let batch = DimensionProto { dim_value: None, dim_param: Some("N".into()) };
    let size = |&size: &usize| DimensionProto { dim_value: i64::try_from(size).ok(), dim_param: None };
    let dim = std::iter::once(batch).chain(sizes.iter().map(size)).collect();
    let tensor_type = Some(TensorTypeProto { elem_type, shape: Some(TensorShapeProto { dim }) });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

/// Where the weights of layers are.
enum Weights<'a> {
    /// All weights of a network in floats.
    Reals(&'a [f32]),
    /// Values of the graph, by the names of the weights in the layer that is being written.
    Values(Vec<(&'static str, String)>),
}

/// A graph that gets nodes.
struct Builder<'a> {
    weights: Weights<'a>,
    graph: GraphProto,
    refusals: Vec<Refusal>,
    /// The number of values without a name of their own.
    made: usize,
}

/// An attribute's value.
enum Attribute<'a> {
    Float(f64),
    Int(i64),
    Ints(Vec<i64>),
    Text(&'a str),
}

/// The dotted name of a node inside the node `path`.
fn inside(path: &str, node: &Node) -> String {
    match (path, node.name) {
        (path, "") => path.to_string(),
        ("", name) => name.to_string(),
        (path, name) => format!("{path}.{name}"),
    }
}

impl<'a> Builder<'a> {
    fn new(weights: Weights<'a>) -> Self {
        Self { weights, graph: GraphProto::default(), refusals: Vec::new(), made: 0 }
    }

    /// The bytes of the file. The output is that of the last node.
    fn finish(mut self, graph: &Node, elements: i32) -> Result<Vec<u8>, Error> {
        if !self.refusals.is_empty() {
            return Err(Error::Refused { path: graph.kind.into(), refusals: self.refusals });
        }
        if let Some(last) = self.graph.node.last_mut() {
            last.output = vec!["output".into()];
        }
        self.graph.name = graph.kind.into();
        self.graph.input = vec![value_info("input", elements, graph.input.sizes())];
        self.graph.output = vec![value_info("output", data_type::FLOAT, graph.output.sizes())];
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: env!("CARGO_PKG_NAME").into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        };
        Ok(model.encode_to_vec())
    }

    /// Append a node of the network, whose weights begin at `start` and whose dotted name is `path`. Returns its output.
    fn add(&mut self, node: &'static Node, path: &str, start: usize, input: String) -> String {
        let mut at = start;
        let mut add = |builder: &mut Self, branch: &'static Node| {
            let output = builder.add(branch, &inside(path, branch), at, input.clone());
            at += branch.parameters();
            output
        };
        match node.wiring {
            Wiring::Sequence(nodes) => {
                let mut value = input.clone();
                for layer in nodes {
                    value = self.add(layer, &inside(path, layer), at, value);
                    at += layer.parameters();
                }
                value
            }
            Wiring::Sum(nodes) => {
                let values: Vec<_> = nodes.iter().map(|branch| add(self, branch)).collect();
                let sum = values.into_iter().reduce(|one, other| self.node(path, "Add", &[one, other], &[]));
                sum.unwrap_or(input)
            }
            Wiring::Product(nodes) => {
                let values = nodes.each_ref().map(|branch| add(self, branch));
                self.product(nodes, path, values)
            }
            Wiring::Concat(nodes) => {
                let values: Vec<_> = nodes.iter().map(|branch| add(self, branch)).collect();
                self.node(path, "Concat", &values, &[("axis", Attribute::Int(1))])
            }
            Wiring::Layer(_) => self.layer(node, path, start, input),
            _ => {
                self.refuse(node, path, OWN_LAYER);
                input
            }
        }
    }

    /// The product of two branches' outputs: that of the second one has as many axes as the other one before.
    fn product(&mut self, branches: &[Node; 2], path: &str, [first, mut second]: [String; 2]) -> String {
        let [whole, factors] = branches.each_ref().map(|branch| branch.output.sizes().len());
        if factors < whole {
            // Behind the batch and the channels.
            let axes: Vec<i64> = (2..=whole as i64).collect();
            let axes = self.list(&axes);
            second = self.node(path, "Unsqueeze", &[second, axes], &[]);
        }
        self.node(path, "Mul", &[first, second], &[])
    }

    /// Note why a node of the network can't be written.
    fn refuse(&mut self, node: &Node, path: &str, reason: &str) {
        let refusal = Refusal { node: path.into(), operator: node.kind.into(), reason: reason.into() };
        self.refusals.push(refusal);
    }

    /// Append a node of ONNX. Returns its output.
    fn node(&mut self, path: &str, operator: &str, inputs: &[String], attributes: &[(&str, Attribute<'_>)]) -> String {
        self.made += 1;
        let output = format!("{operator}_{}", self.made).to_lowercase();
        let attribute = |(name, value): &(&str, Attribute<'_>)| {
            let mut proto = AttributeProto { name: (*name).into(), ..AttributeProto::default() };
            match value {
                Attribute::Float(value) => (proto.f, proto.r#type) = (Some(*value as f32), attribute_type::FLOAT),
                Attribute::Int(value) => (proto.i, proto.r#type) = (Some(*value), attribute_type::INT),
                Attribute::Ints(values) => (proto.ints, proto.r#type) = (values.clone(), attribute_type::INTS),
                Attribute::Text(text) => {
                    (proto.s, proto.r#type) = (Some(text.as_bytes().to_vec()), attribute_type::STRING)
                }
            }
            proto
        };
        self.graph.node.push(NodeProto {
            input: inputs.to_vec(),
            output: vec![output.clone()],
            name: format!("/{}/{operator}_{}", path.replace('.', "/"), self.made).replace("//", "/"),
            op_type: operator.into(),
            attribute: attributes.iter().map(attribute).collect(),
            domain: String::new(),
        });
        output
    }

    /// Append constants of a type, as little-endian bytes.
    fn constant(&mut self, name: &str, data_type: i32, sizes: &[usize], raw_data: Vec<u8>) -> String {
        let dims = sizes.iter().map(|&size| size as i64).collect();
        self.graph.initializer.push(TensorProto {
            dims,
            data_type,
            name: name.into(),
            raw_data,
            ..TensorProto::default()
        });
        name.to_string()
    }

    /// A constant of reals.
    fn reals(&mut self, name: &str, sizes: &[usize], reals: &[f32]) -> String {
        self.constant(name, data_type::FLOAT, sizes, reals.iter().flat_map(|real| real.to_le_bytes()).collect())
    }

    /// A single number, without a name of its own.
    fn number(&mut self, number: f64) -> String {
        self.made += 1;
        let name = format!("number_{}", self.made);
        self.reals(&name, &[], &[number as f32])
    }

    /// A list of sizes, without a name of its own.
    fn list(&mut self, integers: &[i64]) -> String {
        self.made += 1;
        let name = format!("sizes_{}", self.made);
        let bytes = integers.iter().flat_map(|integer| integer.to_le_bytes()).collect();
        self.constant(&name, data_type::INT64, &[integers.len()], bytes)
    }

    /// The array of weights of a layer that has this name, in the layout of files; none if it is empty. `sizes`, if given, is its
    /// shape in the file.
    fn weight(&mut self, node: &Node, path: &str, start: usize, name: &str, sizes: Option<&[usize]>) -> Option<String> {
        let parameters = match &self.weights {
            Weights::Reals(parameters) => *parameters,
            Weights::Values(values) => {
                let value = values.iter().find(|(given, _)| *given == name);
                return value.map(|(_, value)| value.clone());
            }
        };
        let mut found = None;
        node.for_each_weight(&mut |weight| {
            if weight.name.to_string() == name {
                found = Some((weight.layout, start + weight.start));
            }
        });
        let (layout, start) = found?;
        let numbers = parameters.get(start..start + layout.length()).filter(|numbers| !numbers.is_empty())?;
        let name = format!("{path}.{name}");
        match layout {
            Layout::Transposed(shape) => {
                let (rows, columns) = (shape.size(0), shape.size(1));
                let transposed: Vec<f32> =
                    (0..columns).flat_map(|column| (0..rows).map(move |row| numbers[row * columns + column])).collect();
                Some(self.reals(&name, &[columns, rows], &transposed))
            }
            Layout::Array(shape) => {
                let sizes = sizes.map_or_else(|| shape.sizes().to_vec(), <[usize]>::to_vec);
                Some(self.reals(&name, &sizes, numbers))
            }
            _ => None,
        }
    }
}
