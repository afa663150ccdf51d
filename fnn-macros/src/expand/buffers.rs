//! The types of a network's buffers.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::plan::{Form, Stage};

/// `type Tape`, `type Workspace` and `type TrainingWorkspace`.
///
/// The tape holds every batch between two stages, and each layer's own tape. A workspace holds two buffers,
/// used alternately by such batches or their gradients, and one shared by the layers' own workspaces.
pub(super) fn types(form: &Form) -> TokenStream {
    let Form { network, stages } = form;
    let fnn = &network.header.fnn;
    let batches = batches(form);
    let tapes = stages.iter().map(|stage| stage.layer.member(fnn, quote!(Tape<{ __BATCH }>)));
    let tape = pairs(batches.iter().map(|sample| quote!([#sample; __BATCH])).chain(tapes));
    let workspace = |name: TokenStream, is_training: bool| {
        let [ping, pong] = [buffer(1), buffer(2)].map(|one| {
            let batches = batches
                .iter()
                .zip(1..)
                .filter(|&(_, number)| buffer(number) == one || is_training && gradient_buffer(stages, number) == one);
            largest(fnn, batches.map(|(sample, _)| quote!([#sample; __BATCH])))
        });
        let scratch = largest(fnn, stages.iter().map(|stage| stage.layer.member(fnn, quote!(#name<{ __BATCH }>))));
        quote!((#ping, (#pong, #scratch)))
    };
    let (inference, training) = (workspace(quote!(Workspace), false), workspace(quote!(TrainingWorkspace), true));
    quote! {
        type Tape<const __BATCH: ::core::primitive::usize> = #tape;
        type Workspace<const __BATCH: ::core::primitive::usize> = #inference;
        type TrainingWorkspace<const __BATCH: ::core::primitive::usize> = #training;
    }
}

/// The types of a sample between two stages.
pub(super) fn batches(Form { network, stages }: &Form) -> Vec<TokenStream> {
    let site = network.site();
    let between = stages.len().saturating_sub(1);
    stages.iter().take(between).map(|stage| stage.last().output.sample(&site, site.scalar)).collect()
}

/// `((a, b), (c, d))`, as a type or as a pattern.
pub(super) fn pairs(types: impl Iterator<Item = TokenStream>) -> TokenStream {
    halves(&types.collect::<Vec<_>>(), &|one, other| quote!((#one, #other)))
}

/// The buffer for what stage `number` gives, of the two that are used alternately.
pub(super) fn buffer(number: usize) -> Ident {
    Ident::new(if number % 2 == 1 { "ping" } else { "pong" }, Span::mixed_site())
}

/// The buffer for the gradients of what stage `number` gives: that of the stage behind it, if that one overwrites them, or the other one.
pub(super) fn gradient_buffer(stages: &[Stage], number: usize) -> Ident {
    buffer(stages.iter().take(number).filter(|stage| !stage.is_back_in_place).count())
}

/// Memory for a value of any one of the types.
pub(super) fn largest(fnn: &TokenStream, types: impl Iterator<Item = TokenStream>) -> TokenStream {
    distinct_halves(types, &|one, other| quote!(#fnn::macro_support::Larger<#one, #other>))
}

/// The types, each once, joined as [`halves`]: one buffer serves all types with the same tokens.
pub(super) fn distinct_halves(
    types: impl Iterator<Item = TokenStream>,
    join: &dyn Fn(TokenStream, TokenStream) -> TokenStream,
) -> TokenStream {
    let mut seen = HashSet::new();
    let types: Vec<_> = types.filter(|one| seen.insert(one.to_string())).collect();
    halves(&types, join)
}

/// The types, joined in a balanced tree of pairs, since the compiler limits the depth of a type.
fn halves(types: &[TokenStream], join: &dyn Fn(TokenStream, TokenStream) -> TokenStream) -> TokenStream {
    match types {
        [] => quote!(()),
        [one] => one.clone(),
        types => {
            let (one, other) = types.split_at(types.len() / 2);
            join(halves(one, join), halves(other, join))
        }
    }
}
