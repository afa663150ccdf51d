//! Activations: functions of each element, and of a vector.

use proc_macro2::TokenStream;
use quote::quote;

use super::roles::MIXES_TIME;
use super::{Built, Documentation, Example, Int8, Kind, Outputs, Role, Stream, Takes};
use crate::arguments::{ArgumentType, Arguments, Number, keyword, optional, required};
use crate::flow::{Flow, Site};
use crate::report::const_check;
use crate::size::Size;

/// An activation without parameters, of any shape, whose derivative follows from its output.
macro_rules! function {
    ($name:ident) => {
        Kind {
            name: stringify!($name),
            synonyms: &[],
            takes: Takes::Any,
            parameters: &[],
            example: Example::free(stringify!($name), "[2, 3]"),
            documentation: Documentation::same(
                concat!("[`", stringify!($name), "`](crate::layers::activation::", stringify!($name), ")"),
                "any",
            ),
            role: Role::Activation { in_place: true, rectifier: false },
            int8: Int8::Layer(Outputs::Calibrated),
            stream: Stream::Frames,
            build: |site, _, flow| function(site, quote!($name), flow),
        }
    };
}

/// A rectifier, before which He's initialization is the default, whose derivative follows from its output.
const RECTIFIER: Role = Role::Activation { in_place: true, rectifier: true };
/// As `RECTIFIER`, but its derivative needs its input.
const SMOOTH_RECTIFIER: Role = Role::Activation { in_place: false, rectifier: true };

