//! The expansion of a declaration with mistakes: its errors, and a type that rustc knows to be an error.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

use crate::expand::checks;
use crate::generated;
use crate::shapes::Network;

/// The errors, and the names of the network and of its parts for a missing type.
///
/// rustc doesn't report a missing name next to a macro's error in the same module, nor uses of a type that it knows to
/// be missing. So there is only that one error, no matter how often the network is used. Checks that only the compiler
/// can evaluate are still emitted, so that all mistakes are reported at once.
pub(crate) fn network(network: &Network, error: &Error) -> TokenStream {
    let header = &network.header;
    let errors = error.to_compile_error();
    let (visibility, name, scalar) = (&header.visibility, &header.name, &header.scalar);
    let parameters = network.const_parameters();
    // The parts of a split network are missing, too; two of the same name are a mistake of their own.
    let mut names = vec![name];
    for part in header.split.iter().flat_map(|split| [&split.first, &split.second]) {
        if !names.contains(&part) {
            names.push(part);
        }
    }
    let module = generated::part(name, "0");
    let checks = header.generics.params.is_empty().then(|| all_checks(network));
    quote! {
        #[allow(non_snake_case)]
        mod #module {
            #errors
            pub(super) type Mistake = __mistake;
        }
        #(
            #[allow(dead_code)]
            #visibility type #names<#parameters #scalar = ::core::primitive::f32> = #module::Mistake;
        )*
        #checks
    }
}

/// The checks of a network and of its blocks, and what they depend on.
fn all_checks(network: &Network) -> TokenStream {
    let blocks = network.blocks().map(all_checks);
    let constants = &network.constants;
    let own = checks(network);
    quote!(#(#blocks)* #(#constants)* #own)
}
