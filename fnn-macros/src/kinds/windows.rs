//! Layers whose windows slide over images and sequences.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Build, Built, Kind, Role};
use crate::arguments::{ArgumentType, Arguments, Parameter, keyword, required};
use crate::flow::{Flow, Site};
use crate::report::judge;
use crate::size::Size;

/// Sizes of `[channels, rows, columns]` and of `[channels, length]`.
const IMAGE: usize = 3;
const SEQUENCE: usize = 2;

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "Conv2d",
        example: "Conv2d(16, kernel = 3)",
        rank: Some(IMAGE),
        parameters: &[
            required("filters", "its number of filters", ArgumentType::Size),
            kernel(ArgumentType::Pair),
            keyword("stride", ArgumentType::Pair),
            keyword("padding", ArgumentType::PairOfPaddings),
            keyword("dilation", ArgumentType::Pair),
            keyword("groups", ArgumentType::Size),
            keyword("bias", ArgumentType::Switch),
            keyword("init", ArgumentType::Initializer),
        ],
        role: Role::Linear,
        build: |site, arguments, flow| convolution(site, arguments, &flow.sizes(site, IMAGE)),
    },
    Kind {
        name: "DepthwiseConv2d",
        example: "DepthwiseConv2d(kernel = 3)",
        rank: Some(IMAGE),
        parameters: &[
            kernel(ArgumentType::Pair),
            keyword("multiplier", ArgumentType::Size),
            keyword("stride", ArgumentType::Pair),
            keyword("padding", ArgumentType::PairOfPaddings),
            keyword("dilation", ArgumentType::Pair),
            keyword("bias", ArgumentType::Switch),
            keyword("init", ArgumentType::Initializer),
        ],
        role: Role::Linear,
        build: depthwise,
    },
    Kind {
        name: "Conv1d",
        example: "Conv1d(16, kernel = 3)",
        rank: Some(SEQUENCE),
        parameters: &[
            required("filters", "its number of filters", ArgumentType::Size),
            kernel(ArgumentType::Size),
            keyword("stride", ArgumentType::Size),
            keyword("padding", ArgumentType::Padding),
            keyword("dilation", ArgumentType::Size),
            keyword("groups", ArgumentType::Size),
            keyword("bias", ArgumentType::Switch),
            keyword("init", ArgumentType::Initializer),
        ],
        role: Role::Linear,
        build: |site, arguments, flow| convolution(site, arguments, &flow.sizes(site, SEQUENCE)),
    },
    image_pool("MaxPool2d", "MaxPool2d(2)", |site, arguments, flow| pool(site, arguments, flow, IMAGE, "MaxPool")),
    image_pool("AvgPool2d", "AvgPool2d(2)", |site, arguments, flow| pool(site, arguments, flow, IMAGE, "AvgPool")),
    pool_1d("MaxPool1d", "MaxPool1d(2)", |site, arguments, flow| pool(site, arguments, flow, SEQUENCE, "MaxPool")),
    pool_1d("AvgPool1d", "AvgPool1d(2)", |site, arguments, flow| pool(site, arguments, flow, SEQUENCE, "AvgPool")),
    Kind {
        name: "Upsample2d",
        example: "Upsample2d(2)",
        rank: Some(IMAGE),
        parameters: &[required("factor", "how often a row and a column are repeated", ArgumentType::Pair)],
        role: Role::Weightless,
        build: |site, arguments, flow| upsample(site, arguments, &flow.sizes(site, IMAGE)),
    },
    Kind {
        name: "Upsample1d",
        example: "Upsample1d(2)",
        rank: Some(SEQUENCE),
        parameters: &[required("factor", "how often an element is repeated", ArgumentType::Size)],
        role: Role::Weightless,
        build: |site, arguments, flow| upsample(site, arguments, &flow.sizes(site, SEQUENCE)),
    },
    Kind {
        name: "GlobalAvgPool",
        example: "GlobalAvgPool",
        rank: None,
        parameters: &[],
        role: Role::Weightless,
        build: global_avg_pool,
    },
];

