//! Tokens to syntax. Knows the grammar, and nothing of layers.
//!
//! ```text
//! declaration = attribute* visibility "struct" name generics? ":" shape ("->" shape)? "{" layers "}"
//! generics    = "<" ("const" name ":" "usize"),* ">"
//! shape       = "[" expression,+ "]"
//! layers      = layer,*
//! layer       = attribute* (name ":")? kind
//! kind        = Name | Name "(" argument,* ")" | Name "{" layers "}" | "{" layers "}" | type
//! argument    = (name "=")? expression
//! ```

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, GenericParam, Generics, Ident, Token, TypePath, Visibility, braced, bracketed, parenthesized,
};

use crate::report::Errors;

/// A network as it was written.
pub(crate) struct Declaration {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) input: Shape,
    pub(crate) output: Option<Shape>,
    pub(crate) layers: Vec<Layer>,
}

/// A shape as it was written.
pub(crate) struct Shape {
    pub(crate) group: Group,
    pub(crate) sizes: Vec<Expr>,
}

/// A layer as it was written.
pub(crate) struct Layer {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Option<Ident>,
    pub(crate) kind: Kind,
}

/// What a layer is, as it was written.
pub(crate) enum Kind {
    /// `Name` or `Name(arguments)`
    Call { name: Ident, arguments: Option<Vec<Argument>> },
    /// `Name { layers }`
    Block { name: Ident, layers: Vec<Layer> },
    /// `{ layers }`, a branch of a block.
    Branch { span: Span, layers: Vec<Layer> },
    /// A type of the user's own.
    Type(TypePath),
}

/// `value` or `key = value`
pub(crate) struct Argument {
    pub(crate) key: Option<Ident>,
    pub(crate) value: Expr,
}

/// The path of the library, which `fnn::network!` puts in front in brackets, and the rest.
pub(crate) fn split_crate(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens = tokens.into_iter();
    match tokens.next() {
        Some(TokenTree::Group(group)) => (group.stream(), tokens.collect()),
        _ => (TokenStream::new(), tokens.collect()),
    }
}

/// The declaration, without the layers that are no layers; nothing where even the header can't be read.
pub(crate) fn declaration(tokens: TokenStream, errors: &mut Errors) -> Option<Declaration> {
    let header = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![struct]>()?;
        let name = input.parse()?;
        let generics = input.parse()?;
        if !input.peek(Token![:]) {
            return Err(
                input.error("expected `:` and the shape of one sample that goes in, as in `Digits: [784] -> [10]`")
            );
        }
        input.parse::<Token![:]>()?;
        let shape = input.parse()?;
        let output = if input.parse::<Option<Token![->]>>()?.is_some() { Some(input.parse()?) } else { None };
        let body;
        braced!(body in input);
        let layers = body.parse::<TokenStream>()?;
        if !input.is_empty() {
            return Err(input.error("expected nothing after the layers: each network has a `network!` of its own"));
        }
        Ok((Declaration { attributes, visibility, name, generics, input: shape, output, layers: Vec::new() }, layers))
    };
    match header.parse2(tokens) {
        Ok((mut declaration, layers)) => {
            check_generics(&declaration.generics, errors);
            declaration.layers = self::layers(layers, errors);
            Some(declaration)
        }
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

/// Only plain `const NAME: usize` can be passed on to layers on stable Rust.
fn check_generics(generics: &Generics, errors: &mut Errors) {
    for parameter in &generics.params {
        match parameter {
            GenericParam::Const(parameter) if parameter.default.is_none() => {}
            GenericParam::Const(parameter) => errors.at(
                parameter,
                "a network's const parameter has no default: the type that the network computes in comes after it",
            ),
            _ => errors.at(
                parameter,
                "a network takes const parameters only, as in `<const HIDDEN: usize>`; what it computes in, `f32` or \
                 `f64`, is a parameter that it has by itself",
            ),
        }
    }
    if let Some(clause) = &generics.where_clause {
        errors.at(clause, "a network has no `where` clause");
    }
}

/// Each layer by itself, so that a mistake in one doesn't hide those of the next.
fn layers(tokens: TokenStream, errors: &mut Errors) -> Vec<Layer> {
    let mut layers = Vec::new();
    for tokens in split_at_commas(tokens) {
        match layer.parse2(tokens) {
            Ok((layer, None)) => layers.push(layer),
            Ok((mut layer, Some(block))) => {
                if let Kind::Block { layers: inside, .. } | Kind::Branch { layers: inside, .. } = &mut layer.kind {
                    *inside = self::layers(block, errors);
                }
                layers.push(layer);
            }
            Err(error) => errors.push(error),
        }
    }
    layers
}

/// What lies between commas, outside of any brackets, angle brackets included.
pub(crate) fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![Vec::new()];
    let mut angles = 0usize;
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => angles += 1,
                '>' => angles = angles.saturating_sub(1),
                ',' if angles == 0 => {
                    parts.push(Vec::new());
                    continue;
                }
                _ => {}
            }
        }
        if let Some(part) = parts.last_mut() {
            part.push(token);
        }
    }
    parts.into_iter().filter(|part| !part.is_empty()).map(|part| part.into_iter().collect()).collect()
}

