//! Tokens to syntax. Knows the grammar, and nothing about layers.
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

use crate::report::{Errors, near};
use crate::size::mentions;

/// A network as it was written.
pub(crate) struct Declaration {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) input: Shape,
    pub(crate) output: Option<Shape>,
    /// The contents of the braces, parsed by [`layers`].
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
    /// `Name { layers }`, whose layers are parsed by [`layers`].
    Block { name: Ident, layers: TokenStream },
    /// `{ layers }`, a branch of a block.
    Branch(Group),
    /// A type of the user's own.
    Type(TypePath),
    /// A syntax error, already reported.
    Mistake,
}

/// `value` or `key = value`
pub(crate) struct Argument {
    pub(crate) key: Option<Ident>,
    pub(crate) value: Expr,
}

/// The path of the library, which `fnn::network!` prepends in brackets, and the rest.
pub(crate) fn take_crate(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens = tokens.into_iter();
    match tokens.next() {
        Some(TokenTree::Group(group)) => (group.stream(), tokens.collect()),
        _ => (TokenStream::new(), tokens.collect()),
    }
}

/// The declaration; `None` if its header doesn't parse.
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

/// The declaration, with its layers not yet parsed.
fn header(input: ParseStream<'_>) -> syn::Result<Declaration> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    if !input.peek(Token![struct]) {
        return Err(input.error("expected `struct`: declare a network as `struct Digits: [784] -> [10] { … }`"));
    }
    input.parse::<Token![struct]>()?;
    let name = input.parse()?;
    let generics = input.parse()?;
    if input.peek(Token![where]) {
        return Err(input.error("a network cannot have a `where` clause"));
    }
    if !input.peek(Token![:]) {
        return Err(input.error("expected `:` and the input shape, as in `Digits: [784] -> [10]`"));
    }
    input.parse::<Token![:]>()?;
    let shape = input.parse()?;
    let output = if input.parse::<Option<Token![->]>>()?.is_some() { Some(input.parse()?) } else { None };
    if !input.peek(Brace) {
        return Err(input.error(match output {
            None => "expected `->` and the output shape, or the layers in braces",
            Some(_) => "expected the layers in braces, such as `{ hidden: Dense(128), Relu, logits: Dense(10) }`",
        }));
    }
    let body;
    braced!(body in input);
    let layers = body.parse()?;
    if !input.is_empty() {
        return Err(input.error("unexpected tokens after the layers: declare each network in a separate `network!`"));
    }
    Ok(Declaration { attributes, visibility, name, generics, input: shape, output, layers })
}

/// The macro's own attributes.
const ATTRIBUTES: [&str; 4] = ["quantizable", "streaming", "budget", "split"];

/// A network is read as a slice of its weights, which rules out any other layout. Traits that layers don't implement
/// can't be derived for a network, and near misses of the macro's attributes are misspellings.
fn check_attributes(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        if attribute.path().is_ident("derive") {
            // rustc reports its other mistakes.
            let _ = attribute.parse_nested_meta(|derived| {
                let name = derived.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
                match name.as_str() {
                    "Copy" => errors.at(derived.path, "a network cannot be `Copy`: use `clone()`"),
                    "Default" => errors.at(
                        derived.path,
                        "a network has no default weights: use `seeded(seed)`, or `zeroed()` for a gradient",
                    ),
                    _ => {}
                }
                Ok(())
            });
        }
        let name = attribute.path().get_ident().map(Ident::to_string).unwrap_or_default();
        if let Some(near) = near(&name, ATTRIBUTES.into_iter()).filter(|near| *near != name) {
            errors.at(attribute.path(), format!("there is no attribute `{name}`; did you mean `{near}`?"));
        }
        let conditional = attribute.path().is_ident("cfg_attr");
        if attribute.path().is_ident("repr") || (conditional && mentions(&attribute.to_token_stream(), "repr")) {
            errors.at(attribute, "a network is always `repr(C)`: remove this attribute");
        }
    }
}

