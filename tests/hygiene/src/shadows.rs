//! A network among types, traits, modules, constants and macros that have the names of everything it is made of.

#![allow(non_camel_case_types, clippy::module_name_repetitions)]

macro_rules! shadow_types {
    ($($name:ident)*) => { $(
        /// Not what it seems.
        #[derive(Debug)]
        pub struct $name;
    )* };
}
shadow_types!(Option Some None Result Ok Err Vec Box String Self_ usize f32 f64 u64 u16 bool str FnMut Range Default);
shadow_types!(PhantomData Dense Relu Layer Parameters Name Visitor Scalar Network Initializer Random Simd Recorded S);
shadow_types!(V B Weights Input Output Tape Workspace TrainingWorkspace __fnn Larger Folded FoldBatchNorm FoldWith FoldIf Folds Unfolded);
shadow_types!(Quantize Quantized QuantizedLayer QuantizationAware Aware Trace Signal Ranges Observer __T);

macro_rules! shadow_modules {
    ($($name:ident)*) => { $(
        /// Not what it seems.
        pub mod $name {}
    )* };
}
shadow_modules!(core std alloc fnn network layers activation);

macro_rules! shadow_constants {
    ($($name:ident)*) => { $(
        /// Not what it seems.
        pub const $name: () = ();
    )* };
}
shadow_constants!(PARAMETERS MACS KIND OUTPUTS ZERO ONE SHAPE LENGTH DEFAULT BATCH FOLDS);

#[allow(unused_macros)]
macro_rules! panic {
    () => {};
}

/// A size.
pub const UNITS: ::core::primitive::usize = 6;

/// A rate.
pub const RATE: ::core::primitive::f64 = 0.25;

::network::network! {
    /// A network.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub struct Shadowed: [2, 4] -> [3] {
        /// Flat.
        Flatten,
        /// Hidden.
        hidden: Dense(2 * (UNITS / 2)),
        /// Elementwise.
        Relu,
        /// Elementwise.
        LeakyRelu(RATE / 2.0),
        /// Dropped.
        Dropout(RATE),
        #[cfg(any())]
        Dense(100),
        /// Around.
        skip: Residual {
            /// Inside.
            Dense(UNITS, init = HeUniform),
            /// Inside.
            Gelu(tanh),
            /// Inside.
            Dense(UNITS),
        },
        /// Nested.
        nested: Nested,
        /// Beside.
        Concat { { Scaled<3>, Tanh }, {} },
        /// Scores.
        logits: Dense(3),
        /// Probabilities.
        Softmax,
    }
}

::network::network! {
    /// A network in a network.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub struct Nested: [UNITS] -> [UNITS] {
        /// Normalised.
        RmsNorm,
        /// Around.
        Residual {
            /// Inside.
            Dense(UNITS),
            /// Folded into the one before.
            BatchNorm,
        },
    }
}

::network::network! {
    /// Generic.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub struct Scaled<const BATCH: ::core::primitive::usize>: [6] -> [6] {
        /// Around.
        Residual {
            /// Inside.
            Identity,
        },
        /// Nothing.
        Elu(RATE),
    }
}

::network::network! {
    /// Quantized to int8, too.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[quantizable]
    pub struct Quantizable: [2, 4] -> [3] {
        /// Convolved.
        conv: Conv1d(3, kernel = 2),
        /// Folded.
        BatchNorm,
        /// Saturated.
        Relu,
        /// Flat.
        Flatten,
        /// As many as there are.
        Dense(UNITS),
        /// Around.
        Residual {
            /// In a table.
            Tanh,
        },
        /// Scores.
        Dense(3),
        /// Probabilities.
        Softmax,
    }
}
