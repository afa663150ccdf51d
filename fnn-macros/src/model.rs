//! Syntax to model: every layer's kind is known, its arguments are bound, its name is its own.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::{Attribute, Expr, GenericParam, Generics, TypePath, Visibility};

use crate::arguments::Arguments;
use crate::kinds;
use crate::parse;
use crate::report::{Errors, list, near};
use crate::size::Size;

/// A network whose layers are known. What flows between them isn't yet.
pub(crate) struct Network {
    pub(crate) header: Header,
    pub(crate) input: Vec<Size>,
    pub(crate) output: Option<Vec<Size>>,
    pub(crate) layers: Vec<Layer>,
}

/// What a network and the blocks in it have in common.
#[derive(Clone)]
pub(crate) struct Header {
    /// The path of the library.
    pub(crate) fnn: TokenStream,
    /// The type parameter for the scalar, a name that the declaration doesn't use.
    pub(crate) scalar: Ident,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    /// Where the shape of what comes out was written, or would be.
    pub(crate) output: Span,
}

/// A layer, its name, and what it is.
pub(crate) struct Layer {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Ident,
    /// The tokens to point at.
    pub(crate) written: TokenStream,
    pub(crate) kind: Kind,
}

/// What a layer is.
pub(crate) enum Kind {
    /// One of the library's.
    BuiltIn { kind: &'static kinds::Kind, arguments: Arguments },
    /// Layers that are gone around.
    Residual(Vec<Layer>),
    /// Layers, and others that are the way around.
    Projected([Vec<Layer>; 2]),
    /// Branches whose outputs are put side by side: two or more.
    Concat(Vec<Vec<Layer>>),
    /// A type of the user's.
    Own(TypePath),
    /// A mistake, which has been reported.
    Unknown,
}

impl Kind {
    /// Whether it is one of the library's that takes tokens.
    pub(crate) fn takes_tokens(&self) -> bool {
        matches!(self, Self::BuiltIn { kind, .. } if kind.takes_tokens())
    }
}

/// Give every layer its kind, its arguments and its name.
pub(crate) fn bind(fnn: TokenStream, declaration: parse::Declaration, errors: &mut Errors) -> Network {
    let parse::Declaration { attributes, visibility, name, generics, input, output, layers } = declaration;
    let parameters: Vec<_> = generics.const_params().map(|parameter| parameter.ident.clone()).collect();
    let sizes = |shape: &parse::Shape, errors: &mut Errors| -> Vec<Size> {
        shape.sizes.iter().inspect(|size| check_size(size, &parameters, errors)).map(Size::new).collect()
    };
    let header = Header {
        fnn,
        scalar: fresh_scalar(&generics, &layers),
        attributes,
        visibility,
        generics: generics.clone(),
        output: output.as_ref().map_or(name.span(), |output| output.group.span()),
        name,
    };
    let input = sizes(&input, errors);
    let output = output.map(|output| sizes(&output, errors));
    if layers.is_empty() && errors.is_empty() {
        errors.at(&header.name, "a network has at least one layer, as `logits: Dense(10)`");
    }
    let layers = bind_layers(layers, &parameters, errors);
    Network { header, input, output, layers }
}

/// A name for the scalar that nothing in the declaration has: `S`, or `S1` and so on.
fn fresh_scalar(generics: &Generics, layers: &[parse::Layer]) -> Ident {
    fn taken(layers: &[parse::Layer], name: &str) -> bool {
        fn mentions(tokens: TokenStream, name: &str) -> bool {
            tokens.into_iter().any(|token| match token {
                TokenTree::Group(group) => mentions(group.stream(), name),
                TokenTree::Ident(ident) => ident == name,
                _ => false,
            })
        }
        layers.iter().any(|layer| match &layer.kind {
            parse::Kind::Call { name: kind, arguments } => {
                let mut arguments = arguments.iter().flatten();
                kind == name || arguments.any(|argument| mentions(argument.value.to_token_stream(), name))
            }
            parse::Kind::Block { layers, .. } | parse::Kind::Branch { layers, .. } => taken(layers, name),
            parse::Kind::Type(path) => mentions(path.to_token_stream(), name),
        })
    }
    let names = std::iter::once("S".to_string()).chain((1..).map(|number| format!("S{number}")));
    let name = names
        .into_iter()
        .find(|name| !taken(layers, name) && !generics.const_params().any(|parameter| parameter.ident == name))
        .unwrap_or_default();
    Ident::new(&name, Span::mixed_site())
}

/// On stable Rust, a const parameter can be passed on, but not computed with.
fn check_size(size: &Expr, parameters: &[Ident], errors: &mut Errors) {
    fn parameter_in(tokens: TokenStream, parameters: &[Ident]) -> Option<&Ident> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Group(group) => parameter_in(group.stream(), parameters),
            TokenTree::Ident(ident) => parameters.iter().find(|parameter| **parameter == ident),
            _ => None,
        })
    }
    let alone = matches!(size, Expr::Path(path) if path.path.get_ident().is_some());
    if let Some(parameter) = parameter_in(size.to_token_stream(), parameters)
        && !alone
    {
        errors.at(
            size,
            format!(
                "stable Rust cannot compute with the const parameter `{parameter}`: write it alone, and give the \
                 network another const parameter for the result"
            ),
        );
    }
}

