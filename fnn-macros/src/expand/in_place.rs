//! Backward and update in one: `impl TrainInPlace`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::passes::Passes;
use crate::shapes::Network;
use crate::stages::Stage;

/// `impl TrainInPlace`, and its constant on the network itself.
pub(super) fn items(network: &Network, stages: &[Stage<'_>]) -> TokenStream {
    let fnn = &network.header.fnn;
    let constants = &network.header.generics.params;
    let parameters = network.parameters();
    let (path, path_f32) = (network.path(&network.header.scalar), network.path(&network.site().f32()));
    let layers = stages.iter().map(|stage| stage.layer.layer.to_token_stream());
    let largest = layers.rev().fold(quote!(()), |rest, layer| quote!(#fnn::__private::Either<#layer, #rest>));
    let descend = Passes::new(network, stages).descend();
    hygienic! {
        #[automatically_derived]
        impl<#parameters> #fnn::TrainInPlace for #path {
            type LayerGradient = #largest;

            #descend
        }

        #[allow(dead_code)]
        impl<#constants> #path_f32 {
            /// Bytes that training in place works in. See `TrainInPlace::RAM_TRAINING_IN_PLACE`.
            pub const RAM_TRAINING_IN_PLACE: ::core::primitive::usize =
                <Self as #fnn::TrainInPlace>::RAM_TRAINING_IN_PLACE;
        }
    }
}
