"""Writes quantized models with a sum of three values, which ONNX Runtime's quantizer doesn't make, and with products, and their
outputs there: with its fused kernels, and without.
"""

import pathlib

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parent / "quantized"
random = numpy.random.default_rng(5)
nodes, constants = [], []


def constant(name, value):
    constants.append(numpy_helper.from_array(numpy.asarray(value), name))
    return name


def rounded(value, name, scale, zero_point):
    """Integers, and the numbers that they stand for."""
    of = [constant(f"{name}.scale", numpy.float32(scale)), constant(f"{name}.zero_point", numpy.int8(zero_point))]
    nodes.append(helper.make_node("QuantizeLinear", [value, *of], [f"{name}.integers"]))
    nodes.append(helper.make_node("DequantizeLinear", [f"{name}.integers", *of], [name]))
    return name


def filtered(number, value, size, scale, zero_point):
    """A convolution of three channels."""
    weight = constant(f"weight{number}.integers", random.integers(-127, 128, [3, 3, size, size]).astype("int8"))
    nodes.append(helper.make_node("DequantizeLinear", [weight, constant(f"weight{number}.scale", numpy.float32(2e-3))], [f"weight{number}"]))
    pads = [size // 2] * 4
    nodes.append(helper.make_node("Conv", [value, f"weight{number}"], [f"conv{number}.sums"], pads=pads, name=f"conv{number}"))
    return rounded(f"conv{number}.sums", f"conv{number}", scale, zero_point)


def write(name, scale, zero_point):
    """The model whose output has this quantization, and its outputs."""
    nodes.append(helper.make_node("Identity", ["y"], ["output"]))
    shape = ["N", 3, 6, 5]
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
    result = helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "sum", [given], [result], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, FOLDER / f"{name}.onnx")

    integers = random.integers(-128, 128, [20, 3, 6, 5]).astype("int8")
    samples = ((integers - numpy.float32(5)) * numpy.float32(0.03)).astype("float32")
    arrays = {"x_q": integers}
    levels = {"y_q": "ORT_ENABLE_ALL", "y_q_unfused": "ORT_DISABLE_ALL"}
    for array, level in levels.items():
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        (outputs,) = session.run(None, {"input": samples})
        arrays[array] = (numpy.round(outputs / numpy.float32(scale)) + zero_point).astype("int8")
    save_file(arrays, FOLDER / f"{name}.io.safetensors")


x = rounded("input", "x", 0.03, 5)
parts = [filtered(number, x, 3, scale, 3 * number) for number, scale in enumerate([0.0213, 0.0527, 0.0391])]
nodes.append(helper.make_node("Sum", parts, ["total"], name="total"))
rounded("total", "y", 0.0611, -4)
write("onnx_q_sum_of_three_qdq", 0.0611, -4)

nodes, constants = [], []
x = rounded("input", "x", 0.03, 5)
nodes.append(helper.make_node("GlobalMaxPool", [x], ["largest"]))
nodes.append(helper.make_node("Sigmoid", [filtered(0, rounded("largest", "pooled", 0.03, 5), 1, 0.0213, 3)], ["sigmoid"]))
gate = rounded("sigmoid", "gate", 1 / 256, -128)
nodes.append(helper.make_node("Mul", [x, gate], ["excited.real"], name="excited"))
excited = rounded("excited.real", "excited", 0.0271, 1)
one, other = filtered(1, excited, 3, 0.0213, -6), filtered(2, excited, 3, 0.0391, 2)
nodes.append(helper.make_node("Mul", [one, other], ["product"], name="product"))
rounded("product", "y", 0.0377, 9)
write("onnx_q_products_qdq", 0.0377, 9)
