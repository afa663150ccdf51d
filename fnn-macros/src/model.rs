//! Syntax to model: every layer has a known kind, bound arguments and a unique name.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, GenericParam, Generics, Meta, Path, Token, TypePath, Visibility};

use crate::arguments::Arguments;
use crate::budget::{self, Limit};
use crate::kinds::{self, Combination};
use crate::parse;
use crate::report::{Errors, near};
use crate::size::{Scope, Size, mentions};
use crate::split::{self, Split};

/// A network whose layers are known, but not yet the types between them.
pub(crate) struct Network {
    pub(crate) header: Header,
    /// `None` if it is a mistake.
    pub(crate) input: Option<Vec<Size>>,
    /// `None` if it isn't declared or is a mistake.
    pub(crate) output: Option<Vec<Size>>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) budget: Vec<Limit>,
    pub(crate) scope: Scope,
}

/// The header, shared by a network and its blocks.
#[derive(Clone)]
pub(crate) struct Header {
    /// The path of the library.
    pub(crate) fnn: TokenStream,
    /// The type parameter for the scalar, a name that the declaration doesn't use.
    pub(crate) scalar: Ident,
    pub(crate) attributes: Vec<Attribute>,
    /// Whether there is a `#[quantizable]`, which is removed from the attributes.
    pub(crate) quantizable: bool,
    /// Where `#[streaming]` is, which is removed from the attributes.
    pub(crate) streaming: Option<Span>,
    /// Where `#[split(…)]`, which is removed from the attributes, splits the network.
    pub(crate) split: Option<Split>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    /// The tokens of the input shape.
    pub(crate) input: Span,
    /// The tokens of the output shape, or those to point at if there is none.
    pub(crate) output: TokenStream,
}

/// A layer: its name and what it is.
pub(crate) struct Layer {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Ident,
    /// The tokens for error spans.
    pub(crate) written: TokenStream,
    pub(crate) kind: Kind,
}

