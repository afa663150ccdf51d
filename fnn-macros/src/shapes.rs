//! What flows from layer to layer. Shapes are carried as expressions: the macro computes none and judges none, it
//! emits checks that the compiler evaluates.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, PathArguments, TypePath};

use crate::kinds::{Built, RESIDUAL, Role};
use crate::model::{self, Header, Kind, generic_arguments};
use crate::report::Errors;
use crate::size::Size;

/// A network of which every layer is a type.
pub(crate) struct Network {
    pub(crate) header: Header,
    /// What the table calls it: its name, or `Residual`.
    pub(crate) kind: String,
    pub(crate) input: Flow,
    /// What comes out, as the header declares it or as the last layer gives it.
    pub(crate) output: Flow,
    /// Whether the last layer gives just that type.
    pub(crate) exact_output: bool,
    pub(crate) layers: Vec<Layer>,
    pub(crate) checks: Vec<TokenStream>,
    /// The networks inside blocks, layer after layer.
    pub(crate) blocks: Vec<Network>,
}

/// A layer as a type.
pub(crate) struct Layer {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Ident,
    /// How its kind was written.
    pub(crate) kind: String,
    /// Its type; nothing where it is a mistake.
    pub(crate) layer: Option<TokenStream>,
    /// What goes in, and whether it is just the type that the layer takes.
    pub(crate) input: Flow,
    pub(crate) exact_input: bool,
    pub(crate) output: Flow,
    pub(crate) role: Role,
    /// The initializer that was asked for.
    pub(crate) initializer: Option<TokenStream>,
    /// Its weights, array by array, where the macro knows them.
    pub(crate) weights: Option<Vec<Vec<Size>>>,
    /// How many of the network's blocks are its own.
    pub(crate) blocks: usize,
}

/// The type of a sample between two layers.
#[derive(Clone)]
pub(crate) enum Flow {
    /// Nested arrays of these sizes, outermost first.
    Sizes(Vec<Size>),
    /// Nested arrays of tokens, `u16`, of these sizes.
    Tokens(Vec<Size>),
    /// What a type of the user's own gives.
    Of(TypePath),
    /// What a mistake gives: anything.
    Unknown,
}

impl Flow {
    /// The type, made of `scalar`.
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
            Self::Of(path) => {
                let fnn = site.fnn;
                let layer = with_scalar(path, scalar);
                quote!(<#layer as #fnn::Layer>::Output)
            }
            Self::Unknown => quote!([#scalar; 1]),
        }
    }

    /// The shape, as a const expression.
    pub(crate) fn shape(&self, site: &Site<'_>) -> TokenStream {
        let fnn = site.fnn;
        let sample = self.sample(site, &site.f32());
        quote!(<#sample as #fnn::Sample>::SHAPE)
    }

    /// The number of elements.
    pub(crate) fn length(&self, site: &Site<'_>) -> Size {
        match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => Size::product(sizes),
            Self::Of(_) => {
                let fnn = site.fnn;
                let sample = self.sample(site, &site.f32());
                let tokens = quote!(<#sample as #fnn::Sample>::LENGTH);
                Size { tokens, known: None, text: "?".into() }
            }
            Self::Unknown => Size::one(),
        }
    }

    /// The sizes, outermost first, as many as a layer takes that takes a shape of this rank.
    pub(crate) fn sizes(&self, site: &Site<'_>, rank: usize) -> Vec<Size> {
        let size = |axis: usize| match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => sizes.get(axis).cloned().unwrap_or_else(Size::one),
            Self::Of(_) => {
                let shape = self.shape(site);
                Size { tokens: quote!(#shape.size(#axis)), known: None, text: "?".into() }
            }
            Self::Unknown => Size::one(),
        };
        (0..rank).map(size).collect()
    }

    /// Whether it is of this rank for sure.
    fn is_of_rank(&self, rank: usize) -> bool {
        matches!(self, Self::Sizes(sizes) | Self::Tokens(sizes) if sizes.len() == rank)
    }

    /// Whether it is of another rank for sure.
    fn is_of_other_rank(&self, rank: usize) -> bool {
        matches!(self, Self::Sizes(sizes) | Self::Tokens(sizes) if sizes.len() != rank)
    }

    /// The last `count` sizes, or all of them.
    pub(crate) fn last_sizes(&self, site: &Site<'_>, count: Option<usize>) -> Vec<Size> {
        match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => {
                let skipped = count.map_or(0, |count| sizes.len().saturating_sub(count));
                sizes[skipped..].to_vec()
            }
            Self::Of(_) => {
                let shape = self.shape(site);
                let size = |from_end: usize| {
                    let tokens = quote!(#shape.size(#shape.rank().saturating_sub(#from_end)));
                    Size { tokens, known: None, text: "?".into() }
                };
                count.map_or_else(|| vec![self.length(site)], |count| (1..=count).rev().map(size).collect())
            }
            Self::Unknown => Vec::new(),
        }
    }

    /// Whether two types were written alike, so that they are one type for sure.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sizes(one), Self::Sizes(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.same(other))
            }
            _ => false,
        }
    }

