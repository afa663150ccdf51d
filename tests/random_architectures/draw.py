"""Generates the random networks of `table.rs`, with every kind of layer: `python draw.py 1 > table.rs`.

The number is the seed. The shapes in the headers are computed here, not by fnn.
"""

import random
import sys
from math import prod

SEED = int(sys.argv[1])
# The largest number of elements of a sample anywhere in a network: the cost of a check is quadratic in it.
MOST = 72
draw = random.Random(SEED)
drawn = set()


def pair(first, second):
    """As an argument: usually one number if both are equal."""
    return f"{first}" if first == second and draw.random() < 0.8 else f"({first}, {second})"


def window(size, dilations=(1, 2), pool=False):
    """(kernel, stride, padding before and after, dilation, output size) on an axis."""
    while True:
        kernel, stride, dilation = draw.choice([1, 2, 3, 4]), draw.choice([1, 1, 2, 3]), draw.choice(dilations)
        most = kernel - 1 if pool else 2
        before, after = draw.randint(0, most), draw.randint(0, most)
        if draw.random() < 0.5:
            after = before
        span = dilation * (kernel - 1) + 1
        if span <= size + before + after:
            return kernel, stride, (before, after), dilation, (size + before + after - span) // stride + 1


def same(size, dilations=(1, 2), strides=(1, 1, 2, 3)):
    """A window with `padding = same`."""
    kernel, stride = draw.choice([1, 2, 3]), draw.choice(strides)
    return kernel, stride, None, draw.choice(dilations), -(-size // stride)


def paddings(windows):
    """The padding of all axes, or None."""
    ends = [w[2] for w in windows]
    if all(end == (0, 0) for end in ends):
        return None
    texts = [pair(*end) for end in ends]
    # Two ends by themselves would be rows and columns.
    return texts[0] if len(texts) == 1 else pair(*texts) if "(" not in texts[0] else f"({texts[0]}, {texts[1]})"


def options(**arguments):
    return "".join(f", {name} = {value}" for name, value in arguments.items() if value is not None)


def sizes(values):
    return pair(*values) if len(values) == 2 else str(values[0])


def convolution(shape, depthwise=False, keep=False, filters=None):
    channels, *axes = shape
    if keep or draw.random() < 0.25:
        windows = [same(axis, strides=(1,) if keep else (1, 1, 2, 3)) for axis in axes]
        padding = "same"
    elif len(axes) == 1 and draw.random() < 0.25:
        windows = [same(axes[0])]
        padding = "causal"
    else:
        windows = [window(axis) for axis in axes]
        padding = paddings(windows)
    arguments = dict(kernel=sizes([w[0] for w in windows]))
    for place, name in [(1, "stride"), (3, "dilation")]:
        if any(w[place] != 1 for w in windows):
            arguments[name] = sizes([w[place] for w in windows])
    arguments["padding"] = padding
    if draw.random() < 0.3:
        arguments["bias"] = "false"
    if depthwise:
        multiplier = draw.choice([1, 2, 3])
        filters = channels * multiplier
        text = f"DepthwiseConv{len(axes)}d(" + options(**arguments, multiplier=multiplier if multiplier > 1 else None)[2:] + ")"
    else:
        filters = filters or draw.randint(1, 4)
        groups = draw.choice([g for g in range(1, channels + 1) if channels % g == 0 and filters % g == 0])
        text = f"Conv{len(axes)}d({filters}" + options(**arguments, groups=groups if groups > 1 else None) + ")"
    return text, [filters, *(w[4] for w in windows)]


def depthwise(shape):
    return convolution(shape, depthwise=True)


def pool(shape):
    channels, *axes = shape
    if draw.random() < 0.25:
        windows = [same(axis, dilations=(1,)) for axis in axes]
        padding = "same"
    else:
        windows = [window(axis, dilations=(1,), pool=True) for axis in axes]
        padding = paddings(windows)
    arguments = {}
    if any(w[1] != w[0] for w in windows):
        arguments["stride"] = sizes([w[1] for w in windows])
    arguments["padding"] = padding
    name = draw.choice(["MaxPool", "AvgPool"])
    if name == "AvgPool" and padding:
        arguments["count_padding"] = draw.choice([None, "true", "false"])
    text = f"{name}{len(axes)}d({sizes([w[0] for w in windows])}{options(**arguments)})"
    return text, [channels, *(w[4] for w in windows)]


def zero_pad(shape):
    channels, *axes = shape
    ends = [(None, None, (draw.randint(0, 2), draw.randint(0, 2))) for _ in axes]
    larger = [axis + before + after for axis, (_, _, (before, after)) in zip(axes, ends)]
    return f"ZeroPad{len(axes)}d({paddings(ends) or 0})", [channels, *larger]


def upsample(shape):
    channels, *axes = shape
    factors = [draw.choice([1, 2, 3]) for _ in axes]
    return f"Upsample{len(axes)}d({sizes(factors)})", [channels, *(a * f for a, f in zip(axes, factors))]


def dense(shape):
    units = draw.randint(2, 7)
    return f"Dense({units}{options(bias=draw.choice([None, None, 'false']))})", [units]


def norm(shape):
    kind = draw.choice(["BatchNorm", "LayerNorm", "RmsNorm", "GroupNorm"])
    # A large epsilon: if all numbers are similar, the norm itself is nearly a kink.
    epsilon = draw.choice(["0.1", "0.02"])
    if kind == "GroupNorm":
        groups = draw.choice([g for g in range(1, shape[0] + 1) if shape[0] % g == 0])
        return f"GroupNorm({groups}, epsilon = {epsilon})", shape
    axes = draw.choice([None, *range(1, len(shape) + 1)]) if kind != "BatchNorm" else None
    return f"{kind}({options(epsilon=epsilon, axes=axes)[2:]})", shape


ACTIVATIONS = [
    "Relu", "LeakyRelu", "LeakyRelu(0.3)", "Elu", "Elu(0.5)", "Gelu", "Gelu(tanh)", "Silu", "Sigmoid", "Tanh",
    "Softplus", "Softplus(2.5)", "Relu6", "HardSigmoid", "HardSwish", "Mish", "Selu", "PRelu", "PRelu(each)",
    "Clip(-0.9, 1.1)", "Clip(min = -0.7)", "Clip(max = 0.8)",
]  # fmt: skip


def activation(shape):
    return draw.choice(ACTIVATIONS), shape


def softmax(shape):
    return draw.choice(["Softmax", "LogSoftmax"]), shape


def dropout(shape):
    return "Dropout(0.3)", shape


def identity(shape):
    return "Identity", shape


def flatten(shape):
    return "Flatten", [prod(shape)]


def global_pool(shape):
    return "GlobalAvgPool", [shape[0]]


def reshape(shape):
    length = prod(shape)
    # Few channels: the number of weights, and so of forward passes, grows with their square.
    first = draw.choice([d for d in range(1, min(length, 12) + 1) if length % d == 0])
    rest = length // first
    second = draw.choice([d for d in range(1, rest + 1) if rest % d == 0])
    to = draw.choice([[first, rest], [first, second, rest // second]])
    return f"Reshape({', '.join(map(str, to))})", to


def branch(shape, steps):
    """A chain of layers."""
    texts = []
    for _ in range(steps):
        text, shape = layer(shape, nested=True)
        texts.append(text)
    return texts, shape


def braces(texts):
    return "{ " + ", ".join(texts) + " }" if texts else "{}"


def back_to(shape, wanted):
    """A layer with the given output shape, or None."""
    if len(shape) == 1 and len(wanted) == 1:
        return f"Dense({wanted[0]})"
    if len(shape) > 1 and shape[1:] == wanted[1:]:
        return convolution(shape, keep=True, filters=wanted[0])[0]
    return None


def residual(shape):
    while True:
        inside, ended = branch(shape, draw.randint(1, 2))
        last = back_to(ended, shape)
        if last:
            return "Residual " + braces([*inside, last]), shape


def projected(shape):
    while True:
        inside, ended = branch(shape, draw.randint(1, 2))
        last = back_to(shape, ended)
        if last:
            return f"Residual {{ {braces(inside)}, {braces([last])} }}", ended


def concat(shape):
    while True:
        branches = [branch(shape, draw.randint(0, 2)) for _ in range(draw.randint(2, 3))]
        (_, first), *others = branches
        if all(len(first) == len(other) and first[1:] == other[1:] for _, other in others):
            channels = sum(ended[0] for _, ended in branches)
            return f"Concat {{ {', '.join(braces(inside) for inside, _ in branches)} }}", [channels, *first[1:]]


def summed(shape):
    while True:
        branches = [branch(shape, draw.randint(0, 1)) for _ in range(draw.randint(2, 3))]
        (_, first), *_ = branches
        lasts = [None if ended == first else back_to(ended, first) for _, ended in branches]
        if all(last or ended == first for last, (_, ended) in zip(lasts, branches)):
            texts = [[*inside, last] if last else inside for last, (inside, _) in zip(lasts, branches)]
            return f"Sum {{ {', '.join(map(braces, texts))} }}", first


def part(shape):
    start = draw.randint(0, shape[0] - 1)
    end = draw.randint(start + 1, shape[0])
    return f"Slice({start}, {end})", [end - start, *shape[1:]]


def layer(shape, nested=False):
    """A layer for this input shape, and its output shape."""
    kinds = [norm, activation, activation, dropout]
    kinds += {1: [dense, dense, dense], 2: [convolution, depthwise, pool], 3: [convolution, depthwise, pool]}[len(shape)]
    if not nested or draw.random() < 0.2:
        kinds += [residual, projected, concat, summed, part]
    if not nested:
        kinds += {1: [softmax], 2: [upsample, zero_pad, convolution], 3: [upsample, zero_pad, convolution]}[len(shape)]
        kinds += [reshape, identity] if len(shape) == 1 else [reshape, flatten, global_pool]
    while True:
        text, gives = draw.choice(kinds)(shape)
        if prod(gives) <= MOST and prod(gives) > 1:
            return text, gives


def network(name):
    inputs = draw.choice([[5], [8], [2, 9], [3, 6], [2, 5, 4], [1, 6, 5], [3, 3, 4], [4, 4, 3]])
    shape, layers = inputs, []
    if draw.random() < 0.2:
        # The macro doesn't know the output shape of a custom type; after a `Reshape` it does, as `Concat` requires.
        inputs, shape, layers = [4], [3, 4], ["tokens: Tokens", "Reshape(3, 4)"]
    for _ in range(draw.randint(4, 7)):
        text, shape = layer(shape)
        layers.append(text)
    return f"    {name}: {inputs} -> {shape} {{\n" + "".join(f"        {text},\n" for text in layers) + "    }\n"


KINDS = """Dense Flatten Identity Reshape Tokens Dropout Conv2d DepthwiseConv2d Conv1d DepthwiseConv1d MaxPool2d AvgPool2d
MaxPool1d AvgPool1d Upsample2d Upsample1d ZeroPad2d ZeroPad1d GlobalAvgPool BatchNorm LayerNorm RmsNorm GroupNorm Softmax LogSoftmax Concat
stride dilation groups multiplier padding same causal count_padding bias""".split()
WANTED = {*KINDS, *ACTIVATIONS, "Residual { {", "each", "padding = ((", "same, count_padding"}

networks = []
while WANTED:
    text = network(f"n{len(networks) + 1:02}")
    found = {kind for kind in WANTED if kind in text}
    # Now and then any network, otherwise one with something new.
    if found or draw.random() < 0.02:
        WANTED -= found
        networks.append(text)
print(f"// Drawn by `draw.py {SEED}`.\n\narchitectures! {{\n" + "\n".join(networks) + "}")
