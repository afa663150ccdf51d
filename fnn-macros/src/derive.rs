//! `#[derive(Parameters)]`, and the implementation that networks share with it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, GenericParam, Generics, Member, Path, TypeParam};

use crate::report::located;

/// A field with weights: its name in code and in dotted names, its type, and its span.
pub(crate) struct Field {
    member: Member,
    name: String,
    weights: TokenStream,
    span: Span,
}

impl Field {
    pub(crate) fn new(member: Member, weights: TokenStream, written: &impl ToTokens) -> Self {
        let name = match &member {
            Member::Named(name) => name.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        Self { member, name, weights, span: written.span() }
    }

    /// An item of `Weights` for this field: a constant, or a call of a function.
    fn call(&self, fnn: &TokenStream, scalar: &Ident, call: TokenStream) -> TokenStream {
        let weights = &self.weights;
        located(hygienic!(<#weights as #fnn::macro_support::Weights<#scalar>>::#call), self.span)
    }
}

/// `unsafe impl Parameters`: sound if the type is `repr(C)` and every field consists of `scalar`.
///
/// `Weights` checks that, with a readable error. But the user can set the library's path to anything, so its proof is
/// passed to the implemented trait itself, with a pointer to the field to fix its type; and the layout, which every use
/// of the type as weights needs, evaluates the proof.
pub(crate) fn parameters_impl(
    fnn: &TokenStream,
    generics: &TokenStream,
    path: &TokenStream,
    scalar: &Ident,
    fields: &[Field],
) -> TokenStream {
    let calls = |call: fn(&Field) -> TokenStream| fields.iter().map(move |field| field.call(fnn, scalar, call(field)));
    let names = fields.iter().map(|field| &field.name);
    let layouts = calls(|_| quote!(LAYOUT));
    let roles = calls(|_| hygienic!(roles(start, visitor)));
    let absorbed = calls(|Field { member, .. }| hygienic!(absorb(&mut self.#member, &gradient.#member)));
    let [made, computed] = [(); 2].map(|()| calls(|_| quote!(MADE)));
    let members = fields.iter().map(|field| &field.member);
    hygienic! {
        #[automatically_derived]
        unsafe impl #generics #fnn::macro_support::Parameters for #path {
            type Scalar = #scalar;

            const LAYOUT: #fnn::macro_support::Layout = {
                let _ = (#(#computed,)*);
                #fnn::macro_support::Layout::Fields(const { &[#(#fnn::macro_support::Field::new(#names, #layouts)),*] })
            };

            fn roles(start: ::core::primitive::usize, visitor: &mut impl #fnn::macro_support::Roles) {
                #(let start = #roles;)*
                let _ = (start, visitor);
            }

            fn absorb(&mut self, gradient: &Self) {
                let _ = gradient;
                #(<Self as #fnn::macro_support::Parameters>::made_of(&raw const self.#members, #made);)*
                #(#absorbed;)*
            }
        }
    }
}

/// Expands the derive.
pub(crate) fn parameters(tokens: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(tokens)?;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "`Parameters` can be derived for structs only: weights are read as one slice",
        ));
    };
    if !has_c_layout(&input)? {
        return Err(Error::new_spanned(
            &input.ident,
            "weights are read as one slice, which needs a defined layout: add `#[repr(C)]`",
        ));
    }
    let scalar = scalar(&input)?;
    let fields = data.fields.members().zip(&data.fields);
    let fields: Vec<_> =
        fields.map(|(member, field)| Field::new(member, field.ty.to_token_stream(), &field.ty)).collect();
    let fnn = crate_path(&input)?;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let name = &input.ident;
    let path = quote!(#name #arguments #clause);
    Ok(parameters_impl(&fnn, &generics.to_token_stream(), &path, scalar, &fields))
}

/// The type parameter for the scalar: the last one.
fn scalar(input: &DeriveInput) -> syn::Result<&Ident> {
    let last = input.generics.params.iter().rev().find_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(parameter),
        _ => None,
    });
    match last {
        Some(parameter) if is_bounded(parameter, &input.generics) => Ok(&parameter.ident),
        Some(parameter) => Err(Error::new_spanned(
            parameter,
            format!("the scalar type parameter needs its bound: write `{0}: Scalar = f32`", parameter.ident),
        )),
        None => Err(Error::new_spanned(
            &input.ident,
            "a layer is generic over its scalar type: add `S: Scalar = f32` as the last type parameter",
        )),
    }
}

/// Whether a type parameter has bounds.
fn is_bounded(parameter: &TypeParam, generics: &Generics) -> bool {
    let named = |bound: &syn::WherePredicate| match bound {
        syn::WherePredicate::Type(bound) => parameter.ident == bound.bounded_ty.to_token_stream().to_string(),
        _ => false,
    };
    !parameter.bounds.is_empty() || generics.where_clause.iter().flat_map(|clause| &clause.predicates).any(named)
}

/// Whether the type is `#[repr(C)]` or `#[repr(transparent)]`, and neither packed nor aligned.
fn has_c_layout(input: &DeriveInput) -> syn::Result<bool> {
    let mut known = false;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("C") || meta.path.is_ident("transparent") {
                known = true;
                Ok(())
            } else {
                Err(meta.error("weights must have the layout of `#[repr(C)]`: remove this option"))
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
