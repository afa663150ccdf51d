"""Writes models of TensorFlow Lite, table by table, with the outputs of its reference kernels: what TensorFlow's converter doesn't
write of the networks of the other files in `tflite/`. `python tflite.py` needs `ai-edge-litert`, `flatbuffers` and `safetensors`.
"""

import pathlib

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parent / "tflite"
random = numpy.random.default_rng(11)


class Model:
    """One graph, of numbers of this type: int8 or float32."""

    def __init__(self, kind):
        self.kind = kind
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.subgraphs = 3, [self.graph]
        self.model.buffers, self.model.operatorCodes = [schema.BufferT()], []
        self.graph.tensors, self.graph.operators = [], []

    def tensor(self, name, shape, scale=None, zero_point=0, data=None):
        """A tensor that is computed, or a constant. Returns its index."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, list(shape), 0
        types = {"int8": schema.TensorType.INT8, "float32": schema.TensorType.FLOAT32, "int32": schema.TensorType.INT32}
        tensor.type = types[self.kind if data is None else data.dtype.name]
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = numpy.frombuffer(data.tobytes(), "uint8")
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        if scale is not None and self.kind == "int8":
            tensor.quantization = schema.QuantizationParametersT()
            scales = numpy.atleast_1d(numpy.float32(scale))
            tensor.quantization.scale = scales
            tensor.quantization.zeroPoint = numpy.full(len(scales), zero_point, "int64")
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def conv(self, number, given, output, scale):
        """Three filters of one place of three channels, whose numbers have this scale."""
        options = schema.Conv2DOptionsT()
        options.strideW = options.strideH = 1
        if self.kind == "int8":
            weight, bias = random.integers(-127, 128, [3, 1, 1, 3]).astype("int8"), random.integers(-99, 99, 3).astype("int32")
        else:
            weight, bias = random.standard_normal([3, 1, 1, 3]).astype("float32"), random.standard_normal(3).astype("float32")
        own = 0.01 * number
        weight = self.tensor(f"weight{number}", [3, 1, 1, 3], own, 0, weight)
        bias = self.tensor(f"bias{number}", [3], scale * own, 0, bias)
        return self.operator("CONV_2D", [given, weight, bias], output, "Conv2DOptions", options)

    def operator(self, name, inputs, output, kind, options):
        """An operator of one output."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 3
        self.model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptionsType, operator.builtinOptions = getattr(schema.BuiltinOptions, kind), options
        self.graph.operators.append(operator)
        return output

    def write(self, name, given, output, shape):
        """The file, and four samples with their outputs."""
        self.graph.inputs, self.graph.outputs = [given], [output]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        file = bytes(builder.Output())
        (FOLDER / f"{name}.tflite").write_bytes(file)
        interpreter = Interpreter(model_content=file, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        interpreter.allocate_tensors()
        (source,), (end,) = interpreter.get_input_details(), interpreter.get_output_details()
        if self.kind == "int8":
            x = random.integers(-128, 128, [4, *shape]).astype("int8")
        else:
            x = random.standard_normal([4, *shape]).astype("float32")
        outputs = []
        for sample in x:
            interpreter.set_tensor(source["index"], sample[None])
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(end["index"])[0])
        y = numpy.stack(outputs)
        names = ("x_q", "y_q_ref") if self.kind == "int8" else ("x", "y")
        save_file({names[0]: x, names[1]: numpy.ascontiguousarray(y)}, FOLDER / f"{name}.io.safetensors")
        print(f"{name}: {x.shape} to {y.shape}")


def bilinear(name, kind, shape, sizes, aligned):
    """An image in another size."""
    model, (rows, columns, channels) = Model(kind), shape
    given = model.tensor("x", [1, rows, columns, channels], 0.05, 3)
    size = model.tensor("size", [2], data=numpy.int32(sizes))
    output = model.tensor("y", [1, *sizes, channels], 0.05, 3)
    options = schema.ResizeBilinearOptionsT()
    options.alignCorners, options.halfPixelCenters = aligned, not aligned
    model.operator("RESIZE_BILINEAR", [given, size], output, "ResizeBilinearOptions", options)
    model.write(f"tfl_bilinear_{name}_{'f32' if kind == 'float32' else 'int8'}", given, output, shape)


