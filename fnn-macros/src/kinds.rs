//! The table of the library's layers: their names, their arguments, and how each becomes a type.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::model::{Arguments, Size};
use crate::shapes::{Flow, Site};

/// A kind of layer.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) example: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) role: Role,
    /// What the layer becomes.
    pub(crate) build: fn(&Site<'_>, &Arguments, &Flow) -> Built,
}

/// What a kind takes in parentheses.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// What a message calls it.
    pub(crate) meaning: &'static str,
    pub(crate) form: Form,
    pub(crate) required: bool,
    /// Whether it may be given without its name.
    pub(crate) positional: bool,
}

/// What an argument is.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// A const expression of type `usize`.
    Size,
    /// A const expression of type `f64`.
    Number,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An `Initializer`.
    Initializer,
}

/// How a kind computes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// Its backward pass has no use for its outputs, so that an activation right after it may take their place.
    Linear,
    /// An activation; `in_place` where its derivative follows from its output; `rectifier` where the layer before it
    /// starts from He's weights.
    Activation { in_place: bool, rectifier: bool },
    /// The same memory under another type.
    View,
    /// Anything else.
    Other,
}

/// What a layer becomes.
pub(crate) struct Built {
    /// Its type.
    pub(crate) layer: TokenStream,
    /// What comes out of it.
    pub(crate) output: Flow,
    /// Its weights, array by array, for the table.
    pub(crate) weights: Vec<Vec<Size>>,
    /// The initializer that was asked for.
    pub(crate) initializer: Option<TokenStream>,
    /// Items that judge what only the compiler knows.
    pub(crate) checks: Vec<TokenStream>,
}

impl Built {
    fn new(layer: TokenStream, output: Flow) -> Self {
        Self { layer, output, weights: Vec::new(), initializer: None, checks: Vec::new() }
    }
}

const fn required(name: &'static str, meaning: &'static str, form: Form) -> Parameter {
    Parameter { name, meaning, form, required: true, positional: true }
}

const fn optional(name: &'static str, form: Form) -> Parameter {
    Parameter { name, meaning: "", form, required: false, positional: true }
}

const fn keyword(name: &'static str, form: Form) -> Parameter {
    Parameter { name, meaning: "", form, required: false, positional: false }
}

const fn activation(name: &'static str, in_place: bool, rectifier: bool, build: Build) -> Kind {
    Kind { name, example: name, parameters: &[], role: Role::Activation { in_place, rectifier }, build }
}

type Build = fn(&Site<'_>, &Arguments, &Flow) -> Built;

/// The kinds there are.
static KINDS: &[Kind] = &[
    Kind {
        name: "Dense",
        example: "Dense(128)",
        parameters: &[
            required("units", "its number of units", Form::Size),
            keyword("bias", Form::Switch),
            keyword("init", Form::Initializer),
        ],
        role: Role::Linear,
        build: dense,
    },
    Kind { name: "Flatten", example: "Flatten", parameters: &[], role: Role::View, build: flatten },
    activation("Relu", true, true, |site, _, flow| function(site, quote!(Relu), flow)),
    Kind {
        name: "LeakyRelu",
        example: "LeakyRelu(0.01)",
        parameters: &[optional("slope", Form::Number)],
        role: Role::Activation { in_place: true, rectifier: true },
        build: |site, arguments, flow| {
            parametric(site, arguments, flow, &NumberParameter { function: "LeakyRelu", name: "slope", default: 0.01 })
        },
    },
    Kind {
        name: "Elu",
        example: "Elu(1.0)",
        parameters: &[optional("alpha", Form::Number)],
        role: Role::Activation { in_place: true, rectifier: true },
        build: |site, arguments, flow| {
            parametric(site, arguments, flow, &NumberParameter { function: "Elu", name: "alpha", default: 1.0 })
        },
    },
    Kind {
        name: "Gelu",
        example: "Gelu(tanh)",
        parameters: &[optional("form", Form::Word(&["exact", "tanh"]))],
        role: Role::Activation { in_place: false, rectifier: true },
        build: |site, arguments, flow| {
            let name = if arguments.is(0, "tanh") { quote!(GeluTanh) } else { quote!(Gelu) };
            function(site, name, flow)
        },
    },
    activation("Silu", false, true, |site, _, flow| function(site, quote!(Silu), flow)),
    activation("Sigmoid", true, false, |site, _, flow| function(site, quote!(Sigmoid), flow)),
    activation("Tanh", true, false, |site, _, flow| function(site, quote!(Tanh), flow)),
    activation("Softplus", true, true, |site, _, flow| function(site, quote!(Softplus), flow)),
    Kind { name: "Softmax", example: "Softmax", parameters: &[], role: Role::Other, build: softmax },
    Kind {
        name: "Dropout",
        example: "Dropout(0.5)",
        parameters: &[required("probability", "the probability to drop an element", Form::Number)],
        role: Role::Other,
        build: dropout,
    },
];

/// What other libraries call a kind.
static SYNONYMS: &[(&str, &str)] = &[
    ("Linear", "Dense"),
    ("FullyConnected", "Dense"),
    ("Fc", "Dense"),
    ("Affine", "Dense"),
    ("Swish", "Silu"),
    ("Logistic", "Sigmoid"),
    ("Skip", "Residual"),
];

/// The kind of this name.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The names of all kinds, and of the block.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name).chain(["Residual"])
}

