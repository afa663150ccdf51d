//! Blocks, which take layers in braces. `shapes` handles those.

use super::{Documentation, Example, Int8, Outputs, Role};

/// What a block does with the layers in its braces.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Combination {
    /// Adds its input to their output; or adds two branches.
    Shortcut,
    /// Adds the outputs of branches.
    Sum,
    /// Multiplies the outputs of two branches.
    Product,
    /// Concatenates the outputs of branches.
    Concat,
}

/// A kind of block.
pub(crate) struct Block {
    pub(crate) name: &'static str,
    pub(crate) combination: Combination,
    /// How it is written, for messages, and the name of what is in its braces.
    pub(crate) written: &'static str,
    pub(crate) braces: &'static str,
    pub(crate) synonyms: &'static [&'static str],
    pub(crate) example: Example,
    pub(crate) documentation: Documentation,
    pub(crate) role: Role,
    pub(crate) int8: Int8,
}

/// All blocks.
pub(crate) static BLOCKS: &[&Block] = &[&RESIDUAL, &SUM, &PRODUCT, &CONCAT];

/// Layers with their input added to their output.
pub(crate) static RESIDUAL: Block = Block {
    name: "Residual",
    combination: Combination::Shortcut,
    written: "Residual { Dense(64), Relu, Dense(64) }",
    braces: "layers",
    synonyms: &["Skip"],
    example: Example { layer: "Residual { Dense(6), Tanh, Dense(4) }", input: "[4]", weights: 30 + 28, macs: 48 },
    documentation: Documentation {
        name: "[`Residual { … }`](crate::layers::Residual)",
        takes: "any",
        gives: "the same",
        arguments: "layers whose output has the shape of their input",
        weights: "those inside",
        macs: "those inside",
    },
    role: Role::Sum,
    int8: Int8::Layer(Outputs::Sums),
};

/// Branches whose outputs are added.
pub(crate) static SUM: Block = Block {
    name: "Sum",
    combination: Combination::Sum,
    written: "Sum { { Dense(8) }, { Dense(8), Relu } }",
    braces: "branches",
    synonyms: &["Add"],
    example: Example {
        layer: "Sum { { Dense(6), Tanh, Dense(4) }, { Dense(4) }, {} }",
        input: "[4]",
        weights: 30 + 28 + 20,
        macs: 24 + 24 + 16,
    },
    documentation: Documentation {
        name: "[`Sum { { … }, { … } }`](crate::layers::Sum)",
        takes: "any",
        gives: "the shape of all branches",
        arguments: "two or more branches; an empty one passes its input on; two can also be written as \
                    `Residual { { … }, { … } }`, the second being the shortcut",
        weights: "those inside",
        macs: "those inside",
    },
    role: Role::Sum,
    int8: Int8::Layer(Outputs::Sums),
};

/// Two branches whose outputs are multiplied.
pub(crate) static PRODUCT: Block = Block {
    name: "Product",
    combination: Combination::Product,
    written: "Product { {}, { Dense(8), Sigmoid } }",
    braces: "branches",
    synonyms: &["Mul", "Multiply", "Gate", "Glu", "SqueezeExcite", "SqueezeExcitation"],
    example: Example {
        layer: "Product { { Conv1d(3, kernel = 1), Tanh }, { GlobalAvgPool, Dense(3), Sigmoid } }",
        input: "[2, 4]",
        weights: 9 + 9,
        macs: 24 + 6,
    },
    documentation: Documentation {
        name: "[`Product { { … }, { … } }`](crate::layers::Product)",
        takes: "any",
        gives: "the shape of the first branch",
        arguments: "two branches; the second one's shape is the first one's, or its channels alone; an empty one passes \
                    its input on",
        weights: "those inside",
        macs: "those inside",
    },
    role: Role::Other,
    int8: Int8::Layer(Outputs::Sums),
};

/// Branches whose outputs are concatenated.
pub(crate) static CONCAT: Block = Block {
    name: "Concat",
    combination: Combination::Concat,
    written: "Concat { { Dense(8) }, { Dense(4), Relu } }",
    braces: "branches",
    synonyms: &["Concatenate"],
    example: Example {
        layer: "Concat { { Dense(2), Tanh }, { Dense(3) }, {} }",
        input: "[4]",
        weights: 10 + 15,
        macs: 8 + 12,
    },
    documentation: Documentation {
        name: "[`Concat { { … }, { … } }`](crate::layers::Concat)",
        takes: "any",
        gives: "the channels of all branches",
        arguments: "two or more branches that differ in their channels only; an empty one passes its input on",
        weights: "those inside",
        macs: "those inside",
    },
    role: Role::Other,
    int8: Int8::Layer(Outputs::Sums),
};