const fn kernel(argument: ArgumentType) -> Parameter {
    Parameter { name: "kernel", meaning: "the size of its kernel", argument, required: true, positional: false }
}

const WINDOW: &str = "the size of its window";

const fn image_pool(name: &'static str, example: &'static str, build: Build) -> Kind {
    const PARAMETERS: &[Parameter] = &[
        required("window", WINDOW, ArgumentType::Pair),
        keyword("stride", ArgumentType::Pair),
        keyword("padding", ArgumentType::Pair),
    ];
    Kind { name, example, rank: Some(IMAGE), parameters: PARAMETERS, role: Role::Other, build }
}

const fn pool_1d(name: &'static str, example: &'static str, build: Build) -> Kind {
    const PARAMETERS: &[Parameter] = &[
        required("window", WINDOW, ArgumentType::Size),
        keyword("stride", ArgumentType::Size),
        keyword("padding", ArgumentType::Size),
    ];
    Kind { name, example, rank: Some(SEQUENCE), parameters: PARAMETERS, role: Role::Other, build }
}

/// A window on one axis.
struct Axis {
    /// What the window's size is called: the name of its argument.
    window: &'static str,
    /// What there is along the axis.
    unit: &'static str,
    input: Size,
    kernel: Size,
    stride: Size,
    /// Nothing for `same`.
    padding: Option<Size>,
    dilation: Size,
}

