//! Which weight gradients of a network wait for the end of the mini-batch, and what they are computed from.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

use super::local;
use super::passes::Passes;
use crate::plan::Form;

/// `const ACCUMULATED` to `fn absorb_accumulated`: each is that of all layers.
pub(super) fn items(form: &Form) -> TokenStream {
    let passes = Passes::new(form);
    let (fnn, layers) = (&form.network.header.fnn, &form.network.layers);
    let accumulated: Vec<_> = layers.iter().map(|layer| layer.member(fnn, quote!(ACCUMULATED))).collect();
    let absorb = layers.iter().map(|layer| layer.member(fnn, quote!(absorb_accumulated)));
    let parts = layers.iter().map(|layer| {
        let (name, parts) = (&layer.name, layer.member(fnn, quote!(parts)));
        hygienic!(#parts(start + #fnn::macro_support::start!(Self, #name), visitor);)
    });
    let names = layers.iter().map(|layer| &layer.name);
    let (recorded, deferred) = (recorded(&passes), deferred(&passes));
    hygienic! {
        const ACCUMULATED: ::core::primitive::usize = 0 #(+ #accumulated)*;
        const RECORDED: ::core::primitive::usize = #recorded;

        fn parts(
            start: ::core::primitive::usize,
            visitor: &mut impl ::core::ops::FnMut(#fnn::macro_support::Part),
        ) {
            #(#parts)*
        }

        #deferred

        fn absorb_accumulated(&mut self, accumulated: &[Self::Scalar]) {
            #(
                let (own, accumulated) = #fnn::macro_support::split_numbers(accumulated, #accumulated);
                #absorb(&mut self.#names, own);
            )*
            let _ = accumulated;
        }
    }
}

/// The numbers of each sample in the record: those of all layers, and the gradients of all outputs but the last.
fn recorded(passes: &Passes<'_>) -> TokenStream {
    let fnn = &passes.network.header.fnn;
    let between = passes.stages.iter().zip(&passes.batches).map(|(stage, sample)| {
        let layer = &stage.layer.layer;
        quote!(#fnn::macro_support::recorded::<#layer, #sample>())
    });
    let last = passes.stages.last().into_iter().map(|stage| stage.layer.member(fnn, quote!(RECORDED)));
    quote!(0 #(+ #between)* #(+ #last)*)
}

/// `fn deferred`: that of the layer that has the weights. Reads the record in the order of the backward pass.
fn deferred(passes: &Passes<'_>) -> TokenStream {
    let fnn = &passes.network.header.fnn;
    let (recorded, count) = (passes.recorded(), passes.stages.len());
    let (last_gradient, output_gradients) = (local("gradient", count), passes.outputs("output_gradients"));
    let stages = (1..=count).rev().zip(passes.stages.iter().rev()).map(|(number, stage)| {
        let (batch, before) = (local("batch", number), local("batch", number - 1));
        let (gradient, gradient_before) = (local("gradient", number), local("gradient", number - 1));
        let (tape, name, layer) = (local("tape", number), &stage.layer.name, &stage.layer.layer);
        let room = passes.before(number).map(|(stage, sample)| {
            let layer = &stage.layer.layer;
            hygienic!(let #gradient_before = record.outputs::<#layer, #sample>(samples);)
        });
        let (inputs, deferred) =
            (passes.input(stage, &hygienic!(self), &before), stage.layer.member(fnn, quote!(deferred)));
        let rows = match number {
            1 => passes.rows(stage, &Ident::new("rows", Span::mixed_site())),
            _ => hygienic!(#fnn::macro_support::Rows::in_order(recorded.inputs)),
        };
        let this = stage.shared(hygienic!(&self.#name));
        hygienic! {
            #room
            let own = record.of::<#layer>(samples);
            let first = #fnn::macro_support::start!(Self, #name);
            if start >= first {
                let recorded = #fnn::macro_support::Recorded { inputs: #inputs, outputs: #batch, tape: #tape };
                return #deferred::<{ __BATCH }>(#this, #rows, recorded, #gradient, own, start - first);
            }
        }
    });
    hygienic! {
        fn deferred<'__a, const __BATCH: ::core::primitive::usize>(
            &self,
            rows: #fnn::macro_support::Rows<'__a, Self::Input>,
            recorded: #fnn::macro_support::Recorded<'__a, Self, { __BATCH }>,
            output_gradients: &'__a [Self::Output],
            record: &'__a [Self::Scalar],
            start: ::core::primitive::usize,
        ) -> ::core::option::Option<#fnn::macro_support::Factors<'__a, Self::Scalar>> {
            #recorded
            let #last_gradient = #output_gradients;
            let mut record = #fnn::macro_support::Record::new(record);
            #(#stages)*
            ::core::option::Option::None
        }
    }
}
