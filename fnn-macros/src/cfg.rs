//! `#[cfg(…)]` on a network or on a layer: the declaration with it, and the declaration without it.
//!
//! The layers after it depend on its shape, and only the compiler can evaluate the condition; so it gets both networks,
//! each under its condition, and expands one of them.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

use crate::parse::comma_separated;

/// Splits a declaration at its first `#[cfg(…)]`: two declarations if it is on a layer, one if it is on the network.
pub(crate) fn variants(fnn: &TokenStream, declaration: &TokenStream) -> Option<TokenStream> {
    if let Some((condition, declaration)) = conditional(declaration) {
        return Some(quote! {
            #[cfg(#condition)]
            #fnn::macro_support::declare! { [#fnn] #declaration }
        });
    }
    let mut tokens: Vec<TokenTree> = declaration.clone().into_iter().collect();
    let TokenTree::Group(body) = tokens.pop()? else { return None };
    let found = conditional_layer(&body)?;
    let header: TokenStream = tokens.into_iter().collect();
    let Conditional { condition, with, without } = found;
    Some(quote! {
        #[cfg(#condition)]
        #fnn::macro_support::declare! { [#fnn] #header #with }
        #[cfg(not(#condition))]
        #fnn::macro_support::declare! { [#fnn] #header #without }
    })
}

/// A block's first condition, and the block with and without it.
struct Conditional {
    condition: TokenStream,
    with: Group,
    without: Group,
}

/// The first condition in a block of layers or in the blocks inside it.
fn conditional_layer(block: &Group) -> Option<Conditional> {
    if block.delimiter() != Delimiter::Brace {
        return None;
    }
    let layers = comma_separated(block.stream());
    for (index, layer) in layers.iter().enumerate() {
        let replaced = |layer: Option<TokenStream>| {
            let mut layers: Vec<_> = layers.iter().cloned().map(Some).collect();
            layers[index] = layer;
            let layers = layers.into_iter().flatten();
            let mut group = Group::new(Delimiter::Brace, quote! { #(#layers),* });
            group.set_span(block.span());
            group
        };
        if let Some((condition, layer)) = conditional(layer) {
            return Some(Conditional { condition, with: replaced(Some(layer)), without: replaced(None) });
        }
        let mut tokens: Vec<TokenTree> = layer.clone().into_iter().collect();
        if let Some(TokenTree::Group(inside)) = tokens.pop()
            && let Some(inside) = conditional_layer(&inside)
        {
            let with_block = |block: Group| {
                let tokens = tokens.iter().cloned().chain([TokenTree::Group(block)]);
                replaced(Some(tokens.collect()))
            };
            let (with, without) = (with_block(inside.with), with_block(inside.without));
            return Some(Conditional { condition: inside.condition, with, without });
        }
    }
    None
}

/// The condition of an item's first `#[cfg(…)]`, and the item without it.
fn conditional(thing: &TokenStream) -> Option<(TokenStream, TokenStream)> {
    let tokens: Vec<TokenTree> = thing.clone().into_iter().collect();
    for (index, pair) in tokens.windows(2).enumerate().step_by(2) {
        let [TokenTree::Punct(hash), TokenTree::Group(attribute)] = pair else { return None };
        if hash.as_char() != '#' {
            return None;
        }
        let mut inside = attribute.stream().into_iter();
        if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(condition)), None) =
            (inside.next(), inside.next(), inside.next())
            && name == "cfg"
        {
            let rest = tokens[..index].iter().chain(&tokens[index + 2..]).cloned().collect();
            return Some((condition.stream(), rest));
        }
    }
    None
}
