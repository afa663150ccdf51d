//! A graph as the layers of a declaration: sequences and blocks, with names.

mod blocks;
mod kinds;
mod names;

use crate::error::Refusal;
use crate::graph::{Graph, Rounding, ValueId};
use crate::tensor::{Numbers, Quantization, Tensor};

/// What `network!` declares, and the weights.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The name of the network.
    pub name: String,
    /// The shape of the input.
    pub input: Vec<usize>,
    /// The shape of the output.
    pub output: Vec<usize>,
    /// The layers, in order.
    pub layers: Vec<Layer>,
    /// What the model was made in, and what differs from it.
    pub comments: Vec<String>,
    /// Whether it is declared as `#[quantizable]`. A quantized model always is.
    pub quantizable: bool,
    /// Whether a `static` with the weights is written behind it.
    pub embedded: bool,
    /// What the integers of the input and of the output stand for, in an int8 model.
    pub quantization: Option<[Quantization; 2]>,
    /// How an int8 model rounds.
    pub rounding: Rounding,
}

/// A layer of a [`Declaration`].
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Its name, if it is written.
    pub name: Option<String>,
    /// The name that its weights have, written or not.
    pub field: String,
    /// What it is.
    pub content: Content,
    /// The operator of the model that it comes from.
    pub origin: String,
    /// The shape that it gives.
    pub output: Vec<usize>,
    /// The arrays of its int8 form, with their names, in a quantized model.
    pub integers: Vec<(String, Tensor)>,
    /// The path of its name in the model, segment by segment.
    path: Vec<String>,
}

/// What a layer is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A kind with its arguments, as it is written: `Conv2d(6, kernel = 5)`.
    Kind {
        /// The text.
        written: String,
        /// Its weights, with their names in memory order.
        weights: Vec<(&'static str, Weight)>,
    },
    /// A block.
    Block {
        /// Which one.
        block: Block,
        /// Its branches; of a residual block, only its layers.
        branches: Vec<Vec<Layer>>,
    },
}

/// A kind of block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Layers with their input added to their output.
    Residual,
    /// The sum of branches.
    Sum,
    /// The product of two branches.
    Product,
    /// Branches one after the other.
    Concat,
}

/// The weights of a layer under one name.
#[derive(Clone, Debug, PartialEq)]
pub enum Weight {
    /// An array, in the order of the file.
    Array(Tensor),
    /// The number of batches that a batch norm has seen.
    Count,
}

impl Weight {
    /// How many numbers it is.
    #[must_use]
    pub fn numbers(&self) -> usize {
        match self {
            Self::Array(tensor) => tensor.numbers.len(),
            Self::Count => 1,
        }
    }
}

impl Declaration {
    /// The declaration of a graph as a network of this name.
    ///
    /// # Errors
    /// If branches of the graph don't nest, or use layers that can't be declared, or weights are NaN or infinite: all of them
    /// at once.
    pub fn new(graph: &Graph, name: &str) -> Result<Self, Vec<Refusal>> {
        let mut layers = blocks::layers(graph)?;
        names::assign(&mut layers);
        let refusals = not_finite(&layers);
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let mut comments = vec![graph.origin.clone()];
        let order = |what: &str, axes: &[usize]| {
            let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
            format!("Its {what} is channels first: the model's with its axes in the order {}.", axes.join(", "))
        };
        comments.extend(graph.input_axes.as_deref().map(|axes| order("input", axes)));
        comments.extend(graph.output_axes.as_deref().map(|axes| order("output", axes)));
        comments.extend(graph.notes.iter().cloned());
        let (input, output) = (graph.shape(graph.input).to_vec(), graph.shape(graph.output).to_vec());
        let of = |value: ValueId| graph.values[value.0].quantization.clone();
        let quantization = of(graph.input).zip(of(graph.output)).map(|(input, output)| [input, output]);
        Ok(Self {
            quantizable: false,
            embedded: false,
            name: name.to_string(),
            input,
            output,
            layers,
            comments,
            quantization,
            rounding: graph.rounding,
        })
    }

    /// All arrays of weights with their dotted names, in memory order.
    #[must_use]
    pub fn weights(&self) -> Vec<(String, &Weight)> {
        weights(&self.layers)
    }

    /// The arrays of the int8 network with their dotted names, if the model is one.
    #[must_use]
    pub fn integers(&self) -> Option<Vec<(String, Tensor)>> {
        let number = |numbers| Tensor { shape: Vec::new(), numbers, quantization: None };
        let mut arrays = Vec::new();
        for (name, quantization) in ["network-input", "network-output"].iter().zip(self.quantization.as_ref()?) {
            let (scale, zero_point) = (quantization.scales.first()?, quantization.zero_points.first()?);
            arrays.push((format!("{name}.scale"), number(Numbers::F32(vec![*scale]))));
            arrays.push((format!("{name}.zero_point"), number(Numbers::I32(vec![*zero_point]))));
        }
        for_each(&self.layers, "", &mut |field, layer| {
            arrays.extend(layer.integers.iter().map(|(name, array)| (format!("{field}{name}"), array.clone())));
        });
        Some(arrays)
    }
}

/// All arrays of weights with their dotted names, in memory order.
fn weights(layers: &[Layer]) -> Vec<(String, &Weight)> {
    let mut weights = Vec::new();
    for_each(layers, "", &mut |field, layer| {
        if let Content::Kind { weights: own, .. } = &layer.content {
            weights.extend(own.iter().map(|(name, weight)| (format!("{field}{name}"), weight)));
        }
    });
    weights
}

/// The arrays with weights that are NaN or infinite, which `load` refuses.
fn not_finite(layers: &[Layer]) -> Vec<Refusal> {
    let refusal = |(name, weight): (String, &Weight)| {
        let Weight::Array(tensor) = weight else { return None };
        let reals = tensor.as_reals()?;
        let index = reals.iter().position(|real| !real.is_finite())?;
        let reason = format!("its number {index} of {} is {}", reals.len(), reals[index]);
        Some(Refusal { node: name, operator: "the weight".into(), reason })
    };
    weights(layers).into_iter().filter_map(refusal).collect()
}

/// Visit all layers, blocks before those inside, each with its dotted name and a dot.
fn for_each<'a>(layers: &'a [Layer], prefix: &str, visitor: &mut dyn FnMut(&str, &'a Layer)) {
    for layer in layers {
        let field = format!("{prefix}{}.", layer.field);
        visitor(&field, layer);
        if let Content::Block { block, branches } = &layer.content {
            for (index, branch) in branches.iter().enumerate() {
                for_each(branch, &format!("{field}{}", block.prefix(index, branches.len())), visitor);
            }
        }
    }
}

impl Block {
    /// Its name in declarations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Residual => "Residual",
            Self::Sum => "Sum",
            Self::Product => "Product",
            Self::Concat => "Concat",
        }
    }

    /// What comes before the names of weights in a branch: the later ones form a block of their own, inside the second.
    fn prefix(self, index: usize, count: usize) -> String {
        if self == Self::Residual {
            return String::new();
        }
        // The last two branches are the innermost pair.
        let (depth, last) = if index + 1 == count { (count - 2, "second.") } else { (index, "first.") };
        format!("{}{last}", "second.".repeat(depth))
    }
}
