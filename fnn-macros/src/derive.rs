//! `#[derive(Parameters)]`, and the implementation that networks share with it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Error, GenericParam, Member, Path};

/// A field that holds weights: how it is named in code and in dotted names, and its type.
pub(crate) struct Field {
    member: TokenStream,
    name: String,
    weights: TokenStream,
}

impl Field {
    pub(crate) fn new(name: &Ident, weights: TokenStream) -> Self {
        Self { member: name.to_token_stream(), name: name.unraw().to_string(), weights }
    }
}

/// `unsafe impl Parameters`: sound where the type is `repr(C)` and every field is made of `scalar`, which the calls of
/// `visit` make sure of.
pub(crate) fn parameters_impl(
    fnn: &TokenStream,
    generics: &TokenStream,
    path: &TokenStream,
    scalar: &Ident,
    fields: &[Field],
) -> TokenStream {
    let visits = fields
        .iter()
        .map(|Field { member, name, .. }| quote!(#fnn::Parameters::visit(&self.#member, name.field(#name), visitor);));
    let measured = fields.iter().map(|Field { weights, .. }| {
        quote! {
            <#weights as #fnn::Parameters>::measured(start, visitor);
            let start = start + <#weights as #fnn::Parameters>::PARAMETERS;
        }
    });
    let absorbed = fields
        .iter()
        .map(|Field { member, .. }| quote!(#fnn::Parameters::absorb(&mut self.#member, &gradient.#member);));
    quote! {
        #[automatically_derived]
        unsafe impl #generics #fnn::Parameters for #path {
            type Scalar = #scalar;

            fn visit(&self, name: #fnn::Name<'_>, visitor: &mut #fnn::Visitor<'_, #scalar>) {
                let _ = (&name, &visitor);
                #(#visits)*
            }

            fn measured(
                start: ::core::primitive::usize,
                visitor: &mut dyn ::core::ops::FnMut(::core::ops::Range<::core::primitive::usize>),
            ) {
                #(#measured)*
                let _ = (start, visitor);
            }

            fn absorb(&mut self, gradient: &Self) {
                let _ = gradient;
                #(#absorbed)*
            }
        }
    }
}

/// What the derive makes of a struct.
pub(crate) fn parameters(tokens: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(tokens)?;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "weights are a struct: an enum or a union can't be seen as a slice",
        ));
    };
    if !has_c_layout(&input)? {
        return Err(Error::new_spanned(
            &input.ident,
            "weights need a known layout to be seen as a slice: add `#[repr(C)]`",
        ));
    }
    let scalar = input.generics.params.iter().rev().find_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        _ => None,
    });
    let Some(scalar) = scalar else {
        return Err(Error::new_spanned(
            &input.ident,
            "a layer is generic over the number it computes in: add `S: Scalar = f32` as its last parameter",
        ));
    };
    let field = |(member, field): (Member, &syn::Field)| {
        let weights = field.ty.to_token_stream();
        match &member {
            Member::Named(name) => Field::new(name, weights),
            Member::Unnamed(index) => {
                Field { member: member.to_token_stream(), name: index.index.to_string(), weights }
            }
        }
    };
    let fields: Vec<_> = data.fields.members().zip(&data.fields).map(field).collect();
    let fnn = crate_path(&input)?;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let name = &input.ident;
    let path = quote!(#name #arguments #clause);
    Ok(parameters_impl(&fnn, &generics.to_token_stream(), &path, scalar, &fields))
}

/// Whether the type says `#[repr(C)]` or `#[repr(transparent)]`, and neither packs nor aligns itself.
fn has_c_layout(input: &DeriveInput) -> syn::Result<bool> {
    let mut known = false;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("C") || meta.path.is_ident("transparent") {
                known = true;
                Ok(())
            } else {
                Err(meta.error("weights are laid out as `#[repr(C)]` has it, and not otherwise"))
            }
        })?;
    }
    Ok(known)
}

/// The library's path: `#[parameters(crate = path)]`, or `::fnn`.
fn crate_path(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut path = quote!(::fnn);
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("parameters")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("crate") {
                path = meta.value()?.parse::<Path>()?.into_token_stream();
                Ok(())
            } else {
                Err(meta.error("expected `crate = path`"))
            }
        })?;
    }
    Ok(path)
}
