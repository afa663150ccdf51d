//! The graph of a network, which can be read at run time: its layers, their attributes, shapes, wiring and weights.
//!
//! [`Network::graph`](crate::Network::graph) returns the root. The graph is a constant: it needs no heap, and a program
//! that doesn't use it doesn't contain it.
//!
//! ```
//! use fnn::graph::Wiring;
//!
//! fnn::network! {
//!     struct Net: [1, 8, 8] -> [10] {
//!         conv: Conv2d(4, kernel = 3, padding = (1, 0)),
//!         Relu,
//!         Residual { Conv2d(4, kernel = 1) },
//!         Flatten,
//!         logits: Dense(10),
//!     }
//! }
//!
//! let graph = Net::graph();
//! assert_eq!(graph.kind, "Net");
//! let kinds: Vec<_> = graph.nodes().iter().map(|node| node.kind).collect();
//! assert_eq!(kinds, ["Conv2d", "Relu", "Residual", "Flatten", "Dense"]);
//!
//! let conv = graph.find("conv").unwrap();
//! assert_eq!(conv.count("filters"), Some(4));
//! assert_eq!(conv.sizes("kernel").unwrap().sizes(), [3, 3]);
//! let (before, after) = conv.ends("padding").unwrap();
//! assert_eq!((before.sizes(), after.sizes()), (&[1, 0][..], &[1, 0][..]));
//! assert_eq!(conv.output.sizes(), [4, 8, 6]);
//!
//! // A residual block is the sum of its layers and of a branch without layers, which passes its input on.
//! let Wiring::Sum(branches) = graph.find("residual_1").unwrap().wiring else { panic!("a sum") };
//! assert_eq!((branches[0].nodes().len(), branches[1].nodes().len()), (1, 0));
//!
//! let mut weights = Vec::new();
//! graph.for_each_weight(&mut |weight| weights.push((weight.name.to_string(), weight.start)));
//! assert_eq!(weights[..2], [("conv.weight".to_string(), 0), ("conv.bias".to_string(), 36)]);
//! ```

use crate::shape::Shape;
use crate::weights::layout::Layout;
pub use crate::weights::layout::Weight;
use crate::weights::name::Name;

/// A node of a graph: a layer, a block of layers, or a network.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Node {
    /// The name in the declaration, one segment of the dotted names of the weights inside. It is empty for the root,
    /// and for branches that add no segment.
    pub name: &'static str,
    /// The kind, as in a declaration; for a network, its name.
    pub kind: &'static str,
    /// The shape of one input sample. Tokens, which an `Embedding` takes, are integers.
    pub input: Shape,
    /// The shape of one output sample.
    pub output: Shape,
    /// Multiply-accumulates of one sample's forward pass.
    pub macs: u64,
    /// The weights, those of all nodes inside included.
    pub weights: Layout,
    /// What the node computes from its input.
    pub wiring: Wiring,
}

