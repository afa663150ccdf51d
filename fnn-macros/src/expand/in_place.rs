//! Backward pass and update combined: `impl TrainInPlace`.

use proc_macro2::TokenStream;
use quote::quote;

use super::buffers::distinct_halves;
use super::passes::Passes;
use crate::plan::Form;

/// `impl TrainInPlace`, and its constant as an inherent one.
pub(super) fn items(form: &Form) -> TokenStream {
    let Form { network, stages } = form;
    let fnn = &network.header.fnn;
    let constants = &network.header.generics.params;
    let parameters = network.parameters();
    let (path, path_f32) = (network.path(&network.header.scalar), network.path(&network.site().f32()));
    let rooms = stages.iter().map(|stage| {
        let layer = &stage.layer.layer;
        quote!(#fnn::macro_support::RoomFor<#layer>)
    });
    let largest = distinct_halves(rooms, &|one, other| quote!(#fnn::macro_support::Either<#one, #other>));
    let train_in_place = Passes::new(form).train_in_place();
    hygienic! {
        #[automatically_derived]
        impl<#parameters> #fnn::macro_support::TrainInPlace for #path {
            type LayerGradient = #largest;

            #train_in_place
        }

        #[allow(dead_code)]
        impl<#constants> #path_f32 {
            /// Bytes of RAM for training in place. See `TrainInPlace::RAM_TRAINING_IN_PLACE`.
            pub const RAM_TRAINING_IN_PLACE: ::core::primitive::usize =
                <Self as #fnn::macro_support::TrainInPlace>::RAM_TRAINING_IN_PLACE;
        }
    }
}
