"""Runs the models of a folder in ONNX Runtime: each NAME.onnx on the inputs in NAME.x, compared with the outputs in NAME.y.

Both are files of 64-bit floats. The outputs must be within 1e-5 of the largest one. Those of an int8 model must be the same
integers. Where they aren't, one of both may have rounded a number in the middle between two integers the other way: ONNX Runtime
multiplies in 32-bit floats and rounds halves to even, and the scales in the file are 32-bit floats, too. So the model is computed
again in 64 bits, and it must give the network's integers if numbers that lie within `NEAR` of the middle are rounded up or down,
some of them one way and some the other. Models from TensorFlow Lite (`tfl_…`) round twice, first to as many bits as the shift has:
there, it is enough that a number of the sample is within 1e-2.
"""

import pathlib
import sys

import numpy
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(3)
# The logarithm of a probability that is 0.
numpy.seterr(divide="ignore", invalid="ignore")


def session(model):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


# The rounding of three scales, in steps of which there are at most 256.
NEAR = 256 * 3 * 2**-24
# At most this many ways to round are tried.
WAYS = 500


class Wide:
    """A quantized model that computes in 64 bits, one sample at a time. Scales of a value are one number, those of weights one for
    each of the first axis."""

    def __init__(self, model, given):
        self.given = given
        self.constants = {value.name: onnx.numpy_helper.to_array(value) for value in model.graph.initializer}
        self.numbers = {name: value.astype("float64") for name, value in self.constants.items()}
        self.made = {
            name: self.numbers[name] if value.dtype == numpy.float32 else value
            for name, value in self.constants.items()
        }
        # What is rounded, by the name of its integers, in order.
        self.nodes, self.rounded = [], []
        half, low, high = (self.constant(numpy.float64(value)) for value in [0.5, -128, 127])
        for node in model.graph.node:
            output = node.output[0]
            if node.op_type == "QuantizeLinear":
                scale, zero_point = (self.constant(self.numbers[name]) for name in node.input[1:])
                step = self.add("Div", [node.input[0], scale], f"{output}.steps")
                moved = self.add("Add", [step, zero_point], f"{output}.exact")
                moved = self.add("Add", [moved, f"{output}.way"], f"{output}.up")
                nearest = self.add("Floor", [self.add("Add", [moved, half], f"{output}.half")], f"{output}.nearest")
                self.add("Clip", [nearest, low, high], output)
                self.rounded.append(output)
            elif node.op_type == "DequantizeLinear":
                value, scale = node.input[0], self.numbers[node.input[1]]
                zero_point = self.numbers[node.input[2]] if len(node.input) > 2 else numpy.float64(0)
                if value in self.constants:
                    scale = scale.reshape([-1] + [1] * (self.constants[value].ndim - 1)) if scale.ndim else scale
                    value = self.constant(self.numbers[value])
                value = self.add("Cast", [value], f"{output}.wide", to=onnx.TensorProto.DOUBLE)
                moved = self.add("Sub", [value, self.constant(zero_point)], f"{output}.moved")
                self.add("Mul", [moved, self.constant(scale)], output)
            else:
                self.nodes.append(node)
        kept = [name for output in self.rounded for name in (output, f"{output}.exact")]
        double = onnx.TensorProto.DOUBLE
        infos = [[onnx.helper.make_tensor_value_info(name, double, None) for name in names] for names in
                 ([given, *(f"{output}.way" for output in self.rounded)], kept)]
        tensors = [onnx.numpy_helper.from_array(numpy.asarray(value), name) for name, value in self.made.items()]
        graph = onnx.helper.make_graph(self.nodes, "wide", *infos, tensors)
        self.evaluator = ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=model.opset_import))

    def add(self, operator, inputs, output, **attributes):
        self.nodes.append(onnx.helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, value):
        name = f"wide_{len(self.made)}"
        self.made[name] = value
        return name

    def compute(self, x, ways):
        """The integers and the numbers of which they are the nearest, by name. `ways` has what is added before."""
        zero = {f"{output}.way": numpy.float64(0) for output in self.rounded}
        values = self.evaluator.run(None, {self.given: x, **zero, **{f"{name}.way": way for name, way in ways.items()}})
        return dict(zip(self.rounded, zip(values[::2], values[1::2])))

    def middle(self, numbers):
        """Which of these numbers lie near the middle between two integers in range."""
        near = abs(abs(numbers - numpy.floor(numbers)) - 0.5) <= NEAR
        return near & (numbers > -129) & (numbers < 128)

    def gives(self, x, expected):
        """Whether a sample may give these integers."""
        open_ways, tried = [{}], 0
        while open_ways and tried < WAYS:
            ways, tried = open_ways.pop(), tried + 1
            computed = self.compute(x, ways)
            integers, numbers = computed[self.rounded[-1]]
            if self.middle(numbers)[integers != expected.reshape(integers.shape)].all():
                return True
            # The first values that are in the middle and not decided yet: down where they are up.
            for name in self.rounded[:-1]:
                middle = self.middle(computed[name][1])
                if name in ways or not middle.any():
                    continue
                for choice in range(2 ** min(int(middle.sum()), 6)):
                    way = numpy.where(middle, 2 * NEAR, 0.0)
                    for bit, index in enumerate(numpy.argwhere(middle)[:6]):
                        if choice >> bit & 1:
                            way[tuple(index)] = -2 * NEAR
                    open_ways.append({**ways, name: way})
                break
        return False