/// A layer, and the tokens of the block that it holds.
fn layer(input: ParseStream<'_>) -> syn::Result<(Layer, Option<TokenStream>)> {
    let attributes = input.call(Attribute::parse_outer)?;
    let named = input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]);
    let name = if named {
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        Some(name)
    } else {
        None
    };
    if input.peek(syn::token::Brace) {
        let body;
        let brace = braced!(body in input);
        let block = body.parse()?;
        end(input)?;
        let kind = Kind::Branch { span: brace.span.join(), layers: Vec::new() };
        return Ok((Layer { attributes, name, kind }, Some(block)));
    }
    if input.peek(Ident) && input.peek2(syn::token::Brace) {
        let kind = input.parse()?;
        let body;
        braced!(body in input);
        let block = body.parse()?;
        end(input)?;
        return Ok((Layer { attributes, name, kind: Kind::Block { name: kind, layers: Vec::new() } }, Some(block)));
    }
    let path: TypePath = input
        .parse()
        .map_err(|error| syn::Error::new(error.span(), "expected a layer, as `hidden: Dense(128)` or `Relu`"))?;
    let kind = match (path.path.get_ident(), input.peek(syn::token::Paren)) {
        (_, true) => {
            let name = match path.path.get_ident() {
                Some(name) => name.clone(),
                None => {
                    return Err(syn::Error::new_spanned(
                        path,
                        "a type of your own takes no arguments in parentheses: write its const parameters, as \
                         `Scale<8>`",
                    ));
                }
            };
            let inside;
            parenthesized!(inside in input);
            let arguments = Punctuated::<Argument, Token![,]>::parse_terminated(&inside)?;
            Kind::Call { name, arguments: Some(arguments.into_iter().collect()) }
        }
        (Some(name), false) => Kind::Call { name: name.clone(), arguments: None },
        (None, false) => Kind::Type(path),
    };
    end(input)?;
    Ok((Layer { attributes, name, kind }, None))
}

/// Nothing may follow a layer but a comma.
fn end(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() { Ok(()) } else { Err(input.error("expected `,` after a layer")) }
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let keyed = input.peek(Ident::peek_any) && input.peek2(Token![=]) && !input.peek2(Token![==]);
        let key = if keyed {
            let key = input.call(Ident::parse_any)?;
            input.parse::<Token![=]>()?;
            Some(key)
        } else {
            None
        };
        Ok(Self { key, value: input.parse()? })
    }
}

impl Parse for Shape {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(syn::token::Bracket) {
            return Err(input.error("expected a shape in brackets, as `[784]` or `[1, 28, 28]`"));
        }
        let inside;
        let bracket = bracketed!(inside in input);
        let sizes: Vec<_> = Punctuated::<Expr, Token![,]>::parse_terminated(&inside)?.into_iter().collect();
        let mut group = Group::new(Delimiter::Bracket, TokenStream::new());
        group.set_span(bracket.span.join());
        match sizes.len() {
            0 => Err(syn::Error::new(group.span(), "a shape has at least one size, as `[784]`")),
            1..=4 => Ok(Self { group, sizes }),
            _ => Err(syn::Error::new(group.span(), "a shape has at most four sizes")),
        }
    }
}
