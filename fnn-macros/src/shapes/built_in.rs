//! The library's layers.

use proc_macro2::Ident;
use quote::{ToTokens, quote};

use super::{Chain, Layer, Network};
use crate::arguments::{Arguments, Padding};
use crate::flow::{Flow, Site};
use crate::kinds::{Built, Kind, Stream, Taken, Takes, span};
use crate::report::const_check;
use crate::size::{Size, UNKNOWN, mentions};

impl Chain<'_> {
    /// A layer of the library.
    pub(super) fn built_in(
        &mut self,
        network: &mut Network,
        layer: &mut Layer,
        site: &Site<'_>,
        kind: &Kind,
        arguments: &Arguments,
    ) {
        if kind.takes == Takes::Tokens && !matches!(layer.input, Flow::Tokens(_) | Flow::Unknown) {
            self.errors.at(
                site.written,
                format!("`{}` takes tokens, so it must be the first layer of the network", kind.name),
            );
            layer.input = Flow::Unknown;
        }
        // A layer of the last axes takes any shape.
        let of_last_axes = arguments.size_of_axis("axes", 0).is_some();
        let taken = kind.takes.shape().filter(|_| !of_last_axes);
        if let (Some(Taken { rank, words, advice }), Flow::Sizes(sizes) | Flow::Tokens(sizes)) = (&taken, &layer.input)
            && sizes.len() != *rank
        {
            let (name, given) = (site.name, layer.input.text());
            let message = format!("layer `{name}`: `{}` takes {words}, but its input is {given}: {advice}", kind.name);
            self.errors.at(site.written, message);
            layer.input = Flow::Unknown;
        }
        if let (Some(_), Flow::Of { layer: own, .. }) = (&taken, &layer.input)
            && let Some(parameter) = self.scope.parameter_in(&own.to_token_stream())
        {
            self.errors.at(site.written, computed("the input of", kind, &parameter.ident));
            layer.input = Flow::Unknown;
        }
        let Built { layer: built, output, weights, products, initializer, checks, mistake, role, int8 } =
            (kind.build)(site, arguments, &layer.input);
        if let Some(mistake) = mistake {
            self.errors.at(site.written, format!("layer `{}`: {mistake}", site.name));
        }
        if let (Some(Taken { rank, words, advice }), Flow::Of { .. }) = (&taken, &layer.input) {
            let (layer_name, kind, given) = (site.name, kind.name, layer.input.shape(site));
            let arguments = quote!(#layer_name, #kind, #rank, #words, #given, #advice);
            network.checks.push(const_check(site.written, "check_rank", arguments));
            layer.exact_input = false;
        }
        network.checks.extend(checks);
        network
            .checks
            .extend(products.filter(|_| network.header.quantizable).map(|products| site.check_sum(&products)));
        layer.field = built;
        layer.output = self.known(output, site, kind);
        (layer.role, layer.int8) = (role.unwrap_or(kind.role), int8.unwrap_or(kind.int8));
        (layer.stream, layer.span) = (kind.stream, window(site, kind, arguments));
        if network.header.streaming.is_some() && network.keeps_frames() {
            self.check_stream(layer, site, kind, arguments);
        }
        layer.initializer = initializer;
        layer.weights = Some(weights);
    }

    /// Checks that a stream has the frames that a layer needs, and that the macro can name its memory.
    fn check_stream(&mut self, layer: &Layer, site: &Site<'_>, kind: &Kind, arguments: &Arguments) {
        let Stream::Window { padded, .. } = kind.stream else { return };
        let (name, kind_name) = (site.name, kind.name);
        let ends = |message: &str| format!("layer `{name}`: `{kind_name}` {message}");
        let padding = match arguments.padding(0) {
            Padding::Causal => None,
            Padding::Same => Some("with `padding = same` computes from later frames, which a stream doesn't have yet"),
            Padding::Ends([before, after]) => {
                let some = |size: &Size| size.known != Some(0);
                if some(&after) {
                    Some("pads the end of the sequence, and a stream has none")
                } else {
                    (some(&before) && !padded).then_some("can't be padded on a stream")
                }
            }
        };
        if let Some(padding) = padding {
            let advice = if padded { "write `padding = causal`, or none" } else { "remove the padding" };
            let written = arguments.get("padding").map_or(site.written.clone(), ToTokens::to_token_stream);
            self.errors.at(written, ends(&format!("{padding}: {advice}")));
        }
        if let Some(parameter) = self.scope.parameter_in(&layer.span.tokens) {
            self.errors.at(site.written, computed("the memory on a stream of", kind, &parameter.ident));
        }
    }

    /// The output of a layer of the library: unknown if it depends on a mistake or is one.
    fn known(&mut self, output: Flow, site: &Site<'_>, kind: &Kind) -> Flow {
        let Flow::Sizes(sizes) = &output else { return output };
        if sizes.iter().any(|size| mentions(&size.tokens, UNKNOWN)) {
            return Flow::Unknown;
        }
        let made = sizes.iter().filter(|size| syn::parse2::<Ident>(size.tokens.clone()).is_err());
        if let Some(parameter) = made.filter_map(|size| self.scope.parameter_in(&size.tokens)).next() {
            self.errors.at(site.written, computed("the output of", kind, &parameter.ident));
            return Flow::Unknown;
        }
        output
    }
}

/// How many of the last frames a layer's window spans, on a stream.
fn window(site: &Site<'_>, kind: &Kind, arguments: &Arguments) -> Size {
    let Stream::Window { size, .. } = kind.stream else { return Size::one() };
    let dilation = arguments.size_of_axis("dilation", 0).unwrap_or_else(Size::one);
    span(site, &arguments.size(size), &dilation)
}

/// The message for a shape that stable Rust can't compute.
fn computed(what: &str, kind: &Kind, parameter: &Ident) -> String {
    format!(
        "stable Rust cannot compute with the const parameter `{parameter}`, on which {what} `{}` depends: \
         use constants instead",
        kind.name
    )
}