def sums(name, kind):
    """Sums of sums without an activation in between."""
    model, shape = Model(kind), (5, 4, 3)
    given = model.tensor("x", [1, *shape], 0.05, -7)

    def conv(number):
        return model.conv(number, given, model.tensor(f"conv{number}", [1, *shape], 0.04 * number, number), 0.05)

    def add(one, other, number):
        output = model.tensor(f"sum{number}", [1, *shape], 0.05 * number, -number)
        return model.operator("ADD", [one, other], output, "AddOptions", schema.AddOptionsT())

    total = add(add(add(conv(1), conv(2), 1), conv(3), 2), given, 3)
    model.write(f"{name}_{'f32' if kind == 'float32' else 'int8'}", given, total, shape)


def products(name, kind):
    """Squeeze and excitation, and a product of two convolutions with a rectifier."""
    model, shape = Model(kind), (5, 4, 3)
    given = model.tensor("x", [1, *shape], 0.05, -7)
    axes = model.tensor("axes", [2], data=numpy.int32([1, 2]))
    options = schema.ReducerOptionsT()
    options.keepDims = True
    mean = model.operator("MEAN", [given, axes], model.tensor("mean", [1, 1, 1, 3], 0.02, 5), "ReducerOptions", options)
    squeezed = model.conv(1, mean, model.tensor("squeezed", [1, 1, 1, 3], 0.03, -9), 0.02)
    gate = model.tensor("gate", [1, 1, 1, 3], 1 / 256, -128)
    model.operator("LOGISTIC", [squeezed], gate, "NONE", None)
    options = schema.MulOptionsT()
    excited = model.operator("MUL", [gate, given], model.tensor("excited", [1, *shape], 0.037, 2), "MulOptions", options)
    one, other = (model.tensor(f"conv{number}", [1, *shape], 0.04 * number, number) for number in (2, 3))
    one, other = model.conv(2, excited, one, 0.037), model.conv(3, excited, other, 0.037)
    options = schema.MulOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU
    output = model.operator("MUL", [one, other], model.tensor("y", [1, *shape], 0.31, -90), "MulOptions", options)
    model.write(f"{name}_{'f32' if kind == 'float32' else 'int8'}", given, output, shape)


def narrow(name, kind):
    """A sequence, written as planes of one column."""
    model = Model(kind)
    given = model.tensor("x", [1, 9, 1, 3], 0.05, -7)
    if kind == "int8":
        weight, bias = random.integers(-127, 128, [1, 4, 1, 3]).astype("int8"), random.integers(-99, 99, 3).astype("int32")
    else:
        weight, bias = random.standard_normal([1, 4, 1, 3]).astype("float32"), random.standard_normal(3).astype("float32")
    scales = numpy.float32([0.01, 0.02, 0.015])
    weight, bias = model.tensor("weight", [1, 4, 1, 3], scales, 0, weight), model.tensor("bias", [3], 0.05 * scales, 0, bias)
    if kind == "int8":
        model.graph.tensors[weight].quantization.quantizedDimension = 3
    options = schema.DepthwiseConv2DOptionsT()
    options.strideW, options.strideH, options.depthMultiplier = 1, 2, 1
    options.padding = schema.Padding.SAME
    filtered = model.tensor("filtered", [1, 5, 1, 3], 0.04, 2)
    model.operator("DEPTHWISE_CONV_2D", [given, weight, bias], filtered, "DepthwiseConv2DOptions", options)
    output = model.conv(4, filtered, model.tensor("y", [1, 5, 1, 3], 0.13, -20), 0.04)
    model.write(f"{name}_{'f32' if kind == 'float32' else 'int8'}", given, output, (9, 1, 3))


for kind in ["float32", "int8"]:
    bilinear("larger", kind, (5, 7, 3), (8, 16), False)
    bilinear("smaller", kind, (9, 8, 2), (4, 5), False)
    bilinear("aligned", kind, (4, 6, 2), (9, 13), True)
    sums("tfl_sums", kind)
for kind in ["float32", "int8"]:
    products("tfl_products", kind)
for kind in ["float32", "int8"]:
    narrow("tfl_narrow", kind)
