//! The types of the memory that a network works in.

use proc_macro2::TokenStream;
use quote::quote;

use crate::shapes::Network;
use crate::stages::Stage;

/// `type Tape` and `type Workspace`.
///
/// The tape holds every batch between two stages, and each layer's own tape. The workspace holds two pieces of memory
/// which such batches, or their gradients, take in turn, and one that the layers' own workspaces take in turn.
pub(super) fn types(network: &Network, stages: &[Stage<'_>]) -> TokenStream {
    let fnn = &network.header.fnn;
    let batches = batches(network, stages);
    let tapes = stages.iter().map(|stage| stage.layer.member(fnn, quote!(Tape<{ __BATCH }>)));
    let tape = pairs(batches.iter().map(|sample| quote!([#sample; __BATCH])).chain(tapes));
    let [ping, pong] = [0, 1].map(|parity| {
        let mine = batches.iter().skip(parity).step_by(2).rev();
        mine.fold(quote!(()), |rest, sample| quote!(#fnn::__private::Larger<[#sample; __BATCH], #rest>))
    });
    let workspaces = stages.iter().map(|stage| stage.layer.member(fnn, quote!(Workspace<{ __BATCH }>)));
    let scratch =
        workspaces.rev().fold(quote!(()), |rest, workspace| quote!(#fnn::__private::Larger<#workspace, #rest>));
    let workspace = quote!((#ping, (#pong, #scratch)));
    quote! {
        type Tape<const __BATCH: ::core::primitive::usize> = #tape;
        type Workspace<const __BATCH: ::core::primitive::usize> = #workspace;
    }
}

/// The types of a sample between two stages.
pub(super) fn batches(network: &Network, stages: &[Stage<'_>]) -> Vec<TokenStream> {
    let site = network.site();
    let between = stages.len().saturating_sub(1);
    stages.iter().take(between).map(|stage| stage.last().output.sample(&site, site.scalar)).collect()
}

/// `(a, (b, (c, ())))`, as a type or as a pattern.
pub(super) fn pairs(parts: impl DoubleEndedIterator<Item = TokenStream>) -> TokenStream {
    parts.rev().fold(quote!(()), |rest, part| quote!((#part, #rest)))
}
