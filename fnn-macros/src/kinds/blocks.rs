//! Blocks, which take layers in braces. `shapes` handles those.

use super::{Documentation, Example, Int8, Outputs};

/// A kind of block.
pub(crate) struct Block {
    pub(crate) name: &'static str,
    /// The library's layer.
    pub(crate) layer: &'static str,
    pub(crate) synonyms: &'static [&'static str],
    pub(crate) example: Example,
    pub(crate) documentation: Documentation,
    pub(crate) int8: Int8,
}

/// All blocks.
pub(crate) static BLOCKS: &[&Block] = &[&RESIDUAL, &PROJECTED_RESIDUAL, &CONCAT];

/// Layers with their input added to their output.
pub(crate) static RESIDUAL: Block = Block {
    name: "Residual",
    layer: "Residual",
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
    int8: Int8::Layer(Outputs::Sums),
};

/// Layers with a shortcut that has layers too.
pub(crate) static PROJECTED_RESIDUAL: Block = Block {
    name: "Residual",
    layer: "ProjectedResidual",
    synonyms: &[],
    example: Example {
        layer: "Residual { { Dense(6), Tanh, Dense(3) }, { Dense(3) } }",
        input: "[4]",
        weights: 30 + 21 + 15,
        macs: 24 + 18 + 12,
    },
    documentation: Documentation {
        name: "[`Residual { { … }, { … } }`](crate::layers::ProjectedResidual)",
        takes: "any",
        gives: "the shape of both branches",
        arguments: "the second branch is the shortcut",
        weights: "those inside",
        macs: "those inside",
    },
    int8: Int8::Layer(Outputs::Sums),
};

/// Branches whose outputs are concatenated.
pub(crate) static CONCAT: Block = Block {
    name: "Concat",
    layer: "Concat",
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
    int8: Int8::Unsupported,
};
