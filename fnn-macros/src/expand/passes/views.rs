//! Batches as the types that layers take.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::Ident;

use super::Passes;
use crate::plan::Stage;

impl Passes<'_> {
    /// A batch as a stage's layer sees it, given the network.
    pub(in crate::expand) fn input(&self, stage: &Stage, network: &TokenStream, batch: &Ident) -> TokenStream {
        let viewed = stage.views.iter().fold(batch.to_token_stream(), |batch, view| {
            let name = &view.name;
            hygienic!(#network.#name.view(#batch))
        });
        self.as_taken(stage, viewed, hygienic!(view))
    }

    /// [`input`](Self::input) of the first stage, whose samples may lie anywhere.
    pub(in crate::expand) fn rows(&self, stage: &Stage, rows: &Ident) -> TokenStream {
        if stage.views.is_empty() && stage.layer.exact_input {
            return rows.to_token_stream();
        }
        let set = Ident::new("set", Span::mixed_site());
        let view = self.input(stage, &hygienic!(self), &set);
        hygienic!(#rows.map(|#set| #view))
    }

    /// [`input`](Self::input), mutable.
    pub(super) fn input_mut(&self, stage: &Stage, network: &TokenStream, batch: TokenStream) -> TokenStream {
        let viewed = stage.views.iter().fold(batch, |batch, view| {
            let name = &view.name;
            hygienic!(#network.#name.view_mut(#batch))
        });
        self.as_taken(stage, viewed, hygienic!(view_mut))
    }

    /// A batch as the type that the layer takes, if the macro can't know that it has that type.
    fn as_taken(&self, stage: &Stage, batch: TokenStream, view: TokenStream) -> TokenStream {
        let fnn = &self.network.header.fnn;
        if stage.layer.exact_input { batch } else { hygienic!(#fnn::macro_support::#view(#batch)) }
    }

    /// The last stage's outputs, or their gradients, as its layer's output type.
    pub(in crate::expand) fn outputs(&self, name: &str) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let name = Ident::new(name, Span::mixed_site());
        if self.network.exact_output { hygienic!(#name) } else { hygienic!(#fnn::macro_support::view(#name)) }
    }

    /// [`outputs`](Self::outputs), mutable.
    pub(super) fn outputs_mut(&self, name: &str) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let name = Ident::new(name, Span::mixed_site());
        if self.network.exact_output { hygienic!(#name) } else { hygienic!(#fnn::macro_support::view_mut(#name)) }
    }
}