fn bind_layers(layers: Vec<parse::Layer>, parameters: &[Ident], errors: &mut Errors) -> Vec<Layer> {
    let mut names: HashMap<String, Ident> = HashMap::new();
    for name in layers.iter().filter_map(|layer| layer.name.as_ref()) {
        if names.insert(name.unraw().to_string(), name.clone()).is_some() {
            errors.at(name, format!("a second layer with the name `{name}`: each has a name of its own"));
        }
    }
    layers
        .into_iter()
        .map(|layer| {
            let parse::Layer { attributes, name, kind } = layer;
            let (written, called) = match &kind {
                parse::Kind::Call { name, .. } | parse::Kind::Block { name, .. } => {
                    (name.to_token_stream(), name.to_string())
                }
                parse::Kind::Branch { span, .. } => {
                    let mut braces = Group::new(Delimiter::Brace, TokenStream::new());
                    braces.set_span(*span);
                    (braces.to_token_stream(), "Branch".into())
                }
                parse::Kind::Type(path) => {
                    let last = path.path.segments.last();
                    (path.to_token_stream(), last.map(|segment| segment.ident.to_string()).unwrap_or_default())
                }
            };
            let kind = match kind {
                parse::Kind::Block { name: kind, layers } => bind_block(&kind, layers, parameters, errors),
                parse::Kind::Branch { .. } => {
                    errors.at(
                        &written,
                        "a block in braces is a branch, which stands in `Concat { { … }, { … } }` or in \
                         `Residual { { … }, { … } }`",
                    );
                    Kind::Unknown
                }
                parse::Kind::Call { name: kind, arguments } => {
                    bind_call(&kind, name.is_some(), arguments, parameters, errors)
                }
                parse::Kind::Type(path) => Kind::Own(path),
            };
            let name = name.unwrap_or_else(|| free_name(&called, &mut names));
            Layer { attributes, name, written, kind }
        })
        .collect()
}

/// `Residual { layers }`, `Residual { { layers }, { layers } }` or `Concat { { layers }, … }`.
fn bind_block(name: &Ident, layers: Vec<parse::Layer>, parameters: &[Ident], errors: &mut Errors) -> Kind {
    let branches = layers.iter().filter(|layer| matches!(layer.kind, parse::Kind::Branch { .. })).count();
    let all_branches = branches > 0 && branches == layers.len();
    let mistake = |errors: &mut Errors, message: &str| {
        errors.at(name, message);
        Kind::Unknown
    };
    if name == kinds::RESIDUAL && !all_branches {
        if layers.is_empty() && errors.is_empty() {
            errors.at(name, "a residual block has at least one layer, as `Residual { Dense(64), Relu }`");
        }
        return Kind::Residual(bind_layers(layers, parameters, errors));
    }
    if name != kinds::RESIDUAL && name != kinds::CONCAT {
        let message =
            format!("no block is called `{name}`: there are `Residual {{ … }}` and `Concat {{ {{ … }}, {{ … }} }}`");
        return mistake(errors, &message);
    }
    let found = layers.len();
    let branches = layers.into_iter().filter_map(|layer| match layer.kind {
        parse::Kind::Branch { layers, .. } if layers.is_empty() => Some(vec![identity(name)]),
        parse::Kind::Branch { layers, .. } => Some(bind_layers(layers, parameters, errors)),
        _ => None,
    });
    let branches: Vec<_> = branches.collect();
    if name == kinds::CONCAT {
        return if found >= 2 && all_branches {
            Kind::Concat(branches)
        } else {
            mistake(
                errors,
                "`Concat` has two branches or more, each in braces: `Concat { { Dense(8) }, { Dense(4), Relu } }`",
            )
        };
    }
    match <[Vec<Layer>; 2]>::try_from(branches) {
        Ok(branches) => Kind::Projected(branches),
        Err(_) => mistake(
            errors,
            "a residual block has layers, or, each in braces, layers and what is put on the way around them: \
             `Residual { { Dense(64), Relu }, { Dense(64) } }`",
        ),
    }
}

/// What an empty branch does.
fn identity(written: &Ident) -> Layer {
    let kind = kinds::find("Identity");
    let built_in = |kind| Kind::BuiltIn { kind, arguments: Arguments::new(kind, Vec::new()) };
    Layer {
        attributes: Vec::new(),
        name: Ident::new("identity", Span::mixed_site()),
        written: written.to_token_stream(),
        kind: kind.map_or(Kind::Unknown, built_in),
    }
}