impl Axis {
    /// The axes that follow the channels. `window` is the name of the argument for its size, and `stride` gives the
    /// stride where none is asked for.
    fn all(arguments: &Arguments, sizes: &[Size], window: &'static str, stride: fn(&Size) -> Size) -> Vec<Self> {
        let units: &[&str] = if sizes.len() == IMAGE { &["rows", "columns"] } else { &["elements"] };
        let axis = |(index, (&unit, input)): (usize, (&&'static str, &Size))| {
            let given = |name| arguments.size_of_axis(name, index);
            let kernel = given(window).unwrap_or_else(Size::one);
            Self {
                window,
                unit,
                input: input.clone(),
                stride: given("stride").unwrap_or_else(|| stride(&kernel)),
                padding: if arguments.is("padding", "same") {
                    None
                } else {
                    Some(given("padding").unwrap_or_else(Size::zero))
                },
                dilation: given("dilation").unwrap_or_else(Size::one),
                kernel,
            }
        };
        units.iter().zip(sizes.iter().skip(1)).enumerate().map(axis).collect()
    }

    /// How much comes out.
    fn output(&self, site: &Site<'_>) -> Size {
        let Some(padding) = &self.padding else { return self.input.clone() };
        let sizes = [&self.input, &self.kernel, &self.stride, padding, &self.dilation];
        Size::call(site.fnn, "places", sizes, |[size, kernel, stride, padding, dilation]| {
            let span = dilation.checked_mul(kernel.checked_sub(1)?)?.checked_add(1)?;
            let padded = padding.checked_mul(2)?.checked_add(size)?;
            padded.checked_sub(span)?.checked_div(stride)?.checked_add(1)
        })
    }

    /// The window as a type.
    fn window(&self, site: &Site<'_>) -> TokenStream {
        let fnn = site.fnn;
        let same = || Size::call(fnn, "same_padding", [&self.kernel, &self.dilation], |_| None);
        let padding = self.padding.clone().unwrap_or_else(same);
        let [kernel, stride, padding, dilation] =
            [&self.kernel, &self.stride, &padding, &self.dilation].map(|size| &size.tokens);
        quote!(#fnn::layers::Window<{ #kernel }, { #stride }, { #padding }, { #dilation }>)
    }

    /// What must not be 0.
    fn sizes(&self) -> [(&'static str, &Size); 3] {
        [(self.window, &self.kernel), ("stride", &self.stride), ("dilation", &self.dilation)]
    }

    /// A check that the window fits.
    fn fits(&self, site: &Site<'_>) -> TokenStream {
        let (name, window, unit) = (site.name, self.window, self.unit);
        let [input, kernel, stride, dilation] =
            [&self.input, &self.kernel, &self.stride, &self.dilation].map(|size| &size.tokens);
        match &self.padding {
            Some(padding) => {
                let padding = &padding.tokens;
                let arguments = quote!(#name, (#window, #unit), #input, #kernel, #dilation, #padding);
                judge(&self.kernel.written, "check_window", arguments)
            }
            None if self.stride.known == Some(1) => TokenStream::new(),
            None => judge(&self.stride.written, "check_same_padding", quote!(#name, #stride)),
        }
    }
}

/// What only the compiler can judge. A mistake that both axes share, being one argument, is one mistake.
fn checks(site: &Site<'_>, axes: &[Axis]) -> Vec<TokenStream> {
    let mut checks = Vec::new();
    for (index, axis) in axes.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &axes[before]);
        for (index, (what, size)) in axis.sizes().into_iter().enumerate() {
            // A pool's stride may be its window.
            let is_window = what == "stride" && size.same(&axis.kernel);
            if !is_window && before.is_none_or(|before| !before.sizes()[index].1.same(size)) {
                checks.push(site.check_size(size, what));
            }
        }
    }
    match axes {
        [rows, columns] if rows.kernel.same(&columns.kernel) => {
            let (rows, columns) = (rows.fits(site), columns.fits(site));
            checks.push(quote!(#rows; #columns));
        }
        axes => checks.extend(axes.iter().map(|axis| axis.fits(site))),
    }
    checks
}

/// The type of channels along some axes.
fn sample(site: &Site<'_>, channels: &Size, axes: impl Iterator<Item = Size>) -> (Flow, TokenStream) {
    let flow = Flow::Sizes(std::iter::once(channels.clone()).chain(axes).collect());
    let sample = flow.sample(site, site.scalar);
    (flow, sample)
}

/// The windows on all axes as a type.
fn windows(site: &Site<'_>, axes: &[Axis]) -> TokenStream {
    let windows: Vec<_> = axes.iter().map(|axis| axis.window(site)).collect();
    match &windows[..] {
        [columns] => columns.clone(),
        windows => quote!((#(#windows),*)),
    }
}

/// `Conv2d(filters, kernel = …)` and `Conv1d(filters, kernel = …)`: `[C, …]` to `[filters, …]`.
fn convolution(site: &Site<'_>, arguments: &Arguments, sizes: &[Size]) -> Built {
    let (channels, filters) = (&sizes[0], arguments.size("filters"));
    let groups = arguments.size_of_axis("groups", 0);
    let seen = groups.as_ref().map_or_else(
        || channels.clone(),
        |groups| Size::call(site.fnn, "part", [channels, groups], |[channels, groups]| channels.checked_div(groups)),
    );
    let mut built = filtered(site, arguments, sizes, &filters, seen);
    built.checks.push(site.check_size(&filters, "filters"));
    let Some(groups) = groups else { return built };
    let [count, channels, filters] = [&groups, channels, &filters].map(|size| &size.tokens);
    let name = site.name;
    built.checks.push(judge(&groups.written, "check_groups", quote!(#name, #count, #channels, #filters)));
    built
}

/// `DepthwiseConv2d(kernel = …, multiplier = …)`: `[C, …]` to `[C · multiplier, …]`.
fn depthwise(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let sizes = flow.sizes(site, IMAGE);
    let channels = sizes[0].clone();
    let Some(multiplier) = arguments.size_of_axis("multiplier", 0) else {
        return filtered(site, arguments, &sizes, &channels, Size::one());
    };
    let filters = Size::product(&[channels, multiplier.clone()]);
    let mut built = filtered(site, arguments, &sizes, &filters, Size::one());
    built.checks.push(site.check_size(&multiplier, "multiplier"));
    built
}

/// A convolution, each of whose filters sees so many of the channels.
fn filtered(site: &Site<'_>, arguments: &Arguments, sizes: &[Size], filters: &Size, seen: Size) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let axes = Axis::all(arguments, sizes, "kernel", |_| Size::one());
    let (_, input) = sample(site, &sizes[0], axes.iter().map(|axis| axis.input.clone()));
    let (flow, output) = sample(site, filters, axes.iter().map(|axis| axis.output(site)));
    let kernel = axes.iter().map(|axis| axis.kernel.clone());
    let weights: Vec<_> = [filters.clone(), seen].into_iter().chain(kernel).collect();
    let weight = Flow::Sizes(weights.clone()).sample(site, scalar);
    let windows = windows(site, &axes);
    let bias = arguments.on("bias");
    let no_bias = (!bias).then(|| quote!(, #fnn::layers::NoBias<#scalar>));
    let mut built = Built::new(quote!(#fnn::layers::Conv<#input, #output, #weight, #windows #no_bias>), flow);
    built.products = Some(Size::product(&weights[1..]));
    built.weights.push(weights);
    if bias {
        built.weights.push(vec![filters.clone()]);
    }
    built.initializer = arguments.initializer(site.fnn);
    built.checks.extend(checks(site, &axes));
    built
}

/// `MaxPool2d(window)` and the like: `[C, …]` to `[C, …]`.
fn pool(site: &Site<'_>, arguments: &Arguments, flow: &Flow, rank: usize, layer: &str) -> Built {
    let (fnn, layer) = (site.fnn, quote::format_ident!("{layer}"));
    let sizes = flow.sizes(site, rank);
    let axes = Axis::all(arguments, &sizes, "window", Size::clone);
    let (_, input) = sample(site, &sizes[0], axes.iter().map(|axis| axis.input.clone()));
    let (flow, output) = sample(site, &sizes[0], axes.iter().map(|axis| axis.output(site)));
    let windows = windows(site, &axes);
    let mut built = Built::new(quote!(#fnn::layers::#layer<#input, #output, #windows>), flow);
    built.checks.extend(checks(site, &axes));
    for axis in &axes {
        if let Some(padding) = &axis.padding
            && padding.known != Some(0)
        {
            let (name, size, kernel) = (site.name, &padding.tokens, &axis.kernel.tokens);
            built.checks.push(judge(&padding.written, "check_pool_padding", quote!(#name, #kernel, #size)));
        }
    }
    built
}

/// `GlobalAvgPool`: `[C, …]` to `[C]`.
fn global_avg_pool(site: &Site<'_>, _: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let output = Flow::Sizes(flow.sizes(site, 1));
    Built::new(quote!(#fnn::layers::GlobalAvgPool<#sample>), output)
}

/// `Upsample2d(factor)` and `Upsample1d(factor)`: `[C, …]` to `[C, …]`, each size after the channels times its factor.
fn upsample(site: &Site<'_>, arguments: &Arguments, sizes: &[Size]) -> Built {
    let fnn = site.fnn;
    let factors: Vec<_> =
        (0..sizes.len() - 1).map(|axis| arguments.size_of_axis("factor", axis).unwrap_or_else(Size::one)).collect();
    let larger = sizes[1..].iter().zip(&factors).map(|(size, factor)| Size::product(&[size.clone(), factor.clone()]));
    let (_, input) = sample(site, &sizes[0], sizes[1..].iter().cloned());
    let (flow, output) = sample(site, &sizes[0], larger);
    let mut built = Built::new(quote!(#fnn::layers::Upsample<#input, #output>), flow);
    let different = factors.iter().enumerate().filter(|(axis, factor)| *axis == 0 || !factors[0].same(factor));
    built.checks.extend(different.map(|(_, factor)| site.check_size(factor, "factor")));
    built
}