/// Only plain const parameters can be passed on to layers on stable Rust. Others are reported and left out.
fn check_generics(generics: &mut Generics, errors: &mut Errors) {
    let parameters = std::mem::take(&mut generics.params).into_iter().filter_map(|parameter| match parameter {
        GenericParam::Const(mut parameter) => {
            if parameter.default.is_some() {
                errors.at(
                    &parameter,
                    "a network's const parameter cannot have a default: the scalar type parameter comes after it",
                );
                parameter.default = None;
            }
            let name = parameter.ident.unraw().to_string();
            if name.contains(char::is_lowercase) || name.starts_with("__") {
                errors.at(
                    &parameter.ident,
                    "a network's const parameter needs an upper-case name, such as `HIDDEN`: other names are reserved \
                     for generated code",
                );
            }
            Some(GenericParam::Const(parameter))
        }
        _ => {
            errors.at(
                parameter,
                "a network takes const parameters only, such as `<const HIDDEN: usize>`; the scalar type, `f32` or `f64`, \
                 is added by the macro",
            );
            None
        }
    });
    generics.params = parameters.collect();
}

/// Layers separated by commas, each parsed on its own, so that a mistake in one doesn't hide those in the next.
pub(crate) fn layers(tokens: TokenStream, errors: &mut Errors) -> Vec<Layer> {
    let layer = |tokens| {
        layer.parse2(tokens).unwrap_or_else(|error| {
            errors.push(error);
            Layer { attributes: Vec::new(), name: None, kind: Kind::Mistake }
        })
    };
    comma_separated(tokens).into_iter().map(layer).collect()
}

/// Splits at commas outside of brackets, including angle brackets.
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
        return Err(input.error("a layer has the visibility of its network: remove `pub`"));
    }
    let name = name(input)?;
    let kind = kind(input)?;
    end(input, &kind)?;
    Ok(Layer { attributes, name, kind })
}

/// Words that can't be names, not even as `r#word`.
const RESERVED: [&str; 5] = ["_", "self", "Self", "super", "crate"];

/// `name:`, if present.
fn name(input: ParseStream<'_>) -> syn::Result<Option<Ident>> {
    let named = input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]);
    if !named {
        return Ok(None);
    }
    let name = input.call(Ident::parse_any)?;
    input.parse::<Token![:]>()?;
    let text = name.to_string();
    if RESERVED.iter().any(|word| name == format!("r#{word}")) {
        // rustc reports this itself.
        return Ok(None);
    }
    if RESERVED.contains(&text.as_str()) {
        return Err(Error::new(name.span(), format!("`{text}` cannot be used as a layer's name")));
    }
    if syn::parse_str::<Ident>(&text).is_err() {
        let message = format!("`{text}` is a Rust keyword: write `r#{text}` to use it as a layer's name");
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
        .map_err(|error| Error::new(error.span(), "expected a layer, such as `hidden: Dense(128)` or `Relu`"))?;
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
                "a type of your own takes no arguments in parentheses: write const parameters as in `Scale<8>`";
            Err(Error::new_spanned(path, message))
        }
    }
}

/// Only a comma may follow a layer. Other tokens hint at what was meant.
fn end(input: ParseStream<'_>, kind: &Kind) -> syn::Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    if let Kind::Call { name, arguments: None } = kind {
        let is_name = name.to_string().starts_with(char::is_lowercase);
        if is_name && (input.peek(Ident) || input.peek(Token![=])) {
            return Err(input.error(format!("expected `:` between a layer's name and its kind, as in `{name}: …`")));
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
            return Err(input.error(format!("arguments go in parentheses: `{name}({argument})`")));
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
            return Err(input.error("expected `=` between an argument's name and its value, as in `bias = false`"));
        }
        Ok(Self { key, value })
    }
}

impl Parse for Shape {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Bracket) {
            return Err(input.error("expected a shape in brackets, such as `[784]` or `[1, 28, 28]`"));
        }
        let inside;
        let bracket = bracketed!(inside in input);
        let mut sizes = Vec::new();
        while !inside.is_empty() {
            sizes.push(inside.parse()?);
            if !inside.is_empty() && inside.parse::<Option<Token![,]>>()?.is_none() {
                return Err(inside.error("expected `,`: a shape is a list of sizes, such as `[784]` or `[1, 28, 28]`"));
            }
        }
        let mut group = Group::new(Delimiter::Bracket, TokenStream::new());
        group.set_span(bracket.span.join());
        match sizes.len() {
            0 => Err(Error::new(group.span(), "a shape needs at least one size, such as `[784]`")),
            1..=4 => Ok(Self { group, sizes }),
            _ => Err(Error::new(group.span(), "a shape can have at most four sizes")),
        }
    }
}
