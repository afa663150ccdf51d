//! The macros' expansion uses no name that a user could have taken, and passes strict lints.

#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused, nonstandard_style)]
#![deny(unused_qualifications, trivial_casts, single_use_lifetimes, elided_lifetimes_in_paths, future_incompatible)]
#![deny(clippy::all, clippy::pedantic, clippy::undocumented_unsafe_blocks)]

mod own;
pub mod shadows;

/// Too large for `seeded`, which is an error only if it is called.
pub mod large {
    ::network::network! {
        /// 4 MB of weights.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Large: [1000] -> [1000] {
            /// The only layer.
            only: Dense(1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use ::core::iter::Iterator;
    use ::core::prelude::v1::test;

    use crate::own::Own;
    use crate::shadows::Shadowed;

    #[test]
    fn networks_work_whatever_else_has_their_names() {
        let network = Shadowed::seeded(1);
        let outputs = network.forward(&[[1.0; 4]; 2]);
        ::core::assert_eq!(outputs.len(), 3);
        ::core::assert!(outputs.iter().all(|output| output.is_finite()));
        let nested = 6 * 6 + 6 + (4 * 6 + 1);
        ::core::assert_eq!(Shadowed::PARAMETERS, 2 * 4 * 6 + 6 + 2 * (6 * 6 + 6) + 6 + (12 * 3 + 3) + nested);
        ::core::assert_eq!(::network::Folded::<Shadowed>::PARAMETERS, Shadowed::PARAMETERS - (4 * 6 + 1));
    }

    #[test]
    fn networks_in_8_bits_work_too() {
        let network = crate::shadows::Quantizable::seeded(1);
        let samples = [[[1.0, -0.5, 0.25, 0.0]; 2]];
        let probabilities = network.quantize(&samples).unwrap().forward(&samples[0]);
        ::core::assert!(
            probabilities.iter().zip(network.forward(&samples[0])).all(|(one, other)| (one - other).abs() < 0.02)
        );
        let folded = network.fold_batch_norm();
        let aware = folded.quantization_aware(&samples).unwrap();
        ::core::assert!(
            *::network::Folded::<crate::shadows::Quantizable>::quantize_aware(&aware)
                == network.quantize(&samples).unwrap()
        );
    }

    #[test]
    fn a_large_network_is_built_in_place() {
        let network = crate::large::Large::boxed(1);
        ::core::assert!(network.only.weight.as_flattened().iter().any(|&weight| weight != 0.0));
    }

    #[test]
    fn layers_of_ones_own_work_with_the_crate_renamed() {
        let mut own = Own::zeroed();
        own.doubled_1.gain = [1.0, 2.0];
        let [one, two] = own.forward(&[10.0, 10.0]);
        ::core::assert!((one - 10.0).abs() + (two - 20.0).abs() < 1e-6);
    }
}