/// What a name of another library is called here.
pub(crate) fn synonym(name: &str) -> Option<&'static str> {
    SYNONYMS.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, here)| *here)
}

/// `Dense(units, bias = …, init = …)`: `[I]` to `[units]`.
fn dense(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let input = flow.length(site);
    let units = arguments.size(0);
    let (inputs, outputs) = (&input.tokens, &units.tokens);
    let bias = arguments.on(1);
    let no_bias = (!bias).then(|| quote!(, #fnn::layers::NoBias<#scalar>));
    let layer = quote!(#fnn::layers::Dense<{ #inputs }, { #outputs }, #scalar #no_bias>);
    let mut built = Built::new(layer, Flow::Sizes(vec![units.clone()]));
    built.weights.push(vec![input, units.clone()]);
    if bias {
        built.weights.push(vec![units.clone()]);
    }
    built.initializer = arguments.get(2).map(|initializer| match initializer {
        syn::Expr::Path(path) if path.path.get_ident().is_some() => quote!(#fnn::Initializer::#initializer),
        syn::Expr::Call(call) if matches!(&*call.func, syn::Expr::Path(path) if path.path.get_ident().is_some()) => {
            quote!(#fnn::Initializer::#initializer)
        }
        _ => quote!(#initializer),
    });
    built.checks.push(site.check_flat(flow));
    built.checks.push(site.check_size(&units, "units"));
    built
}

/// `Flatten`: any shape to one row.
fn flatten(site: &Site<'_>, _: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let length = flow.length(site);
    let size = &length.tokens;
    Built::new(quote!(#fnn::layers::Flatten<#sample, { #size }>), Flow::Sizes(vec![length]))
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
    let Some(value) = arguments.get(0) else {
        return function(site, quote!(#kind<{ #fnn::__private::bits(#default) }>), flow);
    };
    let mut built = function(site, quote!(#kind<{ #fnn::__private::bits(#value) }>), flow);
    let layer = site.name;
    built.checks.push(quote_spanned!(value.span()=> __fnn::check_not_negative(#layer, #name, #value)));
    built
}

/// `Softmax`: `[N]` to `[N]`.
fn softmax(site: &Site<'_>, _: &Arguments, flow: &Flow) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let length = flow.length(site);
    let size = &length.tokens;
    let layer = quote!(#fnn::layers::Softmax<{ #size }, #scalar>);
    let mut built = Built::new(layer, Flow::Sizes(vec![length]));
    built.checks.push(site.check_flat(flow));
    built
}

/// `Dropout(probability)`: any shape.
fn dropout(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let Some(probability) = arguments.get(0) else {
        return Built::new(sample, flow.clone());
    };
    let bits = quote!({ #fnn::__private::bits(#probability) });
    let mut built = Built::new(quote!(#fnn::layers::Dropout<#sample, #bits>), flow.clone());
    let layer = site.name;
    let check = quote_spanned!(probability.span()=> __fnn::check_probability(#layer, #probability));
    built.checks.push(check);
    built
}