    /// How the table writes it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => {
                let sizes: Vec<_> = sizes.iter().map(|size| size.text.as_str()).collect();
                format!("[{}]", sizes.join(", "))
            }
            Self::Of(path) => format!("{}'s", path.to_token_stream()),
            Self::Unknown => "?".into(),
        }
    }
}

/// The place in a declaration for which tokens are made.
pub(crate) struct Site<'a> {
    pub(crate) fnn: &'a TokenStream,
    pub(crate) scalar: &'a Ident,
    /// The layer's name, for messages.
    pub(crate) name: &'a str,
    /// How the layer's kind was written, and where.
    pub(crate) written: &'a TokenStream,
}

impl Site<'_> {
    /// The type `f32`, whatever the user calls so.
    pub(crate) fn f32(&self) -> TokenStream {
        quote!(::core::primitive::f32)
    }

    /// Nothing where `flow` is of this rank for sure; else a check that it is.
    fn check_rank(&self, flow: &Flow, rank: usize) -> TokenStream {
        if flow.is_of_rank(rank) || matches!(flow, Flow::Unknown) {
            return TokenStream::new();
        }
        let name = self.name;
        let (kind, shape) = (self.written.to_string(), flow.shape(self));
        quote_spanned!(self.written.span()=> __fnn::check_rank(#name, #kind, #rank, #shape))
    }

    /// A check of what two branches end in.
    fn check_branches(&self, check: &TokenStream, first: &Flow, other: &Flow) -> TokenStream {
        let (name, first, other) = (self.name, first.shape(self), other.shape(self));
        quote_spanned!(self.written.span()=> __fnn::#check(#name, #first, #other))
    }

    /// Nothing where `size` is a number above 0; else a check that it is.
    pub(crate) fn check_size(&self, size: &Size, what: &str) -> TokenStream {
        if size.known.is_some_and(|size| size > 0) {
            return TokenStream::new();
        }
        let (name, tokens) = (self.name, &size.tokens);
        quote_spanned!(tokens.span()=> __fnn::check_size(#name, #what, #tokens))
    }
}

/// A user's type, with the scalar as its last argument.
fn with_scalar(path: &TypePath, scalar: &impl ToTokens) -> TokenStream {
    let mut path = path.clone();
    let Some(last) = path.path.segments.last_mut() else { return path.into_token_stream() };
    match &mut last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.push(syn::parse_quote!(#scalar)),
        arguments => *arguments = PathArguments::AngleBracketed(syn::parse_quote!(<#scalar>)),
    }
    path.into_token_stream()
}

/// Find out what flows between the layers of a network.
pub(crate) fn flow(network: model::Network, errors: &mut Errors) -> Network {
    let model::Network { header, input, output, layers } = network;
    let kind = header.name.unraw().to_string();
    let site = Site { fnn: &header.fnn, scalar: &header.scalar, name: "", written: &TokenStream::new() };
    let mut checks: Vec<_> = input.iter().map(|size| site.check_size(size, "a size of what goes in")).collect();
    checks.extend(output.iter().flatten().map(|size| site.check_size(size, "a size of what comes out")));
    let declared = output.map(Flow::Sizes);
    let takes_tokens = layers.first().is_some_and(|first| first.kind.takes_tokens());
    let input = if takes_tokens { Flow::Tokens(input) } else { Flow::Sizes(input) };
    let mut network = chain(header, kind, input, declared, layers, errors);
    network.checks.splice(0..0, checks);
    network
}

/// Layer after layer, from `input` on. `declared` is what has to come out.
fn chain(
    header: Header,
    kind: String,
    input: Flow,
    declared: Option<Flow>,
    layers: Vec<model::Layer>,
    errors: &mut Errors,
) -> Network {
    let mut network = Network {
        kind,
        input: input.clone(),
        output: Flow::Unknown,
        exact_output: true,
        layers: Vec::new(),
        checks: Vec::new(),
        blocks: Vec::new(),
        header,
    };
    let mut flow = input;
    for layer in layers {
        let layer = self::layer(&mut network, layer, flow, errors);
        flow = layer.output.clone();
        network.layers.push(layer);
    }
    if let Some(declared) = &declared
        && !matches!(flow, Flow::Unknown)
        && !declared.same(&flow)
    {
        network.exact_output = false;
        let header = &network.header;
        let site = Site { fnn: &header.fnn, scalar: &header.scalar, name: "", written: &TokenStream::new() };
        let (wanted, given) = (declared.shape(&site), flow.shape(&site));
        let check = if network.kind == RESIDUAL { quote!(check_residual) } else { quote!(check_output) };
        network.checks.push(quote_spanned!(header.output=> __fnn::#check(#wanted, #given)));
    }
    network.output = declared.unwrap_or(flow);
    network
}

/// One layer as a type, given what flows in.
fn layer(network: &mut Network, layer: model::Layer, input: Flow, errors: &mut Errors) -> Layer {
    let model::Layer { attributes, name, written, kind } = layer;
    let text = name.unraw().to_string();
    let header = network.header.clone();
    let site = Site { fnn: &header.fnn, scalar: &header.scalar, name: &text, written: &written };
    let mut layer = Layer {
        attributes,
        name: name.clone(),
        kind: written.to_string().replace(' ', ""),
        layer: None,
        exact_input: true,
        output: Flow::Unknown,
        role: Role::Other,
        initializer: None,
        weights: None,
        blocks: 0,
        input,
    };
    match kind {
        Kind::Unknown => {}
        Kind::BuiltIn { kind, arguments } => {
            if kind.takes_tokens() && !matches!(layer.input, Flow::Tokens(_) | Flow::Unknown) {
                errors.at(&written, "`Embedding` takes tokens, so it is the first layer of its network");
            }
            let Built { layer: built, output, weights, initializer, checks } =
                (kind.build)(&site, &arguments, &layer.input);
            let mistaken = matches!(layer.input, Flow::Unknown);
            layer.exact_input = kind.rank.is_none_or(|rank| layer.input.is_of_rank(rank));
            layer.layer = (!mistaken).then_some(built);
            layer.output = output;
            layer.role = kind.role;
            layer.initializer = initializer;
            layer.weights = Some(weights);
            if let Some(rank) = kind.rank {
                network.checks.push(site.check_rank(&layer.input, rank));
            }
            // What is judged of sizes that aren't there says nothing.
            if kind.rank.is_none_or(|rank| !layer.input.is_of_other_rank(rank)) {
                network.checks.extend(checks);
            }
        }
        Kind::Own(path) => {
            let (fnn, f32) = (site.fnn, site.f32());
            let own = with_scalar(&path, &f32);
            if !matches!(layer.input, Flow::Unknown) {
                let given = layer.input.shape(&site);
                let wanted = quote!(<<#own as #fnn::Layer>::Input as #fnn::Sample>::SHAPE);
                let check = quote_spanned!(path.span()=> __fnn::check_input(#text, #wanted, #given));
                network.checks.push(check);
            }
            layer.layer = Some(with_scalar(&path, site.scalar));
            layer.exact_input = false;
            layer.output = Flow::Of(path);
        }
        Kind::Residual(inside) => {
            let inside = block(network, &mut layer, &written, inside, Some(RESIDUAL), errors);
            let fnn = site.fnn;
            layer.layer = Some(quote!(#fnn::layers::Residual<#inside>));
            layer.output = layer.input.clone();
        }
        Kind::Projected([inside, projection]) => {
            let inside = block(network, &mut layer, &written, inside, None, errors);
            let output = layer.output.clone();
            let projection = block(network, &mut layer, &written, projection, None, errors);
            if !output.same(&layer.output) {
                network.checks.push(site.check_branches(&quote!(check_projection), &output, &layer.output));
            }
            let fnn = site.fnn;
            layer.layer = Some(quote!(#fnn::layers::ProjectedResidual<#inside, #projection>));
            layer.output = output;
        }
        Kind::Concat(branches) => {
            let branches: Vec<_> = branches
                .into_iter()
                .map(|branch| {
                    let branch = block(network, &mut layer, &written, branch, None, errors);
                    (branch, layer.output.clone())
                })
                .collect();
            concat(network, &mut layer, &site, branches);
        }
    }
    layer
}

/// The inside of a block as a network of its own, and its type. `layer.output` becomes what it ends in.
fn block(
    network: &mut Network,
    layer: &mut Layer,
    written: &TokenStream,
    layers: Vec<model::Layer>,
    residual: Option<&str>,
    errors: &mut Errors,
) -> TokenStream {
    let header = &network.header;
    let number = network.blocks.len();
    let name = format_ident!("__{}_{}_{number}", header.name.unraw(), layer.name.unraw(), span = Span::call_site());
    let inside = Header { name, output: written.span(), ..header.clone() };
    let declared = residual.map(|_| layer.input.clone());
    let inside = chain(inside, residual.unwrap_or("Branch").into(), layer.input.clone(), declared, layers, errors);
    let (scalar, name, arguments) = (&header.scalar, &inside.header.name, generic_arguments(&header.generics));
    let tokens = quote!(#name<#(#arguments,)* #scalar>);
    layer.output = inside.output.clone();
    layer.blocks += 1;
    network.blocks.push(inside);
    tokens
}

/// Branches, as types and as what they end in, side by side: pairs of the first and of all others.
fn concat(network: &mut Network, layer: &mut Layer, site: &Site<'_>, branches: Vec<(TokenStream, Flow)>) {
    let fnn = site.fnn;
    let known = branches.iter().find_map(|(_, flow)| match flow {
        Flow::Sizes(sizes) => Some(sizes.clone()),
        _ => None,
    });
    let tail: Vec<_> = known.unwrap_or_default().into_iter().skip(1).collect();
    let Some((_, first)) = branches.first().cloned() else { return };
    let mistaken = branches.iter().any(|(_, flow)| matches!(flow, Flow::Unknown));
    for (_, other) in branches.iter().skip(1).filter(|_| !mistaken) {
        network.checks.push(site.check_branches(&quote!(check_concat), &first, other));
    }
    let mut rest: Option<(TokenStream, Size)> = None;
    for (branch, flow) in branches.into_iter().rev() {
        let channels = flow.sizes(site, 1).remove(0);
        rest = Some(match rest {
            None => (branch, channels),
            Some((others, more)) => {
                let channels = channels.sum(&more);
                layer.output = Flow::Sizes(std::iter::once(channels.clone()).chain(tail.iter().cloned()).collect());
                let output = layer.output.sample(site, site.scalar);
                (quote!(#fnn::layers::Concat<#branch, #others, #output>), channels)
            }
        });
    }
    layer.layer = rest.map(|(layer, _)| layer);
    if mistaken {
        layer.output = Flow::Unknown;
    }
}
