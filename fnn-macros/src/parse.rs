//! Tokens to syntax. Knows the grammar, and nothing of layers.
//!
//! ```text
//! declaration = attribute* visibility "struct" name generics? ":" shape ("->" shape)? "{" layers "}"
//! generics    = "<" ("const" name ":" type),* ">"
//! shape       = "[" expression,+ "]"
//! layers      = layer,*
//! layer       = attribute* (name ":")? kind
//! kind        = Name | Name "(" argument,* ")" | Name "{" layers "}" | "{" layers "}" | type
//! argument    = (name "=")? expression
//! ```

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::token::{Brace, Bracket, Paren};
use syn::{
    Attribute, Error, Expr, GenericParam, Generics, Ident, Lit, Token, TypePath, Visibility, braced, bracketed,
    parenthesized,
};

use crate::report::Errors;
use crate::size::mentions;

/// A network as it was written.
pub(crate) struct Declaration {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) input: Shape,
    pub(crate) output: Option<Shape>,
    /// What is in the braces, which [`layers`] reads.
    pub(crate) layers: TokenStream,
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
    /// `Name { layers }`, whose layers [`layers`] reads
    Block { name: Ident, layers: TokenStream },
    /// `{ layers }`, a branch of a block.
    Branch(Group),
    /// A type of the user's own.
    Type(TypePath),
    /// What can't be read. It has been reported.
    Mistake,
}

/// `value` or `key = value`
pub(crate) struct Argument {
    pub(crate) key: Option<Ident>,
    pub(crate) value: Expr,
}

/// The path of the library, which `fnn::network!` puts in front in brackets, and the rest.
pub(crate) fn take_crate(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens = tokens.into_iter();
    match tokens.next() {
        Some(TokenTree::Group(group)) => (group.stream(), tokens.collect()),
        _ => (TokenStream::new(), tokens.collect()),
    }
}

/// The declaration; nothing where its header can't be read.
pub(crate) fn declaration(tokens: TokenStream, errors: &mut Errors) -> Option<Declaration> {
    match header.parse2(tokens) {
        Ok(mut declaration) => {
            check_attributes(&declaration.attributes, errors);
            check_generics(&mut declaration.generics, errors);
            Some(declaration)
        }
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

/// The declaration, its layers unread.
fn header(input: ParseStream<'_>) -> syn::Result<Declaration> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    if !input.peek(Token![struct]) {
        return Err(input.error("expected `struct`: a network is declared as `struct Digits: [784] -> [10] { … }`"));
    }
    input.parse::<Token![struct]>()?;
    let name = input.parse()?;
    let generics = input.parse()?;
    if input.peek(Token![where]) {
        return Err(input.error("a network has no `where` clause"));
    }
    if !input.peek(Token![:]) {
        return Err(input.error("expected `:` and the shape of one sample that goes in, as `Digits: [784] -> [10]`"));
    }
    input.parse::<Token![:]>()?;
    let shape = input.parse()?;
    let output = if input.parse::<Option<Token![->]>>()?.is_some() { Some(input.parse()?) } else { None };
    if !input.peek(Brace) {
        return Err(input.error(match output {
            None => "expected `->` and the shape of what comes out, or the layers in braces",
            Some(_) => "expected the layers in braces, as `{ hidden: Dense(128), Relu, logits: Dense(10) }`",
        }));
    }
    let body;
    braced!(body in input);
    let layers = body.parse()?;
    if !input.is_empty() {
        return Err(input.error("expected nothing after the layers: each network has a `network!` of its own"));
    }
    Ok(Declaration { attributes, visibility, name, generics, input: shape, output, layers })
}

/// A network is seen as a slice of its weights, which another layout would not be.
fn check_attributes(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        let conditional = attribute.path().is_ident("cfg_attr");
        if attribute.path().is_ident("repr") || (conditional && mentions(&attribute.to_token_stream(), "repr")) {
            errors.at(attribute, "a network is `repr(C)`, and has no other layout: leave the attribute out");
        }
    }
}

/// Only plain const parameters can be passed on to layers on stable Rust. Any others are reported and left out.
fn check_generics(generics: &mut Generics, errors: &mut Errors) {
    let parameters = std::mem::take(&mut generics.params).into_iter().filter_map(|parameter| match parameter {
        GenericParam::Const(mut parameter) => {
            if parameter.default.is_some() {
                errors.at(
                    &parameter,
                    "a network's const parameter has no default: the type that the network computes in comes after it",
                );
                parameter.default = None;
            }
            let name = parameter.ident.unraw().to_string();
            if name.contains(char::is_lowercase) || name.starts_with("__") {
                errors.at(
                    &parameter.ident,
                    "a network's const parameter has a name in upper case, as `HIDDEN`: other names are for variables \
                     of the code that the macro generates",
                );
            }
            Some(GenericParam::Const(parameter))
        }
        _ => {
            errors.at(
                parameter,
                "a network takes const parameters only, as `<const HIDDEN: usize>`; what it computes in, `f32` or \
                 `f64`, is a parameter that it has by itself",
            );
            None
        }
    });
    generics.params = parameters.collect();
}