def nearest_half(model, x, given):
    """For each sample, the smallest distance of a number that is rounded from the middle between two integers."""
    wide = Wide(model, given)
    computed = [wide.compute(sample[None], {}) for sample in x.astype("float64")]
    distances = [[abs(abs(exact - numpy.round(exact)) - 0.5).min() for _, exact in values.values()] for values in computed]
    return numpy.min(distances, axis=1)


worst, count, integers, different, failed = 0.0, 0, 0, 0, []
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    runtime = session(model)
    (given,) = runtime.get_inputs()
    x = numpy.fromfile(path.with_suffix(".x"))
    x = x.astype("int64" if "int64" in given.type else "float32").reshape([-1, *given.shape[1:]])
    (y,) = runtime.run(None, {given.name: x})
    expected = numpy.fromfile(path.with_suffix(".y")).reshape(y.shape)
    count += 1
    last = model.graph.node[-1]
    if last.op_type != "DequantizeLinear":
        deviation = abs(y - expected).max() / abs(expected).max()
        worst = max(worst, deviation)
        if not deviation <= 1e-5:
            failed.append(f"{path.name}: {deviation:.1e}")
        continue
    constants = {value.name: onnx.numpy_helper.to_array(value) for value in model.graph.initializer}
    steps = numpy.round((y - expected) / constants[last.input[1]]).reshape(len(x), -1)
    integers, different = integers + steps.size, different + (steps != 0).sum()
    if steps.any():
        print(f"{path.stem}: {(steps != 0).sum()} of {steps.size} integers differ, by up to {abs(steps).max():.0f}")
        differ = steps.any(axis=1)
        if path.stem.startswith("tfl_"):
            differ &= nearest_half(model, x, given.name) >= 1e-2
        else:
            scale, zero_point = (constants[name].astype("float64") for name in last.input[1:])
            integers_of = numpy.round(expected / scale) + zero_point
            wide = Wide(model, given.name)
            for sample in numpy.flatnonzero(differ):
                differ[sample] = not wide.gives(x[sample : sample + 1].astype("float64"), integers_of[sample])
        if differ.any():
            failed.append(f"{path.name}: {differ.sum()} samples differ, however halves are rounded")
print(f"{count} exported models run in ONNX Runtime {onnxruntime.__version__}; largest deviation {worst:.1e}")
print(f"{different} of {integers} integers of int8 models differ")
sys.exit("\n".join(failed) or 0)
