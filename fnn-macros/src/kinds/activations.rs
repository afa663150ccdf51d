//! Activations: functions of each element, and of a row.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Build, Built, Kind, Role};
use crate::arguments::{ArgumentType, Arguments, Number, optional};
use crate::flow::{Flow, Site};
use crate::report::judge;
use crate::size::Size;

pub(super) static KINDS: &[Kind] = &[
    activation("Relu", true, true, |site, _, flow| function(site, quote!(Relu), flow)),
    Kind {
        name: "LeakyRelu",
        example: "LeakyRelu(0.01)",
        rank: None,
        parameters: &[optional("slope", ArgumentType::Number)],
        role: Role::Activation { in_place: true, rectifier: true },
        build: |site, arguments, flow| {
            parametric(site, arguments, flow, &NumberParameter { function: "LeakyRelu", name: "slope", default: 0.01 })
        },
    },
    Kind {
        name: "Elu",
        example: "Elu(1.0)",
        rank: None,
        parameters: &[optional("alpha", ArgumentType::Number)],
        role: Role::Activation { in_place: true, rectifier: true },
        build: |site, arguments, flow| {
            parametric(site, arguments, flow, &NumberParameter { function: "Elu", name: "alpha", default: 1.0 })
        },
    },
    Kind {
        name: "Gelu",
        example: "Gelu(tanh)",
        rank: None,
        parameters: &[optional("form", ArgumentType::Word(&["exact", "tanh"]))],
        role: Role::Activation { in_place: false, rectifier: true },
        build: |site, arguments, flow| {
            let name = if arguments.is("form", "tanh") { quote!(GeluTanh) } else { quote!(Gelu) };
            function(site, name, flow)
        },
    },
    activation("Silu", false, true, |site, _, flow| function(site, quote!(Silu), flow)),
    activation("Sigmoid", true, false, |site, _, flow| function(site, quote!(Sigmoid), flow)),
    activation("Tanh", true, false, |site, _, flow| function(site, quote!(Tanh), flow)),
    activation("Relu6", true, true, |site, _, flow| function(site, quote!(Relu6), flow)),
    activation("HardSigmoid", true, false, |site, _, flow| function(site, quote!(HardSigmoid), flow)),
    activation("HardSwish", false, true, |site, _, flow| function(site, quote!(HardSwish), flow)),
    activation("Mish", false, true, |site, _, flow| function(site, quote!(Mish), flow)),
    activation("Selu", true, false, |site, _, flow| function(site, quote!(Selu), flow)),
    Kind {
        name: "Softplus",
        example: "Softplus(1.0)",
        rank: None,
        parameters: &[optional("beta", ArgumentType::Number)],
        role: Role::Activation { in_place: true, rectifier: true },
        build: |site, arguments, flow| {
            parametric(site, arguments, flow, &NumberParameter { function: "Softplus", name: "beta", default: 1.0 })
        },
    },
    Kind {
        name: "PRelu",
        example: "PRelu(slopes = each)",
        rank: None,
        parameters: &[optional("slopes", ArgumentType::Word(&["one", "each"]))],
        role: Role::Activation { in_place: false, rectifier: true },
        build: prelu,
    },
    Kind {
        name: "Softmax",
        example: "Softmax",
        rank: Some(1),
        parameters: &[],
        role: Role::Other,
        build: |site, _, flow| softmax(site, flow, &quote!(Softmax)),
    },
    Kind {
        name: "LogSoftmax",
        example: "LogSoftmax",
        rank: Some(1),
        parameters: &[],
        role: Role::Other,
        build: |site, _, flow| softmax(site, flow, &quote!(LogSoftmax)),
    },
];

const fn activation(name: &'static str, in_place: bool, rectifier: bool, build: Build) -> Kind {
    Kind { name, example: name, rank: None, parameters: &[], role: Role::Activation { in_place, rectifier }, build }
}

/// An activation without parameters.
fn function(site: &Site<'_>, function: TokenStream, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let layer = quote!(#fnn::layers::Activation<#fnn::layers::activation::#function, #sample>);
    Built::new(layer, flow.clone())
}

/// The number that an activation takes.
struct NumberParameter {
    function: &'static str,
    name: &'static str,
    default: f64,
}

/// An activation with one parameter, which its type carries as bits.
fn parametric(site: &Site<'_>, arguments: &Arguments, flow: &Flow, parameter: &NumberParameter) -> Built {
    let fnn = site.fnn;
    let NumberParameter { function: kind, name, default } = parameter;
    let kind = quote::format_ident!("{kind}");
    let Some(Number { tokens: value, written }) = arguments.number(name) else {
        return function(site, quote!(#kind<{ #fnn::macro_support::bits(#default) }>), flow);
    };
    let mut built = function(site, quote!(#kind<{ #fnn::macro_support::bits(#value) }>), flow);
    let layer = site.name;
    let check = if *name == "beta" { "check_positive" } else { "check_not_negative" };
    built.checks.push(judge(written, check, quote!(#layer, #name, #value)));
    built
}

/// `PRelu(slopes = each)`: any shape with channels.
fn prelu(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let sample = flow.sample(site, scalar);
    let slopes = if arguments.is("slopes", "each") { flow.sizes(site, 1) } else { vec![Size::one()] };
    let weight = Flow::Sizes(slopes.clone()).sample(site, scalar);
    let mut built = Built::new(quote!(#fnn::layers::PRelu<#sample, #weight>), flow.clone());
    built.weights.push(slopes);
    built
}

/// `Softmax` and `LogSoftmax`: `[N]` to `[N]`.
fn softmax(site: &Site<'_>, flow: &Flow, layer: &TokenStream) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let length = flow.length(site);
    let size = &length.tokens;
    let layer = quote!(#fnn::layers::#layer<{ #size }, #scalar>);
    Built::new(layer, Flow::Sizes(vec![length]))
}