/// How a node computes its output.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Wiring {
    /// A layer of this library, with these attributes: the arguments in its declaration, defaults included.
    Layer(&'static [Attribute]),
    /// A layer of the user's own, whose formula the library doesn't know.
    Opaque,
    /// One node after the other: each takes the output of the one before it. Without any, the output is the input.
    Sequence(&'static [Node]),
    /// Branches: each takes the node's input, and the output is the sum of theirs.
    Sum(&'static [Node]),
    /// Two branches: each takes the node's input, and the output is that of the first one times that of the second one, which
    /// may be one number for each channel.
    Product(&'static [Node; 2]),
    /// Branches: each takes the node's input, and the output has the channels of theirs, one after the other.
    Concat(&'static [Node]),
}

/// An attribute of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attribute {
    /// The name of the argument in a declaration.
    pub name: &'static str,
    /// Its value, or its default.
    pub value: Value,
}

/// The value of an [`Attribute`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A number of things, such as `filters`.
    Count(usize),
    /// A size for each axis after the channels, such as `stride`.
    Sizes(Shape),
    /// Padding: for each axis after the channels, the elements before its first and after its last.
    Ends(Shape, Shape),
    /// A real number, such as `epsilon`.
    Number(f64),
    /// Whether something is there, such as `bias`.
    Switch(bool),
    /// A choice, such as `slopes = each`.
    Word(&'static str),
}

/// A node, and its position in the graph.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Visit<'a> {
    /// The node.
    pub node: &'static Node,
    /// Its dotted name.
    pub name: Name<'a>,
    /// How many nodes with names enclose it.
    pub depth: usize,
    /// The index of its first weight in [`parameters()`](crate::Parameters::parameters).
    pub start: usize,
}

impl Attribute {
    /// A number of things.
    #[must_use]
    pub const fn count(name: &'static str, count: usize) -> Self {
        Self { name, value: Value::Count(count) }
    }

    /// A size for each axis.
    #[must_use]
    pub const fn sizes(name: &'static str, sizes: Shape) -> Self {
        Self { name, value: Value::Sizes(sizes) }
    }

    /// Elements before and after each axis.
    #[must_use]
    pub const fn ends(name: &'static str, before: Shape, after: Shape) -> Self {
        Self { name, value: Value::Ends(before, after) }
    }

    /// A real number.
    #[must_use]
    pub const fn number(name: &'static str, number: f64) -> Self {
        Self { name, value: Value::Number(number) }
    }

    /// A real number, by its bits.
    pub(crate) const fn bits(name: &'static str, bits: u64) -> Self {
        Self::number(name, f64::from_bits(bits))
    }

    /// A switch.
    #[must_use]
    pub const fn switch(name: &'static str, on: bool) -> Self {
        Self { name, value: Value::Switch(on) }
    }

    /// A choice.
    #[must_use]
    pub const fn word(name: &'static str, word: &'static str) -> Self {
        Self { name, value: Value::Word(word) }
    }
}

impl Node {
    /// The same node with a name.
    #[must_use]
    pub const fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// A branch without layers, which passes on the input of `node`.
    #[must_use]
    pub const fn identity(node: &Self) -> Self {
        Self {
            name: "",
            kind: "Identity",
            input: node.input,
            output: node.input,
            macs: 0,
            weights: Layout::NOTHING,
            wiring: Wiring::Sequence(&[]),
        }
    }

    /// The nodes inside.
    #[must_use]
    pub const fn nodes(&self) -> &'static [Self] {
        match self.wiring {
            Wiring::Layer(_) | Wiring::Opaque => &[],
            Wiring::Sequence(nodes) | Wiring::Sum(nodes) | Wiring::Concat(nodes) => nodes,
            Wiring::Product(nodes) => nodes,
        }
    }

    /// The number of weights.
    #[must_use]
    pub const fn parameters(&self) -> usize {
        self.weights.length()
    }

    /// All attributes, in the order of the arguments.
    #[must_use]
    pub const fn attributes(&self) -> &'static [Attribute] {
        match self.wiring {
            Wiring::Layer(attributes) => attributes,
            _ => &[],
        }
    }

    /// The value of the attribute `name`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<Value> {
        self.attributes().iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value)
    }

    /// The attribute `name`, if it is a count.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<usize> {
        match self.attribute(name)? {
            Value::Count(count) => Some(count),
            _ => None,
        }
    }

    /// The attribute `name`, if it is a size for each axis.
    #[must_use]
    pub fn sizes(&self, name: &str) -> Option<Shape> {
        match self.attribute(name)? {
            Value::Sizes(sizes) => Some(sizes),
            _ => None,
        }
    }

    /// The attribute `name`, if it is padding: the elements before each axis, and those after each.
    #[must_use]
    pub fn ends(&self, name: &str) -> Option<(Shape, Shape)> {
        match self.attribute(name)? {
            Value::Ends(before, after) => Some((before, after)),
            _ => None,
        }
    }

    /// The attribute `name`, if it is a real number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.attribute(name)? {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The attribute `name`, if it is a switch.
    #[must_use]
    pub fn switch(&self, name: &str) -> Option<bool> {
        match self.attribute(name)? {
            Value::Switch(on) => Some(on),
            _ => None,
        }
    }

    /// The attribute `name`, if it is a choice.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<&'static str> {
        match self.attribute(name)? {
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The node inside with this dotted name, such as `encoder.conv1`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static Self> {
        self.nodes().iter().find_map(|node| {
            if node.name.is_empty() {
                return node.find(name);
            }
            match name.strip_prefix(node.name)? {
                "" => Some(node),
                rest => node.find(rest.strip_prefix('.')?),
            }
        })
    }

    /// Visits this node and all nodes inside, each before those inside it, in the order of their weights.
    pub fn for_each(&'static self, visitor: &mut dyn FnMut(Visit<'_>)) {
        Visit { node: self, name: Name::ROOT, depth: 0, start: 0 }.walk(visitor);
    }

    /// Visits all arrays of weights, in the order of [`parameters()`](crate::Parameters::parameters).
    pub fn for_each_weight(&self, visitor: &mut dyn FnMut(Weight<'_>)) {
        self.weights.for_each(Name::ROOT, 0, visitor);
    }
}

impl Visit<'_> {
    /// Visits this node and all inside.
    fn walk(self, visitor: &mut dyn FnMut(Visit<'_>)) {
        visitor(self);
        let mut start = self.start;
        for node in self.node.nodes() {
            let inside = if node.name.is_empty() {
                Visit { node, start, ..self }
            } else {
                Visit { node, name: self.name.field(node.name), depth: self.depth + 1, start }
            };
            inside.walk(visitor);
            start += node.parameters();
        }
    }

    /// Visits the node's arrays of weights, with their dotted names and positions in the whole graph.
    pub fn for_each_weight(&self, visitor: &mut dyn FnMut(Weight<'_>)) {
        self.node.weights.for_each(self.name, self.start, visitor);
    }
}
