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

    /// An alias of a user's type, which exists only if that is a layer of every scalar, and quantizable if the network is.
    ///
    /// Constants check that, for `f32` and for `f64`, and the alias depends on them; if one is an error, so is the alias,
    /// and rustc reports no further missing traits. A type with const parameters isn't checked.
    fn checked(&self, network: &mut Network, site: &Site<'_>, path: &TypePath) -> (TokenStream, TypePath) {
        let fnn = site.fnn;
        let own = with_scalar(path, site.scalar);
        if self.scope.parameter_in(&own).is_some() {
            return self.alias(network, site.name, &own);
        }
        let constant = |says| generated::part(&network.header.name, &format!("{}_{says}", site.name));
        let (is_type, in_f32, name) = (constant("is_type"), constant("is_layer_in_f32"), constant("is_layer"));
        let (own_f32, own_f64) = (with_scalar(path, &site.f32()), with_scalar(path, &quote!(::core::primitive::f64)));
        // Each constant depends on the one before it, so that a mistake gives only one error: a type that is missing, one
        // that is no layer, one that is a layer in `f32` alone.
        let own_f32_type = quote_spanned!(path.span()=> <#own_f32 as __fnn::Itself<{ #is_type }>>::Type);
        let check = if network.header.quantizable {
            quote_spanned!(path.span()=> __fnn::is_quantizable::<#own_f32_type, { __fnn::Folds::<#own_f32_type>::FOLDS }>())
        } else {
            quote_spanned!(path.span()=> __fnn::is_layer::<#own_f32_type>())
        };
        let check = if network.header.streaming.is_some() && network.keeps_frames() {
            quote_spanned!(path.span()=> #check && __fnn::takes_stream::<#own_f32_type>())
        } else {
            check
        };
        // Not with the span of the user's token, at which rustc would warn where the trait isn't needed.
        let unfolded = network.header.quantizable.then(|| {
            quote!(
                use __fnn::Unfolded as _;
            )
        });
        let generic = quote_spanned!(path.span()=> __fnn::is_layer::<<#own_f64 as __fnn::Itself<{ #in_f32 }>>::Type>());
        network.constants.push(quote! {
            #[allow(non_upper_case_globals)]
            const #is_type: ::core::primitive::bool = #fnn::macro_support::is_type::<#own_f32>();
            #[allow(non_upper_case_globals)]
            const #in_f32: ::core::primitive::bool = { use #fnn::macro_support as __fnn; #unfolded #check };
            #[allow(non_upper_case_globals)]
            const #name: ::core::primitive::bool = { use #fnn::macro_support as __fnn; #generic };
        });
        self.alias(network, site.name, &quote!(<#own as #fnn::macro_support::Itself<{ #name }>>::Type))
    }
}
