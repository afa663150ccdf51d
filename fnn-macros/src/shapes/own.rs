//! Types of the user's own; only the compiler knows whether they are layers.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::TypePath;
use syn::spanned::Spanned;

use super::{Chain, Layer, Network};
use crate::flow::{Flow, Site, with_scalar};
use crate::generated;
use crate::report::const_check;

impl Chain<'_> {
    /// A layer of the user's own.
    pub(super) fn own(&self, network: &mut Network, layer: &mut Layer, site: &Site<'_>, path: &TypePath) {
        let own = with_scalar(path, site.scalar);
        let (alias, name) = self.checked(network, site, path);
        network.constants.push(alias);
        let fnn = site.fnn;
        let (text, checked, given) = (site.name, with_scalar(&name, &site.f32()), layer.input.shape(site));
        let wanted = quote!(<<#checked as #fnn::macro_support::Layer>::Input as #fnn::macro_support::Sample>::SHAPE);
        network.checks.push(const_check(site.written, "check_input", quote!(#text, #wanted, #given)));
        layer.own = self.scope.parameter_in(&own).is_none().then_some(checked);
        layer.field = own;
        layer.layer = with_scalar(&name, site.scalar);
        layer.exact_input = false;
        layer.output = Flow::Of { layer: name, text: layer.kind.clone() };
    }

    /// An alias of a user's type, which exists only if that is a layer, and quantizable if the network is.
    ///
    /// A constant checks that, and the alias depends on it; if the constant is an error, so is the alias, and rustc
    /// reports no further missing traits. A type with const parameters isn't checked.
    fn checked(&self, network: &mut Network, site: &Site<'_>, path: &TypePath) -> (TokenStream, TypePath) {
        let fnn = site.fnn;
        let own = with_scalar(path, site.scalar);
        if self.scope.parameter_in(&own).is_some() {
            return self.alias(network, site.name, &own);
        }
        let name = generated::part(&network.header.name, &format!("{}_is_layer", site.name));
        let own_f32 = with_scalar(path, &site.f32());
        // A separate constant checks that it is a type at all, so that a missing type gives only one error.
        let is_type = generated::part(&network.header.name, &format!("{}_is_type", site.name));
        let own_type = quote_spanned!(path.span()=> <#own_f32 as __fnn::Itself<{ #is_type }>>::Type);
        let check = if network.header.quantizable {
            quote_spanned!(path.span()=> __fnn::is_quantizable::<#own_type>())
        } else {
            quote_spanned!(path.span()=> __fnn::is_layer::<#own_type>())
        };
        network.constants.push(quote! {
            #[allow(non_upper_case_globals)]
            const #is_type: ::core::primitive::bool = #fnn::macro_support::is_type::<#own_f32>();
            #[allow(non_upper_case_globals)]
            const #name: ::core::primitive::bool = { use #fnn::macro_support as __fnn; #check };
        });
        self.alias(network, site.name, &quote!(<#own as #fnn::macro_support::Itself<{ #name }>>::Type))
    }
}
