//! The two parts of a split network.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;

use super::{callable, folded, items as items_of, quantized};
use crate::plan::Plan;
use crate::shapes::Network;

/// Both parts as networks, and the function `split`, of the folded network too.
pub(super) fn items(plan: &Plan, parts: &[Plan; 2]) -> TokenStream {
    let network = &plan.form.network;
    let fnn = &network.header.fnn;
    let paths @ [first, second] =
        &parts.each_ref().map(|Plan { form: part, .. }| part.network.path(&part.network.header.scalar));
    let split = split(network, paths);
    let folded = plan.folded.as_ref().map(|folded| &folded.form.network).filter(|folded| is_split(folded));
    let split_folded = folded.map(|network| {
        let folded = [first, second].map(|part| hygienic!(<#part as #fnn::macro_support::FoldBatchNorm>::Folded));
        self::split(network, &folded)
    });
    let items = parts.iter().map(|part| {
        let (items, callable) = (items_of(&part.form), callable(&part.form));
        let (folded, quantized) = (folded::items(part), quantized::items(part));
        hygienic!(#items #callable #folded #quantized)
    });
    hygienic!(#(#items)* #split #split_folded)
}

/// Whether a folded network can still be split: not between a layer and the batch norm that is merged into it.
fn is_split(folded: &Network) -> bool {
    let is_first =
        |name: &syn::Ident| folded.header.split.as_ref().is_some_and(|split| split.at.unraw() == name.unraw());
    folded.layers.iter().any(|layer| is_first(&layer.name))
}

/// The function `split` of a network, given the types of its parts.
fn split(network: &Network, [first, second]: &[TokenStream; 2]) -> TokenStream {
    let (fnn, visibility) = (&network.header.fnn, &network.header.visibility);
    let (generics, path) = (network.parameters(), network.path(&network.header.scalar));
    hygienic! {
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
