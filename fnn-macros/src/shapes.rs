//! What flows from layer to layer. Shapes are carried as expressions: the macro computes none and judges none, it
//! emits checks that the compiler evaluates.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, PathArguments, TypePath};

use crate::kinds::{Built, Role};
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
    /// The networks inside residual blocks.
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
}

/// The type of a sample between two layers.
#[derive(Clone)]
pub(crate) enum Flow {
    /// Nested arrays of these sizes, outermost first.
    Sizes(Vec<Size>),
    /// What a type of the user's own gives.
    Of(TypePath),
    /// What a mistake gives: anything.
    Unknown,
}

impl Flow {
    /// The type, made of `scalar`.
    pub(crate) fn sample(&self, site: &Site<'_>, scalar: &impl ToTokens) -> TokenStream {
        match self {
            Self::Sizes(sizes) => sizes.iter().rev().fold(scalar.to_token_stream(), |sample, size| {
                let size = &size.tokens;
                quote!([#sample; #size])
            }),
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
            Self::Sizes(sizes) => Size::product(sizes),
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
            Self::Sizes(sizes) => sizes.get(axis).cloned().unwrap_or_else(Size::one),
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
        matches!(self, Self::Sizes(sizes) if sizes.len() == rank)
    }

    /// Whether it is of another rank for sure.
    fn is_of_other_rank(&self, rank: usize) -> bool {
        matches!(self, Self::Sizes(sizes) if sizes.len() != rank)
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
            Self::Sizes(sizes) => {
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
    let mut network = chain(header, kind, Flow::Sizes(input), declared, layers, errors);
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

/// What the table calls a residual block.
const RESIDUAL: &str = "Residual";

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
        input,
    };
    match kind {
        Kind::Unknown => {}
        Kind::BuiltIn { kind, arguments } => {
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
        Kind::Residual(layers) => {
            let inside = Header {
                name: format_ident!("__{}_{}", header.name.unraw(), name.unraw(), span = Span::call_site()),
                output: written.span(),
                ..header.clone()
            };
            let inside = chain(inside, RESIDUAL.into(), layer.input.clone(), Some(layer.input.clone()), layers, errors);
            let (fnn, scalar, inner) = (site.fnn, site.scalar, &inside.header.name);
            let arguments = generic_arguments(&header.generics);
            layer.layer = Some(quote!(#fnn::layers::Residual<#inner<#(#arguments,)* #scalar>>));
            layer.output = layer.input.clone();
            network.blocks.push(inside);
        }
    }
    layer
}
