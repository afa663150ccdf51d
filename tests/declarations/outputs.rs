//! Whether a network's outputs are logits or probabilities: layers that only move numbers preserve it.

use fnn::Layer;
use fnn::layers::OutputKind::{self, AsInput, Probabilities, Values};

fn kind<L: Layer>() -> OutputKind {
    L::OUTPUTS
}

macro_rules! networks {
    ($($name:ident: [$($shape:tt)*] { $($layers:tt)* } is $kind:ident;)*) => {
        $(fnn::network! { struct $name: [$($shape)*] { $($layers)* } })*

        #[test]
        fn what_passes_numbers_on_passes_on_what_they_are() {
            $(assert_eq!(kind::<$name>(), $kind, stringify!($name));)*
        }
    };
}

networks! {
    Logits: [4] { Dense(3) } is Values;
    Rectified: [4] { Softmax, Relu } is Values;
    Sigmoids: [4] { Dense(3), Sigmoid } is Probabilities;
    HardSigmoids: [4] { Dense(3), HardSigmoid } is Probabilities;
    Dropped: [4] { Dense(3), Softmax, Dropout(0.1) } is Probabilities;
    Reshaped: [4] { Dense(6), Softmax, Reshape(2, 3) } is Probabilities;
    Same: [4] { Dense(3), Softmax, Identity } is Probabilities;
    Flat: [2, 2] { Sigmoid, Flatten, Identity, Dropout(0.5) } is Probabilities;
    Pooled: [1, 4, 4] { Sigmoid, MaxPool2d(2), AvgPool2d(2), Upsample2d(2), GlobalAvgPool } is Probabilities;
    LaterLogits: [4] { Dense(3), Softmax, Dropout(0.1), Dense(2) } is Values;
    View: [4] { Reshape(2, 2), Dropout(0.5) } is AsInput;
    Inside: [3] { Dense(3), inner: Dropped3, Identity } is Probabilities;
    InsideView: [3] { Softmax, inner: View3 } is Probabilities;
    Branches: [4] { Concat { { Sigmoid }, { Dense(2), Softmax, Dropout(0.1) } } } is Probabilities;
    MixedBranches: [4] { Concat { { Sigmoid }, { Dense(2) } } } is Values;
    Around: [4] { Softmax, Residual { Dropout(0.1) } } is Values;
}

fnn::network! { struct Dropped3: [3] -> [3] { Softmax, Dropout(0.1) } }
fnn::network! { struct View3: [3] -> [3] { Identity, Dropout(0.1) } }