/// The name of an unnamed layer: its kind and the first number that makes a name nobody has.
fn free_name(kind: &str, names: &mut HashMap<String, Ident>) -> Ident {
    let mut stem = String::new();
    for (index, letter) in kind.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            stem.push('_');
        }
        stem.extend(letter.to_lowercase());
    }
    let name = (1..).map(|number| format!("{stem}_{number}")).find(|name| !names.contains_key(name)).unwrap_or(stem);
    let ident = format_ident!("{name}", span = Span::mixed_site());
    names.insert(name, ident.clone());
    ident
}

/// `Name` or `Name(arguments)`: one of the library's kinds, or, without arguments, a type of the user's.
fn bind_call(
    name: &Ident,
    named: bool,
    arguments: Option<Vec<parse::Argument>>,
    parameters: &[Ident],
    errors: &mut Errors,
) -> Kind {
    let text = name.to_string();
    if let Some(kind) = kinds::find(&text) {
        let arguments = bind_arguments(name, kind, arguments.unwrap_or_default(), parameters, errors);
        return arguments.map_or(Kind::Unknown, |arguments| Kind::BuiltIn { kind, arguments });
    }
    if text == kinds::RESIDUAL {
        errors.at(name, "`Residual` takes its layers in braces: `Residual { Dense(64), Relu, Dense(64) }`");
        return Kind::Unknown;
    }
    if text == kinds::CONCAT {
        errors.at(name, "`Concat` takes its branches in braces: `Concat { { Dense(8) }, { Dense(4), Relu } }`");
        return Kind::Unknown;
    }
    let near = kinds::synonym(&text).or_else(|| near(&text, kinds::names()));
    match (near, &arguments) {
        (Some(near), None) if !named => errors.at(
            name,
            format!("no layer is called `{name}`; did you mean `{near}`? (A type of your own goes by `self::{name}`.)"),
        ),
        (Some(near), Some(_)) => errors.at(name, format!("no layer is called `{name}`; did you mean `{near}`?")),
        (None, Some(_)) => {
            let known = list(kinds::names());
            errors.at(
                name,
                format!("no layer is called `{name}`; there are {known}, and types of your own, without parentheses"),
            );
        }
        (_, None) => return Kind::Own(syn::parse_quote!(#name)),
    }
    Kind::Unknown
}

/// Every argument to its parameter, and every parameter its argument.
fn bind_arguments(
    name: &Ident,
    kind: &'static kinds::Kind,
    arguments: Vec<parse::Argument>,
    parameters: &[Ident],
    errors: &mut Errors,
) -> Option<Arguments> {
    let mut values: Vec<Option<Expr>> = kind.parameters.iter().map(|_| None).collect();
    let mut good = true;
    let mut mistake = |errors: &mut Errors, tokens: &dyn ToTokens, message: String| {
        errors.at(tokens, message);
        good = false;
    };
    let mut position = 0;
    for parse::Argument { key, value } in arguments {
        let index = match &key {
            None => {
                position += 1;
                Some(position - 1)
                    .filter(|index| kind.parameters.get(*index).is_some_and(|parameter| parameter.positional))
            }
            Some(key) => kind.parameters.iter().position(|parameter| key == parameter.name),
        };
        let Some(index) = index else {
            let names = || kind.parameters.iter().map(|parameter| parameter.name);
            let message = match &key {
                None if kind.parameters.is_empty() => format!("`{name}` takes no arguments"),
                None => format!("one argument too many: `{name}` is written `{}`", kind.example),
                Some(key) => match near(&key.to_string(), names()) {
                    Some(near) => format!("`{name}` has no `{key}`; did you mean `{near}`?"),
                    None if kind.parameters.is_empty() => format!("`{name}` takes no arguments"),
                    None => format!("`{name}` has no `{key}`; it has {}", list(names())),
                },
            };
            match &key {
                None => mistake(errors, &value, message),
                Some(key) => mistake(errors, key, message),
            }
            continue;
        };
        let parameter = &kind.parameters[index];
        match parameter.form.judge(parameter.name, &value) {
            Ok(sizes) => sizes.iter().for_each(|size| check_size(size, parameters, errors)),
            Err(message) => mistake(errors, &value, message),
        }
        if values[index].replace(value.clone()).is_some() {
            mistake(errors, &value, format!("`{}` is given twice", parameter.name));
        }
    }
    for (parameter, value) in kind.parameters.iter().zip(&values) {
        if parameter.required && value.is_none() {
            mistake(errors, name, format!("`{name}` needs {}: `{}`", parameter.meaning, kind.example));
        }
    }
    good.then_some(Arguments::new(kind, values))
}

/// The const parameters of a network, as arguments.
pub(crate) fn generic_arguments(generics: &Generics) -> Vec<TokenStream> {
    generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Const(parameter) => Some(parameter.ident.to_token_stream()),
            _ => None,
        })
        .collect()
}
