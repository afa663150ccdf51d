"""Writes ONNX's own node tests to a folder, for `node_tests.rs`.

Each case of 32-bit floats becomes OPERATOR__NAME.onnx, with its inputs `x0`, `x1` … and its output `y` in
OPERATOR__NAME.io.safetensors. Where a case passes its weights as inputs, as all of them do, OPERATOR__NAME.constant.onnx has all
inputs but the first (or, for an embedding, but the last) as initializers.
"""

import pathlib
import sys
import warnings

import numpy
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases
from safetensors.numpy import save_file

warnings.filterwarnings("ignore")


def as_array(value):
    """Single numbers are arrays, too."""
    return numpy.asarray(value) if isinstance(value, numpy.generic) else value


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
left_out = written = 0
for case in collect_testcases(None):
    graph = case.model.graph
    inputs, outputs = [[as_array(value) for value in values] for values in case.data_sets[0]]
    number = len(inputs) + len(outputs)
    arrays = [value for value in [*inputs, *outputs] if isinstance(value, numpy.ndarray)]
    is_tokens = graph.node[0].op_type == "Gather" and len(graph.node) == 1
    data = inputs[0] if inputs else None
    floats = isinstance(data, numpy.ndarray) and data.dtype == numpy.float32 and data.size > 0
    # Of several outputs, the first: a norm has its statistics, too.
    del graph.output[1:]
    outputs = outputs[:1]
    single = len(outputs) == 1 and isinstance(outputs[0], numpy.ndarray) and outputs[0].dtype == numpy.float32
    if not (floats and single and len(arrays) == number and outputs[0].size > 0):
        left_out += 1
        continue
    operator = graph.node[0].op_type if len(graph.node) == 1 else "expanded"
    stem = folder / f"{operator}__{case.name.removeprefix('test_')}"
    onnx.save(case.model, f"{stem}.onnx")
    if len(inputs) > 1:
        constant = onnx.ModelProto()
        constant.CopyFrom(case.model)
        kept = len(inputs) - 1 if is_tokens else 0
        for index, (info, value) in enumerate(zip(graph.input, inputs)):
            if index != kept:
                constant.graph.initializer.append(numpy_helper.from_array(value, info.name))
                constant.graph.input.remove(info)
        onnx.save(constant, f"{stem}.constant.onnx")
    tensors = {f"x{index}": numpy.ascontiguousarray(value) for index, value in enumerate(inputs)}
    tensors["y"] = numpy.ascontiguousarray(outputs[0])
    save_file({name: value.astype("float32") for name, value in tensors.items()}, f"{stem}.io.safetensors")
    written += 1
print(f"{written} cases of 32-bit floats; {left_out} of other types, or of sequences left out")
