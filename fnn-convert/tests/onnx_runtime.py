"""Runs the models of a folder in ONNX Runtime: each NAME.onnx on the inputs in NAME.x, compared with the outputs in NAME.y.

Both are files of 64-bit floats. The outputs must be within 1e-5 of the largest one. Those of an int8 model must be the same
integers, but in samples in which ONNX Runtime rounds a number that lies within 1e-4 of a step between two integers: it multiplies
in 32-bit floats, and rounds halves, which means of integers often are, to even. Models from TensorFlow Lite (`tfl_…`) round twice,
first to as many bits as the shift has: there, it is within 1e-2.
"""

import pathlib
import sys

import numpy
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(3)


def session(model, level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def nearest_half(model, x, given):
    """For each sample, the smallest distance of a number that is rounded from the middle between two integers."""
    constants = {value.name: onnx.numpy_helper.to_array(value) for value in model.graph.initializer}
    rounded = [node for node in model.graph.node if node.op_type == "QuantizeLinear" and node.input[0] != given]
    traced = onnx.ModelProto()
    traced.CopyFrom(model)
    del traced.graph.output[:]
    traced.graph.output.extend(onnx.ValueInfoProto(name=node.input[0]) for node in rounded)
    if not rounded:
        return numpy.ones(len(x))
    values = session(traced, onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL).run(None, {given: x})
    steps = [value.reshape(len(x), -1) / constants[node.input[1]] for node, value in zip(rounded, values)]
    return numpy.min([abs(abs(step - numpy.round(step)) - 0.5).min(axis=1) for step in steps], axis=0)


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
        half = nearest_half(model, x, given.name)
        near = 1e-2 if path.stem.startswith("tfl_") else 1e-4
        print(f"{path.stem}: {(steps != 0).sum()} of {steps.size} integers differ, by up to {abs(steps).max():.0f}")
        unexplained = steps.any(axis=1) & (half >= near)
        if unexplained.any():
            failed.append(f"{path.name}: {unexplained.sum()} samples differ without a half, {half[unexplained]}")
print(f"{count} exported models run in ONNX Runtime {onnxruntime.__version__}; largest deviation {worst:.1e}")
print(f"{different} of {integers} integers of int8 models differ")
sys.exit("\n".join(failed) or 0)