/// What a layer is.
pub(crate) enum Kind {
    /// One of the library's.
    BuiltIn { kind: &'static kinds::Kind, arguments: Arguments },
    /// Layers with a shortcut around them.
    Residual(Vec<Layer>),
    /// Two or more branches whose outputs are added.
    Sum(Vec<Vec<Layer>>),
    /// Two branches whose outputs are multiplied.
    Product([Vec<Layer>; 2]),
    /// Two or more branches whose outputs are concatenated.
    Concat(Vec<Vec<Layer>>),
    /// A type of the user's.
    Own(TypePath),
    /// A mistake, already reported.
    Unknown,
}

impl Kind {
    /// Whether it is a library layer that takes tokens.
    pub(crate) fn takes_tokens(&self) -> bool {
        matches!(self, Self::BuiltIn { kind, .. } if kind.takes == kinds::Takes::Tokens)
    }
}

/// Resolves every layer's kind, arguments and name.
pub(crate) fn bind(fnn: TokenStream, declaration: parse::Declaration, errors: &mut Errors) -> Network {
    let parse::Declaration { mut attributes, visibility, name, generics, input, output, layers } = declaration;
    let mut scope = Scope::new(&name, &generics);
    let budget = budget::take(&mut attributes, &mut scope, errors);
    let split = split::take(&mut attributes, errors);
    let given = attributes.len();
    attributes.retain(|attribute| !attribute.path().is_ident("quantizable"));
    let quantizable = attributes.len() < given;
    let streaming = attributes.extract_if(.., |attribute| attribute.path().is_ident("streaming")).last();
    attributes.iter_mut().for_each(leave_to_the_macro);
    let header = Header {
        fnn,
        scalar: fresh_scalar(&name, &generics, split.as_ref(), &layers),
        quantizable,
        streaming: streaming.map(|attribute| attribute.path().span()),
        split,
        attributes,
        visibility,
        generics,
        input: input.group.span(),
        output: output.as_ref().map_or(name.to_token_stream(), |output| output.group.to_token_stream()),
        name,
    };
    budget::check(&budget, header.quantizable, errors);
    let input = shape(&input, &mut scope, errors);
    let output = output.and_then(|output| shape(&output, &mut scope, errors));
    let layers = parse::layers(layers, errors);
    if layers.is_empty() {
        errors.at(&header.name, "a network needs at least one layer, such as `logits: Dense(10)`");
    }
    let layers = bind_layers(layers, &mut scope, errors);
    if let Some(split) = &header.split {
        let names: Vec<_> = layers.iter().map(|layer| layer.name.unraw().to_string()).collect();
        split::check(split, &header.name, &names, errors);
    }
    Network { header, input, output, layers, budget, scope }
}

/// The sizes of a shape; `None` if one is a mistake.
fn shape(shape: &parse::Shape, scope: &mut Scope, errors: &mut Errors) -> Option<Vec<Size>> {
    let sizes: Vec<_> = shape.sizes.iter().map(|size| scope.size(size, "a size", errors)).collect();
    sizes.into_iter().collect()
}

/// A name for the scalar that the declaration doesn't use: `S`, or `S1` and so on.
fn fresh_scalar(network: &Ident, generics: &Generics, split: Option<&Split>, layers: &TokenStream) -> Ident {
    let parts = split.into_iter().flat_map(|split| [&split.first, &split.second]);
    let named: TokenStream = std::iter::once(network).chain(parts).map(ToTokens::to_token_stream).collect();
    let taken = |name: &str| [layers, &generics.to_token_stream(), &named].iter().any(|tokens| mentions(tokens, name));
    let mut names = std::iter::once("S".to_string()).chain((1..).map(|number| format!("S{number}")));
    let name = names.find(|name| !taken(name)).unwrap_or_default();
    Ident::new(&name, Span::mixed_site())
}

fn bind_layers(layers: Vec<parse::Layer>, scope: &mut Scope, errors: &mut Errors) -> Vec<Layer> {
    let given = layers.iter().filter_map(|layer| layer.name.as_ref());
    let mut taken: HashSet<String> = given.map(|name| name.unraw().to_string()).collect();
    let mut seen = HashSet::new();
    let bind = |parse::Layer { attributes, name, kind }| {
        if let Some(name) = &name
            && !seen.insert(name.unraw().to_string())
        {
            errors.at(name, format!("duplicate layer name `{name}`: layer names must be unique"));
        }
        let (written, called) = match &kind {
            parse::Kind::Call { name, .. } | parse::Kind::Block { name, .. } => {
                (name.to_token_stream(), name.unraw().to_string())
            }
            parse::Kind::Type(path) => {
                let last = path.path.segments.last().map(|last| last.ident.unraw().to_string());
                (path.to_token_stream(), last.unwrap_or_default())
            }
            parse::Kind::Branch(_) | parse::Kind::Mistake => (TokenStream::new(), "layer".into()),
        };
        let kind = bind_kind(kind, scope, errors);
        let name = name.unwrap_or_else(|| free_name(&called, &mut taken));
        Layer { attributes, name, written, kind }
    };
    layers.into_iter().map(bind).collect()
}

/// The name of an unnamed layer: its kind and the first number that makes it unique.
fn free_name(kind: &str, taken: &mut HashSet<String>) -> Ident {
    let mut stem = String::new();
    for (index, letter) in kind.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            stem.push('_');
        }
        stem.extend(letter.to_lowercase());
    }
    let name = (1..).map(|number| format!("{stem}_{number}")).find(|name| !taken.contains(name)).unwrap_or(stem);
    let ident = format_ident!("{name}", span = Span::mixed_site());
    taken.insert(name);
    ident
}

