//! The type of a sample between two layers, and its tokens.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{PathArguments, TypePath};

use crate::report::{const_check, located};
use crate::size::Size;

/// The type of a sample between two layers.
#[derive(Clone)]
pub(crate) enum Flow {
    /// Nested arrays of these sizes, outermost first.
    Sizes(Vec<Size>),
    /// Nested arrays of tokens, `u16`, of these sizes.
    Tokens(Vec<Size>),
    /// The output of a user's type, called `text` in the table.
    Of { layer: TypePath, text: String },
    /// The output of a mistake: unknown.
    Unknown,
}

impl Flow {
    /// The type with elements of type `scalar`.
    pub(crate) fn sample(&self, site: &Site<'_>, scalar: &impl ToTokens) -> TokenStream {
        let nested = |sizes: &[Size], element| {
            sizes.iter().rev().fold(element, |sample, size| {
                let size = &size.tokens;
                quote!([#sample; #size])
            })
        };
        match self {
            Self::Sizes(sizes) => nested(sizes, scalar.to_token_stream()),
            Self::Tokens(sizes) => nested(sizes, quote!(::core::primitive::u16)),
            Self::Of { layer, .. } => {
                let fnn = site.fnn;
                let layer = with_scalar(layer, scalar);
                quote!(<#layer as #fnn::macro_support::Layer>::Output)
            }
            Self::Unknown => Size::unknown().tokens,
        }
    }

    /// The shape, as a const expression.
    pub(crate) fn shape(&self, site: &Site<'_>) -> TokenStream {
        let fnn = site.fnn;
        let sample = self.sample(site, &site.f32());
        quote!(<#sample as #fnn::macro_support::Sample>::SHAPE)
    }

    /// The number of elements.
    pub(crate) fn length(&self, site: &Site<'_>) -> Size {
        match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => Size::product(sizes),
            Self::Of { .. } => {
                let fnn = site.fnn;
                let sample = self.sample(site, &site.f32());
                Size::hidden(quote!(<#sample as #fnn::macro_support::Sample>::LENGTH))
            }
            Self::Unknown => Size::unknown(),
        }
    }

    /// The sizes, outermost first, for a layer that takes a shape of this rank.
    pub(crate) fn sizes(&self, site: &Site<'_>, rank: usize) -> Vec<Size> {
        let size = |axis: usize| match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => sizes.get(axis).cloned().unwrap_or_else(Size::one),
            Self::Of { .. } => {
                let shape = self.shape(site);
                Size::hidden(quote!(#shape.size(#axis)))
            }
            Self::Unknown => Size::unknown(),
        };
        (0..rank).map(size).collect()
    }

    /// The sizes, if the macro knows them.
    pub(crate) fn known_sizes(&self) -> Option<Vec<Size>> {
        match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => Some(sizes.clone()),
            Self::Of { .. } | Self::Unknown => None,
        }
    }

    /// The last `count` sizes, or all of them.
    pub(crate) fn last_sizes(&self, site: &Site<'_>, count: Option<usize>) -> Vec<Size> {
        match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => {
                let skipped = count.map_or(0, |count| sizes.len().saturating_sub(count));
                sizes[skipped..].to_vec()
            }
            Self::Of { .. } => {
                let shape = self.shape(site);
                let size = |from_end: usize| Size::hidden(quote!(#shape.size(#shape.rank().saturating_sub(#from_end))));
                count.map_or_else(|| vec![self.length(site)], |count| (1..=count).rev().map(size).collect())
            }
            Self::Unknown => vec![Size::unknown()],
        }
    }

    /// Whether two types have the same tokens, and so are the same type for sure.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sizes(one), Self::Sizes(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.same(other))
            }
            _ => false,
        }
    }

    /// Its text in the table.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => {
                let sizes: Vec<_> = sizes.iter().map(|size| size.text.as_str()).collect();
                format!("[{}]", sizes.join(", "))
            }
            Self::Of { text, .. } => format!("{text}'s"),
            Self::Unknown => "?".into(),
        }
    }
}

/// The layer in a declaration that tokens are generated for.
pub(crate) struct Site<'a> {
    pub(crate) fnn: &'a TokenStream,
    pub(crate) scalar: &'a Ident,
    /// The layer's name, for messages.
    pub(crate) name: &'a str,
    /// The layer's kind as written, for error spans.
    pub(crate) written: &'a TokenStream,
}

impl Site<'_> {
    /// The primitive type `f32`, even if the user shadows its name.
    pub(crate) fn f32(&self) -> TokenStream {
        quote!(::core::primitive::f32)
    }

    /// A check of the outputs of two branches.
    pub(crate) fn check_branches(&self, check: &str, first: &Flow, other: &Flow) -> TokenStream {
        let (name, first, other) = (self.name, first.shape(self), other.shape(self));
        const_check(self.written, check, quote!(#name, #first, #other))
    }

    /// A check that `size` is above 0; `None` if it is a literal above 0.
    pub(crate) fn check_size(&self, size: &Size, what: &str) -> TokenStream {
        if size.known.is_some_and(|size| size > 0) {
            return TokenStream::new();
        }
        let (name, tokens) = (self.name, &size.tokens);
        const_check(&size.written, "check_size", quote!(#name, #what, #tokens))
    }

    /// A check that a shape has this many last axes.
    pub(crate) fn check_axes(&self, axes: &Size, flow: &Flow) -> TokenStream {
        let (name, shape, count) = (self.name, flow.shape(self), &axes.tokens);
        const_check(&axes.written, "check_axes", quote!(#name, #count, #shape))
    }

    /// A check that no sum of this many 8-bit products overflows.
    pub(crate) fn check_sum(&self, products: &Size) -> TokenStream {
        let (name, products) = (self.name, &products.tokens);
        const_check(self.written, "check_sum", quote!(#name, #products))
    }
}

/// A user's type, with the scalar as its last argument.
pub(crate) fn with_scalar(path: &TypePath, scalar: &impl ToTokens) -> TokenStream {
    let mut path = path.clone();
    let Some(last) = path.path.segments.last_mut() else { return path.into_token_stream() };
    // What rustc says of an argument too many or of another kind points at the type.
    let span = last.ident.span();
    let scalar = located(scalar.to_token_stream(), span);
    match &mut last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.push(syn::parse_quote!(#scalar)),
        arguments => *arguments = PathArguments::AngleBracketed(syn::parse_quote_spanned!(span=> <#scalar>)),
    }
    path.into_token_stream()
}
