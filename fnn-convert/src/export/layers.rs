//! Each kind of layer as operators of ONNX.

use fnn::graph::Node;

use super::{Attribute, Builder, NOT_EXPORTED};

impl Builder<'_> {
    /// Append a layer. Returns its output.
    pub(super) fn layer(&mut self, node: &Node, path: &str, start: usize, input: String) -> String {
        match node.kind {
            "Dropout" | "Identity" => input,
            "Dense" => {
                let inputs = self.with_weights(node, path, start, input, &["weight", "bias"]);
                self.node(path, "Gemm", &inputs, &[("transB", Attribute::Int(1))])
            }
            "Conv1d" | "Conv2d" | "DepthwiseConv1d" | "DepthwiseConv2d" => {
                let mut attributes = windows(node, "kernel");
                attributes.push(("dilations", sizes(node, "dilation")));
                attributes.push(("group", Attribute::Int(node.count("groups").unwrap_or(1) as i64)));
                let inputs = self.with_weights(node, path, start, input, &["weight", "bias"]);
                self.node(path, "Conv", &inputs, &attributes)
            }
            "MaxPool1d" | "MaxPool2d" => {
                let mut attributes = windows(node, "window");
                attributes.push(("dilations", sizes(node, "dilation")));
                self.node(path, "MaxPool", &[input], &attributes)
            }
            "AvgPool1d" | "AvgPool2d" => {
                if node.sizes("dilation").is_some_and(|dilation| dilation.sizes().iter().any(|&size| size != 1)) {
                    self.refuse(node, path, "an average pool with a dilation needs opset 19");
                }
                let mut attributes = windows(node, "window");
                let count = node.switch("count_padding").unwrap_or(true);
                attributes.push(("count_include_pad", Attribute::Int(count.into())));
                self.node(path, "AveragePool", &[input], &attributes)
            }
            "GlobalAvgPool" => self.global(node, path, "ReduceMean", input),
            "GlobalMaxPool" => self.global(node, path, "ReduceMax", input),
            "Upsample1d" | "Upsample2d" => self.upsample(node, path, input),
            "Resize1d" | "Resize2d" => self.resize(node, path, input),
            "ZeroPad1d" | "ZeroPad2d" => self.zero_pad(node, path, input),
            "BatchNorm" => {
                let names = ["weight", "bias", "running_mean", "running_var"];
                let inputs = self.with_weights(node, path, start, input, &names);
                self.node(path, "BatchNormalization", &inputs, &[epsilon(node)])
            }
            "Normalize" => {
                let mut channels = vec![1; node.input.rank()];
                channels[0] = node.input.size(0);
                let mut constant = |name| self.weight(node, path, start, name, Some(&channels)).unwrap_or_default();
                let [mean, deviation] = [constant("mean"), constant("deviation")];
                let centered = self.node(path, "Sub", &[input, mean], &[]);
                self.node(path, "Div", &[centered, deviation], &[])
            }
            "LayerNorm" => {
                let axes = node.count("axes").unwrap_or(1) as i64;
                let inputs = self.with_weights(node, path, start, input, &["weight", "bias"]);
                self.node(path, "LayerNormalization", &inputs, &[("axis", Attribute::Int(-axes)), epsilon(node)])
            }
            "RmsNorm" => self.rms_norm(node, path, start, input),
            "GroupNorm" => self.group_norm(node, path, start, input),
            "LocalResponseNorm" => self.local_response_norm(node, path, input),
            "PRelu" => {
                // One slope for all, or one for each channel.
                let mut slopes = vec![1; node.input.rank()];
                if node.word("slopes") == Some("each") {
                    slopes[0] = node.input.size(0);
                }
                let weight = self.weight(node, path, start, "weight", Some(&slopes));
                let inputs: Vec<String> = std::iter::once(input).chain(weight).collect();
                self.node(path, "PRelu", &inputs, &[])
            }
            "Softmax" | "LogSoftmax" => self.softmax(node, path, input),
            "Flatten" => self.node(path, "Flatten", &[input], &[("axis", Attribute::Int(1))]),
            "Reshape" => self.reshaped(path, input, node.output.sizes()),
            "Permute" => {
                let axes = ["first", "second", "third", "fourth"].iter().filter_map(|name| node.count(name));
                let axes = axes.take(node.input.rank()).map(|axis| axis as i64 + 1);
                let order = std::iter::once(0).chain(axes).collect();
                self.node(path, "Transpose", &[input], &[("perm", Attribute::Ints(order))])
            }
            "Slice" => {
                let bound = |name| node.count(name).unwrap_or(0) as i64;
                let [start, end, axes] = [bound("start"), bound("end"), 1].map(|bound| self.list(&[bound]));
                self.node(path, "Slice", &[input, start, end, axes], &[])
            }
            "Embedding" => {
                let weight = self.weight(node, path, start, "weight", None).unwrap_or_default();
                self.node(path, "Gather", &[weight, input], &[("axis", Attribute::Int(0))])
            }
            _ => self.activation(node, path, input),
        }
    }

    /// A function of each number.
    fn activation(&mut self, node: &Node, path: &str, input: String) -> String {
        let number = |name| node.number(name).unwrap_or(0.0);
        let of = |input: &String| [input.clone()];
        match node.kind {
            "Relu" | "Sigmoid" | "Tanh" | "HardSwish" | "Selu" | "Softsign" => {
                self.node(path, node.kind, &of(&input), &[])
            }
            "LeakyRelu" => self.node(path, "LeakyRelu", &of(&input), &[("alpha", Attribute::Float(number("slope")))]),
            "Elu" => self.node(path, "Elu", &of(&input), &[("alpha", Attribute::Float(number("alpha")))]),
            "HardSigmoid" => {
                let attributes = [("alpha", Attribute::Float(1.0 / 6.0)), ("beta", Attribute::Float(0.5))];
                self.node(path, "HardSigmoid", &of(&input), &attributes)
            }
            "Threshold" => {
                let (threshold, value) = (self.number(number("threshold")), self.number(number("value")));
                let above = self.node(path, "Greater", &[input.clone(), threshold], &[]);
                self.node(path, "Where", &[above, input, value], &[])
            }
            "HardShrink" => self.node(path, "Shrink", &of(&input), &[("lambd", Attribute::Float(number("lambda")))]),
            "SoftShrink" => {
                let lambda = number("lambda");
                let attributes = [("lambd", Attribute::Float(lambda)), ("bias", Attribute::Float(lambda))];
                self.node(path, "Shrink", &of(&input), &attributes)
            }
            "Relu6" => self.clip(path, input, 0.0, 6.0),
            "Clip" => self.clip(path, input, number("min"), number("max")),
            "Silu" => {
                let sigmoid = self.node(path, "Sigmoid", &of(&input), &[]);
                self.node(path, "Mul", &[input, sigmoid], &[])
            }
            "Mish" => {
                let softplus = self.node(path, "Softplus", &of(&input), &[]);
                let tanh = self.node(path, "Tanh", &[softplus], &[]);
                self.node(path, "Mul", &[input, tanh], &[])
            }
            "Softplus" => {
                let beta = number("beta");
                let scaled = self.times(path, input, beta);
                let softplus = self.node(path, "Softplus", &[scaled], &[]);
                self.times(path, softplus, 1.0 / beta)
            }
            "Gelu" if node.word("form") == Some("tanh") => {
                // x · σ(√(8/π) · (x + 0.044715 · x³))
                let square = self.node(path, "Mul", &[input.clone(), input.clone()], &[]);
                let cube = self.node(path, "Mul", &[square, input.clone()], &[]);
                let cube = self.times(path, cube, 0.044_715);
                let sum = self.node(path, "Add", &[input.clone(), cube], &[]);
                let scaled = self.times(path, sum, (8.0 / std::f64::consts::PI).sqrt());
                let share = self.node(path, "Sigmoid", &[scaled], &[]);
                self.node(path, "Mul", &[input, share], &[])
            }
            "Gelu" => {
                let scaled = self.times(path, input.clone(), std::f64::consts::FRAC_1_SQRT_2);
                let erf = self.node(path, "Erf", &[scaled], &[]);
                let one = self.number(1.0);
                let sum = self.node(path, "Add", &[erf, one], &[]);
                let half = self.times(path, sum, 0.5);
                self.node(path, "Mul", &[input, half], &[])
            }
            _ => {
                self.refuse(node, path, NOT_EXPORTED);
                input
            }
        }
    }

    /// The product with a number.
    fn times(&mut self, path: &str, input: String, factor: f64) -> String {
        if factor == 1.0 {
            return input;
        }
        let factor = self.number(factor);
        self.node(path, "Mul", &[input, factor], &[])
    }

    fn clip(&mut self, path: &str, input: String, low: f64, high: f64) -> String {
        // An input that is left out has an empty name.
        let mut bound = |bound: f64| if bound.is_finite() { self.number(bound) } else { String::new() };
        let mut inputs = vec![input, bound(low), bound(high)];
        while inputs.last().is_some_and(String::is_empty) {
            inputs.pop();
        }
        self.node(path, "Clip", &inputs, &[])
    }

    /// The input, and the layer's weights of these names that it has.
    fn with_weights(&mut self, node: &Node, path: &str, start: usize, input: String, names: &[&str]) -> Vec<String> {
        let weights = names.iter().filter_map(|name| self.weight(node, path, start, name, None));
        std::iter::once(input).chain(weights).collect()
    }

    fn reshaped(&mut self, path: &str, input: String, sizes: &[usize]) -> String {
        let sizes: Vec<i64> = std::iter::once(-1).chain(sizes.iter().map(|&size| size as i64)).collect();
        let sizes = self.list(&sizes);
        self.node(path, "Reshape", &[input, sizes], &[])
    }

    /// A reduction of all places of each channel.
    fn global(&mut self, node: &Node, path: &str, operator: &str, input: String) -> String {
        let axes: Vec<i64> = (2..=node.input.rank() as i64).collect();
        if axes.is_empty() {
            return input;
        }
        self.node(path, operator, &[input], &[("axes", Attribute::Ints(axes)), ("keepdims", Attribute::Int(0))])
    }

    fn resize(&mut self, node: &Node, path: &str, input: String) -> String {
        let sizes = node.input.sizes().iter().zip(node.output.sizes()).skip(1);
        // The smallest factor that gives the size, which is rounded down.
        let scale = |(&from, &to): (&usize, &usize)| {
            let scale = to as f32 / from as f32;
            if f64::from(scale) * (from as f64) < to as f64 { scale.next_up() } else { scale }
        };
        let scales: Vec<f32> = [1.0, 1.0].into_iter().chain(sizes.map(scale)).collect();
        let align_corners = node.switch("align_corners").unwrap_or(false);
        let attributes = [
            ("mode", Attribute::Text("linear")),
            (
                "coordinate_transformation_mode",
                Attribute::Text(if align_corners { "align_corners" } else { "half_pixel" }),
            ),
        ];
        self.made += 1;
        let name = format!("scales_{}", self.made);
        let scales = self.reals(&name, &[scales.len()], &scales);
        self.node(path, "Resize", &[input, String::new(), scales], &attributes)
    }

    fn upsample(&mut self, node: &Node, path: &str, input: String) -> String {
        let factors = node.sizes("factor").unwrap_or(node.output);
        let scales: Vec<f32> =
            [1.0, 1.0].into_iter().chain(factors.sizes().iter().map(|&factor| factor as f32)).collect();
        self.made += 1;
        let name = format!("scales_{}", self.made);
        let scales = self.reals(&name, &[scales.len()], &scales);
        let attributes = [
            ("mode", Attribute::Text("nearest")),
            ("coordinate_transformation_mode", Attribute::Text("asymmetric")),
            ("nearest_mode", Attribute::Text("floor")),
        ];
        self.node(path, "Resize", &[input, String::new(), scales], &attributes)
    }

    fn zero_pad(&mut self, node: &Node, path: &str, input: String) -> String {
        let Some((before, after)) = node.ends("padding") else { return input };
        let ends = [before, after];
        let pads: Vec<i64> = ends
            .iter()
            .flat_map(|ends| [0, 0].into_iter().chain(ends.sizes().iter().map(|&size| size as i64)))
            .collect();
        let pads = self.list(&pads);
        self.node(path, "Pad", &[input, pads], &[("mode", Attribute::Text("constant"))])
    }

    fn softmax(&mut self, node: &Node, path: &str, input: String) -> String {
        let (axes, sizes) = (node.count("axes").unwrap_or(1), node.input.sizes());
        let last = [("axis", Attribute::Int(-1))];
        if axes == 1 {
            return self.node(path, node.kind, &[input], &last);
        }
        let row: usize = sizes[sizes.len() - axes..].iter().product();
        let rows: Vec<usize> = sizes[..sizes.len() - axes].iter().copied().chain([row]).collect();
        let joined = self.reshaped(path, input, &rows);
        let softmax = self.node(path, node.kind, &[joined], &last);
        self.reshaped(path, softmax, sizes)
    }

    /// `x / √(mean(x²) + ε) · weight`
    fn rms_norm(&mut self, node: &Node, path: &str, start: usize, input: String) -> String {
        let axes: Vec<i64> = (1..=node.count("axes").unwrap_or(1) as i64).map(|axis| -axis).rev().collect();
        let square = self.node(path, "Mul", &[input.clone(), input.clone()], &[]);
        let attributes = [("axes", Attribute::Ints(axes)), ("keepdims", Attribute::Int(1))];
        let mean = self.node(path, "ReduceMean", &[square], &attributes);
        let epsilon = self.number(node.number("epsilon").unwrap_or(0.0));
        let sum = self.node(path, "Add", &[mean, epsilon], &[]);
        let root = self.node(path, "Sqrt", &[sum], &[]);
        let normalized = self.node(path, "Div", &[input, root], &[]);
        let inputs = self.with_weights(node, path, start, normalized, &["weight"]);
        self.node(path, "Mul", &inputs, &[])
    }

    /// ONNX Runtime takes images alone, and an odd number of channels.
    fn local_response_norm(&mut self, node: &Node, path: &str, input: String) -> String {
        let size = node.count("size").unwrap_or(1);
        if size.is_multiple_of(2) {
            self.refuse(node, path, "ONNX Runtime takes an odd size only");
        }
        let number = |name| Attribute::Float(node.number(name).unwrap_or(1.0));
        let size = ("size", Attribute::Int(size as i64));
        let attributes = [size, ("alpha", number("alpha")), ("beta", number("beta")), ("bias", number("k"))];
        let sizes = node.input.sizes();
        if sizes.len() == 3 {
            return self.node(path, "LRN", &[input], &attributes);
        }
        let image = self.reshaped(path, input, &[sizes[0], sizes[1..].iter().product(), 1]);
        let normalized = self.node(path, "LRN", &[image], &attributes);
        self.reshaped(path, normalized, sizes)
    }

    /// An instance norm of the groups, then scale and shift of the channels.
    fn group_norm(&mut self, node: &Node, path: &str, start: usize, input: String) -> String {
        let (groups, sizes) = (node.count("groups").unwrap_or(1), node.input.sizes());
        let length: usize = sizes.iter().product();
        let grouped = self.reshaped(path, input, &[groups, length / groups]);
        self.made += 1;
        let made = self.made;
        let ones = self.reals(&format!("ones_{made}"), &[groups], &vec![1.0; groups]);
        let zeros = self.reals(&format!("zeros_{made}"), &[groups], &vec![0.0; groups]);
        let normalized = self.node(path, "InstanceNormalization", &[grouped, ones, zeros], &[epsilon(node)]);
        let normalized = self.reshaped(path, normalized, sizes);
        let mut channels = vec![1; sizes.len()];
        channels[0] = sizes[0];
        let weight = self.weight(node, path, start, "weight", Some(&channels)).unwrap_or_default();
        let scaled = self.node(path, "Mul", &[normalized, weight], &[]);
        let bias = self.weight(node, path, start, "bias", Some(&channels)).unwrap_or_default();
        self.node(path, "Add", &[scaled, bias], &[])
    }
}

fn epsilon(node: &Node) -> (&'static str, Attribute<'static>) {
    ("epsilon", Attribute::Float(node.number("epsilon").unwrap_or(1e-5)))
}

/// A size for each axis.
fn sizes(node: &Node, name: &str) -> Attribute<'static> {
    let sizes = node.sizes(name).map(|sizes| sizes.sizes().iter().map(|&size| size as i64).collect());
    Attribute::Ints(sizes.unwrap_or_default())
}

/// The attributes of a window that slides, whose size is called `kernel`.
fn windows(node: &Node, kernel: &str) -> Vec<(&'static str, Attribute<'static>)> {
    let mut attributes = vec![("kernel_shape", sizes(node, kernel)), ("strides", sizes(node, "stride"))];
    if let Some((before, after)) = node.ends("padding") {
        let pads = before.sizes().iter().chain(after.sizes()).map(|&size| size as i64).collect();
        attributes.push(("pads", Attribute::Ints(pads)));
    }
    attributes
}
