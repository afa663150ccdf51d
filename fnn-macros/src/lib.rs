//! The macros of the crate `fnn`, which re-exports and documents them.
//!
//! A declaration passes through five phases: `parse` (tokens to syntax) → `model` (kinds and arguments known) →
//! `shapes` (the type of every sample) → `plan` (stages, and the folded and the int8 network) → `expand` (items). Every
//! phase collects its mistakes in one `Errors`; after a mistake, `fallback` replaces `expand`.

/// `quote!` for functions: their local variables are invisible to the user's expressions.
macro_rules! hygienic {
    ($($tokens:tt)*) => { ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*) };
}

mod arguments;
mod budget;
mod cfg;
mod derive;
mod expand;
mod fallback;
mod flow;
mod generated;
mod kinds;
mod model;
mod parse;
mod plan;
mod report;
mod shapes;
mod size;
mod split;
mod table;

use proc_macro::TokenStream;

/// Called by `fnn::network!`, with the path of the crate in brackets in front.
#[proc_macro]
pub fn declare(tokens: TokenStream) -> TokenStream {
    network(tokens.into()).into()
}

/// `fnn::macro_support::kinds!`: calls the given macro with the table of the library's layers.
#[proc_macro]
pub fn kinds(callback: TokenStream) -> TokenStream {
    kinds::listing(callback.into()).into()
}

/// See `fnn::Parameters`.
#[proc_macro_derive(Parameters, attributes(parameters))]
pub fn parameters(tokens: TokenStream) -> TokenStream {
    derive::parameters(tokens.into()).unwrap_or_else(|error| error.into_compile_error()).into()
}

/// The phases, one after the other.
fn network(tokens: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let (fnn, tokens) = parse::take_crate(tokens);
    if let Some(variants) = cfg::variants(&fnn, &tokens) {
        return variants;
    }
    let mut errors = report::Errors::new();
    let plan = parse::declaration(tokens, &mut errors)
        .map(|declaration| model::bind(fnn, declaration, &mut errors))
        .map(|model| shapes::flow(model, &mut errors))
        .map(|network| plan::plan(network, &mut errors));
    match (plan, errors.into_error()) {
        (Some(plan), None) => expand::network(&plan),
        (Some(plan), Some(error)) => fallback::network(&plan.form.network, &error),
        (None, error) => error.map(syn::Error::into_compile_error).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