/// Layers between commas: each by itself, so that a mistake in one doesn't hide those of the next.
pub(crate) fn layers(tokens: TokenStream, errors: &mut Errors) -> Vec<Layer> {
    let layer = |tokens| {
        layer.parse2(tokens).unwrap_or_else(|error| {
            errors.push(error);
            Layer { attributes: Vec::new(), name: None, kind: Kind::Mistake }
        })
    };
    comma_separated(tokens).into_iter().map(layer).collect()
}

/// What lies between commas, outside of any brackets, angle brackets included.
pub(crate) fn comma_separated(tokens: TokenStream) -> Vec<TokenStream> {
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

/// A layer.
fn layer(input: ParseStream<'_>) -> syn::Result<Layer> {
    let attributes = input.call(Attribute::parse_outer)?;
    if input.peek(Token![pub]) {
        return Err(input.error("a layer is as visible as its network: leave `pub` out"));
    }
    let name = name(input)?;
    let kind = kind(input)?;
    end(input, &kind)?;
    Ok(Layer { attributes, name, kind })
}

/// `name:`, where there is one.
fn name(input: ParseStream<'_>) -> syn::Result<Option<Ident>> {
    let named = input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]);
    if !named {
        return Ok(None);
    }
    let name = input.call(Ident::parse_any)?;
    input.parse::<Token![:]>()?;
    let text = name.to_string();
    if ["_", "self", "Self", "super", "crate"].contains(&text.as_str()) {
        return Err(Error::new(name.span(), format!("a layer can't be called `{text}`")));
    }
    if syn::parse_str::<Ident>(&text).is_err() {
        let message = format!("`{text}` is a keyword of Rust: as a layer's name, it is written `r#{text}`");
        return Err(Error::new(name.span(), message));
    }
    Ok(Some(name))
}

/// What a layer is.
fn kind(input: ParseStream<'_>) -> syn::Result<Kind> {
    if input.peek(Brace) {
        return Ok(Kind::Branch(input.parse()?));
    }
    if input.peek(Ident) && input.peek2(Brace) {
        let name = input.parse()?;
        let body;
        braced!(body in input);
        return Ok(Kind::Block { name, layers: body.parse()? });
    }
    let path: TypePath = input
        .parse()
        .map_err(|error| Error::new(error.span(), "expected a layer, as `hidden: Dense(128)` or `Relu`"))?;
    match (path.path.get_ident(), input.peek(Paren)) {
        (Some(name), false) => Ok(Kind::Call { name: name.clone(), arguments: None }),
        (Some(name), true) => {
            let inside;
            parenthesized!(inside in input);
            let arguments = Punctuated::<Argument, Token![,]>::parse_terminated(&inside)?;
            Ok(Kind::Call { name: name.clone(), arguments: Some(arguments.into_iter().collect()) })
        }
        (None, false) => Ok(Kind::Type(path)),
        (None, true) => {
            let message =
                "a type of your own takes no arguments in parentheses: write its const parameters, as `Scale<8>`";
            Err(Error::new_spanned(path, message))
        }
    }
}

/// Nothing may follow a layer but a comma. What does may show what was meant.
fn end(input: ParseStream<'_>, kind: &Kind) -> syn::Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    if let Kind::Call { name, arguments: None } = kind {
        let is_name = name.to_string().starts_with(char::is_lowercase);
        if is_name && (input.peek(Ident) || input.peek(Token![=])) {
            return Err(input.error(format!("expected `:` between the name of a layer and its kind, as `{name}: …`")));
        }
        let argument = if input.peek(Bracket) {
            let inside;
            bracketed!(inside in input.fork());
            Some(inside.parse::<TokenStream>()?)
        } else if input.peek(Lit) {
            Some(input.fork().parse::<Lit>()?.into_token_stream())
        } else {
            None
        };
        if let Some(argument) = argument {
            return Err(input.error(format!("arguments are written in parentheses: `{name}({argument})`")));
        }
    }
    Err(input.error("expected `,` after a layer"))
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
        let value = input.parse()?;
        if input.peek(Token![:]) {
            return Err(input.error("expected `=` between the name of an argument and its value, as `bias = false`"));
        }
        Ok(Self { key, value })
    }
}

impl Parse for Shape {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Bracket) {
            return Err(input.error("expected a shape in brackets, as `[784]` or `[1, 28, 28]`"));
        }
        let inside;
        let bracket = bracketed!(inside in input);
        let mut sizes = Vec::new();
        while !inside.is_empty() {
            sizes.push(inside.parse()?);
            if !inside.is_empty() && inside.parse::<Option<Token![,]>>()?.is_none() {
                return Err(inside.error("expected `,`: a shape is a list of sizes, as `[784]` or `[1, 28, 28]`"));
            }
        }
        let mut group = Group::new(Delimiter::Bracket, TokenStream::new());
        group.set_span(bracket.span.join());
        match sizes.len() {
            0 => Err(Error::new(group.span(), "a shape has at least one size, as `[784]`")),
            1..=4 => Ok(Self { group, sizes }),
            _ => Err(Error::new(group.span(), "a shape has at most four sizes")),
        }
    }
}
