//! What flows from layer to layer. Shapes are carried as expressions: the macro computes none and judges none, it
//! emits checks that the compiler evaluates.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, PathArguments, TypePath, parse_quote};

use crate::arguments::Arguments;
use crate::kinds::{self, Built, RESIDUAL, Role};
use crate::model::{self, Header, Kind, generic_arguments};
use crate::report::{Errors, judge};
use crate::size::{Scope, Size, UNKNOWN, mentions};

/// A network of which every layer is a type.
pub(crate) struct Network {
    pub(crate) header: Header,
    /// What the table calls it: its name, `Residual`, or `Branch`.
    pub(crate) kind: String,
    pub(crate) input: Flow,
    /// What comes out, as the header declares it or as the last layer gives it.
    pub(crate) output: Flow,
    /// Whether the last layer gives just that type.
    pub(crate) exact_output: bool,
    pub(crate) layers: Vec<Layer>,
    /// The constants that the sizes are made of, and the aliases of the user's own types, as items.
    pub(crate) constants: Vec<TokenStream>,
    pub(crate) checks: Vec<TokenStream>,
    /// The networks inside blocks, layer after layer.
    pub(crate) blocks: Vec<Network>,
}

/// A layer as a type.
pub(crate) struct Layer {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Ident,
    /// How its kind was written, and where.
    pub(crate) kind: String,
    pub(crate) written: TokenStream,
    /// Its type, as it shows in the struct; nothing where it is a mistake.
    pub(crate) field: Option<TokenStream>,
    /// Its type, as the implementations name it.
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

impl Layer {
    /// A member of its implementation of `Layer`.
    pub(crate) fn member(&self, fnn: &TokenStream, member: TokenStream) -> TokenStream {
        let layer = &self.layer;
        quote!(<#layer as #fnn::Layer>::#member)
    }
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
            Self::Unknown => Size::unknown().tokens,
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
                Size::hidden(quote!(<#sample as #fnn::Sample>::LENGTH))
            }
            Self::Unknown => Size::unknown(),
        }
    }