/// Functions of each element.
pub(super) static KINDS: &[Kind] = &[
    Kind { role: RECTIFIER, int8: Int8::Saturation, ..function!(Relu) },
    Kind { role: RECTIFIER, int8: Int8::Saturation, ..function!(Relu6) },
    function!(Sigmoid),
    function!(Tanh),
    Kind { synonyms: &["Swish"], role: SMOOTH_RECTIFIER, ..function!(Silu) },
    function!(HardSigmoid),
    Kind { role: SMOOTH_RECTIFIER, ..function!(HardSwish) },
    Kind { role: SMOOTH_RECTIFIER, ..function!(Mish) },
    function!(Selu),
    function!(Softsign),
    Kind {
        parameters: &[optional("slope", ArgumentType::Number("check_not_negative"))],
        example: Example::free("LeakyRelu(0.01)", "[2, 3]"),
        documentation: Documentation {
            arguments: "`slope`, 0.01 by default",
            ..Documentation::same("[`LeakyRelu(slope)`](crate::layers::activation::LeakyRelu)", "any")
        },
        role: RECTIFIER,
        build: |site, arguments, flow| parametric(site, quote!(LeakyRelu), arguments.number(site, "slope", 0.01), flow),
        ..function!(LeakyRelu)
    },
    Kind {
        parameters: &[optional("alpha", ArgumentType::Number("check_not_negative"))],
        example: Example::free("Elu(1.0)", "[2, 3]"),
        documentation: Documentation {
            arguments: "`alpha`, 1 by default",
            ..Documentation::same("[`Elu(alpha)`](crate::layers::activation::Elu)", "any")
        },
        role: RECTIFIER,
        build: |site, arguments, flow| parametric(site, quote!(Elu), arguments.number(site, "alpha", 1.0), flow),
        ..function!(Elu)
    },
    Kind {
        parameters: &[optional("beta", ArgumentType::Number("check_positive"))],
        example: Example::free("Softplus(1.0)", "[2, 3]"),
        documentation: Documentation {
            arguments: "`beta`, 1 by default",
            ..Documentation::same("[`Softplus(beta)`](crate::layers::activation::Softplus)", "any")
        },
        role: RECTIFIER,
        build: |site, arguments, flow| parametric(site, quote!(Softplus), arguments.number(site, "beta", 1.0), flow),
        ..function!(Softplus)
    },
    Kind {
        synonyms: &["Clamp", "HardTanh"],
        parameters: &[
            optional("min", ArgumentType::Number("check_bound")),
            optional("max", ArgumentType::Number("check_bound")),
        ],
        example: Example::free("Clip(-1.0, 1.0)", "[2, 3]"),
        documentation: Documentation {
            arguments: "`min`, `max`: both, or one, as in `Clip(max = 1.0)`",
            ..Documentation::same("[`Clip(min, max)`](crate::layers::activation::Clip)", "any")
        },
        build: clip,
        ..function!(Clip)
    },
    Kind {
        parameters: &[
            required("threshold", "the threshold", ArgumentType::Number("check_bound")),
            optional("value", ArgumentType::Number("check_bound")),
        ],
        synonyms: &["ThresholdedRelu"],
        example: Example::free("Threshold(0.02)", "[2, 3]"),
        documentation: Documentation {
            arguments: "`threshold`; `value`, elsewhere, 0 by default",
            ..Documentation::same("[`Threshold(threshold)`](crate::layers::activation::Threshold)", "any")
        },
        role: SMOOTH_RECTIFIER,
        build: |site, arguments, flow| {
            let (threshold, value) = (arguments.number(site, "threshold", 0.0), arguments.number(site, "value", 0.0));
            let (first, second) = (&threshold.bits, &value.bits);
            let mut built = function(site, quote!(Threshold<#first, #second>), flow);
            built.checks.extend([threshold.check, value.check]);
            built
        },
        ..function!(Threshold)
    },
    Kind {
        parameters: &[optional("lambda", ArgumentType::Number("check_not_negative"))],
        example: Example::free("HardShrink(0.02)", "[2, 3]"),
        documentation: Documentation {
            arguments: "`lambda`, 0.5 by default",
            ..Documentation::same("[`HardShrink(lambda)`](crate::layers::activation::HardShrink)", "any")
        },
        build: |site, arguments, flow| {
            parametric(site, quote!(HardShrink), arguments.number(site, "lambda", 0.5), flow)
        },
        ..function!(HardShrink)
    },
    Kind {
        parameters: &[optional("lambda", ArgumentType::Number("check_not_negative"))],
        example: Example::free("SoftShrink(0.5)", "[2, 3]"),
        documentation: Documentation {
            arguments: "`lambda`, 0.5 by default",
            ..Documentation::same("[`SoftShrink(lambda)`](crate::layers::activation::SoftShrink)", "any")
        },
        build: |site, arguments, flow| {
            parametric(site, quote!(SoftShrink), arguments.number(site, "lambda", 0.5), flow)
        },
        ..function!(SoftShrink)
    },
    Kind {
        parameters: &[optional("form", ArgumentType::Word(&["exact", "tanh"]))],
        example: Example::free("Gelu(tanh)", "[2, 3]"),
        documentation: Documentation::same(
            "[`Gelu`](crate::layers::activation::Gelu), [`Gelu(tanh)`](crate::layers::activation::GeluTanh)",
            "any",
        ),
        role: SMOOTH_RECTIFIER,
        build: |site, arguments, flow| {
            let name = if arguments.is("form", "tanh") { quote!(GeluTanh) } else { quote!(Gelu) };
            function(site, name, flow)
        },
        ..function!(Gelu)
    },
    Kind {
        synonyms: &["ParametricRelu"],
        parameters: &[optional("slopes", ArgumentType::Word(&["one", "each"]))],
        example: Example { layer: "PRelu(slopes = each)", input: "[2, 3]", weights: 2, macs: 2 * 3 },
        documentation: Documentation {
            arguments: "`slopes = each`: one per channel",
            weights: "1, or `C`",
            macs: "`N`",
            ..Documentation::same("[`PRelu`](crate::layers::PRelu)", "any")
        },
        role: SMOOTH_RECTIFIER,
        build: prelu,
        ..function!(PRelu)
    },
];

/// Functions of a whole vector.
pub(super) static OF_ROWS: &[Kind] = &[
    Kind {
        takes: Takes::Vector,
        parameters: &[keyword("axes", ArgumentType::Count)],
        example: Example::free("Softmax", "[5]"),
        documentation: Documentation {
            arguments: "`axes = 1`: any shape; of each row, which is the last size",
            ..Documentation::same("[`Softmax`](crate::layers::Softmax)", "`[N]`")
        },
        role: Role::Other,
        int8: Int8::Layer(Outputs::Fixed),
        stream: Stream::Never(MIXES_TIME),
        build: |site, arguments, flow| of_row(site, arguments, flow, &quote!(Softmax)),
        ..function!(Softmax)
    },
    Kind {
        takes: Takes::Vector,
        parameters: &[keyword("axes", ArgumentType::Count)],
        example: Example::free("LogSoftmax", "[5]"),
        documentation: Documentation {
            arguments: "`axes = 1`: any shape; of each row, which is the last size",
            ..Documentation::same("[`LogSoftmax`](crate::layers::LogSoftmax)", "`[N]`")
        },
        role: Role::Other,
        int8: Int8::Layer(Outputs::Fixed),
        stream: Stream::Never(MIXES_TIME),
        build: |site, arguments, flow| of_row(site, arguments, flow, &quote!(LogSoftmax)),
        ..function!(LogSoftmax)
    },
];

/// An activation without parameters.
fn function(site: &Site<'_>, function: TokenStream, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let layer = quote!(#fnn::layers::Activation<#fnn::layers::activation::#function, #sample>);
    Built::new(layer, flow.clone())
}

/// An activation with one parameter, passed as bits in its type.
fn parametric(site: &Site<'_>, kind: TokenStream, Number { bits, check, .. }: Number, flow: &Flow) -> Built {
    let mut built = function(site, quote!(#kind<#bits>), flow);
    built.checks.push(check);
    built
}

/// `Clip(min, max)`: any shape. With bounds around 0, it is what saturation does, since a quantized range contains 0;
/// from 0 on, it is a rectifier.
fn clip(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let min = arguments.number_or(site, "min", quote!(::core::primitive::f64::NEG_INFINITY));
    let max = arguments.number_or(site, "max", quote!(::core::primitive::f64::INFINITY));
    let (low, high) = (&min.bits, &max.bits);
    let mut built = function(site, quote!(Clip<#low, #high>), flow);
    let (name, low, high) = (site.name, min.value, max.value);
    built.checks.extend([min.check, max.check]);
    built.checks.push(const_check(site.written, "check_clip", quote!(#name, #low, #high)));
    let bound = |name, is: fn(f64) -> bool| arguments.is_literal(name, is);
    built.int8 = (bound("min", |min| min <= 0.0) && bound("max", |max| max >= 0.0)).then_some(Int8::Saturation);
    built.role = (arguments.is_given("min") && bound("min", |min| min == 0.0)).then_some(RECTIFIER);
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

/// `Softmax` and `LogSoftmax`: `[N]` to `[N]`; with `axes`, any shape, whose last sizes are one row.
fn of_row(site: &Site<'_>, arguments: &Arguments, flow: &Flow, layer: &TokenStream) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let Some(axes) = arguments.size_of_axis("axes", 0) else {
        let length = flow.length(site);
        let size = &length.tokens;
        return Built::new(quote!(#fnn::layers::#layer<{ #size }, #scalar>), Flow::Sizes(vec![length]));
    };
    let row = Size::product(&flow.last_sizes(site, axes.known));
    let (size, sample) = (&row.tokens, flow.sample(site, scalar));
    let mut built = Built::new(quote!(#fnn::layers::#layer<{ #size }, #scalar, #sample>), flow.clone());
    built.checks.push(site.check_axes(&axes, flow));
    built
}
