//! The types of the samples between layers. Sizes are expressions: the macro neither computes nor compares them, it
//! emits checks that the compiler evaluates. Ranks are known to the macro, and checked here.

mod blocks;
mod built_in;
mod own;

use std::rc::Rc;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, TypePath, parse_quote};

use crate::flow::{Flow, Site, with_scalar};
use crate::generated;
use crate::kinds::{Int8, Outputs, Role, Stream};
use crate::model::{self, Header, Kind, generic_arguments};
use crate::report::{Errors, const_check};
use crate::size::{Scope, Size, UNKNOWN, mentions};

/// A network whose layers are types.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) header: Header,
    /// Its name in the table: its own, `Residual`, or `Branch`.
    pub(crate) kind: String,
    pub(crate) input: Flow,
    /// The output, as declared in the header or computed by the last layer.
    pub(crate) output: Flow,
    /// Whether the last layer's output has exactly that type.
    pub(crate) exact_output: bool,
    pub(crate) layers: Vec<Rc<Layer>>,
    /// The constants of the sizes and the aliases of the user's types, as items.
    pub(crate) constants: Vec<TokenStream>,
    /// The aliases of the library's layers, as items.
    pub(crate) aliases: Vec<TokenStream>,
    pub(crate) checks: Vec<TokenStream>,
    /// Whether the user never names it: the inside of a block, or a derived network.
    pub(crate) hidden: bool,
}

