//! `defmt::Format` for what a firmware prints (feature `defmt`): errors, shapes, tables. Settings and the numbers of int8
//! networks derive it.

use defmt::{Display2Format, Format, Formatter, write};

use crate::layers::InvalidInput;
use crate::metrics::ConfusionMatrix;
use crate::network::Summary;
use crate::setting::InvalidSetting;
use crate::shape::Shape;
use crate::weights::{Name, WeightsError, WeightsMismatch};

macro_rules! as_displayed {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<$($generics)*> Format for $type {
            /// The text of `Display`.
            fn format(&self, formatter: Formatter<'_>) {
                write!(formatter, "{}", Display2Format(self));
            }
        }
    )*};
}
as_displayed! {
    [] WeightsError<'_>;
    [] WeightsMismatch<'_>;
    [] InvalidInput;
    [] InvalidSetting;
    [] Name<'_>;
    [] Shape;
    [] Summary;
    [const N: usize] ConfusionMatrix<N>;
}
