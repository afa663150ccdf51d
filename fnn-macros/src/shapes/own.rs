//! Types of the user's own, of which only the compiler knows whether they are layers.

use proc_macro2::Span;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{TypePath, parse_quote};

use super::flow::with_scalar;
use super::{Chain, Flow, Layer, Network, Site};
use crate::report::judge;

impl Chain<'_> {
    /// A layer of the user's own.
    pub(super) fn own(&self, network: &mut Network, layer: &mut Layer, site: &Site<'_>, path: &TypePath) {
        layer.field = Some(with_scalar(path, site.scalar));
        let path = self.checked(network, site, path);
        let fnn = site.fnn;
        let (name, own, given) = (site.name, with_scalar(&path, &site.f32()), layer.input.shape(site));
        let wanted = quote!(<<#own as #fnn::Layer>::Input as #fnn::Sample>::SHAPE);
        network.checks.push(judge(site.written, "check_input", quote!(#name, #wanted, #given)));
        layer.layer = Some(with_scalar(&path, site.scalar));
        layer.exact_input = false;
        layer.output = Flow::Of { layer: path, text: layer.kind.clone() };
    }

    /// An alias of a user's type, which is a type only if that is a layer.
    ///
    /// Whether it is one stands in a constant, which the alias depends on; where the constant is mistaken, so is the
    /// alias, and rustc has nothing to say of what else it is not. A type with const parameters is taken on trust.
    fn checked(&self, network: &mut Network, site: &Site<'_>, path: &TypePath) -> TypePath {
        let (fnn, scalar) = (site.fnn, site.scalar);
        let alias = format_ident!("__{}_{}_type", network.header.name.unraw(), site.name, span = Span::call_site());
        let own = with_scalar(path, scalar);
        let parameters: Vec<_> = self.scope.parameters_in(&path.to_token_stream()).collect();
        let arguments = parameters.iter().map(|parameter| &parameter.ident);
        let checked: TypePath =
            if parameters.is_empty() { parse_quote!(#alias) } else { parse_quote!(#alias<#({ #arguments }),*>) };
        let is_layer = if parameters.is_empty() {
            let own = with_scalar(path, &site.f32());
            let check = quote_spanned!(path.span()=> __fnn::is_layer::<#own>());
            let name = format_ident!("{alias}_is_layer", span = Span::call_site());
            network.constants.push(quote! {
                #[allow(non_upper_case_globals)]
                const #name: ::core::primitive::bool = { use #fnn::__private as __fnn; #check };
            });
            quote!(#name)
        } else {
            quote!(true)
        };
        network.constants.push(quote! {
            #[allow(non_camel_case_types)]
            type #alias<#(#parameters,)* #scalar> = <#own as #fnn::__private::Itself<{ #is_layer }>>::Type;
        });
        checked
    }
}
