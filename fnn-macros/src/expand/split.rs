//! The parts of a network that is split at a layer.

use proc_macro2::TokenStream;

use super::{in_place, layer, methods, parameters, structure};
use crate::shapes::Network;
use crate::split::parts;
use crate::stages::stages;

/// Both parts as networks, and the function that gives them.
pub(super) fn items(network: &Network) -> TokenStream {
    let Some(parts) = parts(network) else { return TokenStream::new() };
    let fnn = &network.header.fnn;
    let (generics, path) = (network.parameters(), network.path(&network.header.scalar));
    let visibility = &network.header.visibility;
    let [first, second] = parts.each_ref().map(|part| part.path(&part.header.scalar));
    let items = parts.iter().map(|part| {
        let (structure, parameters, layer) = (structure(part), parameters(part), layer(part));
        let (methods, in_place) = (methods(part), in_place::items(part, &stages(part)));
        hygienic!(#structure #parameters #layer #methods #in_place)
    });
    hygienic! {
        #(#items)*

        #[allow(dead_code)]
        impl<#generics> #path {
            /// Both parts of the network, where they lie: their weights are its own.
            #[inline]
            #[must_use]
            #visibility const fn split(&self) -> (&#first, &#second) {
                #fnn::macro_support::split(self)
            }
        }
    }
}
