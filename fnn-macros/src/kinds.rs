//! The table of the library's layers: their names, their arguments, and how each becomes a type.

mod windows;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use crate::arguments::Arguments;
use crate::shapes::{Flow, Site};
use crate::size::Size;

/// A kind of layer.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) example: &'static str,
    /// How many sizes the shape has that it takes, where that isn't any number.
    pub(crate) rank: Option<usize>,
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
    /// A size for both axes of an image, or `(rows, columns)`.
    Pair,
    /// A size, or `same`.
    Padding,
    /// A pair, or `same`.
    PairOfPaddings,
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
    /// It has weights to draw, and its backward pass has no use for its outputs, so that an activation right after it
    /// may take their place.
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
    Kind { name, example: name, rank: None, parameters: &[], role: Role::Activation { in_place, rectifier }, build }
}

type Build = fn(&Site<'_>, &Arguments, &Flow) -> Built;

/// The kinds there are.
fn kinds() -> impl Iterator<Item = &'static Kind> {
    BASIC.iter().chain(windows::KINDS)
}

/// Those of any network.
static BASIC: &[Kind] = &[
    Kind {
        name: "Dense",
        example: "Dense(128)",
        rank: Some(1),
        parameters: &[
            required("units", "its number of units", Form::Size),
            keyword("bias", Form::Switch),
            keyword("init", Form::Initializer),
        ],
        role: Role::Linear,
        build: dense,
    },
    Kind { name: "Flatten", example: "Flatten", rank: None, parameters: &[], role: Role::View, build: flatten },
    activation("Relu", true, true, |site, _, flow| function(site, quote!(Relu), flow)),
    Kind {
        name: "LeakyRelu",
        example: "LeakyRelu(0.01)",
        rank: None,
        parameters: &[optional("slope", Form::Number)],
        role: Role::Activation { in_place: true, rectifier: true },
        build: |site, arguments, flow| {
            parametric(site, arguments, flow, &NumberParameter { function: "LeakyRelu", name: "slope", default: 0.01 })
        },
    },
    Kind {
        name: "Elu",
        example: "Elu(1.0)",
        rank: None,
        parameters: &[optional("alpha", Form::Number)],
        role: Role::Activation { in_place: true, rectifier: true },
        build: |site, arguments, flow| {
            parametric(site, arguments, flow, &NumberParameter { function: "Elu", name: "alpha", default: 1.0 })
        },
    },
    Kind {
        name: "Gelu",
        example: "Gelu(tanh)",
        rank: None,
        parameters: &[optional("form", Form::Word(&["exact", "tanh"]))],
        role: Role::Activation { in_place: false, rectifier: true },
        build: |site, arguments, flow| {
            let name = if arguments.is("form", "tanh") { quote!(GeluTanh) } else { quote!(Gelu) };
            function(site, name, flow)
        },
    },
    activation("Silu", false, true, |site, _, flow| function(site, quote!(Silu), flow)),
    activation("Sigmoid", true, false, |site, _, flow| function(site, quote!(Sigmoid), flow)),
    activation("Tanh", true, false, |site, _, flow| function(site, quote!(Tanh), flow)),
    activation("Softplus", true, true, |site, _, flow| function(site, quote!(Softplus), flow)),
    Kind { name: "Softmax", example: "Softmax", rank: Some(1), parameters: &[], role: Role::Other, build: softmax },
    Kind {
        name: "Dropout",
        example: "Dropout(0.5)",
        rank: None,
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
    ("Convolution", "Conv2d"),
    ("MaxPooling2d", "MaxPool2d"),
    ("AveragePool2d", "AvgPool2d"),
    ("AveragePooling2d", "AvgPool2d"),
    ("GlobalAveragePool", "GlobalAvgPool"),
    ("AdaptiveAvgPool2d", "GlobalAvgPool"),
];

/// The kind of this name.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}

/// The names of all kinds, and of the block.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    kinds().map(|kind| kind.name).chain(["Residual"])
}

/// What a name of another library is called here.
pub(crate) fn synonym(name: &str) -> Option<&'static str> {
    SYNONYMS.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, here)| *here)
}

/// `Dense(units, bias = …, init = …)`: `[I]` to `[units]`.
fn dense(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let input = flow.length(site);
    let units = arguments.size("units");
    let (inputs, outputs) = (&input.tokens, &units.tokens);
    let bias = arguments.on("bias");
    let no_bias = (!bias).then(|| quote!(, #fnn::layers::NoBias<#scalar>));
    let layer = quote!(#fnn::layers::Dense<{ #inputs }, { #outputs }, #scalar #no_bias>);
    let mut built = Built::new(layer, Flow::Sizes(vec![units.clone()]));
    built.weights.push(vec![input, units.clone()]);
    if bias {
        built.weights.push(vec![units.clone()]);
    }
    built.initializer = arguments.get("init").map(|asked| initializer(site, asked));
    built.checks.push(site.check_size(&units, "units"));
    built
}

/// An initializer, which may be written without its type.
fn initializer(site: &Site<'_>, asked: &Expr) -> TokenStream {
    let fnn = site.fnn;
    let variant = match asked {
        Expr::Call(call) => &*call.func,
        asked => asked,
    };
    match variant {
        Expr::Path(path) if path.path.get_ident().is_some() => quote!(#fnn::Initializer::#asked),
        _ => quote!(#asked),
    }
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
    let Some(value) = arguments.get(name) else {
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
    Built::new(layer, Flow::Sizes(vec![length]))
}

/// `Dropout(probability)`: any shape.
fn dropout(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let Some(probability) = arguments.get("probability") else {
        return Built::new(sample, flow.clone());
    };
    let bits = quote!({ #fnn::__private::bits(#probability) });
    let mut built = Built::new(quote!(#fnn::layers::Dropout<#sample, #bits>), flow.clone());
    let layer = site.name;
    let check = quote_spanned!(probability.span()=> __fnn::check_probability(#layer, #probability));
    built.checks.push(check);
    built
}