/// What a layer is: a kind of the library's, a block, or a type of the user's.
fn bind_kind(kind: parse::Kind, scope: &mut Scope, errors: &mut Errors) -> Kind {
    match kind {
        parse::Kind::Call { name, arguments } => match kinds::find(&name.to_string()) {
            Some(kind) => {
                let arguments = Arguments::bind(&name, kind.signature(), arguments.unwrap_or_default(), scope, errors);
                arguments.map_or(Kind::Unknown, |arguments| Kind::BuiltIn { kind, arguments })
            }
            None => foreign(&name, arguments.is_some(), scope, errors),
        },
        parse::Kind::Block { name, layers } => bind_nested(&name, layers, scope, errors),
        parse::Kind::Branch(braces) => {
            let message = "a block in braces is a branch, and belongs in `Concat { { … }, { … } }` or in \
                           `Sum { { … }, { … } }`";
            errors.at(braces, message);
            Kind::Unknown
        }
        parse::Kind::Type(path) => {
            let name = path.path.segments.last().filter(|_| path.path.segments.len() == 1).map(|last| &last.ident);
            if let Some(kind) = name.and_then(|name| kinds::find(&name.to_string())) {
                errors
                    .at(&path, format!("`{}` takes its arguments in parentheses: `{}`", kind.name, kind.example.layer));
                return Kind::Unknown;
            }
            own(path, scope, errors)
        }
        parse::Kind::Mistake => Kind::Unknown,
    }
}

/// How deep blocks can be nested: deeper, and the compiler's recursion limit is near.
const DEEPEST: usize = 16;

/// Resolves a block, unless it is nested too deep.
fn bind_nested(name: &Ident, layers: TokenStream, scope: &mut Scope, errors: &mut Errors) -> Kind {
    if scope.depth == DEEPEST {
        errors.at(name, format!("blocks can be nested {DEEPEST} deep at most: declare the inner ones as a network"));
        return Kind::Unknown;
    }
    scope.depth += 1;
    let block = bind_block(name, layers, scope, errors);
    scope.depth -= 1;
    block
}

/// `Residual { layers }`, `Residual { { layers }, { layers } }`, `Sum { { layers }, … }` or `Concat { { layers }, … }`.
fn bind_block(name: &Ident, layers: TokenStream, scope: &mut Scope, errors: &mut Errors) -> Kind {
    let Some(block) = kinds::BLOCKS.iter().find(|block| name == block.name) else {
        let blocks = "the blocks are `Residual { … }`, `Sum { { … }, { … } }`, `Product { { … }, { … } }` and \
                      `Concat { { … }, { … } }`";
        let message = match kinds::find(&name.to_string()) {
            Some(kind) if kind.parameters.is_empty() => format!("`{name}` takes no braces"),
            Some(kind) => format!("`{name}` takes its arguments in parentheses: `{}`", kind.example.layer),
            None => format!("there is no block `{name}`; {blocks}"),
        };
        errors.at(name, message);
        return Kind::Unknown;
    };
    let layers = parse::layers(layers, errors);
    for layer in layers.iter().filter(|layer| matches!(layer.kind, parse::Kind::Branch(_))) {
        if let Some(name) = &layer.name {
            errors.at(name, "a branch has no name: the weights of the branches are named `first.…`, `second.…`");
        }
    }
    let branches: Vec<_> = layers
        .iter()
        .filter_map(|layer| match &layer.kind {
            parse::Kind::Branch(braces) if braces.stream().is_empty() => Some(quote_spanned!(braces.span()=> Identity)),
            parse::Kind::Branch(braces) => Some(braces.stream()),
            _ => None,
        })
        .collect();
    let only_branches = branches.len() == layers.len();
    let bind = |branch: TokenStream| bind_layers(parse::layers(branch, errors), scope, errors);
    let message = match (block.combination, branches.len()) {
        (Combination::Product, 2) if only_branches => {
            let [first, second] = [0, 1].map(|branch| branches.get(branch).cloned().unwrap_or_default());
            return Kind::Product([first, second].map(bind));
        }
        (Combination::Product, _) => format!("`{name}` needs two branches, each in braces: `{}`", block.written),
        (Combination::Concat, 2..) if only_branches => return Kind::Concat(branches.into_iter().map(bind).collect()),
        (Combination::Sum, 2..) | (Combination::Shortcut, 2) if only_branches => {
            return Kind::Sum(branches.into_iter().map(bind).collect());
        }
        (Combination::Concat | Combination::Sum, _) => {
            format!("`{name}` needs two or more branches, each in braces: `{}`", block.written)
        }
        (Combination::Shortcut, 0) if !layers.is_empty() => return Kind::Residual(bind_layers(layers, scope, errors)),
        (Combination::Shortcut, 0) => {
            "a residual block needs at least one layer, such as `Residual { Dense(64), Relu }`".into()
        }
        (Combination::Shortcut, 3..) if only_branches => {
            format!("a residual block takes two branches at most; for more, write `{}`", kinds::SUM.written)
        }
        (Combination::Shortcut, _) => "a residual block takes layers, or two branches in braces, the second being the \
                                       shortcut: `Residual { { Dense(64), Relu }, { Dense(64) } }`"
            .into(),
    };
    errors.at(name, message);
    Kind::Unknown
}

