//! A drawn layer, as a declaration and for the other libraries.

/// A layer on samples of some shape, channels first.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) input: Vec<usize>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Convolution { filters: usize, groups: usize, axes: Vec<Axis> },
    Pool { is_maximum: bool, axes: Vec<Axis> },
    BatchNorm,
    LayerNorm,
    GroupNorm { groups: usize },
}

/// A window along one axis, with the same padding at both ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) dilation: usize,
}

impl Axis {
    /// The number of outputs, if a window fits.
    pub(crate) fn outputs(self, inputs: usize) -> Option<usize> {
        let span = self.dilation * (self.kernel - 1) + 1;
        Some((inputs + 2 * self.padding).checked_sub(span)? / self.stride + 1)
    }
}

impl Layer {
    /// The shape of the output, or nothing if a window doesn't fit.
    pub(crate) fn output(&self) -> Option<Vec<usize>> {
        match &self.kind {
            Kind::Convolution { filters, axes, .. } => self.windowed(*filters, axes),
            Kind::Pool { axes, .. } => self.windowed(self.input[0], axes),
            _ => Some(self.input.clone()),
        }
    }

    fn windowed(&self, channels: usize, axes: &[Axis]) -> Option<Vec<usize>> {
        let outputs = axes.iter().zip(&self.input[1..]).map(|(axis, &size)| axis.outputs(size));
        std::iter::once(Some(channels)).chain(outputs).collect()
    }

    /// Multiplications and additions per sample; of layers that mostly read and write, those that they are made of.
    pub(crate) fn flop(&self) -> usize {
        let outputs = self.output().map_or(0, |output| output.iter().product::<usize>());
        match &self.kind {
            Kind::Convolution { groups, axes, .. } => 2 * outputs * self.input[0] / groups * taps(axes),
            Kind::Pool { axes, .. } => outputs * taps(axes),
            _ => 4 * outputs,
        }
    }

    /// The layer's class in the report.
    pub(crate) fn class(&self) -> &'static str {
        match &self.kind {
            Kind::Convolution { groups, .. } if *groups == self.input[0] && *groups > 1 => "depthwise convolution",
            Kind::Convolution { groups, .. } if *groups > 1 => "convolution in groups",
            Kind::Convolution { axes, .. } if taps(axes) == 1 => "pointwise convolution",
            Kind::Convolution { axes, .. } if axes.len() == 1 => "convolution of sequences",
            Kind::Convolution { .. } => "convolution of images",
            Kind::Pool { .. } => "pool",
            _ => "norm",
        }
    }

    /// The layer in a declaration.
    pub(crate) fn declaration(&self) -> String {
        match &self.kind {
            Kind::Convolution { filters, groups, axes } => {
                let groups = if *groups > 1 { format!(", groups = {groups}") } else { String::new() };
                format!("Conv{}d({filters}, {}{groups})", axes.len(), arguments(axes, "kernel = "))
            }
            Kind::Pool { is_maximum, axes } => {
                let name = if *is_maximum { "MaxPool" } else { "AvgPool" };
                format!("{name}{}d({})", axes.len(), arguments(axes, ""))
            }
            Kind::BatchNorm => "BatchNorm".into(),
            Kind::LayerNorm => "LayerNorm".into(),
            Kind::GroupNorm { groups } => format!("GroupNorm({groups})"),
        }
    }

    /// The layer as JSON.
    pub(crate) fn json(&self) -> String {
        let list = |numbers: &mut dyn Iterator<Item = usize>| format!("{:?}", numbers.collect::<Vec<_>>());
        let input = list(&mut self.input.iter().copied());
        let window = |axes: &[Axis]| {
            let of = |number: fn(&Axis) -> usize| list(&mut axes.iter().map(number));
            let (kernel, stride) = (of(|axis| axis.kernel), of(|axis| axis.stride));
            let (padding, dilation) = (of(|axis| axis.padding), of(|axis| axis.dilation));
            format!(r#", "kernel": {kernel}, "stride": {stride}, "padding": {padding}, "dilation": {dilation}"#)
        };
        let (kind, rest) = match &self.kind {
            Kind::Convolution { filters, groups, axes } => {
                ("convolution", format!(r#", "filters": {filters}, "groups": {groups}{}"#, window(axes)))
            }
            Kind::Pool { is_maximum: true, axes } => ("maximum", window(axes)),
            Kind::Pool { is_maximum: false, axes } => ("average", window(axes)),
            Kind::BatchNorm => ("batch norm", String::new()),
            Kind::LayerNorm => ("layer norm", String::new()),
            Kind::GroupNorm { groups } => ("group norm", format!(r#", "groups": {groups}"#)),
        };
        format!(r#"{{"kind": "{kind}", "input": {input}{rest}}}"#)
    }
}

/// The number of positions of a window.
pub(crate) fn taps(axes: &[Axis]) -> usize {
    axes.iter().map(|axis| axis.kernel).product()
}

/// The window's arguments in a declaration, without those that have their default.
fn arguments(axes: &[Axis], kernel: &str) -> String {
    let of = |number: fn(&Axis) -> usize| {
        let numbers: Vec<usize> = axes.iter().map(number).collect();
        if numbers.iter().all(|number| *number == numbers[0]) {
            numbers[0].to_string()
        } else {
            format!("({}, {})", numbers[0], numbers[1])
        }
    };
    let mut text = format!("{kernel}{}, stride = {}", of(|axis| axis.kernel), of(|axis| axis.stride));
    for (name, number, default) in
        [("padding", (|axis| axis.padding) as fn(&Axis) -> usize, 0), ("dilation", |axis| axis.dilation, 1)]
    {
        if axes.iter().any(|axis| number(axis) != default) {
            text += &format!(", {name} = {}", of(number));
        }
    }
    text
}
