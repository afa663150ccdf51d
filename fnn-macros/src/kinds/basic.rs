//! General layers.

use quote::quote;

use super::{Built, Documentation, Example, Int8, Kind, Outputs, Role, Stream, Takes};
use crate::arguments::{ArgumentType, Arguments, Number, keyword, optional, required};
use crate::flow::{Flow, Site};
use crate::report::const_check;
use crate::size::Size;

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "Dense",
        synonyms: &["Linear", "FullyConnected", "Fc", "Affine"],
        takes: Takes::Vector,
        parameters: &[
            required("units", "the number of units", ArgumentType::Size),
            keyword("bias", ArgumentType::Switch),
            keyword("init", ArgumentType::Initializer),
        ],
        example: Example { layer: "Dense(128)", input: "[3]", weights: 3 * 128 + 128, macs: 3 * 128 },
        documentation: Documentation {
            name: "[`Dense(units)`](crate::layers::Dense)",
            takes: "`[I]`",
            gives: "`[units]`",
            arguments: "`bias = false`; `init =` an [`Initializer`](crate::Initializer), such as `HeUniform` or \
                        `Constant(0.1)`",
            weights: "`I·units + units`",
            macs: "`I·units`",
        },
        role: Role::Linear { activated: false },
        int8: Int8::Layer(Outputs::Sums),
        stream: Stream::Never("takes no frames"),
        build: dense,
    },
    Kind {
        name: "Flatten",
        synonyms: &[],
        takes: Takes::Any,
        parameters: &[],
        example: Example::free("Flatten", "[2, 3]"),
        documentation: Documentation {
            gives: "`[N]`",
            ..Documentation::same("[`Flatten`](crate::layers::Flatten)", "any")
        },
        role: Role::View,
        int8: Int8::Nothing,
        stream: Stream::Positions,
        build: flatten,
    },
    Kind {
        name: "Reshape",
        synonyms: &[],
        takes: Takes::Any,
        parameters: &[
            required("size", "the sizes of the new shape", ArgumentType::Size),
            optional("second", ArgumentType::Size),
            optional("third", ArgumentType::Size),
            optional("fourth", ArgumentType::Size),
        ],
        example: Example::free("Reshape(1, 28, 28)", "[784]"),
        documentation: Documentation {
            gives: "the sizes",
            arguments: "one to four sizes, such as `Reshape(1, 28, 28)`",
            ..Documentation::same("[`Reshape(sizes)`](crate::layers::Reshape)", "any")
        },
        role: Role::View,
        int8: Int8::Nothing,
        stream: Stream::Never("doesn't keep frames apart"),
        build: reshape,
    },
    Kind {
        name: "Permute",
        synonyms: &["Transpose"],
        takes: Takes::Any,
        parameters: &[
            required("first", "the order of the axes", ArgumentType::Count),
            optional("second", ArgumentType::Count),
            optional("third", ArgumentType::Count),
            optional("fourth", ArgumentType::Count),
        ],
        example: Example::free("Permute(2, 0, 1)", "[2, 3, 4]"),
        documentation: Documentation {
            gives: "its sizes in this order",
            arguments: "the axes of the input, each once, counted from 0: `Permute(1, 0)` transposes",
            ..Documentation::same("[`Permute(axes)`](crate::layers::Permute)", "any")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Never("doesn't keep frames apart"),
        build: permute,
    },
    Kind {
        name: "Identity",
        synonyms: &[],
        takes: Takes::Any,
        parameters: &[],
        example: Example::free("Identity", "[2, 3]"),
        documentation: Documentation::same("`Identity`", "any"),
        role: Role::View,
        int8: Int8::Nothing,
        stream: Stream::Frames,
        build: |site, _, flow| {
            let (fnn, sample) = (site.fnn, flow.sample(site, site.scalar));
            Built::new(quote!(#fnn::layers::Reshape<#sample, #sample>), flow.clone())
        },
    },
    Kind {
        name: "Slice",
        synonyms: &["Narrow"],
        takes: Takes::Any,
        parameters: &[
            required("start", "its first channel", ArgumentType::Size),
            required("end", "the channel after its last", ArgumentType::Size),
        ],
        example: Example::free("Slice(1, 3)", "[4, 3]"),
        documentation: Documentation {
            gives: "`[end − start, …]`",
            arguments: "the channels from `start` up to, but not including, `end`",
            ..Documentation::same("[`Slice(start, end)`](crate::layers::Slice)", "`[C, …]`")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Frames,
        build: slice,
    },
    Kind {
        name: "Dropout",
        synonyms: &[],
        takes: Takes::Any,
        parameters: &[required(
            "probability",
            "the probability of dropping an element",
            ArgumentType::Number("check_probability"),
        )],
        example: Example::free("Dropout(0.5)", "[8]"),
        documentation: Documentation::same("[`Dropout(probability)`](crate::layers::Dropout)", "any"),
        role: Role::Weightless,
        int8: Int8::Nothing,
        stream: Stream::Frames,
        build: dropout,
    },
    Kind {
        name: "Embedding",
        synonyms: &[],
        takes: Takes::Tokens,
        parameters: &[
            required("vocabulary", "the size of its vocabulary", ArgumentType::Size),
            required("width", "the width of an embedding", ArgumentType::Size),
        ],
        example: Example { layer: "Embedding(1000, 16)", input: "[3]", weights: 16_000, macs: 0 },
        documentation: Documentation {
            name: "[`Embedding(vocabulary, width)`](crate::layers::Embedding)",
            takes: "`[N]` tokens, `[u16; N]`",
            gives: "`[N, width]`",
            arguments: "must be the first layer",
            weights: "`vocabulary·width`",
            macs: "",
        },
        role: Role::Weightless,
        int8: Int8::Unsupported,
        stream: Stream::Never("takes no frames"),
        build: embedding,
    },
];

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
    built.weights.push(vec![input.clone(), units.clone()]);
    built.products = Some(input);
    if bias {
        built.weights.push(vec![units.clone()]);
    }
    built.initializer = arguments.initializer(site.fnn);
    built.checks.push(site.check_size(&units, "units"));
    built
}

/// `Flatten`: any shape to a vector.
fn flatten(site: &Site<'_>, _: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let length = flow.length(site);
    let size = &length.tokens;
    Built::new(quote!(#fnn::layers::Flatten<#sample, { #size }>), Flow::Sizes(vec![length]))
}

/// `Reshape(sizes)`: any shape to another one with the same number of elements.
fn reshape(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sizes = ["size", "second", "third", "fourth"].iter().filter_map(|name| arguments.size_of_axis(name, 0));
    let output = Flow::Sizes(sizes.collect());
    let (from, to) = (flow.sample(site, site.scalar), output.sample(site, site.scalar));
    let (name, given, wanted) = (site.name, flow.shape(site), output.shape(site));
    let mut built = Built::new(quote!(#fnn::layers::Reshape<#from, #to>), output);
    built.checks.push(const_check(site.written, "check_reshape", quote!(#name, #given, #wanted)));
    built
}

/// `Slice(start, end)`: `[C, …]` to `[end − start, …]`.
fn slice(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let (start, end) = (arguments.size("start"), arguments.size("end"));
    // The rank of the output of a user's type isn't known here, so it has to be a vector.
    let mut sizes = flow.known_sizes().unwrap_or_else(|| flow.sizes(site, 1));
    let sliced = if start.known == Some(0) {
        end.clone()
    } else {
        Size::call(fnn, "between", [&start, &end], |[start, end]| end.checked_sub(start))
    };
    let channels = std::mem::replace(&mut sizes[0], sliced);
    let output = Flow::Sizes(sizes);
    let (from, to) = (flow.sample(site, site.scalar), output.sample(site, site.scalar));
    let (name, first, behind, channels) = (site.name, &start.tokens, &end.tokens, &channels.tokens);
    let mut built = Built::new(quote!(#fnn::layers::Slice<#from, #to, { #first }>), output);
    built.checks.push(const_check(site.written, "check_slice", quote!(#name, #first, #behind, #channels)));
    if flow.known_sizes().is_none() {
        let given = flow.shape(site);
        let (words, advice) = ("a vector, [N], from a network or a type of your own", "put `Flatten` before it");
        built.checks.push(const_check(site.written, "check_rank", quote!(#name, "Slice", 1, #words, #given, #advice)));
    }
    built
}

/// `Permute(axes)`: any shape with as many axes.
fn permute(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let order = ["first", "second", "third", "fourth"].iter().filter_map(|name| arguments.size_of_axis(name, 0));
    let order: Option<Vec<usize>> = order.map(|axis| axis.known).collect();
    let from = flow.sample(site, site.scalar);
    let mistaken = || Built::new(quote!(#fnn::layers::Reshape<#from, #from>), Flow::Unknown);
    // Arguments with a mistake.
    let Some(order) = order else { return mistaken() };
    let (rank, given) = match flow {
        Flow::Sizes(sizes) => (sizes.len(), format!(" for the input {}", flow.text())),
        _ => (order.len(), String::new()),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        let last = rank.saturating_sub(1);
        let mistake = format!("`Permute` takes each axis of its input once, from 0 to {last}{given}");
        return Built { mistake: Some(mistake), ..mistaken() };
    }
    let sizes = flow.sizes(site, rank);
    let output = Flow::Sizes(order.iter().map(|&axis| sizes[axis].clone()).collect());
    let to = output.sample(site, site.scalar);
    // The axes that it doesn't have stay in place.
    let axes: Vec<usize> = order.iter().copied().chain(order.len()..4).collect();
    let mut built = Built::new(quote!(#fnn::layers::Permute<#from, #to, #(#axes),*>), output);
    // Of an input whose rank only the compiler knows.
    if matches!(flow, Flow::Of { .. }) {
        let (name, given) = (site.name, flow.shape(site));
        built.checks.push(const_check(site.written, "check_permute", quote!(#name, &[#(#order),*], #given)));
    }
    built
}

/// `Embedding(vocabulary, width)`: `[N]` tokens to `[N, width]`.
fn embedding(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let (length, vocabulary, width) = (flow.length(site), arguments.size("vocabulary"), arguments.size("width"));
    let [sequence, tokens, row] = [&length, &vocabulary, &width].map(|size| &size.tokens);
    let layer = quote!(#fnn::layers::Embedding<{ #sequence }, { #tokens }, { #row }, #scalar>);
    let mut built = Built::new(layer, Flow::Sizes(vec![length, width.clone()]));
    let (name, size) = (site.name, &vocabulary.tokens);
    built.checks.push(const_check(&vocabulary.written, "check_vocabulary", quote!(#name, #size)));
    built.checks.push(site.check_size(&width, "width"));
    built.weights.push(vec![vocabulary, width]);
    built
}

/// `Dropout(probability)`: any shape.
fn dropout(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let Number { bits, check, .. } = arguments.number(site, "probability", 0.0);
    let mut built = Built::new(quote!(#fnn::layers::Dropout<#sample, #bits>), flow.clone());
    built.checks.push(check);
    built
}
