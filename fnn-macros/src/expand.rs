//! Expands a network into items: the struct, its types and constants, and its forward and backward functions.
//!
//! The items only connect the layers: everything that computes is a method of the library.

mod aware;
mod buffers;
mod deferral;
mod folded;
mod in_place;
mod parts;
mod passes;
mod quantized;
mod stream;

use std::rc::Rc;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::Ident;
use syn::ext::IdentExt;

use self::passes::Passes;
use crate::derive::{Field, parameters_impl};
use crate::kinds::Role;
use crate::model::derives;
use crate::plan::{Form, Plan};
use crate::report::located;
use crate::shapes::{Layer, Network};
use crate::table;

/// All items of a declaration.
pub(crate) fn network(plan: &Plan) -> TokenStream {
    let Plan { form, blocks, folded: _, quantized: _, parts } = plan;
    let network = &form.network;
    let blocks = blocks.iter().flatten().map(self::network);
    let (constants, aliases) = (&network.constants, &network.aliases);
    let items = items(form);
    let checks = checks(network);
    let (quantized, aware, stream) = (quantized::items(plan), aware::items(plan), stream::items(plan));
    // The struct comes first: if its name is taken, rustc should report that first.
    let own = (!network.hidden).then(|| {
        let (callable, folded) = (callable(form), folded::items(plan));
        let parts = parts.as_ref().map(|parts| parts::items(plan, parts));
        quote!(#callable #folded #parts)
    });
    quote! {
        #items
        #(#constants)*
        #(#aliases)*
        #(#blocks)*
        #own
        #stream
        #quantized
        #aware
        #checks
    }
}

/// The struct, its `Parameters`, its `Layer` and its `Sequence`, for any network.
fn items(form: &Form) -> TokenStream {
    let (structure, parameters) = (structure(&form.network), parameters(&form.network));
    let (layer, sequence) = (layer(form), sequence(form));
    quote!(#structure #parameters #layer #sequence)
}

/// The public items of a network that the user named.
fn callable(form: &Form) -> TokenStream {
    let (methods, in_place) = (methods(&form.network), in_place::items(form));
    quote!(#methods #in_place)
}

/// The struct: a field for each layer.
fn structure(network: &Network) -> TokenStream {
    let header = &network.header;
    let (attributes, visibility, name) = (&header.attributes, &header.visibility, &header.name);
    let parameters = network.parameters();
    let fields = network.layers.iter().map(|layer| {
        let (attributes, name, kind) = (&layer.attributes, &layer.name, &layer.field);
        let apart = attributes.iter().any(|attribute| attribute.path().is_ident("doc")).then(|| quote!(#[doc = ""]));
        let doc = format!(" {}, `{}` → `{}`.", layer.kind, layer.input.text(), layer.output.text());
        quote!(#(#attributes)* #apart #[doc = #doc] #visibility #name: #kind)
    });
    let (table, given) = (table::rows(network), given(network));
    let (attributes, hidden) = if network.hidden {
        let derives = attributes.iter().filter(|attribute| derives(attribute));
        (derives.collect::<Vec<_>>(), Some(quote!(#[doc(hidden)] #[allow(non_camel_case_types)])))
    } else {
        (attributes.iter().collect(), None)
    };
    quote! {
        #(#attributes)*
        #(#[doc = #table])*
        #hidden
        #[repr(C)]
        #visibility struct #name<#parameters = ::core::primitive::f32> {
            #(#fields,)*
        }

        #given
    }
}

/// `impl Clone` and `impl Debug`, without bounds on the layers: a network is its weights.
fn given(network: &Network) -> TokenStream {
    let (fnn, kind) = (&network.header.fnn, &network.kind);
    let (parameters, path) = (network.parameters(), network.path(&network.header.scalar));
    hygienic! {
        #[automatically_derived]
        impl<#parameters> ::core::clone::Clone for #path {
            #[inline]
            fn clone(&self) -> Self {
                #fnn::macro_support::copy(self)
            }
        }

        #[automatically_derived]
        impl<#parameters> ::core::fmt::Debug for #path {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #fnn::macro_support::debug(self, #kind, f)
            }
        }
    }
}

/// `impl Parameters`
fn parameters(network: &Network) -> TokenStream {
    let field = |layer: &Rc<Layer>| Field::new(layer.name.clone().into(), layer.layer.clone(), &layer.written);
    let fields: Vec<_> = network.layers.iter().map(field).collect();
    let parameters = network.parameters();
    let path = network.path(&network.header.scalar);
    parameters_impl(&network.header.fnn, &quote!(<#parameters>), &path, &network.header.scalar, &fields)
}

/// `impl Layer`
fn layer(form: &Form) -> TokenStream {
    let network = &form.network;
    let (fnn, scalar) = (&network.header.fnn, &network.header.scalar);
    let kind = &network.kind;
    let parameters = network.parameters();
    let path = network.path(scalar);
    let (input, output) = network.samples(scalar);
    let macs = network.layers.iter().map(|layer| layer.member(fnn, quote!(MACS)));
    let smallest = network.layers.iter().map(|layer| layer.member(fnn, quote!(SMALLEST_BATCH)));
    let outputs = network.layers.iter().map(|layer| layer.member(fnn, quote!(OUTPUTS)));
    let (buffers, passes, deferral) = (buffers::types(form), passes::functions(form), deferral::items(form));
    let (check_input, initialize) = (check_input(network), initialize(network));
    let graph = graph(network);
    quote! {
        #[automatically_derived]
        impl<#parameters> #fnn::macro_support::Layer for #path {
            type Input = #input;
            type Output = #output;
            #buffers

            const KIND: &'static ::core::primitive::str = #kind;
            const MACS: ::core::primitive::u64 = 0 #(+ #macs)*;
            const SMALLEST_BATCH: ::core::primitive::usize =
                #fnn::macro_support::largest(&[1 #(, #smallest)*]);
            const OUTPUTS: #fnn::macro_support::OutputKind =
                #fnn::macro_support::OutputKind::AsInput #(.then(#outputs))*;
            #graph

            #passes
            #deferral
            #check_input
            #initialize
        }
    }
}

/// `impl Sequence`
fn sequence(form: &Form) -> TokenStream {
    let network = &form.network;
    let (fnn, parameters, path) = (&network.header.fnn, network.parameters(), network.path(&network.header.scalar));
    let passes = Passes::new(form);
    let (inlined, chain_rule) = (passes.is_inlined(), passes.chain_rule());
    quote! {
        #[automatically_derived]
        impl<#parameters> #fnn::macro_support::backward::Sequence for #path {
            const INLINED: ::core::primitive::bool = #inlined;

            #chain_rule
        }
    }
}

/// `fn check_input`: that of the first layer that does more than change the input's type.
fn check_input(network: &Network) -> Option<TokenStream> {
    let fnn = &network.header.fnn;
    let first = network.layers.iter().position(|layer| layer.role != Role::View)?;
    let layer = &network.layers[first];
    let check = if first == 0 && layer.exact_input {
        layer.member(fnn, quote!(check_input))
    } else {
        let layer = &layer.layer;
        quote!(#fnn::macro_support::check_view::<#layer, _>)
    };
    Some(hygienic! {
        fn check_input(
            input: &Self::Input,
        ) -> ::core::result::Result<(), #fnn::macro_support::InvalidInput> {
            #check(input)
        }
    })
}

/// `fn initialize`: each layer by the initializer in the declaration, or by the one that suits the activation that
/// follows.
fn initialize(network: &Network) -> TokenStream {
    let fnn = &network.header.fnn;
    let checked = checked(network);
    let calls = network.layers.iter().enumerate().map(|(index, layer)| {
        let name = &layer.name;
        let follower = network.layers[index + 1..]
            .iter()
            .map(|layer| layer.role)
            .find(|role| matches!(role, Role::Activation { .. } | Role::Linear { .. }));
        let suiting = match follower {
            Some(Role::Activation { rectifier: true, .. }) => {
                quote!(#fnn::macro_support::Initializer::BEFORE_RECTIFIER)
            }
            _ => quote!(#fnn::macro_support::Initializer::DEFAULT),
        };
        let initializer = layer.initializer.as_ref().unwrap_or(&suiting);
        let initialize = layer.member(fnn, quote!(initialize));
        hygienic!(#initialize(&mut self.#name, #initializer, random);)
    });
    hygienic! {
        fn initialize(&mut self, _: #fnn::macro_support::Initializer, random: &mut #fnn::macro_support::Random) {
            #checked
            #(#calls)*
        }
    }
}

/// `const GRAPH`: the layers, one after the other.
fn graph(network: &Network) -> TokenStream {
    let fnn = &network.header.fnn;
    let nodes = network.layers.iter().map(|layer| {
        let (name, node) = (layer.name.unraw().to_string(), layer.member(fnn, quote!(GRAPH)));
        quote!(#node.named(#name))
    });
    quote! {
        const GRAPH: #fnn::macro_support::Node =
            #fnn::macro_support::Node::sequence::<Self>(const { &[#(#nodes),*] });
    }
}

/// Inherent items: those without `self` on the `f32` network, so that `Digits::seeded(1)` needs no annotation; the rest
/// on every scalar.
fn methods(network: &Network) -> TokenStream {
    let (fnn, scalar) = (&network.header.fnn, &network.header.scalar);
    let constants = &network.header.generics.params;
    let parameters = network.parameters();
    let (path, path_f32) = (network.path(scalar), network.path(&network.site().f32()));
    let (input, output) = network.samples(scalar);
    // rustc points here if a sample has the wrong type.
    let forward = Ident::new("forward", network.header.name.span());
    let sample = located(hygienic!(input: &#input), network.header.input);
    let fits =
        located(hygienic!(const { #fnn::macro_support::assert_forward_fits::<Self>() }), network.header.name.span());
    hygienic! {
        #[allow(dead_code)]
        impl<#constants> #path_f32 {
            #fnn::macro_support::constructors! {}
        }

        #[allow(dead_code)]
        impl<#parameters> #path {
            /// Runs inference on one sample. Allocates nothing.
            ///
            /// It uses `WORKSPACE` bytes of the stack. If those and the output exceed 512 KiB, it is a compile error:
            /// use `forward_all`, or `forward_into` with your own memory.
            #[inline]
            #[must_use]
            pub fn #forward(&self, #sample) -> #output {
                #fits
                #fnn::macro_support::forward(self, input)
            }

            #fnn::macro_support::methods! { #scalar, #input, #output }
        }
    }
}

/// The shape checks, each with the user's span on all of its tokens, so the library's path has to be imported. A
/// generic network is checked where it is first used.
pub(crate) fn checks(network: &Network) -> TokenStream {
    let checks: Vec<_> = network.checks.iter().filter(|check| !check.is_empty()).collect();
    if checks.is_empty() {
        return TokenStream::new();
    }
    let fnn = &network.header.fnn;
    if network.header.generics.params.is_empty() {
        return quote!(#(const _: () = { use #fnn::macro_support as __fnn; #checks };)*);
    }
    let constants = &network.header.generics.params;
    let path = network.path(&network.site().f32());
    quote! {
        #[allow(dead_code)]
        impl<#constants> #path {
            #[doc(hidden)]
            const __CHECKED: () = { use #fnn::macro_support as __fnn; #(#checks;)* };
        }
    }
}

/// Evaluates a generic network's checks at its first use.
fn checked(network: &Network) -> Option<TokenStream> {
    let generic = !network.header.generics.params.is_empty();
    let any = network.checks.iter().any(|check| !check.is_empty());
    let path = network.path(&network.site().f32());
    (generic && any).then(|| quote!(const { <#path>::__CHECKED }))
}

/// A local variable of generated code: invisible to the user's expressions.
pub(crate) fn local(name: &str, number: usize) -> Ident {
    format_ident!("{name}_{number}", span = Span::mixed_site())
}