impl Network {
    /// The networks inside blocks, layer by layer.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Self> {
        self.layers.iter().flat_map(|layer| &layer.blocks)
    }

    /// Whether all layers keep the frames of a stream apart: none takes all positions.
    pub(crate) fn keeps_frames(&self) -> bool {
        self.layers.iter().all(|layer| layer.stream != Stream::Positions)
    }

    /// A layer's name that no layer has: `name`, with as many underscores behind it as that takes.
    pub(crate) fn unused_name(&self, name: &str) -> Ident {
        let mut name = name.to_owned();
        while self.layers.iter().any(|layer| layer.name.unraw() == name) {
            name.push('_');
        }
        Ident::new(&name, Span::call_site())
    }

    /// The site that tokens are generated for.
    pub(crate) fn site(&self) -> Site<'_> {
        Site { fnn: &self.header.fnn, scalar: &self.header.scalar, name: "", written: &self.header.fnn }
    }

    /// `Name<HIDDEN, scalar>`
    pub(crate) fn path(&self, scalar: &impl ToTokens) -> TokenStream {
        let name = &self.header.name;
        let arguments = generic_arguments(&self.header.generics);
        quote!(#name<#({ #arguments },)* #scalar>)
    }

    /// `const HIDDEN: usize,`
    pub(crate) fn const_parameters(&self) -> TokenStream {
        let parameters = self.header.generics.params.iter();
        quote!(#(#parameters,)*)
    }

    /// `const HIDDEN: usize, S: Scalar`
    pub(crate) fn parameters(&self) -> TokenStream {
        let (fnn, scalar, constants) = (&self.header.fnn, &self.header.scalar, self.const_parameters());
        quote!(#constants #scalar: #fnn::macro_support::Scalar)
    }

    /// The types of an input and an output sample.
    pub(crate) fn samples(&self, scalar: &impl ToTokens) -> (TokenStream, TokenStream) {
        let site = self.site();
        (self.input.sample(&site, scalar), self.output.sample(&site, scalar))
    }
}

/// A layer as a type.
#[derive(Clone)]
pub(crate) struct Layer {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Ident,
    /// Its kind as written, for error spans.
    pub(crate) kind: String,
    pub(crate) written: TokenStream,
    /// Its type.
    pub(crate) field: TokenStream,
    /// An alias of its type, used everywhere but in the struct.
    pub(crate) layer: TokenStream,
    /// The input, and whether it has exactly the type that the layer takes.
    pub(crate) input: Flow,
    pub(crate) exact_input: bool,
    pub(crate) output: Flow,
    pub(crate) role: Role,
    pub(crate) int8: Int8,
    pub(crate) stream: Stream,
    /// How many of the last frames its window spans, on a stream.
    pub(crate) span: Size,
    /// The initializer in the declaration.
    pub(crate) initializer: Option<TokenStream>,
    /// Its weights, array by array, if the macro knows them.
    pub(crate) weights: Option<Vec<Vec<Size>>>,
    /// The networks inside it, if it is a block.
    pub(crate) blocks: Vec<Network>,
    /// Its type in `f32`, if it is the user's own and its traits can be checked.
    pub(crate) own: Option<TokenStream>,
}

impl Layer {
    /// A member of its implementation of `Layer`.
    pub(crate) fn member(&self, fnn: &TokenStream, member: TokenStream) -> TokenStream {
        let layer = &self.layer;
        quote!(<#layer as #fnn::macro_support::Layer>::#member)
    }
}

/// The checks of a network on a stream: behind a network that takes all positions, there are no frames; and the branches of a block
/// answer equally often.
fn checks_on_a_stream(network: &Network) -> Vec<TokenStream> {
    let (fnn, behind) = (&network.header.fnn, network.layers.len().saturating_sub(1));
    let mut checks = Vec::new();
    let before = network.layers.iter().take_while(|layer| layer.stream != Stream::Positions);
    for (index, layer) in before.enumerate() {
        let name = layer.name.unraw().to_string();
        if let (Some(own), true) = (&layer.own, index < behind) {
            let keeps = quote!(#name, <#own as #fnn::macro_support::Stream>::KEEPS_FRAMES);
            checks.push(const_check(&layer.written, "check_frames", keeps));
        }
        // Another error says which layer of a branch takes no frames.
        let branches_stream = layer.blocks.iter().all(takes_frames);
        if layer.blocks.len() > 1 && branches_stream && network.header.generics.params.is_empty() {
            let strides = layer.blocks.iter().map(|branch| {
                let branch = &branch.header.name;
                quote!(<#branch<::core::primitive::f32> as #fnn::macro_support::Stream>::STRIDE)
            });
            checks.push(const_check(&layer.written, "check_strides", quote!(#name, &[#(#strides),*])));
        }
    }
    checks
}

/// Whether all layers of a network, and those inside them, take frames.
fn takes_frames(network: &Network) -> bool {
    let takes = |layer: &Layer| !matches!(layer.stream, Stream::Never(_) | Stream::Positions);
    network.layers.iter().all(|layer| takes(layer) && layer.blocks.iter().all(takes_frames))
}

/// Determines the types between the layers of a network.
pub(crate) fn flow(network: model::Network, errors: &mut Errors) -> Network {
    let model::Network { header, input, output, layers, budget, scope } = network;
    let kind = header.name.unraw().to_string();
    let site = Site { fnn: &header.fnn, scalar: &header.scalar, name: "", written: &TokenStream::new() };
    let sizes = |sizes: &Option<Vec<Size>>| sizes.clone().unwrap_or_default();
    let mut checks: Vec<_> = sizes(&input).iter().map(|size| site.check_size(size, "an input size")).collect();
    checks.extend(sizes(&output).iter().map(|size| site.check_size(size, "an output size")));
    let takes_tokens = layers.first().is_some_and(|first| first.kind.takes_tokens());
    let input = input.map_or(Flow::Unknown, if takes_tokens { Flow::Tokens } else { Flow::Sizes });
    let mut chain = Chain { scope: &scope, errors };
    let declared = output.map(|sizes| Declared { output: Flow::Sizes(sizes), check: Some("check_output") });
    let mut network = chain.network(header, kind, input, declared, layers);
    network.checks.splice(0..0, checks);
    // A network with mistakes costs nothing.
    if errors.count() == 0 {
        let path = network.path(&network.site().f32());
        network.checks.extend(budget.iter().map(|limit| limit.check(&network.header.fnn, &path)));
    }
    network.constants.extend(scope.constants);
    network
}

/// The required output of some layers, and the check for it, if there is no other.
struct Declared {
    output: Flow,
    check: Option<&'static str>,
}

/// Follows the samples from layer to layer.
struct Chain<'a> {
    scope: &'a Scope,
    errors: &'a mut Errors,
}

impl Chain<'_> {
    /// Layer by layer, from `input` on. `declared` is the required output.
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
            aliases: Vec::new(),
            checks: Vec::new(),
            hidden: false,
            header,
        };
        let mut flow = if layers.is_empty() { Flow::Unknown } else { input };
        for layer in layers {
            let mut layer = self.layer(&mut network, layer, flow);
            flow = layer.output.clone();
            if layer.layer.is_empty() {
                let (alias, name) = self.alias(&network, &layer.name.unraw().to_string(), &layer.field);
                network.aliases.push(alias);
                layer.layer = with_scalar(&name, &network.header.scalar);
            }
            network.layers.push(Rc::new(layer));
        }
        if network.header.streaming.is_some() {
            network.checks.extend(checks_on_a_stream(&network));
        }
        if let Some(Declared { output, check }) = &declared
            && !output.same(&flow)
        {
            network.exact_output = false;
            let site = network.site();
            let (wanted, given) = (output.shape(&site), flow.shape(&site));
            let check = check.map(|check| const_check(&network.header.output, check, quote!(#wanted, #given)));
            network.checks.extend(check);
        }
        // Errors about the shape of a mistake would be noise.
        network.checks.retain(|check| !mentions(check, UNKNOWN));
        network.output = declared.map_or(flow, |declared| declared.output);
        network
    }

    /// A short name for a layer's type, and its definition. The name has the const parameters that the type mentions.
    fn alias(&self, network: &Network, layer: &str, kind: &TokenStream) -> (TokenStream, TypePath) {
        let (network, scalar) = (&network.header.name, &network.header.scalar);
        let alias = generated::part(network, layer);
        let parameters: Vec<_> = self.scope.parameters_in(kind).collect();
        let arguments = parameters.iter().map(|parameter| &parameter.ident);
        let name = if parameters.is_empty() { parse_quote!(#alias) } else { parse_quote!(#alias<#({ #arguments }),*>) };
        let definition = quote! {
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            type #alias<#(#parameters,)* #scalar> = #kind;
        };
        (definition, name)
    }

    /// One layer as a type, given its input.
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
            field: Size::unknown().tokens,
            layer: TokenStream::new(),
            exact_input: true,
            output: Flow::Unknown,
            role: Role::Other,
            int8: Int8::Layer(Outputs::OfInputs),
            stream: Stream::Inner,
            span: Size::one(),
            initializer: None,
            weights: None,
            blocks: Vec::new(),
            own: None,
            input,
        };
        match kind {
            Kind::Unknown => {}
            Kind::BuiltIn { kind, arguments } => self.built_in(network, &mut layer, &site, kind, &arguments),
            Kind::Own(path) => self.own(network, &mut layer, &site, &path),
            Kind::Residual(inside) => self.residual(network, &mut layer, &site, inside),
            Kind::Sum(branches) => self.sum(network, &mut layer, &site, branches),
            Kind::Product(branches) => self.product(network, &mut layer, &site, branches),
            Kind::Concat(branches) => self.concat(network, &mut layer, &site, branches),
        }
        layer
    }
}
