//! What a mistaken declaration expands to, beside its errors: the same type with the same functions, so that the rest
//! of the user's crate has nothing to complain of. It never runs.

use proc_macro2::TokenStream;
use quote::quote;

use crate::derive::parameters_impl;
use crate::expand;
use crate::shapes::{Flow, Network};

/// The errors, the checks that can be made all the same, and a stub.
pub(crate) fn network(network: &Network, errors: TokenStream) -> TokenStream {
    let stub = stub(network);
    quote!(#errors #stub)
}

fn stub(network: &Network) -> TokenStream {
    let (fnn, scalar) = (&network.header.fnn, &network.header.scalar);
    let blocks = network.blocks.iter().map(stub);
    let item = expand::structure(network, Some(quote!(__scalar: ::core::marker::PhantomData<#scalar>)));
    let parameters = network.parameters();
    let path = network.path(scalar);
    let weights = parameters_impl(fnn, &quote!(<#parameters>), &path, scalar, &[]);
    let (input, output) = network.samples(scalar);
    let output = if matches!(network.output, Flow::Unknown) { quote!(#input) } else { output };
    let kind = &network.kind;
    let methods = if network.is_block() { TokenStream::new() } else { expand::methods(network) };
    let checks = expand::checks(network);
    quote! {
        #(#blocks)*
        #item
        #weights
        #[automatically_derived]
        impl<#parameters> #fnn::Layer for #path {
            type Input = #input;
            type Output = #output;
            type Tape<const BATCH: ::core::primitive::usize> = ();
            type Workspace<const BATCH: ::core::primitive::usize> = ();
            const KIND: &'static ::core::primitive::str = #kind;
            const MACS: ::core::primitive::usize = 0;
            #fnn::__private::unreachable_passes! {}
        }
        #methods
        #checks
    }
}
