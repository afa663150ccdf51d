//! The two parts of a split network.

use proc_macro2::TokenStream;

use super::{callable, folded, items as items_of, quantized};
use crate::plan::Plan;
use crate::shapes::Network;

/// Both parts as networks, and the function `split`.
pub(super) fn items(network: &Network, parts: &[Plan; 2]) -> TokenStream {
    let fnn = &network.header.fnn;
    let (generics, path) = (network.parameters(), network.path(&network.header.scalar));
    let visibility = &network.header.visibility;
    let [first, second] =
        parts.each_ref().map(|Plan { form: part, .. }| part.network.path(&part.network.header.scalar));
    let items = parts.iter().map(|part| {
        let (items, callable) = (items_of(&part.form), callable(&part.form));
        let (folded, quantized) = (folded::items(part), quantized::items(part));
        hygienic!(#items #callable #folded #quantized)
    });
    hygienic! {
        #(#items)*

        #[allow(dead_code)]
        impl<#generics> #path {
            /// Borrows both parts of the network, in place.
            #[inline]
            #[must_use]
            #visibility const fn split(&self) -> (&#first, &#second) {
                #fnn::macro_support::split(self)
            }
        }
    }
}