    /// The sizes, outermost first, as many as a layer takes that takes a shape of this rank.
    pub(crate) fn sizes(&self, site: &Site<'_>, rank: usize) -> Vec<Size> {
        let size = |axis: usize| match self {
            Self::Sizes(sizes) | Self::Tokens(sizes) => sizes.get(axis).cloned().unwrap_or_else(Size::one),
            Self::Of(_) => {
                let shape = self.shape(site);
                Size::hidden(quote!(#shape.size(#axis)))
            }
            Self::Unknown => Size::unknown(),
        };
        (0..rank).map(size).collect()
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
                let size = |from_end: usize| Size::hidden(quote!(#shape.size(#shape.rank().saturating_sub(#from_end))));
                count.map_or_else(|| vec![self.length(site)], |count| (1..=count).rev().map(size).collect())
            }
            Self::Unknown => vec![Size::unknown()],
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

    /// A check of what two branches end in.
    fn check_branches(&self, check: &str, first: &Flow, other: &Flow) -> TokenStream {
        let (name, first, other) = (self.name, first.shape(self), other.shape(self));
        judge(self.written, check, quote!(#name, #first, #other))
    }

    /// Nothing where `size` is a number above 0; else a check that it is.
    pub(crate) fn check_size(&self, size: &Size, what: &str) -> TokenStream {
        if size.known.is_some_and(|size| size > 0) {
            return TokenStream::new();
        }
        let (name, tokens) = (self.name, &size.tokens);
        judge(&size.written, "check_size", quote!(#name, #what, #tokens))
    }
}

/// A user's type, with the scalar as its last argument.
fn with_scalar(path: &TypePath, scalar: &impl ToTokens) -> TokenStream {
    let mut path = path.clone();
    let Some(last) = path.path.segments.last_mut() else { return path.into_token_stream() };
    let span = last.ident.span();
    match &mut last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.push(syn::parse_quote!(#scalar)),
        arguments => *arguments = PathArguments::AngleBracketed(syn::parse_quote_spanned!(span=> <#scalar>)),
    }
    path.into_token_stream()
}

/// Find out what flows between the layers of a network.
pub(crate) fn flow(network: model::Network, errors: &mut Errors) -> Network {
    let model::Network { header, input, output, layers, scope } = network;
    let kind = header.name.unraw().to_string();
    let site = Site { fnn: &header.fnn, scalar: &header.scalar, name: "", written: &TokenStream::new() };
    let sizes = |sizes: &Option<Vec<Size>>| sizes.clone().unwrap_or_default();
    let mut checks: Vec<_> = sizes(&input).iter().map(|size| site.check_size(size, "a size of what goes in")).collect();
    checks.extend(sizes(&output).iter().map(|size| site.check_size(size, "a size of what comes out")));
    let takes_tokens = layers.first().is_some_and(|first| first.kind.takes_tokens());
    let input = input.map_or(Flow::Unknown, if takes_tokens { Flow::Tokens } else { Flow::Sizes });
    let mut chain = Chain { scope: &scope, errors };
    let declared = output.map(|sizes| Declared { output: Flow::Sizes(sizes), check: Some("check_output") });
    let mut network = chain.network(header, kind, input, declared, layers);
    network.checks.splice(0..0, checks);
    network.constants.extend(scope.constants);
    network
}

/// What the table calls one of several blocks in a layer.
const BRANCH: &str = "Branch";

/// What has to come out of layers, and what judges whether it does, if nothing else does.
struct Declared {
    output: Flow,
    check: Option<&'static str>,
}

/// What follows the samples from layer to layer.
struct Chain<'a> {
    scope: &'a Scope,
    errors: &'a mut Errors,
}

impl Chain<'_> {
    /// Layer after layer, from `input` on. `declared` is what has to come out.
    fn network(
        &mut self,
        header: Header,
        kind: String,
        input: Flow,
        declared: Option<Declared>,
        layers: Vec<model::Layer>,
    ) -> Network {
        let mut network = Network {
            kind,
            input: input.clone(),
            output: Flow::Unknown,
            exact_output: true,
            layers: Vec::new(),
            constants: Vec::new(),
            checks: Vec::new(),
            blocks: Vec::new(),
            header,
        };
        let mut flow = if layers.is_empty() { Flow::Unknown } else { input };
        for layer in layers {
            let layer = self.layer(&mut network, layer, flow);
            flow = layer.output.clone();
            network.layers.push(layer);
        }
        if let Some(Declared { output, check }) = &declared
            && !output.same(&flow)
        {
            network.exact_output = false;
            let site = network.site();
            let (wanted, given) = (output.shape(&site), flow.shape(&site));
            let check = check.map(|check| judge(&network.header.output, check, quote!(#wanted, #given)));
            network.checks.extend(check);
        }
        // What is said of a mistake's shape says nothing.
        network.checks.retain(|check| !mentions(check, UNKNOWN));
        network.output = declared.map_or(flow, |declared| declared.output);
        network
    }

    /// One layer as a type, given what flows in.
    fn layer(&mut self, network: &mut Network, layer: model::Layer, input: Flow) -> Layer {
        let model::Layer { attributes, name, written, kind } = layer;
        let text = name.unraw().to_string();
        let header = network.header.clone();
        let site = Site { fnn: &header.fnn, scalar: &header.scalar, name: &text, written: &written };
        let mut layer = Layer {
            attributes,
            name,
            kind: written.to_string().replace(' ', ""),
            written: written.clone(),
            field: None,
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
            Kind::BuiltIn { kind, arguments } => self.built_in(network, &mut layer, &site, kind, &arguments),
            Kind::Own(path) => {
                layer.field = Some(with_scalar(&path, site.scalar));
                let path = self.checked(network, &site, &path);
                let (fnn, f32) = (site.fnn, site.f32());
                let (own, given) = (with_scalar(&path, &f32), layer.input.shape(&site));
                let wanted = quote!(<<#own as #fnn::Layer>::Input as #fnn::Sample>::SHAPE);
                network.checks.push(judge(&written, "check_input", quote!(#text, #wanted, #given)));
                layer.layer = Some(with_scalar(&path, site.scalar));
                layer.exact_input = false;
                layer.output = Flow::Of(path);
            }
            Kind::Residual(inside) => {
                let declared = Declared { output: layer.input.clone(), check: Some("check_residual") };
                let inside = self.block(network, &mut layer, inside, RESIDUAL, Some(declared));
                let fnn = site.fnn;
                layer.layer = Some(quote!(#fnn::layers::Residual<#inside>));
                layer.output = layer.input.clone();
            }
            Kind::Projected([inside, projection]) => {
                let inside = self.block(network, &mut layer, inside, BRANCH, None);
                let output = layer.output.clone();
                let declared = Declared { output, check: Some("check_projection") };
                let projection = self.block(network, &mut layer, projection, BRANCH, Some(declared));
                let fnn = site.fnn;
                layer.layer = Some(quote!(#fnn::layers::ProjectedResidual<#inside, #projection>));
            }
            Kind::Concat(branches) => {
                let mut branch = |branch| (self.block(network, &mut layer, branch, BRANCH, None), layer.output.clone());
                let branches: Vec<_> = branches.into_iter().map(&mut branch).collect();
                concat(network, &mut layer, &site, branches);
            }
        }
        if layer.field.is_none() {
            layer.field = layer.layer.clone();
        }
        layer
    }

    /// An alias of a user's type, which is a type only if that is a layer.
    ///
    /// Whether it is one stands in a constant, which the alias depends on; where the constant is mistaken, so is the
    /// alias, and rustc has nothing to say of what else it is not. A type with const parameters is taken on trust.
    fn checked(&self, network: &mut Network, site: &Site<'_>, path: &TypePath) -> TypePath {
        let (fnn, scalar) = (site.fnn, site.scalar);
        let alias = format_ident!("__{}_{}_type", network.header.name.unraw(), site.name, span = Span::call_site());
        let own = with_scalar(path, scalar);
        let parameters: Vec<_> = self.scope.parameters_in(&path.to_token_stream()).collect();
        let arguments = parameters.iter().map(|parameter| &parameter.ident);
        let checked: TypePath =
            if parameters.is_empty() { parse_quote!(#alias) } else { parse_quote!(#alias<#({ #arguments }),*>) };
        let is_layer = if parameters.is_empty() {
            let own = with_scalar(path, &site.f32());
            let check = quote_spanned!(path.span()=> __fnn::is_layer::<#own>());
            let name = format_ident!("{alias}_is_layer", span = Span::call_site());
            network.constants.push(quote! {
                #[allow(non_upper_case_globals)]
                const #name: ::core::primitive::bool = { use #fnn::__private as __fnn; #check };
            });
            quote!(#name)
        } else {
            quote!(true)
        };
        network.constants.push(quote! {
            #[allow(non_camel_case_types)]
            type #alias<#(#parameters,)* #scalar> = <#own as #fnn::__private::Itself<{ #is_layer }>>::Type;
        });
        checked
    }

    /// The inside of a block as a network of its own, and its type. `layer.output` becomes what it ends in.
    fn block(
        &mut self,
        network: &mut Network,
        layer: &mut Layer,
        layers: Vec<model::Layer>,
        kind: &str,
        declared: Option<Declared>,
    ) -> TokenStream {
        let header = &network.header;
        let number = network.blocks.len();
        let name = format_ident!("__{}_{}_{number}", header.name.unraw(), layer.name.unraw(), span = Span::call_site());
        let inside = Header { name, output: layer.written.clone(), ..header.clone() };
        let inside = self.network(inside, kind.into(), layer.input.clone(), declared, layers);
        let (scalar, name, arguments) = (&header.scalar, &inside.header.name, generic_arguments(&header.generics));
        let tokens = quote!(#name<#({ #arguments },)* #scalar>);
        layer.output = inside.output.clone();
        layer.blocks += 1;
        network.blocks.push(inside);
        tokens
    }

    /// A layer of the library's.
    fn built_in(
        &mut self,
        network: &mut Network,
        layer: &mut Layer,
        site: &Site<'_>,
        kind: &'static kinds::Kind,
        arguments: &Arguments,
    ) {
        if kind.takes_tokens() && !matches!(layer.input, Flow::Tokens(_) | Flow::Unknown) {
            self.errors.at(site.written, "`Embedding` takes tokens, so it is the first layer of its network");
            layer.input = Flow::Unknown;
        }
        if let (Some(rank), Flow::Sizes(sizes) | Flow::Tokens(sizes)) = (kind.rank, &layer.input)
            && sizes.len() != rank
        {
            let (taken, advice) = kinds::of_rank(rank);
            let (name, given) = (site.name, layer.input.text());
            let message = format!("layer `{name}`: `{}` takes {taken}, but gets {given}: {advice}", kind.name);
            self.errors.at(site.written, message);
            layer.input = Flow::Unknown;
        }
        if let (Some(_), Flow::Of(path)) = (kind.rank, &layer.input)
            && let Some(parameter) = self.scope.parameter_in(&path.to_token_stream())
        {
            self.errors.at(site.written, computed("what goes into", kind, &parameter.ident));
            layer.input = Flow::Unknown;
        }
        let Built { layer: built, output, weights, initializer, checks } = (kind.build)(site, arguments, &layer.input);
        if let (Some(rank), Flow::Of(_)) = (kind.rank, &layer.input) {
            let (taken, advice) = kinds::of_rank(rank);
            let (layer_name, kind, given) = (site.name, kind.name, layer.input.shape(site));
            let arguments = quote!(#layer_name, #kind, #rank, #taken, #given, #advice);
            network.checks.push(judge(site.written, "check_rank", arguments));
            layer.exact_input = false;
        }
        network.checks.extend(checks);
        layer.layer = Some(built);
        layer.output = self.known(output, site, kind);
        layer.role = kind.role;
        layer.initializer = initializer;
        layer.weights = Some(weights);
    }

    /// What comes out of a layer of the library's: nothing to build on, if it depends on a mistake or is one.
    fn known(&mut self, output: Flow, site: &Site<'_>, kind: &kinds::Kind) -> Flow {
        let Flow::Sizes(sizes) = &output else { return output };
        if sizes.iter().any(|size| mentions(&size.tokens, UNKNOWN)) {
            return Flow::Unknown;
        }
        let made = sizes.iter().filter(|size| syn::parse2::<Ident>(size.tokens.clone()).is_err());
        if let Some(parameter) = made.filter_map(|size| self.scope.parameter_in(&size.tokens)).next() {
            self.errors.at(site.written, computed("what comes out of", kind, &parameter.ident));
            return Flow::Unknown;
        }
        output
    }
}

/// What is said of a shape that can't be computed.
fn computed(what: &str, kind: &kinds::Kind, parameter: &Ident) -> String {
    format!(
        "stable Rust cannot compute with the const parameter `{parameter}`, on which {what} `{}` depends: give the \
         network constants instead",
        kind.name
    )
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
    for (_, other) in branches.iter().skip(1) {
        network.checks.push(site.check_branches("check_concat", &first, other));
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
