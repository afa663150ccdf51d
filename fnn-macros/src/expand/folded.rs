//! The folded network for inference, and the conversion of its weights.

use std::rc::Rc;

use proc_macro2::TokenStream;
use quote::quote;

use super::callable;
use crate::plan::{Folded, Plan, Source, folds};
use crate::shapes::{Layer, Network};

/// `impl FoldBatchNorm` for a network, and its folded network if there is something to fold; the same for its blocks.
pub(super) fn items(plan: &Plan) -> TokenStream {
    match &plan.folded {
        None => itself(&plan.form.network),
        Some(folded) => another(plan, folded),
    }
}

/// The implementation for a network with nothing to fold.
fn itself(network: &Network) -> TokenStream {
    let fnn = &network.header.fnn;
    implementation(network, &quote!(Self), &hygienic!(#fnn::macro_support::copy_weights(self, folded);))
}

/// The folded network and the implementation.
fn another(plan: &Plan, folded: &Folded) -> TokenStream {
    let (network, becomes) = (&plan.form.network, &folded.form.network);
    let (questions, blocks) = (questions(network), blocks(plan));
    let items = super::items(&folded.form);
    let implementation = implementation(network, &becomes.path(&becomes.header.scalar), &calls(network, folded));
    let methods = (!network.hidden).then(|| [callable(&folded.form), method(network)]);
    let methods = methods.into_iter().flatten();
    quote! {
        #questions
        #blocks
        #items
        #implementation
        #(#methods)*
    }
}

/// The constants that say which of the user's own types have a folded form.
fn questions(network: &Network) -> TokenStream {
    let fnn = &network.header.fnn;
    let question = |layer: &Rc<Layer>| {
        let (name, own) = (folds(network, layer), layer.own.as_ref()?);
        Some(quote! {
            #[allow(non_upper_case_globals)]
            const #name: ::core::primitive::bool = {
                use #fnn::macro_support::Unfolded as _;
                #fnn::macro_support::Folds::<#own>::FOLDS
            };
        })
    };
    network.layers.iter().filter_map(question).collect()
}

/// The items for blocks with something to fold.
fn blocks(plan: &Plan) -> TokenStream {
    let folds = |inside: &&Vec<Plan>| inside.iter().any(|block| block.folded.is_some());
    plan.blocks.iter().filter(folds).flatten().map(items).collect()
}

/// The calls that write the weights of each layer of the folded network.
fn calls(network: &Network, Folded { form, sources }: &Folded) -> TokenStream {
    let fnn = &network.header.fnn;
    let call = |(layer, source): (&Rc<Layer>, &Source)| {
        let name = &layer.name;
        match source {
            Source::Same => hygienic!(#fnn::macro_support::copy_weights(&self.#name, &mut folded.#name);),
            Source::WithNorm(norm) => {
                hygienic!(#fnn::macro_support::FoldWith::fold_with(&self.#name, &self.#norm, &mut folded.#name);)
            }
            Source::Block => {
                hygienic!(#fnn::macro_support::FoldBatchNorm::fold_into(&self.#name, &mut folded.#name);)
            }
            Source::Own(own) => {
                let folds = folds(network, layer);
                hygienic! {
                    <#own as #fnn::macro_support::FoldIf<{ #folds }>>::fold_if(&self.#name, &mut folded.#name);
                }
            }
        }
    };
    form.network.layers.iter().zip(sources).map(call).collect()
}

/// Inherent methods.
fn method(network: &Network) -> TokenStream {
    let fnn = &network.header.fnn;
    let (parameters, path) = (network.parameters(), network.path(&network.header.scalar));
    hygienic! {
        #[allow(dead_code)]
        impl<#parameters> #path {
            /// The network for inference, with batch norms folded into the layers before them. Up to 256 KiB of
            /// weights.
            #[inline]
            #[must_use]
            pub fn fold_batch_norm(&self) -> #fnn::macro_support::Folded<Self> {
                #fnn::macro_support::FoldBatchNorm::fold_batch_norm(self)
            }
        }
    }
}

/// `impl FoldBatchNorm`.
fn implementation(network: &Network, becomes: &TokenStream, body: &TokenStream) -> TokenStream {
    let fnn = &network.header.fnn;
    let (parameters, path) = (network.parameters(), network.path(&network.header.scalar));
    hygienic! {
        #[automatically_derived]
        impl<#parameters> #fnn::macro_support::FoldBatchNorm for #path {
            type Folded = #becomes;

            fn fold_into(&self, folded: &mut Self::Folded) {
                #body
            }
        }
    }
}