/// A name that isn't one of the library's: a misspelling, or a user's type.
fn foreign(name: &Ident, called: bool, scope: &Scope, errors: &mut Errors) -> Kind {
    let text = name.to_string();
    if let Some(block) = kinds::BLOCKS.iter().find(|block| name == block.name) {
        errors.at(name, format!("`{name}` takes its {} in braces: `{}`", block.braces, block.written));
        return Kind::Unknown;
    }
    if let Some(advice) = kinds::unsupported(&text).filter(|_| called) {
        errors.at(name, format!("there is no layer `{name}`: {advice}"));
        return Kind::Unknown;
    }
    let near = kinds::synonym(&text).or_else(|| near(&text, kinds::names()));
    let message = match (near, called) {
        (Some(near), true) => format!("there is no layer `{name}`; did you mean `{near}`?"),
        (Some(near), false) => {
            format!(
                "there is no layer `{name}`; did you mean `{near}`? (For a type of your own, write `self::{name}`.)"
            )
        }
        (None, true) => format!(
            "there is no layer `{name}`: see the documentation of `network!` for all layers; a type of your own takes \
             no parentheses"
        ),
        (None, false) => return own(syn::parse_quote!(#name), scope, errors),
    };
    errors.at(name, message);
    Kind::Unknown
}

/// A type of the user's, which isn't the network itself.
fn own(path: TypePath, scope: &Scope, errors: &mut Errors) -> Kind {
    if path.path.get_ident().is_some_and(|name| name.unraw() == scope.network.unraw()) {
        errors.at(&path, "a network cannot contain itself");
        return Kind::Unknown;
    }
    Kind::Own(path)
}

/// Whether an attribute derives traits, with or without a condition. The types inside a network derive them too.
pub(crate) fn derives(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "derive")
        || (attribute.path().is_ident("cfg_attr") && mentions(&attribute.to_token_stream(), "derive"))
}

/// The traits that every network implements, derived or not.
const GIVEN: [&str; 2] = ["Clone", "Debug"];

/// Removes those traits from a `derive`, or from a conditional one: a second implementation would conflict.
fn leave_to_the_macro(attribute: &mut Attribute) {
    let Meta::List(list) = &mut attribute.meta else { return };
    if list.path.is_ident("derive") {
        list.tokens = without_given(&list.tokens);
    } else if list.path.is_ident("cfg_attr")
        && let Ok(metas) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
    {
        let metas = metas.into_iter().map(|meta| match meta {
            Meta::List(mut list) if list.path.is_ident("derive") => {
                list.tokens = without_given(&list.tokens);
                Meta::List(list)
            }
            meta => meta,
        });
        list.tokens = quote!(#(#metas),*);
    }
}

/// The traits of a `derive` without those that every network implements. Tokens that don't parse are left to rustc.
fn without_given(traits: &TokenStream) -> TokenStream {
    let Ok(paths) = Punctuated::<Path, Token![,]>::parse_terminated.parse2(traits.clone()) else {
        return traits.clone();
    };
    let given = |path: &&Path| path.segments.last().is_some_and(|last| GIVEN.iter().any(|name| last.ident == name));
    let others = paths.iter().filter(|path| !given(path));
    quote!(#(#others),*)
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
